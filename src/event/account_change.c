/* SPDX-License-Identifier: Apache-2.0 */
/* What happened to an account, seen from what it was and what it is. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "event/event_log.h"

/* Kept as JSON, whose values compare and whose memory is one. */
static json_t *
json_of(struct event_account_kept *kept)
{
    return (json_t *)kept;
}

static const json_t *
json_of_const(const struct event_account_kept *kept)
{
    return (const json_t *)kept;
}

static bool
put_text(json_t *to, const char *name, const char *text)
{
    return json_object_set_new_nocheck(to, name, json_string_nocheck(text ? text : "")) == 0;
}

struct event_account_kept *
event_account_keep(const struct event_account_state *s)
{
    json_t *kept = json_object(), *groups = json_object();
    bool good = kept && groups && put_text(kept, "user", s->user) &&
                put_text(kept, "sid", s->sid) && put_text(kept, "unix-user", s->unix_user) &&
                put_text(kept, "one-time-code", s->one_time_code) &&
                put_text(kept, "expires", s->expires) &&
                put_text(kept, "password-expires", s->password_expires) &&
                put_text(kept, "password", s->password_set) &&
                json_object_set_new(kept, "disabled", json_boolean(s->disabled)) == 0 &&
                json_object_set_new(kept, "locked", json_boolean(s->locked)) == 0 &&
                json_object_set_new(kept, "dial-in", json_boolean(s->may_dial_in)) == 0 &&
                json_object_set(kept, "groups", groups) == 0;

    for (size_t i = 0; i < s->n_groups && good; i++) {
        good = put_text(groups, s->groups[i], s->group_sids[i]);
    }
    json_decref(groups);
    if (!good) {
        json_decref(kept);
        kept = NULL;
    }
    return (struct event_account_kept *)kept;
}

void
event_account_free(struct event_account_kept *kept)
{
    json_decref(json_of(kept));
}

/* --- telling ------------------------------------------------------------------------------- */

enum { CHANGED_BYTES = 128 };

struct change {
    struct event_log *log;
    const json_t *before, *after; /* NULL: none */
    const json_t *shown;          /* the one of them that the events tell of */
    const struct event_account_by *by;
};

static const char *
text_of(const json_t *account, const char *name)
{
    const char *text = json_string_value(json_object_get(account, name));

    return text ? text : "";
}

static bool
is(const json_t *account, const char *name)
{
    return json_is_true(json_object_get(account, name));
}

static bool
differs(const struct change *c, const char *name)
{
    return !json_equal(json_object_get(c->before, name), json_object_get(c->after, name));
}

static struct event_account
event_of(const struct change *c, enum event_id id)
{
    return (struct event_account){ .id = id,
                                   .user = text_of(c->shown, "user"),
                                   .domain = c->by->domain,
                                   .sid = text_of(c->shown, "sid"),
                                   .by_uid = c->by->uid,
                                   .by_user = c->by->user };
}

static void
tell(const struct change *c, enum event_id id)
{
    const struct event_account e = event_of(c, id);

    event_log_account(c->log, &e);
}

/* 4720 and 4738 say what of it is new. */
static void
tell_attributes(const struct change *c, enum event_id id, const char *changed)
{
    struct event_account e = event_of(c, id);

    e.changed = changed;
    e.expires = differs(c, "expires") ? text_of(c->after, "expires") : NULL;
    e.unix_user = differs(c, "unix-user") ? text_of(c->after, "unix-user") : NULL;
    event_log_account(c->log, &e);
}

/* Groups of one that the other has not. */
static void
tell_groups(const struct change *c, const json_t *one, const json_t *other, enum event_id id)
{
    const json_t *has_not = json_object_get(other, "groups");
    json_t *groups = json_object_get(one, "groups"), *sid;
    const char *name;

    json_object_foreach(groups, name, sid)
    {
        struct event_account e = event_of(c, id);

        if (!json_object_get(has_not, name)) {
            e.group = name;
            e.group_sid = json_string_value(sid);
            event_log_account(c->log, &e);
        }
    }
}

static void
tell_other_attributes(const struct change *c)
{
    static const char *const names[] = { "expires", "password-expires", "unix-user", "dial-in",
                                         "one-time-code" };
    char changed[CHANGED_BYTES] = "";
    size_t used = 0;

    for (size_t i = 0; i < SEC_ARRAY_LEN(names); i++) {
        if (differs(c, names[i])) {
            used += (size_t)snprintf(changed + used, sizeof(changed) - used, "%s%s",
                                     used ? ", " : "", names[i]);
        }
    }
    if (used) {
        tell_attributes(c, EVENT_ACCOUNT_CHANGED, changed);
    }
}

static void
tell_created(const struct change *c)
{
    tell_attributes(c, EVENT_ACCOUNT_CREATED, NULL);
    tell(c, EVENT_PASSWORD_RESET);
    tell(c, is(c->after, "disabled") ? EVENT_ACCOUNT_DISABLED : EVENT_ACCOUNT_ENABLED);
    tell_groups(c, c->after, NULL, EVENT_GROUP_JOINED);
}

static void
tell_changed(const struct change *c)
{
    if (differs(c, "password")) {
        tell(c, EVENT_PASSWORD_RESET);
    }
    if (differs(c, "disabled")) {
        tell(c, is(c->after, "disabled") ? EVENT_ACCOUNT_DISABLED : EVENT_ACCOUNT_ENABLED);
    }
    if (is(c->before, "locked") && !is(c->after, "locked")) {
        tell(c, EVENT_ACCOUNT_UNLOCKED);
    }
    tell_other_attributes(c);
    tell_groups(c, c->after, c->before, EVENT_GROUP_JOINED);
    tell_groups(c, c->before, c->after, EVENT_GROUP_LEFT);
}

void
event_log_account_change(struct event_log *log, const struct event_account_kept *before,
                         const struct event_account_kept *after, const struct event_account_by *by)
{
    const struct change c = { log, json_of_const(before), json_of_const(after),
                              json_of_const(after ? after : before), by };

    if (after && !before) {
        tell_created(&c);
    } else if (before && !after) {
        tell(&c, EVENT_ACCOUNT_DELETED);
    } else if (before) {
        tell_changed(&c);
    }
}
