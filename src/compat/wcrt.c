/* SPDX-License-Identifier: Apache-2.0 */
/* String functions for 16-bit characters: what the C library has for a wchar_t of 32. */
#include <stdbool.h>
#include <tchar.h>
#include <windows.h>

#include "base/mem.h"
#include "compat/text.h"

size_t
compat_wcslen(const WCHAR *s)
{
    return compat_text_units(s);
}

int
compat_wcsncmp(const WCHAR *a, const WCHAR *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (a[i] != b[i]) {
            return a[i] < b[i] ? -1 : 1;
        }
        if (a[i] == 0) {
            break;
        }
    }
    return 0;
}

int
compat_wcscmp(const WCHAR *a, const WCHAR *b)
{
    return compat_wcsncmp(a, b, SIZE_MAX);
}

static WCHAR
folded(WCHAR c)
{
    return c >= 'A' && c <= 'Z' ? (WCHAR)(c - 'A' + 'a') : c;
}

int
compat_wcsicmp(const WCHAR *a, const WCHAR *b)
{
    while (*a && folded(*a) == folded(*b)) {
        a++;
        b++;
    }
    return (int)folded(*a) - (int)folded(*b);
}

WCHAR *
compat_wcschr(const WCHAR *s, WCHAR c)
{
    while (*s != c) {
        if (*s == 0) {
            return NULL;
        }
        s++;
    }
    return (WCHAR *)(uintptr_t)s;
}

WCHAR *
compat_wcsrchr(const WCHAR *s, WCHAR c)
{
    size_t n = compat_text_units(s) + 1;

    while (n-- > 0) {
        if (s[n] == c) {
            return (WCHAR *)(uintptr_t)(s + n);
        }
    }
    return NULL;
}

WCHAR *
compat_wcsstr(const WCHAR *s, const WCHAR *part)
{
    const size_t n = compat_text_units(part);

    for (;; s++) {
        if (compat_wcsncmp(s, part, n) == 0) {
            return (WCHAR *)(uintptr_t)s;
        }
        if (*s == 0) {
            return NULL;
        }
    }
}

int
compat_wcsnicmp(const WCHAR *a, const WCHAR *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (folded(a[i]) != folded(b[i]) || a[i] == 0) {
            return (int)folded(a[i]) - (int)folded(b[i]);
        }
    }
    return 0;
}

WCHAR *
compat_wcsdup(const WCHAR *s)
{
    const size_t units = compat_text_units(s) + 1;
    WCHAR *copy = mem_new_array(units, sizeof(*copy));

    if (copy) {
        bytes_copy(copy, s, units * sizeof(*copy));
    }
    return copy;
}

enum { NUMBER_ROOM = 80 }; /* sign, prefix and 64 digits, the most that count in any base */

/* A number is ASCII: what is not ends it, as any other letter would. Blanks before it are left out. */
static size_t
narrowed(const WCHAR *s, char narrow[static NUMBER_ROOM])
{
    size_t skipped = 0, n = 0;

    while (s[skipped] == ' ' || (s[skipped] >= '\t' && s[skipped] <= '\r')) {
        skipped++;
    }
    while (n < NUMBER_ROOM - 1 && s[skipped + n] > 0 && s[skipped + n] < 0x80) {
        narrow[n] = (char)s[skipped + n];
        n++;
    }
    narrow[n] = '\0';
    return skipped;
}

/* n: how far the number reaches in what was narrowed. */
static void
tell_end(const WCHAR *s, WCHAR **end, size_t skipped, size_t n)
{
    if (end) {
        *end = (WCHAR *)(uintptr_t)(s + (n ? skipped + n : 0));
    }
}

unsigned long
compat_wcstoul(const WCHAR *s, WCHAR **end, int base)
{
    char narrow[NUMBER_ROOM], *stop;
    const size_t skipped = narrowed(s, narrow);
    const unsigned long value = strtoul(narrow, &stop, base);

    tell_end(s, end, skipped, (size_t)(stop - narrow));
    /* Windows' unsigned long has 32 bits, and answers its largest value where that is not enough; a minus
     * sign is taken within them. */
    if (narrow[0] == '-' && 0 - value <= UINT32_MAX) {
        return (UINT)value;
    }
    if (value > UINT32_MAX) {
        errno = ERANGE;
        return UINT32_MAX;
    }
    return value;
}

long
compat_wcstol(const WCHAR *s, WCHAR **end, int base)
{
    char narrow[NUMBER_ROOM], *stop;
    const size_t skipped = narrowed(s, narrow);
    const long value = strtol(narrow, &stop, base);

    tell_end(s, end, skipped, (size_t)(stop - narrow));
    if (value > INT32_MAX || value < INT32_MIN) {
        errno = ERANGE;
        return value > 0 ? INT32_MAX : INT32_MIN;
    }
    return value;
}

int
compat_wtoi(const WCHAR *s)
{
    return (int)compat_wcstol(s, NULL, 10);
}

static errno_t
refuse(WCHAR *dst, rsize_t size, errno_t error)
{
    if (dst && size) {
        dst[0] = 0;
    }
    return error;
}

static size_t
length_within(const WCHAR *s, size_t most)
{
    size_t n = 0;

    while (n < most && s[n] != 0) {
        n++;
    }
    return n;
}

/* Puts at most `count` characters of src at dst[at]; crt.c has the same for char. */
static errno_t
put_at(WCHAR *dst, rsize_t size, size_t at, const WCHAR *src, rsize_t count)
{
    const bool truncate = count == _TRUNCATE;
    const size_t n = length_within(src, truncate ? size - at : count);

    if (n < size - at) {
        bytes_copy(dst + at, src, n * sizeof(*dst));
        dst[at + n] = 0;
        return 0;
    }
    if (!truncate) {
        return refuse(dst, size, ERANGE);
    }
    bytes_copy(dst + at, src, (size - at - 1) * sizeof(*dst));
    dst[size - 1] = 0;
    return STRUNCATE;
}

errno_t
compat_wcsncpy_s(WCHAR *dst, rsize_t size, const WCHAR *src, rsize_t count)
{
    if (!dst || size == 0 || !src) {
        return refuse(dst, size, EINVAL);
    }
    return put_at(dst, size, 0, src, count);
}

errno_t
compat_wcsncat_s(WCHAR *dst, rsize_t size, const WCHAR *src, rsize_t count)
{
    size_t at;

    if (!dst || size == 0 || !src) {
        return refuse(dst, size, EINVAL);
    }
    at = length_within(dst, size);
    if (at == size) {
        return refuse(dst, size, EINVAL);
    }
    return put_at(dst, size, at, src, count);
}

/* No source is longer than this, and it is not _TRUNCATE. */
#define ALL ((size_t)-2)

errno_t
compat_wcscpy_s(WCHAR *dst, rsize_t size, const WCHAR *src)
{
    return compat_wcsncpy_s(dst, size, src, ALL);
}

errno_t
compat_wcscat_s(WCHAR *dst, rsize_t size, const WCHAR *src)
{
    return compat_wcsncat_s(dst, size, src, ALL);
}

int
compat_putws(const WCHAR *s)
{
    char *text;
    int written = -1;

    if (compat_text_to_utf8(s, &text) == ERROR_SUCCESS && text) {
        written = puts(text);
    }
    mem_free(text);
    return written;
}

int
compat_wmain(int argc, char **argv, int (*program)(int, WCHAR **))
{
    WCHAR **wide = mem_new_array((size_t)argc + 1, sizeof(*wide));
    DWORD error = wide ? ERROR_SUCCESS : ERROR_NOT_ENOUGH_MEMORY;
    int status = 2;
    int n = 0;

    while (error == ERROR_SUCCESS && n < argc) {
        error = compat_text_to_utf16(argv[n], &wide[n]);
        n += error == ERROR_SUCCESS ? 1 : 0;
    }
    if (error == ERROR_SUCCESS) {
        status = program(argc, wide);
    } else {
        fprintf(stderr, "%s: argument %d: %s\n", argv[0], n,
                error == ERROR_NOT_ENOUGH_MEMORY ? "no memory" : "not UTF-8");
    }
    while (n > 0) {
        mem_free(wide[--n]);
    }
    mem_free(wide);
    return status;
}
