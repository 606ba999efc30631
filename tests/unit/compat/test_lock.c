/* SPDX-License-Identifier: Apache-2.0 */
/* Reader/writer locks, condition variables, and what is done once. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <cmocka.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <windows.h>

enum { WORKERS = 8, ROUNDS = 2000 };

static void
run_all(LPTHREAD_START_ROUTINE run, LPVOID parameter)
{
    HANDLE threads[WORKERS];
    DWORD code = 1;

    for (int i = 0; i < WORKERS; i++) {
        threads[i] = CreateThread(NULL, 0, run, parameter, 0, NULL);
        assert_non_null(threads[i]);
    }
    for (int i = 0; i < WORKERS; i++) {
        assert_int_equal(WaitForSingleObject(threads[i], INFINITE), WAIT_OBJECT_0);
        assert_true(GetExitCodeThread(threads[i], &code));
        assert_int_equal(code, 0);
        assert_true(CloseHandle(threads[i]));
    }
}

/* --- reader/writer locks ------------------------------------------------------------------- */

static void
test_srw__who_may_enter(void **state)
{
    SRWLOCK lock = SRWLOCK_INIT;

    assert_true(TryAcquireSRWLockExclusive(&lock));
    assert_false(TryAcquireSRWLockExclusive(&lock));
    assert_false(TryAcquireSRWLockShared(&lock));
    ReleaseSRWLockExclusive(&lock);
    AcquireSRWLockShared(&lock);
    assert_true(TryAcquireSRWLockShared(&lock));
    assert_false(TryAcquireSRWLockExclusive(&lock));
    ReleaseSRWLockShared(&lock);
    assert_false(TryAcquireSRWLockExclusive(&lock));
    ReleaseSRWLockShared(&lock);
    AcquireSRWLockExclusive(&lock);
    ReleaseSRWLockExclusive(&lock);
    assert_null(lock.Ptr);
    lock.Ptr = &lock;
    InitializeSRWLock(&lock);
    assert_true(TryAcquireSRWLockExclusive(&lock));
}

static SRWLOCK shared_lock = SRWLOCK_INIT;
static LONG guarded[2];

static DWORD WINAPI
read_and_write(LPVOID parameter)
{
    for (int i = 0; i < ROUNDS; i++) {
        if (i % 3 == 0) {
            AcquireSRWLockExclusive(&shared_lock);
            guarded[0]++;
            guarded[1]++;
            ReleaseSRWLockExclusive(&shared_lock);
        } else {
            LONG differ;

            AcquireSRWLockShared(&shared_lock);
            differ = guarded[0] - guarded[1];
            ReleaseSRWLockShared(&shared_lock);
            if (differ) {
                return 1;
            }
        }
    }
    return 0;
}

static void
test_srw__keeps_writers_apart(void **state)
{
    run_all(read_and_write, NULL);
    assert_int_equal(guarded[0], WORKERS * ((ROUNDS + 2) / 3));
    assert_int_equal(guarded[0], guarded[1]);
    assert_null(shared_lock.Ptr);
}

static DWORD WINAPI
write_once(LPVOID lock)
{
    AcquireSRWLockExclusive(lock);
    ReleaseSRWLockExclusive(lock);
    return 0;
}

/* Readers that always overlap do not keep a writer out. */
static void
test_srw__a_writer_that_waits_keeps_readers_out(void **state)
{
    SRWLOCK lock = SRWLOCK_INIT;
    HANDLE writer;

    AcquireSRWLockShared(&lock);
    writer = CreateThread(NULL, 0, write_once, &lock, 0, NULL);
    while (TryAcquireSRWLockShared(&lock)) {
        ReleaseSRWLockShared(&lock);
        SwitchToThread();
    }
    ReleaseSRWLockShared(&lock);
    assert_int_equal(WaitForSingleObject(writer, INFINITE), WAIT_OBJECT_0);
    assert_true(TryAcquireSRWLockShared(&lock));
    assert_true(CloseHandle(writer));
}

/* --- condition variables ------------------------------------------------------------------- */

/* A queue with one place: what goes in comes out. */
struct queue {
    CRITICAL_SECTION section;
    SRWLOCK lock;
    CONDITION_VARIABLE filled, emptied;
    LONG item, taken, sum;
};

enum { ITEMS = WORKERS / 2 * ROUNDS };

static DWORD WINAPI
pass_on(LPVOID parameter)
{
    struct queue *q = parameter;

    for (;;) {
        EnterCriticalSection(&q->section);
        while (q->item == 0 && q->taken < ITEMS) {
            SleepConditionVariableCS(&q->filled, &q->section, INFINITE);
        }
        if (q->taken == ITEMS) {
            LeaveCriticalSection(&q->section);
            WakeAllConditionVariable(&q->filled);
            return 0;
        }
        q->sum += q->item;
        q->item = 0;
        q->taken++;
        LeaveCriticalSection(&q->section);
        WakeConditionVariable(&q->emptied);
    }
}

static void
test_condition__passes_all_on(void **state)
{
    struct queue q = { .filled = CONDITION_VARIABLE_INIT, .emptied = CONDITION_VARIABLE_INIT };
    HANDLE threads[WORKERS];

    InitializeCriticalSection(&q.section);
    for (int i = 0; i < WORKERS; i++) {
        threads[i] = CreateThread(NULL, 0, pass_on, &q, 0, NULL);
    }
    for (LONG i = 0; i < ITEMS; i++) {
        EnterCriticalSection(&q.section);
        while (q.item != 0) {
            assert_true(SleepConditionVariableCS(&q.emptied, &q.section, INFINITE));
        }
        q.item = i % 7 + 1;
        LeaveCriticalSection(&q.section);
        WakeConditionVariable(&q.filled);
    }
    for (int i = 0; i < WORKERS; i++) {
        assert_int_equal(WaitForSingleObject(threads[i], INFINITE), WAIT_OBJECT_0);
        assert_true(CloseHandle(threads[i]));
    }
    DeleteCriticalSection(&q.section);
    assert_int_equal(q.taken, ITEMS);
    LONG sum = 0;
    for (LONG i = 0; i < ITEMS; i++) {
        sum += i % 7 + 1;
    }
    assert_int_equal(q.sum, sum);
}

struct gate {
    SRWLOCK lock;
    CONDITION_VARIABLE opened;
    bool open;
    LONG volatile through;
};

static DWORD WINAPI
go_through(LPVOID parameter)
{
    struct gate *g = parameter;

    AcquireSRWLockShared(&g->lock);
    while (!g->open) {
        SleepConditionVariableSRW(&g->opened, &g->lock, INFINITE,
                                  CONDITION_VARIABLE_LOCKMODE_SHARED);
    }
    InterlockedIncrement(&g->through);
    ReleaseSRWLockShared(&g->lock);
    return 0;
}

static DWORD WINAPI
open_gate(LPVOID parameter)
{
    struct gate *g = parameter;

    AcquireSRWLockExclusive(&g->lock);
    g->open = true;
    ReleaseSRWLockExclusive(&g->lock);
    WakeAllConditionVariable(&g->opened);
    return 0;
}

static void
test_condition__wakes_all_readers(void **state)
{
    struct gate g = { .lock = SRWLOCK_INIT };
    HANDLE opener;

    InitializeConditionVariable(&g.opened);
    opener = CreateThread(NULL, 0, open_gate, &g, CREATE_SUSPENDED, NULL);
    ResumeThread(opener);
    run_all(go_through, &g);
    assert_int_equal(g.through, WORKERS);
    assert_int_equal(WaitForSingleObject(opener, INFINITE), WAIT_OBJECT_0);
    assert_true(CloseHandle(opener));
}

static DWORD WINAPI
sleep_once(LPVOID variable)
{
    SRWLOCK lock = SRWLOCK_INIT;

    AcquireSRWLockExclusive(&lock);
    return !SleepConditionVariableSRW(variable, &lock, INFINITE, 0);
}

/* A wake is for one that slept before it, but where priorities differ the kernel may choose one that came
 * since: it must not be lost on him. */
static void
test_condition__whom_the_kernel_wakes__comes_back(void **state)
{
    CONDITION_VARIABLE variable = CONDITION_VARIABLE_INIT;
    HANDLE thread = CreateThread(NULL, 0, sleep_once, &variable, 0, NULL);
    DWORD code = 1;

    while (syscall(SYS_futex, &variable, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0) == 0) {
        SwitchToThread();
    }
    assert_int_equal(WaitForSingleObject(thread, 60000), WAIT_OBJECT_0);
    assert_true(GetExitCodeThread(thread, &code));
    assert_int_equal(code, 0);
    assert_true(CloseHandle(thread));
}

static void
test_condition__times_out_with_the_lock(void **state)
{
    CONDITION_VARIABLE variable = CONDITION_VARIABLE_INIT;
    SRWLOCK lock = SRWLOCK_INIT;
    CRITICAL_SECTION section;

    AcquireSRWLockExclusive(&lock);
    for (DWORD ms = 0; ms < 3; ms++) {
        SetLastError(0);
        assert_false(SleepConditionVariableSRW(&variable, &lock, ms, 0));
        assert_int_equal(GetLastError(), ERROR_TIMEOUT);
        assert_false(TryAcquireSRWLockShared(&lock));
    }
    assert_false(SleepConditionVariableSRW(&variable, &lock, 0, 2));
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    ReleaseSRWLockExclusive(&lock);
    AcquireSRWLockShared(&lock);
    assert_false(
        SleepConditionVariableSRW(&variable, &lock, 1, CONDITION_VARIABLE_LOCKMODE_SHARED));
    assert_true(TryAcquireSRWLockShared(&lock));
    InitializeCriticalSection(&section);
    EnterCriticalSection(&section);
    assert_false(SleepConditionVariableCS(&variable, &section, 1));
    assert_int_equal(GetLastError(), ERROR_TIMEOUT);
    LeaveCriticalSection(&section);
    DeleteCriticalSection(&section);
    /* Nobody is there to be woken. */
    WakeConditionVariable(&variable);
    WakeAllConditionVariable(&variable);
}

/* --- once ---------------------------------------------------------------------------------- */

static LONG volatile made;
static LONGLONG thing;

static BOOL WINAPI
make_thing(PINIT_ONCE once, PVOID parameter, PVOID *context)
{
    InterlockedIncrement(&made);
    Sleep(2);
    thing = (LONGLONG)(intptr_t)parameter;
    *context = &thing;
    return TRUE;
}

static DWORD WINAPI
want_thing(LPVOID once)
{
    LPVOID context = NULL;

    return !InitOnceExecuteOnce(once, make_thing, (PVOID)42, &context) || context != &thing ||
           thing != 42;
}

static void
test_once__others_wait(void **state)
{
    INIT_ONCE once = INIT_ONCE_STATIC_INIT;

    run_all(want_thing, &once);
    assert_int_equal(made, 1);
    assert_true(InitOnceExecuteOnce(&once, make_thing, NULL, NULL));
    assert_int_equal(made, 1);
    InitOnceInitialize(&once);
    assert_true(InitOnceExecuteOnce(&once, make_thing, NULL, NULL));
    assert_int_equal(made, 2);
}

static BOOL WINAPI
try_thing(PINIT_ONCE once, PVOID parameter, PVOID *context)
{
    int *failures = parameter;

    if (*failures > 0) {
        (*failures)--;
        SetLastError(ERROR_BUSY);
        return FALSE;
    }
    *context = (PVOID)2;
    return TRUE;
}

static void
test_once__fails_and_is_tried_again(void **state)
{
    INIT_ONCE once = INIT_ONCE_STATIC_INIT;
    LPVOID context = &once;
    int failures = 2;

    for (int i = 0; i < 2; i++) {
        SetLastError(0);
        assert_false(InitOnceExecuteOnce(&once, try_thing, &failures, &context));
        assert_int_equal(GetLastError(), ERROR_BUSY);
    }
    /* Its lowest bits are not the caller's. */
    assert_false(InitOnceExecuteOnce(&once, try_thing, &failures, &context));
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    assert_ptr_equal(context, &once);
    assert_null(once.Ptr);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_srw__who_may_enter),
        cmocka_unit_test(test_srw__keeps_writers_apart),
        cmocka_unit_test(test_srw__a_writer_that_waits_keeps_readers_out),
        cmocka_unit_test(test_condition__passes_all_on),
        cmocka_unit_test(test_condition__wakes_all_readers),
        cmocka_unit_test(test_condition__whom_the_kernel_wakes__comes_back),
        cmocka_unit_test(test_condition__times_out_with_the_lock),
        cmocka_unit_test(test_once__others_wait),
        cmocka_unit_test(test_once__fails_and_is_tried_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
