/* SPDX-License-Identifier: Apache-2.0 */
/* What is made of a password when it is set: hashes and Kerberos keys; the
 * password itself only where it is asked for. */
#ifndef ACCOUNT_PASSWORD_H
#define ACCOUNT_PASSWORD_H

#include "account/record.h"
#include "base/bytes.h"
#include "base/secret.h"
#include "base/status.h"
#include "crypto/krb_key.h"

/* What is kept beside the NT hash and the Kerberos keys; and how long it has to be. */
struct password_form {
    bool lm_hash, clear_text;
    unsigned min_length; /* UTF-16 units */
};

/* A secret as a whole: clear with password_keys_clear. */
struct password_keys {
    struct secret16 nt_hash, lm_hash;
    bool has_lm_hash;
    struct clear_text clear_text;                       /* n 0: is not kept */
    uint8_t kerberos[KRB_KEY_TYPES][KRB_KEY_MAX_BYTES]; /* in the order of krb_key_types */
};

void password_keys_clear(struct password_keys *);
void password_keys_auto(struct password_keys *);

/* password is UTF-8; salt is the account's (REALM, then the user's name). Takes a tenth of a
 * second. SEC_E_INVALID_PARAMETER: empty, too short, too long, or not UTF-8. */
SEC_NODISCARD sec_status password_keys_make(struct bytes password, const char *salt,
                                            struct password_form, struct password_keys *out);

#endif
