/* SPDX-License-Identifier: Apache-2.0 */
/* Negotiate's credential: one of each mechanism that may be used, in order of preference. */
#ifndef NEGOTIATE_CREDENTIAL_H
#define NEGOTIATE_CREDENTIAL_H

#include "package.h"

enum {
    NEGO_MECHS_MAX = 8, /* packages of one host that Negotiate chooses from */
    /* A PackageList in UTF-8: every name that Windows knows, denied and allowed, takes 200. */
    NEGO_PACKAGE_LIST_BYTES = 512,
};

/* Immutable once acquired. */
struct nego_credential {
    struct sec_cred base;
    size_t n;
    struct sec_cred *mechs[NEGO_MECHS_MAX];
};

sec_status nego_credential_acquire(const struct sec_host *, const struct sec_acquire_args *,
                                   struct sec_cred **out);
void nego_credential_free(struct sec_cred *);
sec_status nego_credential_name(const struct sec_cred *, struct wire_writer *out);

/* The index of the mechanism with this object identifier (tag and length included), from `from`
 * on; n where there is none. */
size_t nego_credential_find(const struct nego_credential *, struct bytes oid, size_t from);
/* The same for a first token that is not SPNEGO's. */
size_t nego_credential_find_raw(const struct nego_credential *, struct bytes token);

/* Whether an object identifier is one of the package's. */
bool nego_has_oid(const struct sec_package *, struct bytes oid);

/* Appends the MechTypeList of the mechanisms from `from` on. */
void nego_credential_put_list(const struct nego_credential *, size_t from, struct wire_writer *w);

#endif
