/* SPDX-License-Identifier: Apache-2.0 */
/* Kerberos credentials: whose tickets, and which keys. Acquiring one asks no KDC. */
#include "kerberos/credential.h"

#include "base/mem.h"
#include "base/utf16.h"
#include "kerberos/kerberos.h"

/* SSPI's own limit, in UTF-16 code units. */
enum { IDENTITY_MAX_UNITS = 256 };

static struct krb_credential *
credential_of(const struct sec_cred *cred)
{
    return (struct krb_credential *)(uintptr_t)cred;
}

/* Nobody: a null session, which Kerberos does not have. Its contexts say so. */
static bool
is_nobody(const struct sec_identity *id)
{
    return id && id->user.n == 0 && id->domain.n == 0 && id->password.n == 0;
}

static sec_status
take_holder(struct krb_credential *c, const struct sec_acquire_args *args)
{
    const struct sec_identity *id = args->identity;
    struct ticket_holder_args whose = { 0 };

    if (is_nobody(id) || (!id && args->restricted && !args->delegated_cache)) {
        return SEC_E_OK;
    }
    whose.cache = args->delegated_cache;
    if (id) {
        if (id->user.n > 2 * IDENTITY_MAX_UNITS || id->domain.n > 2 * IDENTITY_MAX_UNITS ||
            id->password.n > 2 * IDENTITY_MAX_UNITS) {
            return sec_fail(SEC_E_UNKNOWN_CREDENTIALS,
                            "kerberos: user, domain or password of more than %d characters",
                            IDENTITY_MAX_UNITS);
        }
        whose = (struct ticket_holder_args){ true, id->user, id->domain, id->password, NULL };
        utf16_split_account(&whose.user, &whose.domain);
    }
    return ticket_holder_new(c->base.host->tickets, &whose, &c->holder);
}

/* --- services ------------------------------------------------------------------------------ */

/* An account goes by the names of all of its keys; a service has a name of its own. */
static bool
is_service(struct bytes principal)
{
    return principal.n && memchr(principal.p, '/', principal.n) != NULL;
}

size_t
krb_credential_n_services(const struct krb_credential *c)
{
    return c->n_principals ? c->n_principals : 1;
}

const char *
krb_credential_service(const struct krb_credential *c, size_t index)
{
    return c->n_principals ? c->principals[index] : c->base.host->settings->kerberos.principal;
}

/* from: whose services come first; NULL: nobody's. */
static sec_status
take_services(struct krb_credential *c, const struct krb_credential *from, struct bytes principal)
{
    size_t n = from && krb_credential_service(from, 0) ? krb_credential_n_services(from) : 0;

    mem_free(c->principals);
    c->n_principals = 0;
    c->principals = mem_new_array(n + 1, sizeof(*c->principals));
    c->own_principal = mem_dup(principal.p, principal.n);
    if (!c->principals || !c->own_principal) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    for (size_t i = 0; i < n; i++) {
        c->principals[i] = krb_credential_service(from, i);
    }
    c->principals[n] = c->own_principal;
    c->n_principals = n + 1;
    return SEC_E_OK;
}

/* --- acquiring ----------------------------------------------------------------------------- */

/* A keytab that is configured is taken whatever its state, and each accept says what is wrong with
 * it: who configured Kerberos must hear of it. Of a default one that has no key for us nobody
 * speaks, and neither does who can be a client all the same. */
static sec_status
take_keytab(struct krb_credential *c, const struct sec_acquire_args *args)
{
    const struct sec_kerberos_settings *s = &c->base.host->settings->kerberos;
    sec_status status = ticket_keytab_open(c->base.host->tickets, s->keytab, &c->keytab);

    if (status != SEC_E_OK || s->keytab || (args->use & SEC_USE_OUTBOUND)) {
        return status;
    }
    return ticket_keytab_check(c->keytab, krb_credential_service(c, 0));
}

/* For user-to-user an acceptor too needs a TGT; one that cannot have it does without. */
static sec_status
take_inbound(struct krb_credential *c, const struct sec_acquire_args *args)
{
    sec_status status =
        is_service(args->principal) ? take_services(c, NULL, args->principal) : SEC_E_OK;

    if (status == SEC_E_OK) {
        status = take_keytab(c, args);
    }
    if (status == SEC_E_OK && !c->holder) {
        status = take_holder(c, args);
        status = status == SEC_E_INSUFFICIENT_MEMORY ? status : SEC_E_OK;
    }
    return status;
}

sec_status
krb_credential_acquire(const struct sec_host *host, const struct sec_acquire_args *args,
                       struct sec_cred **out)
{
    struct krb_credential *c;
    sec_status status = SEC_E_OK;

    if (!host->tickets) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "kerberos: this process has no Kerberos");
    }
    c = mem_new(sizeof(*c));
    if (!c) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    c->base = (struct sec_cred){ .package = &kerberos_package, .host = host };
    c->use = args->use;
    if (args->use & SEC_USE_OUTBOUND && !args->for_load) {
        status = take_holder(c, args);
    }
    if (status == SEC_E_OK && args->use & SEC_USE_INBOUND && !args->for_load) {
        status = take_inbound(c, args);
    }
    if (status != SEC_E_OK) {
        krb_credential_free(&c->base);
        return status;
    }
    *out = &c->base;
    return SEC_E_OK;
}

void
krb_credential_free(struct sec_cred *cred)
{
    struct krb_credential *c = credential_of(cred);

    if (!c) {
        return;
    }
    if (!c->borrows_holder) {
        ticket_holder_free(c->holder);
    }
    if (!c->borrows_keytab) {
        ticket_keytab_close(c->keytab);
    }
    mem_free(c->principals);
    mem_free(c->own_principal);
    mem_free(c);
}

/* --- adding -------------------------------------------------------------------------------- */

/* The default cache of who has no ticket is nobody's, and stands in nobody's way. */
static bool
names_somebody(const struct krb_credential *c)
{
    SEC_AUTO(wire_writer) name = wire_writer_growing(NULL, 0);

    return (c->use & SEC_USE_OUTBOUND) && c->holder &&
           ticket_holder_name(c->holder, &name) != SEC_E_NO_CREDENTIALS;
}

static sec_status
check_addition(const struct krb_credential *from, const struct sec_package *package,
               const struct sec_acquire_args *args)
{
    if (package != &kerberos_package) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "kerberos: credentials of another package");
    }
    if ((args->use & SEC_USE_OUTBOUND) && names_somebody(from)) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION,
                        "kerberos: a client is one principal, and the credential has one");
    }
    if ((args->use & SEC_USE_INBOUND) && args->principal.n && !is_service(args->principal)) {
        return sec_fail(SEC_E_UNKNOWN_CREDENTIALS,
                        "kerberos: a service's name has a '/' in it: HTTP/web1.example.test");
    }
    if ((args->use & from->use & SEC_USE_INBOUND) && !args->principal.n) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION,
                        "kerberos: the credential has its keys, and no other principal is named");
    }
    return SEC_E_OK;
}

/* One that any service's keys are used for has those of this one, too. */
static sec_status
add_service(struct krb_credential *c, const struct krb_credential *from, struct bytes principal)
{
    char *name = mem_dup(principal.p, principal.n);
    sec_status status = name ? ticket_keytab_check(c->keytab, name) : SEC_E_INSUFFICIENT_MEMORY;

    if (status == SEC_E_OK && (!(from->use & SEC_USE_INBOUND) || krb_credential_service(from, 0))) {
        status = take_services(c, from->use & SEC_USE_INBOUND ? from : NULL, principal);
    }
    mem_free(name);
    return status;
}

/* What from lends; the services' names are its to keep, the list of them is not. */
static sec_status
borrow(struct krb_credential *c, const struct krb_credential *from)
{
    c->holder = from->holder;
    c->keytab = from->keytab;
    c->borrows_holder = c->borrows_keytab = true;
    if (!from->n_principals) {
        return SEC_E_OK;
    }
    c->principals = mem_new_array(from->n_principals, sizeof(*c->principals));
    if (!c->principals) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    for (size_t i = 0; i < from->n_principals; i++) {
        c->principals[i] = from->principals[i];
    }
    c->n_principals = from->n_principals;
    return SEC_E_OK;
}

static sec_status
add(struct krb_credential *c, const struct krb_credential *from,
    const struct sec_acquire_args *args)
{
    sec_status status = SEC_E_OK;

    if (args->use & SEC_USE_OUTBOUND) {
        c->holder = NULL;
        c->borrows_holder = false;
        status = take_holder(c, args);
    }
    if (status == SEC_E_OK && (args->use & SEC_USE_INBOUND) && !c->keytab) {
        c->borrows_keytab = false;
        status = take_keytab(c, args);
    }
    if (status == SEC_E_OK && (args->use & SEC_USE_INBOUND) && args->principal.n) {
        status = add_service(c, from, args->principal);
    }
    return status;
}

sec_status
krb_credential_add(const struct sec_cred *cred, const struct sec_package *package,
                   const struct sec_acquire_args *args, struct sec_cred **out)
{
    const struct krb_credential *from = credential_of(cred);
    struct krb_credential *c;
    sec_status status = check_addition(from, package, args);

    if (status != SEC_E_OK) {
        return status;
    }
    c = mem_new(sizeof(*c));
    if (!c) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    c->base = from->base;
    c->use = from->use | args->use;
    status = borrow(c, from);
    if (status == SEC_E_OK) {
        status = add(c, from, args);
    }
    if (status != SEC_E_OK) {
        krb_credential_free(&c->base);
        return status;
    }
    *out = &c->base;
    return SEC_E_OK;
}

/* --- what is asked of it ------------------------------------------------------------------- */

sec_status
krb_credential_check_role(const struct krb_credential *c, enum sec_role role)
{
    if (role == SEC_INITIATOR ? !(c->holder && c->use & SEC_USE_OUTBOUND) : !c->keytab) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "kerberos: the credential is not one for %s",
                        role == SEC_INITIATOR ? "initiators" : "acceptors");
    }
    return SEC_E_OK;
}

sec_status
krb_credential_name(const struct sec_cred *cred, struct wire_writer *out)
{
    const struct krb_credential *c = credential_of(cred);
    const char *principal = krb_credential_service(c, 0);

    if (c->holder && (c->use & SEC_USE_OUTBOUND)) {
        return ticket_holder_name(c->holder, out);
    }
    if (c->keytab && principal) {
        utf16_put_utf8(out, bytes_of_string(principal));
        return SEC_E_OK;
    }
    return sec_fail(SEC_E_NO_CREDENTIALS, "kerberos: the credential names nobody");
}

sec_status
krb_credential_check_service(const struct sec_cred *cred, const char *service)
{
    const struct krb_credential *c = credential_of(cred);

    if (!c->keytab) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "kerberos: the credential is not for a service");
    }
    return ticket_keytab_check(c->keytab, service ? service : krb_credential_service(c, 0));
}

sec_status
krb_credential_change_password(const struct sec_host *host, const struct sec_identity *id,
                               struct bytes password)
{
    struct ticket_holder_args whose = { true, id->user, id->domain, id->password };

    if (!host->tickets) {
        return sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY,
                        "kerberos: this process has no Kerberos");
    }
    utf16_split_account(&whose.user, &whose.domain);
    return ticket_change_password(host->tickets, &whose, password);
}
