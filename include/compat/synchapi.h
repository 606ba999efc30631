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

#define SYNCHRONIZE        0x00100000
#define EVENT_MODIFY_STATE 0x0002
#define EVENT_ALL_ACCESS   0x001F0003

/* Waits for that many milliseconds. */
SEC_EXPORT void WINAPI Sleep(DWORD dwMilliseconds);

/*
 * An event of this process, which a wait resets where bManualReset is FALSE. A name, whose letters'
 * case counts, is this process's alone, "Local\\" before it or not: where it is taken, the handle is
 * one more of the event that is there, the other arguments count for nothing, and the last error is
 * ERROR_ALREADY_EXISTS, else 0; it is free again after the last CloseHandle. NULL and
 *   ERROR_CALL_NOT_IMPLEMENTED  "Global\\…": there are no events of several processes
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
 * Waits at most that long, or INFINITE, for an event that is set or a thread that has ended:
 * WAIT_OBJECT_0, WAIT_TIMEOUT, or WAIT_FAILED and ERROR_INVALID_HANDLE. Of many, for the first of
 * them (WAIT_OBJECT_0 and its index) or for all at once; ERROR_INVALID_PARAMETER for none, for more
 * than MAXIMUM_WAIT_OBJECTS, and for one handle twice in a wait for all.
 */
SEC_EXPORT DWORD WINAPI WaitForSingleObject(HANDLE hHandle, DWORD dwMilliseconds);
SEC_EXPORT DWORD WINAPI WaitForMultipleObjects(DWORD nCount, const HANDLE *lpHandles, BOOL bWaitAll,
                                               DWORD dwMilliseconds);
/* Of an event or a thread. A wait in another thread on a handle that is closed meanwhile ends with
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
#define CreateEvent CreateEventW
#define OpenEvent   OpenEventW
#else
#define CreateEvent CreateEventA
#define OpenEvent   OpenEventA
#endif

OPENSSPI_END

#endif
