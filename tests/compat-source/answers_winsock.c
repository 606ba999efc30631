/* SPDX-License-Identifier: Apache-2.0 */
/* Winsock's events, polls and conditional accepts: what is recorded, when, and when it is again. */
#include <winsock2.h>
#include "answers.h"

#ifdef _WIN32
typedef int size_type;
#else
typedef socklen_t size_type;
#endif

enum { PATIENCE = 60000 };

static WSAEVENT g_event;

static void
status(const char *label, int answer)
{
    const int error = WSAGetLastError();

    printf("%s: %d", label, answer);
    if (answer == SOCKET_ERROR) {
        printf(" error %d", error);
    }
    printf("\n");
}

static void
handle(const char *label, SOCKET s)
{
    status(label, s == INVALID_SOCKET ? SOCKET_ERROR : 0);
}

/* What is recorded now. */
static void
recorded(const char *label, SOCKET s)
{
    WSANETWORKEVENTS found;
    int i;

    memset(&found, 0x55, sizeof(found));
    if (WSAEnumNetworkEvents(s, g_event, &found) != 0) {
        status(label, SOCKET_ERROR);
        return;
    }
    printf("%s: %#x", label, (unsigned)found.lNetworkEvents);
    for (i = 0; i < FD_MAX_EVENTS; i++) {
        if (found.lNetworkEvents & 1 << i && found.iErrorCode[i]) {
            printf(" [%d]=%d", i, found.iErrorCode[i]);
        }
    }
    printf("\n");
}

/* Waits until all of these have been recorded, and says what has been. */
static void
await(const char *label, SOCKET s, long wanted)
{
    long all = 0;
    int codes[FD_MAX_EVENTS] = { 0 }, i;

    while ((all & wanted) != wanted) {
        WSANETWORKEVENTS found;

        if (WSAWaitForMultipleEvents(1, &g_event, FALSE, PATIENCE, FALSE) != WSA_WAIT_EVENT_0) {
            printf("%s: no event, ", label);
            break;
        }
        if (WSAEnumNetworkEvents(s, g_event, &found) != 0) {
            break;
        }
        all |= found.lNetworkEvents;
        for (i = 0; i < FD_MAX_EVENTS; i++) {
            if (found.lNetworkEvents & 1 << i) {
                codes[i] = found.iErrorCode[i];
            }
        }
    }
    printf("%s: %#lx", label, (unsigned long)all);
    for (i = 0; i < FD_MAX_EVENTS; i++) {
        if (codes[i]) {
            printf(" [%d]=%d", i, codes[i]);
        }
    }
    printf("\n");
}

static SOCKET
listener(struct sockaddr_in *at)
{
    SOCKET s = socket(AF_INET, SOCK_STREAM, 0);
    size_type size = sizeof(*at);

    memset(at, 0, sizeof(*at));
    at->sin_family = AF_INET;
    at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(s, (struct sockaddr *)at, sizeof(*at)) != 0 || listen(s, 8) != 0 ||
        getsockname(s, (struct sockaddr *)at, &size) != 0) {
        printf("no listener: %d\n", WSAGetLastError());
        exit(1);
    }
    return s;
}

static SOCKET
connected(const struct sockaddr_in *to)
{
    SOCKET s = socket(AF_INET, SOCK_STREAM, 0);

    if (connect(s, (const struct sockaddr *)to, sizeof(*to)) != 0) {
        printf("no connection: %d\n", WSAGetLastError());
        exit(1);
    }
    return s;
}

/* Two ends that block. */
static void
pair(SOCKET s[2])
{
    struct sockaddr_in at;
    SOCKET l = listener(&at);

    s[0] = connected(&at);
    s[1] = accept(l, NULL, NULL);
    closesocket(l);
}

static void
handles(void)
{
    WSAEVENT two[2] = { WSACreateEvent(), WSACreateEvent() };

    NUMBER("WSACreateEvent", two[0] != WSA_INVALID_EVENT);
    NUMBER("wait.none", WSAWaitForMultipleEvents(2, two, FALSE, 0, FALSE));
    CALL("WSASetEvent", WSASetEvent(two[1]));
    NUMBER("wait.second", WSAWaitForMultipleEvents(2, two, FALSE, 0, FALSE));
    NUMBER("wait.stays", WSAWaitForMultipleEvents(2, two, FALSE, 0, TRUE));
    NUMBER("wait.all", WSAWaitForMultipleEvents(2, two, TRUE, 0, FALSE));
    CALL("WSAResetEvent", WSAResetEvent(two[1]));
    NUMBER("wait.reset", WSAWaitForMultipleEvents(1, two + 1, FALSE, 0, FALSE));
    CALL("WSACloseEvent", WSACloseEvent(two[0]));
    CALL("WSACloseEvent.again", WSACloseEvent(two[0]));
    CALL("WSASetEvent.closed", WSASetEvent(two[0]));
    CALL("WSAResetEvent.closed", WSAResetEvent(two[0]));
    SetLastError(0);
    NUMBER("wait.closed", WSAWaitForMultipleEvents(1, two, FALSE, 0, FALSE));
    NUMBER("wait.closed.error", WSAGetLastError());
    SetLastError(0);
    NUMBER("wait.nothing", WSAWaitForMultipleEvents(0, two, FALSE, 0, FALSE));
    NUMBER("wait.nothing.error", WSAGetLastError());
    NUMBER("wait.many",
           WSAWaitForMultipleEvents(WSA_MAXIMUM_WAIT_EVENTS + 1, two, FALSE, 0, FALSE));
    WSACloseEvent(two[1]);
}

static void
refusals(void)
{
    SOCKET s = socket(AF_INET, SOCK_STREAM, 0), gone = socket(AF_INET, SOCK_STREAM, 0);
    WSANETWORKEVENTS found;

    closesocket(gone);
    status("select.gone", WSAEventSelect(gone, g_event, FD_READ));
    status("select.no-event", WSAEventSelect(s, WSA_INVALID_EVENT, FD_READ));
    status("select.nothing-no-event", WSAEventSelect(s, WSA_INVALID_EVENT, 0));
    status("enum.gone", WSAEnumNetworkEvents(gone, g_event, &found));
    recorded("enum.not-selected", s);
    closesocket(s);
}

static void
accepting(void)
{
    struct sockaddr_in at;
    SOCKET l = listener(&at), first, second, a, b;
    u_long off = 0;
    char byte;

    status("select.listener", WSAEventSelect(l, g_event, FD_ACCEPT | FD_READ | FD_CLOSE));
    recorded("listener.nobody", l);
    handle("accept.nobody", accept(l, NULL, NULL));
    status("FIONBIO.selected", ioctlsocket(l, FIONBIO, &off));
    first = connected(&at);
    second = connected(&at);
    await("listener.two", l, FD_ACCEPT);
    recorded("listener.two-again", l);
    a = accept(l, NULL, NULL);
    handle("accept.first", a);
    await("listener.one-left", l, FD_ACCEPT);
    b = accept(l, NULL, NULL);
    handle("accept.second", b);
    recorded("listener.none-left", l);
    /* They are selected as the listener is. */
    recorded("accepted.nothing", a);
    status("accepted.recv", (int)recv(a, &byte, 1, 0));
    send(first, "x", 1, 0);
    await("accepted.data", a, FD_READ);
    status("accepted.recv", (int)recv(a, &byte, 1, 0));
    status("FIONBIO.accepted", ioctlsocket(a, FIONBIO, &off));
    closesocket(second);
    await("accepted.closed", b, FD_CLOSE);
    closesocket(first);
    closesocket(a);
    closesocket(b);
    closesocket(l);
    WSAResetEvent(g_event);
}

static void
connecting(void)
{
    const long all = FD_CONNECT | FD_WRITE | FD_READ | FD_CLOSE;
    struct sockaddr_in at;
    SOCKET l = listener(&at), s = socket(AF_INET, SOCK_STREAM, 0), peer;
    u_long off = 0;

    status("select.client", WSAEventSelect(s, g_event, all));
    recorded("client.not-connected", s);
    status("connect", connect(s, (struct sockaddr *)&at, sizeof(at)));
    await("client.connected", s, FD_CONNECT | FD_WRITE);
    recorded("client.connected-again", s);
    status("connect.again", connect(s, (struct sockaddr *)&at, sizeof(at)));
    peer = accept(l, NULL, NULL);
    status("select.anew", WSAEventSelect(s, g_event, FD_WRITE));
    recorded("client.anew", s);
    status("select.none", WSAEventSelect(s, NULL, 0));
    status("FIONBIO.free", ioctlsocket(s, FIONBIO, &off));
    closesocket(peer);
    closesocket(s);
    /* Nobody is there any more. */
    closesocket(l);
    s = socket(AF_INET, SOCK_STREAM, 0);
    WSAEventSelect(s, g_event, all);
    status("WSAConnect", WSAConnect(s, (struct sockaddr *)&at, sizeof(at), NULL, NULL, NULL, NULL));
    await("client.refused", s, FD_CONNECT);
    closesocket(s);
    WSAResetEvent(g_event);
}

static void
reading(void)
{
    char text[16];
    WSABUF in = { 4, text };
    DWORD n, flags = 0;
    SOCKET s[2];

    pair(s);
    status("select.reader", WSAEventSelect(s[1], g_event, FD_READ | FD_CLOSE));
    recorded("reader.nothing", s[1]);
    send(s[0], "0123456789", 10, 0);
    await("reader.data", s[1], FD_READ);
    recorded("reader.data-again", s[1]);
    status("recv.some", (int)recv(s[1], text, 3, 0));
    await("reader.more", s[1], FD_READ);
    status("WSARecv.some", WSARecv(s[1], &in, 1, &n, &flags, NULL, NULL));
    NUMBER("WSARecv.some.n", n);
    await("reader.still", s[1], FD_READ);
    status("recv.peek", (int)recv(s[1], text, 1, MSG_PEEK));
    await("reader.peeked", s[1], FD_READ);
    status("recv.rest", (int)recv(s[1], text, sizeof(text), 0));
    recorded("reader.empty", s[1]);
    status("recv.empty", (int)recv(s[1], text, sizeof(text), 0));
    send(s[0], "last", 4, 0);
    closesocket(s[0]);
    await("reader.last", s[1], FD_READ);
    status("recv.last", (int)recv(s[1], text, sizeof(text), 0));
    await("reader.closed", s[1], FD_CLOSE);
    status("recv.end", (int)recv(s[1], text, sizeof(text), 0));
    recorded("reader.closed-again", s[1]);
    closesocket(s[1]);
    WSAResetEvent(g_event);
}

static void
writing(void)
{
    static char much[65536];
    SOCKET s[2];
    int n, error;
    long sent = 0, left;

    pair(s);
    WSAEventSelect(s[0], g_event, FD_WRITE | FD_CLOSE);
    await("writer.at-first", s[0], FD_WRITE);
    recorded("writer.again", s[0]);
    status("send.small", (int)send(s[0], much, 10, 0));
    recorded("writer.small", s[0]);
    sent = 10;
    while ((n = (int)send(s[0], much, sizeof(much), 0)) > 0) {
        sent += n;
    }
    error = WSAGetLastError();
    NUMBER("send.full", error);
    recorded("writer.full", s[0]);
    for (left = sent; left > 0; left -= n) {
        n = (int)recv(s[1], much, sizeof(much), 0);
        if (n <= 0) {
            break;
        }
    }
    await("writer.room", s[0], FD_WRITE);
    status("send.room", (int)send(s[0], much, 10, 0));
    closesocket(s[0]);
    closesocket(s[1]);
    WSAResetEvent(g_event);
}

static void
resetting(void)
{
    struct linger at_once = { 1, 0 };
    char byte;
    SOCKET s[2];

    pair(s);
    WSAEventSelect(s[1], g_event, FD_READ | FD_CLOSE);
    setsockopt(s[0], SOL_SOCKET, SO_LINGER, (const char *)&at_once, sizeof(at_once));
    closesocket(s[0]);
    await("reset", s[1], FD_CLOSE);
    status("reset.recv", (int)recv(s[1], &byte, 1, 0));
    recorded("reset.again", s[1]);
    closesocket(s[1]);
    WSAResetEvent(g_event);
}

static void
datagrams(void)
{
    struct sockaddr_in at;
    size_type size = sizeof(at);
    SOCKET a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
    char text[8];

    memset(&at, 0, sizeof(at));
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(a, (struct sockaddr *)&at, sizeof(at));
    getsockname(a, (struct sockaddr *)&at, &size);
    status("select.datagrams", WSAEventSelect(a, g_event, FD_READ | FD_WRITE | FD_CLOSE));
    await("datagrams.at-first", a, FD_WRITE);
    sendto(b, "one", 3, 0, (struct sockaddr *)&at, sizeof(at));
    sendto(b, "two", 3, 0, (struct sockaddr *)&at, sizeof(at));
    await("datagrams.two", a, FD_READ);
    status("datagrams.recv", (int)recvfrom(a, text, sizeof(text), 0, NULL, NULL));
    await("datagrams.one", a, FD_READ);
    status("datagrams.recv", (int)recvfrom(a, text, sizeof(text), 0, NULL, NULL));
    recorded("datagrams.none", a);
    closesocket(a);
    closesocket(b);
    WSAResetEvent(g_event);
}

static void
polling(void)
{
    WSAPOLLFD fds[2];
    SOCKET s[2];
    char byte;

    pair(s);
    fds[0].fd = s[0];
    fds[0].events = POLLRDNORM;
    fds[1].fd = s[1];
    fds[1].events = POLLRDNORM | POLLWRNORM;
    NUMBER("poll", WSAPoll(fds, 2, 0));
    NUMBER("poll.reader", fds[0].revents != 0);
    NUMBER("poll.writer", (fds[1].revents & POLLWRNORM) == POLLWRNORM);
    send(s[1], "x", 1, 0);
    NUMBER("poll.data", WSAPoll(fds, 1, PATIENCE));
    NUMBER("poll.data.found", fds[0].revents == POLLRDNORM);
    recv(s[0], &byte, 1, 0);
    closesocket(s[1]);
    NUMBER("poll.end", WSAPoll(fds, 1, PATIENCE));
    fds[0].events = 0;
    NUMBER("poll.hangup", WSAPoll(fds, 1, 0) == 1 && fds[0].revents == POLLHUP);
    closesocket(s[0]);
    SetLastError(0);
    status("poll.nothing", WSAPoll(fds, 0, 0));
    fds[0].fd = INVALID_SOCKET;
    fds[0].events = POLLRDNORM;
    status("poll.no-socket", WSAPoll(fds, 1, 0));
}

struct condition {
    int answer, calls, caller, callee;
};

static int CALLBACK
decide(LPWSABUF lpCallerId, LPWSABUF lpCallerData, LPQOS lpSQOS, LPQOS lpGQOS, LPWSABUF lpCalleeId,
       LPWSABUF lpCalleeData, GROUP *g, DWORD_PTR dwCallbackData)
{
    struct condition *c = (struct condition *)dwCallbackData;

    UNREFERENCED_PARAMETER(lpCallerData);
    UNREFERENCED_PARAMETER(lpSQOS);
    UNREFERENCED_PARAMETER(lpGQOS);
    UNREFERENCED_PARAMETER(lpCalleeData);
    UNREFERENCED_PARAMETER(g);
    c->calls++;
    c->caller = lpCallerId && ((struct sockaddr *)(void *)lpCallerId->buf)->sa_family == AF_INET;
    c->callee = lpCalleeId != NULL;
    return c->answer;
}

static void
conditions(void)
{
    struct condition c = { CF_ACCEPT, 0, 0, 0 };
    struct sockaddr_in at, from;
    SOCKET l = listener(&at), a, client;
    INT size = sizeof(from);
    char byte;

    client = connected(&at);
    a = WSAAccept(l, (struct sockaddr *)&from, &size, decide, (DWORD_PTR)&c);
    handle("condition.accept", a);
    NUMBER("condition.accept.size", size);
    NUMBER("condition.accept.called", c.calls * 100 + c.caller * 10 + c.callee);
    closesocket(a);
    closesocket(client);

    client = connected(&at);
    c.answer = CF_REJECT;
    handle("condition.reject", WSAAccept(l, NULL, NULL, decide, (DWORD_PTR)&c));
    NUMBER("condition.reject.peer", recv(client, &byte, 1, 0) <= 0);
    closesocket(client);

    client = connected(&at);
    c.answer = CF_DEFER;
    handle("condition.defer", WSAAccept(l, NULL, NULL, decide, (DWORD_PTR)&c));
    c.answer = CF_ACCEPT;
    a = WSAAccept(l, NULL, NULL, decide, (DWORD_PTR)&c);
    handle("condition.defer-accept", a);
    NUMBER("condition.calls", c.calls);
    send(client, "y", 1, 0);
    status("condition.defer.recv", (int)recv(a, &byte, 1, 0));
    closesocket(a);
    closesocket(client);

    client = connected(&at);
    a = WSAAccept(l, NULL, NULL, NULL, 0);
    handle("condition.none", a);
    closesocket(a);
    closesocket(client);
    closesocket(l);
    handle("condition.gone", WSAAccept(l, NULL, NULL, NULL, 0));
    l = socket(AF_INET, SOCK_STREAM, 0);
    handle("condition.no-listener", WSAAccept(l, NULL, NULL, NULL, 0));
    closesocket(l);
}

int
main(void)
{
    WSADATA data;

    if (WSAStartup(MAKEWORD(2, 2), &data) != 0) {
        return 1;
    }
    g_event = WSACreateEvent();
    handles();
    refusals();
    accepting();
    connecting();
    reading();
    writing();
    resetting();
    datagrams();
    polling();
    conditions();
    WSACloseEvent(g_event);
    return WSACleanup();
}
