/* SPDX-License-Identifier: Apache-2.0 */
/* The events of calls: docs/EVENTS.md. What a caller typed is in none of them. */
#include <stdio.h>

#include "base/attributes.h"
#include "event/event_log.h"

static const struct event_text messages[] = {
    { EVENT_RAS_AUTHENTICATED, "PPP has authenticated the caller" },
    { EVENT_RAS_REFUSED, "PPP has refused the caller" },
    { EVENT_RAS_ACCOUNTING, "the connection has ended" },
    { EVENT_RAS_ADDRESS, "the connection is up" },
    { EVENT_RAS_CALL, "a call was answered" },
    { EVENT_RAS_NO_ANSWER, "a call was lost before it was answered" },
    { EVENT_RAS_DIALOG_SUCCESS, "the security module let the caller pass" },
    { EVENT_RAS_DIALOG_FAILURE, "the security module refused the caller" },
    { EVENT_RAS_DIALOG_ERROR, "the security module failed" },
    { EVENT_RAS_MODULE_FAULT, "the security module broke a rule" },
    { EVENT_RAS_PPP_EARLY, "the caller began PPP during the dialogue" },
    { EVENT_RAS_USER_MISMATCH, "the PPP user is not the one whom the security module vetted" },
    { EVENT_RAS_ENDED, "the call has ended" },
    { EVENT_RAS_MODULE_DOWN, "a process of the security module has ended" },
    { EVENT_RAS_MODULE_UP, "a process of the security module runs" },
    { EVENT_RAS_CODE_REFUSED, "a one-time code was refused" },
    { EVENT_LOCKED_OUT, "the account is locked out" },
};

static void
put_name(struct event_record *record, const char *name, struct bytes text)
{
    if (text.n) {
        event_record_bytes(record, name, text);
    }
}

static void
put_error(struct event_record *record, const struct event_ras *ras)
{
    if (ras->error) {
        event_record_number(record, "error", ras->error);
        event_record_text(record, "error_name", ras->error_name);
    }
}

static void
put_accounting(struct event_record *record, const struct event_ras *ras)
{
    if (ras->has_accounting) {
        event_record_number(record, "seconds", ras->seconds);
        event_record_number(record, "bytes_received", ras->bytes_received);
        event_record_number(record, "bytes_sent", ras->bytes_sent);
    }
    event_record_text(record, "local_address", ras->local_address);
    event_record_text(record, "remote_address", ras->remote_address);
}

static void
describe(struct event_record *record, const void *user)
{
    const struct event_ras *ras = user;

    event_record_text(record, "port", ras->port);
    event_record_text(record, "device", ras->device);
    if (ras->call) {
        event_record_number(record, "call", ras->call);
    }
    event_record_text(record, "IpAddress", ras->address);
    put_name(record, "TargetUserName", ras->user);
    put_name(record, "TargetDomainName", ras->domain);
    event_record_text(record, "module", ras->module);
    if (ras->process) {
        event_record_number(record, "module_process", ras->process);
    }
    put_error(record, ras);
    put_accounting(record, ras);
    event_record_text(record, "reason", ras->reason);
}

/* With Windows' fields, of which a call has no computer's name to offer. */
static void
describe_locked_out(struct event_record *record, const void *user)
{
    const struct event_ras *ras = user;

    put_name(record, "TargetUserName", ras->user);
    event_record_field(record, "TargetDomainName", NULL);
    event_record_field(record, "TargetSid", ras->locked_out);
    put_name(record, "domain", ras->domain);
    event_record_text(record, "IpAddress", ras->address);
    event_record_text(record, "port", ras->port);
    event_record_text(record, "device", ras->device);
    event_record_number(record, "call", ras->call);
}

static void
write_event(struct event_log *log, const struct event_ras *ras, struct event_entry entry)
{
    char message[512];
    bool reason = ras->reason && *ras->reason;
    const char *flood = ras->address && *ras->address ? ras->address : ras->port;

    entry.address = flood;
    entry.message = message;
    entry.user = ras;
    (void)snprintf(message, sizeof(message), "%s%s%s%s%s%.*s%s%s", ras->port ? "port " : "",
                   ras->port ? ras->port : "", ras->port ? ": " : "",
                   event_text_of(messages, SEC_ARRAY_LEN(messages), entry.id),
                   ras->user.n ? ", user " : "", (int)(ras->user.n < 256 ? ras->user.n : 256),
                   ras->user.n ? (const char *)ras->user.p : "", reason ? ": " : "",
                   reason ? ras->reason : "");
    event_log_write(log, &entry);
}

void
event_log_ras(struct event_log *log, const struct event_ras *ras)
{
    write_event(
        log, ras,
        (struct event_entry){ .id = ras->id, .failure = ras->failure, .describe = describe });
    if (ras->locked_out) { /* Windows: Audit Success, of the locking */
        write_event(
            log, ras,
            (struct event_entry){ .id = EVENT_LOCKED_OUT, .describe = describe_locked_out });
    }
}
