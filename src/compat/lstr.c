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

    if (!lpString1 || !lpString2 || iMaxLength < 1) {
        return NULL;
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

    if (!lpString1 || !lpString2 || iMaxLength < 1) {
        return NULL;
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

int
lstrcmpA(LPCSTR lpString1, LPCSTR lpString2)
{
    return lpString1 && lpString2 ? strcmp(lpString1, lpString2)
                                  : compare_missing(lpString1, lpString2);
}

int
lstrcmpW(LPCWSTR lpString1, LPCWSTR lpString2)
{
    return lpString1 && lpString2 ? compat_wcscmp(lpString1, lpString2)
                                  : compare_missing(lpString1, lpString2);
}

int
lstrcmpiA(LPCSTR lpString1, LPCSTR lpString2)
{
    const char *a = lpString1, *b = lpString2;

    if (!a || !b) {
        return compare_missing(a, b);
    }
    while (*a && bytes_lower_((uint8_t)*a) == bytes_lower_((uint8_t)*b)) {
        a++;
        b++;
    }
    return (int)bytes_lower_((uint8_t)*a) - (int)bytes_lower_((uint8_t)*b);
}

int
lstrcmpiW(LPCWSTR lpString1, LPCWSTR lpString2)
{
    return lpString1 && lpString2 ? compat_wcsicmp(lpString1, lpString2)
                                  : compare_missing(lpString1, lpString2);
}
