/* SPDX-License-Identifier: Apache-2.0 */
/* What the processes that use one store share in memory: the generation of its accounts, and a
 * word per account for the lock-out. It is a mapped file beside the database, PATH-shared. */
#ifndef ACCOUNT_SHARED_H
#define ACCOUNT_SHARED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct shared_state;

enum {
    SHARED_STORE_ID_BYTES = 16,
    /* Words below the first RID belong to no account: names that do not exist count there. */
    SHARED_NO_ACCOUNT_WORDS = 1001,
};

/* Maps the file, which is made where there is none; one that belongs to another store (the
 * database was replaced) begins anew. *out is owned by the caller: shared_free. */
SEC_NODISCARD sec_status shared_open(const char *database,
                                     const uint8_t store_id[static SHARED_STORE_ID_BYTES],
                                     struct shared_state **out);
/* This process's own, where the file cannot be mapped: lock-outs are counted here alone, and its
 * generation is always odd, so that every question goes to the database. NULL without memory. */
SEC_NODISCARD struct shared_state *shared_new_private(void);
void shared_free(struct shared_state *); /* NULL is a no-op */
bool shared_is_private(const struct shared_state *);

/* Odd while a change is under way: what is remembered may be old. Two equal even values say that
 * nothing changed in between. */
uint64_t shared_generation(const struct shared_state *);

/* Around a change of the database, commit and all; one process at a time. */
SEC_NODISCARD sec_status shared_change_begin(struct shared_state *);
void shared_change_end(struct shared_state *);
/* Ends the change of a process that died within it, which would keep the generation odd. */
void shared_repair(struct shared_state *);

/* Whether PATH-shared is still the file that is mapped. */
bool shared_is_current(const struct shared_state *);

/* The word of an account: shared_reserve has been asked for it once, where it is made or read (and
 * not within a change). Where there was no room for it, it shares a word with others. */
void shared_reserve(struct shared_state *, uint32_t rid);
_Atomic uint64_t *shared_word(struct shared_state *, uint32_t rid);

#endif
