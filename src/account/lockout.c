/* SPDX-License-Identifier: Apache-2.0 */
/* The lock-out. A word: failures in bits 0 to 15, locked in bit 16, the time of the last failure
 * that counted in seconds since 1601 in bits 24 to 63. */
#include "account/lockout.h"
#include "base/clock.h"

#define FAILURES_MASK UINT64_C(0xFFFF)
#define LOCKED_BIT    (UINT64_C(1) << 16)

enum { TIME_SHIFT = 24, SECONDS_PER_MINUTE = 60 };

/* Whether what the word says still counts. A clock that was set back must not lock an account for
 * the years between: the distance counts, either way. */
static bool
counts(uint64_t word, struct lockout_policy policy, uint64_t now_s)
{
    uint64_t then_s = word >> TIME_SHIFT;
    uint64_t apart_s = now_s > then_s ? now_s - then_s : then_s - now_s;

    return word && (policy.minutes == 0 || apart_s < (uint64_t)policy.minutes * SECONDS_PER_MINUTE);
}

static bool
locked(uint64_t word, struct lockout_policy policy, uint64_t now_s)
{
    return policy.threshold && word & LOCKED_BIT && counts(word, policy, now_s);
}

struct lockout_view
lockout_look(lockout_word *at, struct lockout_policy policy, uint64_t now_100ns)
{
    uint64_t word = atomic_load(at);
    uint64_t then_s = word >> TIME_SHIFT;
    struct lockout_view view = { 0 };

    if (counts(word, policy, now_100ns / CLOCK_SECOND_100NS)) {
        view.failures = (unsigned)(word & FAILURES_MASK);
        view.locked = policy.threshold && word & LOCKED_BIT;
        view.last_100ns = then_s * CLOCK_SECOND_100NS;
        view.until_100ns = CLOCK_NEVER_100NS;
        if (policy.minutes) {
            then_s += (uint64_t)policy.minutes * SECONDS_PER_MINUTE;
            view.until_100ns = then_s * CLOCK_SECOND_100NS;
        }
    }
    return view;
}

static uint64_t
after_failure(uint64_t word, struct lockout_policy policy, uint64_t now_s)
{
    uint64_t failures = counts(word, policy, now_s) ? word & FAILURES_MASK : 0;
    uint64_t next;

    failures += failures < FAILURES_MASK;
    next = now_s << TIME_SHIFT | failures;
    return policy.threshold && failures >= policy.threshold ? next | LOCKED_BIT : next;
}

enum lockout_outcome
lockout_fail(lockout_word *at, struct lockout_policy policy, uint64_t now_100ns)
{
    uint64_t now_s = now_100ns / CLOCK_SECOND_100NS;
    uint64_t word = atomic_load(at);
    bool was_locked;
    uint64_t next;

    do {
        was_locked = locked(word, policy, now_s);
        next = was_locked ? word : after_failure(word, policy, now_s);
    } while (!atomic_compare_exchange_weak(at, &word, next));
    if (was_locked) {
        return LOCKOUT_WAS_LOCKED;
    }
    return next & LOCKED_BIT ? LOCKOUT_LOCKED_NOW : LOCKOUT_COUNTED;
}

bool
lockout_pass(lockout_word *at, struct lockout_policy policy, uint64_t now_100ns)
{
    uint64_t now_s = now_100ns / CLOCK_SECOND_100NS;
    uint64_t word = atomic_load_explicit(at, memory_order_relaxed);

    /* As a rule there is nothing to forget, and nothing is written: logons of one account in
     * several threads do not fight for its word. */
    while (word) {
        if (locked(word, policy, now_s)) {
            return false;
        }
        if (atomic_compare_exchange_weak(at, &word, 0)) {
            break;
        }
    }
    return true;
}

void
lockout_clear(lockout_word *at)
{
    atomic_store(at, 0);
}
