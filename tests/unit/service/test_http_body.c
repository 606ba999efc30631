/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of HTTP requests: where they end, in whatever pieces they come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "service/http_body.h"

/* In pieces of that many bytes; *left: what is not the body's. */
static enum http_body_result
take_body(const char *text, size_t piece, uint64_t budget, size_t *left)
{
    struct http_body body;
    enum http_body_result result = HTTP_BODY_MORE;
    size_t at = 0, n = strlen(text);

    http_body_init(&body, true, 0, budget);
    while (at < n && result == HTTP_BODY_MORE) {
        struct bytes in = bytes_of(text + at, n - at < piece ? n - at : piece);
        size_t had = in.n;

        result = http_body_skip(&body, &in);
        at += had - in.n;
    }
    *left = n - at;
    return result;
}

static void
test_http_body_skip__chunks(void **state)
{
    static const struct {
        const char *text;
        enum http_body_result result;
        size_t left;
    } rows[] = {
        { "0\r\n\r\n", HTTP_BODY_WHOLE, 0 },
        { "5\r\nhello\r\n0\r\n\r\nGET", HTTP_BODY_WHOLE, 3 },
        { "a;x=y\r\n0123456789\r\nA \r\n0123456789\r\n00\r\nT: x\r\nU: \xFF\r\n\r\n",
          HTTP_BODY_WHOLE, 0 },
        { "5\r\nhello\r\n0\r\n", HTTP_BODY_MORE, 0 },
        { "5\r\nhel", HTTP_BODY_MORE, 0 },
        { "", HTTP_BODY_MORE, 0 },
        { "5\nhello\r\n0\r\n\r\n", HTTP_BODY_BROKEN, 0 },
        { "5\r\nhelloX\n0\r\n\r\n", HTTP_BODY_BROKEN, 0 },
        { "5\r\nhello\n0\r\n\r\n", HTTP_BODY_BROKEN, 0 },
        { "5\r\nhello\r\r\n", HTTP_BODY_BROKEN, 0 },
        { "0\r\n\n", HTTP_BODY_BROKEN, 0 },
        { "0\r\nT: x\n\r\n", HTTP_BODY_BROKEN, 0 },
        { "0\r\n T: x\r\n\r\n", HTTP_BODY_BROKEN, 0 },
        { "0\r\nT: \x01\r\n\r\n", HTTP_BODY_BROKEN, 0 },
        { "\r\n", HTTP_BODY_BROKEN, 0 },
        { ";x\r\n", HTTP_BODY_BROKEN, 0 },
        { " 5\r\n", HTTP_BODY_BROKEN, 0 },
        { "-5\r\n", HTTP_BODY_BROKEN, 0 },
        { "0x5\r\n", HTTP_BODY_BROKEN, 0 },
        { "5g\r\n", HTTP_BODY_BROKEN, 0 },
        { "5;\x01\r\n", HTTP_BODY_BROKEN, 0 },
        { "100000005\r\n", HTTP_BODY_BROKEN, 0 },
        { "000000005\r\n", HTTP_BODY_BROKEN, 0 },
    };
    size_t left;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t piece = 1; piece < 40; piece++) {
            enum http_body_result result = take_body(rows[i].text, piece, 1000, &left);

            if (result != rows[i].result || (result != HTTP_BODY_BROKEN && left != rows[i].left)) {
                fail_msg("row %zu, in pieces of %zu: %d, %zu left", i, piece, result, left);
            }
        }
    }
}

static void
test_http_body_skip__all_of_it_is_counted(void **state)
{
    static const char text[] = "5\r\nhello\r\n0\r\nT: x\r\n\r\n";
    size_t left;

    (void)state;
    for (size_t budget = 0; budget < sizeof(text) - 1; budget++) {
        assert_int_equal(take_body(text, 3, budget, &left), HTTP_BODY_TOO_LARGE);
    }
    assert_int_equal(take_body(text, 3, sizeof(text) - 1, &left), HTTP_BODY_WHOLE);
    assert_int_equal(take_body("ffffffff\r\nxxxx", 3, 100, &left), HTTP_BODY_MORE);
}

static void
test_http_body_skip__a_length(void **state)
{
    struct http_body body;
    struct bytes in = bytes_of_string("helloGET");

    (void)state;
    http_body_init(&body, false, 5, 5);
    assert_int_equal(http_body_skip(&body, &in), HTTP_BODY_WHOLE);
    assert_int_equal(in.n, 3);
    assert_int_equal(http_body_skip(&body, &in), HTTP_BODY_WHOLE);
    assert_int_equal(in.n, 3);
    http_body_init(&body, false, 0, 0);
    assert_int_equal(http_body_skip(&body, &in), HTTP_BODY_WHOLE);
    http_body_init(&body, false, 4, 10);
    assert_int_equal(http_body_skip(&body, &in), HTTP_BODY_MORE);
    assert_int_equal(in.n, 0);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_body_skip__chunks),
        cmocka_unit_test(test_http_body_skip__all_of_it_is_counted),
        cmocka_unit_test(test_http_body_skip__a_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
