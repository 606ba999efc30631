/* SPDX-License-Identifier: Apache-2.0 */
/* What clients forwarded: a KRB-CRED opened, and a cache in memory for who acts on their behalf. */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "ticket/authority.h"
#include "ticket/convert.h"
#include "ticket/library_error.h"

struct ticket_delegated {
    const struct ticket_authority *authority;
    char *cache; /* "MEMORY:…" */
};

/* key NULL: of encryption type 0, which is none. */
static krb5_error_code
open_under(krb5_context context, struct bytes krb_cred, const struct krb_key *key,
           krb5_creds ***out)
{
    krb5_data message = { .data = (char *)(uintptr_t)krb_cred.p, .length = (unsigned)krb_cred.n };
    krb5_keyblock block = { 0 };
    krb5_auth_context auth = NULL;
    krb5_error_code error = krb5_auth_con_init(context, &auth);

    if (error) {
        return error;
    }
    /* It came in an authenticator, which is fresh by proof: no times, no sequence of its own. */
    error = krb5_auth_con_setflags(context, auth, 0);
    if (!error && key) {
        block = convert_key(key);
        error = krb5_auth_con_setuseruserkey(context, auth, &block);
    }
    if (!error) {
        error = krb5_rd_cred(context, auth, &message, out, NULL);
    }
    (void)krb5_auth_con_free(context, auth);
    return error;
}

/* Heimdal's clients do not encrypt it: it stands in an authenticator, which is. */
static sec_status
open_message(krb5_context context, struct bytes krb_cred, const struct krb_key *const *keys,
             size_t n_keys, krb5_creds ***out)
{
    krb5_error_code error = KRB5KRB_AP_ERR_BAD_INTEGRITY;

    for (size_t i = 0; i < n_keys && error; i++) {
        error = open_under(context, krb_cred, keys[i], out);
        if (error == ENOMEM) {
            return SEC_E_INSUFFICIENT_MEMORY;
        }
    }
    if (error && open_under(context, krb_cred, NULL, out) != 0) {
        (void)library_error_fail(context, error, "delegated credentials");
        return SEC_E_INVALID_TOKEN;
    }
    return SEC_E_OK;
}

static bool
is_of(const krb5_creds *creds, const struct krb_name *cname, struct bytes crealm)
{
    struct krb_name name;
    struct bytes realm;

    return creds->client && convert_principal(creds->client, &name, &realm) &&
           krb_name_equal(&name, cname) && bytes_equal(realm, crealm);
}

static krb5_error_code
store(krb5_context context, krb5_creds **creds, char **name)
{
    krb5_ccache cache;
    krb5_error_code error = krb5_cc_new_unique(context, "MEMORY", NULL, &cache);

    if (error) {
        return error;
    }
    error = krb5_cc_initialize(context, cache, creds[0]->client);
    for (size_t i = 0; creds[i] && !error; i++) {
        error = krb5_cc_store_cred(context, cache, creds[i]);
    }
    if (!error) {
        error = krb5_cc_get_full_name(context, cache, name);
    }
    if (error) {
        (void)krb5_cc_destroy(context, cache);
    } else {
        (void)krb5_cc_close(context, cache);
    }
    return error;
}

static void
destroy(krb5_context context, const char *name)
{
    krb5_ccache cache;

    if (krb5_cc_resolve(context, name, &cache) == 0) {
        (void)krb5_cc_destroy(context, cache); /* wipes the keys in it */
    }
}

static sec_status
keep(const struct ticket_authority *a, krb5_context context, krb5_creds **creds,
     struct ticket_delegated **out)
{
    struct ticket_delegated *d = mem_new(sizeof(*d));
    char *name = NULL;
    krb5_error_code error;

    if (!d) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    error = store(context, creds, &name);
    if (error) {
        mem_free(d);
        return library_error_fail(context, error, "a cache for delegated credentials");
    }
    d->authority = a;
    d->cache = mem_dup(name, strlen(name));
    if (!d->cache) {
        destroy(context, name);
        mem_free(d);
        d = NULL;
    }
    krb5_free_string(context, name);
    *out = d;
    return d ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

sec_status
ticket_delegated_new(struct ticket_authority *a, struct bytes krb_cred,
                     const struct krb_key *const *keys, size_t n_keys, const struct krb_name *cname,
                     struct bytes crealm, struct ticket_delegated **out)
{
    SEC_AUTO(authority_krb5) k = { 0 };
    krb5_creds **creds = NULL;
    sec_status status = authority_context(a, &k.context);

    if (status == SEC_E_OK) {
        status = open_message(k.context, krb_cred, keys, n_keys, &creds);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    if (!creds[0]) {
        status = sec_fail(SEC_E_INVALID_TOKEN, "ticket: delegated credentials without a ticket");
    }
    for (size_t i = 0; creds[i] && status == SEC_E_OK; i++) {
        if (!is_of(creds[i], cname, crealm)) {
            status = sec_fail(SEC_E_INVALID_TOKEN,
                              "ticket: delegated credentials of somebody else than the client");
        }
    }
    if (status == SEC_E_OK) {
        status = keep(a, k.context, creds, out);
    }
    krb5_free_tgt_creds(k.context, creds);
    return status;
}

void
ticket_delegated_free(struct ticket_delegated *d)
{
    SEC_AUTO(authority_krb5) k = { 0 };

    if (!d) {
        return;
    }
    if (authority_context(d->authority, &k.context) == SEC_E_OK) {
        destroy(k.context, d->cache);
    }
    mem_free(d->cache);
    mem_free(d);
}

const char *
ticket_delegated_cache(const struct ticket_delegated *d)
{
    return d->cache;
}
