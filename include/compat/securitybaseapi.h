/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Security identifiers, and what tokens say. Tokens are those that QuerySecurityContextToken gives
 * and OpenThreadToken and OpenProcessToken; access rights are not told apart: who has a handle may do
 * all. FALSE, and the last error, where a function fails. Source: the public documentation of
 * securitybaseapi.h.
 */
#ifndef OPENSSPI_COMPAT_SECURITYBASEAPI_H
#define OPENSSPI_COMPAT_SECURITYBASEAPI_H

#include "windows.h"

OPENSSPI_BEGIN

SEC_EXPORT BOOL WINAPI IsValidSid(PSID pSid);
SEC_EXPORT BOOL WINAPI EqualSid(PSID pSid1, PSID pSid2);
/* All parts but the last are equal. */
SEC_EXPORT BOOL WINAPI EqualPrefixSid(PSID pSid1, PSID pSid2);
SEC_EXPORT DWORD WINAPI GetLengthSid(PSID pSid);
SEC_EXPORT DWORD WINAPI GetSidLengthRequired(UCHAR nSubAuthorityCount);
/* ERROR_INSUFFICIENT_BUFFER; ERROR_INVALID_SID. */
SEC_EXPORT BOOL WINAPI CopySid(DWORD nDestinationSidLength, PSID pDestinationSid, PSID pSourceSid);
SEC_EXPORT BOOL WINAPI InitializeSid(PSID Sid, PSID_IDENTIFIER_AUTHORITY pIdentifierAuthority,
                                     BYTE nSubAuthorityCount);
/* Up to eight parts. FreeSid. */
SEC_EXPORT BOOL WINAPI AllocateAndInitializeSid(PSID_IDENTIFIER_AUTHORITY pIdentifierAuthority,
                                                BYTE nSubAuthorityCount, DWORD nSubAuthority0,
                                                DWORD nSubAuthority1, DWORD nSubAuthority2,
                                                DWORD nSubAuthority3, DWORD nSubAuthority4,
                                                DWORD nSubAuthority5, DWORD nSubAuthority6,
                                                DWORD nSubAuthority7, PSID *pSid);
/* NULL. */
SEC_EXPORT PVOID WINAPI FreeSid(PSID pSid);
/* Into the SID: of one that is none, or of a part that it does not have, NULL. */
SEC_EXPORT PUCHAR WINAPI GetSidSubAuthorityCount(PSID pSid);
SEC_EXPORT PDWORD WINAPI GetSidSubAuthority(PSID pSid, DWORD nSubAuthority);
SEC_EXPORT PSID_IDENTIFIER_AUTHORITY WINAPI GetSidIdentifierAuthority(PSID pSid);
SEC_EXPORT BOOL WINAPI IsWellKnownSid(PSID pSid, WELL_KNOWN_SID_TYPE WellKnownSidType);
/* *cbSid: bytes of the buffer, out those of the SID. DomainSid for those that domains have. */
SEC_EXPORT BOOL WINAPI CreateWellKnownSid(WELL_KNOWN_SID_TYPE WellKnownSidType, PSID DomainSid,
                                          PSID pSid, DWORD *cbSid);

/*
 * *ReturnLength is what is needed, also where it succeeds. Too small: ERROR_INSUFFICIENT_BUFFER.
 * TokenUser, TokenGroups, TokenPrivileges (there are none), TokenOwner (the user), TokenPrimaryGroup
 * (Domain Users of the user's domain, or the first group), TokenSource, TokenType,
 * TokenImpersonationLevel, TokenStatistics, TokenSessionId (0), TokenOrigin, TokenLogonSid. Another
 * one: ERROR_INVALID_PARAMETER.
 */
SEC_EXPORT BOOL WINAPI GetTokenInformation(HANDLE TokenHandle,
                                           TOKEN_INFORMATION_CLASS TokenInformationClass,
                                           LPVOID TokenInformation, DWORD TokenInformationLength,
                                           PDWORD ReturnLength);
/* TokenHandle: an impersonation token; NULL: the calling thread's, or else the process's. */
SEC_EXPORT BOOL WINAPI CheckTokenMembership(HANDLE TokenHandle, PSID SidToCheck, PBOOL IsMember);
/* ERROR_BAD_IMPERSONATION_LEVEL: a level above the token's own. */
SEC_EXPORT BOOL WINAPI DuplicateTokenEx(HANDLE hExistingToken, DWORD dwDesiredAccess,
                                        LPSECURITY_ATTRIBUTES lpTokenAttributes,
                                        SECURITY_IMPERSONATION_LEVEL ImpersonationLevel,
                                        TOKEN_TYPE TokenType, PHANDLE phNewToken);
SEC_EXPORT BOOL WINAPI DuplicateToken(HANDLE ExistingTokenHandle,
                                      SECURITY_IMPERSONATION_LEVEL ImpersonationLevel,
                                      PHANDLE DuplicateTokenHandle);
/* ERROR_CANNOT_IMPERSONATE: the token's user is no Unix account, or the process may not act as it
 * (docs/PORTING.md). */
SEC_EXPORT BOOL WINAPI ImpersonateLoggedOnUser(HANDLE hToken);
SEC_EXPORT BOOL WINAPI ImpersonateSelf(SECURITY_IMPERSONATION_LEVEL ImpersonationLevel);
SEC_EXPORT BOOL WINAPI RevertToSelf(void);

OPENSSPI_END

#endif
