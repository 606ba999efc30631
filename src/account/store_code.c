/* SPDX-License-Identifier: Apache-2.0 */
/* One-time codes in the database. */
#include "account/store_code.h"

#include "account/store_key.h"
#include "base/clock.h"
#include "base/secret.h"
#include "base/wire.h"

sec_status
store_code_insert(const struct sqlite_db *db, const struct seal_key *key, uint32_t rid,
                  const char *sid, const struct one_time_code *code)
{
    uint8_t plain[STORE_CODE_PLAIN_BYTES] = { (uint8_t)code->n }, sealed[SEAL_MAX_BYTES];
    sec_status status;

    bytes_copy(plain + 1, code->secret, code->n);
    status = seal_put(key, (struct seal_place){ sid, STORE_KEY_ONE_TIME_CODE },
                      bytes_of(plain, sizeof(plain)), sealed);
    secret_wipe(plain, sizeof(plain));
    if (status == SEC_E_OK) {
        status =
            sqlite_db_run(db,
                          "INSERT OR IGNORE INTO one_time_code (account, type, algorithm,"
                          " digits, period, next, sealed, created)"
                          " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                          "iiiiiibi", (int64_t)rid, (int64_t)code->type, (int64_t)code->algorithm,
                          (int64_t)code->digits, (int64_t)code->period_s, (int64_t)code->next,
                          bytes_of(sealed, STORE_CODE_SEALED_BYTES), (int64_t)clock_now_100ns());
    }
    if (status == SEC_E_OK && sqlite3_changes(db->handle) != 1) {
        status = sec_fail(SEC_E_INVALID_PARAMETER,
                          "accounts: the account has a one-time code; remove that first");
    }
    return status;
}

/* What is out of range stays so: one_time_code_fault tells. */
static unsigned
number(sqlite3_stmt *row, int column)
{
    int64_t n = sqlite3_column_int64(row, column);

    return n < 0 || n > UINT16_MAX ? UINT16_MAX : (unsigned)n;
}

bool
store_code_read(sqlite3_stmt *row, const struct seal_key *key, const char *sid,
                struct store_code *out)
{
    struct bytes sealed = sqlite_db_blob(row, 5);
    uint8_t plain[STORE_CODE_PLAIN_BYTES];
    int64_t next = sqlite3_column_int64(row, 4);
    struct one_time_code *c = &out->code;
    bool good;

    *c = (struct one_time_code){ .type = number(row, 0),
                                 .algorithm = number(row, 1),
                                 .digits = number(row, 2),
                                 .period_s = number(row, 3),
                                 .next = next < 0 ? UINT64_MAX : (uint64_t)next };
    good = sealed.n == sizeof(out->sealed) &&
           seal_open(key, (struct seal_place){ sid, STORE_KEY_ONE_TIME_CODE }, sealed, plain,
                     sizeof(plain));
    if (good) {
        c->n = plain[0];
        bytes_copy(c->secret, plain + 1, sizeof(c->secret));
        bytes_copy(out->sealed, sealed.p, sizeof(out->sealed));
        secret_wipe(plain, sizeof(plain));
    }
    if (!good || one_time_code_fault(c)) {
        secret_wipe(c, sizeof(*c));
        return false;
    }
    return true;
}

/* One statement is one transaction. Of two logons with one code the second finds that `next` has
 * risen; a code that was enrolled anew meanwhile is sealed otherwise. */
sec_status
store_code_use(const char *path, const struct store_code *code, uint64_t moment, bool *used)
{
    SEC_AUTO(sqlite_db) *db = NULL;
    sec_status status = sqlite_db_open(path, SQLITE_DB_CHANGE, &db);

    *used = false;
    if (status == SEC_E_OK) {
        status = sqlite_db_run(db,
                               "UPDATE one_time_code SET next = ?3"
                               " WHERE account = ?1 AND sealed = ?2 AND next < ?3",
                               "ibi", (int64_t)code->rid,
                               bytes_of(code->sealed, sizeof(code->sealed)), (int64_t)(moment + 1));
    }
    if (status == SEC_E_OK) {
        *used = sqlite3_changes(db->handle) == 1;
    }
    return status;
}
