/* SPDX-License-Identifier: Apache-2.0 */
/* Security identifiers as text. Source: the public documentation of sddl.h. */
#ifndef OPENSSPI_COMPAT_SDDL_H
#define OPENSSPI_COMPAT_SDDL_H

#include "windows.h"

OPENSSPI_BEGIN

/* "S-1-5-32-544". LocalFree. ERROR_INVALID_SID. */
SEC_EXPORT BOOL WINAPI ConvertSidToStringSidW(PSID Sid, LPWSTR *StringSid);
SEC_EXPORT BOOL WINAPI ConvertSidToStringSidA(PSID Sid, LPSTR *StringSid);
/* The same text, or the two letters of SDDL ("BA", "WD"), not those of a domain. LocalFree.
 * ERROR_INVALID_SID. */
SEC_EXPORT BOOL WINAPI ConvertStringSidToSidW(LPCWSTR StringSid, PSID *Sid);
SEC_EXPORT BOOL WINAPI ConvertStringSidToSidA(LPCSTR StringSid, PSID *Sid);

#ifdef UNICODE
#define ConvertSidToStringSid ConvertSidToStringSidW
#define ConvertStringSidToSid ConvertStringSidToSidW
#else
#define ConvertSidToStringSid ConvertSidToStringSidA
#define ConvertStringSidToSid ConvertStringSidToSidA
#endif

OPENSSPI_END

#endif
