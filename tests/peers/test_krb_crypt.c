/* SPDX-License-Identifier: Apache-2.0 */
/* Messages and checksums against MIT's libkrb5, in both directions: what it encrypts opens here,
 * what is encrypted here opens there, checksums are the same. Its confounders are random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <krb5/krb5.h>

#include "crypto/krb_crypt.h"

enum { MAX_PLAIN = 320, MAX_USAGE = 30 };

static const int32_t enctypes[] = { KRB_AES128_SHA1, KRB_AES256_SHA1, KRB_AES128_SHA256,
                                    KRB_AES256_SHA384, KRB_RC4_HMAC };

static void
fill(uint8_t *p, size_t n, unsigned seed)
{
    for (size_t i = 0; i < n; i++) {
        p[i] = (uint8_t)(i * 7 + seed * 31 + 5);
    }
}

struct keys {
    struct krb_key ours;
    krb5_keyblock block;
    krb5_key theirs;
};

static void
keys_make(struct keys *k, int32_t enctype)
{
    uint8_t bytes[KRB_KEY_MAX_BYTES];

    fill(bytes, sizeof(bytes), (unsigned)enctype);
    assert_true(
        krb_key_set(&k->ours, enctype, bytes_of(bytes, krb_profile_of(enctype)->key_bytes)));
    k->block = (krb5_keyblock){ .enctype = enctype, .length = k->ours.n, .contents = k->ours.b };
    assert_int_equal(krb5_k_create_key(NULL, &k->block, &k->theirs), 0);
}

static krb5_data
data_of(const void *p, size_t n)
{
    return (krb5_data){ .length = (unsigned)n, .data = (char *)(uintptr_t)p };
}

/* --- whole messages ------------------------------------------------------------------------ */

static void
whole_message(const struct keys *k, uint32_t usage, size_t n)
{
    const struct krb_profile *profile = krb_profile_of(k->ours.enctype);
    union krb_cipher_room room[2];
    const struct krb_cipher *enc = krb_cipher_init(&room[0], &k->ours, usage, KRB_ENCRYPT);
    const struct krb_cipher *dec = krb_cipher_init(&room[1], &k->ours, usage, KRB_DECRYPT);
    uint8_t plain[MAX_PLAIN], confounder[KRB_CONFOUNDER_MAX_BYTES];
    uint8_t cipher[MAX_PLAIN + KRB_OVERHEAD_MAX_BYTES], back[sizeof(cipher)];
    krb5_enc_data sealed = { .enctype = k->ours.enctype, .ciphertext = data_of(cipher, 0) };
    krb5_data in = data_of(plain, n), out = data_of(back, sizeof(back));
    struct bytes opened;

    fill(plain, n, usage);
    fill(confounder, sizeof(confounder), usage + 1);
    sealed.ciphertext.length = (unsigned)krb_encrypt(enc, confounder, bytes_of(plain, n), cipher);
    assert_int_equal(sealed.ciphertext.length, n + profile->confounder_bytes + profile->mac_bytes);
    assert_int_equal(krb5_c_decrypt(NULL, &k->block, (int)usage, NULL, &sealed, &out), 0);
    assert_memory_equal(back, plain, n);

    sealed.ciphertext.length = sizeof(cipher);
    assert_int_equal(krb5_c_encrypt(NULL, &k->block, (int)usage, NULL, &in, &sealed), 0);
    assert_true(krb_decrypt(dec, bytes_of(cipher, sealed.ciphertext.length), back, &opened));
    assert_int_equal(opened.n, n);
    assert_memory_equal(opened.p, plain, n);
}

static void
test_encrypt__of_each_size_and_usage__is_what_mit_decrypts(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(enctypes); i++) {
        struct keys k;

        keys_make(&k, enctypes[i]);
        for (size_t n = 0; n <= 70; n++) {
            whole_message(&k, 11, n);
        }
        for (size_t n = 255; n <= 260; n++) {
            whole_message(&k, 22, n);
        }
        for (uint32_t usage = 1; usage <= MAX_USAGE; usage++) {
            whole_message(&k, usage, 40);
        }
        whole_message(&k, 0x12345678, 40);
        krb5_k_free_key(NULL, k.theirs);
    }
}

/* --- checksums ----------------------------------------------------------------------------- */

static void
one_checksum(const struct keys *k, uint32_t usage, size_t n)
{
    const struct krb_profile *profile = krb_profile_of(k->ours.enctype);
    struct krb_checksum_key key;
    uint8_t plain[MAX_PLAIN], have[KRB_CHECKSUM_MAX_BYTES];
    krb5_data in = data_of(plain, n);
    krb5_checksum want;

    fill(plain, n, usage);
    krb_checksum_key_init(&key, &k->ours, usage);
    krb_checksum(&key, (struct bytes[]){ { plain, n / 3 }, { plain + n / 3, n - n / 3 } }, 2, have);
    assert_int_equal(
        krb5_c_make_checksum(NULL, profile->checksum_type, &k->block, (int)usage, &in, &want), 0);
    assert_int_equal(want.length, profile->checksum_bytes);
    assert_memory_equal(have, want.contents, want.length);
    krb5_free_checksum_contents(NULL, &want);
}

static void
test_checksum__of_each_size_and_usage__is_mits(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(enctypes); i++) {
        struct keys k;

        keys_make(&k, enctypes[i]);
        for (size_t n = 0; n <= 260; n++) {
            one_checksum(&k, 17, n);
        }
        for (uint32_t usage = 1; usage <= MAX_USAGE; usage++) {
            one_checksum(&k, usage, 40);
        }
        krb5_k_free_key(NULL, k.theirs);
    }
}

/* --- pieces -------------------------------------------------------------------------------- */

/* Header, data, what is signed alone, data, trailer, as MIT lays them out. */
struct layout {
    uint8_t header[KRB_OVERHEAD_MAX_BYTES], trailer[KRB_OVERHEAD_MAX_BYTES];
    uint8_t data[2][MAX_PLAIN], signed_only[2][MAX_PLAIN];
    size_t data_n[2], signed_n[2];
};

static struct layout
layout_make(size_t a, size_t b, size_t first_signed, size_t second_signed)
{
    struct layout l = { .data_n = { a, b }, .signed_n = { first_signed, second_signed } };

    for (unsigned i = 0; i < 2; i++) {
        fill(l.data[i], l.data_n[i], i + 3);
        fill(l.signed_only[i], l.signed_n[i], i + 9);
    }
    return l;
}

enum { PARTS = 7 };

static void
iov_of(struct layout *l, const struct krb_profile *profile, krb5_crypto_iov iov[static PARTS])
{
    size_t header = profile->confounder_bytes + (profile->mac_first ? profile->mac_bytes : 0u);
    size_t trailer = profile->mac_first ? 0 : profile->mac_bytes;

    iov[0] =
        (krb5_crypto_iov){ KRB5_CRYPTO_TYPE_SIGN_ONLY, data_of(l->signed_only[0], l->signed_n[0]) };
    iov[1] = (krb5_crypto_iov){ KRB5_CRYPTO_TYPE_HEADER, data_of(l->header, header) };
    iov[2] = (krb5_crypto_iov){ KRB5_CRYPTO_TYPE_DATA, data_of(l->data[0], l->data_n[0]) };
    iov[3] =
        (krb5_crypto_iov){ KRB5_CRYPTO_TYPE_SIGN_ONLY, data_of(l->signed_only[1], l->signed_n[1]) };
    iov[4] = (krb5_crypto_iov){ KRB5_CRYPTO_TYPE_DATA, data_of(l->data[1], l->data_n[1]) };
    iov[5] = (krb5_crypto_iov){ KRB5_CRYPTO_TYPE_PADDING, data_of(l->trailer, 0) };
    iov[6] = (krb5_crypto_iov){ KRB5_CRYPTO_TYPE_TRAILER, data_of(l->trailer, trailer) };
}

enum { PIECES = 5 };

/* Answers where the MAC is. */
static uint8_t *
pieces_of(struct layout *l, const struct krb_profile *profile,
          struct krb_piece pieces[static PIECES])
{
    uint8_t *confounder = l->header + (profile->mac_first ? profile->mac_bytes : 0);

    pieces[0] = (struct krb_piece){ l->signed_only[0], l->signed_n[0], true };
    pieces[1] = (struct krb_piece){ confounder, profile->confounder_bytes, false };
    pieces[2] = (struct krb_piece){ l->data[0], l->data_n[0], false };
    pieces[3] = (struct krb_piece){ l->signed_only[1], l->signed_n[1], true };
    pieces[4] = (struct krb_piece){ l->data[1], l->data_n[1], false };
    return profile->mac_first ? l->header : l->trailer;
}

static void
assert_layout(const struct layout *have, const struct layout *want)
{
    for (unsigned i = 0; i < 2; i++) {
        assert_memory_equal(have->data[i], want->data[i], want->data_n[i]);
        assert_memory_equal(have->signed_only[i], want->signed_only[i], want->signed_n[i]);
    }
}

static void
one_layout(const struct keys *k, const struct layout *plain)
{
    const struct krb_profile *profile = krb_profile_of(k->ours.enctype);
    union krb_cipher_room room[2];
    const struct krb_cipher *enc = krb_cipher_init(&room[0], &k->ours, 24, KRB_ENCRYPT);
    const struct krb_cipher *dec = krb_cipher_init(&room[1], &k->ours, 24, KRB_DECRYPT);
    krb5_crypto_iov iov[PARTS];
    struct krb_piece pieces[PIECES];
    struct layout l = *plain;
    uint8_t *mac;

    iov_of(&l, profile, iov);
    assert_int_equal(krb5_k_encrypt_iov(NULL, k->theirs, 24, NULL, iov, PARTS), 0);
    mac = pieces_of(&l, profile, pieces);
    assert_true(krb_decrypt_pieces(dec, pieces, PIECES, mac));
    assert_layout(&l, plain);

    l = *plain;
    mac = pieces_of(&l, profile, pieces);
    fill(pieces[1].p, pieces[1].n, 77);
    krb_encrypt_pieces(enc, pieces, PIECES, mac);
    iov_of(&l, profile, iov);
    assert_int_equal(krb5_k_decrypt_iov(NULL, k->theirs, 24, NULL, iov, PARTS), 0);
    assert_layout(&l, plain);
}

static void
test_encrypt_pieces__with_what_is_signed_alone__is_what_mit_decrypts(void **state)
{
    static const size_t sizes[] = { 0, 1, 7, 15, 16, 17, 31, 32, 33, 64, 300 };

    for (size_t i = 0; i < SEC_ARRAY_LEN(enctypes); i++) {
        struct keys k;

        keys_make(&k, enctypes[i]);
        for (size_t a = 0; a < SEC_ARRAY_LEN(sizes); a++) {
            for (size_t b = 0; b < SEC_ARRAY_LEN(sizes); b++) {
                struct layout l = layout_make(sizes[a], sizes[b], b, 3 * a);

                one_layout(&k, &l);
            }
        }
        krb5_k_free_key(NULL, k.theirs);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encrypt__of_each_size_and_usage__is_what_mit_decrypts),
        cmocka_unit_test(test_checksum__of_each_size_and_usage__is_mits),
        cmocka_unit_test(test_encrypt_pieces__with_what_is_signed_alone__is_what_mit_decrypts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
