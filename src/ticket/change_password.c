/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords changed where the KDC keeps them: RFC 3244, and its form before that. */
#include "ticket/holder.h"

#include "base/mem.h"
#include "base/utf16.h"
#include "ticket/identity.h"
#include "ticket/library_error.h"

/* What the service answers. */
struct verdict {
    int code;
    krb5_data name, text;
};

static void
verdict_clear(krb5_context context, struct verdict *v)
{
    krb5_free_data_contents(context, &v->name);
    krb5_free_data_contents(context, &v->text);
}

static sec_status
status_of(int code)
{
    switch (code) {
    case KRB5_KPASSWD_SUCCESS: return SEC_E_OK;
    case KRB5_KPASSWD_SOFTERROR: return TICKET_PASSWORD_RESTRICTION;
    case KRB5_KPASSWD_AUTHERROR:
    case KRB5_KPASSWD_ACCESSDENIED: return SEC_E_LOGON_DENIED;
    default: return SEC_E_NO_AUTHENTICATING_AUTHORITY;
    }
}

/* Active Directory says what its rules are in a structure, which libkrb5 knows how to put. */
static sec_status
tell(krb5_context context, const struct ticket_holder *h, const struct verdict *v)
{
    sec_status status = status_of(v->code);
    char *text = NULL;

    if (status == SEC_E_OK) {
        return status;
    }
    if (krb5_chpw_message(context, &v->text, &text)) {
        text = NULL;
    }
    status = sec_fail(status, "ticket: the password service refuses to change %s's: %.*s%s%s",
                      h->user, (int)v->name.length, v->name.data ? v->name.data : "",
                      text && text[0] ? ": " : "", text ? text : "");
    krb5_free_string(context, text);
    return status;
}

static sec_status
change(const struct ticket_holder *h, krb5_context context, const struct secret *password)
{
    const struct identity_password who = { h->user, h->domain, (const char *)h->password.p,
                                           "kadmin/changepw" };
    struct verdict v = { 0 };
    krb5_creds creds = { 0 };
    krb5_error_code error;
    int32_t kdc_error;
    sec_status status = identity_log_on(h->authority, context, &who, &creds, &kdc_error);

    if (status != SEC_E_OK) {
        return status;
    }
    error =
        krb5_change_password(context, &creds, (const char *)password->p, &v.code, &v.name, &v.text);
    status = error ? library_error_fail(context, error, "change of %s's password", h->user)
                   : tell(context, h, &v);
    verdict_clear(context, &v);
    krb5_free_cred_contents(context, &creds);
    return status;
}

sec_status
ticket_change_password(struct ticket_authority *a, const struct ticket_holder_args *whose,
                       struct bytes password)
{
    SEC_AUTO(authority_krb5) krb5 = { 0 };
    struct ticket_holder *h = NULL;
    struct secret wanted = { 0 };
    sec_status status = ticket_holder_new(a, whose, &h);

    if (status != SEC_E_OK) {
        return status;
    }
    status = holder_take_password(password, &wanted);
    if (status == SEC_E_OK && (h->password.n <= 1 || wanted.n <= 1)) {
        status = sec_fail(SEC_E_LOGON_DENIED, "ticket: an empty password");
    }
    if (status == SEC_E_OK) {
        status = authority_context(a, &krb5.context);
    }
    if (status == SEC_E_OK) {
        status = change(h, krb5.context, &wanted);
    }
    secret_clear(&wanted);
    ticket_holder_free(h);
    return status;
}
