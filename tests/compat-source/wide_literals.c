/* SPDX-License-Identifier: Apache-2.0 */
/* compiled with -fshort-wchar: L"" literals are UTF-16 then, as on Windows. */
#define SECURITY_WIN32
#define UNICODE
#define _UNICODE
#include <windows.h>
#include <security.h>
#include <stdio.h>
#include <tchar.h>

static void
Fill(SEC_WINNT_AUTH_IDENTITY_W *pIdentity, WCHAR *szUser, WCHAR *szDomain, WCHAR *szPassword)
{
    ZeroMemory(pIdentity, sizeof(*pIdentity));
    pIdentity->User = (unsigned short *)szUser;
    pIdentity->UserLength = (ULONG)_tcslen(szUser);
    pIdentity->Domain = (unsigned short *)szDomain;
    pIdentity->DomainLength = (ULONG)_tcslen(szDomain);
    pIdentity->Password = (unsigned short *)szPassword;
    pIdentity->PasswordLength = (ULONG)_tcslen(szPassword);
    pIdentity->Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE;
}

int
_tmain(void)
{
    static WCHAR szUser[] = L"alice", szDomain[] = L"EXAMPLE", szPassword[] = L"p\u00e4ss";
    static SEC_WCHAR szPackage[] = L"NTLM";
    SEC_WINNT_AUTH_IDENTITY_W identity;
    CredHandle hCred;
    TimeStamp tsExpiry;
    SECURITY_STATUS ss;

    Fill(&identity, szUser, szDomain, szPassword);
    if (identity.PasswordLength != 4) {
        return 1;
    }
    ss = AcquireCredentialsHandleW(NULL, szPackage, SECPKG_CRED_OUTBOUND, NULL, &identity, NULL,
                                   NULL, &hCred, &tsExpiry);
    if (ss != SEC_E_OK) {
        _tprintf(L"AcquireCredentialsHandle: 0x%08lX\n", (unsigned long)(DWORD)ss);
        return 1;
    }
    return FreeCredentialHandle(&hCred) == SEC_E_OK ? 0 : 1;
}
