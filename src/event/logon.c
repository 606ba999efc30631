/* SPDX-License-Identifier: Apache-2.0 */
/* The events of a logon, field by field as Windows names them (Microsoft, "Audit Logon", "Audit
 * Credential Validation", "Audit User Account Management"); what Windows has no name for is in
 * small letters. */
#include <stdio.h>

#include "event/event_log.h"

enum {
    LOGON_TYPE_NETWORK = 3,
    LOGON_TYPE_NETWORK_CLEARTEXT = 8,
    KRB_AP_ERR_REPEAT = 34,
};

/* [MS-ERREF] 2.3.1 */
enum {
    STATUS_NO_SUCH_USER = 0xC0000064,
    STATUS_WRONG_PASSWORD = 0xC000006A,
    STATUS_LOGON_FAILURE = 0xC000006D,
    STATUS_ACCOUNT_RESTRICTION = 0xC000006E,
    STATUS_INVALID_LOGON_HOURS = 0xC000006F,
    STATUS_INVALID_WORKSTATION = 0xC0000070,
    STATUS_PASSWORD_EXPIRED = 0xC0000071,
    STATUS_ACCOUNT_DISABLED = 0xC0000072,
    STATUS_LOGON_TYPE_NOT_GRANTED = 0xC000015B,
    STATUS_ACCOUNT_EXPIRED = 0xC0000193,
    STATUS_PASSWORD_MUST_CHANGE = 0xC0000224,
    STATUS_ACCOUNT_LOCKED_OUT = 0xC0000234,
};

/* Windows' texts for FailureReason, %%2304 to %%2313, in its own spelling. */
static const struct {
    uint32_t sub_status, status;
    const char *text, *cause;
} failures[] = {
    { STATUS_NO_SUCH_USER, STATUS_LOGON_FAILURE, "Unknown user name or bad password.",
      "there is no such account" },
    { STATUS_WRONG_PASSWORD, STATUS_LOGON_FAILURE, "Unknown user name or bad password.",
      "wrong password" },
    { STATUS_LOGON_FAILURE, STATUS_LOGON_FAILURE, "Unknown user name or bad password.",
      "unknown account or wrong password" },
    { STATUS_INVALID_LOGON_HOURS, STATUS_ACCOUNT_RESTRICTION,
      "Account logon time restriction violation.", "not at this hour" },
    { STATUS_INVALID_WORKSTATION, STATUS_ACCOUNT_RESTRICTION,
      "User not allowed to logon at this computer.", "not from this workstation" },
    { STATUS_PASSWORD_EXPIRED, STATUS_ACCOUNT_RESTRICTION,
      "The specified account's password has expired.", "the password has expired" },
    { STATUS_PASSWORD_MUST_CHANGE, STATUS_ACCOUNT_RESTRICTION,
      "The specified account's password has expired.", "the password must be changed first" },
    { STATUS_ACCOUNT_DISABLED, STATUS_ACCOUNT_RESTRICTION, "Account currently disabled.",
      "the account is disabled" },
    { STATUS_ACCOUNT_EXPIRED, STATUS_ACCOUNT_EXPIRED, "The specified user account has expired.",
      "the account has expired" },
    { STATUS_ACCOUNT_LOCKED_OUT, STATUS_ACCOUNT_LOCKED_OUT, "Account locked out.",
      "the account is locked out" },
    { STATUS_LOGON_TYPE_NOT_GRANTED, STATUS_LOGON_TYPE_NOT_GRANTED,
      "The user has not been granted the requested logon type at this machine.",
      "the account may not log on over the network" },
};

const char *
event_log_cause(uint32_t sub_status)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(failures); i++) {
        if (failures[i].sub_status == sub_status) {
            return failures[i].cause;
        }
    }
    return NULL;
}

static bool
uses(const struct event_logon *logon, const char *mechanism)
{
    return logon->mechanism && strcmp(logon->mechanism, mechanism) == 0;
}

static bool
is_ntlm(const struct event_logon *logon)
{
    return uses(logon, "NTLM");
}

static bool
is_kerberos(const struct event_logon *logon)
{
    return uses(logon, "Kerberos");
}

/* Of a ticket no password was judged here, whatever its refusal is called. */
static bool
judges_password(const struct event_logon *logon)
{
    return !is_kerberos(logon) || (logon->sub_status && logon->sub_status != STATUS_LOGON_FAILURE);
}

/* The status to tell, and its text; as Windows does, a SECURITY_STATUS where there is nothing
 * better. */
static uint32_t
failure_of(const struct event_logon *logon, const char **text)
{
    static const char failed[] = "An Error occured during Logon.";

    for (size_t i = 0; i < SEC_ARRAY_LEN(failures); i++) {
        if (failures[i].sub_status == logon->sub_status) {
            *text = judges_password(logon) ? failures[i].text : failed;
            return failures[i].status;
        }
    }
    if (logon->status == SEC_E_LOGON_DENIED && logon->sub_status == 0 && judges_password(logon)) {
        *text = failures[2].text;
        return STATUS_LOGON_FAILURE;
    }
    *text = failed;
    return (uint32_t)logon->status;
}

/* "" where it has no name: a refusal of the program's own is told by an NTSTATUS. */
static const char *
name_of(sec_status status)
{
    const char *name = sec_status_name(status);

    return strncmp(name, "SEC_", 4) == 0 ? name : "";
}

static const char *
mechanism_of(const struct event_logon *logon)
{
    return logon->mechanism && *logon->mechanism ? logon->mechanism : logon->package;
}

/* ServiceName and TicketEncryptionType are event 4769's. */
static void
describe_ticket(struct event_record *record, const struct event_kerberos *k)
{
    if (k->service && *k->service) {
        event_record_text(record, "ServiceName", k->service);
    }
    if (k->ticket_enctype) {
        event_record_hex(record, "TicketEncryptionType", (uint32_t)k->ticket_enctype);
    }
    if (k->session_enctype) {
        event_record_hex(record, "session_encryption_type", (uint32_t)k->session_enctype);
    }
    if (k->has_kvno) {
        event_record_number(record, "kvno", k->kvno);
    }
    if (k->error) {
        event_record_number(record, "krb_error", (uint64_t)k->error);
    }
    event_record_text(record, "client_principal", k->client);
    event_record_text(record, "upn", k->upn);
    event_record_text(record, "logon_server", k->logon_server);
}

static const char *
process_of(const struct event_logon *logon)
{
    return is_ntlm(logon) ? "NtLmSsp" : is_kerberos(logon) ? "Kerberos" : "sspid";
}

/* What 4624 and 4625 have in common, in Windows' order. */
static void
describe_network(struct event_record *record, const struct event_logon *logon)
{
    event_record_number(record, "LogonType",
                        logon->clear_text ? LOGON_TYPE_NETWORK_CLEARTEXT : LOGON_TYPE_NETWORK);
    event_record_field(record, "LogonProcessName", process_of(logon));
    event_record_field(record, "AuthenticationPackageName", mechanism_of(logon));
    event_record_field(record, "WorkstationName", logon->workstation);
    event_record_field(record, "LmPackageName", logon->ntlm_version);
    /* Windows: always 0 where the package is Kerberos. */
    event_record_number(record, "KeyLength", is_kerberos(logon) ? 0 : logon->key_bits);
    event_record_field(record, "IpAddress", logon->address);
    event_record_number(record, "IpPort", logon->port);
    event_record_text(record, "listener", logon->listener);
    event_record_text(record, "protocol", logon->protocol);
    event_record_text(record, "package", logon->package);
    event_record_text(record, "host", logon->host);
    event_record_text(record, "target_name", logon->target);
    describe_ticket(record, &logon->kerberos);
    event_record_flag(record, "mic_verified", logon->mic_verified);
    event_record_flag(record, "channel_bindings_verified", logon->bindings_verified);
}

/* S-1-5-7 is ANONYMOUS LOGON */
static void
describe_target(struct event_record *record, bool anonymous, const char *sid, const char *user,
                const char *domain)
{
    event_record_field(record, "TargetUserSid", anonymous ? "S-1-5-7" : sid);
    event_record_field(record, "TargetUserName", anonymous ? "ANONYMOUS LOGON" : user);
    event_record_field(record, "TargetDomainName", anonymous ? "NT AUTHORITY" : domain);
}

/* A logon that was granted, and its number. */
struct granted {
    const struct event_logon *logon;
    uint64_t number;
};

static void
describe_granted(struct event_record *record, const void *user)
{
    const struct granted *granted = user;
    const struct event_logon *logon = granted->logon;

    event_record_subject(record, &event_subject_nobody);
    describe_target(record, logon->anonymous, logon->sid, logon->user, logon->domain);
    event_record_hex(record, "TargetLogonId", granted->number);
    describe_network(record, logon);
    event_record_field(record, "ImpersonationLevel",
                       logon->kerberos.delegated ? "Delegation" : "Impersonation");
    event_record_text(record, "claimed_user", logon->claimed_user);
    event_record_text(record, "claimed_domain", logon->claimed_domain);
    event_record_text(record, "unix_user", logon->unix_user);
    event_record_text(record, "offered", logon->offered);
    event_record_text(record, "first_token", logon->first_token);
    if (is_kerberos(logon)) {
        event_record_flag(record, "pac_verified", logon->kerberos.pac_verified);
        event_record_flag(record, "delegated", logon->kerberos.delegated);
    }
}

static void
describe_refused(struct event_record *record, const void *user)
{
    const struct event_logon *logon = user;
    const char *text;
    uint32_t status = failure_of(logon, &text);

    event_record_subject(record, &event_subject_nobody);
    event_record_field(record, "TargetUserSid", "S-1-0-0"); /* NULL SID: nobody */
    event_record_field(record, "TargetUserName", logon->user);
    event_record_field(record, "TargetDomainName", logon->domain);
    event_record_hex(record, "Status", status);
    event_record_field(record, "FailureReason", text);
    event_record_hex(record, "SubStatus", logon->sub_status);
    describe_network(record, logon);
    event_record_text(record, "status_name", name_of(logon->status));
    event_record_text(record, "offered", logon->offered);
    event_record_text(record, "first_token", logon->first_token);
    event_record_text(record, "reason", logon->reason);
    event_record_text(record, "hint", logon->hint);
}

static void
describe_validation(struct event_record *record, const void *user)
{
    const struct event_logon *logon = user;

    event_record_field(record, "PackageName", "MICROSOFT_AUTHENTICATION_PACKAGE_V1_0");
    event_record_field(record, "TargetUserName", logon->claimed_user);
    event_record_field(record, "Workstation", logon->workstation);
    event_record_hex(record, "Status", logon->status == SEC_E_OK ? 0 : logon->sub_status);
    event_record_text(record, "domain", logon->claimed_domain);
    event_record_text(record, "LmPackageName", logon->ntlm_version);
    event_record_text(record, "IpAddress", logon->address);
    event_record_text(record, "listener", logon->listener);
}

static void
describe_locked_out(struct event_record *record, const void *user)
{
    const struct event_logon *logon = user;

    event_record_field(record, "TargetUserName", logon->user);
    /* Windows' own oddity: the computer that the last try came from. */
    event_record_field(record, "TargetDomainName", logon->workstation);
    event_record_field(record, "TargetSid", logon->refused_sid);
    event_record_subject(record, &event_subject_system);
    event_record_text(record, "domain", logon->domain);
    event_record_text(record, "IpAddress", logon->address);
    event_record_number(record, "IpPort", logon->port);
    event_record_text(record, "listener", logon->listener);
}

/* For people, in the journal. */
static void
write_message(char *to, size_t n, const struct event_logon *logon, const char *what)
{
    const char *user = logon->anonymous ? "ANONYMOUS LOGON" : logon->user;
    bool reason = logon->status != SEC_E_OK && logon->reason && *logon->reason;

    (void)snprintf(to, n, "%s: %s%s%s from %s%s%s", what, logon->domain ? logon->domain : "",
                   logon->domain && *logon->domain ? "\\" : "", user && *user ? user : "-",
                   logon->address ? logon->address : "-", reason ? ": " : "",
                   reason ? logon->reason : "");
}

/* Windows writes it where KRB_AP_ERR_REPEAT is answered. */
static void
describe_replay(struct event_record *record, const void *user)
{
    const struct event_logon *logon = user;

    event_record_subject(record, &event_subject_system);
    event_record_field(record, "TargetUserName", logon->user);
    event_record_field(record, "TargetDomainName", logon->domain);
    event_record_field(record, "RequestType", "KRB_AP_REQ");
    event_record_field(record, "LogonProcessName", process_of(logon));
    event_record_field(record, "AuthenticationPackage", mechanism_of(logon));
    event_record_field(record, "WorkstationName", logon->workstation);
    event_record_text(record, "IpAddress", logon->address);
    event_record_number(record, "IpPort", logon->port);
    event_record_text(record, "listener", logon->listener);
    describe_ticket(record, &logon->kerberos);
}

/* One of the events of a logon. */
static void
tell(struct event_log *log, const struct event_logon *logon, struct event_entry entry,
     const char *what)
{
    char message[512];

    write_message(message, sizeof(message), logon, what);
    entry.address = logon->address;
    entry.message = message;
    entry.user = entry.user ? entry.user : logon;
    event_log_write(log, &entry);
}

static void
tell_refused(struct event_log *log, const struct event_logon *logon)
{
    if (is_kerberos(logon) && logon->kerberos.error == KRB_AP_ERR_REPEAT) {
        tell(log, logon,
             (struct event_entry){
                 .id = EVENT_REPLAY, .failure = true, .describe = describe_replay },
             "a ticket was replayed");
    }
    tell(log, logon,
         (struct event_entry){ .id = EVENT_REFUSED, .failure = true, .describe = describe_refused },
         "logon refused");
    if (logon->locked_out_now) { /* Windows: Audit Success, of the locking */
        tell(log, logon,
             (struct event_entry){ .id = EVENT_LOCKED_OUT, .describe = describe_locked_out },
             "account locked out");
    }
}

uint64_t
event_log_logon(struct event_log *log, const struct event_logon *logon)
{
    bool refused = logon->status != SEC_E_OK;
    struct granted granted = { logon, 0 };

    if (is_ntlm(logon) && !logon->anonymous && (!refused || logon->sub_status)) {
        tell(log, logon,
             (struct event_entry){
                 .id = EVENT_NTLM_VALIDATION, .failure = refused, .describe = describe_validation },
             "NTLM validation");
    }
    if (refused) {
        tell_refused(log, logon);
    } else if (log) {
        granted.number = event_log_next_logon(log);
        tell(log, logon,
             (struct event_entry){
                 .id = EVENT_LOGON, .describe = describe_granted, .user = &granted },
             "logon");
    }
    return granted.number;
}

static void
describe_logoff(struct event_record *record, const void *user)
{
    const struct event_logoff *logoff = user;

    describe_target(record, logoff->anonymous, logoff->sid, logoff->user, logoff->domain);
    event_record_hex(record, "TargetLogonId", logoff->logon);
    event_record_number(record, "LogonType", LOGON_TYPE_NETWORK);
    event_record_text(record, "IpAddress", logoff->address);
    event_record_number(record, "IpPort", logoff->port);
    event_record_text(record, "listener", logoff->listener);
}

void
event_log_logoff(struct event_log *log, const struct event_logoff *logoff)
{
    const struct event_logon who = { .anonymous = logoff->anonymous,
                                     .user = logoff->user,
                                     .domain = logoff->domain,
                                     .address = logoff->address };

    tell(log, &who,
         (struct event_entry){ .id = EVENT_LOGOFF, .describe = describe_logoff, .user = logoff },
         "logoff");
}
