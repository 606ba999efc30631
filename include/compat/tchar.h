/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generic text: char and UTF-8 where _UNICODE is not defined, 16-bit characters and UTF-16 where it
 * is. The names of the 16-bit functions below are ours, since the C library's wcs functions are for
 * a 32-bit wchar_t.
 *
 * The 16-bit printf functions take formats as Windows reads them: %s and %c are 16-bit, %hs and %S
 * are char, `l` is 32 bits and `ll` or `I64` 64. They write UTF-8. %n is refused.
 */
#ifndef OPENSSPI_COMPAT_TCHAR_H
#define OPENSSPI_COMPAT_TCHAR_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "securecrt.h"

OPENSSPI_BEGIN

/* UTF-16 in code units. Case-blind comparison folds A to Z alone, as in Windows' "C" locale. */
SEC_EXPORT size_t compat_wcslen(const WCHAR *s);
SEC_EXPORT int compat_wcscmp(const WCHAR *a, const WCHAR *b);
SEC_EXPORT int compat_wcsncmp(const WCHAR *a, const WCHAR *b, size_t count);
SEC_EXPORT int compat_wcsicmp(const WCHAR *a, const WCHAR *b);
SEC_EXPORT WCHAR *compat_wcschr(const WCHAR *s, WCHAR c);
SEC_EXPORT WCHAR *compat_wcsrchr(const WCHAR *s, WCHAR c);
SEC_EXPORT WCHAR *compat_wcsstr(const WCHAR *s, const WCHAR *part);
SEC_EXPORT unsigned long compat_wcstoul(const WCHAR *s, WCHAR **end, int base);
SEC_EXPORT long compat_wcstol(const WCHAR *s, WCHAR **end, int base);
/* What a number's digits make, and 0 without any; the nearest LONG where that is too small or large. */
SEC_EXPORT int compat_wtoi(const WCHAR *s);
SEC_EXPORT int compat_wcsnicmp(const WCHAR *a, const WCHAR *b, size_t count);
/* free() takes it; NULL without memory. */
SEC_EXPORT WCHAR *compat_wcsdup(const WCHAR *s);
#define _wtoi compat_wtoi
#define _wtol compat_wtoi
/* The number of characters written, or -1. */
SEC_EXPORT int compat_wprintf(const WCHAR *format, ...);
SEC_EXPORT int compat_fwprintf(FILE *file, const WCHAR *format, ...);
SEC_EXPORT int compat_vfwprintf(FILE *file, const WCHAR *format, va_list arguments);
SEC_EXPORT int compat_putws(const WCHAR *s);
/* main() for a program that has a 16-bit one: its arguments from UTF-8, then the call. */
SEC_EXPORT int compat_wmain(int argc, char **argv, int (*program)(int, WCHAR **));

#ifdef _UNICODE
typedef WCHAR _TCHAR;
#define _T(x)         OPENSSPI_T(x)
#define _TEXT(x)      OPENSSPI_T(x)
#define OPENSSPI_T(x) u##x

#define _tcslen      compat_wcslen
#define _tcscmp      compat_wcscmp
#define _tcsncmp     compat_wcsncmp
#define _tcsicmp     compat_wcsicmp
#define _tcschr      compat_wcschr
#define _tcsrchr     compat_wcsrchr
#define _tcsstr      compat_wcsstr
#define _tcstoul     compat_wcstoul
#define _tcstol      compat_wcstol
#define _ttoi        compat_wtoi
#define _tstoi       compat_wtoi
#define _ttol        compat_wtoi
#define _tstol       compat_wtoi
#define _itot_s      compat__ltow_s
#define _ltot_s      compat__ltow_s
#define _ultot_s     compat__ultow_s
#define _tcsnicmp    compat_wcsnicmp
#define _tcsdup      compat_wcsdup
#define _tcscpy      lstrcpyW
#define _tcscat      lstrcatW
#define _tcscpy_s    compat_wcscpy_s
#define _tcscat_s    compat_wcscat_s
#define _tcsncpy_s   compat_wcsncpy_s
#define _tcsncat_s   compat_wcsncat_s
#define _stprintf_s  compat_swprintf_s
#define _vstprintf_s compat_vswprintf_s
#define _tprintf     compat_wprintf
#define _ftprintf    compat_fwprintf
#define _vftprintf   compat_vfwprintf
#define _putts       compat_putws

#define _vtprintf(format, arguments) compat_vfwprintf(stdout, (format), (arguments))

/*
 * `int _tmain(int argc, TCHAR *argv[])` becomes opensspi_tmain, which a main() of ours calls. In C
 * that call goes through another name for the same symbol, so that any parameter list may stand
 * there: (void) too.
 */
#ifdef __cplusplus
#define OPENSSPI_TMAIN opensspi_tmain
#define OPENSSPI_TMAIN_SYMBOL
#else
#define OPENSSPI_TMAIN        opensspi_tmain_called
#define OPENSSPI_TMAIN_SYMBOL __asm__("opensspi_tmain")
#endif
#define _tmain                                           \
    OPENSSPI_TMAIN(int, WCHAR **) OPENSSPI_TMAIN_SYMBOL; \
    int main(int argc, char **argv)                      \
    {                                                    \
        return compat_wmain(argc, argv, OPENSSPI_TMAIN); \
    }                                                    \
    int opensspi_tmain
#else
typedef char _TCHAR;
#define _T(x)    x
#define _TEXT(x) x

#define _tcslen      strlen
#define _tcscmp      strcmp
#define _tcsncmp     strncmp
#define _tcsicmp     strcasecmp
#define _tcschr      strchr
#define _tcsrchr     strrchr
#define _tcsstr      strstr
#define _tcstoul     strtoul
#define _tcstol      strtol
#define _ttoi        atoi
#define _tstoi       atoi
#define _ttol        atol
#define _tstol       atol
#define _itot_s      compat__ltoa_s
#define _ltot_s      compat__ltoa_s
#define _ultot_s     compat__ultoa_s
#define _tcsnicmp    strncasecmp
#define _tcsdup      strdup
#define _tcscpy      strcpy
#define _tcscat      strcat
#define _tcscpy_s    compat_strcpy_s
#define _tcscat_s    compat_strcat_s
#define _tcsncpy_s   compat_strncpy_s
#define _tcsncat_s   compat_strncat_s
#define _stprintf_s  compat_sprintf_s
#define _vstprintf_s compat_vsprintf_s
#define _tprintf     printf
#define _ftprintf    fprintf
#define _vftprintf   vfprintf
#define _vtprintf    vprintf
#define _putts       puts
#define _tmain       main
#endif

OPENSSPI_END

#endif
