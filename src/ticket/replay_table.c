/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of authenticators. A shard is a ring of entries, in the order in which they came, which
 * is that in which they are forgotten; and chains through it, from the newest entry of a hash to
 * the oldest. Entries have sequence numbers for names: a chain ends where a number is below the
 * oldest one remembered, so that forgetting is counting up, and nothing is ever moved or unlinked.
 * An entry counts once `next` has passed it: whoever is killed before that leaves no trace.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/wire.h"
#include "crypto/random.h"
#include "ticket/replay_table.h"

#define MAGIC "OSSPIRP2" /* 1 had digests of whole ciphertexts */

enum {
    SHARDS = 64,
    SHARD_LEAST = 256, /* of a capacity that is spread over shards */
    LOCK_WAIT_S = 2,   /* for a process that was stopped while it held a lock */
    HEAD_BYTES = 4096,
    SHARD_BYTES = 128, /* two cache lines, which processors fetch in pairs */
};

/* Who may read the memory has the same idea of it. */
struct replay_head {
    char magic[8];
    uint32_t word_bytes, lock_bytes, shards, unused;
    uint64_t slots, heads, skew_100ns;
    uint64_t seed[2];
    uint8_t boot[REPLAY_BOOT_BYTES];
};

struct replay_shard {
    pthread_mutex_t lock;
    _Atomic uint64_t first, next;  /* sequence numbers: what is remembered, and one past it */
    _Atomic uint64_t floor_100ns;  /* authenticators that are older may have been forgotten */
    _Atomic uint64_t latest_100ns; /* when the newest entry came: a clock set back does not count */
};

struct replay_entry {
    uint8_t hash[TICKET_REPLAY_HASH_BYTES];
    uint64_t came_100ns;
    uint64_t before; /* the next older one of its chain */
};

struct replay_memory {
    union {
        struct replay_head head;
        uint8_t page[HEAD_BYTES];
    };
    union {
        struct replay_shard shard;
        uint8_t room[SHARD_BYTES];
    } shards[]; /* then the heads of all chains, then the entries, shard by shard */
};

_Static_assert(sizeof(struct replay_head) <= HEAD_BYTES, "the head has a page");
_Static_assert(sizeof(struct replay_shard) <= SHARD_BYTES, "a shard has its cache lines");
_Static_assert(sizeof(struct replay_entry) == 32, "two entries in a cache line");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "processes share these words: no hidden lock");

/* --- shape --------------------------------------------------------------------------------- */

static uint64_t
square_root(uint64_t n)
{
    uint64_t root = 0;

    while (root * root < n) {
        root++;
    }
    return root;
}

size_t
replay_table_shape(struct replay_table *t, size_t capacity, uint64_t skew_100ns)
{
    *t = (struct replay_table){
        .shards = 1, .slots = capacity, .skew_100ns = skew_100ns, .ahead_100ns = skew_100ns
    };
    if (capacity >= SHARDS * SHARD_LEAST) {
        t->shards = SHARDS;
        t->slots = (capacity + SHARDS - 1) / SHARDS;
        /* Hashes fall unevenly: eight standard deviations more, so that no shard is full before
         * the whole is. */
        t->slots += 8 * square_root(t->slots);
    }
    for (t->heads = 1; t->heads < t->slots;) {
        t->heads *= 2;
    }
    return HEAD_BYTES + t->shards * (SHARD_BYTES + t->heads * sizeof(uint64_t) +
                                     t->slots * sizeof(struct replay_entry));
}

static struct replay_shard *
shard_of(const struct replay_table *t, uint64_t i)
{
    return &t->memory->shards[i].shard;
}

static _Atomic uint64_t *
heads_of(const struct replay_table *t, uint64_t shard)
{
    return (_Atomic uint64_t *)(void *)&t->memory->shards[t->shards] + shard * t->heads;
}

static struct replay_entry *
entries_of(const struct replay_table *t, uint64_t shard)
{
    return (struct replay_entry *)(void *)heads_of(t, t->shards) + shard * t->slots;
}

/* --- beginning ----------------------------------------------------------------------------- */

bool
replay_table_renew_locks(struct replay_table *t)
{
    pthread_mutexattr_t attributes;
    bool good;

    if (pthread_mutexattr_init(&attributes)) {
        return false;
    }
    good = !pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) &&
           !pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    for (uint32_t i = 0; i < t->shards && good; i++) {
        shard_of(t, i)->lock = (pthread_mutex_t){ 0 };
        good = !pthread_mutex_init(&shard_of(t, i)->lock, &attributes);
    }
    (void)pthread_mutexattr_destroy(&attributes);
    return good;
}

static struct replay_head
head_for(const struct replay_table *t, const uint8_t *boot)
{
    struct replay_head head = {
        .word_bytes = sizeof(size_t),
        .lock_bytes = sizeof(pthread_mutex_t),
        .shards = t->shards,
        .slots = t->slots,
        .heads = t->heads,
        .skew_100ns = t->skew_100ns,
    };

    bytes_copy(head.magic, MAGIC, sizeof(head.magic));
    bytes_copy(head.boot, boot, sizeof(head.boot));
    return head;
}

bool
replay_table_begin(struct replay_table *t, const uint8_t boot[static REPLAY_BOOT_BYTES],
                   uint64_t start_100ns)
{
    struct replay_head head = head_for(t, boot);

    if (!random_bytes(head.seed, sizeof(head.seed)) || !replay_table_renew_locks(t)) {
        return false;
    }
    for (uint32_t i = 0; i < t->shards; i++) {
        struct replay_shard *s = shard_of(t, i);

        atomic_store(&s->first, 1); /* 0 is the number of no entry: what all heads hold */
        atomic_store(&s->next, 1);
        atomic_store(&s->floor_100ns, start_100ns);
    }
    atomic_thread_fence(memory_order_seq_cst); /* who is killed here leaves no table */
    t->memory->head = head;
    return true;
}

bool
replay_table_is(const struct replay_table *t, const uint8_t boot[static REPLAY_BOOT_BYTES])
{
    struct replay_head wanted = head_for(t, boot);

    bytes_copy(wanted.seed, t->memory->head.seed, sizeof(wanted.seed));
    return bytes_equal(
        bytes_of(&wanted, offsetof(struct replay_head, boot) + REPLAY_BOOT_BYTES),
        bytes_of(&t->memory->head, offsetof(struct replay_head, boot) + REPLAY_BOOT_BYTES));
}

void
replay_table_name(const struct replay_table *t, uint8_t name[static REPLAY_NAME_BYTES])
{
    _Static_assert(sizeof(t->memory->head.seed) == (size_t)REPLAY_NAME_BYTES, "the seed is it");
    bytes_copy(name, t->memory->head.seed, REPLAY_NAME_BYTES);
}

/* --- checks -------------------------------------------------------------------------------- */

/* Who makes authenticators may choose among many, but does not know the seed: long chains cannot be
 * made on purpose. */
static uint64_t
mix(const uint64_t seed[2], const uint8_t *hash)
{
    uint64_t x = (wire_load_le64(hash) ^ seed[0]) * UINT64_C(0x9E3779B97F4A7C15);

    x ^= x >> 32;
    x = (x ^ wire_load_le64(hash + 8) ^ seed[1]) * UINT64_C(0xD6E8FEB86659FD93);
    x ^= x >> 29;
    x *= UINT64_C(0xBF58476D1CE4E5B9);
    return x ^ x >> 32;
}

struct place {
    uint64_t shard, head;
};

static struct place
place_of(const struct replay_table *t, const uint8_t *hash)
{
    uint64_t mixed = mix(t->memory->head.seed, hash);

    return (struct place){ mixed >> 48 & (t->shards - 1), mixed & (t->heads - 1) };
}

static bool
lock_shard(struct replay_shard *s)
{
    int error = pthread_mutex_trylock(&s->lock);
    struct timespec until;

    if (error == EBUSY) {
        (void)clock_gettime(CLOCK_REALTIME, &until); /* ThreadSanitizer knows no other */
        until.tv_sec += LOCK_WAIT_S;
        error = pthread_mutex_timedlock(&s->lock, &until);
    }
    if (error == EOWNERDEAD) {
        error = pthread_mutex_consistent(&s->lock); /* nothing is ever half done: see above */
    }
    return error == 0;
}

/* Who else can write the memory must not make a loop of what is remembered. */
static bool
is_sound(const struct replay_table *t, uint64_t shard)
{
    const struct replay_shard *s = shard_of(t, shard);
    uint64_t first = atomic_load_explicit(&s->first, memory_order_relaxed);
    uint64_t next = atomic_load_explicit(&s->next, memory_order_relaxed);

    return first && first <= next && next - first <= t->slots;
}

/* Its ctime was no further ahead than it may be. Should the clock be set back, replays of it are
 * refused all the same. */
static uint64_t
floor_above(const struct replay_table *t, uint64_t came_100ns, uint64_t floor_100ns)
{
    uint64_t above = came_100ns + t->ahead_100ns + 1;

    return floor_100ns > above ? floor_100ns : above;
}

/* What came so long ago that no clock within the skew takes it any more. Where the oldest gives way there is
 * room without it, and so what is there stays: a clock that is set back later does not know of then. */
static void
forget(struct replay_table *t, uint64_t shard, uint64_t now_100ns)
{
    struct replay_shard *s = shard_of(t, shard);
    const struct replay_entry *entries = entries_of(t, shard);
    uint64_t first = atomic_load_explicit(&s->first, memory_order_relaxed);
    uint64_t next = atomic_load_explicit(&s->next, memory_order_relaxed);
    uint64_t floor = atomic_load_explicit(&s->floor_100ns, memory_order_relaxed);

    for (; first < next && !t->lets_go; first++) {
        uint64_t came = entries[first % t->slots].came_100ns;

        if (now_100ns < came || now_100ns - came <= 2 * t->skew_100ns) {
            break;
        }
        floor = floor_above(t, came, floor);
    }
    atomic_store_explicit(&s->floor_100ns, floor, memory_order_release);
    atomic_store_explicit(&s->first, first, memory_order_release);
}

/* Where the clock was ahead for a while and was set back, nothing that is made now would be taken for
 * as long as it was ahead: only what was made before now is refused then. */
static uint64_t
floor_now(const struct replay_table *t, struct replay_shard *s, uint64_t now_100ns)
{
    uint64_t floor = atomic_load_explicit(&s->floor_100ns, memory_order_relaxed);

    if (t->lets_go && floor > now_100ns + t->ahead_100ns + 1) {
        floor = now_100ns;
        atomic_store_explicit(&s->floor_100ns, floor, memory_order_release);
    }
    return floor;
}

/* An entry of the time when the clock was ahead says nothing of what was made since. */
static void
let_oldest_go(struct replay_table *t, uint64_t shard, uint64_t now_100ns)
{
    struct replay_shard *s = shard_of(t, shard);
    uint64_t first = atomic_load_explicit(&s->first, memory_order_relaxed);
    uint64_t floor = atomic_load_explicit(&s->floor_100ns, memory_order_relaxed);
    uint64_t came = entries_of(t, shard)[first % t->slots].came_100ns;

    if (came <= now_100ns) {
        atomic_store_explicit(&s->floor_100ns, floor_above(t, came, floor), memory_order_release);
    }
    atomic_store_explicit(&s->first, first + 1, memory_order_release);
}

enum search { SEARCH_ABSENT, SEARCH_FOUND, SEARCH_DAMAGED };

static enum search
search_chain(const struct replay_table *t, uint64_t shard, uint64_t head, const uint8_t *hash)
{
    const struct replay_shard *s = shard_of(t, shard);
    const struct replay_entry *entries = entries_of(t, shard);
    uint64_t first = atomic_load_explicit(&s->first, memory_order_relaxed);
    uint64_t next = atomic_load_explicit(&s->next, memory_order_relaxed);
    uint64_t at = atomic_load_explicit(&heads_of(t, shard)[head], memory_order_relaxed);

    for (uint64_t above = next; at >= first; at = entries[at % t->slots].before) {
        if (at >= above) {
            return SEARCH_DAMAGED; /* chains run downwards, so they end */
        }
        if (bytes_equal(bytes_of(entries[at % t->slots].hash, TICKET_REPLAY_HASH_BYTES),
                        bytes_of(hash, TICKET_REPLAY_HASH_BYTES))) {
            return SEARCH_FOUND;
        }
        above = at;
    }
    return SEARCH_ABSENT;
}

static void
remember(struct replay_table *t, uint64_t shard, uint64_t head, const uint8_t *hash,
         uint64_t now_100ns)
{
    struct replay_shard *s = shard_of(t, shard);
    _Atomic uint64_t *chain = &heads_of(t, shard)[head];
    uint64_t next = atomic_load_explicit(&s->next, memory_order_relaxed);
    uint64_t latest = atomic_load_explicit(&s->latest_100ns, memory_order_relaxed);
    struct replay_entry *e = &entries_of(t, shard)[next % t->slots];

    bytes_copy(e->hash, hash, sizeof(e->hash));
    e->came_100ns = now_100ns > latest || t->lets_go ? now_100ns : latest;
    e->before = atomic_load_explicit(chain, memory_order_relaxed);
    atomic_store_explicit(&s->latest_100ns, e->came_100ns, memory_order_release);
    atomic_store_explicit(&s->next, next + 1, memory_order_release);
    /* Only now: a head must not name an entry that does not count, whose place another would take.
     * Who is killed in between was not told anything yet. */
    atomic_store_explicit(chain, next, memory_order_release);
}

static enum ticket_replay_verdict
full(void)
{
    (void)sec_fail(0, "replay: no room for another authenticator, and none may be forgotten "
                      "yet: replay_capacity is too small");
    return TICKET_REPLAY_FULL;
}

static enum ticket_replay_verdict
check_locked(struct replay_table *t, uint64_t shard, uint64_t head, const uint8_t *hash,
             uint64_t ctime_100ns, uint64_t now_100ns)
{
    struct replay_shard *s = shard_of(t, shard);
    enum search search = SEARCH_DAMAGED;
    uint64_t floor;

    if (is_sound(t, shard)) {
        forget(t, shard, now_100ns);
        search = search_chain(t, shard, head, hash);
    }
    switch (search) {
    case SEARCH_FOUND:
        (void)sec_fail(0, "replay: this authenticator came before");
        return TICKET_REPLAYED;
    case SEARCH_DAMAGED:
        (void)sec_fail(0, "replay: the cache is damaged");
        return TICKET_REPLAY_BROKEN;
    case SEARCH_ABSENT: break;
    }
    floor = floor_now(t, s, now_100ns);
    if (ctime_100ns < floor) {
        (void)sec_fail(0,
                       "replay: the authenticator was made %llu ms before the time from which all "
                       "are remembered",
                       (unsigned long long)((floor - ctime_100ns) * 1000 / CLOCK_SECOND_100NS));
        return TICKET_BEFORE_START;
    }
    if (atomic_load_explicit(&s->next, memory_order_relaxed) -
            atomic_load_explicit(&s->first, memory_order_relaxed) >=
        t->slots) {
        if (!t->lets_go) {
            return full();
        }
        let_oldest_go(t, shard, now_100ns);
    }
    remember(t, shard, head, hash, now_100ns);
    return TICKET_FRESH;
}

enum ticket_replay_verdict
replay_table_check(struct replay_table *t, const uint8_t hash[static TICKET_REPLAY_HASH_BYTES],
                   uint64_t ctime_100ns, uint64_t now_100ns)
{
    const struct place at = place_of(t, hash);
    enum ticket_replay_verdict verdict;

    if (ctime_100ns > now_100ns && ctime_100ns - now_100ns > t->ahead_100ns) {
        (void)sec_fail(0, "replay: an authenticator of the future, whose time nobody checked");
        return TICKET_REPLAY_BROKEN;
    }
    if (!lock_shard(shard_of(t, at.shard))) {
        (void)sec_fail(0, "replay: another process keeps the cache locked");
        return TICKET_REPLAY_BROKEN;
    }
    verdict = check_locked(t, at.shard, at.head, hash, ctime_100ns, now_100ns);
    (void)pthread_mutex_unlock(&shard_of(t, at.shard)->lock);
    return verdict;
}

void
replay_table_expect(const struct replay_table *t,
                    const uint8_t hash[static TICKET_REPLAY_HASH_BYTES])
{
    const struct place at = place_of(t, hash);
    uint64_t next = atomic_load_explicit(&shard_of(t, at.shard)->next, memory_order_relaxed);

    __builtin_prefetch(&heads_of(t, at.shard)[at.head], 1);
    __builtin_prefetch(&entries_of(t, at.shard)[next % t->slots], 1);
}
