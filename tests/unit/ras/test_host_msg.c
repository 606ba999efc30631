/* SPDX-License-Identifier: Apache-2.0 */
/* The messages between rasd and ras-module-host: their bytes, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ras/host_msg.h"
#include "tests/support/hex.h"
#include "tests/support/mutate.h"

enum { ROOM = 256 };

struct vector {
    const char *name, *bytes; /* without the length */
    struct host_msg message;
};

#define CALL_7 "0700000000000000"
#define TEXT(s)                             \
    {                                       \
        (const uint8_t *)(s), sizeof(s) - 1 \
    }

/* docs/INTERFACES.md, message by message. */
static const struct vector vectors[] = {
    { "HELLO",
      "01 01000000 0500 2f6d2e736f",
      { .type = HOST_MSG_HELLO, .version = 1, .text = TEXT("/m.so") } },
    { "BEGIN",
      "02" CALL_7 "00040000 00020000 0500 4d6f64656d",
      { .type = HOST_MSG_BEGIN,
        .call = 7,
        .send_size = 1024,
        .size = 512,
        .text = TEXT("Modem") } },
    { "RECEIVED",
      "03" CALL_7 "00000000 6869",
      { .type = HOST_MSG_RECEIVED, .call = 7, .data = TEXT("hi") } },
    { "RECEIVED, timed out",
      "03" CALL_7 "7e020000",
      { .type = HOST_MSG_RECEIVED, .call = 7, .error = 638 } },
    { "END", "04" CALL_7, { .type = HOST_MSG_END, .call = 7 } },
    { "FORGET", "05" CALL_7, { .type = HOST_MSG_FORGET, .call = 7 } },
    { "OTP_RESULT",
      "06" CALL_7 "03000000 b3020000",
      { .type = HOST_MSG_OTP_RESULT, .call = 7, .request = 3, .error = 691 } },
    { "STOP", "07", { .type = HOST_MSG_STOP } },
    { "READY", "20 01000000 00000000 0000", { .type = HOST_MSG_READY, .version = 1 } },
    { "READY, not",
      "20 01000000 7e000000 0700 6e6f2066696c65",
      { .type = HOST_MSG_READY, .version = 1, .error = 126, .text = TEXT("no file") } },
    { "BEGUN", "21" CALL_7 "05000000", { .type = HOST_MSG_BEGUN, .call = 7, .error = 5 } },
    { "SEND",
      "22" CALL_7 "4e616d653a",
      { .type = HOST_MSG_SEND, .call = 7, .data = TEXT("Name:") } },
    { "RECEIVE",
      "23" CALL_7 "00020000 1e000000",
      { .type = HOST_MSG_RECEIVE, .call = 7, .size = 512, .seconds = 30 } },
    { "COMPLETE",
      "24" CALL_7 "00000000 01000000 0400 64656d6f 0300 574731",
      { .type = HOST_MSG_COMPLETE,
        .call = 7,
        .outcome = 1,
        .user = TEXT("demo"),
        .domain = TEXT("WG1") } },
    { "COMPLETE, ERROR",
      "24" CALL_7 "1f000000 03000000 0000 0000",
      { .type = HOST_MSG_COMPLETE, .call = 7, .outcome = 3, .error = 31 } },
    { "ENDED", "25" CALL_7 "6b020000", { .type = HOST_MSG_ENDED, .call = 7, .error = 619 } },
    { "OTP_CHECK",
      "26" CALL_7 "03000000 0400 64656d6f 0000 313233343536",
      { .type = HOST_MSG_OTP_CHECK,
        .call = 7,
        .request = 3,
        .user = TEXT("demo"),
        .data = TEXT("123456") } },
};

static struct bytes
frame_of(const struct vector *v, uint8_t room[static ROOM])
{
    return hex_into(room, ROOM, v->bytes);
}

static void
assert_same(const struct host_msg *a, const struct host_msg *b)
{
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->call, b->call);
    assert_int_equal(a->request, b->request);
    assert_int_equal(a->version, b->version);
    assert_int_equal(a->error, b->error);
    assert_int_equal(a->outcome, b->outcome);
    assert_int_equal(a->send_size, b->send_size);
    assert_int_equal(a->size, b->size);
    assert_int_equal(a->seconds, b->seconds);
    assert_true(bytes_equal(a->text, b->text));
    assert_true(bytes_equal(a->user, b->user));
    assert_true(bytes_equal(a->domain, b->domain));
    assert_true(bytes_equal(a->data, b->data));
}

static void
test_host_msg_decode__each_vector(void **state)
{
    uint8_t room[ROOM];
    struct host_msg m;

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        print_message("%s\n", vectors[i].name);
        assert_int_equal(host_msg_decode(&m, frame_of(&vectors[i], room)), WIRE_OK);
        assert_same(&m, &vectors[i].message);
        assert_null(m.fault.field);
    }
}

static void
test_host_msg_encode__each_vector(void **state)
{
    uint8_t room[ROOM], out[ROOM];

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        struct bytes frame = frame_of(&vectors[i], room);
        struct wire_writer w = wire_writer_fixed(out, sizeof(out));

        host_msg_encode(&w, &vectors[i].message);
        assert_int_equal(wire_writer_status(&w), WIRE_OK);
        assert_int_equal(wire_load_le32(out), frame.n);
        assert_bytes_equal(bytes_of(out + 4, w.len - 4), frame);
    }
}

static void
assert_refused(const struct host_msg *m, struct bytes in)
{
    static const struct host_msg nothing;

    assert_same(m, &nothing);
    assert_non_null(m->fault.field);
    assert_true(m->fault.at <= in.n);
}

/* Only data has no length of its own. */
static void
try_prefix(struct bytes in, size_t at, void *user)
{
    const struct vector *v = user;
    struct host_msg m;

    if (host_msg_decode(&m, in) == WIRE_OK) {
        assert_true(m.data.n < v->message.data.n);
        assert_true(mutate_is_inside(in, m.data));
    } else {
        assert_refused(&m, in);
    }
    (void)at;
}

static void
try_flip(struct bytes in, size_t at, void *user)
{
    uint8_t out[ROOM];
    struct wire_writer w = wire_writer_fixed(out, sizeof(out));
    struct host_msg m;

    if (host_msg_decode(&m, in) != WIRE_OK) {
        assert_refused(&m, in);
        return;
    }
    assert_true(mutate_is_inside(in, m.text) && mutate_is_inside(in, m.user));
    assert_true(mutate_is_inside(in, m.domain) && mutate_is_inside(in, m.data));
    host_msg_encode(&w, &m);
    assert_bytes_equal(bytes_of(out + 4, w.len - 4), in);
    (void)at;
    (void)user;
}

static void
test_host_msg_decode__prefixes_and_flips(void **state)
{
    uint8_t room[ROOM];

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        struct bytes frame = frame_of(&vectors[i], room);

        mutate_prefixes(frame, try_prefix, (void *)&vectors[i]);
        mutate_bytes(frame, try_flip, (void *)&vectors[i]);
    }
}

static const struct {
    const char *bytes;
    enum wire_err err;
    const char *field;
    uint32_t at;
} refusals[] = {
    { "", WIRE_SHORT, "type", 0 },
    { "00", WIRE_BAD_VALUE, "type", 0 },
    { "08", WIRE_BAD_VALUE, "type", 0 },
    { "1f", WIRE_BAD_VALUE, "type", 0 },
    { "27", WIRE_BAD_VALUE, "type", 0 },
    { "ff", WIRE_BAD_VALUE, "type", 0 },
    { "04 0000000000000000", WIRE_BAD_VALUE, "call", 1 },
    { "04" CALL_7 "00", WIRE_TRAILING, "end", 9 },
    { "07 00", WIRE_TRAILING, "end", 1 },
    { "21" CALL_7 "000000", WIRE_SHORT, "error", 9 },
    { "22" CALL_7, WIRE_SHORT, "data", 9 },
    { "03" CALL_7 "7e020000 61", WIRE_LIMIT, "data", 13 },
    { "01 01000000 0500 2f6d002e73", WIRE_BAD_VALUE, "text", 5 },
    { "24" CALL_7 "00000000 01000000 0100 00 0000", WIRE_BAD_VALUE, "user", 17 },
    { "24" CALL_7 "00000000 01000000 0000 1000 30313233343536373839616263646566", WIRE_LIMIT,
      "domain", 19 },
};

static void
test_host_msg_decode__refused(void **state)
{
    uint8_t room[ROOM];
    struct host_msg m;

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(refusals); i++) {
        struct bytes in = hex_into(room, sizeof(room), refusals[i].bytes);

        print_message("%s\n", refusals[i].bytes);
        assert_int_equal(host_msg_decode(&m, in), refusals[i].err);
        assert_refused(&m, in);
        assert_string_equal(m.fault.field, refusals[i].field);
        assert_int_equal(m.fault.at, refusals[i].at);
    }
}

/* Each part with as many bytes as it may have, and with one more. */
static void
try_longest(struct host_msg *m, struct bytes *part, size_t max)
{
    static uint8_t longest[HOST_MSG_DATA_MAX + 1];
    struct host_msg out;

    memset(longest, 'x', sizeof(longest));
    for (size_t more = 0; more < 2; more++) {
        SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);

        *part = bytes_of(longest, max + more);
        host_msg_encode(&w, m);
        assert_int_equal(wire_writer_status(&w), WIRE_OK);
        assert_int_equal(host_msg_decode(&out, bytes_of(w.p + 4, w.len - 4)),
                         more ? WIRE_LIMIT : WIRE_OK);
    }
    *part = bytes_of(longest, 1);
}

static void
test_host_msg_decode__limits(void **state)
{
    struct host_msg m = { .type = HOST_MSG_HELLO, .call = 1 };

    (void)state;
    try_longest(&m, &m.text, HOST_MSG_TEXT_MAX);
    m.type = HOST_MSG_READY;
    try_longest(&m, &m.text, HOST_MSG_TEXT_MAX);
    m.type = HOST_MSG_BEGIN;
    try_longest(&m, &m.text, HOST_MSG_DEVICE_MAX);
    m.type = HOST_MSG_SEND;
    try_longest(&m, &m.data, HOST_MSG_DATA_MAX);
    m.type = HOST_MSG_RECEIVED;
    try_longest(&m, &m.data, HOST_MSG_DATA_MAX);
    m.type = HOST_MSG_OTP_CHECK;
    try_longest(&m, &m.data, HOST_MSG_CODE_MAX);
    try_longest(&m, &m.user, HOST_MSG_NAME_MAX);
    m.type = HOST_MSG_COMPLETE;
    try_longest(&m, &m.user, HOST_MSG_NAME_MAX);
    try_longest(&m, &m.domain, HOST_MSG_DOMAIN_MAX);
}

static void
test_host_msg_decode__frame_too_long(void **state)
{
    static uint8_t frame[HOST_MSG_BYTES_MAX + 1] = { HOST_MSG_SEND, 1 };
    struct host_msg m;

    (void)state;
    assert_int_equal(host_msg_decode(&m, bytes_of(frame, sizeof(frame))), WIRE_LIMIT);
    assert_string_equal(m.fault.field, "frame");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_host_msg_decode__each_vector),
        cmocka_unit_test(test_host_msg_encode__each_vector),
        cmocka_unit_test(test_host_msg_decode__prefixes_and_flips),
        cmocka_unit_test(test_host_msg_decode__refused),
        cmocka_unit_test(test_host_msg_decode__limits),
        cmocka_unit_test(test_host_msg_decode__frame_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
