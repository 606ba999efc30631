/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks for tickets: the default cache, a client keytab, or an explicit identity. */
#include "ticket/holder.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf16.h"
#include "ticket/identity.h"
#include "ticket/library_error.h"

enum {
    RENEW_PART = 10,          /* the last tenth of a TGT's life is for renewing it, */
    RENEW_SECONDS_MAX = 600,  /* or its last ten minutes */
    RENEW_AGAIN_SECONDS = 30, /* after that failed */
    NO_KDC_MS = 30000,        /* so long a realm without a KDC is not looked for again */
};

/* --- life ---------------------------------------------------------------------------------- */

static sec_status
to_utf8(struct bytes utf16, char **out)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);

    utf8_put_utf16(&w, utf16);
    if (wire_writer_status(&w) == WIRE_BAD_VALUE || (w.len && memchr(w.p, 0, w.len))) {
        return sec_fail(SEC_E_UNKNOWN_CREDENTIALS, "ticket: the identity's name is not UTF-16");
    }
    *out = wire_writer_status(&w) == WIRE_OK ? mem_dup(w.p, w.len) : NULL;
    return *out ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

sec_status
holder_take_password(struct bytes utf16, struct secret *out)
{
    SEC_AUTO(wire_writer) w = wire_writer_secret(NULL, 0);

    utf8_put_utf16(&w, utf16);
    /* A NUL would end it: what stands behind would not count. */
    if (wire_writer_status(&w) == WIRE_BAD_VALUE || (w.len && memchr(w.p, 0, w.len))) {
        return sec_fail(SEC_E_UNKNOWN_CREDENTIALS, "ticket: the password is not UTF-16");
    }
    wire_put_u8(&w, 0);
    if (wire_writer_status(&w) != WIRE_OK || !secret_set(out, w.p, w.len)) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    return SEC_E_OK;
}

static sec_status
take_identity(struct ticket_holder *h, const struct ticket_holder_args *args)
{
    sec_status status = to_utf8(args->user, &h->user);

    if (status == SEC_E_OK) {
        status = to_utf8(args->domain, &h->domain);
    }
    if (status == SEC_E_OK) {
        status = holder_take_password(args->password, &h->password);
    }
    return status == SEC_E_OK ? identity_check(h->user, h->domain) : status;
}

sec_status
ticket_holder_new(struct ticket_authority *a, const struct ticket_holder_args *args,
                  struct ticket_holder **out)
{
    struct ticket_holder *h = mem_new(sizeof(*h));
    sec_status status = SEC_E_OK;

    if (!h) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    (void)pthread_mutex_init(&h->asking, NULL); /* plain ones: neither can fail */
    (void)pthread_mutex_init(&h->lock, NULL);
    h->authority = a;
    h->explicit_identity = args->explicit_identity;
    if (h->explicit_identity) {
        status = take_identity(h, args);
    } else if (args->cache) {
        h->given_cache = mem_dup(args->cache, strlen(args->cache));
        status = h->given_cache ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
    }
    if (status != SEC_E_OK) {
        ticket_holder_free(h);
        return status;
    }
    *out = h;
    return SEC_E_OK;
}

static void
cache_unref(struct ticket_holder *h, struct holder_cache *c)
{
    SEC_AUTO(authority_krb5) k = { NULL };
    krb5_ccache cache;

    if (!c || atomic_fetch_sub_explicit(&c->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    if (authority_context(h->authority, &k.context) == SEC_E_OK &&
        krb5_cc_resolve(k.context, c->name, &cache) == 0) {
        (void)krb5_cc_destroy(k.context, cache); /* wipes the keys in it */
    }
    mem_free(c->name);
    mem_free(c);
}

void
ticket_holder_free(struct ticket_holder *h)
{
    if (!h) {
        return;
    }
    cache_unref(h, h->cache);
    (void)pthread_mutex_destroy(&h->asking);
    (void)pthread_mutex_destroy(&h->lock);
    secret_clear(&h->password);
    mem_free(h->given_cache);
    mem_free(h->user);
    mem_free(h->domain);
    mem_free(h);
}

/* --- caches in memory ---------------------------------------------------------------------- */

/* libkrb5's times have 32 bits without a sign, and are the KDC's. */
static void
set_times(krb5_context context, const krb5_creds *tgt, struct holder_cache *c)
{
    const krb5_ticket_times *t = &tgt->times;
    int64_t end = (uint32_t)t->endtime;
    int64_t spare = (end - (uint32_t)(t->starttime ? t->starttime : t->authtime)) / RENEW_PART;
    krb5_timestamp ahead = 0;
    krb5_int32 unused = 0;

    (void)krb5_get_time_offsets(context, &ahead, &unused);
    c->ends_at = end - ahead;
    c->renew_at = c->ends_at - (spare < RENEW_SECONDS_MAX ? spare : RENEW_SECONDS_MAX);
}

static krb5_error_code
fill_cache(krb5_context context, krb5_creds *tgt, krb5_ccache *cache, char **name)
{
    krb5_error_code error = krb5_cc_new_unique(context, "MEMORY", NULL, cache);

    if (error) {
        return error;
    }
    error = krb5_cc_initialize(context, *cache, tgt->client);
    if (!error) {
        error = krb5_cc_store_cred(context, *cache, tgt);
    }
    if (!error) {
        error = krb5_cc_get_full_name(context, *cache, name);
    }
    if (error) {
        (void)krb5_cc_destroy(context, *cache);
    }
    return error;
}

static sec_status
make_cache(krb5_context context, krb5_creds *tgt, struct holder_cache **out)
{
    struct holder_cache *c = mem_new(sizeof(*c));
    krb5_ccache cache;
    char *name = NULL;
    krb5_error_code error;

    if (!c) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    atomic_init(&c->references, 1);
    error = fill_cache(context, tgt, &cache, &name);
    if (error) {
        mem_free(c);
        return library_error_fail(context, error, "a credential cache in memory");
    }
    c->name = mem_dup(name, strlen(name));
    set_times(context, tgt, c);
    krb5_free_string(context, name);
    if (!c->name) {
        (void)krb5_cc_destroy(context, cache);
        mem_free(c);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    (void)krb5_cc_close(context, cache);
    *out = c;
    return SEC_E_OK;
}

/* --- the AS exchange ----------------------------------------------------------------------- */

typedef sec_status (*get_tgt)(struct ticket_holder *, krb5_context, krb5_creds *,
                              int32_t *krb_error);

static sec_status
by_password(struct ticket_holder *h, krb5_context context, krb5_creds *tgt, int32_t *krb_error)
{
    const struct identity_password who = { h->user, h->domain, (const char *)h->password.p, NULL };

    if (h->password.n <= 1) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "ticket: no password for %s", h->user);
    }
    return identity_log_on(h->authority, context, &who, tgt, krb_error);
}

static sec_status
by_client_keytab(struct ticket_holder *h, krb5_context context, krb5_creds *tgt, int32_t *krb_error)
{
    krb5_principal client = NULL;
    krb5_keytab keytab = NULL;
    krb5_error_code error = identity_of_client_keytab(context, &keytab, &client);

    if (error) {
        return holder_fail_nobody(context);
    }
    error = identity_log_on_by_keytab(h->authority, context, client, keytab, tgt);
    if (error) {
        *krb_error = library_error_kdc_code(error);
    }
    krb5_free_principal(context, client);
    (void)krb5_kt_close(context, keytab);
    return error ? library_error_fail(context, error, "logon by the client keytab") : SEC_E_OK;
}

/* --- the cache in memory ------------------------------------------------------------------- */

/* Under h->asking. *held is a reference; h has its own. */
static sec_status
ask(struct ticket_holder *h, krb5_context context, get_tgt get, struct holder_cache **held,
    int32_t *krb_error)
{
    struct holder_cache *fresh = NULL, *old = NULL;
    krb5_creds tgt = { 0 };
    sec_status status = get(h, context, &tgt, krb_error);

    if (status == SEC_E_OK) {
        status = make_cache(context, &tgt, &fresh);
        krb5_free_cred_contents(context, &tgt);
    }
    (void)pthread_mutex_lock(&h->lock);
    h->attempts++;
    h->failed = status;
    h->failed_code = *krb_error;
    h->failed_at_ms = clock_monotonic_ms();
    if (status == SEC_E_OK) {
        (void)atomic_fetch_add_explicit(&fresh->references, 1, memory_order_relaxed);
        old = h->cache;
        h->cache = *held = fresh;
    } else {
        (void)snprintf(h->failed_reason, sizeof(h->failed_reason), "%s", sec_reason());
        if (h->cache) {
            h->cache->renew_at = time(NULL) + RENEW_AGAIN_SECONDS;
        }
    }
    (void)pthread_mutex_unlock(&h->lock);
    cache_unref(h, old);
    return status;
}

/* A reference, or NULL where the TGT has ended. */
static struct holder_cache *
take_cache(struct ticket_holder *h, bool *due, uint64_t *attempts)
{
    int64_t now = time(NULL);
    struct holder_cache *c;

    (void)pthread_mutex_lock(&h->lock);
    c = h->cache && now < h->cache->ends_at ? h->cache : NULL;
    *due = c && now >= c->renew_at;
    *attempts = h->attempts;
    if (c) {
        (void)atomic_fetch_add_explicit(&c->references, 1, memory_order_relaxed);
    }
    (void)pthread_mutex_unlock(&h->lock);
    return c;
}

static bool
has_failed_since(struct ticket_holder *h, uint64_t attempts, sec_status *status, int32_t *krb_error)
{
    bool failed;

    (void)pthread_mutex_lock(&h->lock);
    failed = h->attempts != attempts && h->failed != SEC_E_OK;
    if (failed) {
        *krb_error = h->failed_code;
        *status = sec_fail(h->failed, "%s", h->failed_reason);
    }
    (void)pthread_mutex_unlock(&h->lock);
    return failed;
}

/* Who waited while another's attempt failed takes its answer: a wrong password is not sent once for
 * each thread, which would lock the account, and a KDC that is down is waited for by all at once. */
static sec_status
ask_or_wait(struct ticket_holder *h, krb5_context context, get_tgt get, uint64_t attempts,
            struct holder_cache **held, int32_t *krb_error)
{
    sec_status status = SEC_E_OK;
    uint64_t unused;
    bool due;

    (void)pthread_mutex_lock(&h->asking);
    if (!has_failed_since(h, attempts, &status, krb_error)) {
        *held = take_cache(h, &due, &unused);
        if (!*held) {
            status = ask(h, context, get, held, krb_error);
        }
    }
    (void)pthread_mutex_unlock(&h->asking);
    return status;
}

/* The holder's cache in memory. While its TGT is good nobody waits: one thread renews it, others
 * use it, and where renewing fails it is used to its end. *held is a reference. */
static sec_status
hold_cache(struct ticket_holder *h, krb5_context context, get_tgt get, struct holder_cache **held,
           int32_t *krb_error)
{
    struct holder_cache *renewed = NULL;
    int32_t unused = 0;
    uint64_t attempts;
    bool due;

    *held = take_cache(h, &due, &attempts);
    if (!*held) {
        return ask_or_wait(h, context, get, attempts, held, krb_error);
    }
    if (due && pthread_mutex_trylock(&h->asking) == 0) {
        if (ask(h, context, get, &renewed, &unused) == SEC_E_OK) {
            cache_unref(h, *held);
            *held = renewed;
        }
        (void)pthread_mutex_unlock(&h->asking);
    }
    return SEC_E_OK;
}

/* --- sessions ------------------------------------------------------------------------------ */

/* Whether the default cache holds a TGT that has not run out. */
static bool
is_usable(krb5_context context, krb5_ccache cache, krb5_principal *client)
{
    krb5_creds wanted = { 0 }, found = { 0 };
    krb5_timestamp now;
    bool usable = false;

    if (krb5_cc_get_principal(context, cache, client)) {
        *client = NULL;
        return false;
    }
    if (krb5_timeofday(context, &now) == 0 &&
        krb5_build_principal(context, &wanted.server, (*client)->realm.length,
                             (*client)->realm.data, KRB5_TGS_NAME, (*client)->realm.data,
                             (char *)NULL) == 0) {
        wanted.client = *client;
        wanted.times.endtime = now;
        usable = krb5_cc_retrieve_cred(context, cache, KRB5_TC_MATCH_TIMES, &wanted, &found) == 0;
        krb5_free_cred_contents(context, &found);
        krb5_free_principal(context, wanted.server);
    }
    return usable;
}

static sec_status
open_held(struct holder_session *s)
{
    krb5_error_code error = krb5_cc_resolve(s->context, s->held->name, &s->cache);

    if (!error) {
        error = krb5_cc_get_principal(s->context, s->cache, &s->client);
    }
    return error ? library_error_fail(s->context, error, "the credential cache in memory")
                 : SEC_E_OK;
}

static bool
has_client_keytab(krb5_context context)
{
    krb5_keytab keytab;
    bool has;

    if (krb5_kt_client_default(context, &keytab)) {
        return false;
    }
    has = krb5_kt_have_content(context, keytab) == 0;
    (void)krb5_kt_close(context, keytab);
    return has;
}

/* The default cache is read anew each time: a kinit that comes later works. One that has run out
 * is left to who has no client keytab: libkrb5 then says since when. */
static sec_status
begin_default(struct ticket_holder *h, struct holder_session *s, int32_t *krb_error)
{
    krb5_error_code error = holder_open_cache(h, s->context, &s->cache);
    bool usable = !error && is_usable(s->context, s->cache, &s->client);

    if (h->given_cache && !s->client) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "ticket: what was delegated is no longer there");
    }
    if (usable || h->given_cache || (s->client && !has_client_keytab(s->context))) {
        return SEC_E_OK;
    }
    if (s->client) {
        krb5_free_principal(s->context, s->client);
        s->client = NULL;
    }
    if (s->cache) {
        (void)krb5_cc_close(s->context, s->cache);
        s->cache = NULL;
    }
    return hold_cache(h, s->context, by_client_keytab, &s->held, krb_error);
}

/* Negotiate asks for each context anew, and then takes NTLM: where there is no realm at all, it
 * should not be looked for each time, in files and over the network. */
static bool
has_no_kdc(struct ticket_holder *h, sec_status *status, int32_t *krb_error)
{
    bool none;

    (void)pthread_mutex_lock(&h->lock);
    none = !h->cache && h->failed == SEC_E_NO_AUTHENTICATING_AUTHORITY &&
           clock_monotonic_ms() - h->failed_at_ms < NO_KDC_MS;
    if (none) {
        *krb_error = h->failed_code;
        *status = sec_fail(h->failed, "%s", h->failed_reason);
    }
    (void)pthread_mutex_unlock(&h->lock);
    return none;
}

sec_status
holder_begin(struct ticket_holder *h, struct holder_session *s, int32_t *krb_error)
{
    sec_status status = SEC_E_OK;

    *s = (struct holder_session){ .holder = h };
    *krb_error = 0;
    if (h->explicit_identity && has_no_kdc(h, &status, krb_error)) {
        return status;
    }
    status = authority_context(h->authority, &s->context);
    if (status != SEC_E_OK) {
        return status;
    }
    status = h->explicit_identity ? hold_cache(h, s->context, by_password, &s->held, krb_error)
                                  : begin_default(h, s, krb_error);
    return status == SEC_E_OK && s->held ? open_held(s) : status;
}

void
holder_end(struct holder_session *s)
{
    if (s->client) {
        krb5_free_principal(s->context, s->client);
    }
    if (s->cache) {
        (void)krb5_cc_close(s->context, s->cache);
    }
    if (s->context) {
        krb5_free_context(s->context);
    }
    if (s->held) {
        cache_unref(s->holder, s->held);
    }
    *s = (struct holder_session){ 0 };
}
