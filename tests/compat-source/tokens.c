/* SPDX-License-Identifier: Apache-2.0 */
/* Who am I, and in which groups: as a program of Windows asks its own token; generic text. */
#define SECURITY_WIN32
#include <windows.h>
#include <sddl.h>
#include <security.h>
#include <stdio.h>
#include <tchar.h>

static BOOL
PrintSid(PSID pSid, DWORD dwAttributes)
{
    TCHAR szName[256], szDomain[256];
    DWORD cchName = 256, cchDomain = 256;
    SID_NAME_USE eUse;
    LPTSTR pszSid = NULL;

    if (!ConvertSidToStringSid(pSid, &pszSid)) {
        return FALSE;
    }
    if (!LookupAccountSid(NULL, pSid, szName, &cchName, szDomain, &cchDomain, &eUse)) {
        szName[0] = szDomain[0] = 0;
    }
    _tprintf(TEXT("%s %s\\%s 0x%08X%s\n"), pszSid, szDomain, szName, (unsigned)dwAttributes,
             IsWellKnownSid(pSid, WinWorldSid) ? TEXT(" everyone") : TEXT(""));
    LocalFree(pszSid);
    return TRUE;
}

static void *
Ask(HANDLE hToken, TOKEN_INFORMATION_CLASS eClass)
{
    DWORD cb = 0;
    void *pv;

    if (GetTokenInformation(hToken, eClass, NULL, 0, &cb) ||
        GetLastError() != ERROR_INSUFFICIENT_BUFFER) {
        return NULL;
    }
    pv = LocalAlloc(LPTR, cb);
    if (pv && !GetTokenInformation(hToken, eClass, pv, cb, &cb)) {
        LocalFree(pv);
        pv = NULL;
    }
    return pv;
}

static BOOL
IsEveryone(HANDLE hToken)
{
    SID_IDENTIFIER_AUTHORITY world = SECURITY_WORLD_SID_AUTHORITY;
    PSID pSid = NULL;
    BOOL fMember = FALSE;

    if (!AllocateAndInitializeSid(&world, 1, SECURITY_WORLD_RID, 0, 0, 0, 0, 0, 0, 0, &pSid)) {
        return FALSE;
    }
    if (!CheckTokenMembership(hToken, pSid, &fMember)) {
        fMember = FALSE;
    }
    FreeSid(pSid);
    return fMember;
}

int
_tmain(void)
{
    HANDLE hProcess = NULL, hThread = NULL, hCopy = NULL;
    TOKEN_USER *pUser;
    TOKEN_GROUPS *pGroups;
    TOKEN_STATISTICS *pStatistics;
    BOOL fOk = TRUE;
    DWORD i;

    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY | TOKEN_DUPLICATE, &hProcess) ||
        OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &hThread) ||
        GetLastError() != ERROR_NO_TOKEN) {
        return 1;
    }
    pUser = (TOKEN_USER *)Ask(hProcess, TokenUser);
    pGroups = (TOKEN_GROUPS *)Ask(hProcess, TokenGroups);
    pStatistics = (TOKEN_STATISTICS *)Ask(hProcess, TokenStatistics);
    if (!pUser || !pGroups || !pStatistics || !PrintSid(pUser->User.Sid, 0)) {
        return 1;
    }
    for (i = 0; i < pGroups->GroupCount; i++) {
        fOk = fOk && PrintSid(pGroups->Groups[i].Sid, pGroups->Groups[i].Attributes);
    }
    fOk = fOk && pStatistics->GroupCount == pGroups->GroupCount &&
          pStatistics->TokenType == TokenPrimary && IsEveryone(NULL);
    fOk = fOk && ImpersonateSelf(SecurityImpersonation) &&
          OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &hThread) && IsEveryone(hThread) &&
          RevertToSelf() && CloseHandle(hThread);
    fOk = fOk &&
          DuplicateTokenEx(hProcess, TOKEN_QUERY, NULL, SecurityIdentification, TokenImpersonation,
                           &hCopy) &&
          IsEveryone(hCopy) && CloseHandle(hCopy);
    LocalFree(pUser);
    LocalFree(pGroups);
    LocalFree(pStatistics);
    return fOk && CloseHandle(hProcess) ? 0 : 1;
}
