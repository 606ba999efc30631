/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of framed listeners: bytes and time. What the bytes mean is stream.c's and
 * session.c's business. */
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "service/framed.h"
#include "service/tunnel.h"

enum {
    LINGER_MS = 2000,    /* for the peer's end, once all of ours is sent */
    ANSWER_BYTES = 4096, /* on the stack; a larger token goes to the heap */
};

/* A token that may have an account authority asked, on libuv's pool; its answer. */
struct framed_leg {
    uv_work_t work;
    struct framed *framed;
    enum session_state state;
    struct wire_writer answer;
};

/* --- closing ------------------------------------------------------------------------------- */

void
framed_hold(struct framed *f)
{
    f->holds++;
}

void
framed_release(struct framed *f)
{
    if (--f->holds == 0) {
        tunnel_free(f->tunnel);
        session_log_off(&f->connection.client, f->session.logon, f->session.logon_id);
        session_clear(&f->session);
        stream_reader_clear(&f->reader);
        connection_leave(&f->connection);
        mem_free(f);
    }
}

static void
on_handle_closed(uv_handle_t *handle)
{
    framed_release(handle->data);
}

void
framed_close(struct framed *f)
{
    if (f->state == FRAMED_CLOSED) {
        return;
    }
    f->state = FRAMED_CLOSED;
    if (f->leg) {
        (void)uv_cancel((uv_req_t *)&f->leg->work); /* it may not have begun */
    } else {
        connection_end(&f->connection);
    }
    if (f->tunnel) {
        tunnel_close(f->tunnel);
    }
    uv_close((uv_handle_t *)&f->tcp, on_handle_closed);
    uv_close((uv_handle_t *)&f->connection.deadline, on_handle_closed);
}

void
framed_note(const struct framed *f, const char *what)
{
    const struct session_client *client = &f->connection.client;

    log_info(client->log, what, log_text("listener", client->listener),
             log_text("address", client->address), log_number("port", client->port));
}

void
framed_fail(struct framed *f, const char *what, SECURITY_STATUS status)
{
    const struct session_client *client = &f->connection.client;

    log_warning(client->log, what, log_text("listener", client->listener),
                log_text("address", client->address), log_number("port", client->port),
                log_status("status", status), log_text("reason", OpenSspiReason()));
    framed_close(f);
}

static void
on_linger_over(uv_timer_t *timer)
{
    framed_close(timer->data);
}

static void
on_shut_down(uv_shutdown_t *request, int status)
{
    struct framed *f = request->data;

    mem_free(request);
    if (f->state != FRAMED_CLOSED && (status != 0 || f->at_eof)) {
        framed_close(f);
    } else if (f->state != FRAMED_CLOSED) {
        (void)uv_timer_start(&f->connection.deadline, on_linger_over, LINGER_MS, 0);
    }
}

void
framed_linger(struct framed *f)
{
    uv_shutdown_t *request = mem_new(sizeof(*request));
    bool known = f->state == FRAMED_STREAM;

    if (f->state == FRAMED_CLOSED) {
        mem_free(request);
        return;
    }
    f->state = FRAMED_LINGER;
    if (!request) {
        framed_close(f);
        return;
    }
    request->data = f;
    if (uv_shutdown(request, (uv_stream_t *)&f->tcp, on_shut_down) != 0) {
        mem_free(request);
        framed_close(f);
        return;
    }
    if (!known) {
        (void)uv_timer_start(&f->connection.deadline, on_linger_over, LINGER_MS, 0);
    }
    framed_read_on(f);
}

/* --- sending ------------------------------------------------------------------------------- */

static void
on_drained(void *user)
{
    struct framed *f = user;

    framed_moved(f);
    if (f->state == FRAMED_STREAM) {
        framed_stream_drained(f);
    }
}

static void
on_send_failed(void *user, int status)
{
    (void)status;
    framed_close(user);
}

void
framed_send(struct framed *f, struct bytes bytes)
{
    if (f->state == FRAMED_CLOSED) {
        return;
    }
    if (outbox_try(&f->outbox, &bytes) != 0 ||
        (bytes.n && outbox_queue(&f->outbox, bytes, NULL) != 0)) {
        framed_close(f);
    }
}

/* --- the handshake ------------------------------------------------------------------------- */

/* What a leg made of a token; written holds a frame, empty where there is no answer. */
static void
on_judged(struct framed *f, enum session_state state, struct bytes written)
{
    connection_progressed(&f->connection);
    if (written.n > STREAM_HEAD_BYTES) {
        framed_send(f, written);
    }
    if (f->state == FRAMED_CLOSED) {
        return;
    }
    if (state == SESSION_ESTABLISHED) {
        framed_stream_begin(f);
    } else if (state == SESSION_REFUSED) {
        framed_linger(f);
    }
}

/* One leg, on whatever thread. */
static enum session_state
run_leg(struct framed *f, struct wire_writer *w)
{
    size_t mark = wire_hold_le32(w);
    enum session_state state =
        session_step(&f->session, bytes_of(f->reader.p, f->reader.length), w);

    if (w->len > STREAM_HEAD_BYTES) {
        wire_fill_len32(w, mark);
    }
    return state;
}

static void
refuse_overdue(struct framed *f)
{
    char reason[SESSION_REASON_BYTES];

    (void)snprintf(reason, sizeof(reason),
                   "the handshake was not done after handshake_timeout = %lu s and %u legs",
                   f->connection.listener->settings->handshake_timeout_s, f->session.legs);
    session_refuse(&f->session, SESSION_TIMEOUT, reason);
}

static void
on_leg_out(uv_work_t *work)
{
    struct framed_leg *leg = work->data;

    leg->state = run_leg(leg->framed, &leg->answer);
}

static void
on_leg_back(uv_work_t *work, int status)
{
    struct framed_leg *leg = work->data;
    struct framed *f = leg->framed;

    (void)status; /* UV_ECANCELED: closed before it began */
    f->leg = NULL;
    if (f->state == FRAMED_LEG) {
        f->state = FRAMED_HANDSHAKE;
        framed_read_on(f);
        on_judged(f, leg->state, wire_written(&leg->answer));
    } else if (f->overdue && f->session.state == SESSION_OPEN) {
        refuse_overdue(f);
    }
    wire_writer_clear(&leg->answer);
    mem_free(leg);
    framed_release(f);
}

/* false: no memory. */
static bool
send_leg_out(struct framed *f)
{
    struct framed_leg *leg = mem_new(sizeof(*leg));

    if (!leg) {
        return false;
    }
    leg->framed = f;
    leg->work.data = leg;
    leg->answer = wire_writer_growing(NULL, 0);
    if (uv_queue_work(&f->connection.loop->uv, &leg->work, on_leg_out, on_leg_back) != 0) {
        mem_free(leg);
        return false;
    }
    f->leg = leg;
    f->state = FRAMED_LEG;
    connection_hold(&f->connection);
    framed_hold(f);
    framed_pause(f);
    return true;
}

static void
on_token(struct framed *f)
{
    uint8_t room[ANSWER_BYTES];
    SEC_AUTO(wire_writer) w = wire_writer_growing(room, sizeof(room));
    enum session_state state;

    if (!session_may_wait(&f->session, bytes_of(f->reader.p, f->reader.length))) {
        state = run_leg(f, &w);
        on_judged(f, state, wire_written(&w));
    } else if (!send_leg_out(f)) {
        session_refuse(&f->session, SEC_E_INSUFFICIENT_MEMORY, "no memory for a leg");
        framed_linger(f);
    }
}

static void
on_deadline(uv_timer_t *timer)
{
    struct framed *f = timer->data;

    counters_add(&f->connection.listener->endpoint->counters.timed_out);
    if (f->state == FRAMED_LEG) {
        f->overdue = true;
        framed_note(f, "closed: handshake_timeout came while an account authority was asked");
    } else if (f->session.legs == 0 && !stream_within(&f->reader)) {
        framed_note(f, "closed: the client said nothing before handshake_timeout");
    } else {
        refuse_overdue(f);
    }
    framed_close(f);
}

/* --- reading ------------------------------------------------------------------------------- */

/* A frame that is none. */
static void
on_bad_frame(struct framed *f, enum stream_result result)
{
    char reason[SESSION_REASON_BYTES];
    bool handshake = f->state == FRAMED_HANDSHAKE;

    if (result == STREAM_NO_MEMORY) {
        (void)snprintf(reason, sizeof(reason), "no memory for a frame");
    } else if (result == STREAM_EMPTY) {
        (void)snprintf(reason, sizeof(reason), "a frame of length 0");
    } else {
        (void)snprintf(reason, sizeof(reason), "a frame of %u bytes, above %s = %zu",
                       f->reader.length, handshake ? "max_token" : "max_message",
                       f->reader.max_bytes);
    }
    if (handshake) {
        session_refuse(&f->session,
                       result == STREAM_NO_MEMORY ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_INVALID_TOKEN,
                       reason);
        framed_linger(f);
    } else {
        framed_note(f, reason);
        framed_close(f);
    }
}

static void
on_bytes(struct framed *f, size_t n)
{
    enum stream_result result = stream_filled(&f->reader, n);

    if (result == STREAM_MORE) {
        return;
    }
    if (result != STREAM_WHOLE) {
        on_bad_frame(f, result);
    } else if (f->state == FRAMED_HANDSHAKE) {
        on_token(f);
    } else {
        framed_stream_message(f);
    }
}

static void
on_end(struct framed *f, int status)
{
    f->at_eof = true;
    if (f->state == FRAMED_STREAM) {
        framed_stream_eof(f, status);
    } else if (f->state == FRAMED_HANDSHAKE) {
        if (f->session.legs || stream_within(&f->reader)) {
            framed_note(f, "the client left in the middle of the handshake");
        }
        framed_close(f);
    } else if (outbox_queued(&f->outbox) == 0) {
        framed_close(f);
    }
}

/* To where it is to lie: no byte beyond the frame is read, so that nothing is left over when the
 * connection has to wait. */
static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct framed *f = handle->data;
    size_t n = LOOP_BUFFER_BYTES;
    void *room = f->connection.loop->buffer;

    (void)suggested;
    if (f->state != FRAMED_LINGER) {
        room = stream_room(&f->reader, &n);
    }
    *buffer = uv_buf_init(room, room ? (unsigned)n : 0);
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    struct framed *f = stream->data;

    (void)buffer;
    if (n > 0 && f->state != FRAMED_LINGER) {
        connection_heard(&f->connection);
        framed_moved(f);
        on_bytes(f, (size_t)n);
    } else if (n == UV_ENOBUFS) {
        on_bad_frame(f, STREAM_NO_MEMORY);
    } else if (n < 0) {
        on_end(f, (int)n);
    }
}

void
framed_moved(struct framed *f)
{
    f->moved_ms = uv_now(&f->connection.loop->uv);
}

void
framed_read_on(struct framed *f)
{
    int status = 0;

    if (f->state != FRAMED_CLOSED && !f->at_eof) {
        status = uv_read_start((uv_stream_t *)&f->tcp, on_alloc, on_read);
    }
    if (status != 0 && status != UV_EALREADY) {
        framed_close(f);
    }
}

void
framed_pause(struct framed *f)
{
    (void)uv_read_stop((uv_stream_t *)&f->tcp);
}

/* --- beginning and end --------------------------------------------------------------------- */

static void
on_stop(struct connection *connection, bool now)
{
    struct framed *f = (struct framed *)connection;

    /* Handshakes and answers have their own deadlines; an echo lasts as long as it likes. */
    if (now) {
        framed_close(f);
    }
}

/* false: the client is turned away, and why is in the log. */
static bool
start_session(struct framed *f)
{
    struct connection *c = &f->connection;
    char why[SESSION_REASON_BYTES];
    CredHandle *handle =
        credential_get(&c->listener->credential, CREDENTIAL_MAIN, why, sizeof(why));

    if (!handle) {
        log_error(c->client.log, "no credential for the listener",
                  log_text("listener", c->client.listener), log_text("error", why));
        return false;
    }
    session_init(&f->session, &c->client, &c->listener->rules, handle);
    return true;
}

void
framed_accept(struct port *port, int fd, const struct sockaddr_in6 *from)
{
    struct framed *f = mem_new(sizeof(*f));

    if (!f || !connection_open(&f->connection, port, from)) {
        (void)close(fd);
        mem_free(f);
        return;
    }
    f->connection.stop = on_stop;
    f->reader.max_bytes = port->listener->settings->max_token;
    (void)uv_tcp_init(&port->loop->uv, &f->tcp);
    f->tcp.data = f->connection.deadline.data = f;
    f->holds = 2; /* these two */
    f->outbox = (struct outbox){ (uv_stream_t *)&f->tcp, f, on_drained, on_send_failed };
    if (uv_tcp_open(&f->tcp, fd) != 0) {
        (void)close(fd);
        framed_close(f);
    } else if (!start_session(f)) {
        framed_close(f);
    } else {
        connection_start_deadline(&f->connection, on_deadline);
        framed_read_on(f);
    }
}
