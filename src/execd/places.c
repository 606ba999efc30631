/* SPDX-License-Identifier: Apache-2.0 */
/* How many commands there are. */
#include "execd/places.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>

struct place {
    atomic_int session;         /* 0: nobody's */
    atomic_uint_least64_t user; /* uid + 1; 0: not known yet */
};

struct places {
    struct place all[PLACES_MOST];
};

struct places *
places_new(void)
{
    void *p = mmap(NULL, sizeof(struct places), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                   -1, 0);

    return p == MAP_FAILED ? NULL : p;
}

void
places_free(struct places *p)
{
    if (p) {
        (void)munmap(p, sizeof(*p));
    }
}

bool
places_find(const struct places *p, size_t max, size_t *place)
{
    for (size_t i = 0; i < max && i < PLACES_MOST; i++) {
        if (atomic_load(&p->all[i].session) == 0) {
            *place = i;
            return true;
        }
    }
    return false;
}

void
places_take(struct places *p, size_t place, pid_t session)
{
    atomic_store(&p->all[place].session, session);
}

bool
places_leave(struct places *p, pid_t session)
{
    for (size_t i = 0; i < PLACES_MOST; i++) {
        if (atomic_load(&p->all[i].session) == session) {
            atomic_store(&p->all[i].user, 0);
            atomic_store(&p->all[i].session, 0);
            return true;
        }
    }
    return false;
}

bool
places_has(const struct places *p, pid_t session)
{
    for (size_t i = 0; i < PLACES_MOST; i++) {
        if (atomic_load(&p->all[i].session) == session) {
            return true;
        }
    }
    return false;
}

size_t
places_taken(const struct places *p)
{
    size_t n = 0;

    for (size_t i = 0; i < PLACES_MOST; i++) {
        n += atomic_load(&p->all[i].session) != 0;
    }
    return n;
}

void
places_signal(const struct places *p, int signal)
{
    for (size_t i = 0; i < PLACES_MOST; i++) {
        pid_t session = atomic_load(&p->all[i].session);

        if (session) {
            (void)kill(session, signal);
        }
    }
}

bool
places_enter(struct places *p, size_t place, uid_t uid, size_t max)
{
    uint64_t user = (uint64_t)uid + 1;
    size_t n = 0;

    atomic_store(&p->all[place].user, user);
    for (size_t i = 0; i < PLACES_MOST; i++) {
        n += atomic_load(&p->all[i].user) == user;
    }
    return n <= max;
}

void
places_exit(struct places *p, size_t place)
{
    atomic_store(&p->all[place].user, 0);
}
