/* SPDX-License-Identifier: Apache-2.0 */
/* What a call's state machine asks for, carried out; what happens, told to it. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <opensspi/raserror.h>

#include "base/mem.h"
#include "ras/code_check.h"
#include "ras/port.h"
#include "ras/port_record.h"

enum {
    PENDING_EVENTS = 8,
    WHY_BYTES = 256,
    CODES_MAX = 5, /* that a module may ask about in a call */
};

struct port {
    struct port_site *site;
    const struct port_settings *settings;
    size_t index, instance;
    char name[64];
    struct call call;
    struct line *line;
    struct module_call module;
    struct ppp *ppp;
    uv_timer_t timer;
    /* A step may make something happen before it is over: that waits. */
    bool stepping, rings, stopped, closing;
    enum call_event_kind pending[PENDING_EVENTS];
    size_t n_pending;
    struct port *next_waiting;
    uint64_t checking; /* the call of which a code is being looked at; 0: none */
    unsigned codes;    /* asked about in this call */
    unsigned checks;   /* under way, also of calls that are over: the port is needed until then */
    bool closed;
    struct port_account account;
    char user[CALL_USER_BYTES], domain[CALL_DOMAIN_BYTES], interface_name[32];
};

static void step(struct port *p, const struct call_event *event);

#define TELL(p, ...) step((p), &(const struct call_event){ __VA_ARGS__ })

/* --- calls that wait for the module -------------------------------------------------------- */

void
port_site_init(struct port_site *site)
{
    site->waiting = NULL;
    site->waiting_end = &site->waiting;
}

static void
stop_waiting(struct port *p)
{
    struct port_site *site = p->site;
    struct port **at = &site->waiting;

    while (*at && *at != p) {
        at = &(*at)->next_waiting;
    }
    if (*at) {
        *at = p->next_waiting;
        if (!*at) {
            site->waiting_end = at;
        }
    }
    p->rings = false;
}

static void
take_call(struct port *p)
{
    stop_waiting(p);
    TELL(p, EVENT_CALL);
}

/* --- actions ------------------------------------------------------------------------------- */

static void
begin(struct port *p)
{
    p->module.id = p->call.id << MODULE_SLOT_BITS | p->index;
    p->module.rules = &p->settings->rules;
    p->module.device = p->settings->device_name;
    module_pool_begin(p->site->modules, &p->module);
}

static void
fail_ppp(struct port *p, const char *why)
{
    log_error(p->site->log, "pppd cannot be started", log_text("port", p->name),
              log_text("error", why));
    p->account.reason = "pppd cannot be started";
    TELL(p, EVENT_PPP_ENDED, .error = ERROR_UNKNOWN);
}

static bool on_ppp_authenticated(void *owner, const char *user, const char *domain,
                                 const char *sid);
static void on_ppp_refused(void *owner, const char *user, const char *domain, const char *why,
                           const char *locked_out);
static void on_ppp_up(void *owner, const char *interface_name, const char *local,
                      const char *remote);
static void on_ppp_ended(void *owner, int exit_status, const struct ppp_accounting *);

static const struct ppp_events ppp_events = { on_ppp_authenticated, on_ppp_refused, on_ppp_up,
                                              on_ppp_ended };

static void
start_ppp(struct port *p)
{
    int fd = p->line->ops->hand_over(p->line);
    char why[WHY_BYTES] = "the line cannot be handed over", remote[RAS_IPV4_BYTES] = "";

    if (!ras_settings_remote(p->settings, p->instance, remote)) {
        remote[0] = 0;
    }
    if (fd >= 0) {
        p->ppp = ppp_start(p->site->ppp, fd, p->settings,
                           (struct ppp_call){ .id = p->call.id, .remote = remote }, &ppp_events, p,
                           why, sizeof(why));
    }
    if (!p->ppp) {
        p->line->ops->take_back(p->line);
        fail_ppp(p, why);
    }
}

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
tell_module(struct port *p, uint8_t type, const struct call_action *a)
{
    module_pool_send(&p->module,
                     &(struct host_msg){ .type = type, .error = a->error, .data = a->data });
}

static void
act(struct port *p, const struct call_action *a)
{
    const struct line_ops *ops = p->line->ops;

    switch (a->kind) {
    case DO_ANSWER: ops->answer(p->line); break;
    case DO_BEGIN: begin(p); break;
    case DO_SEND:
        if (!ops->send(p->line, a->data)) {
            TELL(p, EVENT_LINE_LOST);
        }
        break;
    case DO_RECEIVED: tell_module(p, HOST_MSG_RECEIVED, a); break;
    case DO_END: tell_module(p, HOST_MSG_END, a); break;
    case DO_FORGET: module_pool_forget(p->site->modules, &p->module); break;
    case DO_FLUSH: ops->flush(p->line); break;
    case DO_START_PPP: start_ppp(p); break;
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
    TELL((struct port *)timer->data, EVENT_TIME);
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

static void
step_once(struct port *p, const struct call_event *event)
{
    struct port_site *site = p->site;
    enum call_state before = p->call.state;
    struct call_actions actions;
    uint64_t next = site->last_call + 1;

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

static void
step(struct port *p, const struct call_event *event)
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
on_call(void *owner)
{
    struct port *p = owner;
    struct port_site *site = p->site;

    if (!site->modules || (!site->waiting && module_pool_is_free(site->modules))) {
        take_call(p);
        return;
    }
    if (!p->rings) {
        p->rings = true;
        p->next_waiting = NULL;
        *site->waiting_end = p;
        site->waiting_end = &p->next_waiting;
    }
}

static void
on_carrier(void *owner)
{
    TELL((struct port *)owner, EVENT_CARRIER);
}

static void
on_no_answer(void *owner, const char *why)
{
    struct port *p = owner;

    log_info(p->site->log, "no carrier", log_text("port", p->name), log_text("why", why));
    TELL(p, EVENT_NO_ANSWER);
}

static void
on_input(void *owner, struct bytes data)
{
    TELL((struct port *)owner, EVENT_INPUT, .data = data);
}

/* Who hangs up before the call was answered only ends the ringing. */
static void
on_lost(void *owner, const char *why)
{
    struct port *p = owner;

    log_debug(p->site->log, "the line is lost", log_text("port", p->name), log_text("why", why));
    if (p->rings) {
        stop_waiting(p);
        p->line->ops->hang_up(p->line);
        return;
    }
    TELL(p, EVENT_LINE_LOST);
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
    TELL(p, EVENT_HUNG_UP);
}

static const struct line_events line_events = { on_call,  on_carrier, on_no_answer,
                                                on_input, on_lost,    on_hung_up };

/* --- one-time codes ------------------------------------------------------------------------ */

static void
answer_code(struct port *p, uint32_t request, uint32_t error)
{
    module_pool_send(
        &p->module,
        &(struct host_msg){ .type = HOST_MSG_OTP_RESULT, .request = request, .error = error });
}

static void
free_closed(struct port *p)
{
    if (p->closed && !p->checks) {
        mem_free(p);
    }
}

/* Of a call that is over only the event is left. */
static void
on_code_checked(void *owner, const struct code_answer *a)
{
    struct port *p = owner;

    p->checks--;
    if (a->refusal) {
        port_record_code(p->site, p->name, p->settings, a);
    }
    if (a->call == p->checking) {
        p->checking = 0;
    }
    if (a->call == p->module.id && !p->closing) {
        answer_code(p, a->request, a->error);
    }
    free_closed(p);
}

/* After so many the answer is no, and nobody is asked. */
static void
check_code(struct port *p, const struct host_msg *m)
{
    if (p->checking == m->call) {
        answer_code(p, m->request, ERROR_ASYNC_REQUEST_PENDING);
        return;
    }
    if (++p->codes > CODES_MAX) {
        log_warning(p->site->log, "the module asks about too many codes", log_text("port", p->name),
                    log_number("call", (int64_t)p->call.id));
        answer_code(p, m->request, ERROR_AUTHENTICATION_FAILURE);
        return;
    }
    if (!code_check_start(p->site->loop, p->site->accounts, m, p->account.address, on_code_checked,
                          p)) {
        answer_code(p, m->request, ERROR_OUT_OF_BUFFERS);
        return;
    }
    p->checking = m->call;
    p->checks++;
}

/* --- the module ---------------------------------------------------------------------------- */

static void
on_message(void *owner, const struct host_msg *m)
{
    struct port *p = owner;
    struct call_event e = { .data = m->data,
                            .error = m->error,
                            .size = m->size,
                            .seconds = m->seconds,
                            .outcome = m->outcome,
                            .user = m->user,
                            .domain = m->domain };

    switch (m->type) {
    case HOST_MSG_BEGUN: e.kind = EVENT_BEGUN; break;
    case HOST_MSG_SEND: e.kind = EVENT_SEND; break;
    case HOST_MSG_RECEIVE: e.kind = EVENT_RECEIVE; break;
    case HOST_MSG_COMPLETE: e.kind = EVENT_COMPLETE; break;
    case HOST_MSG_ENDED: e.kind = EVENT_ENDED; break;
    default: check_code(p, m); return; /* OTP_CHECK */
    }
    step(p, &e);
}

static void
on_died(void *owner)
{
    TELL((struct port *)owner, EVENT_MODULE_DIED);
}

/* A process of the module is free: a call that waits unanswered has its turn. */
static void
on_ready(void *owner)
{
    struct port_site *site = owner;

    while (site->waiting && module_pool_is_free(site->modules)) {
        take_call(site->waiting);
    }
}

static void
on_process(void *owner, int pid, bool up, const char *why)
{
    port_record_process(owner, pid, up, why);
}

const struct module_pool_events port_module_events = { on_message, on_died, on_ready, on_process };

/* --- pppd ---------------------------------------------------------------------------------- */

static bool
on_ppp_authenticated(void *owner, const char *user, const char *domain, const char *sid)
{
    struct port *p = owner;

    (void)sid;
    (void)snprintf(p->user, sizeof(p->user), "%s", user);
    (void)snprintf(p->domain, sizeof(p->domain), "%s", domain);
    TELL(p, EVENT_PPP_AUTHENTICATED, .user = bytes_of_string(user),
         .domain = bytes_of_string(domain));
    return p->call.state == CALL_AUTHENTICATING && p->call.authenticated;
}

static void
on_ppp_refused(void *owner, const char *user, const char *domain, const char *why,
               const char *locked_out)
{
    struct port *p = owner;

    p->account.refusal = why;
    p->account.locked_out = locked_out;
    TELL(p, EVENT_PPP_REFUSED, .user = bytes_of_string(user), .domain = bytes_of_string(domain));
    p->account.refusal = NULL;
    p->account.locked_out = NULL;
}

static void
on_ppp_up(void *owner, const char *interface_name, const char *local, const char *remote)
{
    struct port *p = owner;

    (void)snprintf(p->interface_name, sizeof(p->interface_name), "%s", interface_name);
    (void)snprintf(p->account.local, sizeof(p->account.local), "%s", local);
    (void)snprintf(p->account.remote, sizeof(p->account.remote), "%s", remote);
    p->account.connected_ms = uv_now(p->site->loop);
    p->account.user = bytes_of_string(p->user);
    p->account.domain = bytes_of_string(p->domain);
    TELL(p, EVENT_PPP_UP);
    if (p->call.state != CALL_CONNECTED) {
        p->account.connected_ms = 0; /* it was not to be */
    }
}

static void
on_ppp_ended(void *owner, int exit_status, const struct ppp_accounting *accounting)
{
    struct port *p = owner;
    struct ppp *ppp = p->ppp;

    p->ppp = NULL;
    p->account.has_bytes = true;
    p->account.bytes_in = accounting->bytes_in;
    p->account.bytes_out = accounting->bytes_out;
    p->account.reason = accounting->reason;
    p->line->ops->take_back(p->line);
    ppp_free(ppp);
    TELL(p, EVENT_PPP_ENDED, .error = (uint32_t)exit_status);
}

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
    p->settings = settings;
    p->index = index;
    p->instance = instance;
    p->module.owner = p;
    (void)snprintf(p->name, sizeof(p->name), settings->calls > 1 ? "%s/%zu" : "%s", settings->name,
                   instance + 1);
    p->line = ops_of(settings->type)->open(&site->lines, settings, &line_events, p, why, why_n);
    if (!p->line) {
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
        stop_waiting(p);
        p->line->ops->hang_up(p->line);
    }
    TELL(p, EVENT_HANG_UP);
    return call;
}

void
port_stop(struct port *p)
{
    p->stopped = true;
    stop_waiting(p);
    TELL(p, EVENT_STOP);
}

bool
port_is_at_rest(const struct port *p)
{
    return p->call.state == CALL_LISTENING;
}

static void
on_closed(uv_handle_t *handle)
{
    struct port *p = handle->data;

    p->closed = true;
    free_closed(p);
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
