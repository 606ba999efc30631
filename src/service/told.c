/* SPDX-License-Identifier: Apache-2.0 */
/* A small memory of what was told, hashed by FNV-1a. */
#include "service/told.h"

#include <string.h>

#include "base/fnv.h"

void
told_init(struct told *told)
{
    *told = (struct told){ 0 };
    (void)pthread_mutex_init(&told->lock, NULL);
}

void
told_clear(struct told *told)
{
    (void)pthread_mutex_destroy(&told->lock);
}

/* With the NUL, so that "ab", "c" is not "a", "bc". */
static uint64_t
hash(uint64_t sum, const char *text)
{
    return fnv_add(sum, bytes_of(text, strlen(text) + 1));
}

bool
told_is_due(struct told *told, const char *what, const char *whom, uint64_t now_s)
{
    uint64_t key = hash(hash(fnv_begin(), what), whom);
    struct told_slot *slot = &told->slots[key % TOLD_SLOTS];
    bool due;

    (void)pthread_mutex_lock(&told->lock);
    due = slot->key != key || now_s >= slot->until_s;
    if (due) {
        *slot = (struct told_slot){ key, now_s + TOLD_SECONDS };
    }
    (void)pthread_mutex_unlock(&told->lock);
    return due;
}
