/* SPDX-License-Identifier: Apache-2.0 */
/* A call's pppd. */
#include <stdio.h>

#include <opensspi/raserror.h>

#include "ras/port_step.h"

enum { WHY_BYTES = 256 };

static bool
on_ppp_authenticated(void *owner, const char *user, const char *domain, const char *sid)
{
    struct port *p = owner;

    (void)sid;
    (void)snprintf(p->user, sizeof(p->user), "%s", user);
    (void)snprintf(p->domain, sizeof(p->domain), "%s", domain);
    PORT_TELL(p, EVENT_PPP_AUTHENTICATED, .user = bytes_of_string(user),
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
    PORT_TELL(p, EVENT_PPP_REFUSED, .user = bytes_of_string(user),
              .domain = bytes_of_string(domain));
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
    PORT_TELL(p, EVENT_PPP_UP);
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
    PORT_TELL(p, EVENT_PPP_ENDED, .error = (uint32_t)exit_status);
}

static const struct ppp_events ppp_events = { on_ppp_authenticated, on_ppp_refused, on_ppp_up,
                                              on_ppp_ended };

static void
fail_ppp(struct port *p, const char *why)
{
    log_error(p->site->log, "pppd cannot be started", log_text("port", p->name),
              log_text("error", why));
    p->account.reason = "pppd cannot be started";
    PORT_TELL(p, EVENT_PPP_ENDED, .error = ERROR_UNKNOWN);
}

void
port_ppp_start(struct port *p)
{
    int fd = p->line->ops->hand_over(p->line);
    char why[WHY_BYTES] = "the line cannot be handed over", remote[RAS_IPV4_BYTES] = "";

    if (!ras_settings_remote(p->settings, p->instance, remote)) {
        remote[0] = 0;
    }
    if (fd >= 0) {
        p->ppp = ppp_start(
            p->site->ppp, fd, p->settings,
            (struct ppp_call){ .id = p->call.id, .remote = remote, .accounts = p->terms->accounts },
            &ppp_events, p, why, sizeof(why));
    }
    if (!p->ppp) {
        p->line->ops->take_back(p->line);
        fail_ppp(p, why);
    }
}
