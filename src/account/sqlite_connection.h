/* SPDX-License-Identifier: Apache-2.0 */
/* A process's connection to the store: the database, the key of what is sealed there, and the
 * questions that are asked of it. */
#ifndef ACCOUNT_SQLITE_CONNECTION_H
#define ACCOUNT_SQLITE_CONNECTION_H

#include <pthread.h>
#include <sys/types.h>

#include "account/seal.h"
#include "account/sqlite_db.h"
#include "account/sqlite_store.h"

enum sqlite_question {
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

/* A connection belongs to the process that opened it: SQLite's locks do not pass a fork, and a
 * mutex may be held there by a thread that the child does not have. A child makes its own and
 * leaves its parent's alone, for good. */
struct sqlite_connection {
    pid_t pid;
    pthread_mutex_t mutex; /* for all that follows */
    struct sqlite_db *db;  /* NULL: closed */
    struct seal_key *key;
    sqlite3_stmt *statements[QUESTIONS];
    int64_t data_version;
    struct sqlite_connection *of_parent;
};

/* Closed. NULL: no memory. */
struct sqlite_connection *sqlite_connection_new(struct sqlite_connection *of_parent);
/* With those of parents. */
void sqlite_connection_free(struct sqlite_connection *);

/* These under its mutex. Where opening fails it is closed. */
SEC_NODISCARD sec_status sqlite_connection_open(struct sqlite_connection *,
                                                const struct sqlite_store_options *);
void sqlite_connection_close(struct sqlite_connection *);

#endif
