/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for what comes within microseconds: by looking for it again and again, since to sleep and be
 * woken on a processor that idles takes longer than the wait. Each wait is bounded, and who waits in
 * vain more than now and then looks no more, but for a try once in a while, and ever more seldom: so
 * nobody looks where little comes, where answers take their time, or where others need the
 * processors. */
#ifndef BASE_SPIN_H
#define BASE_SPIN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What is known of waits of a kind. { 0 } at first, which is nothing; for any number of threads. */
struct spin {
    atomic_uint trust, skipped, doubled;
    atomic_uint_fast64_t crowded_until_us;
};

/* Whether to look, the next time. */
bool spin_is_worth(struct spin *);

/* Whether it is there. */
typedef bool (*spin_look)(void *user);

/* Looks for most_us at most. false: it did not come, and is to be waited for in the usual way. */
bool spin_wait(struct spin *, unsigned most_us, spin_look, void *user);

/* On how many processors this process may run: with one, looking only keeps from running what is
 * waited for. */
unsigned spin_processors(void);

#endif
