/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 1320 A.5 (MD4), RFC 1321 A.5 (MD5), FIPS 180-2 B (SHA-256), RFC 2202 section 2 (HMAC-MD5),
 * CRC-32. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attributes.h"
#include "crypto/digest.h"
#include "tests/support/hex.h"

#define DIGITS_80 "12345678901234567890123456789012345678901234567890123456789012345678901234567890"

static const struct {
    const char *text, *md4, *md5;
} digests[] = {
    { "", "31d6cfe0d16ae931b73c59d7e0c089c0", "d41d8cd98f00b204e9800998ecf8427e" },
    { "a", "bde52cb31de33e46245e05fbdbd6fb24", "0cc175b9c0f1b6a831c399e269772661" },
    { "abc", "a448017aaf21d8525fc10ae87aa6729d", "900150983cd24fb0d6963f7d28e17f72" },
    { "message digest", "d9130a8164549fe818874806e1c7014b", "f96b697d7cb7938d525a2f31aaf161d0" },
    { "abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9",
      "c3fcd3d76192e4007dfb496cca67e13b" },
    { "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
      "043f8582f241db351ce627e153e7f0e4", "d174ab98d277d9f5a5611c2c9f419d9f" },
    { DIGITS_80, "e33b4ddc9c38f2199c3e7b164fcc0536", "57edf4a22be3c955ac49da2e2107b67a" },
};

static void
test_md4__of_rfc_1320__matches(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(digests); i++) {
        uint8_t want[MD4_BYTES], have[MD4_BYTES];

        hex_into(want, sizeof(want), digests[i].md4);
        digest_md4(bytes_of_string(digests[i].text), have);
        assert_memory_equal(have, want, sizeof(want));
    }
}

/* Whole, and in two parts cut at each place. */
static void
test_md5__of_rfc_1321__matches(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(digests); i++) {
        struct bytes text = bytes_of_string(digests[i].text);
        uint8_t want[MD5_BYTES], have[MD5_BYTES];

        hex_into(want, sizeof(want), digests[i].md5);
        for (size_t cut = 0; cut <= text.n; cut++) {
            const struct bytes parts[] = { bytes_of(text.p, cut),
                                           bytes_of(text.p + cut, text.n - cut) };

            digest_md5(parts, 2, have);
            assert_memory_equal(have, want, sizeof(want));
        }
    }
}

#define REPEATED_5(x)  x x x x x
#define REPEATED_50(x) REPEATED_5(REPEATED_5(x)) REPEATED_5(REPEATED_5(x))
#define REPEATED_80(x) REPEATED_50(x) REPEATED_5(x) REPEATED_5(REPEATED_5(x))

static const struct {
    const char *key, *data, *mac;
} macs[] = {
    { "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b", "Hi There",
      "9294727a3638bb1c13f48ef8158bfc9d" },
    { "Jefe", "what do ya want for nothing?", "750c783e6ab0b503eaa86e310a5db738" },
    { "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa", REPEATED_50("\xdd"),
      "56be34521d144c88dbb8c733f0e8b3f6" },
    { "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16"
      "\x17\x18\x19",
      REPEATED_50("\xcd"), "697eaf0aca3a3aea3a75164746ffaa79" },
    { "\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c", "Test With Truncation",
      "56461ef2342edc00f9bab995690efd4c" },
    { REPEATED_80("\xaa"), "Test Using Larger Than Block-Size Key - Hash Key First",
      "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd" },
    { REPEATED_80("\xaa"),
      "Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data",
      "6f630fad67cda0ee1fb1f562db3aa53e" },
};

static void
test_hmac_md5__of_rfc_2202__matches(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(macs); i++) {
        uint8_t want[MD5_BYTES], have[MD5_BYTES];
        struct hmac_md5_key key;
        struct hmac_md5 h;

        hex_into(want, sizeof(want), macs[i].mac);
        hmac_md5_key_init(&key, bytes_of_string(macs[i].key));
        /* A prepared key serves any number of times. */
        for (unsigned again = 0; again < 2; again++) {
            digest_hmac_md5_begin(&h, &key);
            digest_hmac_md5_add(&h, bytes_of_string(macs[i].data));
            digest_hmac_md5_end(&h, have);
            assert_memory_equal(have, want, sizeof(want));
        }
    }
}

static void
test_hmac_md5__in_one_go__is_the_same(void **state)
{
    struct bytes data = bytes_of_string(macs[2].data);
    uint8_t want[MD5_BYTES], have[MD5_BYTES];

    hex_into(want, sizeof(want), macs[2].mac);
    for (size_t cut = 0; cut <= data.n; cut++) {
        const struct bytes parts[] = { bytes_of(data.p, cut),
                                       bytes_of(data.p + cut, data.n - cut),
                                       { 0 } };

        digest_hmac_md5((const uint8_t *)macs[2].key, parts, SEC_ARRAY_LEN(parts), have);
        assert_memory_equal(have, want, sizeof(want));
    }
}

/* 4.2 of the HMAC: a digest that was ended holds nothing of its key. */
static void
test_hmac_md5__that_was_ended__is_wiped(void **state)
{
    static const struct hmac_md5 nothing;
    struct hmac_md5_key key;
    struct hmac_md5 h;
    uint8_t out[MD5_BYTES];

    hmac_md5_key_init(&key, bytes_of_string("Jefe"));
    digest_hmac_md5_begin(&h, &key);
    digest_hmac_md5_end(&h, out);
    assert_memory_equal(&h, &nothing, sizeof(h));
}

static void
test_crc32__of_its_check_value__matches(void **state)
{
    struct bytes data = bytes_of_string("123456789");

    assert_int_equal(digest_crc32(0, data), 0xCBF43926);
    assert_int_equal(digest_crc32(0, (struct bytes){ 0 }), 0);
    for (size_t cut = 0; cut <= data.n; cut++) {
        uint32_t crc = digest_crc32(0, bytes_of(data.p, cut));

        assert_int_equal(digest_crc32(crc, bytes_of(data.p + cut, data.n - cut)), 0xCBF43926);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_md4__of_rfc_1320__matches),
        cmocka_unit_test(test_md5__of_rfc_1321__matches),
        cmocka_unit_test(test_hmac_md5__of_rfc_2202__matches),
        cmocka_unit_test(test_hmac_md5__in_one_go__is_the_same),
        cmocka_unit_test(test_hmac_md5__that_was_ended__is_wiped),
        cmocka_unit_test(test_crc32__of_its_check_value__matches),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
