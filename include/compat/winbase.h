/* SPDX-License-Identifier: Apache-2.0 */
/* Names of accounts. Source: the public documentation of winbase.h. */
#ifndef OPENSSPI_COMPAT_WINBASE_H
#define OPENSSPI_COMPAT_WINBASE_H

#include "windows.h"

OPENSSPI_BEGIN

/*
 * Known are well-known SIDs, users and groups of tokens that are there, and this system's users and
 * groups, which stand in the domains "Unix User" and "Unix Group"; no directory is asked
 * (OpenSspiLookupSid). lpSystemName: NULL, "" or this computer, else ERROR_NONE_MAPPED.
 * *cchName and *cchReferencedDomainName: the buffers' characters, out without the NUL. One is too
 * small (a NULL buffer has size 0): ERROR_INSUFFICIENT_BUFFER, and of both what is needed with the
 * NUL. ERROR_NONE_MAPPED: nobody knows it.
 */
SEC_EXPORT BOOL WINAPI LookupAccountSidW(LPCWSTR lpSystemName, PSID Sid, LPWSTR Name,
                                         LPDWORD cchName, LPWSTR ReferencedDomainName,
                                         LPDWORD cchReferencedDomainName, PSID_NAME_USE peUse);
SEC_EXPORT BOOL WINAPI LookupAccountSidA(LPCSTR lpSystemName, PSID Sid, LPSTR Name, LPDWORD cchName,
                                         LPSTR ReferencedDomainName,
                                         LPDWORD cchReferencedDomainName, PSID_NAME_USE peUse);
/* "DOMAIN\user", or a bare name, which is never a domain's. *cbSid likewise, in bytes. */
SEC_EXPORT BOOL WINAPI LookupAccountNameW(LPCWSTR lpSystemName, LPCWSTR lpAccountName, PSID Sid,
                                          LPDWORD cbSid, LPWSTR ReferencedDomainName,
                                          LPDWORD cchReferencedDomainName, PSID_NAME_USE peUse);
SEC_EXPORT BOOL WINAPI LookupAccountNameA(LPCSTR lpSystemName, LPCSTR lpAccountName, PSID Sid,
                                          LPDWORD cbSid, LPSTR ReferencedDomainName,
                                          LPDWORD cchReferencedDomainName, PSID_NAME_USE peUse);

#ifdef UNICODE
#define LookupAccountSid  LookupAccountSidW
#define LookupAccountName LookupAccountNameW
#else
#define LookupAccountSid  LookupAccountSidA
#define LookupAccountName LookupAccountNameA
#endif

OPENSSPI_END

#endif
