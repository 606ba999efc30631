/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts of this system, as the name service knows them. */
#ifndef TOKEN_UNIX_ACCOUNT_H
#define TOKEN_UNIX_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/status.h"

/* Immutable. */
struct unix_account {
    uid_t uid;
    gid_t gid; /* the primary group; also among the groups */
    size_t n_groups;
    const char *name;
    const char *home, *shell; /* ""; as the name service has them */
    gid_t groups[];
};

/* Asks the name service (passwd and group), which may block for as long as it pleases. *out is owned
 * by the caller: unix_account_free.
 *   SEC_E_NO_IMPERSONATION     there is no account of that name, or it has no usable ids
 *   SEC_E_NO_AUTHENTICATING_AUTHORITY  the name service cannot answer
 *   SEC_E_INSUFFICIENT_MEMORY */
SEC_NODISCARD sec_status unix_account_find(const char *name, struct unix_account **out);
/* From ids that are known, without home and shell: groups may be NULL where n is 0. NULL without
 * memory. */
SEC_NODISCARD struct unix_account *unix_account_new(const char *name, uid_t uid, gid_t gid,
                                                    const gid_t *groups, size_t n);
void unix_account_free(struct unix_account *); /* NULL is a no-op */

/* --- who a client is here ------------------------------------------------------------------ */

/* Whether a client's bare name, without its domain, may be an account's name here. */
enum unix_account_bare {
    UNIX_ACCOUNT_BARE_NEVER,
    UNIX_ACCOUNT_BARE_OWN_DOMAIN, /* of clients of this computer's own domain */
    UNIX_ACCOUNT_BARE_ALWAYS,
};

/* What policy says of whom a thread may act as. Names are UTF-8. */
struct unix_account_policy {
    bool root;     /* uid 0 too */
    uid_t min_uid; /* of accounts that a client's name leads to: most system users are below it */
    enum unix_account_bare bare;
    const char *const *own_domains; /* NetBIOS and DNS names; empty ones are nobody's */
    size_t n_own_domains;
};

struct unix_account_client {
    const char *user, *domain; /* UTF-8, proven */
    const char *unix_user;     /* what the account store says; NULL or "": nothing */
};

/* The account that a client maps to: unix_user alone where there is one; else DOMAIN\user; else user,
 * where policy lets it. Statuses as above; SEC_E_NO_IMPERSONATION too for uid 0 without policy's
 * leave, for a system user whom nobody named as unix_user, and for names that are no account's. */
SEC_NODISCARD sec_status unix_account_map(const struct unix_account_client *,
                                          const struct unix_account_policy *,
                                          struct unix_account **out);

#endif
