/* SPDX-License-Identifier: Apache-2.0 */
/* The cache: parts of SETS sets of WAYS entries. A part's lock is taken or not, never waited for:
 * in the child of a fork it may be held for ever by a thread that is not there. */
#include <sched.h>
#include <stdatomic.h>
#include <sys/sysinfo.h>

#include "account/cache.h"
#include "base/mem.h"
#include "crypto/random.h"

enum {
    WAYS = 4,
    SETS = 1024, /* 4096 accounts a part, some 250 bytes each, names and groups apart */
    PARTS_MAX = 64,
    TRIES = 64, /* at a lock, whose holder copies a record */
};

struct entry {
    struct sqlite_stamp stamp;
    uint64_t used;
    uint32_t hash;
    uint32_t name_bytes;
    uint8_t *name; /* NULL: the entry is free */
    struct account_record record;
};

struct part {
    atomic_bool held;
    uint64_t clock;
    struct entry entries[SETS][WAYS];
};

struct cache {
    uint32_t seed;
    unsigned n_parts;
    _Atomic(struct part *) parts[PARTS_MAX]; /* NULL: not used yet */
};

struct cache *
cache_new(void)
{
    struct cache *c = mem_new(sizeof(*c));
    int processors = get_nprocs_conf();

    if (!c || !random_bytes(&c->seed, sizeof(c->seed))) {
        mem_free(c);
        return NULL;
    }
    c->n_parts = processors < 1 ? 1 : processors > PARTS_MAX ? PARTS_MAX : (unsigned)processors;
    return c;
}

static void
entry_clear(struct entry *e)
{
    mem_free(e->name);
    account_record_clear(&e->record);
    *e = (struct entry){ 0 };
}

static void
part_free(struct part *p)
{
    for (size_t i = 0; p && i < SETS * WAYS; i++) {
        struct entry *e = &p->entries[i / WAYS][i % WAYS];

        if (e->name) {
            entry_clear(e);
        }
    }
    mem_free(p);
}

void
cache_free(struct cache *c)
{
    if (!c) {
        return;
    }
    for (unsigned i = 0; i < c->n_parts; i++) {
        part_free(atomic_load(&c->parts[i]));
    }
    mem_free(c);
}

/* --- parts --------------------------------------------------------------------------------- */

static struct part *
part_make(struct cache *c, unsigned i)
{
    struct part *fresh = mem_new(sizeof(*fresh));
    struct part *there = NULL;

    if (fresh && !atomic_compare_exchange_strong(&c->parts[i], &there, fresh)) {
        mem_free(fresh);
        return there;
    }
    return fresh;
}

static bool
part_lock(struct part *p)
{
    for (unsigned i = 0; i < TRIES; i++) {
        if (!atomic_load_explicit(&p->held, memory_order_relaxed) &&
            !atomic_exchange_explicit(&p->held, true, memory_order_acquire)) {
            return true;
        }
    }
    return false;
}

static void
part_unlock(struct part *p)
{
    atomic_store_explicit(&p->held, false, memory_order_release);
}

/* This processor's part, locked; NULL: not to be had. */
static struct part *
part_take(struct cache *c, bool makes)
{
    int cpu = sched_getcpu();
    unsigned i = cpu < 0 ? 0 : (unsigned)cpu % c->n_parts;
    struct part *p = atomic_load_explicit(&c->parts[i], memory_order_acquire);

    if (!p && makes) {
        p = part_make(c, i);
    }
    return p && part_lock(p) ? p : NULL;
}

/* FNV-1a. Names that somebody chose to collide cost each other their places, no more: a set is
 * bounded, and all of them are accounts. */
static uint32_t
hash_name(const struct cache *c, struct bytes name)
{
    uint32_t h = UINT32_C(2166136261) ^ c->seed;

    for (size_t i = 0; i < name.n; i++) {
        h = (h ^ name.p[i]) * UINT32_C(16777619);
    }
    return h ^ h >> 15;
}

static struct entry *
find(struct part *p, uint32_t hash, struct bytes name)
{
    struct entry *set = p->entries[hash % SETS];

    for (unsigned i = 0; i < WAYS; i++) {
        if (set[i].name && set[i].hash == hash &&
            bytes_equal(bytes_of(set[i].name, set[i].name_bytes), name)) {
            return &set[i];
        }
    }
    return NULL;
}

bool
cache_get(struct cache *c, struct bytes name, struct sqlite_stamp stamp, struct account_record *out)
{
    uint32_t hash = hash_name(c, name);
    struct part *p = part_take(c, false);
    struct entry *e;
    bool good;

    if (!p) {
        return false;
    }
    e = find(p, hash, name);
    good = e && sqlite_stamp_equal(e->stamp, stamp);
    if (good) {
        e->used = ++p->clock;
        account_record_copy(out, &e->record);
    } else if (e) {
        entry_clear(e); /* a hash that may no longer be the account's is not kept */
    }
    part_unlock(p);
    return good;
}

/* The name's own entry, or a free one, or an old one, or the one that was used longest ago. */
static struct entry *
choose(struct part *p, uint32_t hash, struct bytes name, struct sqlite_stamp stamp)
{
    struct entry *set = p->entries[hash % SETS];
    struct entry *best = find(p, hash, name);

    if (best) {
        return best;
    }
    best = &set[0];
    for (unsigned i = 0; i < WAYS; i++) {
        if (!set[i].name || !sqlite_stamp_equal(set[i].stamp, stamp)) {
            return &set[i];
        }
        if (set[i].used < best->used) {
            best = &set[i];
        }
    }
    return best;
}

void
cache_put(struct cache *c, struct bytes name, struct sqlite_stamp stamp,
          const struct account_record *record)
{
    uint8_t *copy = mem_dup(name.p, name.n);
    struct part *p = copy ? part_take(c, true) : NULL;
    uint32_t hash = hash_name(c, name);
    struct entry *e;

    if (!p) {
        mem_free(copy);
        return;
    }
    e = choose(p, hash, name, stamp);
    if (e->name) {
        entry_clear(e);
    }
    e->stamp = stamp;
    e->used = ++p->clock;
    e->hash = hash;
    e->name = copy;
    e->name_bytes = (uint32_t)name.n;
    account_record_copy(&e->record, record);
    part_unlock(p);
}
