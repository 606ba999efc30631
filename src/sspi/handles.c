/* SPDX-License-Identifier: Apache-2.0 */
/* The handle table. Slots live in chunks that are never freed, so a stale handle always has a slot
 * to be refused at; each slot's generation and reference count share one atomic word. */
#include "sspi/handles.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"

enum {
    CHUNK_SLOTS = 1024,
    MAX_CHUNKS = 4096, /* 4 million objects; 64 KiB of pointers */
    SHARDS = 16,       /* free lists, so that threads seldom meet */
};

/* A generation of 0 is that of no handle: a slot that has had all the others is not used again, so
 * that no stale handle, however old, finds another's object. */
struct handle_slot {
    _Atomic uint64_t word; /* generation << 32 | references */
    void *object;          /* while free: the next free slot of the shard */
    uint32_t index;
    uint8_t kind, shard;
};

static _Atomic(struct handle_slot *) chunks[MAX_CHUNKS];
static atomic_uint chunk_count;

static struct shard {
    _Alignas(64) pthread_mutex_t lock;
    struct handle_slot *free;
} shards[SHARDS] = {
#define SHARD                             \
    {                                     \
        .lock = PTHREAD_MUTEX_INITIALIZER \
    }
    SHARD, SHARD, SHARD, SHARD, SHARD, SHARD, SHARD, SHARD,
    SHARD, SHARD, SHARD, SHARD, SHARD, SHARD, SHARD, SHARD,
#undef SHARD
};

/* The upper half of a handle's lower word: a credential is never taken for a context, and no
 * handle is all zeros or all ones. */
static const uint32_t kind_tags[HANDLE_KINDS] = {
    [HANDLE_CREDENTIAL] = 0x43524544,
    [HANDLE_CONTEXT] = 0x43545854,
    [HANDLE_TOKEN] = 0x544f4b4e,
};

static uint32_t
generation_of(uint64_t word)
{
    return (uint32_t)(word >> 32);
}

static uint32_t
references_of(uint64_t word)
{
    return (uint32_t)word;
}

static uint64_t
word_of(uint32_t generation, uint32_t references)
{
    return (uint64_t)generation << 32 | references;
}

static unsigned
own_shard(void)
{
    static atomic_uint threads;
    static _Thread_local unsigned own; /* plus one; 0: not chosen yet */

    if (!own) {
        own = atomic_fetch_add(&threads, 1) % SHARDS + 1;
    }
    return own - 1;
}

/* A child of fork() has no other thread that could release a lock: none is held across. */
static void
lock_shards(void)
{
    for (unsigned i = 0; i < SHARDS; i++) {
        (void)pthread_mutex_lock(&shards[i].lock);
    }
}

static void
unlock_shards(void)
{
    for (unsigned i = 0; i < SHARDS; i++) {
        (void)pthread_mutex_unlock(&shards[i].lock);
    }
}

static void
watch_fork(void)
{
    (void)pthread_atfork(lock_shards, unlock_shards, unlock_shards);
}

/* A new chunk, its slots all on the shard's list. The shard's lock is held. */
static bool
add_chunk(struct shard *s, unsigned shard)
{
    struct handle_slot *slots = mem_new_array(CHUNK_SLOTS, sizeof(*slots));
    unsigned at;

    if (!slots) {
        return false;
    }
    at = atomic_fetch_add(&chunk_count, 1);
    if (at >= MAX_CHUNKS) {
        atomic_fetch_sub(&chunk_count, 1);
        mem_free(slots);
        return false;
    }
    for (uint32_t i = 0; i < CHUNK_SLOTS; i++) {
        slots[i].index = at * CHUNK_SLOTS + i;
        slots[i].shard = (uint8_t)shard;
        slots[i].object = i + 1 < CHUNK_SLOTS ? &slots[i + 1] : s->free;
        atomic_init(&slots[i].word, word_of(1, 0));
    }
    s->free = slots;
    atomic_store_explicit(&chunks[at], slots, memory_order_release);
    return true;
}

static struct handle_slot *
take_slot(void)
{
    static pthread_once_t watched = PTHREAD_ONCE_INIT;
    unsigned shard = own_shard();
    struct shard *s = &shards[shard];
    struct handle_slot *slot = NULL;

    (void)pthread_once(&watched, watch_fork);
    (void)pthread_mutex_lock(&s->lock);
    if (s->free || add_chunk(s, shard)) {
        slot = s->free;
        s->free = slot->object;
    }
    (void)pthread_mutex_unlock(&s->lock);
    return slot;
}

static void
give_slot_back(struct handle_slot *slot)
{
    struct shard *s = &shards[slot->shard];

    (void)pthread_mutex_lock(&s->lock);
    slot->object = s->free;
    s->free = slot;
    (void)pthread_mutex_unlock(&s->lock);
}

bool
handle_new(enum handle_kind kind, void *object, struct handle *out)
{
    struct handle_slot *slot = take_slot();
    uint32_t generation;

    if (!slot) {
        return false;
    }
    generation = generation_of(atomic_load_explicit(&slot->word, memory_order_relaxed));
    slot->object = object;
    slot->kind = (uint8_t)kind;
    atomic_store_explicit(&slot->word, word_of(generation, 1), memory_order_release);
    out->lower = (uint64_t)kind_tags[kind] << 32 | slot->index;
    out->upper = generation;
    return true;
}

static struct handle_slot *
slot_of(enum handle_kind kind, struct handle h)
{
    uint32_t index = (uint32_t)h.lower;
    struct handle_slot *chunk;

    if (h.lower >> 32 != kind_tags[kind] || h.upper == 0 || h.upper > UINT32_MAX ||
        index / CHUNK_SLOTS >= MAX_CHUNKS) {
        return NULL;
    }
    chunk = atomic_load_explicit(&chunks[index / CHUNK_SLOTS], memory_order_acquire);
    return chunk ? chunk + index % CHUNK_SLOTS : NULL;
}

struct handle_ref
handle_acquire(enum handle_kind kind, struct handle h)
{
    struct handle_slot *slot = slot_of(kind, h);
    uint64_t word;

    if (!slot) {
        return (struct handle_ref){ 0 };
    }
    word = atomic_load_explicit(&slot->word, memory_order_relaxed);
    do {
        if (generation_of(word) != h.upper || references_of(word) == 0 ||
            references_of(word) == UINT32_MAX) {
            return (struct handle_ref){ 0 };
        }
    } while (!atomic_compare_exchange_weak_explicit(&slot->word, &word, word + 1,
                                                    memory_order_acquire, memory_order_relaxed));
    /* The tag said which kind is meant; the slot may have been reused for another meanwhile. */
    if (slot->kind != kind) {
        handle_release((struct handle_ref){ slot, slot->object });
        return (struct handle_ref){ 0 };
    }
    return (struct handle_ref){ slot, slot->object };
}

struct handle_ref
handle_share(struct handle_ref held)
{
    if (held.slot) {
        atomic_fetch_add_explicit(&held.slot->word, 1, memory_order_relaxed);
    }
    return held;
}

void
handle_release(struct handle_ref ref)
{
    uint64_t before;

    if (!ref.slot) {
        return;
    }
    before = atomic_fetch_sub_explicit(&ref.slot->word, 1, memory_order_acq_rel);
    if (references_of(before) == 1) {
        handle_destroyers[ref.slot->kind](ref.slot->object);
        if (generation_of(before) != 0) {
            give_slot_back(ref.slot);
        }
    }
}

void
handle_ref_auto(struct handle_ref *ref)
{
    handle_release(*ref);
}

uint64_t
handle_pack(struct handle h)
{
    return h.upper << 32 | (uint64_t)(uint32_t)h.lower << 2;
}

struct handle
handle_unpack(enum handle_kind kind, uint64_t packed)
{
    uint64_t index = (packed & UINT32_MAX) >> 2;

    if (packed & 3) {
        return (struct handle){ 0 };
    }
    return (struct handle){ (uint64_t)kind_tags[kind] << 32 | index, packed >> 32 };
}

bool
handle_delete(enum handle_kind kind, struct handle h)
{
    struct handle_ref held = handle_acquire(kind, h);
    uint32_t next = (uint32_t)h.upper + 1;
    uint64_t word;

    if (!held.slot) {
        return false;
    }
    word = atomic_load_explicit(&held.slot->word, memory_order_relaxed);
    do {
        if (generation_of(word) != h.upper) { /* another thread was faster */
            handle_release(held);
            return false;
        }
    } while (!atomic_compare_exchange_weak_explicit(&held.slot->word, &word,
                                                    word_of(next, references_of(word)),
                                                    memory_order_relaxed, memory_order_relaxed));
    handle_release(held); /* the one taken above */
    handle_release(held); /* the table's own */
    return true;
}
