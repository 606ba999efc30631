/* SPDX-License-Identifier: Apache-2.0 */
/* Files into packages. */
#ifndef SSPI_PACKAGE_LOADER_H
#define SSPI_PACKAGE_LOADER_H

#include "sspi/loaded_package.h"

/* Loads the package of a file and takes its table. loaded: those that there are, linked by next; none
 * is loaded twice. *out is owned by the caller: package_loader_close. SEC_E_SECPKG_NOT_FOUND: there is
 * no such file; SEC_E_CANNOT_INSTALL: it is not to be trusted, or no package. */
SEC_NODISCARD sec_status package_loader_open(const char *path, const struct loaded_package *loaded,
                                             struct loaded_package **out);

/* Tells the package, and unmaps it. */
void package_loader_close(struct loaded_package *);

#endif
