/* SPDX-License-Identifier: Apache-2.0 */
/* A pty for pppd, where the line is no tty: what pppd says on it goes to the line. */
#ifndef RAS_PUMP_H
#define RAS_PUMP_H

#include <stdbool.h>

#include <uv.h>

#include "base/bytes.h"

struct pump;
struct pump_events {
    void (*output)(void *owner, struct bytes data); /* from pppd */
    void (*drained)(void *owner);                   /* pump_send takes all again */
};

/* A master and a slave in raw mode; -1: errno says why. The slave is in blocking mode. */
int pump_open_pty(int *slave);

/* *slave is for pppd, owned by the caller. NULL: it cannot. */
struct pump *pump_new(uv_loop_t *, const struct pump_events *, void *owner, int *slave);
/* To pppd. false: its queue is full, and what did not fit is lost. */
bool pump_send(struct pump *, struct bytes data);
bool pump_is_full(const struct pump *);
/* Whether pppd's bytes are wanted. */
void pump_read(struct pump *, bool on);
/* Frees it; no callback follows. */
void pump_close(struct pump *);

#endif
