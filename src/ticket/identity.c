/* SPDX-License-Identifier: Apache-2.0 */
/* Explicit identities and their TGTs. */
#include "ticket/identity.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "ticket/library_error.h"

enum { NAME_BYTES_MAX = 1024 };

sec_status
identity_check(const char *user, const char *domain)
{
    const char *at = strchr(user, '@');

    if (!*user || at == user || (at && !at[1]) || strlen(user) + strlen(domain) > NAME_BYTES_MAX) {
        return sec_fail(SEC_E_UNKNOWN_CREDENTIALS,
                        "ticket: the identity's user cannot be a principal's name");
    }
    if (strcmp(domain, ".") == 0 || strpbrk(domain, "/@\\")) {
        return sec_fail(SEC_E_UNKNOWN_CREDENTIALS,
                        "ticket: the identity's domain cannot be a realm's name");
    }
    return SEC_E_OK;
}

/* --- spellings ----------------------------------------------------------------------------- */

/* One component, whatever is in it. */
static krb5_error_code
add(krb5_context context, struct identity_candidates *c, const char *realm, const char *user,
    int type)
{
    krb5_error_code error = krb5_build_principal(context, &c->name[c->n], (unsigned)strlen(realm),
                                                 realm, user, (char *)NULL);

    if (!error) {
        c->name[c->n]->type = type;
        c->n++;
    }
    return error;
}

static void
put_upper(char *to, const char *from)
{
    do {
        *to++ = (char)(*from >= 'a' && *from <= 'z' ? *from - 'a' + 'A' : *from);
    } while (*from++);
}

/* Whether a NetBIOS name is the first label of a realm: EXAMPLE of EXAMPLE.TEST. */
static bool
begins(const char *domain, const char *realm)
{
    size_t n = strlen(domain);

    return bytes_equal_nocase(bytes_of_string(domain), bytes_of(realm, strnlen(realm, n))) &&
           (realm[n] == '.' || !realm[n]);
}

/* suffix is what stood behind '@', or a domain in DNS' form. */
static krb5_error_code
add_with_realm(krb5_context context, struct identity_candidates *c, const char *user,
               const char *suffix, const char *default_realm)
{
    char realm[NAME_BYTES_MAX + 1];

    if (default_realm && strcmp(suffix, default_realm) == 0) {
        return add(context, c, suffix, user, KRB5_NT_PRINCIPAL);
    }
    put_upper(realm, suffix);
    return add(context, c, realm, user, KRB5_NT_PRINCIPAL);
}

static krb5_error_code
add_enterprise(krb5_context context, struct identity_candidates *c, const char *user,
               const char *suffix, const char *default_realm)
{
    char name[2 * NAME_BYTES_MAX + 2];

    if (!default_realm) {
        return 0;
    }
    (void)snprintf(name, sizeof(name), "%s@%s", user, suffix);
    return add(context, c, default_realm, name, KRB5_NT_ENTERPRISE_PRINCIPAL);
}

static krb5_error_code
spell(krb5_context context, struct identity_candidates *c, const char *user, const char *domain,
      const char *default_realm)
{
    const char *at = strrchr(user, '@');
    krb5_error_code error;

    if (at) {
        char name[NAME_BYTES_MAX + 1];

        bytes_copy(name, user, (size_t)(at - user));
        name[at - user] = 0;
        error = add_with_realm(context, c, name, at + 1, default_realm);
        return error ? error : add_enterprise(context, c, name, at + 1, default_realm);
    }
    if (strchr(domain, '.')) {
        error = add_with_realm(context, c, user, domain, default_realm);
        return error ? error : add_enterprise(context, c, user, domain, default_realm);
    }
    if (!default_realm) {
        return KRB5_CONFIG_NODEFREALM;
    }
    if (!*domain || begins(domain, default_realm)) {
        return add(context, c, default_realm, user, KRB5_NT_PRINCIPAL);
    }
    return add_enterprise(context, c, user, domain, default_realm);
}

sec_status
identity_candidates(krb5_context context, const char *user, const char *domain,
                    struct identity_candidates *out)
{
    char *default_realm = NULL;
    krb5_error_code error;

    *out = (struct identity_candidates){ 0 };
    if (krb5_get_default_realm(context, &default_realm)) {
        default_realm = NULL;
    }
    error = spell(context, out, user, domain, default_realm);
    if (default_realm) {
        krb5_free_default_realm(context, default_realm);
    }
    return error ? library_error_fail(context, error, "the realm of %s", user) : SEC_E_OK;
}

void
identity_candidates_clear(krb5_context context, struct identity_candidates *c)
{
    for (size_t i = 0; i < c->n; i++) {
        krb5_free_principal(context, c->name[i]);
    }
    c->n = 0;
}

/* --- AS exchanges -------------------------------------------------------------------------- */

/* Forwardable, so that delegation can be asked for later; canonical names, as Windows' clients
 * have them: a KDC may answer with the account's own spelling. */
static krb5_error_code
make_options(const struct ticket_authority *a, krb5_context context, bool forwardable,
             krb5_get_init_creds_opt **options)
{
    krb5_error_code error = krb5_get_init_creds_opt_alloc(context, options);
    int n = 0;

    if (error) {
        return error;
    }
    krb5_get_init_creds_opt_set_forwardable(*options, forwardable);
    krb5_get_init_creds_opt_set_canonicalize(*options, 1);
    if (a->enctypes) {
        while (a->enctypes[n]) {
            n++;
        }
        krb5_get_init_creds_opt_set_etype_list(*options, a->enctypes, n);
    }
    return 0;
}

static krb5_error_code
log_on_as(const struct ticket_authority *a, krb5_context context, krb5_principal client,
          const struct identity_password *who, krb5_creds *out)
{
    krb5_get_init_creds_opt *options;
    krb5_error_code error = make_options(a, context, who->service == NULL, &options);

    if (error) {
        return error;
    }
    error = krb5_get_init_creds_password(context, out, client, who->password, NULL, NULL, 0,
                                         who->service, options);
    krb5_get_init_creds_opt_free(context, options);
    return error;
}

/* The next spelling is for who is not known under this one, never for a wrong password: that would
 * count twice. A KDC that is down is not waited for twice. */
static bool
may_be_another(krb5_error_code error, const struct identity_candidates *names, size_t tried)
{
    const krb5_data *realm = &names->name[tried]->realm, *next;

    if (error != KRB5_KDC_UNREACH) {
        return error == KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN || error == KRB5KDC_ERR_WRONG_REALM ||
               error == KRB5_REALM_UNKNOWN || error == KRB5_REALM_CANT_RESOLVE;
    }
    next = tried + 1 < names->n ? &names->name[tried + 1]->realm : realm;
    return !bytes_equal(bytes_of(realm->data, realm->length), bytes_of(next->data, next->length));
}

sec_status
identity_log_on(const struct ticket_authority *a, krb5_context context,
                const struct identity_password *who, krb5_creds *out, int32_t *kdc_error)
{
    struct identity_candidates names;
    krb5_error_code error = 0;
    sec_status status = identity_candidates(context, who->user, who->domain, &names);

    for (size_t i = 0; status == SEC_E_OK && i < names.n; i++) {
        error = log_on_as(a, context, names.name[i], who, out);
        if (!may_be_another(error, &names, i)) {
            break;
        }
    }
    if (status == SEC_E_OK && error) {
        *kdc_error = library_error_kdc_code(error);
        status = library_error_fail(context, error, "logon of %s%s%s", who->user,
                                    who->domain[0] ? " of " : "", who->domain);
    }
    identity_candidates_clear(context, &names);
    return status;
}

krb5_error_code
identity_log_on_by_keytab(const struct ticket_authority *a, krb5_context context,
                          krb5_principal client, krb5_keytab keytab, krb5_creds *tgt)
{
    krb5_get_init_creds_opt *options;
    krb5_error_code error = make_options(a, context, true, &options);

    if (error) {
        return error;
    }
    error = krb5_get_init_creds_keytab(context, tgt, client, keytab, 0, NULL, options);
    krb5_get_init_creds_opt_free(context, options);
    return error;
}

static krb5_error_code
first_entry(krb5_context context, krb5_keytab keytab, krb5_principal *client)
{
    krb5_keytab_entry entry;
    krb5_kt_cursor cursor;
    krb5_error_code error = krb5_kt_start_seq_get(context, keytab, &cursor);

    if (error) {
        return error;
    }
    error = krb5_kt_next_entry(context, keytab, &entry, &cursor);
    if (!error) {
        error = krb5_copy_principal(context, entry.principal, client);
        (void)krb5_free_keytab_entry_contents(context, &entry);
    }
    (void)krb5_kt_end_seq_get(context, keytab, &cursor);
    return error;
}

krb5_error_code
identity_of_client_keytab(krb5_context context, krb5_keytab *keytab, krb5_principal *client)
{
    krb5_error_code error = krb5_kt_client_default(context, keytab);

    if (error) {
        return error;
    }
    error = first_entry(context, *keytab, client);
    if (error) {
        (void)krb5_kt_close(context, *keytab);
        *keytab = NULL;
    }
    return error;
}
