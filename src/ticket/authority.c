/* SPDX-License-Identifier: Apache-2.0 */
/* The ticket authority: its options, and libkrb5's contexts. */
#include <string.h>
#include <sys/auxv.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ticket/authority.h"
#include "ticket/library_error.h"

enum { REPLAY_CAPACITY_DEFAULT = 1000000 };
#define SKEW_DEFAULT_100NS (300 * CLOCK_SECOND_100NS)

/* NULL stays NULL, and so does "". */
static bool
copy_text(char **to, const char *from)
{
    *to = from && *from ? mem_dup(from, strlen(from)) : NULL;
    return *to || !from || !*from;
}

static bool
copy_enctypes(struct ticket_authority *a, const int32_t *enctypes, size_t n)
{
    if (n == 0) {
        return true;
    }
    a->enctypes = mem_new_array(n + 1, sizeof(*a->enctypes));
    for (size_t i = 0; a->enctypes && i < n; i++) {
        a->enctypes[i] = enctypes[i];
    }
    return a->enctypes;
}

static void
set_replay_options(struct ticket_authority *a, const struct ticket_options *o)
{
    size_t capacity = o->replay_capacity ? o->replay_capacity : REPLAY_CAPACITY_DEFAULT;

    a->scope = o->replay;
    a->replay_options = (struct replay_options){
        .capacity = capacity < REPLAY_CAPACITY_MAX ? capacity : REPLAY_CAPACITY_MAX,
        .skew_100ns = o->skew_100ns ? o->skew_100ns : SKEW_DEFAULT_100NS,
        .start_100ns = o->start_100ns,
    };
}

static sec_status
open_replay(struct ticket_authority *a, struct replay **out)
{
    struct replay_options o = a->replay_options;

    if (!o.start_100ns) {
        o.start_100ns = clock_now_100ns();
    }
    return a->scope == TICKET_REPLAY_SHARED ? replay_shared_open(a->replay_file, &o, out)
                                            : replay_open(&o, out);
}

/* Memory of this process exists from the beginning, so that its children share it. */
static sec_status
begin_replay(struct ticket_authority *a)
{
    struct replay *r = NULL;
    sec_status status = SEC_E_OK;

    if (a->scope == TICKET_REPLAY_PROCESS) {
        status = open_replay(a, &r);
    } else if (a->scope == TICKET_REPLAY_SHARED && !a->replay_file) {
        status = sec_fail(SEC_E_INVALID_PARAMETER, "ticket: a shared replay cache without a path");
    }
    atomic_init(&a->replay, r);
    return status;
}

sec_status
ticket_authority_open(const struct ticket_options *o, struct ticket_authority **out)
{
    struct ticket_authority *a = mem_new(sizeof(*a));
    sec_status status;

    if (!a) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (pthread_mutex_init(&a->replay_lock, NULL)) {
        mem_free(a);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    set_replay_options(a, o);
    if (!copy_text(&a->keytab, o->keytab) || !copy_text(&a->replay_file, o->replay_file) ||
        !copy_enctypes(a, o->enctypes, o->n_enctypes)) {
        status = SEC_E_INSUFFICIENT_MEMORY;
    } else {
        status = begin_replay(a);
    }
    if (status != SEC_E_OK) {
        ticket_authority_close(a);
        return status;
    }
    *out = a;
    return SEC_E_OK;
}

void
ticket_authority_close(struct ticket_authority *a)
{
    if (!a) {
        return;
    }
    replay_close(atomic_load(&a->replay));
    (void)pthread_mutex_destroy(&a->replay_lock);
    mem_free(a->keytab);
    mem_free(a->replay_file);
    mem_free(a->enctypes);
    mem_free(a);
}

/* --- libkrb5's contexts -------------------------------------------------------------------- */

sec_status
authority_context(const struct ticket_authority *a, krb5_context *out)
{
    krb5_context context = NULL;
    krb5_error_code error =
        getauxval(AT_SECURE) ? krb5_init_secure_context(&context) : krb5_init_context(&context);

    if (error) {
        return library_error_fail(NULL, error, "Kerberos' configuration");
    }
    if (a->enctypes) {
        error = krb5_set_default_tgs_enctypes(context, a->enctypes);
    }
    if (error) {
        sec_status status = library_error_fail(context, error, "permitted encryption types");

        krb5_free_context(context);
        return status;
    }
    *out = context;
    return SEC_E_OK;
}

/* What libkrb5 permits where krb5.conf says nothing is every type of ours. */
size_t
ticket_authority_enctypes(struct ticket_authority *a, int32_t *out, size_t max)
{
    SEC_AUTO(authority_krb5) k = { 0 };
    krb5_enctype *permitted = NULL;
    size_t n = 0;

    if (authority_context(a, &k.context) != SEC_E_OK ||
        (!a->enctypes && krb5_get_permitted_enctypes(k.context, &permitted))) {
        return 0;
    }
    for (const krb5_enctype *e = a->enctypes ? a->enctypes : permitted; *e && n < max; e++) {
        if (krb_profile_of(*e)) {
            out[n++] = *e;
        }
    }
    krb5_free_enctypes(k.context, permitted);
    return n;
}

void
authority_krb5_auto(struct authority_krb5 *k)
{
    if (k->context) {
        krb5_free_context(k->context);
    }
}

/* --- replays ------------------------------------------------------------------------------- */

/* A file is opened by the first acceptor; where that fails, by the next who needs it. */
struct replay *
authority_replay(struct ticket_authority *a)
{
    struct replay *r = atomic_load_explicit(&a->replay, memory_order_acquire);

    if (r || a->scope == TICKET_REPLAY_OFF) {
        return r;
    }
    (void)pthread_mutex_lock(&a->replay_lock);
    r = atomic_load_explicit(&a->replay, memory_order_relaxed);
    if (!r && open_replay(a, &r) == SEC_E_OK) {
        atomic_store_explicit(&a->replay, r, memory_order_release);
    }
    (void)pthread_mutex_unlock(&a->replay_lock);
    return r;
}

enum ticket_replay_verdict
ticket_replay_check(struct ticket_authority *a, const uint8_t hash[static TICKET_REPLAY_HASH_BYTES],
                    uint64_t ctime_100ns, uint64_t now_100ns)
{
    struct replay *r;

    if (a->scope == TICKET_REPLAY_OFF) {
        return TICKET_FRESH;
    }
    r = authority_replay(a);
    return r ? replay_check(r, hash, ctime_100ns, now_100ns) : TICKET_REPLAY_BROKEN;
}

void
ticket_replay_expect(struct ticket_authority *a,
                     const uint8_t hash[static TICKET_REPLAY_HASH_BYTES])
{
    struct replay *r = atomic_load_explicit(&a->replay, memory_order_acquire);

    if (r) {
        replay_table_expect(&r->table, hash);
    }
}
