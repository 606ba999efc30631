/* SPDX-License-Identifier: Apache-2.0 */
/* A logon: who a client is, in SIDs, for all tokens that are made of it. Immutable and shared, but
 * for its Unix account, which is looked up once. */
#ifndef TOKEN_LOGON_H
#define TOKEN_LOGON_H

#include <stdatomic.h>

#include "codec/sid.h"
#include "codec/sid_name.h"
#include "token/unix_account.h"

/* SE_GROUP_* */
enum {
    TOKEN_GROUP_MANDATORY = 1,
    TOKEN_GROUP_ENABLED = 4,
    TOKEN_GROUP_USUAL = 7, /* mandatory, enabled, and by default */
};
#define TOKEN_GROUP_LOGON_ID UINT32_C(0xC0000000)

struct logon_member {
    struct sid sid;
    uint32_t attributes;
    enum sid_use use;
    const char *name, *domain; /* UTF-8; "": nobody knows */
};

struct logon {
    atomic_uint references;
    uint64_t id; /* LUID */
    bool anonymous, local;
    struct logon_member user;
    struct logon_member *groups;
    size_t n_groups, logon_group;                            /* the index of S-1-5-5-… */
    const char *package, *upn, *unix_user, *delegated_cache; /* UTF-8; "": none */
    uint64_t expires_100ns;                                  /* FILETIME, UTC; UINT64_MAX: never */
    _Atomic(struct unix_account *) unix_account;
    char *strings;
    struct logon *next, **from; /* the list of those that live */
};

/* What one is made of. Borrowed for the call; texts are UTF-8. */
struct logon_facts {
    bool anonymous, ntlm;
    bool local; /* this process's own: nothing is added that the network brings */
    const char *user, *domain, *upn;
    const char *sid; /* "S-1-5-21-…"; of an anonymous client NULL */
    const char *const *groups, *const *group_sids;
    const uint32_t *group_attributes; /* NULL: all usual */
    size_t n_groups;
    const char *package, *unix_user, *delegated_cache;
    uint64_t expires_100ns;
    struct unix_account *unix_account; /* given, where it is known already; NULL else */
};

/* Adds the well-known groups that such a client is in. *out is the caller's: logon_unref. On a
 * failure unix_account is the caller's still. SEC_E_NO_IMPERSONATION: a SID is none;
 * SEC_E_INSUFFICIENT_MEMORY. */
SEC_NODISCARD sec_status logon_new(const struct logon_facts *, struct logon **out);
struct logon *logon_ref(struct logon *);
void logon_unref(struct logon *); /* NULL is a no-op */

/* The client's account here, looked up at the first call that finds it. Borrowed as long as the logon
 * is. Statuses as unix_account_map. May block. */
SEC_NODISCARD sec_status logon_unix_account(struct logon *, const struct unix_account_policy *,
                                            const struct unix_account **out);

/* Among the users and groups of all logons that live: one with this SID, or of this name. take is
 * called with a lock held, for one; upn, UTF-8, is "" of a group. false: there is none. */
typedef void (*logon_take)(void *user, const struct logon_member *, const char *upn);
SEC_NODISCARD bool logon_find_sid(const struct sid *, logon_take, void *user);
SEC_NODISCARD bool logon_find_name(struct bytes domain, struct bytes name, logon_take, void *user);
/* Among the users alone, by their user principal name. */
SEC_NODISCARD bool logon_find_upn(struct bytes upn, logon_take, void *user);

#endif
