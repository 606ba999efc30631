/* SPDX-License-Identifier: Apache-2.0 */
/* samd: the account authority. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/config.h"
#include "base/secret.h"
#include "daemon/control.h"
#include "daemon/in_effect.h"
#include "daemon/notify.h"
#include "daemon/options.h"
#include "daemon/process.h"
#include "daemon/signals.h"
#include "daemon/surroundings.h"
#include "daemon/unix_listener.h"
#include "samd/server.h"
#include "samd/site.h"

#define DEFAULT_CONTROL "/run/opensspi/samd-control"

enum { THREADS_LEAST = 2, THREADS_MOST = 64, WHY_BYTES = 600, ACCEPTS_AT_ONCE = 16 };

struct daemon {
    const struct log *log;
    const char *config_file;
    struct in_effect in_effect;
    struct site *site;
    struct server *server;
    uv_loop_t loop;
    uv_poll_t listener;
    int fd;
    bool watched;
    struct signals signals;
    struct control_requests requests;
    struct control *control; /* NULL: none */
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
        if (d->control) {
            control_close(d->control);
        }
    }
}

static struct in_effect
read_file(const char *file)
{
    static const char *const sections[] = {
        "server", "accounts", "policy", "events", "samd", NULL
    };

    return in_effect_read(file, sections);
}

static void
refuse_reload(const struct daemon *d, const char *why)
{
    process_refuse_reload(d->site->events->log, d->log, why);
}

/* A configuration with a fault is refused as a whole. NULL: refused. */
static struct site *
read_site(const struct daemon *d)
{
    struct samd_settings settings;
    struct config_error error;
    struct site *site;
    char text[WHY_BYTES];
    const char *why;

    if (!samd_settings_read(d->config_file, &settings, &error)) {
        refuse_reload(d, error.text);
        return NULL;
    }
    why = site_needs_restart(&settings, d->site);
    if (why) {
        samd_settings_clear(&settings);
        refuse_reload(d, why);
        return NULL;
    }
    site = site_new(&settings, d->site, d->log, text, sizeof(text));
    if (!site) {
        refuse_reload(d, text);
    }
    return site;
}

static void
check_store(const struct samd_settings *settings, void (*tell)(void *user, const char *text),
            void *user)
{
    const struct surroundings_report r = { tell, user };

    surroundings_check_store(&r, "[samd]", settings->store, settings->key_file);
}

static void
warn_in_log(void *user, const char *text)
{
    const struct daemon *d = user;

    log_warning(d->log, "who asks will be refused", log_text("reason", text));
}

static void
warn_at_check(void *user, const char *text)
{
    (void)user;
    (void)fprintf(stderr, "samd: warning: %s\n", text);
}

/* Whoever reads the same file asks where [accounts] says. */
static void
check_asked(const struct surroundings_report *r, const struct samd_settings *settings)
{
    static const char authority[] = "authority:";
    const char *store = settings->text.store;

    if (strncmp(store, authority, sizeof(authority) - 1) == 0 &&
        strcmp(store + sizeof(authority) - 1, settings->socket) != 0) {
        surroundings_say(r, "[samd] socket: %s, but [accounts] store says %s: the others ask there",
                         settings->socket, store);
    }
}

static void
check_paths(const struct samd_settings *settings)
{
    const struct surroundings_report r = { warn_at_check, NULL };

    surroundings_check_socket(&r, "[samd] socket", settings->socket);
    check_asked(&r, settings);
    if (settings->events_file) {
        (void)surroundings_check_folder(&r, "[samd] events_file", settings->events_file, X_OK);
    }
    if (settings->control_socket) {
        surroundings_check_socket(&r, "[samd] control_socket", settings->control_socket);
    }
}

static void
on_reload(void *user)
{
    struct daemon *d = user;
    struct in_effect in_effect = read_file(d->config_file);
    struct site *site;

    event_log_reopen(d->site->events->log);
    log_info(d->log, "the event file is opened anew");
    notify_reloading();
    site = read_site(d);
    if (!site) {
        return;
    }
    server_change(d->server, &site->terms);
    terms_unref(&d->site->terms);
    d->site = site;
    d->in_effect = in_effect;
    check_store(&site->settings, warn_in_log, d);
    process_tell_reloaded(d->site->events->log, d->log, d->config_file);
}

static void
on_tick(void *user)
{
    struct daemon *d = user;

    event_log_tick(d->site->events->log);
    if (d->watched && server_answers(d->server)) {
        notify_systemd("WATCHDOG=1");
    }
}

static json_t *
answer(void *user, const char *request)
{
    const struct daemon *d = user;
    json_t *object;

    if (strcmp(request, "status") != 0) {
        return control_error("no such request");
    }
    object = json_pack("{s:s, s:I}", "version", OPENSSPI_VERSION, "pid", (json_int_t)getpid());
    in_effect_put(&d->in_effect, object);
    return object;
}

/* Who logs on does not need it: nothing is wrong without the default one, and samd serves without another. */
static void
open_control(struct daemon *d)
{
    const char *named = d->site->settings.control_socket;
    char why[WHY_BYTES];

    d->requests = (struct control_requests){ answer, d };
    d->control = control_open(&d->loop, named ? named : DEFAULT_CONTROL, d->log, &d->requests, why,
                              sizeof(why));
    if (!d->control && named) {
        log_warning(d->log, "no control socket", log_text("error", why));
    } else if (!d->control) {
        log_info(d->log, "no control socket: sspictl doctor gets no answer",
                 log_text("error", why));
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
    open_control(d);
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
serve_at(struct daemon *d)
{
    const struct samd_settings *settings = &d->site->settings;
    bool good;

    d->server = server_start(&(struct server_options){
        .log = d->log, .terms = &d->site->terms, .threads = thread_count(settings) });
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

/* Takes settings. */
static int
serve(struct samd_settings *settings, const struct options *o, struct in_effect in_effect)
{
    struct log_counted counted = LOG_COUNTED;
    const struct log log = process_log("samd", o->verbose, &counted);
    struct daemon d = { .log = &log,
                        .config_file = o->config_file,
                        .in_effect = in_effect,
                        .watched = notify_is_watched() };
    char why[WHY_BYTES];
    bool good;

    process_prepare();
    d.site = site_new(settings, NULL, &log, why, sizeof(why));
    if (!d.site) {
        log_error(&log, "cannot begin", log_text("error", why));
        return PROCESS_FAILED;
    }
    if (!unix_listener_open(d.site->settings.socket, UNIX_LISTENER_EVERYBODY, &d.fd, why,
                            sizeof(why))) {
        log_error(&log, "cannot listen", log_text("socket", d.site->settings.socket),
                  log_text("error", why));
        terms_unref(&d.site->terms);
        return PROCESS_FAILED;
    }
    check_store(&d.site->settings, warn_in_log, &d);
    process_tell_started(d.site->events->log);
    good = serve_at(&d);
    process_tell_stopped(d.site->events->log);
    (void)unlink(d.site->settings.socket);
    (void)close(d.fd);
    terms_unref(&d.site->terms);
    log_info(&log, "stopped");
    return good ? PROCESS_DONE : PROCESS_FAILED;
}

int
main(int argc, char **argv)
{
    const struct options_program program = { "samd", OPENSSPI_VERSION, NULL, NULL };
    struct options o;
    struct samd_settings settings;
    struct in_effect in_effect;
    struct config_error error;
    int status = options_read(&o, &program, argc, argv);

    if (status >= 0) {
        return status;
    }
    secret_harden_process();
    in_effect = read_file(o.config_file);
    if (!samd_settings_read(o.config_file, &settings, &error)) {
        (void)fprintf(stderr, "samd: %s\n", error.text);
        return PROCESS_USAGE;
    }
    if (o.check_only) {
        check_paths(&settings);
        check_store(&settings, warn_at_check, NULL);
        (void)printf("%s: good\n", o.config_file);
        status = PROCESS_DONE;
        samd_settings_clear(&settings);
    } else {
        status = serve(&settings, &o, in_effect);
    }
    return status;
}
