/* SPDX-License-Identifier: Apache-2.0 */
/* The setting "key-check" is a known value, sealed: it opens under the right key alone, so that a
 * wrong key file is told from a damaged row. */
#include "account/store_key.h"

static const uint8_t known[16];

static struct seal_place
check_place(const struct sqlite_db *db)
{
    return (struct seal_place){ db->machine_sid, "key-check" };
}

static sec_status
select_check(const struct sqlite_db *db, sqlite3_stmt **out, bool *row)
{
    sec_status status =
        sqlite_db_prepare(db, "SELECT value FROM setting WHERE name = 'key-check'", false, out);

    return status == SEC_E_OK ? sqlite_db_step(db, *out, row) : status;
}

sec_status
store_key_exists(const struct sqlite_db *db, bool *out)
{
    SEC_AUTO(sqlite3_stmt) *statement = NULL;

    return select_check(db, &statement, out);
}

sec_status
store_key_check(const struct sqlite_db *db, const struct seal_key *key, const char *key_file)
{
    SEC_AUTO(sqlite3_stmt) *statement = NULL;
    uint8_t opened[sizeof(known)];
    bool row = false;
    sec_status status = select_check(db, &statement, &row);

    if (status != SEC_E_OK) {
        return status;
    }
    if (!row ||
        !seal_open(key, check_place(db), sqlite_db_blob(statement, 0), opened, sizeof(opened))) {
        return sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY, "accounts: %s is not the key file of %s",
                        key_file, db->path);
    }
    return SEC_E_OK;
}

sec_status
store_key_adopt(const struct sqlite_db *db, const struct seal_key *key)
{
    uint8_t sealed[SEAL_MAX_BYTES];
    sec_status status = seal_put(key, check_place(db), bytes_of(known, sizeof(known)), sealed);

    if (status != SEC_E_OK) {
        return status;
    }
    return sqlite_db_run(db, "INSERT OR IGNORE INTO setting VALUES ('key-check', ?1)", "b",
                         bytes_of(sealed, sizeof(known) + SEAL_OVERHEAD_BYTES));
}
