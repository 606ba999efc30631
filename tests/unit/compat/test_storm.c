/* SPDX-License-Identifier: Apache-2.0 */
/* Events, threads and waits, all against each other. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <winsock2.h>

enum { WORKERS = 32, ROUNDS = 300, PAIRS = 16 };

/* --- two threads that answer each other, many times over ------------------------------------ */

struct pair {
    HANDLE ping, pong, stop;
    DWORD served;
};

static DWORD WINAPI
serve(LPVOID parameter)
{
    struct pair *p = parameter;
    HANDLE either[2] = { p->stop, p->ping };

    while (WaitForMultipleObjects(2, either, FALSE, INFINITE) == WAIT_OBJECT_0 + 1) {
        p->served++;
        SetEvent(p->pong);
    }
    return p->served;
}

static DWORD WINAPI
ask(LPVOID parameter)
{
    struct pair *p = parameter;

    for (int i = 0; i < ROUNDS; i++) {
        if (!SetEvent(p->ping) || WaitForSingleObject(p->pong, INFINITE) != WAIT_OBJECT_0) {
            return 1;
        }
    }
    return 0;
}

static void
test_storm__pings_and_pongs(void **state)
{
    struct pair pairs[PAIRS] = { 0 };
    HANDLE servers[PAIRS], askers[PAIRS], stop = CreateEventA(NULL, TRUE, FALSE, NULL);
    DWORD code;

    for (int i = 0; i < PAIRS; i++) {
        pairs[i].stop = stop;
        pairs[i].ping = CreateEventA(NULL, FALSE, FALSE, NULL);
        pairs[i].pong = CreateEventA(NULL, FALSE, FALSE, NULL);
        servers[i] = CreateThread(NULL, 0, serve, &pairs[i], 0, NULL);
        askers[i] = CreateThread(NULL, 0, ask, &pairs[i], 0, NULL);
        assert_non_null(askers[i]);
    }
    assert_int_equal(WaitForMultipleObjects(PAIRS, askers, TRUE, INFINITE), WAIT_OBJECT_0);
    SetEvent(stop);
    assert_int_equal(WaitForMultipleObjects(PAIRS, servers, TRUE, INFINITE), WAIT_OBJECT_0);
    for (int i = 0; i < PAIRS; i++) {
        assert_true(GetExitCodeThread(askers[i], &code));
        assert_int_equal(code, 0);
        assert_true(GetExitCodeThread(servers[i], &code));
        assert_int_equal(code, ROUNDS);
        CloseHandle(servers[i]);
        CloseHandle(askers[i]);
        CloseHandle(pairs[i].ping);
        CloseHandle(pairs[i].pong);
    }
    CloseHandle(stop);
}

/* --- handles that come and go under threads that wait for them ------------------------------- */

static HANDLE volatile shared[8];
static CRITICAL_SECTION section;
static LONG volatile waits, nested;

static DWORD WINAPI
churn(LPVOID parameter)
{
    unsigned seed = (unsigned)(uintptr_t)parameter;
    LONG counted = 0;

    for (int i = 0; i < ROUNDS; i++) {
        const unsigned at = (seed = seed * 1103515245 + 12345) >> 16 & 7;
        HANDLE mine = CreateEventA(NULL, (BOOL)(seed & 1), FALSE, NULL);
        HANDLE old = InterlockedExchangePointer(&shared[at], mine);
        HANDLE two[2] = { mine, old ? old : mine };
        DWORD answer;

        SetEvent(old);
        answer = WaitForMultipleObjects(2, two, FALSE, seed >> 8 & 1);
        if (answer != WAIT_TIMEOUT && answer != WAIT_FAILED && answer > WAIT_OBJECT_0 + 1) {
            return 1;
        }
        CloseHandle(old);
        EnterCriticalSection(&section);
        EnterCriticalSection(&section);
        nested++;
        LeaveCriticalSection(&section);
        LeaveCriticalSection(&section);
        counted += (LONG)InterlockedIncrement(&waits) > 0;
    }
    return counted == ROUNDS ? 0 : 2;
}

static void
test_storm__handles_come_and_go(void **state)
{
    HANDLE threads[WORKERS];
    DWORD code;

    InitializeCriticalSection(&section);
    for (uintptr_t i = 0; i < WORKERS; i++) {
        threads[i] = CreateThread(NULL, 0, churn, (LPVOID)(i + 1), CREATE_SUSPENDED, NULL);
        assert_non_null(threads[i]);
    }
    for (int i = 0; i < WORKERS; i++) {
        assert_int_equal(ResumeThread(threads[i]), 1);
    }
    assert_int_equal(WaitForMultipleObjects(WORKERS, threads, TRUE, INFINITE), WAIT_OBJECT_0);
    for (int i = 0; i < WORKERS; i++) {
        assert_true(GetExitCodeThread(threads[i], &code));
        assert_int_equal(code, 0);
        CloseHandle(threads[i]);
    }
    assert_int_equal(waits, WORKERS * ROUNDS);
    assert_int_equal(nested, WORKERS * ROUNDS);
    for (int i = 0; i < 8; i++) {
        CloseHandle(shared[i]);
    }
    DeleteCriticalSection(&section);
}

/* --- threads that nobody waits for ----------------------------------------------------------- */

static LONG volatile left;

static DWORD WINAPI
count_down(LPVOID done)
{
    if (InterlockedDecrement(&left) == 0) {
        SetEvent(done);
    }
    return 0;
}

static void
test_storm__many_short_threads(void **state)
{
    HANDLE done = CreateEventA(NULL, TRUE, FALSE, NULL);

    left = 500;
    for (int i = 0; i < 500; i++) {
        HANDLE thread;

        while (!(thread = CreateThread(NULL, 0, count_down, done, 0, NULL))) {
            Sleep(1);
        }
        CloseHandle(thread);
    }
    assert_int_equal(WaitForSingleObject(done, INFINITE), WAIT_OBJECT_0);
    CloseHandle(done);
}

/* --- sockets whose events are selected, one event for all of them ---------------------------- */

enum { SOCKETS = 24, BYTES = 20000 };

static DWORD WINAPI
write_all(LPVOID parameter)
{
    const SOCKET s = *(const SOCKET *)parameter;
    char text[113] = { 0 };
    DWORD rest = BYTES;

    while (rest > 0) {
        const ssize_t n = send(s, text, rest < sizeof(text) ? rest : sizeof(text), 0);

        if (n <= 0) {
            return 1;
        }
        rest -= (DWORD)n;
    }
    return closesocket(s) != 0;
}

/* Whether it has ended; reads a little, so that there is more. */
static BOOL
read_some(SOCKET s, DWORD *count)
{
    WSANETWORKEVENTS found;
    char text[64];
    ssize_t n;

    assert_int_equal(WSAEnumNetworkEvents(s, NULL, &found), 0);
    if (found.lNetworkEvents & FD_READ) {
        n = recv(s, text, sizeof(text), 0);
        assert_true(n > 0 || WSAGetLastError() == WSAEWOULDBLOCK);
        *count += n > 0 ? (DWORD)n : 0;
    }
    return (found.lNetworkEvents & FD_CLOSE) != 0;
}

static void
test_storm__selected_sockets(void **state)
{
    SOCKET s[SOCKETS][2];
    HANDLE writers[SOCKETS], event = CreateEventA(NULL, FALSE, FALSE, NULL);
    DWORD count = 0, open = SOCKETS, code;

    for (int i = 0; i < SOCKETS; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s[i]), 0);
        assert_int_equal(WSAEventSelect(s[i][0], event, FD_READ | FD_CLOSE), 0);
        writers[i] = CreateThread(NULL, 0, write_all, &s[i][1], 0, NULL);
        assert_non_null(writers[i]);
    }
    while (open > 0) {
        assert_int_equal(WaitForSingleObject(event, INFINITE), WAIT_OBJECT_0);
        for (int i = 0; i < SOCKETS; i++) {
            if (s[i][0] != INVALID_SOCKET && read_some(s[i][0], &count)) {
                assert_int_equal(closesocket(s[i][0]), 0);
                s[i][0] = INVALID_SOCKET;
                open--;
            }
        }
    }
    assert_int_equal(count, SOCKETS * BYTES);
    for (int i = 0; i < SOCKETS; i++) {
        assert_int_equal(WaitForSingleObject(writers[i], INFINITE), WAIT_OBJECT_0);
        assert_true(GetExitCodeThread(writers[i], &code) && code == 0);
        assert_true(CloseHandle(writers[i]));
    }
    assert_true(CloseHandle(event));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_storm__pings_and_pongs),
        cmocka_unit_test(test_storm__handles_come_and_go),
        cmocka_unit_test(test_storm__many_short_threads),
        cmocka_unit_test(test_storm__selected_sockets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
