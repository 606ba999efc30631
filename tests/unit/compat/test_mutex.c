/* SPDX-License-Identifier: Apache-2.0 */
/* Mutexes and semaphores: who has them, what becomes of them, and their names. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include <pthread.h>
#include <windows.h>

static void
assert_refused(HANDLE handle, DWORD error)
{
    assert_null(handle);
    assert_int_equal(GetLastError(), error);
}

static DWORD
end_of(HANDLE thread)
{
    DWORD code = 0;

    assert_int_equal(WaitForSingleObject(thread, INFINITE), WAIT_OBJECT_0);
    assert_true(GetExitCodeThread(thread, &code));
    assert_true(CloseHandle(thread));
    return code;
}

static DWORD
in_a_thread(LPTHREAD_START_ROUTINE run, LPVOID parameter)
{
    return end_of(CreateThread(NULL, 0, run, parameter, 0, NULL));
}

/* --- mutexes ------------------------------------------------------------------------------- */

static DWORD WINAPI
look_at(LPVOID mutex)
{
    const DWORD answer = WaitForSingleObject(mutex, 0);

    if (answer == WAIT_OBJECT_0) {
        ReleaseMutex(mutex);
    }
    return answer;
}

static DWORD WINAPI
release(LPVOID mutex)
{
    return ReleaseMutex(mutex) ? ERROR_SUCCESS : GetLastError();
}

static DWORD WINAPI
take_and_end(LPVOID mutex)
{
    return WaitForSingleObject(mutex, INFINITE);
}

static void
test_mutex__its_owner_takes_it_again(void **state)
{
    HANDLE mutex = CreateMutexA(NULL, TRUE, NULL);

    assert_non_null(mutex);
    assert_int_equal(GetLastError(), ERROR_SUCCESS);
    assert_int_equal(WaitForSingleObject(mutex, 0), WAIT_OBJECT_0);
    assert_int_equal(in_a_thread(look_at, mutex), WAIT_TIMEOUT);
    assert_int_equal(in_a_thread(release, mutex), ERROR_NOT_OWNER);
    assert_true(ReleaseMutex(mutex));
    assert_int_equal(in_a_thread(look_at, mutex), WAIT_TIMEOUT);
    assert_true(ReleaseMutex(mutex));
    assert_int_equal(in_a_thread(look_at, mutex), WAIT_OBJECT_0);
    assert_false(ReleaseMutex(mutex));
    assert_int_equal(GetLastError(), ERROR_NOT_OWNER);
    assert_true(CloseHandle(mutex));
    assert_false(ReleaseMutex(mutex));
    assert_int_equal(GetLastError(), ERROR_INVALID_HANDLE);
}

static void
test_mutex__is_abandoned_once(void **state)
{
    HANDLE mutex = CreateMutexA(NULL, FALSE, NULL),
           both[2] = { CreateEventA(NULL, TRUE, TRUE, NULL), mutex };

    assert_int_equal(in_a_thread(take_and_end, mutex), WAIT_OBJECT_0);
    assert_int_equal(WaitForSingleObject(mutex, 0), WAIT_ABANDONED);
    assert_int_equal(WaitForSingleObject(mutex, 0), WAIT_OBJECT_0);
    assert_true(ReleaseMutex(mutex) && ReleaseMutex(mutex));
    assert_int_equal(in_a_thread(look_at, mutex), WAIT_OBJECT_0);
    /* Of many: by its place, and of all at once. */
    assert_int_equal(in_a_thread(take_and_end, mutex), WAIT_OBJECT_0);
    ResetEvent(both[0]);
    assert_int_equal(WaitForMultipleObjects(2, both, FALSE, 0), WAIT_ABANDONED_0 + 1);
    assert_true(ReleaseMutex(mutex));
    assert_int_equal(in_a_thread(take_and_end, mutex), WAIT_OBJECT_0);
    assert_int_equal(WaitForMultipleObjects(2, both, TRUE, 0), WAIT_TIMEOUT);
    SetEvent(both[0]);
    assert_int_equal(WaitForMultipleObjects(2, both, TRUE, 0), WAIT_ABANDONED_0);
    assert_true(ReleaseMutex(mutex));
    assert_true(CloseHandle(both[0]) && CloseHandle(both[1]));
}

static void *
take_as_a_stranger(void *mutex)
{
    return (void *)(uintptr_t)WaitForSingleObject(mutex, INFINITE);
}

/* One that the library did not make. */
static void
test_mutex__is_abandoned_by_any_thread(void **state)
{
    HANDLE mutex = CreateMutexA(NULL, FALSE, NULL);
    pthread_t thread;
    void *answer;

    assert_int_equal(pthread_create(&thread, NULL, take_as_a_stranger, mutex), 0);
    assert_int_equal(pthread_join(thread, &answer), 0);
    assert_int_equal((uintptr_t)answer, WAIT_OBJECT_0);
    assert_int_equal(WaitForSingleObject(mutex, 0), WAIT_ABANDONED);
    assert_true(CloseHandle(mutex));
}

struct holding {
    HANDLE mutex, has_it, may_end;
    bool releases;
};

static DWORD WINAPI
hold(LPVOID parameter)
{
    const struct holding *h = parameter;

    WaitForSingleObject(h->mutex, INFINITE);
    SetEvent(h->has_it);
    WaitForSingleObject(h->may_end, INFINITE);
    return !h->releases || ReleaseMutex(h->mutex) ? ERROR_SUCCESS : GetLastError();
}

/* Somebody waits while its owner releases it, or ends. */
static void
test_mutex__wakes_who_waits(void **state)
{
    struct holding h = { CreateMutexA(NULL, FALSE, NULL), CreateEventA(NULL, FALSE, FALSE, NULL),
                         CreateEventA(NULL, FALSE, FALSE, NULL), true };

    for (int i = 0; i < 2; i++) {
        HANDLE thread = CreateThread(NULL, 0, hold, &h, 0, NULL);

        assert_int_equal(WaitForSingleObject(h.has_it, INFINITE), WAIT_OBJECT_0);
        assert_int_equal(WaitForSingleObject(h.mutex, 5), WAIT_TIMEOUT);
        SetEvent(h.may_end);
        assert_int_equal(WaitForSingleObject(h.mutex, INFINITE),
                         h.releases ? WAIT_OBJECT_0 : WAIT_ABANDONED);
        assert_true(ReleaseMutex(h.mutex));
        assert_int_equal(end_of(thread), ERROR_SUCCESS);
        h.releases = false;
    }
    assert_true(CloseHandle(h.mutex) && CloseHandle(h.has_it) && CloseHandle(h.may_end));
}

/* --- many threads -------------------------------------------------------------------------- */

enum { WORKERS = 8, ROUNDS = 300 };

struct guarded {
    HANDLE mutex, places, both[2];
    LONG n, inside;
};

static DWORD WINAPI
count_up(LPVOID parameter)
{
    struct guarded *g = parameter;

    for (int i = 0; i < ROUNDS; i++) {
        const DWORD answer = i % 2 ? WaitForSingleObject(g->mutex, INFINITE)
                                   : WaitForMultipleObjects(2, g->both, TRUE, INFINITE);

        if (answer != WAIT_OBJECT_0 || g->inside++ != 0) {
            return 1;
        }
        g->n++;
        g->inside--;
        if ((i % 2 == 0 && !ReleaseSemaphore(g->places, 1, NULL)) || !ReleaseMutex(g->mutex)) {
            return 2;
        }
    }
    return 0;
}

static void
test_mutex__keeps_threads_apart(void **state)
{
    struct guarded g = { CreateMutexA(NULL, FALSE, NULL), CreateSemaphoreA(NULL, 2, 2, NULL) };
    HANDLE threads[WORKERS];

    g.both[0] = g.places;
    g.both[1] = g.mutex;
    for (int i = 0; i < WORKERS; i++) {
        threads[i] = CreateThread(NULL, 0, count_up, &g, 0, NULL);
        assert_non_null(threads[i]);
    }
    for (int i = 0; i < WORKERS; i++) {
        assert_int_equal(end_of(threads[i]), 0);
    }
    assert_int_equal(g.n, WORKERS * ROUNDS);
    assert_true(CloseHandle(g.mutex) && CloseHandle(g.places));
}

static void
test_mutex__in_a_wait_for_all(void **state)
{
    HANDLE both[2] = { CreateMutexA(NULL, FALSE, NULL), CreateEventA(NULL, FALSE, FALSE, NULL) };

    assert_int_equal(WaitForMultipleObjects(2, both, TRUE, 1), WAIT_TIMEOUT);
    /* It was not taken meanwhile. */
    assert_int_equal(in_a_thread(look_at, both[0]), WAIT_OBJECT_0);
    SetEvent(both[1]);
    assert_int_equal(WaitForMultipleObjects(2, both, TRUE, 0), WAIT_OBJECT_0);
    assert_int_equal(in_a_thread(look_at, both[0]), WAIT_TIMEOUT);
    assert_int_equal(WaitForSingleObject(both[1], 0), WAIT_TIMEOUT);
    assert_true(ReleaseMutex(both[0]));
    assert_true(CloseHandle(both[0]) && CloseHandle(both[1]));
}

/* What the thread that forks has the child has, too; what others have nobody has there. */
static void
test_mutex__after_fork(void **state)
{
    HANDLE own = CreateMutexA(NULL, TRUE, NULL), thread;
    struct holding h = { CreateMutexA(NULL, FALSE, NULL), CreateEventA(NULL, TRUE, FALSE, NULL),
                         CreateEventA(NULL, TRUE, FALSE, NULL), true };
    int status = -1;
    pid_t child;

    thread = CreateThread(NULL, 0, hold, &h, 0, NULL);
    assert_int_equal(WaitForSingleObject(h.has_it, INFINITE), WAIT_OBJECT_0);
    child = fork();
    if (child == 0) {
        _exit(WaitForSingleObject(h.mutex, 0) == WAIT_ABANDONED && ReleaseMutex(own) ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(WaitForSingleObject(h.mutex, 0), WAIT_TIMEOUT);
    SetEvent(h.may_end);
    assert_int_equal(end_of(thread), ERROR_SUCCESS);
    assert_true(ReleaseMutex(own));
    assert_true(CloseHandle(own) && CloseHandle(h.mutex));
    assert_true(CloseHandle(h.has_it) && CloseHandle(h.may_end));
}

/* --- semaphores ---------------------------------------------------------------------------- */

static void
test_semaphore__counts(void **state)
{
    HANDLE semaphore = CreateSemaphoreA(NULL, 2, 3, NULL);
    LONG before = -1;

    assert_int_equal(WaitForSingleObject(semaphore, 0), WAIT_OBJECT_0);
    assert_int_equal(WaitForSingleObject(semaphore, 0), WAIT_OBJECT_0);
    assert_int_equal(WaitForSingleObject(semaphore, 0), WAIT_TIMEOUT);
    assert_true(ReleaseSemaphore(semaphore, 1, NULL));
    assert_true(ReleaseSemaphore(semaphore, 2, &before));
    assert_int_equal(before, 1);
    before = -1;
    assert_false(ReleaseSemaphore(semaphore, 1, &before));
    assert_int_equal(GetLastError(), ERROR_TOO_MANY_POSTS);
    assert_int_equal(before, -1);
    assert_int_equal(WaitForSingleObject(semaphore, 0), WAIT_OBJECT_0);
    assert_false(ReleaseSemaphore(semaphore, INT32_MAX, NULL));
    assert_int_equal(GetLastError(), ERROR_TOO_MANY_POSTS);
    for (LONG n = -1; n <= 0; n++) {
        assert_false(ReleaseSemaphore(semaphore, n, NULL));
        assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    }
    assert_true(CloseHandle(semaphore));
    assert_false(ReleaseSemaphore(semaphore, 1, NULL));
    assert_int_equal(GetLastError(), ERROR_INVALID_HANDLE);
}

static void
test_semaphore__refuses_counts(void **state)
{
    assert_refused(CreateSemaphoreA(NULL, 0, 0, NULL), ERROR_INVALID_PARAMETER);
    assert_refused(CreateSemaphoreA(NULL, -1, 1, NULL), ERROR_INVALID_PARAMETER);
    assert_refused(CreateSemaphoreW(NULL, 2, 1, NULL), ERROR_INVALID_PARAMETER);
    assert_refused(CreateSemaphoreW(NULL, 0, -1, u"x"), ERROR_INVALID_PARAMETER);
}

static void
test_semaphore__wakes_as_many(void **state)
{
    HANDLE semaphore = CreateSemaphoreA(NULL, 0, 8, NULL), threads[8];

    for (int i = 0; i < 8; i++) {
        threads[i] = CreateThread(NULL, 0, take_and_end, semaphore, 0, NULL);
    }
    assert_true(ReleaseSemaphore(semaphore, 3, NULL));
    assert_true(ReleaseSemaphore(semaphore, 5, NULL));
    for (int i = 0; i < 8; i++) {
        assert_int_equal(end_of(threads[i]), WAIT_OBJECT_0);
    }
    assert_int_equal(WaitForSingleObject(semaphore, 0), WAIT_TIMEOUT);
    assert_true(CloseHandle(semaphore));
}

/* --- names --------------------------------------------------------------------------------- */

static void
test_names__are_of_all_kinds(void **state)
{
    HANDLE event = CreateEventA(NULL, TRUE, FALSE, "event"),
           mutex = CreateMutexW(NULL, TRUE, u"Local\\mutex"),
           semaphore = CreateSemaphoreA(NULL, 1, 2, "semaphore"), again;

    assert_refused(CreateMutexA(NULL, FALSE, "event"), ERROR_INVALID_HANDLE);
    assert_refused(CreateEventW(NULL, FALSE, FALSE, u"mutex"), ERROR_INVALID_HANDLE);
    assert_refused(OpenSemaphoreA(SEMAPHORE_ALL_ACCESS, FALSE, "mutex"), ERROR_INVALID_HANDLE);
    assert_refused(OpenMutexW(MUTEX_ALL_ACCESS, FALSE, u"none"), ERROR_FILE_NOT_FOUND);
    assert_refused(OpenMutexA(MUTEX_ALL_ACCESS, FALSE, NULL), ERROR_INVALID_PARAMETER);
    assert_refused(CreateMutexA(NULL, TRUE, "Global\\m"), ERROR_CALL_NOT_IMPLEMENTED);
    /* Whom it is of does not change. */
    again = CreateMutexA(NULL, TRUE, "mutex");
    assert_int_equal(GetLastError(), ERROR_ALREADY_EXISTS);
    assert_true(ReleaseMutex(again));
    assert_false(ReleaseMutex(mutex));
    assert_true(CloseHandle(again));
    again = OpenSemaphoreW(SEMAPHORE_MODIFY_STATE, FALSE, u"semaphore");
    assert_true(ReleaseSemaphore(again, 1, NULL));
    assert_false(ReleaseSemaphore(semaphore, 1, NULL));
    assert_true(CloseHandle(again));
    assert_true(CloseHandle(event) && CloseHandle(mutex) && CloseHandle(semaphore));
    assert_refused(OpenMutexA(MUTEX_ALL_ACCESS, FALSE, "mutex"), ERROR_FILE_NOT_FOUND);
}

static void
test_handles__are_of_one_kind(void **state)
{
    HANDLE event = CreateEventA(NULL, TRUE, TRUE, NULL), mutex = CreateMutexA(NULL, TRUE, NULL);

    assert_false(ReleaseMutex(event) || ReleaseSemaphore(event, 1, NULL));
    assert_false(SetEvent(mutex) || ResetEvent(mutex) || ReleaseSemaphore(mutex, 1, NULL));
    assert_int_equal(GetLastError(), ERROR_INVALID_HANDLE);
    assert_true(CloseHandle(event) && CloseHandle(mutex));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mutex__its_owner_takes_it_again),
        cmocka_unit_test(test_mutex__is_abandoned_once),
        cmocka_unit_test(test_mutex__is_abandoned_by_any_thread),
        cmocka_unit_test(test_mutex__wakes_who_waits),
        cmocka_unit_test(test_mutex__keeps_threads_apart),
        cmocka_unit_test(test_mutex__in_a_wait_for_all),
        cmocka_unit_test(test_mutex__after_fork),
        cmocka_unit_test(test_semaphore__counts),
        cmocka_unit_test(test_semaphore__refuses_counts),
        cmocka_unit_test(test_semaphore__wakes_as_many),
        cmocka_unit_test(test_names__are_of_all_kinds),
        cmocka_unit_test(test_handles__are_of_one_kind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
