/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads. A thread's handle can be waited for (synchapi.h) and is closed with CloseHandle, which
 * the thread survives. A thread cannot be ended from outside, nor suspended once it runs. Source:
 * the public documentation of processthreadsapi.h.
 */
#ifndef OPENSSPI_COMPAT_PROCESSTHREADSAPI_H
#define OPENSSPI_COMPAT_PROCESSTHREADSAPI_H

#include "windows.h"

OPENSSPI_BEGIN

typedef DWORD(WINAPI *PTHREAD_START_ROUTINE)(LPVOID lpThreadParameter);
typedef PTHREAD_START_ROUTINE LPTHREAD_START_ROUTINE;

#define CREATE_SUSPENDED                  0x00000004
#define STACK_SIZE_PARAM_IS_A_RESERVATION 0x00010000
#define STILL_ACTIVE                      259

/*
 * NULL and ERROR_NOT_ENOUGH_MEMORY, or ERROR_INVALID_PARAMETER for another flag than these two. A
 * stack has 1 MiB, or dwStackSize where that is more. A suspended thread whose handle is closed
 * never runs.
 */
SEC_EXPORT HANDLE WINAPI CreateThread(LPSECURITY_ATTRIBUTES lpThreadAttributes, SIZE_T dwStackSize,
                                      LPTHREAD_START_ROUTINE lpStartAddress, LPVOID lpParameter,
                                      DWORD dwCreationFlags, LPDWORD lpThreadId);
/* Of the calling thread. Where the one that the process began with has called it, the process ends with the
 * last thread, by exit() and with that one's code; of threads that were not made here the code is not
 * known. */
SEC_EXPORT void WINAPI ExitThread(DWORD dwExitCode) __attribute__((noreturn));
/* Lets a suspended one run: 1, or 0 where it was running, or (DWORD)-1. */
SEC_EXPORT DWORD WINAPI ResumeThread(HANDLE hThread);
/* STILL_ACTIVE while it runs. */
SEC_EXPORT BOOL WINAPI GetExitCodeThread(HANDLE hThread, LPDWORD lpExitCode);
SEC_EXPORT DWORD WINAPI GetCurrentThreadId(void);
SEC_EXPORT DWORD WINAPI GetCurrentProcessId(void);
/* exit(): of uExitCode the system keeps eight bits. */
SEC_EXPORT void WINAPI ExitProcess(UINT uExitCode) __attribute__((noreturn));
SEC_EXPORT BOOL WINAPI SwitchToThread(void);

/* Handles of the caller's own, which need no closing. */
static inline HANDLE
GetCurrentProcess(void)
{
    return (HANDLE)(LONG_PTR)-1;
}
static inline HANDLE
GetCurrentThread(void)
{
    return (HANDLE)(LONG_PTR)-2;
}
/* For functions that take a token: the process's, the calling thread's, and that of the two that
 * counts. */
static inline HANDLE
GetCurrentProcessToken(void)
{
    return (HANDLE)(LONG_PTR)-4;
}
static inline HANDLE
GetCurrentThreadToken(void)
{
    return (HANDLE)(LONG_PTR)-5;
}
static inline HANDLE
GetCurrentThreadEffectiveToken(void)
{
    return (HANDLE)(LONG_PTR)-6;
}

/* Of this process and of the calling thread: of another one ERROR_NOT_SUPPORTED. ERROR_NO_TOKEN: the
 * thread acts as the process. The process's token is its Unix user, S-1-22-1-UID. */
SEC_EXPORT BOOL WINAPI OpenProcessToken(HANDLE ProcessHandle, DWORD DesiredAccess,
                                        PHANDLE TokenHandle);
SEC_EXPORT BOOL WINAPI OpenThreadToken(HANDLE ThreadHandle, DWORD DesiredAccess, BOOL OpenAsSelf,
                                       PHANDLE TokenHandle);
/* Thread: NULL or the caller's own. Token NULL: it acts as the process again. */
SEC_EXPORT BOOL WINAPI SetThreadToken(PHANDLE Thread, HANDLE Token);

OPENSSPI_END

#endif
