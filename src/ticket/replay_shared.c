/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The replay cache in a file. Each process that uses it holds a shared lock on it (flock), so that
 * who gets an exclusive one is alone and may begin it anew; processes that die lose theirs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/boot_id.h"
#include "base/mem.h"
#include "crypto/random.h"
#include "ticket/replay.h"

enum { OPEN_WAIT_MS = 2000 }; /* for another process that just makes it */

struct replay_file {
    int fd;
    char *path;
    dev_t device;
    ino_t inode;
    bool boot_unknown;
    _Atomic uint64_t looked_s; /* when the path was looked at */
    atomic_bool replaced;
};

void
replay_shared_close(struct replay_file *f)
{
    if (!f) {
        return;
    }
    if (f->fd >= 0) {
        (void)close(f->fd);
    }
    mem_free(f->path);
    mem_free(f);
}

static sec_status
fail(const struct replay_file *f, const char *what, int error)
{
    char text[128];

    return sec_fail(SEC_E_INTERNAL_ERROR, "replay: cache %s: %s%s%s", f->path, what,
                    error ? ": " : "", error ? strerror_r(error, text, sizeof(text)) : "");
}

/* --- the file ------------------------------------------------------------------------------ */

static bool
open_or_make(struct replay_file *f)
{
    const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;

    /* Twice, for one that is made or removed in between. */
    for (int i = 0; i < 2; i++) {
        f->fd = open(f->path, flags);
        if (f->fd >= 0 || errno != ENOENT) {
            break;
        }
        f->fd = open(f->path, flags | O_CREAT | O_EXCL, 0600);
        if (f->fd >= 0 || errno != EEXIST) {
            break;
        }
    }
    return f->fd >= 0;
}

/* Whoever can write the file can make us forget, or end us with a signal by cutting it short. */
static sec_status
check_owner(struct replay_file *f)
{
    struct stat st;

    if (fstat(f->fd, &st)) {
        return fail(f, "cannot be looked at", errno);
    }
    if (!S_ISREG(st.st_mode) || st.st_nlink > 1) {
        return fail(f, "is not a file with one name", 0);
    }
    if (st.st_uid != 0 && st.st_uid != geteuid()) {
        return sec_fail(SEC_E_INTERNAL_ERROR,
                        "replay: cache %s belongs to user %u, neither to root nor to this process",
                        f->path, (unsigned)st.st_uid);
    }
    if (st.st_mode & S_IRWXO) {
        return sec_fail(
            SEC_E_INTERNAL_ERROR,
            "replay: cache %s is open to everybody (mode %03o): 600, or 660 for a group", f->path,
            st.st_mode & 0777u);
    }
    f->device = st.st_dev;
    f->inode = st.st_ino;
    return SEC_E_OK;
}

/* What the page cache holds is lost, in parts, when the machine goes down: memory lasts until then. A
 * file that goes with the boot needs no name of it; elsewhere, where nobody says what boot this is, none
 * is like another. */
static bool
name_boot(struct replay_file *f, const char *boot_id_file, uint8_t boot[static REPLAY_BOOT_BYTES])
{
    if (boot_id_file_is_of_this_boot(f->fd)) {
        for (size_t i = 0; i < REPLAY_BOOT_BYTES; i++) {
            boot[i] = 0;
        }
        return true;
    }
    f->boot_unknown = !boot_id_read(boot_id_file ? boot_id_file : BOOT_ID_FILE, boot);
    return !f->boot_unknown || random_bytes(boot, REPLAY_BOOT_BYTES);
}

static bool
has_size(const struct replay *r)
{
    struct stat st;

    return !fstat(r->file->fd, &st) && st.st_size == (off_t)r->bytes;
}

static sec_status
map(struct replay *r)
{
    void *p = mmap(NULL, r->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, r->file->fd, 0);

    if (p == MAP_FAILED) {
        return fail(r->file, "cannot be mapped", errno);
    }
    r->table.memory = p;
    return SEC_E_OK;
}

/* Nobody else uses the file. Its pages are allocated before they are touched: a full disk is an
 * error here and no signal later. */
static sec_status
begin_anew(struct replay *r, const uint8_t *boot, uint64_t start_100ns)
{
    struct replay_file *f = r->file;
    sec_status status;
    int error;

    if (r->table.memory) {
        (void)munmap(r->table.memory, r->bytes);
        r->table.memory = NULL;
    }
    if (ftruncate(f->fd, 0)) {
        return fail(f, "cannot be emptied", errno);
    }
    error = posix_fallocate(f->fd, 0, (off_t)r->bytes);
    if (error) {
        return fail(f, "cannot be made so large", error);
    }
    status = map(r);
    if (status == SEC_E_OK && !replay_table_begin(&r->table, boot, start_100ns)) {
        status = fail(f, "no random bytes or no locks", 0);
    }
    return status;
}

static sec_status
settle_alone(struct replay *r, const uint8_t *boot, uint64_t start_100ns)
{
    sec_status status;

    if (!has_size(r)) {
        return begin_anew(r, boot, start_100ns);
    }
    status = map(r);
    if (status != SEC_E_OK) {
        return status;
    }
    if (!replay_table_is(&r->table, boot)) {
        return begin_anew(r, boot, start_100ns);
    }
    return replay_table_renew_locks(&r->table) ? SEC_E_OK : fail(r->file, "no locks", 0);
}

static sec_status
settle_among_others(struct replay *r, const uint8_t *boot)
{
    sec_status status = has_size(r) ? map(r) : SEC_E_OK;

    if (status == SEC_E_OK && !(r->table.memory && replay_table_is(&r->table, boot))) {
        status = fail(r->file,
                      r->file->boot_unknown
                          ? "is in use by other processes, and nothing tells whether it is of this "
                            "boot: the kernel's boot_id cannot be read (ProcSubset=pid), so "
                            "expected one below /run, or on another tmpfs"
                          : "is in use by processes with another replay_capacity or clock_skew",
                      0);
    }
    return status;
}

static bool
lock_shared(struct replay_file *f)
{
    const struct timespec pause = { .tv_nsec = 2000000 };

    for (unsigned waited = 0; flock(f->fd, LOCK_SH | LOCK_NB); waited += 2) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || waited >= OPEN_WAIT_MS) {
            return false;
        }
        (void)nanosleep(&pause, NULL);
    }
    return true;
}

/* With the table in order, and a shared lock on the file. */
static sec_status
settle(struct replay *r, const uint8_t *boot, uint64_t start_100ns)
{
    struct replay_file *f = r->file;
    sec_status status;

    if (flock(f->fd, LOCK_EX | LOCK_NB) == 0) {
        status = settle_alone(r, boot, start_100ns);
        if (status != SEC_E_OK) {
            return status;
        }
        (void)munmap(r->table.memory, r->bytes);
        r->table.memory = NULL;
    }
    /* One lock is not exchanged for the other in one piece: another process may have been alone in
     * between. So the table is looked at again. */
    if (!lock_shared(f)) {
        return fail(f, "cannot be locked", errno);
    }
    return settle_among_others(r, boot);
}

sec_status
replay_shared_open(const char *path, const struct replay_options *o, struct replay **out)
{
    struct replay *r = mem_new(sizeof(*r));
    uint8_t boot[REPLAY_BOOT_BYTES];
    sec_status status;

    if (!r) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    r->bytes = replay_table_shape(&r->table, o->capacity, o->skew_100ns);
    r->file = mem_new(sizeof(*r->file));
    if (r->file) {
        r->file->fd = -1;
        r->file->path = mem_dup(path, strlen(path));
    }
    if (!r->file || !r->file->path) {
        status = SEC_E_INSUFFICIENT_MEMORY;
    } else if (!open_or_make(r->file)) {
        status = fail(r->file, "cannot be opened", errno);
    } else if (!name_boot(r->file, o->boot_id_file, boot)) {
        status = fail(r->file, "no random bytes", 0);
    } else {
        status = check_owner(r->file);
    }
    if (status == SEC_E_OK) {
        status = settle(r, boot, o->start_100ns);
    }
    if (status != SEC_E_OK) {
        replay_close(r);
        return status;
    }
    *out = r;
    return SEC_E_OK;
}

/* --- use ----------------------------------------------------------------------------------- */

/* Processes that began after the file was replaced know nothing of what comes here. */
bool
replay_shared_is_current(struct replay_file *f)
{
    struct timespec now = { 0 };
    uint64_t looked = atomic_load_explicit(&f->looked_s, memory_order_relaxed);
    struct stat st;

    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    if (looked != (uint64_t)now.tv_sec &&
        atomic_compare_exchange_strong(&f->looked_s, &looked, (uint64_t)now.tv_sec)) {
        atomic_store(&f->replaced,
                     stat(f->path, &st) || st.st_dev != f->device || st.st_ino != f->inode);
    }
    if (atomic_load_explicit(&f->replaced, memory_order_relaxed)) {
        (void)fail(f, "was moved or removed while in use: start the service anew", 0);
        return false;
    }
    return true;
}
