/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks, by what the kernel says of the socket. */
#include "samd/peer.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

enum {
    CONNECTIONS_MAX = 64, /* of one process: the library has 16, and children of fork() their own */
    OF_A_USER_MAX = 3072, /* of samd's 4096: one user's processes leave some to the others' */
    GROUPS_USUAL = 64,
    SECOND_US = 1000000,
};

static bool
is_among(gid_t wanted, const gid_t *groups, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (groups[i] == wanted) {
            return true;
        }
    }
    return false;
}

/* Supplementary groups as they were when the process connected. */
static bool
has_group(int fd, const struct ucred *who, gid_t wanted)
{
    gid_t usual[GROUPS_USUAL], *more;
    socklen_t bytes = sizeof(usual);
    bool found;

    if (wanted == (gid_t)-1) {
        return false;
    }
    if (who->gid == wanted) {
        return true;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, usual, &bytes) == 0) {
        return is_among(wanted, usual, bytes / sizeof(*usual));
    }
    if (errno != ERANGE) {
        return false;
    }
    more = mem_new(bytes); /* which says how many there are */
    found = more && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, more, &bytes) == 0 &&
            is_among(wanted, more, bytes / sizeof(*more));
    mem_free(more);
    return found;
}

static struct peer *
find(const struct peers *all, const struct ucred *who)
{
    for (struct peer *p = all->first; p; p = p->next) {
        if (p->pid == who->pid && p->uid == who->uid) {
            return p;
        }
    }
    return NULL;
}

static struct peer *
add(struct peers *all, const struct ucred *who)
{
    struct peer *p = mem_new(sizeof(*p));

    if (!p || pthread_mutex_init(&p->lock, NULL)) {
        mem_free(p);
        return NULL;
    }
    p->pid = who->pid;
    p->uid = who->uid;
    p->allowance_us = SECOND_US;
    p->next = all->first;
    all->first = p;
    return p;
}

static unsigned
connections_of(const struct peers *all, uid_t uid)
{
    unsigned n = 0;

    for (const struct peer *p = all->first; p; p = p->next) {
        n += p->uid == uid ? p->connections : 0;
    }
    return n;
}

static void
free_peer(struct peer *p)
{
    (void)pthread_mutex_destroy(&p->lock);
    mem_free(p);
}

/* What it asked within the last second still counts. */
static bool
is_remembered(struct peer *p, uint64_t now_us)
{
    bool is;

    (void)pthread_mutex_lock(&p->lock);
    is = (p->counted_us && now_us < p->counted_us + SECOND_US) ||
         (p->told_us && now_us < p->told_us + SECOND_US);
    (void)pthread_mutex_unlock(&p->lock);
    return is;
}

/* Under the lock of all. */
static void
forget_gone(struct peers *all)
{
    const uint64_t now_us = clock_monotonic_us();
    struct peer **at = &all->first;

    while (*at) {
        struct peer *p = *at;

        if (p->connections || is_remembered(p, now_us)) {
            at = &p->next;
        } else {
            *at = p->next;
            free_peer(p);
        }
    }
}

static enum peer_answer
count_connection(struct peers *all, const struct ucred *who, struct peer **out)
{
    enum peer_answer answer = PEER_WELCOME;
    struct peer *p;

    (void)pthread_mutex_lock(&all->lock);
    forget_gone(all);
    p = find(all, who);
    if ((p && p->connections >= CONNECTIONS_MAX) ||
        connections_of(all, who->uid) >= OF_A_USER_MAX) {
        answer = PEER_TOO_MANY;
    } else {
        p = p ? p : add(all, who);
        answer = p ? PEER_WELCOME : PEER_NO_MEMORY;
    }
    if (answer == PEER_WELCOME) {
        p->connections++;
        *out = p;
    }
    (void)pthread_mutex_unlock(&all->lock);
    return answer;
}

/* What a process may by what the kernel says of its socket. */
struct rights {
    bool asks, administers;
};

static struct rights
rights_of(struct peers *all, int fd, const struct ucred *who)
{
    bool administers, trusted = who->uid == 0 || who->uid == geteuid();
    gid_t group, administrators;

    (void)pthread_mutex_lock(&all->lock);
    group = all->rules.group;
    administrators = all->rules.administrators;
    (void)pthread_mutex_unlock(&all->lock);
    administers = trusted || has_group(fd, who, administrators);
    return (struct rights){ administers || has_group(fd, who, group), administers };
}

bool
peer_may_still(struct peers *all, int fd, const struct peer_who *then)
{
    struct ucred who;
    socklen_t n = sizeof(who);
    struct rights now;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n)) {
        return false;
    }
    now = rights_of(all, fd, &who);
    return now.asks && (now.administers || !then->may_administer);
}

/* How many requests there may be is read without the lock. */
void
peer_change_rules(struct peers *all, const struct peer_rules *rules)
{
    (void)pthread_mutex_lock(&all->lock);
    all->rules.group = rules->group;
    all->rules.administrators = rules->administrators;
    (void)pthread_mutex_unlock(&all->lock);
    __atomic_store_n(&all->rules.requests_per_second, rules->requests_per_second, __ATOMIC_RELAXED);
}

enum peer_answer
peer_take(struct peers *all, int fd, struct peer **out, struct peer_who *told)
{
    struct ucred who;
    socklen_t n = sizeof(who);
    struct rights rights;

    *told = (struct peer_who){ 0 };
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n)) {
        return PEER_STRANGER;
    }
    told->pid = who.pid;
    told->uid = who.uid;
    rights = rights_of(all, fd, &who);
    told->may_administer = rights.administers;
    if (!rights.asks) {
        return PEER_STRANGER;
    }
    return count_connection(all, &who, out);
}

void
peer_leave(struct peers *all, struct peer *peer)
{
    (void)pthread_mutex_lock(&all->lock);
    if (--peer->connections == 0) {
        forget_gone(all);
    }
    (void)pthread_mutex_unlock(&all->lock);
}

void
peer_clear_all(struct peers *all)
{
    while (all->first) {
        struct peer *p = all->first;

        all->first = p->next;
        free_peer(p);
    }
    (void)pthread_mutex_destroy(&all->lock);
}

/* Under the peer's lock. */
static bool
take_line(struct peer *p, uint64_t now_us)
{
    if (p->told_us && now_us < p->told_us + SECOND_US) {
        p->untold++;
        return false;
    }
    p->told_us = now_us;
    return true;
}

bool
peer_is_told_of_now(struct peer *p, uint64_t now_us, unsigned *others)
{
    bool is;

    (void)pthread_mutex_lock(&p->lock);
    *others = p->untold;
    is = take_line(p, now_us);
    p->untold = is ? 0 : p->untold;
    (void)pthread_mutex_unlock(&p->lock);
    return is;
}

/* A second's worth may be asked at once; what was not asked then is not saved up. The allowance is
 * counted in time, of which each request costs its part of a second. */
bool
peer_may_ask_now(const struct peers *all, struct peer *p, uint64_t now_us, bool *tell)
{
    const unsigned long most = __atomic_load_n(&all->rules.requests_per_second, __ATOMIC_RELAXED);
    uint64_t cost, apart;
    bool may = true;

    *tell = false;
    if (!most) {
        return true;
    }
    cost = SECOND_US / most;
    (void)pthread_mutex_lock(&p->lock);
    apart = now_us > p->counted_us ? now_us - p->counted_us : 0;
    p->counted_us = now_us > p->counted_us ? now_us : p->counted_us;
    p->allowance_us = p->allowance_us + apart < SECOND_US ? p->allowance_us + apart : SECOND_US;
    if (p->allowance_us >= cost) {
        p->allowance_us -= cost;
    } else {
        may = false;
        *tell = take_line(p, now_us);
    }
    (void)pthread_mutex_unlock(&p->lock);
    return may;
}
