/* SPDX-License-Identifier: Apache-2.0 */
/* How a handshake ended, told to the event log and to standard error; with a refusal goes what to
 * do about it. */
#ifndef SERVICE_SESSION_TELL_H
#define SERVICE_SESSION_TELL_H

#include "service/session.h"

struct session_end {
    const struct session_client *client;
    const struct session_request *request;   /* NULL: not HTTP */
    const OPENSSPI_LOGON *logon;             /* NULL: nothing is known */
    const OPENSSPI_NEGOTIATION *negotiation; /* NULL: nothing is known */
    CredHandle *credential;                  /* NULL: none was had */
    sec_status status;
    const char *reason; /* of a refusal */
};

/* The logon's number; 0: a refusal. */
uint64_t session_tell(const struct session_end *end);

/* What the name in a request's URL is to this credential: EVENT_HOST_UNKNOWN where Kerberos is not
 * here, or has no key at all. */
enum event_host session_tell_host(CredHandle *credential, const struct session_request *request);

#endif
