/* SPDX-License-Identifier: Apache-2.0 */
/* Text between a code page and UTF-16. Source: the public documentation of stringapiset.h. */
#ifndef OPENSSPI_COMPAT_STRINGAPISET_H
#define OPENSSPI_COMPAT_STRINGAPISET_H

#include "windows.h"

OPENSSPI_BEGIN

#define CP_ACP        0
#define CP_OEMCP      1
#define CP_THREAD_ACP 3
#define CP_UTF8       65001

#define MB_PRECOMPOSED       0x01
#define MB_COMPOSITE         0x02
#define MB_USEGLYPHCHARS     0x04
#define MB_ERR_INVALID_CHARS 0x08

#define WC_DISCARDNS         0x010
#define WC_SEPCHARS          0x020
#define WC_DEFAULTCHAR       0x040
#define WC_ERR_INVALID_CHARS 0x080
#define WC_COMPOSITECHECK    0x200
#define WC_NO_BEST_FIT_CHARS 0x400

/*
 * The characters written, or with a size of 0 those that are needed; a source of length -1 ends with
 * a NUL, which is converted too. 0 where it fails: ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_PARAMETER
 * (nothing to convert; another code page), ERROR_INVALID_FLAGS, ERROR_NO_UNICODE_TRANSLATION.
 *
 * CP_ACP, CP_OEMCP and CP_THREAD_ACP are UTF-8, as CP_UTF8 is; but they take the flags that a code
 * page of Windows takes, which change nothing, and a default character, which is not needed: *used
 * says whether there was a lone surrogate. What is not text becomes U+FFFD, or is refused where
 * MB_ERR_INVALID_CHARS or WC_ERR_INVALID_CHARS is given.
 */
SEC_EXPORT int WINAPI MultiByteToWideChar(UINT CodePage, DWORD dwFlags, LPCSTR lpMultiByteStr,
                                          int cbMultiByte, LPWSTR lpWideCharStr, int cchWideChar);
SEC_EXPORT int WINAPI WideCharToMultiByte(UINT CodePage, DWORD dwFlags, LPCWSTR lpWideCharStr,
                                          int cchWideChar, LPSTR lpMultiByteStr, int cbMultiByte,
                                          LPCSTR lpDefaultChar, LPBOOL lpUsedDefaultChar);
/* CP_UTF8. */
SEC_EXPORT UINT WINAPI GetACP(void);
SEC_EXPORT UINT WINAPI GetOEMCP(void);

OPENSSPI_END

#endif
