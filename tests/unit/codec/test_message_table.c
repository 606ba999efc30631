/* SPDX-License-Identifier: Apache-2.0 */
/* Messages by tables of fields: a format of no use that has every form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/message_table.h"
#include "tests/support/hex.h"
#include "tests/support/mutate.h"

enum { NUMBERS = 1, BYTES, COUNTED, STRINGS, EMPTY, ROOM = 256, BYTES_MAX = 96 };

struct sample {
    uint8_t type, u8;
    uint16_t u16, id;
    uint32_t u32;
    uint64_t u64;
    bool flag;
    struct bytes bytes, key, text, counted, rest;
    uint8_t fixed[3];
    const char *string, *or_null;
    struct message_strings strings;
    struct message_numbers numbers;
    struct message_fault fault;
};

#define NUMBER(form, member) MESSAGE_NUMBER(struct sample, form, member)
#define FIELD(form, member, least, most) \
    MESSAGE_FIELD(struct sample, form, member, .min = (least), .max = (most))

static bool
is_odd(const void *member)
{
    const uint16_t *u16 = member;

    return *u16 % 2;
}

static const struct message_field *const types[] = {
    [NUMBERS] = MESSAGE_FIELDS(FIELD(U8, u8, 2, 4),
                               MESSAGE_FIELD(struct sample, U16, u16, .max = 9, .is_valid = is_odd),
                               NUMBER(U32, u32), NUMBER(U64, u64), NUMBER(FLAG, flag)),
    [BYTES] = MESSAGE_FIELDS(FIELD(BYTES, bytes, 1, 2), FIELD(BYTES_OR_NONE, key, 2, 2),
                             FIELD(TEXT, text, 0, 3), FIELD(REST, rest, 1, 4)),
    [COUNTED] =
        MESSAGE_FIELDS(FIELD(COUNTED, counted, 1, 3), MESSAGE_IN_PLACE(struct sample, fixed)),
    [STRINGS] = MESSAGE_FIELDS(FIELD(STRING, string, 0, 3), FIELD(STRING_OR_NULL, or_null, 0, 3),
                               FIELD(STRINGS, strings, 0, 3), NUMBER(NUMBERS, numbers)),
    [EMPTY] = MESSAGE_NO_FIELDS,
};
static const struct message_format format =
    MESSAGE_FORMAT(struct sample, types, MESSAGE_FIELDS(NUMBER(U16, id)), BYTES_MAX);

static const struct {
    const char *bytes;
    enum wire_err err; /* WIRE_OK: its encoding is the same bytes again */
    const char *field;
    uint32_t at;
} frames[] = {
    { "01 0201 03 0700 04030201 0807060504030201 01", WIRE_OK, NULL, 0 },
    { "02 0201 0100 61 0000 0000 62", WIRE_OK, NULL, 0 },
    { "02 0201 0200 0000 0200 0000 0300 616263 61626300", WIRE_OK, NULL, 0 },
    { "03 0201 03000000 616200 010203", WIRE_OK, NULL, 0 },
    { "04 0201 0300 616263 00 01 0000 00 0200 0000 00 0100 61 00 0200 01000000 ffffffff", WIRE_OK,
      NULL, 0 },
    { "04 0201 0000 00 00 0000 0000", WIRE_OK, NULL, 0 },
    { "05 0201", WIRE_OK, NULL, 0 },
    { "", WIRE_SHORT, "type", 0 },
    { "05 02", WIRE_SHORT, "type", 1 },
    { "00 0201", WIRE_BAD_VALUE, "type", 0 },
    { "06 0201", WIRE_BAD_VALUE, "type", 0 },
    { "05 0201 00", WIRE_TRAILING, "end", 3 },
    { "01 0201 01 0700 04030201 0807060504030201 01", WIRE_BAD_VALUE, "u8", 3 },
    { "01 0201 05 0700 04030201 0807060504030201 01", WIRE_BAD_VALUE, "u8", 3 },
    { "01 0201 03 0b00 04030201 0807060504030201 01", WIRE_BAD_VALUE, "u16", 4 },
    { "01 0201 03 0600 04030201 0807060504030201 01", WIRE_BAD_VALUE, "u16", 4 },
    { "01 0201 03 0700 04030201 0807060504030201 02", WIRE_BAD_VALUE, "flag", 18 },
    { "01 0201 03 0700 040302", WIRE_SHORT, "u32", 6 },
    { "02 0201 0000 0000 0000 62", WIRE_SHORT, "bytes", 3 },
    { "02 0201 0300 616161 0000 0000 62", WIRE_LIMIT, "bytes", 3 },
    { "02 0201 0200 61", WIRE_SHORT, "bytes", 5 },
    { "02 0201 0100 61 0100 61 0000 62", WIRE_SHORT, "key", 6 },
    { "02 0201 0100 61 0300 616161 0000 62", WIRE_LIMIT, "key", 6 },
    { "02 0201 0100 61 0000 0200 6100 62", WIRE_BAD_VALUE, "text", 8 },
    { "02 0201 0100 61 0000 0000", WIRE_SHORT, "rest", 10 },
    { "02 0201 0100 61 0000 0000 6162636465", WIRE_LIMIT, "rest", 10 },
    { "03 0201 00000000 010203", WIRE_SHORT, "counted", 3 },
    { "03 0201 04000000 61626364 010203", WIRE_LIMIT, "counted", 3 },
    { "03 0201 01000000 61 0102", WIRE_SHORT, "fixed", 8 },
    { "04 0201 0400 61626364 00 00 0000 0000", WIRE_LIMIT, "string", 3 },
    { "04 0201 0100 61 61 00 0000 0000", WIRE_BAD_VALUE, "string", 3 },
    { "04 0201 0200 6100 00 00 0000 0000", WIRE_BAD_VALUE, "string", 3 },
    { "04 0201 0000 00 02 0000 0000", WIRE_BAD_VALUE, "or_null", 6 },
    { "04 0201 0000 00 01 0100 6161 0000 0000", WIRE_BAD_VALUE, "or_null", 7 },
    { "04 0201 0000 00 00 0200 0000 00 0400 61626364 00 0000", WIRE_LIMIT, "strings", 12 },
    { "04 0201 0000 00 00 ffff 0000 00", WIRE_SHORT, "strings", 12 },
    { "04 0201 0000 00 00 0000 0200 01000000", WIRE_SHORT, "numbers", 11 },
};

/* But for the fault, not a byte is left. */
static void
assert_refused(const struct sample *m, struct bytes in)
{
    static const struct sample nothing;
    struct sample rest = *m;

    assert_non_null(m->fault.field);
    assert_true(m->fault.at <= in.n);
    rest.fault = nothing.fault;
    assert_memory_equal(&rest, &nothing, sizeof(rest));
}

static void
assert_round_trip(const struct sample *m, struct bytes in)
{
    uint8_t out[ROOM];
    struct wire_writer w = wire_writer_fixed(out, sizeof(out));

    assert_null(m->fault.field);
    assert_int_equal(message_encode(&format, &w, m), WIRE_OK);
    assert_int_equal(wire_load_le32(out), in.n);
    assert_bytes_equal(bytes_of(out + MESSAGE_LENGTH_BYTES, w.len - MESSAGE_LENGTH_BYTES), in);
}

static void
test_message_decode__each_frame__is_taken_whole_or_names_its_fault(void **state)
{
    uint8_t room[ROOM];
    struct sample m;

    for (size_t i = 0; i < SEC_ARRAY_LEN(frames); i++) {
        struct bytes in = hex_into(room, sizeof(room), frames[i].bytes);

        print_message("%s\n", frames[i].bytes);
        assert_int_equal(message_decode(&format, &m, in), frames[i].err);
        if (frames[i].err == WIRE_OK) {
            assert_int_equal(m.id, 0x0102);
            assert_round_trip(&m, in);
        } else {
            assert_refused(&m, in);
            assert_string_equal(m.fault.field, frames[i].field);
            assert_int_equal(m.fault.at, frames[i].at);
        }
    }
}

static void
try(struct bytes in, size_t at, void *user)
{
    struct sample m;

    if (message_decode(&format, &m, in) == WIRE_OK) {
        assert_round_trip(&m, in);
    } else {
        assert_refused(&m, in);
    }
}

static void
test_message_decode__prefixes_and_flips__are_refused_or_another_message(void **state)
{
    uint8_t room[ROOM];

    for (size_t i = 0; i < SEC_ARRAY_LEN(frames); i++) {
        mutate_prefixes(hex_into(room, sizeof(room), frames[i].bytes), try, NULL);
        mutate_bytes(hex_into(room, sizeof(room), frames[i].bytes), try, NULL);
    }
}

static void
test_message_decode__every_form__gives_its_member(void **state)
{
    uint8_t room[ROOM];
    const char *strings[2];
    uint32_t numbers[2];
    struct sample m;

    assert_int_equal(message_decode(&format, &m, hex_into(room, ROOM, frames[0].bytes)), WIRE_OK);
    assert_true(m.u8 == 3 && m.u16 == 7 && m.u32 == 0x01020304 && m.flag);
    assert_int_equal(m.u64, UINT64_C(0x0102030405060708));
    assert_int_equal(message_decode(&format, &m, hex_into(room, ROOM, frames[2].bytes)), WIRE_OK);
    assert_bytes_equal(m.bytes, bytes_of("\0\0", 2));
    assert_bytes_equal(m.key, bytes_of("\0\0", 2));
    assert_bytes_equal(m.text, bytes_of_string("abc"));
    assert_bytes_equal(m.rest, bytes_of("abc", 4));
    assert_int_equal(message_decode(&format, &m, hex_into(room, ROOM, frames[3].bytes)), WIRE_OK);
    assert_bytes_equal(m.counted, bytes_of("ab", 3));
    assert_memory_equal(m.fixed, "\1\2\3", 3);
    assert_int_equal(message_decode(&format, &m, hex_into(room, ROOM, frames[4].bytes)), WIRE_OK);
    assert_string_equal(m.string, "abc");
    assert_string_equal(m.or_null, "");
    assert_int_equal(m.strings.n, 2);
    message_strings_fill(&m.strings, strings);
    assert_string_equal(strings[0], "");
    assert_string_equal(strings[1], "a");
    assert_int_equal(m.numbers.n, 2);
    message_numbers_fill(&m.numbers, numbers);
    assert_true(numbers[0] == 1 && numbers[1] == UINT32_MAX);
}

static enum wire_err
encode(const struct sample *m)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);

    return message_encode(&format, &w, m);
}

static void
test_message_encode__what_decoding_would_refuse__is_said(void **state)
{
    static const uint8_t much[BYTES_MAX];
    static const char *const items[] = { "a", "abcd" };
    struct sample m = { .type = NUMBERS, .u8 = 2, .u16 = 1 };

    assert_int_equal(encode(&m), WIRE_OK);
    m.u8 = 1;
    assert_int_equal(encode(&m), WIRE_BAD_VALUE);
    m = (struct sample){ .type = NUMBERS, .u8 = 2, .u16 = 2 };
    assert_int_equal(encode(&m), WIRE_BAD_VALUE);
    m = (struct sample){ .type = BYTES, .bytes = bytes_of("", 1) };
    assert_int_equal(encode(&m), WIRE_SHORT);
    m.rest = bytes_of(much, 5);
    assert_int_equal(encode(&m), WIRE_LIMIT);
    m = (struct sample){ .type = STRINGS, .string = "abcd" };
    assert_int_equal(encode(&m), WIRE_LIMIT);
    m = (struct sample){ .type = STRINGS, .string = "", .strings = { .items = items, .n = 1 } };
    assert_int_equal(encode(&m), WIRE_OK);
    m.strings.n = 2;
    assert_int_equal(encode(&m), WIRE_LIMIT);
    m.strings = (struct message_strings){ .n = UINT16_MAX + 1 };
    assert_int_equal(encode(&m), WIRE_LIMIT);
    m.strings.n = 0;
    m.numbers = (struct message_numbers){ .n = UINT16_MAX + 1 };
    assert_int_equal(encode(&m), WIRE_LIMIT);
    m = (struct sample){ .type = EMPTY + 1 };
    assert_int_equal(encode(&m), WIRE_BAD_VALUE);
    m.type = 0;
    assert_int_equal(encode(&m), WIRE_BAD_VALUE);
}

/* Of fields that may be, more than a frame has room for. */
static void
test_message__a_frame_too_long__is_a_limit(void **state)
{
    static const uint32_t numbers[BYTES_MAX / 4];
    uint8_t in[BYTES_MAX + 1] = { BYTES };
    struct sample m = { .type = STRINGS, .string = "", .numbers = { .items = numbers } };

    m.numbers.n = (BYTES_MAX - 11) / 4;
    assert_int_equal(encode(&m), WIRE_OK);
    m.numbers.n++;
    assert_int_equal(encode(&m), WIRE_LIMIT);
    assert_int_equal(message_decode(&format, &m, bytes_of(in, sizeof(in))), WIRE_LIMIT);
    assert_refused(&m, bytes_of(in, sizeof(in)));
    assert_string_equal(m.fault.field, "frame");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message_decode__each_frame__is_taken_whole_or_names_its_fault),
        cmocka_unit_test(test_message_decode__prefixes_and_flips__are_refused_or_another_message),
        cmocka_unit_test(test_message_decode__every_form__gives_its_member),
        cmocka_unit_test(test_message_encode__what_decoding_would_refuse__is_said),
        cmocka_unit_test(test_message__a_frame_too_long__is_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
