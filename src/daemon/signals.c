/* SPDX-License-Identifier: Apache-2.0 */
/* The signals that end a daemon or have it read its files anew, and its tick. */
#include <signal.h>
#include <string.h>

#include "daemon/notify.h"
#include "daemon/signals.h"

enum { TICK_MS = 1000 };

static void
on_stop(uv_signal_t *signal, int number)
{
    struct signals *s = signal->data;
    bool at_once = s->stops++ > 0;

    log_info(s->log, at_once ? "stopping at once" : "stopping",
             log_text("signal", strsignal(number)));
    if (!at_once) {
        notify_systemd("STOPPING=1");
    }
    s->events->stop(s->user, at_once);
}

static void
on_hangup(uv_signal_t *signal, int number)
{
    struct signals *s = signal->data;

    (void)number;
    s->events->reload(s->user);
}

static void
on_tick(uv_timer_t *timer)
{
    struct signals *s = timer->data;

    s->events->tick(s->user);
}

bool
signals_start(struct signals *s, uv_loop_t *loop, const struct log *log,
              const struct signals_events *events, void *user)
{
    *s = (struct signals){ .log = log, .events = events, .user = user };
    s->term.data = s->interrupt.data = s->hangup.data = s->tick.data = s;
    s->has_handles = uv_signal_init(loop, &s->term) == 0 &&
                     uv_signal_init(loop, &s->interrupt) == 0 &&
                     uv_signal_init(loop, &s->hangup) == 0 && uv_timer_init(loop, &s->tick) == 0;
    return s->has_handles && uv_signal_start(&s->term, on_stop, SIGTERM) == 0 &&
           uv_signal_start(&s->interrupt, on_stop, SIGINT) == 0 &&
           uv_signal_start(&s->hangup, on_hangup, SIGHUP) == 0 &&
           uv_timer_start(&s->tick, on_tick, TICK_MS, TICK_MS) == 0;
}

void
signals_close(struct signals *s)
{
    if (s->has_handles) {
        s->has_handles = false;
        uv_close((uv_handle_t *)&s->term, NULL);
        uv_close((uv_handle_t *)&s->interrupt, NULL);
        uv_close((uv_handle_t *)&s->hangup, NULL);
        uv_close((uv_handle_t *)&s->tick, NULL);
    }
}
