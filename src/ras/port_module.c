/* SPDX-License-Identifier: Apache-2.0 */
/* A call's security module: calls that wait for one, what it says, and the one-time codes that it
 * asks about. */
#include <opensspi/raserror.h>

#include "ras/code_check.h"
#include "ras/port_step.h"

enum { CODES_MAX = 5 }; /* that a module may ask about in a call */

/* --- calls that wait for it ---------------------------------------------------------------- */

void
port_site_init(struct port_site *site)
{
    site->waiting = NULL;
    site->waiting_end = &site->waiting;
}

void
port_stop_waiting(struct port *p)
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
    port_stop_waiting(p);
    PORT_TELL(p, EVENT_CALL);
}

void
port_module_call(struct port *p)
{
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

/* --- what it is told ----------------------------------------------------------------------- */

void
port_module_begin(struct port *p)
{
    p->module.id = p->call.id << MODULE_SLOT_BITS | p->index;
    p->module.rules = &p->settings->rules;
    p->module.device = p->settings->device_name;
    module_pool_begin(p->site->modules, &p->module);
}

void
port_module_send(struct port *p, uint8_t type, const struct call_action *a)
{
    module_pool_send(&p->module,
                     &(struct host_msg){ .type = type, .error = a->error, .data = a->data });
}

/* --- one-time codes ------------------------------------------------------------------------ */

static void
answer_code(struct port *p, uint32_t request, uint32_t error)
{
    module_pool_send(
        &p->module,
        &(struct host_msg){ .type = HOST_MSG_OTP_RESULT, .request = request, .error = error });
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
    port_free_closed(p);
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
    if (!code_check_start(p->site->loop, p->terms->accounts, m, p->account.address, on_code_checked,
                          p)) {
        answer_code(p, m->request, ERROR_OUT_OF_BUFFERS);
        return;
    }
    p->checking = m->call;
    p->checks++;
}

/* --- what it says -------------------------------------------------------------------------- */

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
    port_step(p, &e);
}

static void
on_died(void *owner)
{
    PORT_TELL((struct port *)owner, EVENT_MODULE_DIED);
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
