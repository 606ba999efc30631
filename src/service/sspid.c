/* SPDX-License-Identifier: Apache-2.0 */
/* sspid: the authentication service. */
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/config.h"
#include "base/mem.h"
#include "base/secret.h"
#include "service/notify.h"
#include "service/service.h"

enum { DONE = 0, FAILED = 1, USAGE = 2 };
enum {
    MAX_LOOPS = 64,
    REFUSALS_PER_SECOND = 100, /* of one address, that are written one by one */
    WHY_BYTES = 400,
};

struct options {
    const char *config_file;
    bool check_only, verbose;
    unsigned long loops;
};

static const char help_text[] =
    "Usage: sspid [-n] [-v] [--config FILE] [--loops N]\n\n"
    "    -n, --check     only check the configuration\n"
    "    -v, --verbose   say more on standard error\n"
    "    --config FILE   instead of OPENSSPI_CONFIG or /etc/opensspi/opensspi.conf\n"
    "    --loops N       event loops, each a thread; as many as there are cores\n"
    "    --help, --version\n\n"
    "Exit status: 0 done, 1 failed, 2 a fault in the options or the configuration.\n"
    "More in sspid(8) and opensspi.conf(5).\n";

static int
usage(const char *what)
{
    if (what) {
        (void)fprintf(stderr, "sspid: %s\n", what);
    }
    (void)fprintf(stderr, "Try: sspid --help\n");
    return USAGE;
}

/* -1: go on; else the exit status. */
static int
read_options(int argc, char **argv, struct options *o)
{
    static const struct option known[] = {
        { "check", no_argument, NULL, 'n' },
        { "verbose", no_argument, NULL, 'v' },
        { "config", required_argument, NULL, 'c' },
        { "loops", required_argument, NULL, 'l' },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        { 0 },
    };
    char why[64], text[128];
    int option;

    while ((option = getopt_long(argc, argv, "nv", known, NULL)) != -1) {
        switch (option) {
        case 'n': o->check_only = true; break;
        case 'v': o->verbose = true; break;
        case 'c': o->config_file = optarg; break;
        case 'l':
            if (!config_number(optarg, 1, MAX_LOOPS, &o->loops, why, sizeof(why))) {
                (void)snprintf(text, sizeof(text), "--loops: expected %s", why);
                return usage(text);
            }
            break;
        case 'h': (void)fputs(help_text, stdout); return DONE;
        case 'V': (void)printf("sspid %s\n", OPENSSPI_VERSION); return DONE;
        default: return usage(NULL); /* getopt has said why */
        }
    }
    return optind == argc ? -1 : usage("it takes no arguments beside its options");
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
    uv_signal_t term, interrupt, hangup;
    uv_timer_t tick;
    uv_async_t ended;
    size_t running; /* loops; atomic */
    int stops;      /* signals to stop that came */
};

static void
stop_all(struct daemon *d)
{
    d->stops++;
    for (size_t i = 0; i < d->n_loops; i++) {
        loop_stop(&d->loops[i], d->stops > 1 ? 2 : 1);
    }
}

static void
on_stop(uv_signal_t *signal, int number)
{
    struct daemon *d = signal->data;

    log_info(d->service.log, d->stops ? "stopping at once" : "stopping",
             log_text("signal", strsignal(number)));
    if (d->stops == 0) {
        notify_systemd("STOPPING=1");
    }
    stop_all(d);
}

static void
on_hangup(uv_signal_t *signal, int number)
{
    struct daemon *d = signal->data;

    (void)number;
    event_log_reopen(d->service.events);
    log_info(d->service.log, "the event file is opened anew");
}

static void
on_tick(uv_timer_t *timer)
{
    struct daemon *d = timer->data;

    event_log_tick(d->service.events);
}

/* When the last loop has ended, nothing keeps the control loop alive. */
static void
on_ended(uv_async_t *ended)
{
    struct daemon *d = ended->data;

    if (__atomic_load_n(&d->running, __ATOMIC_ACQUIRE) == 0) {
        uv_close((uv_handle_t *)&d->term, NULL);
        uv_close((uv_handle_t *)&d->interrupt, NULL);
        uv_close((uv_handle_t *)&d->hangup, NULL);
        uv_close((uv_handle_t *)&d->tick, NULL);
        uv_close((uv_handle_t *)&d->ended, NULL);
    }
}

static bool
start_control(struct daemon *d)
{
    uv_loop_t *uv = &d->control;

    d->term.data = d->interrupt.data = d->hangup.data = d->tick.data = d->ended.data = d;
    return uv_loop_init(uv) == 0 && uv_signal_init(uv, &d->term) == 0 &&
           uv_signal_init(uv, &d->interrupt) == 0 && uv_signal_init(uv, &d->hangup) == 0 &&
           uv_timer_init(uv, &d->tick) == 0 && uv_async_init(uv, &d->ended, on_ended) == 0 &&
           uv_signal_start(&d->term, on_stop, SIGTERM) == 0 &&
           uv_signal_start(&d->interrupt, on_stop, SIGINT) == 0 &&
           uv_signal_start(&d->hangup, on_hangup, SIGHUP) == 0 &&
           uv_timer_start(&d->tick, on_tick, 1000, 1000) == 0;
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

/* As many descriptors as we may have: each client needs one. */
static void
raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static bool
open_events(struct service *s, const struct settings *settings)
{
    const struct event_settings events = { .file = settings->events_file,
                                           .journal = EVENT_JOURNAL,
                                           .program = "sspid",
                                           .refusals_per_second = REFUSALS_PER_SECOND,
                                           .log = s->log };

    if (!settings->events_file) {
        log_warning(s->log, "no event file: [events] has no key file");
    }
    s->events = event_log_open(&events);
    return s->events != NULL;
}

static int
serve(const struct settings *settings, const struct options *o)
{
    const struct log log = log_on_stderr("sspid", o->verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
    struct daemon d = { .service = { .log = &log, .owner = &d } };
    size_t loops = o->loops ? o->loops : uv_available_parallelism();

    (void)signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    json_set_alloc_funcs(mem_new, mem_free);
    if (!open_events(&d.service, settings) || !open_listeners(&d.service, settings) ||
        !bind_all(&d, loops < MAX_LOOPS ? loops : MAX_LOOPS)) {
        clear(&d);
        return FAILED;
    }
    if (!start_loops(&d) || !start_control(&d) || !run(&d)) {
        log_error(&log, "the loops cannot be started: out of memory, descriptors or threads");
        event_log_close(d.service.events);
        _exit(FAILED); /* threads may run; what is left ends with the process */
    }
    log_info(&log, "stopped");
    clear(&d);
    return DONE;
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
    struct options o = { 0 };
    struct settings settings;
    struct config_error error;
    int status = read_options(argc, argv, &o);

    if (status >= 0) {
        return status;
    }
    secret_harden_process();
    if (!o.config_file) {
        o.config_file = config_default_file();
    }
    if (!read_configuration(o.config_file, &settings, &error)) {
        (void)fprintf(stderr, "sspid: %s\n", error.text);
        return USAGE;
    }
    if (o.check_only) {
        warn_of_keys(&settings);
        (void)printf("%s: good\n", o.config_file);
        status = DONE;
    } else {
        status = serve(&settings, &o);
    }
    settings_clear(&settings);
    return status;
}
