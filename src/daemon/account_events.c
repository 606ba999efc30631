/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of accounts become events. */
#include "daemon/account_events.h"

#include <pwd.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf16.h"

enum { DATE_BYTES = 40, PASSWD_BYTES = 16384 };

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

static void
changed(void *user, const void *before, const void *after)
{
    const struct account_events *e = user;
    char room[PASSWD_BYTES];
    struct passwd held, *who = NULL;

    if (getpwuid_r(e->uid, &held, room, sizeof(room), &who) != 0) {
        who = NULL;
    }
    event_log_account_change(e->log, before, after,
                             &(struct event_account_by){ .uid = e->uid,
                                                         .user = who ? who->pw_name : NULL,
                                                         .domain = e->domain });
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
