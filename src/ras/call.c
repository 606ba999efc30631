/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a call. One function for each pair of state and event that means something; the
 * tables at the end say which. */
#include <opensspi/rasshost.h>

#include "ras/call_step.h"

const char *
call_state_name(enum call_state state)
{
    static const char *const names[CALL_STATES] = {
        [CALL_LISTENING] = "Listening", [CALL_ANSWERING] = "Answering",
        [CALL_DIALOG] = "Dialog",       [CALL_AUTHENTICATING] = "Authenticating",
        [CALL_CONNECTED] = "Connected", [CALL_DISCONNECTING] = "Disconnecting",
    };

    return names[state];
}

/* --- actions ------------------------------------------------------------------------------- */

/* No step asks for more than half of what fits. */
struct call_action *
call_ask(struct step *s, enum call_action_kind kind)
{
    struct call_action *a = &s->out->list[s->out->n];

    *a = (struct call_action){ .kind = kind };
    s->out->n += s->out->n + 1 < CALL_ACTIONS_MAX;
    return a;
}

struct call_action *
call_record(struct step *s, enum call_record what, const char *text)
{
    struct call_action *a = call_ask(s, DO_LOG);

    a->record = what;
    a->text = text;
    a->error = s->event->error;
    a->user = s->event->user;
    a->domain = s->event->domain;
    return a;
}

static void
enter(struct step *s, enum call_state state, uint32_t limit_ms)
{
    s->call->state = state;
    s->call->since_ms = s->now_ms;
    s->call->deadline_ms = limit_ms ? s->now_ms + limit_ms : CALL_NEVER;
}

/* --- the end of a call --------------------------------------------------------------------- */

/* When line, pppd and module have all let go. */
void
call_listen_again(struct step *s)
{
    struct call *c = s->call;

    if (c->line_busy || c->ppp_runs || c->dialog != DIALOG_NONE) {
        return;
    }
    call_record(s, RECORD_ENDED, c->end_text);
    enter(s, CALL_LISTENING, 0);
    c->vetted = c->completed = c->authenticated = false;
    c->input_n = 0;
    c->ppp_match = 0;
    c->user[0] = c->domain[0] = 0;
    c->end_text = NULL;
    c->id = 0;
    if (!c->stopping) {
        (void)call_ask(s, DO_LISTEN);
    }
}

void
call_disconnect(struct step *s, const char *why)
{
    struct call *c = s->call;

    if (!c->end_text) {
        c->end_text = why;
    }
    if (c->dialog == DIALOG_RUNNING) {
        call_end_dialog(s);
    }
    if (c->ppp_runs) {
        (void)call_ask(s, DO_STOP_PPP);
    } else {
        (void)call_ask(s, DO_HANG_UP);
    }
    /* Begin has its own limit, which goes on. */
    enter(s, CALL_DISCONNECTING,
          c->dialog == DIALOG_ENDING      ? c->rules->end_guard_ms
          : c->dialog == DIALOG_BEGINNING ? c->rules->begin_ms
                                          : c->rules->hang_up_ms);
    call_listen_again(s);
}

static void
on_stop(struct step *s)
{
    s->call->stopping = true;
    if (s->call->state != CALL_LISTENING && s->call->state != CALL_DISCONNECTING) {
        call_disconnect(s, "the server stops");
    }
}

static void
on_hang_up(struct step *s)
{
    call_disconnect(s, "hung up by the operator");
}

static void
on_line_lost(struct step *s)
{
    call_disconnect(s, "the caller hung up");
}

/* --- Listening, Answering ------------------------------------------------------------------ */

static void
on_call(struct step *s)
{
    struct call *c = s->call;

    if (c->stopping) {
        return;
    }
    c->id = s->next_id;
    c->line_busy = true;
    enter(s, CALL_ANSWERING, c->rules->answer_ms);
    (void)call_ask(s, DO_ANSWER);
}

void
call_start_ppp(struct step *s)
{
    s->call->ppp_runs = true;
    enter(s, CALL_AUTHENTICATING, s->call->rules->authenticate_ms);
    (void)call_ask(s, DO_START_PPP);
}

static void
on_carrier(struct step *s)
{
    struct call *c = s->call;

    call_record(s, RECORD_CALL, NULL);
    if (!c->rules->has_module) {
        call_start_ppp(s);
        return;
    }
    c->dialog = DIALOG_BEGINNING;
    enter(s, CALL_DIALOG, c->rules->begin_ms);
    (void)call_ask(s, DO_BEGIN);
}

static void
on_no_answer(struct step *s)
{
    call_record(s, RECORD_NO_ANSWER, "no carrier");
    call_disconnect(s, "no carrier");
}

/* --- Authenticating, Connected ------------------------------------------------------------- */

/* Names of accounts are compared without case. Where either side names no domain, there is but
 * one. */
static bool
same(const char *vetted, struct bytes given)
{
    return bytes_equal_nocase(bytes_of_string(vetted), given);
}

static bool
is_vetted_user(const struct call *c, const struct call_event *e)
{
    bool domains = !c->domain[0] || e->domain.n == 0 || same(c->domain, e->domain);

    return same(c->user, e->user) && domains;
}

static void
on_ppp_authenticated(struct step *s)
{
    struct call *c = s->call;

    c->authenticated = true;
    call_record(s, RECORD_PPP_SUCCESS, NULL);
    if (!c->vetted || c->rules->same_user == SAME_USER_IGNORE || is_vetted_user(c, s->event)) {
        return;
    }
    call_record(s, RECORD_USER_MISMATCH, "the PPP user is not the one whom the module vetted");
    if (c->rules->same_user == SAME_USER_REQUIRE) {
        c->authenticated = false;
        call_disconnect(s, "the PPP user is not the one whom the module vetted");
    }
}

static void
on_ppp_refused(struct step *s)
{
    call_record(s, RECORD_PPP_FAILURE, NULL);
    s->call->end_text = "PPP authentication failed";
}

static void
on_ppp_up(struct step *s)
{
    if (!s->call->authenticated) {
        call_disconnect(s, "PPP came up without authentication");
        return;
    }
    call_record(s, RECORD_CONNECTED, NULL);
    s->call->end_text = NULL;
    enter(s, CALL_CONNECTED, 0);
}

static void
on_ppp_ended(struct step *s)
{
    s->call->ppp_runs = false;
    call_disconnect(s, s->call->authenticated ? "PPP ended" : "PPP ended before authentication");
}

/* --- Disconnecting ------------------------------------------------------------------------- */

static void
on_hung_up(struct step *s)
{
    s->call->line_busy = false;
    call_listen_again(s);
}

static void
on_late_ppp_ended(struct step *s)
{
    s->call->ppp_runs = false;
    (void)call_ask(s, DO_HANG_UP);
    s->call->deadline_ms = s->now_ms + s->call->rules->hang_up_ms;
}

static void
on_late_module_died(struct step *s)
{
    call_void_dialog(s->call);
    call_listen_again(s);
}

/* --- deadlines ----------------------------------------------------------------------------- */

static void
on_time_in_dialog(struct step *s)
{
    switch (s->call->dialog) {
    case DIALOG_BEGINNING:
        call_kill_module(s, "Begin did not return in time");
        call_disconnect(s, "the module did not answer");
        break;
    case DIALOG_ENDING:
        call_kill_module(s, "End did not return in time");
        call_disconnect(s, "the module did not answer");
        break;
    default: call_disconnect(s, "the dialogue took too long");
    }
}

static void
on_time_disconnecting(struct step *s)
{
    switch (s->call->dialog) {
    case DIALOG_BEGINNING: call_kill_module(s, "Begin did not return in time"); break;
    case DIALOG_ENDING: call_kill_module(s, "End did not return in time"); break;
    case DIALOG_OWED: call_kill_module(s, "End promised a Complete that did not come"); break;
    default:
        /* Line or pppd: asked again, as often as it takes. */
        (void)call_ask(s, s->call->ppp_runs ? DO_STOP_PPP : DO_HANG_UP);
    }
    s->call->deadline_ms = s->now_ms + s->call->rules->hang_up_ms;
    call_listen_again(s);
}

static void
on_deadline(struct step *s)
{
    switch (s->call->state) {
    case CALL_ANSWERING: on_no_answer(s); break;
    case CALL_DIALOG: on_time_in_dialog(s); break;
    case CALL_AUTHENTICATING: call_disconnect(s, "PPP authentication took too long"); break;
    case CALL_DISCONNECTING: on_time_disconnecting(s); break;
    default: break;
    }
}

static void
check_deadlines(struct step *s)
{
    struct call *c = s->call;

    if (c->receiving && s->now_ms >= c->receive_deadline_ms) {
        call_give_received(s, 0, ERROR_REQUEST_TIMEOUT);
    }
    if (s->now_ms >= c->deadline_ms) {
        c->deadline_ms = CALL_NEVER;
        on_deadline(s);
    }
}

/* --- tables -------------------------------------------------------------------------------- */

typedef void (*handler)(struct step *);

static const handler handlers[CALL_STATES][CALL_EVENTS] = {
    [CALL_LISTENING] = {
        [EVENT_CALL] = on_call,
        [EVENT_STOP] = on_stop,
    },
    [CALL_ANSWERING] = {
        [EVENT_CARRIER] = on_carrier,
        [EVENT_NO_ANSWER] = on_no_answer,
        [EVENT_LINE_LOST] = on_line_lost,
        [EVENT_HANG_UP] = on_hang_up,
        [EVENT_STOP] = on_stop,
    },
    [CALL_DIALOG] = {
        [EVENT_INPUT] = call_on_input,
        [EVENT_LINE_LOST] = on_line_lost,
        [EVENT_BEGUN] = call_on_begun,
        [EVENT_SEND] = call_on_send,
        [EVENT_RECEIVE] = call_on_receive,
        [EVENT_COMPLETE] = call_on_complete,
        [EVENT_ENDED] = call_on_ended,
        [EVENT_MODULE_DIED] = call_on_module_died,
        [EVENT_HANG_UP] = on_hang_up,
        [EVENT_STOP] = on_stop,
    },
    [CALL_AUTHENTICATING] = {
        [EVENT_LINE_LOST] = on_line_lost,
        [EVENT_PPP_AUTHENTICATED] = on_ppp_authenticated,
        [EVENT_PPP_REFUSED] = on_ppp_refused,
        [EVENT_PPP_UP] = on_ppp_up,
        [EVENT_PPP_ENDED] = on_ppp_ended,
        [EVENT_HANG_UP] = on_hang_up,
        [EVENT_STOP] = on_stop,
    },
    [CALL_CONNECTED] = {
        [EVENT_LINE_LOST] = on_line_lost,
        [EVENT_PPP_ENDED] = on_ppp_ended,
        [EVENT_HANG_UP] = on_hang_up,
        [EVENT_STOP] = on_stop,
    },
    [CALL_DISCONNECTING] = {
        [EVENT_BEGUN] = call_on_late_begun,
        [EVENT_RECEIVE] = call_on_late_receive,
        [EVENT_COMPLETE] = call_on_late_complete,
        [EVENT_ENDED] = call_on_late_ended,
        [EVENT_MODULE_DIED] = on_late_module_died,
        [EVENT_PPP_ENDED] = on_late_ppp_ended,
        [EVENT_HUNG_UP] = on_hung_up,
        [EVENT_STOP] = on_stop,
    },
};

void
call_init(struct call *c, const struct call_rules *rules, uint64_t now_ms)
{
    *c = (struct call){
        .rules = rules,
        .since_ms = now_ms,
        .deadline_ms = CALL_NEVER,
        .receive_deadline_ms = CALL_NEVER,
    };
}

void
call_step(struct call *c, const struct call_event *event, uint64_t now_ms, uint64_t next_id,
          struct call_actions *out)
{
    struct step s = { c, event, now_ms, next_id, out };
    handler handle;

    out->n = 0;
    call_drop_delivered(c);
    check_deadlines(&s);
    handle = handlers[c->state][event->kind];
    if (handle) {
        handle(&s);
    }
}

uint64_t
call_deadline(const struct call *c)
{
    return c->receiving && c->receive_deadline_ms < c->deadline_ms ? c->receive_deadline_ms
                                                                   : c->deadline_ms;
}

bool
call_wants_input(const struct call *c)
{
    return c->input_n - c->delivered + CALL_CHUNK_BYTES <= sizeof(c->input);
}
