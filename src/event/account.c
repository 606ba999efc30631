/* SPDX-License-Identifier: Apache-2.0 */
/* What was done to accounts (Microsoft, "Audit User Account Management", "Audit Security Group
 * Management"). Whoever did it is a user of Unix: S-1-22-1-UID, as Samba writes them. */
#include <inttypes.h>
#include <stdio.h>

#include "base/attributes.h"
#include "event/event_log.h"

static const struct event_text messages[] = {
    { EVENT_ACCOUNT_CREATED, "account created" },
    { EVENT_ACCOUNT_ENABLED, "account enabled" },
    { EVENT_PASSWORD_CHANGED, "password changed" },
    { EVENT_PASSWORD_RESET, "password set" },
    { EVENT_ACCOUNT_DISABLED, "account disabled" },
    { EVENT_ACCOUNT_DELETED, "account removed" },
    { EVENT_GROUP_JOINED, "account joined a group" },
    { EVENT_GROUP_LEFT, "account left a group" },
    { EVENT_ACCOUNT_CHANGED, "account changed" },
    { EVENT_ACCOUNT_UNLOCKED, "account unlocked" },
    { EVENT_LOCKED_OUT, "account locked out" },
    { EVENT_REPLAY, "a response was shown again" },
};

/* An account, and who did it. */
struct deed {
    const struct event_account *account;
    struct event_subject by;
    const char *name; /* DOMAIN\USER */
};

/* 4732, 4733: the target is the group. */
static void
describe_group(struct event_record *record, const struct deed *deed)
{
    const struct event_account *a = deed->account;

    event_record_field(record, "MemberName", deed->name);
    event_record_field(record, "MemberSid", a->sid);
    event_record_field(record, "TargetUserName", a->group);
    event_record_field(record, "TargetDomainName", a->domain);
    event_record_field(record, "TargetSid", a->group_sid);
    event_record_subject(record, &deed->by);
    event_record_text(record, "member", a->user);
}

static void
describe_user(struct event_record *record, const struct deed *deed)
{
    const struct event_account *a = deed->account;
    bool attributes = a->id == EVENT_ACCOUNT_CREATED || a->id == EVENT_ACCOUNT_CHANGED;

    event_record_field(record, "TargetUserName", a->user);
    event_record_field(record, "TargetDomainName", a->domain);
    event_record_field(record, "TargetSid", a->sid);
    event_record_subject(record, &deed->by);
    if (a->id == EVENT_REPLAY) {
        event_record_field(record, "RequestType", NULL);
        event_record_field(record, "LogonProcessName", NULL);
        event_record_field(record, "AuthenticationPackage", NULL);
        event_record_field(record, "WorkstationName", NULL);
    }
    if (attributes) {
        event_record_field(record, "SamAccountName",
                           a->id == EVENT_ACCOUNT_CREATED ? a->user : NULL);
        event_record_field(record, "AccountExpires", a->expires);
        event_record_text(record, "changed", a->changed);
        event_record_text(record, "unix_user", a->unix_user);
    }
    event_record_text(record, "reason", a->reason);
}

static void
describe(struct event_record *record, const void *user)
{
    const struct deed *deed = user;

    if (deed->account->id == EVENT_GROUP_JOINED || deed->account->id == EVENT_GROUP_LEFT) {
        describe_group(record, deed);
    } else {
        describe_user(record, deed);
    }
}

void
event_log_account(struct event_log *log, const struct event_account *a)
{
    char sid[32], by[32], name[600], message[1024];
    const struct deed deed = { .account = a,
                               .by = { .sid = sid,
                                       .user = a->by_user ? a->by_user : by,
                                       .domain = log ? event_log_computer(log) : "" },
                               .name = name };

    (void)snprintf(sid, sizeof(sid), "S-1-22-1-%" PRIu32, a->by_uid);
    (void)snprintf(by, sizeof(by), "%" PRIu32, a->by_uid);
    (void)snprintf(name, sizeof(name), "%s%s%s", a->domain ? a->domain : "",
                   a->domain && *a->domain ? "\\" : "", a->user ? a->user : "");
    (void)snprintf(message, sizeof(message), "%s%s: %s%s%s by %s", a->failure ? "refused: " : "",
                   event_text_of(messages, SEC_ARRAY_LEN(messages), a->id), name,
                   a->group ? ", group " : "", a->group ? a->group : "", deed.by.user);
    event_log_write(log, &(struct event_entry){ .id = a->id,
                                                .failure = a->failure,
                                                .message = message,
                                                .describe = describe,
                                                .user = &deed });
}
