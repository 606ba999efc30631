/* SPDX-License-Identifier: Apache-2.0 */
/* What an HTTP request is answered, given what its TCP connection has proven so far. No I/O. */
#ifndef SERVICE_HTTP_ANSWER_H
#define SERVICE_HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include <opensspi/opensspi.h>

#include "base/bytes.h"
#include "base/wire.h"
#include "service/credential.h"
#include "service/http_auth.h"
#include "service/session.h"
#include "service/told.h"

enum { HTTP_MAX_HEADERS = 12 };

/* What a TCP connection has proven. NTLM authenticates connections, not requests: the identity
 * lives here and nowhere else, and ends with the connection or with the next Authorization. */
struct http_state {
    const struct session_client *client; /* borrowed, as are all below */
    const struct session_rules *rules;
    struct credential *credential;
    bool offers_negotiate, offers_ntlm;
    struct session session; /* a handshake half-way, where has_session */
    bool has_session;
    enum http_scheme scheme; /* of that handshake */
    OPENSSPI_LOGON *logon;   /* who this connection is; ours to free */
    ULONG attributes;
    bool proven;       /* the last that came was a proof, and no handshake is under way */
    struct told *told; /* NULL: silent clients are nobody's business */
    char *silent_host; /* what was asked for, and challenged, without Authorization; ours */
    bool silent_address;
    bool has_spoken; /* an Authorization came, ever */
};

/* A header field of a request. Neither text has a NUL within, nor is the value in blanks. */
struct http_field {
    const char *name, *value;
};

struct http_request {
    const char *method, *path;
    const struct http_field *fields; /* all that came, in their order */
    size_t n_fields;
    const char *authorization; /* the header's value; NULL: there is none */
    unsigned n_authorization;  /* how many such headers there are */
    bool keeps_alive;          /* the connection stays open after the answer */
    struct session_request asked;
    uint64_t now_s; /* of any clock that does not go back */
};

struct http_header {
    const char *name; /* static */
    struct wire_writer value;
};

struct http_reply {
    unsigned status;
    const char *type; /* Content-Type */
    bool close;       /* the connection is not to be used again */
    struct wire_writer body;
    struct http_header headers[HTTP_MAX_HEADERS];
    size_t n_headers;
};

void http_state_init(struct http_state *state, const struct session_client *client,
                     const struct session_rules *rules, struct credential *credential);
/* Forgets what was proven, and any handshake. */
void http_state_clear(struct http_state *state);
/* That, and all else: the connection is gone. */
void http_state_end(struct http_state *state, uint64_t now_s);

/* Whether the answer may have to wait for an account authority: then it is made off the loop. An
 * exchange's first token never waits. */
SEC_NODISCARD bool http_answer_may_wait(const struct http_state *state,
                                        const struct http_request *request);
/* Answers a request whose body, if any, was read. The reply is cleared by its owner. From any thread,
 * but for one state from one at a time. */
void http_answer(struct http_state *state, const struct http_request *request,
                 struct http_reply *reply);
void http_reply_clear(struct http_reply *reply);

#endif
