/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keytab in use. Each of some slots has a reference of its own to what was read last, so that
 * threads on several processors do not write to one cache line; a slot's lock is tried, and where
 * another holds it, the next slot's is. The file is looked at once a second, and for a ticket
 * without a key at once, and read again where it changed.
 */
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <time.h>

#include "base/mem.h"
#include "ticket/keytab_load.h"
#include "ticket/keytab_reason.h"

enum {
    SLOTS_MAX = 64,
    LOOK_MS = 1000,
};

/* A slot's share of a snapshot. */
struct keytab_share {
    atomic_uint references;
    struct keytab_snapshot *snapshot;
};

struct keytab_slot {
    pthread_mutex_t lock;
    struct keytab_share *share; /* NULL: nothing was read yet */
    uint8_t apart[80];          /* two cache lines in all */
};

struct ticket_keytab {
    struct ticket_authority *authority;
    char *name; /* NULL: the default */
    pthread_mutex_t reading;
    _Atomic uint64_t looked_ms, read_ms; /* 0: never */
    unsigned n_slots;
    struct keytab_slot slots[];
};

/* --- shares -------------------------------------------------------------------------------- */

static void
share_unref(struct keytab_share *s)
{
    if (s && atomic_fetch_sub_explicit(&s->references, 1, memory_order_acq_rel) == 1) {
        keytab_load_unref(s->snapshot);
        mem_free(s);
    }
}

static struct keytab_slot *
lock_slot(struct ticket_keytab *k)
{
    int cpu = sched_getcpu();
    unsigned own = cpu < 0 ? 0 : (unsigned)cpu % k->n_slots;

    for (unsigned i = 0; i < k->n_slots; i++) {
        struct keytab_slot *slot = &k->slots[(own + i) % k->n_slots];

        if (pthread_mutex_trylock(&slot->lock) == 0) {
            return slot;
        }
    }
    (void)pthread_mutex_lock(&k->slots[own].lock);
    return &k->slots[own];
}

/* NULL: nothing was read yet. */
static struct keytab_share *
take_share(struct ticket_keytab *k)
{
    struct keytab_slot *slot = lock_slot(k);
    struct keytab_share *s = slot->share;

    if (s) {
        (void)atomic_fetch_add_explicit(&s->references, 1, memory_order_relaxed);
    }
    (void)pthread_mutex_unlock(&slot->lock);
    return s;
}

/* Puts a snapshot in the place of the one before, everywhere. The reference is taken over. */
static sec_status
publish(struct ticket_keytab *k, struct keytab_snapshot *snapshot)
{
    struct keytab_share *shares[SLOTS_MAX] = { NULL };
    sec_status status = SEC_E_OK;

    for (unsigned i = 0; i < k->n_slots && status == SEC_E_OK; i++) {
        shares[i] = mem_new(sizeof(*shares[i]));
        if (shares[i]) {
            atomic_init(&shares[i]->references, 1);
            shares[i]->snapshot = keytab_load_ref(snapshot);
        } else {
            status = SEC_E_INSUFFICIENT_MEMORY;
        }
    }
    for (unsigned i = 0; i < k->n_slots; i++) {
        struct keytab_share *old = shares[i];

        if (status == SEC_E_OK) {
            (void)pthread_mutex_lock(&k->slots[i].lock);
            old = k->slots[i].share;
            k->slots[i].share = shares[i];
            (void)pthread_mutex_unlock(&k->slots[i].lock);
        }
        share_unref(old);
    }
    keytab_load_unref(snapshot);
    return status;
}

/* --- reading ------------------------------------------------------------------------------- */

/* Never 0. */
static uint64_t
coarse_ms(void)
{
    struct timespec now = { 0 };

    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 + 1;
}

/* Under k->reading. */
static sec_status
read_again(struct ticket_keytab *k)
{
    struct keytab_snapshot *snapshot = NULL;
    sec_status status = keytab_load(k->authority, k->name, &snapshot);

    if (status == SEC_E_OK) {
        status = publish(k, snapshot);
    }
    if (status == SEC_E_OK) {
        atomic_store(&k->read_ms, coarse_ms());
        atomic_store(&k->looked_ms, coarse_ms());
    }
    return status;
}

/* For the first time; who comes meanwhile waits. */
static sec_status
read_first(struct ticket_keytab *k)
{
    sec_status status = SEC_E_OK;

    (void)pthread_mutex_lock(&k->reading);
    if (!atomic_load(&k->read_ms)) {
        status = read_again(k);
    }
    (void)pthread_mutex_unlock(&k->reading);
    return status;
}

/* Once a second one thread looks at the file; others go on with what they have. */
static void
look(struct ticket_keytab *k)
{
    uint64_t now = coarse_ms(), looked = atomic_load_explicit(&k->looked_ms, memory_order_relaxed);
    struct keytab_share *s;

    if (now - looked < LOOK_MS || !atomic_compare_exchange_strong(&k->looked_ms, &looked, now)) {
        return;
    }
    s = take_share(k);
    if (s && !keytab_load_is_current(s->snapshot) && pthread_mutex_trylock(&k->reading) == 0) {
        (void)read_again(k);
        (void)pthread_mutex_unlock(&k->reading);
    }
    share_unref(s);
}

/* What stands in the file now, or stood there a second ago. NULL: no memory. */
static struct keytab_share *
current_share(struct ticket_keytab *k)
{
    if (!atomic_load_explicit(&k->read_ms, memory_order_acquire) && read_first(k) != SEC_E_OK) {
        return NULL;
    }
    look(k);
    return take_share(k);
}

/* Under k->reading: a file that is as it was is read once a second, whatever comes; one that has
 * changed, at once. */
static bool
is_due(struct ticket_keytab *k)
{
    struct keytab_share *last = take_share(k);
    bool due = coarse_ms() - atomic_load(&k->read_ms) >= LOOK_MS || !last ||
               !keytab_load_is_current(last->snapshot);

    share_unref(last);
    return due;
}

/* Reads the file for a ticket that has no key in *s, unless it was just read: others wait for that.
 * false: *s is what there is. */
static bool
renew_share(struct ticket_keytab *k, struct keytab_share **s)
{
    struct keytab_share *renewed;

    (void)pthread_mutex_lock(&k->reading);
    if (is_due(k)) {
        (void)read_again(k);
    }
    (void)pthread_mutex_unlock(&k->reading);
    renewed = take_share(k);
    if (!renewed || renewed->snapshot == (*s)->snapshot) {
        share_unref(renewed);
        return false;
    }
    share_unref(*s);
    *s = renewed;
    return true;
}

/* --- the door ------------------------------------------------------------------------------ */

static bool
init_locks(struct ticket_keytab *k, unsigned n)
{
    if (pthread_mutex_init(&k->reading, NULL)) {
        return false;
    }
    for (; k->n_slots < n; k->n_slots++) {
        if (pthread_mutex_init(&k->slots[k->n_slots].lock, NULL)) {
            return false;
        }
    }
    return true;
}

sec_status
ticket_keytab_open(struct ticket_authority *a, const char *name, struct ticket_keytab **out)
{
    int processors = get_nprocs_conf();
    unsigned n = processors < 1 ? 1 : processors > SLOTS_MAX ? SLOTS_MAX : (unsigned)processors;
    struct ticket_keytab *k = mem_new(sizeof(*k) + n * sizeof(k->slots[0]));

    if (!k) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    k->authority = a;
    name = name ? name : a->keytab;
    k->name = name ? mem_dup(name, strlen(name)) : NULL;
    if ((name && !k->name) || !init_locks(k, n)) {
        ticket_keytab_close(k);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    /* A shared replay cache that is only made now remembers from now on. */
    (void)authority_replay(a);
    *out = k;
    return SEC_E_OK;
}

void
ticket_keytab_close(struct ticket_keytab *k)
{
    if (!k) {
        return;
    }
    for (unsigned i = 0; i < k->n_slots; i++) {
        share_unref(k->slots[i].share);
        (void)pthread_mutex_destroy(&k->slots[i].lock);
    }
    (void)pthread_mutex_destroy(&k->reading);
    mem_free(k->name);
    mem_free(k);
}

static sec_status
check_snapshot(const struct keytab_snapshot *s, const char *principal)
{
    return s->readable ? keytab_reason_check(&s->entries, principal)
                       : sec_fail(SEC_E_NO_CREDENTIALS, "%s", s->reason);
}

sec_status
ticket_keytab_check(struct ticket_keytab *k, const char *principal)
{
    struct keytab_share *s = current_share(k);
    sec_status status;

    if (!s) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    status = check_snapshot(s->snapshot, principal);
    if (status != SEC_E_OK && renew_share(k, &s)) {
        status = check_snapshot(s->snapshot, principal);
    }
    share_unref(s);
    return status;
}

sec_status
ticket_keytab_list(struct ticket_keytab *k, ticket_entry_take take, void *user)
{
    struct keytab_share *s = current_share(k);
    sec_status status;

    if (!s) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    status = s->snapshot->readable ? SEC_E_OK
                                   : sec_fail(SEC_E_NO_CREDENTIALS, "%s", s->snapshot->reason);
    for (size_t i = 0; status == SEC_E_OK && i < s->snapshot->entries.n; i++) {
        const struct keytab_entry *e = s->snapshot->entries.list[i];
        const struct ticket_entry entry = { .realm = e->key.realm,
                                            .name = e->key.name,
                                            .kvno = e->key.kvno,
                                            .enctype = e->key.key.enctype,
                                            .usable = keytab_match_usable(e) };

        take(user, &entry);
    }
    share_unref(s);
    return status;
}

void
ticket_keys_hold(struct ticket_keytab *k, const char *principal, const struct krb_ticket *ticket,
                 struct ticket_keys *out)
{
    struct keytab_share *s = current_share(k);

    *out = (struct ticket_keys){ .verdict = TICKET_KEY_NO_KEYTAB };
    if (!s) {
        out->verdict = TICKET_KEY_NO_MEMORY;
        (void)sec_fail(SEC_E_INSUFFICIENT_MEMORY, "keytab: no memory");
        return;
    }
    keytab_match(&s->snapshot->entries, principal, ticket, out);
    if (out->n == 0 && renew_share(k, &s)) {
        keytab_match(&s->snapshot->entries, principal, ticket, out);
    }
    if (out->n) {
        out->held = s;
        return;
    }
    if (s->snapshot->readable) {
        out->verdict = keytab_reason_explain(&s->snapshot->entries, principal, ticket);
    } else {
        (void)sec_fail(SEC_E_NO_CREDENTIALS, "%s", s->snapshot->reason);
    }
    share_unref(s);
}

enum ticket_key_verdict
ticket_keys_explain(const struct ticket_keys *keys, const char *principal,
                    const struct krb_ticket *ticket)
{
    const struct keytab_share *s = keys->held;

    return keytab_reason_explain(&s->snapshot->entries, principal, ticket);
}

enum ticket_key_owner
ticket_keys_owner(const struct ticket_keys *keys, const struct ticket_key *key,
                  ticket_name_fits fits, const void *user)
{
    const struct keytab_share *s = keys->held;

    return keytab_match_owner(&s->snapshot->entries, &key->key, fits, user);
}

void
ticket_keys_release(struct ticket_keys *keys)
{
    share_unref(keys->held);
    *keys = (struct ticket_keys){ .verdict = keys->verdict };
}
