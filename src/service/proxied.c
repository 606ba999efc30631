/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that clients have with a trusted proxy. */
#include "service/proxied.h"

#include <stdio.h>
#include <string.h>

#include "base/fnv.h"
#include "base/mem.h"
#include "service/proxied_shared.h"

void
proxied_init(struct proxied_table *table, unsigned max_half_open, unsigned max_per_client,
             uint64_t handshake_timeout_s, uint64_t idle_s)
{
    *table = (struct proxied_table){ .handshake_timeout_s = handshake_timeout_s,
                                     .idle_s = idle_s,
                                     .known_max = PROXIED_KNOWN_MAX };
    (void)pthread_mutex_init(&table->lock, NULL);
    limits_init(&table->limits, max_half_open, max_per_client);
}

/* --- lists and buckets --------------------------------------------------------------------- */

static void
append(struct proxied_list *list, struct proxied *e)
{
    e->older = list->newest;
    e->newer = NULL;
    *(list->newest ? &list->newest->newer : &list->oldest) = e;
    list->newest = e;
    list->n++;
    e->list = list;
}

static void
take_out(struct proxied *e)
{
    struct proxied_list *list = e->list;

    *(e->older ? &e->older->newer : &list->oldest) = e->newer;
    *(e->newer ? &e->newer->older : &list->newest) = e->older;
    list->n--;
    e->list = NULL;
}

static struct proxied **
bucket_of(struct proxied_table *table, const struct proxied_key *key)
{
    uint64_t hash = fnv_begin();

    hash = fnv_add(hash, bytes_of(&key->proxy, sizeof(key->proxy)));
    hash = fnv_add(hash, bytes_of(&key->client, sizeof(key->client)));
    hash = fnv_add(hash, bytes_of_string(key->connection));
    return &table->buckets[(hash ^ hash >> 32) % PROXIED_BUCKETS];
}

static bool
same_address(const struct in6_addr *a, const struct in6_addr *b)
{
    return bytes_equal(bytes_of(a, sizeof(*a)), bytes_of(b, sizeof(*b)));
}

static bool
is_of(const struct proxied *e, const struct proxied_key *key)
{
    return same_address(&e->key.proxy, &key->proxy) && same_address(&e->key.client, &key->client) &&
           strcmp(e->key.connection, key->connection) == 0;
}

static struct proxied *
find(struct proxied_table *table, const struct proxied_key *key)
{
    struct proxied *e = *bucket_of(table, key);

    while (e && !is_of(e, key)) {
        e = e->next;
    }
    return e;
}

/* --- the end of an entry ------------------------------------------------------------------- */

/* Nobody finds it any more. */
static void
forget(struct proxied_table *table, struct proxied *e)
{
    struct proxied **at = bucket_of(table, &e->key);

    while (*at != e) {
        at = &(*at)->next;
    }
    *at = e->next;
    limits_leave(&table->limits, &e->ticket);
}

static void
free_entry(struct proxied *e)
{
    if (e) {
        http_state_clear(&e->state);
        mem_free((char *)e->key.connection);
        mem_free(e);
    }
}

/* Out of list, table and limits; onto a chain, to be ended without the lock. */
static void
evict(struct proxied_table *table, struct proxied *e, struct proxied **chain)
{
    take_out(e);
    forget(table, e);
    e->next = *chain;
    *chain = e;
}

static bool
is_over(uint64_t since_s, uint64_t limit_s, uint64_t now_s)
{
    return now_s > since_s && now_s - since_s >= limit_s;
}

/* One that a request has is let be; it is looked at again soon enough. */
static struct proxied *
evict_old(struct proxied_table *table, uint64_t now_s)
{
    struct proxied *chain = NULL, *e;

    while ((e = table->half_open.oldest) != NULL && !e->busy &&
           is_over(e->since_s, table->handshake_timeout_s, now_s)) {
        evict(table, e, &chain);
    }
    while ((e = table->known.oldest) != NULL && !e->busy &&
           (is_over(e->used_s, table->idle_s, now_s) || table->known.n > table->known_max)) {
        evict(table, e, &chain);
    }
    return chain;
}

/* Of what others may have by now only that ends which had to make room; time ends it where it is. */
static void
end_shared(const struct proxied_table *table, struct proxied *e, uint64_t now_s)
{
    bool old = e->kept == PROXIED_KNOWN ? is_over(e->used_s, table->idle_s, now_s)
                                        : is_over(e->since_s, table->handshake_timeout_s, now_s);

    if (!old) {
        proxied_shared_end(table->shared, e, now_s);
    }
    free_entry(e);
}

/* A handshake that was under way is a refusal. */
static void
end_all(const struct proxied_table *table, struct proxied *chain, uint64_t now_s)
{
    char reason[SESSION_REASON_BYTES];

    while (chain) {
        struct proxied *e = chain;

        chain = e->next;
        if (table->shared) {
            end_shared(table, e, now_s);
            continue;
        }
        if (e->state.has_session && is_over(e->since_s, table->handshake_timeout_s, now_s)) {
            (void)snprintf(
                reason, sizeof(reason),
                "the handshake was not done after handshake_timeout = %llu s and %u legs",
                (unsigned long long)table->handshake_timeout_s, e->state.session.legs);
            session_refuse(&e->state.session, SESSION_TIMEOUT, reason);
        } else if (e->state.has_session) {
            session_refuse(&e->state.session, SESSION_OUT_OF_BOUNDS,
                           "the oldest of max_unauthenticated handshakes had to make room");
        }
        free_entry(e);
    }
}

void
proxied_sweep(struct proxied_table *table, uint64_t now_s)
{
    struct proxied *chain;

    (void)pthread_mutex_lock(&table->lock);
    chain = evict_old(table, now_s);
    (void)pthread_mutex_unlock(&table->lock);
    end_all(table, chain, now_s);
}

void
proxied_clear(struct proxied_table *table)
{
    struct proxied *chain = NULL;

    while (table->half_open.oldest) {
        evict(table, table->half_open.oldest, &chain);
    }
    while (table->known.oldest) {
        evict(table, table->known.oldest, &chain);
    }
    while (chain) {
        struct proxied *e = chain;

        chain = e->next;
        free_entry(e);
    }
    limits_clear(&table->limits);
    (void)pthread_mutex_destroy(&table->lock);
}

/* --- requests ------------------------------------------------------------------------------ */

bool
proxied_is_younger(const struct proxied_key *key, uint64_t made_s, uint64_t now_s)
{
    uint64_t known_for_s = now_s > made_s ? now_s - made_s : 0;

    return key->has_age && key->age_s + PROXIED_AGE_TOLERANCE_S < known_for_s;
}

static struct proxied *
new_entry(const struct proxied_key *key, const struct http_state *from,
          const struct session_client *client, uint64_t now_s)
{
    struct proxied *e = mem_new(sizeof(*e));
    char *connection = mem_dup(key->connection, strlen(key->connection));

    if (!e || !connection) {
        mem_free(e);
        mem_free(connection);
        return NULL;
    }
    *e = (struct proxied){
        .client = *client, .key = *key, .made_s = now_s, .since_s = now_s, .used_s = now_s
    };
    e->key.connection = connection;
    http_state_like(&e->state, from, &e->client);
    return e;
}

/* The oldest handshake goes. false: there is none to be had. */
static bool
make_room(struct proxied_table *table, struct proxied **chain)
{
    struct proxied *oldest = table->half_open.oldest;

    if (!oldest || oldest->busy) {
        return false;
    }
    evict(table, oldest, chain);
    return true;
}

static enum proxied_answer
enter_new(struct proxied_table *table, const struct proxied_key *key, struct proxied *fresh,
          struct proxied **chain)
{
    struct proxied **bucket = bucket_of(table, key);
    enum limits_answer answer;

    do {
        answer = limits_enter(&table->limits, &key->client, &fresh->ticket);
    } while (answer == LIMITS_TOO_MANY && make_room(table, chain));
    if (answer == LIMITS_WELCOME) {
        fresh->next = *bucket;
        *bucket = fresh;
        append(&table->half_open, fresh);
        return PROXIED_HERE;
    }
    return answer == LIMITS_TOO_MANY              ? PROXIED_TOO_MANY
           : answer == LIMITS_TOO_MANY_OF_ADDRESS ? PROXIED_TOO_MANY_OF_CLIENT
                                                  : PROXIED_NO_MEMORY;
}

/* What is there already, or nothing. */
static enum proxied_answer
look_up(struct proxied_table *table, const struct proxied_key *key, uint64_t now_s,
        struct proxied **out, struct proxied **chain)
{
    struct proxied *e = find(table, key);

    if (e && e->busy) {
        return PROXIED_BUSY;
    }
    if (e && proxied_is_younger(key, e->made_s, now_s)) {
        evict(table, e, chain);
        e = NULL;
    }
    *out = e;
    return e ? PROXIED_HERE : PROXIED_UNKNOWN;
}

enum proxied_answer
proxied_enter(struct proxied_table *table, const struct proxied_key *key,
              const struct http_state *from, const struct session_client *client, uint64_t now_s,
              struct proxied **out)
{
    struct proxied *fresh = from ? new_entry(key, from, client, now_s) : NULL;
    struct proxied *chain;
    enum proxied_answer answer;

    (void)pthread_mutex_lock(&table->lock);
    chain = evict_old(table, now_s);
    answer = look_up(table, key, now_s, out, &chain);
    if (answer == PROXIED_UNKNOWN && from) {
        answer = fresh ? enter_new(table, key, fresh, &chain) : PROXIED_NO_MEMORY;
        if (answer == PROXIED_HERE) {
            *out = fresh;
            fresh = NULL;
        }
    }
    if (answer == PROXIED_HERE) {
        (*out)->busy = true;
    }
    (void)pthread_mutex_unlock(&table->lock);
    free_entry(fresh);
    end_all(table, chain, now_s);
    if (answer == PROXIED_HERE && table->shared) {
        proxied_shared_load(table->shared, *out, now_s);
    }
    return answer;
}

static bool
is_known(const struct proxied_table *table, const struct proxied *e)
{
    return table->shared ? e->kept == PROXIED_KNOWN : e->state.logon != NULL;
}

static bool
is_nothing(const struct proxied_table *table, const struct proxied *e)
{
    return table->shared ? e->kept == PROXIED_NOTHING : !e->state.logon && !e->state.has_session;
}

/* A handshake keeps its place among the others from its first moment on: its time is counted from
 * there, and no token gives it more. */
static void
file(struct proxied_table *table, struct proxied *e, uint64_t now_s)
{
    bool known = is_known(table, e);

    limits_set_authenticated(&table->limits, &e->ticket, known);
    if (known || e->list == &table->known) {
        take_out(e);
        e->since_s = e->used_s = now_s;
        append(known ? &table->known : &table->half_open, e);
    }
}

void
proxied_leave(struct proxied_table *table, struct proxied *e, uint64_t now_s)
{
    struct proxied *over = NULL;

    if (table->shared) {
        proxied_shared_save(table->shared, e, now_s);
    }
    (void)pthread_mutex_lock(&table->lock);
    e->busy = false;
    if (is_nothing(table, e)) {
        evict(table, e, &over);
    } else {
        file(table, e, now_s);
    }
    (void)pthread_mutex_unlock(&table->lock);
    free_entry(over);
}
