/* SPDX-License-Identifier: Apache-2.0 */
/* The messages between rasd and ras-module-host: their bytes, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ras/host_msg.h"
#include "tests/support/message_vectors.h"

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

static enum wire_err
decode(void *message, struct bytes in)
{
    return host_msg_decode(message, in);
}

static enum wire_err
encode(struct wire_writer *w, const void *message)
{
    host_msg_encode(w, message);
    return wire_writer_status(w);
}

static const struct message_subject subject = { &host_msg_format, decode, encode };

static void
test_host_msg__each_vector__both_ways_cut_and_changed(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        message_check_vector(&subject, vectors[i].name, vectors[i].bytes, &vectors[i].message);
    }
}

static const struct message_refusal refusals[] = {
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
    message_check_refusals(&subject, refusals, SEC_ARRAY_LEN(refusals));
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
        cmocka_unit_test(test_host_msg__each_vector__both_ways_cut_and_changed),
        cmocka_unit_test(test_host_msg_decode__refused),
        cmocka_unit_test(test_host_msg_decode__limits),
        cmocka_unit_test(test_host_msg_decode__frame_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
