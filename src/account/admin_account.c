/* SPDX-License-Identifier: Apache-2.0 */
/* Making, changing and removing accounts. */
#include "account/admin_store.h"
#include "account/password.h"
#include "base/clock.h"
#include "base/mem.h"

/* --- add ----------------------------------------------------------------------------------- */

struct addition {
    const struct account_new *wanted;
    const struct password_keys *keys;
    const char *salt;
    struct bytes upper;
    uint32_t rid;
};

static sec_status
insert_account(struct admin_store *a, const struct addition *add, const char *sid)
{
    SEC_AUTO(sqlite3_stmt) *statement = NULL;
    const struct account_new *wanted = add->wanted;
    int64_t now = (int64_t)clock_now_100ns();
    bool row;
    sec_status status = sqlite_db_prepare(
        a->db,
        "INSERT INTO account (rid, sid, name, name_upper, key_salt, unix_user, password_set,"
        " created, changed, dial_in, key_version, expires, password_expires)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?7, ?8, 1, ?9, ?10)",
        false, &statement);

    if (status == SEC_E_OK) {
        status = sqlite_db_bind(a->db, statement, "ittbttii", (int64_t)add->rid, sid, wanted->name,
                                add->upper, add->salt, wanted->unix_user, now,
                                (int64_t)wanted->may_dial_in);
    }
    if (status == SEC_E_OK) {
        status = sqlite_db_bind_time(a->db, statement, 9, wanted->expires_100ns);
    }
    if (status == SEC_E_OK) {
        status = sqlite_db_bind_time(a->db, statement, 10, wanted->password_expires_100ns);
    }
    return status == SEC_E_OK ? sqlite_db_step(a->db, statement, &row) : status;
}

static sec_status
add_account(struct admin_store *a, void *what)
{
    struct addition *add = what;
    struct admin_account account = { 0 };
    sec_status status = admin_check_name_free(a, add->upper, add->wanted->name);

    if (status == SEC_E_OK) {
        status = admin_take_rid(a, &account.rid);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    add->rid = account.rid;
    admin_format_sid(a, account.rid, account.sid);
    status = insert_account(a, add, account.sid);
    if (status == SEC_E_OK) {
        status = admin_put_keys(a, &account, add->keys);
    }
    for (size_t i = 0; status == SEC_E_OK && i < add->wanted->n_groups; i++) {
        status = admin_join_group(a, account.rid, add->wanted->groups[i]);
    }
    return status;
}

sec_status
admin_store_add(struct account_admin *door, const struct account_new *wanted)
{
    struct admin_store *a = admin_store_of(door);
    SEC_AUTO(password_keys) keys = { 0 };
    struct addition add = { .wanted = wanted, .keys = &keys };
    struct admin_upper upper;
    char *salt = NULL;
    sec_status status = admin_upper_name("an account", wanted->name, &upper);

    if (status == SEC_E_OK && wanted->unix_user) {
        status = name_check_unix(wanted->unix_user);
    }
    if (status == SEC_E_OK) {
        status = admin_make_salt(a, wanted->name, &salt);
    }
    if (status == SEC_E_OK) {
        status = password_keys_make(wanted->password, salt,
                                    admin_password_form(a, wanted->keeps_clear_text), &keys);
    }
    if (status == SEC_E_OK) {
        add.salt = salt;
        add.upper = upper.name;
        status = admin_run(a, add_account, &add);
    }
    if (status == SEC_E_OK) {
        shared_reserve(a->shared, add.rid);
        lockout_clear(shared_word(a->shared, add.rid));
    }
    mem_free(salt);
    return status;
}

/* --- the others ---------------------------------------------------------------------------- */

static sec_status
remove_account(struct admin_store *a, void *what)
{
    struct admin_account account;
    sec_status status = admin_find(a, what, &account);

    return status == SEC_E_OK ? sqlite_db_run(a->db, "DELETE FROM account WHERE rid = ?1", "i",
                                              (int64_t)account.rid)
                              : status;
}

sec_status
admin_store_remove(struct account_admin *door, const char *name)
{
    return admin_run(admin_store_of(door), remove_account, (void *)(uintptr_t)name);
}

sec_status
admin_store_unlock(struct account_admin *door, const char *name)
{
    struct admin_store *a = admin_store_of(door);
    struct admin_account account;
    sec_status status = admin_find(a, name, &account);

    if (status == SEC_E_OK) {
        lockout_clear(shared_word(a->shared, account.rid));
    }
    return status;
}

struct alteration {
    const char *name;
    const struct account_change *change;
};

static sec_status
set_time(const struct admin_store *a, uint32_t rid, const char *sql, uint64_t time_100ns)
{
    SEC_AUTO(sqlite3_stmt) *statement = NULL;
    bool row;
    sec_status status = sqlite_db_prepare(a->db, sql, false, &statement);

    if (status == SEC_E_OK) {
        status = sqlite_db_bind(a->db, statement, "i", (int64_t)rid);
    }
    if (status == SEC_E_OK) {
        status = sqlite_db_bind_time(a->db, statement, 2, time_100ns);
    }
    return status == SEC_E_OK ? sqlite_db_step(a->db, statement, &row) : status;
}

static sec_status
set_fields(const struct admin_store *a, uint32_t rid, const struct account_change *change)
{
    sec_status status = sqlite_db_run(a->db, "UPDATE account SET changed = ?2 WHERE rid = ?1", "ii",
                                      (int64_t)rid, (int64_t)clock_now_100ns());

    if (status == SEC_E_OK && change->disabled) {
        status = sqlite_db_run(a->db, "UPDATE account SET disabled = ?2 WHERE rid = ?1", "ii",
                               (int64_t)rid, (int64_t)*change->disabled);
    }
    if (status == SEC_E_OK && change->may_dial_in) {
        status = sqlite_db_run(a->db, "UPDATE account SET dial_in = ?2 WHERE rid = ?1", "ii",
                               (int64_t)rid, (int64_t)*change->may_dial_in);
    }
    if (status == SEC_E_OK && change->expires_100ns) {
        status = set_time(a, rid, "UPDATE account SET expires = ?2 WHERE rid = ?1",
                          *change->expires_100ns);
    }
    if (status == SEC_E_OK && change->password_expires_100ns) {
        status = set_time(a, rid, "UPDATE account SET password_expires = ?2 WHERE rid = ?1",
                          *change->password_expires_100ns);
    }
    if (status == SEC_E_OK && change->unix_user) {
        const char *unix_user = *change->unix_user ? change->unix_user : NULL;

        status = sqlite_db_run(a->db, "UPDATE account SET unix_user = ?2 WHERE rid = ?1", "it",
                               (int64_t)rid, unix_user);
    }
    return status;
}

static sec_status
alter_account(struct admin_store *a, void *what)
{
    const struct alteration *alteration = what;
    const struct account_change *change = alteration->change;
    struct admin_account account;
    sec_status status = admin_find(a, alteration->name, &account);

    if (status == SEC_E_OK) {
        status = set_fields(a, account.rid, change);
    }
    for (size_t i = 0; status == SEC_E_OK && i < change->n_leave; i++) {
        status = admin_leave_group(a, account.rid, change->leave[i]);
    }
    for (size_t i = 0; status == SEC_E_OK && i < change->n_join; i++) {
        status = admin_join_group(a, account.rid, change->join[i]);
    }
    return status;
}

sec_status
admin_store_change(struct account_admin *door, const char *name,
                   const struct account_change *change)
{
    if (change->unix_user && *change->unix_user) {
        sec_status status = name_check_unix(change->unix_user);

        if (status != SEC_E_OK) {
            return status;
        }
    }
    return admin_run(admin_store_of(door), alter_account, &(struct alteration){ name, change });
}
