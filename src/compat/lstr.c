/* SPDX-License-Identifier: Apache-2.0 */
/* The string functions of windows.h, for both kinds of text. */
#include <tchar.h>
#include <windows.h>

#include "base/bytes.h"

int
lstrlenA(LPCSTR lpString)
{
    return lpString ? (int)strlen(lpString) : 0;
}

int
lstrlenW(LPCWSTR lpString)
{
    return lpString ? (int)compat_wcslen(lpString) : 0;
}

LPSTR
lstrcpyA(LPSTR lpString1, LPCSTR lpString2)
{
    if (!lpString1 || !lpString2) {
        return NULL;
    }
    bytes_move(lpString1, lpString2, strlen(lpString2) + 1);
    return lpString1;
}

LPWSTR
lstrcpyW(LPWSTR lpString1, LPCWSTR lpString2)
{
    if (!lpString1 || !lpString2) {
        return NULL;
    }
    bytes_move(lpString1, lpString2, (compat_wcslen(lpString2) + 1) * sizeof(WCHAR));
    return lpString1;
}

LPSTR
lstrcpynA(LPSTR lpString1, LPCSTR lpString2, int iMaxLength)
{
    size_t n;

    if (!lpString1 || !lpString2) {
        return NULL;
    }
    if (iMaxLength < 1) {
        return lpString1;
    }
    n = strnlen(lpString2, (size_t)iMaxLength - 1);
    bytes_move(lpString1, lpString2, n);
    lpString1[n] = '\0';
    return lpString1;
}

LPWSTR
lstrcpynW(LPWSTR lpString1, LPCWSTR lpString2, int iMaxLength)
{
    size_t n = 0;

    if (!lpString1 || !lpString2) {
        return NULL;
    }
    if (iMaxLength < 1) {
        return lpString1;
    }
    while (n < (size_t)iMaxLength - 1 && lpString2[n]) {
        n++;
    }
    bytes_move(lpString1, lpString2, n * sizeof(WCHAR));
    lpString1[n] = 0;
    return lpString1;
}

LPSTR
lstrcatA(LPSTR lpString1, LPCSTR lpString2)
{
    if (!lpString1 || !lpString2) {
        return NULL;
    }
    (void)lstrcpyA(lpString1 + strlen(lpString1), lpString2);
    return lpString1;
}

LPWSTR
lstrcatW(LPWSTR lpString1, LPCWSTR lpString2)
{
    if (!lpString1 || !lpString2) {
        return NULL;
    }
    (void)lstrcpyW(lpString1 + compat_wcslen(lpString1), lpString2);
    return lpString1;
}

/* NULL is less than any string. */
static int
compare_missing(const void *a, const void *b)
{
    return (a != NULL) - (b != NULL);
}

/* As Windows orders words: letters by the alphabet, and of the same word the small ones come first. */
static int
compare_units(uint16_t a, uint16_t b, int *by_case)
{
    const uint16_t x = a < 0x80 ? bytes_lower_((uint8_t)a) : a;
    const uint16_t y = b < 0x80 ? bytes_lower_((uint8_t)b) : b;

    if (x == y && a != b && *by_case == 0) {
        *by_case = a > b ? -1 : 1; /* capital letters have the smaller codes */
    }
    return (x > y) - (x < y);
}

static int
compare_a(LPCSTR a, LPCSTR b, int *by_case)
{
    int order = 0;

    if (!a || !b) {
        return compare_missing(a, b);
    }
    for (; order == 0; a++, b++) {
        order = compare_units((uint8_t)*a, (uint8_t)*b, by_case);
        if (!*a || !*b) {
            break;
        }
    }
    return order;
}

static int
compare_w(LPCWSTR a, LPCWSTR b, int *by_case)
{
    int order = 0;

    if (!a || !b) {
        return compare_missing(a, b);
    }
    for (; order == 0; a++, b++) {
        order = compare_units(*a, *b, by_case);
        if (!*a || !*b) {
            break;
        }
    }
    return order;
}

int
lstrcmpA(LPCSTR lpString1, LPCSTR lpString2)
{
    int by_case = 0;
    const int order = compare_a(lpString1, lpString2, &by_case);

    return order ? order : by_case;
}

int
lstrcmpW(LPCWSTR lpString1, LPCWSTR lpString2)
{
    int by_case = 0;
    const int order = compare_w(lpString1, lpString2, &by_case);

    return order ? order : by_case;
}

int
lstrcmpiA(LPCSTR lpString1, LPCSTR lpString2)
{
    int by_case = 0;

    return compare_a(lpString1, lpString2, &by_case);
}

int
lstrcmpiW(LPCWSTR lpString1, LPCWSTR lpString2)
{
    int by_case = 0;

    return compare_w(lpString1, lpString2, &by_case);
}
