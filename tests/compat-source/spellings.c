/* SPDX-License-Identifier: Apache-2.0 */
/* Header names as they stand in source from a file system that does not tell cases apart. */
#define SECURITY_WIN32
#define WIN32_LEAN_AND_MEAN
#include <Windows.h>
#include <WinSock2.h>
#include <WS2tcpip.h>
#include <Security.h>
#include <SecExt.h>
#include <Sspi.h>
#include <Schannel.h>
#include <Ntdsapi.h>
#include <Lmcons.h>
#include <stdio.h>
#include <Tchar.h>

int
_tmain(int argc, TCHAR *argv[])
{
    TCHAR szUser[UNLEN + 1];
    DWORD cchUser = UNLEN + 1;
    struct addrinfo hints, *pResult = NULL;

    ZeroMemory(&hints, sizeof(hints));
    hints.ai_family = AF_INET;
    hints.ai_flags = AI_NUMERICHOST;
    if (argc < 1 || argv[0] == NULL || getaddrinfo("127.0.0.1", "2000", &hints, &pResult) != 0) {
        return 1;
    }
    freeaddrinfo(pResult);
    if (!GetUserName(szUser, &cchUser) || cchUser != _tcslen(szUser) + 1) {
        return 1;
    }
    _tprintf(TEXT("%s\n"), szUser);
    return 0;
}
