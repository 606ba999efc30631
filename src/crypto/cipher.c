/* SPDX-License-Identifier: Apache-2.0 */
/* RC4 and DES. */
#include <string.h>

#include <nettle/des.h>

#include "base/secret.h"
#include "crypto/cipher.h"

void
cipher_rc4_init(struct cipher_rc4 *c, const uint8_t *key, size_t n)
{
    arcfour_set_key(&c->state, n, key);
}

void
cipher_rc4_save(const struct cipher_rc4 *c, uint8_t to[static CIPHER_RC4_STATE_BYTES])
{
    _Static_assert(sizeof(c->state.S) + 2 == CIPHER_RC4_STATE_BYTES,
                   "a permutation and two indices");
    bytes_copy(to, c->state.S, sizeof(c->state.S));
    to[sizeof(c->state.S)] = c->state.i;
    to[sizeof(c->state.S) + 1] = c->state.j;
}

void
cipher_rc4_load(struct cipher_rc4 *c, const uint8_t from[static CIPHER_RC4_STATE_BYTES])
{
    bytes_copy(c->state.S, from, sizeof(c->state.S));
    c->state.i = from[sizeof(c->state.S)];
    c->state.j = from[sizeof(c->state.S) + 1];
}

void
cipher_rc4_crypt(struct cipher_rc4 *c, size_t n, uint8_t *to, const uint8_t *from)
{
    arcfour_crypt(&c->state, n, to, from);
}

void
cipher_rc4_once(const uint8_t key[static 16], uint8_t to[static 16], const uint8_t from[static 16])
{
    struct cipher_rc4 c;

    cipher_rc4_init(&c, key, 16);
    cipher_rc4_crypt(&c, 16, to, from);
    secret_wipe(&c, sizeof(c));
}

void
cipher_des7(const uint8_t key[static 7], uint8_t to[static 8], const uint8_t from[static 8])
{
    uint8_t spread[DES_KEY_SIZE];
    struct des_ctx c;

    /* Seven bits to a byte; the lowest is parity, which DES ignores. */
    spread[0] = key[0];
    for (unsigned i = 1; i < 7; i++) {
        spread[i] = (uint8_t)(key[i - 1] << (8 - i) | key[i] >> i);
    }
    spread[7] = (uint8_t)(key[6] << 1);
    /* A weak key is still the key that the protocol asks for: its answer is not looked at. */
    (void)des_set_key(&c, spread);
    des_encrypt(&c, DES_BLOCK_SIZE, to, from);
    secret_wipe(&c, sizeof(c));
    secret_wipe(spread, sizeof(spread));
}

void
cipher_desl(const uint8_t key[static 16], uint8_t to[static 24], const uint8_t from[static 8])
{
    uint8_t last[7] = { key[14], key[15] };

    cipher_des7(key, to, from);
    cipher_des7(key + 7, to + 8, from);
    cipher_des7(last, to + 16, from);
    secret_wipe(last, sizeof(last));
}
