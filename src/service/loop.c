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
    for (size_t i = 0; i < loop->n_ports; i++) {
        if (loop->ports[i].http) {
            http_port_stop(loop->ports[i].http);
            loop->ports[i].http = NULL;
        }
    }
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
on_wake(uv_async_t *wake)
{
    struct loop *loop = wake->data;
    int how = __atomic_load_n(&loop->stopping, __ATOMIC_ACQUIRE);

    if (loop->closed || how == 0) {
        return;
    }
    if (!loop->draining) {
        loop->draining = true;
        for (size_t i = 0; i < loop->n_ports; i++) {
            port_stop(&loop->ports[i]);
        }
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

void
loop_run(struct loop *loop)
{
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void
loop_close(struct loop *loop)
{
    uv_close((uv_handle_t *)&loop->wake, NULL);
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    (void)uv_loop_close(&loop->uv);
}

void
loop_stop(struct loop *loop, int how)
{
    __atomic_store_n(&loop->stopping, how, __ATOMIC_RELEASE);
    (void)uv_async_send(&loop->wake);
}
