/* SPDX-License-Identifier: Apache-2.0 */
/*
 * samd's connections. Threads wait for bytes on all of them together; the one that gets a
 * connection's bytes answers them itself, and lets the others have the connection again after that,
 * or before it where more is on the way, so that a slow proof keeps none waiting that came with it.
 * Changes of accounts take long and stand in a queue of their own.
 */
#include "samd/server.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/spin.h"
#include "daemon/account_events.h"
#include "samd/answer.h"
#include "samd/changes.h"
#include "samd/connection.h"

enum {
    CONNECTIONS_MAX = 4096,
    ANSWER_BYTES = 4096, /* of usual ones */
    SEND_BUFFER_BYTES = 1024 * 1024,
    SEND_SECONDS = 2,
    SECOND_US = 1000000,
    STUCK_US = 10 * SECOND_US,
    /* For who asks again at once: docs/decisions/0042. */
    LOOK_US = 25,
    ROUNDS_MAX = 256,
    AT_ONCE_MAX = 4,
    BACK_FIRST = 64,
};

struct server {
    const struct log *log;
    unsigned threads;
    struct peers peers;
    int epoll, stop;
    struct changes *changes;
    struct assertions *assertions;
    struct challenges *challenges;
    uint64_t strangers_us; /* when one was last told of */
    unsigned strangers;    /* and how many were not */
    pthread_mutex_t lock;  /* of the connections and the terms */
    struct terms *terms;
    struct connection *connections;
    size_t n_connections;
    unsigned n_threads;
    struct spin requests;
    unsigned lookers_max; /* threads that may look for a request at once */
    atomic_uint lookers;
    struct worker {
        pthread_t thread;
        struct server *server;
        atomic_uint_fast64_t busy_us; /* since when; 0: it waits */
    } workers[];                      /* threads */
};

static uint64_t
now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * SECOND_US + (uint64_t)t.tv_nsec / 1000;
}

/* --- connections --------------------------------------------------------------------------- */

/* From the list and from the threads' sight: by the one that reads it, who alone may. */
static void
drop(struct server *s, struct connection *c)
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

/* By anybody: whoever reads it next finds its end. */
static void
hang_up(const struct server *s, const struct connection *c, const char *why)
{
    unsigned others;

    if (peer_is_told_of_now(c->peer, now_us(), &others)) {
        log_warning(s->log, "a process is hung up on", log_text("why", why),
                    log_number("pid", c->who.pid), log_number("uid", c->who.uid),
                    log_number("others", others));
    }
    (void)shutdown(c->fd, SHUT_RDWR);
}

static bool
watch(const struct server *s, struct connection *c, int how)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, .data.ptr = c };

    return epoll_ctl(s->epoll, how, c->fd, &event) == 0;
}

/* --- requests ------------------------------------------------------------------------------ */

static void
send_answer(const struct server *s, struct connection *c, struct wire_writer *out)
{
    if (out->len == 0 || !connection_send(c, wire_written(out), false)) {
        hang_up(s, c, out->len ? "it does not take its answer" : "no memory for its answer");
    }
}

/* What is answered at once costs a part of the allowance. false: refused. */
static bool
may_ask(const struct server *s, struct connection *c, const struct authority_msg *m,
        struct wire_writer *out)
{
    bool tell;

    if (peer_may_ask_now(&s->peers, c->peer, now_us(), &tell)) {
        return true;
    }
    if (tell) {
        log_warning(s->log, "a process asks too often: requests are refused",
                    log_number("pid", c->who.pid), log_number("uid", c->who.uid));
    }
    answer_refusal(m->id, SEC_E_NO_AUTHENTICATING_AUTHORITY,
                   "accounts: authority: this process asks more often than it may", out);
    return false;
}

static void
refuse_administrator(const struct server *s, struct connection *c, const struct authority_msg *m,
                     struct wire_writer *out)
{
    unsigned others;

    if (!may_ask(s, c, m, out)) {
        return;
    }
    if (peer_is_told_of_now(c->peer, now_us(), &others)) {
        log_warning(s->log, "a process may not look at accounts or change them",
                    log_number("pid", c->who.pid), log_number("uid", c->who.uid),
                    log_number("others", others));
    }
    answer_refusal(m->id, SEC_E_NOT_OWNER,
                   "accounts: authority: only root and the group [samd] administrators may look"
                   " at accounts or change them",
                   out);
}

/* Answered by another thread, unless it is refused here. */
static void
administer(const struct server *s, struct connection *c, const struct authority_msg *m,
           struct bytes frame, struct wire_writer *out)
{
    if (!c->who.may_administer) {
        refuse_administrator(s, c, m, out);
    } else if (!changes_put(s->changes, c, frame, true)) {
        answer_refusal(m->id, SEC_E_INSUFFICIENT_MEMORY,
                       "accounts: authority: too many requests of administrators wait", out);
    }
}

/* Who knows the old password may: nobody else is asked whether. What waits for the thread that
 * derives keys costs a part of the allowance, as a proof does. */
static void
change_password(const struct server *s, struct connection *c, const struct authority_msg *m,
                struct bytes frame, struct wire_writer *out)
{
    if (may_ask(s, c, m, out) && !changes_put(s->changes, c, frame, false)) {
        answer_refusal(m->id, SEC_E_NO_AUTHENTICATING_AUTHORITY,
                       "accounts: authority: too many changes of passwords wait", out);
    }
}

/* It is a word about somebody else's client: only root, which may be anybody, is told. */
static void
redeem(const struct server *s, struct connection *c, const struct authority_msg *m,
       struct wire_writer *out)
{
    if (!may_ask(s, c, m, out)) {
        return;
    }
    if (c->who.uid == 0) {
        answer_assertion(s->assertions, m, out);
    } else {
        answer_refusal(m->id, SEC_E_NOT_OWNER,
                       "accounts: authority: only root may redeem an assertion", out);
    }
}

static struct terms *
take_terms(struct server *s)
{
    struct terms *t;

    (void)pthread_mutex_lock(&s->lock);
    t = terms_ref(s->terms);
    (void)pthread_mutex_unlock(&s->lock);
    return t;
}

/* A response that is shown again is somebody's who captured it. Who shows many has the name service asked
 * for him now and then alone: the thread is everybody's. */
static void
prove(struct server *s, struct connection *c, const struct authority_msg *m,
      struct wire_writer *out)
{
    struct terms *t = take_terms(s);
    const struct answer_proofs with = { t->accounts, s->assertions, s->challenges };
    bool again = answer_proof(&with, c->who.uid, m, out) == CHALLENGE_AGAIN;
    unsigned others;
    bool told = again && peer_is_told_of_now(c->peer, now_us(), &others);

    if (again && t->events) {
        account_events_replay(t->events, m->claim.user, c->who.uid, c->who.pid, told);
    }
    terms_unref(t);
    if (told) {
        log_warning(s->log, "a process shows a response to a challenge that was answered before",
                    log_number("pid", c->who.pid), log_number("uid", c->who.uid),
                    log_number("others", others));
    }
}

static void
look_up(struct server *s, const struct authority_msg *m, struct wire_writer *out)
{
    struct terms *t = take_terms(s);

    answer_look_up(t->accounts, m, out);
    terms_unref(t);
}

static void
answer(struct server *s, struct connection *c, struct bytes frame)
{
    uint8_t usual[ANSWER_BYTES];
    SEC_AUTO(wire_writer) out = wire_writer_secret(usual, sizeof(usual));
    struct authority_msg m;
    bool expects = true;

    if (authority_msg_decode(&m, frame) != WIRE_OK || m.type >= AUTHORITY_MSG_WELCOME) {
        hang_up(s, c, m.fault.field ? m.fault.field : "it speaks as samd does");
        return;
    }
    if (m.type == AUTHORITY_MSG_HELLO && atomic_exchange(&c->welcomed, true)) {
        hang_up(s, c, "it says hello again"); /* which would cost it nothing of its allowance */
        return;
    }
    if (m.type == AUTHORITY_MSG_HELLO) {
        answer_welcome(m.id, &out);
    } else if (m.type == AUTHORITY_MSG_PROVE) {
        if (may_ask(s, c, &m, &out)) {
            prove(s, c, &m, &out);
        }
    } else if (m.type == AUTHORITY_MSG_LOOK_UP) {
        if (may_ask(s, c, &m, &out)) {
            look_up(s, &m, &out);
        }
    } else if (m.type == AUTHORITY_MSG_REDEEM) {
        redeem(s, c, &m, &out);
    } else {
        (m.type == AUTHORITY_MSG_CHANGE_PASSWORD ? change_password : administer)(s, c, &m, frame,
                                                                                 &out);
        expects = out.len != 0;
    }
    if (expects) {
        send_answer(s, c, &out);
    }
    if (m.type == AUTHORITY_MSG_HELLO && m.version != AUTHORITY_MSG_VERSION) {
        hang_up(s, c, "it is of another version");
    }
    authority_msg_wipe(&m);
}

/* --- threads ------------------------------------------------------------------------------- */

/* The first frame of all says hello. */
static const char *
check_greeting(struct connection *c, const struct incoming *in)
{
    if (!c->greeted && in->frames.n) {
        c->greeted = in->frames.p[AUTHORITY_MSG_LENGTH_BYTES] == AUTHORITY_MSG_HELLO;
        return c->greeted ? NULL : "it does not say hello";
    }
    return NULL;
}

/* What one thread reads of a connection, from request to request. */
struct reading {
    struct server *s;
    struct worker *worker;
    struct connection *c;
    const char *why; /* nothing more is to come */
    unsigned rounds, looks;
    struct incoming in;
};

/* Who asks one thing after the other waits for his answer, but not for what is to be done after it:
 * his connection is given back to the others then. Who does not wait for answers has it given back
 * first for a while, and so has everybody now and then. */
static bool
keep(const struct reading *r)
{
    atomic_uint *at_once = &r->c->at_once;

    if (!connection_incoming_is_one(&r->in)) {
        if (r->in.frames.n) {
            atomic_store_explicit(at_once, AT_ONCE_MAX, memory_order_relaxed);
        }
        return false;
    }
    if (atomic_load_explicit(at_once, memory_order_relaxed) < AT_ONCE_MAX) {
        return r->rounds < ROUNDS_MAX;
    }
    if (atomic_fetch_add_explicit(at_once, 1, memory_order_relaxed) >= AT_ONCE_MAX + BACK_FIRST) {
        atomic_store_explicit(at_once, 0, memory_order_relaxed);
    }
    return false;
}

/* Whether the next request will be there soon, so that the thread that answers looks for it. */
static bool
may_look(struct server *s)
{
    if (!spin_is_worth(&s->requests)) {
        return false;
    }
    if (atomic_fetch_add_explicit(&s->lookers, 1, memory_order_relaxed) < s->lookers_max) {
        return true;
    }
    atomic_fetch_sub_explicit(&s->lookers, 1, memory_order_relaxed);
    return false;
}

static bool
look_for_request(void *user)
{
    struct reading *r = user;

    r->looks++;
    connection_incoming_clear(&r->in);
    r->why = connection_read(r->c, &r->in);
    return r->why || r->in.frames.n;
}

/* Whether a connection that was kept goes on at once. */
static bool
goes_on(struct reading *r)
{
    bool found;

    if (!may_look(r->s)) {
        return false;
    }
    r->looks = 0;
    r->rounds++;
    found = spin_wait(&r->s->requests, LOOK_US, look_for_request, r);
    atomic_fetch_sub_explicit(&r->s->lookers, 1, memory_order_relaxed);
    if (found && r->looks == 1) {
        atomic_fetch_add_explicit(&r->c->at_once, 1, memory_order_relaxed);
    } else {
        atomic_store_explicit(&r->c->at_once, 0, memory_order_relaxed);
    }
    return found;
}

/* Answers what came. false: the connection is not this thread's any more. */
static bool
answer_all(struct reading *r)
{
    bool kept = keep(r);
    struct bytes frame;

    atomic_store_explicit(&r->worker->busy_us, now_us(), memory_order_relaxed);
    if (!kept) {
        (void)watch(r->s, r->c, EPOLL_CTL_MOD);
    }
    while (connection_incoming_next(&r->in, &frame)) {
        answer(r->s, r->c, frame);
    }
    connection_incoming_clear(&r->in);
    if (kept && !goes_on(r)) {
        (void)watch(r->s, r->c, EPOLL_CTL_MOD);
        return false;
    }
    return kept;
}

static void
on_bytes(struct worker *w, struct connection *c)
{
    struct server *s = w->server;
    struct reading r; /* of which most is room */

    r.s = s;
    r.worker = w;
    r.c = c;
    r.rounds = r.looks = 0;
    connection_ref(c);
    r.why = connection_read(c, &r.in);
    do {
        r.why = r.why ? r.why : check_greeting(c, &r.in);
    } while (!r.why && answer_all(&r));
    if (r.why) {
        if (*r.why) {
            hang_up(s, c, r.why);
        }
        connection_incoming_clear(&r.in);
        drop(s, c);
    }
    connection_unref(c);
}

static void *
run(void *user)
{
    struct worker *w = user;
    struct server *s = w->server;

    for (;;) {
        struct epoll_event event = { 0 };
        int n = epoll_wait(s->epoll, &event, 1, -1);

        if (n < 0 && errno != EINTR) {
            log_error(s->log, "a thread ends: it cannot wait any more");
            return NULL;
        }
        if (n == 1 && !event.data.ptr) {
            return NULL; /* server_stop */
        }
        if (n == 1) {
            on_bytes(w, event.data.ptr);
            atomic_store_explicit(&w->busy_us, 0, memory_order_relaxed);
        }
    }
}

bool
server_answers(const struct server *s)
{
    uint64_t now = now_us();

    for (unsigned i = 0; i < s->n_threads; i++) {
        uint64_t since = atomic_load_explicit(&s->workers[i].busy_us, memory_order_relaxed);

        if (since == 0 || now < since + STUCK_US) {
            return true;
        }
    }
    return false;
}

/* --- coming -------------------------------------------------------------------------------- */

/* Strangers get no word, and the log one a second. */
static void
tell_refused(struct server *s, const char *why, const struct peer_who *who)
{
    uint64_t now = now_us();

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
    } else if (!watch(s, c, EPOLL_CTL_ADD)) {
        drop(s, c);
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
        if (pthread_create(&w->thread, NULL, run, w)) {
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
        drop(s, s->connections);
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
