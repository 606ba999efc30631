/* SPDX-License-Identifier: Apache-2.0 */
/* One loop: a thread, its ports, its connections, and how it ends. */
#include "service/service.h"

enum { DRAIN_MS = 10000 }; /* what runs when the service is told to stop may run so long */

static void
stop_connections(struct loop *loop, bool now)
{
    struct connection *next;

    for (struct connection *c = loop->connections; c; c = next) {
        next = c->next;
        c->stop(c, now);
    }
}

static void
close_rest(struct loop *loop)
{
    if (loop->closed) {
        return;
    }
    loop->closed = true;
    /* Another thread may still send to it; loop_close closes it. */
    uv_unref((uv_handle_t *)&loop->wake);
    uv_close((uv_handle_t *)&loop->drain_timer, NULL);
}

/* From a timer, so that no connection's own call is on the stack. */
static void
on_drain(uv_timer_t *timer)
{
    struct loop *loop = timer->data;

    if (!loop->connections) {
        close_rest(loop);
        return;
    }
    log_warning(loop->service->log, "connections cut: they did not end in time");
    stop_connections(loop, true);
}

void
loop_check_drained(struct loop *loop)
{
    if (loop->draining && !loop->closed && !loop->connections) {
        (void)uv_timer_start(&loop->drain_timer, on_drain, 0, 0);
    }
}

static void
stop_ports(struct loop *loop)
{
    while (loop->ports) {
        struct port *port = loop->ports;

        loop->ports = port->next;
        port_stop(port);
    }
}

/* Takes the port of the same endpoint out of the list. */
static struct port *
pick(struct port **list, const struct endpoint *endpoint)
{
    for (struct port **at = list; *at; at = &(*at)->next) {
        struct port *port = *at;

        if (port->listener->endpoint == endpoint) {
            *at = port->next;
            return port;
        }
    }
    return NULL;
}

/* A port whose endpoint the new configuration has not: who is idle there is let go. */
static void
retire(struct port *port)
{
    struct connection *next;

    port_ref(port);
    port_stop(port);
    for (struct connection *c = port->loop->connections; c; c = next) {
        next = c->next;
        if (c->port == port) {
            c->stop(c, false);
        }
    }
    port_unref(port);
}

static bool
take_ports(struct loop *loop, struct port *offered)
{
    struct port *before = loop->ports, *next, *same;
    bool good = true;

    loop->ports = NULL;
    for (struct port *port = offered; port; port = next) {
        next = port->next;
        same = pick(&before, port->listener->endpoint);
        if (same) {
            port_take_over(port, same);
        }
        port->next = loop->ports;
        loop->ports = port;
        if (!port_start(port)) {
            log_error(loop->service->log, "a listener is lost: out of memory or descriptors",
                      log_text("listener", port->listener->settings->name));
            loop->ports = port->next; /* what it has stays with it */
            good = false;
        }
    }
    while (before) {
        next = before->next;
        retire(before);
        before = next;
    }
    return good;
}

static void
take_offer(struct loop *loop)
{
    struct port *offered = __atomic_exchange_n(&loop->offered, NULL, __ATOMIC_ACQ_REL);

    if (!offered) {
        return;
    }
    if (loop->draining || loop->closed) {
        port_free_all(offered);
    } else {
        (void)take_ports(loop, offered); /* the log has told */
    }
    loop->service->taken(loop->service->owner);
}

static void
on_wake(uv_async_t *wake)
{
    struct loop *loop = wake->data;
    int how = __atomic_load_n(&loop->stopping, __ATOMIC_ACQUIRE);

    __atomic_store_n(&loop->answered, __atomic_load_n(&loop->asked, __ATOMIC_ACQUIRE),
                     __ATOMIC_RELEASE);
    take_offer(loop);
    if (loop->closed || how == 0) {
        return;
    }
    if (!loop->draining) {
        loop->draining = true;
        stop_ports(loop);
        (void)uv_timer_start(&loop->drain_timer, on_drain, DRAIN_MS, 0);
    }
    stop_connections(loop, how > 1);
    loop_check_drained(loop);
}

bool
loop_init(struct loop *loop, struct service *service)
{
    loop->service = service;
    if (uv_loop_init(&loop->uv) != 0) {
        return false;
    }
    loop->wake.data = loop->drain_timer.data = loop;
    return uv_async_init(&loop->uv, &loop->wake, on_wake) == 0 &&
           uv_timer_init(&loop->uv, &loop->drain_timer) == 0;
}

bool
loop_start(struct loop *loop, struct port *ports)
{
    return take_ports(loop, ports);
}

void
loop_run(struct loop *loop)
{
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    loop->service->ended(loop->service->owner);
}

void
loop_close(struct loop *loop)
{
    uv_close((uv_handle_t *)&loop->wake, NULL);
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    (void)uv_loop_close(&loop->uv);
    port_free_all(loop->offered); /* it came too late */
}

void
loop_stop(struct loop *loop, int how)
{
    __atomic_store_n(&loop->stopping, how, __ATOMIC_RELEASE);
    (void)uv_async_send(&loop->wake);
}

void
loop_offer(struct loop *loop, struct port *ports)
{
    __atomic_store_n(&loop->offered, ports, __ATOMIC_RELEASE);
    (void)uv_async_send(&loop->wake);
}

bool
loop_answers(struct loop *loop)
{
    bool answered = __atomic_load_n(&loop->answered, __ATOMIC_ACQUIRE) == loop->asked;

    if (answered) {
        (void)__atomic_add_fetch(&loop->asked, 1, __ATOMIC_RELEASE);
    }
    (void)uv_async_send(&loop->wake);
    return answered;
}
