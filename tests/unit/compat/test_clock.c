/* SPDX-License-Identifier: Apache-2.0 */
/* Dates, FILETIMEs and counters. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include <windows.h>

static FILETIME
filetime(uint64_t count)
{
    return (FILETIME){ (DWORD)count, (DWORD)(count >> 32) };
}

static uint64_t
count_of(FILETIME t)
{
    return (uint64_t)t.dwHighDateTime << 32 | t.dwLowDateTime;
}

/* A count, and the date that it is. */
static const struct {
    uint64_t count;
    SYSTEMTIME date;
} dates[] = {
    { 0, { 1601, 1, 1, 1, 0, 0, 0, 0 } },
    { UINT64_C(116444736000000000), { 1970, 1, 4, 1, 0, 0, 0, 0 } },
    { UINT64_C(116444735999990000), { 1969, 12, 3, 31, 23, 59, 59, 999 } },
    { UINT64_C(125963423990000000), { 2000, 2, 2, 29, 23, 59, 59, 0 } },
    { UINT64_C(130645440000000000), { 2015, 1, 4, 1, 0, 0, 0, 0 } },
    { UINT64_C(9223149887999990000), { 30827, 12, 5, 31, 23, 59, 59, 999 } },
};

static void
test_dates__both_ways(void **state)
{
    for (size_t i = 0; i < ARRAYSIZE(dates); i++) {
        const FILETIME count = filetime(dates[i].count);
        SYSTEMTIME date = dates[i].date;
        FILETIME back;

        memset(&date, 0x55, sizeof(date));
        assert_true(FileTimeToSystemTime(&count, &date));
        assert_memory_equal(&date, &dates[i].date, sizeof(date));
        date.wDayOfWeek = 99;
        assert_true(SystemTimeToFileTime(&date, &back));
        assert_true(count_of(back) == dates[i].count);
    }
}

static void
test_dates__are_cut_to_milliseconds(void **state)
{
    const FILETIME count = filetime(dates[1].count + 19999);
    SYSTEMTIME date;

    assert_true(FileTimeToSystemTime(&count, &date));
    assert_int_equal(date.wMilliseconds, 1);
}

/* Each of these is the first date with one member changed. */
static void
test_dates__that_are_none(void **state)
{
    static const struct {
        size_t member;
        WORD value;
    } none[] = { { 0, 1600 }, { 0, 30828 }, { 1, 0 },  { 1, 13 }, { 3, 0 },
                 { 3, 32 },   { 4, 24 },    { 5, 60 }, { 6, 60 }, { 7, 1000 } };
    SYSTEMTIME date;
    FILETIME count = filetime(7);

    for (size_t i = 0; i < ARRAYSIZE(none); i++) {
        WORD members[8] = { 2000, 1, 0, 1, 0, 0, 0, 0 };

        members[none[i].member] = none[i].value;
        memcpy(&date, members, sizeof(date));
        SetLastError(0);
        assert_false(SystemTimeToFileTime(&date, &count));
        assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    }
    date = (SYSTEMTIME){ 1900, 2, 0, 29, 0, 0, 0, 0 };
    assert_false(SystemTimeToFileTime(&date, &count));
    assert_true(count_of(count) == 7);
    count = filetime(UINT64_C(1) << 63);
    assert_false(FileTimeToSystemTime(&count, &date));
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    count = filetime(INT64_MAX);
    assert_true(FileTimeToSystemTime(&count, &date));
    assert_int_equal(date.wYear, 30828);
}

static void
test_compare__counts_all_64_bits(void **state)
{
    const FILETIME low = filetime(UINT32_MAX), high = filetime(UINT64_C(1) << 32);

    assert_int_equal(CompareFileTime(&low, &high), -1);
    assert_int_equal(CompareFileTime(&high, &low), 1);
    assert_int_equal(CompareFileTime(&high, &high), 0);
}

/* time() goes by the last tick, which may be a second before. */
static time_t
seconds_now(void)
{
    struct timespec now;

    assert_int_equal(clock_gettime(CLOCK_REALTIME, &now), 0);
    return now.tv_sec;
}

static void
test_now__is_between(void **state)
{
    const time_t before = seconds_now();
    SYSTEMTIME now, local;
    FILETIME count, from_date, precise;
    time_t after;

    GetSystemTimeAsFileTime(&count);
    GetSystemTime(&now);
    GetSystemTimePreciseAsFileTime(&precise);
    after = seconds_now();
    assert_true(SystemTimeToFileTime(&now, &from_date));
    assert_in_range(count_of(count) / 10000000 - UINT64_C(11644473600), before, after);
    assert_in_range(count_of(from_date) / 10000000 - UINT64_C(11644473600), before, after);
    assert_true(CompareFileTime(&count, &precise) <= 0);
    setenv("TZ", "XST-5:30", 1);
    tzset();
    GetSystemTime(&now);
    GetLocalTime(&local);
    assert_true(SystemTimeToFileTime(&now, &count) && SystemTimeToFileTime(&local, &from_date));
    assert_in_range(count_of(from_date) - count_of(count), UINT64_C(198000000000),
                    UINT64_C(198000000000) + 600 * UINT64_C(10000000));
    unsetenv("TZ");
}

static void
test_performance_counter__goes_on(void **state)
{
    LARGE_INTEGER frequency, before, after;

    assert_true(QueryPerformanceFrequency(&frequency));
    assert_int_equal(frequency.QuadPart, 10000000);
    assert_true(QueryPerformanceCounter(&before));
    assert_int_equal(SleepEx(3, TRUE), 0);
    assert_true(QueryPerformanceCounter(&after));
    assert_true(after.QuadPart - before.QuadPart >= 30000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dates__both_ways),
        cmocka_unit_test(test_dates__are_cut_to_milliseconds),
        cmocka_unit_test(test_dates__that_are_none),
        cmocka_unit_test(test_compare__counts_all_64_bits),
        cmocka_unit_test(test_now__is_between),
        cmocka_unit_test(test_performance_counter__goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
