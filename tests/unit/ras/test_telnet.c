/* SPDX-License-Identifier: Apache-2.0 */
/* Telnet's escapes and commands, whole and byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attributes.h"
#include "ras/telnet.h"

#define VIEW(s)                             \
    {                                       \
        (const uint8_t *)(s), sizeof(s) - 1 \
    }
#define LIT(s) bytes_of(s, sizeof(s) - 1)

static const struct {
    struct bytes in, data, reply;
} decoded[] = {
    { VIEW("hello\r\n"), VIEW("hello\r\n"), VIEW("") },
    { VIEW("a\r\0b"), VIEW("a\rb"), VIEW("") },
    { VIEW("a\0b"), VIEW("a\0b"), VIEW("") },
    { VIEW("a\xFF\xFF"
           "b"),
      VIEW("a\xFF"
           "b"),
      VIEW("") },
    { VIEW("\xFF\xF1x\xFF\xF3y"), VIEW("xy"), VIEW("") },                   /* NOP, BRK */
    { VIEW("\xFF\xFD\x01\xFF\xFD\x03\xFF\xFB\x03 "), VIEW(" "), VIEW("") }, /* what we offered */
    { VIEW("\xFF\xFD\x18 "), VIEW(" "), VIEW("\xFF\xFC\x18") },             /* DO TTYPE: WONT */
    { VIEW("\xFF\xFB\x1F "), VIEW(" "), VIEW("\xFF\xFE\x1F") },             /* WILL NAWS: DONT */
    { VIEW("\xFF\xFC\x1F\xFF\xFE\x18 "), VIEW(" "), VIEW("") },             /* WONT, DONT */
    { VIEW("\xFF\xFA\x18\x00zz\xFF\xFFzz\xFF\xF0!"), VIEW("!"), VIEW("") }, /* SB ... SE */
    { VIEW("\xFF\xFB\x00\r\0"), VIEW("\r\0"), VIEW("") },                   /* binary: no NVT */
};

static void
test_decode__table(void **state)
{
    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(decoded); i++) {
        for (size_t piece = 1; piece <= decoded[i].in.n; piece++) {
            uint8_t data[64], reply[64];
            struct wire_writer w = wire_writer_fixed(data, sizeof(data));
            struct wire_writer back = wire_writer_fixed(reply, sizeof(reply));
            struct telnet t;

            telnet_init(&t);
            for (size_t at = 0; at < decoded[i].in.n; at += piece) {
                size_t left = decoded[i].in.n - at;

                telnet_decode(&t, bytes_of(decoded[i].in.p + at, left < piece ? left : piece), &w,
                              &back);
            }
            assert_int_equal(w.len, decoded[i].data.n);
            assert_memory_equal(data, decoded[i].data.p, w.len);
            assert_int_equal(back.len, decoded[i].reply.n);
            assert_memory_equal(reply, decoded[i].reply.p, back.len);
        }
    }
}

static void
test_encode__nvt__cr_and_iac_are_escaped(void **state)
{
    uint8_t out[64];
    struct wire_writer w = wire_writer_fixed(out, sizeof(out));
    struct telnet t;

    (void)state;
    telnet_init(&t);
    telnet_encode(&t, LIT("a\r\nb\r"), &w);
    telnet_encode(&t, LIT("c\xFF\r\r\n"), &w);
    assert_int_equal(w.len, sizeof("a\r\nb\r\0c\xFF\xFF\r\0\r\n") - 1);
    assert_memory_equal(out, "a\r\nb\r\0c\xFF\xFF\r\0\r\n", w.len);
}

static void
test_encode__binary__cr_stands_alone(void **state)
{
    uint8_t out[64], scratch[64];
    struct wire_writer w = wire_writer_fixed(out, sizeof(out));
    struct wire_writer none = wire_writer_fixed(scratch, sizeof(scratch));
    struct telnet t;

    (void)state;
    telnet_init(&t);
    telnet_decode(&t, LIT("\xFF\xFD\x00"), &none, &none);
    telnet_encode(&t, LIT("\r~\xFF"), &w);
    assert_int_equal(w.len, 4);
    assert_memory_equal(out, "\r~\xFF\xFF", 4);
}

/* Nobody makes us talk without end. */
static void
test_decode__options_without_end__answers_end(void **state)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct wire_writer data = wire_writer_measuring();
    struct telnet t;

    (void)state;
    telnet_init(&t);
    for (int i = 0; i < 10000; i++) {
        telnet_decode(&t, LIT("\xFF\xFD\x18"), &data, &w);
    }
    assert_int_equal(w.len, 300);
}

static void
test_open__what_is_offered(void **state)
{
    uint8_t out[64];
    struct wire_writer w = wire_writer_fixed(out, sizeof(out));

    (void)state;
    telnet_open(&w);
    assert_int_equal(w.len, 15);
    assert_memory_equal(out, "\xFF\xFB\x01\xFF\xFB\x03\xFF\xFD\x03\xFF\xFB\x00\xFF\xFD\x00", 15);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode__table),
        cmocka_unit_test(test_encode__nvt__cr_and_iac_are_escaped),
        cmocka_unit_test(test_encode__binary__cr_stands_alone),
        cmocka_unit_test(test_decode__options_without_end__answers_end),
        cmocka_unit_test(test_open__what_is_offered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
