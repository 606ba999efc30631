/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to a TCP service. */
#include <netdb.h>
#include <stdio.h>

#include "base/mem.h"
#include "service/dial.h"

enum {
    TOTAL_MS = 10000,  /* for the name and all its addresses */
    ADDRESS_MS = 3000, /* for one that does not answer, where there is another one */
    WHY_BYTES = 128,
};

/* The connection to one address; what the user is given in the end. */
struct attempt {
    uv_tcp_t tcp; /* first */
    uv_connect_t connect;
    struct dial *dial; /* NULL: nobody waits for it any more */
};

struct dial {
    uv_loop_t *loop;
    dial_done done;
    void *user;
    uv_timer_t timer;
    uv_getaddrinfo_t resolve;
    struct addrinfo *found;
    const struct addrinfo *next;
    struct attempt *attempt;
    uint64_t end_ms;
    bool resolving, over;
    unsigned holds; /* the timer, and the question for the name */
    int error;
};

static void try_next(struct dial *d);

/* --- the end ------------------------------------------------------------------------------- */

static void
release(struct dial *d)
{
    if (--d->holds == 0) {
        uv_freeaddrinfo(d->found);
        mem_free(d);
    }
}

static void
on_timer_closed(uv_handle_t *handle)
{
    release(handle->data);
}

static void
on_attempt_closed(uv_handle_t *handle)
{
    mem_free(handle);
}

static void
drop_attempt(struct dial *d)
{
    if (d->attempt) {
        d->attempt->dial = NULL;
        uv_close((uv_handle_t *)&d->attempt->tcp, on_attempt_closed);
        d->attempt = NULL;
    }
}

static void
end(struct dial *d)
{
    d->over = true;
    drop_attempt(d);
    if (d->resolving) {
        (void)uv_cancel((uv_req_t *)&d->resolve);
    }
    uv_close((uv_handle_t *)&d->timer, on_timer_closed);
}

void
dial_cancel(struct dial *d)
{
    end(d);
}

static void
fail(struct dial *d)
{
    char why[WHY_BYTES];

    (void)snprintf(why, sizeof(why), "%s", uv_strerror(d->error));
    end(d);
    d->done(d->user, NULL, why);
}

/* --- addresses ----------------------------------------------------------------------------- */

static void
on_connect(uv_connect_t *connect, int status)
{
    struct attempt *a = (struct attempt *)connect->handle;
    struct dial *d = a->dial;

    if (!d) {
        return;
    }
    if (status != 0) {
        d->error = status;
        drop_attempt(d);
        try_next(d);
        return;
    }
    d->attempt = NULL;
    end(d);
    d->done(d->user, &a->tcp, NULL);
}

static void
on_timer(uv_timer_t *timer)
{
    struct dial *d = timer->data;

    if (d->attempt) {
        d->error = UV_ETIMEDOUT;
        drop_attempt(d);
    }
    if (d->resolving) {
        d->error = UV_EAI_AGAIN;
        fail(d);
    } else {
        try_next(d);
    }
}

/* false: it cannot even be tried. */
static bool
try_one(struct dial *d, const struct addrinfo *to)
{
    struct attempt *a = mem_new(sizeof(*a));

    if (!a) {
        d->error = UV_ENOMEM;
        return false;
    }
    (void)uv_tcp_init(d->loop, &a->tcp);
    a->dial = d;
    d->attempt = a;
    d->error = uv_tcp_connect(&a->connect, &a->tcp, to->ai_addr, on_connect);
    if (d->error != 0) {
        drop_attempt(d);
    }
    return d->error == 0;
}

static void
try_next(struct dial *d)
{
    uint64_t now = uv_now(d->loop), left = d->end_ms > now ? d->end_ms - now : 0;

    while (left && d->next && !d->attempt) {
        const struct addrinfo *to = d->next;

        d->next = to->ai_next;
        (void)try_one(d, to);
    }
    if (!d->attempt) {
        fail(d);
    } else {
        (void)uv_timer_start(&d->timer, on_timer, d->next && left > ADDRESS_MS ? ADDRESS_MS : left,
                             0);
    }
}

/* From the loop, so that the user is never called from within dial_start. */
static void
on_begin(uv_timer_t *timer)
{
    try_next(timer->data);
}

static void
on_resolved(uv_getaddrinfo_t *resolve, int status, struct addrinfo *found)
{
    struct dial *d = resolve->data;

    d->resolving = false;
    d->found = found;
    d->next = found;
    if (!d->over && status != 0) {
        d->error = status;
        fail(d);
    } else if (!d->over) {
        try_next(d);
    }
    release(d);
}

struct dial *
dial_start(uv_loop_t *loop, const char *host, const char *port, dial_done done, void *user)
{
    struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                              .ai_socktype = SOCK_STREAM };
    struct dial *d = mem_new(sizeof(*d));

    if (!d) {
        return NULL;
    }
    *d = (struct dial){ .loop = loop, .done = done, .user = user, .holds = 1 };
    uv_update_time(loop);
    d->end_ms = uv_now(loop) + TOTAL_MS;
    (void)uv_timer_init(loop, &d->timer);
    d->timer.data = d->resolve.data = d;
    /* An address asks nobody. */
    if (getaddrinfo(host, port, &hints, &d->found) == 0) {
        d->next = d->found;
    } else {
        hints.ai_flags = AI_NUMERICSERV;
        d->error = uv_getaddrinfo(loop, &d->resolve, on_resolved, host, port, &hints);
        d->resolving = d->error == 0;
        d->holds += d->resolving;
    }
    (void)uv_timer_start(&d->timer, d->resolving ? on_timer : on_begin, d->resolving ? TOTAL_MS : 0,
                         0);
    return d;
}
