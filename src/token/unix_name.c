/* SPDX-License-Identifier: Apache-2.0 */
/* Names of this system's users and groups. */
#include "token/unix_name.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>

#include "base/mem.h"

enum {
    UNIX_AUTHORITY = 22,
    USERS = 1,
    GROUPS = 2,
    ROOM = 1024, /* at first; a group's members need more */
    ROOM_MAX = 4 * 1024 * 1024,
};

struct sid
unix_name_user_sid(uid_t uid)
{
    return (struct sid){ UNIX_AUTHORITY, 2, { USERS, uid } };
}

struct sid
unix_name_group_sid(gid_t gid)
{
    return (struct sid){ UNIX_AUTHORITY, 2, { GROUPS, gid } };
}

static bool
is_of(const struct sid *sid, uint32_t kind, uint32_t *out)
{
    *out = sid->n == 2 ? sid->parts[1] : 0;
    return sid->authority == UNIX_AUTHORITY && sid->n == 2 && sid->parts[0] == kind;
}

bool
unix_name_is_user(const struct sid *sid, uid_t *out)
{
    return is_of(sid, USERS, out);
}

bool
unix_name_is_group(const struct sid *sid, gid_t *out)
{
    return is_of(sid, GROUPS, out);
}

/* One question to the name service: what is asked with, and where the answer goes. */
struct question {
    const char *name; /* NULL: by id */
    id_t id;
    bool group;
    struct wire_writer *out; /* NULL: the id is what is wanted */
};

/* 0, or an error; *found tells whether there is one. */
static int
ask_user(struct question *q, char *room, size_t n, bool *found)
{
    struct passwd entry, *result = NULL;
    int error = q->name ? getpwnam_r(q->name, &entry, room, n, &result)
                        : getpwuid_r(q->id, &entry, room, n, &result);

    *found = error == 0 && result;
    if (*found) {
        q->id = entry.pw_uid;
        if (q->out) {
            wire_put(q->out, entry.pw_name, strlen(entry.pw_name) + 1);
        }
    }
    return error;
}

static int
ask_group(struct question *q, char *room, size_t n, bool *found)
{
    struct group entry, *result = NULL;
    int error = q->name ? getgrnam_r(q->name, &entry, room, n, &result)
                        : getgrgid_r(q->id, &entry, room, n, &result);

    *found = error == 0 && result;
    if (*found) {
        q->id = entry.gr_gid;
        if (q->out) {
            wire_put(q->out, entry.gr_name, strlen(entry.gr_name) + 1);
        }
    }
    return error;
}

static sec_status
ask(struct question *q)
{
    bool found = false;
    int error = ERANGE;

    for (size_t n = ROOM; error == ERANGE && n <= ROOM_MAX; n *= 4) {
        char *room = mem_new(n);

        if (!room) {
            return SEC_E_INSUFFICIENT_MEMORY;
        }
        error = q->group ? ask_group(q, room, n, &found) : ask_user(q, room, n, &found);
        mem_free(room);
    }
    if (!found) {
        return sec_fail(error == ENOMEM ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_TARGET_UNKNOWN,
                        "token: the name service knows no such %s", q->group ? "group" : "user");
    }
    return q->out && wire_writer_status(q->out) != WIRE_OK ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_OK;
}

sec_status
unix_name_of_user(uid_t uid, struct wire_writer *out)
{
    return ask(&(struct question){ .id = uid, .out = out });
}

sec_status
unix_name_of_group(gid_t gid, struct wire_writer *out)
{
    return ask(&(struct question){ .id = gid, .group = true, .out = out });
}

sec_status
unix_name_find_user(const char *name, uid_t *out)
{
    struct question q = { .name = name };
    sec_status status = ask(&q);

    *out = q.id;
    return status;
}

sec_status
unix_name_find_group(const char *name, gid_t *out)
{
    struct question q = { .name = name, .group = true };
    sec_status status = ask(&q);

    *out = q.id;
    return status;
}
