/* SPDX-License-Identifier: Apache-2.0 */
/* Counts events by address and id, so that a flood becomes a number. No clock of its own. */
#ifndef EVENT_FLOOD_H
#define EVENT_FLOOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FLOOD_SLOTS = 256, FLOOD_ADDRESS_BYTES = 64 };

struct flood_slot {
    char address[FLOOD_ADDRESS_BYTES];
    unsigned id;
    int64_t second;
    uint64_t seen, suppressed;
};

/* { .per_second = N } is one that has seen nothing. 0: everything passes. */
struct flood {
    unsigned per_second;
    struct flood_slot slots[FLOOD_SLOTS];
};

/* Whether one more event of this address and id may be written in this second. *ended is what a
 * flood that is over had suppressed; ended->suppressed is 0 when none is. */
bool flood_pass(struct flood *flood, unsigned id, const char *address, int64_t second,
                struct flood_slot *ended);

/* The next flood that was over before this second, from *cursor (0 at first) on; all of them with
 * second INT64_MAX. false: no more. */
bool flood_next_ended(struct flood *flood, int64_t second, size_t *cursor,
                      struct flood_slot *ended);

#endif
