/* SPDX-License-Identifier: Apache-2.0 */
/* Digests and keyed digests. */
#include <string.h>

#include <nettle/md4.h>
#include <nettle/md5.h>

#include "base/secret.h"
#include "crypto/digest.h"

void
digest_md4(struct bytes data, uint8_t out[static MD4_BYTES])
{
    struct md4_ctx c;

    md4_init(&c);
    md4_update(&c, data.n, data.p);
    md4_digest(&c, MD4_BYTES, out);
    secret_wipe(&c, sizeof(c));
}

void
digest_md5(const struct bytes *parts, size_t n_parts, uint8_t out[static MD5_BYTES])
{
    struct md5_ctx c;

    md5_init(&c);
    for (size_t i = 0; i < n_parts; i++) {
        md5_update(&c, parts[i].n, parts[i].p);
    }
    md5_digest(&c, MD5_BYTES, out);
    secret_wipe(&c, sizeof(c));
}

uint32_t
digest_crc32(uint32_t crc, struct bytes data)
{
    crc = ~crc;
    for (size_t i = 0; i < data.n; i++) {
        crc ^= data.p[i];
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (UINT32_C(0xEDB88320) & (0u - (crc & 1)));
        }
    }
    return ~crc;
}

/* The state after one block of the key, xored with pad. */
static void
hash_pad(uint32_t state[static 4], const uint8_t key[static MD5_BLOCK_SIZE], uint8_t pad)
{
    uint8_t block[MD5_BLOCK_SIZE];
    struct md5_ctx c;

    for (size_t i = 0; i < sizeof(block); i++) {
        block[i] = key[i] ^ pad;
    }
    md5_init(&c);
    md5_update(&c, sizeof(block), block);
    memcpy(state, c.state, sizeof(c.state));
    secret_wipe(&c, sizeof(c)); /* the state is as good as the key */
    secret_wipe(block, sizeof(block));
}

/* Where hashing stands after one block that ended in state. */
static void
resume(struct md5_ctx *c, const uint32_t state[static 4])
{
    memcpy(c->state, state, sizeof(c->state));
    c->count = 1;
    c->index = 0;
}

void
hmac_md5_key_init(struct hmac_md5_key *key, struct bytes secret)
{
    uint8_t block[MD5_BLOCK_SIZE] = { 0 };

    if (secret.n > sizeof(block)) {
        digest_md5(&secret, 1, block);
    } else {
        bytes_copy(block, secret.p, secret.n);
    }
    hash_pad(key->inner, block, 0x36);
    hash_pad(key->outer, block, 0x5C);
    secret_wipe(block, sizeof(block));
}

void
digest_hmac_md5_begin(struct hmac_md5 *h, const struct hmac_md5_key *key)
{
    h->key = key;
    resume(&h->md5, key->inner);
}

void
digest_hmac_md5_add(struct hmac_md5 *h, struct bytes data)
{
    md5_update(&h->md5, data.n, data.p);
}

void
digest_hmac_md5_end(struct hmac_md5 *h, uint8_t out[static MD5_BYTES])
{
    uint8_t inner[MD5_BYTES];

    md5_digest(&h->md5, sizeof(inner), inner);
    resume(&h->md5, h->key->outer);
    md5_update(&h->md5, sizeof(inner), inner);
    md5_digest(&h->md5, MD5_BYTES, out);
    secret_wipe(h, sizeof(*h));
}

void
digest_hmac_md5(const uint8_t key[static 16], const struct bytes *parts, size_t n_parts,
                uint8_t out[static MD5_BYTES])
{
    struct hmac_md5_key prepared;
    struct hmac_md5 h;

    hmac_md5_key_init(&prepared, bytes_of(key, 16));
    digest_hmac_md5_begin(&h, &prepared);
    for (size_t i = 0; i < n_parts; i++) {
        digest_hmac_md5_add(&h, parts[i]);
    }
    digest_hmac_md5_end(&h, out);
    secret_wipe(&prepared, sizeof(prepared));
}
