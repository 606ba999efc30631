/* SPDX-License-Identifier: Apache-2.0 */
/* The lock-out. A word: wrong passwords in bits 0 to 15, locked in bit 16, wrong codes in bits 17 to
 * 23, the time of the last failure that counted in seconds since 1601 in bits 24 to 63. */
#include "account/lockout.h"
#include "base/clock.h"

#define LOCKED_BIT (UINT64_C(1) << 16)

enum { TIME_SHIFT = 24, SECONDS_PER_MINUTE = 60 };

/* Where failures of a kind are counted, and how far. */
struct counter {
    unsigned shift;
    uint64_t max;
};

static const struct counter passwords = { 0, 0xFFFF }, codes = { 17, 0x7F };

static uint64_t
count_of(uint64_t word, struct counter c)
{
    return word >> c.shift & c.max;
}

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
        view.failures = (unsigned)(count_of(word, passwords) + count_of(word, codes));
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

/* A count that is full locks, too: a higher threshold than it can reach is no licence to guess. */
static uint64_t
after_failure(uint64_t word, struct counter c, struct lockout_policy policy, uint64_t now_s)
{
    uint64_t before = counts(word, policy, now_s) ? word : 0;
    uint64_t n_passwords = count_of(before, passwords), n_codes = count_of(before, codes);
    uint64_t *grows = c.shift == codes.shift ? &n_codes : &n_passwords;
    uint64_t next;

    *grows += *grows < c.max;
    next = now_s << TIME_SHIFT | n_codes << codes.shift | n_passwords << passwords.shift;
    return policy.threshold && (n_passwords + n_codes >= policy.threshold || *grows == c.max)
               ? next | LOCKED_BIT
               : next;
}

static enum lockout_outcome
fail(lockout_word *at, struct counter c, struct lockout_policy policy, uint64_t now_100ns)
{
    uint64_t now_s = now_100ns / CLOCK_SECOND_100NS;
    uint64_t word = atomic_load(at);
    bool was_locked;
    uint64_t next;

    do {
        was_locked = locked(word, policy, now_s);
        next = was_locked ? word : after_failure(word, c, policy, now_s);
    } while (!atomic_compare_exchange_weak(at, &word, next));
    if (was_locked) {
        return LOCKOUT_WAS_LOCKED;
    }
    return next & LOCKED_BIT ? LOCKOUT_LOCKED_NOW : LOCKOUT_COUNTED;
}

enum lockout_outcome
lockout_fail(lockout_word *at, struct lockout_policy policy, uint64_t now_100ns)
{
    return fail(at, passwords, policy, now_100ns);
}

enum lockout_outcome
lockout_fail_code(lockout_word *at, struct lockout_policy policy, uint64_t now_100ns)
{
    return fail(at, codes, policy, now_100ns);
}

/* What is left of a word that is not locked when failures of a kind are forgotten. */
static uint64_t
after_pass(uint64_t word, struct counter c, struct lockout_policy policy, uint64_t now_s)
{
    struct counter other = c.shift == codes.shift ? passwords : codes;

    if (!counts(word, policy, now_s) || !count_of(word, other)) {
        return 0;
    }
    return word & ~LOCKED_BIT & ~(c.max << c.shift);
}

static bool
pass(lockout_word *at, struct counter c, struct lockout_policy policy, uint64_t now_100ns)
{
    uint64_t now_s = now_100ns / CLOCK_SECOND_100NS;
    uint64_t word = atomic_load_explicit(at, memory_order_relaxed);

    for (;;) {
        uint64_t next;

        if (locked(word, policy, now_s)) {
            return false;
        }
        /* As a rule there is nothing to forget, and nothing is written: logons of one account in
         * several threads do not fight for its word. */
        next = after_pass(word, c, policy, now_s);
        if (next == word || atomic_compare_exchange_weak(at, &word, next)) {
            return true;
        }
    }
}

bool
lockout_pass(lockout_word *at, struct lockout_policy policy, uint64_t now_100ns)
{
    return pass(at, passwords, policy, now_100ns);
}

bool
lockout_pass_code(lockout_word *at, struct lockout_policy policy, uint64_t now_100ns)
{
    return pass(at, codes, policy, now_100ns);
}

void
lockout_clear(lockout_word *at)
{
    atomic_store(at, 0);
}
