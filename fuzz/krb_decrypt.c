/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: krb_decrypt, krb_decrypt_pieces, krb_encrypt, krb_encrypt_pieces */
#include <stdlib.h>
#include <string.h>

#include "base/attributes.h"
#include "crypto/krb_crypt.h"
#include "fuzz.h"

enum { HEAD = 4, MAX_BYTES = 4096 };

static const int32_t enctypes[] = { KRB_AES128_SHA1, KRB_AES256_SHA1, KRB_AES128_SHA256,
                                    KRB_AES256_SHA384, KRB_RC4_HMAC };

struct ciphers {
    const struct krb_profile *profile;
    union krb_cipher_room room[2];
    const struct krb_cipher *enc, *dec;
};

static void
ciphers_make(struct ciphers *c, int32_t enctype)
{
    static const uint8_t bytes[KRB_KEY_MAX_BYTES] = "a key of thirty-two bytes, fixed";
    struct krb_key key;

    c->profile = krb_profile_of(enctype);
    fuzz_must(krb_key_set(&key, enctype, bytes_of(bytes, c->profile->key_bytes)));
    c->enc = krb_cipher_init(&c->room[0], &key, 11, KRB_ENCRYPT);
    c->dec = krb_cipher_init(&c->room[1], &key, 11, KRB_DECRYPT);
}

/* A message on the heap with no byte of room behind it, cut in three, with nothing that is covered
 * alone between. */
struct cut {
    uint8_t *b[3];
    uint8_t covered;
    struct krb_piece pieces[4];
};

static void
cut_make(struct cut *cut, struct bytes from, const uint8_t head[static HEAD])
{
    size_t a = from.n ? head[1] % (from.n + 1) : 0, b = a + head[2] % (from.n - a + 1);
    const struct bytes parts[3] = { { from.p, a },
                                    { from.p + a, b - a },
                                    { from.p + b, from.n - b } };

    for (size_t i = 0; i < 3; i++) {
        cut->b[i] = malloc(parts[i].n ? parts[i].n : 1);
        fuzz_must(cut->b[i] != NULL);
        bytes_copy(cut->b[i], parts[i].p, parts[i].n);
        cut->pieces[i < 2 ? i : 3] = (struct krb_piece){ cut->b[i], parts[i].n, false };
    }
    cut->pieces[2] = (struct krb_piece){ &cut->covered, 0, true };
}

static void
cut_free(struct cut *cut)
{
    for (size_t i = 0; i < 3; i++) {
        free(cut->b[i]);
    }
}

static bool
cut_is(const struct cut *cut, const uint8_t *all)
{
    bool same = true;

    for (size_t i = 0; i < 4; i++) {
        same = same && (cut->pieces[i].n == 0 || !memcmp(cut->pieces[i].p, all, cut->pieces[i].n));
        all += cut->pieces[i].n;
    }
    return same;
}

/* Where the MAC and what it covers are in a whole message. */
static struct bytes
body_of(const struct krb_profile *profile, struct bytes in, const uint8_t **mac)
{
    size_t n = in.n - profile->mac_bytes;

    *mac = in.p + (profile->mac_first ? 0 : n);
    return bytes_of(in.p + (profile->mac_first ? profile->mac_bytes : 0), n);
}

/* The bytes as a message: the whole and the pieces agree on it. */
static bool
decrypt(const struct ciphers *c, struct bytes in, const uint8_t head[static HEAD])
{
    uint8_t *out = malloc(in.n ? in.n : 1);
    struct bytes plain;
    bool opens;

    fuzz_must(out != NULL);
    opens = krb_decrypt(c->dec, in, out, &plain);
    if (in.n >= c->profile->mac_bytes) {
        const uint8_t *mac;
        struct cut cut;

        cut_make(&cut, body_of(c->profile, in, &mac), head);
        fuzz_must(krb_decrypt_pieces(c->dec, cut.pieces, 4, mac) == opens);
        fuzz_must(!opens || cut_is(&cut, plain.p - c->profile->confounder_bytes));
        cut_free(&cut);
    }
    for (size_t i = 0; !opens && i < in.n; i++) {
        fuzz_must(out[i] == 0);
    }
    free(out);
    return opens;
}

/* The bytes as plaintext: what is made of them opens, and with a bit changed it does not. */
static void
encrypt(const struct ciphers *c, struct bytes in, const uint8_t head[static HEAD])
{
    uint8_t plain[KRB_CONFOUNDER_MAX_BYTES + MAX_BYTES], mac[KRB_MAC_MAX_BYTES];
    uint8_t out[MAX_BYTES + KRB_OVERHEAD_MAX_BYTES];
    const uint8_t *whole_mac;
    struct bytes body;
    struct cut cut;
    size_t n;

    memset(plain, head[0], c->profile->confounder_bytes);
    bytes_copy(plain + c->profile->confounder_bytes, in.p, in.n);
    n = krb_encrypt(c->enc, plain, in, out);
    fuzz_must(n == in.n + c->profile->confounder_bytes + c->profile->mac_bytes);
    body = body_of(c->profile, bytes_of(out, n), &whole_mac);
    cut_make(&cut, bytes_of(plain, body.n), head);
    krb_encrypt_pieces(c->enc, cut.pieces, 4, mac);
    fuzz_must(cut_is(&cut, body.p) && !memcmp(mac, whole_mac, c->profile->mac_bytes));
    cut_free(&cut);
    fuzz_must(decrypt(c, bytes_of(out, n), head));
    out[head[3] % n] ^= (uint8_t)(1 << head[2] % 8);
    fuzz_must(!decrypt(c, bytes_of(out, n), head));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ciphers c;

    if (n < HEAD || n > HEAD + MAX_BYTES) {
        return 0;
    }
    ciphers_make(&c, enctypes[data[0] % SEC_ARRAY_LEN(enctypes)]);
    (void)decrypt(&c, bytes_of(data + HEAD, n - HEAD), data);
    encrypt(&c, bytes_of(data + HEAD, n - HEAD), data);
    return 0;
}
