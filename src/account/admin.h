/* SPDX-License-Identifier: Apache-2.0 */
/* Managing the accounts of a store: what sspictl does. A call that answers SEC_E_OK has
 * its change on the disk, and every process sees it at its next logon. Strings are UTF-8.
 * Not for several threads at once. */
#ifndef ACCOUNT_ADMIN_H
#define ACCOUNT_ADMIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account/account.h"
#include "account/one_time_code.h"

struct account_admin;

struct account_admin_options {
    struct account_options accounts;
    /* UTF-16LE: [server] dns_domain. The realm of the accounts' Kerberos keys is this, or else
     * accounts.domain, in upper case. */
    struct bytes dns_domain;
    bool creates; /* makes the database and its key file where there are none */
};

/* *out is owned by the caller: account_admin_close. Both options are borrowed for its life. */
SEC_NODISCARD sec_status account_admin_open(const struct account_admin_options *,
                                            struct account_admin **out);
void account_admin_close(struct account_admin *); /* NULL is a no-op */

/* --- changes ------------------------------------------------------------------------------- */

/* Answers of all of them, beside the store's own troubles:
 *   SEC_E_INVALID_PARAMETER   a name, a password or a date that is not good, or a name in use
 *   SEC_E_UNKNOWN_CREDENTIALS there is no such account */

struct account_new {
    const char *name;
    struct bytes password;
    const char *const *groups; /* made where there are none of that name */
    size_t n_groups;
    const char *unix_user;                          /* NULL: none */
    uint64_t expires_100ns, password_expires_100ns; /* UINT64_MAX: never */
    bool may_dial_in, keeps_clear_text;             /* the password itself, for CHAP */
};

SEC_NODISCARD sec_status account_admin_add(struct account_admin *, const struct account_new *);
/* The password's own expiry begins anew: never, until it is set. A clear text that was kept goes
 * with the old password, unless the new one is to be kept, too. */
SEC_NODISCARD sec_status account_admin_set_password(struct account_admin *, const char *name,
                                                    struct bytes password, bool keeps_clear_text);
SEC_NODISCARD sec_status account_admin_remove(struct account_admin *, const char *name);
SEC_NODISCARD sec_status account_admin_unlock(struct account_admin *, const char *name);

/* What of an account changes; the rest stays. */
struct account_change {
    const bool *disabled, *may_dial_in;
    const uint64_t *expires_100ns, *password_expires_100ns;
    const char *unix_user; /* "" takes it away */
    const char *const *join, *const *leave;
    size_t n_join, n_leave;
};

SEC_NODISCARD sec_status account_admin_change(struct account_admin *, const char *name,
                                              const struct account_change *);

/* A one-time code, which an account has beside its password. SEC_E_INVALID_PARAMETER: it has one
 * already; to be rid of one that it has not. */
SEC_NODISCARD sec_status account_admin_enroll_code(struct account_admin *, const char *name,
                                                   const struct one_time_code *);
SEC_NODISCARD sec_status account_admin_remove_code(struct account_admin *, const char *name);

/* --- looking ------------------------------------------------------------------------------- */

/* Valid for the call of account_see. */
struct account_view {
    const char *name, *sid, *unix_user; /* unix_user NULL: none */
    uint32_t rid;
    bool disabled, locked, may_dial_in;
    uint64_t expires_100ns, password_expires_100ns; /* UINT64_MAX: never */
    uint64_t password_set_100ns, created_100ns, changed_100ns;
    unsigned failures; /* wrong passwords and codes that still count */
    uint64_t last_failure_100ns, locked_until_100ns; /* 0: none */
    const char *const *groups, *const *group_sids;
    size_t n_groups;
    const char *const *keys; /* what is sealed: "nt-hash", "aes256-cts-hmac-sha1-96" … */
    size_t n_keys;
    uint32_t key_version;
    const char *key_salt;
    const char *one_time_code; /* "totp, sha1, 6 digits, 30 seconds"; NULL: none */
};

typedef void (*account_see)(void *user, const struct account_view *);

/* Every account in the order in which they were made. */
SEC_NODISCARD sec_status account_admin_list(struct account_admin *, account_see, void *user);
SEC_NODISCARD sec_status account_admin_show(struct account_admin *, const char *name, account_see,
                                            void *user);

/* --- watching ------------------------------------------------------------------------------ */

/* Who hears of every change that was made, whatever function made it. */
struct account_watch {
    void *(*keep)(void *user, const struct account_view *); /* for later; NULL: no memory */
    /* Both are keep's; before NULL: it was made, after NULL: it was removed. */
    void (*changed)(void *user, const void *before, const void *after);
    void (*drop)(void *kept); /* NULL is a no-op */
    void *user;
};

/* Borrowed for the store's life. Where the store is another process's this does nothing: that
 * process has a watch of its own. */
void account_admin_watch(struct account_admin *, const struct account_watch *);

#endif
