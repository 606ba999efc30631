/* SPDX-License-Identifier: Apache-2.0 */
/* The registry: which security packages there are. */
#ifndef SSPI_PACKAGES_H
#define SSPI_PACKAGES_H

#include "package.h"

/* In the order in which they are enumerated and in which Negotiate prefers them. */
extern const struct sec_package *const packages_all[];
extern const size_t packages_count;

/* One of those above by its name, without case. NULL: none. */
const struct sec_package *packages_find(struct bytes name_utf8);

/* SECPKG_FLAG_*: derived from the functions that a package has, and its traits. */
uint32_t packages_capabilities(const struct sec_package *);
/* Which traits say the flags. false: a flag has none. */
SEC_NODISCARD bool packages_traits(uint32_t flags, uint32_t *traits);

#endif
