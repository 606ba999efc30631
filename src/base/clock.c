/* SPDX-License-Identifier: Apache-2.0 */
/* FILETIME. */
#include <time.h>

#include "base/clock.h"

/* From 1601-01-01 to 1970-01-01: 369 years with 89 leap days. */
#define EPOCH_SECONDS INT64_C(11644473600)
#define LAST_SECOND   (INT64_MAX / (int64_t)CLOCK_SECOND_100NS - EPOCH_SECONDS)

uint64_t
clock_now_100ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_REALTIME, &t);
    return clock_from_unix(t.tv_sec) + (uint64_t)t.tv_nsec / 100;
}

uint64_t
clock_from_unix(int64_t seconds)
{
    if (seconds < -EPOCH_SECONDS) {
        return 0;
    }
    if (seconds > LAST_SECOND) {
        return INT64_MAX;
    }
    return (uint64_t)(seconds + EPOCH_SECONDS) * CLOCK_SECOND_100NS;
}

int64_t
clock_to_unix(uint64_t utc_100ns)
{
    return (int64_t)(utc_100ns / CLOCK_SECOND_100NS) - EPOCH_SECONDS;
}

uint64_t
clock_to_local_100ns(uint64_t utc_100ns)
{
    time_t seconds = clock_to_unix(utc_100ns);
    int64_t local;
    struct tm tm;

    if (utc_100ns >= INT64_MAX || !localtime_r(&seconds, &tm)) {
        return utc_100ns;
    }
    if (__builtin_add_overflow((int64_t)utc_100ns, tm.tm_gmtoff * (int64_t)CLOCK_SECOND_100NS,
                               &local)) {
        return INT64_MAX;
    }
    return local < 0 ? 0 : (uint64_t)local;
}

uint64_t
clock_monotonic_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t
clock_monotonic_ms(void)
{
    return clock_monotonic_us() / 1000;
}
