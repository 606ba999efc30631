/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets of which more is kept than the kernel keeps: what a program has selected of them, and which
 * connection waits to be accepted again. One lock serves them all, and one thread is told by epoll when
 * something happens to one of them. Taken before object.h's lock, never after it. A child of fork() keeps
 * nothing of its parent's sockets, and has no such thread until it starts one.
 */
#ifndef COMPAT_WATCH_H
#define COMPAT_WATCH_H

#include <stdbool.h>
#include <sys/types.h>
#include <winsock.h>

struct watched {
    SOCKET s;
    ino_t inode; /* tells a socket from one that had its number before */
    uint32_t generation;
    bool armed; /* the thread looks after it */
    /* network_event.c's. */
    HANDLE event;
    long mask, recorded, enabled;
    int errors[FD_MAX_EVENTS];
    bool connected, accepted;
    int failure; /* the errno that ended the connection, once it has been taken from the socket */
    /* socket_call.c's: INVALID_SOCKET where none waits. */
    SOCKET deferred;
};

/* Whether there is any: without the lock, for those who mostly have none. */
bool watch_any(void);
void watch_lock(void);
void watch_unlock(void);

/* What watch_arm needs is there: the thread. false: no memory. Without the lock. */
bool watch_start(void);

/* Below: with the lock held. */

/* NULL: nothing is kept of it. */
struct watched *watch_find(SOCKET s);
/* The same, or a fresh one; NULL without memory. */
struct watched *watch_open(SOCKET s);
/* The thread, which has been started, looks after it from now on. false: no memory. */
bool watch_arm(struct watched *w);
/* Forgets it. */
void watch_close(struct watched *w);

#endif
