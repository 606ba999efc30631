/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of accounts become events. */
#include "daemon/account_events.h"

#include <pwd.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf16.h"

enum { DATE_BYTES = 40, PASSWD_BYTES = 16384, REASON_BYTES = 128 };

static const char *
date_of(uint64_t at_100ns, char text[static DATE_BYTES])
{
    time_t at = (time_t)clock_to_unix(at_100ns);
    struct tm tm;

    if (at_100ns > INT64_MAX || !gmtime_r(&at, &tm) ||
        !strftime(text, DATE_BYTES, "%Y-%m-%dT%H:%M:%SZ", &tm)) {
        return "never";
    }
    return text;
}

static void *
keep(void *user, const struct account_view *v)
{
    char expires[DATE_BYTES], password_expires[DATE_BYTES], password_set[DATE_BYTES + 16];
    const struct event_account_state state = {
        .user = v->name,
        .sid = v->sid,
        .unix_user = v->unix_user,
        .one_time_code = v->one_time_code,
        .expires = date_of(v->expires_100ns, expires),
        .password_expires = date_of(v->password_expires_100ns, password_expires),
        .password_set = password_set,
        .disabled = v->disabled,
        .locked = v->locked,
        .may_dial_in = v->may_dial_in,
        .groups = v->groups,
        .group_sids = v->group_sids,
        .n_groups = v->n_groups,
    };

    (void)user;
    /* Two passwords may be set within a second. */
    (void)snprintf(password_set, sizeof(password_set), "%llu",
                   (unsigned long long)v->password_set_100ns);
    return event_account_keep(&state);
}

/* Who makes the change; NULL: it has no name. */
static const char *
name_of(uint32_t uid, struct passwd *held, char room[static PASSWD_BYTES])
{
    struct passwd *who = NULL;

    return getpwuid_r(uid, held, room, PASSWD_BYTES, &who) == 0 && who ? who->pw_name : NULL;
}

static void
changed(void *user, const void *before, const void *after)
{
    const struct account_events *e = user;
    char room[PASSWD_BYTES];
    struct passwd held;

    event_log_account_change(e->log, before, after,
                             &(struct event_account_by){ .uid = e->uid,
                                                         .user = name_of(e->uid, &held, room),
                                                         .domain = e->domain });
}

void
account_events_new_password(const struct account_events *e, struct bytes user, sec_status status,
                            const struct account_proof *reasons)
{
    char *name = utf8_from_utf16(user);
    char room[PASSWD_BYTES];
    struct passwd held;
    struct event_account event = { .id = EVENT_PASSWORD_CHANGED,
                                   .failure = status != SEC_E_OK,
                                   .user = name,
                                   .domain = e->domain,
                                   .sid = reasons->sid,
                                   .by_uid = e->uid,
                                   .by_user = name_of(e->uid, &held, room),
                                   .reason = status != SEC_E_OK ? sec_reason() : NULL };

    event_log_account(e->log, &event);
    if (reasons->locked_out_now) { /* Windows: Audit Success, of the locking */
        event.id = EVENT_LOCKED_OUT;
        event.failure = false;
        event.reason = NULL;
        event_log_account(e->log, &event);
    }
    mem_free(name);
}

void
account_events_replay(const struct account_events *e, struct bytes user, uint32_t uid, int64_t pid,
                      bool named)
{
    char *name = utf8_from_utf16(user);
    char room[PASSWD_BYTES], reason[REASON_BYTES];
    struct passwd held;

    (void)snprintf(reason, sizeof(reason),
                   "process %lld showed a response to a challenge that was answered before",
                   (long long)pid);
    event_log_account(e->log,
                      &(struct event_account){ .id = EVENT_REPLAY,
                                               .failure = true,
                                               .user = name,
                                               .domain = e->domain,
                                               .by_uid = uid,
                                               .by_user = named ? name_of(uid, &held, room) : NULL,
                                               .reason = reason });
    mem_free(name);
}

static void
drop(void *kept)
{
    event_account_free(kept);
}

bool
account_events_init(struct account_events *e, struct event_log *log, struct bytes domain)
{
    *e = (struct account_events){ .log = log, .domain = utf8_from_utf16(domain) };
    e->watch = (struct account_watch){ keep, changed, drop, e };
    return e->domain != NULL;
}

void
account_events_clear(struct account_events *e)
{
    mem_free(e->domain);
    *e = (struct account_events){ 0 };
}
