/* SPDX-License-Identifier: Apache-2.0 */
/* A tunnel to a command, which opensspi-execd runs as the client: what is opened is its input, what is
 * sealed its output. Only a command that ends with status 0 ends the stream; all else cuts it. */
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/mem.h"
#include "service/exec_link.h"
#include "service/tunnel_kind.h"
#include "ticket/cache_file.h"

#define DEFAULT_SOCKET "/run/opensspi-execd/socket"

enum { INPUT, OUTPUT, ERRORS, STREAMS };

enum {
    LINE_BYTES = 512, /* of what it says on standard error, in the log */
    REST_MS = 2000,   /* for the rest of its output, once it has ended */
};

struct exec {
    struct tunnel tunnel; /* first */
    struct exec_link *link;
    uv_pipe_t streams[STREAMS];
    bool open[STREAMS], has_timer;
    uv_timer_t timer;
    uint32_t process; /* 0: it has not begun */
    bool told, exited, signaled;
    uint32_t status;
    uint64_t output; /* so many bytes its output has, once it has ended */
    size_t line_n;
    char line[LINE_BYTES];
};

static struct exec *
exec_of(struct tunnel *t)
{
    return (struct exec *)t;
}

static const struct listener_settings *
settings_of(const struct tunnel *t)
{
    return t->framed->connection.listener->settings;
}

static struct counters *
counters_of(const struct tunnel *t)
{
    return &t->framed->connection.listener->endpoint->counters;
}

/* --- telling ------------------------------------------------------------------------------- */

static struct event_command
event_of(const struct tunnel *t, enum event_id id)
{
    const struct framed *f = t->framed;
    const struct session_client *c = &f->connection.client;

    return (struct event_command){
        .id = id,
        .command = settings_of(t)->exec_name,
        .logon = f->session.logon_id,
        .user = f->session.logon->UserName,
        .domain = f->session.logon->DomainName,
        .sid = f->session.logon->UserSid,
        .address = c->address,
        .listener = c->listener,
        .port = c->port,
    };
}

static void
tell_refused(const struct tunnel *t, const char *refusal, const char *reason)
{
    const struct session_client *c = &t->framed->connection.client;
    struct event_command event = event_of(t, EVENT_COMMAND_REFUSED);

    event.refusal = refusal;
    event.reason = reason;
    event_log_command(c->events, &event);
    counters_add(&counters_of(t)->commands_refused);
    log_warning(c->log, "the command is not started", log_text("listener", c->listener),
                log_text("address", c->address), log_number("port", c->port),
                log_text("command", event.command), log_text("user", event.user),
                log_text("domain", event.domain), log_text("refusal", refusal),
                log_text("reason", reason));
}

static void
tell_started(const struct tunnel *t, uint32_t process)
{
    struct event_command event = event_of(t, EVENT_COMMAND_STARTED);

    event.process = process;
    event_log_command(t->framed->connection.client.events, &event);
    counters_add(&counters_of(t)->commands);
}

/* Once. */
static void
tell_ended(struct tunnel *t)
{
    const struct session_client *c = &t->framed->connection.client;
    struct event_command event = event_of(t, EVENT_COMMAND_ENDED);
    struct exec *e = exec_of(t);
    bool good = e->exited && !e->signaled && e->status == 0;

    if (e->told || !e->process) {
        return;
    }
    e->told = true;
    event.failure = !good;
    event.process = e->process;
    event.status = e->signaled ? 0 : e->status;
    event.signal = e->signaled ? e->status : 0;
    event.seconds = tunnel_seconds(t);
    event.to_command = t->to_backend;
    event.to_client = t->to_client;
    event.reason = e->exited ? NULL : t->end;
    event_log_command(c->events, &event);
    if (!good) {
        counters_add(&counters_of(t)->commands_failed);
    }
    log_info(c->log, "command ended", log_text("listener", c->listener),
             log_text("address", c->address), log_number("port", c->port),
             log_text("command", event.command), log_text("user", event.user),
             log_text("domain", event.domain), log_number("process", e->process),
             log_text("end", e->exited ? (e->signaled ? "signal" : "exit") : t->end),
             log_number("status", e->status), log_number("seconds", (int64_t)event.seconds),
             log_number("to_command", (int64_t)t->to_backend),
             log_number("to_client", (int64_t)t->to_client));
}

/* --- the end ------------------------------------------------------------------------------- */

static void
on_closed(uv_handle_t *handle)
{
    struct tunnel *t = handle->data;

    framed_release(t->framed);
}

static void
close_stream(struct exec *e, int which)
{
    if (!e->open[which]) {
        return;
    }
    e->open[which] = false;
    if (which == INPUT) {
        e->tunnel.to = NULL;
    } else if (which == OUTPUT) {
        e->tunnel.from = NULL;
    }
    uv_close((uv_handle_t *)&e->streams[which], on_closed);
}

static void
exec_close(struct tunnel *t)
{
    struct exec *e = exec_of(t);

    tell_ended(t);
    exec_link_close(e->link);
    e->link = NULL;
    for (int i = 0; i < STREAMS; i++) {
        close_stream(e, i);
    }
    if (e->has_timer) {
        e->has_timer = false;
        uv_close((uv_handle_t *)&e->timer, on_closed);
    }
}

/* It has ended, and all that it said is on its way. */
static void
finish(struct tunnel *t)
{
    struct exec *e = exec_of(t);
    struct framed *f = t->framed;

    if (!e->signaled && e->status == 0) {
        tunnel_send_end(t);
    }
    exec_close(t);
    framed_linger(f);
}

static void
finish_if_done(struct tunnel *t)
{
    struct exec *e = exec_of(t);

    if (e->exited && !e->told && !e->open[OUTPUT] && !e->open[ERRORS]) {
        finish(t);
    }
}

/* Bytes of a command's that has ended and were not read yet. */
static uint64_t
unread(struct exec *e)
{
    uv_os_fd_t fd;
    int n = 0;

    if (!e->open[OUTPUT] || uv_fileno((uv_handle_t *)&e->streams[OUTPUT], &fd) != 0 ||
        ioctl(fd, FIONREAD, &n) != 0 || n < 0) {
        return 0;
    }
    return (uint64_t)n;
}

/* Somebody has its output still who left its process group. A client that does not read is waited
 * for, and what the command itself wrote is read, however late it is: this loop may have stood still. */
static void
on_rest(uv_timer_t *timer)
{
    struct tunnel *t = timer->data;
    struct exec *e = exec_of(t);

    if (outbox_queued(&t->framed->outbox) || (e->open[OUTPUT] && t->to_client < e->output)) {
        (void)uv_timer_start(timer, on_rest, REST_MS, 0);
        return;
    }
    close_stream(e, OUTPUT);
    close_stream(e, ERRORS);
    finish_if_done(t);
}

static void
on_exited(void *user, bool signaled, uint32_t status)
{
    struct tunnel *t = user;
    struct exec *e = exec_of(t);

    e->exited = true;
    e->signaled = signaled;
    e->status = status;
    e->output = t->to_client + unread(e);
    (void)uv_timer_start(&e->timer, on_rest, REST_MS, 0);
    finish_if_done(t);
}

/* --- the streams --------------------------------------------------------------------------- */

static void
end_input_if_done(struct tunnel *t)
{
    if (t->client_ended && t->to && outbox_queued(&t->outbox) == 0) {
        close_stream(exec_of(t), INPUT);
    }
}

static int
exec_end_of(struct tunnel *t)
{
    (void)t;
    return UV_EOF; /* of a pipe */
}

static void
exec_backend_ended(struct tunnel *t)
{
    close_stream(exec_of(t), OUTPUT);
    finish_if_done(t);
}

/* A command need not read all of its input: what it does with that is its status' to tell. */
static void
exec_failed(struct tunnel *t, int status, bool writing)
{
    const struct session_client *c = &t->framed->connection.client;

    if (writing) {
        close_stream(exec_of(t), INPUT);
        framed_read_on(t->framed);
        return;
    }
    log_warning(c->log, "the command's output cannot be read", log_text("listener", c->listener),
                log_text("address", c->address), log_number("port", c->port),
                log_text("error", uv_strerror(status)));
    tunnel_cut(t, "its output could not be read");
}

/* --- standard error ------------------------------------------------------------------------ */

static void
log_line(struct exec *e, size_t from, size_t to)
{
    const struct session_client *c = &e->tunnel.framed->connection.client;

    if (to > from) {
        log_info(c->log, "the command says", log_text("listener", c->listener),
                 log_text("address", c->address), log_number("port", c->port),
                 log_text("command", settings_of(&e->tunnel)->exec_name),
                 log_number("process", e->process),
                 log_bytes("line", bytes_of(e->line + from, to - from)));
    }
}

static void
on_errors_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct exec *e = handle->data;

    (void)suggested;
    *buffer = uv_buf_init(e->line + e->line_n, (unsigned)(LINE_BYTES - e->line_n));
}

/* Whole lines, and what is as long as a line may be. */
static void
take_lines(struct exec *e, bool all)
{
    size_t from = 0;

    for (size_t i = 0; i < e->line_n; i++) {
        if (e->line[i] == '\n') {
            log_line(e, from, i);
            from = i + 1;
        }
    }
    e->line_n -= from;
    bytes_move(e->line, e->line + from, e->line_n);
    if (all || e->line_n == LINE_BYTES) {
        log_line(e, 0, e->line_n);
        e->line_n = 0;
    }
}

static void
on_errors_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    struct exec *e = stream->data;

    (void)buffer;
    if (n > 0) {
        e->line_n += (size_t)n;
    }
    take_lines(e, n < 0);
    if (n < 0) {
        close_stream(e, ERRORS);
        finish_if_done(&e->tunnel);
    }
}

/* --- the beginning ------------------------------------------------------------------------- */

/* Takes the descriptors. */
static bool
open_streams(struct exec *e, const int *descriptors, size_t n)
{
    struct tunnel *t = &e->tunnel;
    bool good = true;

    for (size_t i = 0; i < n; i++) {
        (void)uv_pipe_init(&t->framed->connection.loop->uv, &e->streams[i], 0);
        e->streams[i].data = t;
        e->open[i] = true;
        framed_hold(t->framed);
        if (uv_pipe_open(&e->streams[i], descriptors[i]) != 0) {
            (void)close(descriptors[i]);
            good = false;
        }
    }
    (void)uv_timer_init(&t->framed->connection.loop->uv, &e->timer);
    e->timer.data = t;
    e->has_timer = true;
    framed_hold(t->framed);
    return good;
}

static void
on_started(void *user, const int *descriptors, size_t n, uint32_t process)
{
    struct tunnel *t = user;
    struct exec *e = exec_of(t);

    e->process = process;
    tell_started(t, process);
    if (!open_streams(e, descriptors, n) ||
        (e->open[ERRORS] &&
         uv_read_start((uv_stream_t *)&e->streams[ERRORS], on_errors_alloc, on_errors_read) != 0)) {
        tunnel_cut(t, "its streams cannot be used");
        return;
    }
    tunnel_connected(t, (uv_stream_t *)&e->streams[INPUT], (uv_stream_t *)&e->streams[OUTPUT]);
}

static void
on_refused(void *user, uint32_t refusal, struct bytes reason)
{
    struct tunnel *t = user;
    char text[EXEC_MSG_TEXT_MAX + 1];

    (void)snprintf(text, sizeof(text), "%.*s", (int)reason.n, (const char *)reason.p);
    tell_refused(t, exec_msg_refusal_name(refusal), text);
    tunnel_cut(t, "refused");
}

static void
on_broken(void *user, const char *why)
{
    struct tunnel *t = user;

    if (!exec_of(t)->process) {
        tell_refused(t, "unreachable", why);
    }
    tunnel_cut(t, why);
}

/* Whoever runs a command as the client acts as the client. */
static bool
lets_act(const struct tunnel *t)
{
    if (!(t->framed->session.attributes & ASC_RET_IDENTIFY)) {
        return true;
    }
    tell_refused(t, exec_msg_refusal_name(EXEC_MSG_NOT_PERMITTED),
                 "the client lets itself be identified alone, and nobody act as it");
    return false;
}

static bool
exec_begin(struct tunnel *t)
{
    static const struct exec_link_events events = { on_started, on_refused, on_exited, on_broken };
    const struct framed *f = t->framed;
    const struct settings *s = &f->connection.listener->site->settings;
    const OPENSSPI_LOGON *logon = f->session.logon;
    SEC_AUTO(wire_writer) credentials = wire_writer_secret(NULL, 0);
    struct exec_msg start = {
        .port = f->connection.client.port,
        .command = bytes_of_string(settings_of(t)->exec_name),
        .user = bytes_of_string(logon->UserName),
        .domain = bytes_of_string(logon->DomainName),
        .unix_user = bytes_of_string(logon->UnixUser),
        .sid = bytes_of_string(logon->UserSid),
        .package = bytes_of_string(logon->PackageName),
        .address = bytes_of_string(f->connection.client.address),
        .assertion = bytes_of_string(logon->Assertion),
    };
    const char *why;

    if (!lets_act(t)) {
        tunnel_cut(t, "refused");
        return true;
    }
    if (*logon->DelegatedCache &&
        cache_file_write(logon->DelegatedCache, &credentials) != SEC_E_OK) {
        on_broken(t, sec_reason());
        return true;
    }
    start.credentials = wire_written(&credentials);
    exec_of(t)->link =
        exec_link_open(&f->connection.loop->uv, s->exec_socket ? s->exec_socket : DEFAULT_SOCKET,
                       &start, &events, t, &why);
    if (!exec_of(t)->link) {
        on_broken(t, why);
    }
    return true;
}

struct tunnel *
tunnel_new_exec(void)
{
    static const struct tunnel_kind kind = {
        .begin = exec_begin,
        .end_client = end_input_if_done,
        .end_of = exec_end_of,
        .backend_ended = exec_backend_ended,
        .failed = exec_failed,
        .drained = end_input_if_done,
        .close = exec_close,
    };
    struct exec *e = mem_new(sizeof(*e));

    if (!e) {
        return NULL;
    }
    e->tunnel.kind = &kind;
    return &e->tunnel;
}
