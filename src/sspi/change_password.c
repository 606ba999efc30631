/* SPDX-License-Identifier: Apache-2.0 */
/* ChangeAccountPassword. */
#include <opensspi/sspi.h>

#include "sspi/buffers.h"
#include "sspi/configuration.h"
#include "sspi/identity_text.h"
#include "sspi/package_list.h"
#include "sspi/text.h"

/* The caller's strings: user, domain, old and new password. */
struct change {
    struct secret user, domain, password, wanted;
};

static void
change_clear(struct change *c)
{
    secret_clear(&c->user);
    secret_clear(&c->domain);
    secret_clear(&c->password);
    secret_clear(&c->wanted);
}

static size_t
length_of(const void *s, bool wide)
{
    return !s ? 0 : wide ? text_of_w(s).n / 2 : strlen(s);
}

static sec_status
take(struct change *c, const void *const s[4], bool wide)
{
    struct secret *const to[] = { &c->user, &c->domain, &c->password, &c->wanted };
    static const enum identity_part parts[] = { IDENTITY_USER, IDENTITY_DOMAIN, IDENTITY_PASSWORD,
                                                IDENTITY_PASSWORD };
    sec_status status = SEC_E_OK;

    for (size_t i = 0; i < SEC_ARRAY_LEN(to) && status == SEC_E_OK; i++) {
        status = identity_text_take(to[i], s[i], length_of(s[i], wide), wide, parts[i]);
    }
    if (status == SEC_E_OK && !c->user.n) {
        status = sec_fail(SEC_E_UNKNOWN_CREDENTIALS, "sspi: no account is named");
    }
    return status;
}

/* Nobody tells the domain's rules: the buffer for them stays empty. */
static sec_status
check_output(PSecBufferDesc output)
{
    sec_status status = buffers_check(output);
    SecBuffer *b = status == SEC_E_OK ? buffers_find(output, SECBUFFER_CHANGE_PASS_RESPONSE) : NULL;

    if (b) {
        b->cbBuffer = 0;
    }
    return status;
}

static sec_status
run(const struct sec_package *package, const struct change *c)
{
    const struct sec_identity who = { .user = secret_bytes(&c->user),
                                      .domain = secret_bytes(&c->domain),
                                      .password = secret_bytes(&c->password) };
    struct configuration *configuration = NULL;
    sec_status status = configuration_current(&configuration);

    if (status != SEC_E_OK) {
        return status;
    }
    status = package->ops->change_password(configuration_host(configuration), &who,
                                           secret_bytes(&c->wanted));
    configuration_unref(configuration);
    if (status == SEC_E_OK) {
        sec_reason_clear(); /* of who was asked before */
    }
    return status;
}

static sec_status
change_with(const struct sec_package *package, const void *const strings[4], bool wide,
            PSecBufferDesc output)
{
    struct change c = { 0 };
    sec_status status;

    if (!package->ops->change_password) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "sspi: %s changes no passwords", package->name);
    }
    status = check_output(output);
    if (status == SEC_E_OK) {
        status = take(&c, strings, wide);
    }
    if (status == SEC_E_OK) {
        status = run(package, &c);
    }
    change_clear(&c);
    return status;
}

static sec_status
change_password(struct bytes package_name, const void *const strings[4], bool wide,
                PSecBufferDesc output)
{
    const struct sec_package *package = NULL;
    sec_status status;

    sec_reason_clear();
    status = package_list_find(package_name, &package);
    if (status == SEC_E_OK) {
        status = change_with(package, strings, wide, output);
    }
    package_list_release(package);
    return status;
}

SECURITY_STATUS SEC_ENTRY
ChangeAccountPasswordW(SEC_WCHAR *package, SEC_WCHAR *domain, SEC_WCHAR *account,
                       SEC_WCHAR *old_password, SEC_WCHAR *password, BOOLEAN impersonating,
                       ULONG reserved, PSecBufferDesc output)
{
    const void *const strings[] = { account, domain, old_password, password };
    struct text_name name;

    return change_password(text_name_of(&name, package), strings, true, output);
}

SECURITY_STATUS SEC_ENTRY
ChangeAccountPasswordA(SEC_CHAR *package, SEC_CHAR *domain, SEC_CHAR *account,
                       SEC_CHAR *old_password, SEC_CHAR *password, BOOLEAN impersonating,
                       ULONG reserved, PSecBufferDesc output)
{
    const void *const strings[] = { account, domain, old_password, password };

    return change_password(bytes_of_string(package), strings, false, output);
}
