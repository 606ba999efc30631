/* SPDX-License-Identifier: Apache-2.0 */
/* WSAEventSelect: what is recorded of a socket, and when. */
#include "compat/network_event.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/bytes.h"
#include "compat/error.h"
#include "compat/event.h"
#include "compat/socket.h"

#undef recv

/* --- looking ------------------------------------------------------------------------------- */

static void
record(struct watched *w, int bit, int error)
{
    const long flag = 1L << bit;

    if (w->mask & w->enabled & flag) {
        w->enabled &= ~flag;
        w->recorded |= flag;
        w->errors[bit] = error ? (int)compat_error_of_errno(error) : 0;
        (void)compat_event_change(w->event, true);
    }
}

static int
option(SOCKET s, int name)
{
    int value = 0;
    socklen_t size = sizeof(value);

    return getsockopt(s, SOL_SOCKET, name, &value, &size) == 0 ? value : 0;
}

/* The kernel tells a failure once, to whoever asks first. */
static void
take_failure(struct watched *w)
{
    const int error = option(w->s, SO_ERROR);

    if (error) {
        w->failure = error == EPIPE ? ECONNRESET : error;
    }
}

/* That a connection has come about the kernel tells once more to whoever calls connect() next, by 0; on
 * Windows it is WSAEISCONN already. */
static void
take_success(struct watched *w, const struct sockaddr_storage *peer, socklen_t size)
{
    if ((peer->ss_family == AF_INET || peer->ss_family == AF_INET6) &&
        connect(w->s, (const struct sockaddr *)peer, size) != 0 && errno != EISCONN &&
        errno != EALREADY) {
        w->failure = errno;
    }
}

static bool
look_for_connection(struct watched *w)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof(peer);

    if (!w->connected && getpeername(w->s, (struct sockaddr *)&peer, &size) == 0) {
        w->connected = true;
        take_success(w, &peer, size);
    }
    if (w->connected) {
        if (!w->accepted) {
            record(w, FD_CONNECT_BIT, 0);
        }
        return true;
    }
    if (w->mask & FD_CONNECT) { /* else it is left to whoever asks for SO_ERROR */
        take_failure(w);
    }
    if (w->failure) {
        record(w, FD_CONNECT_BIT, w->failure);
        w->enabled |= FD_CONNECT; /* of the next attempt */
        w->failure = 0;
    }
    return false;
}

static void
look_at_input(struct watched *w)
{
    char byte;
    const ssize_t n = recv(w->s, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    if (n < 0 && errno != EAGAIN && errno != EINTR && !w->failure) {
        w->failure = errno;
    }
    if (n > 0) {
        record(w, FD_READ_BIT, 0);
    }
    if (n == 0 || w->failure) {
        record(w, FD_CLOSE_BIT, w->failure);
    }
}

static void
look_at_stream(struct watched *w, short found)
{
    if (!look_for_connection(w)) {
        return;
    }
    if (found & POLLERR) {
        take_failure(w);
    }
    if (found & POLLPRI) {
        record(w, FD_OOB_BIT, 0);
    }
    if (found & (POLLIN | POLLHUP | POLLERR | POLLRDHUP)) {
        look_at_input(w);
    }
    if (found & POLLOUT && !w->failure) {
        record(w, FD_WRITE_BIT, 0);
    }
}

static void
look_by_kind(struct watched *w, short found)
{
    const int type = option(w->s, SO_TYPE);

    if (type == SOCK_STREAM && option(w->s, SO_ACCEPTCONN)) {
        if (found & POLLIN) {
            record(w, FD_ACCEPT_BIT, 0);
        }
    } else if (type == SOCK_STREAM || type == SOCK_SEQPACKET) {
        look_at_stream(w, found);
    } else {
        /* An error is what the next recv() tells. */
        if (found & (POLLIN | POLLERR)) {
            record(w, FD_READ_BIT, 0);
        }
        if (found & POLLOUT) {
            record(w, FD_WRITE_BIT, 0);
        }
    }
}

void
network_event_look(struct watched *w)
{
    struct pollfd now = { .fd = w->s, .events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP };
    const int before = errno;

    if (w->mask && poll(&now, 1, 0) >= 0) {
        look_by_kind(w, now.revents);
    }
    errno = before;
}

/* --- after the platform's calls ------------------------------------------------------------ */

/* *failure: of the connection; 0 where it has not failed. */
static void
enable(SOCKET s, long flags, int *failure)
{
    struct watched *w;

    watch_lock();
    w = watch_find(s);
    if (w && w->mask) {
        w->enabled |= flags;
        network_event_look(w);
        *failure = w->failure;
    }
    watch_unlock();
}

ssize_t
network_event_received(SOCKET s, ssize_t n)
{
    int failure = 0;

    if (watch_any()) {
        enable(s, FD_READ | FD_OOB, &failure);
        if (n == 0 && failure) {
            errno = failure;
            return -1;
        }
    }
    return n;
}

void
network_event_sent(SOCKET s, ssize_t n)
{
    int unused;

    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) && watch_any()) {
        enable(s, FD_WRITE, &unused);
    }
}

void
network_event_connecting(SOCKET s)
{
    int unused;

    if (watch_any()) {
        enable(s, 0, &unused);
    }
}

static bool
select_as(const struct watched *listener, SOCKET connection)
{
    const HANDLE event = listener->event;
    const long mask = listener->mask;
    struct watched *w = watch_open(connection); /* the listener stays where it is */

    if (!w || !watch_arm(w) || !compat_socket_unblock(connection)) {
        return false;
    }
    w->event = event;
    w->mask = mask;
    w->enabled = FD_ALL_EVENTS;
    w->connected = w->accepted = true;
    network_event_look(w);
    return true;
}

SOCKET
network_event_accepted(SOCKET listener, SOCKET connection)
{
    struct watched *w;
    bool selected = true;

    if (!watch_any()) {
        return connection;
    }
    watch_lock();
    w = watch_find(listener);
    if (w && w->mask) {
        w->enabled |= FD_ACCEPT;
        network_event_look(w);
        selected = connection == INVALID_SOCKET || select_as(w, connection);
    }
    watch_unlock();
    if (!selected) {
        (void)compat_closesocket(connection);
        errno = ENOBUFS;
        return INVALID_SOCKET;
    }
    return connection;
}

/* --- the functions ------------------------------------------------------------------------- */

static int
fail(DWORD error)
{
    SetLastError(error);
    return SOCKET_ERROR;
}

static DWORD
select_events(struct watched *w, WSAEVENT event, long mask)
{
    if (!w || (mask && !watch_arm(w)) || !compat_socket_unblock(w->s)) {
        return WSAENOBUFS;
    }
    w->event = event;
    w->mask = mask;
    w->recorded = 0;
    w->enabled = FD_ALL_EVENTS;
    network_event_look(w);
    return ERROR_SUCCESS;
}

int
WSAEventSelect(SOCKET s, WSAEVENT hEventObject, long lNetworkEvents)
{
    DWORD error;

    if (!compat_socket_is(s)) {
        return fail(WSAENOTSOCK);
    }
    if (lNetworkEvents & ~(long)FD_ALL_EVENTS ||
        (lNetworkEvents && !compat_event_is(hEventObject))) {
        return fail(WSAEINVAL);
    }
    if (lNetworkEvents && !watch_start()) {
        return fail(WSAENOBUFS);
    }
    watch_lock();
    error = select_events(watch_open(s), hEventObject, lNetworkEvents);
    watch_unlock();
    return error == ERROR_SUCCESS ? 0 : fail(error);
}

int
WSAEnumNetworkEvents(SOCKET s, WSAEVENT hEventObject, LPWSANETWORKEVENTS lpNetworkEvents)
{
    struct watched *w;
    bool known = true;

    if (!compat_socket_is(s)) {
        return fail(WSAENOTSOCK);
    }
    if (!lpNetworkEvents) {
        return fail(WSAEFAULT);
    }
    *lpNetworkEvents = (WSANETWORKEVENTS){ 0 };
    watch_lock();
    if (hEventObject) {
        known = compat_event_change(hEventObject, false);
    }
    w = known ? watch_find(s) : NULL;
    if (w) {
        lpNetworkEvents->lNetworkEvents = (LONG)w->recorded;
        for (int i = 0; i < FD_MAX_EVENTS; i++) {
            lpNetworkEvents->iErrorCode[i] = w->recorded & 1L << i ? w->errors[i] : 0;
        }
        w->recorded = 0;
    }
    watch_unlock();
    return known ? 0 : fail(WSAEINVAL);
}
