/* SPDX-License-Identifier: Apache-2.0 */
/* The signals that end a daemon or have it read its files anew, and its tick, on a loop. */
#ifndef DAEMON_SIGNALS_H
#define DAEMON_SIGNALS_H

#include <stdbool.h>
#include <uv.h>

#include "base/attributes.h"
#include "base/log.h"

struct signals_events {
    void (*stop)(void *user, bool at_once); /* SIGTERM, SIGINT; at_once: not the first one */
    void (*reload)(void *user);             /* SIGHUP */
    void (*tick)(void *user);               /* once a second */
};

struct signals {
    uv_signal_t term, interrupt, hangup;
    uv_timer_t tick;
    const struct log *log;
    const struct signals_events *events;
    void *user;
    int stops;
    bool has_handles;
};

/* Borrows all until signals_close. false: nothing works any more, but signals_close may be called. */
SEC_NODISCARD bool signals_start(struct signals *, uv_loop_t *, const struct log *,
                                 const struct signals_events *, void *user);
/* Lets the loop end; idempotent. */
void signals_close(struct signals *);

#endif
