/* SPDX-License-Identifier: Apache-2.0 */
/* The outcomes of calls, as events and in rasd's own log. */
#include <string.h>

#include "ras/code_check.h"
#include "ras/error_name.h"
#include "ras/port_record.h"

/* Without the port of "192.0.2.7:5000", "[2001:db8::7]:5000". */
static void
keep_address(char *to, const char *peer)
{
    const char *colon = strrchr(peer, ':');
    size_t n = colon ? (size_t)(colon - peer) : 0;
    bool brackets = n >= 2 && peer[0] == '[';

    if (brackets) {
        peer++;
        n -= 2;
    }
    bytes_copy(to, peer, n);
    to[n] = 0;
}

void
port_account_begin(struct port_account *account, uint64_t call, const struct line *line,
                   uint64_t now_ms)
{
    char peer[sizeof(account->address)] = "";

    *account = (struct port_account){ .call = call, .begun_ms = now_ms };
    (void)line->ops->describe(line, peer, sizeof(peer));
    keep_address(account->address, peer);
}

/* --- one function for each record ---------------------------------------------------------- */

struct recording {
    const struct port_account *account;
    const struct call_action *action;
    uint64_t now_ms;
};

static void
tell_call(struct event_ras *e, const struct recording *r)
{
    (void)r;
    e->id = EVENT_RAS_CALL;
}

static void
tell_no_answer(struct event_ras *e, const struct recording *r)
{
    (void)r;
    e->id = EVENT_RAS_NO_ANSWER;
}

static void
tell_dialog_success(struct event_ras *e, const struct recording *r)
{
    (void)r;
    e->id = EVENT_RAS_DIALOG_SUCCESS;
    e->error = 0;
}

static void
tell_dialog_failure(struct event_ras *e, const struct recording *r)
{
    (void)r;
    e->id = EVENT_RAS_DIALOG_FAILURE;
    e->failure = true;
    e->error = 0;
}

static void
tell_dialog_error(struct event_ras *e, const struct recording *r)
{
    (void)r;
    e->id = EVENT_RAS_DIALOG_ERROR;
    e->failure = true;
}

static void
tell_module_fault(struct event_ras *e, const struct recording *r)
{
    (void)r;
    e->id = EVENT_RAS_MODULE_FAULT;
    e->failure = true;
}

static void
tell_ppp_early(struct event_ras *e, const struct recording *r)
{
    (void)r;
    e->id = EVENT_RAS_PPP_EARLY;
    e->failure = true;
}

static void
tell_ppp_success(struct event_ras *e, const struct recording *r)
{
    (void)r;
    e->id = EVENT_RAS_AUTHENTICATED;
}

static void
tell_ppp_failure(struct event_ras *e, const struct recording *r)
{
    e->id = EVENT_RAS_REFUSED;
    e->failure = true;
    e->reason = r->account->refusal;
    e->locked_out = r->account->locked_out;
}

/* user is the PPP user; the other one is in the reason's event before. */
static void
tell_user_mismatch(struct event_ras *e, const struct recording *r)
{
    (void)r;
    e->id = EVENT_RAS_USER_MISMATCH;
    e->failure = true;
}

static void
tell_connected(struct event_ras *e, const struct recording *r)
{
    e->id = EVENT_RAS_ADDRESS;
    e->user = r->account->user;
    e->domain = r->account->domain;
    e->local_address = r->account->local;
    e->remote_address = r->account->remote;
}

/* Of a connection that was up, how long it was; of another call, how long it took. */
static void
tell_ended(struct event_ras *e, const struct recording *r)
{
    const struct port_account *a = r->account;
    uint64_t from = a->connected_ms ? a->connected_ms : a->begun_ms;

    e->id = a->connected_ms ? EVENT_RAS_ACCOUNTING : EVENT_RAS_ENDED;
    e->error = 0;
    e->user = a->user;
    e->domain = a->domain;
    e->has_accounting = true;
    e->seconds = (r->now_ms - from) / 1000;
    e->bytes_received = a->bytes_in;
    e->bytes_sent = a->bytes_out;
    e->local_address = a->local;
    e->remote_address = a->remote;
    if (a->reason && *a->reason) {
        e->reason = a->reason;
    }
}

static void (*const tellers[])(struct event_ras *, const struct recording *) = {
    [RECORD_CALL] = tell_call,
    [RECORD_NO_ANSWER] = tell_no_answer,
    [RECORD_DIALOG_SUCCESS] = tell_dialog_success,
    [RECORD_DIALOG_FAILURE] = tell_dialog_failure,
    [RECORD_DIALOG_ERROR] = tell_dialog_error,
    [RECORD_MODULE_FAULT] = tell_module_fault,
    [RECORD_PPP_EARLY] = tell_ppp_early,
    [RECORD_PPP_SUCCESS] = tell_ppp_success,
    [RECORD_PPP_FAILURE] = tell_ppp_failure,
    [RECORD_USER_MISMATCH] = tell_user_mismatch,
    [RECORD_CONNECTED] = tell_connected,
    [RECORD_ENDED] = tell_ended,
};

static void
write_event(struct port_site *site, const struct event_ras *e)
{
    event_log_ras(site->events, e);
    if (e->failure) {
        log_warning(site->log, "a call fails", log_text("port", e->port),
                    log_number("call", (int64_t)e->call), log_number("event", e->id),
                    log_text("reason", e->reason ? e->reason : ""));
    }
}

void
port_record(struct port_site *site, const char *name, const struct port_settings *settings,
            const struct port_account *account, const struct call_action *action)
{
    const struct recording recording = { account, action, uv_now(site->loop) };
    struct event_ras e = { .port = name,
                           .device = settings->device_name,
                           .address = account->address,
                           .call = account->call,
                           .user = action->user,
                           .domain = action->domain,
                           .error = action->error,
                           .reason = action->text };
    bool dialog = action->record >= RECORD_DIALOG_SUCCESS && action->record <= RECORD_MODULE_FAULT;

    if (dialog) {
        e.module = site->module_path;
    }
    tellers[action->record](&e, &recording);
    e.error_name = error_name(e.error);
    write_event(site, &e);
}

void
port_record_code(struct port_site *site, const char *name, const struct port_settings *settings,
                 const struct code_answer *answer)
{
    write_event(site, &(struct event_ras){ .id = EVENT_RAS_CODE_REFUSED,
                                           .failure = true,
                                           .port = name,
                                           .device = settings->device_name,
                                           .address = answer->address,
                                           .call = answer->call >> MODULE_SLOT_BITS,
                                           .user = answer->user,
                                           .domain = answer->domain,
                                           .reason = answer->refusal,
                                           .locked_out = answer->locked_out });
}

void
port_record_process(struct port_site *site, int pid, bool up, const char *why)
{
    event_log_ras(site->events,
                  &(struct event_ras){ .id = up ? EVENT_RAS_MODULE_UP : EVENT_RAS_MODULE_DOWN,
                                       .failure = !up,
                                       .module = site->module_path,
                                       .process = (uint64_t)pid,
                                       .reason = why });
}
