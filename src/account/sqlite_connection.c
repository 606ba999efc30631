/* SPDX-License-Identifier: Apache-2.0 */
/* Connections, and the questions that each version of the database is asked. */
#include "account/sqlite_connection.h"

#include <unistd.h>

#include "account/store_code.h"
#include "account/store_key.h"
#include "base/mem.h"

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
    enum sqlite_question question;
    int64_t last_version;
    const char *sql;
} old_questions[] = {
    { QUESTION_BY_NAME, 1, SELECT_ACCOUNT("0") BY_NAME },
    { QUESTION_FIRST, 1, SELECT_ACCOUNT("0") FIRST },
    { QUESTION_CODE, 2, "SELECT 1 WHERE ?1 IS NULL" },
};

void
sqlite_connection_close(struct sqlite_connection *c)
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

struct sqlite_connection *
sqlite_connection_new(struct sqlite_connection *of_parent)
{
    struct sqlite_connection *c = mem_new(sizeof(*c));

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

void
sqlite_connection_free(struct sqlite_connection *c)
{
    while (c) {
        struct sqlite_connection *parents = c->of_parent;

        if (c->pid == getpid()) {
            sqlite_connection_close(c);
            (void)pthread_mutex_destroy(&c->mutex);
        } else {
            seal_key_free(c->key); /* this process's copy; SQLite's handle is the parent's */
        }
        mem_free(c);
        c = parents;
    }
}

static const char *
question_for(int64_t version, enum sqlite_question question)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(old_questions); i++) {
        if (old_questions[i].question == question && version <= old_questions[i].last_version) {
            return old_questions[i].sql;
        }
    }
    return questions[question];
}

static sec_status
prepare_questions(struct sqlite_connection *c)
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

sec_status
sqlite_connection_open(struct sqlite_connection *c, const struct sqlite_store_options *options)
{
    sec_status status = sqlite_db_open(options->path, SQLITE_DB_READ, &c->db);

    if (status == SEC_E_OK) {
        status = seal_key_load(options->key_file, c->db->owner, &c->key);
    }
    if (status == SEC_E_OK) {
        status = store_key_check(c->db, c->key, options->key_file);
    }
    if (status == SEC_E_OK) {
        status = prepare_questions(c);
    }
    if (status != SEC_E_OK) {
        sqlite_connection_close(c);
    }
    return status;
}
