/* SPDX-License-Identifier: Apache-2.0 */
/* One-time codes of accounts: enrolled and removed. */
#include "account/admin_store.h"
#include "account/store_code.h"
#include "base/clock.h"

struct enrolment {
    const char *name;
    const struct one_time_code *code; /* NULL: it goes */
};

static sec_status
mark_changed(const struct admin_store *a, uint32_t rid)
{
    return sqlite_db_run(a->db, "UPDATE account SET changed = ?2 WHERE rid = ?1", "ii",
                         (int64_t)rid, (int64_t)clock_now_100ns());
}

static sec_status
enroll(struct admin_store *a, void *what)
{
    const struct enrolment *e = what;
    struct admin_account account;
    sec_status status = admin_find(a, e->name, &account);

    if (status == SEC_E_OK) {
        status = store_code_insert(a->db, a->key, account.rid, account.sid, e->code);
    }
    return status == SEC_E_OK ? mark_changed(a, account.rid) : status;
}

static sec_status
remove_code(struct admin_store *a, void *what)
{
    const struct enrolment *e = what;
    struct admin_account account;
    sec_status status = admin_find(a, e->name, &account);

    if (status == SEC_E_OK) {
        status = sqlite_db_run(a->db, "DELETE FROM one_time_code WHERE account = ?1", "i",
                               (int64_t)account.rid);
    }
    if (status == SEC_E_OK && sqlite3_changes(a->db->handle) != 1) {
        status = sec_fail(SEC_E_INVALID_PARAMETER, "accounts: %s has no one-time code", e->name);
    }
    return status == SEC_E_OK ? mark_changed(a, account.rid) : status;
}

sec_status
admin_store_enroll_code(struct account_admin *door, const char *name,
                        const struct one_time_code *code)
{
    return admin_run(admin_store_of(door), enroll, &(struct enrolment){ name, code });
}

sec_status
admin_store_remove_code(struct account_admin *door, const char *name)
{
    return admin_run(admin_store_of(door), remove_code, &(struct enrolment){ .name = name });
}
