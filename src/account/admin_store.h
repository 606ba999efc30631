/* SPDX-License-Identifier: Apache-2.0 */
/* The accounts of a SQLite store, managed: what the parts of it share. */
#ifndef ACCOUNT_ADMIN_STORE_H
#define ACCOUNT_ADMIN_STORE_H

#include "account/lockout.h"
#include "account/name.h"
#include "account/password.h"
#include "account/seal.h"
#include "account/shared.h"
#include "account/sqlite_db.h"
#include "account/store_kind.h"

#define ADMIN_LAST_RID INT64_C(0x3FFFFFFF) /* the last that Windows gives out */

enum { ADMIN_SID_CHARS = SQLITE_DB_SID_CHARS + 12 };

struct admin_store {
    struct account_admin door; /* the first */
    struct sqlite_db *db;
    sqlite3_stmt *rollback;
    struct seal_key *key;
    struct shared_state *shared;
    struct lockout_policy lockout;
    bool lm_hashes;
    unsigned password_min_length;
    char *realm;
};

/* struct store_kind's open_admin, and what stands in the table of functions. */
SEC_NODISCARD sec_status admin_store_open(const struct account_admin_options *, const char *path,
                                          struct account_admin **out);
SEC_NODISCARD sec_status admin_store_add(struct account_admin *, const struct account_new *);
SEC_NODISCARD sec_status admin_store_set_password(struct account_admin *, const char *name,
                                                  struct bytes password, bool keeps_clear_text);
SEC_NODISCARD sec_status admin_store_remove(struct account_admin *, const char *name);
SEC_NODISCARD sec_status admin_store_unlock(struct account_admin *, const char *name);
SEC_NODISCARD sec_status admin_store_change(struct account_admin *, const char *name,
                                            const struct account_change *);
SEC_NODISCARD sec_status admin_store_enroll_code(struct account_admin *, const char *name,
                                                 const struct one_time_code *);
SEC_NODISCARD sec_status admin_store_remove_code(struct account_admin *, const char *name);
SEC_NODISCARD sec_status admin_store_list(struct account_admin *, uint32_t after_rid,
                                          unsigned n_max, account_see, void *user);
SEC_NODISCARD sec_status admin_store_show(struct account_admin *, const char *name, account_see,
                                          void *user);

/* An account, as it was when its password was proven. */
struct admin_proven {
    uint32_t rid, key_version;
};
/* A new password for who has proven the old one; a clear text is kept where one was.
 * SEC_E_LOGON_DENIED: the account is not what it was; ACCOUNT_PASSWORD_RESTRICTION: the password is
 * not good. */
SEC_NODISCARD sec_status admin_store_set_own_password(struct account_admin *,
                                                      const struct admin_proven *,
                                                      struct bytes password);

static inline struct admin_store *
admin_store_of(struct account_admin *door)
{
    return (struct admin_store *)door;
}

/* Runs change within a transaction, between two raises of the generation. */
SEC_NODISCARD sec_status admin_run(struct admin_store *,
                                   sec_status (*change)(struct admin_store *, void *), void *what);

/* A checked name in the form that names are compared in; name is a view of held. */
struct admin_upper {
    uint8_t held[2 * NAME_UNITS_MAX];
    struct bytes name;
};
SEC_NODISCARD sec_status admin_upper_name(const char *what, const char *name,
                                          struct admin_upper *out);

/* An account as it is in the store. */
struct admin_account {
    uint32_t rid;
    char sid[ADMIN_SID_CHARS];
    char name[3 * NAME_UNITS_MAX + 1];
};
/* SEC_E_UNKNOWN_CREDENTIALS: there is none of that name. */
SEC_NODISCARD sec_status admin_find(const struct admin_store *, const char *name,
                                    struct admin_account *out);

/* For what is new, within a transaction: whether its name is free, its RID, its SID. */
SEC_NODISCARD sec_status admin_check_name_free(const struct admin_store *, struct bytes upper,
                                               const char *name);
SEC_NODISCARD sec_status admin_take_rid(const struct admin_store *, uint32_t *rid);
void admin_format_sid(const struct admin_store *, uint32_t rid, char sid[static ADMIN_SID_CHARS]);

/* What is made of a password: how; the salt of a name, owned by the caller: mem_free; and, within a
 * transaction, in place of all that was made of the last one. */
struct password_form admin_password_form(const struct admin_store *, bool clear_text);
SEC_NODISCARD sec_status admin_make_salt(const struct admin_store *, const char *name, char **out);
SEC_NODISCARD sec_status admin_put_keys(const struct admin_store *, const struct admin_account *,
                                        const struct password_keys *);

/* Membership, within a transaction. A group that is joined is made where there is none. */
SEC_NODISCARD sec_status admin_join_group(const struct admin_store *, uint32_t account,
                                          const char *name);
SEC_NODISCARD sec_status admin_leave_group(const struct admin_store *, uint32_t account,
                                           const char *name);

#endif
