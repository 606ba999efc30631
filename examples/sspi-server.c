/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SSPI over a socket: the server.
 *
 *     sspi-server PORT [PACKAGE]
 *
 * Authenticates one client with Negotiate, or PACKAGE, prints who it is, and sends it an encrypted
 * message. Port 0: the system picks.
 */
#define SECURITY_WIN32
#include <windows.h>
#include <winsock.h>
#include <Security.h>
#include <stdio.h>
#include <stdlib.h>
#include "SspiExample.h"

static BYTE *g_pInBuf, *g_pOutBuf;
static DWORD g_cbMaxMessage;

static BOOL
AllocateBuffers(char *szPackage)
{
    PSecPkgInfoA pInfo;
    SECURITY_STATUS ss = QuerySecurityPackageInfoA(szPackage, &pInfo);

    if (ss < 0) {
        return PrintStatus("QuerySecurityPackageInfo", ss);
    }
    g_cbMaxMessage = pInfo->cbMaxToken;
    FreeContextBuffer(pInfo);
    g_pInBuf = (BYTE *)malloc(g_cbMaxMessage);
    g_pOutBuf = (BYTE *)malloc(g_cbMaxMessage);
    return g_pInBuf && g_pOutBuf;
}

/* One leg; *pfHaveContext says whether *phContext is there to be used and deleted. */
static SECURITY_STATUS
GenServerContext(CredHandle *phCred, CtxtHandle *phContext, BOOL *pfHaveContext, DWORD cbIn,
                 DWORD *pcbOut)
{
    SecBuffer in = { cbIn, SECBUFFER_TOKEN, g_pInBuf };
    SecBuffer out = { g_cbMaxMessage, SECBUFFER_TOKEN, g_pOutBuf };
    SecBufferDesc inDesc = { SECBUFFER_VERSION, 1, &in };
    SecBufferDesc outDesc = { SECBUFFER_VERSION, 1, &out };
    /* One variable may be wish and answer; but where a package answers nothing, the wish stays. */
    ULONG fAttributes = 0;
    TimeStamp lifetime;
    SECURITY_STATUS ss = AcceptSecurityContext(phCred, *pfHaveContext ? phContext : NULL, &inDesc,
                                               ASC_REQ_CONFIDENTIALITY, SECURITY_NATIVE_DREP,
                                               phContext, &outDesc, &fAttributes, &lifetime);

    if (ss < 0) {
        PrintStatus("AcceptSecurityContext", ss);
        return ss;
    }
    *pfHaveContext = TRUE;
    *pcbOut = out.cbBuffer;
    if (ss == SEC_E_OK && !Encrypts(phContext, fAttributes)) {
        fprintf(stderr, "the client does not encrypt\n");
        return SEC_E_SECURITY_QOS_FAILED;
    }
    return ss;
}

static BOOL
DoAuthentication(SOCKET s, CredHandle *phCred, CtxtHandle *phContext, BOOL *pfHaveContext)
{
    time_t tDeadline = time(NULL) + HANDSHAKE_SECONDS;
    SECURITY_STATUS ss = SEC_I_CONTINUE_NEEDED;
    int nLegs;

    for (nLegs = 0; nLegs < HANDSHAKE_LEGS && ss == SEC_I_CONTINUE_NEEDED; nLegs++) {
        DWORD cbIn = 0, cbOut = 0;

        if (!ReceiveMsg(s, g_pInBuf, g_cbMaxMessage, &cbIn, tDeadline)) {
            fprintf(stderr, "the client went away\n");
            return FALSE;
        }
        ss = GenServerContext(phCred, phContext, pfHaveContext, cbIn, &cbOut);
        if (ss < 0 || !SendMsg(s, g_pOutBuf, cbOut)) {
            return FALSE;
        }
    }
    return ss == SEC_E_OK;
}

static BOOL
Serve(SOCKET s, CtxtHandle *phContext)
{
    static const char szText[] = "This is your server speaking";
    SecPkgContext_NamesA names;
    BYTE *pMessage = NULL;
    DWORD cbMessage = 0;
    SECURITY_STATUS ss = QueryContextAttributesA(phContext, SECPKG_ATTR_NAMES, &names);
    BOOL fOk;

    if (ss >= 0) {
        printf("client: %s\n", names.sUserName);
        FreeContextBuffer(names.sUserName);
    } else if (ss == SEC_E_UNSUPPORTED_FUNCTION) {
        /* Wine's packages do not tell. Who serves one client and not another has to refuse here. */
        printf("client: authenticated, under a name that the package does not tell\n");
    } else {
        return PrintStatus("QueryContextAttributes", ss);
    }
    fOk = EncryptThis(phContext, szText, sizeof(szText) - 1, &pMessage, &cbMessage) &&
          SendMsg(s, pMessage, cbMessage);
    free(pMessage);
    return fOk;
}

int
main(int argc, char **argv)
{
    CredHandle hCred;
    CtxtHandle hContext;
    TimeStamp lifetime;
    WSADATA wsaData;
    BOOL fHaveContext = FALSE, fOk = FALSE;
    SOCKET sListen, s;
    SECURITY_STATUS ss;
    char *szPackage;

    if (argc != 2 && argc != 3) {
        fprintf(stderr, "usage: sspi-server PORT [PACKAGE]\n");
        return 2;
    }
    szPackage = argc == 3 ? argv[2] : (char *)NEGOSSP_NAME_A;
    if (WSAStartup(0x0101, &wsaData) != 0 || !AllocateBuffers(szPackage)) {
        return 1;
    }
    ss = AcquireCredentialsHandleA(NULL, szPackage, SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL,
                                   &hCred, &lifetime);
    if (ss < 0) {
        PrintStatus("AcquireCredentialsHandle", ss);
        return 1;
    }
    sListen = ListenOn((unsigned short)strtoul(argv[1], NULL, 10));
    s = sListen != INVALID_SOCKET ? AcceptClient(sListen) : INVALID_SOCKET;
    if (s != INVALID_SOCKET) {
        closesocket(sListen);
        fOk = DoAuthentication(s, &hCred, &hContext, &fHaveContext) && Serve(s, &hContext);
        if (fHaveContext) {
            DeleteSecurityContext(&hContext);
        }
        shutdown(s, 2);
        closesocket(s);
    }
    FreeCredentialHandle(&hCred);
    free(g_pInBuf);
    free(g_pOutBuf);
    WSACleanup();
    return fOk ? 0 : 1;
}
