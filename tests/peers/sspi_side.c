/* SPDX-License-Identifier: Apache-2.0 */
/* sspi_peer.c's own side: this library. */
#include "peers/sspi_side.h"

#include <stdlib.h>
#include <string.h>

const bool side_reads_first_input = true;

SECURITY_STATUS
side_acquire(struct side *s)
{
    SEC_WINNT_AUTH_IDENTITY_A id = { .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI };
    OPENSSPI_OPTION options[SIDE_MAX_OPTIONS];
    char error[512] = "";
    SECURITY_STATUS status;

    if (s->user) {
        id.User = (unsigned char *)(uintptr_t)s->user;
        id.UserLength = (ULONG)strlen(s->user);
    }
    if (s->domain) {
        id.Domain = (unsigned char *)(uintptr_t)s->domain;
        id.DomainLength = (ULONG)strlen(s->domain);
    }
    if (s->password) {
        id.Password = (unsigned char *)(uintptr_t)s->password;
        id.PasswordLength = (ULONG)strlen(s->password);
    }
    for (unsigned i = 0; i < s->n_options; i++) {
        options[i] = (OPENSSPI_OPTION){ s->options[i].name, s->options[i].value };
    }
    status = OpenSspiAcquireCredentialsHandle(
        s->package, s->server ? SECPKG_CRED_INBOUND : SECPKG_CRED_OUTBOUND, s->user ? &id : NULL,
        options, s->n_options, error, sizeof(error), &s->cred, NULL);
    if (status != SEC_E_OK && error[0]) {
        talk_die("credential", error);
    }
    return status;
}

static SECURITY_STATUS
sasl_leg(struct side *s, PCtxtHandle old, SecBufferDesc *in, SecBufferDesc *out)
{
    SecBuffer empty = { 0, SECBUFFER_TOKEN, NULL };
    SecBufferDesc nothing = { SECBUFFER_VERSION, 1, &empty };

    in = in || (!old && !s->server) ? in : &nothing;
    if (s->server) {
        return SaslAcceptSecurityContext(&s->cred, old, in, s->wanted, SECURITY_NATIVE_DREP,
                                         &s->context, out, &s->granted, NULL);
    }
    return SaslInitializeSecurityContextA(&s->cred, old, (SEC_CHAR *)(uintptr_t)s->spn, s->wanted,
                                          0, SECURITY_NATIVE_DREP, in, 0, &s->context, out,
                                          &s->granted, NULL);
}

/* Options come before the first leg, after which it may be too late. */
static SECURITY_STATUS
sasl_begin(struct side *s)
{
    ULONG use = s->server ? SECPKG_CRED_INBOUND : SECPKG_CRED_OUTBOUND, max_bytes;
    SECURITY_STATUS status = OpenSspiCreateContext(&s->cred, use, &s->context);

    if (status == SEC_E_OK && s->max_bytes) {
        max_bytes = (ULONG)strtoul(s->max_bytes, NULL, 10);
        status =
            SaslSetContextOption(&s->context, SASL_OPTION_RECV_SIZE, &max_bytes, sizeof(max_bytes));
    }
    if (status == SEC_E_OK && s->authzid) {
        status = SaslSetContextOption(&s->context, SASL_OPTION_AUTHZ_STRING,
                                      (char *)(uintptr_t)s->authzid, (ULONG)strlen(s->authzid));
    }
    return status;
}

static SECURITY_STATUS
first_sasl_leg(struct side *s, SecBufferDesc *in, SecBufferDesc *out)
{
    SECURITY_STATUS status;

    if (!s->max_bytes && !s->authzid) {
        return sasl_leg(s, NULL, in, out);
    }
    status = sasl_begin(s);
    return status == SEC_E_OK ? sasl_leg(s, &s->context, in, out) : status;
}

SECURITY_STATUS
side_leg(struct side *s, PCtxtHandle old, SecBufferDesc *in, SecBufferDesc *out)
{
    SEC_CHAR *spn = (SEC_CHAR *)(uintptr_t)s->spn;
    TimeStamp expiry;

    if (s->sasl) {
        return old ? sasl_leg(s, old, in, out) : first_sasl_leg(s, in, out);
    }
    if (s->server) {
        return AcceptSecurityContext(&s->cred, old, in, s->wanted, SECURITY_NATIVE_DREP,
                                     &s->context, out, &s->granted, &expiry);
    }
    return InitializeSecurityContextA(&s->cred, old, spn, s->wanted, 0, SECURITY_NATIVE_DREP, in, 0,
                                      &s->context, out, &s->granted, &expiry);
}

SECURITY_STATUS
side_give_account(struct side *s)
{
    (void)s;
    return SEC_E_OK;
}

const char *
side_status_name(SECURITY_STATUS status)
{
    return OpenSspiStatusName(status);
}

const char *
side_reason(void)
{
    return OpenSspiReason();
}

static void
set_string(json_t *into, const char *key, const char *value)
{
    (void)json_object_set_new(into, key, json_string(value ? value : ""));
}

SECURITY_STATUS
side_delegate(struct side *s, const char *target, SecBuffer *out)
{
    SecBufferDesc desc = { SECBUFFER_VERSION, 1, out };
    CredHandle cred;
    CtxtHandle context;
    ULONG attributes;
    SECURITY_STATUS status = ImpersonateSecurityContext(&s->context);

    if (status != SEC_E_OK) {
        return status;
    }
    status = AcquireCredentialsHandleA(NULL, (char *)(uintptr_t) "Kerberos", SECPKG_CRED_OUTBOUND,
                                       NULL, NULL, NULL, NULL, &cred, NULL);
    (void)DeleteSecurityContext(&s->context);
    (void)RevertSecurityContext(&s->context);
    if (status != SEC_E_OK) {
        return status;
    }
    status = InitializeSecurityContextA(&cred, NULL, (char *)(uintptr_t)target,
                                        ISC_REQ_ALLOCATE_MEMORY, 0, SECURITY_NATIVE_DREP, NULL, 0,
                                        &context, &desc, &attributes, NULL);
    if (status >= 0) {
        (void)DeleteSecurityContext(&context);
    }
    (void)FreeCredentialsHandle(&cred);
    return status < 0 ? status : SEC_E_OK;
}

static void
describe_token(struct side *s, json_t *into)
{
    POPENSSPI_TOKEN t = NULL;
    json_t *groups = json_array();
    HANDLE token;

    if (QuerySecurityContextToken(&s->context, &token) == SEC_E_OK) {
        if (OpenSspiQueryToken(token, &t) == SEC_E_OK) {
            set_string(into, "token_user", t->UserSid);
            (void)json_object_set_new(into, "token_level", json_integer(t->Level));
            for (ULONG i = 0; i < t->GroupCount; i++) {
                (void)json_array_append_new(groups, json_string(t->GroupSids[i]));
            }
            (void)json_object_set(into, "token_groups", groups);
            (void)FreeContextBuffer(t);
        }
        (void)OpenSspiCloseToken(token);
    }
    json_decref(groups);
}

static void
describe_names(struct side *s, json_t *into)
{
    SecPkgContext_NamesA names = { 0 };
    SecPkgContext_ClientSpecifiedTarget target = { 0 };
    SecPkgContext_NegotiationInfoA negotiated = { 0 };

    if (QueryContextAttributesA(&s->context, SECPKG_ATTR_NAMES, &names) == SEC_E_OK) {
        set_string(into, "user", names.sUserName);
        (void)FreeContextBuffer(names.sUserName);
    }
    if (QueryContextAttributesA(&s->context, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, &target) ==
        SEC_E_OK) {
        size_t n = 0;

        while (target.sTargetName[n]) {
            n++;
        }
        (void)json_object_set_new(into, "target_utf16",
                                  talk_hex(target.sTargetName, n * sizeof(SEC_WCHAR)));
        (void)FreeContextBuffer(target.sTargetName);
    }
    if (QueryContextAttributesA(&s->context, SECPKG_ATTR_NEGOTIATION_INFO, &negotiated) ==
        SEC_E_OK) {
        set_string(into, "mechanism", negotiated.PackageInfo->Name);
        (void)json_object_set_new(into, "negotiation", json_integer(negotiated.NegotiationState));
        (void)FreeContextBuffer(negotiated.PackageInfo);
    }
}

static void
describe_keys(struct side *s, json_t *into)
{
    SecPkgContext_SessionKey key = { 0 };
    SecPkgContext_KeyInfoA info = { 0 };

    if (QueryContextAttributesA(&s->context, SECPKG_ATTR_SESSION_KEY, &key) == SEC_E_OK) {
        (void)json_object_set_new(into, "session_key",
                                  talk_hex(key.SessionKey, key.SessionKeyLength));
        (void)FreeContextBuffer(key.SessionKey);
    }
    if (QueryContextAttributesA(&s->context, SECPKG_ATTR_KEY_INFO, &info) == SEC_E_OK) {
        (void)json_object_set_new(into, "key_bits", json_integer(info.KeySize));
        set_string(into, "signature_algorithm", info.sSignatureAlgorithmName);
        (void)FreeContextBuffer(info.sSignatureAlgorithmName);
        (void)FreeContextBuffer(info.sEncryptAlgorithmName);
    }
}

static void
describe_sasl(struct side *s, json_t *into)
{
    char authzid[256];
    ULONG n = 0, size = 0;

    if (SaslGetContextOption(&s->context, SASL_OPTION_AUTHZ_STRING, authzid, sizeof(authzid), &n) ==
        SEC_E_OK) {
        (void)json_object_set_new(into, "authzid", json_stringn(authzid, n));
    }
    if (SaslGetContextOption(&s->context, SASL_OPTION_SEND_SIZE, &size, sizeof(size), NULL) ==
        SEC_E_OK) {
        (void)json_object_set_new(into, "send_size", json_integer(size));
    }
}

/* Of the client's logon: what nobody told is not there. */
static void
describe_account(struct side *s, json_t *into)
{
    SecPkgContext_AuthorityA authority = { 0 };
    SecPkgContext_PasswordExpiry password = { 0 };
    SecPkgContext_LogoffTime logoff = { 0 };
    SecPkgContext_UserFlags flags = { 0 };

    if (QueryContextAttributesA(&s->context, SECPKG_ATTR_AUTHORITY, &authority) == SEC_E_OK) {
        set_string(into, "authority", authority.sAuthorityName);
        (void)FreeContextBuffer(authority.sAuthorityName);
    }
    if (QueryContextAttributesA(&s->context, SECPKG_ATTR_PASSWORD_EXPIRY, &password) == SEC_E_OK) {
        (void)json_object_set_new(into, "password_expires",
                                  json_integer(password.tsPasswordExpires.QuadPart));
    }
    if (QueryContextAttributesA(&s->context, SECPKG_ATTR_LOGOFF_TIME, &logoff) == SEC_E_OK) {
        (void)json_object_set_new(into, "logoff", json_integer(logoff.tsLogoffTime.QuadPart));
    }
    if (QueryContextAttributesA(&s->context, SECPKG_ATTR_USER_FLAGS, &flags) == SEC_E_OK) {
        (void)json_object_set_new(into, "user_flags", json_integer(flags.UserFlags));
    }
}

void
side_describe(struct side *s, json_t *into)
{
    POPENSSPI_LOGON logon = NULL;

    describe_names(s, into);
    describe_keys(s, into);
    if (s->sasl) {
        describe_sasl(s, into);
    }
    if (!s->server || OpenSspiQueryLogon(&s->context, &logon) != SEC_E_OK) {
        return;
    }
    describe_token(s, into);
    describe_account(s, into);
    set_string(into, "status", OpenSspiStatusName(logon->Status));
    set_string(into, "package", logon->PackageName);
    set_string(into, "ntlm_version", logon->NtlmVersion);
    set_string(into, "proven_user", logon->UserName);
    set_string(into, "proven_domain", logon->DomainName);
    set_string(into, "claimed_user", logon->ClaimedUserName);
    set_string(into, "claimed_domain", logon->ClaimedDomainName);
    set_string(into, "workstation", logon->Workstation);
    set_string(into, "target", logon->TargetName);
    set_string(into, "reason", logon->Reason);
    (void)json_object_set_new(into, "sub_status", json_integer(logon->SubStatus));
    set_string(into, "client_principal", logon->ClientPrincipal);
    set_string(into, "service_principal", logon->ServicePrincipal);
    set_string(into, "ticket_encryption", logon->TicketEncryption);
    set_string(into, "session_encryption", logon->SessionEncryption);
    (void)json_object_set_new(into, "delegated", json_boolean(*logon->DelegatedCache != 0));
    (void)json_object_set_new(into, "kerberos_error", json_integer(logon->KerberosError));
    (void)json_object_set_new(into, "anonymous", json_boolean(logon->Anonymous));
    (void)json_object_set_new(into, "mic_verified", json_boolean(logon->MicVerified));
    (void)json_object_set_new(into, "bindings_verified", json_boolean(logon->BindingsVerified));
    (void)FreeContextBuffer(logon);
}
