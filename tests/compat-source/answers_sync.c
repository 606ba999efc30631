/* SPDX-License-Identifier: Apache-2.0 */
/* Mutexes, semaphores, reader/writer locks, condition variables and what is done once. */
#include "answers.h"

static void
wait_says(const char *label, HANDLE handle)
{
    const DWORD answer = WaitForSingleObject(handle, 0);

    printf("%s: %#x\n", label, (unsigned)answer);
}

static DWORD WINAPI
take(LPVOID mutex)
{
    return WaitForSingleObject((HANDLE)mutex, 0);
}

static DWORD WINAPI
release(LPVOID mutex)
{
    SetLastError(0);
    return ReleaseMutex((HANDLE)mutex) ? 0 : GetLastError();
}

static void
elsewhere(const char *label, LPTHREAD_START_ROUTINE run, HANDLE mutex)
{
    HANDLE thread = CreateThread(NULL, 0, run, mutex, 0, NULL);
    DWORD code = 0;

    WaitForSingleObject(thread, INFINITE);
    GetExitCodeThread(thread, &code);
    CloseHandle(thread);
    printf("%s: %#x\n", label, (unsigned)code);
}

static void
mutexes(void)
{
    HANDLE mutex = CreateMutexA(NULL, TRUE, NULL), event = CreateEventA(NULL, TRUE, FALSE, NULL);
    HANDLE both[2];

    wait_says("mutex.again", mutex);
    elsewhere("mutex.elsewhere", take, mutex);
    elsewhere("mutex.release.elsewhere", release, mutex);
    CALL("mutex.release", ReleaseMutex(mutex));
    CALL("mutex.release.second", ReleaseMutex(mutex));
    CALL("mutex.release.third", ReleaseMutex(mutex));
    CALL("mutex.release.event", ReleaseMutex(event));
    CALL("mutex.release.null", ReleaseMutex(NULL));
    CALL("mutex.set", SetEvent(mutex));
    elsewhere("mutex.taken", take, mutex);
    wait_says("mutex.abandoned", mutex);
    wait_says("mutex.abandoned.again", mutex);
    ReleaseMutex(mutex);
    ReleaseMutex(mutex);
    both[0] = event;
    both[1] = mutex;
    elsewhere("mutex.taken.for-any", take, mutex);
    NUMBER("mutex.abandoned.any", WaitForMultipleObjects(2, both, FALSE, 0));
    ReleaseMutex(mutex);
    elsewhere("mutex.taken.for-all", take, mutex);
    NUMBER("mutex.abandoned.not-all", WaitForMultipleObjects(2, both, TRUE, 0));
    SetEvent(event);
    NUMBER("mutex.abandoned.all", WaitForMultipleObjects(2, both, TRUE, 0));
    CALL("mutex.close.owned", CloseHandle(mutex));
    CALL("mutex.release.closed", ReleaseMutex(mutex));
    CloseHandle(event);
}

static void
semaphores(void)
{
    HANDLE semaphore = CreateSemaphoreA(NULL, 1, 2, NULL);
    LONG before = -1;

    CALL("semaphore.none", CreateSemaphoreA(NULL, 0, 0, NULL) != NULL);
    CALL("semaphore.less", CreateSemaphoreA(NULL, -1, 1, NULL) != NULL);
    CALL("semaphore.more", CreateSemaphoreA(NULL, 2, 1, NULL) != NULL);
    wait_says("semaphore.wait", semaphore);
    wait_says("semaphore.wait.empty", semaphore);
    CALL("semaphore.release", ReleaseSemaphore(semaphore, 1, &before));
    NUMBER("semaphore.before", before);
    CALL("semaphore.release.many", ReleaseSemaphore(semaphore, 2, &before));
    NUMBER("semaphore.before.failed", before);
    CALL("semaphore.release.fits", ReleaseSemaphore(semaphore, 1, NULL));
    CALL("semaphore.release.full", ReleaseSemaphore(semaphore, 1, NULL));
    CALL("semaphore.release.0", ReleaseSemaphore(semaphore, 0, NULL));
    CALL("semaphore.release.less", ReleaseSemaphore(semaphore, -1, NULL));
    CALL("semaphore.release.null", ReleaseSemaphore(NULL, 1, NULL));
    CloseHandle(semaphore);
}

static void
made(const char *label, HANDLE handle)
{
    const DWORD error = GetLastError();

    printf("%s: %d error %u\n", label, handle != NULL, (unsigned)error);
}

static void
names(void)
{
    HANDLE mutex, again;

    SetLastError(0xBEEF);
    mutex = CreateMutexA(NULL, FALSE, "opensspi-answers");
    made("name.mutex", mutex);
    again = CreateMutexW(NULL, TRUE, u"opensspi-answers");
    made("name.mutex.again", again);
    /* Nobody had it, and nobody has it. */
    CALL("name.mutex.release", ReleaseMutex(again));
    CloseHandle(again);
    made("name.event", CreateEventA(NULL, TRUE, TRUE, "opensspi-answers"));
    made("name.semaphore", CreateSemaphoreA(NULL, 1, 1, "opensspi-answers"));
    made("name.open.event", OpenEventA(EVENT_ALL_ACCESS, FALSE, "opensspi-answers"));
    again = OpenMutexA(MUTEX_ALL_ACCESS, FALSE, "opensspi-answers");
    NUMBER("name.open.mutex", again != NULL);
    CloseHandle(again);
    made("name.open.none", OpenMutexA(MUTEX_ALL_ACCESS, FALSE, "opensspi-none"));
    made("name.open.null", OpenMutexA(MUTEX_ALL_ACCESS, FALSE, NULL));
    made("name.open.null.w", OpenSemaphoreW(SEMAPHORE_ALL_ACCESS, FALSE, NULL));
    CloseHandle(mutex);
    made("name.open.closed", OpenMutexA(MUTEX_ALL_ACCESS, FALSE, "opensspi-answers"));
}

/* Gives its parameter; without one it fails. */
static BOOL WINAPI
give(PINIT_ONCE once, PVOID parameter, PVOID *context)
{
    UNREFERENCED_PARAMETER(once);
    SetLastError(1234);
    *context = parameter;
    return parameter != NULL;
}

static void
small_locks(void)
{
    static char thing[8] __attribute__((aligned(8)));
    SRWLOCK lock = SRWLOCK_INIT;
    CONDITION_VARIABLE variable = CONDITION_VARIABLE_INIT;
    CRITICAL_SECTION section;
    INIT_ONCE once = INIT_ONCE_STATIC_INIT;
    LPVOID context = NULL;

    NUMBER("size.srw", sizeof(lock));
    NUMBER("size.condition", sizeof(variable));
    NUMBER("size.once", sizeof(once));
    AcquireSRWLockShared(&lock);
    NUMBER("srw.shared.shared", TryAcquireSRWLockShared(&lock));
    NUMBER("srw.shared.exclusive", TryAcquireSRWLockExclusive(&lock));
    ReleaseSRWLockShared(&lock);
    ReleaseSRWLockShared(&lock);
    NUMBER("srw.exclusive", TryAcquireSRWLockExclusive(&lock));
    NUMBER("srw.exclusive.exclusive", TryAcquireSRWLockExclusive(&lock));
    NUMBER("srw.exclusive.shared", TryAcquireSRWLockShared(&lock));
    CALL("condition.srw", SleepConditionVariableSRW(&variable, &lock, 1, 0));
    NUMBER("condition.srw.has-it", TryAcquireSRWLockShared(&lock));
    ReleaseSRWLockExclusive(&lock);
    InitializeCriticalSection(&section);
    EnterCriticalSection(&section);
    CALL("condition.cs", SleepConditionVariableCS(&variable, &section, 0));
    CALL("condition.cs.1", SleepConditionVariableCS(&variable, &section, 1));
    LeaveCriticalSection(&section);
    DeleteCriticalSection(&section);
    WakeConditionVariable(&variable);
    WakeAllConditionVariable(&variable);
    CALL("once.fails", InitOnceExecuteOnce(&once, give, NULL, &context));
    CALL("once", InitOnceExecuteOnce(&once, give, thing, &context));
    NUMBER("once.context", context == thing);
    context = NULL;
    CALL("once.again", InitOnceExecuteOnce(&once, give, NULL, &context));
    NUMBER("once.again.context", context == thing);
}

int
main(void)
{
    mutexes();
    semaphores();
    names();
    small_locks();
    NUMBER("SleepEx", SleepEx(1, TRUE));
    return 0;
}
