/* SPDX-License-Identifier: Apache-2.0 */
/* Reasons: one line of text each, whatever a peer put into them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/status.h"

static const struct {
    const char *said, *reason;
} rows[] = {
    { "", "" },
    { "nobody answers", "nobody answers" },
    { "J\xC3\xBCrgen's \"key\\\"", "J\xC3\xBCrgen's \"key\\\"" },
    { "\x1b]0;mine\x07", "\\x1b]0;mine\\x07" },
    { "one\ntwo\r\n", "one\\ntwo\\x0d\\n" },
    { "\xC2\x9B"
      "2J",
      "\\u009b2J" },
    { "\xE2\x80\xAEtxt", "\\u202etxt" },
    { "\xFF", "\\xff" },
    { "\x7f", "\\x7f" },
};

static void
test_sec_fail__what_a_terminal_would_obey__is_shown(void **state)
{
    char expected[64];

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        assert_int_equal(sec_fail(SEC_E_LOGON_DENIED, "%s", rows[i].said), SEC_E_LOGON_DENIED);
        assert_string_equal(sec_reason(), rows[i].reason);
        /* What has been shown is not shown again. */
        (void)sec_fail(SEC_E_LOGON_DENIED, "again: %s", sec_reason());
        (void)snprintf(expected, sizeof(expected), "again: %s", rows[i].reason);
        assert_string_equal(sec_reason(), expected);
    }
    sec_reason_clear();
    assert_string_equal(sec_reason(), "");
}

static void
test_sec_fail__what_does_not_fit__is_cut_between_characters(void **state)
{
    char text[2 * SEC_REASON_BYTES];
    size_t n;

    (void)state;
    for (size_t before = SEC_REASON_BYTES - 8; before < SEC_REASON_BYTES + 2; before++) {
        memset(text, 'x', sizeof(text));
        memcpy(text + before, "\xE2\x82\xAC\xE2\x82\xAC", 7);
        (void)sec_fail(SEC_E_INVALID_TOKEN, "%s", text);
        n = strlen(sec_reason());
        assert_true(n < SEC_REASON_BYTES && n >= SEC_REASON_BYTES - 8);
        assert_memory_equal(sec_reason(), text, n);
        assert_true(n <= before || (n - before) % 3 == 0);
    }
    memset(text, 0x1b, sizeof(text));
    text[sizeof(text) - 1] = 0;
    (void)sec_fail(SEC_E_INVALID_TOKEN, "%s", text);
    n = strlen(sec_reason());
    assert_true(n < SEC_REASON_BYTES && n >= SEC_REASON_BYTES - 8 && n % 4 == 0);
    assert_null(memchr(sec_reason(), 0x1b, n));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sec_fail__what_a_terminal_would_obey__is_shown),
        cmocka_unit_test(test_sec_fail__what_does_not_fit__is_cut_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
