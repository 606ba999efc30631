/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a SQLite store to change it, and what every change goes through. */
#include <stdio.h>

#include "account/admin_store.h"
#include "account/store_key.h"
#include "base/mem.h"
#include "base/utf16.h"

/* --- opening ------------------------------------------------------------------------------- */

static void
admin_store_free(struct admin_store *a)
{
    if (!a) {
        return;
    }
    (void)sqlite3_finalize(a->rollback);
    sqlite_db_free(a->db);
    seal_key_free(a->key);
    shared_free(a->shared);
    mem_free(a->realm);
    mem_free(a);
}

static void
admin_store_auto(struct admin_store **a)
{
    admin_store_free(*a);
}

static void
close_store(struct account_admin *door)
{
    admin_store_free(admin_store_of(door));
}

static sec_status
make_realm(const struct account_admin_options *options, char **out)
{
    SEC_AUTO(wire_writer) upper = wire_writer_growing(NULL, 0);
    bool dns = options->dns_domain.n;

    utf16_put_upper(&upper, dns ? options->dns_domain : options->accounts.domain);
    if (wire_writer_status(&upper) != WIRE_OK) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    *out = utf8_from_utf16(wire_written(&upper));
    return *out ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

/* With a statement that was prepared in time: without memory a transaction must still end. */
static void
roll_back(const struct admin_store *a)
{
    if (!sqlite3_get_autocommit(a->db->handle)) {
        (void)sqlite3_step(a->rollback);
        (void)sqlite3_reset(a->rollback);
    }
}

static sec_status
begin(const struct admin_store *a)
{
    roll_back(a); /* what could not be ended before */
    return sqlite_db_run(a->db, "BEGIN IMMEDIATE", "");
}

/* COMMIT where all went well, else ROLLBACK; answers what went wrong first. */
static sec_status
finish(const struct admin_store *a, sec_status status)
{
    if (status == SEC_E_OK) {
        status = sqlite_db_run(a->db, "COMMIT", "");
    }
    if (status != SEC_E_OK) {
        roll_back(a);
    }
    return status;
}

/* A database without a key yet takes the key that the file holds, or a new one. Within a
 * transaction: of two processes that come at once, the second finds the first one's. */
static sec_status
adopt_key(struct admin_store *a, const char *key_file)
{
    bool exists = false;
    sec_status status = begin(a);

    if (status == SEC_E_OK) {
        status = store_key_exists(a->db, &exists);
    }
    if (status == SEC_E_OK && !exists) {
        status = seal_key_make(key_file, a->db->owner, &a->key);
        if (status == SEC_E_OK) {
            status = store_key_adopt(a->db, a->key);
        }
    }
    return finish(a, status);
}

static sec_status
open_key(struct admin_store *a, const struct account_admin_options *options)
{
    const char *key_file = options->accounts.key_file;
    bool exists = false;
    sec_status status = store_key_exists(a->db, &exists);

    if (status == SEC_E_OK && !exists && options->creates) {
        status = adopt_key(a, key_file);
    }
    if (status == SEC_E_OK && !a->key) {
        status = seal_key_load(key_file, a->db->owner, &a->key);
    }
    return status == SEC_E_OK ? store_key_check(a->db, a->key, key_file) : status;
}

static sec_status
open_store(struct admin_store *a, const struct account_admin_options *options, const char *path)
{
    sec_status status = SEC_E_OK;

    if (options->creates) {
        status = sqlite_db_create(path);
    }
    if (status == SEC_E_OK) {
        status = sqlite_db_open(path, SQLITE_DB_CHANGE, &a->db);
    }
    if (status == SEC_E_OK) {
        status = sqlite_db_prepare(a->db, "ROLLBACK", true, &a->rollback);
    }
    if (status == SEC_E_OK) {
        status = open_key(a, options);
    }
    if (status == SEC_E_OK) {
        status = shared_open(path, a->db->store_id, &a->shared);
    }
    return status == SEC_E_OK ? make_realm(options, &a->realm) : status;
}

sec_status
admin_store_open(const struct account_admin_options *options, const char *path,
                 struct account_admin **out)
{
    static const struct account_admin_ops ops = {
        .add = admin_store_add,
        .set_password = admin_store_set_password,
        .remove = admin_store_remove,
        .unlock = admin_store_unlock,
        .enroll_code = admin_store_enroll_code,
        .remove_code = admin_store_remove_code,
        .change = admin_store_change,
        .list = admin_store_list,
        .show = admin_store_show,
        .close = close_store,
    };
    SEC_AUTO(admin_store) *a = mem_new(sizeof(*a));
    sec_status status;

    if (!a) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (!options->accounts.key_file) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "accounts: key_file: the store %s needs one",
                        options->accounts.store);
    }
    a->door.ops = &ops;
    a->lockout = (struct lockout_policy){ options->accounts.lockout_threshold,
                                          options->accounts.lockout_minutes };
    a->lm_hashes = options->accounts.keep_lm_hashes;
    a->password_min_length = options->accounts.password_min_length;
    status = open_store(a, options, path);
    if (status == SEC_E_OK) {
        *out = &sec_steal(&a)->door;
    }
    return status;
}

/* --- changes ------------------------------------------------------------------------------- */

static sec_status
no_such_account(const char *name)
{
    return sec_fail(SEC_E_UNKNOWN_CREDENTIALS, "accounts: there is no account %s", name);
}

sec_status
admin_run(struct admin_store *a, sec_status (*change)(struct admin_store *, void *), void *what)
{
    sec_status status = shared_change_begin(a->shared);

    if (status != SEC_E_OK) {
        return status;
    }
    status = begin(a);
    if (status == SEC_E_OK) {
        status = finish(a, change(a, what));
    }
    shared_change_end(a->shared);
    return status;
}

sec_status
admin_upper_name(const char *what, const char *name, struct admin_upper *out)
{
    struct wire_writer w = wire_writer_fixed(out->held, sizeof(out->held));
    sec_status status = name_check(what, name, &w);

    out->name = wire_written(&w);
    return status;
}

sec_status
admin_find(const struct admin_store *a, const char *name, struct admin_account *out)
{
    SEC_AUTO(sqlite3_stmt) *statement = NULL;
    struct admin_upper upper;
    sec_status status = admin_upper_name("an account", name, &upper);
    const char *sid, *own_name;
    bool row;

    if (status != SEC_E_OK) {
        return status;
    }
    status = sqlite_db_prepare(a->db, "SELECT rid, sid, name FROM account WHERE name_upper = ?1",
                               false, &statement);
    if (status == SEC_E_OK) {
        status = sqlite_db_bind(a->db, statement, "b", upper.name);
    }
    if (status == SEC_E_OK) {
        status = sqlite_db_step(a->db, statement, &row);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    if (!row) {
        return no_such_account(name);
    }
    out->rid = (uint32_t)sqlite3_column_int64(statement, 0);
    sid = sqlite_db_text(statement, 1);
    own_name = sqlite_db_text(statement, 2);
    if (!sid || !own_name) {
        return SEC_E_INSUFFICIENT_MEMORY; /* neither column may be NULL */
    }
    if (snprintf(out->sid, sizeof(out->sid), "%s", sid) >= (int)sizeof(out->sid) ||
        snprintf(out->name, sizeof(out->name), "%s", own_name) >= (int)sizeof(out->name)) {
        return sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY, "accounts: %s: row %u is damaged",
                        a->db->path, out->rid);
    }
    return SEC_E_OK;
}

/* RIDs are never given twice: an access list that still names a removed account's SID must not
 * let another one in. */
sec_status
admin_take_rid(const struct admin_store *a, uint32_t *rid)
{
    SEC_AUTO(sqlite3_stmt) *statement = NULL;
    sec_status status = sqlite_db_prepare(a->db,
                                          "UPDATE setting SET value = value + 1"
                                          " WHERE name = 'next-rid' RETURNING value - 1",
                                          false, &statement);
    int64_t taken = 0;
    bool row = false;

    if (status == SEC_E_OK) {
        status = sqlite_db_step(a->db, statement, &row);
    }
    if (status == SEC_E_OK && row) {
        taken = sqlite3_column_int64(statement, 0);
        status = sqlite_db_step(a->db, statement, &row);
    }
    if (status == SEC_E_OK && (taken < SQLITE_DB_FIRST_RID || taken > ADMIN_LAST_RID)) {
        status = sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY, "accounts: %s: no RID is left",
                          a->db->path);
    }
    *rid = (uint32_t)taken;
    return status;
}

void
admin_format_sid(const struct admin_store *a, uint32_t rid, char sid[static ADMIN_SID_CHARS])
{
    (void)snprintf(sid, ADMIN_SID_CHARS, "%s-%u", a->db->machine_sid, rid);
}

/* Accounts and groups share one space of names, as in Windows. */
sec_status
admin_check_name_free(const struct admin_store *a, struct bytes upper, const char *name)
{
    SEC_AUTO(sqlite3_stmt) *statement = NULL;
    sec_status status = sqlite_db_prepare(a->db,
                                          "SELECT 1 FROM account WHERE name_upper = ?1 UNION ALL"
                                          " SELECT 1 FROM account_group WHERE name_upper = ?1",
                                          false, &statement);
    bool row = false;

    if (status == SEC_E_OK) {
        status = sqlite_db_bind(a->db, statement, "b", upper);
    }
    if (status == SEC_E_OK) {
        status = sqlite_db_step(a->db, statement, &row);
    }
    if (status == SEC_E_OK && row) {
        status = sec_fail(SEC_E_INVALID_PARAMETER, "accounts: the name %s is in use", name);
    }
    return status;
}
