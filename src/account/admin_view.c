/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at accounts. */
#include <stdio.h>

#include "account/admin_store.h"
#include "account/string_list.h"
#include "base/clock.h"

enum { CODE_CHARS = 96 };

#define SELECT_VIEW                                                                              \
    "SELECT rid, sid, name, unix_user, disabled, expires, password_expires, password_set,"       \
    " account.created, changed, key_version, key_salt, dial_in, c.type, c.algorithm, c.digits, " \
    "c.period"                                                                                   \
    " FROM account LEFT JOIN one_time_code c ON c.account = rid "

static sec_status
read_list(const struct admin_store *a, const char *sql, uint32_t rid, struct string_list *first,
          struct string_list *second)
{
    SEC_AUTO(sqlite3_stmt) *statement = NULL;
    sec_status status = sqlite_db_prepare(a->db, sql, false, &statement);
    bool row = true;

    if (status == SEC_E_OK) {
        status = sqlite_db_bind(a->db, statement, "i", (int64_t)rid);
    }
    while (status == SEC_E_OK && row) {
        status = sqlite_db_step(a->db, statement, &row);
        if (status == SEC_E_OK && row &&
            (!string_list_add(first, sqlite_db_text(statement, 0)) ||
             (second && !string_list_add(second, sqlite_db_text(statement, 1))))) {
            status = SEC_E_INSUFFICIENT_MEMORY;
        }
    }
    return status;
}

static void
fill_lockout(const struct admin_store *a, struct account_view *view)
{
    struct lockout_view lockout =
        lockout_look(shared_word(a->shared, view->rid), a->lockout, clock_now_100ns());

    view->failures = lockout.failures;
    view->last_failure_100ns = lockout.last_100ns;
    view->locked = lockout.locked;
    view->locked_until_100ns = lockout.locked ? lockout.until_100ns : 0;
}

/* NULL: the row has none. */
static const char *
describe_code(sqlite3_stmt *row, char text[static CODE_CHARS])
{
    static const char *const algorithms[] = {
        [ONE_TIME_CODE_SHA1] = "sha1",
        [ONE_TIME_CODE_SHA256] = "sha256",
        [ONE_TIME_CODE_SHA512] = "sha512",
    };
    int64_t algorithm = sqlite3_column_int64(row, 14);
    bool totp = sqlite3_column_int64(row, 13) == ONE_TIME_CODE_TOTP;

    if (sqlite3_column_type(row, 13) == SQLITE_NULL) {
        return NULL;
    }
    (void)snprintf(text, CODE_CHARS, "%s, %s, %lld digits", totp ? "totp" : "hotp",
                   algorithm > 0 && algorithm <= ONE_TIME_CODE_SHA512 ? algorithms[algorithm]
                                                                      : "unknown",
                   sqlite3_column_int64(row, 15));
    if (totp) {
        (void)snprintf(text + strlen(text), CODE_CHARS - strlen(text), ", %lld seconds",
                       sqlite3_column_int64(row, 16));
    }
    return text;
}

static struct account_view
view_of(sqlite3_stmt *row)
{
    return (struct account_view){
        .rid = (uint32_t)sqlite3_column_int64(row, 0),
        .sid = sqlite_db_text(row, 1),
        .name = sqlite_db_text(row, 2),
        .unix_user = sqlite_db_text(row, 3),
        .disabled = sqlite3_column_int64(row, 4) != 0,
        .expires_100ns = sqlite_db_time(row, 5),
        .password_expires_100ns = sqlite_db_time(row, 6),
        .password_set_100ns = sqlite_db_time(row, 7),
        .created_100ns = sqlite_db_time(row, 8),
        .changed_100ns = sqlite_db_time(row, 9),
        .key_version = (uint32_t)sqlite3_column_int64(row, 10),
        .key_salt = sqlite_db_text(row, 11),
        .may_dial_in = sqlite3_column_int64(row, 12) != 0,
    };
}

static sec_status
see_row(const struct admin_store *a, sqlite3_stmt *row, account_see see, void *user)
{
    SEC_AUTO(string_list) groups = { 0 };
    SEC_AUTO(string_list) group_sids = { 0 };
    SEC_AUTO(string_list) keys = { 0 };
    struct account_view view = view_of(row);
    char code[CODE_CHARS];
    sec_status status;

    if (!view.sid || !view.name || !view.key_salt) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    status = read_list(a,
                       "SELECT g.name, g.sid FROM member m JOIN account_group g"
                       " ON g.rid = m.account_group WHERE m.account = ?1 ORDER BY g.rid",
                       view.rid, &groups, &group_sids);
    if (status == SEC_E_OK) {
        status = read_list(a, "SELECT field FROM secret WHERE account = ?1 ORDER BY field",
                           view.rid, &keys, NULL);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    view.groups = (const char *const *)groups.items;
    view.group_sids = (const char *const *)group_sids.items;
    view.n_groups = groups.n;
    view.keys = (const char *const *)keys.items;
    view.n_keys = keys.n;
    view.one_time_code = describe_code(row, code);
    fill_lockout(a, &view);
    see(user, &view);
    return SEC_E_OK;
}

sec_status
admin_store_list(struct account_admin *door, uint32_t after_rid, unsigned n_max, account_see see,
                 void *user)
{
    struct admin_store *a = admin_store_of(door);
    SEC_AUTO(sqlite3_stmt) *statement = NULL;
    sec_status status = sqlite_db_prepare(a->db, SELECT_VIEW "WHERE rid > ?1 ORDER BY rid LIMIT ?2",
                                          false, &statement);
    bool row = true;

    if (status == SEC_E_OK) {
        status = sqlite_db_bind(a->db, statement, "ii", (int64_t)after_rid, (int64_t)n_max);
    }
    while (status == SEC_E_OK && row) {
        status = sqlite_db_step(a->db, statement, &row);
        if (status == SEC_E_OK && row) {
            status = see_row(a, statement, see, user);
        }
    }
    return status;
}

sec_status
admin_store_show(struct account_admin *door, const char *name, account_see see, void *user)
{
    struct admin_store *a = admin_store_of(door);
    SEC_AUTO(sqlite3_stmt) *statement = NULL;
    struct admin_account account;
    bool row = false;
    sec_status status = admin_find(a, name, &account);

    if (status == SEC_E_OK) {
        status = sqlite_db_prepare(a->db, SELECT_VIEW "WHERE rid = ?1", false, &statement);
    }
    if (status == SEC_E_OK) {
        status = sqlite_db_bind(a->db, statement, "i", (int64_t)account.rid);
    }
    if (status == SEC_E_OK) {
        status = sqlite_db_step(a->db, statement, &row);
    }
    return status == SEC_E_OK && row ? see_row(a, statement, see, user) : status;
}
