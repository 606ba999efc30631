/* SPDX-License-Identifier: Apache-2.0 */
/* What was told not long ago and need not be told again: clients that try without end fill no log.
 * Safe from any thread. */
#ifndef SERVICE_TOLD_H
#define SERVICE_TOLD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

enum { TOLD_SLOTS = 256, TOLD_SECONDS = 600 };

struct told {
    pthread_mutex_t lock;
    struct told_slot {
        uint64_t key, until_s;
    } slots[TOLD_SLOTS];
};

void told_init(struct told *told);
void told_clear(struct told *told);

/* Whether this is to be told now, of whom: not within TOLD_SECONDS of the last time. Two that fall
 * into one slot push each other out, and are told too often rather than never. */
SEC_NODISCARD bool told_is_due(struct told *told, const char *what, const char *whom,
                               uint64_t now_s);

#endif
