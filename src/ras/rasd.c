/* SPDX-License-Identifier: Apache-2.0 */
/* rasd: the remote access server. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/secret.h"
#include "daemon/control.h"
#include "daemon/notify.h"
#include "daemon/options.h"
#include "daemon/process.h"
#include "daemon/signals.h"
#include "ras/accounts.h"
#include "ras/port.h"
#include "ras/requests.h"
#include "ras/requirements.h"
#include "ras/restart.h"
#include "ras/terms.h"

enum { WHY_BYTES = 600 };

/* --- the daemon ---------------------------------------------------------------------------- */

struct daemon {
    uv_loop_t loop;
    const struct log *log;
    const char *config_file;
    struct in_effect in_effect;
    struct ras_terms *first;             /* whose lines, paths and module stay */
    const struct ras_settings *settings; /* the first's */
    struct events_place *events;
    struct port_site site;
    struct port **ports;
    size_t n_ports;
    struct requests requests;
    struct control_requests control_requests;
    struct control *control;
    struct signals signals;
    bool finished, watched;
};

static bool
failed(const struct daemon *d, const char *what, const char *why)
{
    log_error(d->log, what, log_text("error", why));
    return false;
}

/* All that keeps the loop alive goes. */
static void
finish(struct daemon *d, bool at_once)
{
    if (d->finished) {
        return;
    }
    d->finished = true;
    if (d->control) {
        control_close(d->control);
    }
    for (size_t i = 0; i < d->n_ports; i++) {
        port_close(d->ports[i]);
    }
    if (d->site.modules) {
        module_pool_close(d->site.modules, at_once);
    }
    if (d->site.ppp) {
        ppp_server_close(d->site.ppp);
    }
    signals_close(&d->signals);
}

static void
on_at_rest(void *owner)
{
    struct daemon *d = owner;

    for (size_t i = 0; i < d->n_ports; i++) {
        if (!port_is_at_rest(d->ports[i])) {
            return;
        }
    }
    if (d->signals.stops) {
        finish(d, false);
    }
}

static void
on_stop(void *user, bool at_once)
{
    struct daemon *d = user;

    if (at_once) {
        finish(d, true);
        return;
    }
    for (size_t i = 0; i < d->n_ports && !d->finished; i++) {
        port_stop(d->ports[i]);
    }
}

static struct in_effect
read_file(const char *file)
{
    static const char *const sections[] = { "server", "accounts", "policy", "events",
                                            "ras",    "port",     NULL };

    return in_effect_read(file, sections);
}

static void
refuse_reload(const struct daemon *d, const char *why)
{
    process_refuse_reload(d->site.events, d->log, why);
}

/* A configuration with a fault is refused as a whole. NULL: refused. */
static struct ras_terms *
read_terms(const struct daemon *d)
{
    struct account_authority *accounts;
    struct ras_settings settings;
    struct config_error error;
    struct ras_terms *terms;
    char what[WHY_BYTES], why[WHY_BYTES + 64];

    if (!ras_settings_read(d->config_file, &settings, &error)) {
        refuse_reload(d, error.text);
        return NULL;
    }
    if (restart_is_needed(d->settings, &settings, what, sizeof(what))) {
        (void)snprintf(why, sizeof(why), "what changes with a restart alone: %s", what);
        ras_settings_clear(&settings);
        refuse_reload(d, why);
        return NULL;
    }
    if (!accounts_open(d->config_file, &accounts, &error)) {
        ras_settings_clear(&settings);
        refuse_reload(d, error.text);
        return NULL;
    }
    terms = ras_terms_new(&settings, accounts);
    if (!terms) {
        refuse_reload(d, "no memory");
    }
    return terms;
}

/* Calls go on under what they began with. */
static void
on_reload(void *user)
{
    struct daemon *d = user;
    struct in_effect in_effect = read_file(d->config_file);
    struct events_place *events;
    struct ras_terms *terms;

    event_log_reopen(d->site.events);
    log_info(d->log, "the event file is opened anew");
    notify_reloading();
    terms = read_terms(d);
    if (!terms) {
        return;
    }
    events = events_place_open(&terms->settings.events, &d->site.terms->settings.events, d->events,
                               d->log);
    if (!events) {
        ras_terms_unref(terms);
        refuse_reload(d, "the event log cannot be opened");
        return;
    }
    events_place_unref(d->events);
    d->events = events;
    d->site.events = events->log;
    ras_terms_unref(d->site.terms);
    d->site.terms = terms;
    d->in_effect = in_effect;
    process_tell_reloaded(d->site.events, d->log, d->config_file);
}

static void
on_tick(void *user)
{
    struct daemon *d = user;

    event_log_tick(d->site.events);
    if (d->watched) {
        notify_systemd("WATCHDOG=1"); /* there is one loop, and this is it */
    }
}

static bool
start_signals(struct daemon *d)
{
    static const struct signals_events events = { on_stop, on_reload, on_tick };

    return signals_start(&d->signals, &d->loop, d->log, &events, d);
}

/* --- what it needs ------------------------------------------------------------------------- */

static bool
open_modules(struct daemon *d, const struct options *o)
{
    const struct ras_settings *s = d->settings;
    struct module_pool_args args = {
        .child = { .loop = &d->loop,
                   .log = d->log,
                   .program = s->module_host,
                   .module = s->security_module,
                   .config_file = o->config_file,
                   .pam_service = s->pam_service },
        .processes = s->module_processes,
        .events = &port_module_events,
        .owner = &d->site,
    };
    struct config_error error;
    char why[WHY_BYTES];

    if (!s->security_module) {
        log_info(d->log, "no security module: callers speak PPP at once");
        return true;
    }
    if (!requirements_check_module(s, o->config_file, &error) ||
        !requirements_find_user(s, o->config_file, &args.child, &error)) {
        return failed(d, "the security module cannot be loaded", error.text);
    }
    for (size_t i = 0; i < s->n_ports; i++) {
        args.slots += s->ports[i].calls;
    }
    d->site.modules = module_pool_open(&args, why, sizeof(why));
    return d->site.modules || failed(d, "the security module cannot be loaded", why);
}

static bool
open_ports(struct daemon *d)
{
    size_t n = 0;
    char why[WHY_BYTES];

    for (size_t i = 0; i < d->settings->n_ports; i++) {
        n += d->settings->ports[i].calls;
    }
    d->ports = mem_new_array(n, sizeof(struct port *));
    for (size_t i = 0; i < d->settings->n_ports && d->ports; i++) {
        const struct port_settings *s = &d->settings->ports[i];

        for (size_t k = 0; k < s->calls; k++) {
            struct port *port = port_open(&d->site, s, d->n_ports, k, why, sizeof(why));

            if (!port) {
                log_error(d->log, "the port cannot be opened", log_text("port", s->name),
                          log_text("error", why));
                return false;
            }
            d->ports[d->n_ports++] = port;
        }
        log_info(d->log, "waiting for calls", log_text("port", s->name),
                 log_text("device", s->device), log_number("calls", (int64_t)s->calls));
    }
    return d->ports || failed(d, "the ports cannot be opened", "no memory");
}

static bool
make_run_directory(const struct daemon *d)
{
    const char *path = d->settings->run_directory;
    char why[WHY_BYTES];

    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        (void)snprintf(why, sizeof(why), "%s: %s", path, strerror(errno));
        return failed(d, "no run_directory", why);
    }
    return true;
}

static bool
open_ppp(struct daemon *d)
{
    const struct ras_settings *s = d->settings;
    const struct ppp_server_args args = { .loop = &d->loop,
                                          .log = d->log,
                                          .pppd = s->pppd,
                                          .plugin = s->plugin,
                                          .run_directory = s->run_directory };
    char why[WHY_BYTES] = "";

    d->site.ppp = ppp_server_open(&args, why, sizeof(why));
    return d->site.ppp || failed(d, "PPP cannot be served", why);
}

/* Before sockets and links of another one are taken over. */
static bool
is_alone(const struct daemon *d)
{
    char why[WHY_BYTES];

    return control_is_free(d->settings->control_socket, d->log, why, sizeof(why)) ||
           failed(d, "no control socket", why);
}

static bool
open_control(struct daemon *d)
{
    char why[WHY_BYTES] = "no memory";

    d->requests = (struct requests){ d->log, d->ports, d->n_ports, &d->in_effect };
    d->control_requests = (struct control_requests){ requests_answer, &d->requests };
    d->control = control_open(&d->loop, d->settings->control_socket, d->log, &d->control_requests,
                              why, sizeof(why));
    return d->control || failed(d, "no control socket", why);
}

static bool
open_events(struct daemon *d)
{
    d->events = events_place_open(&d->settings->events, NULL, NULL, d->log);
    d->site.events = d->events ? d->events->log : NULL;
    process_tell_started(d->site.events);
    return d->events != NULL;
}

static void
clear(struct daemon *d)
{
    finish(d, true);
    (void)uv_run(&d->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&d->loop);
    process_tell_stopped(d->site.events);
    events_place_unref(d->events);
    ras_terms_unref(d->site.terms);
    ras_terms_unref(d->first);
    mem_free(d->ports);
}

static bool
open_all(struct daemon *d, const struct options *o)
{
    return is_alone(d) && open_events(d) && make_run_directory(d) && open_ppp(d) &&
           open_modules(d, o) && open_ports(d) && open_control(d) && start_signals(d);
}

/* With the terms that it begins with; takes settings. */
static bool
open_terms(struct daemon *d, struct ras_settings *settings)
{
    struct account_authority *accounts;
    struct config_error error;

    if (!accounts_open(d->config_file, &accounts, &error)) {
        return failed(d, "no account store", error.text);
    }
    d->first = ras_terms_new(settings, accounts);
    if (!d->first) {
        return failed(d, "no account store", "no memory");
    }
    d->settings = &d->first->settings;
    d->site.terms = ras_terms_ref(d->first);
    d->site.module_path = d->settings->security_module;
    return true;
}

static int
serve(struct ras_settings *settings, const struct options *o, struct in_effect in_effect)
{
    struct log_counted counted = LOG_COUNTED;
    const struct log log = process_log("rasd", o->verbose, &counted);
    struct daemon d = { .log = &log,
                        .config_file = o->config_file,
                        .in_effect = in_effect,
                        .watched = notify_is_watched() };
    int status = PROCESS_FAILED;

    process_prepare();
    if (uv_loop_init(&d.loop) != 0) {
        log_error(&log, "the loop cannot be started");
        return PROCESS_FAILED;
    }
    d.site = (struct port_site){ .loop = &d.loop,
                                 .log = &log,
                                 .lines = { .loop = &d.loop, .log = &log },
                                 .at_rest = on_at_rest,
                                 .owner = &d };
    port_site_init(&d.site);
    if (open_terms(&d, settings) && open_all(&d, o)) {
        log_info(&log, "ready", log_number("calls", (int64_t)d.n_ports));
        notify_systemd("READY=1");
        (void)uv_run(&d.loop, UV_RUN_DEFAULT);
        log_info(&log, "stopped");
        status = PROCESS_DONE;
    }
    clear(&d);
    return status;
}

static void
warn(void *user, const char *text)
{
    (void)user;
    (void)fprintf(stderr, "rasd: warning: %s\n", text);
}

static int
check(const struct ras_settings *settings, const struct options *o)
{
    const struct surroundings_report report = { warn, NULL };
    struct module_child_args module = { 0 };
    struct config_error error;

    if (!accounts_open(o->config_file, NULL, &error)) {
        (void)fprintf(stderr, "rasd: %s\n", error.text);
        return PROCESS_USAGE;
    }
    if ((settings->security_module &&
         !requirements_check_module(settings, o->config_file, &error)) ||
        (settings->security_module && geteuid() == 0 &&
         !requirements_find_user(settings, o->config_file, &module, &error)) ||
        !requirements_check_pppd(settings, o->config_file, &error)) {
        (void)fprintf(stderr, "rasd: %s\n", error.text);
        return PROCESS_FAILED;
    }
    requirements_warn(settings, &report);
    (void)printf("%s: good\n", o->config_file);
    return PROCESS_DONE;
}

int
main(int argc, char **argv)
{
    static const struct options_program program = { .name = "rasd", .version = OPENSSPI_VERSION };
    struct options o;
    struct ras_settings settings;
    struct in_effect in_effect;
    struct config_error error;
    int status = options_read(&o, &program, argc, argv);

    if (status >= 0) {
        return status;
    }
    secret_harden_process();
    in_effect = read_file(o.config_file);
    if (!ras_settings_read(o.config_file, &settings, &error)) {
        (void)fprintf(stderr, "rasd: %s\n", error.text);
        return PROCESS_USAGE;
    }
    status = o.check_only ? check(&settings, &o) : serve(&settings, &o, in_effect);
    ras_settings_clear(&settings);
    return status;
}
