/* SPDX-License-Identifier: Apache-2.0 */
/* A small memory of what was told, hashed by FNV-1a. */
#include "service/told.h"

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
    do {
        sum = (sum ^ (uint8_t)*text) * UINT64_C(0x100000001B3);
    } while (*text++);
    return sum;
}

bool
told_is_due(struct told *told, const char *what, const char *whom, uint64_t now_s)
{
    uint64_t key = hash(hash(UINT64_C(0xCBF29CE484222325), what), whom);
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
