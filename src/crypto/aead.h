/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing of secrets at rest: AES-SIV (RFC 5297) with CMAC-AES-256, over nettle. A nonce that
 * repeats shows at most that two secrets are equal; it never opens either. */
#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"

enum {
    AEAD_KEY_BYTES = 64, /* half for the tag, half for the cipher */
    AEAD_NONCE_BYTES = 16,
    AEAD_TAG_BYTES = 16,
};

/* Tag and ciphertext: AEAD_TAG_BYTES more than plain. The associated data is bound to it. */
void aead_seal(const uint8_t key[static AEAD_KEY_BYTES],
               const uint8_t nonce[static AEAD_NONCE_BYTES], struct bytes associated,
               struct bytes plain, uint8_t *sealed);

/* false: not sealed under this key, nonce and associated data; the plain bytes are wiped. plain has
 * room for AEAD_TAG_BYTES less than sealed, which must not be shorter than a tag. */
SEC_NODISCARD bool aead_open(const uint8_t key[static AEAD_KEY_BYTES],
                             const uint8_t nonce[static AEAD_NONCE_BYTES], struct bytes associated,
                             struct bytes sealed, uint8_t *plain);

#endif
