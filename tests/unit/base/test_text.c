/* SPDX-License-Identifier: Apache-2.0 */
/* Text from peers: what is shown as it is, what is escaped, where it is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"

static const struct {
    const char *text;
    size_t n;
    const char *escaped;
} rows[] = {
    { "", 0, "" },
    { "plain", 5, "plain" },
    { "J\xC3\xBCrgen", 7, "J\xC3\xBCrgen" },
    { "\xF0\x9F\x98\x80", 4, "\xF0\x9F\x98\x80" },
    { "a\nb\tc\rd", 7, "a\\nb\\tc\\x0dd" },
    { "a\0b", 3, "a\\x00b" },
    { "\x1b[2J", 4, "\\x1b[2J" },
    { "say \"x\\y\"", 9, "say \\\"x\\\\y\\\"" },
    { "\x7f", 1, "\\x7f" },
    { "\xC2\x85", 2, "\\u0085" },
    { "\xE2\x80\xA8\xE2\x80\xA9", 6, "\\u2028\\u2029" },
    { "\xE2\x80\xAEtxt.exe", 10, "\\u202etxt.exe" },
    { "\xEF\xBB\xBF", 3, "\\ufeff" },
    { "\xFF\xFE", 2, "\\xff\\xfe" },
    { "a\xC3", 2, "a\\xc3" },
    { "\xC0\x80", 2, "\\xc0\\x80" },
    { "\xED\xA0\x80", 3, "\\xed\\xa0\\x80" },
    { "\xF4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80" },
    { "\xE2\x82z", 3, "\\xe2\\x82z" },
};

static void
test_text_put_escaped__each_row_as_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        char to[64] = "";
        struct wire_writer w = wire_writer_fixed(to, sizeof(to) - 1);

        text_put_escaped(&w, bytes_of(rows[i].text, rows[i].n));
        assert_int_equal(wire_writer_status(&w), WIRE_OK);
        assert_int_equal(w.len, strlen(rows[i].escaped));
        assert_string_equal(to, rows[i].escaped);
    }
}

static void
test_text_put_shown__leaves_quotes_and_backslashes(void **state)
{
    static const char text[] = "W\\\"al\"\n\x1b[2J";
    char to[64] = "";
    struct wire_writer w = wire_writer_fixed(to, sizeof(to) - 1);

    (void)state;
    text_put_shown(&w, bytes_of_string(text));
    assert_int_equal(wire_writer_status(&w), WIRE_OK);
    assert_string_equal(to, "W\\\"al\"\\n\\x1b[2J");
}

static void
test_text_cut__never_within_a_character(void **state)
{
    static const struct {
        const char *text;
        size_t max, cut;
    } cuts[] = {
        { "abc", 3, 3 },
        { "abc", 2, 2 },
        { "abc", 0, 0 },
        { "a\xC3\xBC", 2, 1 },
        { "a\xE2\x82\xAC", 3, 1 },
        { "a\xF0\x9F\x98\x80", 4, 1 },
        { "a\xF0\x9F\x98\x80"
          "b",
          5, 5 },
        { "\x80\x80\x80\x80\x80\x80", 5, 5 },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(cuts); i++) {
        assert_int_equal(text_cut(bytes_of_string(cuts[i].text), cuts[i].max).n, cuts[i].cut);
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_put_escaped__each_row_as_told),
        cmocka_unit_test(test_text_put_shown__leaves_quotes_and_backslashes),
        cmocka_unit_test(test_text_cut__never_within_a_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
