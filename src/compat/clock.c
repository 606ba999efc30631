/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks and times by their Windows names. */
#include "base/clock.h"

#include <errno.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>
#include <windows.h>

#include "compat/error.h"

/* --- waiting, and what has gone by --------------------------------------------------------- */

void
Sleep(DWORD dwMilliseconds)
{
    struct timespec left = { .tv_sec = (time_t)(dwMilliseconds / 1000),
                             .tv_nsec = (long)(dwMilliseconds % 1000) * 1000000 };

    while (dwMilliseconds == INFINITE) {
        pause();
    }
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR) {
    }
}

DWORD
SleepEx(DWORD dwMilliseconds, BOOL bAlertable)
{
    Sleep(dwMilliseconds);
    return 0;
}

ULONGLONG
GetTickCount64(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (ULONGLONG)now.tv_sec * 1000 + (ULONGLONG)now.tv_nsec / 1000000;
}

DWORD
GetTickCount(void)
{
    return (DWORD)GetTickCount64();
}

BOOL
QueryPerformanceCounter(LARGE_INTEGER *lpPerformanceCount)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    lpPerformanceCount->QuadPart =
        (LONGLONG)now.tv_sec * (LONGLONG)CLOCK_SECOND_100NS + now.tv_nsec / 100;
    return TRUE;
}

BOOL
QueryPerformanceFrequency(LARGE_INTEGER *lpFrequency)
{
    lpFrequency->QuadPart = (LONGLONG)CLOCK_SECOND_100NS;
    return TRUE;
}

/* --- dates --------------------------------------------------------------------------------- */

static uint64_t
count_of(const FILETIME *time)
{
    return (uint64_t)time->dwHighDateTime << 32 | time->dwLowDateTime;
}

static FILETIME
filetime_of(uint64_t count)
{
    return (FILETIME){ .dwLowDateTime = (DWORD)count, .dwHighDateTime = (DWORD)(count >> 32) };
}

static void
put_date(uint64_t count, LPSYSTEMTIME out)
{
    const time_t seconds = (time_t)clock_to_unix(count);
    struct tm tm;

    (void)gmtime_r(&seconds, &tm);
    *out = (SYSTEMTIME){
        .wYear = (WORD)(tm.tm_year + 1900),
        .wMonth = (WORD)(tm.tm_mon + 1),
        .wDayOfWeek = (WORD)tm.tm_wday,
        .wDay = (WORD)tm.tm_mday,
        .wHour = (WORD)tm.tm_hour,
        .wMinute = (WORD)tm.tm_min,
        .wSecond = (WORD)tm.tm_sec,
        .wMilliseconds = (WORD)(count % CLOCK_SECOND_100NS / 10000),
    };
}

void
GetSystemTime(LPSYSTEMTIME lpSystemTime)
{
    put_date(clock_now_100ns(), lpSystemTime);
}

void
GetLocalTime(LPSYSTEMTIME lpSystemTime)
{
    put_date(clock_to_local_100ns(clock_now_100ns()), lpSystemTime);
}

void
GetSystemTimeAsFileTime(LPFILETIME lpSystemTimeAsFileTime)
{
    *lpSystemTimeAsFileTime = filetime_of(clock_now_100ns());
}

void
GetSystemTimePreciseAsFileTime(LPFILETIME lpSystemTimeAsFileTime)
{
    GetSystemTimeAsFileTime(lpSystemTimeAsFileTime);
}

BOOL
FileTimeToSystemTime(const FILETIME *lpFileTime, LPSYSTEMTIME lpSystemTime)
{
    if (!lpFileTime || !lpSystemTime || count_of(lpFileTime) > INT64_MAX) {
        return compat_error_answer(ERROR_INVALID_PARAMETER);
    }
    put_date(count_of(lpFileTime), lpSystemTime);
    return TRUE;
}

static bool
is_leap(unsigned year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool
is_date(const SYSTEMTIME *t)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    unsigned month_days;

    if (t->wYear < 1601 || t->wYear > 30827 || t->wMonth < 1 || t->wMonth > 12) {
        return false;
    }
    month_days = days[t->wMonth - 1] + (t->wMonth == 2 && is_leap(t->wYear) ? 1u : 0u);
    return t->wDay >= 1 && t->wDay <= month_days && t->wHour < 24 && t->wMinute < 60 &&
           t->wSecond < 60 && t->wMilliseconds < 1000;
}

static uint64_t
count_of_date(const SYSTEMTIME *t)
{
    struct tm tm = {
        .tm_year = t->wYear - 1900,
        .tm_mon = t->wMonth - 1,
        .tm_mday = t->wDay,
        .tm_hour = t->wHour,
        .tm_min = t->wMinute,
        .tm_sec = t->wSecond,
    };

    return clock_from_unix(timegm(&tm)) + (uint64_t)t->wMilliseconds * 10000;
}

BOOL
SystemTimeToFileTime(const SYSTEMTIME *lpSystemTime, LPFILETIME lpFileTime)
{
    if (!lpSystemTime || !lpFileTime || !is_date(lpSystemTime)) {
        return compat_error_answer(ERROR_INVALID_PARAMETER);
    }
    *lpFileTime = filetime_of(count_of_date(lpSystemTime));
    return TRUE;
}

LONG
CompareFileTime(const FILETIME *lpFileTime1, const FILETIME *lpFileTime2)
{
    const uint64_t a = count_of(lpFileTime1), b = count_of(lpFileTime2);

    return (a > b) - (a < b);
}
