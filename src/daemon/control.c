/* SPDX-License-Identifier: Apache-2.0 */
/* What root and the daemon's own user may ask and tell it. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "daemon/control.h"
#include "daemon/unix_listener.h"

enum { CLIENTS_MAX = 16, REQUEST_BYTES = 256, TIME_MS = 10000, BACKLOG = 16, TEXT_BYTES = 300 };

struct control {
    uv_pipe_t pipe;
    const struct log *log;
    const struct control_requests *requests;
    size_t clients;
    bool closed;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

struct client {
    struct control *control;
    uv_pipe_t pipe;
    uv_timer_t timer;
    uv_write_t write;
    int open_handles;
    char *answer;
    size_t n;
    char request[REQUEST_BYTES];
};

json_t *
control_error(const char *text)
{
    json_t *answer = json_object();

    (void)json_object_set_new(answer, "error", json_string(text));
    return answer;
}

/* --- clients ------------------------------------------------------------------------------- */

static void
release(struct control *c)
{
    if (c->closed && c->clients == 0) {
        mem_free(c);
    }
}

static void
on_handle_closed(uv_handle_t *handle)
{
    struct client *k = handle->data;

    if (--k->open_handles == 0) {
        k->control->clients--;
        release(k->control);
        mem_free(k->answer);
        mem_free(k);
    }
}

static void
leave(struct client *k)
{
    if (!uv_is_closing((uv_handle_t *)&k->pipe)) {
        uv_close((uv_handle_t *)&k->pipe, on_handle_closed);
        uv_close((uv_handle_t *)&k->timer, on_handle_closed);
    }
}

static void
on_time(uv_timer_t *timer)
{
    leave(timer->data);
}

static void
on_written(uv_write_t *write, int status)
{
    (void)status;
    leave(write->data);
}

static void
reply(struct client *k)
{
    json_t *answer = k->control->requests->answer(k->control->requests->user, k->request);
    uv_buf_t buf;

    /* What else it says, and its end of file, are not to cut the answer. */
    (void)uv_read_stop((uv_stream_t *)&k->pipe);
    k->answer = json_dumps(answer, JSON_COMPACT);
    json_decref(answer);
    if (!k->answer) {
        leave(k);
        return;
    }
    buf = uv_buf_init(k->answer, (unsigned)strlen(k->answer));
    k->write.data = k;
    if (uv_write(&k->write, (uv_stream_t *)&k->pipe, &buf, 1, on_written) != 0) {
        leave(k);
    }
}

static void
on_room(uv_handle_t *handle, size_t wished, uv_buf_t *buf)
{
    struct client *k = handle->data;

    (void)wished;
    *buf = uv_buf_init(k->request + k->n, (unsigned)(sizeof(k->request) - k->n));
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct client *k = stream->data;
    char *end;

    (void)buf;
    if (n < 0) {
        leave(k);
        return;
    }
    k->n += (size_t)n;
    end = memchr(k->request, '\n', k->n);
    if (end) {
        *end = 0;
        reply(k);
    } else if (k->n == sizeof(k->request)) {
        leave(k);
    }
}

/* The socket's mode says the same; who could change that is asked again. */
static bool
is_allowed(const uv_pipe_t *pipe)
{
    struct ucred who;
    socklen_t n = sizeof(who);
    uv_os_fd_t fd;

    return uv_fileno((const uv_handle_t *)pipe, &fd) == 0 &&
           getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 &&
           (who.uid == 0 || who.uid == geteuid());
}

static void
on_client(uv_stream_t *server, int status)
{
    struct control *c = server->data;
    struct client *k = status == 0 ? mem_new(sizeof(*k)) : NULL;

    if (!k) {
        return;
    }
    k->control = c;
    (void)uv_pipe_init(server->loop, &k->pipe, 0);
    (void)uv_timer_init(server->loop, &k->timer);
    k->pipe.data = k->timer.data = k;
    k->open_handles = 2;
    c->clients++;
    if (uv_accept(server, (uv_stream_t *)&k->pipe) != 0 || c->clients > CLIENTS_MAX ||
        !is_allowed(&k->pipe) || uv_read_start((uv_stream_t *)&k->pipe, on_room, on_read) != 0) {
        leave(k);
        return;
    }
    (void)uv_timer_start(&k->timer, on_time, TIME_MS, 0);
}

/* --- the socket ---------------------------------------------------------------------------- */

bool
control_is_free(const char *path, const struct log *log, char *why, size_t why_n)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool taken;

    if (strlen(path) >= sizeof(to.sun_path)) {
        (void)snprintf(why, why_n, "%s: expected a path of at most %zu bytes", path,
                       sizeof(to.sun_path) - 1);
        taken = true;
    } else {
        bytes_copy(to.sun_path, path, strlen(path));
        taken = fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0;
        (void)snprintf(why, why_n, "%s: another %s runs", path, log->program);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return !taken;
}

struct control *
control_open(uv_loop_t *loop, const char *path, const struct log *log,
             const struct control_requests *requests, char *why, size_t why_n)
{
    char text[TEXT_BYTES];
    struct control *c;
    mode_t mask;
    int error;

    if (!control_is_free(path, log, why, why_n)) {
        return NULL;
    }
    if (!unix_listener_clear(path, text, sizeof(text))) {
        (void)snprintf(why, why_n, "%s: %s", path, text);
        return NULL;
    }
    c = mem_new(sizeof(*c));
    if (!c) {
        (void)snprintf(why, why_n, "no memory");
        return NULL;
    }
    c->log = log;
    c->requests = requests;
    bytes_copy(c->path, path, strlen(path));
    (void)uv_pipe_init(loop, &c->pipe, 0);
    c->pipe.data = c;
    mask = umask(0177);
    error = uv_pipe_bind(&c->pipe, path);
    (void)umask(mask);
    if (error == 0) {
        error = uv_listen((uv_stream_t *)&c->pipe, BACKLOG, on_client);
    }
    if (error != 0) {
        (void)snprintf(why, why_n, "%s: %s", path, uv_strerror(error));
        control_close(c);
        return NULL;
    }
    return c;
}

static void
on_closed(uv_handle_t *handle)
{
    struct control *c = handle->data;

    c->closed = true;
    release(c);
}

void
control_close(struct control *c)
{
    uv_close((uv_handle_t *)&c->pipe, on_closed); /* removes the socket */
}
