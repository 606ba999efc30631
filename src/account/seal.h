/* SPDX-License-Identifier: Apache-2.0 */
/* The key file, and what is sealed with it: each secret is bound to its account's SID and to the
 * name of its field, so that a row copied over another one does not open. */
#ifndef ACCOUNT_SEAL_H
#define ACCOUNT_SEAL_H

#include <sys/types.h>

#include "base/bytes.h"
#include "base/status.h"
#include "crypto/aead.h"

struct seal_key {
    uint8_t b[AEAD_KEY_BYTES];
};

enum {
    SEAL_OVERHEAD_BYTES = 1 + AEAD_NONCE_BYTES + AEAD_TAG_BYTES, /* version, nonce, tag */
    SEAL_MAX_PLAIN_BYTES = 2 + 768, /* a password in clear, the largest */
    SEAL_MAX_BYTES = SEAL_OVERHEAD_BYTES + SEAL_MAX_PLAIN_BYTES,
};

/* What a secret is bound to. */
struct seal_place {
    const char *sid, *field;
};

/* A key file is refused that others can read, or that belongs to none of root, this process's
 * user and store_owner. *out is owned by the caller: seal_key_free. */
SEC_NODISCARD sec_status seal_key_load(const char *path, uid_t store_owner, struct seal_key **out);
/* Makes the file with a random key where there is none, and loads it. It comes to be whole or
 * not at all, and is given to store_owner where root makes it. */
SEC_NODISCARD sec_status seal_key_make(const char *path, uid_t store_owner, struct seal_key **out);
void seal_key_free(struct seal_key *); /* NULL is a no-op; wipes */
void seal_key_auto(struct seal_key **);

/* plain.n + SEAL_OVERHEAD_BYTES into sealed. plain has at most SEAL_MAX_PLAIN_BYTES. */
SEC_NODISCARD sec_status seal_put(const struct seal_key *, struct seal_place, struct bytes plain,
                                  uint8_t sealed[static SEAL_MAX_BYTES]);
/* false: not sealed for this place with this key, or not n bytes. */
SEC_NODISCARD bool seal_open(const struct seal_key *, struct seal_place, struct bytes sealed,
                             uint8_t *plain, size_t n);

#endif
