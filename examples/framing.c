/* SPDX-License-Identifier: Apache-2.0 */
/* TCP connections and length-prefixed messages. */
#include <stdio.h>
#include <windows.h>
#include "framing.h"

static SOCKADDR_IN
Address(const char *szAddress, unsigned short usPort)
{
    SOCKADDR_IN sin;

    ZeroMemory(&sin, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_port = htons(usPort);
    sin.sin_addr.s_addr = inet_addr(szAddress);
    return sin;
}

SOCKET
ListenOn(unsigned short usPort)
{
    SOCKADDR_IN sin = Address("127.0.0.1", usPort);
#ifdef _WIN32
    int cbSin = sizeof(sin);
#else
    socklen_t cbSin = sizeof(sin);
#endif
    SOCKET s = socket(PF_INET, SOCK_STREAM, 0);

    if (s == INVALID_SOCKET) {
        return INVALID_SOCKET;
    }
    if (bind(s, (LPSOCKADDR)&sin, sizeof(sin)) == SOCKET_ERROR || listen(s, 1) == SOCKET_ERROR ||
        getsockname(s, (LPSOCKADDR)&sin, &cbSin) == SOCKET_ERROR) {
        fprintf(stderr, "cannot listen: error %u\n", (unsigned)GetLastError());
        closesocket(s);
        return INVALID_SOCKET;
    }
    printf("listening on 127.0.0.1:%u\n", (unsigned)ntohs(sin.sin_port));
    fflush(stdout);
    return s;
}

SOCKET
AcceptClient(SOCKET sListen)
{
    return accept(sListen, NULL, NULL);
}

SOCKET
ConnectTo(const char *szAddress, unsigned short usPort)
{
    SOCKADDR_IN sin = Address(szAddress, usPort);
    SOCKET s = socket(PF_INET, SOCK_STREAM, 0);

    if (s != INVALID_SOCKET && connect(s, (LPSOCKADDR)&sin, sizeof(sin)) == SOCKET_ERROR) {
        fprintf(stderr, "cannot connect: error %u\n", (unsigned)GetLastError());
        closesocket(s);
        return INVALID_SOCKET;
    }
    return s;
}

static BOOL
SendBytes(SOCKET s, const BYTE *pBuf, DWORD cbBuf)
{
    while (cbBuf > 0) {
        int cbSent = (int)send(s, (const char *)pBuf, cbBuf, 0);
        if (cbSent <= 0) {
            return FALSE;
        }
        pBuf += cbSent;
        cbBuf -= (DWORD)cbSent;
    }
    return TRUE;
}

static BOOL
ReceiveBytes(SOCKET s, BYTE *pBuf, DWORD cbBuf, time_t tDeadline)
{
    while (cbBuf > 0) {
        time_t tNow = time(NULL);
        struct timeval left = { 0, 0 };
        fd_set waiting;
        int cbRead;

        left.tv_sec = tDeadline > tNow ? (long)(tDeadline - tNow) : 0;
        FD_ZERO(&waiting);
        FD_SET(s, &waiting);
        if (select((int)s + 1, &waiting, NULL, NULL, &left) <= 0) {
            return FALSE;
        }
        cbRead = (int)recv(s, (char *)pBuf, cbBuf, 0);
        if (cbRead <= 0) {
            return FALSE;
        }
        pBuf += cbRead;
        cbBuf -= (DWORD)cbRead;
    }
    return TRUE;
}

BOOL
SendMsg(SOCKET s, const BYTE *pBuf, DWORD cbBuf)
{
    BYTE length[4];
    int i;

    if (cbBuf == 0) {
        return TRUE;
    }
    for (i = 0; i < 4; i++) {
        length[i] = (BYTE)(cbBuf >> (8 * i));
    }
    return SendBytes(s, length, sizeof(length)) && SendBytes(s, pBuf, cbBuf);
}

BOOL
ReceiveMsg(SOCKET s, BYTE *pBuf, DWORD cbBuf, DWORD *pcbRead, time_t tDeadline)
{
    BYTE length[4];
    DWORD cbData = 0;
    int i;

    if (!ReceiveBytes(s, length, sizeof(length), tDeadline)) {
        return FALSE;
    }
    for (i = 0; i < 4; i++) {
        cbData |= (DWORD)length[i] << (8 * i);
    }
    if (cbData == 0 || cbData > cbBuf) {
        return FALSE;
    }
    *pcbRead = cbData;
    return ReceiveBytes(s, pBuf, cbData, tDeadline);
}
