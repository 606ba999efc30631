/* SPDX-License-Identifier: Apache-2.0 */
/* Counts events by address and id. Two that share a slot push each other out: a flood then passes
 * in part, and no event is ever lost uncounted. */
#include <stdio.h>
#include <string.h>

#include "event/flood.h"

static struct flood_slot *
slot_of(struct flood *flood, unsigned id, const char *address)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ id; /* FNV-1a */

    for (const char *c = address; *c; c++) {
        hash = (hash ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
    }
    return &flood->slots[(hash ^ hash >> 32) % FLOOD_SLOTS];
}

bool
flood_pass(struct flood *flood, unsigned id, const char *address, int64_t second,
           struct flood_slot *ended)
{
    struct flood_slot *slot = slot_of(flood, id, address);

    *ended = (struct flood_slot){ 0 };
    if (flood->per_second == 0) {
        return true;
    }
    if (slot->second != second || slot->id != id || strcmp(slot->address, address) != 0) {
        *ended = *slot;
        *slot = (struct flood_slot){ .id = id, .second = second };
        (void)snprintf(slot->address, sizeof(slot->address), "%s", address);
    }
    slot->seen++;
    if (slot->seen <= flood->per_second) {
        return true;
    }
    slot->suppressed++;
    return false;
}

bool
flood_next_ended(struct flood *flood, int64_t second, size_t *cursor, struct flood_slot *ended)
{
    while (*cursor < FLOOD_SLOTS) {
        struct flood_slot *slot = &flood->slots[(*cursor)++];

        if (slot->suppressed && slot->second < second) {
            *ended = *slot;
            *slot = (struct flood_slot){ 0 };
            return true;
        }
    }
    return false;
}
