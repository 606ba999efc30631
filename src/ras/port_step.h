/* SPDX-License-Identifier: Apache-2.0 */
/* A port as its parts see it: the call and its line (port.c), the module (port_module.c), pppd
 * (port_ppp.c). Each tells it what happens by a step. */
#ifndef RAS_PORT_STEP_H
#define RAS_PORT_STEP_H

#include "ras/port.h"
#include "ras/port_record.h"
#include "ras/terms.h"

enum { PENDING_EVENTS = 8 };

struct port {
    struct port_site *site;
    struct ras_terms *terms; /* of its call, or of the last one */
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

void port_step(struct port *, const struct call_event *);

#define PORT_TELL(p, ...) port_step((p), &(const struct call_event){ __VA_ARGS__ })

/* Where nobody needs it any more. */
void port_free_closed(struct port *);

/* The line has a call: it begins, or waits until a process of the module is free. */
void port_module_call(struct port *);
void port_stop_waiting(struct port *);
void port_module_begin(struct port *);
void port_module_send(struct port *, uint8_t type, const struct call_action *);

void port_ppp_start(struct port *);

#endif
