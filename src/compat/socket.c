/* SPDX-License-Identifier: Apache-2.0 */
/* Winsock's beginning and end, and what sockets have by another name. */
#include "compat/socket.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "compat/watch.h"

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

bool
compat_socket_is(SOCKET s)
{
    int type;
    socklen_t size = sizeof(type);

    return getsockopt(s, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

bool
compat_socket_blocks(SOCKET s)
{
    const int flags = fcntl(s, F_GETFL);

    return flags >= 0 && !(flags & O_NONBLOCK);
}

bool
compat_socket_unblock(SOCKET s)
{
    const int flags = fcntl(s, F_GETFL);

    return flags >= 0 && fcntl(s, F_SETFL, flags | O_NONBLOCK) == 0;
}

static void
forget(SOCKET s)
{
    struct watched *w;

    if (watch_any()) {
        watch_lock();
        w = watch_find(s);
        if (w) {
            watch_close(w);
        }
        watch_unlock();
    }
}

/* Whether its events are selected, and it may not block. */
static bool
is_selected(SOCKET s)
{
    const struct watched *w;
    bool selected;

    if (!watch_any()) {
        return false;
    }
    watch_lock();
    w = watch_find(s);
    selected = w && w->mask;
    watch_unlock();
    return selected;
}

int
compat_closesocket(SOCKET s)
{
    if (!compat_socket_is(s)) {
        SetLastError(WSAENOTSOCK);
        return SOCKET_ERROR;
    }
    forget(s);
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
    if (!compat_socket_is(s)) {
        SetLastError(WSAENOTSOCK);
        return SOCKET_ERROR;
    }
    if (cmd != (long)FIONBIO && cmd != (long)FIONREAD) {
        SetLastError(WSAEOPNOTSUPP);
        return SOCKET_ERROR;
    }
    value = *argp != 0;
    if (cmd == (long)FIONBIO && !value && is_selected(s)) {
        SetLastError(WSAEINVAL);
        return SOCKET_ERROR;
    }
    if (ioctl(s, (unsigned long)cmd, &value) != 0) {
        return SOCKET_ERROR;
    }
    if (cmd == (long)FIONREAD) {
        *argp = (unsigned long)value;
    }
    return 0;
}
