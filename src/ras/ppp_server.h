/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of ppp.h share: the calls that pppd serves, and the connections of its plugin. */
#ifndef RAS_PPP_SERVER_H
#define RAS_PPP_SERVER_H

#include "ras/ppp.h"
#include "ras/ppp_msg.h"

enum { PPP_LOG_LINE_BYTES = 512, PPP_HANDLES = 3 };

struct ppp_peer;

struct ppp_server {
    struct ppp_server_args args; /* its strings are the server's own */
    char *socket_path;
    uv_pipe_t listener;
    bool closing;
    unsigned references; /* itself, calls, peers */
    unsigned strangers;  /* peers that have not shown a token yet */
    struct ppp *calls;
};

/* Of one call, from ppp_start until pppd has ended and the owner has let go. */
struct ppp {
    struct ppp_server *server;
    struct ppp *next;
    uint64_t id;
    struct ppp_events events;
    void *owner; /* NULL after ppp_free */
    bool owned, running, told, stopped;
    unsigned handles; /* of libuv, not closed yet */
    uv_process_t process;
    uv_timer_t timer; /* to SIGKILL, or for the plugin's last words */
    uv_pipe_t output; /* what pppd logs */
    char line[PPP_LOG_LINE_BYTES];
    size_t line_n;
    int exit_status;
    uint64_t started_ms;
    /* of the plugin */
    uint8_t token[PPP_MSG_TOKEN_BYTES];
    bool token_used, authenticated, refused;
    unsigned attempts, require; /* PPP_* */
    struct account_authority *accounts;
    char remote[PPP_MSG_ADDRESS_MAX + 1];
    struct ppp_peer *peer;
    struct ppp_accounting accounting;
};

void ppp_server_ref(struct ppp_server *);
void ppp_server_unref(struct ppp_server *);

/* --- ppp_peer.c ---------------------------------------------------------------------------- */

/* Takes a connection that waits at the listener. */
void ppp_peer_accept(struct ppp_server *);
/* Closes; the call has no peer any more. NULL is a no-op. */
void ppp_peer_close(struct ppp_peer *);

/* --- ppp.c --------------------------------------------------------------------------------- */

/* The call whose token this is; the token is worth nothing from then on. NULL: nobody's. */
struct ppp *ppp_by_token(struct ppp_server *, struct bytes token);
/* The peer is gone. */
void ppp_peer_gone(struct ppp *);

#endif
