/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings that are cut rather than written past their buffer's end. Source: the public documentation of
 * strsafe.h.
 *
 * Cch functions count characters, Cb functions bytes; both count the NUL. S_OK, or
 *   STRSAFE_E_INSUFFICIENT_BUFFER  cut, and terminated: a character of UTF-8 may lose its end
 *   STRSAFE_E_INVALID_PARAMETER    a size of 0 or above STRSAFE_MAX_CCH, NULL, a destination to append to
 *                                  that has no NUL, a format that is none, an unknown flag
 *   E_OUTOFMEMORY                  of the formatting ones
 * Ex functions tell where the NUL is and how many characters (bytes) are left from there, unless the
 * answer is one of the last two, and take
 *   STRSAFE_IGNORE_NULLS      NULL is the empty string; as a destination, with a size of 0
 *   STRSAFE_FILL_BEHIND_NULL  after a success the low byte of the flags fills what is behind the NUL
 *   STRSAFE_FILL_ON_FAILURE   after a failure it fills the buffer, whose end is a NUL
 *   STRSAFE_NULL_ON_FAILURE   after a failure the text is empty
 *   STRSAFE_NO_TRUNCATION     what does not fit is not written: the text is empty, or what it was
 * Formats of the A functions are the C library's (a DWORD is %u), of the W functions those of tchar.h.
 */
#ifndef OPENSSPI_COMPAT_STRSAFE_H
#define OPENSSPI_COMPAT_STRSAFE_H

#include <stdarg.h>
#include <stdio.h>

#include "windows.h"

OPENSSPI_BEGIN

#define STRSAFE_MAX_CCH    2147483647
#define STRSAFE_MAX_LENGTH (STRSAFE_MAX_CCH - 1)

#define STRSAFE_IGNORE_NULLS     0x00000100
#define STRSAFE_FILL_BEHIND_NULL 0x00000200
#define STRSAFE_FILL_ON_FAILURE  0x00000400
#define STRSAFE_NULL_ON_FAILURE  0x00000800
#define STRSAFE_NO_TRUNCATION    0x00001000
#define STRSAFE_VALID_FLAGS      0x00001FFF
#define STRSAFE_FILL_BYTE(x)     ((DWORD)(((x)&0xFF) | STRSAFE_FILL_BEHIND_NULL))
#define STRSAFE_FAILURE_BYTE(x)  ((DWORD)(((x)&0xFF) | STRSAFE_FILL_ON_FAILURE))

#define STRSAFE_E_INSUFFICIENT_BUFFER ((HRESULT)0x8007007A)
#define STRSAFE_E_INVALID_PARAMETER   ((HRESULT)0x80070057)

/* The N functions take at most that many characters of the source, which needs no NUL then. */
SEC_EXPORT HRESULT WINAPI StringCchCopyNExA(LPSTR pszDest, size_t cchDest, LPCSTR pszSrc,
                                            size_t cchToCopy, LPSTR *ppszDestEnd,
                                            size_t *pcchRemaining, DWORD dwFlags);
SEC_EXPORT HRESULT WINAPI StringCchCopyNExW(LPWSTR pszDest, size_t cchDest, LPCWSTR pszSrc,
                                            size_t cchToCopy, LPWSTR *ppszDestEnd,
                                            size_t *pcchRemaining, DWORD dwFlags);
SEC_EXPORT HRESULT WINAPI StringCchCatNExA(LPSTR pszDest, size_t cchDest, LPCSTR pszSrc,
                                           size_t cchToAppend, LPSTR *ppszDestEnd,
                                           size_t *pcchRemaining, DWORD dwFlags);
SEC_EXPORT HRESULT WINAPI StringCchCatNExW(LPWSTR pszDest, size_t cchDest, LPCWSTR pszSrc,
                                           size_t cchToAppend, LPWSTR *ppszDestEnd,
                                           size_t *pcchRemaining, DWORD dwFlags);
SEC_EXPORT HRESULT WINAPI StringCchVPrintfExA(LPSTR pszDest, size_t cchDest, LPSTR *ppszDestEnd,
                                              size_t *pcchRemaining, DWORD dwFlags,
                                              LPCSTR pszFormat, va_list argList)
    __attribute__((format(printf, 6, 0)));
SEC_EXPORT HRESULT WINAPI StringCchVPrintfExW(LPWSTR pszDest, size_t cchDest, LPWSTR *ppszDestEnd,
                                              size_t *pcchRemaining, DWORD dwFlags,
                                              LPCWSTR pszFormat, va_list argList);
/* *pcch (NULL: not wanted): without the NUL, which has to be among the first cchMax characters; 0 where
 * it is not, and STRSAFE_E_INVALID_PARAMETER. */
SEC_EXPORT HRESULT WINAPI StringCchLengthA(LPCSTR psz, size_t cchMax, size_t *pcch);
SEC_EXPORT HRESULT WINAPI StringCchLengthW(LPCWSTR psz, size_t cchMax, size_t *pcch);

/* Below, the other functions by those above. S: A or W. */

/* Of a size in bytes that is no whole number of characters, what is over counts as left. */
#define OPENSSPI_STRSAFE_LEFT_(TYPE, cb, answer, cch, pcbRemaining)        \
    if ((pcbRemaining) != NULL &&                                          \
        ((answer) == S_OK || (answer) == STRSAFE_E_INSUFFICIENT_BUFFER)) { \
        *(pcbRemaining) = (cch) * sizeof(TYPE) + (cb) % sizeof(TYPE);      \
    }

#define OPENSSPI_STRSAFE_PUT_(VERB, S, TYPE)                                                       \
    static inline HRESULT StringCch##VERB##N##S(TYPE *pszDest, size_t cchDest, const TYPE *pszSrc, \
                                                size_t cch)                                        \
    {                                                                                              \
        return StringCch##VERB##NEx##S(pszDest, cchDest, pszSrc, cch, NULL, NULL, 0);              \
    }                                                                                              \
    static inline HRESULT StringCch##VERB##Ex##S(TYPE *pszDest, size_t cchDest,                    \
                                                 const TYPE *pszSrc, TYPE **ppszDestEnd,           \
                                                 size_t *pcchRemaining, DWORD dwFlags)             \
    {                                                                                              \
        return StringCch##VERB##NEx##S(pszDest, cchDest, pszSrc, STRSAFE_MAX_CCH, ppszDestEnd,     \
                                       pcchRemaining, dwFlags);                                    \
    }                                                                                              \
    static inline HRESULT StringCch##VERB##S(TYPE *pszDest, size_t cchDest, const TYPE *pszSrc)    \
    {                                                                                              \
        return StringCch##VERB##Ex##S(pszDest, cchDest, pszSrc, NULL, NULL, 0);                    \
    }                                                                                              \
    static inline HRESULT StringCb##VERB##NEx##S(TYPE *pszDest, size_t cbDest, const TYPE *pszSrc, \
                                                 size_t cb, TYPE **ppszDestEnd,                    \
                                                 size_t *pcbRemaining, DWORD dwFlags)              \
    {                                                                                              \
        size_t cch = 0;                                                                            \
        HRESULT answer = StringCch##VERB##NEx##S(pszDest, cbDest / sizeof(TYPE), pszSrc,           \
                                                 cb / sizeof(TYPE), ppszDestEnd, &cch, dwFlags);   \
        OPENSSPI_STRSAFE_LEFT_(TYPE, cbDest, answer, cch, pcbRemaining)                            \
        return answer;                                                                             \
    }                                                                                              \
    static inline HRESULT StringCb##VERB##N##S(TYPE *pszDest, size_t cbDest, const TYPE *pszSrc,   \
                                               size_t cb)                                          \
    {                                                                                              \
        return StringCb##VERB##NEx##S(pszDest, cbDest, pszSrc, cb, NULL, NULL, 0);                 \
    }                                                                                              \
    static inline HRESULT StringCb##VERB##Ex##S(TYPE *pszDest, size_t cbDest, const TYPE *pszSrc,  \
                                                TYPE **ppszDestEnd, size_t *pcbRemaining,          \
                                                DWORD dwFlags)                                     \
    {                                                                                              \
        return StringCb##VERB##NEx##S(pszDest, cbDest, pszSrc, STRSAFE_MAX_CCH * sizeof(TYPE),     \
                                      ppszDestEnd, pcbRemaining, dwFlags);                         \
    }                                                                                              \
    static inline HRESULT StringCb##VERB##S(TYPE *pszDest, size_t cbDest, const TYPE *pszSrc)      \
    {                                                                                              \
        return StringCb##VERB##Ex##S(pszDest, cbDest, pszSrc, NULL, NULL, 0);                      \
    }

#define OPENSSPI_STRSAFE_FORMAT_(S, TYPE, THIRD, SIXTH)                                           \
    static inline HRESULT StringCchVPrintf##S(TYPE *pszDest, size_t cchDest,                      \
                                              const TYPE *pszFormat, va_list argList)             \
    {                                                                                             \
        return StringCchVPrintfEx##S(pszDest, cchDest, NULL, NULL, 0, pszFormat, argList);        \
    }                                                                                             \
    static inline HRESULT StringCbVPrintfEx##S(TYPE *pszDest, size_t cbDest, TYPE **ppszDestEnd,  \
                                               size_t *pcbRemaining, DWORD dwFlags,               \
                                               const TYPE *pszFormat, va_list argList)            \
    {                                                                                             \
        size_t cch = 0;                                                                           \
        HRESULT answer = StringCchVPrintfEx##S(pszDest, cbDest / sizeof(TYPE), ppszDestEnd, &cch, \
                                               dwFlags, pszFormat, argList);                      \
        OPENSSPI_STRSAFE_LEFT_(TYPE, cbDest, answer, cch, pcbRemaining)                           \
        return answer;                                                                            \
    }                                                                                             \
    static inline HRESULT StringCbVPrintf##S(TYPE *pszDest, size_t cbDest, const TYPE *pszFormat, \
                                             va_list argList)                                     \
    {                                                                                             \
        return StringCbVPrintfEx##S(pszDest, cbDest, NULL, NULL, 0, pszFormat, argList);          \
    }                                                                                             \
    THIRD static inline HRESULT StringCchPrintf##S(TYPE *pszDest, size_t cchDest,                 \
                                                   const TYPE *pszFormat, ...)                    \
    {                                                                                             \
        HRESULT answer;                                                                           \
        va_list argList;                                                                          \
        va_start(argList, pszFormat);                                                             \
        answer = StringCchVPrintf##S(pszDest, cchDest, pszFormat, argList);                       \
        va_end(argList);                                                                          \
        return answer;                                                                            \
    }                                                                                             \
    THIRD static inline HRESULT StringCbPrintf##S(TYPE *pszDest, size_t cbDest,                   \
                                                  const TYPE *pszFormat, ...)                     \
    {                                                                                             \
        HRESULT answer;                                                                           \
        va_list argList;                                                                          \
        va_start(argList, pszFormat);                                                             \
        answer = StringCbVPrintf##S(pszDest, cbDest, pszFormat, argList);                         \
        va_end(argList);                                                                          \
        return answer;                                                                            \
    }                                                                                             \
    SIXTH static inline HRESULT StringCchPrintfEx##S(TYPE *pszDest, size_t cchDest,               \
                                                     TYPE **ppszDestEnd, size_t *pcchRemaining,   \
                                                     DWORD dwFlags, const TYPE *pszFormat, ...)   \
    {                                                                                             \
        HRESULT answer;                                                                           \
        va_list argList;                                                                          \
        va_start(argList, pszFormat);                                                             \
        answer = StringCchVPrintfEx##S(pszDest, cchDest, ppszDestEnd, pcchRemaining, dwFlags,     \
                                       pszFormat, argList);                                       \
        va_end(argList);                                                                          \
        return answer;                                                                            \
    }                                                                                             \
    SIXTH static inline HRESULT StringCbPrintfEx##S(TYPE *pszDest, size_t cbDest,                 \
                                                    TYPE **ppszDestEnd, size_t *pcbRemaining,     \
                                                    DWORD dwFlags, const TYPE *pszFormat, ...)    \
    {                                                                                             \
        HRESULT answer;                                                                           \
        va_list argList;                                                                          \
        va_start(argList, pszFormat);                                                             \
        answer = StringCbVPrintfEx##S(pszDest, cbDest, ppszDestEnd, pcbRemaining, dwFlags,        \
                                      pszFormat, argList);                                        \
        va_end(argList);                                                                          \
        return answer;                                                                            \
    }                                                                                             \
    static inline HRESULT StringCbLength##S(const TYPE *psz, size_t cbMax, size_t *pcb)           \
    {                                                                                             \
        size_t cch = 0;                                                                           \
        HRESULT answer = StringCchLength##S(psz, cbMax / sizeof(TYPE), &cch);                     \
        if (pcb != NULL) {                                                                        \
            *pcb = cch * sizeof(TYPE);                                                            \
        }                                                                                         \
        return answer;                                                                            \
    }

OPENSSPI_STRSAFE_PUT_(Copy, A, CHAR)
OPENSSPI_STRSAFE_PUT_(Copy, W, WCHAR)
OPENSSPI_STRSAFE_PUT_(Cat, A, CHAR)
OPENSSPI_STRSAFE_PUT_(Cat, W, WCHAR)
OPENSSPI_STRSAFE_FORMAT_(A, CHAR, __attribute__((format(printf, 3, 4))),
                         __attribute__((format(printf, 6, 7))))
OPENSSPI_STRSAFE_FORMAT_(W, WCHAR, , )

#ifdef UNICODE
#define OPENSSPI_STRSAFE_T(name) name##W
#else
#define OPENSSPI_STRSAFE_T(name) name##A
#endif
#define StringCchCopy      OPENSSPI_STRSAFE_T(StringCchCopy)
#define StringCchCopyEx    OPENSSPI_STRSAFE_T(StringCchCopyEx)
#define StringCchCopyN     OPENSSPI_STRSAFE_T(StringCchCopyN)
#define StringCchCopyNEx   OPENSSPI_STRSAFE_T(StringCchCopyNEx)
#define StringCchCat       OPENSSPI_STRSAFE_T(StringCchCat)
#define StringCchCatEx     OPENSSPI_STRSAFE_T(StringCchCatEx)
#define StringCchCatN      OPENSSPI_STRSAFE_T(StringCchCatN)
#define StringCchCatNEx    OPENSSPI_STRSAFE_T(StringCchCatNEx)
#define StringCchPrintf    OPENSSPI_STRSAFE_T(StringCchPrintf)
#define StringCchPrintfEx  OPENSSPI_STRSAFE_T(StringCchPrintfEx)
#define StringCchVPrintf   OPENSSPI_STRSAFE_T(StringCchVPrintf)
#define StringCchVPrintfEx OPENSSPI_STRSAFE_T(StringCchVPrintfEx)
#define StringCchLength    OPENSSPI_STRSAFE_T(StringCchLength)
#define StringCbCopy       OPENSSPI_STRSAFE_T(StringCbCopy)
#define StringCbCopyEx     OPENSSPI_STRSAFE_T(StringCbCopyEx)
#define StringCbCopyN      OPENSSPI_STRSAFE_T(StringCbCopyN)
#define StringCbCopyNEx    OPENSSPI_STRSAFE_T(StringCbCopyNEx)
#define StringCbCat        OPENSSPI_STRSAFE_T(StringCbCat)
#define StringCbCatEx      OPENSSPI_STRSAFE_T(StringCbCatEx)
#define StringCbCatN       OPENSSPI_STRSAFE_T(StringCbCatN)
#define StringCbCatNEx     OPENSSPI_STRSAFE_T(StringCbCatNEx)
#define StringCbPrintf     OPENSSPI_STRSAFE_T(StringCbPrintf)
#define StringCbPrintfEx   OPENSSPI_STRSAFE_T(StringCbPrintfEx)
#define StringCbVPrintf    OPENSSPI_STRSAFE_T(StringCbVPrintf)
#define StringCbVPrintfEx  OPENSSPI_STRSAFE_T(StringCbVPrintfEx)
#define StringCbLength     OPENSSPI_STRSAFE_T(StringCbLength)

OPENSSPI_END

#endif
