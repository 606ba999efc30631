/* SPDX-License-Identifier: Apache-2.0 */
/* The store that is an SQLite database: who asks it, and what its processes share. */
#include "account/sqlite_store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "account/shared.h"
#include "account/sqlite_connection.h"
#include "account/sqlite_read.h"
#include "base/mem.h"

struct retired {
    struct shared_state *state;
    struct retired *next;
};

struct sqlite_store {
    struct sqlite_store_options options;
    _Atomic(struct sqlite_connection *) connection;
    _Atomic(struct shared_state *) shared;
    struct retired *retired; /* may still be looked at by other threads; under the mutex */
    _Atomic uint64_t epoch;
};

/* This process's connection. NULL without memory. */
static struct sqlite_connection *
own_connection(struct sqlite_store *s)
{
    struct sqlite_connection *c = atomic_load(&s->connection);
    struct sqlite_connection *mine;

    if (c->pid == getpid()) {
        return c;
    }
    mine = sqlite_connection_new(c);
    if (!mine) {
        return NULL;
    }
    if (!atomic_compare_exchange_strong(&s->connection, &c, mine)) {
        mine->of_parent = NULL; /* another thread was quicker: c is its */
        sqlite_connection_free(mine);
        return c;
    }
    return mine;
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
refresh_shared(struct sqlite_store *s, const struct sqlite_connection *c)
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
refresh(struct sqlite_store *s, struct sqlite_connection *c)
{
    sec_status status = SEC_E_OK;

    if (c->db && !sqlite_db_is_current(c->db)) {
        sqlite_connection_close(c);
    }
    if (!c->db) {
        atomic_fetch_add(&s->epoch, 1);
        status = sqlite_connection_open(c, &s->options);
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
    struct sqlite_connection *c = sqlite_connection_new(NULL);
    struct shared_state *shared = shared_new_private();

    if (!s || !c || !shared) {
        mem_free(s);
        sqlite_connection_free(c);
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
    sqlite_connection_free(atomic_load(&s->connection));
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

/* --- questions ----------------------------------------------------------------------------- */

sec_status
sqlite_store_find(struct sqlite_store *s, const struct bytes *names, size_t n_names,
                  struct account_record *out, struct sqlite_wanted wanted, bool *found)
{
    SEC_AUTO(account_record) record = { 0 };
    struct sqlite_connection *c = own_connection(s);
    sec_status status;

    if (!c) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    (void)pthread_mutex_lock(&c->mutex);
    status = refresh(s, c);
    if (status == SEC_E_OK) {
        status = sqlite_read_record(&s->options, c, names, n_names, &record, wanted, found);
        if (status != SEC_E_OK) {
            sqlite_connection_close(c); /* whatever it was, the next question starts afresh */
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

sec_status
sqlite_store_look_up(struct sqlite_store *s, struct bytes upper, const char *sid,
                     struct account_entry *out, bool *found)
{
    struct sqlite_connection *c = own_connection(s);
    sec_status status;

    *found = false;
    if (!c) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    (void)pthread_mutex_lock(&c->mutex);
    status = refresh(s, c);
    if (status == SEC_E_OK) {
        status = sqlite_read_entry(c, upper, sid, out, found);
        if (status != SEC_E_OK) {
            sqlite_connection_close(c);
        }
    }
    (void)pthread_mutex_unlock(&c->mutex);
    return status;
}

/* --- changes behind the generation's back -------------------------------------------------- */

static sec_status
look_at_version(struct sqlite_store *s, struct sqlite_connection *c)
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
    struct sqlite_connection *c = own_connection(s);

    if (!c || pthread_mutex_trylock(&c->mutex)) {
        return;
    }
    if (refresh(s, c) == SEC_E_OK && look_at_version(s, c) != SEC_E_OK) {
        atomic_fetch_add(&s->epoch, 1);
        sqlite_connection_close(c);
    }
    (void)pthread_mutex_unlock(&c->mutex);
}
