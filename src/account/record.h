/* SPDX-License-Identifier: Apache-2.0 */
/* One account as the authority works with it: what was read from the store and unsealed. */
#ifndef ACCOUNT_RECORD_H
#define ACCOUNT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/secret.h"
#include "crypto/digest.h"

struct account_identity;

enum { CLEAR_TEXT_BYTES_MAX = 768 }; /* of a password's 256 characters */

/* A password that is kept as it is, for CHAP. A secret as a whole. */
struct clear_text {
    size_t n;
    uint8_t b[CLEAR_TEXT_BYTES_MAX];
};

/* A secret as a whole: clear with account_record_clear. */
struct account_record {
    struct secret16 nt_hash, lm_hash;
    struct hmac_md5_key nt_key; /* nt_hash as an HMAC key that is half computed already */
    uint32_t rid, key_version;  /* the version counts the account's passwords */
    bool has_lm_hash, disabled;
    const struct clear_text *clear_text; /* borrowed, and never in the cache; NULL: none */
    uint64_t expires_100ns, password_expires_100ns; /* CLOCK_NEVER_100NS: never */
    struct account_identity *identity;              /* a reference of the record's own */
};

/* Wipes it and lets its identity go. A zeroed record may be cleared. */
void account_record_clear(struct account_record *);
void account_record_auto(struct account_record *);
/* A copy with a reference of its own. */
void account_record_copy(struct account_record *to, const struct account_record *from);

#endif
