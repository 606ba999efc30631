/* SPDX-License-Identifier: Apache-2.0 */
/* Counts what repeats, by kind and source, so that a flood becomes a number. No clock of its own.
 * A source may speak so many times a second; one that said more is listened to as many times a
 * minute, until a minute had no more. */
#ifndef BASE_FLOOD_H
#define BASE_FLOOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FLOOD_SLOTS = 256, FLOOD_SOURCE_BYTES = 64, FLOOD_MINUTE = 60 };

struct flood_slot {
    char source[FLOOD_SOURCE_BYTES];
    uint64_t kind;
    int64_t begun, seconds; /* of the window that is counted in */
    int64_t first, last;    /* when something was suppressed in it */
    uint64_t seen, suppressed;
};

/* { .limit = N } is one that has seen nothing. 0: everything passes. */
struct flood {
    unsigned limit;
    struct flood_slot slots[FLOOD_SLOTS];
};

/* Whether this kind may be told of this source once more, at this second. *ended is what a window
 * that is over had suppressed; ended->suppressed is 0 when nothing was. */
bool flood_pass(struct flood *flood, uint64_t kind, const char *source, int64_t second,
                struct flood_slot *ended);

/* The next window that was over at this second and had suppressed something, from *cursor (0 at
 * first) on; all of them with second INT64_MAX. false: no more. */
bool flood_next_ended(struct flood *flood, int64_t second, size_t *cursor,
                      struct flood_slot *ended);

#endif
