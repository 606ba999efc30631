/* SPDX-License-Identifier: Apache-2.0 */
/* Logons. */
#include "token/logon.h"

#include <pthread.h>

#include "base/mem.h"
#include "token/luid.h"

enum { NT_AUTHORITY = 5, NETWORK = 2, ANONYMOUS = 7, AUTHENTICATED = 11, THIS_ORGANIZATION = 15 };
enum { OTHER_ORGANIZATION = 1000, LOGON_IDS = 5, PACKAGE_IDS = 64, NTLM_ID = 10 };
enum { ADDED_GROUPS = 6, UNIX_AUTHORITY = 22 };

/* --- those that live ----------------------------------------------------------------------- */

static pthread_mutex_t living_lock = PTHREAD_MUTEX_INITIALIZER;
static struct logon *living;

/* A child of fork() has no other thread that could release the lock: it is not held across. */
static void
lock(void)
{
    (void)pthread_mutex_lock(&living_lock);
}

static void
unlock(void)
{
    (void)pthread_mutex_unlock(&living_lock);
}

static void
watch_fork(void)
{
    (void)pthread_atfork(lock, unlock, unlock);
}

static void
enter(struct logon *l)
{
    static pthread_once_t watched = PTHREAD_ONCE_INIT;

    (void)pthread_once(&watched, watch_fork);
    lock();
    l->next = living;
    l->from = &living;
    if (living) {
        living->from = &l->next;
    }
    living = l;
    unlock();
}

static void
leave(struct logon *l)
{
    lock();
    *l->from = l->next;
    if (l->next) {
        l->next->from = l->from;
    }
    unlock();
}

static bool
is_named(const struct logon_member *m, struct bytes domain, struct bytes name)
{
    return m->name[0] && bytes_equal_nocase(bytes_of_string(m->name), name) &&
           bytes_equal_nocase(bytes_of_string(m->domain), domain);
}

static bool
is_asked_for(const struct logon_member *m, const struct sid *sid, struct bytes domain,
             struct bytes name)
{
    return m->name[0] && (sid ? sid_equal(&m->sid, sid) : is_named(m, domain, name));
}

static bool
find(const struct sid *sid, struct bytes domain, struct bytes name, logon_take take, void *user)
{
    const struct logon_member *found = NULL;
    const char *upn = "";

    lock();
    for (const struct logon *l = living; l && !found; l = l->next) {
        found = is_asked_for(&l->user, sid, domain, name) ? &l->user : NULL;
        upn = found ? l->upn : "";
        for (size_t i = 0; i < l->n_groups && !found; i++) {
            found = is_asked_for(&l->groups[i], sid, domain, name) ? &l->groups[i] : NULL;
        }
    }
    if (found) {
        take(user, found, upn);
    }
    unlock();
    return found != NULL;
}

bool
logon_find_sid(const struct sid *sid, logon_take take, void *user)
{
    return find(sid, (struct bytes){ 0 }, (struct bytes){ 0 }, take, user);
}

bool
logon_find_name(struct bytes domain, struct bytes name, logon_take take, void *user)
{
    return find(NULL, domain, name, take, user);
}

bool
logon_find_upn(struct bytes upn, logon_take take, void *user)
{
    const struct logon *l;

    lock();
    l = living;
    while (l &&
           !(l->user.name[0] && l->upn[0] && bytes_equal_nocase(bytes_of_string(l->upn), upn))) {
        l = l->next;
    }
    if (l) {
        take(user, &l->user, l->upn);
    }
    unlock();
    return l != NULL;
}

/* --- life ---------------------------------------------------------------------------------- */

struct logon *
logon_ref(struct logon *l)
{
    atomic_fetch_add_explicit(&l->references, 1, memory_order_relaxed);
    return l;
}

static void
destroy(struct logon *l)
{
    unix_account_free(atomic_load(&l->unix_account));
    mem_free(l->groups);
    mem_free(l->strings);
    mem_free(l);
}

void
logon_unref(struct logon *l)
{
    if (l && atomic_fetch_sub_explicit(&l->references, 1, memory_order_acq_rel) == 1) {
        leave(l);
        destroy(l);
    }
}

/* Where the next string goes; base NULL: it only counts. */
struct layout {
    char *base;
    size_t used;
};

static const char *
lay(struct layout *at, const char *s)
{
    size_t n = s ? strlen(s) : 0;
    char *to = at->base ? at->base + at->used : NULL;

    at->used += n + 1;
    if (to) {
        bytes_copy(to, s, n);
        to[n] = 0;
    }
    return to;
}

/* Whose domain a group's name stands in: its own where it is well-known, the user's where it is of the
 * user's domain, and the system's where it is a group of the system. */
static const char *
domain_of(const struct logon *l, const struct sid *sid)
{
    const struct sid_name *known = sid_name_find(sid, NULL);
    struct sid of = l->user.sid, its = *sid;

    if (known) {
        return sid_name_authority(sid);
    }
    if (its.authority == UNIX_AUTHORITY) {
        return "Unix Group";
    }
    if (of.n == 0 || its.n != of.n) {
        return "";
    }
    of.parts[--of.n] = its.parts[--its.n] = 0;
    return sid_equal(&of, &its) ? l->user.domain : "";
}

/* A name that is the SID over again is none. */
static void
lay_group(struct layout *at, const struct logon *l, const char *given, struct logon_member *m)
{
    const struct sid_name *known = sid_name_find(&m->sid, NULL);
    char text[SID_TEXT_BYTES];

    sid_text(&m->sid, text);
    if (!given || bytes_equal(bytes_of_string(given), bytes_of_string(text))) {
        given = "";
    }
    m->use = known ? known->use : given[0] ? SID_USE_GROUP : SID_USE_UNKNOWN;
    m->name = lay(at, known ? known->name : given);
    m->domain = lay(at, domain_of(l, &m->sid));
}

/* Of the user's domain even while at only counts. */
static void
lay_strings(struct layout *at, struct logon *l, const struct logon_facts *f)
{
    const char *domain = f->anonymous ? "NT AUTHORITY" : f->domain ? f->domain : "";

    l->user.name = lay(at, f->anonymous ? "ANONYMOUS LOGON" : f->user);
    l->user.domain = lay(at, domain);
    l->package = lay(at, f->package);
    l->upn = lay(at, f->upn);
    l->unix_user = lay(at, f->unix_user);
    l->delegated_cache = lay(at, f->delegated_cache);
    if (!at->base) {
        l->user.domain = domain;
    }
    for (size_t i = 0; i < l->n_groups; i++) {
        lay_group(at, l, i < f->n_groups ? f->groups[i] : NULL, &l->groups[i]);
    }
}

static sec_status
take_sid(struct sid *out, const char *text)
{
    if (!text || !sid_parse(out, bytes_of_string(text)) || out->n == 0) {
        return sec_fail(SEC_E_NO_IMPERSONATION, "token: %.200s is no SID", text ? text : "(none)");
    }
    return SEC_E_OK;
}

static sec_status
take_members(struct logon *l, const struct logon_facts *f)
{
    sec_status status = SEC_E_OK;

    l->user.use = f->anonymous ? SID_USE_WELL_KNOWN : SID_USE_USER;
    if (f->anonymous) {
        l->user.sid = (struct sid){ NT_AUTHORITY, 1, { ANONYMOUS } };
    } else {
        status = take_sid(&l->user.sid, f->sid);
    }
    for (; status == SEC_E_OK && l->n_groups < f->n_groups; l->n_groups++) {
        struct logon_member *m = &l->groups[l->n_groups];

        m->attributes = f->group_attributes ? f->group_attributes[l->n_groups] : TOKEN_GROUP_USUAL;
        status = take_sid(&m->sid, f->group_sids[l->n_groups]);
    }
    return status;
}

static bool
has_group(const struct logon *l, const struct sid *sid)
{
    for (size_t i = 0; i < l->n_groups; i++) {
        if (sid_equal(&l->groups[i].sid, sid)) {
            return true;
        }
    }
    return false;
}

static void
add_group(struct logon *l, struct sid sid, uint32_t attributes)
{
    if (!has_group(l, &sid)) {
        l->groups[l->n_groups++] = (struct logon_member){ .sid = sid, .attributes = attributes };
    }
}

/* As on Windows: a client that named nobody is in no group but those of the network. That a client
 * authenticated with Kerberos its domain says, with S-1-18-1 in the PAC. */
static void
add_well_known(struct logon *l, const struct logon_facts *f)
{
    const struct sid other = { NT_AUTHORITY, 1, { OTHER_ORGANIZATION } };

    if (!f->anonymous) {
        add_group(l, (struct sid){ 1, 1, { 0 } }, TOKEN_GROUP_USUAL);
        add_group(l, (struct sid){ NT_AUTHORITY, 1, { AUTHENTICATED } }, TOKEN_GROUP_USUAL);
    }
    if (!f->local) {
        add_group(l, (struct sid){ NT_AUTHORITY, 1, { NETWORK } }, TOKEN_GROUP_USUAL);
        if (!f->anonymous && !has_group(l, &other)) {
            add_group(l, (struct sid){ NT_AUTHORITY, 1, { THIS_ORGANIZATION } }, TOKEN_GROUP_USUAL);
        }
    }
    if (f->ntlm && !f->anonymous) {
        add_group(l, (struct sid){ NT_AUTHORITY, 2, { PACKAGE_IDS, NTLM_ID } }, TOKEN_GROUP_USUAL);
    }
    l->logon_group = l->n_groups;
    l->groups[l->n_groups++] = (struct logon_member){
        .sid = { NT_AUTHORITY, 3, { LOGON_IDS, (uint32_t)(l->id >> 32), (uint32_t)l->id } },
        .attributes = TOKEN_GROUP_LOGON_ID | TOKEN_GROUP_USUAL,
    };
}

static sec_status
fill(struct logon *l, const struct logon_facts *f)
{
    struct layout at = { 0 };
    sec_status status;

    l->groups = mem_new_array(f->n_groups + ADDED_GROUPS, sizeof(*l->groups));
    if (!l->groups) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (!luid_next(&l->id)) {
        return sec_fail(SEC_E_INTERNAL_ERROR, "token: no random bytes");
    }
    status = take_members(l, f);
    if (status != SEC_E_OK) {
        return status;
    }
    l->anonymous = f->anonymous;
    l->local = f->local;
    add_well_known(l, f);
    l->expires_100ns = f->expires_100ns;
    lay_strings(&at, l, f);
    l->strings = mem_new(at.used);
    if (!l->strings) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    at = (struct layout){ .base = l->strings };
    lay_strings(&at, l, f);
    return SEC_E_OK;
}

sec_status
logon_new(const struct logon_facts *f, struct logon **out)
{
    struct logon *l = mem_new(sizeof(*l));
    sec_status status;

    if (!l) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    atomic_init(&l->references, 1);
    status = fill(l, f);
    if (status != SEC_E_OK) {
        destroy(l);
        return status;
    }
    atomic_init(&l->unix_account, f->unix_account);
    enter(l);
    *out = l;
    return SEC_E_OK;
}

/* --- the rest ------------------------------------------------------------------------------ */

sec_status
logon_unix_account(struct logon *l, const struct unix_account_policy *policy,
                   const struct unix_account **out)
{
    struct unix_account *found = atomic_load(&l->unix_account), *expected = NULL;
    sec_status status;

    if (found) {
        *out = found;
        return SEC_E_OK;
    }
    status = unix_account_map(
        &(struct unix_account_client){ l->user.name, l->user.domain, l->unix_user }, policy,
        &found);
    if (status != SEC_E_OK) {
        return status;
    }
    if (!atomic_compare_exchange_strong(&l->unix_account, &expected, found)) {
        unix_account_free(found); /* another thread was faster */
        found = expected;
    }
    *out = found;
    return SEC_E_OK;
}
