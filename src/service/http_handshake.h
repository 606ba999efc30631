/* SPDX-License-Identifier: Apache-2.0 */
/* What an Authorization proves. */
#ifndef SERVICE_HTTP_HANDSHAKE_H
#define SERVICE_HTTP_HANDSHAKE_H

#include "service/http_turn.h"

/* A token on the client's own connection, which may hold the handshake that it goes on with. */
void http_handshake_own(const struct http_turn *t, enum http_scheme scheme, struct bytes token,
                        bool goes_on);
/* A token where the client's connection is not known: it proves the request alone, or nothing. */
void http_handshake_alone(const struct http_turn *t, enum http_scheme scheme, struct bytes token);
/* A name and a password, which prove the request alone. */
void http_handshake_basic(const struct http_turn *t, struct bytes decoded);

#endif
