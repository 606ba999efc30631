/* SPDX-License-Identifier: Apache-2.0 */
/* Kerberos string-to-key for the AES types. */
#include <nettle/aes.h>
#include <nettle/hmac.h>
#include <nettle/pbkdf2.h>

#include "base/secret.h"
#include "base/wire.h"
#include "crypto/krb_key.h"

enum {
    ETYPE_AES128_SHA1 = 17,
    ETYPE_AES256_SHA1 = 18,
    ETYPE_AES128_SHA256 = 19,
    ETYPE_AES256_SHA384 = 20,
};

/* RFC 3962 section 4 and RFC 8009 section 4 give the numbers of iterations. */
const struct krb_key_type krb_key_types[KRB_KEY_TYPES] = {
    { "aes256-cts-hmac-sha1-96", ETYPE_AES256_SHA1, 32, 4096 },
    { "aes128-cts-hmac-sha1-96", ETYPE_AES128_SHA1, 16, 4096 },
    { "aes256-cts-hmac-sha384-192", ETYPE_AES256_SHA384, 32, 32768 },
    { "aes128-cts-hmac-sha256-128", ETYPE_AES128_SHA256, 16, 32768 },
};

/* The byte at place i of a row of copies of in, each rotated 13 bits further right than the one
 * before it. */
static uint8_t
rotated_byte(struct bytes in, size_t i)
{
    size_t bits = in.n * 8;
    size_t turned = 13 * (i / in.n) % bits;
    size_t from = (i % in.n * 8 + bits - turned) % bits; /* the bit that came to this byte's top */
    unsigned shift = from % 8;
    unsigned pair = (unsigned)in.p[from / 8] << 8 | in.p[(from / 8 + 1) % in.n];

    return (uint8_t)(pair >> (8 - shift));
}

void
krb_key_nfold(struct bytes in, uint8_t *out, size_t n)
{
    size_t a = in.n;
    size_t b = n;
    unsigned carry = 0;

    while (b) {
        size_t rest = a % b;

        a = b;
        b = rest;
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = 0;
    }
    /* The row is as long as the least common multiple; its pieces of n bytes are added with the
     * carry of the top brought round to the bottom. */
    for (size_t i = in.n / a * n; i-- > 0;) {
        carry += out[i % n] + rotated_byte(in, i);
        out[i % n] = (uint8_t)carry;
        carry >>= 8;
    }
    for (size_t i = n; carry && i-- > 0;) {
        carry += out[i];
        out[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

/* --- RFC 3962 ------------------------------------------------------------------------------ */

static void
aes_encrypt_block(const uint8_t *key, size_t key_bytes, uint8_t block[static AES_BLOCK_SIZE])
{
    union {
        struct aes128_ctx aes128;
        struct aes256_ctx aes256;
    } c;

    if (key_bytes == AES256_KEY_SIZE) {
        aes256_set_encrypt_key(&c.aes256, key);
        aes256_encrypt(&c.aes256, AES_BLOCK_SIZE, block, block);
    } else {
        aes128_set_encrypt_key(&c.aes128, key);
        aes128_encrypt(&c.aes128, AES_BLOCK_SIZE, block, block);
    }
    secret_wipe(&c, sizeof(c));
}

/* RFC 3961 5.1, DK(key, constant): for AES, random-to-key leaves the bits as they are. */
static void
derive_sha1(const uint8_t *key, size_t key_bytes, struct bytes constant, uint8_t *out)
{
    uint8_t block[AES_BLOCK_SIZE];

    krb_key_nfold(constant, block, sizeof(block));
    for (size_t done = 0; done < key_bytes; done += sizeof(block)) {
        aes_encrypt_block(key, key_bytes, block);
        bytes_copy(out + done, block, sizeof(block));
    }
    secret_wipe(block, sizeof(block));
}

static void
from_password_sha1(const struct krb_key_type *type, struct bytes password, struct bytes salt,
                   uint32_t iterations, uint8_t *out)
{
    uint8_t seed[KRB_KEY_MAX_BYTES];

    pbkdf2_hmac_sha1(password.n, password.p, iterations, salt.n, salt.p, type->key_bytes, seed);
    derive_sha1(seed, type->key_bytes, bytes_of_string("kerberos"), out);
    secret_wipe(seed, sizeof(seed));
}

/* --- RFC 8009 ------------------------------------------------------------------------------ */

/* Section 3, KDF-HMAC-SHA2 with the label "kerberos" and no context. One block of the PRF covers
 * the key: 128 of SHA-256's 256 bits, 256 of SHA-384's 384. */
static void
derive_sha2(const struct krb_key_type *type, const uint8_t *key, uint8_t *out)
{
    static const char label[] = "kerberos"; /* its NUL is the separator */
    uint8_t message[4 + sizeof(label) + 4] = { 0 };
    struct wire_writer w = wire_writer_fixed(message, sizeof(message));

    wire_put_be32(&w, 1);
    wire_put(&w, label, sizeof(label));
    wire_put_be32(&w, type->key_bytes * 8u);
    if (type->id == ETYPE_AES256_SHA384) {
        struct hmac_sha384_ctx c;

        hmac_sha384_set_key(&c, type->key_bytes, key);
        hmac_sha384_update(&c, sizeof(message), message);
        hmac_sha384_digest(&c, type->key_bytes, out);
        secret_wipe(&c, sizeof(c));
    } else {
        struct hmac_sha256_ctx c;

        hmac_sha256_set_key(&c, type->key_bytes, key);
        hmac_sha256_update(&c, sizeof(message), message);
        hmac_sha256_digest(&c, type->key_bytes, out);
        secret_wipe(&c, sizeof(c));
    }
}

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
    if (type->id == ETYPE_AES256_SHA384) {
        pbkdf2_hmac_sha384(password.n, password.p, iterations, whole.n, whole.p, type->key_bytes,
                           seed);
    } else {
        pbkdf2_hmac_sha256(password.n, password.p, iterations, whole.n, whole.p, type->key_bytes,
                           seed);
    }
    derive_sha2(type, seed, out);
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
    if (type->id == ETYPE_AES128_SHA256 || type->id == ETYPE_AES256_SHA384) {
        return from_password_sha2(type, password, salt, iterations, out);
    }
    from_password_sha1(type, password, salt, iterations, out);
    return true;
}
