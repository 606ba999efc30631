/* SPDX-License-Identifier: Apache-2.0 */
/* When a wait ends, by the clock that is never set back. */
#ifndef COMPAT_DEADLINE_H
#define COMPAT_DEADLINE_H

#include <time.h>
#include <windows.h>

/* Of INFINITE: now, which nobody asks for. */
static inline struct timespec
compat_deadline_of(DWORD ms)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    if (ms == INFINITE) {
        return at;
    }
    at.tv_sec += (time_t)(ms / 1000);
    at.tv_nsec += (long)(ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

#endif
