/* SPDX-License-Identifier: Apache-2.0 */
/* FormatMessage's texts and inserts, and text between code pages. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <cmocka.h>

#include <winsock.h>
#include <tchar.h>

static const DWORD of_string = FORMAT_MESSAGE_FROM_STRING;

/* What FormatMessageA makes of a string and its inserts; "" where it fails. */
static const char *
made(DWORD flags, const char *format, ...)
{
    static char text[256];
    va_list arguments;

    text[0] = '\0';
    va_start(arguments, format);
    (void)FormatMessageA(of_string | flags, format, 0, 0, text, sizeof(text), &arguments);
    va_end(arguments);
    return text;
}

#define assert_refused(...)                                        \
    do {                                                           \
        SetLastError(0);                                           \
        assert_string_equal(made(0, __VA_ARGS__), "");             \
        assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER); \
    } while (0)

static void
test_FormatMessage__inserts(void **state)
{
    char longest[1100];

    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_string_equal(made(0, "plain"), "plain");
    assert_string_equal(made(0, "%2 before %1, %2", "one", "two"), "two before one, two");
    assert_string_equal(made(0, "%1!u! %2!d! %3!08x! %4!I64d!", 7u, -7, 0xBEEFu, -3LL),
                        "7 -7 0000beef -3");
    assert_string_equal(made(0, "[%1!5s!][%2!-4s!][%3!.2s!]", "ab", "cd", "xyz"),
                        "[   ab][cd  ][xy]");
    assert_string_equal(made(0, "%1!ls! %2!S! %3!c!", u"wört", u"x", 'y'), "wört x y");
    assert_string_equal(made(0, "%1", NULL), "(null)");
    assert_string_equal(made(0, "a%%b%nc%td%re%.%!% f"), "a%b\r\nc\td\re.! f");
    assert_string_equal(made(0, "before%0after"), "before");
    assert_string_equal(made(0, "a\nb\r\nc"), "a\r\nb\r\nc");
    assert_string_equal(made(FORMAT_MESSAGE_MAX_WIDTH_MASK, "a\nb\r\nc%nd"), "a b c\r\nd");
    /* Microsoft's own example: a width, a precision, their string; later ones by number. */
    assert_string_equal(made(0, "%1!*.*s! %4 %5!*s!", (DWORD_PTR)4, (DWORD_PTR)2, "Bill", "Bob",
                             (DWORD_PTR)6, "Bill"),
                        "  Bi Bob   Bill");
    assert_string_equal(
        made(0, "[%1!-*d!][%3!0*u!]", (DWORD_PTR)4, (DWORD_PTR)7, (DWORD_PTR)3, (DWORD_PTR)8),
        "[7   ][008]");
    assert_string_equal(made(0, "[%1!*s!]", (DWORD_PTR)-4, "ab"), "[ab  ]");
    assert_string_equal(made(0, "%1!s! and %2!hs!", "one", "two"), "one and two");
    assert_string_equal(made(0, "%1!*s!", (DWORD_PTR)1025, "x"), "");
    assert_string_equal(made(0, "[%1!.0s!]", "x"), "[]");
    /* What cannot be formatted is not left out. */
    assert_refused("[%1!1100d!]", 7);
    assert_refused("[%1!-5*d!]", (DWORD_PTR)-3, 7);
    assert_refused("[%1!.*d!]", (DWORD_PTR)-3, 7);
    assert_refused("[%1!*d!]", (DWORD_PTR)1024, 7);
    assert_refused("[%1!-4s!]", longest);
    assert_refused("[%1!-4ls!]", u"\xd800");
    assert_string_equal(made(FORMAT_MESSAGE_IGNORE_INSERTS, "%1 %2!u! %% %.%n%0x"),
                        "%1 %2!u! %% %.\r\n");
}

static void
test_FormatMessage__lines_of_a_width(void **state)
{
    assert_string_equal(made(10, "one two three four"), "one two\r\nthree four");
    assert_string_equal(made(10, "one\ntwo\r\nthree four"), "one two\r\nthree four");
    assert_string_equal(made(10, "one%ntwo three four"), "one\r\ntwo three\r\nfour");
    assert_string_equal(made(4, "a longer word"), "a\r\nlonger\r\nword");
    assert_string_equal(made(9, "größe wört x"), "größe\r\nwört x");
    assert_string_equal(made(6, "%1 %2", "insert", "two"), "insert\r\ntwo");
    assert_string_equal(made(254, "short"), "short");
}

static void
test_FormatMessage__malformed_refused(void **state)
{
    static const char *const formats[] = {
        "a%",       "%1!u",   "%1!!",      "%1!n!",
        "%1!***s!", "%1!*n!", "%1!hhd!x!", "%1!-----------------------------------d!"
    };
    char text[64];
    DWORD_PTR array[4] = { 1, 1, 1, 1 };

    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        SetLastError(0);
        assert_int_equal(FormatMessageA(of_string | FORMAT_MESSAGE_ARGUMENT_ARRAY, formats[i], 0, 0,
                                        text, sizeof(text), (va_list *)array),
                         0);
        assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    }
    assert_int_equal(FormatMessageA(of_string, "%1", 0, 0, text, sizeof(text), NULL), 0);
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    assert_int_equal(FormatMessageA(of_string, NULL, 0, 0, text, sizeof(text), NULL), 0);
    assert_int_equal(FormatMessageA(0, "x", 0, 0, text, sizeof(text), NULL), 0);
    assert_int_equal(FormatMessageA(of_string, "", 0, 0, text, sizeof(text), NULL), 0);
    assert_int_equal(GetLastError(), ERROR_NO_WORK_DONE);
}

static void
test_FormatMessage__each_status_has_a_line(void **state)
{
    static const SECURITY_STATUS statuses[] = {
        SEC_E_INSUFFICIENT_MEMORY, SEC_E_INVALID_HANDLE, SEC_E_LOGON_DENIED, SEC_E_NO_CREDENTIALS,
        SEC_E_MESSAGE_ALTERED,     SEC_E_TIME_SKEW,      SEC_E_BAD_BINDINGS, SEC_I_CONTINUE_NEEDED,
    };
    const DWORD flags =
        FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_IGNORE_INSERTS;

    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        char *text = NULL;
        WCHAR *wide = NULL;
        const DWORD n = FormatMessageA(flags, NULL, (DWORD)statuses[i], 0, (LPSTR)&text, 0, NULL);

        assert_true(n > 2);
        assert_string_equal(text + n - 2, "\r\n");
        assert_int_equal(FormatMessageW(flags, NULL, (DWORD)statuses[i], 0, (LPWSTR)&wide, 0, NULL),
                         n);
        assert_int_equal(compat_wcslen(wide), n);
        assert_null(LocalFree(text));
        assert_null(LocalFree(wide));
    }
    assert_int_equal(
        FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM, NULL, 12345678, 0, (char[8]){ 0 }, 8, NULL), 0);
    assert_int_equal(GetLastError(), ERROR_MR_MID_NOT_FOUND);
}

static void
test_FormatMessage__sizes(void **state)
{
    char text[8] = "########", *own = NULL;

    assert_int_equal(FormatMessageA(of_string, "1234567", 0, 0, text, 8, NULL), 7);
    assert_int_equal(FormatMessageA(of_string, "12345678", 0, 0, text, 8, NULL), 0);
    assert_int_equal(GetLastError(), ERROR_INSUFFICIENT_BUFFER);
    assert_string_equal(text, "1234567");
    assert_int_equal(FormatMessageA(of_string | FORMAT_MESSAGE_ALLOCATE_BUFFER, "x", 0, 0,
                                    (LPSTR)&own, 100, NULL),
                     1);
    assert_true(LocalSize(own) >= 100);
    LocalFree(own);
    assert_int_equal(
        FormatMessageA(of_string | FORMAT_MESSAGE_ALLOCATE_BUFFER, "x", 0, 0, NULL, 0, NULL), 0);
    assert_int_equal(GetLastError(), ERROR_NOT_ENOUGH_MEMORY);
}

static void
test_MultiByteToWideChar__sizes_and_refusals(void **state)
{
    WCHAR wide[8] = u"#######";

    assert_int_equal(MultiByteToWideChar(CP_UTF8, 0, "ü€", -1, NULL, 0), 3);
    assert_int_equal(MultiByteToWideChar(CP_ACP, MB_PRECOMPOSED, "ü€", -1, wide, 8), 3);
    assert_int_equal(compat_wcscmp(wide, u"ü€"), 0);
    assert_int_equal(MultiByteToWideChar(CP_UTF8, 0, "abc", 3, wide, 2), 0);
    assert_int_equal(GetLastError(), ERROR_INSUFFICIENT_BUFFER);
    assert_int_equal(MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, "a\x80", -1, wide, 8), 0);
    assert_int_equal(GetLastError(), ERROR_NO_UNICODE_TRANSLATION);
    assert_int_equal(MultiByteToWideChar(CP_UTF8, MB_PRECOMPOSED, "a", 1, wide, 8), 0);
    assert_int_equal(GetLastError(), ERROR_INVALID_FLAGS);
    assert_int_equal(MultiByteToWideChar(1252, 0, "a", 1, wide, 8), 0);
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    assert_int_equal(MultiByteToWideChar(CP_UTF8, 0, "a", 0, wide, 8), 0);
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
}

static void
test_WideCharToMultiByte__sizes_and_refusals(void **state)
{
    static const WCHAR lone[] = { 'x', 0xD83D, 0 };
    char text[8] = "#######";
    BOOL used = 7;

    assert_int_equal(WideCharToMultiByte(CP_UTF8, 0, u"ü€", -1, NULL, 0, NULL, NULL), 6);
    assert_int_equal(WideCharToMultiByte(CP_UTF8, 0, u"ü€", -1, text, 8, NULL, NULL), 6);
    assert_string_equal(text, "ü€");
    assert_int_equal(WideCharToMultiByte(CP_ACP, 0, lone, -1, text, 8, "?", &used), 5);
    assert_true(used);
    assert_string_equal(text, "x\xEF\xBF\xBD");
    assert_int_equal(
        WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, lone, -1, text, 8, NULL, NULL), 0);
    assert_int_equal(GetLastError(), ERROR_NO_UNICODE_TRANSLATION);
    assert_int_equal(WideCharToMultiByte(CP_UTF8, 0, u"a", 1, text, 8, "?", NULL), 0);
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    assert_int_equal(WideCharToMultiByte(CP_UTF8, 0, u"€", 1, text, 2, NULL, NULL), 0);
    assert_int_equal(GetLastError(), ERROR_INSUFFICIENT_BUFFER);
}

static void
test__snprintf__as_windows_has_it(void **state)
{
    char text[8] = "#######";

    assert_int_equal(_snprintf(text, 4, "%s", "abc"), 3);
    assert_string_equal(text, "abc");
    assert_int_equal(_snprintf(text, 4, "%s", "wxyz"), 4);
    assert_string_equal(text, "wxyz###");
    assert_int_equal(_snprintf(text, 4, "%s", "12345"), -1);
    assert_string_equal(text, "1234###");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_FormatMessage__inserts),
        cmocka_unit_test(test_FormatMessage__lines_of_a_width),
        cmocka_unit_test(test_FormatMessage__malformed_refused),
        cmocka_unit_test(test_FormatMessage__each_status_has_a_line),
        cmocka_unit_test(test_FormatMessage__sizes),
        cmocka_unit_test(test_MultiByteToWideChar__sizes_and_refusals),
        cmocka_unit_test(test_WideCharToMultiByte__sizes_and_refusals),
        cmocka_unit_test(test__snprintf__as_windows_has_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
