/* SPDX-License-Identifier: Apache-2.0 */
/* samd: the account authority. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/config.h"
#include "base/secret.h"
#include "daemon/account_events.h"
#include "daemon/notify.h"
#include "daemon/options.h"
#include "daemon/process.h"
#include "daemon/signals.h"
#include "daemon/unix_listener.h"
#include "samd/server.h"
#include "samd/settings.h"

enum { THREADS_LEAST = 2, THREADS_MOST = 64, WHY_BYTES = 400, ACCEPTS_AT_ONCE = 16 };

struct daemon {
    const struct log *log;
    struct event_log *events;
    struct account_events account_events;
    struct server *server;
    uv_loop_t loop;
    uv_poll_t listener;
    int fd;
    bool watched;
    struct signals signals;
};

/* --- the loop ------------------------------------------------------------------------------ */

static void
on_coming(uv_poll_t *poll, int status, int events)
{
    struct daemon *d = poll->data;

    for (int i = 0; i < ACCEPTS_AT_ONCE && status == 0; i++) {
        int fd = accept4(d->fd, NULL, NULL, SOCK_CLOEXEC);

        if (fd >= 0) {
            server_take(d->server, fd);
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return; /* nobody is left, or no descriptor is */
        }
    }
}

static void
on_stop(void *user, bool at_once)
{
    struct daemon *d = user;

    signals_close(&d->signals);
    if (!uv_is_closing((uv_handle_t *)&d->listener)) {
        uv_close((uv_handle_t *)&d->listener, NULL);
    }
}

static void
on_reload(void *user)
{
    struct daemon *d = user;

    event_log_reopen(d->events);
    log_info(d->log, "the event file is opened anew; a changed configuration needs a restart");
}

static void
on_tick(void *user)
{
    struct daemon *d = user;

    event_log_tick(d->events);
    if (d->watched && server_answers(d->server)) {
        notify_systemd("WATCHDOG=1");
    }
}

static bool
run(struct daemon *d)
{
    static const struct signals_events events = { on_stop, on_reload, on_tick };

    d->listener.data = d;
    if (uv_loop_init(&d->loop) || uv_poll_init(&d->loop, &d->listener, d->fd) ||
        !signals_start(&d->signals, &d->loop, d->log, &events, d) ||
        uv_poll_start(&d->listener, UV_READABLE, on_coming)) {
        return false;
    }
    notify_systemd("READY=1");
    (void)uv_run(&d->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&d->loop);
    return true;
}

/* --- the process --------------------------------------------------------------------------- */

static unsigned
thread_count(const struct samd_settings *settings)
{
    unsigned cores = uv_available_parallelism();

    if (settings->threads) {
        return (unsigned)settings->threads;
    }
    return cores < THREADS_LEAST ? THREADS_LEAST : cores > THREADS_MOST ? THREADS_MOST : cores;
}

static bool
serve_at(struct daemon *d, const struct samd_settings *settings,
         const struct account_admin_options *store, struct account_authority *accounts)
{
    bool good;

    d->server = server_start(&(struct server_options){
        .log = d->log,
        .accounts = accounts,
        .store = store,
        .events = &d->account_events,
        .rules = { .group = settings->group_id,
                   .administrators = settings->administrators_id,
                   .requests_per_second = settings->requests_per_second },
        .threads = thread_count(settings),
    });
    if (!d->server) {
        log_error(d->log, "out of memory, descriptors or threads");
        return false;
    }
    log_info(d->log, "ready", log_text("socket", settings->socket),
             log_text("store", settings->store), log_number("threads", thread_count(settings)));
    good = run(d);
    if (!good) {
        log_error(d->log, "the loop cannot be started");
    }
    server_stop(d->server);
    return good;
}

/* Everybody's logons hang on this process: a file that it may not write to does not end it. */
static bool
open_events(struct daemon *d, const struct samd_settings *settings,
            const struct account_admin_options *store)
{
    struct events_section section = settings->events;

    if (settings->events_file) {
        section.file = settings->events_file;
    }
    d->events = process_open_events(&section, d->log);
    if (!d->events && section.file) {
        section.file = NULL;
        d->events = process_open_events(&section, d->log);
    }
    return account_events_init(&d->account_events, d->events, store->accounts.domain);
}

static int
serve(const struct samd_settings *settings, bool verbose)
{
    struct log_counted counted = LOG_COUNTED;
    const struct log log = process_log("samd", verbose, &counted);
    const struct account_admin_options store = samd_settings_store(settings);
    struct account_authority *accounts = NULL;
    struct daemon d = { .log = &log, .watched = notify_is_watched() };
    char why[WHY_BYTES];
    bool good;

    process_prepare();
    if (account_authority_open(&store.accounts, &accounts) != SEC_E_OK) {
        log_error(&log, "no account store", log_text("error", sec_reason()));
        return PROCESS_FAILED;
    }
    if (!unix_listener_open(settings->socket, UNIX_LISTENER_EVERYBODY, &d.fd, why, sizeof(why))) {
        log_error(&log, "cannot listen", log_text("socket", settings->socket),
                  log_text("error", why));
        account_authority_close(accounts);
        return PROCESS_FAILED;
    }
    good = open_events(&d, settings, &store) && serve_at(&d, settings, &store, accounts);
    process_close_events(d.events);
    account_events_clear(&d.account_events);
    (void)unlink(settings->socket);
    (void)close(d.fd);
    account_authority_close(accounts);
    log_info(&log, "stopped");
    return good ? PROCESS_DONE : PROCESS_FAILED;
}

int
main(int argc, char **argv)
{
    const struct options_program program = { "samd", OPENSSPI_VERSION, NULL, NULL };
    struct options o;
    struct samd_settings settings;
    struct config_error error;
    int status = options_read(&o, &program, argc, argv);

    if (status >= 0) {
        return status;
    }
    secret_harden_process();
    if (!samd_settings_read(o.config_file, &settings, &error)) {
        (void)fprintf(stderr, "samd: %s\n", error.text);
        return PROCESS_USAGE;
    }
    if (o.check_only) {
        (void)printf("%s: good\n", o.config_file);
        status = PROCESS_DONE;
    } else {
        status = serve(&settings, o.verbose);
    }
    samd_settings_clear(&settings);
    return status;
}
