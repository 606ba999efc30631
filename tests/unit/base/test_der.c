/* SPDX-License-Identifier: Apache-2.0 */
/* DER: what is read, what is refused, and that what is written is the shortest form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/der.h"
#include "tests/support/hex.h"

static void
test_der_take__each_length_form_accepted_or_refused(void **state)
{
    static const struct {
        const char *name, *hex;
        enum wire_err err;
        size_t n;
    } cases[] = {
        { "empty", "0400", WIRE_OK, 0 },
        { "short form", "0402aabb", WIRE_OK, 2 },
        { "nothing", "", WIRE_SHORT, 0 },
        { "tag alone", "04", WIRE_SHORT, 0 },
        { "content cut", "0402aa", WIRE_SHORT, 0 },
        { "long form cut in the length", "0481", WIRE_SHORT, 0 },
        { "long form cut in the content", "048180aa", WIRE_SHORT, 0 },
        { "another tag", "0502aabb", WIRE_BAD_VALUE, 0 },
        { "X.690 8.1.3.6 indefinite", "0480aabb0000", WIRE_BAD_VALUE, 0 },
        { "X.690 8.1.3.5 c) reserved", "04ffaabb", WIRE_BAD_VALUE, 0 },
        { "X.690 10.1 one octet in two", "048102aabb", WIRE_BAD_VALUE, 0 },
        { "X.690 10.1 leading zero", "04820002aabb", WIRE_BAD_VALUE, 0 },
        { "five octets", "04850000000002aabb", WIRE_BAD_VALUE, 0 },
        { "five octets, large", "04850100000000aabb", WIRE_BAD_VALUE, 0 },
        { "length that would wrap 32 bits", "0484ffffffffaabb", WIRE_SHORT, 0 },
        { "X.690 8.1.2.4 high tag number", "1f0402aabb", WIRE_BAD_VALUE, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t in[64];
        struct wire_reader r = wire_reader_of(hex_into(in, sizeof(in), cases[i].hex));
        struct bytes got = der_take(&r, DER_OCTET_STRING);

        print_message("# %s\n", cases[i].name);
        assert_int_equal(wire_status(&r), cases[i].err);
        assert_int_equal(got.n, cases[i].n);
        assert_true((got.p != NULL) == (cases[i].err == WIRE_OK));
    }
}

static void
test_der_take_whole__any_tag_high_number_refused(void **state)
{
    struct wire_reader r = wire_reader_of(HEX("bf8102020500"));

    (void)state;
    assert_int_equal(der_take_whole(&r, 0).n, 0);
    assert_int_equal(wire_status(&r), WIRE_BAD_VALUE);
}

/* A tag of 0 is what ends an indefinite length, and nothing that an element can have. */
static void
test_der_take_whole__any_tag_0_refused(void **state)
{
    struct wire_reader r = wire_reader_of(HEX("0002abcd0500"));
    struct bytes got = der_take_whole(&r, 0);
    size_t n = 1;

    (void)state;
    assert_null(got.p);
    assert_int_equal(got.n, 0);
    assert_int_equal(wire_status(&r), WIRE_BAD_VALUE);
    r = wire_reader_of(HEX("0002abcd"));
    assert_int_equal(der_take_header(&r, 0, &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(wire_status(&r), WIRE_BAD_VALUE);
}

static void
test_der_take_whole__element_keeps_tag_and_length(void **state)
{
    struct wire_reader r = wire_reader_of(HEX("06062b06010505020401aa"));

    (void)state;
    assert_int_equal(der_peek(&r), DER_OID);
    assert_bytes_equal(der_take_whole(&r, DER_OID), HEX("06062b0601050502"));
    assert_bytes_equal(der_take_whole(&r, 0), HEX("0401aa"));
    assert_int_equal(der_peek(&r), 0);
    assert_int_equal(wire_finish(&r), WIRE_OK);
}

static void
test_der_enter__offset_of_an_error_counts_from_the_start(void **state)
{
    struct wire_reader r = wire_reader_of(HEX("3006a0040402aabb"));
    struct wire_reader sequence = der_enter(&r, DER_SEQUENCE);
    struct wire_reader field = der_enter(&sequence, DER_CONTEXT_0);

    (void)state;
    assert_int_equal(wire_offset(&field), 4);
    (void)der_take(&field, DER_OID);
    der_leave(&sequence, &field);
    der_leave(&r, &sequence);
    assert_int_equal(wire_status(&r), WIRE_BAD_VALUE);
    assert_int_equal(r.err_at, 4);
}

static void
test_der_leave__bytes_left_are_trailing(void **state)
{
    struct wire_reader r = wire_reader_of(HEX("3004040005000400"));
    struct wire_reader sequence = der_enter(&r, DER_SEQUENCE);

    (void)state;
    (void)der_take(&sequence, DER_OCTET_STRING);
    der_leave(&r, &sequence);
    assert_int_equal(wire_status(&r), WIRE_TRAILING);
    assert_int_equal(r.err_at, 4);
    assert_int_equal(wire_left(&r), 0);
}

/* An inner element must never see past its outer one. */
static void
test_der_enter__inner_length_past_outer_is_short(void **state)
{
    struct wire_reader r = wire_reader_of(HEX("30030403aabbcc"));
    struct wire_reader sequence = der_enter(&r, DER_SEQUENCE);

    (void)state;
    assert_null(der_take(&sequence, DER_OCTET_STRING).p);
    assert_int_equal(wire_status(&sequence), WIRE_SHORT);
}

static void
test_der_put__each_size_reads_back_in_the_shortest_form(void **state)
{
    static const size_t sizes[] = { 0, 1, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x10000, 0x123456 };
    static uint8_t contents[0x123456];

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct wire_writer w = wire_writer_growing(NULL, 0);
        struct wire_reader r;

        der_put(&w, DER_OCTET_STRING, bytes_of(contents, sizes[i]));
        assert_int_equal(wire_writer_status(&w), WIRE_OK);
        assert_int_equal(wire_written(&w).n, der_size(sizes[i]));
        r = wire_reader_of(wire_written(&w));
        assert_bytes_equal(der_take(&r, DER_OCTET_STRING), bytes_of(contents, sizes[i]));
        assert_int_equal(wire_finish(&r), WIRE_OK);
        wire_writer_clear(&w);
    }
}

static void
test_der_oid_text__table(void **state)
{
    static const struct {
        const char *hex, *text;
    } cases[] = {
        { "06062b0601050502", "1.3.6.1.5.5.2" },
        { "060a2b06010401823702020a", "1.3.6.1.4.1.311.2.2.10" },
        { "06092a864882f712010202", "1.2.840.48018.1.2.2" },
        { "0603883703", "2.999.3" },
        { "060100", "0.0" },
        { "0600", "?" },
        { "0402aabb", "?" },
        { "06022b80", "?" },   /* cut in an arc */
        { "06032b8001", "?" }, /* X.690 8.19.2: leading zeros */
        { "060c2bffffffffffffffffffff7f", "?" },
        { "061f2b8fffffff7f8fffffff7f8fffffff7f8fffffff7f8fffffff7f8fffffff7f",
          "1.3.4294967295.4294967295.4294967295.4294967295.4294967295…" },
        { "", "?" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[DER_OID_TEXT_BYTES];
        uint8_t in[64];

        der_oid_text(hex_into(in, sizeof(in), cases[i].hex), text);
        assert_string_equal(text, cases[i].text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_der_take__each_length_form_accepted_or_refused),
        cmocka_unit_test(test_der_take_whole__any_tag_high_number_refused),
        cmocka_unit_test(test_der_take_whole__any_tag_0_refused),
        cmocka_unit_test(test_der_take_whole__element_keeps_tag_and_length),
        cmocka_unit_test(test_der_enter__offset_of_an_error_counts_from_the_start),
        cmocka_unit_test(test_der_leave__bytes_left_are_trailing),
        cmocka_unit_test(test_der_enter__inner_length_past_outer_is_short),
        cmocka_unit_test(test_der_put__each_size_reads_back_in_the_shortest_form),
        cmocka_unit_test(test_der_oid_text__table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
