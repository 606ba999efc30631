/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What HANDLEs of this process stand for, and waiting for them. A handle is an index and a
 * generation, so that a stale one is told from the object that took its place. One lock serves them
 * all; a thread that waits has a condition of its own, so that an object wakes its waiters alone.
 */
#ifndef COMPAT_OBJECT_H
#define COMPAT_OBJECT_H

#include <stdbool.h>
#include <windows.h>

enum object_kind {
    OBJECT_CLOSED,
    OBJECT_EVENT,
    OBJECT_THREAD,
    OBJECT_MUTEX,
    OBJECT_SEMAPHORE,
    OBJECT_ALIAS,
};

struct object_link;

/* An open one stays where it is until it is closed, which may be whenever the lock is not held. */
struct object {
    enum object_kind kind;
    /* Events and threads. */
    bool set;    /* a wait for it ends */
    bool manual; /* and leaves it set */
    /* Threads. */
    bool suspended;
    DWORD thread_id; /* 0: has not begun */
    DWORD exit_code;
    /* Mutexes. */
    const void *owner; /* object_self() of a thread; NULL: nobody's */
    size_t depth;      /* how often it has taken it */
    bool abandoned;    /* its owner has ended */
    /* Semaphores. */
    LONG count, most;
    char *name; /* UTF-8, on the heap; NULL: none */
    /* object.c's own. */
    HANDLE original; /* an alias's */
    size_t aliases;
    unsigned generation;
    size_t next_free;
    struct object_link *links;
};

/* Who the calling thread is as an owner, until it ends: what it owns then is abandoned. NULL: no
 * memory. */
const void *object_self(void);
/* At the end of the calling thread, before anybody is told of it. Without the lock. */
void object_abandon_all(void);

void object_lock(void);
void object_unlock(void);
/* Before anything else that is to be done at fork() and takes a lock before this one. */
void object_watch_fork(void);

/* Below: with the lock held. */

/* A new one that begins as `like`, whose name is given; its handle, or NULL where there is no room, and
 * then the name stays the caller's. */
HANDLE object_open(const struct object *like);
/* NULL: the handle is none of an open object of that kind. */
struct object *object_find(HANDLE handle, enum object_kind kind);
/* Who waits for it looks again. */
void object_wake(const struct object *o);
/* Frees the name, too; of a last alias it closes what it stands for. */
void object_close(HANDLE handle);
/* One more handle for it, which is closed by itself; NULL where there is no room. */
HANDLE object_alias(HANDLE original);
/* The handle with which the object of that name was opened; NULL: there is none. */
HANDLE object_named(const char *name);
/* Waits until somebody wakes the object, or closes it. */
void object_sleep(HANDLE handle);

#endif
