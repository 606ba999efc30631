/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mutual authentication of a service that is known by a connection point: the server.
 *
 *     sockauth-server PORT
 *
 * Accepts one client, authenticates it, and verifies one signed message. Port 0: the system picks.
 */
#include "sockauth.h"

static BOOL
GenServerContext(SOCKET s, PAUTH_SEQ pAS, DWORD cbIn, BOOL *pfDone)
{
    SecBuffer in = { cbIn, SECBUFFER_TOKEN, g_pInBuf };
    SecBuffer out = { g_cbMaxMessage, SECBUFFER_TOKEN, g_pOutBuf };
    SecBufferDesc inDesc = { SECBUFFER_VERSION, 1, &in };
    SecBufferDesc outDesc = { SECBUFFER_VERSION, 1, &out };
    TimeStamp lifetime;
    SECURITY_STATUS ss;

    if (!pAS->fHaveCredHandle) {
        ss = g_pFuncs->AcquireCredentialsHandle(NULL, PACKAGE_NAME, SECPKG_CRED_INBOUND, NULL, NULL,
                                                NULL, NULL, &pAS->hcred, &lifetime);
        if (ss < 0) {
            _tprintf(TEXT("AcquireCredentialsHandle: 0x%08X\n"), (unsigned)ss);
            return FALSE;
        }
        pAS->fHaveCredHandle = TRUE;
    }
    pAS->fAttributes = 0;
    ss = g_pFuncs->AcceptSecurityContext(
        &pAS->hcred, pAS->fHaveCtxtHandle ? &pAS->hctxt : NULL, &inDesc,
        ASC_REQ_MUTUAL_AUTH | ASC_REQ_INTEGRITY | ASC_REQ_EXTENDED_ERROR, SECURITY_NATIVE_DREP,
        &pAS->hctxt, &outDesc, &pAS->fAttributes, &lifetime);
    if (ss < 0) {
        _tprintf(TEXT("AcceptSecurityContext: 0x%08X\n"), (unsigned)ss);
        /* The package may have an answer for the client even so. */
        if (pAS->fAttributes & ASC_RET_EXTENDED_ERROR) {
            SendMsg(s, g_pOutBuf, out.cbBuffer);
        }
        return FALSE;
    }
    pAS->fHaveCtxtHandle = TRUE;
    return FinishLeg(s, pAS, ss, &outDesc, pfDone);
}

static BOOL
DoAuthentication(SOCKET s, PAUTH_SEQ pAS, time_t tDeadline)
{
    BOOL fDone = FALSE;
    int nLegs;

    for (nLegs = 0; nLegs < HANDSHAKE_LEGS && !fDone; nLegs++) {
        DWORD cbIn = 0;

        if (!ReceiveMsg(s, g_pInBuf, g_cbMaxMessage, &cbIn, tDeadline)) {
            _tprintf(TEXT("the client went away\n"));
            return FALSE;
        }
        if (!GenServerContext(s, pAS, cbIn, &fDone)) {
            return FALSE;
        }
    }
    /* Only the last leg's attributes say what was reached. */
    if (fDone && !(pAS->fAttributes & ASC_RET_INTEGRITY)) {
        _tprintf(TEXT("the client does not sign\n"));
        return FALSE;
    }
    return fDone;
}

/* Two messages: the text, then its signature. */
static BOOL
ReceiveSigned(SOCKET s, PAUTH_SEQ pAS, time_t tDeadline)
{
    SecBuffer buffers[2] = { { 0, SECBUFFER_DATA, g_pInBuf }, { 0, SECBUFFER_TOKEN, g_pOutBuf } };
    SecBufferDesc desc = { SECBUFFER_VERSION, 2, buffers };
    SECURITY_STATUS ss;

    if (!ReceiveMsg(s, g_pInBuf, g_cbMaxMessage - 1, &buffers[0].cbBuffer, tDeadline) ||
        !ReceiveMsg(s, g_pOutBuf, g_cbMaxMessage, &buffers[1].cbBuffer, tDeadline)) {
        _tprintf(TEXT("no signed message\n"));
        return FALSE;
    }
    ss = g_pFuncs->VerifySignature(&pAS->hctxt, &desc, 0, NULL);
    if (ss < 0) {
        _tprintf(TEXT("VerifySignature: 0x%08X\n"), (unsigned)ss);
        return FALSE;
    }
    g_pInBuf[buffers[0].cbBuffer] = '\0';
    printf("message: %s\n", (const char *)g_pInBuf);
    return TRUE;
}

static void
PrintClient(PAUTH_SEQ pAS)
{
    SecPkgContext_Names names;

    if (g_pFuncs->QueryContextAttributes(&pAS->hctxt, SECPKG_ATTR_NAMES, &names) >= 0) {
        _tprintf(TEXT("client: %s\n"), names.sUserName);
        g_pFuncs->FreeContextBuffer(names.sUserName);
    }
}

int
_tmain(int argc, TCHAR *argv[])
{
    AUTH_SEQ as = { 0 };
    WSADATA wsaData;
    SOCKET sListen, s;
    BOOL fOk = FALSE;

    if (argc != 2) {
        _tprintf(TEXT("usage: sockauth-server PORT\n"));
        return 2;
    }
    if (WSAStartup(0x0101, &wsaData) != 0 || !InitPackage()) {
        return 1;
    }
    sListen = ListenOn(PortOf(argv[1]));
    s = sListen != INVALID_SOCKET ? AcceptClient(sListen) : INVALID_SOCKET;
    if (s != INVALID_SOCKET) {
        time_t tDeadline = time(NULL) + HANDSHAKE_SECONDS;

        fOk = DoAuthentication(s, &as, tDeadline);
        if (fOk) {
            PrintClient(&as);
            fOk = ReceiveSigned(s, &as, tDeadline);
        }
        TermSession(&as);
        closesocket(s);
    }
    if (sListen != INVALID_SOCKET) {
        closesocket(sListen);
    }
    TermPackage();
    WSACleanup();
    return fOk ? 0 : 1;
}
