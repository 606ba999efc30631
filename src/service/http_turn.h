/* SPDX-License-Identifier: Apache-2.0 */
/* One request while it is answered, and the answers that have to do with who it is from. */
#ifndef SERVICE_HTTP_TURN_H
#define SERVICE_HTTP_TURN_H

#include "service/http_answer.h"

struct http_turn {
    struct http_state *state; /* of the connection that carried it */
    struct http_state *own;   /* of the client's own connection; NULL: nothing is known of it */
    bool names_own;           /* it is said which that is: what is proven on it can be kept */
    const struct session_client *client;
    const struct http_request *request;
    struct session_request asked;
    struct http_reply *reply;
    bool auth;        /* /auth, for proxies, and not /whoami */
    bool takes_basic; /* passwords cross no network in clear */
};

const struct http_settings *http_turn_settings(const struct http_turn *t);

/* Without a body for /auth: nginx, whose auth_request reads none, closes a connection that has one to
 * come, and could not go on with it. */
void http_turn_answer(const struct http_turn *t, unsigned status, const char *body);
/* 401 with each scheme that is offered, the strongest first; token, an error token, goes with the
 * scheme it belongs to. */
void http_turn_challenge(const struct http_turn *t, enum http_scheme scheme, struct bytes token);
/* What a client sent is not as it has to be. For /auth that is 401 and a challenge: to a proxy any
 * status but 401 and 403 is a fault of ours. */
void http_turn_answer_malformed(const struct http_turn *t, unsigned status, const char *body);
/* What was wrong with a request, for the operator. */
void http_turn_note(const struct http_turn *t, unsigned status, const char *what);
/* The same where it was to be a logon: an event. */
void http_turn_refuse(const struct http_turn *t, enum event_request how, CredHandle *credential,
                      sec_status status, const char *why);
/* Who it is. Somebody who is nobody passes only where nobody has to be anybody. */
void http_turn_grant(const struct http_turn *t, const OPENSSPI_LOGON *logon, ULONG attributes);
/* No Authorization: who the connection is; else a challenge, or nobody where nobody may pass. */
void http_turn_answer_nothing(const struct http_turn *t);

#endif
