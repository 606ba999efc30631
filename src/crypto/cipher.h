/* SPDX-License-Identifier: Apache-2.0 */
/* The ciphers of NTLM: RC4, and DES as its responses use it. */
#ifndef CRYPTO_CIPHER_H
#define CRYPTO_CIPHER_H

#include <stddef.h>
#include <stdint.h>

#include <nettle/arcfour.h>

/* A key stream: a secret. */
struct cipher_rc4 {
    struct arcfour_ctx state;
};

void cipher_rc4_init(struct cipher_rc4 *c, const uint8_t *key, size_t n);
/* Where a key stream stands, and back: a secret. */
enum { CIPHER_RC4_STATE_BYTES = 258 };
void cipher_rc4_save(const struct cipher_rc4 *c, uint8_t to[static CIPHER_RC4_STATE_BYTES]);
void cipher_rc4_load(struct cipher_rc4 *c, const uint8_t from[static CIPHER_RC4_STATE_BYTES]);
/* to and from may be the same. */
void cipher_rc4_crypt(struct cipher_rc4 *c, size_t n, uint8_t *to, const uint8_t *from);
/* 16 bytes under a key of 16, with a stream of its own. */
void cipher_rc4_once(const uint8_t key[static 16], uint8_t to[static 16],
                     const uint8_t from[static 16]);

/* [MS-NLMP] 6, DES(K, D): one block under a key of 7 bytes. */
void cipher_des7(const uint8_t key[static 7], uint8_t to[static 8], const uint8_t from[static 8]);
/* [MS-NLMP] 6, DESL(K, V): 16 bytes of key, 8 of data, 24 of result. */
void cipher_desl(const uint8_t key[static 16], uint8_t to[static 24], const uint8_t from[static 8]);

#endif
