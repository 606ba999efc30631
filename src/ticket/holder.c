/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks for tickets: the default cache, a client keytab, or an explicit identity. */
#include "ticket/holder.h"

#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/utf16.h"
#include "ticket/identity.h"
#include "ticket/library_error.h"

enum {
    RENEW_BEFORE_END = 10,  /* the last tenth of a TGT's life is not used */
    RENEW_SECONDS_MIN = 60, /* and neither is its last minute */
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

static sec_status
keep_password(struct ticket_holder *h, struct bytes utf16)
{
    SEC_AUTO(wire_writer) w = wire_writer_secret(NULL, 0);

    utf8_put_utf16(&w, utf16);
    wire_put_u8(&w, 0);
    if (wire_writer_status(&w) == WIRE_BAD_VALUE) {
        return sec_fail(SEC_E_UNKNOWN_CREDENTIALS, "ticket: the password is not UTF-16");
    }
    if (wire_writer_status(&w) != WIRE_OK || !secret_set(&h->password, w.p, w.len)) {
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
        status = keep_password(h, args->password);
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
    if (pthread_mutex_init(&h->lock, NULL)) {
        mem_free(h);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    h->authority = a;
    h->explicit_identity = args->explicit_identity;
    if (h->explicit_identity) {
        status = take_identity(h, args);
    }
    if (status != SEC_E_OK) {
        ticket_holder_free(h);
        return status;
    }
    *out = h;
    return SEC_E_OK;
}

static void
cache_unref(struct holder_cache *c)
{
    krb5_context context;
    krb5_ccache cache;

    if (!c || atomic_fetch_sub_explicit(&c->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    if (krb5_init_context(&context) == 0) {
        if (krb5_cc_resolve(context, c->name, &cache) == 0) {
            (void)krb5_cc_destroy(context, cache); /* wipes the keys in it */
        }
        krb5_free_context(context);
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
    cache_unref(h->cache);
    (void)pthread_mutex_destroy(&h->lock);
    secret_clear(&h->password);
    mem_free(h->user);
    mem_free(h->domain);
    mem_free(h);
}

/* --- caches in memory ---------------------------------------------------------------------- */

static int64_t
renewal_of(const krb5_creds *tgt, int64_t now)
{
    int64_t end = (uint32_t)tgt->times.endtime;
    int64_t spare = (end - now) / RENEW_BEFORE_END;

    return end - (spare > RENEW_SECONDS_MIN ? spare : RENEW_SECONDS_MIN);
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
    c->renew_at = renewal_of(tgt, time(NULL));
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
    struct identity_candidates names;
    krb5_error_code error = 0;
    sec_status status;

    if (h->password.n <= 1) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "ticket: no password for %s", h->user);
    }
    status = identity_candidates(context, h->user, h->domain, &names);
    /* The next spelling is for who is not known under the first, never for a wrong password. */
    for (size_t i = 0; status == SEC_E_OK && i < names.n; i++) {
        error = identity_log_on(context, names.name[i], (const char *)h->password.p, tgt);
        if (error != KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN && error != KRB5_REALM_UNKNOWN &&
            error != KRB5_KDC_UNREACH && error != KRB5KDC_ERR_WRONG_REALM) {
            break;
        }
    }
    if (status == SEC_E_OK && error) {
        *krb_error = library_error_kdc_code(error);
        status = library_error_fail(context, error, "logon of %s%s%s", h->user,
                                    h->domain[0] ? " of " : "", h->domain);
    }
    identity_candidates_clear(context, &names);
    return status;
}

static sec_status
by_client_keytab(struct ticket_holder *h, krb5_context context, krb5_creds *tgt, int32_t *krb_error)
{
    krb5_principal client = NULL;
    krb5_keytab keytab = NULL;
    krb5_error_code error = identity_of_client_keytab(context, &keytab, &client);

    (void)h;
    if (error) {
        return sec_fail(SEC_E_NO_CREDENTIALS,
                        "ticket: no credential cache with a ticket (kinit), and no client keytab");
    }
    error = identity_log_on_by_keytab(context, client, keytab, tgt);
    if (error) {
        *krb_error = library_error_kdc_code(error);
    }
    krb5_free_principal(context, client);
    (void)krb5_kt_close(context, keytab);
    return error ? library_error_fail(context, error, "logon by the client keytab") : SEC_E_OK;
}

/* The holder's cache in memory, renewed where it is due; who comes meanwhile waits for the same
 * answer. *held is a reference. */
static sec_status
hold_cache(struct ticket_holder *h, krb5_context context, get_tgt get, struct holder_cache **held,
           int32_t *krb_error)
{
    struct holder_cache *fresh = NULL;
    sec_status status = SEC_E_OK;

    (void)pthread_mutex_lock(&h->lock);
    if (!h->cache || time(NULL) >= h->cache->renew_at) {
        krb5_creds tgt = { 0 };

        status = get(h, context, &tgt, krb_error);
        if (status == SEC_E_OK) {
            status = make_cache(context, &tgt, &fresh);
            krb5_free_cred_contents(context, &tgt);
        }
        if (status == SEC_E_OK) {
            cache_unref(h->cache);
            h->cache = fresh;
        }
    }
    if (status == SEC_E_OK) {
        atomic_fetch_add_explicit(&h->cache->references, 1, memory_order_relaxed);
        *held = h->cache;
    }
    (void)pthread_mutex_unlock(&h->lock);
    return status;
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
    krb5_error_code error = krb5_cc_default(s->context, &s->cache);
    bool usable = !error && is_usable(s->context, s->cache, &s->client);

    if (usable || (s->client && !has_client_keytab(s->context))) {
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

sec_status
holder_begin(struct ticket_holder *h, struct holder_session *s, int32_t *krb_error)
{
    sec_status status;

    *s = (struct holder_session){ 0 };
    *krb_error = 0;
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
    cache_unref(s->held);
    *s = (struct holder_session){ 0 };
}

/* --- the name ------------------------------------------------------------------------------ */

/* Of the default cache, or else of the client keytab. */
static krb5_error_code
own_name(krb5_context context, krb5_principal *name)
{
    krb5_keytab keytab = NULL;
    krb5_ccache cache;
    krb5_error_code error = krb5_cc_default(context, &cache);

    if (!error) {
        error = krb5_cc_get_principal(context, cache, name);
        (void)krb5_cc_close(context, cache);
    }
    if (error) {
        error = identity_of_client_keytab(context, &keytab, name);
        if (!error) {
            (void)krb5_kt_close(context, keytab);
        }
    }
    return error;
}

static krb5_error_code
first_candidate(struct ticket_holder *h, krb5_context context, krb5_principal *name)
{
    struct identity_candidates names;
    krb5_error_code error = KRB5_CONFIG_NODEFREALM;

    if (identity_candidates(context, h->user, h->domain, &names) == SEC_E_OK && names.n) {
        error = krb5_copy_principal(context, names.name[0], name);
    }
    identity_candidates_clear(context, &names);
    return error;
}

sec_status
ticket_holder_name(struct ticket_holder *h, struct wire_writer *out)
{
    SEC_AUTO(authority_krb5) k = { 0 };
    krb5_principal name = NULL;
    char *text = NULL;
    krb5_error_code error;
    sec_status status = authority_context(h->authority, &k.context);

    if (status != SEC_E_OK) {
        return status;
    }
    error =
        h->explicit_identity ? first_candidate(h, k.context, &name) : own_name(k.context, &name);
    if (!error) {
        error = krb5_unparse_name(k.context, name, &text);
    }
    if (!error) {
        utf16_put_utf8(out, bytes_of_string(text));
        krb5_free_unparsed_name(k.context, text);
    }
    krb5_free_principal(k.context, name);
    return error ? sec_fail(SEC_E_NO_CREDENTIALS, "ticket: no credential cache, no client keytab")
                 : SEC_E_OK;
}
