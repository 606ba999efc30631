/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes. One system call for many small requests; the block is dropped on fork. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/secret.h"
#include "crypto/random.h"

enum { BLOCK_BYTES = 512 }; /* some 20 handshakes' worth; getrandom costs the same for 24 bytes */

struct random_block {
    uint8_t bytes[BLOCK_BYTES];
    size_t left; /* the unused bytes are the first `left` ones */
    unsigned fork_count;
};

static _Thread_local struct random_block block;
static atomic_uint fork_count;
static pthread_once_t watch_once = PTHREAD_ONCE_INIT;
static bool watched;

/* On a page that the kernel empties in a child, which sees forks that no handler hears of: _Fork()
 * and clone(). NULL: not to be had. */
static atomic_bool *same_process;

static void
count_fork(void)
{
    atomic_fetch_add(&fork_count, 1);
}

static void
watch_fork(void)
{
    long page = sysconf(_SC_PAGESIZE);
    void *p = page > 0 ? mmap(NULL, (size_t)page, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                       : MAP_FAILED;

    watched = pthread_atfork(NULL, NULL, count_fork) == 0;
    if (p == MAP_FAILED) {
        return;
    }
    if (madvise(p, (size_t)page, MADV_WIPEONFORK) != 0) { /* before Linux 4.14 */
        (void)munmap(p, (size_t)page);
        return;
    }
    same_process = p;
    atomic_init(same_process, true);
    watched = true;
}

static bool
from_kernel(uint8_t *to, size_t n)
{
    while (n) {
        ssize_t got = getrandom(to, n, 0);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        to += got;
        n -= (size_t)got;
    }
    return true;
}

static bool
refill(struct random_block *b)
{
    b->left = 0;
    if (!from_kernel(b->bytes, sizeof(b->bytes))) {
        secret_wipe(b->bytes, sizeof(b->bytes));
        return false;
    }
    b->left = sizeof(b->bytes);
    return true;
}

/* Without a way to notice a fork, two processes could hand out the same bytes: no blocks then. */
static bool
may_hold(struct random_block *b)
{
    unsigned now;

    (void)pthread_once(&watch_once, watch_fork);
    if (!watched) {
        return false;
    }
    if (same_process && !atomic_load_explicit(same_process, memory_order_acquire)) {
        count_fork();
        atomic_store_explicit(same_process, true, memory_order_release);
    }
    now = atomic_load_explicit(&fork_count, memory_order_relaxed);
    if (b->fork_count != now) {
        secret_wipe(b->bytes, sizeof(b->bytes));
        b->left = 0;
        b->fork_count = now;
    }
    return true;
}

bool
random_bytes(void *to, size_t n)
{
    struct random_block *b = &block;
    uint8_t *from;

    if (n > sizeof(b->bytes) || !may_hold(b)) {
        if (from_kernel(to, n)) {
            return true;
        }
        secret_wipe(to, n);
        return false;
    }
    if (b->left < n && !refill(b)) {
        secret_wipe(to, n);
        return false;
    }
    b->left -= n;
    from = b->bytes + b->left;
    bytes_copy(to, from, n);
    secret_wipe(from, n);
    return true;
}
