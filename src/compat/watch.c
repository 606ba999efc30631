/* SPDX-License-Identifier: Apache-2.0 */
/* The table of watched sockets, and the thread that is told of them. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "compat/network_event.h"
#include "compat/watch.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct watched **table; /* by descriptor */
static size_t table_size;
static atomic_size_t count;
static uint32_t generations;
static int epoll = -1;

bool
watch_any(void)
{
    return atomic_load(&count) != 0;
}

void
watch_lock(void)
{
    pthread_mutex_lock(&lock);
}

void
watch_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

static ino_t
inode_of(SOCKET s)
{
    struct stat st;

    return fstat(s, &st) == 0 ? st.st_ino : 0;
}

void
watch_close(struct watched *w)
{
    if (w->armed) {
        (void)epoll_ctl(epoll, EPOLL_CTL_DEL, w->s, NULL);
    }
    if (w->deferred != INVALID_SOCKET) {
        close(w->deferred);
    }
    table[w->s] = NULL;
    mem_free(w);
    atomic_fetch_sub(&count, 1);
}

struct watched *
watch_find(SOCKET s)
{
    struct watched *w = s >= 0 && (size_t)s < table_size ? table[s] : NULL;

    if (w && w->inode != inode_of(s)) {
        /* Closed by close(): the kernel has forgotten it, and the number may be another socket's. */
        w->armed = false;
        watch_close(w);
        return NULL;
    }
    return w;
}

static bool
make_room(SOCKET s)
{
    const size_t size = ((size_t)s / 256 + 1) * 256;
    struct watched **grown;

    if ((size_t)s < table_size) {
        return true;
    }
    grown = mem_resize(table, size * sizeof(struct watched *));
    if (!grown) {
        return false;
    }
    for (size_t i = table_size; i < size; i++) {
        grown[i] = NULL;
    }
    table = grown;
    table_size = size;
    return true;
}

struct watched *
watch_open(SOCKET s)
{
    struct watched *w = watch_find(s);

    if (!w && make_room(s)) {
        w = mem_new(sizeof(*w));
        if (w) {
            w->s = s;
            w->inode = inode_of(s);
            w->generation = ++generations;
            w->deferred = INVALID_SOCKET;
            table[s] = w;
            atomic_fetch_add(&count, 1);
        }
    }
    return w;
}

/* --- the thread ---------------------------------------------------------------------------- */

static void
look(uint64_t which)
{
    const size_t s = (size_t)(which & 0xffffffff);
    struct watched *w = s < table_size ? table[s] : NULL;

    if (w && w->generation == which >> 32) {
        network_event_look(w);
    }
}

static DWORD WINAPI
watch_all(LPVOID unused)
{
    enum { AT_ONCE = 64 };
    struct epoll_event events[AT_ONCE];
    int n;

    while ((n = epoll_wait(epoll, events, AT_ONCE, -1)) >= 0 || errno == EINTR) {
        watch_lock();
        for (int i = 0; i < n; i++) {
            look(events[i].data.u64);
        }
        watch_unlock();
    }
    return 0;
}

/* Signals are the program's own threads' business. */
static bool
start_thread(void)
{
    sigset_t all, before;
    HANDLE thread;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread = CreateThread(NULL, 0, watch_all, NULL, 0, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (thread) {
        CloseHandle(thread);
    }
    return thread != NULL;
}

static bool
start(void)
{
    if (epoll < 0) {
        epoll = epoll_create1(EPOLL_CLOEXEC);
        if (epoll >= 0 && !start_thread()) {
            close(epoll);
            epoll = -1;
        }
    }
    return epoll >= 0;
}

/* Edges wake the thread; what holds already is looked at by whoever asks for it. */
bool
watch_arm(struct watched *w)
{
    struct epoll_event what = {
        .events = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET,
        .data.u64 = (uint64_t)w->generation << 32 | (uint32_t)w->s,
    };

    w->armed = w->armed || (start() && epoll_ctl(epoll, EPOLL_CTL_ADD, w->s, &what) == 0);
    return w->armed;
}
