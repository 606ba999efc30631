/* SPDX-License-Identifier: Apache-2.0 */
/* Digests and keyed digests of the packages, over nettle. All contexts live in the caller's
 * memory; nothing is allocated. */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include <nettle/md5.h>

#include "base/bytes.h"

enum { MD4_BYTES = 16, MD5_BYTES = 16 };

void digest_md4(struct bytes data, uint8_t out[static MD4_BYTES]);
/* MD5 over the concatenation of the parts. */
void digest_md5(const struct bytes *parts, size_t n_parts, uint8_t out[static MD5_BYTES]);
/* CRC-32 of ISO 3309 ([MS-NLMP] 3.4.4.1): start with 0, feed the result back in. */
uint32_t digest_crc32(uint32_t crc, struct bytes data);

/* HMAC-MD5 (RFC 2104) with the key's two blocks already hashed: 32 bytes to keep, where a
 * digest's whole context would be 300. A secret: wipe it. */
struct hmac_md5_key {
    uint32_t inner[4], outer[4];
};

struct hmac_md5 {
    struct md5_ctx md5;
    const struct hmac_md5_key *key;
};

void hmac_md5_key_init(struct hmac_md5_key *key, struct bytes secret);
/* key is borrowed until digest_hmac_md5_end. */
void digest_hmac_md5_begin(struct hmac_md5 *h, const struct hmac_md5_key *key);
void digest_hmac_md5_add(struct hmac_md5 *h, struct bytes data);
/* Wipes h. */
void digest_hmac_md5_end(struct hmac_md5 *h, uint8_t out[static MD5_BYTES]);

/* In one go, over the concatenation of the parts. */
void digest_hmac_md5(const uint8_t key[static 16], const struct bytes *parts, size_t n_parts,
                     uint8_t out[static MD5_BYTES]);

#endif
