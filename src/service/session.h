/* SPDX-License-Identifier: Apache-2.0 */
/* One client's handshake, whatever carries its tokens: legs are counted, the context is driven, and
 * the end is told to the event log. No I/O of its own, and no clock but to tell how long it took. */
#ifndef SERVICE_SESSION_H
#define SERVICE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <opensspi/opensspi.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/wire.h"
#include "event/event.h"
#include "event/hint.h"
#include "service/counters.h"

enum {
    SESSION_REASON_BYTES = 256,
    SESSION_ADDRESS_BYTES = 48, /* INET6_ADDRSTRLEN */
};

/* [MS-ERREF] 2.3.1: for refusals that are not a package's. */
#define SESSION_TIMEOUT       ((sec_status)0xC00000B5) /* STATUS_IO_TIMEOUT */
#define SESSION_OUT_OF_BOUNDS ((sec_status)0xC000009A) /* STATUS_INSUFFICIENT_RESOURCES */

/* Who is at the other end, and who is told of it. */
struct session_client {
    struct event_log *events;
    const struct log *log;
    struct counters *counters; /* NULL: nobody counts */
    const char *listener, *protocol, *package;
    char address[SESSION_ADDRESS_BYTES];
    uint16_t port;
};

struct session_rules {
    unsigned max_legs;
    size_t max_token;
    /* ASC_REQ_*; CONFIDENTIALITY and INTEGRITY, and with Kerberos SEQUENCE_DETECT, are a must
     * where they are wanted. */
    ULONG wanted;
};

/* What an HTTP request says beside its token. */
struct session_request {
    const char *host; /* of its URL, as http_auth_host reads it; NULL: none */
    bool host_is_address;
    bool clear_text;        /* it came with a password, and without a handshake */
    enum event_request how; /* EVENT_REQUEST_TOKEN, or why no token came to be judged */
};

enum session_state { SESSION_OPEN, SESSION_ESTABLISHED, SESSION_REFUSED };

struct session {
    const struct session_client *client;   /* borrowed */
    const struct session_rules *rules;     /* borrowed */
    CredHandle *credential;                /* borrowed */
    const struct session_request *request; /* borrowed for a step; NULL: none is being answered */
    CtxtHandle context;
    bool has_context;
    enum session_state state;
    unsigned legs;
    uint64_t began_us;
    ULONG attributes;  /* ASC_RET_*, once established */
    uint64_t logon_id; /* the event log's, once established */
    sec_status status;
    /* Once it has ended, and where anything is known; ours to free. */
    OPENSSPI_LOGON *logon;
    OPENSSPI_NEGOTIATION *negotiation;
    char reason[SESSION_REASON_BYTES]; /* of a refusal */
};

void session_init(struct session *session, const struct session_client *client,
                  const struct session_rules *rules, CredHandle *credential);
void session_clear(struct session *session);

/* It has a context now, or has it no more: they are counted. */
void session_set_context(struct session *session, bool has);

/* One leg: the client's token in, what is to be sent appended to out; after a refusal that is an
 * error token, or nothing. Only for a session that is open. */
SEC_NODISCARD enum session_state session_step(struct session *session, struct bytes token,
                                              struct wire_writer *out);
/* Whether that leg may ask an account authority, and so wait: not for a thread that serves others. A
 * token that begins an exchange never does, Kerberos' AP-REQ among them. While the step runs on
 * another thread nobody else may touch the session. */
SEC_NODISCARD bool session_may_wait(const struct session *session, struct bytes token);
/* Ends an open session for a reason of sspid's own. */
void session_refuse(struct session *session, sec_status status, const char *reason);

/* Appends a handshake that is half-way, for another process to go on with; here it is over, and to
 * be cleared. false: it cannot be moved, and reason says why. */
SEC_NODISCARD bool session_put(struct session *session, struct wire_writer *w);
/* The reverse, into a session that was just initialised. */
SEC_NODISCARD bool session_take(struct session *session, struct wire_reader *r);

/* A refusal before there was a session. request and credential may be NULL. */
void session_turn_away(const struct session_client *client, const struct session_request *request,
                       CredHandle *credential, sec_status status, const char *reason);

/* Tells that the logon is over, which it may outlive its session until; 0: there was none. */
void session_log_off(const struct session_client *client, const OPENSSPI_LOGON *logon, uint64_t id);

#endif
