/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3962 appendix B, in one piece and in any. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/krb_cts.h"
#include "tests/support/hex.h"

static const char plain[] = "I would like the General Gau's Chicken, please, and wonton soup.";
static const char *const vectors[] = {
    "c6353568f2bf8cb4d8a580362da7ff7f97",
    "fc00783e0efdb2c1d445d4c8eff7ed2297687268d6ecccc0c07b25e25ecfe5",
    "39312523a78662d5be7fcbcc98ebf5a897687268d6ecccc0c07b25e25ecfe584",
    "97687268d6ecccc0c07b25e25ecfe584b3fffd940c16a18c1b5549d2f838029e"
    "39312523a78662d5be7fcbcc98ebf5",
    "97687268d6ecccc0c07b25e25ecfe5849dad8bbb96c4cdc03bc103e1a194bbd8"
    "39312523a78662d5be7fcbcc98ebf5a8",
    "97687268d6ecccc0c07b25e25ecfe58439312523a78662d5be7fcbcc98ebf5a8"
    "4807efe836ee89a526730dbc2f7bc8409dad8bbb96c4cdc03bc103e1a194bbd8",
};

struct keys {
    struct aes128_ctx enc, dec;
    struct krb_cts encrypt, decrypt;
};

static void
keys_make(struct keys *k)
{
    const uint8_t *key = (const uint8_t *)"chicken teriyaki";

    aes128_set_encrypt_key(&k->enc, key);
    aes128_set_decrypt_key(&k->dec, key);
    k->encrypt = (struct krb_cts){ .aes128 = &k->enc };
    k->decrypt = (struct krb_cts){ .aes128 = &k->dec };
}

static void
test_cts__of_rfc_3962_b__matches(void **state)
{
    struct keys k;

    keys_make(&k);
    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        uint8_t want[64], have[64];
        struct bytes cipher = hex_into(want, sizeof(want), vectors[i]);
        struct krb_piece piece = { have, cipher.n, false };

        bytes_copy(have, plain, cipher.n);
        krb_cts_encrypt(&k.encrypt, &piece, 1);
        assert_memory_equal(have, want, cipher.n);
        krb_cts_decrypt(&k.decrypt, &piece, 1);
        assert_memory_equal(have, plain, cipher.n);
    }
}

/* A single block is enciphered as it is. */
static void
test_cts__of_one_block__is_the_block_cipher(void **state)
{
    uint8_t want[16], have[16];
    struct krb_piece piece = { have, sizeof(have), false };
    struct keys k;

    keys_make(&k);
    bytes_copy(have, plain, sizeof(have));
    aes128_encrypt(&k.enc, sizeof(want), want, have);
    krb_cts_encrypt(&k.encrypt, &piece, 1);
    assert_memory_equal(have, want, sizeof(want));
    krb_cts_decrypt(&k.decrypt, &piece, 1);
    assert_memory_equal(have, plain, sizeof(have));
}

/* Cut at a and b, with an empty piece and one that is the MAC's alone between. */
static void
in_pieces(const struct keys *k, struct bytes cipher, size_t a, size_t b)
{
    uint8_t have[64], apart[3] = { 1, 2, 3 };
    struct krb_piece pieces[] = {
        { NULL, 0, false },         { have, a, false },     { apart, 3, true },
        { have + a, b - a, false }, { have + b, 0, false }, { have + b, cipher.n - b, false },
        { apart, 3, true },
    };

    bytes_copy(have, plain, cipher.n);
    krb_cts_encrypt(&k->encrypt, pieces, SEC_ARRAY_LEN(pieces));
    assert_memory_equal(have, cipher.p, cipher.n);
    krb_cts_decrypt(&k->decrypt, pieces, SEC_ARRAY_LEN(pieces));
    assert_memory_equal(have, plain, cipher.n);
    assert_memory_equal(apart, "\1\2\3", 3);
}

static void
test_cts__in_pieces_cut_anywhere__is_that_of_the_whole(void **state)
{
    struct keys k;

    keys_make(&k);
    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        uint8_t want[64];
        struct bytes cipher = hex_into(want, sizeof(want), vectors[i]);

        for (size_t a = 0; a <= cipher.n; a++) {
            for (size_t b = a; b <= cipher.n; b++) {
                in_pieces(&k, cipher, a, b);
            }
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cts__of_rfc_3962_b__matches),
        cmocka_unit_test(test_cts__of_one_block__is_the_block_cipher),
        cmocka_unit_test(test_cts__in_pieces_cut_anywhere__is_that_of_the_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
