/* SPDX-License-Identifier: Apache-2.0 */
/* Who may run a command. */
#include "execd/permit.h"

#include <stdio.h>
#include <string.h>

#include "token/unix_name.h"

static bool
is_listed(const struct execd_command *c, const char *name)
{
    for (size_t i = 0; c->users && c->users[i]; i++) {
        if (strcmp(c->users[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static bool
is_member(const struct unix_account *a, gid_t gid)
{
    bool is = a->gid == gid;

    for (size_t i = 0; i < a->n_groups && !is; i++) {
        is = a->groups[i] == gid;
    }
    return is;
}

/* A group that there is not has no members. */
static bool
is_in_a_group(const struct execd_command *c, const struct unix_account *a)
{
    for (size_t i = 0; c->groups && c->groups[i]; i++) {
        gid_t gid;

        if (unix_name_find_group(c->groups[i], &gid) == SEC_E_OK && is_member(a, gid)) {
            return true;
        }
    }
    return false;
}

bool
permit_account(const struct execd_settings *s, const struct execd_command *c,
               const struct unix_account *a, char *why, size_t why_n)
{
    if (a->uid != 0 && a->gid == 0) {
        (void)snprintf(
            why, why_n,
            "the primary group of %.100s is root's (gid 0): only root's commands have it", a->name);
        return false;
    }
    if (is_listed(c, a->name)) {
        return true;
    }
    if (a->uid == 0 || a->uid < s->minimum_uid) {
        (void)snprintf(why, why_n,
                       "uid %u is below minimum_uid, and users of [exec %s] does not name %.100s",
                       a->uid, c->name, a->name);
        return false;
    }
    if (c->everybody || is_in_a_group(c, a)) {
        return true;
    }
    (void)snprintf(why, why_n, "neither users nor groups of [exec %s] has %.100s", c->name,
                   a->name);
    return false;
}
