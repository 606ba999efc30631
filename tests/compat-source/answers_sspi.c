/* SPDX-License-Identifier: Apache-2.0 */
/* The interface's own conventions: statuses, sizes and flags of a logon with NTLM as far as the client's first token. */
#define SECURITY_WIN32
#include "answers.h"
#include <security.h>

#define STATUS(label, call) printf("%s: %08X\n", label, (unsigned)(call))

static char user[] = "alice", domain[] = "WORKGROUP", password[] = "Secret123!x",
            target[] = "HTTP/web1.example.test";
static char ntlm[] = "NTLM", none[] = "NoSuchPackage";

static void
packages(void)
{
    PSecPkgInfoA info = NULL, all = NULL;
    PSecPkgInfoW wide = NULL;
    static WCHAR ntlm_w[] = { 'N', 'T', 'L', 'M', 0 };
    ULONG count = 0;

    STATUS("EnumerateSecurityPackagesA", EnumerateSecurityPackagesA(&count, &all));
    NUMBER("EnumerateSecurityPackagesA.count", count >= 3);
    STATUS("FreeContextBuffer", FreeContextBuffer(all));
    STATUS("QuerySecurityPackageInfoA", QuerySecurityPackageInfoA(ntlm, &info));
    NUMBER("rpc id", info->wRPCID);
    NUMBER("version", info->wVersion);
    print_text("name", info->Name);
    NUMBER("integrity and privacy", (info->fCapabilities & 3) == 3);
    NUMBER("connection", (info->fCapabilities & SECPKG_FLAG_CONNECTION) != 0);
    NUMBER("token only", (info->fCapabilities & SECPKG_FLAG_TOKEN_ONLY) != 0);
    NUMBER("impersonation", (info->fCapabilities & SECPKG_FLAG_IMPERSONATION) != 0);
    NUMBER("negotiable", (info->fCapabilities & SECPKG_FLAG_NEGOTIABLE) != 0);
    FreeContextBuffer(info);
    STATUS("QuerySecurityPackageInfoA.none", QuerySecurityPackageInfoA(none, &info));
    STATUS("QuerySecurityPackageInfoW", QuerySecurityPackageInfoW(ntlm_w, &wide));
    print_bytes("name.wide", wide->Name, 10);
    FreeContextBuffer(wide);
}

static void
credentials(CredHandle *made)
{
    SEC_WINNT_AUTH_IDENTITY_A identity = { 0 };
    CredHandle other;
    TimeStamp expiry;

    identity.User = (unsigned char *)user;
    identity.UserLength = sizeof(user) - 1;
    identity.Domain = (unsigned char *)domain;
    identity.DomainLength = sizeof(domain) - 1;
    identity.Password = (unsigned char *)password;
    identity.PasswordLength = sizeof(password) - 1;
    identity.Flags = SEC_WINNT_AUTH_IDENTITY_ANSI;
    STATUS("Acquire.none", AcquireCredentialsHandleA(NULL, none, SECPKG_CRED_OUTBOUND, NULL, NULL,
                                                     NULL, NULL, &other, &expiry));
    STATUS("Acquire.no-package", AcquireCredentialsHandleA(NULL, NULL, SECPKG_CRED_OUTBOUND, NULL,
                                                           NULL, NULL, NULL, &other, &expiry));
    STATUS("Acquire.use",
           AcquireCredentialsHandleA(NULL, ntlm, 0, NULL, &identity, NULL, NULL, &other, &expiry));
    STATUS("Acquire.inbound", AcquireCredentialsHandleA(NULL, ntlm, SECPKG_CRED_INBOUND, NULL, NULL,
                                                        NULL, NULL, &other, &expiry));
    STATUS("Free.inbound", FreeCredentialsHandle(&other));
    STATUS("Acquire", AcquireCredentialsHandleA(NULL, ntlm, SECPKG_CRED_OUTBOUND, NULL, &identity,
                                                NULL, NULL, made, &expiry));
    STATUS("Free.null", FreeCredentialsHandle(NULL));
}

static void
first_token(CredHandle *credential)
{
    BYTE token[4096];
    SecBuffer buffer = { sizeof(token), SECBUFFER_TOKEN, token };
    SecBufferDesc desc = { SECBUFFER_VERSION, 1, &buffer };
    SecPkgContext_Sizes sizes;
    CtxtHandle context = { 0, 0 }, again = { 0, 0 };
    TimeStamp expiry;
    ULONG flags = 0;

    STATUS("Initialize.no-credential",
           InitializeSecurityContextA(NULL, NULL, target, 0, 0, SECURITY_NATIVE_DREP, NULL, 0,
                                      &context, &desc, &flags, &expiry));
    STATUS("Initialize.no-output",
           InitializeSecurityContextA(credential, NULL, target, 0, 0, SECURITY_NATIVE_DREP, NULL, 0,
                                      &context, NULL, &flags, &expiry));
    buffer.cbBuffer = 4;
    STATUS("Initialize.short",
           InitializeSecurityContextA(credential, NULL, target, 0, 0, SECURITY_NATIVE_DREP, NULL, 0,
                                      &again, &desc, &flags, &expiry));
    buffer.cbBuffer = sizeof(token);
    buffer.BufferType = SECBUFFER_DATA;
    STATUS("Initialize.no-token",
           InitializeSecurityContextA(credential, NULL, target, 0, 0, SECURITY_NATIVE_DREP, NULL, 0,
                                      &again, &desc, &flags, &expiry));
    buffer.BufferType = SECBUFFER_TOKEN;
    STATUS("Initialize", InitializeSecurityContextA(
                             credential, NULL, target, ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY,
                             0, SECURITY_NATIVE_DREP, NULL, 0, &context, &desc, &flags, &expiry));
    NUMBER("token.size", buffer.cbBuffer >= 32);
    print_bytes("token.signature", token, 12);
    STATUS("Query.sizes", QueryContextAttributesA(&context, SECPKG_ATTR_SIZES, &sizes));
    STATUS("Query.unknown", QueryContextAttributesA(&context, 0x7777, &sizes));
    STATUS("Delete", DeleteSecurityContext(&context));
    STATUS("Delete.null", DeleteSecurityContext(NULL));
    STATUS("FreeContextBuffer.null", FreeContextBuffer(NULL));
    /* A buffer of the package's own. */
    buffer.pvBuffer = NULL;
    buffer.cbBuffer = 0;
    STATUS("Initialize.allocate",
           InitializeSecurityContextA(credential, NULL, target, ISC_REQ_ALLOCATE_MEMORY, 0,
                                      SECURITY_NATIVE_DREP, NULL, 0, &context, &desc, &flags,
                                      &expiry));
    NUMBER("allocated", buffer.pvBuffer != NULL && buffer.cbBuffer >= 32);
    STATUS("allocated.freed", FreeContextBuffer(buffer.pvBuffer));
    STATUS("allocated.delete", DeleteSecurityContext(&context));
}

int
main(void)
{
    CredHandle credential;
    PSecurityFunctionTableA table = InitSecurityInterfaceA();

    NUMBER("table", table != NULL && table->dwVersion >= 1 && table->EncryptMessage != NULL &&
                        table->QuerySecurityContextToken != NULL);
    packages();
    credentials(&credential);
    first_token(&credential);
    STATUS("Free", FreeCredentialsHandle(&credential));
    return 0;
}
