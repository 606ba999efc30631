/* SPDX-License-Identifier: Apache-2.0 */
/* The process's connections to samd. */
#include "account/authority_client.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "account/authority_link.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/spin.h"

enum {
    CONNECTIONS_MAX = 16, /* further threads wait for one of them */
    /* How long samd is left alone: where asking cost nothing, and where it cost the time-out. */
    DELAY_MIN_MS = 10,
    DELAY_MAX_MS = 1000,
    HUNG_DELAY_MIN_MS = 500,
    HUNG_DELAY_MAX_MS = 5000,
    PROBE_MS = 200, /* who looks whether it is back waits no longer */
    REASON_BYTES = 320,
    REQUEST_BYTES = 2048, /* of usual ones */
    /* What samd takes that has to be woken, and some more: docs/decisions/0042. */
    LOOK_US = 50,
};

struct connection {
    int fd; /* -1: none */
    bool busy;
};

struct authority_client {
    char *path;
    unsigned timeout_ms;
    unsigned processors;
    atomic_uint_fast64_t next_id;
    struct spin answers;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t freed;
    struct connection connections[CONNECTIONS_MAX];
    unsigned delay_ms; /* 0: nothing is known to be wrong */
    uint64_t down_until_ms;
    bool probing;
    char reason[REASON_BYTES];               /* why it is left alone */
    struct authority_client *before, *after; /* all of the process, under clients_lock */
};

/* --- fork ---------------------------------------------------------------------------------- */

static pthread_mutex_t clients_lock = PTHREAD_MUTEX_INITIALIZER;
static struct authority_client *clients;

static void
before_fork(void)
{
    (void)pthread_mutex_lock(&clients_lock);
    for (struct authority_client *c = clients; c; c = c->after) {
        (void)pthread_mutex_lock(&c->lock);
    }
}

static void
after_fork(void)
{
    for (struct authority_client *c = clients; c; c = c->after) {
        (void)pthread_mutex_unlock(&c->lock);
    }
    (void)pthread_mutex_unlock(&clients_lock);
}

static bool
init_lock(struct authority_client *c)
{
    pthread_condattr_t monotonic;
    bool good;

    if (pthread_condattr_init(&monotonic)) {
        return false;
    }
    good = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0 &&
           pthread_cond_init(&c->freed, &monotonic) == 0 && pthread_mutex_init(&c->lock, NULL) == 0;
    (void)pthread_condattr_destroy(&monotonic);
    return good;
}

/* The parent's connections are not the child's, and the threads that used them are not there. */
static void
in_child(void)
{
    for (struct authority_client *c = clients; c; c = c->after) {
        for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
            if (c->connections[i].fd >= 0) {
                (void)close(c->connections[i].fd);
            }
            c->connections[i] = (struct connection){ .fd = -1 };
        }
        c->probing = false;
        (void)init_lock(c);
    }
    (void)pthread_mutex_init(&clients_lock, NULL);
}

static void
watch_fork(void)
{
    (void)pthread_atfork(before_fork, after_fork, in_child);
}

/* --- life ---------------------------------------------------------------------------------- */

struct authority_client *
authority_client_new(const char *path, unsigned timeout_ms)
{
    static pthread_once_t watched = PTHREAD_ONCE_INIT;
    struct authority_client *c = mem_new(sizeof(*c));

    if (!c) {
        return NULL;
    }
    c->path = mem_dup(path, strlen(path));
    if (!c->path || !init_lock(c)) {
        mem_free(c->path);
        mem_free(c);
        return NULL;
    }
    c->timeout_ms = timeout_ms;
    c->processors = spin_processors();
    atomic_init(&c->next_id, 1);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        c->connections[i].fd = -1;
    }
    (void)pthread_once(&watched, watch_fork);
    (void)pthread_mutex_lock(&clients_lock);
    c->after = clients;
    if (clients) {
        clients->before = c;
    }
    clients = c;
    (void)pthread_mutex_unlock(&clients_lock);
    return c;
}

void
authority_client_free(struct authority_client *c)
{
    if (!c) {
        return;
    }
    (void)pthread_mutex_lock(&clients_lock);
    *(c->before ? &c->before->after : &clients) = c->after;
    if (c->after) {
        c->after->before = c->before;
    }
    (void)pthread_mutex_unlock(&clients_lock);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (c->connections[i].fd >= 0) {
            (void)close(c->connections[i].fd);
        }
    }
    (void)pthread_cond_destroy(&c->freed);
    (void)pthread_mutex_destroy(&c->lock);
    mem_free(c->path);
    mem_free(c);
}

/* --- what is known of samd ----------------------------------------------------------------- */

/* Under the lock. */
static void
close_idle(struct authority_client *c)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (!c->connections[i].busy && c->connections[i].fd >= 0) {
            (void)close(c->connections[i].fd);
            c->connections[i].fd = -1;
        }
    }
}

/* Under the lock. Several who find the same out at once have it wait once. */
static void
leave_alone(struct authority_client *c, bool hung, const char *why)
{
    uint64_t now = clock_monotonic_ms();
    unsigned least = hung ? HUNG_DELAY_MIN_MS : DELAY_MIN_MS;
    unsigned most = hung ? HUNG_DELAY_MAX_MS : DELAY_MAX_MS;

    if (now >= c->down_until_ms) {
        c->delay_ms = c->delay_ms * 2 < least ? least : c->delay_ms * 2;
        c->delay_ms = c->delay_ms > most ? most : c->delay_ms;
        c->down_until_ms = now + c->delay_ms;
    }
    (void)snprintf(c->reason, sizeof(c->reason), "%s", why);
    close_idle(c);
}

static sec_status
no_answer(const struct authority_client *c, const char *why)
{
    return sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY, "accounts: authority at %s: %s", c->path,
                    why);
}

/* --- connections --------------------------------------------------------------------------- */

static const char *
result_text(enum authority_link_result result)
{
    switch (result) {
    case AUTHORITY_LINK_CLOSED:
    case AUTHORITY_LINK_CUT: return "closed the connection before it answered";
    case AUTHORITY_LINK_TIMEOUT: return "timed out";
    case AUTHORITY_LINK_NONSENSE: return "answered nonsense: a frame longer than any, at offset 0";
    default: return "no memory";
    }
}

/* Both sides say their version. */
static enum authority_link_result
greet(int fd, unsigned timeout_ms, char reason[static REASON_BYTES])
{
    uint8_t sent[32];
    struct wire_writer w = wire_writer_fixed(sent, sizeof(sent));
    struct authority_msg m = { .type = AUTHORITY_MSG_HELLO, .version = AUTHORITY_MSG_VERSION };
    struct authority_inbox in;
    struct bytes frame = { 0 };
    enum authority_link_result result = AUTHORITY_LINK_NO_MEMORY;

    authority_inbox_init(&in);
    if (authority_msg_encode(&w, &m) == WIRE_OK) {
        result = authority_link_send(fd, wire_written(&w));
    }
    if (result == AUTHORITY_LINK_OK) {
        result = authority_link_receive(fd, &in, clock_monotonic_ms() + timeout_ms, &frame);
    }
    if (result == AUTHORITY_LINK_CLOSED || result == AUTHORITY_LINK_CUT) {
        (void)snprintf(reason, REASON_BYTES,
                       "hung up at once: is this process in the group that may ask it, or in that "
                       "of its administrators?");
    } else if (result != AUTHORITY_LINK_OK) {
        (void)snprintf(reason, REASON_BYTES, "%s", result_text(result));
    } else if (authority_msg_decode(&m, frame) != WIRE_OK || m.type != AUTHORITY_MSG_WELCOME ||
               m.version != AUTHORITY_MSG_VERSION) {
        (void)snprintf(reason, REASON_BYTES, "answered nonsense: no greeting of version %d",
                       AUTHORITY_MSG_VERSION);
        result = AUTHORITY_LINK_NONSENSE;
    }
    authority_inbox_clear(&in);
    return result;
}

/* Into a place that is marked busy, without the lock; then under it again. */
static sec_status
connect_place(struct authority_client *c, struct connection *place)
{
    unsigned timeout_ms =
        c->probing && c->timeout_ms > PROBE_MS ? (unsigned)PROBE_MS : c->timeout_ms;
    bool probing = c->probing;
    char reason[REASON_BYTES] = "";
    enum authority_link_result result;
    int fd = -1;

    (void)pthread_mutex_unlock(&c->lock);
    result = authority_link_open(c->path, timeout_ms, &fd, reason);
    if (result == AUTHORITY_LINK_OK) {
        result = greet(fd, timeout_ms, reason);
    }
    if (result == AUTHORITY_LINK_OK && !authority_link_limit(fd, c->timeout_ms)) {
        (void)snprintf(reason, sizeof(reason), "%s", strerror(errno));
        result = AUTHORITY_LINK_NO_CONNECTION;
    }
    (void)pthread_mutex_lock(&c->lock);
    c->probing = c->probing && !probing;
    if (result == AUTHORITY_LINK_OK) {
        place->fd = fd;
        c->delay_ms = 0;
        c->down_until_ms = 0;
        return SEC_E_OK;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    place->busy = false;
    (void)pthread_cond_signal(&c->freed);
    leave_alone(c, result == AUTHORITY_LINK_TIMEOUT, reason);
    return no_answer(c, reason);
}

static struct connection *
find_place(struct authority_client *c, bool connected)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (!c->connections[i].busy && (c->connections[i].fd >= 0) == connected) {
            return &c->connections[i];
        }
    }
    return NULL;
}

static bool
wait_for_place(struct authority_client *c, uint64_t deadline_ms)
{
    const struct timespec until = { (time_t)(deadline_ms / 1000),
                                    (long)(deadline_ms % 1000) * 1000000 };

    return pthread_cond_timedwait(&c->freed, &c->lock, &until) != ETIMEDOUT;
}

/* Under the lock, which a new connection lets go of meanwhile. *reused: it was there already. */
static sec_status
take_connection(struct authority_client *c, uint64_t deadline_ms, struct connection **out,
                bool *reused)
{
    for (;;) {
        struct connection *place = find_place(c, true);

        *reused = place != NULL;
        if (!place) {
            place = find_place(c, false);
        }
        if (place && !*reused && c->delay_ms) {
            if (c->probing || clock_monotonic_ms() < c->down_until_ms) {
                return no_answer(c, c->reason);
            }
            c->probing = true;
        }
        if (place) {
            place->busy = true;
            *out = place;
            return *reused ? SEC_E_OK : connect_place(c, place);
        }
        if (!wait_for_place(c, deadline_ms)) {
            return no_answer(c, "timed out: too many requests at once");
        }
    }
}

/* Under the lock. Whether a processor is left to samd while those who ask look for their answers. */
static bool
leaves_processor(const struct authority_client *c)
{
    unsigned asking = 0;

    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        asking += c->connections[i].busy;
    }
    return asking < c->processors;
}

/* --- asking -------------------------------------------------------------------------------- */

struct question {
    struct authority_client *client;
    uint64_t id;
    uint64_t deadline_ms; /* for a connection: its answer has the whole time-out again */
    bool looks;           /* before it sleeps */
    authority_take take;
    void *user;
    char reason[REASON_BYTES];
};

static enum authority_link_result
nonsense(struct question *q, const char *what, uint32_t at)
{
    (void)snprintf(q->reason, sizeof(q->reason), "answered nonsense: %s, at offset %u", what, at);
    return AUTHORITY_LINK_NONSENSE;
}

/* One frame; *last: nothing follows it. */
static enum authority_link_result
take_answer(struct question *q, struct bytes frame, bool *last)
{
    struct authority_msg m;
    enum authority_answer answer;

    if (authority_msg_decode(&m, frame) != WIRE_OK) {
        return nonsense(q, m.fault.field, m.fault.at);
    }
    if (m.id != q->id) {
        authority_msg_wipe(&m);
        return nonsense(q, "the number of another request", 1);
    }
    answer = q->take(q->user, &m);
    authority_msg_wipe(&m);
    *last = answer == AUTHORITY_LAST;
    return answer == AUTHORITY_NONSENSE ? nonsense(q, "a message out of turn", 0)
                                        : AUTHORITY_LINK_OK;
}

struct look {
    int fd;
    struct authority_inbox *in;
};

static bool
look_for_answer(void *user)
{
    const struct look *l = user;

    return authority_link_look(l->fd, l->in);
}

static enum authority_link_result
exchange(struct question *q, int fd, struct bytes request)
{
    enum authority_link_result result = authority_link_send(fd, request);
    const uint64_t deadline_ms = clock_monotonic_ms() + q->client->timeout_ms;
    struct authority_inbox in;
    struct bytes frame;
    bool last = false;

    authority_inbox_init(&in);
    if (result == AUTHORITY_LINK_OK && q->looks && spin_is_worth(&q->client->answers)) {
        (void)spin_wait(&q->client->answers, LOOK_US, look_for_answer, &(struct look){ fd, &in });
    }
    while (result == AUTHORITY_LINK_OK && !last) {
        result = authority_link_receive(fd, &in, deadline_ms, &frame);
        if (result == AUTHORITY_LINK_OK) {
            result = take_answer(q, frame, &last);
        }
    }
    if (result == AUTHORITY_LINK_OK && in.taken != in.n) {
        result = nonsense(q, "bytes after the answer", (uint32_t)in.taken);
    }
    authority_inbox_clear(&in);
    if (result != AUTHORITY_LINK_OK && !*q->reason) {
        (void)snprintf(q->reason, sizeof(q->reason), "%s", result_text(result));
    }
    return result;
}

/* Under the lock. */
static void
give_back(struct authority_client *c, struct connection *place, enum authority_link_result result)
{
    if (result != AUTHORITY_LINK_OK) {
        (void)close(place->fd);
        place->fd = -1;
    }
    place->busy = false;
    (void)pthread_cond_signal(&c->freed);
}

static sec_status
ask(struct question *q, struct bytes request)
{
    struct authority_client *c = q->client;
    enum authority_link_result result = AUTHORITY_LINK_CLOSED;
    struct connection *place = NULL;
    bool reused = true;

    (void)pthread_mutex_lock(&c->lock);
    while (result == AUTHORITY_LINK_CLOSED && reused) {
        sec_status status = take_connection(c, q->deadline_ms, &place, &reused);

        if (status != SEC_E_OK) {
            (void)pthread_mutex_unlock(&c->lock);
            return status;
        }
        q->looks = leaves_processor(c);
        (void)pthread_mutex_unlock(&c->lock);
        *q->reason = 0;
        result = exchange(q, place->fd, request);
        (void)pthread_mutex_lock(&c->lock);
        give_back(c, place, result);
        if (result == AUTHORITY_LINK_CLOSED) {
            close_idle(c); /* of a samd that is gone; there may be another one already */
        }
    }
    if (result != AUTHORITY_LINK_OK && result != AUTHORITY_LINK_NO_MEMORY) {
        leave_alone(c, result == AUTHORITY_LINK_TIMEOUT, q->reason);
    }
    (void)pthread_mutex_unlock(&c->lock);
    return result == AUTHORITY_LINK_OK ? SEC_E_OK : no_answer(c, q->reason);
}

sec_status
authority_client_ask(struct authority_client *c, struct authority_msg *request, authority_take take,
                     void *user)
{
    uint8_t usual[REQUEST_BYTES];
    SEC_AUTO(wire_writer) w = wire_writer_secret(usual, sizeof(usual));
    struct question q = {
        .client = c, .deadline_ms = clock_monotonic_ms() + c->timeout_ms, .take = take, .user = user
    };
    enum wire_err err;

    q.id = atomic_fetch_add_explicit(&c->next_id, 1, memory_order_relaxed);
    request->id = q.id;
    err = authority_msg_encode(&w, request);
    if (err == WIRE_NO_MEMORY) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (err != WIRE_OK) {
        return sec_fail(SEC_E_INVALID_PARAMETER,
                        "accounts: authority: the request is longer than a message may be");
    }
    return ask(&q, wire_written(&w));
}
