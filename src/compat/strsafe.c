/* SPDX-License-Identifier: Apache-2.0 */
/* The safe strings, for characters of either width; what the header makes of them is inline there. */
#include <stdbool.h>
#include <strsafe.h>

#include "base/mem.h"
#include "compat/text.h"
#include "compat/wprintf.h"

/* What is written to: room for so many characters of `unit` bytes. */
struct target {
    uint8_t *at;
    size_t room, unit;
    DWORD flags;
    /* What is told, where it is wanted: a pointer to characters, and a number of them. */
    void *end;
    size_t *left;
};

static size_t
length_within(const void *s, size_t most, size_t unit)
{
    const uint8_t *p = s;
    size_t n = 0;

    while (n < most && (p[n * unit] || p[n * unit + unit - 1])) {
        n++;
    }
    return n;
}

static void
terminate(const struct target *t, size_t length)
{
    bytes_copy(t->at + length * t->unit, "\0", t->unit);
}

static void
fill(const struct target *t, size_t from)
{
    for (size_t i = from * t->unit; i < t->room * t->unit; i++) {
        t->at[i] = (uint8_t)t->flags;
    }
}

/* What the flags say of the end; length: of the text that is there. */
static HRESULT
finish(const struct target *t, size_t length, HRESULT answer)
{
    if (t->room > 0 && answer == S_OK && t->flags & STRSAFE_FILL_BEHIND_NULL) {
        fill(t, length + 1);
    }
    if (t->room > 0 && answer != S_OK && t->flags & STRSAFE_FILL_ON_FAILURE) {
        fill(t, 0);
        length = t->flags & 0xff ? t->room - 1 : 0;
        terminate(t, length);
    }
    if (t->room > 0 && answer != S_OK && t->flags & STRSAFE_NULL_ON_FAILURE) {
        length = 0;
        terminate(t, length);
    }
    if (answer == S_OK || answer == STRSAFE_E_INSUFFICIENT_BUFFER) {
        if (t->end) {
            const uint8_t *end = t->at ? t->at + length * t->unit : NULL;
            bytes_copy(t->end, &end, sizeof(end));
        }
        if (t->left) {
            *t->left = t->room - length;
        }
    }
    return answer;
}

/* Where there is no room, an empty text fits if NULL may stand for one. */
static bool
is_writable(const struct target *t)
{
    if (t->flags & ~(DWORD)STRSAFE_VALID_FLAGS || t->room > STRSAFE_MAX_CCH) {
        return false;
    }
    return t->at ? t->room > 0 : t->room == 0 && t->flags & STRSAFE_IGNORE_NULLS;
}

static HRESULT
refuse(const struct target *t)
{
    const bool known = t->at && t->room > 0 && t->room <= STRSAFE_MAX_CCH &&
                       !(t->flags & ~(DWORD)STRSAFE_VALID_FLAGS);

    return known ? finish(t, 0, STRSAFE_E_INVALID_PARAMETER) : STRSAFE_E_INVALID_PARAMETER;
}

/* Writes at most `most` characters of s behind the first `at`. */
static HRESULT
put_at(const struct target *t, size_t at, const void *s, size_t most)
{
    const size_t room = t->room - at;
    const size_t n = s ? length_within(s, most < room ? most : room, t->unit) : 0;
    size_t copied = n;

    if (t->room == 0) {
        return s && most > 0 && length_within(s, 1, t->unit) ? STRSAFE_E_INVALID_PARAMETER
                                                             : finish(t, 0, S_OK);
    }
    if (n >= room) {
        copied = t->flags & STRSAFE_NO_TRUNCATION ? 0 : room - 1;
    }
    bytes_copy(t->at + at * t->unit, s, copied * t->unit);
    terminate(t, at + copied);
    return finish(t, at + copied, n < room ? S_OK : STRSAFE_E_INSUFFICIENT_BUFFER);
}

static bool
is_source(const struct target *t, const void *s, size_t most)
{
    return most <= STRSAFE_MAX_CCH && (s || t->flags & STRSAFE_IGNORE_NULLS);
}

static HRESULT
copy(const struct target *t, const void *s, size_t most)
{
    return is_writable(t) && is_source(t, s, most) ? put_at(t, 0, s, most) : refuse(t);
}

static HRESULT
append(const struct target *t, const void *s, size_t most)
{
    size_t at;

    if (!is_writable(t) || !is_source(t, s, most)) {
        return refuse(t);
    }
    at = t->room ? length_within(t->at, t->room, t->unit) : 0;
    return t->room && at == t->room ? refuse(t) : put_at(t, at, s, most);
}

HRESULT
StringCchCopyNExA(LPSTR pszDest, size_t cchDest, LPCSTR pszSrc, size_t cchToCopy,
                  LPSTR *ppszDestEnd, size_t *pcchRemaining, DWORD dwFlags)
{
    const struct target t = { (uint8_t *)pszDest, cchDest,      sizeof(CHAR), dwFlags,
                              ppszDestEnd,        pcchRemaining };

    return copy(&t, pszSrc, cchToCopy);
}

HRESULT
StringCchCopyNExW(LPWSTR pszDest, size_t cchDest, LPCWSTR pszSrc, size_t cchToCopy,
                  LPWSTR *ppszDestEnd, size_t *pcchRemaining, DWORD dwFlags)
{
    const struct target t = { (uint8_t *)pszDest, cchDest,      sizeof(WCHAR), dwFlags,
                              ppszDestEnd,        pcchRemaining };

    return copy(&t, pszSrc, cchToCopy);
}

HRESULT
StringCchCatNExA(LPSTR pszDest, size_t cchDest, LPCSTR pszSrc, size_t cchToAppend,
                 LPSTR *ppszDestEnd, size_t *pcchRemaining, DWORD dwFlags)
{
    const struct target t = { (uint8_t *)pszDest, cchDest,      sizeof(CHAR), dwFlags,
                              ppszDestEnd,        pcchRemaining };

    return append(&t, pszSrc, cchToAppend);
}

HRESULT
StringCchCatNExW(LPWSTR pszDest, size_t cchDest, LPCWSTR pszSrc, size_t cchToAppend,
                 LPWSTR *ppszDestEnd, size_t *pcchRemaining, DWORD dwFlags)
{
    const struct target t = { (uint8_t *)pszDest, cchDest,      sizeof(WCHAR), dwFlags,
                              ppszDestEnd,        pcchRemaining };

    return append(&t, pszSrc, cchToAppend);
}

/* --- formats ------------------------------------------------------------------------------- */

/* text: NULL without memory. */
static HRESULT
put_formatted(const struct target *t, const void *text)
{
    return text ? put_at(t, 0, text, STRSAFE_MAX_CCH) : finish(t, 0, E_OUTOFMEMORY);
}

HRESULT
StringCchVPrintfExA(LPSTR pszDest, size_t cchDest, LPSTR *ppszDestEnd, size_t *pcchRemaining,
                    DWORD dwFlags, LPCSTR pszFormat, va_list argList)
{
    const struct target t = { (uint8_t *)pszDest, cchDest,      sizeof(CHAR), dwFlags,
                              ppszDestEnd,        pcchRemaining };
    const char *format = pszFormat ? pszFormat : ""; /* some flags let NULL pass */
    char *text;
    va_list again;
    HRESULT answer;
    int n;

    if (!is_writable(&t) || !is_source(&t, pszFormat, 0)) {
        return refuse(&t);
    }
    va_copy(again, argList);
    n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    text = n < 0 ? NULL : mem_new((size_t)n + 1);
    if (text && vsnprintf(text, (size_t)n + 1, format, argList) != n) {
        mem_free(text);
        text = NULL;
    }
    answer = n < 0 ? refuse(&t) : put_formatted(&t, text);
    mem_free(text);
    return answer;
}

HRESULT
StringCchVPrintfExW(LPWSTR pszDest, size_t cchDest, LPWSTR *ppszDestEnd, size_t *pcchRemaining,
                    DWORD dwFlags, LPCWSTR pszFormat, va_list argList)
{
    const struct target t = { (uint8_t *)pszDest, cchDest,      sizeof(WCHAR), dwFlags,
                              ppszDestEnd,        pcchRemaining };
    SEC_AUTO(wire_writer) utf16 = wire_writer_growing(NULL, 0);
    DWORD error = ERROR_SUCCESS;
    HRESULT answer;
    WCHAR *text;

    if (!is_writable(&t) || !is_source(&t, pszFormat, 0)) {
        return refuse(&t);
    }
    if (pszFormat) {
        error = compat_wprintf_put(&utf16, pszFormat, argList);
    }
    if (error != ERROR_SUCCESS) {
        return error == ERROR_NOT_ENOUGH_MEMORY ? put_formatted(&t, NULL) : refuse(&t);
    }
    text = compat_text_units_of(wire_written(&utf16));
    answer = put_formatted(&t, text);
    mem_free(text);
    return answer;
}

/* --- lengths ------------------------------------------------------------------------------- */

static HRESULT
measure(const void *s, size_t most, size_t unit, size_t *length)
{
    const bool sized = s && most <= STRSAFE_MAX_CCH;
    const size_t n = sized ? length_within(s, most, unit) : most;

    if (length) {
        *length = n < most ? n : 0;
    }
    return n < most ? S_OK : STRSAFE_E_INVALID_PARAMETER;
}

HRESULT
StringCchLengthA(LPCSTR psz, size_t cchMax, size_t *pcch)
{
    return measure(psz, cchMax, sizeof(CHAR), pcch);
}

HRESULT
StringCchLengthW(LPCWSTR psz, size_t cchMax, size_t *pcch)
{
    return measure(psz, cchMax, sizeof(WCHAR), pcch);
}
