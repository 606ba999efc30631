/* SPDX-License-Identifier: Apache-2.0 */
/* Winsock's beginning and end, and what sockets have by another name. */
#include <signal.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <winsock.h>

static atomic_int startups;

/* A peer that has gone is an error of send() on Windows, not a signal that ends the process. */
static void
ignore_sigpipe(void)
{
    struct sigaction action;

    if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL) {
        action.sa_handler = SIG_IGN;
        sigaction(SIGPIPE, &action, NULL);
    }
}

int
WSAStartup(WORD wVersionRequested, LPWSADATA lpWSAData)
{
    static const char description[] = "OpenSSPI: the platform's sockets";

    if (!lpWSAData) {
        return WSAEFAULT;
    }
    *lpWSAData = (WSADATA){ .wHighVersion = MAKEWORD(2, 2) };
    if (LOBYTE(wVersionRequested) == 0) {
        return WSAVERNOTSUPPORTED;
    }
    lpWSAData->wVersion = LOBYTE(wVersionRequested) > 2 ? MAKEWORD(2, 2) : wVersionRequested;
    for (size_t i = 0; i < sizeof(description); i++) {
        lpWSAData->szDescription[i] = description[i];
    }
    ignore_sigpipe();
    atomic_fetch_add(&startups, 1);
    return 0;
}

int
WSACleanup(void)
{
    int count = atomic_load(&startups);

    while (count > 0) {
        if (atomic_compare_exchange_weak(&startups, &count, count - 1)) {
            return 0;
        }
    }
    SetLastError(WSANOTINITIALISED);
    return SOCKET_ERROR;
}

static BOOL
is_socket(SOCKET s)
{
    int type;
    socklen_t size = sizeof(type);

    return getsockopt(s, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

int
compat_closesocket(SOCKET s)
{
    if (!is_socket(s)) {
        SetLastError(WSAENOTSOCK);
        return SOCKET_ERROR;
    }
    return close(s);
}

int
compat_ioctlsocket(SOCKET s, long cmd, unsigned long *argp)
{
    int value;

    if (!argp) {
        SetLastError(WSAEFAULT);
        return SOCKET_ERROR;
    }
    if (!is_socket(s)) {
        SetLastError(WSAENOTSOCK);
        return SOCKET_ERROR;
    }
    if (cmd != (long)FIONBIO && cmd != (long)FIONREAD) {
        SetLastError(WSAEOPNOTSUPP);
        return SOCKET_ERROR;
    }
    value = *argp != 0;
    if (ioctl(s, (unsigned long)cmd, &value) != 0) {
        return SOCKET_ERROR;
    }
    if (cmd == (long)FIONREAD) {
        *argp = (unsigned long)value;
    }
    return 0;
}
