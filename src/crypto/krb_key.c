/* SPDX-License-Identifier: Apache-2.0 */
/* Kerberos string-to-key for the AES types. */
#include <nettle/pbkdf2.h>

#include "base/secret.h"
#include "base/wire.h"
#include "crypto/krb_derive.h"
#include "crypto/krb_key.h"

/* RFC 3962 section 4 and RFC 8009 section 4 give the numbers of iterations. */
const struct krb_key_type krb_key_types[KRB_KEY_TYPES] = {
    { "aes256-cts-hmac-sha1-96", KRB_AES256_SHA1, 32, 4096 },
    { "aes128-cts-hmac-sha1-96", KRB_AES128_SHA1, 16, 4096 },
    { "aes256-cts-hmac-sha384-192", KRB_AES256_SHA384, 32, 32768 },
    { "aes128-cts-hmac-sha256-128", KRB_AES128_SHA256, 16, 32768 },
};

/* Both RFCs derive the key from what the password was stretched to, under the same label. */
static void
derive(const struct krb_key_type *type, const uint8_t *seed, uint8_t *out)
{
    struct krb_derivation d;

    krb_derive_begin(&d, krb_type_of(type->id), seed);
    krb_derive_key(&d, bytes_of_string("kerberos"), out, type->key_bytes);
    secret_wipe(&d, sizeof(d));
}

/* --- RFC 3962 ------------------------------------------------------------------------------ */

static void
from_password_sha1(const struct krb_key_type *type, struct bytes password, struct bytes salt,
                   uint32_t iterations, uint8_t *out)
{
    uint8_t seed[KRB_KEY_MAX_BYTES];

    pbkdf2_hmac_sha1(password.n, password.p, iterations, salt.n, salt.p, type->key_bytes, seed);
    derive(type, seed, out);
    secret_wipe(seed, sizeof(seed));
}

/* --- RFC 8009 ------------------------------------------------------------------------------ */

/* Section 4: the salt begins with the type's name and a NUL. */
static bool
from_password_sha2(const struct krb_key_type *type, struct bytes password, struct bytes salt,
                   uint32_t iterations, uint8_t *out)
{
    uint8_t held[256];
    uint8_t seed[KRB_KEY_MAX_BYTES];
    SEC_AUTO(wire_writer) w = wire_writer_growing(held, sizeof(held));
    struct bytes whole;

    wire_put_bytes(&w, bytes_of_string(type->name));
    wire_put_u8(&w, 0);
    wire_put_bytes(&w, salt);
    if (wire_writer_status(&w) != WIRE_OK) {
        return false;
    }
    whole = wire_written(&w);
    if (type->id == KRB_AES256_SHA384) {
        pbkdf2_hmac_sha384(password.n, password.p, iterations, whole.n, whole.p, type->key_bytes,
                           seed);
    } else {
        pbkdf2_hmac_sha256(password.n, password.p, iterations, whole.n, whole.p, type->key_bytes,
                           seed);
    }
    derive(type, seed, out);
    secret_wipe(seed, sizeof(seed));
    return true;
}

bool
krb_key_from_password(const struct krb_key_type *type, struct bytes password, struct bytes salt,
                      uint32_t iterations, uint8_t *out)
{
    if (iterations == 0) {
        iterations = type->default_iterations;
    }
    if (type->id == KRB_AES128_SHA256 || type->id == KRB_AES256_SHA384) {
        return from_password_sha2(type, password, salt, iterations, out);
    }
    from_password_sha1(type, password, salt, iterations, out);
    return true;
}
