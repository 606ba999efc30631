/* SPDX-License-Identifier: Apache-2.0 */
/* Strings that are cut, and numbers as text; what Wine answers to more of them is asked by
 * tests/compat-source/answers_strsafe.c. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <strsafe.h>
#include <tchar.h>

static void
test_StringCchCopy__cuts_and_terminates(void **state)
{
    char text[4] = "###";

    assert_int_equal(StringCchCopyA(text, 4, "abc"), S_OK);
    assert_string_equal(text, "abc");
    assert_int_equal(StringCchCopyA(text, 4, "wxyz"), STRSAFE_E_INSUFFICIENT_BUFFER);
    assert_string_equal(text, "wxy");
    assert_int_equal(StringCchCopyNA(text, 4, "12345", 2), S_OK);
    assert_string_equal(text, "12");
    assert_int_equal(StringCchCatA(text, 4, "345"), STRSAFE_E_INSUFFICIENT_BUFFER);
    assert_string_equal(text, "123");
    assert_int_equal(StringCchCatExA(text, 4, "4", NULL, NULL, STRSAFE_NO_TRUNCATION),
                     STRSAFE_E_INSUFFICIENT_BUFFER);
    assert_string_equal(text, "123");
}

static void
test_StringCchCopy__refuses(void **state)
{
    char text[4] = "abc", full[4] = { 'x', 'x', 'x', 'x' };
    size_t left = 7;

    assert_int_equal(StringCchCopyA(NULL, 4, "abc"), STRSAFE_E_INVALID_PARAMETER);
    assert_int_equal(StringCchCopyA(text, 0, "abc"), STRSAFE_E_INVALID_PARAMETER);
    assert_int_equal(StringCchCopyA(text, SIZE_MAX, "abc"), STRSAFE_E_INVALID_PARAMETER);
    assert_int_equal(StringCchCopyA(text, 4, NULL), STRSAFE_E_INVALID_PARAMETER);
    assert_int_equal(StringCchCopyNA(text, 4, "x", SIZE_MAX), STRSAFE_E_INVALID_PARAMETER);
    assert_int_equal(StringCchCopyExA(text, 4, "x", NULL, &left, 0x2000),
                     STRSAFE_E_INVALID_PARAMETER);
    assert_int_equal(StringCchCatA(full, 4, "y"), STRSAFE_E_INVALID_PARAMETER);
    assert_int_equal(left, 7);
    assert_string_equal(text, "abc");
    assert_int_equal(StringCchCopyExA(text, 4, NULL, NULL, NULL, STRSAFE_NULL_ON_FAILURE),
                     STRSAFE_E_INVALID_PARAMETER);
    assert_string_equal(text, "");
    assert_int_equal(StringCchCopyExA(NULL, 0, "", NULL, &left, STRSAFE_IGNORE_NULLS), S_OK);
    assert_int_equal(left, 0);
    assert_int_equal(StringCchCopyExA(NULL, 0, NULL, NULL, &left, STRSAFE_IGNORE_NULLS), S_OK);
    assert_int_equal(StringCchCopyExA(NULL, 0, "x", NULL, &left, STRSAFE_IGNORE_NULLS),
                     STRSAFE_E_INVALID_PARAMETER);
    assert_int_equal(StringCchCatExA(NULL, 0, NULL, NULL, &left, STRSAFE_IGNORE_NULLS), S_OK);
}

static void
test_StringCbCopyEx__wide(void **state)
{
    WCHAR text[6], *end = NULL;
    size_t left = 0;

    assert_int_equal(StringCbCopyExW(text, 11, u"wört", &end, &left, STRSAFE_FILL_BYTE('.')), S_OK);
    assert_ptr_equal(end, text + 4);
    assert_int_equal(left, 3);
    assert_int_equal(StringCchPrintfW(text, 6, u"%s-%d", u"ab", 12345),
                     STRSAFE_E_INSUFFICIENT_BUFFER);
    assert_int_equal(compat_wcscmp(text, u"ab-12"), 0);
    assert_int_equal(StringCchPrintfW(text, 6, u"%n", NULL), STRSAFE_E_INVALID_PARAMETER);
    assert_int_equal(StringCbLengthW(u"abc", 8, &left), S_OK);
    assert_int_equal(left, 6);
    assert_int_equal(StringCbLengthW(u"abc", 7, &left), STRSAFE_E_INVALID_PARAMETER);
    assert_int_equal(left, 0);
}

static void
test_StringCchPrintf__ex(void **state)
{
    char text[6] = "", *end = NULL;
    size_t left = 0;

    assert_int_equal(StringCchPrintfExA(text, 6, &end, &left, 0, "%s%d", "a", 12), S_OK);
    assert_string_equal(text, "a12");
    assert_ptr_equal(end, text + 3);
    assert_int_equal(left, 3);
    assert_int_equal(
        StringCbPrintfExA(text, 6, &end, &left, STRSAFE_FAILURE_BYTE('!'), "%s", "too long"),
        STRSAFE_E_INSUFFICIENT_BUFFER);
    assert_string_equal(text, "!!!!!");
    assert_int_equal(left, 1);
    assert_int_equal(
        StringCchPrintfExA(text, 6, &end, &left, STRSAFE_NO_TRUNCATION, "%s", "too long"),
        STRSAFE_E_INSUFFICIENT_BUFFER);
    assert_string_equal(text, "");
    assert_int_equal(left, 6);
}

static void
test_numbers__as_text(void **state)
{
    char text[34];
    WCHAR wide[8], *end, *copy;

    assert_int_equal(_itoa_s(INT32_MIN, text, sizeof(text), 10), 0);
    assert_string_equal(text, "-2147483648");
    assert_int_equal(_itoa_s(-1, text, sizeof(text), 2), 0);
    assert_int_equal(strlen(text), 32);
    assert_int_equal(_ultoa_s(0xBEEF, text, 5, 16), 0);
    assert_string_equal(text, "beef");
    assert_int_equal(_ultoa_s(0xBEEF, text, 4, 16), ERANGE);
    assert_string_equal(text, "");
    assert_int_equal(_itoa_s(1, text, 4, 37), EINVAL);
    assert_int_equal(_itoa_s(1, NULL, 4, 10), EINVAL);
    assert_int_equal(_itow_s(-42, wide, 8, 10), 0);
    assert_int_equal(_wtoi(wide), -42);
    assert_int_equal(_ultow_s(1, wide, 1, 10), ERANGE);
    assert_int_equal(_wtoi(u"99999999999"), INT32_MAX);
    assert_int_equal(_wtoi(u"x"), 0);
    assert_int_equal(compat_wcstol(u" -12x", &end, 10), -12);
    assert_int_equal(*end, 'x');
    assert_int_equal(compat_wcsnicmp(u"ABx", u"abY", 2), 0);
    assert_true(compat_wcsnicmp(u"ABx", u"abY", 3) < 0);
    copy = compat_wcsdup(u"wört");
    assert_int_equal(compat_wcscmp(copy, u"wört"), 0);
    free(copy);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_StringCchCopy__cuts_and_terminates),
        cmocka_unit_test(test_StringCchCopy__refuses),
        cmocka_unit_test(test_StringCbCopyEx__wide),
        cmocka_unit_test(test_StringCchPrintf__ex),
        cmocka_unit_test(test_numbers__as_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
