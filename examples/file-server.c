/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server that gives out files with the rights of who asks for them.
 *
 *     file-server PORT FOLDER
 *
 * Accepts one client (sspi-connect is one), authenticates it with Negotiate, takes the name of a file
 * in FOLDER, opens it as that client, and sends what is in it, encrypted. Port 0: the system picks.
 * Whether the file may be opened the system decides, not the server: that is the point of it.
 */
#define SECURITY_WIN32
#include <windows.h>
#include <winsock.h>
#include <Security.h>
#include <stdio.h>
#include "framing.h"

enum { MESSAGE_BYTES = 65536, LEGS = 10, SECONDS = 20, TRAILER_BYTES = 256 };

static BYTE g_InBuf[MESSAGE_BYTES], g_OutBuf[MESSAGE_BYTES];

static BOOL
Fail(const char *szWhat, SECURITY_STATUS ss)
{
    fprintf(stderr, "%s: 0x%08X\n", szWhat, (unsigned)ss);
    return FALSE;
}

static BOOL
Authenticate(SOCKET s, CredHandle *phCred, CtxtHandle *phContext, BOOL *pfHave, time_t tDeadline)
{
    SecBuffer in = { 0, SECBUFFER_TOKEN, g_InBuf }, out = { 0, SECBUFFER_TOKEN, g_OutBuf };
    SecBufferDesc inDesc = { SECBUFFER_VERSION, 1, &in };
    SecBufferDesc outDesc = { SECBUFFER_VERSION, 1, &out };
    SECURITY_STATUS ss = SEC_I_CONTINUE_NEEDED;
    ULONG fAttributes = 0;
    int nLegs;

    for (nLegs = 0; nLegs < LEGS && ss == SEC_I_CONTINUE_NEEDED; nLegs++) {
        if (!ReceiveMsg(s, g_InBuf, sizeof(g_InBuf), &in.cbBuffer, tDeadline)) {
            return Fail("no token", 0);
        }
        out.cbBuffer = sizeof(g_OutBuf);
        ss = AcceptSecurityContext(phCred, *pfHave ? phContext : NULL, &inDesc,
                                   ASC_REQ_CONFIDENTIALITY, SECURITY_NATIVE_DREP, phContext,
                                   &outDesc, &fAttributes, NULL);
        if (ss < 0) {
            return Fail("AcceptSecurityContext", ss);
        }
        *pfHave = TRUE;
        if (out.cbBuffer && !SendMsg(s, g_OutBuf, out.cbBuffer)) {
            return FALSE;
        }
    }
    return ss == SEC_E_OK && (fAttributes & ASC_RET_CONFIDENTIALITY);
}

/* A message is the size of its trailer in four bytes, the trailer, and the encrypted data. */
static BOOL
ReceiveName(SOCKET s, CtxtHandle *phContext, char *szName, size_t cchName, time_t tDeadline)
{
    SecBuffer buffers[2] = { { 0, SECBUFFER_TOKEN, NULL }, { 0, SECBUFFER_DATA, NULL } };
    SecBufferDesc desc = { SECBUFFER_VERSION, 2, buffers };
    DWORD cb, cbTrailer;
    SECURITY_STATUS ss;

    if (!ReceiveMsg(s, g_InBuf, sizeof(g_InBuf), &cb, tDeadline) || cb < 4) {
        return Fail("no request", 0);
    }
    cbTrailer = g_InBuf[0] | g_InBuf[1] << 8 | g_InBuf[2] << 16 | (DWORD)g_InBuf[3] << 24;
    if (cbTrailer > cb - 4) {
        return Fail("a trailer beyond its message", 0);
    }
    buffers[0].pvBuffer = g_InBuf + 4;
    buffers[0].cbBuffer = cbTrailer;
    buffers[1].pvBuffer = g_InBuf + 4 + cbTrailer;
    buffers[1].cbBuffer = cb - 4 - cbTrailer;
    ss = DecryptMessage(phContext, &desc, 0, NULL);
    if (ss < 0) {
        return Fail("DecryptMessage", ss);
    }
    if (buffers[1].cbBuffer >= cchName) {
        return Fail("a name that long", 0);
    }
    memcpy(szName, buffers[1].pvBuffer, buffers[1].cbBuffer);
    szName[buffers[1].cbBuffer] = '\0';
    szName[strcspn(szName, "\r\n")] = '\0';
    return szName[0] != '\0' && szName[0] != '.' && !strpbrk(szName, "/\\:");
}

/* An empty message says that there is no more. */
static BOOL
SendSealed(SOCKET s, CtxtHandle *phContext, const SecPkgContext_Sizes *pSizes, BYTE *pb, DWORD cb)
{
    BYTE padding[TRAILER_BYTES];
    SecBuffer buffers[3] = { { pSizes->cbSecurityTrailer, SECBUFFER_TOKEN, g_OutBuf + 4 },
                             { cb, SECBUFFER_DATA, pb },
                             { pSizes->cbBlockSize, SECBUFFER_PADDING, padding } };
    SecBufferDesc desc = { SECBUFFER_VERSION, 3, buffers };
    SECURITY_STATUS ss = EncryptMessage(phContext, 0, &desc, 0);
    DWORD cbTrailer = buffers[0].cbBuffer;

    if (ss < 0) {
        return Fail("EncryptMessage", ss);
    }
    g_OutBuf[0] = (BYTE)cbTrailer;
    g_OutBuf[1] = (BYTE)(cbTrailer >> 8);
    g_OutBuf[2] = g_OutBuf[3] = 0;
    memcpy(g_OutBuf + 4 + cbTrailer, pb, cb);
    memcpy(g_OutBuf + 4 + cbTrailer + cb, padding, buffers[2].cbBuffer);
    return SendMsg(s, g_OutBuf, 4 + cbTrailer + cb + buffers[2].cbBuffer);
}

/* The one moment in which this thread is the client: whatever it opened stays open for it. */
static FILE *
OpenAsClient(CtxtHandle *phContext, const char *szPath)
{
    SECURITY_STATUS ss = ImpersonateSecurityContext(phContext);
    char szUser[256] = "?";
    DWORD cchUser = sizeof(szUser);
    FILE *f;

    if (ss < 0) {
        Fail("ImpersonateSecurityContext", ss);
        return NULL; /* and not with the server's own rights */
    }
    f = fopen(szPath, "rb");
    GetUserNameA(szUser, &cchUser);
    printf("%s: %s\n", szUser, f ? "opened" : "may not");
    ss = RevertSecurityContext(phContext);
    if (ss < 0) {
        Fail("RevertSecurityContext", ss);
        exit(1);
    }
    return f;
}

static BOOL
Serve(SOCKET s, CtxtHandle *phContext, const char *szFolder, time_t tDeadline)
{
    static BYTE data[16384];
    char szName[128], szPath[512];
    SecPkgContext_Sizes sizes;
    FILE *f = NULL;
    size_t cb;
    BOOL fSent = TRUE;

    if (QueryContextAttributes(phContext, SECPKG_ATTR_SIZES, &sizes) < 0 ||
        sizes.cbSecurityTrailer > TRAILER_BYTES || sizes.cbBlockSize > TRAILER_BYTES) {
        return FALSE;
    }
    if (ReceiveName(s, phContext, szName, sizeof(szName), tDeadline) &&
        snprintf(szPath, sizeof(szPath), "%s/%s", szFolder, szName) < (int)sizeof(szPath)) {
        f = OpenAsClient(phContext, szPath);
    }
    while (f && fSent && (cb = fread(data, 1, sizeof(data), f)) != 0) {
        fSent = SendSealed(s, phContext, &sizes, data, (DWORD)cb);
    }
    if (f) {
        fclose(f);
    }
    return SendSealed(s, phContext, &sizes, data, 0) && f && fSent;
}

/* Until the client closes: who closes a socket that has more to be read takes back what was sent. */
static void
AwaitEnd(SOCKET s, time_t tDeadline)
{
    DWORD cb;

    while (ReceiveMsg(s, g_InBuf, sizeof(g_InBuf), &cb, tDeadline)) {
    }
}

int
main(int argc, char *argv[])
{
    CredHandle hCred;
    CtxtHandle hContext;
    WSADATA wsaData;
    SOCKET sListen, s;
    BOOL fHave = FALSE, fOk = FALSE;
    time_t tDeadline;

    if (argc != 3 || WSAStartup(0x0101, &wsaData) != 0) {
        fprintf(stderr, "usage: file-server PORT FOLDER\n");
        return 2;
    }
    if (AcquireCredentialsHandleA(NULL, (char *)NEGOSSP_NAME_A, SECPKG_CRED_INBOUND, NULL, NULL,
                                  NULL, NULL, &hCred, NULL) < 0) {
        return 1;
    }
    sListen = ListenOn((unsigned short)strtoul(argv[1], NULL, 10));
    s = sListen != INVALID_SOCKET ? AcceptClient(sListen) : INVALID_SOCKET;
    tDeadline = time(NULL) + SECONDS;
    if (s != INVALID_SOCKET) {
        fOk = Authenticate(s, &hCred, &hContext, &fHave, tDeadline) &&
              Serve(s, &hContext, argv[2], tDeadline);
        AwaitEnd(s, tDeadline);
        closesocket(s);
    }
    if (fHave) {
        DeleteSecurityContext(&hContext);
    }
    FreeCredentialsHandle(&hCred);
    closesocket(sListen);
    WSACleanup();
    return fOk ? 0 : 1;
}
