/* SPDX-License-Identifier: Apache-2.0 */
/* samd's connections: who comes, who goes, and the threads' beginning and end. */
#include "samd/server.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "samd/server_state.h"
#include "samd/worker.h"

enum {
    CONNECTIONS_MAX = 4096,
    SEND_BUFFER_BYTES = 1024 * 1024,
    SEND_SECONDS = 2,
    SECOND_US = 1000000,
    STUCK_US = 10 * SECOND_US,
};

/* --- connections --------------------------------------------------------------------------- */

void
server_drop(struct server *s, struct connection *c)
{
    (void)pthread_mutex_lock(&s->lock);
    *(c->before ? &c->before->after : &s->connections) = c->after;
    if (c->after) {
        c->after->before = c->before;
    }
    s->n_connections--;
    (void)pthread_mutex_unlock(&s->lock);
    (void)epoll_ctl(s->epoll, EPOLL_CTL_DEL, c->fd, NULL);
    (void)shutdown(c->fd, SHUT_RDWR);
    connection_unref(c);
}

void
server_hang_up(const struct server *s, const struct connection *c, const char *why)
{
    unsigned others;

    if (peer_is_told_of_now(c->peer, clock_monotonic_us(), &others)) {
        log_warning(s->log, "a process is hung up on", log_text("why", why),
                    log_number("pid", c->who.pid), log_number("uid", c->who.uid),
                    log_number("others", others));
    }
    (void)shutdown(c->fd, SHUT_RDWR);
}

bool
server_watch(const struct server *s, struct connection *c, int how)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, .data.ptr = c };

    return epoll_ctl(s->epoll, how, c->fd, &event) == 0;
}

/* --- coming -------------------------------------------------------------------------------- */

/* Strangers get no word, and the log one a second. */
static void
tell_refused(struct server *s, const char *why, const struct peer_who *who)
{
    uint64_t now = clock_monotonic_us();

    if (s->strangers_us && now - s->strangers_us < SECOND_US) {
        s->strangers++;
        return;
    }
    s->strangers_us = now;
    log_warning(s->log, "a connection is refused", log_text("why", why),
                log_number("pid", who->pid), log_number("uid", who->uid),
                log_number("others", s->strangers));
    s->strangers = 0;
}

static const char *
answer_text(enum peer_answer a)
{
    switch (a) {
    case PEER_STRANGER: return "the process is in no group that may ask";
    case PEER_TOO_MANY: return "the process has too many already";
    default: return "no memory";
    }
}

static bool
list(struct server *s, struct connection *c)
{
    bool room;

    (void)pthread_mutex_lock(&s->lock);
    room = s->n_connections < CONNECTIONS_MAX;
    if (room) {
        s->n_connections++;
        c->after = s->connections;
        if (c->after) {
            c->after->before = c;
        }
        s->connections = c;
    }
    (void)pthread_mutex_unlock(&s->lock);
    return room;
}

void
server_take(struct server *s, int fd)
{
    const struct timeval limit = { SEND_SECONDS, 0 };
    const int buffer = SEND_BUFFER_BYTES;
    struct peer *peer;
    struct peer_who who;
    struct connection *c;
    enum peer_answer a = peer_take(&s->peers, fd, &peer, &who);

    if (a != PEER_WELCOME) {
        tell_refused(s, answer_text(a), &who);
        (void)close(fd);
        return;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
    c = connection_new(fd, &s->peers, peer, &who);
    if (!c) {
        tell_refused(s, "no memory", &who);
        (void)close(fd);
        peer_leave(&s->peers, peer);
        return;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) || !list(s, c)) {
        tell_refused(s, "too many connections", &who);
        connection_unref(c);
    } else if (!server_watch(s, c, EPOLL_CTL_ADD)) {
        server_drop(s, c);
    }
}

/* What was sent before is read still, and answered before the end is found. */
void
server_change(struct server *s, struct terms *terms)
{
    struct terms *before;

    peer_change_rules(&s->peers, &terms->rules);
    (void)pthread_mutex_lock(&s->lock);
    before = s->terms;
    s->terms = terms_ref(terms);
    for (struct connection *c = s->connections; c; c = c->after) {
        if (!peer_may_still(&s->peers, c->fd, &c->who)) {
            (void)shutdown(c->fd, SHUT_RD);
        }
    }
    (void)pthread_mutex_unlock(&s->lock);
    terms_unref(before);
    changes_change(s->changes, terms);
}

/* --- life ---------------------------------------------------------------------------------- */

static bool
start(struct server *s)
{
    struct epoll_event stop = { .events = EPOLLIN };

    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    s->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->epoll < 0 || s->stop < 0 || epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->stop, &stop)) {
        return false;
    }
    s->assertions = assertions_new();
    s->challenges = challenges_new();
    if (!s->assertions || !s->challenges) {
        return false;
    }
    s->changes = changes_start(s->terms, s->log);
    while (s->changes && s->n_threads < s->threads) {
        struct worker *w = &s->workers[s->n_threads];

        w->server = s;
        if (pthread_create(&w->thread, NULL, worker_run, w)) {
            return false;
        }
        s->n_threads++;
    }
    return s->changes != NULL;
}

struct server *
server_start(const struct server_options *options)
{
    struct server *s = mem_new(sizeof(*s) + options->threads * sizeof(*s->workers));

    if (!s) {
        return NULL;
    }
    s->log = options->log;
    s->threads = options->threads;
    s->terms = terms_ref(options->terms);
    s->peers.rules = options->terms->rules;
    s->lookers_max = options->threads > 1 ? spin_processors() / 2 : 0;
    s->epoll = s->stop = -1;
    (void)pthread_mutex_init(&s->lock, NULL); /* of the usual kind it cannot fail */
    (void)pthread_mutex_init(&s->peers.lock, NULL);
    if (!start(s)) {
        server_stop(s);
        return NULL;
    }
    return s;
}

bool
server_answers(const struct server *s)
{
    uint64_t now = clock_monotonic_us();

    for (unsigned i = 0; i < s->n_threads; i++) {
        uint64_t since = atomic_load_explicit(&s->workers[i].busy_us, memory_order_relaxed);

        if (since == 0 || now < since + STUCK_US) {
            return true;
        }
    }
    return false;
}

void
server_stop(struct server *s)
{
    const uint64_t one = 1;

    if (!s) {
        return;
    }
    if (s->n_threads && write(s->stop, &one, sizeof(one)) != sizeof(one)) {
        return; /* cannot be: the threads would still use what is freed */
    }
    for (unsigned i = 0; i < s->n_threads; i++) {
        (void)pthread_join(s->workers[i].thread, NULL);
    }
    changes_stop(s->changes);
    while (s->connections) {
        server_drop(s, s->connections);
    }
    assertions_free(s->assertions);
    challenges_free(s->challenges);
    if (s->epoll >= 0) {
        (void)close(s->epoll);
    }
    if (s->stop >= 0) {
        (void)close(s->stop);
    }
    peer_clear_all(&s->peers);
    terms_unref(s->terms);
    (void)pthread_mutex_destroy(&s->lock);
    mem_free(s);
}
