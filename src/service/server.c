/* SPDX-License-Identifier: Apache-2.0 */
/* sspid at work. */
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "daemon/notify.h"
#include "daemon/process.h"
#include "service/server.h"

/* libuv's pool, where legs wait for an account authority, each in a thread; libuv has 4. */
#define POOL_THREADS "16"

enum { SWEEP_TICKS = 5 }; /* seconds */

/* --- what the main thread's loop is told --------------------------------------------------- */

static void
on_stop(void *user, bool at_once)
{
    struct server *s = user;

    for (size_t i = 0; i < s->n_loops; i++) {
        loop_stop(&s->loops[i], at_once ? 2 : 1);
    }
}

static void
on_reload(void *user)
{
    server_reload(user);
}

/* As long as every loop has answered what it was asked a second ago. */
static void
tell_watchdog(struct server *s)
{
    bool alive = true;

    for (size_t i = 0; i < s->n_loops; i++) {
        alive = loop_answers(&s->loops[i]) && alive;
    }
    if (alive) {
        notify_systemd("WATCHDOG=1");
    }
}

static void
on_sweep(uv_work_t *work)
{
    struct server *s = work->data;

    site_sweep(s->swept, s->service.log, clock_monotonic_ms() / 1000);
}

static void
on_swept(uv_work_t *work, int status)
{
    struct server *s = work->data;

    (void)status;
    site_unref(s->swept);
    s->swept = NULL;
}

/* Files are looked at off the loop, and by one at a time. */
static void
sweep(struct server *s)
{
    if (++s->ticks % SWEEP_TICKS || s->swept || !site_is_shared(s->site)) {
        return;
    }
    s->swept = site_ref(s->site);
    s->sweep.data = s;
    if (uv_queue_work(&s->control, &s->sweep, on_sweep, on_swept) != 0) {
        on_swept(&s->sweep, UV_ENOMEM);
    }
}

static void
on_tick(void *user)
{
    struct server *s = user;

    event_log_tick(s->site->events->log);
    site_tick(s->site, uv_now(&s->control) / 1000);
    sweep(s);
    if (s->watched) {
        tell_watchdog(s);
    }
}

static void
on_told(uv_async_t *told)
{
    struct server *s = told->data;

    server_check_reloaded(s);
    /* When the last loop has ended, nothing keeps this one alive. */
    if (__atomic_load_n(&s->running, __ATOMIC_ACQUIRE) == 0) {
        signals_close(&s->signals);
        if (s->socket) {
            control_close(s->socket);
        }
        uv_close((uv_handle_t *)&s->told, NULL);
    }
}

static void
on_loop_ended(void *owner)
{
    struct server *s = owner;

    (void)__atomic_sub_fetch(&s->running, 1, __ATOMIC_ACQ_REL);
    (void)uv_async_send(&s->told);
}

static void
on_loop_taken(void *owner)
{
    struct server *s = owner;

    (void)__atomic_sub_fetch(&s->changing, 1, __ATOMIC_ACQ_REL);
    (void)uv_async_send(&s->told);
}

static bool
start_control(struct server *s)
{
    static const struct signals_events events = { on_stop, on_reload, on_tick };

    s->told.data = s;
    return uv_loop_init(&s->control) == 0 && uv_async_init(&s->control, &s->told, on_told) == 0 &&
           signals_start(&s->signals, &s->control, s->service.log, &events, s) &&
           server_open_control(s);
}

/* --- sockets ------------------------------------------------------------------------------- */

/* Its own socket, or one of systemd's, which all loops share. */
static bool
open_socket(struct server *s, struct port *port, size_t loop, char *why, size_t why_n)
{
    const struct listener_settings *l = port->listener->settings;
    int fd = activation_take(&s->activation, l->name, &l->address, why, why_n);

    if (fd == -1) {
        return port_bind(port, loop == 0, why, why_n);
    }
    if (fd < 0) {
        return false;
    }
    port_adopt(port, fd);
    return true;
}

static bool
bind_listener(struct server *s, struct listener *l, struct port **offers, char *refusal)
{
    bool fresh = l->endpoint->port == 0;
    char why[SERVER_WHY_BYTES] = "no memory";

    for (size_t i = 0; i < s->n_loops; i++) {
        struct port *port = port_new(&s->loops[i], l, &offers[i]);
        bool good = port != NULL;

        if (good && fresh && i > 0 && l->endpoint->is_shared) {
            good = port_share(port, offers[0]);
        } else if (good && fresh) {
            good = open_socket(s, port, i, why, sizeof(why));
        }
        if (!good) {
            log_error(s->service.log, "cannot listen", log_text("listener", l->settings->name),
                      log_text("address", l->settings->address_text), log_text("error", why));
            (void)snprintf(refusal, SERVER_WHY_BYTES, "[listener %s] address %s: %s",
                           l->settings->name, l->settings->address_text, why);
            return false;
        }
    }
    if (fresh) {
        log_info(s->service.log, "listening", log_text("listener", l->settings->name),
                 log_text("protocol", settings_protocol_name(l->settings)),
                 log_text("address", l->settings->address_text),
                 log_number("port", l->endpoint->port));
    }
    return true;
}

bool
server_bind(struct server *s, struct site *site, struct port **offers,
            char why[static SERVER_WHY_BYTES])
{
    for (size_t i = 0; i < site->n_listeners; i++) {
        if (!bind_listener(s, &site->listeners[i], offers, why)) {
            return false;
        }
    }
    return true;
}

/* --- its life ------------------------------------------------------------------------------ */

static bool
start_loops(struct server *s, struct port **ports)
{
    for (size_t i = 0; i < s->n_loops; i++) {
        if (!loop_init(&s->loops[i], &s->service) || !loop_start(&s->loops[i], ports[i])) {
            return false;
        }
    }
    return true;
}

static void
run_loop(void *user)
{
    loop_run(user);
}

/* Runs until it is told to stop. */
static bool
run(struct server *s)
{
    size_t started = 0;

    s->running = s->n_loops;
    while (started < s->n_loops &&
           uv_thread_create(&s->loops[started].thread, run_loop, &s->loops[started]) == 0) {
        started++;
    }
    if (started < s->n_loops) {
        return false;
    }
    log_info(s->service.log, "ready", log_number("loops", (int64_t)started));
    notify_systemd("READY=1");
    (void)uv_run(&s->control, UV_RUN_DEFAULT);
    (void)uv_loop_close(&s->control);
    for (size_t i = 0; i < started; i++) {
        (void)uv_thread_join(&s->loops[i].thread);
        loop_close(&s->loops[i]);
    }
    return true;
}

static void
clear(struct server *s)
{
    if (s->site && s->site->events) {
        process_tell_stopped(s->site->events->log);
    }
    mem_free(s->loops);
    site_unref(s->site);
    (void)pthread_mutex_destroy(&s->site_lock);
}

/* Before anything of a loop is set up: an address that is taken is the likely fault, and then there
 * is nothing to take down. */
static bool
prepare(struct server *s, struct settings *settings, struct port **ports)
{
    char why[SERVER_WHY_BYTES];

    s->site = site_new(settings, NULL);
    s->loops = mem_new_array(s->n_loops, sizeof(*s->loops));
    if (s->site && s->loops && site_open_events(s->site, NULL, s->service.log) &&
        site_acquire(s->site, s->service.log) && server_bind(s, s->site, ports, why)) {
        site_enter(s->site);
        process_tell_started(s->site->events->log);
        activation_end(&s->activation, s->service.log);
        return true;
    }
    for (size_t i = 0; i < s->n_loops; i++) {
        port_free_all(ports[i]);
    }
    return false;
}

int
server_run(struct server *s, struct settings *settings, const struct log *log, size_t loops)
{
    struct port *ports[SERVER_LOOPS_MAX] = { NULL };

    s->service = (struct service){ .log = log,
                                   .owner = s,
                                   .ended = on_loop_ended,
                                   .taken = on_loop_taken,
                                   .put_metrics = server_put_metrics };
    s->n_loops = loops;
    s->started = clock_to_unix(clock_now_100ns());
    s->started_us = clock_monotonic_us();
    (void)pthread_mutex_init(&s->site_lock, NULL);
    process_prepare();
    (void)setenv("UV_THREADPOOL_SIZE", POOL_THREADS, 0);
    s->watched = notify_is_watched();
    activation_begin(&s->activation, log);
    if (!prepare(s, settings, ports)) {
        clear(s);
        return PROCESS_FAILED;
    }
    if (!start_control(s) || !start_loops(s, ports) || !run(s)) {
        log_error(log, "the service cannot be started");
        (void)event_log_flush(s->site->events->log);
        _exit(PROCESS_FAILED); /* threads may run; what is left ends with the process */
    }
    log_info(log, "stopped");
    clear(s);
    return PROCESS_DONE;
}
