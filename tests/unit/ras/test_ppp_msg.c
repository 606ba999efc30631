/* SPDX-License-Identifier: Apache-2.0 */
/* The messages between rasd and its plugin in pppd: their bytes, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ras/ppp_msg.h"
#include "tests/support/message_vectors.h"

struct vector {
    const char *name, *bytes; /* without the length */
    struct ppp_msg message;
};

#define TEXT(s)                             \
    {                                       \
        (const uint8_t *)(s), sizeof(s) - 1 \
    }

/* docs/INTERFACES.md, message by message. */
static const struct vector vectors[] = {
    { "HELLO",
      "01 01000000 2000 3030303030303030303030303030303030303030303030303030303030303030",
      { .type = PPP_MSG_HELLO, .version = 1, .token = TEXT("00000000000000000000000000000000") } },
    { "PROVE, PAP",
      "02 00 00 0400 64656d6f 0000 0300 707764",
      { .type = PPP_MSG_PROVE, .user = TEXT("demo"), .response = TEXT("pwd") } },
    { "PROVE, CHAP",
      "02 05 07 0400 64656d6f 0200 6363 1000 31323334353637383132333435363738",
      { .type = PPP_MSG_PROVE,
        .algorithm = PPP_MSG_CHAP_MD5,
        .id = 7,
        .user = TEXT("demo"),
        .challenge = TEXT("cc"),
        .response = TEXT("1234567812345678") } },
    { "UP",
      "03 0400 70707030 0800 31302e302e302e31 0800 31302e302e302e32",
      { .type = PPP_MSG_UP,
        .interface_name = TEXT("ppp0"),
        .local = TEXT("10.0.0.1"),
        .remote = TEXT("10.0.0.2") } },
    { "DOWN",
      "04 0500000000000000 0000000001000000 0200000000000000",
      { .type = PPP_MSG_DOWN, .seconds = 5, .bytes_in = UINT64_C(0x100000000), .bytes_out = 2 } },
    { "WELCOME",
      "20 01000000 0800 31302e302e302e32",
      { .type = PPP_MSG_WELCOME, .version = 1, .remote = TEXT("10.0.0.2") } },
    { "VERDICT, no",
      "21 b3020000 0900 453d36393120523d30 0000 0000",
      { .type = PPP_MSG_VERDICT, .error = 691, .text = TEXT("E=691 R=0") } },
    { "VERDICT, yes",
      "21 00000000 0000 1000 32323232323232323232323232323232 1000 "
      "33333333333333333333333333333333",
      { .type = PPP_MSG_VERDICT,
        .send_key = TEXT("2222222222222222"),
        .receive_key = TEXT("3333333333333333") } },
};

static enum wire_err
decode(void *message, struct bytes in)
{
    return ppp_msg_decode(message, in);
}

static enum wire_err
encode(struct wire_writer *w, const void *message)
{
    ppp_msg_encode(w, message);
    return wire_writer_status(w);
}

static const struct message_subject subject = { &ppp_msg_format, decode, encode };

static void
test_ppp_msg__each_vector__both_ways_cut_and_changed(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        message_check_vector(&subject, vectors[i].name, vectors[i].bytes, &vectors[i].message);
    }
}

static const struct message_refusal refused[] = {
    { "", WIRE_SHORT, "type", 0 },
    { "00", WIRE_BAD_VALUE, "type", 0 },
    { "05", WIRE_BAD_VALUE, "type", 0 },
    { "1f", WIRE_BAD_VALUE, "type", 0 },
    { "22", WIRE_BAD_VALUE, "type", 0 },
    { "ff", WIRE_BAD_VALUE, "type", 0 },
    { "01 01000000 0300 303030", WIRE_SHORT, "token", 5 },
    { "02 04 00 0000 0000 0000", WIRE_BAD_VALUE, "algorithm", 1 },
    { "02 00 00 0200 6100 0000 0000", WIRE_BAD_VALUE, "user", 3 },
    { "02 00 00 0101", WIRE_SHORT, "user", 5 },
    { "02 00 00 0000 4100 3030303030303030303030303030303030303030303030303030303030303030303030"
      "303030303030303030303030303030303030303030303030303030303030 0000",
      WIRE_LIMIT, "challenge", 5 },
    { "03 0000 0000 0000", WIRE_SHORT, "interface_name", 1 },
    { "04 0500000000000000 0000000001000000 0200000000000000 00", WIRE_TRAILING, "end", 25 },
    { "21 00000000 0000 0100 32 0000", WIRE_SHORT, "send_key", 7 },
    { "21 00000000 0000 0000 1100 3232323232323232323232323232323232", WIRE_LIMIT, "receive_key",
      9 },
};

static void
test_ppp_msg_decode__what_makes_no_sense__names_the_field(void **state)
{
    message_check_refusals(&subject, refused, SEC_ARRAY_LEN(refused));
}

static void
test_ppp_msg_decode__a_frame_too_long__is_not_looked_at(void **state)
{
    static uint8_t in[PPP_MSG_BYTES_MAX + 1] = { PPP_MSG_PROVE };
    struct ppp_msg m;

    assert_int_equal(ppp_msg_decode(&m, bytes_of(in, sizeof(in))), WIRE_LIMIT);
    assert_string_equal(m.fault.field, "frame");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ppp_msg__each_vector__both_ways_cut_and_changed),
        cmocka_unit_test(test_ppp_msg_decode__what_makes_no_sense__names_the_field),
        cmocka_unit_test(test_ppp_msg_decode__a_frame_too_long__is_not_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
