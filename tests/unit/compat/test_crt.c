/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded strings for char and for 16-bit characters, and the 16-bit printf. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/mman.h>
#include <unistd.h>

#define _UNICODE
#define UNICODE
#include <windows.h>
#include <tchar.h>

#define assert_wide(got, wanted) assert_int_equal(compat_wcscmp((got), (wanted)), 0)

static void
test_strcpy_s__fits_or_empties(void **state)
{
    char text[4] = "xyz";

    assert_int_equal(strcpy_s(text, sizeof(text), "abc"), 0);
    assert_string_equal(text, "abc");
    assert_int_equal(strcpy_s(text, sizeof(text), "abcd"), ERANGE);
    assert_string_equal(text, "");
    assert_int_equal(strcpy_s(text, sizeof(text), NULL), EINVAL);
    assert_int_equal(strcpy_s(NULL, 4, "a"), EINVAL);
    assert_int_equal(strcpy_s(text, 0, "a"), EINVAL);
}

static void
test_strcat_s__fits_or_empties(void **state)
{
    char text[6] = "ab";
    char endless[2] = { 'a', 'b' };

    assert_int_equal(strcat_s(text, sizeof(text), "cde"), 0);
    assert_string_equal(text, "abcde");
    assert_int_equal(strcat_s(text, sizeof(text), "f"), ERANGE);
    assert_string_equal(text, "");
    assert_int_equal(strcat_s(endless, sizeof(endless), "f"), EINVAL);
}

static void
test_strncpy_s__counts_and_truncates(void **state)
{
    char text[4];

    assert_int_equal(strncpy_s(text, sizeof(text), "abcdef", 3), 0);
    assert_string_equal(text, "abc");
    assert_int_equal(strncpy_s(text, sizeof(text), "abcdef", 4), ERANGE);
    assert_string_equal(text, "");
    assert_int_equal(strncpy_s(text, sizeof(text), "abcdef", _TRUNCATE), STRUNCATE);
    assert_string_equal(text, "abc");
    assert_int_equal(strncpy_s(text, sizeof(text), "ab", _TRUNCATE), 0);
    assert_int_equal(strncat_s(text, sizeof(text), "cdef", _TRUNCATE), STRUNCATE);
    assert_string_equal(text, "abc");
    assert_int_equal(strncat_s(text, sizeof(text), "cdef", 0), 0);
}

static void
test_sprintf_s__fits_or_empties(void **state)
{
    char text[6];

    assert_int_equal(sprintf_s(text, sizeof(text), "%d", 12345), 5);
    assert_string_equal(text, "12345");
    assert_int_equal(sprintf_s(text, sizeof(text), "%d", 123456), -1);
    assert_string_equal(text, "");
    assert_int_equal(_snprintf_s(text, sizeof(text), _TRUNCATE, "%d", 1234567), -1);
    assert_string_equal(text, "12345");
    assert_int_equal(_snprintf_s(text, sizeof(text), 3, "%d", 1234), -1);
    assert_string_equal(text, "123");
    assert_int_equal(_snprintf_s(text, sizeof(text), 9, "%d", 1234567), -1);
    assert_string_equal(text, "");
    assert_int_equal(_snprintf_s(text, sizeof(text), 9, "%d", 12), 2);
}

static void
test_memcpy_s__fits_or_wipes(void **state)
{
    char to[4] = "abc";

    assert_int_equal(memcpy_s(to, sizeof(to), "xyz", 4), 0);
    assert_string_equal(to, "xyz");
    assert_int_equal(memcpy_s(to, sizeof(to), "12345", 5), ERANGE);
    assert_int_equal(to[0], 0);
    assert_int_equal(memcpy_s(NULL, 0, NULL, 0), 0);
    assert_int_equal(memcpy_s(NULL, 4, "x", 1), EINVAL);
}

static void
test_wide_copies__as_the_narrow(void **state)
{
    WCHAR text[4];

    assert_int_equal(_tcscpy_s(text, 4, _T("abc")), 0);
    assert_wide(text, u"abc");
    assert_int_equal(_tcscpy_s(text, 4, _T("abcd")), ERANGE);
    assert_wide(text, u"");
    assert_int_equal(_tcsncpy_s(text, 4, _T("abcdef"), _TRUNCATE), STRUNCATE);
    assert_wide(text, u"abc");
    assert_int_equal(_tcsncpy_s(text, 4, _T("ab"), 2), 0);
    assert_int_equal(_tcscat_s(text, 4, _T("c")), 0);
    assert_int_equal(_tcsncat_s(text, 4, _T("de"), 1), ERANGE);
    assert_wide(text, u"");
    assert_int_equal(_tcscpy_s(NULL, 4, _T("a")), EINVAL);
}

static void
test_wide_searches__find(void **state)
{
    const WCHAR *spn = _T("HTTP/web1.example.test");

    assert_int_equal(_tcslen(spn), 22);
    assert_ptr_equal(_tcschr(spn, '/'), spn + 4);
    assert_null(_tcschr(spn, ':'));
    assert_ptr_equal(_tcschr(spn, 0), spn + 22);
    assert_ptr_equal(_tcsrchr(spn, '.'), spn + 17);
    assert_null(_tcsrchr(spn, '!'));
    assert_ptr_equal(_tcsstr(spn, _T("web1")), spn + 5);
    assert_null(_tcsstr(spn, _T("web2")));
    assert_true(_tcscmp(_T("a"), _T("b")) < 0);
    assert_int_equal(_tcsncmp(_T("abc"), _T("abd"), 2), 0);
    assert_int_equal(_tcsicmp(_T("Negotiate"), _T("NEGOTIATE")), 0);
    assert_true(_tcsicmp(_T("a"), _T("B")) < 0);
}

static void
test_wcstoul__as_the_c_library(void **state)
{
    WCHAR *end;
    const WCHAR *text = u"  0x1fg";

    assert_int_equal(_tcstoul(text, &end, 0), 0x1f);
    assert_ptr_equal(end, text + 6);
    assert_int_equal(_tcstoul(u"2000", NULL, 10), 2000);
    text = u"abc";
    assert_int_equal(_tcstoul(text, &end, 10), 0);
    assert_ptr_equal(end, text);
    assert_true(_tcstoul(u"99999999999", NULL, 10) == UINT32_MAX);
    assert_true(_tcstoul(u"-2", NULL, 10) == UINT32_MAX - 1);
    assert_true(_tcstoul(u" -4294967295", NULL, 10) == 1);
    assert_true(_tcstoul(u"-99999999999", NULL, 10) == UINT32_MAX);
    assert_true(_tcstoul(u"18446744073709551615", NULL, 10) == UINT32_MAX);
}

static void
format_is(const WCHAR *wanted, int n, WCHAR *got)
{
    assert_wide(got, wanted);
    assert_int_equal(n, compat_wcslen(wanted));
}

static void
test_swprintf_s__reads_formats_as_windows(void **state)
{
    WCHAR b[128];
    const DWORD status = 0x80090308;

#define FORMAT(wanted, ...) format_is(wanted, _stprintf_s(b, 128, __VA_ARGS__), b)
    FORMAT(u"plain 100%", _T("plain 100%%"));
    FORMAT(u"80090308 2148074248", _T("%lX %lu"), status, status);
    FORMAT(u"-5 +5  5", _T("%ld %+d %2hd"), -5, 5, 5);
    FORMAT(u"18446744073709551615", _T("%I64u"), UINT64_MAX);
    FORMAT(u"-9223372036854775808", _T("%lld"), INT64_MIN);
    FORMAT(u"|  ab|ab  |a|", _T("|%4s|%-4s|%.1s|"), u"ab", u"ab", u"ab");
    FORMAT(u"narrow \u00e4 (null)", _T("%hs %S %s"), "narrow", "\xc3\xa4", (WCHAR *)NULL);
    FORMAT(u"wide wide", _T("%ls %ws"), u"wide", u"wide");
    FORMAT(u"x\U0001f600", _T("%c%c%c"), 'x', 0xd83d, 0xde00);
    FORMAT(u"007 0x1f 1.50", _T("%03d %#x %.2f"), 7, 31, 1.5);
    FORMAT(u"  7|7  ", _T("%*d|%*d"), 3, 7, -3, 7);
    FORMAT(u"255 -1 65535", _T("%hhu %hhd %hu"), 255, 255, 65535);
    FORMAT(u"0000000000001234", _T("%p"), (void *)0x1234);
    FORMAT(u"12 34", _T("%zu %td"), (size_t)12, (ptrdiff_t)34);
#undef FORMAT
}

/* Strings that end at a page's end, without a NUL. */
static void
test_swprintf_s__reads_no_more_of_a_string_than_its_precision(void **state)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *at = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    WCHAR b[16];

    assert_ptr_not_equal(at, MAP_FAILED);
    assert_int_equal(mprotect(at + page, page, PROT_NONE), 0);
    memcpy(at + page - 5, "abc\xc3\xa4", 5);
    assert_int_equal(_stprintf_s(b, 16, _T("%.5hs"), at + page - 5), 4);
    assert_wide(b, u"abc\u00e4");
    memcpy(at + page - 5, "abcd\xc3", 5);
    assert_int_equal(_stprintf_s(b, 16, _T("%.5hs"), at + page - 5), 4);
    assert_wide(b, u"abcd");
    memcpy(at + page - 5, "ab\xf0\x9f\x98", 5);
    assert_int_equal(_stprintf_s(b, 16, _T("%.5hs"), at + page - 5), 2);
    assert_wide(b, u"ab");
    assert_int_equal(munmap(at, 2 * page), 0);
}

static void
test_swprintf_s__refuses(void **state)
{
    WCHAR b[4] = u"abc";
    int n = 0;

    assert_int_equal(_stprintf_s(b, 4, _T("%d"), 1234), -1);
    assert_int_equal(b[0], 0);
    assert_int_equal(_stprintf_s(b, 4, _T("%n"), &n), -1);
    assert_int_equal(_stprintf_s(b, 4, _T("%999999d"), 1), -1);
    assert_int_equal(_stprintf_s(b, 4, _T("%")), -1);
    assert_int_equal(_stprintf_s(b, 4, _T("%y"), 1), -1);
    assert_int_equal(_stprintf_s(b, 4, NULL), -1);
    assert_int_equal(_stprintf_s(NULL, 4, _T("x")), -1);
}

static void
test_fwprintf__writes_utf8(void **state)
{
    char got[32] = "";
    FILE *file = fmemopen(got, sizeof(got), "w");

    assert_non_null(file);
    assert_int_equal(_ftprintf(file, _T("%s=%d\n"), u"\u00e4\U0001f600", 7), 6);
    fclose(file);
    assert_string_equal(got, "\xc3\xa4\xf0\x9f\x98\x80=7\n");
}

/* A line that readers of TAP pass over. */
static int
print_comment(const TCHAR *format, ...)
{
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = _vtprintf(format, arguments);
    va_end(arguments);
    return n;
}

static void
test_vwprintf__writes_to_standard_output(void **state)
{
    assert_int_equal(print_comment(_T("# %s %d\n"), _T("printed"), 7), 12);
}

static void
test_fwprintf__refuses_a_lone_surrogate(void **state)
{
    char got[32] = "";
    FILE *file = fmemopen(got, sizeof(got), "w");

    assert_int_equal(_ftprintf(file, _T("%c"), 0xd83d), -1);
    fclose(file);
    assert_string_equal(got, "");
}

static int
program(int argc, WCHAR **argv)
{
    return argc == 2 && compat_wcscmp(argv[1], u"\u00e4") == 0 && !argv[2] ? 7 : 1;
}

static void
test_wmain__gives_utf16(void **state)
{
    char name[] = "test", argument[] = "\xc3\xa4", bad[] = "\xc3";
    char *good_argv[] = { name, argument, NULL }, *bad_argv[] = { name, bad, NULL };

    assert_int_equal(compat_wmain(2, good_argv, program), 7);
    assert_int_equal(compat_wmain(2, bad_argv, program), 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strcpy_s__fits_or_empties),
        cmocka_unit_test(test_strcat_s__fits_or_empties),
        cmocka_unit_test(test_strncpy_s__counts_and_truncates),
        cmocka_unit_test(test_sprintf_s__fits_or_empties),
        cmocka_unit_test(test_memcpy_s__fits_or_wipes),
        cmocka_unit_test(test_wide_copies__as_the_narrow),
        cmocka_unit_test(test_wide_searches__find),
        cmocka_unit_test(test_wcstoul__as_the_c_library),
        cmocka_unit_test(test_swprintf_s__reads_formats_as_windows),
        cmocka_unit_test(test_swprintf_s__reads_no_more_of_a_string_than_its_precision),
        cmocka_unit_test(test_swprintf_s__refuses),
        cmocka_unit_test(test_fwprintf__writes_utf8),
        cmocka_unit_test(test_vwprintf__writes_to_standard_output),
        cmocka_unit_test(test_fwprintf__refuses_a_lone_surrogate),
        cmocka_unit_test(test_wmain__gives_utf16),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
