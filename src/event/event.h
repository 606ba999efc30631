/* SPDX-License-Identifier: Apache-2.0 */
/* The security event log: one JSON object a line, with Windows' event ids and field names. What
 * it holds is told in docs/EVENTS.md. No secret and no token ever enters it. */
#ifndef EVENT_EVENT_H
#define EVENT_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/status.h"

/* Windows' numbers; those of 29000 and above are ours, since it has none for them. */
enum event_id {
    EVENT_DROPPED = 1101,         /* events that were counted instead of written */
    EVENT_LOG_FULL = 1104,        /* one of the log's sinks is full */
    EVENT_LOG_TURNED = 1105,      /* the file was moved away and begun anew */
    EVENT_LOG_TROUBLE = 1108,     /* one of the log's sinks takes no events */
    EVENT_LOGON = 4624,           /* a logon was granted */
    EVENT_REFUSED = 4625,         /* a logon was refused */
    EVENT_LOGOFF = 4634,          /* the connection of a logon has ended */
    EVENT_REPLAY = 4649,          /* an authenticator, or a response, came a second time */
    EVENT_NTLM_VALIDATION = 4776, /* an NTLM response was judged */
    EVENT_COMMAND_STARTED = 4688, /* a command runs for a client */
    EVENT_COMMAND_ENDED = 4689,

    EVENT_ACCOUNT_CREATED = 4720,
    EVENT_ACCOUNT_ENABLED = 4722,
    EVENT_PASSWORD_CHANGED = 4723, /* by who knew the old one */
    EVENT_PASSWORD_RESET = 4724,
    EVENT_ACCOUNT_DISABLED = 4725,
    EVENT_ACCOUNT_DELETED = 4726,
    EVENT_GROUP_JOINED = 4732,
    EVENT_GROUP_LEFT = 4733,
    EVENT_ACCOUNT_CHANGED = 4738,
    EVENT_LOCKED_OUT = 4740,
    EVENT_ACCOUNT_UNLOCKED = 4767,

    EVENT_RAS_AUTHENTICATED = 20250, /* RemoteAccess: PPP has authenticated a caller */
    EVENT_RAS_REFUSED = 20271,       /* and refused one */
    EVENT_RAS_ACCOUNTING = 20272,    /* a connection ended: how long, how much, why */
    EVENT_RAS_ADDRESS = 20274,       /* a caller has an address: the connection is up */
    EVENT_RAS_CALL = 29001,
    EVENT_RAS_NO_ANSWER = 29002,
    EVENT_RAS_DIALOG_SUCCESS = 29003,
    EVENT_RAS_DIALOG_FAILURE = 29004,
    EVENT_RAS_DIALOG_ERROR = 29005,
    EVENT_RAS_MODULE_FAULT = 29006,
    EVENT_RAS_PPP_EARLY = 29007,
    EVENT_RAS_USER_MISMATCH = 29008,
    EVENT_RAS_ENDED = 29009, /* a call that never became a connection */
    EVENT_RAS_MODULE_DOWN = 29010,
    EVENT_RAS_MODULE_UP = 29011,
    EVENT_RAS_CODE_REFUSED = 29012, /* a one-time code that the security module asked about */

    EVENT_SERVICE_STARTED = 29100,
    EVENT_SERVICE_STOPPED = 29101,
    EVENT_SERVICE_RELOADED = 29102,
    EVENT_SERVICE_BACKEND = 29103, /* a listener's backend cannot be reached */

    EVENT_COMMAND_REFUSED = 29200, /* a command was not started */
};

struct event_settings {
    const char *file;    /* NULL or "": no file */
    const char *journal; /* the journal's socket; NULL, or absent at the start: no journal */
    const char *syslog;  /* syslog's socket; NULL: none */
    unsigned facility;   /* syslog's */
    const char *program;
    unsigned refusals_per_second; /* of one address and one id; more are counted. 0: no limit */
    const struct log *log;        /* borrowed: where trouble is told */
};

#define EVENT_JOURNAL "/run/systemd/journal/socket"
#define EVENT_SYSLOG  "/dev/log"
enum { EVENT_FACILITY_AUTHPRIV = 10, EVENT_REFUSALS_PER_SECOND = 100 };

/* Safe from any thread. Nothing here fails, and nothing waits for a disk or another program: a
 * logon is never refused or held up because of its event. A thread of the log's own writes; what
 * it could not write is counted, and told once writing works again. */
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
/* Waits until what was written before has reached its sinks or was counted; false: a sink hangs. */
bool event_log_flush(struct event_log *log);

struct event_counts {
    uint64_t written;    /* events that every sink has */
    uint64_t suppressed; /* of floods */
    uint64_t lost;       /* events that some sink does not have */
};
struct event_counts event_log_counts(struct event_log *log);

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
    bool clear_text; /* the password itself came, and no proof of it */
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
    const char *refused_sid; /* of the account that a refusal is about; NULL or "": not known */
    const char *reason;
    const char *hint; /* what to do about a refusal */
    struct event_kerberos kerberos;
    const char *offered;     /* what the client lists: "MS-Kerberos, NTLM" */
    const char *first_token; /* whose token came first: "NTLM" */
    const char *host;        /* of an HTTP request */
};

/* 4624 or 4625, with 4776 where an NTLM response was judged, 4649 where a ticket was replayed and
 * 4740 where the refusal locked the account. The number of the logon: no other one on this host
 * has it until the host starts anew; 0: a refusal. */
uint64_t event_log_logon(struct event_log *log, const struct event_logon *logon);

/* 4634: who was logged on is so no more. */
struct event_logoff {
    uint64_t logon; /* event_log_logon's number */
    const char *user, *domain, *sid;
    const char *address, *listener;
    uint16_t port;
    bool anonymous;
};
void event_log_logoff(struct event_log *log, const struct event_logoff *logoff);

/* What was done to an account, and by whom. Strings are borrowed for the call; NULL is "". */
struct event_account {
    enum event_id id; /* EVENT_ACCOUNT_*, EVENT_PASSWORD_*, EVENT_GROUP_*, EVENT_REPLAY */
    bool failure;     /* of an attempt; reason says why */
    const char *user, *domain, *sid;
    const char *group, *group_sid; /* EVENT_GROUP_* */
    uint32_t by_uid;               /* of the Unix user who did it */
    const char *by_user;           /* and the name; NULL: it has none */
    const char *expires;           /* EVENT_ACCOUNT_CREATED and _CHANGED; NULL: was not touched */
    const char *changed;           /* "expires, unix-user" */
    const char *unix_user, *reason;
};
void event_log_account(struct event_log *log, const struct event_account *account);

/* An account, as it is at one moment. Strings are borrowed for the call; NULL is "". */
struct event_account_state {
    const char *user, *sid, *unix_user, *one_time_code;
    const char *expires, *password_expires, *password_set; /* dates */
    bool disabled, locked, may_dial_in;
    const char *const *groups, *const *group_sids; /* the same order */
    size_t n_groups;
};
/* Kept until later; owned by the caller: event_account_free. NULL: no memory. */
struct event_account_kept;
struct event_account_kept *event_account_keep(const struct event_account_state *state);
void event_account_free(struct event_account_kept *kept); /* NULL is a no-op */

/* Who changes it. */
struct event_account_by {
    uint32_t uid;
    const char *user;   /* NULL: it has no name */
    const char *domain; /* of the account */
};
/* All events of what is another account, or another one's state, than it was. Before NULL: it was
 * made; after NULL: it was removed. */
void event_log_account_change(struct event_log *log, const struct event_account_kept *before,
                              const struct event_account_kept *after,
                              const struct event_account_by *by);

/* A command that runs for a client, or does not. Strings are borrowed for the call; NULL is "". */
struct event_command {
    enum event_id id; /* EVENT_COMMAND_* */
    bool failure;     /* EVENT_COMMAND_ENDED: by a signal, or with another status than 0 */
    const char *command;
    uint64_t logon; /* event_log_logon's number */
    const char *user, *domain, *sid;
    const char *address, *listener;
    uint16_t port;
    uint32_t process;
    uint32_t status, signal; /* EVENT_COMMAND_ENDED: one of them */
    uint64_t seconds, to_command, to_client;
    const char *refusal, *reason; /* EVENT_COMMAND_REFUSED; ended: how, where nobody knows */
};
void event_log_command(struct event_log *log, const struct event_command *command);

/* A program's own life. */
struct event_service {
    enum event_id id; /* EVENT_SERVICE_* */
    bool failure;     /* EVENT_SERVICE_RELOADED: what was there before stays; reason says why */
    const char *version, *reason;
    const char *listener, *backend; /* EVENT_SERVICE_BACKEND: "HOST:PORT" */
};
void event_log_service(struct event_log *log, const struct event_service *service);

/* A call to rasd, or its security module. Strings and views are borrowed for the call; NULL and
 * empty ones are left out. */
struct event_ras {
    enum event_id id;
    bool failure;
    const char
        *locked_out; /* the SID of the account that this refusal locked: a 4740 follows; or NULL */
    const char *port, *device;
    const char *address; /* of the caller, where its line has one */
    uint64_t call;       /* 0: of no call */
    struct bytes user, domain;
    const char *module; /* its path */
    uint64_t process;   /* ras-module-host's; 0: none */
    uint32_t error;     /* 0: none */
    const char *error_name;
    const char *reason;
    /* 20272 and 29009 */
    uint64_t seconds, bytes_received, bytes_sent;
    const char *local_address, *remote_address;
    bool has_accounting;
};
void event_log_ras(struct event_log *log, const struct event_ras *ras);

/* "wrong password" and so on, for an NTSTATUS of a refusal; NULL: not in the table. Static. */
const char *event_log_cause(uint32_t sub_status);

#endif
