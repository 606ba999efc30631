/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections of HTTP listeners: bytes and time. Each port has an epoll descriptor of its own, which
 * the loop polls: so a client costs one call to be waited for, and none where its request is there
 * when it is accepted. What the bytes mean is http_head.c's and http_body.c's business, what they
 * are answered http_answer.c's.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/secret.h"
#include "service/http.h"

enum {
    HEADERS_BYTES = 32768, /* beside the token */
    IDLE_MS = 60000,       /* between the requests of a client that is known */
    LINGER_MS = 2000,      /* for the end of a client that was refused */
    LINGER_BYTES = 1024 * 1024,
    READ_BYTES = 16384, /* at once: what is not used yet is kept */
    EVENTS = 64,        /* at once */
};

/* --- the end of a connection --------------------------------------------------------------- */

static void
on_handle_closed(uv_handle_t *handle)
{
    struct http *h = handle->data;

    wire_writer_clear(&h->in);
    wire_writer_clear(&h->out);
    http_pending_free(h->pending);
    connection_leave(&h->connection);
    mem_free(h);
}

void
http_release(struct http *h)
{
    if (h->connection.loop->draining) {
        h->state.told = NULL; /* it is we who end it */
    }
    http_state_end(&h->state, uv_now(&h->connection.loop->uv) / 1000);
    h->connection.deadline.data = h;
    uv_close((uv_handle_t *)&h->connection.deadline, on_handle_closed);
}

void
http_end(struct http *h)
{
    bool busy = h->stage == HTTP_BUSY;

    if (h->stage == HTTP_CLOSED) {
        return;
    }
    h->stage = HTTP_CLOSED;
    (void)close(h->fd); /* epoll forgets it */
    (void)uv_timer_stop(&h->connection.deadline);
    if (busy) {
        http_pending_cancel(h->pending);
    } else {
        connection_end(&h->connection);
        http_release(h);
    }
}

void
http_note(const struct http *h, const char *what)
{
    const struct session_client *client = &h->connection.client;

    log_info(client->log, what, log_text("listener", client->listener),
             log_text("address", client->address), log_number("port", client->port));
}

/* --- time ---------------------------------------------------------------------------------- */

static void
on_handshake_overdue(struct http *h)
{
    char reason[SESSION_REASON_BYTES];

    counters_add(&h->connection.listener->endpoint->counters.timed_out);
    if (h->stage == HTTP_BUSY) {
        http_note(h, "closed: the account authority did not answer before handshake_timeout");
    } else if (h->state.has_session) {
        (void)snprintf(reason, sizeof(reason),
                       "the handshake was not done after handshake_timeout = %lu s and %u legs",
                       h->connection.listener->settings->handshake_timeout_s,
                       h->state.session.legs);
        session_refuse(&h->state.session, SESSION_TIMEOUT, reason);
        http_state_clear(&h->state);
    } else {
        http_note(h, "closed: no logon before handshake_timeout");
    }
}

static void
on_deadline(uv_timer_t *timer)
{
    struct http *h = timer->data;

    if (h->clock == HTTP_CLOCK_HANDSHAKE) {
        on_handshake_overdue(h);
    } else if (h->clock == HTTP_CLOCK_REQUEST) {
        http_note(h, "closed: a request was not done within handshake_timeout");
    }
    http_end(h);
}

static void
start_clock(struct http *h, enum http_clock clock)
{
    h->clock = clock;
    if (clock == HTTP_CLOCK_HANDSHAKE || clock == HTTP_CLOCK_REQUEST) {
        connection_start_deadline(&h->connection, on_deadline);
    } else {
        (void)uv_timer_start(&h->connection.deadline, on_deadline,
                             clock == HTTP_CLOCK_IDLE ? IDLE_MS : LINGER_MS, 0);
    }
}

/* Who is not known has one deadline for all; who is, one for each request. */
static void
keep_time(struct http *h)
{
    bool idle = h->stage == HTTP_READING && !h->in.len && !h->pending;
    enum http_clock clock = HTTP_CLOCK_HANDSHAKE;

    if (h->stage == HTTP_LINGER) {
        clock = HTTP_CLOCK_LINGER;
    } else if (h->proven) {
        clock = idle ? HTTP_CLOCK_IDLE : HTTP_CLOCK_REQUEST;
    }
    if (clock != h->clock || clock == HTTP_CLOCK_IDLE) {
        start_clock(h, clock);
    }
}

/* --- waiting ------------------------------------------------------------------------------- */

/* Has the port's epoll descriptor report what this stage waits for; an error, always. */
static void
watch(struct http *h)
{
    struct epoll_event event = { .data.ptr = h };

    if (h->stage == HTTP_READING || h->stage == HTTP_LINGER) {
        event.events = EPOLLIN;
    } else if (h->stage == HTTP_WRITING) {
        event.events = EPOLLOUT;
    }
    if (h->is_watched && h->watched == event.events) {
        return;
    }
    if (epoll_ctl(h->port->epoll, h->is_watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, h->fd, &event) !=
        0) {
        http_note(h, "closed: it cannot be waited for: out of memory");
        http_end(h);
        return;
    }
    h->is_watched = true;
    h->watched = event.events;
}

static void
linger(struct http *h)
{
    (void)shutdown(h->fd, SHUT_WR);
    h->stage = HTTP_LINGER;
}

/* What comes after each turn. unread: bytes that nobody will want. A close with such would be a
 * reset, which may overtake the answer. */
static void
go_on(struct http *h, bool unread)
{
    if (h->stage == HTTP_SAID && (unread || h->refused)) {
        linger(h);
    } else if (h->stage == HTTP_SAID) {
        http_end(h);
    }
    if (h->stage != HTTP_CLOSED) {
        keep_time(h);
        watch(h);
    }
}

/* --- sending ------------------------------------------------------------------------------- */

static void
on_sent(struct http *h)
{
    wire_writer_clear(&h->out);
    h->out = wire_writer_growing(NULL, 0);
    h->sent = 0;
    h->stage = h->closes ? HTTP_SAID : HTTP_READING;
}

ssize_t
http_send_some(struct http *h, struct bytes bytes)
{
    ssize_t n = send(h->fd, bytes.p, bytes.n, MSG_NOSIGNAL);

    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 0;
    }
    if (n < 0) {
        http_end(h);
    }
    return n;
}

void
http_send(struct http *h, struct bytes bytes)
{
    ssize_t n = http_send_some(h, bytes);

    if (n < 0) {
        return;
    }
    if ((size_t)n == bytes.n) {
        on_sent(h);
        return;
    }
    h->stage = HTTP_WRITING;
    wire_put_bytes(&h->out, bytes_of(bytes.p + n, bytes.n - (size_t)n));
    if (wire_writer_status(&h->out) != WIRE_OK) {
        http_note(h, "closed: no memory for the answer");
        http_end(h);
    }
}

/* --- what was read ------------------------------------------------------------------------- */

/* What is left is for later, unless nothing comes later. */
static void
keep_rest(struct http *h, struct http_text text)
{
    bool over = h->stage == HTTP_SAID || h->stage == HTTP_LINGER || h->stage == HTTP_CLOSED;

    if (over || text.n == 0) {
        wire_writer_clear(&h->in);
        h->in = wire_writer_secret(NULL, 0);
    } else if (h->in.len) {
        bytes_move(h->in.p, text.p, text.n);
        h->in.len = text.n;
    } else {
        wire_put(&h->in, text.p, text.n);
    }
    if (wire_writer_status(&h->in) != WIRE_OK) {
        http_note(h, "closed: no memory for a request");
        http_end(h);
    }
}

static void
use_all(struct http *h, struct http_text text)
{
    http_requests_use(h, &text);
    keep_rest(h, text);
    go_on(h, text.n != 0);
}

void
http_resume(struct http *h)
{
    use_all(h, (struct http_text){ (char *)h->in.p, h->in.len });
}

/* --- reading and writing ------------------------------------------------------------------- */

static void
on_bytes(struct http *h, char *p, size_t n)
{
    connection_heard(&h->connection);
    if (h->in.len == 0) {
        use_all(h, (struct http_text){ p, n });
        return;
    }
    wire_put(&h->in, p, n);
    if (wire_writer_status(&h->in) != WIRE_OK) {
        http_note(h, "closed: no memory for a request");
        http_end(h);
        return;
    }
    http_resume(h);
}

static void
on_end_of_file(struct http *h)
{
    if (h->in.len || h->pending) {
        http_note(h, "a request ended before it could be answered");
    }
    http_end(h);
}

static void
drop(struct http *h, size_t n)
{
    h->dropped += n;
    if (h->dropped > LINGER_BYTES) {
        http_end(h);
    }
}

static void
read_some(struct http *h)
{
    char *buffer = h->connection.loop->buffer;
    ssize_t n = recv(h->fd, buffer, READ_BYTES, 0);

    if (n == 0) {
        on_end_of_file(h);
    } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
        http_end(h);
    } else if (n < 0) {
        watch(h);
    } else if (h->stage == HTTP_LINGER) {
        drop(h, (size_t)n);
    } else {
        on_bytes(h, buffer, (size_t)n);
        secret_wipe(buffer, (size_t)n); /* proofs of who they are */
    }
}

static void
write_some(struct http *h)
{
    size_t left = h->out.len - h->sent;
    ssize_t n = left ? http_send_some(h, bytes_of(h->out.p + h->sent, left)) : 0;

    if (n < 0) {
        return;
    }
    h->sent += (size_t)n;
    if (h->sent == h->out.len) {
        on_sent(h);
        http_resume(h);
    }
}

static void
on_event(struct http *h)
{
    if (h->stage == HTTP_BUSY) {
        http_note(h, "the client left before its answer was made"); /* else nothing is reported */
        http_end(h);
    } else if (h->stage == HTTP_WRITING) {
        write_some(h);
    } else if (h->stage != HTTP_CLOSED) {
        read_some(h);
    }
}

/* A connection that ends here lives until its handles are closed, after all of this. */
static void
on_poll(uv_poll_t *poll, int status, int events)
{
    struct http_port *port = poll->data;
    struct epoll_event list[EVENTS];
    int n = epoll_wait(port->epoll, list, EVENTS, 0);

    (void)status;
    (void)events;
    for (int i = 0; i < n; i++) {
        on_event(list[i].data.ptr);
    }
}

/* --- beginning and end --------------------------------------------------------------------- */

/* Who waits for an answer gets it, and a handshake may be finished. */
static void
on_stop(struct connection *connection, bool now)
{
    struct http *h = (struct http *)connection;

    if (now || h->stage == HTTP_LINGER || (h->stage == HTTP_READING && !h->state.has_session)) {
        http_end(h);
    } else {
        h->closes = h->closes || h->stage == HTTP_WRITING;
    }
}

void
http_accept(struct port *port, int fd, const struct sockaddr_in6 *from)
{
    struct http *h = mem_new(sizeof(*h));

    if (!h || !connection_open(&h->connection, port, from)) {
        (void)close(fd);
        mem_free(h);
        return;
    }
    h->connection.stop = on_stop;
    h->port = port->http;
    h->fd = fd;
    h->in = wire_writer_secret(NULL, 0);
    h->out = wire_writer_growing(NULL, 0);
    http_state_init(&h->state, &h->connection.client, &port->listener->rules,
                    &port->listener->credential);
    http_state_set_peer(&h->state, &from->sin6_addr, &port->listener->proxied);
    h->state.told = &port->listener->told;
    start_clock(h, HTTP_CLOCK_HANDSHAKE);
    read_some(h); /* who connects to ask has often asked already */
}

static void
on_port_closed(uv_handle_t *handle)
{
    struct http_port *http = handle->data;

    (void)close(http->epoll);
    mem_free(http);
}

void
http_port_stop(struct http_port *http)
{
    uv_close((uv_handle_t *)&http->poll, on_port_closed);
}

struct http_port *
http_port_new(struct port *port)
{
    struct http_port *http = mem_new(sizeof(*http));

    if (!http) {
        return NULL;
    }
    http->head_max = port->listener->settings->max_token / 3 * 4 + HEADERS_BYTES;
    http->date_s = -1;
    http->poll.data = http;
    http->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (http->epoll < 0 || uv_poll_init(&port->loop->uv, &http->poll, http->epoll) != 0) {
        if (http->epoll >= 0) {
            (void)close(http->epoll);
        }
        mem_free(http);
        return NULL;
    }
    if (uv_poll_start(&http->poll, UV_READABLE, on_poll) != 0) {
        http_port_stop(http);
        return NULL;
    }
    return http;
}
