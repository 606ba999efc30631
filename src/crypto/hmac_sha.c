/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC with SHA-1, SHA-256 and SHA-384. */
#include "base/secret.h"
#include "crypto/hmac_sha.h"

static void
add(struct hmac_sha *h, const uint8_t *data, size_t n)
{
    switch (h->key.digest) {
    case HMAC_SHA1: sha1_update(&h->hash.sha1, n, data); break;
    case HMAC_SHA256: sha256_update(&h->hash.sha256, n, data); break;
    case HMAC_SHA384: sha384_update(&h->hash.sha384, n, data); break;
    }
}

/* The whole digest, or the first n bytes where that is less; how many there are. */
static size_t
finish(struct hmac_sha *h, uint8_t *out, size_t n)
{
    switch (h->key.digest) {
    case HMAC_SHA1:
        n = n < SHA1_DIGEST_SIZE ? n : SHA1_DIGEST_SIZE;
        sha1_digest(&h->hash.sha1, n, out);
        break;
    case HMAC_SHA256:
        n = n < SHA256_DIGEST_SIZE ? n : SHA256_DIGEST_SIZE;
        sha256_digest(&h->hash.sha256, n, out);
        break;
    case HMAC_SHA384:
        n = n < SHA384_DIGEST_SIZE ? n : SHA384_DIGEST_SIZE;
        sha384_digest(&h->hash.sha384, n, out);
        break;
    }
    return n;
}

/* Where hashing stands after one block that ended in state. */
static void
resume(struct hmac_sha *h, const uint8_t *state)
{
    switch (h->key.digest) {
    case HMAC_SHA1:
        bytes_copy(h->hash.sha1.state, state, HMAC_SHA1_STATE_BYTES);
        h->hash.sha1.count = 1;
        h->hash.sha1.index = 0;
        break;
    case HMAC_SHA256:
        bytes_copy(h->hash.sha256.state, state, HMAC_SHA256_STATE_BYTES);
        h->hash.sha256.count = 1;
        h->hash.sha256.index = 0;
        break;
    case HMAC_SHA384:
        bytes_copy(h->hash.sha384.state, state, HMAC_SHA384_STATE_BYTES);
        h->hash.sha384.count_low = 1;
        h->hash.sha384.count_high = 0;
        h->hash.sha384.index = 0;
        break;
    }
}

/* The state after one block of the key, each byte xored with pad. */
static void
hash_pad(struct hmac_sha *h, struct bytes secret, uint8_t pad, uint8_t *state)
{
    uint8_t block[SHA384_BLOCK_SIZE];

    for (size_t i = 0; i < secret.n; i++) {
        block[i] = secret.p[i] ^ pad;
    }
    for (size_t i = secret.n; i < sizeof(block); i++) {
        block[i] = pad;
    }
    switch (h->key.digest) {
    case HMAC_SHA1:
        sha1_init(&h->hash.sha1);
        add(h, block, SHA1_BLOCK_SIZE);
        bytes_copy(state, h->hash.sha1.state, HMAC_SHA1_STATE_BYTES);
        break;
    case HMAC_SHA256:
        sha256_init(&h->hash.sha256);
        add(h, block, SHA256_BLOCK_SIZE);
        bytes_copy(state, h->hash.sha256.state, HMAC_SHA256_STATE_BYTES);
        break;
    case HMAC_SHA384:
        sha384_init(&h->hash.sha384);
        add(h, block, SHA384_BLOCK_SIZE);
        bytes_copy(state, h->hash.sha384.state, HMAC_SHA384_STATE_BYTES);
        break;
    }
    secret_wipe(block, secret.n);
}

void
hmac_sha_key_init(enum hmac_sha_digest digest, struct bytes secret, uint8_t *inner, uint8_t *outer)
{
    struct hmac_sha h;

    h.key.digest = digest;
    hash_pad(&h, secret, 0x36, inner);
    hash_pad(&h, secret, 0x5C, outer);
    secret_wipe(&h, sizeof(h)); /* the state is as good as the key */
}

void
hmac_sha_begin(struct hmac_sha *h, const struct hmac_sha_key *key)
{
    h->key = *key;
    resume(h, key->inner);
}

void
hmac_sha_add(struct hmac_sha *h, struct bytes data)
{
    add(h, data.p, data.n);
}

size_t
hmac_sha_room(const struct hmac_sha *h)
{
    switch (h->key.digest) {
    case HMAC_SHA1: return SHA1_BLOCK_SIZE - h->hash.sha1.index;
    case HMAC_SHA256: return SHA256_BLOCK_SIZE - h->hash.sha256.index;
    default: return SHA384_BLOCK_SIZE - h->hash.sha384.index;
    }
}

void
hmac_sha_end(struct hmac_sha *h, uint8_t *out, size_t n)
{
    size_t whole = finish(h, h->inner, sizeof(h->inner));

    resume(h, h->key.outer);
    add(h, h->inner, whole);
    (void)finish(h, out, n);
    secret_wipe(h, sizeof(*h));
}
