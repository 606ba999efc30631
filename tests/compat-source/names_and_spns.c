/* SPDX-License-Identifier: Apache-2.0 */
/* A service that composes its names: generic text throughout. */
#define SECURITY_WIN32
#include <windows.h>
#include <security.h>
#include <secext.h>
#include <ntdsapi.h>
#include <stdio.h>
#include <tchar.h>

#define SERVICE_DN TEXT("CN=SockAuthAD,CN=WEB1,DC=example,DC=test")

static BOOL
PrintName(COMPUTER_NAME_FORMAT format)
{
    TCHAR szName[256];
    DWORD cchName = sizeof(szName) / sizeof(szName[0]);

    if (!GetComputerNameEx(format, szName, &cchName)) {
        return FALSE;
    }
    _tprintf(_T("%s has %lu characters\n"), szName, (unsigned long)cchName);
    return TRUE;
}

int
_tmain(void)
{
    TCHAR szUser[256], szComputer[256], szSpn[512], szWanted[512];
    ULONG cchUser = 256, cchComputer = 256;
    DWORD cchSpn = 512, cSpns = 0;
    LPTSTR *pszSpns = NULL;

    if (!GetUserNameEx(NameSamCompatible, szUser, &cchUser) || !_tcschr(szUser, TEXT('\\'))) {
        return 1;
    }
    /* A computer that is in no domain has no name in one. */
    if (GetComputerObjectName(NameFullyQualifiedDN, szComputer, &cchComputer)) {
        _tprintf(TEXT("%s\n"), szComputer);
    }
    if (!PrintName(ComputerNameDnsFullyQualified) || !PrintName(ComputerNameNetBIOS)) {
        return 1;
    }
    if (DsMakeSpn(TEXT("ADSockAuth"), SERVICE_DN, TEXT("web1.example.test"), 2000, NULL, &cchSpn,
                  szSpn) != ERROR_SUCCESS) {
        return 1;
    }
    _stprintf_s(szWanted, 512, TEXT("ADSockAuth/%s:%d/%s"), TEXT("web1.example.test"), 2000,
                SERVICE_DN);
    if (_tcscmp(szSpn, szWanted) != 0) {
        return 1;
    }
    if (DsGetSpn(DS_SPN_SERVICE, TEXT("ADSockAuth"), SERVICE_DN, 0, 0, NULL, NULL, &cSpns,
                 &pszSpns) != ERROR_SUCCESS) {
        return 1;
    }
    _tprintf(TEXT("%s\n"), pszSpns[0]);
    DsFreeSpnArray(cSpns, pszSpns);
    return 0;
}
