/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts of this system. */
#include "token/unix_account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>

#include "base/mem.h"

enum {
    PASSWD_BYTES = 1024, /* at first */
    PASSWD_BYTES_MAX = 1024 * 1024,
    GROUPS = 64,        /* at first */
    GROUPS_MAX = 65536, /* Linux' NGROUPS_MAX */
    NAME_BYTES = 1024,
    /* systemd gives services users of their own from here on (DynamicUser=), Debian has its packages'
     * further up, and behind both is nobody. */
    SERVICE_UIDS = 61184,
    SERVICE_UIDS_END = 65535,
};

/* Appends a text with its NUL. */
static const char *
keep(char **at, const char *text)
{
    size_t n = strlen(text) + 1;
    char *kept = *at;

    bytes_copy(kept, text, n);
    *at += n;
    return kept;
}

static struct unix_account *
account_of(const struct passwd *entry, const gid_t *groups, size_t n)
{
    const char *home = entry->pw_dir ? entry->pw_dir : "";
    const char *shell = entry->pw_shell ? entry->pw_shell : "";
    size_t texts = strlen(entry->pw_name) + strlen(home) + strlen(shell) + 3;
    struct unix_account *a = mem_new(sizeof(*a) + n * sizeof(*groups) + texts);
    char *at;

    if (!a) {
        return NULL;
    }
    at = (char *)(a->groups + n);
    bytes_copy(a->groups, groups, n * sizeof(*groups));
    a->uid = entry->pw_uid;
    a->gid = entry->pw_gid;
    a->n_groups = n;
    a->name = keep(&at, entry->pw_name);
    a->home = keep(&at, home);
    a->shell = keep(&at, shell);
    return a;
}

struct unix_account *
unix_account_new(const char *name, uid_t uid, gid_t gid, const gid_t *groups, size_t n)
{
    return account_of(
        &(struct passwd){ .pw_name = (char *)(uintptr_t)name, .pw_uid = uid, .pw_gid = gid },
        groups, n);
}

void
unix_account_free(struct unix_account *a)
{
    mem_free(a);
}

/* *strings is owned by the caller, also after a failure. */
static sec_status
ask_passwd(const char *name, struct passwd *entry, char **strings)
{
    struct passwd *found = NULL;
    int error = ERANGE;

    for (size_t n = PASSWD_BYTES; error == ERANGE && n <= PASSWD_BYTES_MAX; n *= 4) {
        mem_free(*strings);
        *strings = mem_new(n);
        if (!*strings) {
            return SEC_E_INSUFFICIENT_MEMORY;
        }
        error = getpwnam_r(name, entry, *strings, n, &found);
    }
    if (error != 0 && error != ENOENT && error != ESRCH) {
        return sec_fail(error == ENOMEM ? SEC_E_INSUFFICIENT_MEMORY
                                        : SEC_E_NO_AUTHENTICATING_AUTHORITY,
                        "token: the name service cannot tell of %.100s: error %d", name, error);
    }
    if (error != 0 || !found) {
        return sec_fail(SEC_E_NO_IMPERSONATION, "token: no Unix account %.100s", name);
    }
    return SEC_E_OK;
}

static sec_status
ask_groups(const struct passwd *entry, gid_t **groups, int *n)
{
    for (int room = GROUPS; room <= GROUPS_MAX; room = *n > room ? *n : room * 4) {
        mem_free(*groups);
        *groups = mem_new_array((size_t)room, sizeof(**groups));
        if (!*groups) {
            return SEC_E_INSUFFICIENT_MEMORY;
        }
        *n = room;
        if (getgrouplist(entry->pw_name, entry->pw_gid, *groups, n) >= 0) {
            return SEC_E_OK;
        }
    }
    return sec_fail(SEC_E_NO_IMPERSONATION, "token: Unix account %.100s has too many groups",
                    entry->pw_name);
}

sec_status
unix_account_find(const char *name, struct unix_account **out)
{
    struct passwd entry;
    char *strings = NULL;
    gid_t *groups = NULL;
    int n = 0;
    sec_status status = ask_passwd(name, &entry, &strings);

    if (status == SEC_E_OK && (entry.pw_uid == (uid_t)-1 || entry.pw_gid == (gid_t)-1)) {
        status = sec_fail(SEC_E_NO_IMPERSONATION, "token: Unix account %.100s has no ids", name);
    }
    if (status == SEC_E_OK) {
        status = ask_groups(&entry, &groups, &n);
    }
    if (status == SEC_E_OK) {
        *out = account_of(&entry, groups, (size_t)n);
        status = *out ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
    }
    mem_free(groups);
    mem_free(strings);
    return status;
}

/* --- who a client is here ------------------------------------------------------------------ */

/* What can be a name here at all: what a peer's KDC wrote must not be a path, a list or a line. */
static bool
is_name(const char *name)
{
    if (name[0] == '-' || name[0] == 0) {
        return false;
    }
    for (const char *c = name; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f || *c == ':' || *c == ',' || *c == '/' ||
            *c == '\\' || *c == '@') {
            return false;
        }
    }
    return true;
}

static bool
is_own_domain(const struct unix_account_policy *p, const char *domain)
{
    for (size_t i = 0; i < p->n_own_domains; i++) {
        if (domain[0] &&
            bytes_equal_nocase(bytes_of_string(p->own_domains[i]), bytes_of_string(domain))) {
            return true;
        }
    }
    return false;
}

static bool
is_bare_permitted(const struct unix_account_client *c, const struct unix_account_policy *p)
{
    return p->bare == UNIX_ACCOUNT_BARE_ALWAYS ||
           (p->bare == UNIX_ACCOUNT_BARE_OWN_DOMAIN && is_own_domain(p, c->domain));
}

/* winbind's form, with its usual separator. */
static sec_status
find_with_domain(const struct unix_account_client *c, struct unix_account **out)
{
    char name[NAME_BYTES];
    int n = snprintf(name, sizeof(name), "%s\\%s", c->domain, c->user);

    if (n < 0 || (size_t)n >= sizeof(name)) {
        return sec_fail(SEC_E_NO_IMPERSONATION, "token: the client's name is too long");
    }
    return unix_account_find(name, out);
}

/* bare: by the user's name, without the domain's. */
static sec_status
find_by_name(const struct unix_account_client *c, const struct unix_account_policy *p,
             struct unix_account **out, bool *bare)
{
    sec_status status = SEC_E_NO_IMPERSONATION;

    if (!is_name(c->user)) {
        return sec_fail(SEC_E_NO_IMPERSONATION,
                        "token: the client's name cannot be a Unix account's");
    }
    if (is_name(c->domain)) {
        status = find_with_domain(c, out);
    }
    if (status != SEC_E_NO_IMPERSONATION) {
        return status;
    }
    if (!is_bare_permitted(c, p)) {
        return sec_fail(SEC_E_NO_IMPERSONATION,
                        "token: no Unix account %.100s\\%.100s, and the name alone does not do "
                        "(impersonate_bare_name)",
                        c->domain, c->user);
    }
    *bare = true;
    return unix_account_find(c->user, out);
}

/* A client called daemon, nobody or www-data must not become the system user of that name by accident;
 * a store that names him does not do so by accident. Of DOMAIN\user the name service has made the id
 * itself, wherever it is. */
static sec_status
check_uid(const struct unix_account *a, bool is_named, bool bare,
          const struct unix_account_policy *p)
{
    if (a->uid == 0 && !p->root) {
        return sec_fail(SEC_E_NO_IMPERSONATION,
                        "token: Unix account %.100s is root, and impersonate_root is no", a->name);
    }
    if (a->uid != 0 && a->uid < p->min_uid && !is_named) {
        return sec_fail(SEC_E_NO_IMPERSONATION,
                        "token: Unix account %.100s is a system user: user id %u, below "
                        "impersonate_min_uid (%u)",
                        a->name, a->uid, p->min_uid);
    }
    if (bare && a->uid >= SERVICE_UIDS && a->uid <= SERVICE_UIDS_END) {
        return sec_fail(SEC_E_NO_IMPERSONATION,
                        "token: Unix account %.100s is a system user: user id %u, of those that "
                        "services have (%d to %d)",
                        a->name, a->uid, SERVICE_UIDS, SERVICE_UIDS_END);
    }
    return SEC_E_OK;
}

sec_status
unix_account_map(const struct unix_account_client *c, const struct unix_account_policy *p,
                 struct unix_account **out)
{
    struct unix_account *found = NULL;
    bool is_named = c->unix_user && c->unix_user[0], bare = false;
    sec_status status =
        is_named ? unix_account_find(c->unix_user, &found) : find_by_name(c, p, &found, &bare);

    if (status == SEC_E_OK) {
        status = check_uid(found, is_named, bare, p);
    }
    if (status != SEC_E_OK) {
        unix_account_free(found);
        return status;
    }
    *out = found;
    return SEC_E_OK;
}
