/* SPDX-License-Identifier: Apache-2.0 */
/* Derivation of keys. */
#include "base/secret.h"
#include "base/wire.h"
#include "crypto/krb_derive.h"

enum { LABEL_BYTES = 5 }; /* usage and purpose */

static void
put_label(uint8_t label[static LABEL_BYTES], uint32_t usage, enum krb_purpose purpose)
{
    struct wire_writer w = wire_writer_fixed(label, LABEL_BYTES);

    wire_put_be32(&w, usage);
    wire_put_u8(&w, (uint8_t)purpose);
}

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

/* The labels of what every context derives, folded beforehand: to fold one takes as long as to
 * derive a key from it. */
static const struct {
    uint32_t usage;
    enum krb_purpose purpose;
    char folded[AES_BLOCK_SIZE + 1];
} known_labels[] = {
    { 11, KRB_FOR_ENCRYPTION, "\xFE\x54\xAA\x55\xA5\x02\x52\x2F\xBF\x5F\xAF\xD7\xEA\x81\x75\xFA" },
    { 11, KRB_FOR_INTEGRITY, "\xAB\x80\xC0\x60\xAA\xAF\xAA\x2E\x6A\xB5\x5A\xAD\x55\x41\x6B\x55" },
    { 12, KRB_FOR_ENCRYPTION, "\x05\xD7\xEC\x76\xB5\x0B\x53\x33\xC1\x60\xB0\x58\x2A\x81\x96\x0B" },
    { 12, KRB_FOR_INTEGRITY, "\xB3\x04\x02\x81\xBA\xB8\xAB\x32\x6C\xB6\x5B\x2D\x95\x41\x8B\x65" },
    { 22, KRB_FOR_ENCRYPTION, "\x56\x00\x80\xC0\x55\x60\x55\x5C\xD6\x6A\xB5\x5A\xAA\x82\xD6\xAB" },
    { 22, KRB_FOR_INTEGRITY, "\x03\x2C\x96\xCB\x5B\x0D\xAD\x5B\x81\xC0\x60\x30\x15\x42\xCC\x06" },
    { 23, KRB_FOR_CHECKSUM, "\x4D\xF3\xFA\x7D\x33\x57\xCD\x60\x94\x49\xA4\xD2\x66\x42\xF4\x9A" },
    { 24, KRB_FOR_ENCRYPTION, "\x66\x08\x04\x02\x75\x71\x56\x65\xDA\x6C\xB6\x5B\x2A\x83\x16\xCB" },
    { 24, KRB_FOR_INTEGRITY, "\x13\x34\x1A\x0D\x7B\x1E\xAE\x64\x85\xC2\x61\x30\x95\x43\x0C\x26" },
    { 25, KRB_FOR_CHECKSUM, "\x5D\xFB\x7D\xBF\x53\x68\xCE\x69\x98\x4B\xA5\xD2\xE6\x43\x34\xBA" },
};

static void
fold_label(uint32_t usage, enum krb_purpose purpose, uint8_t out[static AES_BLOCK_SIZE])
{
    uint8_t label[LABEL_BYTES];

    for (size_t i = 0; i < SEC_ARRAY_LEN(known_labels); i++) {
        if (known_labels[i].usage == usage && known_labels[i].purpose == purpose) {
            bytes_copy(out, known_labels[i].folded, AES_BLOCK_SIZE);
            return;
        }
    }
    put_label(label, usage, purpose);
    krb_derive_nfold(bytes_of(label, sizeof(label)), out, AES_BLOCK_SIZE);
}

/* --- DK ------------------------------------------------------------------------------------ */

/* RFC 3961 5.1: for AES, random-to-key leaves the bits as they are. */
static void
derive_sha1(const struct krb_derivation *d, uint8_t block[static AES_BLOCK_SIZE], uint8_t *out,
            size_t n)
{
    for (size_t done = 0; done < n; done += AES_BLOCK_SIZE) {
        if (d->type->profile.key_bytes == AES256_KEY_SIZE) {
            aes256_encrypt(&d->base.aes256, AES_BLOCK_SIZE, block, block);
        } else {
            aes128_encrypt(&d->base.aes128, AES_BLOCK_SIZE, block, block);
        }
        bytes_copy(out + done, block, n - done < AES_BLOCK_SIZE ? n - done : AES_BLOCK_SIZE);
    }
    secret_wipe(block, AES_BLOCK_SIZE);
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
    uint8_t folded[AES_BLOCK_SIZE];

    if (d->type->sha2) {
        derive_sha2(d, label, out, n);
    } else {
        krb_derive_nfold(label, folded, sizeof(folded));
        derive_sha1(d, folded, out, n);
    }
}

void
krb_derive_for_usage(const struct krb_derivation *d, uint32_t usage, enum krb_purpose purpose,
                     uint8_t *out, size_t n)
{
    uint8_t label[LABEL_BYTES], folded[AES_BLOCK_SIZE];

    if (d->type->sha2) {
        put_label(label, usage, purpose);
        derive_sha2(d, bytes_of(label, sizeof(label)), out, n);
    } else {
        fold_label(usage, purpose, folded);
        derive_sha1(d, folded, out, n);
    }
}
