/* SPDX-License-Identifier: Apache-2.0 */
/* not for Windows: sspi.h before windows.h, as some of its samples have it, compiles only here. */
#define SECURITY_WIN32
#include <sspi.h>
#include <windows.h>
#include <winsock.h>
#include <stdio.h>
#include <schannel.h>

#define SEC_SUCCESS(Status) ((Status) >= 0)

typedef struct _AUTH_SEQ {
    BOOL _fNewConversation;
    CredHandle _hcred;
    BOOL _fHaveCredHandle;
    BOOL _fHaveCtxtHandle;
    struct _SecHandle _hctxt;
} AUTH_SEQ, *PAUTH_SEQ;

static PSecurityFunctionTable g_pFuncs;

static BOOL
InitPackage(DWORD *pcbMaxMessage)
{
    INIT_SECURITY_INTERFACE pInit;
    HINSTANCE hDll = LoadLibrary(TEXT("security.dll"));
    PSecPkgInfo pInfo;
    SECURITY_STATUS ssStatus;
    ULONG cPackages = 0;

    if (!hDll) {
        return FALSE;
    }
    pInit = (INIT_SECURITY_INTERFACE)GetProcAddress(hDll, SECURITY_ENTRYPOINT_ANSI);
    g_pFuncs = pInit ? (*pInit)() : NULL;
    if (!g_pFuncs) {
        return FALSE;
    }
    ssStatus = g_pFuncs->EnumerateSecurityPackages(&cPackages, &pInfo);
    if (!SEC_SUCCESS(ssStatus) || cPackages == 0) {
        return FALSE;
    }
    *pcbMaxMessage = pInfo[0].cbMaxToken;
    g_pFuncs->FreeContextBuffer(pInfo);
    return TRUE;
}

int
main(void)
{
    AUTH_SEQ seq = { TRUE, { 0, 0 }, FALSE, FALSE, { 0, 0 } };
    PAUTH_SEQ pAS = &seq;
    DWORD cbMaxMessage = 0;

    if (!InitPackage(&cbMaxMessage) || cbMaxMessage == 0) {
        printf("no package: error %u\n", (unsigned)GetLastError());
        return 1;
    }
    /* Nothing was acquired: the answers are errors, by both names of the function. */
    if (g_pFuncs->FreeCredentialHandle(&pAS->_hcred) != SEC_E_INVALID_HANDLE ||
        g_pFuncs->DeleteSecurityContext(&pAS->_hctxt) != SEC_E_INVALID_HANDLE ||
        FreeCredentialsHandle(&pAS->_hcred) != SEC_E_INVALID_HANDLE) {
        return 1;
    }
    return 0;
}
