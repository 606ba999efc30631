/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-16LE and UTF-8: strict conversion, Unicode's simple upper case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/utf16.h"
#include "tests/support/hex.h"

static const struct {
    const char *name, *utf8, *utf16;
} pairs[] = {
    { "nothing", "", "" },
    { "ASCII", "User", "5500730065007200" },
    { "last of one octet", "\x7f", "7f00" },
    { "first of two", "\xc2\x80", "8000" },
    { "last of two", "\u07ff", "ff07" },
    { "first of three", "\u0800", "0008" },
    { "below the surrogates", "\uD7FF", "ffd7" },
    { "above the surrogates", "\uE000", "00e0" },
    { "a noncharacter", "\uFFFF", "ffff" },
    { "first pair", "\U00010000", "00d800dc" },
    { "last pair", "\U0010FFFF", "ffdbffdf" },
    { "mixed", "Ж€😀", "1604ac203dd800de" },
};

static void
test_utf16_put_utf8__and_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        uint8_t want[64], room[64];
        struct bytes utf16 = hex_into(want, sizeof(want), pairs[i].utf16);
        struct wire_writer w = wire_writer_fixed(room, sizeof(room));
        char *heap;

        print_message("# %s\n", pairs[i].name);
        utf16_put_utf8(&w, bytes_of_string(pairs[i].utf8));
        assert_int_equal(wire_writer_status(&w), WIRE_OK);
        assert_bytes_equal(wire_written(&w), utf16);
        assert_true(utf8_is_well_formed(bytes_of_string(pairs[i].utf8)));
        assert_bytes_equal(utf16_into(room, utf16.n, bytes_of_string(pairs[i].utf8)), utf16);
        if (utf16.n) {
            assert_int_equal(utf16_into(room, utf16.n - 1, bytes_of_string(pairs[i].utf8)).n, 0);
        }

        w = wire_writer_fixed(room, sizeof(room));
        utf8_put_utf16(&w, utf16);
        assert_int_equal(wire_writer_status(&w), WIRE_OK);
        assert_bytes_equal(wire_written(&w), bytes_of_string(pairs[i].utf8));

        heap = utf8_from_utf16(utf16);
        assert_string_equal(heap, pairs[i].utf8);
        mem_free(heap);
    }
}

/* Of the Unicode Standard's table 3-8, and other ends of sequences. */
static void
test_utf16_put_utf8_replacing__maximal_subparts(void **state)
{
    static const struct {
        const char *utf8, *utf16;
        size_t replaced;
    } cases[] = {
        { "4180", "4100fdff", 1 },
        { "c080afe080bff0818241", "fdfffdfffdfffdfffdfffdfffdfffdfffdff4100", 9 },
        { "eda080edbfbfedaf41", "fdfffdfffdfffdfffdfffdfffdfffdff4100", 8 },
        { "f4919293ff4180bf42", "fdfffdfffdfffdfffdff4100fdfffdff4200", 7 },
        { "e180e2f09192f1bf41", "fdfffdfffdfffdff4100", 4 },
        { "f09f9880", "3dd800de", 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t in[32], want[64], room[64];
        struct wire_writer w = wire_writer_fixed(room, sizeof(room));

        assert_int_equal(utf16_put_utf8_replacing(&w, hex_into(in, sizeof(in), cases[i].utf8)),
                         cases[i].replaced);
        assert_bytes_equal(wire_written(&w), hex_into(want, sizeof(want), cases[i].utf16));
    }
}

static void
test_utf8_put_utf16_replacing__lone_surrogates(void **state)
{
    uint8_t in[16], room[32];
    struct wire_writer w = wire_writer_fixed(room, sizeof(room));

    (void)state;
    assert_int_equal(utf8_put_utf16_replacing(&w, hex_into(in, sizeof(in), "78003dd8790000de")), 2);
    assert_bytes_equal(wire_written(&w), bytes_of_string("x\uFFFDy\uFFFD"));
}

static void
test_utf16_put_utf8__ill_formed_refused(void **state)
{
    static const char *const cases[] = {
        "80",       "bf",         "c2",       "c241",     "c080",   "c1bf",
        "e08080",   "e09fbf",     "e280",     "eda080",   "edbfbf", "f08080af",
        "f08fbfbf", "f0908080c2", "f4908080", "f5808080", "ff",     "41fe",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t in[16], room[64];
        struct wire_writer w = wire_writer_fixed(room, sizeof(room));
        struct bytes text = hex_into(in, sizeof(in), cases[i]);

        utf16_put_utf8(&w, text);
        assert_int_equal(wire_writer_status(&w), WIRE_BAD_VALUE);
        assert_false(utf8_is_well_formed(text));
        assert_int_equal(utf16_into(room, sizeof(room), text).n, 0);
    }
}

static void
test_utf8_put_utf16__lone_surrogates_and_half_units_refused(void **state)
{
    static const struct {
        const char *hex, *replaced;
    } cases[] = {
        { "00d8", "\uFFFD" },           { "ffdb", "\uFFFD" },
        { "00dc", "\uFFFD" },           { "00d84100", "\uFFFDA" },
        { "00d800d8", "\uFFFD\uFFFD" }, { "00d800d800dc", "\uFFFD\U00010000" },
        { "00d800", "\uFFFD\uFFFD" },   { "4100ff", "A\uFFFD" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t in[16], room[64];
        struct wire_writer w = wire_writer_fixed(room, sizeof(room));
        struct bytes utf16 = hex_into(in, sizeof(in), cases[i].hex);
        char *heap;

        utf8_put_utf16(&w, utf16);
        assert_int_equal(wire_writer_status(&w), WIRE_BAD_VALUE);
        heap = utf8_from_utf16(utf16);
        assert_string_equal(heap, cases[i].replaced);
        mem_free(heap);
    }
}

/* As a string it would end there, and be another name. */
static void
test_utf8_from_utf16__a_nul_within__is_shown(void **state)
{
    char *heap = utf8_from_utf16(UTF16("a\0b"));

    (void)state;
    assert_string_equal(heap, "a\uFFFDb");
    mem_free(heap);
}

/* Unicode's simple mapping: one code point to one, so the eszett and the ligature stay. */
static void
test_utf16_put_upper__simple_mapping(void **state)
{
    static const struct {
        const char *name, *from, *to;
    } cases[] = {
        { "ASCII", "user-Z{`", "USER-Z{`" },
        { "Latin", "éß", "Éß" },
        { "y with diaeresis leaves Latin-1", "ÿ", "Ÿ" },
        { "Greek", "σς", "ΣΣ" },
        { "Cyrillic", "жя", "ЖЯ" },
        { "dotless i", "ı", "I" },
        { "ligature", "ﬁ", "ﬁ" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t from_room[64], to_room[64], upper_room[64];
        struct wire_writer from = wire_writer_fixed(from_room, sizeof(from_room));
        struct wire_writer to = wire_writer_fixed(to_room, sizeof(to_room));
        struct wire_writer upper = wire_writer_fixed(upper_room, sizeof(upper_room));

        print_message("# %s\n", cases[i].name);
        utf16_put_utf8(&from, bytes_of_string(cases[i].from));
        utf16_put_utf8(&to, bytes_of_string(cases[i].to));
        utf16_put_upper(&upper, wire_written(&from));
        assert_bytes_equal(wire_written(&upper), wire_written(&to));
        assert_true(utf16_equal_nocase(wire_written(&from), wire_written(&to)));
    }
}

static void
test_utf16_put_upper__ill_formed_units_pass_unchanged(void **state)
{
    uint8_t room[16];
    struct wire_writer w = wire_writer_fixed(room, sizeof(room));

    (void)state;
    utf16_put_upper(&w, HEX("610000d8620063"));
    assert_bytes_equal(wire_written(&w), HEX("410000d8420063"));
}

static void
test_utf16_equal_nocase__differences_found(void **state)
{
    (void)state;
    assert_true(utf16_equal_nocase(UTF16(""), UTF16("")));
    assert_true(utf16_equal_nocase(UTF16("NTLM"), UTF16("ntlm")));
    assert_false(utf16_equal_nocase(UTF16("NTLM"), UTF16("ntl")));
    assert_false(utf16_equal_nocase(UTF16("a@"), UTF16("a`")));
    assert_false(utf16_equal_nocase(UTF16("["), UTF16("{")));
    assert_false(utf16_equal_nocase(HEX("6100"), HEX("6101")));
    assert_false(utf16_equal_nocase(HEX("41"), HEX("41"))); /* half a unit is no name */
}

static void
test_utf16_split_account__at_the_first_backslash(void **state)
{
    const struct {
        struct bytes user, domain, split_user, split_domain;
    } table[] = {
        { UTF16("DOMAIN\\demo"), UTF16(""), UTF16("demo"), UTF16("DOMAIN") },
        { UTF16("DOMAIN\\demo"), UTF16("OTHER"), UTF16("DOMAIN\\demo"), UTF16("OTHER") },
        { UTF16("demo"), UTF16(""), UTF16("demo"), UTF16("") },
        { UTF16("demo@domain"), UTF16(""), UTF16("demo@domain"), UTF16("") },
        { UTF16("\\demo"), UTF16(""), UTF16("demo"), UTF16("") },
        { UTF16("DOMAIN\\"), UTF16(""), UTF16(""), UTF16("DOMAIN") },
        { UTF16("a\\b\\c"), UTF16(""), UTF16("b\\c"), UTF16("a") },
        { HEX("61005c"), UTF16(""), HEX("61005c"), UTF16("") }, /* half a unit */
        { UTF16(""), UTF16(""), UTF16(""), UTF16("") },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct bytes user = table[i].user, domain = table[i].domain;

        utf16_split_account(&user, &domain);
        assert_bytes_equal(user, table[i].split_user);
        assert_bytes_equal(domain, table[i].split_domain);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf16_split_account__at_the_first_backslash),
        cmocka_unit_test(test_utf16_put_utf8__and_back),
        cmocka_unit_test(test_utf16_put_utf8_replacing__maximal_subparts),
        cmocka_unit_test(test_utf8_put_utf16_replacing__lone_surrogates),
        cmocka_unit_test(test_utf16_put_utf8__ill_formed_refused),
        cmocka_unit_test(test_utf8_put_utf16__lone_surrogates_and_half_units_refused),
        cmocka_unit_test(test_utf8_from_utf16__a_nul_within__is_shown),
        cmocka_unit_test(test_utf16_put_upper__simple_mapping),
        cmocka_unit_test(test_utf16_put_upper__ill_formed_units_pass_unchanged),
        cmocka_unit_test(test_utf16_equal_nocase__differences_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
