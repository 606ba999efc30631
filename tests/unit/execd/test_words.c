/* SPDX-License-Identifier: Apache-2.0 */
/* A line as words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "execd/words.h"
#include "tests/support/alloc_fail.h"

static const struct {
    const char *text, *words[5];
} good[] = {
    { "", { NULL } },
    { " \t ", { NULL } },
    { "one", { "one" } },
    { "  /bin/sh  -c\tid ", { "/bin/sh", "-c", "id" } },
    { "\"two words\" three", { "two words", "three" } },
    { "a\"b c\"d \"\" e", { "ab cd", "", "e" } },
    { "$HOME `id` * 'a b'", { "$HOME", "`id`", "*", "'a", "b'" } },
    { "a b c d", { "a", "b", "c", "d" } },
    { "back\\slash", { "back\\slash" } },
};

static void
test_words_split__parts_and_nothing_else(void **state)
{
    char why[64];

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        size_t n, expected = 0;
        char **words = words_split(good[i].text, &n, why, sizeof(why));

        assert_non_null(words);
        while (expected < 5 && good[i].words[expected]) {
            assert_string_equal(words[expected], good[i].words[expected]);
            expected++;
        }
        assert_int_equal(n, expected);
        assert_null(words[n]);
        mem_free(words);
    }
}

static void
test_words_split__a_quote_without_its_end__refused(void **state)
{
    static const char *const texts[] = { "\"", "a \"b", "\"a\" \"", "a\"\"\"" };
    char why[64];

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_null(words_split(texts[i], NULL, why, sizeof(why)));
        assert_non_null(strstr(why, "closing quote"));
    }
}

static void
split_once(void *user, bool failing)
{
    char why[64];
    char **words = words_split("a b", NULL, why, sizeof(why));

    assert_true(words || failing);
    mem_free(words);
    (void)user;
}

static void
test_words_split__without_memory(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(split_once, NULL) > 0);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_split__parts_and_nothing_else),
        cmocka_unit_test(test_words_split__a_quote_without_its_end__refused),
        cmocka_unit_test(test_words_split__without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
