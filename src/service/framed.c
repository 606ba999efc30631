/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of framed listeners: bytes and time. What the bytes mean is stream.c's and
 * session.c's business. */
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "service/identity.h"
#include "service/service.h"
#include "service/stream.h"

enum {
    LINGER_MS = 2000,          /* for the peer's end, once all of ours is sent */
    QUEUE_BYTES = 1024 * 1024, /* unsent: more, and nothing is read until the peer has read */
    OUTPUT_BYTES = 4096,       /* on the stack; a larger answer goes to the heap */
};

enum framed_state {
    FRAMED_HANDSHAKE, /* tokens */
    FRAMED_STREAM,    /* messages */
    FRAMED_LINGER,    /* all is said: what still comes is dropped */
    FRAMED_CLOSED,
};

struct framed {
    struct connection connection; /* first */
    uv_tcp_t tcp;
    enum framed_state state;
    bool paused; /* not reading: the peer does not read either */
    bool at_eof; /* the peer closed its direction */
    int handles; /* that are not closed yet */
    struct session session;
    struct stream_reader reader;
    SecPkgContext_Sizes sizes;
};

struct output {
    uv_write_t write;
    struct framed *framed;
    uint8_t *bytes;
};

static void read_on(struct framed *f);

/* --- closing ------------------------------------------------------------------------------- */

static void
on_handle_closed(uv_handle_t *handle)
{
    struct framed *f = handle->data;

    if (--f->handles == 0) {
        session_clear(&f->session);
        stream_reader_clear(&f->reader);
        connection_leave(&f->connection);
        mem_free(f);
    }
}

static void
close_now(struct framed *f)
{
    if (f->state != FRAMED_CLOSED) {
        f->state = FRAMED_CLOSED;
        f->tcp.data = f->connection.deadline.data = f;
        f->handles = 2;
        uv_close((uv_handle_t *)&f->tcp, on_handle_closed);
        uv_close((uv_handle_t *)&f->connection.deadline, on_handle_closed);
    }
}

static void
note(const struct framed *f, const char *what)
{
    const struct session_client *client = &f->connection.client;

    log_info(client->log, what, log_text("listener", client->listener),
             log_text("address", client->address), log_number("port", client->port));
}

static void
on_linger_over(uv_timer_t *timer)
{
    close_now(timer->data);
}

static void
on_shut_down(uv_shutdown_t *request, int status)
{
    struct framed *f = request->data;

    mem_free(request);
    if (f->state != FRAMED_CLOSED && (status != 0 || f->at_eof)) {
        close_now(f);
    } else if (f->state != FRAMED_CLOSED) {
        (void)uv_timer_start(&f->connection.deadline, on_linger_over, LINGER_MS, 0);
    }
}

/* Ends our direction and waits for the peer's end, so that what was sent last arrives: a close
 * with unread bytes would be a reset, which may overtake it. Who is known may take his time to
 * read what is on its way; who is not may not. */
static void
linger(struct framed *f)
{
    uv_shutdown_t *request = mem_new(sizeof(*request));
    bool known = f->state == FRAMED_STREAM;

    if (f->state == FRAMED_CLOSED) {
        mem_free(request);
        return;
    }
    f->state = FRAMED_LINGER;
    if (!request) {
        close_now(f);
        return;
    }
    request->data = f;
    if (uv_shutdown(request, (uv_stream_t *)&f->tcp, on_shut_down) != 0) {
        mem_free(request);
        close_now(f);
        return;
    }
    if (!known) {
        (void)uv_timer_start(&f->connection.deadline, on_linger_over, LINGER_MS, 0);
    }
    read_on(f);
}

/* --- sending ------------------------------------------------------------------------------- */

static void
on_written(uv_write_t *write, int status)
{
    struct output *output = write->data;
    struct framed *f = output->framed;

    mem_free(output->bytes);
    mem_free(output);
    if (f->state == FRAMED_CLOSED) {
        return;
    }
    if (status != 0) {
        close_now(f);
    } else if (f->paused && uv_stream_get_write_queue_size((uv_stream_t *)&f->tcp) == 0) {
        read_on(f);
    }
}

static void
queue(struct framed *f, struct bytes rest)
{
    struct output *output = mem_new(sizeof(*output));
    uint8_t *copy = mem_dup(rest.p, rest.n);
    uv_buf_t buffer = uv_buf_init((char *)copy, (unsigned)rest.n);

    if (output && copy) {
        *output = (struct output){ .framed = f, .bytes = copy };
        output->write.data = output;
        if (uv_write(&output->write, (uv_stream_t *)&f->tcp, &buffer, 1, on_written) == 0) {
            if (uv_stream_get_write_queue_size((uv_stream_t *)&f->tcp) > QUEUE_BYTES) {
                f->paused = true;
                (void)uv_read_stop((uv_stream_t *)&f->tcp);
            }
            return;
        }
    }
    mem_free(output);
    mem_free(copy);
    close_now(f);
}

static void
send_bytes(struct framed *f, struct bytes bytes)
{
    uv_buf_t buffer = uv_buf_init((char *)bytes.p, (unsigned)bytes.n);
    int n = 0;

    if (f->state == FRAMED_CLOSED || bytes.n == 0) {
        return;
    }
    n = uv_try_write((uv_stream_t *)&f->tcp, &buffer, 1);
    if (n == UV_EAGAIN) {
        n = 0;
    }
    if (n < 0) {
        close_now(f);
    } else if ((size_t)n < bytes.n) {
        queue(f, bytes_of(bytes.p + n, bytes.n - (size_t)n));
    }
}

/* --- after the handshake ------------------------------------------------------------------- */

static void
fail_stream(struct framed *f, const char *what, SECURITY_STATUS status)
{
    const struct session_client *client = &f->connection.client;

    log_warning(client->log, what, log_text("listener", client->listener),
                log_text("address", client->address), log_number("port", client->port),
                log_status("status", status), log_text("reason", OpenSspiReason()));
    close_now(f);
}

/* Appends a sealed message; false: the connection is closed. */
static bool
seal(struct framed *f, struct bytes plain, struct wire_writer *w)
{
    SECURITY_STATUS status = stream_seal(&f->session.context, &f->sizes, plain, w);

    if (status != SEC_E_OK) {
        fail_stream(f, "a message could not be sealed", status);
    }
    return status == SEC_E_OK;
}

static void
send_whoami(struct framed *f)
{
    uint8_t text_room[OUTPUT_BYTES], room[OUTPUT_BYTES];
    SEC_AUTO(wire_writer) text = wire_writer_growing(text_room, sizeof(text_room));
    SEC_AUTO(wire_writer) w = wire_writer_growing(room, sizeof(room));

    if (!identity_put_json(&text, f->session.logon, f->session.attributes)) {
        fail_stream(f, "no memory for the answer", SEC_E_INSUFFICIENT_MEMORY);
    } else if (seal(f, wire_written(&text), &w) && seal(f, bytes_of(NULL, 0), &w)) {
        send_bytes(f, wire_written(&w));
    }
}

static void
on_stream_overdue(uv_timer_t *timer)
{
    struct framed *f = timer->data;

    note(f, "closed: the client did not end its direction in time");
    close_now(f);
}

static void
on_handshake_done(struct framed *f)
{
    const struct listener_settings *s = f->connection.listener->settings;
    SECURITY_STATUS status =
        QueryContextAttributesA(&f->session.context, SECPKG_ATTR_SIZES, &f->sizes);

    if (status != SEC_E_OK) {
        fail_stream(f, "the context does not tell its sizes", status);
        return;
    }
    limits_set_authenticated(&f->connection.listener->limits, &f->connection.ticket, true);
    (void)uv_timer_stop(&f->connection.deadline);
    f->reader.max_bytes = s->max_message;
    f->state = FRAMED_STREAM;
    if (s->backend == BACKEND_WHOAMI) {
        connection_start_deadline(&f->connection, on_stream_overdue);
        send_whoami(f);
    } else {
        (void)uv_tcp_keepalive(&f->tcp, 1, 60);
    }
}

static void
on_message(struct framed *f)
{
    bool echoes = f->connection.listener->settings->backend == BACKEND_ECHO;
    uint8_t room[OUTPUT_BYTES];
    SEC_AUTO(wire_writer) w = wire_writer_growing(room, sizeof(room));
    struct bytes plain = { 0 };
    SECURITY_STATUS status =
        stream_open(&f->session.context, f->reader.p, f->reader.length, &plain);

    if (status != SEC_E_OK) {
        fail_stream(f, "a message was refused", status);
        return;
    }
    /* An empty message ends the client's direction, and its answer ends ours. */
    if (echoes && seal(f, plain, &w)) {
        send_bytes(f, wire_written(&w));
    }
    if (plain.n == 0) {
        linger(f);
    }
}

/* --- the handshake ------------------------------------------------------------------------- */

static void
on_token(struct framed *f)
{
    uint8_t room[OUTPUT_BYTES];
    SEC_AUTO(wire_writer) w = wire_writer_growing(room, sizeof(room));
    size_t mark = wire_hold_le32(&w);
    enum session_state state =
        session_step(&f->session, bytes_of(f->reader.p, f->reader.length), &w);

    if (w.len > STREAM_HEAD_BYTES) {
        wire_fill_len32(&w, mark);
        send_bytes(f, wire_written(&w));
    }
    if (f->state == FRAMED_CLOSED) {
        return;
    }
    if (state == SESSION_ESTABLISHED) {
        on_handshake_done(f);
    } else if (state == SESSION_REFUSED) {
        linger(f);
    }
}

static void
on_deadline(uv_timer_t *timer)
{
    struct framed *f = timer->data;
    char reason[SESSION_REASON_BYTES];

    counters_add(&f->connection.listener->counters.timed_out);
    if (f->session.legs == 0 && !stream_within(&f->reader)) {
        note(f, "closed: the client said nothing before handshake_timeout");
    } else {
        (void)snprintf(reason, sizeof(reason),
                       "the handshake was not done after handshake_timeout = %lu s and %u legs",
                       f->connection.listener->settings->handshake_timeout_s, f->session.legs);
        session_refuse(&f->session, SESSION_TIMEOUT, reason);
    }
    close_now(f);
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
        linger(f);
    } else {
        note(f, reason);
        close_now(f);
    }
}

static void
on_bytes(struct framed *f, struct bytes in)
{
    while (in.n && (f->state == FRAMED_HANDSHAKE || f->state == FRAMED_STREAM)) {
        enum stream_result result = stream_read(&f->reader, &in);

        if (result == STREAM_MORE) {
            return;
        }
        if (result != STREAM_WHOLE) {
            on_bad_frame(f, result);
        } else if (f->state == FRAMED_HANDSHAKE) {
            on_token(f);
        } else {
            on_message(f);
        }
    }
}

/* The peer's direction ended on TCP. That is an end only where a sealed empty message came
 * before; else somebody cut it. */
static void
on_end(struct framed *f)
{
    f->at_eof = true;
    if (f->state == FRAMED_STREAM) {
        note(f, "the stream was cut: end of file without the message that ends it");
    } else if (f->state == FRAMED_HANDSHAKE && (f->session.legs || stream_within(&f->reader))) {
        note(f, "the client left in the middle of the handshake");
    }
    if (f->state != FRAMED_LINGER || uv_stream_get_write_queue_size((uv_stream_t *)&f->tcp) == 0) {
        close_now(f);
    }
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct framed *f = handle->data;

    (void)suggested;
    *buffer = uv_buf_init(f->connection.loop->buffer, LOOP_BUFFER_BYTES);
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    struct framed *f = stream->data;

    if (n > 0) {
        on_bytes(f, bytes_of(buffer->base, (size_t)n));
    } else if (n < 0) {
        on_end(f);
    }
}

static void
read_on(struct framed *f)
{
    int status = f->at_eof ? 0 : uv_read_start((uv_stream_t *)&f->tcp, on_alloc, on_read);

    f->paused = false;
    if (status != 0 && status != UV_EALREADY) {
        close_now(f);
    }
}

/* --- beginning and end --------------------------------------------------------------------- */

static void
on_stop(struct connection *connection, bool now)
{
    struct framed *f = (struct framed *)connection;

    /* Handshakes and answers have their own deadlines; an echo lasts as long as it likes. */
    if (now) {
        close_now(f);
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
    f->tcp.data = f;
    if (uv_tcp_open(&f->tcp, fd) != 0) {
        (void)close(fd);
        close_now(f);
    } else if (!start_session(f)) {
        close_now(f);
    } else {
        connection_start_deadline(&f->connection, on_deadline);
        read_on(f);
    }
}
