/* SPDX-License-Identifier: Apache-2.0 */
/* The bounded string functions for char, and a few of kernel32's that are as small. */
#include <stdbool.h>
#include <windows.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/secret.h"

static errno_t
refuse(char *dst, rsize_t size, errno_t error)
{
    if (dst && size) {
        dst[0] = '\0';
    }
    return error;
}

/* Puts at most `count` characters of src at dst[at], as the four functions below agree. */
static errno_t
put_at(char *dst, rsize_t size, size_t at, const char *src, rsize_t count)
{
    const bool truncate = count == _TRUNCATE;
    const size_t n = strnlen(src, truncate ? size - at : count);

    if (n < size - at) {
        bytes_copy(dst + at, src, n);
        dst[at + n] = '\0';
        return 0;
    }
    if (!truncate) {
        return refuse(dst, size, ERANGE);
    }
    bytes_copy(dst + at, src, size - at - 1);
    dst[size - 1] = '\0';
    return STRUNCATE;
}

errno_t
compat_strncpy_s(char *dst, rsize_t size, const char *src, rsize_t count)
{
    if (!dst || size == 0 || !src) {
        return refuse(dst, size, EINVAL);
    }
    return put_at(dst, size, 0, src, count);
}

errno_t
compat_strncat_s(char *dst, rsize_t size, const char *src, rsize_t count)
{
    size_t at;

    if (!dst || size == 0 || !src) {
        return refuse(dst, size, EINVAL);
    }
    at = strnlen(dst, size);
    if (at == size) {
        return refuse(dst, size, EINVAL);
    }
    return put_at(dst, size, at, src, count);
}

/* No source is longer than this, and it is not _TRUNCATE. */
#define ALL ((size_t)-2)

errno_t
compat_strcpy_s(char *dst, rsize_t size, const char *src)
{
    return compat_strncpy_s(dst, size, src, ALL);
}

errno_t
compat_strcat_s(char *dst, rsize_t size, const char *src)
{
    return compat_strncat_s(dst, size, src, ALL);
}

errno_t
compat_memcpy_s(void *dst, rsize_t size, const void *src, rsize_t count)
{
    if (count == 0) {
        return 0;
    }
    if (!dst) {
        return EINVAL;
    }
    if (!src || count > size) {
        secret_wipe(dst, size);
        return src ? ERANGE : EINVAL;
    }
    bytes_copy(dst, src, count);
    return 0;
}

int
compat_vsprintf_s(char *dst, rsize_t size, const char *format, va_list arguments)
{
    int n;

    if (!dst || size == 0 || !format) {
        refuse(dst, size, EINVAL);
        return -1;
    }
    n = vsnprintf(dst, size, format, arguments);
    if (n < 0 || (size_t)n >= size) {
        refuse(dst, size, ERANGE);
        return -1;
    }
    return n;
}

int
compat_sprintf_s(char *dst, rsize_t size, const char *format, ...)
{
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = compat_vsprintf_s(dst, size, format, arguments);
    va_end(arguments);
    return n;
}

int
compat__snprintf_s(char *dst, rsize_t size, rsize_t count, const char *format, ...)
{
    const size_t room = count < size ? count + 1 : size;
    va_list arguments;
    int n;

    if (!dst || size == 0 || !format) {
        refuse(dst, size, EINVAL);
        return -1;
    }
    va_start(arguments, format);
    n = vsnprintf(dst, room, format, arguments);
    va_end(arguments);
    if (n >= 0 && (size_t)n < room) {
        return n;
    }
    /* Cut at count, or by _TRUNCATE: what was written stands. Otherwise the buffer was too small. */
    if (n < 0 || (count >= size && count != _TRUNCATE)) {
        refuse(dst, size, ERANGE);
    }
    return -1;
}

int
compat__vsnprintf(char *dst, size_t count, const char *format, va_list arguments)
{
    va_list again;
    char *text;
    int n;

    va_copy(again, arguments);
    n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    text = n < 0 ? NULL : mem_new((size_t)n + 1);
    if (!text || vsnprintf(text, (size_t)n + 1, format, arguments) != n) {
        mem_free(text);
        return -1;
    }
    bytes_copy(dst, text, (size_t)n < count ? (size_t)n + 1 : count);
    mem_free(text);
    return (size_t)n <= count ? n : -1;
}

int
compat__snprintf(char *dst, size_t count, const char *format, ...)
{
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = compat__vsnprintf(dst, count, format, arguments);
    va_end(arguments);
    return n;
}

PVOID
SecureZeroMemory(PVOID ptr, SIZE_T cnt)
{
    secret_wipe(ptr, cnt);
    return ptr;
}
