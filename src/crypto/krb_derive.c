/* SPDX-License-Identifier: Apache-2.0 */
/* Derivation of keys. */
#include "base/secret.h"
#include "base/wire.h"
#include "crypto/krb_derive.h"

enum { LABEL_BYTES = 5 }; /* usage and purpose */

/* --- n-fold -------------------------------------------------------------------------------- */

static size_t
greatest_common_divisor(size_t a, size_t b)
{
    while (b) {
        size_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

/* Adds in, turned right by so many bits, to the n bytes of out that end before *at, going round
 * to the bottom where they run over the top; *at moves to where the sum begins. */
static unsigned
add_turned(struct bytes in, size_t turned, uint8_t *out, size_t n, size_t *at, unsigned carry)
{
    size_t bits = in.n * 8;
    size_t first = (bits - turned) % bits; /* the bit that came to the top */
    unsigned shift = 8 - first % 8;
    size_t from = (first / 8 + in.n - 1) % in.n; /* of the last byte */

    for (size_t i = in.n; i-- > 0;) {
        size_t next = from + 1 < in.n ? from + 1 : 0;

        *at = (*at ? *at : n) - 1;
        carry += out[*at] + ((((unsigned)in.p[from] << 8 | in.p[next]) >> shift) & 0xFF);
        out[*at] = (uint8_t)carry;
        carry >>= 8;
        from = (from ? from : in.n) - 1;
    }
    return carry;
}

/* A row of copies of in, each turned 13 bits further right than the one before it, is as long as
 * the least common multiple; its pieces of n bytes are added with the carry of the top brought
 * round to the bottom. From the row's end, so that carries go the right way. */
void
krb_derive_nfold(struct bytes in, uint8_t *out, size_t n)
{
    size_t copies = n / greatest_common_divisor(in.n, n);
    size_t at = n;
    unsigned carry = 0;

    for (size_t i = 0; i < n; i++) {
        out[i] = 0;
    }
    for (size_t copy = copies; copy-- > 0;) {
        carry = add_turned(in, 13 * copy % (in.n * 8), out, n, &at, carry);
    }
    for (size_t i = n; carry && i-- > 0;) {
        carry += out[i];
        out[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

/* --- DK ------------------------------------------------------------------------------------ */

/* RFC 3961 5.1: for AES, random-to-key leaves the bits as they are. */
static void
derive_sha1(const struct krb_derivation *d, struct bytes label, uint8_t *out, size_t n)
{
    uint8_t block[AES_BLOCK_SIZE];

    krb_derive_nfold(label, block, sizeof(block));
    for (size_t done = 0; done < n; done += sizeof(block)) {
        if (d->type->profile.key_bytes == AES256_KEY_SIZE) {
            aes256_encrypt(&d->base.aes256, sizeof(block), block, block);
        } else {
            aes128_encrypt(&d->base.aes128, sizeof(block), block, block);
        }
        bytes_copy(out + done, block, n - done < sizeof(block) ? n - done : sizeof(block));
    }
    secret_wipe(block, sizeof(block));
}

/* --- KDF-HMAC-SHA2 ------------------------------------------------------------------------- */

/* RFC 8009 3, without a context. One block of the PRF covers the key: at most 128 of SHA-256's 256
 * bits, 256 of SHA-384's 384. */
static void
derive_sha2(const struct krb_derivation *d, struct bytes label, uint8_t *out, size_t n)
{
    struct hmac_sha_key key = { d->type->digest, d->base.hmac.inner, d->base.hmac.outer };
    uint8_t counter[4], length[1 + 4] = { 0 }; /* a NUL separates it from the label */
    struct wire_writer w = wire_writer_fixed(counter, sizeof(counter));
    struct hmac_sha h;

    wire_put_be32(&w, 1);
    w = wire_writer_fixed(length, sizeof(length));
    wire_put_u8(&w, 0);
    wire_put_be32(&w, (uint32_t)n * 8);
    hmac_sha_begin(&h, &key);
    hmac_sha_add(&h, bytes_of(counter, sizeof(counter)));
    hmac_sha_add(&h, label);
    hmac_sha_add(&h, bytes_of(length, sizeof(length)));
    hmac_sha_end(&h, out, n);
}

void
krb_derive_begin(struct krb_derivation *d, const struct krb_type *type, const uint8_t *key)
{
    d->type = type;
    if (type->sha2) {
        hmac_sha_key_init(type->digest, bytes_of(key, type->profile.key_bytes), d->base.hmac.inner,
                          d->base.hmac.outer);
    } else if (type->profile.key_bytes == AES256_KEY_SIZE) {
        aes256_set_encrypt_key(&d->base.aes256, key);
    } else {
        aes128_set_encrypt_key(&d->base.aes128, key);
    }
}

void
krb_derive_key(const struct krb_derivation *d, struct bytes label, uint8_t *out, size_t n)
{
    if (d->type->sha2) {
        derive_sha2(d, label, out, n);
    } else {
        derive_sha1(d, label, out, n);
    }
}

void
krb_derive_for_usage(const struct krb_derivation *d, uint32_t usage, enum krb_purpose purpose,
                     uint8_t *out, size_t n)
{
    uint8_t label[LABEL_BYTES];
    struct wire_writer w = wire_writer_fixed(label, sizeof(label));

    wire_put_be32(&w, usage);
    wire_put_u8(&w, (uint8_t)purpose);
    krb_derive_key(d, bytes_of(label, sizeof(label)), out, n);
}
