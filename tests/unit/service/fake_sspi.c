/* SPDX-License-Identifier: Apache-2.0 */
/* The interface as a script. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_sspi.h"

int fake_live;
const char *fake_missing;
int fake_only_signed;
int fake_short_trailer;
int fake_moves_nothing;
int fake_denies_ntlm;
const char *fake_keyed;
const char *fake_first_token = "";
LONG fake_krb_error;

static _Thread_local const char *reason = "";

/* Not malloc: where a test fails allocations, they are sspid's. */
static void *
zeroed(size_t n)
{
    void *p = aligned_alloc(16, (n + 15) / 16 * 16);

    return memset(p, 0, n);
}

static char *
kept(const void *p, size_t n)
{
    char *copy = zeroed(n + 1);

    memcpy(copy, p, n);
    (void)__atomic_add_fetch(&fake_live, 1, __ATOMIC_RELAXED);
    return copy;
}

SECURITY_STATUS
FreeContextBuffer(void *p)
{
    (void)__atomic_sub_fetch(&fake_live, 1, __ATOMIC_RELAXED);
    free(p);
    return SEC_E_OK;
}

const char *
OpenSspiReason(void)
{
    return reason;
}

const char *
OpenSspiStatusName(SECURITY_STATUS status)
{
    return status == SEC_E_LOGON_DENIED ? "SEC_E_LOGON_DENIED" : "SEC_E_OTHER";
}

SECURITY_STATUS
OpenSspiAcquireCredentialsHandle(const char *package, ULONG use, void *auth,
                                 const OPENSSPI_OPTION *options, ULONG n, char *error,
                                 ULONG error_n, PCredHandle credential, PTimeStamp expiry)
{
    (void)use;
    (void)auth;
    (void)expiry;
    for (ULONG i = 0; i < n; i++) {
        char both[128];

        (void)snprintf(both, sizeof(both), "%s=%s", options[i].pszName, options[i].pszValue);
        if (fake_missing && strcmp(both, fake_missing) == 0) {
            (void)snprintf(error, error_n, "%s: no", both);
            return SEC_E_SECPKG_NOT_FOUND;
        }
        if (strcmp(options[i].pszName, "ntlm") != 0 && strcmp(options[i].pszName, "spn") != 0) {
            (void)snprintf(error, error_n, "%s: unknown key", options[i].pszName);
            return SEC_E_INVALID_PARAMETER;
        }
    }
    if (fake_missing && strcmp(package, fake_missing) == 0) {
        return SEC_E_SECPKG_NOT_FOUND;
    }
    if (credential) {
        (void)__atomic_add_fetch(&fake_live, 1, __ATOMIC_RELAXED);
        credential->dwLower = credential->dwUpper = 7;
    }
    return SEC_E_OK;
}

SECURITY_STATUS
QuerySecurityPackageInfoA(SEC_CHAR *package, PSecPkgInfoA *info)
{
    if (fake_missing && strcmp(package, fake_missing) == 0) {
        return SEC_E_SECPKG_NOT_FOUND;
    }
    *info = (PSecPkgInfoA)(void *)kept((SecPkgInfoA[]){ { 0 } }, sizeof(**info));
    return SEC_E_OK;
}

SECURITY_STATUS
FreeCredentialsHandle(PCredHandle credential)
{
    credential->dwLower = 0;
    (void)__atomic_sub_fetch(&fake_live, 1, __ATOMIC_RELAXED);
    return SEC_E_OK;
}

SECURITY_STATUS
OpenSspiCheckService(PCredHandle credential, const char *service)
{
    (void)credential;
    if (!fake_keyed) {
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    reason = "no key in the keytab";
    return !service || strcmp(service, fake_keyed) == 0 ? SEC_E_OK : SEC_E_NO_CREDENTIALS;
}

/* The context: a heap string, "PACKAGE:NAME", "?" while it is not established. */
static char *
name_of(PCtxtHandle context)
{
    return (char *)context->dwLower;
}

static SECURITY_STATUS
become(PCtxtHandle context, const char *package, const char *name)
{
    char both[128];

    (void)snprintf(both, sizeof(both), "%s:%s", package, name);
    free(name_of(context));
    context->dwLower = (ULONG_PTR)strdup(both);
    return SEC_E_OK;
}

static void
say(PSecBufferDesc out, const char *text)
{
    out->pBuffers[0].pvBuffer = kept(text, strlen(text));
    out->pBuffers[0].cbBuffer = (ULONG)strlen(text);
}

SECURITY_STATUS
OpenSspiCreateContext(PCredHandle credential, ULONG use, PCtxtHandle context)
{
    (void)credential;
    (void)use;
    context->dwLower = (ULONG_PTR)strdup("?");
    context->dwUpper = 1;
    (void)__atomic_add_fetch(&fake_live, 1, __ATOMIC_RELAXED);
    return SEC_E_OK;
}

SECURITY_STATUS
OpenSspiQueryNegotiation(PCtxtHandle context, POPENSSPI_NEGOTIATION *out)
{
    static const char *const offered[] = { "MS-Kerberos", "NTLM" };
    POPENSSPI_NEGOTIATION made = zeroed(sizeof(*made));

    (void)context;
    *made = (OPENSSPI_NEGOTIATION){ .PackageName = "",
                                    .OfferedCount = fake_first_token[0] ? 2 : 0,
                                    .Offered = offered,
                                    .FirstToken = fake_first_token };
    (void)__atomic_add_fetch(&fake_live, 1, __ATOMIC_RELAXED);
    *out = made;
    return SEC_E_OK;
}

static SECURITY_STATUS
follow(const char *script, PCtxtHandle context, PSecBufferDesc out, ULONG *attributes)
{
    const char *name = strchr(script, ':') ? strchr(script, ':') + 1 : "";

    *attributes = ASC_RET_CONFIDENTIALITY | ASC_RET_INTEGRITY;
    if (strcmp(script, "more") == 0) {
        say(out, "go on");
        return SEC_I_CONTINUE_NEEDED;
    }
    if (strcmp(script, "complete") == 0) {
        say(out, "completed");
        return SEC_I_COMPLETE_AND_CONTINUE;
    }
    if (strncmp(script, "yes:", 4) == 0) {
        return become(context, "NTLM", name);
    }
    if (strncmp(script, "done:", 5) == 0) {
        say(out, "completed");
        (void)become(context, "NTLM", name);
        return SEC_I_COMPLETE_NEEDED;
    }
    if (strncmp(script, "krb:", 4) == 0) {
        *attributes |= ASC_RET_MUTUAL_AUTH;
        say(out, "final");
        return become(context, "Kerberos", name);
    }
    if (strncmp(script, "plain:", 6) == 0) {
        *attributes = 0;
        return become(context, "NTLM", name);
    }
    if (strcmp(script, "no") == 0) {
        say(out, "error");
        return SEC_E_LOGON_DENIED;
    }
    reason = "the token makes no sense";
    return SEC_E_INVALID_TOKEN;
}

SECURITY_STATUS
AcceptSecurityContext(PCredHandle credential, PCtxtHandle context, PSecBufferDesc in, ULONG wanted,
                      ULONG drep, PCtxtHandle new_context, PSecBufferDesc out, ULONG *attributes,
                      PTimeStamp expiry)
{
    const char *token = in->pBuffers[0].pvBuffer;
    size_t n = in->pBuffers[0].cbBuffer;
    char script[128] = "";
    SECURITY_STATUS status;

    (void)credential;
    (void)wanted;
    (void)drep;
    (void)expiry;
    reason = "";
    if (n >= 12 && memcmp(token, FAKE_NTLM_FIRST, 12) == 0) {
        token += 12;
        n -= 12;
    } else if (n >= 1 && token[0] == 0x60) {
        token++;
        n--;
    }
    (void)snprintf(script, sizeof(script), "%.*s", (int)n, token);
    if (n == 20 && token[0] == 0x15) {
        (void)snprintf(script, sizeof(script), fake_denies_ntlm ? "no" : "more"); /* a real one */
    }
    if (!context) {
        new_context->dwLower = (ULONG_PTR)strdup("?");
        new_context->dwUpper = 1;
    }
    status = follow(script, new_context, out, attributes);
    if (!context && status < 0) {
        free(name_of(new_context));
        SecInvalidateHandle(new_context);
    } else if (!context) {
        (void)__atomic_add_fetch(&fake_live, 1, __ATOMIC_RELAXED);
    }
    return status;
}

SECURITY_STATUS
CompleteAuthToken(PCtxtHandle context, PSecBufferDesc token)
{
    (void)context;
    memcpy(token->pBuffers[0].pvBuffer, "COMPLETED", 9);
    return SEC_E_OK;
}

SECURITY_STATUS
DeleteSecurityContext(PCtxtHandle context)
{
    free(name_of(context));
    SecInvalidateHandle(context);
    (void)__atomic_sub_fetch(&fake_live, 1, __ATOMIC_RELAXED);
    return SEC_E_OK;
}

/* Contexts on their way: their number, and their name. */
enum { EXPORTED_MAX = 4096 };

static unsigned exported;
static bool spent[EXPORTED_MAX];

SECURITY_STATUS
ExportSecurityContext(PCtxtHandle context, ULONG flags, PSecBuffer packed, void **token)
{
    char both[160];

    (void)flags;
    (void)token;
    if (fake_moves_nothing || exported == EXPORTED_MAX) {
        reason = "no key";
        return SEC_E_NO_CREDENTIALS;
    }
    (void)snprintf(both, sizeof(both), "%u %s", exported++, name_of(context));
    packed->pvBuffer = kept(both, strlen(both) + 1);
    packed->cbBuffer = (ULONG)strlen(both) + 1;
    return DeleteSecurityContext(context);
}

SECURITY_STATUS
OpenSspiImportContext(PCredHandle credential, PSecBuffer packed, PCtxtHandle context)
{
    char *name = NULL;
    unsigned long number = strtoul(packed->pvBuffer, &name, 10);

    if (fake_moves_nothing || number >= EXPORTED_MAX || spent[number]) {
        reason = "imported before";
        return SEC_E_CONTEXT_EXPIRED;
    }
    spent[number] = true;
    (void)OpenSspiCreateContext(credential, 0, context);
    free(name_of(context));
    context->dwLower = (ULONG_PTR)strdup(name + 1);
    return SEC_E_OK;
}

struct fake_logon {
    OPENSSPI_LOGON logon;
    char package[64];
    char name[64];
};

/* who: "PACKAGE:NAME", or "?" for somebody who is not proven. */
static SECURITY_STATUS
tell_logon(const char *who, POPENSSPI_LOGON *out)
{
    static const char *const groups[] = { "staff", "a,b\xC3\xBC", "denied", "off" };
    static const char *const sids[] = { "S-1-5-21-1", "S-1-5-21-2", "S-1-5-21-3", "S-1-5-21-4" };
    static const ULONG group_attributes[] = { 7, 0x20000007, 0x14, 0 };
    struct fake_logon *made = zeroed(sizeof(*made));
    const char *colon = strchr(who, ':');

    if (colon) {
        (void)snprintf(made->package, sizeof(made->package), "%.*s", (int)(colon - who), who);
        (void)snprintf(made->name, sizeof(made->name), "%s", colon + 1);
    }
    made->logon = (OPENSSPI_LOGON){
        .SubStatus = colon ? 0 : 0xC000006A,
        .PackageName = made->package,
        .NtlmVersion = strcmp(made->package, "NTLM") == 0 ? "NTLM V2" : "",
        .UserName = made->name,
        .DomainName = "WEB1",
        .ClaimedUserName = made->name,
        .ClaimedDomainName = "web1",
        .Workstation = "PC7",
        .TargetName = "",
        .UserSid = colon ? "S-1-5-21-1-2-3-1000" : "",
        .UnixUser = "",
        .GroupCount = colon ? 4 : 0,
        .Groups = groups,
        .GroupSids = sids,
        .GroupAttributes = group_attributes,
        .Reason = "",
        .ClientPrincipal = "",
        .ServicePrincipal = fake_krb_error ? "HTTP/web1.example.test@EXAMPLE.TEST" : "",
        .TicketEncryption = "",
        .SessionEncryption = "",
        .KerberosError = fake_krb_error,
        .DelegatedCache = "",
        .UserPrincipalName = "",
        .LogonServer = "",
        .RefusedSid = colon ? "" : "S-1-5-21-1-2-3-1000",
        .Assertion = "",
    };
    made->logon.Anonymous = colon && strcmp(colon, ":nobody") == 0;
    (void)__atomic_add_fetch(&fake_live, 1, __ATOMIC_RELAXED);
    *out = &made->logon;
    return SEC_E_OK;
}

SECURITY_STATUS
OpenSspiQueryLogon(PCtxtHandle context, POPENSSPI_LOGON *out)
{
    return tell_logon(name_of(context), out);
}

SECURITY_STATUS
OpenSspiLogonPasswordA(const SEC_CHAR *user, const SEC_CHAR *domain, const SEC_CHAR *password,
                       POPENSSPI_LOGON *out)
{
    char who[128];
    bool right = strcmp(password, "right") == 0;

    (void)snprintf(who, sizeof(who), ":%s%s%s", domain, *domain ? "/" : "", user);
    (void)tell_logon(right ? who : "?", out);
    reason = right ? "" : "wrong password";
    return right ? SEC_E_OK : SEC_E_LOGON_DENIED;
}

static SecBuffer *
find(PSecBufferDesc message, ULONG type)
{
    for (ULONG i = 0; i < message->cBuffers; i++) {
        if (message->pBuffers[i].BufferType == type) {
            return &message->pBuffers[i];
        }
    }
    return NULL;
}

static void
turn_over(SecBuffer *data)
{
    for (ULONG i = 0; i < data->cbBuffer; i++) {
        ((uint8_t *)data->pvBuffer)[i] ^= 0xFF;
    }
}

SECURITY_STATUS
EncryptMessage(PCtxtHandle context, ULONG quality, PSecBufferDesc message, ULONG seq)
{
    SecBuffer *token = find(message, SECBUFFER_TOKEN);
    SecBuffer *padding = find(message, SECBUFFER_PADDING);

    (void)context;
    (void)quality;
    (void)seq;
    turn_over(find(message, SECBUFFER_DATA));
    if (token->cbBuffer < 4) {
        return SEC_E_BUFFER_TOO_SMALL;
    }
    memcpy(token->pvBuffer, "TRAI", 4);
    token->cbBuffer = fake_short_trailer ? 2 : 4;
    if (padding) {
        memcpy(padding->pvBuffer, "P", 1);
        padding->cbBuffer = 1;
    }
    return SEC_E_OK;
}

SECURITY_STATUS
DecryptMessage(PCtxtHandle context, PSecBufferDesc message, ULONG seq, ULONG *quality)
{
    SecBuffer *token = find(message, SECBUFFER_TOKEN);

    (void)context;
    (void)seq;
    if (token->cbBuffer != 4 || memcmp(token->pvBuffer, "TRAI", 4) != 0) {
        return SEC_E_MESSAGE_ALTERED;
    }
    turn_over(find(message, SECBUFFER_DATA));
    *quality = fake_only_signed ? SECQOP_WRAP_NO_ENCRYPT : 0;
    return SEC_E_OK;
}
