/* SPDX-License-Identifier: Apache-2.0 */
/* What an HTTP request is answered, given what its client's connection has proven so far. No I/O. */
#ifndef SERVICE_HTTP_ANSWER_H
#define SERVICE_HTTP_ANSWER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include <opensspi/opensspi.h>

#include "base/bytes.h"
#include "base/wire.h"
#include "service/credential.h"
#include "service/http_auth.h"
#include "service/http_fields.h"
#include "service/http_reply.h"
#include "service/session.h"
#include "service/told.h"

struct proxied_table;

/* What a connection has proven. NTLM authenticates connections, not requests: the identity lives
 * here and nowhere else, and ends with the connection or with the next Authorization. */
struct http_state {
    const struct session_client *client; /* borrowed, as are all below */
    const struct session_rules *rules;
    struct credential *credential;
    bool offers_negotiate, offers_ntlm;
    struct session session; /* a handshake half-way, where has_session */
    bool has_session;
    enum http_scheme scheme; /* of that handshake */
    OPENSSPI_LOGON *logon;   /* who this connection is; ours to free */
    bool logon_is_copy;      /* of another process's, in our own memory */
    uint64_t logon_id;
    ULONG attributes;
    bool proven;       /* the last that came was a proof, and no handshake is under way */
    struct told *told; /* NULL: silent clients are nobody's business */
    char *silent_host; /* what was asked for, and challenged, without Authorization; ours */
    bool silent_address;
    bool has_spoken; /* an Authorization came, ever */
    struct in6_addr peer;
    bool is_local;                 /* what the peer sends crosses no network */
    bool is_proxy;                 /* the peer is one of trusted_proxy */
    struct proxied_table *proxied; /* where what its clients prove is kept; NULL: nowhere */
};

struct http_request {
    const char *method, *path;
    struct http_fields fields;
    const char *authorization; /* the header's value; NULL: there is none */
    unsigned n_authorization;  /* how many such headers there are */
    bool keeps_alive;          /* the connection stays open after the answer */
    struct session_request asked;
    uint64_t now_s; /* of any clock that does not go back */
};

void http_state_init(struct http_state *state, const struct session_client *client,
                     const struct session_rules *rules, struct credential *credential);
/* Who is at the other end; without it nobody is trusted. table is borrowed. */
void http_state_set_peer(struct http_state *state, const struct in6_addr *peer,
                         struct proxied_table *table);
/* One that begins as from did, for another connection of another client. */
void http_state_like(struct http_state *state, const struct http_state *from,
                     const struct session_client *client);
/* Forgets what was proven, and any handshake. */
void http_state_clear(struct http_state *state);
/* The same where another process has them now, for which nothing has ended. */
void http_state_hand_over(struct http_state *state);
/* That, and all else: the connection is gone. */
void http_state_end(struct http_state *state, uint64_t now_s);
/* Whether the connection counts as one whose client is known: a trusted proxy's always does. */
bool http_state_is_known(const struct http_state *state);

/* Whether the answer may have to wait, for an account authority or a file: then it is made off the loop. An
 * exchange's first token never waits. */
SEC_NODISCARD bool http_answer_may_wait(const struct http_state *state,
                                        const struct http_request *request);
/* Answers a request whose body, if any, was read. The reply is cleared by its owner. From any thread,
 * but for one state from one at a time. */
void http_answer(struct http_state *state, const struct http_request *request,
                 struct http_reply *reply);

#endif
