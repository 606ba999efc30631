/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a call. One function for each pair of state and event that means something; the
 * tables at the end say which. */
#include "ras/call.h"

#include <opensspi/rasshost.h>

#define NEVER UINT64_MAX

enum { NO_ERROR_OF_END = 0, PPP_OPENING_BYTES = 4 };

/* One step. */
struct step {
    struct call *call;
    const struct call_event *event;
    uint64_t now_ms, next_id;
    struct call_actions *out;
};

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
static struct call_action *
ask(struct step *s, enum call_action_kind kind)
{
    struct call_action *a = &s->out->list[s->out->n];

    *a = (struct call_action){ .kind = kind };
    s->out->n += s->out->n + 1 < CALL_ACTIONS_MAX;
    return a;
}

static struct call_action *
record(struct step *s, enum call_record what, const char *text)
{
    struct call_action *a = ask(s, DO_LOG);

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
    s->call->deadline_ms = limit_ms ? s->now_ms + limit_ms : NEVER;
}

/* --- the dialogue's parts ------------------------------------------------------------------ */

static void
give_received(struct step *s, size_t n, uint32_t error)
{
    struct call *c = s->call;
    struct call_action *a = ask(s, DO_RECEIVED);

    c->receiving = false;
    c->receive_deadline_ms = NEVER;
    a->error = error;
    a->data = bytes_of(c->input, n);
}

/* The module's handle is stale from here on, and what it was told of the call is void. */
static void
forget(struct step *s)
{
    s->call->dialog = DIALOG_NONE;
    s->call->receiving = false;
    s->call->receive_deadline_ms = NEVER;
    (void)ask(s, DO_FORGET);
}

static void
end_dialog(struct step *s)
{
    struct call *c = s->call;

    if (c->receiving) {
        give_received(s, 0, ERROR_PORT_DISCONNECTED);
    }
    c->dialog = DIALOG_ENDING;
    (void)ask(s, DO_END);
}

/* A module that is dead takes its calls with it. */
static void
kill_module(struct step *s, const char *why)
{
    record(s, RECORD_MODULE_FAULT, why);
    ask(s, DO_KILL_MODULE)->text = why;
    s->call->dialog = DIALOG_NONE;
    s->call->receiving = false;
    s->call->receive_deadline_ms = NEVER;
}

/* --- the end of a call --------------------------------------------------------------------- */

/* When line, pppd and module have all let go. */
static void
listen_again(struct step *s)
{
    struct call *c = s->call;

    if (c->line_busy || c->ppp_runs || c->dialog != DIALOG_NONE) {
        return;
    }
    record(s, RECORD_ENDED, c->end_text);
    enter(s, CALL_LISTENING, 0);
    c->vetted = c->completed = c->authenticated = false;
    c->input_n = 0;
    c->ppp_match = 0;
    c->user[0] = c->domain[0] = 0;
    c->end_text = NULL;
    c->id = 0;
    if (!c->stopping) {
        (void)ask(s, DO_LISTEN);
    }
}

static void
disconnect(struct step *s, const char *why)
{
    struct call *c = s->call;

    if (!c->end_text) {
        c->end_text = why;
    }
    if (c->dialog == DIALOG_RUNNING) {
        end_dialog(s);
    }
    if (c->ppp_runs) {
        (void)ask(s, DO_STOP_PPP);
    } else {
        (void)ask(s, DO_HANG_UP);
    }
    /* Begin has its own limit, which goes on. */
    enter(s, CALL_DISCONNECTING,
          c->dialog == DIALOG_ENDING      ? c->rules->end_guard_ms
          : c->dialog == DIALOG_BEGINNING ? c->rules->begin_ms
                                          : c->rules->hang_up_ms);
    listen_again(s);
}

static void
on_stop(struct step *s)
{
    s->call->stopping = true;
    if (s->call->state != CALL_LISTENING && s->call->state != CALL_DISCONNECTING) {
        disconnect(s, "the server stops");
    }
}

static void
on_hang_up(struct step *s)
{
    disconnect(s, "hung up by the operator");
}

static void
on_line_lost(struct step *s)
{
    disconnect(s, "the caller hung up");
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
    (void)ask(s, DO_ANSWER);
}

static void
start_ppp(struct step *s)
{
    s->call->ppp_runs = true;
    enter(s, CALL_AUTHENTICATING, s->call->rules->authenticate_ms);
    (void)ask(s, DO_START_PPP);
}

static void
on_carrier(struct step *s)
{
    struct call *c = s->call;

    record(s, RECORD_CALL, NULL);
    if (!c->rules->has_module) {
        start_ppp(s);
        return;
    }
    c->dialog = DIALOG_BEGINNING;
    enter(s, CALL_DIALOG, c->rules->begin_ms);
    (void)ask(s, DO_BEGIN);
}

static void
on_no_answer(struct step *s)
{
    record(s, RECORD_NO_ANSWER, "no carrier");
    disconnect(s, "no carrier");
}

/* --- Dialog -------------------------------------------------------------------------------- */

static void
on_begun(struct step *s)
{
    struct call *c = s->call;

    if (c->dialog != DIALOG_BEGINNING) {
        if (s->event->error) {
            record(s, RECORD_MODULE_FAULT, "Begin failed after Complete was called");
        }
        return;
    }
    if (s->event->error) {
        record(s, RECORD_DIALOG_ERROR, "Begin failed");
        forget(s);
        disconnect(s, "the module refused the call");
        return;
    }
    c->dialog = DIALOG_RUNNING;
    c->deadline_ms = s->now_ms + c->rules->dialog_ms;
}

static void
on_send(struct step *s)
{
    if (s->call->completed) {
        record(s, RECORD_MODULE_FAULT, "Send after Complete");
        return;
    }
    ask(s, DO_SEND)->data = s->event->data;
}

/* The input that a Receive gets is in the call until the next step: only then it moves up. */
static void
drop_input(struct call *c, size_t n)
{
    c->input_n -= n;
    bytes_move(c->input, c->input + n, c->input_n);
}

static void
satisfy_receive(struct step *s)
{
    struct call *c = s->call;
    size_t n = c->input_n < c->receive_size ? c->input_n : c->receive_size;

    if (c->receiving && n) {
        c->delivered = n;
        give_received(s, n, SUCCESS);
    }
}

static void
on_receive(struct step *s)
{
    struct call *c = s->call;

    if (c->receiving || s->event->size == 0 || s->event->size > c->rules->receive_size) {
        kill_module(s, "a Receive that its host should have refused");
        disconnect(s, "the module broke the rules");
        return;
    }
    if (c->completed) {
        record(s, RECORD_MODULE_FAULT, "Receive after Complete");
        return;
    }
    c->receiving = true;
    c->receive_size = s->event->size;
    c->receive_deadline_ms =
        s->event->seconds ? s->now_ms + UINT64_C(1000) * s->event->seconds : NEVER;
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

static void
on_input(struct step *s)
{
    struct call *c = s->call;
    struct bytes data = s->event->data;
    bool was_ppp = c->ppp_match == PPP_OPENING_BYTES;
    size_t room = sizeof(c->input) - c->input_n;

    if (is_ppp(c, data) && !was_ppp) {
        record(s, RECORD_PPP_EARLY, "the caller began PPP during the dialogue");
        if (c->rules->ppp_early == PPP_EARLY_REFUSE) {
            disconnect(s, "the caller does not take part in the dialogue");
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
            record(s, RECORD_MODULE_FAULT, "SUCCESS without a user's name");
            disconnect(s, "the module broke the rules");
            return;
        }
        keep_name(c->user, sizeof(c->user), e->user);
        keep_name(c->domain, sizeof(c->domain), e->domain);
        c->vetted = true;
        record(s, RECORD_DIALOG_SUCCESS, NULL);
        end_dialog(s);
        c->deadline_ms = s->now_ms + c->rules->end_guard_ms;
        return;
    case SECURITYMSG_FAILURE:
        record(s, RECORD_DIALOG_FAILURE, NULL);
        disconnect(s, "the module refused the caller");
        return;
    case SECURITYMSG_ERROR:
        record(s, RECORD_DIALOG_ERROR, NULL);
        disconnect(s, "the module failed");
        return;
    default:
        record(s, RECORD_MODULE_FAULT, "Complete with an unknown outcome");
        disconnect(s, "the module broke the rules");
    }
}

/* A worker may be done before Begin has returned: what Begin returns is then of no interest. */
static void
on_complete(struct step *s)
{
    struct call *c = s->call;

    if (c->completed) {
        record(s, RECORD_MODULE_FAULT, "Complete was called twice");
        return;
    }
    c->completed = true;
    c->dialog = DIALOG_RUNNING;
    take_verdict(s);
}

static void
on_ended_in_dialog(struct step *s)
{
    struct call *c = s->call;

    if (c->dialog != DIALOG_ENDING) {
        kill_module(s, "an End that nobody asked for");
        disconnect(s, "the module broke the rules");
        return;
    }
    if (s->event->error == NO_ERROR_OF_END) {
        record(s, RECORD_MODULE_FAULT, "End answered NO_ERROR after Complete");
    }
    forget(s);
    c->input_n = 0;
    (void)ask(s, DO_FLUSH);
    start_ppp(s);
}

static void
on_module_died(struct step *s)
{
    record(s, RECORD_MODULE_FAULT, "the module's process ended");
    s->call->dialog = DIALOG_NONE;
    s->call->receiving = false;
    s->call->receive_deadline_ms = NEVER;
    disconnect(s, "the module's process ended");
}

/* --- Authenticating, Connected ------------------------------------------------------------- */

static uint8_t
lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

/* Names of accounts are compared without case. Where either side names no domain, there is but
 * one. */
static bool
same(const char *vetted, struct bytes given)
{
    size_t n = strlen(vetted);

    if (n != given.n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (lower((uint8_t)vetted[i]) != lower(given.p[i])) {
            return false;
        }
    }
    return true;
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
    record(s, RECORD_PPP_SUCCESS, NULL);
    if (!c->vetted || c->rules->same_user == SAME_USER_IGNORE || is_vetted_user(c, s->event)) {
        return;
    }
    record(s, RECORD_USER_MISMATCH, "the PPP user is not the one whom the module vetted");
    if (c->rules->same_user == SAME_USER_REQUIRE) {
        c->authenticated = false;
        disconnect(s, "the PPP user is not the one whom the module vetted");
    }
}

static void
on_ppp_refused(struct step *s)
{
    record(s, RECORD_PPP_FAILURE, NULL);
    s->call->end_text = "PPP authentication failed";
}

static void
on_ppp_up(struct step *s)
{
    if (!s->call->authenticated) {
        disconnect(s, "PPP came up without authentication");
        return;
    }
    record(s, RECORD_CONNECTED, NULL);
    s->call->end_text = NULL;
    enter(s, CALL_CONNECTED, 0);
}

static void
on_ppp_ended(struct step *s)
{
    s->call->ppp_runs = false;
    disconnect(s, s->call->authenticated ? "PPP ended" : "PPP ended before authentication");
}

/* --- Disconnecting ------------------------------------------------------------------------- */

static void
on_hung_up(struct step *s)
{
    s->call->line_busy = false;
    listen_again(s);
}

static void
on_late_ppp_ended(struct step *s)
{
    s->call->ppp_runs = false;
    (void)ask(s, DO_HANG_UP);
    s->call->deadline_ms = s->now_ms + s->call->rules->hang_up_ms;
}

static void
on_late_begun(struct step *s)
{
    if (s->call->dialog != DIALOG_BEGINNING) {
        return;
    }
    if (s->event->error) {
        forget(s);
        listen_again(s);
        return;
    }
    end_dialog(s);
    s->call->deadline_ms = s->now_ms + s->call->rules->end_guard_ms;
}

/* End's answer is the other way round: nonzero is done, NO_ERROR promises a Complete. */
static void
on_late_ended(struct step *s)
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
        record(s, RECORD_MODULE_FAULT, "End answered NO_ERROR after Complete");
    }
    forget(s);
    listen_again(s);
}

/* The verdict comes too late to matter; that it came is what was owed. */
static void
on_late_complete(struct step *s)
{
    struct call *c = s->call;

    if (c->completed) {
        record(s, RECORD_MODULE_FAULT, "Complete was called twice");
        return;
    }
    c->completed = true;
    if (c->dialog == DIALOG_OWED) {
        forget(s);
        listen_again(s);
    }
}

/* A Receive that crossed our End on the way. */
static void
on_late_receive(struct step *s)
{
    s->call->receiving = true;
    give_received(s, 0, ERROR_PORT_DISCONNECTED);
}

static void
on_late_module_died(struct step *s)
{
    s->call->dialog = DIALOG_NONE;
    listen_again(s);
}

/* --- deadlines ----------------------------------------------------------------------------- */

static void
on_time_in_dialog(struct step *s)
{
    switch (s->call->dialog) {
    case DIALOG_BEGINNING:
        kill_module(s, "Begin did not return in time");
        disconnect(s, "the module did not answer");
        break;
    case DIALOG_ENDING:
        kill_module(s, "End did not return in time");
        disconnect(s, "the module did not answer");
        break;
    default: disconnect(s, "the dialogue took too long");
    }
}

static void
on_time_disconnecting(struct step *s)
{
    switch (s->call->dialog) {
    case DIALOG_BEGINNING: kill_module(s, "Begin did not return in time"); break;
    case DIALOG_ENDING: kill_module(s, "End did not return in time"); break;
    case DIALOG_OWED: kill_module(s, "End promised a Complete that did not come"); break;
    default:
        /* Line or pppd: asked again, as often as it takes. */
        (void)ask(s, s->call->ppp_runs ? DO_STOP_PPP : DO_HANG_UP);
    }
    s->call->deadline_ms = s->now_ms + s->call->rules->hang_up_ms;
    listen_again(s);
}

static void
on_deadline(struct step *s)
{
    switch (s->call->state) {
    case CALL_ANSWERING: on_no_answer(s); break;
    case CALL_DIALOG: on_time_in_dialog(s); break;
    case CALL_AUTHENTICATING: disconnect(s, "PPP authentication took too long"); break;
    case CALL_DISCONNECTING: on_time_disconnecting(s); break;
    default: break;
    }
}

static void
check_deadlines(struct step *s)
{
    struct call *c = s->call;

    if (c->receiving && s->now_ms >= c->receive_deadline_ms) {
        give_received(s, 0, ERROR_REQUEST_TIMEOUT);
    }
    if (s->now_ms >= c->deadline_ms) {
        c->deadline_ms = NEVER;
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
        [EVENT_INPUT] = on_input,
        [EVENT_LINE_LOST] = on_line_lost,
        [EVENT_BEGUN] = on_begun,
        [EVENT_SEND] = on_send,
        [EVENT_RECEIVE] = on_receive,
        [EVENT_COMPLETE] = on_complete,
        [EVENT_ENDED] = on_ended_in_dialog,
        [EVENT_MODULE_DIED] = on_module_died,
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
        [EVENT_BEGUN] = on_late_begun,
        [EVENT_RECEIVE] = on_late_receive,
        [EVENT_COMPLETE] = on_late_complete,
        [EVENT_ENDED] = on_late_ended,
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
        .deadline_ms = NEVER,
        .receive_deadline_ms = NEVER,
    };
}

void
call_step(struct call *c, const struct call_event *event, uint64_t now_ms, uint64_t next_id,
          struct call_actions *out)
{
    struct step s = { c, event, now_ms, next_id, out };
    handler handle;

    out->n = 0;
    drop_input(c, c->delivered);
    c->delivered = 0;
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
    return c->input_n - c->delivered < sizeof(c->input);
}
