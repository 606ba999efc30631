/* SPDX-License-Identifier: Apache-2.0 */
/* The security event log: one JSON object a line, with Windows' event ids and field names. What
 * it holds is told in docs/EVENTS.md. No secret and no token ever enters it. */
#ifndef EVENT_EVENT_H
#define EVENT_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/log.h"
#include "base/status.h"

/* Windows' numbers. */
enum event_id {
    EVENT_DROPPED = 1101,         /* events that were counted instead of written */
    EVENT_LOGON = 4624,           /* a logon was granted */
    EVENT_REFUSED = 4625,         /* a logon was refused */
    EVENT_LOCKED_OUT = 4740,      /* an account was locked out */
    EVENT_NTLM_VALIDATION = 4776, /* an NTLM response was judged */
};

struct event_settings {
    const char *file;    /* NULL or "": to the journal alone */
    const char *journal; /* the journal's socket; NULL or absent: to the file alone */
    const char *program;
    unsigned refusals_per_second; /* of one address and one id; more are counted. 0: no limit */
    const struct log *log;        /* borrowed: where trouble with the file is told */
};

#define EVENT_JOURNAL "/run/systemd/journal/socket"

/* Safe from any thread. Nothing here fails: a logon is never refused because its event could not
 * be written; what could not be is counted, and told once writing works again. */
struct event_log;

/* NULL: no memory, or the file cannot be opened for appending; the log says which. Owned by the
 * caller: event_log_close. */
struct event_log *event_log_open(const struct event_settings *settings);
void event_log_close(struct event_log *log);
/* Opens the file anew before the next line, as after SIGHUP. A file that was moved or deleted is
 * noticed without it, within a second. */
void event_log_reopen(struct event_log *log);
/* Tells of what was suppressed; call it about once a second. */
void event_log_tick(struct event_log *log);

/* What is known of a ticket; all 0 where none came. */
struct event_kerberos {
    const char *client, *service; /* "alice@EXAMPLE.TEST", "HTTP/web1.example.test@EXAMPLE.TEST" */
    const char *upn, *logon_server;
    int32_t ticket_enctype, session_enctype;
    uint32_t kvno;
    int32_t error;
    bool has_kvno, pac_verified, delegated;
};

/* A logon, granted or refused. Strings are borrowed for the call; they may hold what a peer chose;
 * NULL is "". */
struct event_logon {
    sec_status status;   /* SEC_E_OK: granted */
    uint32_t sub_status; /* NTSTATUS of a refusal; 0: none */
    bool anonymous, locked_out_now, mic_verified, bindings_verified;
    const char *listener, *protocol;
    const char *address; /* "192.0.2.7" */
    uint16_t port;
    const char *package;   /* of the listener: "Negotiate" */
    const char *mechanism; /* that was used: "NTLM" */
    const char *ntlm_version;
    uint32_t key_bits;
    const char *user, *domain; /* proven; of a refusal, as claimed */
    const char *claimed_user, *claimed_domain;
    const char *workstation, *target, *sid, *unix_user;
    const char *reason;
    const char *hint; /* what to do about a refusal */
    struct event_kerberos kerberos;
    const char *offered;     /* what the client lists: "MS-Kerberos, NTLM" */
    const char *first_token; /* whose token came first: "NTLM" */
    const char *host;        /* of an HTTP request */
};

/* 4624 or 4625, with 4776 where an NTLM response was judged and 4740 where that locked the
 * account. */
void event_log_logon(struct event_log *log, const struct event_logon *logon);

/* "wrong password" and so on, for an NTSTATUS of a refusal; NULL: not in the table. Static. */
const char *event_log_cause(uint32_t sub_status);

#endif
