/* SPDX-License-Identifier: Apache-2.0 */
/* The database: a write-ahead log, so that logons go on while an account is changed; each commit
 * is on the disk before it is acknowledged. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/sqlite_db.h"
#include "account/store_file.h"
#include "base/clock.h"
#include "base/mem.h"
#include "codec/sid.h"
#include "crypto/random.h"

enum {
    SCHEMA_VERSION = 3,
    READ_WAIT_MS = 250, /* readers wait for nobody but a recovery */
    CHANGE_WAIT_MS = 10000,
};

#define APPLICATION_ID "0x4F535041" /* "OSPA" */

#define ONE_TIME_CODE_TABLE                                                        \
    "CREATE TABLE one_time_code ("                                                 \
    " account INTEGER PRIMARY KEY REFERENCES account ON DELETE CASCADE,"           \
    " type INTEGER NOT NULL, algorithm INTEGER NOT NULL, digits INTEGER NOT NULL," \
    " period INTEGER NOT NULL, next INTEGER NOT NULL, sealed BLOB NOT NULL,"       \
    " created INTEGER NOT NULL) STRICT;"

/* Times are FILETIMEs, NULL is never. name_upper is the name in UTF-16LE, upper-cased by Unicode's
 * simple mapping: what names are compared by. A RID is taken once: the setting next-rid only
 * rises. */
static const char schema[] =
    "CREATE TABLE setting (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE account ("
    " rid INTEGER PRIMARY KEY, sid TEXT NOT NULL UNIQUE,"
    " name TEXT NOT NULL, name_upper BLOB NOT NULL UNIQUE,"
    " disabled INTEGER NOT NULL DEFAULT 0, expires INTEGER, password_expires INTEGER,"
    " password_set INTEGER NOT NULL, key_version INTEGER NOT NULL, key_salt TEXT NOT NULL,"
    " unix_user TEXT, created INTEGER NOT NULL, changed INTEGER NOT NULL,"
    " dial_in INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE TABLE secret ("
    " account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE, field TEXT NOT NULL,"
    " sealed BLOB NOT NULL, PRIMARY KEY (account, field)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE account_group ("
    " rid INTEGER PRIMARY KEY, sid TEXT NOT NULL UNIQUE,"
    " name TEXT NOT NULL, name_upper BLOB NOT NULL UNIQUE, created INTEGER NOT NULL) STRICT;"
    "CREATE TABLE member ("
    " account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,"
    " account_group INTEGER NOT NULL REFERENCES account_group ON DELETE CASCADE,"
    " PRIMARY KEY (account, account_group)) STRICT, WITHOUT ROWID;" ONE_TIME_CODE_TABLE
    "PRAGMA application_id = " APPLICATION_ID ";"
    "PRAGMA user_version = 3;";

/* What brings a database of the version before each to that version. */
static const char *const steps[SCHEMA_VERSION + 1] = {
    [2] = "ALTER TABLE account ADD COLUMN dial_in INTEGER NOT NULL DEFAULT 0;"
          "PRAGMA user_version = 2;",
    [3] = ONE_TIME_CODE_TABLE "PRAGMA user_version = 3;",
};

/* --- statements ---------------------------------------------------------------------------- */

static sec_status
fail_with(const char *path, const char *what, int code, const char *text)
{
    if ((code & 0xFF) == SQLITE_NOMEM || code == SQLITE_IOERR_NOMEM) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    return sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY, "accounts: %s: cannot %s: %s", path, what,
                    text);
}

/* SQLite's last failure, with what was attempted. */
static sec_status
fail(const struct sqlite_db *db, const char *what)
{
    return fail_with(db->path, what, sqlite3_extended_errcode(db->handle),
                     sqlite3_errmsg(db->handle));
}

sec_status
sqlite_db_prepare(const struct sqlite_db *db, const char *sql, bool keeps, sqlite3_stmt **out)
{
    unsigned flags = keeps ? SQLITE_PREPARE_PERSISTENT : 0;

    if (sqlite3_prepare_v3(db->handle, sql, -1, flags, out, NULL) != SQLITE_OK) {
        return fail(db, "prepare a question");
    }
    return SEC_E_OK;
}

static int
bind_blob(sqlite3_stmt *statement, int i, struct bytes b)
{
    return sqlite3_bind_blob64(statement, i, b.p ? (const void *)b.p : "", b.n, SQLITE_STATIC);
}

static sec_status
bind_all(const struct sqlite_db *db, sqlite3_stmt *statement, const char *types, va_list values)
{
    for (int i = 1; *types; i++, types++) {
        int rc = SQLITE_MISUSE;

        if (*types == 'i') {
            rc = sqlite3_bind_int64(statement, i, va_arg(values, int64_t));
        } else if (*types == 't') {
            rc = sqlite3_bind_text(statement, i, va_arg(values, const char *), -1, SQLITE_STATIC);
        } else if (*types == 'b') {
            rc = bind_blob(statement, i, va_arg(values, struct bytes));
        }
        if (rc != SQLITE_OK) {
            return fail(db, "bind a value");
        }
    }
    return SEC_E_OK;
}

sec_status
sqlite_db_bind(const struct sqlite_db *db, sqlite3_stmt *statement, const char *types, ...)
{
    sec_status status;
    va_list values;

    va_start(values, types);
    status = bind_all(db, statement, types, values);
    va_end(values);
    return status;
}

sec_status
sqlite_db_bind_time(const struct sqlite_db *db, sqlite3_stmt *statement, int parameter,
                    uint64_t time_100ns)
{
    int rc = time_100ns > INT64_MAX ? sqlite3_bind_null(statement, parameter)
                                    : sqlite3_bind_int64(statement, parameter, (int64_t)time_100ns);

    return rc == SQLITE_OK ? SEC_E_OK : fail(db, "bind a time");
}

sec_status
sqlite_db_step(const struct sqlite_db *db, sqlite3_stmt *statement, bool *row)
{
    int rc = sqlite3_step(statement);

    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        return fail(db, sqlite3_stmt_readonly(statement) ? "read" : "write");
    }
    *row = rc == SQLITE_ROW;
    return SEC_E_OK;
}

sec_status
sqlite_db_run(const struct sqlite_db *db, const char *sql, const char *types, ...)
{
    SEC_AUTO(sqlite3_stmt) *statement = NULL;
    sec_status status = sqlite_db_prepare(db, sql, false, &statement);
    va_list values;
    bool row;

    if (status != SEC_E_OK) {
        return status;
    }
    va_start(values, types);
    status = bind_all(db, statement, types, values);
    va_end(values);
    return status == SEC_E_OK ? sqlite_db_step(db, statement, &row) : status;
}

struct bytes
sqlite_db_blob(sqlite3_stmt *statement, int column)
{
    const void *p = sqlite3_column_blob(statement, column); /* first: it may convert */

    return bytes_of(p, p ? (size_t)sqlite3_column_bytes(statement, column) : 0);
}

const char *
sqlite_db_text(sqlite3_stmt *statement, int column)
{
    return (const char *)sqlite3_column_text(statement, column);
}

uint64_t
sqlite_db_time(sqlite3_stmt *statement, int column)
{
    int64_t t = sqlite3_column_int64(statement, column);

    if (sqlite3_column_type(statement, column) == SQLITE_NULL) {
        return CLOCK_NEVER_100NS;
    }
    return t < 0 ? 0 : (uint64_t)t;
}

/* --- opening ------------------------------------------------------------------------------- */

void
sqlite_db_free(struct sqlite_db *db)
{
    if (!db) {
        return;
    }
    (void)sqlite3_close_v2(db->handle);
    mem_free(db->path);
    mem_free(db);
}

void
sqlite_db_auto(struct sqlite_db **db)
{
    sqlite_db_free(*db);
}

static sec_status
execute(const struct sqlite_db *db, const char *sql, const char *what)
{
    if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK) {
        return fail(db, what);
    }
    return SEC_E_OK;
}

/* The database's own content is not trusted to run code, and what is deleted is overwritten. */
static sec_status
configure(const struct sqlite_db *db, enum sqlite_db_use use)
{
    static const char common[] = "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
                                 "PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;"
                                 "PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;"
                                 "PRAGMA synchronous = FULL;";
    sec_status status;

    (void)sqlite3_extended_result_codes(db->handle, 1);
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    (void)sqlite3_busy_timeout(db->handle, use == SQLITE_DB_READ ? READ_WAIT_MS : CHANGE_WAIT_MS);
    status = execute(db, common, "set up");
    if (status == SEC_E_OK && use == SQLITE_DB_READ) {
        status = execute(db, "PRAGMA query_only = ON", "set up");
    }
    return status;
}

/* Whoever may write to the database may let himself in. */
static sec_status
check_file(struct sqlite_db *db)
{
    struct stat st;

    if (stat(db->path, &st)) {
        return store_file_fail("database", db->path, errno);
    }
    if (!S_ISREG(st.st_mode)) {
        return sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY, "accounts: database %s is no file",
                        db->path);
    }
    if (st.st_mode & (S_IWGRP | S_IWOTH)) {
        return sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY,
                        "accounts: others may write to database %s (mode %03o); want 600", db->path,
                        st.st_mode & 0777u);
    }
    if (st.st_uid != 0 && st.st_uid != geteuid() &&
        st.st_uid != store_file_folder_owner(db->path)) {
        return sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY,
                        "accounts: database %s belongs to user %u, neither root, this process's"
                        " nor its folder's",
                        db->path, (unsigned)st.st_uid);
    }
    db->device = st.st_dev;
    db->inode = st.st_ino;
    db->owner = st.st_uid;
    return SEC_E_OK;
}

static sec_status
open_handle(const char *path, enum sqlite_db_use use, struct sqlite_db **out)
{
    SEC_AUTO(sqlite_db) *db = mem_new(sizeof(*db));
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    sec_status status;
    int rc;

    if (!db) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    db->path = mem_dup(path, strlen(path));
    if (!db->path) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    status = check_file(db);
    if (status != SEC_E_OK) {
        return status;
    }
    rc = sqlite3_open_v2(path, &db->handle, flags, NULL);
    if (rc != SQLITE_OK) {
        return fail_with(path, "open", rc, sqlite3_errstr(rc));
    }
    status = configure(db, use);
    if (status == SEC_E_OK) {
        *out = sec_steal(&db);
    }
    return status;
}

static sec_status
schema_version(const struct sqlite_db *db, int64_t *out)
{
    SEC_AUTO(sqlite3_stmt) *statement = NULL;
    sec_status status = sqlite_db_prepare(db, "PRAGMA user_version", false, &statement);
    bool row;

    if (status == SEC_E_OK) {
        status = sqlite_db_step(db, statement, &row);
    }
    if (status == SEC_E_OK) {
        *out = sqlite3_column_int64(statement, 0);
    }
    return status;
}

/* Within a transaction, and looked at once more there: another process may have been quicker. */
static sec_status
migrate(struct sqlite_db *db)
{
    sec_status status = execute(db, "BEGIN IMMEDIATE", "begin");

    if (status != SEC_E_OK) {
        return status;
    }
    status = schema_version(db, &db->version);
    for (int64_t v = db->version + 1; status == SEC_E_OK && v <= SCHEMA_VERSION; v++) {
        status = execute(db, steps[v], "bring the tables to the newest version");
    }
    if (status == SEC_E_OK) {
        status = execute(db, "COMMIT", "commit");
    }
    if (status == SEC_E_OK) {
        db->version = SCHEMA_VERSION;
    } else {
        (void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    }
    return status;
}

/* An old version is looked at again: what is prepared for it would not see the new columns. */
bool
sqlite_db_is_current(const struct sqlite_db *db)
{
    int64_t version = db->version;
    struct stat st;

    return !stat(db->path, &st) && st.st_dev == db->device && st.st_ino == db->inode &&
           (version == SCHEMA_VERSION ||
            (schema_version(db, &version) == SEC_E_OK && version == db->version));
}

static sec_status
read_settings(struct sqlite_db *db)
{
    static const char sql[] = "SELECT (SELECT value FROM setting WHERE name = 'store-id'),"
                              " (SELECT value FROM setting WHERE name = 'machine-sid')";
    SEC_AUTO(sqlite3_stmt) *statement = NULL;
    sec_status status = sqlite_db_prepare(db, sql, false, &statement);
    struct bytes id;
    struct sid machine;
    const char *sid;
    bool row;

    if (status == SEC_E_OK) {
        status = sqlite_db_step(db, statement, &row);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    id = sqlite_db_blob(statement, 0);
    sid = sqlite_db_text(statement, 1);
    if (id.n != sizeof(db->store_id) || !sid || strlen(sid) >= sizeof(db->machine_sid) ||
        !sid_parse(&machine, bytes_of_string(sid))) {
        return sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY,
                        "accounts: %s: the store's own name is damaged", db->path);
    }
    bytes_copy(db->store_id, id.p, id.n);
    bytes_copy(db->machine_sid, sid, strlen(sid) + 1);
    return SEC_E_OK;
}

sec_status
sqlite_db_open(const char *path, enum sqlite_db_use use, struct sqlite_db **out)
{
    SEC_AUTO(sqlite_db) *db = NULL;
    sec_status status = open_handle(path, use, &db);
    int64_t version = 0;

    if (status == SEC_E_OK) {
        status = schema_version(db, &version);
    }
    if (status == SEC_E_OK && (version < 1 || version > SCHEMA_VERSION)) {
        return sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY,
                        version ? "accounts: %s was made by another version (%" PRId64 ")"
                                : "accounts: %s holds no accounts yet (%" PRId64 ")",
                        path, version);
    }
    if (status == SEC_E_OK) {
        db->version = version;
        status = version < SCHEMA_VERSION && use == SQLITE_DB_CHANGE ? migrate(db) : SEC_E_OK;
    }
    if (status == SEC_E_OK) {
        status = read_settings(db);
    }
    if (status == SEC_E_OK) {
        *out = sec_steal(&db);
    }
    return status;
}

/* --- creating ------------------------------------------------------------------------------ */

static sec_status
create_file(const char *path)
{
    SEC_AUTO(store_fd) file = { open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600) };

    if (file.fd < 0 && errno == EEXIST) {
        return SEC_E_OK;
    }
    if (file.fd < 0 || !store_file_give(file.fd, store_file_folder_owner(path)) ||
        !store_file_sync_folder(path)) {
        return store_file_fail("database", path, errno);
    }
    return SEC_E_OK;
}

/* A machine's SID: three random numbers, as Windows chooses them at installation. */
static sec_status
create_tables(struct sqlite_db *db)
{
    struct sid machine = { .authority = 5, .n = 4, .parts = { 21 } };
    char sid[SID_TEXT_BYTES];
    sec_status status;

    if (!random_bytes(&machine.parts[1], 3 * sizeof(machine.parts[1])) ||
        !random_bytes(db->store_id, sizeof(db->store_id))) {
        return sec_fail(SEC_E_INTERNAL_ERROR, "accounts: no random bytes");
    }
    sid_text(&machine, sid);
    status = execute(db, schema, "make the tables");
    if (status == SEC_E_OK) {
        status = sqlite_db_run(db,
                               "INSERT INTO setting VALUES ('machine-sid', ?1), ('store-id', ?2),"
                               " ('next-rid', ?3)",
                               "tbi", sid, bytes_of(db->store_id, sizeof(db->store_id)),
                               (int64_t)SQLITE_DB_FIRST_RID);
    }
    return status;
}

sec_status
sqlite_db_create(const char *path)
{
    SEC_AUTO(sqlite_db) *db = NULL;
    int64_t version = 0;
    sec_status status = create_file(path);

    if (status == SEC_E_OK) {
        status = open_handle(path, SQLITE_DB_CHANGE, &db);
    }
    if (status == SEC_E_OK) {
        status = schema_version(db, &version);
    }
    if (status != SEC_E_OK || version) {
        return status;
    }
    status = execute(db, "PRAGMA journal_mode = WAL; BEGIN IMMEDIATE", "begin");
    if (status == SEC_E_OK) {
        status = schema_version(db, &version); /* another process may have been quicker */
    }
    if (status == SEC_E_OK && !version) {
        status = create_tables(db);
    }
    return status == SEC_E_OK ? execute(db, "COMMIT", "commit") : status;
}
