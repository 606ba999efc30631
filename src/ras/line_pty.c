/* SPDX-License-Identifier: Apache-2.0 */
/* Ports of type pty: a link to a pseudo-terminal. A call begins when somebody opens it, and ends
 * when nobody has it open any more; the next call has a pseudo-terminal of its own. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "ras/line_stream.h"

enum { RETRY_MS = 5000, SLAVE_BYTES = 64, WHY_BYTES = 256 };

struct line_pty {
    struct line_stream stream;
    uv_poll_t watch; /* of who opens it */
    uv_timer_t retry;
    int notify, master, open_handles; /* master: -1 while a call has it */
    bool listens;
    char slave[SLAVE_BYTES];
};

static struct line_pty *
of(struct line *line)
{
    return (struct line_pty *)(void *)line;
}

/* --- the pseudo-terminal ------------------------------------------------------------------- */

/* Never over what is no link. */
static bool
make_link(const char *target, const char *path, char *why, size_t why_n)
{
    char beside[PATH_MAX];
    struct stat at;

    if (lstat(path, &at) == 0 && !S_ISLNK(at.st_mode)) {
        (void)snprintf(why, why_n, "%s is there, and no link", path);
        return false;
    }
    (void)snprintf(beside, sizeof(beside), "%s.%d", path, (int)getpid());
    (void)unlink(beside);
    if (symlink(target, beside) != 0 || rename(beside, path) != 0) {
        (void)snprintf(why, why_n, "%s: %s", path, strerror(errno));
        (void)unlink(beside);
        return false;
    }
    return true;
}

static void
drop_master(struct line_pty *p)
{
    if (p->master >= 0) {
        (void)close(p->master);
    }
    p->master = -1;
}

static bool
make_pty(struct line_pty *p, char *why, size_t why_n)
{
    int slave;

    p->master = pump_open_pty(&slave);
    if (p->master >= 0) {
        (void)close(slave);
    }
    if (p->master < 0 || ptsname_r(p->master, p->slave, sizeof(p->slave)) != 0 ||
        inotify_add_watch(p->notify, p->slave, IN_OPEN) < 0) {
        (void)snprintf(why, why_n, "no pseudo-terminal: %s", strerror(errno));
        drop_master(p);
        return false;
    }
    if (!make_link(p->slave, p->stream.settings->device, why, why_n)) {
        drop_master(p);
        return false;
    }
    return true;
}

static void listen_for_call(struct line *line);

static void
on_retry(uv_timer_t *timer)
{
    struct line_pty *p = timer->data;

    listen_for_call(&p->stream.line);
}

static void
begin_call(struct line_pty *p)
{
    int fd = p->master;

    p->master = -1;
    p->listens = false;
    (void)snprintf(p->stream.peer, sizeof(p->stream.peer), "%s", p->slave);
    line_stream_attach(&p->stream, fd);
}

static void
on_opened(uv_poll_t *poll, int status, int events)
{
    struct line_pty *p = poll->data;
    _Alignas(struct inotify_event) char seen[1024];
    ssize_t n;
    bool opened = false;

    (void)status;
    (void)events;
    while ((n = read(p->notify, seen, sizeof(seen))) > 0) {
        for (const char *at = seen; at < seen + n;) {
            const struct inotify_event *e = (const struct inotify_event *)(const void *)at;

            opened |= (e->mask & IN_OPEN) != 0;
            at += sizeof(*e) + e->len;
        }
    }
    if (opened && p->listens && p->master >= 0) {
        begin_call(p);
    }
}

/* --- the line ------------------------------------------------------------------------------ */

static void
on_ready(struct line_stream *stream)
{
    (void)stream; /* the next pseudo-terminal is made when it listens */
}

static void
on_handle_closed(uv_handle_t *handle)
{
    struct line_pty *p = handle->data;

    if (--p->open_handles == 0) {
        (void)close(p->notify);
        mem_free(p);
    }
}

static void
on_freed(struct line_stream *stream)
{
    struct line_pty *p = (struct line_pty *)(void *)stream;

    uv_close((uv_handle_t *)&p->watch, on_handle_closed);
    uv_close((uv_handle_t *)&p->retry, on_handle_closed);
}

static struct line *
open_line(struct lines *lines, const struct port_settings *settings,
          const struct line_events *events, void *owner, char *why, size_t why_n)
{
    struct line_pty *p = mem_new(sizeof(*p));

    if (!p) {
        (void)snprintf(why, why_n, "no memory");
        return NULL;
    }
    p->master = -1;
    p->stream.settings = settings;
    p->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (p->notify < 0 || !make_pty(p, why, why_n)) {
        if (p->notify < 0) {
            (void)snprintf(why, why_n, "inotify: %s", strerror(errno));
        } else {
            (void)close(p->notify);
        }
        mem_free(p);
        return NULL;
    }
    p->stream.line.ops = &line_pty;
    p->stream.ready = on_ready;
    p->stream.freed = on_freed;
    line_stream_init(&p->stream, lines, settings, events, owner);
    (void)uv_poll_init(lines->loop, &p->watch, p->notify);
    (void)uv_timer_init(lines->loop, &p->retry);
    p->watch.data = p->retry.data = p;
    p->open_handles = 2;
    (void)uv_poll_start(&p->watch, UV_READABLE, on_opened);
    return &p->stream.line;
}

static void
listen_for_call(struct line *line)
{
    struct line_pty *p = of(line);
    char why[WHY_BYTES];

    if (p->master < 0 && !make_pty(p, why, sizeof(why))) {
        log_error(p->stream.lines->log, "the port cannot take calls",
                  log_text("port", p->stream.settings->name), log_text("error", why));
        (void)uv_timer_start(&p->retry, on_retry, RETRY_MS, 0);
        return;
    }
    p->listens = true;
}

static void
close_line(struct line *line)
{
    struct line_pty *p = of(line);

    (void)unlink(p->stream.settings->device);
    drop_master(p);
    line_stream_close(line);
}

const struct line_ops line_pty = {
    .type = "pty",
    .open = open_line,
    .listen = listen_for_call,
    .close = close_line,
    LINE_STREAM_OPS,
};
