/* SPDX-License-Identifier: Apache-2.0 */
/* The replay cache in memory, and what it has in common with that in a file. */
#include <sys/mman.h>

#include "base/mem.h"
#include "ticket/replay.h"

void
replay_close(struct replay *r)
{
    if (!r) {
        return;
    }
    if (r->table.memory) {
        (void)munmap(r->table.memory, r->bytes);
    }
    replay_shared_close(r->file);
    mem_free(r);
}

/* Shared with children, so that a server that forks its workers has one memory. Pages that were
 * never touched cost nothing. */
sec_status
replay_open(const struct replay_options *o, struct replay **out)
{
    static const uint8_t boot[REPLAY_BOOT_BYTES];
    struct replay *r = mem_new(sizeof(*r));
    void *p;

    if (!r) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    r->bytes = replay_table_shape(&r->table, o->capacity, o->skew_100ns);
    p = mmap(NULL, r->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1,
             0);
    if (p == MAP_FAILED) {
        mem_free(r);
        return sec_fail(SEC_E_INSUFFICIENT_MEMORY, "replay: no memory for %zu authenticators",
                        o->capacity);
    }
    r->table.memory = p;
    if (!replay_table_begin(&r->table, boot, o->start_100ns)) {
        replay_close(r);
        return sec_fail(SEC_E_INTERNAL_ERROR, "replay: no random bytes or no locks");
    }
    *out = r;
    return SEC_E_OK;
}

void
replay_let_oldest_go(struct replay *r, uint64_t ahead_100ns)
{
    r->table.lets_go = true;
    r->table.ahead_100ns = ahead_100ns;
}

void
replay_name(const struct replay *r, uint8_t name[static REPLAY_NAME_BYTES])
{
    replay_table_name(&r->table, name);
}

enum ticket_replay_verdict
replay_check(struct replay *r, const uint8_t hash[static TICKET_REPLAY_HASH_BYTES],
             uint64_t ctime_100ns, uint64_t now_100ns)
{
    if (r->file && !replay_shared_is_current(r->file)) {
        return TICKET_REPLAY_BROKEN;
    }
    return replay_table_check(&r->table, hash, ctime_100ns, now_100ns);
}
