/* SPDX-License-Identifier: Apache-2.0 */
/* Strings that are cut, numbers as text, and text as numbers. */
#include "answers.h"
#include <tchar.h>
#include <strsafe.h>

enum { ROOM = 8 };

struct buffer {
    char text[ROOM];
    char *end;
    size_t left;
};

static struct buffer
filled(const char *with)
{
    struct buffer b;

    memset(b.text, '#', sizeof(b.text));
    if (with) {
        strcpy_s(b.text, sizeof(b.text), with);
    }
    b.end = b.text;
    b.left = 777;
    return b;
}

/* What is behind the NUL is anybody's, unless it was to be filled. */
static void
told(const char *label, struct buffer *b, HRESULT answer, DWORD flags)
{
    const int filled = flags & (STRSAFE_FILL_BEHIND_NULL | STRSAFE_FILL_ON_FAILURE);

    printf("%s: %08X end %d left %d", label, (unsigned)answer, (int)(b->end - b->text),
           (int)b->left);
    print_bytes("", b->text, filled ? sizeof(b->text) : strlen(b->text) + 1);
}

/* One text with one set of flags, by each function. */
static void
ex(const char *text, DWORD flags)
{
    char label[64];
    struct buffer b = filled(NULL);

    sprintf_s(label, sizeof(label), "copy %s %x", text, (unsigned)flags);
    told(label, &b, StringCchCopyExA(b.text, ROOM, text, &b.end, &b.left, flags), flags);
    b = filled(NULL);
    sprintf_s(label, sizeof(label), "copyn %s %x", text, (unsigned)flags);
    told(label, &b, StringCchCopyNExA(b.text, ROOM, text, 5, &b.end, &b.left, flags), flags);
    b = filled("abc");
    sprintf_s(label, sizeof(label), "cat %s %x", text, (unsigned)flags);
    told(label, &b, StringCchCatExA(b.text, ROOM, text, &b.end, &b.left, flags), flags);
    b = filled("abc");
    sprintf_s(label, sizeof(label), "catn %s %x", text, (unsigned)flags);
    told(label, &b, StringCbCatNExA(b.text, ROOM, text, 4, &b.end, &b.left, flags), flags);
    b = filled(NULL);
    sprintf_s(label, sizeof(label), "printf %s %x", text, (unsigned)flags);
    told(label, &b, StringCchPrintfExA(b.text, ROOM, &b.end, &b.left, flags, "<%s>", text), flags);
}

static void
texts(void)
{
    static const char *const words[] = { "", "x", "four", "sevenxx", "eightxxx", "much longer" };
    static const DWORD flags[] = { 0,
                                   STRSAFE_FILL_BYTE('.'),
                                   STRSAFE_FAILURE_BYTE(0),
                                   STRSAFE_FAILURE_BYTE('!'),
                                   STRSAFE_NULL_ON_FAILURE,
                                   STRSAFE_NO_TRUNCATION,
                                   STRSAFE_IGNORE_NULLS };
    size_t i, k;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        for (k = 0; k < sizeof(flags) / sizeof(flags[0]); k++) {
            ex(words[i], flags[k]);
        }
    }
}

static void
plain(void)
{
    char text[ROOM];
    size_t n = 777;

    NUMBER("StringCchCopy", StringCchCopyA(text, ROOM, "abc"));
    NUMBER("StringCchCopy.cut", StringCchCopyA(text, 3, "abc"));
    print_text("StringCchCopy.cut.text", text);
    NUMBER("StringCchCopy.0", StringCchCopyA(text, 0, "abc"));
    NUMBER("StringCchCopy.many", StringCchCopyA(text, (size_t)STRSAFE_MAX_CCH + 1, "abc"));
    NUMBER("StringCbCopy", StringCbCopyA(text, 2, "abc"));
    print_text("StringCbCopy.text", text);
    NUMBER("StringCchCopyN", StringCchCopyNA(text, ROOM, "abcdef", 2));
    print_text("StringCchCopyN.text", text);
    NUMBER("StringCchCat", StringCchCatA(text, ROOM, "XY"));
    NUMBER("StringCchCatN", StringCchCatNA(text, ROOM, "123", 1));
    print_text("StringCchCatN.text", text);
    memset(text, 'x', ROOM);
    NUMBER("StringCchCat.no-end", StringCchCatA(text, ROOM, "y"));
    NUMBER("StringCchPrintf", StringCchPrintfA(text, ROOM, "%d-%s", 42, "ab"));
    print_text("StringCchPrintf.text", text);
    NUMBER("StringCbPrintf.cut", StringCbPrintfA(text, 4, "%s", "abcdef"));
    print_text("StringCbPrintf.cut.text", text);
    NUMBER("StringCchLength", StringCchLengthA("abc", 4, &n));
    NUMBER("StringCchLength.n", n);
    NUMBER("StringCchLength.short", StringCchLengthA("abc", 3, &n));
    NUMBER("StringCchLength.null", StringCchLengthA(NULL, 3, &n));
    NUMBER("StringCchLength.no-place", StringCchLengthA("abc", 4, NULL));
    NUMBER("StringCbLength", StringCbLengthA("abc", 4, &n));
    NUMBER("StringCbLength.n", n);
}

static void
wide(void)
{
    static const WCHAR word[] = { 'w', 0xF6, 'r', 't', 0 },
                       format[] = { '%', 's', '-', '%', 'd', 0 };
    WCHAR text[ROOM];
    size_t left = 777;

    memset(text, 0, sizeof(text));
    NUMBER("wide.copy", StringCchCopyW(text, ROOM, word));
    print_bytes("wide.copy.text", text, sizeof(text));
    NUMBER("wide.cat", StringCbCatW(text, 13, word));
    print_bytes("wide.cat.text", text, sizeof(text));
    NUMBER("wide.copyn", StringCbCopyNW(text, sizeof(text), word, 5));
    print_bytes("wide.copyn.text", text, sizeof(text));
    NUMBER("wide.left", StringCbCopyExW(text, 13, word, NULL, &left, 0));
    NUMBER("wide.left.n", left);
    NUMBER("wide.printf", StringCchPrintfW(text, ROOM, format, word, -5));
    print_bytes("wide.printf.text", text, sizeof(text));
    NUMBER("wide.printf.cut", StringCchPrintfW(text, 6, format, word, -5));
    print_bytes("wide.printf.cut.text", text, sizeof(text));
    NUMBER("wide.length", StringCbLengthW(word, sizeof(word), &left));
    NUMBER("wide.length.n", left);
}

static void
numbers(void)
{
    static const int radixes[] = { 2, 8, 10, 16, 36 };
    static const LONG values[] = { 0, 1, -1, 255, 2147483647, (LONG)-2147483647 - 1 };
    TCHAR text[40];
    char narrow[40];
    size_t i, k;

    for (i = 0; i < sizeof(radixes) / sizeof(radixes[0]); i++) {
        for (k = 0; k < sizeof(values) / sizeof(values[0]); k++) {
            NUMBER("_ltoa_s", _ltoa_s(values[k], narrow, sizeof(narrow), radixes[i]));
            print_text("_ltoa_s.text", narrow);
            NUMBER("_ultoa_s", _ultoa_s((ULONG)values[k], narrow, sizeof(narrow), radixes[i]));
            print_text("_ultoa_s.text", narrow);
        }
    }
    NUMBER("_itot_s", _itot_s(-42, text, 40, 10));
    NUMBER("_itot_s.back", _ttoi(text));
    NUMBER("_ttoi", _ttoi(_T("  123abc")));
    NUMBER("_tstoi", _tstoi(_T("-7")));
    NUMBER("_ttoi.none", _ttoi(_T("x")));
    NUMBER("_ttol", _ttol(_T("99")));
    NUMBER("_tcstol", _tcstol(_T("-0x10"), NULL, 0));
    NUMBER("_tcsnicmp", _tcsnicmp(_T("abcX"), _T("ABCy"), 3));
}

int
main(void)
{
    texts();
    plain();
    wide();
    numbers();
    return 0;
}
