/* SPDX-License-Identifier: Apache-2.0 */
/* sspid: the authentication service. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "base/mem.h"
#include "base/secret.h"
#include "daemon/notify.h"
#include "daemon/options.h"
#include "daemon/process.h"
#include "daemon/signals.h"
#include "service/service.h"

enum { MAX_LOOPS = 64, WHY_BYTES = 400 };

/* libuv's pool, where legs wait for an account authority, each in a thread; libuv has 4. */
#define POOL_THREADS "16"

static bool
take_loops(void *user, const char *value, char *why, size_t why_n)
{
    return config_number(value, 1, MAX_LOOPS, user, why, why_n);
}

static bool
read_configuration(const char *file, struct settings *settings, struct config_error *error)
{
    if (!settings_read(file, settings, error)) {
        return false;
    }
    if (OpenSspiLoadConfiguration(file, error->text, sizeof(error->text)) != SEC_E_OK) {
        settings_clear(settings);
        return false;
    }
    for (size_t i = 0; i < settings->n_listeners; i++) {
        if (!credential_check(settings, &settings->listeners[i], error)) {
            settings_clear(settings);
            return false;
        }
    }
    return true;
}

/* --- the service --------------------------------------------------------------------------- */

struct daemon {
    struct service service;
    struct loop *loops;
    size_t n_loops;
    uv_loop_t control; /* the main thread's: signals, and the loops' ends */
    struct signals signals;
    uv_async_t ended;
    size_t running; /* loops; atomic */
};

static void
on_stop(void *user, bool at_once)
{
    struct daemon *d = user;

    for (size_t i = 0; i < d->n_loops; i++) {
        loop_stop(&d->loops[i], at_once ? 2 : 1);
    }
}

static void
on_reload(void *user)
{
    struct daemon *d = user;

    event_log_reopen(d->service.events);
    log_info(d->service.log, "the event file is opened anew");
}

static void
on_tick(void *user)
{
    struct daemon *d = user;

    event_log_tick(d->service.events);
}

/* When the last loop has ended, nothing keeps the control loop alive. */
static void
on_ended(uv_async_t *ended)
{
    struct daemon *d = ended->data;

    if (__atomic_load_n(&d->running, __ATOMIC_ACQUIRE) == 0) {
        signals_close(&d->signals);
        uv_close((uv_handle_t *)&d->ended, NULL);
    }
}

static bool
start_control(struct daemon *d)
{
    static const struct signals_events events = { on_stop, on_reload, on_tick };

    d->ended.data = d;
    return uv_loop_init(&d->control) == 0 && uv_async_init(&d->control, &d->ended, on_ended) == 0 &&
           signals_start(&d->signals, &d->control, d->service.log, &events, d);
}

static bool
open_listeners(struct service *s, const struct settings *settings)
{
    char why[WHY_BYTES];

    s->listeners = mem_new_array(settings->n_listeners, sizeof(*s->listeners));
    if (!s->listeners) {
        return false;
    }
    for (size_t i = 0; i < settings->n_listeners; i++) {
        const struct listener_settings *from = &settings->listeners[i];
        struct listener *l = &s->listeners[s->n_listeners++];

        *l = (struct listener){ .settings = from };
        l->rules = (struct session_rules){ (unsigned)from->max_legs, from->max_token,
                                           ASC_REQ_MUTUAL_AUTH | ASC_REQ_EXTENDED_ERROR };
        if (from->protocol == LISTENER_FRAMED) {
            l->rules.wanted |= ASC_REQ_CONFIDENTIALITY | ASC_REQ_INTEGRITY | ASC_REQ_REPLAY_DETECT |
                               ASC_REQ_SEQUENCE_DETECT;
        }
        credential_init(&l->credential, from);
        told_init(&l->told);
        limits_init(&l->limits, (unsigned)from->max_unauthenticated,
                    (unsigned)from->max_per_address);
        if (!from->at_first_client &&
            !credential_get(&l->credential, CREDENTIAL_MAIN, why, sizeof(why))) {
            log_error(s->log, "no credential for the listener", log_text("listener", from->name),
                      log_text("error", why));
            return false;
        }
        if (!credential_has_keys(from, why, sizeof(why))) {
            log_warning(s->log, "tickets cannot be taken", log_text("listener", from->name),
                        log_text("error", why));
        }
    }
    return true;
}

/* One socket of each listener for a loop. Before anything of the loop is set up: an address that is
 * taken is the likely fault, and then there is nothing to take down. */
static bool
bind_ports(struct daemon *d, struct loop *loop)
{
    struct service *s = &d->service;
    char why[WHY_BYTES];

    loop->ports = mem_new_array(s->n_listeners, sizeof(*loop->ports));
    for (size_t i = 0; i < s->n_listeners && loop->ports; i++) {
        struct port *port = &loop->ports[loop->n_ports];
        const struct listener_settings *l = s->listeners[i].settings;

        *port = (struct port){ .loop = loop, .listener = &s->listeners[i], .fd = -1 };
        loop->n_ports++;
        if (!port_bind(port, loop == d->loops, why, sizeof(why))) {
            log_error(s->log, "cannot listen", log_text("listener", l->name),
                      log_text("address", l->address_text), log_text("error", why));
            return false;
        }
        if (loop == d->loops) {
            log_info(s->log, "listening", log_text("listener", l->name),
                     log_text("protocol", l->protocol == LISTENER_HTTP ? "http" : "framed"),
                     log_text("address", l->address_text),
                     log_number("port", port->listener->port));
        }
    }
    return loop->ports != NULL;
}

static bool
bind_all(struct daemon *d, size_t n)
{
    d->loops = mem_new_array(n, sizeof(*d->loops));
    for (size_t i = 0; i < n && d->loops; i++) {
        d->n_loops++;
        if (!bind_ports(d, &d->loops[i])) {
            return false;
        }
    }
    return d->loops != NULL;
}

static bool
start_loops(struct daemon *d)
{
    for (size_t i = 0; i < d->n_loops; i++) {
        struct loop *loop = &d->loops[i];

        if (!loop_init(loop, &d->service)) {
            return false;
        }
        for (size_t p = 0; p < loop->n_ports; p++) {
            if (!port_start(&loop->ports[p])) {
                return false;
            }
        }
    }
    return true;
}

static void
run_loop(void *user)
{
    struct loop *loop = user;
    struct daemon *d = loop->service->owner;

    loop_run(loop);
    (void)__atomic_sub_fetch(&d->running, 1, __ATOMIC_ACQ_REL);
    (void)uv_async_send(&d->ended);
}

/* Runs until it is told to stop. */
static bool
run(struct daemon *d)
{
    size_t started = 0;

    d->running = d->n_loops;
    while (started < d->n_loops &&
           uv_thread_create(&d->loops[started].thread, run_loop, &d->loops[started]) == 0) {
        started++;
    }
    if (started < d->n_loops) {
        return false;
    }
    log_info(d->service.log, "ready", log_number("loops", (int64_t)started));
    notify_systemd("READY=1");
    (void)uv_run(&d->control, UV_RUN_DEFAULT);
    (void)uv_loop_close(&d->control);
    for (size_t i = 0; i < started; i++) {
        (void)uv_thread_join(&d->loops[i].thread);
        loop_close(&d->loops[i]);
    }
    return true;
}

static void
clear(struct daemon *d)
{
    for (size_t i = 0; i < d->n_loops; i++) {
        for (size_t p = 0; p < d->loops[i].n_ports; p++) {
            port_close(&d->loops[i].ports[p]);
        }
        mem_free(d->loops[i].ports);
    }
    mem_free(d->loops);
    for (size_t i = 0; i < d->service.n_listeners; i++) {
        credential_clear(&d->service.listeners[i].credential);
        told_clear(&d->service.listeners[i].told);
        limits_clear(&d->service.listeners[i].limits);
    }
    mem_free(d->service.listeners);
    event_log_close(d->service.events);
}

static int
serve(const struct settings *settings, bool verbose, size_t loops)
{
    const struct log log = log_on_stderr("sspid", verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
    struct daemon d = { .service = { .log = &log, .owner = &d } };

    process_prepare();
    (void)setenv("UV_THREADPOOL_SIZE", POOL_THREADS, 0);
    d.service.events = process_open_events(&settings->events, &log);
    if (!d.service.events || !open_listeners(&d.service, settings) || !bind_all(&d, loops)) {
        clear(&d);
        return PROCESS_FAILED;
    }
    if (!start_loops(&d) || !start_control(&d) || !run(&d)) {
        log_error(&log, "the loops cannot be started: out of memory, descriptors or threads");
        event_log_close(d.service.events);
        _exit(PROCESS_FAILED); /* threads may run; what is left ends with the process */
    }
    log_info(&log, "stopped");
    clear(&d);
    return PROCESS_DONE;
}

/* No fault of the configuration's: the keytab may come later. */
static void
warn_of_keys(const struct settings *settings)
{
    char why[WHY_BYTES];

    for (size_t i = 0; i < settings->n_listeners; i++) {
        if (!credential_has_keys(&settings->listeners[i], why, sizeof(why))) {
            (void)fprintf(stderr, "sspid: warning: [listener %s]: tickets cannot be taken: %s\n",
                          settings->listeners[i].name, why);
        }
    }
}

int
main(int argc, char **argv)
{
    static const struct options_own own = {
        "loops", "N", "event loops, each a thread; as many as there are cores", take_loops
    };
    unsigned long loops = uv_available_parallelism();
    const struct options_program program = { "sspid", OPENSSPI_VERSION, &own, &loops };
    struct options o;
    struct settings settings;
    struct config_error error;
    int status = options_read(&o, &program, argc, argv);

    if (status >= 0) {
        return status;
    }
    secret_harden_process();
    if (!read_configuration(o.config_file, &settings, &error)) {
        (void)fprintf(stderr, "sspid: %s\n", error.text);
        return PROCESS_USAGE;
    }
    if (o.check_only) {
        warn_of_keys(&settings);
        (void)printf("%s: good\n", o.config_file);
        status = PROCESS_DONE;
    } else {
        status = serve(&settings, o.verbose, loops < MAX_LOOPS ? loops : MAX_LOOPS);
    }
    settings_clear(&settings);
    return status;
}
