/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mutual authentication of a service that is known by a connection point: the client.
 *
 *     sockauth-client ADDRESS PORT SERVER [oneway]
 *
 * Authenticates as the user who runs it, sends one signed message, and says whether the service
 * proved who it is. It has to, unless "oneway" is given: Kerberos does that, NTLM cannot.
 */
#include "sockauth.h"
#include <ntdsapi.h>

/* The service's own name in the directory, which the client knows from elsewhere than the service. */
#define SERVICE_DN TEXT("CN=SockAuthAD,CN=WEB1,CN=Computers,DC=example,DC=test")

static BOOL
GenClientContext(SOCKET s, PAUTH_SEQ pAS, DWORD cbIn, LPTSTR szSpn, BOOL *pfDone)
{
    SecBuffer in = { cbIn, SECBUFFER_TOKEN, g_pInBuf };
    SecBuffer out = { g_cbMaxMessage, SECBUFFER_TOKEN, g_pOutBuf };
    SecBufferDesc inDesc = { SECBUFFER_VERSION, 1, &in };
    SecBufferDesc outDesc = { SECBUFFER_VERSION, 1, &out };
    TimeStamp lifetime;
    SECURITY_STATUS ss;

    if (!pAS->fHaveCredHandle) {
        ss = g_pFuncs->AcquireCredentialsHandle(NULL, PACKAGE_NAME, SECPKG_CRED_OUTBOUND, NULL,
                                                NULL, NULL, NULL, &pAS->hcred, &lifetime);
        if (ss < 0) {
            _tprintf(TEXT("AcquireCredentialsHandle: 0x%08X\n"), (unsigned)ss);
            return FALSE;
        }
        pAS->fHaveCredHandle = TRUE;
    }
    ss = g_pFuncs->InitializeSecurityContext(&pAS->hcred, pAS->fHaveCtxtHandle ? &pAS->hctxt : NULL,
                                             szSpn, ISC_REQ_MUTUAL_AUTH | ISC_REQ_INTEGRITY, 0,
                                             SECURITY_NATIVE_DREP,
                                             pAS->fHaveCtxtHandle ? &inDesc : NULL, 0, &pAS->hctxt,
                                             &outDesc, &pAS->fAttributes, &lifetime);
    if (ss < 0) {
        _tprintf(TEXT("InitializeSecurityContext: 0x%08X\n"), (unsigned)ss);
        return FALSE;
    }
    pAS->fHaveCtxtHandle = TRUE;
    return FinishLeg(s, pAS, ss, &outDesc, pfDone);
}

static BOOL
DoAuthentication(SOCKET s, PAUTH_SEQ pAS, LPTSTR szSpn, BOOL fOneWay)
{
    time_t tDeadline = time(NULL) + HANDSHAKE_SECONDS;
    BOOL fDone = FALSE;
    DWORD cbIn = 0;
    int nLegs;

    for (nLegs = 0; nLegs < HANDSHAKE_LEGS && !fDone; nLegs++) {
        if (nLegs > 0 && !ReceiveMsg(s, g_pInBuf, g_cbMaxMessage, &cbIn, tDeadline)) {
            _tprintf(TEXT("the server went away\n"));
            return FALSE;
        }
        if (!GenClientContext(s, pAS, cbIn, szSpn, &fDone)) {
            return FALSE;
        }
    }
    if (fDone && !(pAS->fAttributes & ISC_RET_MUTUAL_AUTH)) {
        _tprintf(TEXT("the server has not proven who it is\n"));
        return fOneWay;
    }
    return fDone;
}

/* Two messages: the text, then its signature. */
static BOOL
SendSigned(SOCKET s, PAUTH_SEQ pAS, char *szText)
{
    SecPkgContext_Sizes sizes;
    SecBuffer buffers[2] = { { (DWORD)strlen(szText), SECBUFFER_DATA, szText },
                             { g_cbMaxMessage, SECBUFFER_TOKEN, g_pOutBuf } };
    SecBufferDesc desc = { SECBUFFER_VERSION, 2, buffers };

    if (g_pFuncs->QueryContextAttributes(&pAS->hctxt, SECPKG_ATTR_SIZES, &sizes) < 0 ||
        sizes.cbMaxSignature == 0 || sizes.cbMaxSignature > g_cbMaxMessage) {
        _tprintf(TEXT("the context does not sign\n"));
        return FALSE;
    }
    buffers[1].cbBuffer = sizes.cbMaxSignature;
    return g_pFuncs->MakeSignature(&pAS->hctxt, 0, &desc, 0) >= 0 &&
           SendMsg(s, (const BYTE *)szText, buffers[0].cbBuffer) &&
           SendMsg(s, g_pOutBuf, buffers[1].cbBuffer);
}

int
_tmain(int argc, TCHAR *argv[])
{
    static char szText[] = "signed by the client";
    AUTH_SEQ as = { 0 };
    TCHAR szSpn[256];
    char szAddress[16] = "";
    DWORD cchSpn = sizeof(szSpn) / sizeof(szSpn[0]), i;
    WSADATA wsaData;
    SOCKET s;
    BOOL fOk = FALSE;

    if (argc < 4 || _tcslen(argv[1]) >= sizeof(szAddress)) {
        _tprintf(TEXT("usage: sockauth-client ADDRESS PORT SERVER [oneway]\n"));
        return 2;
    }
    for (i = 0; argv[1][i]; i++) {
        szAddress[i] = (char)argv[1][i];
    }
    if (WSAStartup(0x0101, &wsaData) != 0 || !InitPackage() ||
        DsMakeSpn(SERVICE_CLASS, SERVICE_DN, argv[3], 0, NULL, &cchSpn, szSpn) != ERROR_SUCCESS) {
        return 1;
    }
    s = ConnectTo(szAddress, PortOf(argv[2]));
    if (s != INVALID_SOCKET) {
        fOk = DoAuthentication(s, &as, szSpn, argc > 4 && _tcscmp(argv[4], TEXT("oneway")) == 0) &&
              SendSigned(s, &as, szText);
        TermSession(&as);
        closesocket(s);
    }
    _tprintf(fOk ? TEXT("authenticated to %s\n") : TEXT("not authenticated to %s\n"), szSpn);
    TermPackage();
    WSACleanup();
    return fOk ? 0 : 1;
}
