/* SPDX-License-Identifier: Apache-2.0 */
/* NTLM credentials. [MS-NLMP] 3.1.1.1, 3.3.1, 3.3.2. */
#include "ntlm/credential.h"

#include "account/account.h"
#include "base/mem.h"
#include "base/utf16.h"
#include "crypto/ntlm_key.h"
#include "ntlm/ntlm.h"

/* SSPI's own limits, in UTF-16 code units; domains in DNS form are longer than NetBIOS names. */
enum { USER_MAX_UNITS = 256, DOMAIN_MAX_UNITS = 256, PASSWORD_MAX_UNITS = 256 };

static struct ntlm_credential *
credential_of(const struct sec_cred *cred)
{
    return (struct ntlm_credential *)(uintptr_t)cred;
}

static bool
keep(struct bytes *to, struct bytes from)
{
    to->p = mem_dup(from.p, from.n);
    to->n = to->p ? from.n : 0;
    return to->p != NULL;
}

static sec_status
make_keys(struct ntlm_credential *c, struct bytes password)
{
    uint8_t room[2 * USER_MAX_UNITS];
    struct wire_writer upper = wire_writer_fixed(room, sizeof(room));

    ntlm_key_nt_hash(password, &c->nt_hash);
    utf16_put_upper(&upper, c->user);
    if (wire_writer_status(&upper) != WIRE_OK) {
        return sec_fail(SEC_E_UNKNOWN_CREDENTIALS, "ntlm: user name of %zu bytes", c->user.n);
    }
    ntlm_key_v2(&c->nt_hash, wire_written(&upper), c->domain, &c->v2_key);
    if (c->base.host->settings->lm_level_client < NTLM_LEVEL_SEND_V2) {
        c->has_lm_hash = ntlm_key_lm_hash(password, &c->lm_hash);
    } else {
        secret_wipe(&c->nt_hash, sizeof(c->nt_hash));
    }
    return SEC_E_OK;
}

static sec_status
take_identity(struct ntlm_credential *c, struct bytes user, struct bytes domain,
              struct bytes password)
{
    utf16_split_account(&user, &domain);
    if (user.n > 2 * USER_MAX_UNITS || domain.n > 2 * DOMAIN_MAX_UNITS ||
        password.n > 2 * PASSWORD_MAX_UNITS) {
        return sec_fail(SEC_E_UNKNOWN_CREDENTIALS,
                        "ntlm: user, domain or password of more than %d characters",
                        USER_MAX_UNITS);
    }
    c->has_identity = true;
    c->anonymous = user.n == 0 && password.n == 0;
    if (!keep(&c->user, user) || !keep(&c->domain, domain)) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    return make_keys(c, password);
}

static sec_status
take_default_identity(struct ntlm_credential *c, const struct sec_host *host)
{
    struct sec_default_identity d = { 0 };
    sec_status status;

    if (!host->default_identity) {
        return SEC_E_OK;
    }
    status = host->default_identity(host, &d);
    if (status == SEC_E_OK) {
        status = take_identity(c, secret_bytes(&d.user), secret_bytes(&d.domain),
                               secret_bytes(&d.password));
    } else if (status == SEC_E_NO_CREDENTIALS) {
        /* Nobody, yet: acquiring is not a logon, and the first messages need no identity. */
        c->no_identity = mem_dup(sec_reason(), strlen(sec_reason()));
        status = c->no_identity ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
    }
    secret_clear(&d.user);
    secret_clear(&d.domain);
    secret_clear(&d.password);
    return status;
}

sec_status
ntlm_credential_acquire(const struct sec_host *host, const struct sec_acquire_args *args,
                        struct sec_cred **out)
{
    struct ntlm_credential *c = mem_new(sizeof(*c));
    sec_status status = SEC_E_OK;

    if (!c) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    c->base = (struct sec_cred){ .package = &ntlm_package, .host = host };
    c->use = args->use;
    if (args->identity) {
        status = take_identity(c, args->identity->user, args->identity->domain,
                               args->identity->password);
    } else if (args->use & SEC_USE_OUTBOUND && !args->restricted && !args->for_load) {
        status = take_default_identity(c, host);
    }
    if (status != SEC_E_OK) {
        ntlm_credential_free(&c->base);
        return status;
    }
    *out = &c->base;
    return SEC_E_OK;
}

void
ntlm_credential_free(struct sec_cred *cred)
{
    struct ntlm_credential *c = credential_of(cred);

    if (!c) {
        return;
    }
    if (!c->borrowed) {
        mem_free(c->no_identity);
        mem_free((void *)(uintptr_t)c->user.p);
        mem_free((void *)(uintptr_t)c->domain.p);
    }
    mem_free_wiped(c, sizeof(*c));
}

/* An identity for who has none, or the server's side for a client's, which needs nothing. */
sec_status
ntlm_credential_add(const struct sec_cred *cred, const struct sec_package *package,
                    const struct sec_acquire_args *args, struct sec_cred **out)
{
    const struct ntlm_credential *from = credential_of(cred);
    struct sec_acquire_args both = *args;
    struct ntlm_credential *c;

    both.use = args->use | from->use;
    if (package != &ntlm_package) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "ntlm: credentials of another package");
    }
    if (args->use & SEC_USE_OUTBOUND) {
        return from->has_identity
                   ? sec_fail(SEC_E_UNSUPPORTED_FUNCTION,
                              "ntlm: a client is one account, and the credential has one")
                   : ntlm_credential_acquire(from->base.host, &both, out);
    }
    if ((from->use & SEC_USE_INBOUND) || args->identity) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "ntlm: a server has no credentials of its own");
    }
    c = mem_dup(from, sizeof(*from));
    if (!c) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    c->use = both.use;
    c->borrowed = true;
    *out = &c->base;
    return SEC_E_OK;
}

sec_status
ntlm_credential_check_policy(const struct sec_cred *cred)
{
    if (cred->host->settings->ntlm == SEC_NTLM_DENY) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "ntlm: policy denies NTLM (ntlm = deny)");
    }
    return SEC_E_OK;
}

sec_status
ntlm_credential_name(const struct sec_cred *cred, struct wire_writer *out)
{
    const struct ntlm_credential *c = credential_of(cred);

    if (!c->has_identity || c->anonymous) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "ntlm: %s",
                        c->no_identity ? c->no_identity : "the credential names nobody");
    }
    if (c->domain.n) {
        wire_put_bytes(out, c->domain);
        wire_put_le16(out, '\\');
    }
    wire_put_bytes(out, c->user);
    return SEC_E_OK;
}

/* --- ChangeAccountPassword ------------------------------------------------------------------ */

/* A domain that means this computer's own accounts. */
static bool
is_own(const struct sec_settings *s, struct bytes domain)
{
    static const uint8_t here[] = { '.', 0 };
    const struct bytes own[] = { bytes_of(here, sizeof(here)), s->computer, s->domain,
                                 s->dns_computer, s->dns_domain };

    for (size_t i = 0; i < SEC_ARRAY_LEN(own); i++) {
        if (own[i].n && utf16_equal_nocase(domain, own[i])) {
            return true;
        }
    }
    return domain.n == 0;
}

static sec_status
take_password(struct wire_writer *to, struct bytes password, sec_status otherwise)
{
    utf8_put_utf16(to, password);
    switch (wire_writer_status(to)) {
    case WIRE_OK: return SEC_E_OK;
    case WIRE_NO_MEMORY: return SEC_E_INSUFFICIENT_MEMORY;
    default: return sec_fail(otherwise, "ntlm: a password of %zu bytes is not UTF-16", password.n);
    }
}

sec_status
ntlm_credential_change_password(const struct sec_host *host, const struct sec_identity *id,
                                struct bytes password)
{
    uint8_t rooms[2][3 * PASSWORD_MAX_UNITS];
    SEC_AUTO(wire_writer) old = wire_writer_secret(rooms[0], sizeof(rooms[0]));
    SEC_AUTO(wire_writer) wanted = wire_writer_secret(rooms[1], sizeof(rooms[1]));
    struct bytes user = id->user, domain = id->domain;
    struct account_new_password change;
    struct account_proof reasons;
    sec_status status;

    utf16_split_account(&user, &domain);
    if (!host->accounts) {
        return sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY, "ntlm: no account store is configured");
    }
    if (!is_own(host->settings, domain)) {
        return sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY,
                        "ntlm: the domain is not this computer's, whose passwords alone it can "
                        "change");
    }
    status = take_password(&old, id->password, SEC_E_LOGON_DENIED);
    if (status == SEC_E_OK) {
        status = take_password(&wanted, password, ACCOUNT_PASSWORD_RESTRICTION);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    change = (struct account_new_password){ .user = user,
                                            .domain = domain,
                                            .old_password = wire_written(&old),
                                            .password = wire_written(&wanted),
                                            .now_100ns = host->now_100ns(host) };
    return account_change_password(host->accounts, &change, &reasons);
}
