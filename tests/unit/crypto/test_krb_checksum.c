/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 8009 appendix A; what MIT makes is in tests/peers/test_krb_crypt.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/krb_crypt.h"
#include "tests/support/hex.h"

static struct krb_key
key_of(int32_t enctype, const char *hex)
{
    uint8_t b[KRB_KEY_MAX_BYTES];
    struct krb_key key;

    assert_true(krb_key_set(&key, enctype, hex_into(b, sizeof(b), hex)));
    return key;
}

static void
test_checksum__of_rfc_8009_a__matches(void **state)
{
    static const struct {
        int32_t enctype;
        const char *key, *checksum;
    } vectors[] = {
        { KRB_AES128_SHA256, "3705d96080c17728a0e800eab6e0d23c",
          "d78367186643d67b411cba9139fc1dee" },
        { KRB_AES256_SHA384, "6d404d37faf79f9df0d33568d320669800eb4836472ea8a026d16b7182460c52",
          "45ee791567eefca37f4ac1e0222de80d43c3bfa06699672a" },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        struct krb_key key = key_of(vectors[i].enctype, vectors[i].key);
        struct bytes data = HEX("000102030405060708090a0b0c0d0e0f1011121314");
        uint8_t want[KRB_CHECKSUM_MAX_BYTES], have[KRB_CHECKSUM_MAX_BYTES];
        struct bytes out = hex_into(want, sizeof(want), vectors[i].checksum);
        struct krb_checksum_key k;

        assert_int_equal(krb_profile_of(key.enctype)->checksum_bytes, out.n);
        krb_checksum_key_init(&k, &key, 2);
        krb_checksum(&k, &data, 1, have);
        assert_memory_equal(have, want, out.n);
    }
}

static void
checksum_of(const struct krb_key *key, uint32_t usage, const struct bytes *parts, size_t n,
            uint8_t out[static KRB_CHECKSUM_MAX_BYTES])
{
    struct krb_checksum_key k;

    bytes_copy(out, (uint8_t[KRB_CHECKSUM_MAX_BYTES]){ 0 }, KRB_CHECKSUM_MAX_BYTES);
    krb_checksum_key_init(&k, key, usage);
    krb_checksum(&k, parts, n, out);
}

#define ENOUGH "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static void
test_checksum__of_parts__is_that_of_the_whole(void **state)
{
    static const int32_t enctypes[] = { 17, 18, 19, 20, 23 };
    uint8_t data[200];

    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 3);
    }
    for (size_t e = 0; e < SEC_ARRAY_LEN(enctypes); e++) {
        struct krb_key key;
        uint8_t whole[KRB_CHECKSUM_MAX_BYTES], parts[KRB_CHECKSUM_MAX_BYTES];

        assert_true(
            krb_key_set(&key, enctypes[e], bytes_of(data, krb_profile_of(enctypes[e])->key_bytes)));
        checksum_of(&key, 25, &(struct bytes){ data, sizeof(data) }, 1, whole);
        for (size_t at = 0; at <= sizeof(data); at++) {
            struct bytes cut[3] = { { data, at }, { NULL, 0 }, { data + at, sizeof(data) - at } };

            checksum_of(&key, 25, cut, 3, parts);
            assert_memory_equal(parts, whole, sizeof(whole));
        }
    }
}

static void
test_checksum__of_another_usage__is_another_but_for_what_rc4_renumbers(void **state)
{
    struct bytes data = bytes_of_string("data");
    struct krb_key aes = key_of(KRB_AES256_SHA1, ENOUGH);
    struct krb_key rc4 = key_of(KRB_RC4_HMAC, "000102030405060708090a0b0c0d0e0f");
    uint8_t have[2][40][KRB_CHECKSUM_MAX_BYTES];

    for (uint32_t usage = 0; usage < 40; usage++) {
        checksum_of(&aes, usage, &data, 1, have[0][usage]);
        checksum_of(&rc4, usage, &data, 1, have[1][usage]);
        for (uint32_t other = 0; other < usage; other++) {
            bool same = (usage == 8 && other == 3) || (usage == 23 && other == 13);

            assert_memory_not_equal(have[0][usage], have[0][other], 12);
            assert_int_equal(memcmp(have[1][usage], have[1][other], 16) == 0, same);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checksum__of_rfc_8009_a__matches),
        cmocka_unit_test(test_checksum__of_parts__is_that_of_the_whole),
        cmocka_unit_test(test_checksum__of_another_usage__is_another_but_for_what_rc4_renumbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
