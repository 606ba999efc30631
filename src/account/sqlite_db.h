/* SPDX-License-Identifier: Apache-2.0 */
/* The database of accounts: its opening, its tables, and statements with their errors. */
#ifndef ACCOUNT_SQLITE_DB_H
#define ACCOUNT_SQLITE_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "account/shared.h"
#include "base/bytes.h"
#include "base/status.h"

enum {
    SQLITE_DB_SID_CHARS = 48,   /* "S-1-5-21-" and four numbers of ten digits */
    SQLITE_DB_FIRST_RID = 1001, /* below are the accounts that Windows makes itself */
};

struct sqlite_db {
    sqlite3 *handle;
    char *path;
    dev_t device; /* which file it is: the path may come to name another one */
    ino_t inode;
    uid_t owner;
    int64_t version; /* of its tables: an old one until somebody opens it to change it */
    uint8_t store_id[SHARED_STORE_ID_BYTES];
    char machine_sid[SQLITE_DB_SID_CHARS];
};

enum sqlite_db_use { SQLITE_DB_READ, SQLITE_DB_CHANGE };

/* Opens a database that has its tables; to change it, brings them to the newest version.
 * *out is owned by the caller: sqlite_db_free. */
SEC_NODISCARD sec_status sqlite_db_open(const char *path, enum sqlite_db_use,
                                        struct sqlite_db **out);
/* Makes what of it is not there: the file, the tables, the machine's SID. */
SEC_NODISCARD sec_status sqlite_db_create(const char *path);
void sqlite_db_free(struct sqlite_db *); /* NULL is a no-op */
void sqlite_db_auto(struct sqlite_db **);
/* Whether the path still names the file that is open, with the tables that it had. */
bool sqlite_db_is_current(const struct sqlite_db *);

/* Prepares; keeps says that the statement lives as long as the handle. */
SEC_NODISCARD sec_status sqlite_db_prepare(const struct sqlite_db *, const char *sql, bool keeps,
                                           sqlite3_stmt **out);
/* Binds values from parameter 1 on. types has a letter for each: i int64_t, t const char * (NULL
 * is NULL), b struct bytes. They are borrowed until the statement is reset. */
SEC_NODISCARD sec_status sqlite_db_bind(const struct sqlite_db *, sqlite3_stmt *, const char *types,
                                        ...);
/* Prepares, binds and runs a statement that has no rows. */
SEC_NODISCARD sec_status sqlite_db_run(const struct sqlite_db *, const char *sql, const char *types,
                                       ...);
/* One step: *row says whether there is a row. */
SEC_NODISCARD sec_status sqlite_db_step(const struct sqlite_db *, sqlite3_stmt *, bool *row);

/* For SEC_AUTO(sqlite3_stmt). */
static inline void
sqlite3_stmt_auto(sqlite3_stmt **statement)
{
    (void)sqlite3_finalize(*statement);
}

/* Columns. Views live until the next step. A time that is NULL is CLOCK_NEVER_100NS. */
struct bytes sqlite_db_blob(sqlite3_stmt *, int column);
const char *sqlite_db_text(sqlite3_stmt *, int column);
uint64_t sqlite_db_time(sqlite3_stmt *, int column);
/* Binds a time so. */
SEC_NODISCARD sec_status sqlite_db_bind_time(const struct sqlite_db *, sqlite3_stmt *,
                                             int parameter, uint64_t time_100ns);

#endif
