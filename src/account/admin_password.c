/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords of accounts: what is made of them in the store, and who sets them anew. */
#include <stdio.h>

#include "account/admin_store.h"
#include "account/store_key.h"
#include "base/clock.h"
#include "base/mem.h"

/* --- keys ---------------------------------------------------------------------------------- */

static sec_status
put_secret(const struct admin_store *a, const struct admin_account *account, const char *field,
           struct bytes plain)
{
    uint8_t sealed[SEAL_MAX_BYTES];
    sec_status status = seal_put(a->key, (struct seal_place){ account->sid, field }, plain, sealed);

    if (status != SEC_E_OK) {
        return status;
    }
    return sqlite_db_run(a->db, "INSERT INTO secret VALUES (?1, ?2, ?3)", "itb",
                         (int64_t)account->rid, field,
                         bytes_of(sealed, plain.n + SEAL_OVERHEAD_BYTES));
}

static sec_status
put_clear_text(const struct admin_store *a, const struct admin_account *account,
               const struct clear_text *text)
{
    uint8_t plain[2 + CLEAR_TEXT_BYTES_MAX];
    struct wire_writer w = wire_writer_fixed(plain, sizeof(plain));
    sec_status status;

    wire_put_le16(&w, (uint16_t)text->n);
    wire_put(&w, text->b, sizeof(text->b)); /* zeroes after the password */
    status = put_secret(a, account, STORE_KEY_CLEAR_TEXT, bytes_of(plain, sizeof(plain)));
    secret_wipe(plain, sizeof(plain));
    return status;
}

/* All that was made of the last password goes; an LM hash comes back only where policy has it. */
sec_status
admin_put_keys(const struct admin_store *a, const struct admin_account *account,
               const struct password_keys *keys)
{
    sec_status status =
        sqlite_db_run(a->db, "DELETE FROM secret WHERE account = ?1", "i", (int64_t)account->rid);

    if (status == SEC_E_OK) {
        status = put_secret(a, account, STORE_KEY_NT_HASH, bytes_of(keys->nt_hash.b, 16));
    }
    if (status == SEC_E_OK && keys->has_lm_hash) {
        status = put_secret(a, account, STORE_KEY_LM_HASH, bytes_of(keys->lm_hash.b, 16));
    }
    for (size_t i = 0; status == SEC_E_OK && i < KRB_KEY_TYPES; i++) {
        status = put_secret(a, account, krb_key_types[i].name,
                            bytes_of(keys->kerberos[i], krb_key_types[i].key_bytes));
    }
    return status == SEC_E_OK && keys->clear_text.n ? put_clear_text(a, account, &keys->clear_text)
                                                    : status;
}

/* RFC 4120 4 and Windows alike: the realm, then the name as it was created. */
sec_status
admin_make_salt(const struct admin_store *a, const char *name, char **out)
{
    size_t n = strlen(a->realm) + strlen(name) + 1;

    *out = mem_new(n);
    if (!*out) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    (void)snprintf(*out, n, "%s%s", a->realm, name);
    return SEC_E_OK;
}

struct password_form
admin_password_form(const struct admin_store *a, bool clear_text)
{
    return (struct password_form){ a->lm_hashes, clear_text, a->password_min_length };
}

/* --- by an administrator ------------------------------------------------------------------- */

struct new_password {
    const char *name, *salt;
    const struct password_keys *keys;
};

static sec_status
put_password(struct admin_store *a, void *what)
{
    const struct new_password *password = what;
    int64_t now = (int64_t)clock_now_100ns();
    struct admin_account account;
    sec_status status = admin_find(a, password->name, &account);

    if (status == SEC_E_OK) {
        status = sqlite_db_run(a->db,
                               "UPDATE account SET key_salt = ?2, key_version = key_version + 1,"
                               " password_set = ?3, changed = ?3, password_expires = NULL"
                               " WHERE rid = ?1",
                               "iti", (int64_t)account.rid, password->salt, now);
    }
    return status == SEC_E_OK ? admin_put_keys(a, &account, password->keys) : status;
}

sec_status
admin_store_set_password(struct account_admin *door, const char *name, struct bytes password,
                         bool keeps_clear_text)
{
    struct admin_store *a = admin_store_of(door);
    SEC_AUTO(password_keys) keys = { 0 };
    struct admin_account account;
    char *salt = NULL;
    sec_status status = admin_find(a, name, &account);

    if (status == SEC_E_OK) {
        status = admin_make_salt(a, account.name, &salt);
    }
    if (status == SEC_E_OK) {
        status =
            password_keys_make(password, salt, admin_password_form(a, keeps_clear_text), &keys);
    }
    if (status == SEC_E_OK) {
        status = admin_run(a, put_password, &(struct new_password){ name, salt, &keys });
    }
    mem_free(salt);
    return status;
}

/* --- by who knew the old one ---------------------------------------------------------------- */

struct own_password {
    const struct admin_proven *proven;
    struct password_keys *keys;
};

/* The account as it was when its old password was proven, or another one has come since. */
static sec_status
read_proven(const struct admin_store *a, const struct admin_proven *proven,
            struct admin_account *out, bool *keeps_clear_text)
{
    SEC_AUTO(sqlite3_stmt) *statement = NULL;
    const char *sid;
    bool row = false;
    sec_status status = sqlite_db_prepare(
        a->db,
        "SELECT a.sid, EXISTS (SELECT 1 FROM secret WHERE account = a.rid AND field = ?3)"
        " FROM account a WHERE a.rid = ?1 AND a.key_version = ?2",
        false, &statement);

    if (status == SEC_E_OK) {
        status = sqlite_db_bind(a->db, statement, "iit", (int64_t)proven->rid,
                                (int64_t)proven->key_version, STORE_KEY_CLEAR_TEXT);
    }
    if (status == SEC_E_OK) {
        status = sqlite_db_step(a->db, statement, &row);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    if (!row) {
        return sec_fail(SEC_E_LOGON_DENIED, "accounts: the password was changed meanwhile");
    }
    sid = sqlite_db_text(statement, 0);
    if (!sid) {
        return SEC_E_INSUFFICIENT_MEMORY; /* the column may not be NULL */
    }
    out->rid = proven->rid;
    *keeps_clear_text = sqlite3_column_int64(statement, 1) != 0;
    return snprintf(out->sid, sizeof(out->sid), "%s", sid) < (int)sizeof(out->sid)
               ? SEC_E_OK
               : sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY, "accounts: %s: row %u is damaged",
                          a->db->path, proven->rid);
}

static sec_status
put_own_password(struct admin_store *a, void *what)
{
    const struct own_password *own = what;
    struct admin_account account = { 0 };
    bool keeps_clear_text = false;
    sec_status status = read_proven(a, own->proven, &account, &keeps_clear_text);

    if (status == SEC_E_OK) {
        status = sqlite_db_run(a->db,
                               "UPDATE account SET key_version = key_version + 1,"
                               " password_set = ?2, changed = ?2, password_expires = NULL"
                               " WHERE rid = ?1",
                               "ii", (int64_t)account.rid, (int64_t)clock_now_100ns());
    }
    if (!keeps_clear_text) {
        secret_wipe(&own->keys->clear_text, sizeof(own->keys->clear_text));
    }
    return status == SEC_E_OK ? admin_put_keys(a, &account, own->keys) : status;
}

/* The salt stays: it is the account's name that it is made of, not the password. */
static sec_status
read_salt(const struct admin_store *a, uint32_t rid, char **out)
{
    SEC_AUTO(sqlite3_stmt) *statement = NULL;
    const char *salt;
    bool row = false;
    sec_status status =
        sqlite_db_prepare(a->db, "SELECT key_salt FROM account WHERE rid = ?1", false, &statement);

    if (status == SEC_E_OK) {
        status = sqlite_db_bind(a->db, statement, "i", (int64_t)rid);
    }
    if (status == SEC_E_OK) {
        status = sqlite_db_step(a->db, statement, &row);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    if (!row) {
        return sec_fail(SEC_E_LOGON_DENIED, "accounts: the account was removed meanwhile");
    }
    salt = sqlite_db_text(statement, 0);
    *out = salt ? mem_dup(salt, strlen(salt)) : NULL;
    return *out ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

sec_status
admin_store_set_own_password(struct account_admin *door, const struct admin_proven *proven,
                             struct bytes password)
{
    struct admin_store *a = admin_store_of(door);
    SEC_AUTO(password_keys) keys = { 0 };
    char *salt = NULL;
    sec_status status = read_salt(a, proven->rid, &salt);

    if (status == SEC_E_OK) {
        status = password_keys_make(password, salt, admin_password_form(a, true), &keys);
        status = status == SEC_E_INVALID_PARAMETER ? ACCOUNT_PASSWORD_RESTRICTION : status;
    }
    if (status == SEC_E_OK) {
        status = admin_run(a, put_own_password, &(struct own_password){ proven, &keys });
    }
    mem_free(salt);
    return status;
}
