/* SPDX-License-Identifier: Apache-2.0 */
/* The provider, loaded by name, and what both sides of the handshake do alike. */
#include <stdlib.h>
#include "sockauth.h"

PSecurityFunctionTable g_pFuncs;
BYTE *g_pInBuf, *g_pOutBuf;
DWORD g_cbMaxMessage;

static HMODULE g_hProvider;

BOOL
InitPackage(void)
{
    INIT_SECURITY_INTERFACE pInit;
    PSecPkgInfo pInfo;
    SECURITY_STATUS ss;

    g_hProvider = LoadLibrary(TEXT("SECUR32.DLL"));
    if (!g_hProvider) {
        _tprintf(TEXT("SECUR32.DLL: error %u\n"), (unsigned)GetLastError());
        return FALSE;
    }
    pInit = (INIT_SECURITY_INTERFACE)GetProcAddress(g_hProvider, SECURITY_ENTRYPOINT_ANSI);
    g_pFuncs = pInit ? pInit() : NULL;
    if (!g_pFuncs) {
        _tprintf(TEXT("the provider has no interface\n"));
        return FALSE;
    }
    ss = g_pFuncs->QuerySecurityPackageInfo(PACKAGE_NAME, &pInfo);
    if (ss < 0) {
        _tprintf(TEXT("QuerySecurityPackageInfo: 0x%08X\n"), (unsigned)ss);
        return FALSE;
    }
    g_cbMaxMessage = pInfo->cbMaxToken;
    g_pFuncs->FreeContextBuffer(pInfo);
    g_pInBuf = (BYTE *)malloc(g_cbMaxMessage);
    g_pOutBuf = (BYTE *)malloc(g_cbMaxMessage);
    return g_pInBuf && g_pOutBuf;
}

void
TermPackage(void)
{
    free(g_pInBuf);
    free(g_pOutBuf);
    if (g_hProvider) {
        FreeLibrary(g_hProvider);
    }
}

void
TermSession(PAUTH_SEQ pAS)
{
    if (pAS->fHaveCtxtHandle) {
        g_pFuncs->DeleteSecurityContext(&pAS->hctxt);
    }
    if (pAS->fHaveCredHandle) {
        g_pFuncs->FreeCredentialHandle(&pAS->hcred);
    }
    ZeroMemory(pAS, sizeof(*pAS));
}

BOOL
FinishLeg(SOCKET s, PAUTH_SEQ pAS, SECURITY_STATUS ss, PSecBufferDesc pOut, BOOL *pfDone)
{
    if (ss == SEC_I_COMPLETE_NEEDED || ss == SEC_I_COMPLETE_AND_CONTINUE) {
        SECURITY_STATUS ssComplete = SEC_E_UNSUPPORTED_FUNCTION;

        if (g_pFuncs->CompleteAuthToken) {
            ssComplete = g_pFuncs->CompleteAuthToken(&pAS->hctxt, pOut);
        }
        if (ssComplete < 0) {
            _tprintf(TEXT("CompleteAuthToken: 0x%08X\n"), (unsigned)ssComplete);
            return FALSE;
        }
    }
    *pfDone = ss != SEC_I_CONTINUE_NEEDED && ss != SEC_I_COMPLETE_AND_CONTINUE;
    return SendMsg(s, (BYTE *)pOut->pBuffers[0].pvBuffer, pOut->pBuffers[0].cbBuffer);
}

unsigned short
PortOf(LPCTSTR szPort)
{
    unsigned long ulPort = _tcstoul(szPort, NULL, 10);

    return ulPort <= 0xFFFF ? (unsigned short)ulPort : 0;
}
