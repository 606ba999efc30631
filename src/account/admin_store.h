/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of admin.h share. */
#ifndef ACCOUNT_ADMIN_STORE_H
#define ACCOUNT_ADMIN_STORE_H

#include "account/admin.h"
#include "account/lockout.h"
#include "account/name.h"
#include "account/seal.h"
#include "account/shared.h"
#include "account/sqlite_db.h"

#define ADMIN_LAST_RID INT64_C(0x3FFFFFFF) /* the last that Windows gives out */

enum { ADMIN_SID_CHARS = SQLITE_DB_SID_CHARS + 12 };

struct account_admin {
    struct sqlite_db *db;
    sqlite3_stmt *rollback;
    struct seal_key *key;
    struct shared_state *shared;
    struct lockout_policy lockout;
    bool lm_hashes;
    char *realm;
};

/* Runs change within a transaction, between two raises of the generation. */
SEC_NODISCARD sec_status admin_run(struct account_admin *,
                                   sec_status (*change)(struct account_admin *, void *),
                                   void *what);

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
SEC_NODISCARD sec_status admin_find(const struct account_admin *, const char *name,
                                    struct admin_account *out);

/* For what is new, within a transaction: whether its name is free, its RID, its SID. */
SEC_NODISCARD sec_status admin_check_name_free(const struct account_admin *, struct bytes upper,
                                               const char *name);
SEC_NODISCARD sec_status admin_take_rid(const struct account_admin *, uint32_t *rid);
void admin_format_sid(const struct account_admin *, uint32_t rid, char sid[static ADMIN_SID_CHARS]);

/* Membership, within a transaction. A group that is joined is made where there is none. */
SEC_NODISCARD sec_status admin_join_group(const struct account_admin *, uint32_t account,
                                          const char *name);
SEC_NODISCARD sec_status admin_leave_group(const struct account_admin *, uint32_t account,
                                           const char *name);

#endif
