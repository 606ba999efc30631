/* SPDX-License-Identifier: Apache-2.0 */
/* One step of a call's state machine: what its handlers share. */
#ifndef RAS_CALL_STEP_H
#define RAS_CALL_STEP_H

#include "ras/call.h"

#define CALL_NEVER UINT64_MAX

struct step {
    struct call *call;
    const struct call_event *event;
    uint64_t now_ms, next_id;
    struct call_actions *out;
};

/* --- call.c -------------------------------------------------------------------------------- */

struct call_action *call_ask(struct step *, enum call_action_kind);
struct call_action *call_record(struct step *, enum call_record, const char *text);
void call_start_ppp(struct step *);
void call_disconnect(struct step *, const char *why);
/* When line, pppd and module have all let go. */
void call_listen_again(struct step *);

/* --- call_dialog.c ------------------------------------------------------------------------- */

void call_give_received(struct step *, size_t n, uint32_t error);
/* Drops what the last step handed out. */
void call_drop_delivered(struct call *);
void call_end_dialog(struct step *);
void call_void_dialog(struct call *);
/* A module that is dead takes its calls with it. */
void call_kill_module(struct step *, const char *why);

void call_on_begun(struct step *);
void call_on_send(struct step *);
void call_on_receive(struct step *);
void call_on_input(struct step *);
void call_on_complete(struct step *);
void call_on_ended(struct step *);
void call_on_module_died(struct step *);
void call_on_late_begun(struct step *);
void call_on_late_receive(struct step *);
void call_on_late_complete(struct step *);
void call_on_late_ended(struct step *);

#endif
