/* SPDX-License-Identifier: Apache-2.0 */
/* Strings, formats and memory of windows.h. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <windows.h>

static void
test_lstr__char(void **state)
{
    char s[16] = "old";

    assert_int_equal(lstrlenA("abc"), 3);
    assert_int_equal(lstrlenA(NULL), 0);
    assert_ptr_equal(lstrcpyA(s, "name"), s);
    assert_ptr_equal(lstrcatA(s, "@x"), s);
    assert_string_equal(s, "name@x");
    assert_ptr_equal(lstrcpynA(s, "abcdef", 4), s);
    assert_string_equal(s, "abc");
    assert_ptr_equal(lstrcpynA(s, "x", 0), s); /* nothing is written */
    assert_null(lstrcpyA(s, NULL));
    assert_null(lstrcatA(NULL, "x"));
    assert_string_equal(s, "abc");
    assert_int_equal(lstrcmpA("a", "a"), 0);
    assert_true(lstrcmpA("a", "b") < 0);
    assert_true(lstrcmpA(NULL, "a") < 0);
    assert_int_equal(lstrcmpiA("DeMo", "dEmO"), 0);
    assert_true(lstrcmpiA("demo", "demo1") < 0);
}

static void
test_lstr__wide(void **state)
{
    WCHAR s[16] = u"old";

    assert_int_equal(lstrlenW(u"abc"), 3);
    assert_int_equal(lstrlenW(NULL), 0);
    assert_ptr_equal(lstrcpyW(s, u"name"), s);
    assert_ptr_equal(lstrcatW(s, u"@x"), s);
    assert_int_equal(lstrcmpW(s, u"name@x"), 0);
    assert_ptr_equal(lstrcpynW(s, u"abcdef", 4), s);
    assert_int_equal(lstrcmpiW(s, u"ABC"), 0);
    assert_null(lstrcpyW(NULL, u"x"));
    assert_null(lstrcatW(s, NULL));
    assert_ptr_equal(lstrcpynW(s, u"x", 0), s);
    assert_true(lstrcmpW(u"a", NULL) > 0);
}

#define assert_format(want, ...)                                                     \
    do {                                                                             \
        char have_[1024];                                                            \
        assert_int_equal(wsprintfA(have_, __VA_ARGS__), (int)(sizeof(want "") - 1)); \
        assert_string_equal(have_, want);                                            \
    } while (0)

static void
test_wsprintf__as_windows_reads_formats(void **state)
{
    const DWORD all = 0xffffffff;

    assert_format("error 600 (258)", "error %lu (%x)", (DWORD)600, 600);
    assert_format("4294967295 -1", "%lu %ld", all, (LONG)-1);
    assert_format("[   ab] [ab   ] [ab]", "[%5s] [%-5s] [%.2s]", "ab", "ab", "abc");
    assert_format("[00042] [   42] [42   ] [   042]", "[%05d] [%5d] [%-5d] [%6.3d]", 42, 42, 42,
                  42);
    assert_format("-00042", "%06d", -42);
    assert_format("0xff 0XFF FF", "%#x %#X %X", 255, 255, 255);
    assert_format("\xff\x80", "%c%s", 0xff, "\x80");
    assert_format("100% %", "%d%% %%", 100);
    assert_format("w\xc3\xa4 w", "%ls %S", u"w\u00e4", u"w");
    assert_format("n n W", "%hs %hS %C", "n", "n", u'W');
    assert_format("123456789012 -5", "%I64d %lld", 123456789012LL, -5LL);
    assert_format("0000000000001234", "%p", (void *)0x1234);
    assert_format("    7", "%*d", 5, 7);
    assert_format("65535 -1", "%hu %hd", 65535, 65535);
    assert_format("(null)", "%s", (char *)NULL);
    assert_format("18446744073709551615", "%I64u", UINT64_MAX);
    assert_format("-9223372036854775808", "%I64d", INT64_MIN);
}

static void
test_wsprintf__what_does_not_do_is_empty(void **state)
{
    char text[1024] = "old", longest[2048];
    WCHAR wide[1024] = u"old";
    int there = 5;

    memset(longest, 'x', sizeof(longest));
    longest[1023] = 0;
    assert_int_equal(wsprintfA(text, "%s", longest), 1023);
    longest[1023] = 'x';
    longest[1024] = 0;
    assert_int_equal(wsprintfA(text, "%s", longest), 0);
    assert_string_equal(text, "");
    assert_int_equal(wsprintfA(text, "%n", &there), 0);
    assert_int_equal(there, 5);
    assert_int_equal(wsprintfA(text, "%99999d", 1), 0);
    assert_int_equal(wsprintfA(text, "%"), 0);
    assert_int_equal(wsprintfA(text, "%q"), 0);
    assert_int_equal(wsprintfW(wide, (LPCWSTR)u"%s %lu", u"a", (DWORD)7), 3);
    assert_int_equal(lstrcmpW(wide, u"a 7"), 0);
    assert_int_equal(wsprintfW(wide, (LPCWSTR)u"%hs", longest), 0);
    assert_int_equal(wide[0], 0);
}

static void
test_heap__sizes_and_zeros(void **state)
{
    HANDLE heap = GetProcessHeap();
    char *p = HeapAlloc(heap, HEAP_ZERO_MEMORY, 10);

    assert_non_null(p);
    assert_int_equal((uintptr_t)p % 16, 0);
    assert_int_equal(HeapSize(heap, 0, p), 10);
    memset(p, 'x', 10);
    p = HeapReAlloc(heap, HEAP_ZERO_MEMORY, p, 4000);
    assert_non_null(p);
    assert_memory_equal(p, "xxxxxxxxxx\0\0", 12);
    assert_null(HeapReAlloc(heap, HEAP_REALLOC_IN_PLACE_ONLY, p, 8000));
    assert_ptr_equal(HeapReAlloc(heap, 0, p, 5), p);
    assert_int_equal(HeapSize(heap, 0, p), 5);
    assert_true(HeapFree(heap, 0, p));
    assert_true(HeapFree(heap, 0, NULL));
    assert_null(HeapAlloc(heap, 0, SIZE_MAX));
    assert_int_equal(GetLastError(), ERROR_NOT_ENOUGH_MEMORY);
    assert_null(HeapAlloc(NULL, 0, 1));
    assert_int_equal(GetLastError(), ERROR_INVALID_HANDLE);
    assert_null(HeapAlloc(heap, 0x80, 1));
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    assert_int_equal(HeapSize(heap, 0, NULL), (SIZE_T)-1);
}

static void
test_local__memory(void **state)
{
    char *p = LocalAlloc(LPTR, 3);

    assert_non_null(p);
    assert_memory_equal(p, "\0\0\0", 3);
    assert_ptr_equal(LocalLock(p), p);
    assert_false(LocalUnlock(p));
    assert_int_equal(GetLastError(), NO_ERROR);
    memset(p, 'y', 3);
    p = LocalReAlloc(p, 100, LMEM_MOVEABLE | LMEM_ZEROINIT);
    assert_memory_equal(p, "yyy\0", 4);
    assert_int_equal(LocalSize(p), 100);
    assert_null(LocalFree(p));
    assert_null(LocalFree(NULL));
    assert_null(LocalAlloc(0x80, 1));
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    p = GlobalAlloc(GHND, 8);
    assert_ptr_equal(GlobalLock(p), p);
    assert_int_equal(GlobalSize(p), 8);
    assert_null(GlobalFree(p));
    assert_null(LocalLock(NULL));
}

/* This program is no host of modules. */
static void
test_load_library__rasman_elsewhere(void **state)
{
    assert_null(LoadLibraryA("RASMAN.DLL"));
    assert_int_equal(GetLastError(), ERROR_MOD_NOT_FOUND);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lstr__char),
        cmocka_unit_test(test_lstr__wide),
        cmocka_unit_test(test_wsprintf__as_windows_reads_formats),
        cmocka_unit_test(test_wsprintf__what_does_not_do_is_empty),
        cmocka_unit_test(test_heap__sizes_and_zeros),
        cmocka_unit_test(test_local__memory),
        cmocka_unit_test(test_load_library__rasman_elsewhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
