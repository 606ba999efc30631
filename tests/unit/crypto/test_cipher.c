/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 6229 (RC4), DES, and [MS-NLMP] 4.2.2's use of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attributes.h"
#include "crypto/cipher.h"
#include "tests/support/hex.h"

/* RFC 6229 section 2: the key stream at 0, 16 and 4096. */
static const struct {
    const char *key, *at_0, *at_16, *at_4096;
} streams[] = {
    { "0102030405", "b2396305f03dc027ccc3524a0a1118a8", "6982944f18fc82d589c403a47a0d0919",
      "ff25b58995996707e51fbdf08b34d875" },
    { "01020304050607", "293f02d47f37c9b633f2af5285feb46b", "e620f1390d19bd84e2e0fd752031afc1",
      "e74b0b9731227fd37c0ec08a47ddd8b8" },
    { "0102030405060708", "97ab8a1bf0afb96132f2f67258da15a8", "8263efdb45c4a18684ef87e6b19e5b09",
      "3fb46e2c8f0f068edce8cdcd7dfc5862" },
    { "0102030405060708090a0b0c0d0e0f10", "9ac7cc9a609d1ef7b2932899cde41b97",
      "5248c4959014126a6e8a84f11d1a9e1c", "a36a4c301ae8ac13610ccbc12256cacc" },
    { "833222772a", "80ad97bdc973df8a2e879e92a497efda", "20f060c2f2e5126501d3d4fea10d5fc0",
      "bf42c3018c2f7c66bfde524975768115" },
    { "ebb46227c6cc8b37641910833222772a", "720c94b63edf44e131d950ca211a5a30",
      "c366fdeacf9ca80436be7c358424d20b", "5bbeb4787d59e5373fdbea6c6f75c29b" },
};

enum { STREAM_BYTES = 4112 };

static void
assert_stream(const uint8_t *stream, const char *text)
{
    uint8_t want[16];

    hex_into(want, sizeof(want), text);
    assert_memory_equal(stream, want, sizeof(want));
}

/* In one call, and in calls of every length. */
static void
test_rc4__of_rfc_6229__matches(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(streams); i++) {
        uint8_t key[16], stream[STREAM_BYTES] = { 0 }, pieces[STREAM_BYTES] = { 0 };
        struct bytes k = hex_into(key, sizeof(key), streams[i].key);
        struct cipher_rc4 c;

        cipher_rc4_init(&c, k.p, k.n);
        cipher_rc4_crypt(&c, sizeof(stream), stream, stream);
        assert_stream(stream, streams[i].at_0);
        assert_stream(stream + 16, streams[i].at_16);
        assert_stream(stream + 4096, streams[i].at_4096);

        cipher_rc4_init(&c, k.p, k.n);
        for (size_t at = 0, n = 0; at < sizeof(pieces); at += n, n = (n + 1) % 70) {
            n = n < sizeof(pieces) - at ? n : sizeof(pieces) - at;
            cipher_rc4_crypt(&c, n, pieces + at, pieces + at);
        }
        assert_memory_equal(pieces, stream, sizeof(stream));
    }
}

static void
test_rc4_once__begins_its_stream_each_time(void **state)
{
    static const uint8_t nothing[16];
    struct bytes key = HEX("0102030405060708090a0b0c0d0e0f10");
    uint8_t out[16];

    for (unsigned i = 0; i < 2; i++) {
        cipher_rc4_once(key.p, out, nothing);
        assert_stream(out, streams[3].at_0);
    }
}

/* 56 bits of key in 7 bytes stand for DES's 8 with parity: 133457799bbcdff1, and two weak keys. */
static void
test_des7__of_known_values__matches(void **state)
{
    uint8_t out[8];

    cipher_des7(HEX("12695bc9b7b7f8").p, out, HEX("0123456789abcdef").p);
    assert_bytes_equal(bytes_of(out, 8), HEX("85e813540f0ab405"));
    cipher_des7(HEX("00000000000000").p, out, HEX("0000000000000000").p);
    assert_bytes_equal(bytes_of(out, 8), HEX("8ca64de9c1b123a7"));
    cipher_des7(HEX("ffffffffffffff").p, out, HEX("ffffffffffffffff").p);
    assert_bytes_equal(bytes_of(out, 8), HEX("7359b2163e4edc58"));
}

/* [MS-NLMP] 4.2.2.2.1: NTOWFv1 and the server's challenge. */
static void
test_desl__of_4_2_2__matches(void **state)
{
    uint8_t out[24];

    cipher_desl(HEX("a4f49c406510bdcab6824ee7c30fd852").p, out, HEX("0123456789abcdef").p);
    assert_bytes_equal(bytes_of(out, 24), HEX("67c43011f30298a2ad35ece64f16331c44bdbed927841f94"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rc4__of_rfc_6229__matches),
        cmocka_unit_test(test_rc4_once__begins_its_stream_each_time),
        cmocka_unit_test(test_des7__of_known_values__matches),
        cmocka_unit_test(test_desl__of_4_2_2__matches),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
