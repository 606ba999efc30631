/* SPDX-License-Identifier: Apache-2.0 */
/* What root and rasd's own user may ask and tell it. One request a connection: a line; the answer is
 * one JSON object. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "ras/control.h"

enum { CLIENTS_MAX = 16, REQUEST_BYTES = 256, TIME_MS = 10000, BACKLOG = 16 };

struct control {
    uv_pipe_t pipe;
    const struct log *log;
    struct port *const *ports;
    size_t n_ports, clients;
    bool closed;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

struct client {
    struct control *control;
    uv_pipe_t pipe;
    uv_timer_t timer;
    uv_write_t write;
    int open_handles;
    bool answered;
    char *answer;
    size_t n;
    char request[REQUEST_BYTES];
};

/* --- answers ------------------------------------------------------------------------------- */

static void
put(json_t *object, const char *name, const char *text)
{
    if (text && *text) {
        (void)json_object_set_new(object, name, json_string(text));
    }
}

static json_t *
json_of(const struct port *port)
{
    json_t *object = json_object();
    struct port_status s;

    port_describe(port, &s);
    put(object, "port", s.name);
    put(object, "type", s.type);
    put(object, "device", s.device);
    put(object, "state", s.waiting ? "Waiting" : s.state);
    (void)json_object_set_new(object, "seconds", json_integer((json_int_t)s.seconds));
    if (s.call) {
        (void)json_object_set_new(object, "call", json_integer((json_int_t)s.call));
        (void)json_object_set_new(object, "bytes_in", json_integer((json_int_t)s.bytes_in));
        (void)json_object_set_new(object, "bytes_out", json_integer((json_int_t)s.bytes_out));
        put(object, "user", s.user);
        put(object, "domain", s.domain);
        put(object, "interface", s.interface_name);
        put(object, "local_address", s.local_address);
        put(object, "remote_address", s.remote_address);
    }
    put(object, "peer", s.peer);
    return object;
}

static json_t *
tell_status(const struct control *c)
{
    json_t *ports = json_array(), *all = json_object();

    for (size_t i = 0; i < c->n_ports; i++) {
        (void)json_array_append_new(ports, json_of(c->ports[i]));
    }
    (void)json_object_set_new(all, "ports", ports);
    return all;
}

static json_t *
hang_up(const struct control *c, const char *name)
{
    json_t *answer = json_object();
    json_int_t known = 0, calls = 0;

    for (size_t i = 0; i < c->n_ports; i++) {
        if (port_has_name(c->ports[i], name)) {
            known++;
            calls += port_hang_up(c->ports[i]);
        }
    }
    if (known) {
        log_info(c->log, "hung up by the operator", log_text("port", name),
                 log_number("calls", (int64_t)calls));
        (void)json_object_set_new(answer, "hung_up", json_integer(calls));
    } else {
        (void)json_object_set_new(answer, "error", json_string("there is no such port"));
    }
    return answer;
}

static json_t *
obey(const struct control *c, const char *request)
{
    json_t *answer;

    if (strcmp(request, "status") == 0) {
        return tell_status(c);
    }
    if (strncmp(request, "hangup ", 7) == 0) {
        return hang_up(c, request + 7);
    }
    answer = json_object();
    (void)json_object_set_new(answer, "error", json_string("no such request"));
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
    json_t *answer = obey(k->control, k->request);
    uv_buf_t buf;

    k->answered = true;
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
    if (n < 0 || k->answered) {
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
control_is_free(const char *path, char *why, size_t why_n)
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
        (void)snprintf(why, why_n, "%s: another rasd runs", path);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return !taken;
}

/* A socket that nobody answers at is what a rasd left that was killed. */
static void
clear_path(const char *path)
{
    struct stat at;

    if (lstat(path, &at) == 0 && S_ISSOCK(at.st_mode)) {
        (void)unlink(path);
    }
}

struct control *
control_open(uv_loop_t *loop, const char *path, const struct log *log, struct port *const *ports,
             size_t n_ports, char *why, size_t why_n)
{
    struct control *c;
    mode_t mask;
    int error;

    if (!control_is_free(path, why, why_n)) {
        return NULL;
    }
    clear_path(path);
    c = mem_new(sizeof(*c));
    if (!c) {
        (void)snprintf(why, why_n, "no memory");
        return NULL;
    }
    c->log = log;
    c->ports = ports;
    c->n_ports = n_ports;
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
