/* SPDX-License-Identifier: Apache-2.0 */
/* pppd's life: its start on a line with a token for its plugin, what it logs, its end. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "account/account.h"
#include "base/mem.h"
#include "base/secret.h"
#include "crypto/random.h"
#include "ras/ppp_options.h"
#include "ras/ppp_server.h"
#include "ras/ppp_status.h"
#include "ras/settings.h"

enum {
    TOKEN_FD = 3,         /* in pppd */
    TERM_MS = 8000,       /* until SIGKILL: pppd asks the caller to end, and waits for that */
    LAST_WORDS_MS = 1000, /* for what the plugin sent before pppd's exit */
};

/* --- the end ------------------------------------------------------------------------------- */

static void
unlink_call(struct ppp *p)
{
    for (struct ppp **at = &p->server->calls; *at; at = &(*at)->next) {
        if (*at == p) {
            *at = p->next;
            return;
        }
    }
}

/* Memory goes when pppd has ended, its handles are closed and nobody wants to hear of it. */
static void
release(struct ppp *p)
{
    struct ppp_server *s = p->server;

    if (p->owned || p->running || p->handles || p->peer) {
        return;
    }
    unlink_call(p);
    account_authority_close(p->accounts);
    mem_free_wiped(p, sizeof(*p));
    ppp_server_unref(s);
}

static void
on_closed(uv_handle_t *handle)
{
    struct ppp *p = handle->data;

    p->handles--;
    release(p);
}

static void
close_handles(struct ppp *p)
{
    uv_handle_t *handles[PPP_HANDLES] = { (uv_handle_t *)&p->process, (uv_handle_t *)&p->timer,
                                          (uv_handle_t *)&p->output };

    for (size_t i = 0; i < PPP_HANDLES; i++) {
        if (handles[i]->type != UV_UNKNOWN_HANDLE && !uv_is_closing(handles[i])) {
            uv_close(handles[i], on_closed);
        }
    }
}

/* A line that is lost is a SIGHUP for pppd, which it takes for an order as SIGTERM; and a caller
 * that was refused may hang up before pppd does. */
static const char *
reason_of(const struct ppp *p)
{
    if (p->refused && !p->stopped && p->exit_status != PPP_STATUS_KILLED) {
        return ppp_status_text(PPP_STATUS_AUTHENTICATION);
    }
    if (p->exit_status == PPP_STATUS_SIGNALLED && !p->stopped) {
        return ppp_status_text(PPP_STATUS_HANGUP);
    }
    return ppp_status_text(p->exit_status);
}

/* pppd is gone, and its plugin, too: whatever it had to say was heard. */
static void
tell_ended(struct ppp *p)
{
    if (p->running || p->told) {
        return;
    }
    p->told = true;
    p->accounting.seconds = (uv_now(p->server->args.loop) - p->started_ms) / 1000;
    p->accounting.reason = reason_of(p);
    ppp_peer_close(p->peer);
    close_handles(p);
    if (p->owned && p->events.ended) {
        p->events.ended(p->owner, p->exit_status, &p->accounting);
    }
}

static void
on_last_words(uv_timer_t *timer)
{
    tell_ended(timer->data);
}

static void
on_exit_of_pppd(uv_process_t *process, int64_t exit_status, int signal)
{
    struct ppp *p = process->data;

    p->running = false;
    p->exit_status = signal ? PPP_STATUS_KILLED : (int)exit_status;
    (void)uv_timer_stop(&p->timer);
    if (!p->peer || uv_timer_start(&p->timer, on_last_words, LAST_WORDS_MS, 0)) {
        tell_ended(p);
    }
}

void
ppp_peer_gone(struct ppp *p)
{
    p->peer = NULL;
    tell_ended(p);
    release(p);
}

/* With its scripts: it leads a session of its own. */
static void
on_kill(uv_timer_t *timer)
{
    struct ppp *p = timer->data;

    if (p->running) {
        log_warning(p->server->args.log, "pppd does not end, and is killed",
                    log_number("call", (int64_t)p->id));
        (void)kill(-p->process.pid, SIGKILL);
    }
}

void
ppp_stop(struct ppp *p)
{
    if (p->running && !uv_is_active((uv_handle_t *)&p->timer)) {
        p->stopped = true;
        (void)kill(p->process.pid, SIGTERM);
        (void)uv_timer_start(&p->timer, on_kill, TERM_MS, 0);
    }
}

void
ppp_free(struct ppp *p)
{
    if (!p) {
        return;
    }
    p->owned = false;
    p->owner = NULL;
    ppp_stop(p);
    release(p);
}

/* --- what pppd logs ------------------------------------------------------------------------ */

static void
log_line(struct ppp *p)
{
    if (p->line_n) {
        log_info(p->server->args.log, "pppd", log_number("call", (int64_t)p->id),
                 log_bytes("says", bytes_of(p->line, p->line_n)));
    }
    p->line_n = 0;
}

static void
on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    struct ppp *p = handle->data;

    *out = uv_buf_init(p->line + p->line_n, (unsigned)(sizeof(p->line) - p->line_n));
}

static void
on_output(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    struct ppp *p = stream->data;
    struct bytes fresh = bytes_of(p->line + p->line_n, n > 0 ? (size_t)n : 0);

    if (n < 0) {
        log_line(p);
        (void)uv_read_stop(stream);
        return;
    }
    while (fresh.n) {
        const uint8_t *end = memchr(fresh.p, '\n', fresh.n);
        size_t n_line = end ? (size_t)(end - fresh.p) : fresh.n;
        size_t rest = end ? fresh.n - n_line - 1 : 0;

        p->line_n += n_line;
        if (end || p->line_n == sizeof(p->line)) {
            log_line(p);
        }
        if (end) {
            bytes_move(p->line, end + 1, rest);
        }
        fresh = bytes_of(p->line, rest);
    }
}

/* --- the beginning ------------------------------------------------------------------------- */

struct ppp *
ppp_by_token(struct ppp_server *s, struct bytes token)
{
    for (struct ppp *p = s->calls; p; p = p->next) {
        if (!p->token_used && p->running && token.n == sizeof(p->token) &&
            secret_equal(token.p, p->token, sizeof(p->token))) {
            p->token_used = true;
            secret_wipe(p->token, sizeof(p->token));
            return p;
        }
    }
    return NULL;
}

/* The pipe's end for pppd, with the token in it; -1. */
static int
token_pipe(struct ppp *p)
{
    int ends[2];
    bool written;

    if (!random_bytes(p->token, sizeof(p->token)) || pipe2(ends, O_CLOEXEC)) {
        return -1;
    }
    written = write(ends[1], p->token, sizeof(p->token)) == (ssize_t)sizeof(p->token);
    (void)close(ends[1]);
    if (!written) {
        (void)close(ends[0]);
        return -1;
    }
    return ends[0];
}

static int
spawn(struct ppp *p, int line_fd, int token_fd, const struct ppp_options *words)
{
    static const char *const environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
    uv_stdio_container_t stdio[TOKEN_FD + 1] = {
        { .flags = UV_INHERIT_FD, .data.fd = line_fd },
        { .flags = UV_IGNORE },
        { .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&p->output },
        { .flags = UV_INHERIT_FD, .data.fd = token_fd },
    };
    const uv_process_options_t options = {
        .exit_cb = on_exit_of_pppd,
        .file = p->server->args.pppd,
        .args = (char **)(uintptr_t)words->words,
        .env = (char **)(uintptr_t)environment,
        .cwd = "/",
        .flags = UV_PROCESS_DETACHED, /* a session, so that the line can become its terminal */
        .stdio_count = SEC_ARRAY_LEN(stdio),
        .stdio = stdio,
    };

    return uv_spawn(p->server->args.loop, &p->process, &options);
}

static int
start(struct ppp *p, int line_fd, const struct port_settings *port)
{
    const struct ppp_options_args args = { .pppd = p->server->args.pppd,
                                           .plugin = p->server->args.plugin,
                                           .socket = p->server->socket_path,
                                           .remote = p->remote,
                                           .token_fd = TOKEN_FD };
    struct ppp_options *words = mem_new(sizeof(*words));
    int token_fd = -1;
    int rc = UV_ENOMEM;

    if (words) {
        rc = ppp_options_make(words, &args, port) ? 0 : UV_E2BIG;
    }
    if (!rc) {
        token_fd = token_pipe(p);
        rc = token_fd < 0 ? UV_EIO : spawn(p, line_fd, token_fd, words);
    }
    if (token_fd >= 0) {
        (void)close(token_fd);
    }
    mem_free(words);
    return rc;
}

static struct ppp *
call_new(struct ppp_server *s, const struct port_settings *port, struct ppp_call call)
{
    struct ppp *p = mem_new(sizeof(*p));

    if (!p) {
        return NULL;
    }
    p->id = call.id;
    p->require = port->ppp.require;
    p->accounts = account_authority_ref(call.accounts);
    p->started_ms = uv_now(s->args.loop);
    (void)snprintf(p->remote, sizeof(p->remote), "%s", call.remote);
    p->process.data = p->timer.data = p->output.data = p;
    (void)uv_timer_init(s->args.loop, &p->timer);
    (void)uv_pipe_init(s->args.loop, &p->output, 0);
    p->handles = PPP_HANDLES;
    p->server = s;
    ppp_server_ref(s);
    p->next = s->calls;
    s->calls = p;
    return p;
}

struct ppp *
ppp_start(struct ppp_server *s, int fd, const struct port_settings *port, struct ppp_call call,
          const struct ppp_events *events, void *owner, char *why, size_t why_n)
{
    struct ppp *p = s->closing ? NULL : call_new(s, port, call);
    int rc = p ? start(p, fd, port) : UV_ENOMEM;

    (void)close(fd);
    if (rc) {
        (void)snprintf(why, why_n, "%s: %s", s->args.pppd, uv_strerror(rc));
        if (p) {
            p->told = true;
            p->handles -= p->process.type == UV_UNKNOWN_HANDLE;
            close_handles(p);
        }
        return NULL;
    }
    p->running = p->owned = true;
    p->events = *events;
    p->owner = owner;
    (void)uv_read_start((uv_stream_t *)&p->output, on_room, on_output);
    return p;
}
