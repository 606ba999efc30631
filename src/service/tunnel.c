/* SPDX-License-Identifier: Apache-2.0 */
/* A framed connection's way to a TCP service. What waits for a side that does not read is one
 * message and what the sockets hold: the other side is not read meanwhile. */
#include <sys/socket.h>

#include "base/mem.h"
#include "service/dial.h"
#include "service/tunnel.h"

enum { KEEP_ALIVE_S = 60 };
_Static_assert((size_t)LOOP_BUFFER_BYTES >= (size_t)STREAM_BULK_BYTES, "a bulk fits into it");

struct tunnel {
    struct framed *framed;
    struct dial *dial; /* until it is connected */
    uv_tcp_t *backend; /* after that */
    struct outbox outbox;
    uv_shutdown_t shutdown;
    bool client_ended;  /* the sealed empty message came */
    bool backend_ended; /* its end of file came, and was sealed */
    bool flushed;       /* the backend has all, and the end */
    const char *end;    /* how, for the log */
    size_t most;        /* plaintext in one message */
    uint64_t begun_ms, to_backend, to_client;
};

static void read_backend(struct tunnel *t);

/* --- the end ------------------------------------------------------------------------------- */

static void
tell(const struct tunnel *t)
{
    const struct framed *f = t->framed;
    const struct session_client *c = &f->connection.client;
    const struct listener_settings *s = f->connection.listener->settings;

    log_info(
        c->log, "tunnel closed", log_text("listener", c->listener), log_text("address", c->address),
        log_number("port", c->port), log_text("user", f->session.logon->UserName),
        log_text("domain", f->session.logon->DomainName), log_text("backend_host", s->proxy_host),
        log_text("backend_port", s->proxy_port), log_text("end", t->end),
        log_number("seconds", (int64_t)(uv_now(&f->connection.loop->uv) - t->begun_ms) / 1000),
        log_number("to_backend", (int64_t)t->to_backend),
        log_number("to_client", (int64_t)t->to_client));
}

static void
on_backend_closed(uv_handle_t *handle)
{
    struct tunnel *t = handle->data;

    mem_free(handle);
    framed_release(t->framed);
}

/* Where bytes and a reset come together, libuv reads the bytes and calls the rest an end of file. */
static int
end_of(uv_handle_t *handle)
{
    int error = 0;
    socklen_t n = sizeof(error);
    uv_os_fd_t fd;

    if (uv_fileno(handle, &fd) != 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0) {
        return UV_ECONNABORTED;
    }
    return error ? uv_translate_sys_error(error) : UV_EOF;
}

static void
close_backend(struct tunnel *t, bool reset)
{
    const struct linger at_once = { .l_onoff = 1 };
    uv_os_fd_t fd;

    if (!t->backend) {
        return;
    }
    if (reset && uv_fileno((uv_handle_t *)t->backend, &fd) == 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    }
    tell(t);
    uv_close((uv_handle_t *)t->backend, on_backend_closed);
    t->backend = NULL;
}

void
tunnel_close(struct tunnel *t)
{
    if (t->dial) {
        dial_cancel(t->dial);
        t->dial = NULL;
    }
    close_backend(t, true);
}

void
tunnel_free(struct tunnel *t)
{
    mem_free(t);
}

static void
cut(struct tunnel *t, const char *end)
{
    t->end = end;
    framed_close(t->framed);
}

/* What the backend's socket says is wrong. Who has had its end of the stream already is told by the
 * connection's, and has what was sent before. */
static void
fail_backend(struct tunnel *t, int status)
{
    const struct session_client *c = &t->framed->connection.client;

    log_warning(c->log, "the backend failed", log_text("listener", c->listener),
                log_text("address", c->address), log_number("port", c->port),
                log_text("error", uv_strerror(status)));
    t->end = "the backend failed";
    if (t->backend_ended) {
        close_backend(t, true);
        framed_linger(t->framed);
    } else {
        framed_close(t->framed);
    }
}

static void
end_if_done(struct tunnel *t)
{
    if (t->client_ended && t->backend_ended && t->flushed) {
        t->end = "done";
        close_backend(t, false);
        framed_linger(t->framed);
    }
}

/* --- to the backend ------------------------------------------------------------------------ */

static void
on_shut_down(uv_shutdown_t *request, int status)
{
    struct tunnel *t = request->data;

    if (!t->backend) {
        return;
    }
    if (status != 0) {
        fail_backend(t, status);
        return;
    }
    t->flushed = true;
    end_if_done(t);
}

static void
end_client(struct tunnel *t)
{
    int status;

    t->client_ended = true;
    t->shutdown.data = t;
    status = uv_shutdown(&t->shutdown, (uv_stream_t *)t->backend, on_shut_down);
    if (status != 0) {
        fail_backend(t, status);
    }
}

static void
forward(struct tunnel *t, struct bytes plain)
{
    struct framed *f = t->framed;
    size_t n = plain.n;
    int status = outbox_try(&t->outbox, &plain);

    t->to_backend += n;
    if (status == 0 && plain.n) {
        framed_pause(f);
        status = outbox_queue(&t->outbox, plain, stream_reader_take(&f->reader));
    }
    if (status != 0) {
        fail_backend(t, status);
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
        cut(t, "the client went on after its end");
        return;
    }
    status = stream_open(&f->session.context, f->reader.p, f->reader.length, &plain);
    if (status != SEC_E_OK) {
        t->end = "a message was refused";
        framed_fail(f, "a message was refused", status);
    } else if (plain.n == 0) {
        end_client(t);
    } else {
        forward(t, plain);
    }
}

void
tunnel_eof(struct framed *f, int status)
{
    if (status == UV_EOF) {
        status = end_of((uv_handle_t *)&f->tcp);
    }
    if (status != UV_EOF || !f->tunnel->client_ended) {
        cut(f->tunnel, "the client's stream was cut");
    }
}

static void
on_backend_drained(void *user)
{
    struct tunnel *t = user;

    if (t->backend) {
        framed_moved(t->framed);
        framed_read_on(t->framed);
    }
}

static void
on_backend_failed(void *user, int status)
{
    struct tunnel *t = user;

    if (t->backend) {
        fail_backend(t, status);
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
    n = n == UV_EOF ? end_of((uv_handle_t *)stream) : n;
    if (n > 0) {
        framed_moved(f);
        seal_and_send(t, (size_t)n);
        if (t->backend && outbox_queued(&f->outbox)) {
            (void)uv_read_stop(stream); /* the client does not read */
        }
    } else if (n == UV_EOF) {
        t->backend_ended = true;
        seal_and_send(t, 0);
        if (t->backend) {
            end_if_done(t);
        }
    } else if (n < 0) {
        fail_backend(t, (int)n);
    }
}

static void
read_backend(struct tunnel *t)
{
    int status = uv_read_start((uv_stream_t *)t->backend, on_backend_alloc, on_backend_read);

    if (status != 0 && status != UV_EALREADY) {
        fail_backend(t, status);
    }
}

void
tunnel_drained(struct framed *f)
{
    struct tunnel *t = f->tunnel;

    if (t->backend && !t->backend_ended) {
        read_backend(t);
    }
}

/* --- the beginning ------------------------------------------------------------------------- */

static void
on_dialed(void *user, uv_tcp_t *connected, const char *why)
{
    struct tunnel *t = user;
    struct framed *f = t->framed;
    const struct session_client *c = &f->connection.client;
    const struct listener_settings *s = f->connection.listener->settings;

    t->dial = NULL;
    if (!connected) {
        log_warning(c->log, "the backend cannot be reached", log_text("listener", c->listener),
                    log_text("address", c->address), log_number("port", c->port),
                    log_text("backend_host", s->proxy_host),
                    log_text("backend_port", s->proxy_port), log_text("error", why));
        framed_close(f);
        return;
    }
    t->backend = connected;
    connected->data = t;
    framed_hold(f);
    t->outbox =
        (struct outbox){ (uv_stream_t *)connected, t, on_backend_drained, on_backend_failed };
    (void)uv_tcp_nodelay(connected, 1);
    (void)uv_tcp_keepalive(connected, 1, KEEP_ALIVE_S);
    framed_moved(f);
    read_backend(t);
    framed_read_on(f);
}

void
tunnel_begin(struct framed *f)
{
    const struct listener_settings *s = f->connection.listener->settings;
    struct tunnel *t = mem_new(sizeof(*t));

    framed_pause(f);
    f->tunnel = t;
    if (t) {
        *t = (struct tunnel){ .framed = f, .end = "closed" };
        t->begun_ms = uv_now(&f->connection.loop->uv);
        t->most = stream_fit(&f->sizes, s->max_message);
        t->dial = dial_start(&f->connection.loop->uv, s->proxy_host, s->proxy_port, on_dialed, t);
    }
    if (!t || !t->dial) {
        framed_note(f, "closed: no memory for the way to the backend");
        framed_close(f);
    }
}
