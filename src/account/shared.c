/* SPDX-License-Identifier: Apache-2.0 */
/* The shared mapping. Its size in memory is fixed, far past the end of the file; the file grows
 * under it, and capacity says how far words may be touched: the pages before it are allocated, so
 * that a full disk is an error of posix_fallocate and no SIGBUS. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "account/shared.h"
#include "account/store_file.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "crypto/random.h"

#define MAGIC "OSSPISH1"

enum {
    HEAD_BYTES = 4096,
    WORDS_STEP = 8192,   /* the file grows by 64 KiB */
    WORDS_MAX = 1 << 22, /* 32 MiB of address space; RIDs beyond it share words */
    /* For another process's change, which takes some milliseconds. */
    OPEN_WAIT_MS = 1000,
    CHANGE_WAIT_MS = 10000,
};

#define MAP_BYTES (HEAD_BYTES + (size_t)WORDS_MAX * sizeof(uint64_t))

/* The file. The generation has a cache line of its own: every logon reads it. */
struct shared_file {
    char magic[8];
    uint8_t store_id[SHARED_STORE_ID_BYTES];
    _Atomic uint32_t capacity; /* words that may be touched */
    _Alignas(64) _Atomic uint64_t generation;
    _Alignas(HEAD_BYTES) _Atomic uint64_t words[];
};

_Static_assert(offsetof(struct shared_file, words) == HEAD_BYTES, "words begin on a page");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "processes share these words: no hidden lock");

struct shared_state {
    struct shared_file *file;
    int fd; /* -1: private */
    char *path;
    dev_t device;
    ino_t inode;
};

/* --- life ---------------------------------------------------------------------------------- */

void
shared_free(struct shared_state *s)
{
    if (!s) {
        return;
    }
    if (s->file) {
        (void)munmap(s->file, MAP_BYTES);
    }
    if (s->fd >= 0) {
        (void)close(s->fd);
    }
    mem_free(s->path);
    mem_free(s);
}

static void
shared_state_auto(struct shared_state **s)
{
    shared_free(*s);
}

static bool
map(struct shared_state *s, int flags)
{
    void *p = mmap(NULL, MAP_BYTES, PROT_READ | PROT_WRITE, flags | MAP_NORESERVE, s->fd, 0);

    s->file = p == MAP_FAILED ? NULL : p;
    return s->file;
}

struct shared_state *
shared_new_private(void)
{
    SEC_AUTO(shared_state) *s = mem_new(sizeof(*s));

    if (!s) {
        return NULL;
    }
    s->fd = -1;
    if (!map(s, MAP_PRIVATE | MAP_ANONYMOUS)) {
        return NULL;
    }
    atomic_store(&s->file->capacity, WORDS_MAX);
    atomic_store(&s->file->generation, 1);
    return sec_steal(&s);
}

bool
shared_is_private(const struct shared_state *s)
{
    return s->fd < 0;
}

/* Another user's file could be cut short under the mapping, or hold what that user likes. */
static sec_status
check_file(struct shared_state *s, const char *database)
{
    struct stat st, db;

    if (fstat(s->fd, &st) || stat(database, &db)) {
        return store_file_fail("shared state", s->path, errno);
    }
    /* One name: whoever may write to the folder could link another file of root's here, which root
     * would then make the database's owner's. */
    if (!S_ISREG(st.st_mode) || st.st_nlink > 1 || st.st_mode & (S_IRWXG | S_IRWXO) ||
        (st.st_uid != 0 && st.st_uid != geteuid() && st.st_uid != db.st_uid)) {
        return sec_fail(
            SEC_E_NO_AUTHENTICATING_AUTHORITY,
            "accounts: shared state %s is open to others (mode %03o, user %u, links %u)", s->path,
            st.st_mode & 0777u, (unsigned)st.st_uid, (unsigned)st.st_nlink);
    }
    if (!store_file_give(s->fd, db.st_uid)) {
        return store_file_fail("shared state", s->path, errno);
    }
    s->device = st.st_dev;
    s->inode = st.st_ino;
    return SEC_E_OK;
}

/* Grows the file to hold words of them. Under the lock. */
static sec_status
grow(struct shared_state *s, uint32_t words)
{
    off_t bytes = HEAD_BYTES + (off_t)words * (off_t)sizeof(uint64_t);
    int error = posix_fallocate(s->fd, 0, bytes);

    if (error) {
        return store_file_fail("shared state", s->path, error);
    }
    if (s->file) {
        atomic_store(&s->file->capacity, words);
    }
    return SEC_E_OK;
}

static bool
is_for(const struct shared_file *f, const uint8_t *store_id)
{
    return bytes_equal(bytes_of(f->magic, sizeof(f->magic)), bytes_of_string(MAGIC)) &&
           bytes_equal(bytes_of(f->store_id, sizeof(f->store_id)),
                       bytes_of(store_id, sizeof(f->store_id)));
}

/* A generation that no process can remember from before: random, and even; and none of the words
 * that the file holds. Under the lock. */
static sec_status
begin_anew(struct shared_state *s, const uint8_t *store_id, uint32_t words)
{
    struct shared_file *f = s->file;
    uint64_t start;

    if (!random_bytes(&start, sizeof(start))) {
        return sec_fail(SEC_E_INTERNAL_ERROR, "accounts: no random bytes");
    }
    for (uint32_t i = 0; i < words && i < WORDS_MAX; i++) {
        atomic_store(&f->words[i], 0);
    }
    atomic_store(&f->capacity, WORDS_STEP);
    bytes_copy(f->store_id, store_id, sizeof(f->store_id));
    atomic_store(&f->generation, start >> 2 << 1);
    bytes_copy(f->magic, MAGIC, sizeof(f->magic));
    return SEC_E_OK;
}

static bool
lock(struct shared_state *s, unsigned wait_ms)
{
    const struct timespec pause = { .tv_nsec = 2000000 };

    for (unsigned waited = 0; flock(s->fd, LOCK_EX | LOCK_NB); waited += 2) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || waited >= wait_ms) {
            return false;
        }
        (void)nanosleep(&pause, NULL);
    }
    return true;
}

static void
unlock(struct shared_state *s)
{
    (void)flock(s->fd, LOCK_UN);
}

/* Under the lock: the file has a head, words, and belongs to this store. */
static sec_status
settle(struct shared_state *s, const uint8_t *store_id)
{
    struct stat st;
    sec_status status;
    uint32_t words;

    if (fstat(s->fd, &st)) {
        return store_file_fail("shared state", s->path, errno);
    }
    if (st.st_size < (off_t)(HEAD_BYTES + WORDS_STEP * sizeof(uint64_t))) {
        status = grow(s, WORDS_STEP);
        if (status != SEC_E_OK) {
            return status;
        }
        (void)fstat(s->fd, &st);
    }
    if (!map(s, MAP_SHARED)) {
        return store_file_fail("shared state", s->path, errno);
    }
    words = (uint32_t)((st.st_size - HEAD_BYTES) / (off_t)sizeof(uint64_t));
    if (!is_for(s->file, store_id)) {
        status = begin_anew(s, store_id, words);
        if (status != SEC_E_OK) {
            return status;
        }
    }
    if (atomic_load(&s->file->capacity) > words) {
        atomic_store(&s->file->capacity, words); /* somebody cut the file */
    }
    return SEC_E_OK;
}

sec_status
shared_open(const char *database, const uint8_t store_id[static SHARED_STORE_ID_BYTES],
            struct shared_state **out)
{
    SEC_AUTO(shared_state) *s = mem_new(sizeof(*s));
    char path[4096];
    sec_status status;
    int n = snprintf(path, sizeof(path), "%s-shared", database);

    if (!s) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    s->fd = -1;
    s->path = n > 0 && n < (int)sizeof(path) ? mem_dup(path, (size_t)n) : NULL;
    if (!s->path) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    s->fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (s->fd < 0) {
        return store_file_fail("shared state", s->path, errno);
    }
    status = check_file(s, database);
    if (status != SEC_E_OK) {
        return status;
    }
    if (!lock(s, OPEN_WAIT_MS)) {
        return store_file_fail("shared state", s->path, errno);
    }
    status = settle(s, store_id);
    unlock(s);
    if (status == SEC_E_OK) {
        *out = sec_steal(&s);
    }
    return status;
}

bool
shared_is_current(const struct shared_state *s)
{
    struct stat st;

    return !shared_is_private(s) && !stat(s->path, &st) && st.st_dev == s->device &&
           st.st_ino == s->inode;
}

/* --- the generation ------------------------------------------------------------------------ */

uint64_t
shared_generation(const struct shared_state *s)
{
    return atomic_load_explicit(&s->file->generation, memory_order_seq_cst);
}

sec_status
shared_change_begin(struct shared_state *s)
{
    if (!lock(s, CHANGE_WAIT_MS)) {
        return store_file_fail("another change is under way:", s->path, errno);
    }
    /* Still odd: whoever changed last died within it, and this change ends that one, too. By two,
     * so that a repair that is just being made does not come through. */
    atomic_fetch_add(&s->file->generation, shared_generation(s) % 2 ? 2 : 1);
    return SEC_E_OK;
}

void
shared_change_end(struct shared_state *s)
{
    atomic_fetch_add(&s->file->generation, 1);
    unlock(s);
}

void
shared_repair(struct shared_state *s)
{
    uint64_t seen = shared_generation(s);

    if (shared_is_private(s) || seen % 2 == 0 || !lock(s, 0)) {
        return; /* nothing to mend, or the change is alive */
    }
    (void)atomic_compare_exchange_strong(&s->file->generation, &seen, seen + 1);
    unlock(s);
}

/* --- words --------------------------------------------------------------------------------- */

void
shared_reserve(struct shared_state *s, uint32_t rid)
{
    uint32_t index = rid % WORDS_MAX;

    if (index < atomic_load(&s->file->capacity) || !lock(s, 0)) {
        return;
    }
    if (index >= atomic_load(&s->file->capacity)) {
        /* No room on the disk: shared_word answers a word of no account instead. */
        (void)grow(s, (index / WORDS_STEP + 1) * WORDS_STEP);
    }
    unlock(s);
}

_Atomic uint64_t *
shared_word(struct shared_state *s, uint32_t rid)
{
    uint32_t index = rid % WORDS_MAX;

    if (index >= atomic_load_explicit(&s->file->capacity, memory_order_relaxed)) {
        index = rid % SHARED_NO_ACCOUNT_WORDS;
    }
    return &s->file->words[index];
}
