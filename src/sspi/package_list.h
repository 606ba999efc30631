/* SPDX-License-Identifier: Apache-2.0 */
/* All packages: those of the library (packages.h) and those of others that were loaded, which may go
 * again as soon as nobody refers to them. */
#ifndef SSPI_PACKAGE_LIST_H
#define SSPI_PACKAGE_LIST_H

#include "package.h"

/* By name, without case; the process's configuration is read for it where it was not. A reference is
 * the caller's: package_list_release. SEC_E_SECPKG_NOT_FOUND, or what is wrong with the
 * configuration. */
SEC_NODISCARD sec_status package_list_find(struct bytes name_utf8, const struct sec_package **out);
/* NULL is a no-op. */
void package_list_release(const struct sec_package *);

/* All of them, each with a reference; *out is owned by the caller: package_list_release_all. */
SEC_NODISCARD sec_status package_list_hold_all(const struct sec_package ***out, size_t *n);
void package_list_release_all(const struct sec_package **all, size_t n);

/* What `load` of [packages] names: absolute paths with blanks between. What is loaded already stays.
 * SEC_E_INVALID_PARAMETER: one cannot be loaded, and the reason says which and why. */
SEC_NODISCARD sec_status package_list_load(const char *paths);

#endif
