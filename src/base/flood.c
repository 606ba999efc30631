/* SPDX-License-Identifier: Apache-2.0 */
/* Counts by kind and source. Two that share a slot push each other out: a flood then passes in
 * part, and nothing is ever lost uncounted. */
#include <stdio.h>
#include <string.h>

#include "base/flood.h"

static struct flood_slot *
slot_of(struct flood *flood, uint64_t kind, const char *source)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ kind; /* FNV-1a */

    for (const char *c = source; *c; c++) {
        hash = (hash ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
    }
    return &flood->slots[(hash ^ hash >> 32) % FLOOD_SLOTS];
}

static bool
is_over(const struct flood_slot *slot, int64_t second)
{
    return second < slot->begun || second - slot->begun >= slot->seconds;
}

/* The same source's next window. */
static void
begin_window(struct flood_slot *slot, int64_t second)
{
    slot->seconds = slot->suppressed ? FLOOD_MINUTE : 1;
    slot->begun = second;
    slot->seen = slot->suppressed = 0;
}

bool
flood_pass(struct flood *flood, uint64_t kind, const char *source, int64_t second,
           struct flood_slot *ended)
{
    struct flood_slot *slot = slot_of(flood, kind, source);

    *ended = (struct flood_slot){ 0 };
    if (flood->limit == 0) {
        return true;
    }
    if (slot->kind != kind || strcmp(slot->source, source) != 0) {
        *ended = *slot;
        *slot = (struct flood_slot){ .kind = kind, .begun = second, .seconds = 1 };
        (void)snprintf(slot->source, sizeof(slot->source), "%s", source);
    } else if (is_over(slot, second)) {
        *ended = *slot;
        begin_window(slot, second);
    }
    slot->seen++;
    if (slot->seen <= flood->limit) {
        return true;
    }
    slot->first = slot->suppressed ? slot->first : second;
    slot->last = second;
    slot->suppressed++;
    return false;
}

bool
flood_next_ended(struct flood *flood, int64_t second, size_t *cursor, struct flood_slot *ended)
{
    while (*cursor < FLOOD_SLOTS) {
        struct flood_slot *slot = &flood->slots[(*cursor)++];

        if (slot->suppressed && (second == INT64_MAX || is_over(slot, second))) {
            *ended = *slot;
            begin_window(slot, second);
            return true;
        }
    }
    return false;
}
