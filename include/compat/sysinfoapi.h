/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clocks and times. A FILETIME counts 100 ns since 1601 in UTC. On Windows some of these are in timezoneapi.h,
 * fileapi.h and profileapi.h; all come with windows.h. Source: the public documentation of these.
 */
#ifndef OPENSSPI_COMPAT_SYSINFOAPI_H
#define OPENSSPI_COMPAT_SYSINFOAPI_H

#include "windows.h"

OPENSSPI_BEGIN

typedef struct _SYSTEMTIME {
    WORD wYear;
    WORD wMonth;     /* 1 to 12 */
    WORD wDayOfWeek; /* 0 is Sunday */
    WORD wDay;
    WORD wHour;
    WORD wMinute;
    WORD wSecond;
    WORD wMilliseconds;
} SYSTEMTIME, *PSYSTEMTIME, *LPSYSTEMTIME;

/* Milliseconds since the computer started. */
SEC_EXPORT DWORD WINAPI GetTickCount(void);
SEC_EXPORT ULONGLONG WINAPI GetTickCount64(void);

/* Now, in UTC and on the local clock. */
SEC_EXPORT void WINAPI GetSystemTime(LPSYSTEMTIME lpSystemTime);
SEC_EXPORT void WINAPI GetLocalTime(LPSYSTEMTIME lpSystemTime);
SEC_EXPORT void WINAPI GetSystemTimeAsFileTime(LPFILETIME lpSystemTimeAsFileTime);
SEC_EXPORT void WINAPI GetSystemTimePreciseAsFileTime(LPFILETIME lpSystemTimeAsFileTime);

/* From the years 1601 to 30827; wDayOfWeek counts for nothing on the way there. FALSE and
 * ERROR_INVALID_PARAMETER: no such date or time, or a FILETIME whose highest bit is set. */
SEC_EXPORT BOOL WINAPI FileTimeToSystemTime(const FILETIME *lpFileTime, LPSYSTEMTIME lpSystemTime);
SEC_EXPORT BOOL WINAPI SystemTimeToFileTime(const SYSTEMTIME *lpSystemTime, LPFILETIME lpFileTime);
/* -1, 0 or 1: the first is earlier than, the same as, later than the second. */
SEC_EXPORT LONG WINAPI CompareFileTime(const FILETIME *lpFileTime1, const FILETIME *lpFileTime2);

/* A count that goes on evenly, and how much it goes on in a second: 10,000,000. Never FALSE. */
SEC_EXPORT BOOL WINAPI QueryPerformanceCounter(LARGE_INTEGER *lpPerformanceCount);
SEC_EXPORT BOOL WINAPI QueryPerformanceFrequency(LARGE_INTEGER *lpFrequency);

OPENSSPI_STATIC_ASSERT(sizeof(SYSTEMTIME) == 16, "as on Windows");

OPENSSPI_END

#endif
