/* SPDX-License-Identifier: Apache-2.0 */
/* The bits of ISC_REQ, ISC_RET, ASC_REQ and ASC_RET, which differ for one and the same idea, and
 * the neutral ones that packages see. */
#ifndef SSPI_FLAGS_H
#define SSPI_FLAGS_H

#include <stdint.h>

#include "package.h"

/* What a request asks for: enum sec_flag. Bits that no package here honours fall away. */
uint32_t flags_wanted(enum sec_role role, uint32_t request);
/* What is granted, in the bits of the role's *_RET_*. */
uint32_t flags_returned(enum sec_role role, uint32_t granted);
/* The reverse of both, for packages that speak in the public bits. false: a bit has no meaning. */
uint32_t flags_requested(enum sec_role role, uint32_t wanted);
SEC_NODISCARD bool flags_granted(enum sec_role role, uint32_t returned, uint32_t *granted);

#endif
