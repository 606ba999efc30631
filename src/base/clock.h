/* SPDX-License-Identifier: Apache-2.0 */
/* Time as Windows counts it: 100 ns units since 1601-01-01 (FILETIME). */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_NEVER_100NS  UINT64_MAX
#define CLOCK_SECOND_100NS UINT64_C(10000000)

/* Now, in UTC. */
uint64_t clock_now_100ns(void);
/* The same moment on the local clock, as SSPI's time stamps have it. CLOCK_NEVER_100NS stays, and so
 * does INT64_MAX, which is Windows' own; what a zone would carry past it saturates there. */
uint64_t clock_to_local_100ns(uint64_t utc_100ns);
/* From and to seconds since 1970. Before 1601 or past the end of time: saturates. */
uint64_t clock_from_unix(int64_t seconds);
int64_t clock_to_unix(uint64_t utc_100ns);
/* For deadlines and durations: never set back. */
uint64_t clock_monotonic_ms(void);
uint64_t clock_monotonic_us(void);

#endif
