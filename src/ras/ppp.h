/* SPDX-License-Identifier: Apache-2.0 */
/* pppd for one call: started on the line's descriptor with the options of its port, asked by its
 * plugin whether a caller's proof is good, and watched until it ends. Runs on rasd's loop. */
#ifndef RAS_PPP_H
#define RAS_PPP_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "base/log.h"

struct account_authority;
struct port_settings;
struct ppp;

struct ppp_accounting {
    uint64_t seconds, bytes_in, bytes_out;
    char local[46], remote[46]; /* addresses; "" when none */
    const char *reason;         /* of the end, in pppd's words; static */
};

struct ppp_events {
    /* user and domain as the caller gave them (where that is no UTF-8, as pppd prints it); refused: why is for the log, locked_out
     * the SID of the account that this locked, or NULL. The answer says whether the call may go on with this user. */
    bool (*authenticated)(void *owner, const char *user, const char *domain, const char *sid);
    void (*refused)(void *owner, const char *user, const char *domain, const char *why,
                    const char *locked_out);
    void (*up)(void *owner, const char *interface_name, const char *local, const char *remote);
    void (*ended)(void *owner, int exit_status, const struct ppp_accounting *);
};

/* What all calls share: the socket directory, the authority, pppd's path and the plugin's. */
struct ppp_server;
struct ppp_server_args {
    uv_loop_t *loop;
    const struct log *log;
    const char *pppd, *plugin, *run_directory;
};
struct ppp_server *ppp_server_open(const struct ppp_server_args *, char *why, size_t why_n);
/* Stops what calls there are. Memory goes when the loop has seen pppd and all handles end; accounts
 * are needed until then. */
void ppp_server_close(struct ppp_server *);

struct ppp_call {
    uint64_t id;
    const char *remote; /* the caller's address; "": none */
    struct account_authority *accounts;
};
/* fd is owned from here on, also by a failure. NULL with why filled in. */
struct ppp *ppp_start(struct ppp_server *, int fd, const struct port_settings *, struct ppp_call,
                      const struct ppp_events *, void *owner, char *why, size_t why_n);
/* Asks pppd to end (SIGTERM, later SIGKILL); ended follows. */
void ppp_stop(struct ppp *);
/* After ended, or at once (pppd is then stopped): no callback follows. */
void ppp_free(struct ppp *);

#endif
