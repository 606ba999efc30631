/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration in force: its listeners and their credentials. It never changes; another takes its
 * place, and it goes when the last connection that came under it does. */
#ifndef SERVICE_SITE_H
#define SERVICE_SITE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/log.h"
#include "service/counters.h"
#include "service/credential.h"
#include "service/limits.h"
#include "service/proxied_shared.h"
#include "service/session.h"
#include "service/settings.h"
#include "service/told.h"

/* An address that is listened at, and who came there: what the next configuration goes on with. */
struct endpoint {
    unsigned references;         /* atomic */
    struct sockaddr_in6 address; /* as the file has it */
    uint16_t port;               /* in host order; 0: nobody listens there yet */
    bool is_shared;              /* all loops have the same socket: it is systemd's */
    struct limits limits;
    struct counters counters;
};

struct listener {
    const struct listener_settings *settings;
    struct site *site; /* whose it is */
    struct endpoint *endpoint;
    struct credential credential;
    struct session_rules rules;
    struct told told;
    struct proxied_table proxied;
    struct proxied_shared shared; /* store NULL: no other process serves its clients */
};

struct site {
    unsigned references; /* atomic */
    struct settings settings;
    struct events_place *events; /* NULL until site_open_events */
    struct listener *listeners;
    size_t n_listeners;
};

/* Asks the library, under the configuration that it has, about each listener. false: error says file,
 * line and what was expected. */
SEC_NODISCARD bool site_check(const struct settings *settings, struct config_error *error);

/* Takes settings, also when it fails. before: the site whose endpoints are gone on with; NULL: none.
 * NULL: no memory. Owned by the caller: site_unref. */
struct site *site_new(struct settings *settings, const struct site *before);
struct site *site_ref(struct site *site);
void site_unref(struct site *site);

/* Where its events go: where before's do, if both name the same. false: the log says why not. */
SEC_NODISCARD bool site_open_events(struct site *site, const struct site *before,
                                    const struct log *log);
/* The credentials that are to be had at start, and what is shared with other processes. false: the log
 * says whose could not be. */
SEC_NODISCARD bool site_acquire(struct site *site, const struct log *log);
/* Ends what is too old of its clients' exchanges behind proxies. */
void site_tick(struct site *site, uint64_t now_s);
/* The same for what is shared with other processes, which is in files: not for a loop. */
bool site_is_shared(const struct site *site);
void site_sweep(struct site *site, const struct log *log, uint64_t now_s);
/* From now on its limits are those of its endpoints. */
void site_enter(struct site *site);

#endif
