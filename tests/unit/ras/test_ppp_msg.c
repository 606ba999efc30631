/* SPDX-License-Identifier: Apache-2.0 */
/* The messages between rasd and its plugin in pppd: their bytes, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ras/ppp_msg.h"
#include "tests/support/hex.h"
#include "tests/support/mutate.h"

enum { ROOM = 256 };

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

static struct bytes
frame_of(const struct vector *v, uint8_t room[static ROOM])
{
    return hex_into(room, ROOM, v->bytes);
}

static void
assert_same(const struct ppp_msg *a, const struct ppp_msg *b)
{
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->algorithm, b->algorithm);
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->version, b->version);
    assert_int_equal(a->error, b->error);
    assert_int_equal(a->seconds, b->seconds);
    assert_int_equal(a->bytes_in, b->bytes_in);
    assert_int_equal(a->bytes_out, b->bytes_out);
    assert_true(bytes_equal(a->user, b->user) && bytes_equal(a->text, b->text));
    assert_true(bytes_equal(a->interface_name, b->interface_name));
    assert_true(bytes_equal(a->local, b->local) && bytes_equal(a->remote, b->remote));
    assert_true(bytes_equal(a->challenge, b->challenge) && bytes_equal(a->response, b->response));
    assert_true(bytes_equal(a->token, b->token));
    assert_true(bytes_equal(a->send_key, b->send_key));
    assert_true(bytes_equal(a->receive_key, b->receive_key));
}

static void
test_ppp_msg_decode__each_vector__gives_its_fields(void **state)
{
    uint8_t room[ROOM];
    struct ppp_msg m;

    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        print_message("%s\n", vectors[i].name);
        assert_int_equal(ppp_msg_decode(&m, frame_of(&vectors[i], room)), WIRE_OK);
        assert_same(&m, &vectors[i].message);
        assert_null(m.fault.field);
    }
}

static void
test_ppp_msg_encode__each_vector__gives_its_bytes(void **state)
{
    uint8_t room[ROOM], out[ROOM];

    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        struct bytes frame = frame_of(&vectors[i], room);
        struct wire_writer w = wire_writer_fixed(out, sizeof(out));

        ppp_msg_encode(&w, &vectors[i].message);
        assert_int_equal(wire_writer_status(&w), WIRE_OK);
        assert_int_equal(wire_load_le32(out), frame.n);
        assert_bytes_equal(bytes_of(out + 4, w.len - 4), frame);
    }
}

static void
assert_refused(const struct ppp_msg *m, struct bytes in)
{
    static const struct ppp_msg nothing;

    assert_same(m, &nothing);
    assert_non_null(m->fault.field);
    assert_true(m->fault.at <= in.n);
}

static void
try_prefix(struct bytes in, size_t at, void *user)
{
    struct ppp_msg m;

    assert_int_not_equal(ppp_msg_decode(&m, in), WIRE_OK);
    assert_refused(&m, in);
}

static void
try_flip(struct bytes in, size_t at, void *user)
{
    uint8_t out[ROOM];
    struct wire_writer w = wire_writer_fixed(out, sizeof(out));
    struct ppp_msg m;

    if (ppp_msg_decode(&m, in) != WIRE_OK) {
        assert_refused(&m, in);
        return;
    }
    assert_true(mutate_is_inside(in, m.user) && mutate_is_inside(in, m.response));
    assert_true(mutate_is_inside(in, m.text) && mutate_is_inside(in, m.challenge));
    ppp_msg_encode(&w, &m);
    assert_bytes_equal(bytes_of(out + 4, w.len - 4), in);
}

static void
test_ppp_msg_decode__prefixes_and_flips__are_refused_or_another_message(void **state)
{
    uint8_t room[ROOM];

    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        struct bytes frame = frame_of(&vectors[i], room);

        mutate_prefixes(frame, try_prefix, NULL);
        mutate_bytes(frame, try_flip, NULL);
    }
}

static const struct {
    const char *bytes;
    enum wire_err err;
    const char *field;
} refused[] = {
    { "", WIRE_SHORT, "type" },
    { "00", WIRE_BAD_VALUE, "type" },
    { "05", WIRE_BAD_VALUE, "type" },
    { "1f", WIRE_BAD_VALUE, "type" },
    { "22", WIRE_BAD_VALUE, "type" },
    { "ff", WIRE_BAD_VALUE, "type" },
    { "01 01000000 0300 303030", WIRE_SHORT, "token" },
    { "02 04 00 0000 0000 0000", WIRE_BAD_VALUE, "algorithm" },
    { "02 00 00 0200 6100 0000 0000", WIRE_BAD_VALUE, "user" },
    { "02 00 00 0101", WIRE_SHORT, "user" },
    { "02 00 00 0000 4100 3030303030303030303030303030303030303030303030303030303030303030303030"
      "303030303030303030303030303030303030303030303030303030303030 0000",
      WIRE_LIMIT, "challenge" },
    { "03 0000 0000 0000", WIRE_SHORT, "interface_name" },
    { "04 0500000000000000 0000000001000000 0200000000000000 00", WIRE_TRAILING, "end" },
    { "21 00000000 0000 0100 32 0000", WIRE_SHORT, "send_key" },
    { "21 00000000 0000 0000 1100 3232323232323232323232323232323232", WIRE_LIMIT, "receive_key" },
};

static void
test_ppp_msg_decode__what_makes_no_sense__names_the_field(void **state)
{
    uint8_t room[ROOM];
    struct ppp_msg m;

    for (size_t i = 0; i < SEC_ARRAY_LEN(refused); i++) {
        struct bytes in = hex_into(room, sizeof(room), refused[i].bytes);

        print_message("%s\n", refused[i].bytes);
        assert_int_equal(ppp_msg_decode(&m, in), refused[i].err);
        assert_refused(&m, in);
        assert_string_equal(m.fault.field, refused[i].field);
    }
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
        cmocka_unit_test(test_ppp_msg_decode__each_vector__gives_its_fields),
        cmocka_unit_test(test_ppp_msg_encode__each_vector__gives_its_bytes),
        cmocka_unit_test(test_ppp_msg_decode__prefixes_and_flips__are_refused_or_another_message),
        cmocka_unit_test(test_ppp_msg_decode__what_makes_no_sense__names_the_field),
        cmocka_unit_test(test_ppp_msg_decode__a_frame_too_long__is_not_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
