/* SPDX-License-Identifier: Apache-2.0 */
/* sspi_peer.c's other side: WinPR. Its A functions convert what they are given and not what they
 * return, so the W ones are called where it matters. */
#include "peers/sspi_side.h"

#include <string.h>
#include <winpr/ntlm.h>

const bool side_reads_first_input = false;

SECURITY_STATUS
side_acquire(struct side *s)
{
    SEC_WINNT_AUTH_IDENTITY_A id = { .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI };
    TimeStamp expiry;

    sspi_GlobalInit();
    if (s->n_options) {
        talk_die("--option", "WinPR's has none");
    }
    if (!s->server && s->user) {
        id.User = (BYTE *)(uintptr_t)s->user;
        id.UserLength = (ULONG)strlen(s->user);
        id.Domain = (BYTE *)(uintptr_t)(s->domain ? s->domain : "");
        id.DomainLength = (ULONG)strlen((const char *)id.Domain);
        id.Password = (BYTE *)(uintptr_t)(s->password ? s->password : "");
        id.PasswordLength = (ULONG)strlen((const char *)id.Password);
    }
    return AcquireCredentialsHandleA(NULL, (SEC_CHAR *)(uintptr_t)s->package,
                                     s->server ? SECPKG_CRED_INBOUND : SECPKG_CRED_OUTBOUND, NULL,
                                     id.User ? &id : NULL, NULL, NULL, &s->cred, &expiry);
}

SECURITY_STATUS
side_leg(struct side *s, PCtxtHandle old, SecBufferDesc *in, SecBufferDesc *out)
{
    SEC_CHAR *spn = (SEC_CHAR *)(uintptr_t)s->spn;
    TimeStamp expiry;

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
    SecPkgContext_AuthNtlmHash account = { .Version = 2 };
    char *password = (char *)(uintptr_t)(s->password ? s->password : "");
    char *user = (char *)(uintptr_t)(s->user ? s->user : "");
    char *domain = (char *)(uintptr_t)(s->domain ? s->domain : "");

    if (!NTOWFv2A(password, (UINT32)strlen(password), user, (UINT32)strlen(user), domain,
                  (UINT32)strlen(domain), account.NtlmHash)) {
        return SEC_E_INTERNAL_ERROR;
    }
    return InitSecurityInterfaceExW(0)->SetContextAttributesW(
        &s->context, SECPKG_ATTR_AUTH_NTLM_HASH, &account, sizeof(account));
}

const char *
side_status_name(SECURITY_STATUS status)
{
    return GetSecurityStatusString(status);
}

const char *
side_reason(void)
{
    return "";
}

SECURITY_STATUS
side_delegate(struct side *s, const char *target, SecBuffer *out)
{
    (void)s;
    (void)target;
    (void)out;
    return SEC_E_UNSUPPORTED_FUNCTION;
}

void
side_describe(struct side *s, json_t *into)
{
    SecPkgContext_AuthIdentity who = { 0 };

    if (QueryContextAttributesA(&s->context, SECPKG_ATTR_AUTH_IDENTITY, &who) == SEC_E_OK) {
        (void)json_object_set_new(into, "proven_user", json_string(who.User));
        (void)json_object_set_new(into, "proven_domain", json_string(who.Domain));
    }
}
