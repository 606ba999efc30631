/* SPDX-License-Identifier: Apache-2.0 */
/* Lines out of what is typed, and what the caller sees meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "line_edit.h"

#define BYTES(s) (s), sizeof(s) - 1

/* All that is typed, line by line, each line and what is left joined by '|', and all that is shown;
 * in pieces of that size. */
struct session {
    char lines[4096], shown[8192];
    size_t n_lines, n_shown;
};

static void
put(char *to, size_t *n, const char *from, size_t count)
{
    memcpy(to + *n, from, count);
    *n += count;
    to[*n] = 0;
}

static void
type_in(struct session *s, const char *typed, size_t n, size_t piece, bool telnet, bool echo)
{
    struct line_edit e;
    size_t used;

    *s = (struct session){ 0 };
    line_edit_init(&e, telnet);
    line_edit_begin(&e, echo);
    for (size_t at = 0; at < n; at += used) {
        size_t count = n - at < piece ? n - at : piece;
        enum line_edit_result result = line_edit_take(&e, typed + at, count, &used);

        assert_true(used > 0 && used <= count);
        put(s->shown, &s->n_shown, e.show, e.show_length);
        if (result != LINE_EDIT_MORE) {
            assert_int_equal(e.line[e.length], 0);
            put(s->lines, &s->n_lines, result == LINE_EDIT_LINE ? e.line : "TOO LONG",
                result == LINE_EDIT_LINE ? e.length : 8);
            put(s->lines, &s->n_lines, "|", 1);
            line_edit_begin(&e, echo);
        }
    }
    put(s->lines, &s->n_lines, e.line, e.length);
    line_edit_clear(&e);
}

static const struct {
    const char *typed;
    size_t n;
    const char *lines, *shown;
    bool telnet;
} cases[] = {
    { BYTES("abc"), "abc", "abc" },
    /* Ends of lines. */
    { BYTES("a\rb\rc"), "a|b|c", "a\r\nb\r\nc" },
    { BYTES("a\nb\n"), "a|b|", "a\r\nb\r\n" },
    { BYTES("a\r\nb\r\n"), "a|b|", "a\r\nb\r\n" },
    { BYTES("a\r\0b\r\0"), "a|b|", "a\r\nb\r\n" },
    { BYTES("a\r\r\nb"), "a||b", "a\r\n\r\nb" },
    { BYTES("a\n\rb"), "a||b", "a\r\n\r\nb" },
    { BYTES("a\r\n\nb"), "a||b", "a\r\n\r\nb" },
    { BYTES("\0a\0b\r"), "ab|", "ab\r\n" },
    /* Taking back. */
    { BYTES("abd\bc\r"), "abc|", "abd\b \bc\r\n" },
    { BYTES("abd\177c\r"), "abc|", "abd\b \bc\r\n" },
    { BYTES("\b\177\025a\r"), "a|", "a\r\n" },
    { BYTES("abc\025de\r"), "de|", "abc\b \b\b \b\b \bde\r\n" },
    { BYTES("gr\xc3\xbc\bo\r"), "gro|", "gr\xc3\xbc\b \bo\r\n" },
    { BYTES("\xe2\x82\xac\b\r"), "|", "\xe2\x82\xac\b \b\r\n" },
    { BYTES("\xf0\x9f\x94\x91\b\r"), "|", "\xf0\x9f\x94\x91\b \b\r\n" },
    { BYTES("a\xbc\b\r"), "a|", "a\xbc\b \b\r\n" },
    { BYTES("\xc3\xbc\xbc\b\r"), "\xc3\xbc|", "\xc3\xbc\xbc\b \b\r\n" },
    /* Eight bits; control characters; a terminal's keys. */
    { BYTES("\x80\xa0\xe9\xff\r"), "\x80\xa0\xe9\xff|", "\x80\xa0\xe9\xff\r\n" },
    { BYTES("a\tb\001\003\004c\r"), "abc|", "abc\r\n" },
    { BYTES("a\033[A\033[1;5Cb\033OPc\033xd\r"), "abcd|", "abcd\r\n" },
    { BYTES("a\033\rb\033[\rc"), "a|b|c", "a\r\nb\r\nc" },
    { BYTES("a\033[1\033[Bb"), "ab", "ab" },
    /* Telnet, and the same bytes where it is not spoken. */
    { BYTES("\377\373\037a\377\375\001\377\377b\r"), "a\377b|", "a\377b\r\n", true },
    { BYTES("\377\372\030\000xterm\r\377\377\377\360a\r\0"), "a|", "a\r\n", true },
    { BYTES("ab\377\367c\377\370d\377\361\r"), "d|", "ab\b \bc\b \b\b \bd\r\n", true },
    { BYTES("a\r\377\373\001\nb\r"), "a|b|", "a\r\nb\r\n", true },
    { BYTES("\377\373a\r"), "\377\373a|", "\377\373a\r\n", false },
};

static void
test_line_edit_take__each_case_in_pieces(void **state)
{
    static const size_t pieces[] = { 1, 2, 3, 1000 };
    struct session s;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t k = 0; k < 4; k++) {
            print_message("case %zu by %zu\n", i, pieces[k]);
            type_in(&s, cases[i].typed, cases[i].n, pieces[k], cases[i].telnet, true);
            assert_string_equal(s.lines, cases[i].lines);
            assert_string_equal(s.shown, cases[i].shown);
        }
    }
}

/* Without echo only the ends of lines are to be seen. */
static void
test_line_edit_take__without_echo(void **state)
{
    struct session s;

    (void)state;
    type_in(&s, BYTES("secre\bet\025code\r\nnext\r"), 5, false, false);
    assert_string_equal(s.lines, "code|next|");
    assert_string_equal(s.shown, "\r\n\r\n");
}

static void
test_line_edit_take__too_long(void **state)
{
    char typed[LINE_EDIT_MAX + 16];
    struct session s;

    (void)state;
    memset(typed, 'x', sizeof(typed));
    typed[LINE_EDIT_MAX] = '\r';
    type_in(&s, typed, LINE_EDIT_MAX + 1, 1000, false, false);
    assert_int_equal(s.n_lines, LINE_EDIT_MAX + 1);
    typed[LINE_EDIT_MAX] = 'x';
    memcpy(typed + LINE_EDIT_MAX + 1, "\b\b\r\nok\r", 7);
    type_in(&s, typed, LINE_EDIT_MAX + 8, 1000, false, false);
    assert_string_equal(s.lines, "TOO LONG|ok|");
    assert_string_equal(s.shown, "\a\r\n\r\n");
    memcpy(typed + LINE_EDIT_MAX + 1, "\025\bok\r", 6);
    type_in(&s, typed, LINE_EDIT_MAX + 6, 1000, false, false);
    assert_string_equal(s.lines, "ok|");
}

/* More to show than there is room for: the rest of the input waits. */
static void
test_line_edit_take__stops_where_show_is_full(void **state)
{
    char typed[LINE_EDIT_MAX * 8];
    struct line_edit e;
    size_t used, all = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(typed); i++) {
        typed[i] = (i + 1) % 200 ? 'x' : '\025';
    }
    line_edit_init(&e, false);
    line_edit_begin(&e, true);
    assert_int_equal(line_edit_take(&e, typed, sizeof(typed), &used), LINE_EDIT_MORE);
    assert_true(used < sizeof(typed));
    for (all = used; all < sizeof(typed); all += used) {
        (void)line_edit_take(&e, typed + all, sizeof(typed) - all, &used);
        assert_true(used > 0 && e.show_length <= LINE_EDIT_SHOW);
    }
    assert_int_equal(all, sizeof(typed));
}

static bool
holds(const struct line_edit *e, const char *word)
{
    return memmem(e, sizeof(*e), word, strlen(word)) != NULL;
}

static void
test_line_edit__wipes(void **state)
{
    struct line_edit e;
    size_t used;

    (void)state;
    line_edit_init(&e, false);
    line_edit_begin(&e, true);
    (void)line_edit_take(&e, BYTES("hunter2!\r"), &used);
    assert_true(holds(&e, "hunter2!"));
    line_edit_begin(&e, false);
    assert_false(holds(&e, "hunter2"));
    (void)line_edit_take(&e, BYTES("hunter2!"), &used);
    (void)line_edit_take(&e, BYTES("\025"), &used);
    assert_false(holds(&e, "hunter2"));
    (void)line_edit_take(&e, BYTES("hunter2!\r"), &used);
    line_edit_clear(&e);
    assert_false(holds(&e, "hunter2"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line_edit_take__each_case_in_pieces),
        cmocka_unit_test(test_line_edit_take__without_echo),
        cmocka_unit_test(test_line_edit_take__too_long),
        cmocka_unit_test(test_line_edit_take__stops_where_show_is_full),
        cmocka_unit_test(test_line_edit__wipes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
