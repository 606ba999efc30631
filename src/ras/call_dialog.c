/* SPDX-License-Identifier: Apache-2.0 */
/* The dialogue of a call: what the security module does, and what the caller types. */
#include <opensspi/rasshost.h>

#include "ras/call_step.h"

enum { NO_ERROR_OF_END = 0, PPP_OPENING_BYTES = 4 };

/* --- the dialogue's parts ------------------------------------------------------------------ */

void
call_give_received(struct step *s, size_t n, uint32_t error)
{
    struct call *c = s->call;
    struct call_action *a = call_ask(s, DO_RECEIVED);

    c->receiving = false;
    c->receive_deadline_ms = CALL_NEVER;
    a->error = error;
    a->data = bytes_of(c->input, n);
}

/* Nothing is owed to the module any more, nor by it. */
void
call_void_dialog(struct call *c)
{
    c->dialog = DIALOG_NONE;
    c->receiving = false;
    c->receive_deadline_ms = CALL_NEVER;
}

/* The module's handle is stale from here on. */
static void
forget(struct step *s)
{
    call_void_dialog(s->call);
    (void)call_ask(s, DO_FORGET);
}

void
call_end_dialog(struct step *s)
{
    struct call *c = s->call;

    if (c->receiving) {
        call_give_received(s, 0, ERROR_PORT_DISCONNECTED);
    }
    c->dialog = DIALOG_ENDING;
    (void)call_ask(s, DO_END);
}

/* A module that is dead takes its calls with it. */
void
call_kill_module(struct step *s, const char *why)
{
    call_record(s, RECORD_MODULE_FAULT, why);
    call_ask(s, DO_KILL_MODULE)->text = why;
    call_void_dialog(s->call);
}

/* --- Dialog -------------------------------------------------------------------------------- */

void
call_on_begun(struct step *s)
{
    struct call *c = s->call;

    if (c->dialog != DIALOG_BEGINNING) {
        if (s->event->error) {
            call_record(s, RECORD_MODULE_FAULT, "Begin failed after Complete was called");
        }
        return;
    }
    if (s->event->error) {
        call_record(s, RECORD_DIALOG_ERROR, "Begin failed");
        forget(s);
        call_disconnect(s, "the module refused the call");
        return;
    }
    c->dialog = DIALOG_RUNNING;
    c->deadline_ms = s->now_ms + c->rules->dialog_ms;
}

void
call_on_send(struct step *s)
{
    if (s->call->completed) {
        call_record(s, RECORD_MODULE_FAULT, "Send after Complete");
        return;
    }
    call_ask(s, DO_SEND)->data = s->event->data;
}

/* The input that a Receive gets is in the call until the next step: only then the rest moves up. */
void
call_drop_delivered(struct call *c)
{
    c->input_n -= c->delivered;
    bytes_move(c->input, c->input + c->delivered, c->input_n);
    c->delivered = 0;
}

static void
satisfy_receive(struct step *s)
{
    struct call *c = s->call;
    size_t n = c->input_n < c->receive_size ? c->input_n : c->receive_size;

    if (c->receiving && n) {
        c->delivered = n;
        call_give_received(s, n, SUCCESS);
    }
}

void
call_on_receive(struct step *s)
{
    struct call *c = s->call;

    if (c->receiving || s->event->size == 0 || s->event->size > c->rules->receive_size) {
        call_kill_module(s, "a Receive that its host should have refused");
        call_disconnect(s, "the module broke the rules");
        return;
    }
    if (c->completed) {
        call_record(s, RECORD_MODULE_FAULT, "Receive after Complete");
        return;
    }
    c->receiving = true;
    c->receive_size = s->event->size;
    c->receive_deadline_ms =
        s->event->seconds ? s->now_ms + UINT64_C(1000) * s->event->seconds : CALL_NEVER;
    satisfy_receive(s);
}

/* 7E FF 7D 23 begins each frame of a caller who speaks PPP already, byte-stuffed as LCP has it. */
static bool
is_ppp(struct call *c, struct bytes data)
{
    static const uint8_t opening[PPP_OPENING_BYTES] = { 0x7E, 0xFF, 0x7D, 0x23 };

    for (size_t i = 0; i < data.n && c->ppp_match < sizeof(opening); i++) {
        if (data.p[i] == opening[c->ppp_match]) {
            c->ppp_match++;
        } else {
            c->ppp_match = data.p[i] == opening[0];
        }
    }
    return c->ppp_match == sizeof(opening);
}

void
call_on_input(struct step *s)
{
    struct call *c = s->call;
    struct bytes data = s->event->data;
    bool was_ppp = c->ppp_match == PPP_OPENING_BYTES;
    size_t room = sizeof(c->input) - c->input_n;

    if (is_ppp(c, data) && !was_ppp) {
        call_record(s, RECORD_PPP_EARLY, "the caller began PPP during the dialogue");
        if (c->rules->ppp_early == PPP_EARLY_REFUSE) {
            call_disconnect(s, "the caller does not take part in the dialogue");
            return;
        }
    }
    if (c->completed) {
        return; /* typed ahead: not for PPP */
    }
    data.n = data.n < room ? data.n : room; /* the line is not read while there is no room */
    bytes_copy(c->input + c->input_n, data.p, data.n);
    c->input_n += data.n;
    satisfy_receive(s);
}

static void
keep_name(char *to, size_t n, struct bytes from)
{
    from.n = from.n < n - 1 ? from.n : n - 1;
    bytes_copy(to, from.p, from.n);
    to[from.n] = 0;
}

static void
take_verdict(struct step *s)
{
    struct call *c = s->call;
    const struct call_event *e = s->event;

    switch (e->outcome) {
    case SECURITYMSG_SUCCESS:
        if (e->user.n == 0) {
            call_record(s, RECORD_MODULE_FAULT, "SUCCESS without a user's name");
            call_disconnect(s, "the module broke the rules");
            return;
        }
        keep_name(c->user, sizeof(c->user), e->user);
        keep_name(c->domain, sizeof(c->domain), e->domain);
        c->vetted = true;
        call_record(s, RECORD_DIALOG_SUCCESS, NULL);
        call_end_dialog(s);
        c->deadline_ms = s->now_ms + c->rules->end_guard_ms;
        return;
    case SECURITYMSG_FAILURE:
        call_record(s, RECORD_DIALOG_FAILURE, NULL);
        call_disconnect(s, "the module refused the caller");
        return;
    case SECURITYMSG_ERROR:
        call_record(s, RECORD_DIALOG_ERROR, NULL);
        call_disconnect(s, "the module failed");
        return;
    default:
        call_record(s, RECORD_MODULE_FAULT, "Complete with an unknown outcome");
        call_disconnect(s, "the module broke the rules");
    }
}

/* A worker may be done before Begin has returned: what Begin returns is then of no interest. */
void
call_on_complete(struct step *s)
{
    struct call *c = s->call;

    if (c->completed) {
        call_record(s, RECORD_MODULE_FAULT, "Complete was called twice");
        return;
    }
    c->completed = true;
    c->dialog = DIALOG_RUNNING;
    take_verdict(s);
}

void
call_on_ended(struct step *s)
{
    struct call *c = s->call;

    if (c->dialog != DIALOG_ENDING) {
        call_kill_module(s, "an End that nobody asked for");
        call_disconnect(s, "the module broke the rules");
        return;
    }
    if (s->event->error == NO_ERROR_OF_END) {
        call_record(s, RECORD_MODULE_FAULT, "End answered NO_ERROR after Complete");
    }
    forget(s);
    c->input_n = 0;
    (void)call_ask(s, DO_FLUSH);
    call_start_ppp(s);
}

void
call_on_module_died(struct step *s)
{
    call_record(s, RECORD_MODULE_FAULT, "the module's process ended");
    call_void_dialog(s->call);
    call_disconnect(s, "the module's process ended");
}

/* --- when the call is over already --------------------------------------------------------- */

void
call_on_late_begun(struct step *s)
{
    if (s->call->dialog != DIALOG_BEGINNING) {
        return;
    }
    if (s->event->error) {
        forget(s);
        call_listen_again(s);
        return;
    }
    call_end_dialog(s);
    s->call->deadline_ms = s->now_ms + s->call->rules->end_guard_ms;
}

/* End's answer is the other way round: nonzero is done, NO_ERROR promises a Complete. */
void
call_on_late_ended(struct step *s)
{
    struct call *c = s->call;

    if (c->dialog != DIALOG_ENDING) {
        return;
    }
    if (s->event->error == NO_ERROR_OF_END && !c->completed) {
        c->dialog = DIALOG_OWED;
        c->deadline_ms = s->now_ms + c->rules->end_guard_ms;
        return;
    }
    if (s->event->error == NO_ERROR_OF_END) {
        call_record(s, RECORD_MODULE_FAULT, "End answered NO_ERROR after Complete");
    }
    forget(s);
    call_listen_again(s);
}

/* The verdict comes too late to matter; that it came is what was owed. */
void
call_on_late_complete(struct step *s)
{
    struct call *c = s->call;

    if (c->completed) {
        call_record(s, RECORD_MODULE_FAULT, "Complete was called twice");
        return;
    }
    c->completed = true;
    if (c->dialog == DIALOG_OWED) {
        forget(s);
        call_listen_again(s);
    }
}

/* A Receive that crossed our End on the way. */
void
call_on_late_receive(struct step *s)
{
    if (s->call->dialog != DIALOG_NONE) {
        call_give_received(s, 0, ERROR_PORT_DISCONNECTED);
    }
}
