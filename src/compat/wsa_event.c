/* SPDX-License-Identifier: Apache-2.0 */
/* Winsock's names for events and waits, and WSAPoll. */
#include <errno.h>
#include <stdbool.h>
#include <time.h>
#include <winsock.h>

WSAEVENT
WSACreateEvent(void)
{
    return CreateEventA(NULL, TRUE, FALSE, NULL);
}

BOOL
WSASetEvent(WSAEVENT hEvent)
{
    return SetEvent(hEvent);
}

BOOL
WSAResetEvent(WSAEVENT hEvent)
{
    return ResetEvent(hEvent);
}

BOOL
WSACloseEvent(WSAEVENT hEvent)
{
    return CloseHandle(hEvent);
}

DWORD
WSAWaitForMultipleEvents(DWORD cEvents, const WSAEVENT *lphEvents, BOOL fWaitAll, DWORD dwTimeout,
                         BOOL fAlertable)
{
    return WaitForMultipleObjects(cEvents, lphEvents, fWaitAll, dwTimeout);
}

/* --- WSAPoll ------------------------------------------------------------------------------- */

static long long
now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* poll() that no signal ends. */
static int
poll_all(struct pollfd *sockets, nfds_t n, int timeout)
{
    const long long deadline = now_ms() + timeout;
    int found;

    while ((found = poll(sockets, n, timeout)) < 0 && errno == EINTR) {
        if (timeout > 0) {
            const long long left = deadline - now_ms();
            timeout = left > 0 ? (int)left : 0;
        }
    }
    return found;
}

/* A peer that sends no more has hung up on Windows, though one may send to it. */
static int
poll_sockets(struct pollfd *sockets, ULONG n, int timeout)
{
    int found;

    for (ULONG i = 0; i < n; i++) {
        sockets[i].events = (short)(sockets[i].events | POLLRDHUP);
    }
    found = poll_all(sockets, n, timeout);
    for (ULONG i = 0; i < n; i++) {
        const short hangup = sockets[i].revents & POLLRDHUP ? POLLHUP : 0;

        sockets[i].events = (short)(sockets[i].events & ~POLLRDHUP);
        sockets[i].revents = (short)((sockets[i].revents & ~POLLRDHUP) | hangup);
    }
    return found;
}

/* How many of them the kernel does not know, or was not to be asked for. */
static ULONG
count_unknown(const struct pollfd *sockets, ULONG n)
{
    ULONG unknown = 0;

    for (ULONG i = 0; i < n; i++) {
        unknown += sockets[i].fd < 0 || sockets[i].revents & POLLNVAL;
    }
    return unknown;
}

int
WSAPoll(LPWSAPOLLFD fdArray, ULONG fds, INT timeout)
{
    const short known = POLLIN | POLLRDNORM | POLLRDBAND | POLLOUT | POLLWRNORM;
    int found = 0;

    if (!fdArray || fds == 0) {
        SetLastError(fds ? WSAEFAULT : WSAEINVAL);
        return SOCKET_ERROR;
    }
    for (ULONG i = 0; i < fds; i++) {
        fdArray[i].revents = 0;
        if (fdArray[i].events & ~known) {
            SetLastError(WSAEINVAL);
            return SOCKET_ERROR;
        }
    }
    if (count_unknown(fdArray, fds) < fds) {
        found = poll_sockets(fdArray, fds, timeout);
    }
    if (found >= 0 && count_unknown(fdArray, fds) == fds) {
        SetLastError(WSAENOTSOCK);
        found = SOCKET_ERROR;
    }
    return found;
}
