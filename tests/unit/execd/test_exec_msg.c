/* SPDX-License-Identifier: Apache-2.0 */
/* The messages between sspid and opensspi-execd: their bytes, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "execd/exec_msg.h"
#include "tests/support/message_vectors.h"

enum { ROOM = 256 };

#define TEXT(s)                             \
    {                                       \
        (const uint8_t *)(s), sizeof(s) - 1 \
    }

struct vector {
    const char *name, *bytes; /* without the length */
    struct exec_msg message;
};

/* docs/INTERFACES.md, message by message. */
static const struct vector vectors[] = {
    { "START",
      "01 02000000 07c8 0200 6964 0500 616c696365 0300 574731 0100 61 0500 532d312d31 0400 "
      "4e544c4d "
      "0900 3132372e302e302e31 0200 6666 04000000 05040000",
      { .type = EXEC_MSG_START,
        .version = 2,
        .port = 51207,
        .command = TEXT("id"),
        .user = TEXT("alice"),
        .domain = TEXT("WG1"),
        .unix_user = TEXT("a"),
        .sid = TEXT("S-1-1"),
        .package = TEXT("NTLM"),
        .address = TEXT("127.0.0.1"),
        .assertion = TEXT("ff"),
        .credentials = TEXT("\5\4\0\0") } },
    { "START, nobody",
      "01 02000000 0000 0100 78 0000 0000 0000 0000 0000 0000 0000 00000000",
      { .type = EXEC_MSG_START, .version = 2, .command = TEXT("x") } },
    { "STARTED",
      "20 02000000 e8030000 03000000",
      { .type = EXEC_MSG_STARTED, .version = 2, .process = 1000, .descriptors = 3 } },
    { "REFUSED",
      "21 03000000 0300 776879",
      { .type = EXEC_MSG_REFUSED, .refusal = EXEC_MSG_NOT_PERMITTED, .reason = TEXT("why") } },
    { "EXITED", "22 00 03000000", { .type = EXEC_MSG_EXITED, .status = 3 } },
    { "EXITED, killed", "22 01 09000000", { .type = EXEC_MSG_EXITED, .signaled = 1, .status = 9 } },
};

static enum wire_err
decode(void *message, struct bytes in)
{
    return exec_msg_decode(message, in);
}

static enum wire_err
encode(struct wire_writer *w, const void *message)
{
    return exec_msg_encode(w, message) ? WIRE_OK : WIRE_BAD_VALUE;
}

static const struct message_subject subject = { &exec_msg_format, decode, encode };

static void
test_exec_msg__each_vector__both_ways_cut_and_changed(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        message_check_vector(&subject, vectors[i].name, vectors[i].bytes, &vectors[i].message);
    }
}

static const struct message_refusal refusals[] = {
    { "", WIRE_SHORT, "type", 0 },
    { "00", WIRE_BAD_VALUE, "type", 0 },
    { "02", WIRE_BAD_VALUE, "type", 0 },
    { "1f", WIRE_BAD_VALUE, "type", 0 },
    { "23", WIRE_BAD_VALUE, "type", 0 },
    { "22 02 00000000", WIRE_BAD_VALUE, "signaled", 1 },
    { "22 00 00010000", WIRE_BAD_VALUE, "status", 2 },
    { "22 00 00000000 00", WIRE_TRAILING, "end", 6 },
    { "20 01000000 00000000 03000000", WIRE_BAD_VALUE, "process", 5 },
    { "20 01000000 00000080 03000000", WIRE_BAD_VALUE, "process", 5 },
    { "20 01000000 01000000 04000000", WIRE_BAD_VALUE, "descriptors", 9 },
    { "20 01000000 01000000 01000000", WIRE_BAD_VALUE, "descriptors", 9 },
    { "21 00000000 0000", WIRE_BAD_VALUE, "refusal", 1 },
    { "21 07000000 0000", WIRE_BAD_VALUE, "refusal", 1 },
    { "21 01000000 0200 6100", WIRE_BAD_VALUE, "reason", 5 },
    { "21 01000000 0300 6161", WIRE_SHORT, "reason", 7 },
    { "01 02000000 0000 0100 78 0000 0000 0000 0000 0000 0000 0000 01000100", WIRE_SHORT,
      "credentials", 28 },
    { "01 01000000 0000 0000", WIRE_BAD_VALUE, "command", 7 },
    { "01 01000000 0000 0300 610061", WIRE_BAD_VALUE, "command", 7 },
};

static void
test_exec_msg_decode__refused(void **state)
{
    message_check_refusals(&subject, refusals, SEC_ARRAY_LEN(refusals));
}

static void
test_exec_msg__longest_and_longer(void **state)
{
    static uint8_t long_text[EXEC_MSG_TEXT_MAX + 1], out[EXEC_MSG_BYTES_MAX];
    struct exec_msg m = { .type = EXEC_MSG_START, .command = TEXT("x") }, read;

    (void)state;
    for (size_t i = 0; i < sizeof(long_text); i++) {
        long_text[i] = 'a';
    }
    for (size_t more = 0; more < 2; more++) {
        struct wire_writer w = wire_writer_fixed(out, sizeof(out));

        m.address = bytes_of(long_text, EXEC_MSG_TEXT_MAX + more);
        m.sid = bytes_of(long_text, EXEC_MSG_TEXT_MAX);
        assert_int_equal(exec_msg_encode(&w, &m), !more);
        m.address.n = EXEC_MSG_TEXT_MAX;
        m.sid.n += more;
        w = wire_writer_fixed(out, sizeof(out));
        assert_int_equal(exec_msg_encode(&w, &m), !more);
        if (!more) {
            assert_int_equal(
                exec_msg_decode(&read, bytes_of(out + EXEC_MSG_LENGTH_BYTES, w.len - 4)), WIRE_OK);
            assert_int_equal(read.sid.n, EXEC_MSG_TEXT_MAX);
        }
    }
    assert_int_equal(exec_msg_decode(&read, bytes_of(out, EXEC_MSG_BYTES_MAX + 1)), WIRE_LIMIT);
    assert_string_equal(read.fault.field, "frame");
}

static void
test_exec_msg__most_credentials_and_more(void **state)
{
    static uint8_t long_bytes[EXEC_MSG_CREDENTIALS_MAX + 1], out[EXEC_MSG_BYTES_MAX];
    struct exec_msg m = { .type = EXEC_MSG_START, .command = TEXT("x") }, read;
    struct wire_writer w = wire_writer_fixed(out, sizeof(out));
    struct bytes frame;

    (void)state;
    m.credentials = bytes_of(long_bytes, EXEC_MSG_CREDENTIALS_MAX);
    assert_true(exec_msg_encode(&w, &m));
    frame = bytes_of(out + EXEC_MSG_LENGTH_BYTES, w.len - EXEC_MSG_LENGTH_BYTES);
    assert_int_equal(exec_msg_decode(&read, frame), WIRE_OK);
    assert_int_equal(read.credentials.n, EXEC_MSG_CREDENTIALS_MAX);
    /* One more, by hand: its length stands before it. */
    wire_store_le32(out + w.len - EXEC_MSG_CREDENTIALS_MAX - 4, EXEC_MSG_CREDENTIALS_MAX + 1);
    frame.n++;
    assert_int_equal(exec_msg_decode(&read, frame), WIRE_LIMIT);
    assert_string_equal(read.fault.field, "credentials");
    m.credentials.n++;
    w = wire_writer_fixed(out, sizeof(out));
    assert_false(exec_msg_encode(&w, &m));
}

static void
test_exec_msg_encode__a_text_with_a_nul_or_no_room_fails(void **state)
{
    const struct exec_msg m = { .type = EXEC_MSG_START,
                                .command = TEXT("x"),
                                .user = TEXT("a\0b") };
    const struct exec_msg exited = { .type = EXEC_MSG_EXITED };
    uint8_t out[ROOM];
    struct wire_writer w = wire_writer_fixed(out, sizeof(out));

    (void)state;
    assert_false(exec_msg_encode(&w, &m));
    w = wire_writer_fixed(out, 9);
    assert_false(exec_msg_encode(&w, &exited));
    assert_string_equal(exec_msg_refusal_name(EXEC_MSG_TOO_MANY), "too-many");
    assert_string_equal(exec_msg_refusal_name(0), "unknown");
    assert_string_equal(exec_msg_refusal_name(99), "unknown");
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exec_msg__each_vector__both_ways_cut_and_changed),
        cmocka_unit_test(test_exec_msg_decode__refused),
        cmocka_unit_test(test_exec_msg__longest_and_longer),
        cmocka_unit_test(test_exec_msg__most_credentials_and_more),
        cmocka_unit_test(test_exec_msg_encode__a_text_with_a_nul_or_no_room_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
