/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC (RFC 2104) with the SHA digests of Kerberos. A key is kept as what its two blocks hash to:
 * 40 to 128 bytes, where a nettle context takes 300 to 600 and hashes no less. */
#ifndef CRYPTO_HMAC_SHA_H
#define CRYPTO_HMAC_SHA_H

#include <stddef.h>
#include <stdint.h>

#include <nettle/sha1.h>
#include <nettle/sha2.h>

#include "base/bytes.h"

enum hmac_sha_digest { HMAC_SHA1, HMAC_SHA256, HMAC_SHA384 };

/* Of one hash state. */
enum {
    HMAC_SHA1_STATE_BYTES = 20,
    HMAC_SHA256_STATE_BYTES = 32,
    HMAC_SHA384_STATE_BYTES = 64,
    HMAC_SHA_STATE_MAX_BYTES = 64,
};

/* A key that is kept elsewhere: two states of the digest's size, borrowed. */
struct hmac_sha_key {
    enum hmac_sha_digest digest;
    const uint8_t *inner, *outer;
};

struct hmac_sha {
    struct hmac_sha_key key;
    union {
        struct sha1_ctx sha1;
        struct sha256_ctx sha256;
        struct sha512_ctx sha384;
    } hash;
    uint8_t inner[SHA384_DIGEST_SIZE];
};

/* secret: at most 64 bytes, as every key of Kerberos. The states are secrets: wipe them. */
void hmac_sha_key_init(enum hmac_sha_digest digest, struct bytes secret, uint8_t *inner,
                       uint8_t *outer);

void hmac_sha_begin(struct hmac_sha *h, const struct hmac_sha_key *key);
void hmac_sha_add(struct hmac_sha *h, struct bytes data);
/* How many bytes more end the digest's block. */
size_t hmac_sha_room(const struct hmac_sha *h);
/* The first n bytes of the result. Wipes h. */
void hmac_sha_end(struct hmac_sha *h, uint8_t *out, size_t n);

#endif
