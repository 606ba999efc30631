/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C library's bounded string functions by their Windows names; on Windows they come from
 * string.h, stdio.h and stdlib.h, here from windows.h and tchar.h.
 *
 * Sizes are in characters and count the NUL. What does not fit is refused: the destination becomes
 * the empty string and the answer is ERANGE (-1 from the formatting ones). NULL or a size of 0:
 * EINVAL. There is no invalid-parameter handler that ends the process. With a count of _TRUNCATE as
 * much as fits is written, and the answer is STRUNCATE where that was not all.
 * The wcs functions are for WCHAR, 16 bits; source may be what the destination is not: no overlap.
 */
#ifndef OPENSSPI_COMPAT_SECURECRT_H
#define OPENSSPI_COMPAT_SECURECRT_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <opensspi/wintypes.h>

OPENSSPI_BEGIN

typedef int errno_t;
typedef size_t rsize_t;
#define _TRUNCATE ((size_t)-1)
#define STRUNCATE 80
#ifndef _countof
#define _countof(array) (sizeof(array) / sizeof((array)[0]))
#endif

SEC_EXPORT errno_t compat_strcpy_s(char *dst, rsize_t size, const char *src);
SEC_EXPORT errno_t compat_strcat_s(char *dst, rsize_t size, const char *src);
SEC_EXPORT errno_t compat_strncpy_s(char *dst, rsize_t size, const char *src, rsize_t count);
SEC_EXPORT errno_t compat_strncat_s(char *dst, rsize_t size, const char *src, rsize_t count);
SEC_EXPORT errno_t compat_memcpy_s(void *dst, rsize_t size, const void *src, rsize_t count);
SEC_EXPORT int compat_sprintf_s(char *dst, rsize_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
SEC_EXPORT int compat_vsprintf_s(char *dst, rsize_t size, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));
/* At most count characters are written; more of them than fit into size is an error. */
SEC_EXPORT int compat__snprintf_s(char *dst, rsize_t size, rsize_t count, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* As Windows has it: no NUL where exactly count characters were written, and -1 where more were wanted. */
SEC_EXPORT int compat__snprintf(char *dst, size_t count, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
SEC_EXPORT int compat__vsnprintf(char *dst, size_t count, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

/*
 * Numbers in a radix from 2 to 36, a minus sign in radix 10 alone; of 32 bits, as int and long are on
 * Windows. EINVAL for another radix, ERANGE where it does not fit.
 */
SEC_EXPORT errno_t compat__ltoa_s(LONG value, char *dst, rsize_t size, int radix);
SEC_EXPORT errno_t compat__ultoa_s(ULONG value, char *dst, rsize_t size, int radix);
SEC_EXPORT errno_t compat__ltow_s(LONG value, WCHAR *dst, rsize_t size, int radix);
SEC_EXPORT errno_t compat__ultow_s(ULONG value, WCHAR *dst, rsize_t size, int radix);

#define _itoa_s     compat__ltoa_s
#define _ltoa_s     compat__ltoa_s
#define _ultoa_s    compat__ultoa_s
#define _itow_s     compat__ltow_s
#define _ltow_s     compat__ltow_s
#define _ultow_s    compat__ultow_s
#define _snprintf   compat__snprintf
#define _vsnprintf  compat__vsnprintf
#define strcpy_s    compat_strcpy_s
#define strcat_s    compat_strcat_s
#define strncpy_s   compat_strncpy_s
#define strncat_s   compat_strncat_s
#define memcpy_s    compat_memcpy_s
#define sprintf_s   compat_sprintf_s
#define vsprintf_s  compat_vsprintf_s
#define _snprintf_s compat__snprintf_s
#define strtok_s    strtok_r
#define _strdup     strdup
#define _stricmp    strcasecmp
#define _strnicmp   strncasecmp

SEC_EXPORT errno_t compat_wcscpy_s(WCHAR *dst, rsize_t size, const WCHAR *src);
SEC_EXPORT errno_t compat_wcscat_s(WCHAR *dst, rsize_t size, const WCHAR *src);
SEC_EXPORT errno_t compat_wcsncpy_s(WCHAR *dst, rsize_t size, const WCHAR *src, rsize_t count);
SEC_EXPORT errno_t compat_wcsncat_s(WCHAR *dst, rsize_t size, const WCHAR *src, rsize_t count);
SEC_EXPORT int compat_swprintf_s(WCHAR *dst, rsize_t size, const WCHAR *format, ...);
SEC_EXPORT int compat_vswprintf_s(WCHAR *dst, rsize_t size, const WCHAR *format, va_list arguments);

#define wcscpy_s    compat_wcscpy_s
#define wcscat_s    compat_wcscat_s
#define wcsncpy_s   compat_wcsncpy_s
#define wcsncat_s   compat_wcsncat_s
#define swprintf_s  compat_swprintf_s
#define vswprintf_s compat_vswprintf_s

OPENSSPI_END

#endif
