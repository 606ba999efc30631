/* SPDX-License-Identifier: Apache-2.0 */
/* Threads, waits for many objects, critical sections, Interlocked functions. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include <process.h>
#include <pthread.h>
#include <windows.h>

static DWORD WINAPI
answer(LPVOID parameter)
{
    return (DWORD)(uintptr_t)parameter;
}

static DWORD WINAPI
wait_for(LPVOID handle)
{
    return WaitForSingleObject(handle, INFINITE);
}

static void
assert_ends_with(HANDLE thread, DWORD code)
{
    DWORD have = 0;

    assert_int_equal(WaitForSingleObject(thread, INFINITE), WAIT_OBJECT_0);
    assert_true(GetExitCodeThread(thread, &have));
    assert_int_equal(have, code);
    assert_true(CloseHandle(thread));
}

static void
test_thread__ends_with_its_code(void **state)
{
    HANDLE go = CreateEventA(NULL, TRUE, FALSE, NULL);
    HANDLE thread = CreateThread(NULL, 0, wait_for, go, 0, NULL);
    DWORD code = 0;

    assert_non_null(thread);
    assert_true(GetExitCodeThread(thread, &code));
    assert_int_equal(code, STILL_ACTIVE);
    assert_int_equal(WaitForSingleObject(thread, 1), WAIT_TIMEOUT);
    assert_true(SetEvent(go));
    assert_ends_with(thread, WAIT_OBJECT_0);
    assert_true(CloseHandle(go));
    assert_ends_with(CreateThread(NULL, 4096, answer, (LPVOID)0xffffffff, 0, NULL), 0xffffffff);
}

static DWORD WINAPI
own_id(LPVOID parameter)
{
    return GetCurrentThreadId();
}

static void
test_thread__has_an_id(void **state)
{
    DWORD id = 0;
    HANDLE thread = CreateThread(NULL, 0, own_id, NULL, 0, &id);

    assert_int_not_equal(id, 0);
    assert_int_not_equal(id, GetCurrentThreadId());
    assert_ends_with(thread, id);
}

static DWORD WINAPI
leave(LPVOID parameter)
{
    ExitThread(42);
    return 1;
}

static void
test_exit_thread__sets_the_code(void **state)
{
    assert_ends_with(CreateThread(NULL, 0, leave, NULL, 0, NULL), 42);
}

#ifndef __SANITIZE_THREAD__ /* which has a thread of its own, and wants none after fork() */

/* After the thread that owns it. */
static DWORD WINAPI
end_after(LPVOID mutex)
{
    return WaitForSingleObject(mutex, INFINITE) == WAIT_ABANDONED ? 7 : 2;
}

static void *
end_last(void *file)
{
    Sleep(60);
    return (void *)(intptr_t)write((int)(intptr_t)file, "x", 1);
}

/* In a child: sockets are watched by a thread of the library's, which does not keep it alive. */
static void
leave_main(int file)
{
    pthread_t stranger;

    if (WSAEventSelect(socket(AF_INET, SOCK_DGRAM, 0), WSACreateEvent(), FD_READ) != 0 ||
        !CreateThread(NULL, 0, end_after, CreateMutexA(NULL, TRUE, NULL), 0, NULL) ||
        pthread_create(&stranger, NULL, end_last, (void *)(intptr_t)file) != 0) {
        _exit(1);
    }
    ExitThread(3);
}

static void
test_exit_thread__of_the_first_thread(void **state)
{
    int ends[2], status = -1;
    char byte = 0;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    fflush(NULL); /* which the child does, too */
    child = fork();
    if (child == 0) {
        leave_main(ends[1]);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 7);
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
}

#endif

static LONG volatile ran;

static DWORD WINAPI
count_run(LPVOID parameter)
{
    return (DWORD)InterlockedIncrement(&ran);
}

static void
test_resume_thread__lets_it_run(void **state)
{
    DWORD id = 0, code;
    HANDLE thread = CreateThread(NULL, 0, count_run, NULL, CREATE_SUSPENDED, &id);

    assert_non_null(thread);
    assert_int_not_equal(id, 0);
    assert_int_equal(WaitForSingleObject(thread, 5), WAIT_TIMEOUT);
    assert_true(GetExitCodeThread(thread, &code));
    assert_int_equal(code, STILL_ACTIVE);
    assert_int_equal(ran, 0);
    assert_int_equal(ResumeThread(thread), 1);
    assert_int_equal(WaitForSingleObject(thread, INFINITE), WAIT_OBJECT_0);
    assert_int_equal(ran, 1);
    assert_int_equal(ResumeThread(thread), 0);
    assert_true(CloseHandle(thread));
    assert_int_equal(ResumeThread(thread), (DWORD)-1);
}

static void
test_create_thread__refuses(void **state)
{
    DWORD code;
    HANDLE event = CreateEventA(NULL, TRUE, TRUE, NULL);

    assert_null(CreateThread(NULL, 0, NULL, NULL, 0, NULL));
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    assert_null(CreateThread(NULL, 0, answer, NULL, 2, NULL));
    assert_false(GetExitCodeThread(event, &code));
    assert_int_equal(GetLastError(), ERROR_INVALID_HANDLE);
    assert_false(SetEvent(NULL));
    assert_true(CloseHandle(event));
}

static void
test_close_handle__the_thread_goes_on(void **state)
{
    HANDLE go = CreateEventA(NULL, TRUE, FALSE, NULL);
    HANDLE thread = CreateThread(NULL, 0, wait_for, go, 0, NULL);
    DWORD code;

    assert_true(CloseHandle(thread));
    assert_false(GetExitCodeThread(thread, &code));
    assert_true(SetEvent(go));
    assert_true(CloseHandle(go));
}

struct plain {
    HANDLE done;
    bool ends_early;
};

static void WINAPI
plain(void *parameter)
{
    struct plain *p = parameter;
    HANDLE done = p->done;

    if (p->ends_early) {
        SetEvent(done);
        _endthread();
    }
    SetEvent(done);
}

static unsigned WINAPI
plain_ex(void *parameter)
{
    _endthreadex(7);
    return 1;
}

static void
test_begin_thread__both_forms(void **state)
{
    struct plain p = { CreateEventA(NULL, FALSE, FALSE, NULL), false };
    unsigned id = 0;
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, plain_ex, NULL, 0, &id);

    assert_non_null(thread);
    assert_int_not_equal(id, 0);
    assert_ends_with(thread, 7);
    for (int i = 0; i < 2; i++) {
        p.ends_early = i;
        thread = (HANDLE)_beginthread(plain, 0, &p);
        assert_int_not_equal((intptr_t)thread, -1);
        assert_int_equal(WaitForSingleObject(p.done, INFINITE), WAIT_OBJECT_0);
        while (WaitForSingleObject(thread, 1) != WAIT_FAILED) {
        }
    }
    assert_true(CloseHandle(p.done));
    assert_int_equal(_beginthread(NULL, 0, NULL), (uintptr_t)-1);
    assert_int_equal(_beginthreadex(NULL, 0, NULL, NULL, 0, NULL), 0);
}

static void
test_wait_many__first_and_all(void **state)
{
    HANDLE h[3];
    HANDLE thread;

    for (int i = 0; i < 3; i++) {
        h[i] = CreateEventA(NULL, FALSE, i > 0, NULL);
    }
    assert_int_equal(WaitForMultipleObjects(3, h, TRUE, 0), WAIT_TIMEOUT);
    assert_int_equal(WaitForMultipleObjects(3, h, FALSE, 0), WAIT_OBJECT_0 + 1);
    assert_int_equal(WaitForMultipleObjects(3, h, FALSE, 0), WAIT_OBJECT_0 + 2);
    assert_int_equal(WaitForMultipleObjects(3, h, FALSE, 1), WAIT_TIMEOUT);
    for (int i = 0; i < 3; i++) {
        SetEvent(h[i]);
    }
    assert_int_equal(WaitForMultipleObjects(3, h, TRUE, INFINITE), WAIT_OBJECT_0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(WaitForSingleObject(h[i], 0), WAIT_TIMEOUT);
    }
    /* A thread beside events. */
    thread = CreateThread(NULL, 0, answer, NULL, 0, NULL);
    CloseHandle(h[1]);
    h[1] = thread;
    assert_int_equal(WaitForMultipleObjects(3, h, FALSE, INFINITE), WAIT_OBJECT_0 + 1);
    for (int i = 0; i < 3; i++) {
        assert_true(CloseHandle(h[i]));
    }
}

static void
test_wait_many__refuses(void **state)
{
    HANDLE h[MAXIMUM_WAIT_OBJECTS + 1];

    for (int i = 0; i <= MAXIMUM_WAIT_OBJECTS; i++) {
        h[i] = CreateEventA(NULL, TRUE, FALSE, NULL);
    }
    assert_int_equal(WaitForMultipleObjects(0, h, FALSE, 0), WAIT_FAILED);
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    assert_int_equal(WaitForMultipleObjects(MAXIMUM_WAIT_OBJECTS + 1, h, FALSE, 0), WAIT_FAILED);
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    assert_int_equal(WaitForMultipleObjects(MAXIMUM_WAIT_OBJECTS, h, TRUE, 0), WAIT_TIMEOUT);
    SetEvent(h[MAXIMUM_WAIT_OBJECTS - 1]);
    assert_int_equal(WaitForMultipleObjects(MAXIMUM_WAIT_OBJECTS, h, FALSE, INFINITE),
                     WAIT_OBJECT_0 + MAXIMUM_WAIT_OBJECTS - 1);
    h[1] = h[0];
    assert_int_equal(WaitForMultipleObjects(2, h, TRUE, 0), WAIT_FAILED);
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    assert_int_equal(WaitForMultipleObjects(2, h, FALSE, 1), WAIT_TIMEOUT);
    CloseHandle(h[2]);
    assert_int_equal(WaitForMultipleObjects(3, h, FALSE, INFINITE), WAIT_FAILED);
    assert_int_equal(GetLastError(), ERROR_INVALID_HANDLE);
    CloseHandle(h[0]);
    for (int i = 3; i <= MAXIMUM_WAIT_OBJECTS; i++) {
        CloseHandle(h[i]);
    }
}

static DWORD WINAPI
wait_for_both(LPVOID handles)
{
    return WaitForMultipleObjects(2, handles, TRUE, INFINITE);
}

static void
test_wait_many__a_handle_closed_meanwhile(void **state)
{
    HANDLE h[2] = { CreateEventA(NULL, TRUE, TRUE, NULL), CreateEventA(NULL, TRUE, FALSE, NULL) };
    HANDLE thread = CreateThread(NULL, 0, wait_for_both, h, 0, NULL);

    assert_int_equal(WaitForSingleObject(thread, 5), WAIT_TIMEOUT);
    assert_true(CloseHandle(h[1]));
    assert_ends_with(thread, WAIT_FAILED);
    assert_true(CloseHandle(h[0]));
}

static DWORD WINAPI
try_enter(LPVOID section)
{
    BOOL entered = TryEnterCriticalSection(section);

    if (entered) {
        LeaveCriticalSection(section);
    }
    return (DWORD)entered;
}

static void
test_critical_section__its_owner_enters_again(void **state)
{
    CRITICAL_SECTION section;

    InitializeCriticalSection(&section);
    EnterCriticalSection(&section);
    assert_true(TryEnterCriticalSection(&section));
    LeaveCriticalSection(&section);
    assert_ends_with(CreateThread(NULL, 0, try_enter, &section, 0, NULL), FALSE);
    LeaveCriticalSection(&section);
    assert_ends_with(CreateThread(NULL, 0, try_enter, &section, 0, NULL), TRUE);
    DeleteCriticalSection(&section);
    assert_true(InitializeCriticalSectionAndSpinCount(&section, 4000));
    DeleteCriticalSection(&section);
}

static void
test_interlocked__values(void **state)
{
    LONG volatile n = 5;
    LONGLONG volatile wide = 5;
    int a, b;
    PVOID volatile p = &a;

    assert_int_equal(InterlockedIncrement(&n), 6);
    assert_int_equal(InterlockedDecrement(&n), 5);
    assert_int_equal(InterlockedExchange(&n, 9), 5);
    assert_int_equal(InterlockedExchangeAdd(&n, 2), 9);
    assert_int_equal(InterlockedCompareExchange(&n, 1, 10), 11);
    assert_int_equal(InterlockedCompareExchange(&n, 1, 11), 11);
    assert_int_equal(InterlockedOr(&n, 6), 1);
    assert_int_equal(InterlockedAnd(&n, 3), 7);
    assert_int_equal(InterlockedXor(&n, 1), 3);
    assert_int_equal(n, 2);
    assert_int_equal(InterlockedIncrement64(&wide), 6);
    assert_int_equal(InterlockedDecrement64(&wide), 5);
    assert_int_equal(InterlockedExchangeAdd64(&wide, 1), 5);
    assert_int_equal(InterlockedCompareExchange64(&wide, 1LL << 40, 6), 6);
    assert_true(InterlockedExchange64(&wide, 0) == 1LL << 40);
    assert_ptr_equal(InterlockedExchangePointer(&p, &b), &a);
    assert_ptr_equal(InterlockedCompareExchangePointer(&p, &a, &b), &b);
    assert_ptr_equal(p, &a);
    MemoryBarrier();
}

static void
test_tick_count__goes_on(void **state)
{
    const ULONGLONG before = GetTickCount64();

    Sleep(3);
    assert_true(GetTickCount64() >= before + 3);
    assert_true(GetTickCount() - (DWORD)before >= 3);
    assert_true(SwitchToThread() || true);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thread__ends_with_its_code),
        cmocka_unit_test(test_thread__has_an_id),
        cmocka_unit_test(test_exit_thread__sets_the_code),
#ifndef __SANITIZE_THREAD__
        cmocka_unit_test(test_exit_thread__of_the_first_thread),
#endif
        cmocka_unit_test(test_resume_thread__lets_it_run),
        cmocka_unit_test(test_create_thread__refuses),
        cmocka_unit_test(test_close_handle__the_thread_goes_on),
        cmocka_unit_test(test_begin_thread__both_forms),
        cmocka_unit_test(test_wait_many__first_and_all),
        cmocka_unit_test(test_wait_many__refuses),
        cmocka_unit_test(test_wait_many__a_handle_closed_meanwhile),
        cmocka_unit_test(test_critical_section__its_owner_enters_again),
        cmocka_unit_test(test_interlocked__values),
        cmocka_unit_test(test_tick_count__goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
