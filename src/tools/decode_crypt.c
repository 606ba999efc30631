/* SPDX-License-Identifier: Apache-2.0 */
/* sspictl decode: what was encrypted, and the keys that came out of it. */
#include "base/secret.h"
#include "crypto/krb_crypt.h"
#include "tools/decode_crypt.h"

bool
decode_crypt_open(const struct krb_cipher *c, struct bytes cipher, struct wire_writer *plain)
{
    SEC_AUTO(wire_writer) scratch = wire_writer_secret(NULL, 0);
    uint8_t *out = wire_reserve(&scratch, cipher.n);
    struct bytes opened;

    if (!out || !krb_decrypt(c, cipher, out, &opened)) {
        return false;
    }
    wire_put_bytes(plain, opened);
    return wire_writer_status(plain) == WIRE_OK;
}

bool
decode_crypt_open_with(void *user, const struct krb_keyblock *block, uint32_t usage,
                       struct bytes cipher, struct wire_writer *plain)
{
    union krb_cipher_room room;
    struct krb_key key;
    bool good = false;

    (void)user;
    if (krb_key_set(&key, block->enctype, block->value)) {
        good = decode_crypt_open(krb_cipher_init(&room, &key, usage, KRB_DECRYPT), cipher, plain);
        secret_wipe(&room, sizeof(room));
    }
    secret_wipe(&key, sizeof(key));
    return good;
}
