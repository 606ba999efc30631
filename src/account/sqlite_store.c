/* SPDX-License-Identifier: Apache-2.0 */
/* Reading accounts. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "account/account.h"
#include "account/seal.h"
#include "account/shared.h"
#include "account/sqlite_db.h"
#include "account/sqlite_store.h"
#include "account/store_code.h"
#include "account/store_key.h"
#include "account/string_list.h"
#include "base/mem.h"
#include "base/utf16.h"

enum question {
    QUESTION_BEGIN,
    QUESTION_BY_NAME,
    QUESTION_FIRST,
    QUESTION_GROUPS,
    QUESTION_CLEAR_TEXT,
    QUESTION_CODE,
    QUESTION_NAME,
    QUESTION_SID,
    QUESTION_END,
    QUESTION_VERSION,
    QUESTIONS,
};

#define SELECT_ACCOUNT(dial_in)                                                            \
    "SELECT a.rid, a.sid, a.name, a.disabled, a.expires, a.password_expires, a.unix_user," \
    " n.sealed, l.sealed, " dial_in ", a.key_version FROM account a"                       \
    " LEFT JOIN secret n ON n.account = a.rid AND n.field = '" STORE_KEY_NT_HASH "'"       \
    " LEFT JOIN secret l ON l.account = a.rid AND l.field = '" STORE_KEY_LM_HASH "' "
#define BY_NAME "WHERE a.name_upper = ?1"
#define FIRST   "WHERE a.rid = (SELECT min(rid) FROM account)"

static const char *const questions[QUESTIONS] = {
    [QUESTION_BEGIN] = "BEGIN",
    [QUESTION_BY_NAME] = SELECT_ACCOUNT("a.dial_in") BY_NAME,
    [QUESTION_FIRST] = SELECT_ACCOUNT("a.dial_in") FIRST,
    [QUESTION_GROUPS] = "SELECT g.name, g.sid FROM member m"
                        " JOIN account_group g ON g.rid = m.account_group"
                        " WHERE m.account = ?1 ORDER BY g.rid",
    [QUESTION_CLEAR_TEXT] = "SELECT sealed FROM secret WHERE account = ?1"
                            " AND field = '" STORE_KEY_CLEAR_TEXT "'",
    [QUESTION_CODE] = STORE_CODE_SELECT " WHERE account = ?1",
    [QUESTION_NAME] = "SELECT sid, name, 0 FROM account WHERE name_upper = ?1 UNION ALL"
                      " SELECT sid, name, 1 FROM account_group WHERE name_upper = ?1",
    [QUESTION_SID] = "SELECT sid, name, 0 FROM account WHERE sid = ?1 UNION ALL"
                     " SELECT sid, name, 1 FROM account_group WHERE sid = ?1",
    [QUESTION_END] = "COMMIT",
    [QUESTION_VERSION] = "PRAGMA data_version",
};

/* Where they are others up to a version, in a database that no newer sspictl has opened to change
 * it. */
static const struct {
    enum question question;
    int64_t last_version;
    const char *sql;
} old_questions[] = {
    { QUESTION_BY_NAME, 1, SELECT_ACCOUNT("0") BY_NAME },
    { QUESTION_FIRST, 1, SELECT_ACCOUNT("0") FIRST },
    { QUESTION_CODE, 2, "SELECT 1 WHERE ?1 IS NULL" },
};

/* A connection belongs to the process that opened it: SQLite's locks do not pass a fork, and a
 * mutex may be held there by a thread that the child does not have. A child makes its own and
 * leaves its parent's alone, for good. */
struct connection {
    pid_t pid;
    pthread_mutex_t mutex; /* for all that follows */
    struct sqlite_db *db;  /* NULL: closed */
    struct seal_key *key;
    sqlite3_stmt *statements[QUESTIONS];
    int64_t data_version;
    struct connection *of_parent;
};

struct retired {
    struct shared_state *state;
    struct retired *next;
};

struct sqlite_store {
    struct sqlite_store_options options;
    _Atomic(struct connection *) connection;
    _Atomic(struct shared_state *) shared;
    struct retired *retired; /* may still be looked at by other threads; under the mutex */
    _Atomic uint64_t epoch;
};

/* --- connections --------------------------------------------------------------------------- */

static void
disconnect(struct connection *c)
{
    for (size_t i = 0; i < QUESTIONS; i++) {
        (void)sqlite3_finalize(c->statements[i]);
        c->statements[i] = NULL;
    }
    sqlite_db_free(c->db);
    seal_key_free(c->key);
    c->db = NULL;
    c->key = NULL;
}

static struct connection *
connection_new(struct connection *of_parent)
{
    struct connection *c = mem_new(sizeof(*c));

    if (!c) {
        return NULL;
    }
    if (pthread_mutex_init(&c->mutex, NULL)) {
        mem_free(c);
        return NULL;
    }
    c->pid = getpid();
    c->of_parent = of_parent;
    return c;
}

static void
connection_free(struct connection *c)
{
    while (c) {
        struct connection *parents = c->of_parent;

        if (c->pid == getpid()) {
            disconnect(c);
            (void)pthread_mutex_destroy(&c->mutex);
        } else {
            seal_key_free(c->key); /* this process's copy; SQLite's handle is the parent's */
        }
        mem_free(c);
        c = parents;
    }
}

/* This process's connection. NULL without memory. */
static struct connection *
own_connection(struct sqlite_store *s)
{
    struct connection *c = atomic_load(&s->connection);
    struct connection *mine;

    if (c->pid == getpid()) {
        return c;
    }
    mine = connection_new(c);
    if (!mine) {
        return NULL;
    }
    if (!atomic_compare_exchange_strong(&s->connection, &c, mine)) {
        mine->of_parent = NULL; /* another thread was quicker: c is its */
        connection_free(mine);
        return c;
    }
    return mine;
}

static const char *
question_for(int64_t version, enum question question)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(old_questions); i++) {
        if (old_questions[i].question == question && version <= old_questions[i].last_version) {
            return old_questions[i].sql;
        }
    }
    return questions[question];
}

static sec_status
prepare_questions(struct connection *c)
{
    for (unsigned i = 0; i < QUESTIONS; i++) {
        sec_status status =
            sqlite_db_prepare(c->db, question_for(c->db->version, i), true, &c->statements[i]);

        if (status != SEC_E_OK) {
            return status;
        }
    }
    return SEC_E_OK;
}

static sec_status
connect_to(struct sqlite_store *s, struct connection *c)
{
    sec_status status = sqlite_db_open(s->options.path, SQLITE_DB_READ, &c->db);

    if (status == SEC_E_OK) {
        status = seal_key_load(s->options.key_file, c->db->owner, &c->key);
    }
    if (status == SEC_E_OK) {
        status = store_key_check(c->db, c->key, s->options.key_file);
    }
    if (status == SEC_E_OK) {
        status = prepare_questions(c);
    }
    if (status != SEC_E_OK) {
        disconnect(c);
    }
    return status;
}

/* --- the shared state ---------------------------------------------------------------------- */

/* Other threads may be reading the old one: it stays mapped until the store is freed. */
static void
replace_shared(struct sqlite_store *s, struct shared_state *fresh)
{
    struct retired *r = mem_new(sizeof(*r));

    if (!r) {
        shared_free(fresh); /* the next look-up tries again */
        return;
    }
    r->state = atomic_exchange(&s->shared, fresh);
    r->next = s->retired;
    s->retired = r;
    atomic_fetch_add(&s->epoch, 1);
}

/* Without it the database is asked each time, and lock-outs are this process's own: worse, but no
 * reason to refuse everybody. */
static void
refresh_shared(struct sqlite_store *s, const struct connection *c)
{
    struct shared_state *now = atomic_load(&s->shared);
    struct shared_state *fresh = NULL;

    if (!shared_is_current(now) && shared_open(c->db->path, c->db->store_id, &fresh) == SEC_E_OK) {
        replace_shared(s, fresh);
    }
    shared_repair(atomic_load(&s->shared));
}

/* Under the mutex: a connection to the file that the path names now. */
static sec_status
refresh(struct sqlite_store *s, struct connection *c)
{
    sec_status status = SEC_E_OK;

    if (c->db && !sqlite_db_is_current(c->db)) {
        disconnect(c);
    }
    if (!c->db) {
        atomic_fetch_add(&s->epoch, 1);
        status = connect_to(s, c);
    }
    if (status == SEC_E_OK) {
        refresh_shared(s, c);
    }
    return status;
}

/* --- life ---------------------------------------------------------------------------------- */

struct sqlite_store *
sqlite_store_new(const struct sqlite_store_options *options)
{
    struct sqlite_store *s = mem_new(sizeof(*s));
    struct connection *c = connection_new(NULL);
    struct shared_state *shared = shared_new_private();

    if (!s || !c || !shared) {
        mem_free(s);
        connection_free(c);
        shared_free(shared);
        return NULL;
    }
    s->options = *options;
    atomic_init(&s->connection, c);
    atomic_init(&s->shared, shared);
    return s;
}

void
sqlite_store_free(struct sqlite_store *s)
{
    if (!s) {
        return;
    }
    while (s->retired) {
        struct retired *r = s->retired;

        s->retired = r->next;
        shared_free(r->state);
        mem_free(r);
    }
    shared_free(atomic_load(&s->shared));
    connection_free(atomic_load(&s->connection));
    mem_free(s);
}

struct shared_state *
sqlite_store_shared(const struct sqlite_store *s)
{
    return atomic_load_explicit(&s->shared, memory_order_acquire);
}

struct sqlite_stamp
sqlite_store_stamp(const struct sqlite_store *s)
{
    return (struct sqlite_stamp){
        .generation = shared_generation(sqlite_store_shared(s)),
        .epoch = atomic_load_explicit(&s->epoch, memory_order_acquire),
    };
}

bool
sqlite_stamp_is_trusted(struct sqlite_stamp stamp)
{
    return stamp.generation % 2 == 0;
}

bool
sqlite_stamp_equal(struct sqlite_stamp a, struct sqlite_stamp b)
{
    return a.generation == b.generation && a.epoch == b.epoch;
}

/* --- reading ------------------------------------------------------------------------------- */

static sec_status
damaged(const struct connection *c, const char *sid, const char *what)
{
    return sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY, "accounts: %s: the %s of %s is damaged",
                    c->db->path, what, sid);
}

static sec_status
read_groups(struct connection *c, int64_t rid, struct string_list *names, struct string_list *sids)
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
read_identity(struct sqlite_store *s, struct connection *c, sqlite3_stmt *row,
              struct account_identity **out)
{
    SEC_AUTO(string_list) groups = { 0 };
    SEC_AUTO(string_list) group_sids = { 0 };
    uint8_t held[512];
    SEC_AUTO(wire_writer) user = wire_writer_growing(held, sizeof(held));
    const char *name = sqlite_db_text(row, 2);
    sec_status status = read_groups(c, sqlite3_column_int64(row, 0), &groups, &group_sids);
    struct account_identity identity = {
        .domain = s->options.domain,
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
unseal(const struct connection *c, const char *sid, const char *field, struct bytes sealed,
       struct secret16 *out)
{
    return seal_open(c->key, (struct seal_place){ sid, field }, sealed, out->b, sizeof(out->b));
}

static sec_status
read_hashes(struct sqlite_store *s, struct connection *c, sqlite3_stmt *row,
            struct account_record *out)
{
    const char *sid = out->identity->sid;
    struct bytes lm = sqlite_db_blob(row, 8);

    if (!unseal(c, sid, STORE_KEY_NT_HASH, sqlite_db_blob(row, 7), &out->nt_hash)) {
        return damaged(c, sid, "NT hash");
    }
    hmac_md5_key_init(&out->nt_key, bytes_of(out->nt_hash.b, sizeof(out->nt_hash.b)));
    if (s->options.lm_hashes && lm.n) {
        if (!unseal(c, sid, STORE_KEY_LM_HASH, lm, &out->lm_hash)) {
            return damaged(c, sid, "LM hash");
        }
        out->has_lm_hash = true;
    }
    return SEC_E_OK;
}

static sec_status
read_record(struct sqlite_store *s, struct connection *c, sqlite3_stmt *row,
            struct account_record *out)
{
    SEC_AUTO(account_record) record = { 0 };
    sec_status status = read_identity(s, c, row, &record.identity);

    if (status == SEC_E_OK) {
        status = read_hashes(s, c, row, &record);
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
find_by(struct sqlite_store *s, struct connection *c, sqlite3_stmt *statement,
        struct account_record *out, bool *found)
{
    sec_status status = sqlite_db_step(c->db, statement, found);

    if (status == SEC_E_OK && *found) {
        status = read_record(s, c, statement, out);
    }
    (void)sqlite3_reset(statement);
    return status;
}

/* The password itself, where the account keeps it. */
static sec_status
read_clear_text(const struct connection *c, const struct account_record *record,
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
read_code(const struct connection *c, const struct account_record *record, struct store_code *out)
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
read_wanted(const struct connection *c, const struct account_record *record,
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
even_out(struct sqlite_store *s, struct connection *c, bool found, struct sqlite_wanted wanted)
{
    SEC_AUTO(account_record) unused = { 0 };
    sqlite3_stmt *statement = c->statements[found ? QUESTION_BY_NAME : QUESTION_FIRST];
    struct clear_text text = { 0 };
    struct store_code code = { 0 };
    bool there = false;

    if (!found || sqlite_db_bind(c->db, statement, "b", bytes_of("\xFF", 1)) == SEC_E_OK) {
        (void)find_by(s, c, statement, &unused, &there);
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
run_question(struct connection *c, enum question question)
{
    bool row;
    sec_status status = sqlite_db_step(c->db, c->statements[question], &row);

    (void)sqlite3_reset(c->statements[question]);
    return status;
}

static sec_status
find(struct sqlite_store *s, struct connection *c, const struct bytes *names, size_t n_names,
     struct account_record *out, struct sqlite_wanted wanted, bool *found)
{
    sec_status status = run_question(c, QUESTION_BEGIN);

    *found = false;
    for (size_t i = 0; status == SEC_E_OK && !*found && i < n_names; i++) {
        status = sqlite_db_bind(c->db, c->statements[QUESTION_BY_NAME], "b", names[i]);
        if (status == SEC_E_OK) {
            status = find_by(s, c, c->statements[QUESTION_BY_NAME], out, found);
        }
    }
    if (status == SEC_E_OK && *found) {
        status = read_wanted(c, out, wanted);
    }
    if (status == SEC_E_OK) {
        even_out(s, c, *found, wanted);
        status = run_question(c, QUESTION_END);
    }
    return status;
}

sec_status
sqlite_store_find(struct sqlite_store *s, const struct bytes *names, size_t n_names,
                  struct account_record *out, struct sqlite_wanted wanted, bool *found)
{
    SEC_AUTO(account_record) record = { 0 };
    struct connection *c = own_connection(s);
    sec_status status;

    if (!c) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    (void)pthread_mutex_lock(&c->mutex);
    status = refresh(s, c);
    if (status == SEC_E_OK) {
        status = find(s, c, names, n_names, &record, wanted, found);
        if (status != SEC_E_OK) {
            disconnect(c); /* whatever it was, the next question starts afresh */
        } else if (*found) {
            shared_reserve(sqlite_store_shared(s), record.rid);
        }
    }
    (void)pthread_mutex_unlock(&c->mutex);
    if (status == SEC_E_OK) {
        *out = (struct account_record){ 0 };
        if (*found) {
            account_record_copy(out, &record);
        }
    }
    return status;
}

/* --- names and SIDs ------------------------------------------------------------------------ */

static sec_status
read_entry(const struct connection *c, sqlite3_stmt *row, struct account_entry *out)
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

static sec_status
look_up(struct connection *c, struct bytes upper, const char *sid, struct account_entry *out,
        bool *found)
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

sec_status
sqlite_store_look_up(struct sqlite_store *s, struct bytes upper, const char *sid,
                     struct account_entry *out, bool *found)
{
    struct connection *c = own_connection(s);
    sec_status status;

    *found = false;
    if (!c) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    (void)pthread_mutex_lock(&c->mutex);
    status = refresh(s, c);
    if (status == SEC_E_OK) {
        status = look_up(c, upper, sid, out, found);
        if (status != SEC_E_OK) {
            disconnect(c);
        }
    }
    (void)pthread_mutex_unlock(&c->mutex);
    return status;
}

/* --- changes behind the generation's back -------------------------------------------------- */

static sec_status
look_at_version(struct sqlite_store *s, struct connection *c)
{
    sqlite3_stmt *statement = c->statements[QUESTION_VERSION];
    bool row;
    sec_status status = sqlite_db_step(c->db, statement, &row);
    int64_t version = status == SEC_E_OK ? sqlite3_column_int64(statement, 0) : 0;

    (void)sqlite3_reset(statement);
    if (version != c->data_version) {
        c->data_version = version;
        atomic_fetch_add(&s->epoch, 1);
    }
    return status;
}

void
sqlite_store_check(struct sqlite_store *s)
{
    struct connection *c = own_connection(s);

    if (!c || pthread_mutex_trylock(&c->mutex)) {
        return;
    }
    if (refresh(s, c) == SEC_E_OK && look_at_version(s, c) != SEC_E_OK) {
        atomic_fetch_add(&s->epoch, 1);
        disconnect(c);
    }
    (void)pthread_mutex_unlock(&c->mutex);
}
