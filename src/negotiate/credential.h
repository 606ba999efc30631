/* SPDX-License-Identifier: Apache-2.0 */
/* Negotiate's credential: one of each mechanism that may be used, in order of preference. */
#ifndef NEGOTIATE_CREDENTIAL_H
#define NEGOTIATE_CREDENTIAL_H

#include "negotiate/attempts.h"
#include "package.h"

/* Immutable once acquired. */
struct nego_credential {
    struct sec_cred base;
    size_t n;
    struct sec_cred *mechs[NEGO_MECHS_MAX];
    bool borrowed[NEGO_MECHS_MAX]; /* another credential's, which lives longer */
    bool explicit_identity;
    struct nego_attempts refused; /* mechanisms that may be used and cannot be had */
};

/* Sub-credentials by index, a bit each. */
#define NEGO_ALL_MECHS ((1u << NEGO_MECHS_MAX) - 1)

sec_status nego_credential_acquire(const struct sec_host *, const struct sec_acquire_args *,
                                   struct sec_cred **out);
void nego_credential_free(struct sec_cred *);
sec_status nego_credential_add(const struct sec_cred *from, const struct sec_package *,
                               const struct sec_acquire_args *, struct sec_cred **out);
sec_status nego_credential_name(const struct sec_cred *, struct wire_writer *out);

sec_status nego_credential_change_password(const struct sec_host *, const struct sec_identity *,
                                           struct bytes password);
sec_status nego_credential_check_service(const struct sec_cred *, const char *service);

/* The index of the mechanism with this object identifier (tag and length included), among those
 * of the mask; n where there is none. */
size_t nego_credential_find(const struct nego_credential *, struct bytes oid, unsigned mask);
/* The same for a first token that is not SPNEGO's. */
size_t nego_credential_find_raw(const struct nego_credential *, struct bytes token);
/* Appends the name that a mechanism's credential goes by; nothing for who is nobody. */
sec_status nego_credential_put_name(const struct nego_credential *, size_t index,
                                    struct wire_writer *out);
/* Whether it is known beforehand that a mechanism cannot prove anybody: it is for the process's
 * default identity, and has none. The reason says why. */
bool nego_credential_names_nobody(const struct nego_credential *, size_t index);

/* Whether an object identifier is one of the package's. */
bool nego_has_oid(const struct sec_package *, struct bytes oid);

/* Appends the MechTypeList of the mechanisms of the mask. */
void nego_credential_put_list(const struct nego_credential *, unsigned mask, struct wire_writer *w);

#endif
