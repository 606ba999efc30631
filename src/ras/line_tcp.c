/* SPDX-License-Identifier: Apache-2.0 */
/* Ports of type tcp: one socket that listens, for as many lines as the port has calls. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "daemon/tcp_socket.h"
#include "ras/line_stream.h"

enum { BACKLOG = 1024, PAUSE_MS = 100 };

struct line_tcp {
    struct line_stream stream;
    struct tcp_listener *listener;
    struct line_tcp *next_idle;
    bool idle;
};

/* While no line is idle it accepts nobody: they wait in the kernel. */
struct tcp_listener {
    struct tcp_listener *next;
    struct lines *lines;
    const struct port_settings *settings;
    uv_poll_t poll;
    uv_timer_t pause; /* out of descriptors: until some are free again */
    int fd;
    size_t users, open_handles;
    struct line_tcp *idle;
};

/* --- listening ----------------------------------------------------------------------------- */

static void on_readable(uv_poll_t *poll, int status, int events);

static void
resume(uv_timer_t *timer)
{
    struct tcp_listener *l = timer->data;

    if (l->idle) {
        (void)uv_poll_start(&l->poll, UV_READABLE, on_readable);
    }
}

static void
write_peer(char *to, size_t n, const struct sockaddr_in6 *from)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)from;
    char address[INET6_ADDRSTRLEN];

    if (from->sin6_family == AF_INET) {
        (void)inet_ntop(AF_INET, &v4->sin_addr, address, sizeof(address));
        (void)snprintf(to, n, "%s:%u", address, ntohs(v4->sin_port));
    } else {
        (void)inet_ntop(AF_INET6, &from->sin6_addr, address, sizeof(address));
        (void)snprintf(to, n, "[%s]:%u", address, ntohs(from->sin6_port));
    }
}

static void
welcome(struct tcp_listener *l, int fd, const struct sockaddr_in6 *from)
{
    struct line_tcp *line = l->idle;
    int yes = 1;

    l->idle = line->next_idle;
    line->idle = false;
    if (!l->idle) {
        (void)uv_poll_stop(&l->poll);
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
    write_peer(line->stream.peer, sizeof(line->stream.peer), from);
    line_stream_attach(&line->stream, fd);
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
    struct tcp_listener *l = poll->data;

    (void)status;
    (void)events;
    while (l->idle) {
        struct sockaddr_in6 from = { 0 };
        socklen_t n = sizeof(from);
        int fd = accept4(l->fd, (struct sockaddr *)&from, &n, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd >= 0) {
            welcome(l, fd, &from);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            log_warning(l->lines->log, "callers wait: they cannot be accepted",
                        log_text("port", l->settings->name), log_text("error", strerror(errno)));
            (void)uv_poll_stop(&l->poll);
            (void)uv_timer_start(&l->pause, resume, PAUSE_MS, 0);
            return;
        } else if (errno != ECONNABORTED && errno != EINTR) {
            return;
        }
    }
}

static struct tcp_listener *
new_listener(struct lines *lines, const struct port_settings *settings, char *why, size_t why_n)
{
    struct tcp_listener *l = mem_new(sizeof(*l));
    int fd = l ? tcp_socket_listen(&settings->address, false, BACKLOG) : -1;

    if (fd < 0 || uv_poll_init(lines->loop, &l->poll, fd) != 0) {
        (void)snprintf(why, why_n, "%s: %s", settings->device, tcp_socket_error(errno));
        if (fd >= 0) {
            (void)close(fd);
        }
        mem_free(l);
        return NULL;
    }
    (void)uv_timer_init(lines->loop, &l->pause);
    l->poll.data = l->pause.data = l;
    l->lines = lines;
    l->settings = settings;
    l->fd = fd;
    l->open_handles = 2;
    l->next = lines->listeners;
    lines->listeners = l;
    return l;
}

static struct tcp_listener *
find_listener(struct lines *lines, const struct port_settings *settings)
{
    struct tcp_listener *l = lines->listeners;

    while (l && l->settings != settings) {
        l = l->next;
    }
    return l;
}

static void
on_handle_closed(uv_handle_t *handle)
{
    struct tcp_listener *l = handle->data;

    if (--l->open_handles == 0) {
        (void)close(l->fd);
        mem_free(l);
    }
}

static void
drop_listener(struct tcp_listener *l)
{
    struct tcp_listener **at = &l->lines->listeners;

    if (--l->users) {
        return;
    }
    while (*at != l) {
        at = &(*at)->next;
    }
    *at = l->next;
    uv_close((uv_handle_t *)&l->poll, on_handle_closed);
    uv_close((uv_handle_t *)&l->pause, on_handle_closed);
}

/* --- the line ------------------------------------------------------------------------------ */

static void
on_ready(struct line_stream *stream)
{
    (void)stream; /* the next call comes after listen */
}

static void
on_freed(struct line_stream *stream)
{
    mem_free(stream);
}

static struct line *
open_line(struct lines *lines, const struct port_settings *settings,
          const struct line_events *events, void *owner, char *why, size_t why_n)
{
    struct line_tcp *t = mem_new(sizeof(*t));
    struct tcp_listener *l = find_listener(lines, settings);

    if (t && !l) {
        l = new_listener(lines, settings, why, why_n);
    }
    if (!t || !l) {
        mem_free(t);
        return NULL;
    }
    l->users++;
    t->listener = l;
    t->stream.line.ops = &line_tcp;
    t->stream.ready = on_ready;
    t->stream.freed = on_freed;
    line_stream_init(&t->stream, lines, settings, events, owner);
    return &t->stream.line;
}

static void
listen_for_call(struct line *line)
{
    struct line_tcp *t = (struct line_tcp *)(void *)line;
    struct tcp_listener *l = t->listener;

    if (t->idle) {
        return;
    }
    t->idle = true;
    t->next_idle = l->idle;
    l->idle = t;
    (void)uv_poll_start(&l->poll, UV_READABLE, on_readable);
}

static void
close_line(struct line *line)
{
    struct line_tcp *t = (struct line_tcp *)(void *)line;
    struct line_tcp **at = &t->listener->idle;

    while (*at && *at != t) {
        at = &(*at)->next_idle;
    }
    if (*at) {
        *at = t->next_idle;
    }
    drop_listener(t->listener);
    line_stream_close(line);
}

const struct line_ops line_tcp = {
    .type = "tcp",
    .open = open_line,
    .listen = listen_for_call,
    .close = close_line,
    LINE_STREAM_OPS,
};
