/* SPDX-License-Identifier: Apache-2.0 */
/* What a modem says, whole and byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attributes.h"
#include "ras/modem.h"

static const struct {
    const char *text;
    enum modem_word word;
    unsigned long speed;
} said[] = {
    { "OK\r", MODEM_OK, 0 },
    { "\r\nOK\r\n", MODEM_OK, 0 },
    { "ok\n", MODEM_OK, 0 },
    { "0\r", MODEM_OK, 0 },
    { "OKAY\r", MODEM_OTHER, 0 },
    { "ATZ\r", MODEM_OTHER, 0 },
    { "RING\r\n", MODEM_RING, 0 },
    { "RING: VOICE\r\n", MODEM_RING, 0 },
    { "RINGING\r\n", MODEM_OTHER, 0 },
    { "2\r", MODEM_RING, 0 },
    { "CONNECT\r\n", MODEM_CONNECT, 0 },
    { "CONNECT 33600\r\n", MODEM_CONNECT, 33600 },
    { "CONNECT 9600/ARQ/V32/LAPM\r\n", MODEM_CONNECT, 9600 },
    { "CONNECT/ARQ\r\n", MODEM_CONNECT, 0 },
    { "CONNECT 99999999999999999999\r\n", MODEM_CONNECT, 999999999 },
    { "NO CARRIER\r\n", MODEM_NO_CARRIER, 0 },
    { "BUSY\r\n", MODEM_NO_CARRIER, 0 },
    { "NO ANSWER\r\n", MODEM_NO_CARRIER, 0 },
    { "NO DIAL TONE\r\n", MODEM_NO_CARRIER, 0 },
    { "ERROR\r\n", MODEM_ERROR, 0 },
    { "NMBR = 5551234\r\n", MODEM_OTHER, 0 },
    { "\r\n\r\n", MODEM_NOTHING, 0 },
    { "RIN", MODEM_NOTHING, 0 },
};

static void
test_read__table(void **state)
{
    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(said); i++) {
        struct bytes whole = bytes_of_string(said[i].text);

        for (size_t piece = 1; piece <= whole.n; piece++) {
            enum modem_word word = MODEM_NOTHING;
            struct modem m;

            modem_init(&m);
            for (size_t at = 0; at < whole.n && word == MODEM_NOTHING; at += piece) {
                size_t left = whole.n - at;
                struct bytes in = bytes_of(whole.p + at, left < piece ? left : piece);

                word = modem_read(&m, &in);
            }
            assert_int_equal(word, said[i].word);
            assert_int_equal(m.speed, said[i].speed);
        }
    }
}

static void
test_read__several_lines__one_by_one(void **state)
{
    struct bytes in = bytes_of_string("\r\nRING\r\n\r\nNMBR=1\r\nRING\r\nCONNECT 300\r\nxyz");
    struct modem m;

    (void)state;
    modem_init(&m);
    assert_int_equal(modem_read(&m, &in), MODEM_RING);
    assert_int_equal(modem_read(&m, &in), MODEM_OTHER);
    assert_string_equal(m.line, "NMBR=1");
    assert_int_equal(modem_read(&m, &in), MODEM_RING);
    assert_int_equal(modem_read(&m, &in), MODEM_CONNECT);
    assert_true(bytes_equal(in, bytes_of_string("\nxyz"))); /* the caller's, but for the LF */
    assert_int_equal(modem_read(&m, &in), MODEM_NOTHING);
}

static void
test_read__noise__bounded(void **state)
{
    uint8_t noise[1000];
    struct bytes in = bytes_of(noise, sizeof(noise));
    struct modem m;

    (void)state;
    for (size_t i = 0; i < sizeof(noise); i++) {
        noise[i] = (uint8_t)(i % 250 + (i % 250 == '\r' || i % 250 == '\n'));
    }
    noise[sizeof(noise) - 1] = '\r';
    modem_init(&m);
    assert_int_equal(modem_read(&m, &in), MODEM_OTHER);
    assert_int_equal(strlen(m.line), MODEM_LINE_BYTES);
    in = bytes_of_string("OK\r");
    assert_int_equal(modem_read(&m, &in), MODEM_OK);
}

static bool
hung_up(const char *text, size_t piece)
{
    uint8_t matched = 0;
    bool done = false;

    for (size_t n = strlen(text), at = 0; at < n; at += piece) {
        done = modem_has_hung_up(&matched, bytes_of(text + at, n - at < piece ? n - at : piece));
    }
    return done;
}

static void
test_has_hung_up__on_a_line_of_its_own(void **state)
{
    static const char *const yes[] = { "\r\nNO CARRIER\r\n", "alice\r\r\nNO CARRIER\r\n",
                                       "\r\nNO \r\nNO CARRIER\r\nmore", "x\n\r\nNO CARRIER\r\n" };
    static const char *const no[] = { "NO CARRIER\r\n",          "\r\nNO CARRIER\r",
                                      "\r\nno carrier\r\n",      "\rNO CARRIER\r",
                                      "\r\nNO CARRIER HERE\r\n", "" };

    (void)state;
    for (size_t piece = 1; piece < 20; piece++) {
        for (size_t i = 0; i < SEC_ARRAY_LEN(yes); i++) {
            assert_true(hung_up(yes[i], piece));
        }
        for (size_t i = 0; i < SEC_ARRAY_LEN(no); i++) {
            assert_false(hung_up(no[i], piece));
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read__table),
        cmocka_unit_test(test_read__several_lines__one_by_one),
        cmocka_unit_test(test_read__noise__bounded),
        cmocka_unit_test(test_has_hung_up__on_a_line_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
