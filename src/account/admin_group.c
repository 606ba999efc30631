/* SPDX-License-Identifier: Apache-2.0 */
/* Groups and who is in them. */
#include "account/admin_store.h"
#include "base/clock.h"

static sec_status
find_group(const struct admin_store *a, struct bytes upper, uint32_t *rid, bool *found)
{
    SEC_AUTO(sqlite3_stmt) *statement = NULL;
    sec_status status = sqlite_db_prepare(
        a->db, "SELECT rid FROM account_group WHERE name_upper = ?1", false, &statement);

    if (status == SEC_E_OK) {
        status = sqlite_db_bind(a->db, statement, "b", upper);
    }
    if (status == SEC_E_OK) {
        status = sqlite_db_step(a->db, statement, found);
    }
    if (status == SEC_E_OK && *found) {
        *rid = (uint32_t)sqlite3_column_int64(statement, 0);
    }
    return status;
}

static sec_status
make_group(const struct admin_store *a, const char *name, struct bytes upper, uint32_t *rid)
{
    char sid[ADMIN_SID_CHARS];
    sec_status status = admin_check_name_free(a, upper, name);

    if (status == SEC_E_OK) {
        status = admin_take_rid(a, rid);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    admin_format_sid(a, *rid, sid);
    return sqlite_db_run(a->db,
                         "INSERT INTO account_group (rid, sid, name, name_upper, created)"
                         " VALUES (?1, ?2, ?3, ?4, ?5)",
                         "ittbi", (int64_t)*rid, sid, name, upper, (int64_t)clock_now_100ns());
}

sec_status
admin_join_group(const struct admin_store *a, uint32_t account, const char *name)
{
    struct admin_upper upper;
    uint32_t rid = 0;
    bool found = false;
    sec_status status = admin_upper_name("a group", name, &upper);

    if (status == SEC_E_OK) {
        status = find_group(a, upper.name, &rid, &found);
    }
    if (status == SEC_E_OK && !found) {
        status = make_group(a, name, upper.name, &rid);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    return sqlite_db_run(a->db, "INSERT OR IGNORE INTO member VALUES (?1, ?2)", "ii",
                         (int64_t)account, (int64_t)rid);
}

sec_status
admin_leave_group(const struct admin_store *a, uint32_t account, const char *name)
{
    struct admin_upper upper;
    uint32_t rid = 0;
    bool found = false;
    sec_status status = admin_upper_name("a group", name, &upper);

    if (status == SEC_E_OK) {
        status = find_group(a, upper.name, &rid, &found);
    }
    if (status == SEC_E_OK && !found) {
        status = sec_fail(SEC_E_INVALID_PARAMETER, "accounts: there is no group %s", name);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    return sqlite_db_run(a->db, "DELETE FROM member WHERE account = ?1 AND account_group = ?2",
                         "ii", (int64_t)account, (int64_t)rid);
}
