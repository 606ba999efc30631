/* SPDX-License-Identifier: Apache-2.0 */
/* A table of authenticators in memory that threads, and processes that have it mapped, share. */
#ifndef TICKET_REPLAY_TABLE_H
#define TICKET_REPLAY_TABLE_H

#include "base/boot_id.h"
#include "ticket/ticket.h"

/* The table itself: no pointers in it. */
struct replay_memory;

/* How a process sees a table. What bounds an access stands here and not in memory that others can
 * write. */
struct replay_table {
    struct replay_memory *memory;
    uint32_t shards;
    uint64_t slots; /* of a shard: what it remembers at once */
    uint64_t heads; /* of a shard: a power of two */
    uint64_t skew_100ns;
    uint64_t
        ahead_100ns; /* how far a ctime may lie ahead: the skew, unless somebody knows better */
    bool lets_go;    /* when it is full, of the oldest */
};

enum { REPLAY_CAPACITY_MAX = 1 << 27 };

/* Everything but the memory; the bytes that it must have are returned. 1 <= capacity <=
 * REPLAY_CAPACITY_MAX. */
size_t replay_table_shape(struct replay_table *, size_t capacity, uint64_t skew_100ns);

/* Makes an empty table in memory that is all zeros; nobody else uses it. boot says until when what
 * is in the memory may be relied on. start: what is older is not known. false: no random bytes, or
 * no locks. */
enum { REPLAY_BOOT_BYTES = BOOT_ID_BYTES };
SEC_NODISCARD bool replay_table_begin(struct replay_table *,
                                      const uint8_t boot[static REPLAY_BOOT_BYTES],
                                      uint64_t start_100ns);
/* Whether there is a table of this shape and boot in the memory. */
bool replay_table_is(const struct replay_table *, const uint8_t boot[static REPLAY_BOOT_BYTES]);
/* What no other table has: drawn when it was begun. A secret of those who may read the memory. */
enum { REPLAY_NAME_BYTES = 16 };
void replay_table_name(const struct replay_table *, uint8_t name[static REPLAY_NAME_BYTES]);
/* New locks for a table that nobody else uses: those who held the old ones are gone. */
SEC_NODISCARD bool replay_table_renew_locks(struct replay_table *);

/* As ticket_replay_check. Of a process that is killed in here nothing is lost but what it was just
 * about to be told. */
enum ticket_replay_verdict replay_table_check(struct replay_table *,
                                              const uint8_t hash[static TICKET_REPLAY_HASH_BYTES],
                                              uint64_t ctime_100ns, uint64_t now_100ns);
/* Has the processor fetch what a check of this hash will look at: memory that nothing else has
 * touched, while there is other work to do. */
void replay_table_expect(const struct replay_table *,
                         const uint8_t hash[static TICKET_REPLAY_HASH_BYTES]);

#endif
