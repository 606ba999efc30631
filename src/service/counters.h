/* SPDX-License-Identifier: Apache-2.0 */
/* What a listener has seen since it was opened, for who asks how it fares. Safe from any thread. */
#ifndef SERVICE_COUNTERS_H
#define SERVICE_COUNTERS_H

#include <stdint.h>

/* Why a connection was not taken. */
enum counters_reason {
    COUNTERS_MAX_UNAUTHENTICATED,
    COUNTERS_MAX_PER_ADDRESS,
    COUNTERS_NO_MEMORY,
    COUNTERS_NO_DESCRIPTOR,
    COUNTERS_REASONS,
};

struct counters {
    uint64_t accepted; /* connections, those that were turned away included */
    uint64_t turned_away[COUNTERS_REASONS];
    uint64_t dropped_silent; /* handshakes, oldest first, to make room for new ones */
    uint64_t timed_out;      /* handshakes that were not done before handshake_timeout */
    uint64_t bad_requests;   /* what came to an HTTP listener and is not HTTP */
    uint64_t refused;        /* handshakes and requests: each has its event 4625 */
    uint64_t established;    /* each has its event 4624 */
};

static inline void
counters_add(uint64_t *counter)
{
    (void)__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static inline uint64_t
counters_get(const uint64_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

#endif
