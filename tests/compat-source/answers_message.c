/* SPDX-License-Identifier: Apache-2.0 */
/* FormatMessage, and memory that LocalFree takes. */
#include "answers.h"
#include <stdarg.h>

static const DWORD codes[] = {
    0x80090300, 0x80090301, 0x80090302, 0x80090303, 0x80090304, 0x80090305, 0x80090306, 0x80090308,
    0x8009030A, 0x8009030B, 0x8009030C, 0x8009030D, 0x8009030E, 0x8009030F, 0x80090310, 0x80090311,
    0x80090316, 0x80090317, 0x80090318, 0x80090320, 0x80090321, 0x80090322, 0x80090324, 0x80090325,
    0x80090326, 0x80090329, 0x80090330, 0x80090331, 0x80090332, 0x80090346, 0x80090347, 0x00090312,
    0x00090313, 0x00090314, 0x00090317, 0x00090320, 0x00090321, 0,          2,          5,
    6,          8,          87,         120,        122,        126,        127,        234,
    258,        1004,       1008,       1113,       1326,       1331,       1332,       1355,
    1909,       10035,      10048,      10054,      10060,      10061,      12345678,   0x8009FFFF,
};

/* The sentences are each system's own: whether there is one, and that it is a line. */
static void
system_texts(void)
{
    const DWORD flags =
        FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS;
    size_t i;

    for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        char label[32], *text = NULL;
        WCHAR *wide = NULL;
        DWORD n;

        sprintf_s(label, sizeof(label), "system %08X", (unsigned)codes[i]);
        SetLastError(0);
        n = FormatMessageA(flags, NULL, codes[i], MAKELANGID(LANG_NEUTRAL, SUBLANG_DEFAULT),
                           (LPSTR)&text, 0, NULL);
        printf("%s: %d line %d error %u\n", label, n > 0,
               n > 2 && strcmp(text + n - 2, "\r\n") == 0, n ? 0 : (unsigned)GetLastError());
        printf("%s freed: %d\n", label, LocalFree(text) == NULL);
        n = FormatMessageW(flags | FORMAT_MESSAGE_MAX_WIDTH_MASK, NULL, codes[i], 0, (LPWSTR)&wide,
                           0, NULL);
        printf("%s wide: %d line %d\n", label, n > 0, n > 2 && wide[n - 1] == ' ' && wide[n] == 0);
        LocalFree(wide);
    }
}

static void
from(const char *label, DWORD flags, const char *format, ...)
{
    char text[128];
    va_list arguments;

    memset(text, 0, sizeof(text));
    va_start(arguments, format);
    CALL(label, FormatMessageA(FORMAT_MESSAGE_FROM_STRING | flags, format, 0, 0, text, sizeof(text),
                               &arguments));
    va_end(arguments);
    if (g_answer) {
        print_text(label, text);
    }
}

/* Breaks of lines, and what stands for a width. */
static void
widths(void)
{
    const DWORD_PTR bill[] = { 4, 2, (DWORD_PTR) "Bill", (DWORD_PTR) "Bob", 6, (DWORD_PTR) "Bill" };
    char text[64];
    DWORD n =
        FormatMessageA(FORMAT_MESSAGE_FROM_STRING | FORMAT_MESSAGE_ARGUMENT_ARRAY,
                       "%1!*.*s! %4 %5!*s!", 0, 0, text, sizeof(text), (va_list *)(DWORD_PTR)bill);

    NUMBER("stars", n);
    print_bytes("stars.text", text, n);
    from("lines", 10, "one two three four");
    from("lines.exact", 7, "one two three");
    from("lines.breaks", 10, "one\ntwo\r\nthree four");
    from("lines.hard", 10, "one%ntwo three four");
    from("lines.word", 4, "a longer word");
    from("lines.insert", 6, "%1 %2", "insert", "two");
    from("lines.254", 254, "short");
}

static void
from_wide(const char *label, DWORD flags, const WCHAR *format, ...)
{
    WCHAR text[64];
    va_list arguments;

    memset(text, 0, sizeof(text));
    va_start(arguments, format);
    CALL(label,
         FormatMessageW(FORMAT_MESSAGE_FROM_STRING | flags, format, 0, 0, text, 64, &arguments));
    va_end(arguments);
    if (g_answer) {
        print_bytes(label, text, (g_answer + 1) * sizeof(WCHAR));
    }
}

static void
strings(void)
{
    static const WCHAR wide_format[] = { '%', '1', ' ', '%', '2', '!', 'S', '!', 0 };
    static const WCHAR word[] = { 'w', 0xF6, 'r', 't', 0 };
    char text[8];
    DWORD_PTR array[3];
    char *made = NULL;

    from("plain", 0, "nothing to fill in");
    from("empty", 0, "");
    from("inserts", 0, "%1 and %2", "one", "two");
    from("order", 0, "%2 before %1, %2", "one", "two");
    from("number", 0, "%1!u! %2!d! %3!x! %4!08X!", 7u, -7, 0xBEEFu, 0xBEEFu);
    from("i64", 0, "%1!I64x! %2!I64d!", 0x123456789ULL, -3LL);
    from("wide-string", 0, "%1!S! %2!ls!", word, word);
    from("width", 0, "[%1!5s!][%2!-5s!]", "ab", "cd");
    from("precision", 0, "[%1!.2s!]", "abcdef");
    from("char", 0, "%1!c!", 'x');
    from("escapes", 0, "a%%b%nc%td%re%.%!% f");
    from("end", 0, "before%0after");
    from("breaks", 0, "a\nb\r\nc");
    from("breaks-one-line", FORMAT_MESSAGE_MAX_WIDTH_MASK, "a\nb\r\nc%nd");
    from("ignored", FORMAT_MESSAGE_IGNORE_INSERTS, "%1 %2!u! %%%n%0x");
    from("ignored-escapes", FORMAT_MESSAGE_IGNORE_INSERTS, "a%tb%rc%.d%!e% f");
    from("percent-end", 0, "a%");
    from_wide("wide", 0, wide_format, word, "narrow");
    array[0] = (DWORD_PTR) "first";
    array[1] = 42;
    CALL("array", FormatMessageA(FORMAT_MESSAGE_FROM_STRING | FORMAT_MESSAGE_ARGUMENT_ARRAY |
                                     FORMAT_MESSAGE_ALLOCATE_BUFFER,
                                 "%1=%2!u!", 0, 0, (LPSTR)&made, 0, (va_list *)array));
    print_text("array", made ? made : "");
    NUMBER("array.size", LocalSize(made) >= 9);
    NUMBER("array.freed", LocalFree(made) == NULL);
    CALL("least", FormatMessageA(FORMAT_MESSAGE_FROM_STRING | FORMAT_MESSAGE_ALLOCATE_BUFFER, "x",
                                 0, 0, (LPSTR)&made, 100, NULL));
    NUMBER("least.size", LocalSize(made) >= 100);
    LocalFree(made);
    CALL("exact", FormatMessageA(FORMAT_MESSAGE_FROM_STRING, "1234567", 0, 0, text, 8, NULL));
    CALL("short", FormatMessageA(FORMAT_MESSAGE_FROM_STRING, "12345678", 0, 0, text, 8, NULL));
    CALL("no-source", FormatMessageA(FORMAT_MESSAGE_FROM_STRING, NULL, 0, 0, text, 8, NULL));
    CALL("no-flags", FormatMessageA(0, "x", 0, 0, text, 8, NULL));
    CALL("no-buffer", FormatMessageA(FORMAT_MESSAGE_FROM_STRING, "x", 0, 0, NULL, 8, NULL));
    CALL("no-buffer-allocate",
         FormatMessageA(FORMAT_MESSAGE_FROM_STRING | FORMAT_MESSAGE_ALLOCATE_BUFFER, "x", 0, 0,
                        NULL, 0, NULL));
    CALL("no-arguments", FormatMessageA(FORMAT_MESSAGE_FROM_STRING, "%1", 0, 0, text, 8, NULL));
}

int
main(void)
{
    system_texts();
    strings();
    widths();
    CALL("LocalAlloc", LocalAlloc(LPTR, 8) != NULL);
    CALL("LocalFree.null", LocalFree(NULL) == NULL);
    return 0;
}
