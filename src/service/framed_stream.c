/* SPDX-License-Identifier: Apache-2.0 */
/* What a framed listener says to a client that is known: who it is, or the same again; or it has a
 * backend say it. */
#include "service/framed.h"
#include "service/identity.h"
#include "service/tunnel.h"

enum {
    OUTPUT_BYTES = 4096, /* on the stack; a larger answer goes to the heap */
    KEEP_ALIVE_S = 60,
};

/* Appends a sealed message; false: the connection is closed. */
static bool
seal(struct framed *f, struct bytes plain, struct wire_writer *w)
{
    SECURITY_STATUS status = stream_seal(&f->session.context, &f->sizes, plain, w);

    if (status != SEC_E_OK) {
        framed_fail(f, "a message could not be sealed", status);
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
        framed_fail(f, "no memory for the answer", SEC_E_INSUFFICIENT_MEMORY);
    } else if (seal(f, wire_written(&text), &w) && seal(f, bytes_of(NULL, 0), &w)) {
        framed_send(f, wire_written(&w));
    }
}

/* To the letter what the sample's server says: a message without the length before it, which the
 * connection's end ends. */
static void
send_sample(struct framed *f)
{
    static const char text[] = "This is your server speaking";
    uint8_t room[OUTPUT_BYTES];
    SEC_AUTO(wire_writer) w = wire_writer_growing(room, sizeof(room));

    if (seal(f, bytes_of_string(text), &w)) {
        framed_send(f, bytes_of(w.p + STREAM_HEAD_BYTES, w.len - STREAM_HEAD_BYTES));
        framed_linger(f);
    }
}

static void
on_overdue(uv_timer_t *timer)
{
    struct framed *f = timer->data;

    framed_note(f, "closed: the client did not end its direction in time");
    framed_close(f);
}

/* Runs once and again as long as bytes move: no timer is touched for each of them. */
static void
on_idle(uv_timer_t *timer)
{
    struct framed *f = timer->data;
    uint64_t limit = f->connection.listener->settings->idle_timeout_s * 1000;
    uint64_t idle = uv_now(&f->connection.loop->uv) - f->moved_ms;

    if (idle < limit) {
        (void)uv_timer_start(timer, on_idle, limit - idle, 0);
        return;
    }
    framed_note(f, "closed: nothing came or went for idle_timeout");
    framed_close(f);
}

static void
begin_lasting(struct framed *f)
{
    unsigned long limit_s = f->connection.listener->settings->idle_timeout_s;

    (void)uv_tcp_keepalive(&f->tcp, 1, KEEP_ALIVE_S);
    framed_moved(f);
    if (limit_s) {
        (void)uv_timer_start(&f->connection.deadline, on_idle, limit_s * 1000, 0);
    }
}

void
framed_stream_begin(struct framed *f)
{
    const struct listener_settings *s = f->connection.listener->settings;
    SECURITY_STATUS status =
        QueryContextAttributesA(&f->session.context, SECPKG_ATTR_SIZES, &f->sizes);

    if (status != SEC_E_OK) {
        framed_fail(f, "the context does not tell its sizes", status);
        return;
    }
    connection_set_authenticated(&f->connection, true);
    (void)uv_timer_stop(&f->connection.deadline);
    f->reader.max_bytes = s->max_message;
    f->reader.first_bytes = STREAM_BULK_BYTES;
    f->state = FRAMED_STREAM;
    if (s->protocol == LISTENER_SAMPLE) {
        connection_start_deadline(&f->connection, on_overdue);
        send_sample(f);
        return;
    }
    if (s->backend == BACKEND_WHOAMI) {
        connection_start_deadline(&f->connection, on_overdue);
        send_whoami(f);
    } else {
        begin_lasting(f);
    }
    if (s->backend == BACKEND_PROXY || s->backend == BACKEND_EXEC) {
        tunnel_begin(f);
    }
}

void
framed_stream_message(struct framed *f)
{
    bool echoes = f->connection.listener->settings->backend == BACKEND_ECHO;
    uint8_t room[OUTPUT_BYTES];
    SEC_AUTO(wire_writer) w = wire_writer_growing(room, sizeof(room));
    struct bytes plain = { 0 };
    SECURITY_STATUS status;

    if (f->tunnel) {
        tunnel_message(f);
        return;
    }
    status = stream_open(&f->session.context, f->reader.p, f->reader.length, &plain);
    if (status != SEC_E_OK) {
        framed_fail(f, "a message was refused", status);
        return;
    }
    /* An empty message ends the client's direction, and its answer ends ours. */
    if (echoes && seal(f, plain, &w)) {
        framed_send(f, wire_written(&w));
    }
    if (plain.n == 0) {
        framed_linger(f);
    } else if (f->state == FRAMED_STREAM && outbox_queued(&f->outbox)) {
        framed_pause(f); /* the peer does not read either */
    }
}

/* That is an end only where a sealed empty message came before; else somebody cut it. */
void
framed_stream_eof(struct framed *f, int status)
{
    if (f->tunnel) {
        tunnel_eof(f, status);
        return;
    }
    framed_note(f, "the stream was cut: end of file without the message that ends it");
    framed_close(f);
}

void
framed_stream_drained(struct framed *f)
{
    if (f->tunnel) {
        tunnel_drained(f);
    } else {
        framed_read_on(f);
    }
}
