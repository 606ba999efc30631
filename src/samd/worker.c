/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads wait for bytes on all connections together; the one that gets a connection's bytes
 * answers them itself, and lets the others have the connection again after that, or before it where
 * more is on the way, so that a slow proof keeps none waiting that came with it. Changes of accounts
 * take long and stand in a queue of their own.
 */
#include "samd/worker.h"

#include <errno.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "samd/request.h"
#include "samd/server_state.h"

/* For who asks again at once: docs/decisions/0042. */
enum { LOOK_US = 25, ROUNDS_MAX = 256, AT_ONCE_MAX = 4, BACK_FIRST = 64 };

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

    atomic_store_explicit(&r->worker->busy_us, clock_monotonic_us(), memory_order_relaxed);
    if (!kept) {
        (void)server_watch(r->s, r->c, EPOLL_CTL_MOD);
    }
    while (connection_incoming_next(&r->in, &frame)) {
        request_answer(r->s, r->c, frame);
    }
    connection_incoming_clear(&r->in);
    if (kept && !goes_on(r)) {
        (void)server_watch(r->s, r->c, EPOLL_CTL_MOD);
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
            server_hang_up(s, c, r.why);
        }
        connection_incoming_clear(&r.in);
        server_drop(s, c);
    }
    connection_unref(c);
}

void *
worker_run(void *user)
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
