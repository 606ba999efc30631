/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of accounts, and of names and SIDs. */
#include "account/sqlite_read.h"

#include <stdio.h>

#include "account/account.h"
#include "account/store_code.h"
#include "account/store_key.h"
#include "account/string_list.h"
#include "base/utf16.h"

static sec_status
damaged(const struct sqlite_connection *c, const char *sid, const char *what)
{
    return sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY, "accounts: %s: the %s of %s is damaged",
                    c->db->path, what, sid);
}

static sec_status
read_groups(struct sqlite_connection *c, int64_t rid, struct string_list *names,
            struct string_list *sids)
{
    sqlite3_stmt *statement = c->statements[QUESTION_GROUPS];
    sec_status status = sqlite_db_bind(c->db, statement, "i", rid);
    bool row;

    while (status == SEC_E_OK) {
        status = sqlite_db_step(c->db, statement, &row);
        if (status != SEC_E_OK || !row) {
            break;
        }
        if (!string_list_add(names, sqlite_db_text(statement, 0)) ||
            !string_list_add(sids, sqlite_db_text(statement, 1))) {
            status = SEC_E_INSUFFICIENT_MEMORY;
        }
    }
    (void)sqlite3_reset(statement);
    return status;
}

/* The row's names and groups. */
static sec_status
read_identity(const struct sqlite_store_options *options, struct sqlite_connection *c,
              sqlite3_stmt *row, struct account_identity **out)
{
    SEC_AUTO(string_list) groups = { 0 };
    SEC_AUTO(string_list) group_sids = { 0 };
    uint8_t held[512];
    SEC_AUTO(wire_writer) user = wire_writer_growing(held, sizeof(held));
    const char *name = sqlite_db_text(row, 2);
    sec_status status = read_groups(c, sqlite3_column_int64(row, 0), &groups, &group_sids);
    struct account_identity identity = {
        .domain = options->domain,
        .sid = sqlite_db_text(row, 1),
        .unix_user = sqlite_db_text(row, 6),
        .password_expires_100ns = sqlite_db_time(row, 5),
        .may_dial_in = sqlite3_column_int64(row, 9) != 0,
    };

    if (status != SEC_E_OK) {
        return status;
    }
    if (!name || !identity.sid) {
        return SEC_E_INSUFFICIENT_MEMORY; /* neither column may be NULL */
    }
    utf16_put_utf8(&user, bytes_of_string(name));
    if (wire_writer_status(&user) == WIRE_NO_MEMORY) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (wire_writer_status(&user) != WIRE_OK) {
        return damaged(c, identity.sid, "name");
    }
    identity.user = wire_written(&user);
    identity.groups = (const char *const *)groups.items;
    identity.group_sids = (const char *const *)group_sids.items;
    identity.n_groups = (uint32_t)groups.n;
    *out = account_identity_new(&identity);
    return *out ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

static bool
unseal(const struct sqlite_connection *c, const char *sid, const char *field, struct bytes sealed,
       struct secret16 *out)
{
    return seal_open(c->key, (struct seal_place){ sid, field }, sealed, out->b, sizeof(out->b));
}

static sec_status
read_hashes(const struct sqlite_store_options *options, struct sqlite_connection *c,
            sqlite3_stmt *row, struct account_record *out)
{
    const char *sid = out->identity->sid;
    struct bytes lm = sqlite_db_blob(row, 8);

    if (!unseal(c, sid, STORE_KEY_NT_HASH, sqlite_db_blob(row, 7), &out->nt_hash)) {
        return damaged(c, sid, "NT hash");
    }
    hmac_md5_key_init(&out->nt_key, bytes_of(out->nt_hash.b, sizeof(out->nt_hash.b)));
    if (options->lm_hashes && lm.n) {
        if (!unseal(c, sid, STORE_KEY_LM_HASH, lm, &out->lm_hash)) {
            return damaged(c, sid, "LM hash");
        }
        out->has_lm_hash = true;
    }
    return SEC_E_OK;
}

static sec_status
read_record(const struct sqlite_store_options *options, struct sqlite_connection *c,
            sqlite3_stmt *row, struct account_record *out)
{
    SEC_AUTO(account_record) record = { 0 };
    sec_status status = read_identity(options, c, row, &record.identity);

    if (status == SEC_E_OK) {
        status = read_hashes(options, c, row, &record);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    record.rid = (uint32_t)sqlite3_column_int64(row, 0);
    record.key_version = (uint32_t)sqlite3_column_int64(row, 10);
    record.disabled = sqlite3_column_int64(row, 3) != 0;
    record.expires_100ns = sqlite_db_time(row, 4);
    record.password_expires_100ns = sqlite_db_time(row, 5);
    account_record_copy(out, &record);
    return SEC_E_OK;
}

static sec_status
find_by(const struct sqlite_store_options *options, struct sqlite_connection *c,
        sqlite3_stmt *statement, struct account_record *out, bool *found)
{
    sec_status status = sqlite_db_step(c->db, statement, found);

    if (status == SEC_E_OK && *found) {
        status = read_record(options, c, statement, out);
    }
    (void)sqlite3_reset(statement);
    return status;
}

/* The password itself, where the account keeps it. */
static sec_status
read_clear_text(const struct sqlite_connection *c, const struct account_record *record,
                struct clear_text *out)
{
    sqlite3_stmt *statement = c->statements[QUESTION_CLEAR_TEXT];
    struct seal_place place = { record->identity->sid, STORE_KEY_CLEAR_TEXT };
    uint8_t plain[2 + CLEAR_TEXT_BYTES_MAX];
    sec_status status = sqlite_db_bind(c->db, statement, "i", (int64_t)record->rid);
    bool row = false;

    if (status == SEC_E_OK) {
        status = sqlite_db_step(c->db, statement, &row);
    }
    if (status == SEC_E_OK && row) {
        struct wire_reader r = wire_reader_of(bytes_of(plain, sizeof(plain)));

        if (seal_open(c->key, place, sqlite_db_blob(statement, 0), plain, sizeof(plain))) {
            out->n = wire_le16(&r);
        }
        wire_copy(&r, out->b, out->n <= sizeof(out->b) ? out->n : 0);
        if (!out->n || out->n > sizeof(out->b)) {
            out->n = 0;
            status = damaged(c, place.sid, "clear text");
        }
        secret_wipe(plain, sizeof(plain));
    }
    (void)sqlite3_reset(statement);
    return status;
}

/* The account's one-time code, where it has one. */
static sec_status
read_code(const struct sqlite_connection *c, const struct account_record *record,
          struct store_code *out)
{
    sqlite3_stmt *statement = c->statements[QUESTION_CODE];
    const char *sid = record->identity->sid;
    sec_status status = sqlite_db_bind(c->db, statement, "i", (int64_t)record->rid);
    bool row = false;

    if (status == SEC_E_OK) {
        status = sqlite_db_step(c->db, statement, &row);
    }
    if (status == SEC_E_OK && row && !store_code_read(statement, c->key, sid, out)) {
        status = damaged(c, sid, "one-time code");
    }
    out->rid = record->rid;
    (void)sqlite3_reset(statement);
    return status;
}

static sec_status
read_wanted(const struct sqlite_connection *c, const struct account_record *record,
            struct sqlite_wanted wanted)
{
    sec_status status = SEC_E_OK;

    if (wanted.clear_text) {
        status = read_clear_text(c, record, wanted.clear_text);
    }
    return status == SEC_E_OK && wanted.code ? read_code(c, record, wanted.code) : status;
}

/* What time would tell of a name, it should not: where it does not exist an account is read all the
 * same, and where it does, a name is looked for that does not. */
static void
even_out(const struct sqlite_store_options *options, struct sqlite_connection *c, bool found,
         struct sqlite_wanted wanted)
{
    SEC_AUTO(account_record) unused = { 0 };
    sqlite3_stmt *statement = c->statements[found ? QUESTION_BY_NAME : QUESTION_FIRST];
    struct clear_text text = { 0 };
    struct store_code code = { 0 };
    bool there = false;

    if (!found || sqlite_db_bind(c->db, statement, "b", bytes_of("\xFF", 1)) == SEC_E_OK) {
        (void)find_by(options, c, statement, &unused, &there);
    }
    if (!found && there && unused.identity) {
        (void)read_wanted(
            c, &unused,
            (struct sqlite_wanted){ wanted.clear_text ? &text : NULL, wanted.code ? &code : NULL });
        secret_wipe(&text, sizeof(text));
        secret_wipe(&code, sizeof(code));
    }
}

static sec_status
run_question(struct sqlite_connection *c, enum sqlite_question question)
{
    bool row;
    sec_status status = sqlite_db_step(c->db, c->statements[question], &row);

    (void)sqlite3_reset(c->statements[question]);
    return status;
}

sec_status
sqlite_read_record(const struct sqlite_store_options *options, struct sqlite_connection *c,
                   const struct bytes *names, size_t n_names, struct account_record *out,
                   struct sqlite_wanted wanted, bool *found)
{
    sec_status status = run_question(c, QUESTION_BEGIN);

    *found = false;
    for (size_t i = 0; status == SEC_E_OK && !*found && i < n_names; i++) {
        status = sqlite_db_bind(c->db, c->statements[QUESTION_BY_NAME], "b", names[i]);
        if (status == SEC_E_OK) {
            status = find_by(options, c, c->statements[QUESTION_BY_NAME], out, found);
        }
    }
    if (status == SEC_E_OK && *found) {
        status = read_wanted(c, out, wanted);
    }
    if (status == SEC_E_OK) {
        even_out(options, c, *found, wanted);
        status = run_question(c, QUESTION_END);
    }
    return status;
}

/* --- names and SIDs ------------------------------------------------------------------------ */

static sec_status
read_entry(const struct sqlite_connection *c, sqlite3_stmt *row, struct account_entry *out)
{
    const char *sid = sqlite_db_text(row, 0), *name = sqlite_db_text(row, 1);

    if (!sid || !name) {
        return SEC_E_INSUFFICIENT_MEMORY; /* neither column may be NULL */
    }
    out->is_group = sqlite3_column_int64(row, 2) != 0;
    if (snprintf(out->sid, sizeof(out->sid), "%s", sid) >= (int)sizeof(out->sid) ||
        snprintf(out->name, sizeof(out->name), "%s", name) >= (int)sizeof(out->name)) {
        return damaged(c, "a row", "name");
    }
    return SEC_E_OK;
}

sec_status
sqlite_read_entry(struct sqlite_connection *c, struct bytes upper, const char *sid,
                  struct account_entry *out, bool *found)
{
    sqlite3_stmt *statement = c->statements[sid ? QUESTION_SID : QUESTION_NAME];
    sec_status status = sid ? sqlite_db_bind(c->db, statement, "t", sid)
                            : sqlite_db_bind(c->db, statement, "b", upper);

    if (status == SEC_E_OK) {
        status = sqlite_db_step(c->db, statement, found);
    }
    if (status == SEC_E_OK && *found) {
        status = read_entry(c, statement, out);
    }
    (void)sqlite3_reset(statement);
    return status;
}
