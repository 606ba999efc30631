/* SPDX-License-Identifier: Apache-2.0 */
/* WSAEventSelect and its kin; what Wine answers to the same is asked by tests/compat-source/answers_winsock.c. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include <winsock2.h>

static void
assert_fails(int answer, int error)
{
    assert_int_equal(answer, SOCKET_ERROR);
    assert_int_equal(WSAGetLastError(), error);
}

static SOCKET
listener(SOCKADDR_IN *at)
{
    SOCKET s = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t size = sizeof(*at);

    *at = (SOCKADDR_IN){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    assert_int_equal(bind(s, (SOCKADDR *)at, sizeof(*at)), 0);
    assert_int_equal(listen(s, 8), 0);
    assert_int_equal(getsockname(s, (SOCKADDR *)at, &size), 0);
    return s;
}

static SOCKET
connected(const SOCKADDR_IN *to)
{
    SOCKET s = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(connect(s, (const SOCKADDR *)to, sizeof(*to)), 0);
    return s;
}

static void
pair(SOCKET s[2])
{
    SOCKADDR_IN at;
    SOCKET l = listener(&at);

    s[0] = connected(&at);
    s[1] = accept(l, NULL, NULL);
    assert_int_not_equal(s[1], INVALID_SOCKET);
    assert_int_equal(closesocket(l), 0);
}

static long
recorded(SOCKET s, WSAEVENT event)
{
    WSANETWORKEVENTS found;

    assert_int_equal(WSAEnumNetworkEvents(s, event, &found), 0);
    return found.lNetworkEvents;
}

/* Waits until all of these have been recorded, and nothing else. */
static void
assert_comes(SOCKET s, WSAEVENT event, long wanted)
{
    long all = 0;

    while ((all & wanted) != wanted) {
        assert_int_equal(WSAWaitForMultipleEvents(1, &event, FALSE, WSA_INFINITE, FALSE),
                         WSA_WAIT_EVENT_0);
        all |= recorded(s, event);
    }
    assert_int_equal(all, wanted);
}

static void
test_WSAEventSelect__refuses(void **state)
{
    WSAEVENT event = WSACreateEvent();
    SOCKET s = socket(AF_INET, SOCK_STREAM, 0);
    WSANETWORKEVENTS found;
    int pipes[2];

    assert_int_equal(pipe(pipes), 0);
    assert_fails(WSAEventSelect(pipes[0], event, FD_READ), WSAENOTSOCK);
    assert_fails(WSAEventSelect(INVALID_SOCKET, event, FD_READ), WSAENOTSOCK);
    assert_fails(WSAEventSelect(s, NULL, FD_READ), WSAEINVAL);
    assert_fails(WSAEventSelect(s, event, FD_ALL_EVENTS + 1), WSAEINVAL);
    assert_fails(WSAEnumNetworkEvents(INVALID_SOCKET, NULL, &found), WSAENOTSOCK);
    assert_fails(WSAEnumNetworkEvents(s, NULL, NULL), WSAEFAULT);
    assert_int_equal(WSAEventSelect(s, event, FD_ALL_EVENTS), 0);
    assert_int_equal(WSACloseEvent(event), TRUE);
    assert_fails(WSAEnumNetworkEvents(s, event, &found), WSAEINVAL);
    assert_int_equal(closesocket(s), 0);
    close(pipes[0]);
    close(pipes[1]);
}

static void
test_WSAEventSelect__records_what_is_read(void **state)
{
    WSAEVENT event = WSACreateEvent();
    unsigned long off = 0;
    char text[8];
    SOCKET s[2];

    pair(s);
    assert_int_equal(WSAEventSelect(s[1], event, FD_READ | FD_CLOSE), 0);
    assert_int_equal(recorded(s[1], event), 0);
    assert_fails((int)recv(s[1], text, 1, 0), WSAEWOULDBLOCK);
    assert_fails(ioctlsocket(s[1], FIONBIO, &off), WSAEINVAL);
    assert_int_equal(send(s[0], "abcd", 4, 0), 4);
    assert_comes(s[1], event, FD_READ);
    /* Once, until it is enabled; then for what is left. */
    assert_int_equal(recorded(s[1], event), 0);
    assert_int_equal(WSAWaitForMultipleEvents(1, &event, FALSE, 0, FALSE), WSA_WAIT_TIMEOUT);
    assert_int_equal(recv(s[1], text, 1, 0), 1);
    assert_int_equal(recorded(s[1], NULL), FD_READ);
    assert_int_equal(WSAWaitForMultipleEvents(1, &event, FALSE, 0, FALSE), WSA_WAIT_EVENT_0);
    assert_int_equal(recv(s[1], text, sizeof(text), 0), 3);
    assert_int_equal(recorded(s[1], event), 0);
    /* The end comes after the last byte. */
    assert_int_equal(send(s[0], "e", 1, 0), 1);
    assert_int_equal(closesocket(s[0]), 0);
    assert_comes(s[1], event, FD_READ);
    assert_int_equal(recv(s[1], text, sizeof(text), 0), 1);
    assert_comes(s[1], event, FD_CLOSE);
    assert_int_equal(recv(s[1], text, sizeof(text), 0), 0);
    assert_int_equal(recorded(s[1], event), 0);
    assert_int_equal(WSAEventSelect(s[1], NULL, 0), 0);
    assert_int_equal(ioctlsocket(s[1], FIONBIO, &off), 0);
    assert_int_equal(closesocket(s[1]), 0);
    WSACloseEvent(event);
}

static void
test_WSAEventSelect__reset_is_told_and_received(void **state)
{
    const struct linger at_once = { 1, 0 };
    WSAEVENT event = WSACreateEvent();
    WSANETWORKEVENTS found;
    char byte;
    SOCKET s[2];

    pair(s);
    assert_int_equal(WSAEventSelect(s[1], event, FD_READ | FD_CLOSE), 0);
    assert_int_equal(setsockopt(s[0], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
    assert_int_equal(closesocket(s[0]), 0);
    WaitForSingleObject(event, INFINITE);
    assert_int_equal(WSAEnumNetworkEvents(s[1], event, &found), 0);
    assert_int_equal(found.lNetworkEvents, FD_CLOSE);
    assert_int_equal(found.iErrorCode[FD_CLOSE_BIT], WSAECONNRESET);
    assert_fails((int)recv(s[1], &byte, 1, 0), WSAECONNRESET);
    assert_fails((int)send(s[1], "x", 1, 0), WSAECONNABORTED);
    assert_fails((int)recv(s[1], &byte, 1, 0), WSAECONNRESET);
    assert_int_equal(closesocket(s[1]), 0);
    WSACloseEvent(event);
}

/* The kernel would answer 0 once, and then this. */
static void
test_WSAEventSelect__a_second_connect_is_told_of_the_first(void **state)
{
    WSAEVENT event = WSACreateEvent();
    SOCKET s = socket(AF_INET, SOCK_STREAM, 0), l;
    SOCKADDR_IN at;

    l = listener(&at);
    assert_int_equal(WSAEventSelect(s, event, FD_CONNECT), 0);
    assert_fails(connect(s, (SOCKADDR *)&at, sizeof(at)), WSAEWOULDBLOCK);
    assert_comes(s, event, FD_CONNECT);
    for (int i = 0; i < 2; i++) {
        assert_fails(connect(s, (SOCKADDR *)&at, sizeof(at)), WSAEISCONN);
    }
    assert_int_equal(send(s, "x", 1, 0), 1);
    assert_int_equal(closesocket(s), 0);
    assert_int_equal(closesocket(l), 0);
    WSACloseEvent(event);
}

static void
test_WSAEventSelect__connections(void **state)
{
    WSAEVENT event = WSACreateEvent();
    SOCKET s = socket(AF_INET, SOCK_STREAM, 0), peer, l;
    WSABUF data = { 1, (char[]){ "x" } }, none = { 7, NULL };
    WSANETWORKEVENTS found;
    SOCKADDR_IN at;

    l = listener(&at);
    assert_int_equal(WSAEventSelect(l, event, FD_ACCEPT | FD_WRITE), 0);
    assert_fails(WSAConnect(s, (SOCKADDR *)&at, sizeof(at), &data, NULL, NULL, NULL),
                 WSAEOPNOTSUPP);
    assert_fails(WSAConnect(s, (SOCKADDR *)&at, sizeof(at), NULL, NULL, (LPQOS)(void *)&at, NULL),
                 WSAEOPNOTSUPP);
    assert_fails(WSAConnect(s, NULL, sizeof(at), NULL, NULL, NULL, NULL), WSAEFAULT);
    assert_int_equal(WSAConnect(s, (SOCKADDR *)&at, sizeof(at), NULL, &none, NULL, NULL), 0);
    assert_int_equal(none.len, 0);
    /* One that is there already. */
    assert_int_equal(WSAEventSelect(s, event, FD_CONNECT), 0);
    assert_int_equal(recorded(s, NULL), FD_CONNECT);
    assert_int_equal(closesocket(s), 0);
    assert_comes(l, event, FD_ACCEPT);
    peer = accept(l, NULL, NULL);
    assert_int_not_equal(peer, INVALID_SOCKET);
    assert_int_equal(recorded(peer, NULL), FD_WRITE);
    assert_int_equal(closesocket(peer), 0);
    assert_fails(accept(l, NULL, NULL), WSAEWOULDBLOCK);
    assert_int_equal(closesocket(l), 0);
    /* Nobody is there. */
    WSAResetEvent(event);
    s = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(WSAEventSelect(s, event, FD_CONNECT | FD_WRITE | FD_CLOSE), 0);
    assert_fails(connect(s, (SOCKADDR *)&at, sizeof(at)), WSAEWOULDBLOCK);
    WaitForSingleObject(event, INFINITE);
    assert_int_equal(WSAEnumNetworkEvents(s, event, &found), 0);
    assert_int_equal(found.lNetworkEvents, FD_CONNECT);
    assert_int_equal(found.iErrorCode[FD_CONNECT_BIT], WSAECONNREFUSED);
    assert_int_equal(closesocket(s), 0);
    WSACloseEvent(event);
}

/* A program that closes behind our back: the number's next socket is another one. */
static void
test_WSAEventSelect__closed_by_close(void **state)
{
    WSAEVENT event = WSACreateEvent();
    unsigned long off = 0;
    SOCKET s = socket(AF_INET, SOCK_DGRAM, 0), again;

    assert_int_equal(WSAEventSelect(s, event, FD_WRITE), 0);
    assert_int_equal(recorded(s, event), FD_WRITE);
    close(s);
    again = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(again, s);
    assert_int_equal(ioctlsocket(again, FIONBIO, &off), 0);
    assert_int_equal(WSAEventSelect(again, event, FD_WRITE), 0);
    assert_int_equal(recorded(again, event), FD_WRITE);
    assert_int_equal(closesocket(again), 0);
    WSACloseEvent(event);
}

/* --- what the thread that watches does must be over before anything is said of it -------------- */

/* One more socket: when its event is there, the thread has seen what came to others before. */
struct last {
    SOCKET s[2];
    WSAEVENT event;
};

static void
last_open(struct last *l)
{
    l->event = WSACreateEvent();
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, l->s), 0);
    assert_int_equal(WSAEventSelect(l->s[1], l->event, FD_READ), 0);
}

static void
last_close(struct last *l)
{
    assert_int_equal(send(l->s[0], "x", 1, 0), 1);
    assert_comes(l->s[1], l->event, FD_READ);
    assert_int_equal(closesocket(l->s[0]), 0);
    assert_int_equal(closesocket(l->s[1]), 0);
    WSACloseEvent(l->event);
}

/* The kernel goes on telling of what was closed while somebody else has it open. */
static void
test_WSAEventSelect__closed_by_close_and_open_elsewhere(void **state)
{
    WSAEVENT event = WSACreateEvent();
    SOCKET s[2], again[2], copy;
    struct last last;

    last_open(&last);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    assert_int_equal(WSAEventSelect(s[1], event, FD_READ), 0);
    copy = dup(s[1]);
    close(s[1]);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, again), 0);
    assert_int_equal(again[0], s[1]);
    assert_int_equal(write(again[1], "x", 1), 1);
    assert_int_equal(write(s[0], "x", 1), 1);
    last_close(&last);
    assert_int_equal(WSAWaitForMultipleEvents(1, &event, FALSE, 0, FALSE), WSA_WAIT_TIMEOUT);
    close(copy);
    close(s[0]);
    close(again[0]);
    close(again[1]);
    WSACloseEvent(event);
}

/* Who did not ask for FD_CONNECT asks for SO_ERROR. */
static void
test_WSAEventSelect__leaves_a_connections_failure_to_who_asks(void **state)
{
    WSAEVENT event = WSACreateEvent();
    int error = 0;
    socklen_t size = sizeof(error);
    struct pollfd failed;
    struct last last;
    SOCKADDR_IN at;
    SOCKET s = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(closesocket(listener(&at)), 0);
    last_open(&last);
    assert_int_equal(WSAEventSelect(s, event, FD_READ | FD_CLOSE), 0);
    assert_fails(connect(s, (SOCKADDR *)&at, sizeof(at)), WSAEWOULDBLOCK);
    failed = (struct pollfd){ .fd = s };
    assert_int_equal(poll(&failed, 1, -1), 1);
    last_close(&last);
    assert_int_equal(getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &size), 0);
    assert_int_equal(error, ECONNREFUSED);
    assert_int_equal(closesocket(s), 0);
    WSACloseEvent(event);
}

/* --- children of fork() ---------------------------------------------------------------------- */

static void
assert_child(pid_t child)
{
    int status = -1;

    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* What a child closes its parent goes on watching. */
static void
test_fork__child_closes_what_its_parent_watches(void **state)
{
    WSAEVENT event = WSACreateEvent();
    SOCKADDR_IN at;
    SOCKET l = listener(&at), client;
    pid_t child;

    assert_int_equal(WSAEventSelect(l, event, FD_ACCEPT), 0);
    child = fork();
    if (child == 0) {
        _exit(closesocket(l) != 0);
    }
    assert_child(child);
    client = connected(&at);
    assert_comes(l, event, FD_ACCEPT);
    assert_int_equal(closesocket(client), 0);
    assert_int_equal(closesocket(l), 0);
    WSACloseEvent(event);
}

static int
select_in_child(SOCKET s)
{
    WSAEVENT event = WSACreateEvent();
    WSANETWORKEVENTS found;
    unsigned long off = 0;

    if (WSAEnumNetworkEvents(s, NULL, &found) != 0 || found.lNetworkEvents != 0 ||
        ioctlsocket(s, FIONBIO, &off) != 0) {
        return 1;
    }
    if (WSAEventSelect(s, event, FD_READ) != 0 || write(s, "x", 1) != 1) {
        return 2;
    }
    WaitForSingleObject(event, INFINITE);
    return WSAEnumNetworkEvents(s, event, &found) != 0 || found.lNetworkEvents != FD_READ;
}

static void
test_fork__child_selects_for_itself(void **state)
{
    WSAEVENT event = WSACreateEvent();
    SOCKET s[2];
    char byte;
    pid_t child;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    assert_int_equal(WSAEventSelect(s[1], event, FD_WRITE), 0);
    child = fork();
    if (child == 0) {
        _exit(select_in_child(s[1]));
    }
    assert_int_equal(read(s[0], &byte, 1), 1);
    assert_int_equal(write(s[0], "y", 1), 1);
    assert_child(child);
    assert_int_equal(recorded(s[1], NULL), FD_WRITE);
    assert_int_equal(closesocket(s[0]), 0);
    assert_int_equal(closesocket(s[1]), 0);
    WSACloseEvent(event);
}

static DWORD WINAPI
answer_all(LPVOID s)
{
    const SOCKET *both = s;
    char byte;

    while (recv(both[0], &byte, 1, 0) == 1 && send(both[0], &byte, 1, 0) == 1) {
    }
    return 0;
}

/* Whoever held a lock in the parent holds none in the child. */
static void
test_fork__while_the_thread_looks(void **state)
{
    WSAEVENT event = WSACreateEvent();
    SOCKET s[2];
    HANDLE answerer;
    char byte;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    answerer = CreateThread(NULL, 0, answer_all, s, 0, NULL);
    assert_int_equal(WSAEventSelect(s[1], event, FD_READ), 0);
    for (int i = 0; i < 100; i++) {
        pid_t child;

        assert_int_equal(send(s[1], "x", 1, 0), 1);
        child = fork();
        if (child == 0) {
            _exit(!SetEvent(event) || !ResetEvent(event) || recv(-1, &byte, 1, 0) != -1 ||
                  WSAEventSelect(s[1], NULL, 0) != 0);
        }
        assert_child(child);
        assert_comes(s[1], event, FD_READ);
        assert_int_equal(recv(s[1], &byte, 1, 0), 1);
    }
    assert_int_equal(closesocket(s[1]), 0);
    assert_int_equal(WaitForSingleObject(answerer, INFINITE), WAIT_OBJECT_0);
    assert_int_equal(closesocket(s[0]), 0);
    CloseHandle(answerer);
    WSACloseEvent(event);
}

/* --- conditions ------------------------------------------------------------------------------ */

static int CALLBACK
answer(LPWSABUF lpCallerId, LPWSABUF lpCallerData, LPQOS lpSQOS, LPQOS lpGQOS, LPWSABUF lpCalleeId,
       LPWSABUF lpCalleeData, GROUP *g, DWORD_PTR dwCallbackData)
{
    assert_int_equal(lpCallerId->len, sizeof(SOCKADDR_IN));
    assert_int_equal(lpCalleeId->len, sizeof(SOCKADDR_IN));
    assert_null(lpCallerData);
    return (int)dwCallbackData;
}

static void
test_WSAAccept__asks(void **state)
{
    SOCKADDR_IN at, from;
    SOCKET l = listener(&at), client, s;
    INT size = -1;
    char byte;

    assert_fails(WSAAccept(l, (SOCKADDR *)&from, &size, NULL, 0), WSAEFAULT);
    assert_fails(WSAAccept(l, (SOCKADDR *)&from, NULL, NULL, 0), WSAEFAULT);
    client = connected(&at);
    assert_fails(WSAAccept(l, NULL, NULL, answer, 77), WSAEINVAL);
    assert_fails((int)recv(client, &byte, 1, 0), WSAECONNRESET);
    assert_int_equal(closesocket(client), 0);
    /* What was deferred comes before who came later, and goes with its listener. */
    client = connected(&at);
    assert_fails(WSAAccept(l, NULL, NULL, answer, CF_DEFER), WSATRY_AGAIN);
    assert_fails(WSAAccept(l, NULL, NULL, answer, CF_DEFER), WSATRY_AGAIN);
    s = accept(l, NULL, NULL);
    assert_int_equal(send(client, "x", 1, 0), 1);
    assert_int_equal(recv(s, &byte, 1, 0), 1);
    assert_int_equal(closesocket(s), 0);
    assert_int_equal(closesocket(client), 0);
    client = connected(&at);
    assert_fails(WSAAccept(l, NULL, NULL, answer, CF_DEFER), WSATRY_AGAIN);
    assert_int_equal(closesocket(l), 0);
    assert_int_equal(recv(client, &byte, 1, 0), 0);
    assert_int_equal(closesocket(client), 0);
}

static void
test_WSAPoll__answers(void **state)
{
    WSAPOLLFD fds[2] = { { .events = POLLRDNORM }, { .fd = INVALID_SOCKET } };
    SOCKET s[2];

    pair(s);
    fds[0].fd = s[0];
    assert_int_equal(WSAPoll(fds, 2, 0), 0);
    assert_int_equal(send(s[1], "x", 1, 0), 1);
    assert_int_equal(WSAPoll(fds, 2, -1), 1);
    assert_int_equal(fds[0].revents, POLLRDNORM);
    assert_int_equal(closesocket(s[1]), 0);
    fds[0].events = 0;
    assert_int_equal(WSAPoll(fds, 2, -1), 1);
    assert_int_equal(fds[0].revents, POLLHUP);
    assert_int_equal(fds[0].events, 0);
    fds[0].events = POLLPRI;
    assert_fails(WSAPoll(fds, 2, 0), WSAEINVAL);
    assert_fails(WSAPoll(NULL, 2, 0), WSAEFAULT);
    assert_fails(WSAPoll(fds, 0, 0), WSAEINVAL);
    assert_fails(WSAPoll(fds + 1, 1, -1), WSAENOTSOCK);
    assert_int_equal(closesocket(s[0]), 0);
    fds[0].events = 0;
    assert_fails(WSAPoll(fds, 2, -1), WSAENOTSOCK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_WSAEventSelect__refuses),
        cmocka_unit_test(test_WSAEventSelect__records_what_is_read),
        cmocka_unit_test(test_WSAEventSelect__reset_is_told_and_received),
        cmocka_unit_test(test_WSAEventSelect__a_second_connect_is_told_of_the_first),
        cmocka_unit_test(test_WSAEventSelect__connections),
        cmocka_unit_test(test_WSAEventSelect__closed_by_close),
        cmocka_unit_test(test_WSAEventSelect__closed_by_close_and_open_elsewhere),
        cmocka_unit_test(test_WSAEventSelect__leaves_a_connections_failure_to_who_asks),
        cmocka_unit_test(test_fork__child_closes_what_its_parent_watches),
        cmocka_unit_test(test_fork__child_selects_for_itself),
        cmocka_unit_test(test_fork__while_the_thread_looks),
        cmocka_unit_test(test_WSAAccept__asks),
        cmocka_unit_test(test_WSAPoll__answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
