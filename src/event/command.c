/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that run for clients: Windows' events of processes. */
#include <stdio.h>

#include "base/attributes.h"
#include "event/event_log.h"

enum { MESSAGE_BYTES = 400 };

static const struct event_text messages[] = {
    { EVENT_COMMAND_STARTED, "a command was started" },
    { EVENT_COMMAND_ENDED, "a command has ended" },
    { EVENT_COMMAND_REFUSED, "a command was refused" },
};

/* Windows has the new process in another field than one that has ended. */
static void
describe_process(struct event_record *record, const struct event_command *c)
{
    if (c->id == EVENT_COMMAND_STARTED) {
        event_record_hex(record, "NewProcessId", c->process);
    } else if (c->id == EVENT_COMMAND_ENDED) {
        event_record_hex(record, "ProcessId", c->process);
        event_record_hex(record, "Status", c->status);
        if (c->signal) {
            event_record_number(record, "signal", c->signal);
        }
        event_record_number(record, "seconds", c->seconds);
        event_record_number(record, "to_command", c->to_command);
        event_record_number(record, "to_client", c->to_client);
    }
}

static void
describe(struct event_record *record, const void *user)
{
    const struct event_command *c = user;

    event_record_subject(record, &event_subject_system);
    event_record_field(record, "TargetUserSid", c->sid);
    event_record_field(record, "TargetUserName", c->user);
    event_record_field(record, "TargetDomainName", c->domain);
    event_record_hex(record, "TargetLogonId", c->logon);
    event_record_text(record, "IpAddress", c->address);
    event_record_number(record, "IpPort", c->port);
    event_record_text(record, "listener", c->listener);
    event_record_text(record, "command", c->command);
    describe_process(record, c);
    event_record_text(record, "refusal", c->refusal);
    event_record_text(record, "reason", c->reason);
}

void
event_log_command(struct event_log *log, const struct event_command *c)
{
    char message[MESSAGE_BYTES];
    bool reason = c->reason && *c->reason;

    (void)snprintf(message, sizeof(message), "%s: %s for %s%s%s",
                   event_text_of(messages, SEC_ARRAY_LEN(messages), c->id), c->command, c->user,
                   reason ? ": " : "", reason ? c->reason : "");
    event_log_write(log, &(struct event_entry){
                             .id = c->id,
                             .failure = c->failure || c->id == EVENT_COMMAND_REFUSED,
                             .address = c->address,
                             .message = message,
                             .describe = describe,
                             .user = c,
                         });
}
