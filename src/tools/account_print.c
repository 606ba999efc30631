/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts on paper. */
#include <jansson.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "tools/account_print.h"

enum { TIME_CHARS = 40 };

/* Names in a store that somebody else wrote may hold what a terminal would obey. */
static void
print_text(const char *text)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct bytes safe;

    text_put_escaped(&w, bytes_of_string(text));
    safe = wire_written(&w);
    (void)fwrite(safe.p, 1, safe.n, stdout);
}

static const char *
time_text(uint64_t at_100ns, bool utc, char text[static TIME_CHARS])
{
    time_t at = (time_t)clock_to_unix(at_100ns);
    struct tm tm;

    if (at_100ns > INT64_MAX || !(utc ? gmtime_r(&at, &tm) : localtime_r(&at, &tm)) ||
        !strftime(text, TIME_CHARS, utc ? "%Y-%m-%dT%H:%M:%SZ" : "%Y-%m-%d %H:%M:%S", &tm)) {
        return NULL;
    }
    return text;
}

static const char *
state_of(const struct account_view *v)
{
    uint64_t now = clock_now_100ns();

    if (v->locked) {
        return "locked";
    }
    if (v->disabled) {
        return "disabled";
    }
    if (v->expires_100ns <= now) {
        return "expired";
    }
    return v->password_expires_100ns <= now ? "password expired" : "enabled";
}

/* --- for people ---------------------------------------------------------------------------- */

void
account_print_line(void *user, const struct account_view *v)
{
    (void)printf("%-18s %-46s ", state_of(v), v->sid);
    print_text(v->name);
    (void)printf("\n");
}

void
account_print_code(void *user, const struct account_view *v)
{
    if (v->one_time_code) {
        (void)printf("%-36s ", v->one_time_code);
        print_text(v->name);
        (void)printf("\n");
    }
}

static void
print_field(const char *name, const char *value)
{
    (void)printf("%-18s", name);
    print_text(value);
    (void)printf("\n");
}

static void
print_time(const char *name, uint64_t at_100ns)
{
    char text[TIME_CHARS];
    const char *t = time_text(at_100ns, false, text);

    print_field(name, t ? t : "never");
}

static void
print_list(const char *name, const char *const *items, size_t n)
{
    (void)printf("%-18s", name);
    for (size_t i = 0; i < n; i++) {
        (void)printf("%s", i ? ", " : "");
        print_text(items[i]);
    }
    (void)printf("%s\n", n ? "" : "none");
}

void
account_print_whole(void *user, const struct account_view *v)
{
    print_field("Name", v->name);
    print_field("SID", v->sid);
    print_field("State", state_of(v));
    if (v->locked) {
        print_time("Locked until", v->locked_until_100ns);
    }
    (void)printf("%-18s%u\n", "Wrong passwords", v->failures);
    print_list("Groups", v->groups, v->n_groups);
    print_field("Unix user", v->unix_user ? v->unix_user : "none");
    print_field("Dial-in", v->may_dial_in ? "yes" : "no");
    print_field("One-time code", v->one_time_code ? v->one_time_code : "none");
    print_time("Expires", v->expires_100ns);
    print_time("Password set", v->password_set_100ns);
    print_time("Password expires", v->password_expires_100ns);
    print_list("Keys", v->keys, v->n_keys);
    (void)printf("%-18s%u\n", "Key version", v->key_version);
    print_field("Key salt", v->key_salt);
    print_time("Created", v->created_100ns);
    print_time("Changed", v->changed_100ns);
}

/* --- JSON ---------------------------------------------------------------------------------- */

static json_t *
time_json(uint64_t at_100ns)
{
    char text[TIME_CHARS];
    const char *t = at_100ns ? time_text(at_100ns, true, text) : NULL;

    return t ? json_string(t) : json_null();
}

static json_t *
list_json(const char *const *items, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(list, json_string(items[i]));
    }
    return list;
}

void
account_print_json(void *user, const struct account_view *v)
{
    json_t *o = json_pack(
        "{s:s, s:s, s:s, s:b, s:b, s:o, s:i, s:o, s:o, s:o, s:s?, s:o, s:o, s:o, s:o, s:o, s:o, "
        "s:I,"
        " s:s, s:b, s:s?}",
        "name", v->name, "sid", v->sid, "state", state_of(v), "disabled", v->disabled, "locked",
        v->locked, "locked_until", time_json(v->locked_until_100ns), "wrong_passwords",
        (int)v->failures, "last_wrong_password", time_json(v->last_failure_100ns), "groups",
        list_json(v->groups, v->n_groups), "group_sids", list_json(v->group_sids, v->n_groups),
        "unix_user", v->unix_user, "expires", time_json(v->expires_100ns), "password_set",
        time_json(v->password_set_100ns), "password_expires", time_json(v->password_expires_100ns),
        "created", time_json(v->created_100ns), "changed", time_json(v->changed_100ns), "keys",
        list_json(v->keys, v->n_keys), "key_version", (json_int_t)v->key_version, "key_salt",
        v->key_salt, "dial_in", v->may_dial_in, "one_time_code", v->one_time_code);

    (void)json_array_append_new(user, o);
}
