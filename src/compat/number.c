/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as text, in any radix. */
#include <stdbool.h>
#include <tchar.h>
#include <windows.h>

#include "base/attributes.h"

enum { RADIX_MAX = 36, DIGITS_MAX = 34 }; /* 32 of them in radix 2, a sign, a NUL */

/* How many characters text has, without a NUL; 0: no such radix. */
static size_t
spell(ULONG value, bool negative, int radix, char text[static DIGITS_MAX])
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    char reversed[DIGITS_MAX];
    size_t n = 0;

    if (radix < 2 || radix > RADIX_MAX) {
        return 0;
    }
    do {
        reversed[n++] = digits[value % (ULONG)radix];
        value /= (ULONG)radix;
    } while (value);
    if (negative) {
        reversed[n++] = '-';
    }
    for (size_t i = 0; i < n; i++) {
        text[i] = reversed[n - 1 - i];
    }
    return n;
}

static errno_t
put(char *dst, rsize_t size, const char *text, size_t n)
{
    if (!dst || size == 0) {
        return EINVAL;
    }
    dst[0] = '\0';
    if (n == 0 || n >= size) {
        return n ? ERANGE : EINVAL;
    }
    for (size_t i = 0; i < n; i++) {
        dst[i] = text[i];
    }
    dst[n] = '\0';
    return 0;
}

static errno_t
put_wide(WCHAR *dst, rsize_t size, const char *text, size_t n)
{
    if (!dst || size == 0) {
        return EINVAL;
    }
    dst[0] = 0;
    if (n == 0 || n >= size) {
        return n ? ERANGE : EINVAL;
    }
    for (size_t i = 0; i < n; i++) {
        dst[i] = (WCHAR)text[i];
    }
    dst[n] = 0;
    return 0;
}

static size_t
spell_signed(LONG value, int radix, char text[static DIGITS_MAX])
{
    const bool negative = radix == 10 && value < 0;

    return spell(negative ? 0 - (ULONG)value : (ULONG)value, negative, radix, text);
}

errno_t
compat__ltoa_s(LONG value, char *dst, rsize_t size, int radix)
{
    char text[DIGITS_MAX];

    return put(dst, size, text, spell_signed(value, radix, text));
}

errno_t
compat__ltow_s(LONG value, WCHAR *dst, rsize_t size, int radix)
{
    char text[DIGITS_MAX];

    return put_wide(dst, size, text, spell_signed(value, radix, text));
}

errno_t
compat__ultoa_s(ULONG value, char *dst, rsize_t size, int radix)
{
    char text[DIGITS_MAX];

    return put(dst, size, text, spell(value, false, radix, text));
}

errno_t
compat__ultow_s(ULONG value, WCHAR *dst, rsize_t size, int radix)
{
    char text[DIGITS_MAX];

    return put_wide(dst, size, text, spell(value, false, radix, text));
}
