/* SPDX-License-Identifier: Apache-2.0 */
/* The mechanisms that may be used, in order of preference. */
#ifndef NEGOTIATE_SELECTION_H
#define NEGOTIATE_SELECTION_H

#include <stddef.h>

#include "base/attributes.h"
#include "negotiate/attempts.h"
#include "package.h"

enum {
    /* A PackageList in UTF-8: every name that Windows knows, denied and allowed, takes 200. */
    NEGO_PACKAGE_LIST_BYTES = 512,
};

struct nego_selection {
    const struct sec_package *packages[NEGO_MECHS_MAX];
    size_t n;
};

/* By policy and, unless identity is NULL, its PackageList. SEC_E_UNKNOWN_CREDENTIALS: that cannot be
 * read. */
SEC_NODISCARD sec_status nego_selection_make(const struct sec_host *, const struct sec_identity *,
                                             struct nego_selection *);
/* A package's place; n where it is not among them. */
size_t nego_selection_rank(const struct nego_selection *, const struct sec_package *);

#endif
