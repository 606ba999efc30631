/* SPDX-License-Identifier: Apache-2.0 */
/* What a listener has seen since it was opened, for who asks how it fares. Safe from any thread. */
#ifndef SERVICE_COUNTERS_H
#define SERVICE_COUNTERS_H

#include <stdint.h>

#include "base/status.h"

/* Why a connection was not taken. */
enum counters_reason {
    COUNTERS_MAX_UNAUTHENTICATED,
    COUNTERS_MAX_PER_ADDRESS,
    COUNTERS_NO_MEMORY,
    COUNTERS_NO_DESCRIPTOR,
    COUNTERS_REASONS,
};

/* Why a client was refused, in the words that operators look for. */
enum counters_refusal {
    COUNTERS_CREDENTIALS, /* no such user, a wrong password or code */
    COUNTERS_LOCKED_OUT,
    COUNTERS_ACCOUNT,   /* disabled, expired, restricted */
    COUNTERS_TICKET,    /* Kerberos: another key, another clock, seen before, another service */
    COUNTERS_BINDINGS,  /* of another channel or service */
    COUNTERS_TOKEN,     /* malformed, altered, or out of place */
    COUNTERS_POLICY,    /* good, and not wanted here */
    COUNTERS_AUTHORITY, /* who knows the accounts did not answer */
    COUNTERS_TIMEOUT,
    COUNTERS_LIMIT, /* turned away: there are too many */
    COUNTERS_OTHER,
    COUNTERS_REFUSALS,
};

enum { COUNTERS_BUCKETS = 14 };

struct counters {
    uint64_t accepted; /* connections, those that were turned away included */
    uint64_t turned_away[COUNTERS_REASONS];
    uint64_t dropped_silent; /* handshakes, oldest first, to make room for new ones */
    uint64_t timed_out;      /* handshakes that were not done before handshake_timeout */
    uint64_t bad_requests;   /* what came to an HTTP listener and is not HTTP */
    uint64_t refused;        /* handshakes and requests: each has its event 4625 */
    uint64_t established;    /* each has its event 4624 */
    uint64_t refusals[COUNTERS_REFUSALS];
    uint64_t commands; /* that were started */
    uint64_t commands_failed, commands_refused;
    uint64_t contexts; /* that there are now */
    /* How long handshakes took that led to a logon: how many not longer than each bound, and more
     * than the one before. The last is for all that took longer. */
    uint64_t took[COUNTERS_BUCKETS + 1];
    uint64_t took_us; /* in all */
};

/* The upper bounds of took, in microseconds. */
extern const uint64_t counters_bounds_us[COUNTERS_BUCKETS];

/* sub_status: an NTSTATUS, or 0. */
enum counters_refusal counters_refusal_of(sec_status status, uint32_t sub_status);
/* "locked-out" */
const char *counters_refusal_name(enum counters_refusal refusal);
/* "max_unauthenticated" */
const char *counters_reason_name(enum counters_reason reason);
/* A handshake that led to a logon. */
void counters_add_handshake(struct counters *counters, uint64_t us);

static inline void
counters_add(uint64_t *counter)
{
    (void)__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static inline void
counters_take(uint64_t *counter)
{
    (void)__atomic_fetch_sub(counter, 1, __ATOMIC_RELAXED);
}

static inline uint64_t
counters_get(const uint64_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

#endif
