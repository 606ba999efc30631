/* SPDX-License-Identifier: Apache-2.0 */
/* Conversions, lstr, bounded strings, formats. */
#include "answers.h"
#include <tchar.h>

static void
to_wide(const char *label, UINT page, DWORD flags, const char *from, int length, int room)
{
    WCHAR units[32];

    memset(units, 0x55, sizeof(units));
    CALL(label, MultiByteToWideChar(page, flags, from, length, room ? units : NULL, room));
    if (room && g_answer) {
        print_bytes(label, units, g_answer * sizeof(WCHAR));
    }
}

static void
from_wide(const char *label, UINT page, DWORD flags, const WCHAR *from, int length, int room)
{
    char text[32];

    memset(text, 0x55, sizeof(text));
    CALL(label,
         WideCharToMultiByte(page, flags, from, length, room ? text : NULL, room, NULL, NULL));
    if (room && g_answer) {
        print_bytes(label, text, g_answer);
    }
}

static void
conversions(void)
{
    static const char *const bad[] = { "\x80",         "a\xC3",        "\xC0\xAF",
                                       "\xE2\x82",     "\xED\xA0\x80", "\xF4\x90\x80\x80",
                                       "\xF0\x9F\x98", "\xE2\x28\xA1", "\xF8\x88\x80\x80\x80",
                                       "x\xFFy" };
    static const WCHAR wide[] = { 'a', 0xFC, 0x20AC, 0xD83D, 0xDE00, 0 };
    static const WCHAR lone[] = { 'x', 0xD83D, 'y', 0xDE00, 0 };
    size_t i;

    to_wide("wide", CP_UTF8, 0, "a\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80", -1, 32);
    to_wide("wide.size", CP_UTF8, 0, "a\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80", -1, 0);
    to_wide("wide.length", CP_UTF8, 0, "a\xC3\xBC", 3, 32);
    to_wide("wide.short", CP_UTF8, 0, "abc", 3, 2);
    to_wide("wide.exact", CP_UTF8, 0, "abc", 3, 3);
    to_wide("wide.nothing", CP_UTF8, 0, "abc", 0, 3);
    to_wide("wide.negative", CP_UTF8, 0, "abc", -2, 10);
    to_wide("wide.negative-room", CP_UTF8, 0, "abc", 3, -1);
    to_wide("wide.null", CP_UTF8, 0, NULL, 3, 10);
    to_wide("wide.page", 12345, 0, "abc", 3, 10);
    to_wide("wide.flags", CP_UTF8, MB_PRECOMPOSED, "abc", 3, 10);
    to_wide("wide.flags-unknown", CP_UTF8, 0x8000, "abc", 3, 10);
    to_wide("wide.acp", CP_ACP, MB_PRECOMPOSED, "abc", 3, 10);
    to_wide("wide.acp-composite", CP_ACP, MB_COMPOSITE, "abc", 3, 10);
    to_wide("wide.acp-oem", CP_OEMCP, 0, "abc", -1, 10);
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char label[32];

        sprintf_s(label, sizeof(label), "wide.bad %d", (int)i);
        to_wide(label, CP_UTF8, 0, bad[i], -1, 32);
        to_wide("wide.bad strict", CP_UTF8, MB_ERR_INVALID_CHARS, bad[i], -1, 32);
    }
    from_wide("narrow", CP_UTF8, 0, wide, -1, 32);
    from_wide("narrow.size", CP_UTF8, 0, wide, -1, 0);
    from_wide("narrow.length", CP_UTF8, 0, wide, 3, 32);
    from_wide("narrow.short", CP_UTF8, 0, wide, 3, 5);
    from_wide("narrow.exact", CP_UTF8, 0, wide, 3, 6);
    from_wide("narrow.nothing", CP_UTF8, 0, wide, 0, 6);
    from_wide("narrow.null", CP_UTF8, 0, NULL, 3, 6);
    from_wide("narrow.page", 12345, 0, wide, 3, 6);
    from_wide("narrow.flags", CP_UTF8, WC_NO_BEST_FIT_CHARS, wide, 3, 6);
    from_wide("narrow.acp", CP_ACP, WC_NO_BEST_FIT_CHARS, wide, 1, 6);
    from_wide("narrow.lone", CP_UTF8, 0, lone, -1, 32);
    from_wide("narrow.lone-strict", CP_UTF8, WC_ERR_INVALID_CHARS, lone, -1, 32);
    {
        BOOL used = 7;
        char text[8];

        CALL("narrow.default", WideCharToMultiByte(CP_UTF8, 0, wide, 1, text, 8, "?", &used));
        CALL("narrow.default-acp", WideCharToMultiByte(CP_ACP, 0, wide, 1, text, 8, "?", &used));
        NUMBER("narrow.default-acp.used", used);
    }
}

static void
windows_strings(void)
{
    char text[16];
    WCHAR wide[16];

    NUMBER("lstrlenA", lstrlenA("abc"));
    NUMBER("lstrlenA.null", lstrlenA(NULL));
    print_text("lstrcpyA", lstrcpyA(text, "abc"));
    print_text("lstrcatA", lstrcatA(text, "def"));
    NUMBER("lstrcpyA.null", lstrcpyA(text, NULL) != NULL);
    print_text("lstrcpynA", lstrcpynA(text, "abcdef", 4));
    lstrcpyA(text, "kept");
    NUMBER("lstrcpynA.0", lstrcpynA(text, "abc", 0) != NULL);
    print_text("lstrcpynA.0.kept", text);
    NUMBER("lstrcmpA", lstrcmpA("abc", "abd"));
    NUMBER("lstrcmpA.same", lstrcmpA("abc", "abc"));
    NUMBER("lstrcmpA.longer", lstrcmpA("abcd", "abc"));
    NUMBER("lstrcmpiA", lstrcmpiA("ABC", "abc"));
    NUMBER("lstrcmpA.null", lstrcmpA(NULL, "abc"));
    NUMBER("lstrcmpA.nulls", lstrcmpA(NULL, NULL));
    NUMBER("lstrcmpA.case", lstrcmpA("abc", "ABC"));
    NUMBER("lstrcmpA.case-order", lstrcmpA("a", "B"));
    lstrcpyW(wide, (const WCHAR[]){ 'w', 'i', 0 });
    NUMBER("lstrlenW", lstrlenW(wide));
    NUMBER("lstrcmpiW", lstrcmpiW(wide, (const WCHAR[]){ 'W', 'I', 0 }));
    NUMBER("wsprintfA", wsprintfA(text, "%s-%d-%x", "ab", -5, 0xBEEF));
    print_text("wsprintfA.text", text);
    NUMBER("wsprintfA.width", wsprintfA(text, "[%5d|%-4s]", 42, "x"));
    print_text("wsprintfA.width.text", text);
    NUMBER("wsprintfA.lu", wsprintfA(text, "%lu %#x", (ULONG)7, 255));
    print_text("wsprintfA.lu.text", text);
}

static void
bounded_strings(void)
{
    char text[8];

    NUMBER("_snprintf.fits", _snprintf(text, sizeof(text), "%s", "abc"));
    print_text("_snprintf.fits.text", text);
    memset(text, '#', sizeof(text));
    NUMBER("_snprintf.exact", _snprintf(text, 4, "%s", "abcd"));
    print_bytes("_snprintf.exact.text", text, sizeof(text));
    memset(text, '#', sizeof(text));
    NUMBER("_snprintf.long", _snprintf(text, 4, "%s", "abcdef"));
    print_bytes("_snprintf.long.text", text, sizeof(text));
    NUMBER("_stricmp", _stricmp("HeLLo", "hEllO"));
    NUMBER("_stricmp.less", _stricmp("a", "B") < 0);
    NUMBER("_strnicmp", _strnicmp("abcX", "ABCy", 3));
    NUMBER("strcpy_s", strcpy_s(text, sizeof(text), "abc"));
    NUMBER("strncpy_s", strncpy_s(text, sizeof(text), "abcdef", 3));
    print_text("strncpy_s.text", text);
    NUMBER("strncpy_s.truncate", strncpy_s(text, 4, "abcdef", _TRUNCATE));
    print_text("strncpy_s.truncate.text", text);
    NUMBER("strcat_s", strcat_s(text, sizeof(text), "de"));
    print_text("strcat_s.text", text);
    NUMBER("sprintf_s", sprintf_s(text, sizeof(text), "%d", 123));
    NUMBER("_snprintf_s.truncate", _snprintf_s(text, 4, _TRUNCATE, "%s", "abcdef"));
    print_text("_snprintf_s.truncate.text", text);
    NUMBER("_snprintf_s.count", _snprintf_s(text, 8, 3, "%s", "abcdef"));
    print_text("_snprintf_s.count.text", text);
    NUMBER("_tcslen", _tcslen(_T("four")));
    NUMBER("_tcscmp", _tcscmp(_T("a"), TEXT("a")));
}

static void
macros(void)
{
    NUMBER("MAKELANGID", MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US));
    NUMBER("MAKELANGID.default", MAKELANGID(LANG_NEUTRAL, SUBLANG_DEFAULT));
    NUMBER("PRIMARYLANGID", PRIMARYLANGID(0x0409));
    NUMBER("SUBLANGID", SUBLANGID(0x0409));
    NUMBER("MAKEWORD", MAKEWORD(2, 1));
    NUMBER("MAKELONG", MAKELONG(0x1234, 0x5678));
    NUMBER("HIWORD", HIWORD(0x12345678));
    NUMBER("LOBYTE", LOBYTE(0x1234));
    NUMBER("ARRAYSIZE", ARRAYSIZE(L"four"));
    NUMBER("_countof", _countof("four"));
    NUMBER("HRESULT_FROM_WIN32", HRESULT_FROM_WIN32(ERROR_ACCESS_DENIED) == E_ACCESSDENIED);
    NUMBER("HRESULT_FROM_WIN32.0", HRESULT_FROM_WIN32(0));
    NUMBER("HRESULT_FROM_WIN32.hresult", HRESULT_FROM_WIN32(E_FAIL) == E_FAIL);
    NUMBER("HRESULT_CODE", HRESULT_CODE(E_OUTOFMEMORY));
    NUMBER("sizeof DWORD", sizeof(DWORD));
    NUMBER("sizeof LONG", sizeof(LONG));
    NUMBER("sizeof WCHAR", sizeof(WCHAR));
    NUMBER("sizeof BOOL", sizeof(BOOL));
    NUMBER("sizeof HANDLE", sizeof(HANDLE));
    NUMBER("sizeof LARGE_INTEGER", sizeof(LARGE_INTEGER));
}

int
main(void)
{
    conversions();
    windows_strings();
    bounded_strings();
    macros();
    return 0;
}
