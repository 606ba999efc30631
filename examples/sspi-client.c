/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SSPI over a socket: the client.
 *
 *     sspi-client [-p PACKAGE] [-d] ADDRESS PORT TARGET [DOMAIN USER]
 *
 * Authenticates with Negotiate, or PACKAGE, then prints the encrypted message that the server sends.
 * With DOMAIN and USER it reads the password as a line from standard input; without, it acts as the
 * user who runs it. TARGET is the service's principal name ("HTTP/host.name"). -d asks for DCE style,
 * which Kerberos has: a third leg, and messages that are laid out as DCE's RPC has them.
 */
#define SECURITY_WIN32
#include <windows.h>
#include <winsock.h>
#include <security.h>
#include <stdio.h>
#include <stdlib.h>
#include "Sspiexample.h"

#define cbMaxMessage 65536

static BYTE g_In[cbMaxMessage], g_Out[cbMaxMessage];
static char *g_szPackage = (char *)NEGOSSP_NAME_A;
static ULONG g_fRequest = ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY;

/* The identity's strings stay the caller's: the library copies what it needs. */
static BOOL
Acquire(char *szDomain, char *szUser, CredHandle *phCred)
{
    SEC_WINNT_AUTH_IDENTITY_A identity = { 0 };
    static char szPassword[257];
    TimeStamp lifetime;
    SECURITY_STATUS ss;

    if (szUser) {
        if (!fgets(szPassword, sizeof(szPassword), stdin)) {
            fprintf(stderr, "no password\n");
            return FALSE;
        }
        szPassword[strcspn(szPassword, "\r\n")] = '\0';
        identity.User = (unsigned char *)szUser;
        identity.UserLength = (ULONG)strlen(szUser);
        identity.Domain = (unsigned char *)szDomain;
        identity.DomainLength = (ULONG)strlen(szDomain);
        identity.Password = (unsigned char *)szPassword;
        identity.PasswordLength = (ULONG)strlen(szPassword);
        identity.Flags = SEC_WINNT_AUTH_IDENTITY_ANSI;
    }
    ss = AcquireCredentialsHandleA(NULL, g_szPackage, SECPKG_CRED_OUTBOUND, NULL,
                                   szUser ? &identity : NULL, NULL, NULL, phCred, &lifetime);
    SecureZeroMemory(szPassword, sizeof(szPassword));
    return ss < 0 ? PrintStatus("AcquireCredentialsHandle", ss) : TRUE;
}

/* FALSE with *pfHaveContext TRUE leaves a context that the caller deletes all the same. */
static BOOL
Authenticate(SOCKET s, CredHandle *phCred, char *szTarget, CtxtHandle *phContext,
             BOOL *pfHaveContext)
{
    time_t tDeadline = time(NULL) + HANDSHAKE_SECONDS;
    SECURITY_STATUS ss = SEC_I_CONTINUE_NEEDED;
    ULONG fAttributes = 0;
    TimeStamp lifetime;
    int nLegs;

    for (nLegs = 0; nLegs < HANDSHAKE_LEGS && ss == SEC_I_CONTINUE_NEEDED; nLegs++) {
        SecBuffer in = { 0, SECBUFFER_TOKEN, g_In },
                  out = { sizeof(g_Out), SECBUFFER_TOKEN, g_Out };
        SecBufferDesc inDesc = { SECBUFFER_VERSION, 1, &in };
        SecBufferDesc outDesc = { SECBUFFER_VERSION, 1, &out };

        if (nLegs > 0 && !ReceiveMsg(s, g_In, sizeof(g_In), &in.cbBuffer, tDeadline)) {
            fprintf(stderr, "the server went away\n");
            return FALSE;
        }
        ss = InitializeSecurityContextA(phCred, nLegs ? phContext : NULL, szTarget, g_fRequest, 0,
                                        SECURITY_NATIVE_DREP, nLegs ? &inDesc : NULL, 0, phContext,
                                        &outDesc, &fAttributes, &lifetime);
        if (ss < 0) {
            return PrintStatus("InitializeSecurityContext", ss);
        }
        *pfHaveContext = TRUE;
        if (!SendMsg(s, g_Out, out.cbBuffer)) {
            return FALSE;
        }
    }
    if (ss == SEC_E_OK && !Encrypts(phContext, fAttributes)) {
        fprintf(stderr, "the server does not encrypt\n");
        return FALSE;
    }
    return ss == SEC_E_OK;
}

static BOOL
PrintMessage(SOCKET s, CtxtHandle *phContext)
{
    SecPkgContext_NegotiationInfoA info;
    DWORD cbMessage = 0, cbText = 0;
    char *pText = NULL;

    if (QueryContextAttributesA(phContext, SECPKG_ATTR_NEGOTIATION_INFO, &info) >= 0) {
        printf("package: %s\n", info.PackageInfo->Name);
        FreeContextBuffer(info.PackageInfo);
    }
    if (!ReceiveMsg(s, g_In, sizeof(g_In), &cbMessage, time(NULL) + HANDSHAKE_SECONDS) ||
        !DecryptThis(phContext, g_In, cbMessage, &pText, &cbText)) {
        return FALSE;
    }
    printf("message: %.*s\n", (int)cbText, pText);
    return TRUE;
}

/* Takes the options off the arguments; FALSE where there are others. */
static BOOL
TakeOptions(int *pArgc, char ***pArgv)
{
    while (*pArgc > 1 && (*pArgv)[1][0] == '-') {
        int nTaken = 1;

        if (strcmp((*pArgv)[1], "-d") == 0) {
            g_fRequest |= ISC_REQ_USE_DCE_STYLE | ISC_REQ_MUTUAL_AUTH;
        } else if (strcmp((*pArgv)[1], "-p") == 0 && *pArgc > 2) {
            g_szPackage = (*pArgv)[2];
            nTaken = 2;
        } else {
            return FALSE;
        }
        *pArgc -= nTaken;
        *pArgv += nTaken;
    }
    return *pArgc == 4 || *pArgc == 6;
}

int
main(int argc, char **argv)
{
    CredHandle hCred;
    CtxtHandle hContext;
    WSADATA wsaData;
    BOOL fHaveContext = FALSE, fOk = FALSE;
    SOCKET s;

    if (!TakeOptions(&argc, &argv)) {
        fprintf(stderr, "usage: sspi-client [-p PACKAGE] [-d] ADDRESS PORT TARGET [DOMAIN USER]\n");
        return 2;
    }
    if (WSAStartup(0x0101, &wsaData) != 0 ||
        !Acquire(argc == 6 ? argv[4] : NULL, argc == 6 ? argv[5] : NULL, &hCred)) {
        return 1;
    }
    s = ConnectTo(argv[1], (unsigned short)strtoul(argv[2], NULL, 10));
    if (s != INVALID_SOCKET) {
        fOk = Authenticate(s, &hCred, argv[3], &hContext, &fHaveContext) &&
              PrintMessage(s, &hContext);
        shutdown(s, 2);
        closesocket(s);
    }
    if (fHaveContext) {
        DeleteSecurityContext(&hContext);
    }
    FreeCredentialHandle(&hCred);
    WSACleanup();
    return fOk ? 0 : 1;
}
