/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3962 appendix B, RFC 8009 appendix A. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/krb_key.h"
#include "tests/support/hex.h"

static const struct krb_key_type *
type_of(int32_t id)
{
    for (size_t i = 0; i < KRB_KEY_TYPES; i++) {
        if (krb_key_types[i].id == id) {
            return &krb_key_types[i];
        }
    }
    fail_msg("no type %d", (int)id);
    return NULL;
}

#define EQUALS_BLOCK  "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"
#define EXCEEDS_BLOCK EQUALS_BLOCK "X"

static void
test_from_password__of_rfc_3962_b__matches(void **state)
{
    static const struct {
        uint32_t iterations;
        const char *password, *salt, *aes128, *aes256;
    } vectors[] = {
        { 1, "password", "ATHENA.MIT.EDUraeburn", "42263c6e89f4fc28b8df68ee09799f15",
          "fe697b52bc0d3ce14432ba036a92e65bbb52280990a2fa27883998d72af30161" },
        { 2, "password", "ATHENA.MIT.EDUraeburn", "c651bf29e2300ac27fa469d693bdda13",
          "a2e16d16b36069c135d5e9d2e25f896102685618b95914b467c67622225824ff" },
        { 1200, "password", "ATHENA.MIT.EDUraeburn", "4c01cd46d632d01e6dbe230a01ed642a",
          "55a6ac740ad17b4846941051e1e8b0a7548d93b0ab30a8bc3ff16280382b8c2a" },
        { 5, "password", "\x12\x34\x56\x78\x78\x56\x34\x12", "e9b23d52273747dd5c35cb55be619d8e",
          "97a4e786be20d81a382d5ebc96d5909cabcdadc87ca48f574504159f16c36e31" },
        { 1200, EQUALS_BLOCK, "pass phrase equals block size", "59d1bb789a828b1aa54ef9c2883f69ed",
          "89adee3608db8bc71f1bfbfe459486b05618b70cbae22092534e56c553ba4b34" },
        { 1200, EXCEEDS_BLOCK, "pass phrase exceeds block size", "cb8005dc5f90179a7f02104c0018751d",
          "d78c5c9cb872a8c9dad4697f0bb5b2d21496c82beb2caeda2112fceea057401b" },
        { 50, "\xf0\x9d\x84\x9e", "EXAMPLE.COMpianist", "f149c1f2e154a73452d43e7fe62a56e5",
          "4b6d9839f84406df1f09cc166db4b83c571848b784a3d6bdc346589a3e393f9e" },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        struct bytes password = bytes_of_string(vectors[i].password);
        struct bytes salt = bytes_of_string(vectors[i].salt);
        uint8_t want[32], have[KRB_KEY_MAX_BYTES];

        hex_into(want, sizeof(want), vectors[i].aes128);
        assert_true(
            krb_key_from_password(type_of(17), password, salt, vectors[i].iterations, have));
        assert_memory_equal(have, want, 16);
        hex_into(want, sizeof(want), vectors[i].aes256);
        assert_true(
            krb_key_from_password(type_of(18), password, salt, vectors[i].iterations, have));
        assert_memory_equal(have, want, 32);
    }
}

/* The salt's first 16 bytes are random ones of the KDC's choice. */
static void
test_from_password__of_rfc_8009_a__matches(void **state)
{
    static const char salt[] = "\x10\xdf\x9d\xd7\x83\xe5\xbc\x8a\xce\xa1\x73\x0e\x74\x35\x5f\x61"
                               "ATHENA.MIT.EDUraeburn";
    uint8_t have[KRB_KEY_MAX_BYTES];

    assert_true(krb_key_from_password(type_of(19), bytes_of_string("password"),
                                      bytes_of_string(salt), 0, have));
    assert_bytes_equal(bytes_of(have, 16), HEX("089bca48b105ea6ea77ca5d2f39dc5e7"));
    assert_true(krb_key_from_password(type_of(20), bytes_of_string("password"),
                                      bytes_of_string(salt), 0, have));
    assert_bytes_equal(bytes_of(have, 32), HEX("45bd806dbf6a833a9cffc1c94589a222367a79bc21c41371"
                                               "8906e9f578a78467"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_from_password__of_rfc_3962_b__matches),
        cmocka_unit_test(test_from_password__of_rfc_8009_a__matches),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
