/* SPDX-License-Identifier: Apache-2.0 */
/* AES-SIV. RFC 5297 section 2.6: associated data first, the nonce as the last component. */
#include <nettle/siv-cmac.h>

#include "base/secret.h"
#include "crypto/aead.h"

_Static_assert(AEAD_KEY_BYTES == SIV_CMAC_AES256_KEY_SIZE, "nettle's key");
_Static_assert(AEAD_TAG_BYTES == SIV_DIGEST_SIZE, "nettle's tag");

void
aead_seal(const uint8_t key[static AEAD_KEY_BYTES], const uint8_t nonce[static AEAD_NONCE_BYTES],
          struct bytes associated, struct bytes plain, uint8_t *sealed)
{
    struct siv_cmac_aes256_ctx c;

    siv_cmac_aes256_set_key(&c, key);
    siv_cmac_aes256_encrypt_message(&c, AEAD_NONCE_BYTES, nonce, associated.n, associated.p,
                                    plain.n + AEAD_TAG_BYTES, sealed, plain.p);
    secret_wipe(&c, sizeof(c));
}

bool
aead_open(const uint8_t key[static AEAD_KEY_BYTES], const uint8_t nonce[static AEAD_NONCE_BYTES],
          struct bytes associated, struct bytes sealed, uint8_t *plain)
{
    struct siv_cmac_aes256_ctx c;
    bool opened;

    if (sealed.n < AEAD_TAG_BYTES) {
        return false;
    }
    siv_cmac_aes256_set_key(&c, key);
    opened =
        siv_cmac_aes256_decrypt_message(&c, AEAD_NONCE_BYTES, nonce, associated.n, associated.p,
                                        sealed.n - AEAD_TAG_BYTES, plain, sealed.p) == 1;
    if (!opened) {
        secret_wipe(plain, sealed.n - AEAD_TAG_BYTES);
    }
    secret_wipe(&c, sizeof(c));
    return opened;
}
