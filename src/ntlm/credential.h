/* SPDX-License-Identifier: Apache-2.0 */
/* An NTLM credential: whom a client acts as, with the keys that its responses need. */
#ifndef NTLM_CREDENTIAL_H
#define NTLM_CREDENTIAL_H

#include "crypto/digest.h"
#include "package.h"

/* LmCompatibilityLevel of a client: from which level on it sends what. */
enum {
    NTLM_LEVEL_SEND_ESS = 1,
    NTLM_LEVEL_SEND_NTLM = 2, /* no LM response */
    NTLM_LEVEL_SEND_V2 = 3,
};

/* Immutable once acquired: many contexts in many threads use it at once. The password itself is
 * not kept, and of its keys only those that the level has a use for. */
struct ntlm_credential {
    struct sec_cred base;
    enum sec_use use;
    bool has_identity;
    bool borrowed;             /* another credential's names, which live longer */
    char *no_identity;         /* why there is none, for the operator; NULL: nothing to say */
    bool anonymous;            /* an identity with nothing in it */
    struct bytes user, domain; /* UTF-16LE, on the heap */
    struct secret16 nt_hash, lm_hash; /* below NTLM_LEVEL_SEND_V2 */
    bool has_lm_hash;
    struct secret16 v2_key; /* NTOWFv2 of the NT hash, user and domain */
};

sec_status ntlm_credential_acquire(const struct sec_host *, const struct sec_acquire_args *,
                                   struct sec_cred **out);
void ntlm_credential_free(struct sec_cred *);
sec_status ntlm_credential_add(const struct sec_cred *from, const struct sec_package *,
                               const struct sec_acquire_args *, struct sec_cred **out);
/* Of an account of this computer's own store. */
sec_status ntlm_credential_change_password(const struct sec_host *, const struct sec_identity *,
                                           struct bytes password);
/* SEC_E_UNSUPPORTED_FUNCTION: policy denies NTLM. */
sec_status ntlm_credential_check_policy(const struct sec_cred *);
sec_status ntlm_credential_name(const struct sec_cred *, struct wire_writer *out);

#endif
