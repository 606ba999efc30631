/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of errors, names of accounts. Source: the public documentation of winbase.h. */
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
/* "DOMAIN\user", or a bare name, which is never a domain's. *cbSid likewise, in bytes.
 * ERROR_CANT_ACCESS_DOMAIN_INFO: the account store, whose it may be, does not answer. */
SEC_EXPORT BOOL WINAPI LookupAccountNameW(LPCWSTR lpSystemName, LPCWSTR lpAccountName, PSID Sid,
                                          LPDWORD cbSid, LPWSTR ReferencedDomainName,
                                          LPDWORD cchReferencedDomainName, PSID_NAME_USE peUse);
SEC_EXPORT BOOL WINAPI LookupAccountNameA(LPCSTR lpSystemName, LPCSTR lpAccountName, PSID Sid,
                                          LPDWORD cbSid, LPSTR ReferencedDomainName,
                                          LPDWORD cchReferencedDomainName, PSID_NAME_USE peUse);

#define FORMAT_MESSAGE_ALLOCATE_BUFFER 0x00000100
#define FORMAT_MESSAGE_IGNORE_INSERTS  0x00000200
#define FORMAT_MESSAGE_FROM_STRING     0x00000400
#define FORMAT_MESSAGE_FROM_HMODULE    0x00000800
#define FORMAT_MESSAGE_FROM_SYSTEM     0x00001000
#define FORMAT_MESSAGE_ARGUMENT_ARRAY  0x00002000
#define FORMAT_MESSAGE_MAX_WIDTH_MASK  0x000000FF

/*
 * The text of a status of the interface or of a code of winerror.h, in English whatever the language,
 * with its inserts filled in: %1 to %99, each a string or what stands after it between exclamation
 * marks (%1!u!), %n, %t, %r, %%, %0 at the end. Of %1!*.*s! the insert 1 is the width, 2 the precision
 * and 3 the string. Arguments is a va_list, or an array of DWORD_PTR with FORMAT_MESSAGE_ARGUMENT_ARRAY.
 * The characters written without the NUL, or 0: ERROR_MR_MID_NOT_FOUND for a code without a text,
 * ERROR_INSUFFICIENT_BUFFER, ERROR_NO_WORK_DONE for an empty one, ERROR_INVALID_PARAMETER for an insert
 * without arguments, with a format that is none, or longer than 1022 bytes by a format with a width or a
 * precision, which is wsprintf's. lpBuffer is a pointer that LocalFree takes,
 * where FORMAT_MESSAGE_ALLOCATE_BUFFER is given, of nSize characters at least.
 * Modules have no messages: FORMAT_MESSAGE_FROM_HMODULE finds none. The flags' low byte is the width of
 * lines: 0, and breaks are kept; FORMAT_MESSAGE_MAX_WIDTH_MASK, and they become spaces; or so many
 * characters, and they become spaces of which some are breaks again. %n is a break in any case.
 */
SEC_EXPORT DWORD WINAPI FormatMessageW(DWORD dwFlags, LPCVOID lpSource, DWORD dwMessageId,
                                       DWORD dwLanguageId, LPWSTR lpBuffer, DWORD nSize,
                                       va_list *Arguments);
SEC_EXPORT DWORD WINAPI FormatMessageA(DWORD dwFlags, LPCVOID lpSource, DWORD dwMessageId,
                                       DWORD dwLanguageId, LPSTR lpBuffer, DWORD nSize,
                                       va_list *Arguments);

#ifdef UNICODE
#define FormatMessage     FormatMessageW
#define LookupAccountSid  LookupAccountSidW
#define LookupAccountName LookupAccountNameW
#else
#define FormatMessage     FormatMessageA
#define LookupAccountSid  LookupAccountSidA
#define LookupAccountName LookupAccountNameA
#endif

OPENSSPI_END

#endif
