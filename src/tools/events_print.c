/* SPDX-License-Identifier: Apache-2.0 */
/* An event for people: when, what, who, from where, why, and what to do about it. */
#include "tools/events_print.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/wire.h"
#include "event/event.h"

static const struct {
    enum event_id id;
    const char *title, *failure; /* failure NULL: the same */
} titles[] = {
    { EVENT_DROPPED, "events dropped", NULL },
    { EVENT_LOG_FULL, "log full", NULL },
    { EVENT_LOG_TURNED, "log rotated", NULL },
    { EVENT_LOG_TROUBLE, "log trouble", NULL },
    { EVENT_LOGON, "logon", NULL },
    { EVENT_REFUSED, "refused", NULL },
    { EVENT_LOGOFF, "logoff", NULL },
    { EVENT_REPLAY, "replayed", NULL },
    { EVENT_ACCOUNT_CREATED, "created", NULL },
    { EVENT_ACCOUNT_ENABLED, "enabled", NULL },
    { EVENT_PASSWORD_CHANGED, "new password", "no new password" },
    { EVENT_PASSWORD_RESET, "password set", "password not set" },
    { EVENT_ACCOUNT_DISABLED, "disabled", NULL },
    { EVENT_ACCOUNT_DELETED, "removed", NULL },
    { EVENT_GROUP_JOINED, "joined group", NULL },
    { EVENT_GROUP_LEFT, "left group", NULL },
    { EVENT_ACCOUNT_CHANGED, "changed", NULL },
    { EVENT_LOCKED_OUT, "locked out", NULL },
    { EVENT_ACCOUNT_UNLOCKED, "unlocked", NULL },
    { EVENT_NTLM_VALIDATION, "validated", "not validated" },
    { EVENT_RAS_AUTHENTICATED, "PPP proven", NULL },
    { EVENT_RAS_REFUSED, "PPP refused", NULL },
    { EVENT_RAS_ACCOUNTING, "disconnected", NULL },
    { EVENT_RAS_ADDRESS, "connected", NULL },
    { EVENT_RAS_CALL, "call", NULL },
    { EVENT_RAS_NO_ANSWER, "call lost", NULL },
    { EVENT_RAS_DIALOG_SUCCESS, "dialog passed", NULL },
    { EVENT_RAS_DIALOG_FAILURE, "dialog refused", NULL },
    { EVENT_RAS_DIALOG_ERROR, "dialog failed", NULL },
    { EVENT_RAS_MODULE_FAULT, "module fault", NULL },
    { EVENT_RAS_PPP_EARLY, "PPP too early", NULL },
    { EVENT_RAS_USER_MISMATCH, "other user", NULL },
    { EVENT_RAS_ENDED, "call ended", NULL },
    { EVENT_RAS_MODULE_DOWN, "module down", NULL },
    { EVENT_RAS_MODULE_UP, "module up", NULL },
    { EVENT_RAS_CODE_REFUSED, "code refused", NULL },
    { EVENT_COMMAND_STARTED, "command", NULL },
    { EVENT_COMMAND_ENDED, "command ended", "command failed" },
    { EVENT_COMMAND_REFUSED, "command refused", NULL },
    { EVENT_SERVICE_STARTED, "started", NULL },
    { EVENT_SERVICE_STOPPED, "stopped", NULL },
    { EVENT_SERVICE_RELOADED, "reloaded", "not reloaded" },
    { EVENT_SERVICE_BACKEND, "no backend", NULL },
};

static const char *
title_of(json_int_t id, bool failure)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(titles); i++) {
        if ((json_int_t)titles[i].id == id) {
            return failure && titles[i].failure ? titles[i].failure : titles[i].title;
        }
    }
    return "event";
}

const char *
events_text(const json_t *event, const char *name)
{
    const char *text = json_string_value(json_object_get(event, name));

    return text && strcmp(text, "-") != 0 ? text : "";
}

/* Strings come unescaped out of JSON: what a terminal would obey is escaped again. */
static void
put_part(struct wire_writer *w, const char *before, const char *text)
{
    if (*text) {
        wire_put_bytes(w, bytes_of_string(before));
        text_put_shown(w, bytes_of_string(text));
    }
}

static void
put_number(struct wire_writer *w, const char *before, const json_t *event, const char *name)
{
    json_int_t number = json_integer_value(json_object_get(event, name));
    char text[32];

    if (number) {
        (void)snprintf(text, sizeof(text), "%lld", (long long)number);
        put_part(w, before, text);
    }
}

static void
put_who(struct wire_writer *w, const json_t *event, json_int_t id)
{
    const char *domain = events_text(event, "TargetDomainName");

    if (id == EVENT_GROUP_JOINED || id == EVENT_GROUP_LEFT) {
        put_part(w, " ", domain);
        put_part(w, *domain ? "\\" : " ", events_text(event, "member"));
        put_part(w, ", group ", events_text(event, "TargetUserName"));
        return;
    }
    if (id == EVENT_LOCKED_OUT) { /* Windows has a computer there */
        domain = events_text(event, "domain");
    }
    put_part(w, " ", domain);
    put_part(w, *domain ? "\\" : " ", events_text(event, "TargetUserName"));
}

static void
put_where(struct wire_writer *w, const json_t *event)
{
    put_part(w, " from ", events_text(event, "IpAddress"));
    put_part(w, " by ", events_text(event, "LmPackageName"));
    if (!*events_text(event, "LmPackageName")) {
        put_part(w, " by ", events_text(event, "AuthenticationPackageName"));
    }
    put_part(w, " at ", events_text(event, "listener"));
    put_part(w, " on port ", events_text(event, "port"));
    put_part(w, ", address ", events_text(event, "remote_address"));
    put_number(w, " ", event, "EventsDropped");
    put_number(w, " of ", event, "DroppedEventID");
    put_part(w, " of the ", events_text(event, "sink"));
    put_part(w, " to ", events_text(event, "BackupPath"));
    put_part(w, ", changed: ", events_text(event, "changed"));
    put_part(w, ", done by ", events_text(event, "SubjectUserName"));
    put_part(w, " ", events_text(event, "version"));
}

void
events_print(const json_t *event)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    json_int_t id = json_integer_value(json_object_get(event, "EventID"));
    bool failure = strcmp(events_text(event, "Keywords"), "Audit Failure") == 0;
    struct bytes line;
    const char *before_reason;
    char head[96];
    size_t named;

    (void)snprintf(head, sizeof(head), " %4lld %-14s", (long long)id, title_of(id, failure));
    put_part(&w, "", events_text(event, "TimeCreated"));
    w.len = w.len > 19 ? 19 : w.len; /* to the second */
    wire_put_bytes(&w, bytes_of_string("Z"));
    wire_put_bytes(&w, bytes_of_string(head));
    named = w.len;
    put_who(&w, event, id);
    put_where(&w, event);
    before_reason = w.len > named ? ": " : " ";
    put_part(&w, before_reason, events_text(event, "reason"));
    put_part(&w, before_reason, events_text(event, "Reason"));
    put_part(&w, w.len && wire_written(&w).p[w.len - 1] == '?' ? " Hint: " : ". Hint: ",
             events_text(event, "hint"));
    wire_put_u8(&w, '\n');
    line = wire_written(&w);
    (void)fwrite(line.p, 1, line.n, stdout);
}
