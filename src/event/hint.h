/* SPDX-License-Identifier: Apache-2.0 */
/* What to do about a refusal: from what is known of it to one sentence for the operator. Pure. */
#ifndef EVENT_HINT_H
#define EVENT_HINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"

enum { EVENT_HINT_BYTES = 400 };

/* How an HTTP request proves itself, before any token is looked at. */
enum event_request {
    EVENT_REQUEST_TOKEN,      /* with a token; also where there is no HTTP */
    EVENT_REQUEST_NOTHING,    /* no Authorization */
    EVENT_REQUEST_EMPTY,      /* a scheme without a token */
    EVENT_REQUEST_BROKEN,     /* not base64 */
    EVENT_REQUEST_CUT,        /* a token that is longer than what came of it */
    EVENT_REQUEST_TOO_LONG,   /* above max_token */
    EVENT_REQUEST_CLOSED,     /* a handshake of several requests, and a connection for one */
    EVENT_REQUEST_PROXY_NTLM, /* NTLM where each request is proven alone */
    EVENT_REQUEST_NTLM,       /* the scheme NTLM, which is not taken */
};

/* The name in the request's URL, as the client must have asked its KDC for it. */
enum event_host {
    EVENT_HOST_UNKNOWN, /* not told, or nothing is known of its key */
    EVENT_HOST_ADDRESS, /* an address: no ticket is ever made out to one */
    EVENT_HOST_KEYLESS, /* a name for which the keytab has no key */
    EVENT_HOST_KEYED,
};

/* Strings are borrowed; NULL is "". host and service stand in the text as they are given: whoever
 * takes them from a peer sees to it that they hold nothing but what names hold. */
struct event_hint {
    sec_status status;
    uint32_t sub_status;
    enum event_request request;
    enum event_host host_kind;
    const char *host, *service, *user;
    const char *mechanism;   /* that was used; "" none */
    const char *target;      /* NTLM: the service that the client named */
    const char *first_token; /* as OpenSspiQueryNegotiation names it */
    bool kerberos_offered;   /* by the client */
    bool no_token;           /* what came is no mechanism's */
    bool kerberos_here;      /* the listener takes it */
    bool opened;             /* a ticket, whose client is known by it */
    int32_t krb_error;
};

/* One sentence in to, or "" where nothing is to be said that the reason does not. */
void event_hint(const struct event_hint *facts, char *to, size_t n);

/* Whether a name is safe to stand in a hint: what host names, principals and realms are made of. */
bool event_hint_is_name(const char *text);

#endif
