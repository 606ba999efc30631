/* SPDX-License-Identifier: Apache-2.0 */
/* Clients of which a logon was asked and that come with nothing: what keeps them from having a
 * ticket is seen here or nowhere. */
#ifndef SERVICE_HTTP_ANONYMOUS_H
#define SERVICE_HTTP_ANONYMOUS_H

#include "service/http_answer.h"

/* A request without Authorization is answered with a challenge. Every client's first one may be
 * such. Where its host shows that no ticket can follow, and nothing else is taken, it is told of;
 * else, with own_connection (the client's and no proxy's), it is kept in mind until the end. */
void http_anonymous_challenged(struct http_state *state, const struct session_request *asked,
                               uint64_t now_s, bool own_connection);
/* The connection has ended. Who was asked, and never said a word, is told of. */
void http_anonymous_end(struct http_state *state, uint64_t now_s);

#endif
