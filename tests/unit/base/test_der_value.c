/* SPDX-License-Identifier: Apache-2.0 */
/* Values in DER: numbers, flags and times, what is refused, and elements closed after their
 * contents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/der.h"
#include "base/mem.h"
#include "tests/support/hex.h"

enum { REFUSED = 0, TAKEN = 1 };

static const struct {
    const char *name, *hex;
    int signed_32, unsigned_32, either;
    int64_t value;
} integers[] = {
    { "X.690 8.3: 0", "020100", TAKEN, TAKEN, TAKEN, 0 },
    { "127", "02017f", TAKEN, TAKEN, TAKEN, 127 },
    { "128", "02020080", TAKEN, TAKEN, TAKEN, 128 },
    { "-1", "0201ff", TAKEN, REFUSED, TAKEN, -1 },
    { "-128", "020180", TAKEN, REFUSED, TAKEN, -128 },
    { "-129", "0202ff7f", TAKEN, REFUSED, TAKEN, -129 },
    { "2^31 - 1", "02047fffffff", TAKEN, TAKEN, TAKEN, INT32_MAX },
    { "2^31", "02050080000000", REFUSED, TAKEN, TAKEN, INT64_C(0x80000000) },
    { "-2^31", "020480000000", TAKEN, REFUSED, TAKEN, INT32_MIN },
    { "-2^31 - 1", "0205ff7fffffff", REFUSED, REFUSED, REFUSED, 0 },
    { "2^32 - 1", "020500ffffffff", REFUSED, TAKEN, TAKEN, UINT32_MAX },
    { "2^32", "02050100000000", REFUSED, REFUSED, REFUSED, 0 },
    { "six octets", "0206000000000001", REFUSED, REFUSED, REFUSED, 0 },
    { "2^64 - 1", "020900ffffffffffffffff", REFUSED, REFUSED, REFUSED, 0 },
    { "no octet", "0200", REFUSED, REFUSED, REFUSED, 0 },
    { "X.690 8.3.2: 1 in two octets", "02020001", REFUSED, REFUSED, REFUSED, 0 },
    { "X.690 8.3.2: -1 in two octets", "0202ffff", REFUSED, REFUSED, REFUSED, 0 },
    { "an ENUMERATED", "0a0100", REFUSED, REFUSED, REFUSED, 0 },
    { "cut", "020200", REFUSED, REFUSED, REFUSED, 0 },
    { "nothing", "", REFUSED, REFUSED, REFUSED, 0 },
};

static void
check_taken(const struct wire_reader *r, int taken, int64_t have, int64_t want)
{
    assert_int_equal(wire_status(r) == WIRE_OK, taken);
    assert_int_equal(have, taken ? want : 0);
    if (wire_status(r) == WIRE_BAD_VALUE) {
        assert_int_equal(r->err_at, 0); /* where the element begins */
    }
}

static void
test_der_take_int__each_accepted_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(integers); i++) {
        uint8_t room[16];
        struct bytes in = hex_into(room, sizeof(room), integers[i].hex);
        struct wire_reader a = wire_reader_of(in), b = a, c = a;

        print_message("# %s\n", integers[i].name);
        check_taken(&a, integers[i].signed_32, der_take_int32(&a), integers[i].value);
        check_taken(&b, integers[i].unsigned_32, der_take_uint32(&b), integers[i].value);
        check_taken(&c, integers[i].either, der_take_uint32_or_negative(&c),
                    (uint32_t)integers[i].value);
    }
}

static void
test_der_put_int__shortest_and_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(integers); i++) {
        uint8_t room[16], out[16];
        struct bytes in = hex_into(room, sizeof(room), integers[i].hex);

        if (integers[i].signed_32) {
            struct wire_writer w = wire_writer_fixed(out, sizeof(out));

            der_put_int32(&w, (int32_t)integers[i].value);
            assert_bytes_equal(wire_written(&w), in);
        }
        if (integers[i].unsigned_32) {
            struct wire_writer w = wire_writer_fixed(out, sizeof(out));

            der_put_uint32(&w, (uint32_t)integers[i].value);
            assert_bytes_equal(wire_written(&w), in);
        }
    }
}

static void
test_der_take_flags32__bits_from_the_left(void **state)
{
    static const struct {
        const char *name, *hex;
        enum wire_err err;
        uint32_t flags;
    } cases[] = {
        { "RFC 4120 5.2.8: 32 bits", "03050040800000", WIRE_OK, 0x40800000 },
        { "all", "030500ffffffff", WIRE_OK, UINT32_MAX },
        { "none at all", "030100", WIRE_OK, 0 },
        { "fewer", "03020640", WIRE_OK, 0x40000000 },
        { "more: passed by", "0307004000000000ff", WIRE_OK, 0x40000000 },
        { "more, not whole octets", "0306044000000070", WIRE_OK, 0x40000000 },
        { "no octet", "0300", WIRE_BAD_VALUE, 0 },
        { "X.690 8.6.2.2: eight unused", "0305084000000000", WIRE_BAD_VALUE, 0 },
        { "X.690 8.6.2.3: unused bits of nothing", "030101", WIRE_BAD_VALUE, 0 },
        { "X.690 11.2.1: an unused bit that is set", "0302067f", WIRE_BAD_VALUE, 0 },
        { "an OCTET STRING", "04050040800000", WIRE_BAD_VALUE, 0 },
        { "cut", "030500408000", WIRE_SHORT, 0 },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        uint8_t room[16];
        struct wire_reader r = wire_reader_of(hex_into(room, sizeof(room), cases[i].hex));

        print_message("# %s\n", cases[i].name);
        assert_int_equal(der_take_flags32(&r), cases[i].flags);
        assert_int_equal(wire_status(&r), cases[i].err);
    }
}

static void
test_der_put_flags32__thirty_two_bits(void **state)
{
    uint8_t out[16];
    struct wire_writer w = wire_writer_fixed(out, sizeof(out));

    (void)state;
    der_put_flags32(&w, 0x40810001);
    assert_bytes_equal(wire_written(&w), HEX("03050040810001"));
}

static uint64_t
take_time(const char *text, enum wire_err *err)
{
    uint8_t room[32];
    struct wire_writer w = wire_writer_fixed(room, sizeof(room));
    struct wire_reader r;
    uint64_t time_100ns;

    der_put(&w, DER_GENERALIZED_TIME, bytes_of_string(text));
    r = wire_reader_of(wire_written(&w));
    time_100ns = der_take_time_100ns(&r);
    *err = wire_status(&r);
    return time_100ns;
}

static void
test_der_take_time__calendar(void **state)
{
    static const struct {
        const char *text;
        int64_t unix_seconds;
    } good[] = {
        { "19700101000000Z", 0 },
        { "19851106210627Z", 500159187 }, /* RFC 4120 5.2.3's example */
        { "20000229235959Z", 951868799 },
        { "20240229120000Z", 1709208000 },
        { "20370913024805Z", 2136422885 }, /* Windows' end of time */
        { "20380119031408Z", INT64_C(2147483648) },
        { "21060207062816Z", INT64_C(4294967296) },
        { "16010101000001Z", INT64_C(-11644473599) },
        { "99991231235959Z", INT64_C(253402300799) },
    };
    static const char *const bad[] = {
        "16010101000000Z",
        "16001231235959Z",
        "00000101000000Z",
        "20230229000000Z",
        "21000229000000Z",
        "20240230000000Z",
        "20240431000000Z",
        "20240001000000Z",
        "20241301000000Z",
        "20240100000000Z",
        "20240132000000Z",
        "20240101240000Z",
        "20240101006000Z",
        "20240101000060Z",
        "20240101000000",
        "2024010100000Z",
        "202401010000Z",
        "20240101000000.5Z",
        "20240101000000+00",
        "20240101000000z",
        "2024010100000:Z",
        "2024-1-1000000Z",
        "",
        "20240101000000ZZ",
        "\xB2"
        "0240101000000Z",
    };
    enum wire_err err;

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(good); i++) {
        uint8_t out[32];
        struct wire_writer w = wire_writer_fixed(out, sizeof(out));

        print_message("# %s\n", good[i].text);
        assert_int_equal(clock_to_unix(take_time(good[i].text, &err)), good[i].unix_seconds);
        assert_int_equal(err, WIRE_OK);
        der_put_time_100ns(&w, clock_from_unix(good[i].unix_seconds) + 9999999);
        assert_memory_equal(out + 2, good[i].text, 15);
        assert_int_equal(w.len, 17);
    }
    for (size_t i = 0; i < SEC_ARRAY_LEN(bad); i++) {
        print_message("# %s\n", bad[i]);
        assert_int_equal(take_time(bad[i], &err), 0);
        assert_int_equal(err, WIRE_BAD_VALUE);
    }
}

static void
test_der_put_time__every_day_comes_back(void **state)
{
    (void)state;
    for (uint64_t day = 1; day < UINT64_C(3067671); day++) { /* to the end of 9999 */
        uint64_t want = (day * 86400 + day % 86400) * CLOCK_SECOND_100NS;
        uint8_t out[32];
        struct wire_writer w = wire_writer_fixed(out, sizeof(out));
        struct wire_reader r;

        der_put_time_100ns(&w, want);
        r = wire_reader_of(wire_written(&w));
        if (der_take_time_100ns(&r) != want) {
            fail_msg("day %u: %.15s", (unsigned)day, (const char *)out + 2);
        }
    }
}

static void
test_der_put_time__past_the_last_year_saturates(void **state)
{
    uint8_t out[32];
    struct wire_writer w = wire_writer_fixed(out, sizeof(out));

    (void)state;
    der_put_time_100ns(&w, UINT64_MAX);
    assert_memory_equal(out + 2, "99991231235959Z", 15);
}

static void
test_der_close__each_size_as_der_put_has_it(void **state)
{
    static const size_t sizes[] = { 0, 1, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x10000 };
    static uint8_t contents[0x10000];

    (void)state;
    for (size_t i = 0; i < sizeof(contents); i++) {
        contents[i] = (uint8_t)(i * 7);
    }
    for (size_t i = 0; i < SEC_ARRAY_LEN(sizes); i++) {
        struct bytes inner = bytes_of(contents, sizes[i]);
        struct wire_writer want = wire_writer_growing(NULL, 0);
        struct wire_writer have = wire_writer_growing(NULL, 0);
        struct wire_writer measured = wire_writer_measuring();

        wire_put_u8(&want, 0xAA);
        der_put_header(&want, DER_SEQUENCE, der_size(inner.n));
        der_put(&want, DER_OCTET_STRING, inner);
        for (unsigned pass = 0; pass < 2; pass++) {
            struct wire_writer *w = pass ? &measured : &have;
            size_t sequence, octets;

            wire_put_u8(w, 0xAA);
            sequence = der_open(w, DER_SEQUENCE);
            octets = der_open(w, DER_OCTET_STRING);
            wire_put_bytes(w, inner);
            der_close(w, octets);
            der_close(w, sequence);
            assert_int_equal(wire_writer_status(w), WIRE_OK);
        }
        assert_bytes_equal(wire_written(&have), wire_written(&want));
        assert_int_equal(measured.len, want.len);
        wire_writer_clear(&want);
        wire_writer_clear(&have);
    }
}

static void
test_der_close__no_space_is_an_error(void **state)
{
    uint8_t out[131];

    (void)state;
    for (size_t room = 0; room <= sizeof(out); room++) {
        struct wire_writer w = wire_writer_fixed(out, room);
        size_t mark = der_open(&w, DER_OCTET_STRING);

        wire_put_zero(&w, 128);
        der_close(&w, mark);
        assert_int_equal(wire_writer_status(&w), room == sizeof(out) ? WIRE_OK : WIRE_NO_SPACE);
    }
}

static void
test_der_take_header__contents_need_not_be_there(void **state)
{
    struct wire_reader r = wire_reader_of(HEX("6082ffff01"));
    size_t n;

    (void)state;
    assert_int_equal(der_take_header(&r, 0, &n), 0x60);
    assert_int_equal(n, 0xFFFF);
    assert_int_equal(wire_left(&r), 1);
    r = wire_reader_of(HEX("6082ff"));
    assert_int_equal(der_take_header(&r, 0, &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(wire_status(&r), WIRE_SHORT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_der_take_int__each_accepted_or_refused),
        cmocka_unit_test(test_der_put_int__shortest_and_back),
        cmocka_unit_test(test_der_take_flags32__bits_from_the_left),
        cmocka_unit_test(test_der_put_flags32__thirty_two_bits),
        cmocka_unit_test(test_der_take_time__calendar),
        cmocka_unit_test(test_der_put_time__every_day_comes_back),
        cmocka_unit_test(test_der_put_time__past_the_last_year_saturates),
        cmocka_unit_test(test_der_close__each_size_as_der_put_has_it),
        cmocka_unit_test(test_der_close__no_space_is_an_error),
        cmocka_unit_test(test_der_take_header__contents_need_not_be_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
