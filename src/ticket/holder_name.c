/* SPDX-License-Identifier: Apache-2.0 */
/* What a holder is called. */
#include <limits.h>

#include "base/utf16.h"
#include "ticket/holder.h"
#include "ticket/identity.h"
#include "ticket/library_error.h"

enum { KEYTAB_NAME_BYTES = PATH_MAX + 16 };

krb5_error_code
holder_open_cache(const struct ticket_holder *h, krb5_context context, krb5_ccache *out)
{
    return h->given_cache ? krb5_cc_resolve(context, h->given_cache, out)
                          : krb5_cc_default(context, out);
}

/* Of the cache, or else of the client keytab. */
static krb5_error_code
own_name(const struct ticket_holder *h, krb5_context context, krb5_principal *name)
{
    krb5_keytab keytab = NULL;
    krb5_ccache cache;
    krb5_error_code error = holder_open_cache(h, context, &cache);

    if (!error) {
        error = krb5_cc_get_principal(context, cache, name);
        (void)krb5_cc_close(context, cache);
    }
    if (error && !h->given_cache) {
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
holder_fail_nobody(krb5_context context)
{
    const char *cache = krb5_cc_default_name(context);
    char name[KEYTAB_NAME_BYTES] = "";
    krb5_keytab keytab;

    if (krb5_kt_client_default(context, &keytab) == 0) {
        (void)krb5_kt_get_name(context, keytab, name, sizeof(name));
        (void)krb5_kt_close(context, keytab);
    }
    return sec_fail(SEC_E_NO_CREDENTIALS,
                    "ticket: no ticket in cache %s (kinit), and no client keytab %s",
                    cache ? cache : "?", name);
}

/* "alice@EXAMPLE.TEST"; of an enterprise name not the realm that is asked what it means. */
static sec_status
put_name(krb5_context context, krb5_const_principal name, struct wire_writer *out)
{
    bool enterprise = name->type == KRB5_NT_ENTERPRISE_PRINCIPAL;
    int flags = KRB5_PRINCIPAL_UNPARSE_NO_REALM | KRB5_PRINCIPAL_UNPARSE_DISPLAY;
    char *text = NULL;
    krb5_error_code error = krb5_unparse_name_flags(context, name, enterprise ? flags : 0, &text);

    if (error) {
        return library_error_fail(context, error, "a client's name");
    }
    utf16_put_utf8(out, bytes_of_string(text));
    krb5_free_unparsed_name(context, text);
    if (wire_writer_status(out) == WIRE_BAD_VALUE) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "ticket: the client's name is not UTF-8");
    }
    return wire_writer_status(out) == WIRE_OK ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

sec_status
ticket_holder_name(struct ticket_holder *h, struct wire_writer *out)
{
    SEC_AUTO(authority_krb5) k = { 0 };
    krb5_principal name = NULL;
    krb5_error_code error;
    sec_status status = authority_context(h->authority, &k.context);

    if (status != SEC_E_OK) {
        return status;
    }
    if (h->explicit_identity) {
        error = first_candidate(h, k.context, &name);
        status = error ? library_error_fail(k.context, error, "the name of %.100s", h->user)
                       : put_name(k.context, name, out);
    } else {
        error = own_name(h, k.context, &name);
        status = !error           ? put_name(k.context, name, out)
                 : h->given_cache ? library_error_fail(k.context, error, "what was delegated")
                                  : holder_fail_nobody(k.context);
    }
    krb5_free_principal(k.context, name);
    if (error && status != SEC_E_INSUFFICIENT_MEMORY) {
        status = SEC_E_NO_CREDENTIALS;
    }
    return status;
}
