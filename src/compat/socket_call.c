/* SPDX-License-Identifier: Apache-2.0 */
/* The platform's own socket calls, where Winsock has more to them, and WSAConnect and WSAAccept. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "compat/network_event.h"
#include "compat/socket.h"

#undef recvfrom
#undef sendto

ssize_t
compat_recvfrom(SOCKET s, void *buf, size_t len, int flags, struct sockaddr *from,
                socklen_t *fromlen)
{
    return network_event_received(s, recvfrom(s, buf, len, flags, from, fromlen));
}

ssize_t
compat_recv(SOCKET s, void *buf, size_t len, int flags)
{
    return compat_recvfrom(s, buf, len, flags, NULL, NULL);
}

ssize_t
compat_sendto(SOCKET s, const void *buf, size_t len, int flags, const struct sockaddr *to,
              socklen_t tolen)
{
    const ssize_t n = sendto(s, buf, len, flags | MSG_NOSIGNAL, to, tolen);

    network_event_sent(s, n);
    return n;
}

ssize_t
compat_send(SOCKET s, const void *buf, size_t len, int flags)
{
    return compat_sendto(s, buf, len, flags, NULL, 0);
}

/* --- connections --------------------------------------------------------------------------- */

static int
fail(DWORD error)
{
    SetLastError(error);
    return SOCKET_ERROR;
}

int
WSAConnect(SOCKET s, const struct sockaddr *name, int namelen, LPWSABUF lpCallerData,
           LPWSABUF lpCalleeData, LPQOS lpSQOS, LPQOS lpGQOS)
{
    int answer;

    if ((lpCallerData && lpCallerData->len) || lpSQOS || lpGQOS) {
        return fail(WSAEOPNOTSUPP);
    }
    if (!name || namelen < 0) {
        return fail(WSAEFAULT);
    }
    if (lpCalleeData) {
        lpCalleeData->len = 0;
    }
    answer = connect(s, name, (socklen_t)namelen);
    network_event_connecting(s);
    return answer == 0 ? 0 : SOCKET_ERROR;
}

static SOCKET
take_deferred(SOCKET s)
{
    SOCKET connection = INVALID_SOCKET;
    struct watched *w;

    if (watch_any()) {
        watch_lock();
        w = watch_find(s);
        if (w) {
            connection = w->deferred;
            w->deferred = INVALID_SOCKET;
        }
        watch_unlock();
    }
    return connection;
}

/* The connection that was deferred, else the kernel's next. */
static SOCKET
next_connection(SOCKET s)
{
    const SOCKET deferred = take_deferred(s);

    return deferred != INVALID_SOCKET
               ? deferred
               : accept4(s, NULL, NULL, compat_socket_blocks(s) ? 0 : SOCK_NONBLOCK);
}

/* An address that does not fit is cut, as accept() has it; one that has gone is empty. */
static void
tell_peer(SOCKET connection, struct sockaddr *addr, socklen_t *size)
{
    const int before = errno;

    if (addr && size && connection != INVALID_SOCKET && getpeername(connection, addr, size) != 0) {
        *size = 0;
    }
    errno = before;
}

SOCKET
compat_accept(SOCKET s, struct sockaddr *addr, socklen_t *addrlen)
{
    SOCKET connection;

    if (addr && !addrlen) {
        return fail(WSAEFAULT);
    }
    connection = network_event_accepted(s, next_connection(s));
    tell_peer(connection, addr, addrlen);
    return connection;
}

static int
ask(SOCKET connection, LPCONDITIONPROC condition, DWORD_PTR data)
{
    struct sockaddr_storage peer = { 0 }, own = { 0 };
    socklen_t peer_size = sizeof(peer), own_size = sizeof(own);
    WSABUF caller = { 0, (CHAR *)&peer }, callee = { 0, (CHAR *)&own };
    GROUP group = 0;

    if (getpeername(connection, (struct sockaddr *)&peer, &peer_size) == 0) {
        caller.len = peer_size;
    }
    if (getsockname(connection, (struct sockaddr *)&own, &own_size) == 0) {
        callee.len = own_size;
    }
    return condition(&caller, NULL, NULL, NULL, &callee, NULL, &group, data);
}

/* Until it is asked about again. false: another one is, or there is no memory. */
static bool
defer(SOCKET listener, SOCKET connection)
{
    struct watched *w;
    bool kept = false;

    watch_lock();
    w = watch_open(listener);
    if (w && w->deferred == INVALID_SOCKET) {
        w->deferred = connection;
        kept = true;
    }
    watch_unlock();
    return kept;
}

static void
reset(SOCKET connection)
{
    const struct linger at_once = { 1, 0 };

    (void)setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(connection);
}

SOCKET
WSAAccept(SOCKET s, struct sockaddr *addr, LPINT addrlen, LPCONDITIONPROC lpfnCondition,
          DWORD_PTR dwCallbackData)
{
    socklen_t size = addrlen ? (socklen_t)*addrlen : 0;
    SOCKET connection;
    int answer = CF_ACCEPT;

    if ((addr && !addrlen) || (addrlen && *addrlen < 0)) {
        return fail(WSAEFAULT);
    }
    connection = next_connection(s);
    if (lpfnCondition && connection != INVALID_SOCKET) {
        answer = ask(connection, lpfnCondition, dwCallbackData);
    }
    if (answer == CF_DEFER && defer(s, connection)) {
        return fail(WSATRY_AGAIN);
    }
    if (answer != CF_ACCEPT) {
        reset(connection);
        (void)network_event_accepted(s, INVALID_SOCKET);
        return fail(answer == CF_REJECT  ? WSAECONNREFUSED
                    : answer == CF_DEFER ? WSAENOBUFS
                                         : WSAEINVAL);
    }
    connection = network_event_accepted(s, connection);
    tell_peer(connection, addr, addrlen ? &size : NULL);
    if (addrlen && connection != INVALID_SOCKET) {
        *addrlen = (INT)size;
    }
    return connection;
}
