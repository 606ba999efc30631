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
    }
    return ticket_holder_new(c->base.host->tickets, &whose, &c->holder);
}

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
    return ticket_keytab_check(c->keytab, s->principal);
}

/* For user-to-user an acceptor too needs a TGT; one that cannot have it does without. */
static sec_status
take_inbound(struct krb_credential *c, const struct sec_acquire_args *args)
{
    sec_status status = take_keytab(c, args);

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
    ticket_holder_free(c->holder);
    ticket_keytab_close(c->keytab);
    mem_free(c);
}

sec_status
krb_credential_name(const struct sec_cred *cred, struct wire_writer *out)
{
    const struct krb_credential *c = credential_of(cred);
    const char *principal = c->base.host->settings->kerberos.principal;

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
    return ticket_keytab_check(c->keytab,
                               service ? service : c->base.host->settings->kerberos.principal);
}

sec_status
krb_credential_change_password(const struct sec_host *host, const struct sec_identity *id,
                               struct bytes password)
{
    const struct ticket_holder_args whose = { true, id->user, id->domain, id->password };

    if (!host->tickets) {
        return sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY,
                        "kerberos: this process has no Kerberos");
    }
    return ticket_change_password(host->tickets, &whose, password);
}
