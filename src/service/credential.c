/* SPDX-License-Identifier: Apache-2.0 */
/* A listener's credentials. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "service/credential.h"

enum { WHY_BYTES = 400 };

void
credential_init(struct credential *credential, const struct listener_settings *settings)
{
    *credential = (struct credential){ .settings = settings };
    (void)pthread_mutex_init(&credential->lock, NULL);
}

void
credential_clear(struct credential *credential)
{
    for (size_t i = 0; i < CREDENTIAL_KINDS; i++) {
        if (credential->have[i]) {
            (void)FreeCredentialsHandle(&credential->handles[i]);
        }
    }
    (void)pthread_mutex_destroy(&credential->lock);
}

/* HTTP's scheme Negotiate is SPNEGO, also where Kerberos alone is to be used. */
static bool
wraps_kerberos(const struct listener_settings *s)
{
    return s->protocol == LISTENER_HTTP && strcasecmp(s->package, "Kerberos") == 0;
}

/* Without identities of its own: who asks for user-to-user would have a loop wait for a KDC. */
static SECURITY_STATUS
acquire(const struct listener_settings *s, enum credential_kind kind, CredHandle *handle, char *why,
        size_t why_n)
{
    OPENSSPI_OPTION *options = mem_new_array(s->n_options + 2, sizeof(*options));
    bool alone = kind == CREDENTIAL_EACH_REQUEST;
    size_t n = 0;
    SECURITY_STATUS status;

    if (!options) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    for (size_t i = 0; i < s->n_options; i++) {
        const char *name = s->options[i].option.pszName;

        if ((!alone || strcmp(name, "ntlm") != 0) &&
            (!wraps_kerberos(s) || strcmp(name, "packages") != 0)) {
            options[n++] = s->options[i].option;
        }
    }
    if (alone) {
        options[n++] = (OPENSSPI_OPTION){ "ntlm", "deny" };
    }
    if (wraps_kerberos(s)) {
        options[n++] = (OPENSSPI_OPTION){ "packages", "Kerberos" };
    }
    status =
        OpenSspiAcquireCredentialsHandle(wraps_kerberos(s) ? "Negotiate" : s->package,
                                         SECPKG_CRED_INBOUND | SECPKG_CRED_AUTOLOGON_RESTRICTED,
                                         NULL, options, (ULONG)n, why, (ULONG)why_n, handle, NULL);
    mem_free(options);
    return status;
}

CredHandle *
credential_get(struct credential *credential, enum credential_kind kind, char *why, size_t why_n)
{
    CredHandle *handle = NULL;
    SECURITY_STATUS status = SEC_E_OK;

    (void)pthread_mutex_lock(&credential->lock);
    why[0] = 0;
    if (!credential->have[kind]) {
        status = acquire(credential->settings, kind, &credential->handles[kind], why, why_n);
        credential->have[kind] = status == SEC_E_OK;
    }
    if (credential->have[kind]) {
        handle = &credential->handles[kind];
    } else if (!why[0]) {
        (void)snprintf(why, why_n, "%s", OpenSspiStatusName(status));
    }
    (void)pthread_mutex_unlock(&credential->lock);
    return handle;
}

/* [MS-NLMP] 2.2.1.1: the least NEGOTIATE_MESSAGE that a client of today sends: Unicode, sign, NTLM,
 * always sign, extended session security, 128 bit, key exchange. */
static bool
try_ntlm(CredHandle *credential)
{
    uint8_t token[] = { 'N', 'T', 'L', 'M', 'S', 'S', 'P', 0, 1, 0, 0, 0, 0x15, 0x82, 0x08, 0x60,
                        0,   0,   0,   0,   0,   0,   0,   0, 0, 0, 0, 0, 0,    0,    0,    0 };
    SecBuffer given = { sizeof(token), SECBUFFER_TOKEN, token };
    SecBuffer answer = { 0, SECBUFFER_TOKEN, NULL };
    SecBufferDesc in = { SECBUFFER_VERSION, 1, &given }, out = { SECBUFFER_VERSION, 1, &answer };
    CtxtHandle context;
    ULONG attributes;
    SECURITY_STATUS status =
        AcceptSecurityContext(credential, NULL, &in, ASC_REQ_ALLOCATE_MEMORY, SECURITY_NATIVE_DREP,
                              &context, &out, &attributes, NULL);

    if (answer.pvBuffer) {
        (void)FreeContextBuffer(answer.pvBuffer);
    }
    if (status >= 0) {
        (void)DeleteSecurityContext(&context);
    }
    return status == SEC_I_CONTINUE_NEEDED;
}

bool
credential_takes_ntlm(struct credential *credential)
{
    char why[WHY_BYTES];
    CredHandle *handle = credential_get(credential, CREDENTIAL_MAIN, why, sizeof(why));
    bool takes;

    (void)pthread_mutex_lock(&credential->lock);
    if (handle && !credential->was_tried) {
        credential->takes_ntlm = try_ntlm(handle);
        credential->was_tried = true;
    }
    takes = credential->takes_ntlm;
    (void)pthread_mutex_unlock(&credential->lock);
    return takes;
}

bool
credential_has_keys(const struct listener_settings *settings, char *why, size_t why_n)
{
    CredHandle handle;
    SECURITY_STATUS status;

    if (strcasecmp(settings->package, "NTLM") == 0) {
        return true;
    }
    status = acquire(settings, CREDENTIAL_MAIN, &handle, why, why_n);
    if (status != SEC_E_OK) {
        if (!why[0]) {
            (void)snprintf(why, why_n, "%s", OpenSspiStatusName(status));
        }
        return false;
    }
    status = OpenSspiCheckService(&handle, NULL);
    (void)snprintf(why, why_n, "%s", OpenSspiReason());
    (void)FreeCredentialsHandle(&handle);
    return status != SEC_E_NO_CREDENTIALS;
}

/* What is wrong with a key that is no key of [policy]: perhaps it was to be one of a listener's. */
static const char *
better_guess(const char *key, const char *said, char *why, size_t why_n)
{
    if (!strstr(said, "unknown")) {
        return said;
    }
    (void)settings_unknown_listener_key(key, why, why_n);
    return strchr(said, ';') && !strchr(why, ';') ? said : why;
}

/* The library's text names the key again. */
static const char *
without_key(const char *said, const char *key)
{
    size_t n = strlen(key);

    return strncmp(said, key, n) == 0 && strncmp(said + n, ": ", 2) == 0 ? said + n + 2 : said;
}

static bool
check_option(const struct settings *settings, const struct listener_settings *listener,
             const struct listener_option *o, struct config_error *error)
{
    char said[WHY_BYTES] = "", why[WHY_BYTES];
    const char *key = o->option.pszName;
    SECURITY_STATUS status =
        OpenSspiAcquireCredentialsHandle(listener->package, SECPKG_CRED_INBOUND, NULL, &o->option,
                                         1, said, sizeof(said), NULL, NULL);

    if (status == SEC_E_OK) {
        return true;
    }
    (void)snprintf(why, sizeof(why), "%s", OpenSspiStatusName(status));
    settings_fail(settings, listener, key, o->line,
                  said[0] ? better_guess(key, without_key(said, key), why, sizeof(why)) : why,
                  error);
    return false;
}

bool
credential_check(const struct settings *settings, const struct listener_settings *listener,
                 struct config_error *error)
{
    SecPkgInfoA *info = NULL;
    char why[WHY_BYTES];

    if (QuerySecurityPackageInfoA(listener->package, &info) != SEC_E_OK) {
        (void)snprintf(why, sizeof(why), "expected a package that there is, not \"%.100s\"",
                       listener->package);
        settings_fail(settings, listener, "package", listener->package_line, why, error);
        return false;
    }
    (void)FreeContextBuffer(info);
    for (size_t i = 0; i < listener->n_options; i++) {
        if (!check_option(settings, listener, &listener->options[i], error)) {
            return false;
        }
    }
    return true;
}
