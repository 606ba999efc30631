/* SPDX-License-Identifier: Apache-2.0 */
/* A tunnel to a TCP service: a cut on one side is a reset on the other. */
#include <stdio.h>
#include <sys/socket.h>

#include "base/host_port.h"
#include "base/mem.h"
#include "service/dial.h"
#include "service/tunnel_kind.h"

enum { KEEP_ALIVE_S = 60, BACKEND_BYTES = HOST_PORT_HOST_BYTES + 8 };

struct proxy {
    struct tunnel tunnel; /* first */
    struct dial *dial;    /* until it is connected */
    uv_tcp_t *backend;    /* after that */
    uv_shutdown_t shutdown;
    bool flushed; /* the backend has all, and the end */
};

static struct proxy *
proxy_of(struct tunnel *t)
{
    return (struct proxy *)t;
}

/* --- the end ------------------------------------------------------------------------------- */

static void
tell(const struct tunnel *t)
{
    const struct framed *f = t->framed;
    const struct session_client *c = &f->connection.client;
    const struct listener_settings *s = f->connection.listener->settings;

    log_info(c->log, "tunnel closed", log_text("listener", c->listener),
             log_text("address", c->address), log_number("port", c->port),
             log_text("user", f->session.logon->UserName),
             log_text("domain", f->session.logon->DomainName),
             log_text("backend_host", s->proxy_host), log_text("backend_port", s->proxy_port),
             log_text("end", t->end), log_number("seconds", (int64_t)tunnel_seconds(t)),
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

static void
close_backend(struct tunnel *t, bool reset)
{
    const struct linger at_once = { .l_onoff = 1 };
    struct proxy *p = proxy_of(t);
    uv_os_fd_t fd;

    if (!p->backend) {
        return;
    }
    if (reset && uv_fileno((uv_handle_t *)p->backend, &fd) == 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    }
    tell(t);
    uv_close((uv_handle_t *)p->backend, on_backend_closed);
    p->backend = NULL;
    t->to = t->from = NULL;
}

static void
proxy_close(struct tunnel *t)
{
    struct proxy *p = proxy_of(t);

    if (p->dial) {
        dial_cancel(p->dial);
        p->dial = NULL;
    }
    close_backend(t, true);
}

/* Who has had its end of the stream already is told by the connection's, and has what was sent
 * before. */
static void
proxy_failed(struct tunnel *t, int status, bool writing)
{
    const struct session_client *c = &t->framed->connection.client;

    (void)writing;
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
    if (t->client_ended && t->backend_ended && proxy_of(t)->flushed) {
        t->end = "done";
        close_backend(t, false);
        framed_linger(t->framed);
    }
}

static void
on_shut_down(uv_shutdown_t *request, int status)
{
    struct tunnel *t = request->data;

    if (!t->to) {
        return;
    }
    if (status != 0) {
        proxy_failed(t, status, true);
        return;
    }
    proxy_of(t)->flushed = true;
    end_if_done(t);
}

static void
proxy_end_client(struct tunnel *t)
{
    struct proxy *p = proxy_of(t);
    int status;

    p->shutdown.data = t;
    status = uv_shutdown(&p->shutdown, t->to, on_shut_down);
    if (status != 0) {
        proxy_failed(t, status, true);
    }
}

static int
proxy_end_of(struct tunnel *t)
{
    return tunnel_end_of_socket((uv_handle_t *)t->from);
}

static void
proxy_backend_ended(struct tunnel *t)
{
    tunnel_send_end(t);
    if (t->from) {
        end_if_done(t);
    }
}

static void
proxy_drained(struct tunnel *t)
{
    (void)t; /* uv_shutdown waits for it by itself */
}

/* --- the beginning ------------------------------------------------------------------------- */

/* Every client that logs on meets it: the first within ten minutes is told. */
static void
tell_unreachable(const struct tunnel *t, const char *why)
{
    const struct connection *connection = &t->framed->connection;
    const struct session_client *c = &connection->client;
    const struct listener_settings *s = connection->listener->settings;
    char backend[BACKEND_BYTES];
    bool due;

    (void)snprintf(backend, sizeof(backend), "%s:%s", s->proxy_host, s->proxy_port);
    due = told_is_due(&connection->listener->told, "backend", backend,
                      uv_now(&connection->loop->uv) / 1000);
    log_write(c->log, due ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG, "the backend cannot be reached",
              LOG_FIELDS(log_text("listener", c->listener), log_text("address", c->address),
                         log_number("port", c->port), log_text("backend_host", s->proxy_host),
                         log_text("backend_port", s->proxy_port), log_text("error", why)));
    if (due) {
        event_log_service(c->events, &(struct event_service){ .id = EVENT_SERVICE_BACKEND,
                                                              .failure = true,
                                                              .listener = c->listener,
                                                              .backend = backend,
                                                              .reason = why });
    }
}

static void
on_dialed(void *user, uv_tcp_t *connected, const char *why)
{
    struct proxy *p = user;
    struct framed *f = p->tunnel.framed;

    p->dial = NULL;
    if (!connected) {
        tell_unreachable(&p->tunnel, why);
        framed_close(f);
        return;
    }
    p->backend = connected;
    framed_hold(f);
    (void)uv_tcp_nodelay(connected, 1);
    (void)uv_tcp_keepalive(connected, 1, KEEP_ALIVE_S);
    tunnel_connected(&p->tunnel, (uv_stream_t *)connected, (uv_stream_t *)connected);
}

static bool
proxy_begin(struct tunnel *t)
{
    const struct listener_settings *s = t->framed->connection.listener->settings;
    struct proxy *p = proxy_of(t);

    p->dial =
        dial_start(&t->framed->connection.loop->uv, s->proxy_host, s->proxy_port, on_dialed, p);
    return p->dial != NULL;
}

struct tunnel *
tunnel_new_proxy(void)
{
    static const struct tunnel_kind kind = {
        .begin = proxy_begin,
        .end_client = proxy_end_client,
        .end_of = proxy_end_of,
        .backend_ended = proxy_backend_ended,
        .failed = proxy_failed,
        .drained = proxy_drained,
        .close = proxy_close,
    };
    struct proxy *p = mem_new(sizeof(*p));

    if (!p) {
        return NULL;
    }
    p->tunnel.kind = &kind;
    return &p->tunnel;
}
