/* SPDX-License-Identifier: Apache-2.0 */
/* SecPkgInfo, as one block that one FreeContextBuffer frees. */
#ifndef SSPI_PACKAGE_INFO_H
#define SSPI_PACKAGE_INFO_H

#include <opensspi/sspi.h>

#include "package.h"

/* An array of n; the A and W structures differ in their strings alone. *out is owned by the
 * caller: FreeContextBuffer. SEC_E_INSUFFICIENT_MEMORY. */
sec_status package_info_give(const struct sec_package *const *packages, size_t n, bool wide,
                             void **out);

#endif
