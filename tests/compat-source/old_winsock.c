/* SPDX-License-Identifier: Apache-2.0 */
/* Winsock 1.1 as it was written: names looked up by gethostbyname, errors by GetLastError. */
#define _WINSOCK_DEPRECATED_NO_WARNINGS
#include <windows.h>
#include <winsock.h>
#include <stdio.h>
#include <stdlib.h>

static BOOL
InitWinsock(void)
{
    WSADATA wsaData;

    return WSAStartup(0x0101, &wsaData) == 0;
}

static SOCKET
ConnectServer(LPCSTR szServer, unsigned short usPort)
{
    SOCKADDR_IN sin;
    LPHOSTENT pHost;
    unsigned long ulAddress = inet_addr(szServer);
    SOCKET s;

    if (ulAddress == INADDR_NONE) {
        pHost = gethostbyname(szServer);
        if (pHost == NULL) {
            return INVALID_SOCKET;
        }
        memcpy(&ulAddress, pHost->h_addr, 4);
    }
    s = socket(PF_INET, SOCK_STREAM, 0);
    if (s == INVALID_SOCKET) {
        return INVALID_SOCKET;
    }
    ZeroMemory(&sin, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_port = htons(usPort);
    sin.sin_addr.s_addr = ulAddress;
    if (connect(s, (LPSOCKADDR)&sin, sizeof(sin)) == SOCKET_ERROR) {
        DWORD dwError = GetLastError();
        closesocket(s);
        SetLastError(dwError);
        return INVALID_SOCKET;
    }
    return s;
}

int
main(void)
{
    char szText[64];

    if (!InitWinsock()) {
        return 1;
    }
    /* Port 1 is nobody's. */
    if (ConnectServer("localhost", 1) != INVALID_SOCKET || GetLastError() != WSAECONNREFUSED) {
        return 1;
    }
    if (closesocket(INVALID_SOCKET) != SOCKET_ERROR || WSAGetLastError() != WSAENOTSOCK) {
        return 1;
    }
    strcpy_s(szText, sizeof(szText), "refused");
    sprintf_s(szText, sizeof(szText), "error %u", (unsigned)WSAECONNREFUSED);
    printf("%s\n", szText);
    return WSACleanup();
}
