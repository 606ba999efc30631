/* SPDX-License-Identifier: Apache-2.0 */
/* What a call's state machine asks for, carried out; what happens, told to it. */
#include "ras/port.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "ras/port_step.h"

/* --- actions ------------------------------------------------------------------------------- */

static void
hang_up(struct port *p)
{
    uint64_t in, out;

    if (!p->account.has_bytes) {
        p->line->ops->count(p->line, &in, &out);
        p->account.bytes_in = in;
        p->account.bytes_out = out;
    }
    p->line->ops->hang_up(p->line);
}

static void
act(struct port *p, const struct call_action *a)
{
    const struct line_ops *ops = p->line->ops;

    switch (a->kind) {
    case DO_ANSWER: ops->answer(p->line); break;
    case DO_BEGIN: port_module_begin(p); break;
    case DO_SEND:
        if (!ops->send(p->line, a->data)) {
            PORT_TELL(p, EVENT_LINE_LOST);
        }
        break;
    case DO_RECEIVED: port_module_send(p, HOST_MSG_RECEIVED, a); break;
    case DO_END: port_module_send(p, HOST_MSG_END, a); break;
    case DO_FORGET: module_pool_forget(p->site->modules, &p->module); break;
    case DO_FLUSH: ops->flush(p->line); break;
    case DO_START_PPP: port_ppp_start(p); break;
    case DO_STOP_PPP:
        if (p->ppp) {
            ppp_stop(p->ppp);
        }
        break;
    case DO_HANG_UP: hang_up(p); break;
    case DO_LISTEN: ops->listen(p->line); break;
    case DO_KILL_MODULE: module_pool_kill(p->site->modules, &p->module, a->text); break;
    case DO_LOG: port_record(p->site, p->name, p->settings, &p->account, a); break;
    }
}

/* --- steps --------------------------------------------------------------------------------- */

static void
on_timer(uv_timer_t *timer)
{
    PORT_TELL((struct port *)timer->data, EVENT_TIME);
}

static void
set_timer(struct port *p)
{
    uint64_t deadline = call_deadline(&p->call), now = uv_now(p->site->loop);

    if (deadline == UINT64_MAX || p->closing) {
        (void)uv_timer_stop(&p->timer);
    } else {
        (void)uv_timer_start(&p->timer, on_timer, deadline > now ? deadline - now : 0, 0);
    }
}

/* For the call that comes next. */
static void
adopt_terms(struct port *p)
{
    const size_t section = (size_t)(p->settings - p->terms->settings.ports);

    if (p->terms != p->site->terms) {
        ras_terms_unref(p->terms);
        p->terms = ras_terms_ref(p->site->terms);
        p->settings = &p->terms->settings.ports[section];
        p->call.rules = &p->settings->rules;
    }
}

static void
step_once(struct port *p, const struct call_event *event)
{
    struct port_site *site = p->site;
    enum call_state before = p->call.state;
    struct call_actions actions;
    uint64_t next = site->last_call + 1;

    if (before == CALL_LISTENING) {
        adopt_terms(p);
    }
    call_step(&p->call, event, uv_now(site->loop), next, &actions);
    if (p->call.id == next) {
        site->last_call = next;
    }
    if (before == CALL_LISTENING && p->call.state != CALL_LISTENING) {
        port_account_begin(&p->account, p->call.id, p->line, uv_now(site->loop));
        p->user[0] = p->domain[0] = p->interface_name[0] = 0;
        p->codes = 0;
    }
    for (size_t i = 0; i < actions.n; i++) {
        act(p, &actions.list[i]);
    }
}

void
port_step(struct port *p, const struct call_event *event)
{
    if (p->closing) {
        return;
    }
    if (p->stepping) { /* none of these has data */
        if (p->n_pending < PENDING_EVENTS) {
            p->pending[p->n_pending++] = event->kind;
        }
        return;
    }
    p->stepping = true;
    step_once(p, event);
    for (size_t i = 0; i < p->n_pending; i++) {
        step_once(p, &(const struct call_event){ .kind = p->pending[i] });
    }
    p->n_pending = 0;
    p->stepping = false;
    p->line->ops->read(p->line, call_wants_input(&p->call));
    set_timer(p);
    if (p->stopped && port_is_at_rest(p)) {
        p->site->at_rest(p->site->owner);
    }
}

/* --- the line ------------------------------------------------------------------------------ */

static void
on_carrier(void *owner)
{
    PORT_TELL((struct port *)owner, EVENT_CARRIER);
}

static void
on_no_answer(void *owner, const char *why)
{
    struct port *p = owner;

    log_info(p->site->log, "no carrier", log_text("port", p->name), log_text("why", why));
    PORT_TELL(p, EVENT_NO_ANSWER);
}

static void
on_input(void *owner, struct bytes data)
{
    PORT_TELL((struct port *)owner, EVENT_INPUT, .data = data);
}

/* Who hangs up before the call was answered only ends the ringing. */
static void
on_lost(void *owner, const char *why)
{
    struct port *p = owner;

    log_debug(p->site->log, "the line is lost", log_text("port", p->name), log_text("why", why));
    if (p->rings) {
        port_stop_waiting(p);
        p->line->ops->hang_up(p->line);
        return;
    }
    PORT_TELL(p, EVENT_LINE_LOST);
}

static void
on_hung_up(void *owner)
{
    struct port *p = owner;

    if (p->call.state == CALL_LISTENING && !p->stepping) {
        if (!p->stopped) {
            p->line->ops->listen(p->line);
        }
        return;
    }
    PORT_TELL(p, EVENT_HUNG_UP);
}

static void
on_call(void *owner)
{
    port_module_call(owner);
}

static const struct line_events line_events = { on_call,  on_carrier, on_no_answer,
                                                on_input, on_lost,    on_hung_up };

/* --- the port ------------------------------------------------------------------------------ */

static const struct line_ops *
ops_of(enum port_type type)
{
    static const struct line_ops *const types[] = {
        [PORT_SERIAL] = &line_serial,
        [PORT_TCP] = &line_tcp,
        [PORT_PTY] = &line_pty,
    };

    return types[type];
}

struct port *
port_open(struct port_site *site, const struct port_settings *settings, size_t index,
          size_t instance, char *why, size_t why_n)
{
    struct port *p = mem_new(sizeof(*p));

    if (!p) {
        (void)snprintf(why, why_n, "no memory");
        return NULL;
    }
    p->site = site;
    p->terms = ras_terms_ref(site->terms);
    p->settings = settings;
    p->index = index;
    p->instance = instance;
    p->module.owner = p;
    (void)snprintf(p->name, sizeof(p->name), settings->calls > 1 ? "%s/%zu" : "%s", settings->name,
                   instance + 1);
    p->line = ops_of(settings->type)->open(&site->lines, settings, &line_events, p, why, why_n);
    if (!p->line) {
        ras_terms_unref(p->terms);
        mem_free(p);
        return NULL;
    }
    (void)uv_timer_init(site->loop, &p->timer);
    p->timer.data = p;
    call_init(&p->call, &settings->rules, uv_now(site->loop));
    p->line->ops->listen(p->line);
    return p;
}

bool
port_hang_up(struct port *p)
{
    bool call = p->rings || !port_is_at_rest(p);

    if (p->rings) { /* nobody has answered it yet */
        port_stop_waiting(p);
        p->line->ops->hang_up(p->line);
    }
    PORT_TELL(p, EVENT_HANG_UP);
    return call;
}

void
port_stop(struct port *p)
{
    p->stopped = true;
    port_stop_waiting(p);
    PORT_TELL(p, EVENT_STOP);
}

bool
port_is_at_rest(const struct port *p)
{
    return p->call.state == CALL_LISTENING;
}

void
port_free_closed(struct port *p)
{
    if (p->closed && !p->checks) {
        ras_terms_unref(p->terms);
        mem_free(p);
    }
}

static void
on_closed(uv_handle_t *handle)
{
    struct port *p = handle->data;

    p->closed = true;
    port_free_closed(p);
}

void
port_close(struct port *p)
{
    p->closing = true;
    if (p->ppp) {
        ppp_free(p->ppp);
        p->ppp = NULL;
    }
    if (p->module.process || p->module.queued) {
        module_pool_forget(p->site->modules, &p->module);
    }
    p->line->ops->close(p->line);
    uv_close((uv_handle_t *)&p->timer, on_closed);
}

void
port_describe(const struct port *p, struct port_status *to)
{
    uint64_t now = uv_now(p->site->loop);

    *to = (struct port_status){
        .name = p->name,
        .type = p->line->ops->type,
        .device = p->settings->device,
        .state = call_state_name(p->call.state),
        .waiting = p->rings,
        .call = p->call.id,
        .seconds = (now - p->call.since_ms) / 1000,
        .user = p->user[0] ? p->user : p->call.user,
        .domain = p->user[0] ? p->domain : p->call.domain,
        .interface_name = p->interface_name,
        .local_address = p->call.id ? p->account.local : "",
        .remote_address = p->call.id ? p->account.remote : "",
    };
    (void)p->line->ops->describe(p->line, to->peer, sizeof(to->peer));
    if (p->call.id) {
        p->line->ops->count(p->line, &to->bytes_in, &to->bytes_out);
    }
}

bool
port_has_name(const struct port *p, const char *name)
{
    return strcmp(p->name, name) == 0 || strcmp(p->settings->name, name) == 0;
}
