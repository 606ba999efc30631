/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting and locking, within one process. Source: the public documentation of synchapi.h. */
#ifndef OPENSSPI_COMPAT_SYNCHAPI_H
#define OPENSSPI_COMPAT_SYNCHAPI_H

#include "windows.h"

OPENSSPI_BEGIN

#define WAIT_OBJECT_0        0
#define WAIT_ABANDONED       0x80
#define WAIT_ABANDONED_0     0x80
#define WAIT_IO_COMPLETION   0xC0
#define WAIT_FAILED          0xFFFFFFFF
#define MAXIMUM_WAIT_OBJECTS 64

#define SYNCHRONIZE            0x00100000
#define EVENT_MODIFY_STATE     0x0002
#define EVENT_ALL_ACCESS       0x001F0003
#define MUTEX_MODIFY_STATE     0x0001
#define MUTEX_ALL_ACCESS       0x001F0001
#define SEMAPHORE_MODIFY_STATE 0x0002
#define SEMAPHORE_ALL_ACCESS   0x001F0003

/* Waits for that many milliseconds. */
SEC_EXPORT void WINAPI Sleep(DWORD dwMilliseconds);
/* The same, and 0: there are no completion routines and no queued calls, so bAlertable is of no effect. */
SEC_EXPORT DWORD WINAPI SleepEx(DWORD dwMilliseconds, BOOL bAlertable);

/*
 * An event of this process, which a wait resets where bManualReset is FALSE. A name, whose letters'
 * case counts, is this process's alone, "Local\\" before it or not: where it is taken, the handle is
 * one more of the event that is there, the other arguments count for nothing, and the last error is
 * ERROR_ALREADY_EXISTS, else 0; it is free again after the last CloseHandle. Events, mutexes and
 * semaphores share their names. NULL and
 *   ERROR_INVALID_HANDLE        the name is taken by another kind of object
 *   ERROR_CALL_NOT_IMPLEMENTED  "Global\\…": there are no objects of several processes
 *   ERROR_PATH_NOT_FOUND        another backslash in the name
 *   ERROR_FILENAME_EXCED_RANGE  more than MAX_PATH bytes of UTF-8
 *   ERROR_TOO_MANY_OPEN_FILES   no room
 *   ERROR_NOT_ENOUGH_MEMORY, ERROR_NO_UNICODE_TRANSLATION
 */
SEC_EXPORT HANDLE WINAPI CreateEventW(LPSECURITY_ATTRIBUTES lpEventAttributes, BOOL bManualReset,
                                      BOOL bInitialState, LPCWSTR lpName);
SEC_EXPORT HANDLE WINAPI CreateEventA(LPSECURITY_ATTRIBUTES lpEventAttributes, BOOL bManualReset,
                                      BOOL bInitialState, LPCSTR lpName);
/* One more handle of an event that has that name; every handle may do everything. NULL and
 * ERROR_FILE_NOT_FOUND where there is none, ERROR_INVALID_PARAMETER without a name, else as above. */
SEC_EXPORT HANDLE WINAPI OpenEventW(DWORD dwDesiredAccess, BOOL bInheritHandle, LPCWSTR lpName);
SEC_EXPORT HANDLE WINAPI OpenEventA(DWORD dwDesiredAccess, BOOL bInheritHandle, LPCSTR lpName);
/* FALSE and ERROR_INVALID_HANDLE for anything that is no open event. */
SEC_EXPORT BOOL WINAPI SetEvent(HANDLE hEvent);
SEC_EXPORT BOOL WINAPI ResetEvent(HANDLE hEvent);

/*
 * A mutex of this process, whose owner is the thread that has waited for it last, or, with bInitialOwner,
 * the one that makes it. An owner may wait for it again, and releases it as often as it took it. What a
 * thread owns when it ends, whoever made that thread, is abandoned: the next wait takes it and answers
 * WAIT_ABANDONED. Names and errors as an event's; bInitialOwner counts for nothing where the name is
 * taken. In a child of fork() the mutexes of the other threads are abandoned.
 */
SEC_EXPORT HANDLE WINAPI CreateMutexW(LPSECURITY_ATTRIBUTES lpMutexAttributes, BOOL bInitialOwner,
                                      LPCWSTR lpName);
SEC_EXPORT HANDLE WINAPI CreateMutexA(LPSECURITY_ATTRIBUTES lpMutexAttributes, BOOL bInitialOwner,
                                      LPCSTR lpName);
SEC_EXPORT HANDLE WINAPI OpenMutexW(DWORD dwDesiredAccess, BOOL bInheritHandle, LPCWSTR lpName);
SEC_EXPORT HANDLE WINAPI OpenMutexA(DWORD dwDesiredAccess, BOOL bInheritHandle, LPCSTR lpName);
/* FALSE and ERROR_NOT_OWNER, or ERROR_INVALID_HANDLE for anything that is no open mutex. */
SEC_EXPORT BOOL WINAPI ReleaseMutex(HANDLE hMutex);

/* A semaphore of this process: a count between 0 and lMaximumCount of which each wait takes one. Names and
 * errors as an event's; ERROR_INVALID_PARAMETER for counts that are none. */
SEC_EXPORT HANDLE WINAPI CreateSemaphoreW(LPSECURITY_ATTRIBUTES lpSemaphoreAttributes,
                                          LONG lInitialCount, LONG lMaximumCount, LPCWSTR lpName);
SEC_EXPORT HANDLE WINAPI CreateSemaphoreA(LPSECURITY_ATTRIBUTES lpSemaphoreAttributes,
                                          LONG lInitialCount, LONG lMaximumCount, LPCSTR lpName);
SEC_EXPORT HANDLE WINAPI OpenSemaphoreW(DWORD dwDesiredAccess, BOOL bInheritHandle, LPCWSTR lpName);
SEC_EXPORT HANDLE WINAPI OpenSemaphoreA(DWORD dwDesiredAccess, BOOL bInheritHandle, LPCSTR lpName);
/*
 * Adds to the count, and tells what it was where lpPreviousCount is not NULL. FALSE, and nothing is added:
 *   ERROR_INVALID_PARAMETER  lReleaseCount is not above 0
 *   ERROR_TOO_MANY_POSTS     the count would be above the maximum
 *   ERROR_INVALID_HANDLE     no open semaphore
 */
SEC_EXPORT BOOL WINAPI ReleaseSemaphore(HANDLE hSemaphore, LONG lReleaseCount,
                                        LPLONG lpPreviousCount);

/*
 * Waits at most that long, or INFINITE, for an event that is set, a thread that has ended, a mutex that is
 * nobody else's or a semaphore whose count is not 0: WAIT_OBJECT_0, WAIT_ABANDONED for a mutex whose owner
 * has ended, WAIT_TIMEOUT, or WAIT_FAILED and ERROR_INVALID_HANDLE. Of many, for the first of them
 * (WAIT_OBJECT_0 or WAIT_ABANDONED_0, and its index) or for all at once (WAIT_ABANDONED_0 where a mutex
 * among them was abandoned; until they are all there none is taken); ERROR_INVALID_PARAMETER for none, for
 * more than MAXIMUM_WAIT_OBJECTS, and for one object twice in a wait for all.
 */
SEC_EXPORT DWORD WINAPI WaitForSingleObject(HANDLE hHandle, DWORD dwMilliseconds);
SEC_EXPORT DWORD WINAPI WaitForMultipleObjects(DWORD nCount, const HANDLE *lpHandles, BOOL bWaitAll,
                                               DWORD dwMilliseconds);
/* Of any of these. A wait in another thread on a handle that is closed meanwhile ends with
 * WAIT_FAILED. */
SEC_EXPORT BOOL WINAPI CloseHandle(HANDLE hObject);

/* A lock that its owner may take again. What is in it is nobody's business. */
typedef union _RTL_CRITICAL_SECTION {
    ULONG_PTR Opaque[8];
    LONGLONG Alignment;
} RTL_CRITICAL_SECTION, CRITICAL_SECTION, *PCRITICAL_SECTION, *LPCRITICAL_SECTION;

SEC_EXPORT void WINAPI InitializeCriticalSection(LPCRITICAL_SECTION lpCriticalSection);
SEC_EXPORT BOOL WINAPI InitializeCriticalSectionAndSpinCount(LPCRITICAL_SECTION lpCriticalSection,
                                                             DWORD dwSpinCount);
SEC_EXPORT void WINAPI EnterCriticalSection(LPCRITICAL_SECTION lpCriticalSection);
SEC_EXPORT BOOL WINAPI TryEnterCriticalSection(LPCRITICAL_SECTION lpCriticalSection);
SEC_EXPORT void WINAPI LeaveCriticalSection(LPCRITICAL_SECTION lpCriticalSection);
SEC_EXPORT void WINAPI DeleteCriticalSection(LPCRITICAL_SECTION lpCriticalSection);

/*
 * A lock that many hold to read or one to write, of a pointer's size; zeros are one that is free, and it
 * needs no end. Nobody takes it twice, nor does a reader become a writer. Who waits keeps later readers
 * out. The Try functions answer whether they have it.
 */
typedef union _RTL_SRWLOCK {
    PVOID Ptr;
    ULONG Opaque[2];
} RTL_SRWLOCK, SRWLOCK, *PRTL_SRWLOCK, *PSRWLOCK;

/* clang-format off */
#define RTL_SRWLOCK_INIT { 0 }
/* clang-format on */
#define SRWLOCK_INIT RTL_SRWLOCK_INIT

SEC_EXPORT void WINAPI InitializeSRWLock(PSRWLOCK SRWLock);
SEC_EXPORT void WINAPI AcquireSRWLockExclusive(PSRWLOCK SRWLock);
SEC_EXPORT BOOLEAN WINAPI TryAcquireSRWLockExclusive(PSRWLOCK SRWLock);
SEC_EXPORT void WINAPI ReleaseSRWLockExclusive(PSRWLOCK SRWLock);
SEC_EXPORT void WINAPI AcquireSRWLockShared(PSRWLOCK SRWLock);
SEC_EXPORT BOOLEAN WINAPI TryAcquireSRWLockShared(PSRWLOCK SRWLock);
SEC_EXPORT void WINAPI ReleaseSRWLockShared(PSRWLOCK SRWLock);

/* What is waited for with a lock, of a pointer's size; zeros are one for which nobody waits. */
typedef union _RTL_CONDITION_VARIABLE {
    PVOID Ptr;
    ULONG Opaque[2];
} RTL_CONDITION_VARIABLE, CONDITION_VARIABLE, *PRTL_CONDITION_VARIABLE, *PCONDITION_VARIABLE;

/* clang-format off */
#define RTL_CONDITION_VARIABLE_INIT { 0 }
/* clang-format on */
#define CONDITION_VARIABLE_INIT            RTL_CONDITION_VARIABLE_INIT
#define CONDITION_VARIABLE_LOCKMODE_SHARED 0x1

SEC_EXPORT void WINAPI InitializeConditionVariable(PCONDITION_VARIABLE ConditionVariable);
/*
 * Leaves the lock, which is taken once, until somebody wakes the variable, and takes it again; may come
 * back without a reason. FALSE, with the lock in any case: ERROR_TIMEOUT; ERROR_INVALID_PARAMETER for other
 * Flags than 0 (the lock is taken to write) and CONDITION_VARIABLE_LOCKMODE_SHARED.
 */
SEC_EXPORT BOOL WINAPI SleepConditionVariableCS(PCONDITION_VARIABLE ConditionVariable,
                                                PCRITICAL_SECTION CriticalSection,
                                                DWORD dwMilliseconds);
SEC_EXPORT BOOL WINAPI SleepConditionVariableSRW(PCONDITION_VARIABLE ConditionVariable,
                                                 PSRWLOCK SRWLock, DWORD dwMilliseconds,
                                                 ULONG Flags);
SEC_EXPORT void WINAPI WakeConditionVariable(PCONDITION_VARIABLE ConditionVariable);
SEC_EXPORT void WINAPI WakeAllConditionVariable(PCONDITION_VARIABLE ConditionVariable);

/* What is done once, of a pointer's size; zeros are what has not been done. */
typedef union _RTL_RUN_ONCE {
    PVOID Ptr;
    ULONG_PTR Value;
    ULONG Opaque[2];
} RTL_RUN_ONCE, INIT_ONCE, *PRTL_RUN_ONCE, *PINIT_ONCE, *LPINIT_ONCE;

/* clang-format off */
#define RTL_RUN_ONCE_INIT { 0 }
/* clang-format on */
#define INIT_ONCE_STATIC_INIT       RTL_RUN_ONCE_INIT
#define INIT_ONCE_CTX_RESERVED_BITS 2

/* *Context: what the others are given, too; its two lowest bits are 0. FALSE: it could not be done. */
typedef BOOL(WINAPI *PINIT_ONCE_FN)(PINIT_ONCE InitOnce, PVOID Parameter, PVOID *Context);

SEC_EXPORT void WINAPI InitOnceInitialize(PINIT_ONCE InitOnce);
/* Calls InitFn unless that has succeeded before; meanwhile other threads wait here. FALSE where it answers
 * so, with the last error that it set, and the next call tries again; ERROR_INVALID_PARAMETER for such bits.
 * Context: NULL, or what InitFn gave. The calls for a state of one's own (InitOnceBeginInitialize) are not
 * there. */
SEC_EXPORT BOOL WINAPI InitOnceExecuteOnce(PINIT_ONCE InitOnce, PINIT_ONCE_FN InitFn,
                                           PVOID Parameter, LPVOID *Context);

/* All of them full barriers. Increment and Decrement answer the new value, the others the old. */
static inline LONG
InterlockedIncrement(LONG volatile *Addend)
{
    return __atomic_add_fetch(Addend, 1, __ATOMIC_SEQ_CST);
}

static inline LONG
InterlockedDecrement(LONG volatile *Addend)
{
    return __atomic_sub_fetch(Addend, 1, __ATOMIC_SEQ_CST);
}

static inline LONG
InterlockedExchange(LONG volatile *Target, LONG Value)
{
    return __atomic_exchange_n(Target, Value, __ATOMIC_SEQ_CST);
}

static inline LONG
InterlockedExchangeAdd(LONG volatile *Addend, LONG Value)
{
    return __atomic_fetch_add(Addend, Value, __ATOMIC_SEQ_CST);
}

static inline LONG
InterlockedAnd(LONG volatile *Destination, LONG Value)
{
    return __atomic_fetch_and(Destination, Value, __ATOMIC_SEQ_CST);
}

static inline LONG
InterlockedOr(LONG volatile *Destination, LONG Value)
{
    return __atomic_fetch_or(Destination, Value, __ATOMIC_SEQ_CST);
}

static inline LONG
InterlockedXor(LONG volatile *Destination, LONG Value)
{
    return __atomic_fetch_xor(Destination, Value, __ATOMIC_SEQ_CST);
}

/* Exchange becomes the value where that was Comperand. */
static inline LONG
InterlockedCompareExchange(LONG volatile *Destination, LONG Exchange, LONG Comperand)
{
    __atomic_compare_exchange_n(Destination, &Comperand, Exchange, 0, __ATOMIC_SEQ_CST,
                                __ATOMIC_SEQ_CST);
    return Comperand;
}

static inline LONGLONG
InterlockedIncrement64(LONGLONG volatile *Addend)
{
    return __atomic_add_fetch(Addend, 1, __ATOMIC_SEQ_CST);
}

static inline LONGLONG
InterlockedDecrement64(LONGLONG volatile *Addend)
{
    return __atomic_sub_fetch(Addend, 1, __ATOMIC_SEQ_CST);
}

static inline LONGLONG
InterlockedExchange64(LONGLONG volatile *Target, LONGLONG Value)
{
    return __atomic_exchange_n(Target, Value, __ATOMIC_SEQ_CST);
}

static inline LONGLONG
InterlockedExchangeAdd64(LONGLONG volatile *Addend, LONGLONG Value)
{
    return __atomic_fetch_add(Addend, Value, __ATOMIC_SEQ_CST);
}

static inline LONGLONG
InterlockedCompareExchange64(LONGLONG volatile *Destination, LONGLONG Exchange, LONGLONG Comperand)
{
    __atomic_compare_exchange_n(Destination, &Comperand, Exchange, 0, __ATOMIC_SEQ_CST,
                                __ATOMIC_SEQ_CST);
    return Comperand;
}

static inline PVOID
InterlockedExchangePointer(PVOID volatile *Target, PVOID Value)
{
    return __atomic_exchange_n(Target, Value, __ATOMIC_SEQ_CST);
}

static inline PVOID
InterlockedCompareExchangePointer(PVOID volatile *Destination, PVOID Exchange, PVOID Comperand)
{
    __atomic_compare_exchange_n(Destination, &Comperand, Exchange, 0, __ATOMIC_SEQ_CST,
                                __ATOMIC_SEQ_CST);
    return Comperand;
}

#define MemoryBarrier() __atomic_thread_fence(__ATOMIC_SEQ_CST)

#ifdef UNICODE
#define CreateEvent     CreateEventW
#define OpenEvent       OpenEventW
#define CreateMutex     CreateMutexW
#define OpenMutex       OpenMutexW
#define CreateSemaphore CreateSemaphoreW
#define OpenSemaphore   OpenSemaphoreW
#else
#define CreateEvent     CreateEventA
#define OpenEvent       OpenEventA
#define CreateMutex     CreateMutexA
#define OpenMutex       OpenMutexA
#define CreateSemaphore CreateSemaphoreA
#define OpenSemaphore   OpenSemaphoreA
#endif

OPENSSPI_END

#endif
