/* SPDX-License-Identifier: Apache-2.0 */
/* Text between a code page, which is UTF-8, and UTF-16. */
#include <limits.h>
#include <windows.h>

#include "base/utf16.h"
#include "compat/text.h"

/* Flags that a code page of Windows knows and UTF-8 has no use for. */
#define ACP_TO_WIDE (MB_PRECOMPOSED | MB_COMPOSITE | MB_USEGLYPHCHARS)
#define ACP_FROM_WIDE \
    (WC_DISCARDNS | WC_SEPCHARS | WC_DEFAULTCHAR | WC_COMPOSITECHECK | WC_NO_BEST_FIT_CHARS)

static DWORD
check(UINT page, DWORD flags, DWORD strict, DWORD of_acp)
{
    const bool acp = page == CP_ACP || page == CP_OEMCP || page == CP_THREAD_ACP;

    if (!acp && page != CP_UTF8) {
        return ERROR_INVALID_PARAMETER;
    }
    return flags & ~(strict | (acp ? of_acp : 0)) ? ERROR_INVALID_FLAGS : ERROR_SUCCESS;
}

static int
refuse(DWORD error)
{
    SetLastError(error);
    return 0;
}

/* How many `size`-byte characters were made of the source, once they are where they belong. */
static int
answer(const struct wire_writer *w, void *to, size_t room, size_t size)
{
    const struct bytes made = wire_written(w);

    if (wire_writer_status(w) != WIRE_OK || made.n / size > INT_MAX) {
        return refuse(ERROR_NOT_ENOUGH_MEMORY);
    }
    if (room > 0) {
        bytes_copy(to, made.p, made.n < room * size ? made.n : room * size);
    }
    return room == 0 || made.n <= room * size ? (int)(made.n / size)
                                              : refuse(ERROR_INSUFFICIENT_BUFFER);
}

int
MultiByteToWideChar(UINT CodePage, DWORD dwFlags, LPCSTR lpMultiByteStr, int cbMultiByte,
                    LPWSTR lpWideCharStr, int cchWideChar)
{
    SEC_AUTO(wire_writer) units = wire_writer_growing(NULL, 0);
    DWORD error = check(CodePage, dwFlags, MB_ERR_INVALID_CHARS, ACP_TO_WIDE);
    size_t replaced;

    if (!lpMultiByteStr || cbMultiByte == 0 || cchWideChar < 0 ||
        (cchWideChar > 0 && !lpWideCharStr)) {
        error = ERROR_INVALID_PARAMETER;
    }
    if (error != ERROR_SUCCESS) {
        return refuse(error);
    }
    replaced = utf16_put_utf8_replacing(
        &units, bytes_of(lpMultiByteStr,
                         cbMultiByte < 0 ? strlen(lpMultiByteStr) + 1 : (size_t)cbMultiByte));
    if (replaced && (dwFlags & MB_ERR_INVALID_CHARS)) {
        return refuse(ERROR_NO_UNICODE_TRANSLATION);
    }
    return answer(&units, lpWideCharStr, (size_t)cchWideChar, sizeof(WCHAR));
}

int
WideCharToMultiByte(UINT CodePage, DWORD dwFlags, LPCWSTR lpWideCharStr, int cchWideChar,
                    LPSTR lpMultiByteStr, int cbMultiByte, LPCSTR lpDefaultChar,
                    LPBOOL lpUsedDefaultChar)
{
    SEC_AUTO(wire_writer) units = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) text = wire_writer_growing(NULL, 0);
    DWORD error = check(CodePage, dwFlags, WC_ERR_INVALID_CHARS, ACP_FROM_WIDE);
    size_t replaced;

    if (!lpWideCharStr || cchWideChar == 0 || cbMultiByte < 0 ||
        (cbMultiByte > 0 && !lpMultiByteStr) ||
        (CodePage == CP_UTF8 && (lpDefaultChar || lpUsedDefaultChar))) {
        error = ERROR_INVALID_PARAMETER;
    }
    if (error != ERROR_SUCCESS) {
        return refuse(error);
    }
    compat_text_put_units(&units, lpWideCharStr,
                          cchWideChar < 0 ? compat_text_units(lpWideCharStr) + 1
                                          : (size_t)cchWideChar);
    if (wire_writer_status(&units) != WIRE_OK) {
        return refuse(ERROR_NOT_ENOUGH_MEMORY);
    }
    replaced = utf8_put_utf16_replacing(&text, wire_written(&units));
    if (replaced && (dwFlags & WC_ERR_INVALID_CHARS)) {
        return refuse(ERROR_NO_UNICODE_TRANSLATION);
    }
    if (lpUsedDefaultChar) {
        *lpUsedDefaultChar = replaced != 0;
    }
    return answer(&text, lpMultiByteStr, (size_t)cbMultiByte, 1);
}

UINT
GetACP(void)
{
    return CP_UTF8;
}

UINT
GetOEMCP(void)
{
    return CP_UTF8;
}
