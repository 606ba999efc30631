/* SPDX-License-Identifier: Apache-2.0 */
/* A framed connection's way to a backend. What waits for a side that does not read is one message
 * and what the sockets hold: the other side is not read meanwhile. */
#include "service/tunnel.h"

#include <sys/socket.h>

#include "base/mem.h"
#include "service/tunnel_kind.h"

_Static_assert((size_t)LOOP_BUFFER_BYTES >= (size_t)STREAM_BULK_BYTES, "a bulk fits into it");

/* --- the end ------------------------------------------------------------------------------- */

void
tunnel_close(struct tunnel *t)
{
    t->kind->close(t);
}

void
tunnel_free(struct tunnel *t)
{
    mem_free(t);
}

void
tunnel_cut(struct tunnel *t, const char *end)
{
    t->end = end;
    framed_close(t->framed);
}

uint64_t
tunnel_seconds(const struct tunnel *t)
{
    return (uv_now(&t->framed->connection.loop->uv) - t->begun_ms) / 1000;
}

/* --- to the backend ------------------------------------------------------------------------ */

/* Where the backend takes no more, what is still said to it is dropped. */
static void
forward(struct tunnel *t, struct bytes plain)
{
    struct framed *f = t->framed;
    size_t n = plain.n;
    int status = t->to ? outbox_try(&t->outbox, &plain) : 0;

    if (!t->to) {
        return;
    }
    t->to_backend += n;
    if (status == 0 && plain.n) {
        framed_pause(f);
        status = outbox_queue(&t->outbox, plain, stream_reader_take(&f->reader));
    }
    if (status != 0) {
        t->kind->failed(t, status, true);
    }
}

void
tunnel_message(struct framed *f)
{
    struct tunnel *t = f->tunnel;
    struct bytes plain = { 0 };
    SECURITY_STATUS status;

    if (t->client_ended) {
        framed_note(f, "a message came after the one that ends the stream");
        tunnel_cut(t, "the client went on after its end");
        return;
    }
    status = stream_open(&f->session.context, f->reader.p, f->reader.length, &plain);
    if (status != SEC_E_OK) {
        t->end = "a message was refused";
        framed_fail(f, "a message was refused", status);
    } else if (plain.n == 0) {
        t->client_ended = true;
        t->kind->end_client(t);
    } else {
        forward(t, plain);
    }
}

/* Where bytes and a reset come together, libuv reads the bytes and calls the rest an end of file. */
int
tunnel_end_of_socket(uv_handle_t *handle)
{
    int error = 0;
    socklen_t n = sizeof(error);
    uv_os_fd_t fd;

    if (uv_fileno(handle, &fd) != 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0) {
        return UV_ECONNABORTED;
    }
    return error ? uv_translate_sys_error(error) : UV_EOF;
}

void
tunnel_eof(struct framed *f, int status)
{
    if (status == UV_EOF) {
        status = tunnel_end_of_socket((uv_handle_t *)&f->tcp);
    }
    if (status != UV_EOF || !f->tunnel->client_ended) {
        tunnel_cut(f->tunnel, "the client's stream was cut");
    }
}

static void
on_backend_drained(void *user)
{
    struct tunnel *t = user;

    if (t->to) {
        framed_moved(t->framed);
        framed_read_on(t->framed);
        t->kind->drained(t);
    }
}

static void
on_backend_failed(void *user, int status)
{
    struct tunnel *t = user;

    if (t->to) {
        t->kind->failed(t, status, true);
    }
}

/* --- from the backend ---------------------------------------------------------------------- */

/* Seals what lies in the loop's buffer behind room for what comes before it, and sends it. */
static void
seal_and_send(struct tunnel *t, size_t plain_n)
{
    struct framed *f = t->framed;
    uint8_t *at = (uint8_t *)f->connection.loop->buffer;
    size_t n;
    SECURITY_STATUS status = stream_seal_at(&f->session.context, &f->sizes, at, plain_n, &n);

    if (status != SEC_E_OK) {
        t->end = "a message could not be sealed";
        framed_fail(f, t->end, status);
        return;
    }
    t->to_client += plain_n;
    framed_send(f, bytes_of(at, n));
}

void
tunnel_send_end(struct tunnel *t)
{
    seal_and_send(t, 0);
}

static void
on_backend_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct tunnel *t = handle->data;
    struct framed *f = t->framed;

    (void)suggested;
    *buffer = uv_buf_init(f->connection.loop->buffer + stream_before(&f->sizes), (unsigned)t->most);
}

static void
on_backend_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    struct tunnel *t = stream->data;
    struct framed *f = t->framed;

    (void)buffer;
    n = n == UV_EOF ? t->kind->end_of(t) : n;
    if (n > 0) {
        framed_moved(f);
        seal_and_send(t, (size_t)n);
        if (t->from && outbox_queued(&f->outbox)) {
            (void)uv_read_stop(stream); /* the client does not read */
        }
    } else if (n == UV_EOF) {
        t->backend_ended = true;
        t->kind->backend_ended(t);
    } else if (n < 0) {
        t->kind->failed(t, (int)n, false);
    }
}

static void
read_backend(struct tunnel *t)
{
    int status = uv_read_start(t->from, on_backend_alloc, on_backend_read);

    if (status != 0 && status != UV_EALREADY) {
        t->kind->failed(t, status, false);
    }
}

void
tunnel_drained(struct framed *f)
{
    struct tunnel *t = f->tunnel;

    if (t->from && !t->backend_ended) {
        read_backend(t);
    }
}

/* --- the beginning ------------------------------------------------------------------------- */

void
tunnel_connected(struct tunnel *t, uv_stream_t *to, uv_stream_t *from)
{
    t->to = to;
    t->from = from;
    to->data = from->data = t;
    t->outbox = (struct outbox){ to, t, on_backend_drained, on_backend_failed };
    framed_moved(t->framed);
    read_backend(t);
    framed_read_on(t->framed);
}

void
tunnel_begin(struct framed *f)
{
    const struct listener_settings *s = f->connection.listener->settings;
    struct tunnel *t = s->backend == BACKEND_EXEC ? tunnel_new_exec() : tunnel_new_proxy();

    framed_pause(f);
    f->tunnel = t;
    if (t) {
        t->framed = f;
        t->end = "closed";
        t->begun_ms = uv_now(&f->connection.loop->uv);
        t->most = stream_fit(&f->sizes, s->max_message);
    }
    if (!t || !t->kind->begin(t)) {
        framed_note(f, "closed: no memory for the way to the backend");
        framed_close(f);
    }
}
