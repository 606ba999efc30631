/* SPDX-License-Identifier: Apache-2.0 */
/* A port: the state machine of call.h, tied to a line, the security module and pppd. */
#ifndef RAS_PORT_H
#define RAS_PORT_H

#include "event/event.h"
#include "ras/call.h"
#include "ras/line.h"
#include "ras/module_pool.h"
#include "ras/ppp.h"
#include "ras/settings.h"

struct port;
struct ras_terms;

/* What all ports of one rasd share. */
struct port_site {
    uv_loop_t *loop;
    const struct log *log;
    struct event_log *events;
    struct ras_terms *terms; /* of the calls that begin from now on */
    struct lines lines;
    struct module_pool *modules; /* NULL: there is no module */
    const char *module_path;
    struct ppp_server *ppp;
    uint64_t last_call;                  /* calls are numbered from 1 */
    struct port *waiting, **waiting_end; /* for a module process that can take a call */
    void (*at_rest)(void *owner);        /* a port that was stopped has no call any more */
    void *owner;
};
void port_site_init(struct port_site *);

/* settings: of the site's terms. index: its own among all ports of the site; instance: among those of its settings. NULL with why
 * filled in. */
struct port *port_open(struct port_site *, const struct port_settings *, size_t index,
                       size_t instance, char *why, size_t why_n);
/* Callbacks for the module pool. */
extern const struct module_pool_events port_module_events;

/* Whether there was a call. */
bool port_hang_up(struct port *);
/* Ends its call, and takes no further one. */
void port_stop(struct port *);
bool port_is_at_rest(const struct port *);
/* Frees it; at_once: whatever it does. */
void port_close(struct port *);

/* For people who ask. Texts are borrowed. */
struct port_status {
    const char *name, *type, *device, *state;
    bool waiting;           /* a call that nobody could answer yet */
    uint64_t call, seconds; /* in this state */
    const char *user, *domain;
    char peer[64];
    const char *local_address, *remote_address, *interface_name;
    uint64_t bytes_in, bytes_out;
};
void port_describe(const struct port *, struct port_status *);
/* The port's name, with "/N" where its settings have several calls; or of all of those. */
bool port_has_name(const struct port *, const char *name);

#endif
