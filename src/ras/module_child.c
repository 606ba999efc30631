/* SPDX-License-Identifier: Apache-2.0 */
/* A process of the security module. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/secret.h"
#include "ras/module_child.h"

enum {
    STOP_MS = 2000,
    EXIT_MS = 200, /* who closes the connection ends, most likely: how is worth knowing */
    IN_BYTES = HOST_MSG_LENGTH_BYTES + HOST_MSG_BYTES_MAX,
    QUEUE_BYTES = 64 * 1024 * 1024, /* a host that reads nothing is as good as dead */
};

struct module_child {
    struct module_child_args args; /* what its strings say is good while it starts */
    const struct module_child_events *events;
    void *owner; /* NULL: nobody listens any more */
    uv_process_t process;
    uv_pipe_t pipe;
    uv_timer_t timer;
    int open_handles, pid;
    bool runs, closing;
    size_t in_n;
    uint8_t in[IN_BYTES];
};

struct write {
    uv_write_t request;
    struct wire_writer w;
};

/* --- the end ------------------------------------------------------------------------------- */

static void
on_handle_closed(uv_handle_t *handle)
{
    struct module_child *c = handle->data;

    if (--c->open_handles == 0) {
        mem_free(c);
    }
}

static void
close_all(struct module_child *c)
{
    if (!c->closing) {
        c->closing = true;
        uv_close((uv_handle_t *)&c->pipe, on_handle_closed);
        uv_close((uv_handle_t *)&c->timer, on_handle_closed);
        uv_close((uv_handle_t *)&c->process, on_handle_closed);
    }
}

static void
kill_process(struct module_child *c)
{
    if (c->runs) {
        (void)uv_process_kill(&c->process, SIGKILL);
    }
}

/* Tells the owner, once, and sees to it that the process goes. */
static void
fail(struct module_child *c, const char *why)
{
    void *owner = c->owner;

    c->owner = NULL;
    (void)uv_read_stop((uv_stream_t *)&c->pipe);
    kill_process(c);
    if (owner) {
        c->events->ended(owner, why);
    }
}

static void
on_exit_of_process(uv_process_t *process, int64_t status, int signal)
{
    struct module_child *c = process->data;
    char why[64];

    c->runs = false;
    if (signal) {
        (void)snprintf(why, sizeof(why), "the process was ended by signal %d", signal);
    } else {
        (void)snprintf(why, sizeof(why), "the process ended with status %d", (int)status);
    }
    log_info(c->args.log, "a module process is gone", log_number("process", c->pid),
             log_text("how", why));
    fail(c, why);
    close_all(c);
}

static void
on_stop_time(uv_timer_t *timer)
{
    kill_process(timer->data);
}

static void
on_exit_time(uv_timer_t *timer)
{
    fail(timer->data, "it closed its connection");
}

/* --- frames -------------------------------------------------------------------------------- */

static void
on_room(uv_handle_t *handle, size_t wished, uv_buf_t *buf)
{
    struct module_child *c = handle->data;

    (void)wished;
    *buf = uv_buf_init((char *)c->in + c->in_n, (unsigned)(sizeof(c->in) - c->in_n));
}

static void
fail_frame(struct module_child *c, const struct host_msg *m, enum wire_err err)
{
    char why[160];

    (void)snprintf(why, sizeof(why), "it sent a frame that makes no sense: %s at %u %s",
                   m->fault.field ? m->fault.field : "length", m->fault.at, wire_err_text(err));
    fail(c, why);
}

/* false: no whole frame is left, or nobody listens. */
static bool
take_frame(struct module_child *c, size_t *at)
{
    size_t left = c->in_n - *at;
    struct host_msg m = { 0 };
    uint32_t n;
    enum wire_err err;

    if (!c->owner || left < HOST_MSG_LENGTH_BYTES) {
        return false;
    }
    n = wire_load_le32(c->in + *at);
    if (n == 0 || n > HOST_MSG_BYTES_MAX) {
        fail_frame(c, &m, WIRE_LIMIT);
        return false;
    }
    if (left - HOST_MSG_LENGTH_BYTES < n) {
        return false;
    }
    err = host_msg_decode(&m, bytes_of(c->in + *at + HOST_MSG_LENGTH_BYTES, n));
    if (err == WIRE_OK && m.type < HOST_MSG_READY) {
        m.fault.field = "type";
        err = WIRE_BAD_VALUE;
    }
    if (err != WIRE_OK) {
        fail_frame(c, &m, err);
        return false;
    }
    *at += HOST_MSG_LENGTH_BYTES + n;
    c->events->message(c->owner, &m);
    return true;
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct module_child *c = stream->data;
    size_t at = 0;

    (void)buf;
    if (n < 0) {
        (void)uv_read_stop(stream);
        (void)uv_timer_start(&c->timer, on_exit_time, EXIT_MS, 0);
        return;
    }
    c->in_n += (size_t)n;
    while (take_frame(c, &at)) {
        continue;
    }
    c->in_n -= at;
    bytes_move(c->in, c->in + at, c->in_n);
    secret_wipe(c->in + c->in_n, at); /* a code may have been there */
}

static void
on_written(uv_write_t *request, int status)
{
    struct write *write = request->data;

    (void)status; /* a fault shows when it is read */
    wire_writer_clear(&write->w);
    mem_free(write);
}

/* What the pipe does not take at once. */
static void
queue_rest(struct module_child *c, struct bytes rest)
{
    struct write *write = mem_new(sizeof(*write));
    uv_buf_t buf;

    if (!write || uv_stream_get_write_queue_size((uv_stream_t *)&c->pipe) > QUEUE_BYTES) {
        mem_free(write);
        fail(c, "it does not read what it is sent");
        return;
    }
    write->w = wire_writer_secret(NULL, 0);
    wire_put_bytes(&write->w, rest);
    write->request.data = write;
    buf = uv_buf_init((char *)write->w.p, (unsigned)write->w.len);
    if (wire_writer_status(&write->w) != WIRE_OK ||
        uv_write(&write->request, (uv_stream_t *)&c->pipe, &buf, 1, on_written) != 0) {
        wire_writer_clear(&write->w);
        mem_free(write);
        fail(c, "it cannot be written to");
    }
}

void
module_child_send(struct module_child *c, const struct host_msg *m)
{
    uint8_t room[1024];
    SEC_AUTO(wire_writer) w = wire_writer_secret(room, sizeof(room)); /* what a caller typed */
    uv_buf_t buf;
    int n;

    if (c->closing) {
        return;
    }
    host_msg_encode(&w, m);
    if (wire_writer_status(&w) != WIRE_OK) {
        fail(c, "no memory");
        return;
    }
    buf = uv_buf_init((char *)w.p, (unsigned)w.len);
    n = uv_try_write((uv_stream_t *)&c->pipe, &buf, 1);
    n = n > 0 ? n : 0;
    if ((size_t)n < w.len) {
        queue_rest(c, bytes_of(w.p + n, w.len - (size_t)n));
    }
}

/* --- the beginning ------------------------------------------------------------------------- */

enum { ENVIRONMENT_MAX = 6, ENTRY_BYTES = 4200 };

/* Nothing of ours but what a module may need. */
static void
write_environment(const struct module_child_args *args, char (*room)[ENTRY_BYTES], char **to)
{
    static const char *const kept[] = { "TZ", "LANG", "ASAN_OPTIONS" };
    size_t n = 0;

    (void)snprintf(room[n], sizeof(room[n]), "PATH=/usr/sbin:/usr/bin:/sbin:/bin");
    n++;
    (void)snprintf(room[n], sizeof(room[n]), "OPENSSPI_CONFIG=%s", args->config_file);
    n++;
    if (args->pam_service) {
        (void)snprintf(room[n], sizeof(room[n]), "OPENSSPI_RAS_PAM_SERVICE=%s", args->pam_service);
        n++;
    }
    for (size_t i = 0; i < SEC_ARRAY_LEN(kept); i++) {
        const char *value = getenv(kept[i]);

        if (value) {
            (void)snprintf(room[n], sizeof(room[n]), "%s=%s", kept[i], value);
            n++;
        }
    }
    for (size_t i = 0; i < n; i++) {
        to[i] = room[i];
    }
    to[n] = NULL;
}

static int
spawn(struct module_child *c)
{
    char room[ENVIRONMENT_MAX][ENTRY_BYTES];
    char *environment[ENVIRONMENT_MAX + 1];
    char *arguments[] = { (char *)c->args.program, NULL };
    uv_stdio_container_t stdio[] = {
        { .flags = UV_IGNORE },
        { .flags = UV_INHERIT_FD, .data = { .fd = 2 } },
        { .flags = UV_INHERIT_FD, .data = { .fd = 2 } },
        { .flags = UV_CREATE_PIPE | UV_READABLE_PIPE | UV_WRITABLE_PIPE,
          .data = { .stream = (uv_stream_t *)&c->pipe } },
    };
    uv_process_options_t options = {
        .exit_cb = on_exit_of_process,
        .file = c->args.program,
        .args = arguments,
        .env = environment,
        .cwd = "/",
        .stdio = stdio,
        .stdio_count = SEC_ARRAY_LEN(stdio),
        /* libuv clears the supplementary groups with these. */
        .flags = c->args.drops ? UV_PROCESS_SETUID | UV_PROCESS_SETGID : 0,
        .uid = c->args.uid,
        .gid = c->args.gid,
    };

    write_environment(&c->args, room, environment);
    return uv_spawn(c->args.loop, &c->process, &options);
}

struct module_child *
module_child_start(const struct module_child_args *args, const struct module_child_events *events,
                   void *owner, char *why, size_t why_n)
{
    struct module_child *c = mem_new(sizeof(*c));
    int error;

    if (!c) {
        (void)snprintf(why, why_n, "no memory");
        return NULL;
    }
    c->args = *args;
    c->events = events;
    (void)uv_pipe_init(args->loop, &c->pipe, 0);
    (void)uv_timer_init(args->loop, &c->timer);
    c->pipe.data = c->timer.data = c->process.data = c;
    c->open_handles = 3;
    error = spawn(c);
    c->process.data = c; /* uv_spawn has its way with it also where it fails */
    if (error != 0) {
        (void)snprintf(why, why_n, "%s: %s", args->program, uv_strerror(error));
        close_all(c);
        return NULL;
    }
    c->owner = owner;
    c->runs = true;
    c->pid = uv_process_get_pid(&c->process);
    (void)uv_read_start((uv_stream_t *)&c->pipe, on_room, on_read);
    module_child_send(c, &(struct host_msg){ .type = HOST_MSG_HELLO,
                                             .version = HOST_MSG_VERSION,
                                             .text = bytes_of_string(args->module) });
    return c;
}

int
module_child_pid(const struct module_child *c)
{
    return c->pid;
}

void
module_child_end(struct module_child *c, bool at_once)
{
    c->owner = NULL;
    if (at_once) {
        kill_process(c);
        return;
    }
    module_child_send(c, &(struct host_msg){ .type = HOST_MSG_STOP });
    (void)uv_timer_start(&c->timer, on_stop_time, STOP_MS, 0);
}
