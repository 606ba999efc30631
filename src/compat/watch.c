/* SPDX-License-Identifier: Apache-2.0 */
/* The table of watched sockets, and the thread that is told of them. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "compat/network_event.h"
#include "compat/object.h"
#include "compat/thread.h"
#include "compat/watch.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t starting = PTHREAD_MUTEX_INITIALIZER; /* before the other */
static struct watched **table;                               /* by descriptor */
static size_t table_size;
static atomic_size_t count;
static uint32_t generations;
static int epoll = -1;

bool
watch_any(void)
{
    return atomic_load(&count) != 0;
}

static void watch_fork(void);

void
watch_lock(void)
{
    static pthread_once_t watched = PTHREAD_ONCE_INIT;

    (void)pthread_once(&watched, watch_fork);
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
    struct watched *w = watch_find((SOCKET)(which & 0x7fffffff));

    if (w && w->generation == which >> 32) {
        network_event_look(w);
    }
}

static DWORD WINAPI
watch_all(LPVOID fd)
{
    enum { AT_ONCE = 64 };
    struct epoll_event events[AT_ONCE];
    const int from = (int)(intptr_t)fd;
    int n;

    while ((n = epoll_wait(from, events, AT_ONCE, -1)) >= 0 || errno == EINTR) {
        watch_lock();
        for (int i = 0; i < n; i++) {
            look(events[i].data.u64);
        }
        watch_unlock();
    }
    return 0;
}

/* Without the lock, which fork() takes: to make a thread takes locks of libopensspi's. */
bool
watch_start(void)
{
    bool started;
    int fd;

    pthread_mutex_lock(&starting);
    watch_lock();
    started = epoll >= 0;
    watch_unlock();
    if (!started) {
        fd = epoll_create1(EPOLL_CLOEXEC);
        started = fd >= 0 && compat_thread_start(watch_all, (LPVOID)(intptr_t)fd, true);
        if (started) {
            watch_lock();
            epoll = fd;
            watch_unlock();
        } else if (fd >= 0) {
            close(fd);
        }
    }
    pthread_mutex_unlock(&starting);
    return started;
}

/* Edges wake the thread; what holds already is looked at by whoever asks for it. */
bool
watch_arm(struct watched *w)
{
    struct epoll_event what = {
        .events = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET,
        .data.u64 = (uint64_t)w->generation << 32 | (uint32_t)w->s,
    };

    w->armed = w->armed || epoll_ctl(epoll, EPOLL_CTL_ADD, w->s, &what) == 0;
    return w->armed;
}

/* --- fork() -------------------------------------------------------------------------------- */

/* What is registered stays the parent's: a child that took a socket out of their epoll would take it from
 * its parent. */
static void
forget_all(void)
{
    for (size_t i = 0; i < table_size; i++) {
        if (table[i]) {
            table[i]->armed = false;
            watch_close(table[i]);
        }
    }
    if (epoll >= 0) {
        close(epoll);
        epoll = -1;
    }
    pthread_mutex_init(&starting, NULL);
    watch_unlock();
}

static void
lock_for_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void
watch_fork(void)
{
    object_watch_fork(); /* whose lock comes after this one: handlers go backwards */
    (void)pthread_atfork(lock_for_fork, watch_unlock, forget_all);
}
