/* SPDX-License-Identifier: Apache-2.0 */
/* The family of Sspi* functions over opaque identities, which read any layout and make blocks
 * (identity_block.h). Without flags a structure is UTF-16: the family has W functions only. */
#include <opensspi/sspi.h>

#include "base/secret.h"
#include "base/utf16.h"
#include "base/wire.h"
#include "sspi/given.h"
#include "sspi/identity.h"
#include "sspi/identity_block.h"
#include "sspi/identity_text.h"

/* What the public page of SspiEncodeAuthIdentityAsStrings answers to an encrypted identity. */
#define STATUS_INVALID_PARAMETER ((SECURITY_STATUS)0xC000000D)

/* SEC_E_UNKNOWN_CREDENTIALS is the answer of AcquireCredentialsHandle; the family has its own. */
static sec_status
own_status(sec_status status)
{
    return status == SEC_E_UNKNOWN_CREDENTIALS ? SEC_E_INVALID_TOKEN : status;
}

static sec_status
read_any(const void *auth_data, struct identity *out)
{
    sec_reason_clear();
    return own_status(identity_decode(auth_data, true, out));
}

static sec_status
missing(const char *function)
{
    return sec_fail(SEC_E_INVALID_PARAMETER, "%s: a pointer that is needed is NULL", function);
}

/* --- to and from strings ------------------------------------------------------------------- */

static unsigned short *
writable(PCWSTR s)
{
    return (unsigned short *)(uintptr_t)s;
}

static ULONG
units(PCWSTR s)
{
    ULONG n = 0;

    while (s && n < UINT32_MAX && s[n]) {
        n++;
    }
    return n;
}

SECURITY_STATUS WINAPI
SspiEncodeStringsAsAuthIdentity(PCWSTR pszUserName, PCWSTR pszDomainName,
                                PCWSTR pszPackedCredentialsString,
                                PSEC_WINNT_AUTH_IDENTITY_OPAQUE *ppAuthIdentity)
{
    SEC_AUTO(identity) id = { 0 };
    SEC_WINNT_AUTH_IDENTITY_W plain = {
        .User = writable(pszUserName),
        .UserLength = units(pszUserName),
        .Domain = writable(pszDomainName),
        .DomainLength = units(pszDomainName),
        .Password = writable(pszPackedCredentialsString),
        .PasswordLength = units(pszPackedCredentialsString),
        .Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE,
    };
    sec_status status;

    sec_reason_clear();
    if (!ppAuthIdentity) {
        return missing(__func__);
    }
    if (!pszUserName && !pszDomainName && !pszPackedCredentialsString) {
        return sec_fail(SEC_E_INVALID_TOKEN, "identity: no user, no domain and no password");
    }
    status = read_any(&plain, &id);
    return status == SEC_E_OK ? identity_block_encode(&id, ppAuthIdentity) : status;
}

static sec_status
put_string(const struct secret *text, bool null, SEC_WCHAR **out)
{
    return null ? SEC_E_OK : given_string_w(secret_bytes(text), out);
}

SECURITY_STATUS WINAPI
SspiEncodeAuthIdentityAsStrings(PSEC_WINNT_AUTH_IDENTITY_OPAQUE pAuthIdentity, PCWSTR *ppszUserName,
                                PCWSTR *ppszDomainName, PCWSTR *ppszPackedCredentialsString)
{
    SEC_AUTO(identity) id = { 0 };
    SEC_WCHAR *user = NULL, *domain = NULL, *password = NULL;
    sec_status status = read_any(pAuthIdentity, &id);

    if (status != SEC_E_OK) {
        return status;
    }
    if (!ppszUserName || !ppszDomainName || !ppszPackedCredentialsString) {
        return missing(__func__);
    }
    if (id.flags & SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED) {
        return sec_fail(STATUS_INVALID_PARAMETER, "identity: is encrypted; decrypt it first");
    }
    status = put_string(&id.user, id.null_user, &user);
    if (status == SEC_E_OK) {
        status = put_string(&id.domain, id.null_domain, &domain);
    }
    if (status == SEC_E_OK) {
        status = put_string(&id.password, id.null_password, &password);
    }
    if (status != SEC_E_OK) {
        SspiLocalFree(user);
        SspiLocalFree(domain);
        return status;
    }
    *ppszUserName = user;
    *ppszDomainName = domain;
    *ppszPackedCredentialsString = password;
    return SEC_E_OK;
}

/* --- life ---------------------------------------------------------------------------------- */

SECURITY_STATUS WINAPI
SspiValidateAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData)
{
    SEC_AUTO(identity) id = { 0 };

    return read_any(AuthData, &id);
}

/* An encrypted identity gives an encrypted copy. */
SECURITY_STATUS WINAPI
SspiCopyAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData,
                     PSEC_WINNT_AUTH_IDENTITY_OPAQUE *AuthDataCopy)
{
    SEC_AUTO(identity) id = { 0 };
    sec_status status = read_any(AuthData, &id);

    if (status != SEC_E_OK) {
        return status;
    }
    return AuthDataCopy ? identity_block_encode(&id, AuthDataCopy) : missing(__func__);
}

void WINAPI
SspiFreeAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData)
{
    SspiLocalFree(AuthData);
}

void WINAPI
SspiLocalFree(PVOID DataBuffer)
{
    if (DataBuffer) {
        (void)given_free(DataBuffer);
    }
}

static void
wipe_text(void *p, ULONG characters, ULONG flags)
{
    size_t width = flags & SEC_WINNT_AUTH_IDENTITY_ANSI ? 1 : sizeof(SEC_WCHAR);

    if (p) {
        secret_wipe(p, characters * width);
    }
}

void WINAPI
SspiZeroAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData)
{
    SEC_WINNT_AUTH_IDENTITY_EXW ex;
    SEC_WINNT_AUTH_IDENTITY_W plain;

    switch (identity_layout_of(AuthData)) {
    case IDENTITY_PLAIN:
        bytes_copy(&plain, AuthData, sizeof(plain));
        wipe_text(plain.Password, plain.PasswordLength, plain.Flags);
        break;
    case IDENTITY_EX:
        bytes_copy(&ex, AuthData, sizeof(ex));
        wipe_text(ex.Password, ex.PasswordLength, ex.Flags);
        break;
    case IDENTITY_EX2: identity_block_wipe(AuthData); break;
    case IDENTITY_NONE: break;
    }
}

/* --- comparing ----------------------------------------------------------------------------- */

static bool
is_same_user(const struct identity *a, const struct identity *b)
{
    return utf16_equal_nocase(secret_bytes(&a->user), secret_bytes(&b->user)) &&
           utf16_equal_nocase(secret_bytes(&a->domain), secret_bytes(&b->domain));
}

static bool
is_same_secret(const struct secret *a, const struct secret *b)
{
    return a->n == b->n && secret_equal(a->p, b->p, a->n);
}

SECURITY_STATUS WINAPI
SspiCompareAuthIdentities(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity1,
                          PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity2, PBOOLEAN SameSuppliedUser,
                          PBOOLEAN SameSuppliedIdentity)
{
    SEC_AUTO(identity) one = { 0 };
    SEC_AUTO(identity) two = { 0 };
    bool same_user = AuthIdentity1 == AuthIdentity2, same_secret = same_user;
    sec_status status = AuthIdentity1 ? read_any(AuthIdentity1, &one) : SEC_E_OK;

    if (status == SEC_E_OK && AuthIdentity2) {
        status = read_any(AuthIdentity2, &two);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    if (AuthIdentity1 && AuthIdentity2) {
        same_user = is_same_user(&one, &two);
        same_secret = is_same_secret(&one.password, &two.password);
    }
    if (SameSuppliedUser) {
        *SameSuppliedUser = same_user;
    }
    if (SameSuppliedIdentity) {
        *SameSuppliedIdentity = same_user && same_secret;
    }
    return SEC_E_OK;
}

/* --- as bytes ------------------------------------------------------------------------------ */

/* The block is flat already. An encrypted one can be read back by this process only. */
SECURITY_STATUS WINAPI
SspiMarshalAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity, ULONG *AuthIdentityLength,
                        char **AuthIdentityByteArray)
{
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE block = NULL;
    sec_status status;

    sec_reason_clear();
    if (!AuthIdentityLength || !AuthIdentityByteArray) {
        return missing(__func__);
    }
    status = SspiCopyAuthIdentity(AuthIdentity, &block);
    if (status != SEC_E_OK) {
        return status;
    }
    *AuthIdentityLength = (ULONG)given_size(block);
    *AuthIdentityByteArray = block;
    return SEC_E_OK;
}

SECURITY_STATUS WINAPI
SspiUnmarshalAuthIdentity(ULONG AuthIdentityLength, char *AuthIdentityByteArray,
                          PSEC_WINNT_AUTH_IDENTITY_OPAQUE *ppAuthIdentity)
{
    SEC_AUTO(identity) id = { 0 };
    struct bytes in =
        bytes_of(AuthIdentityByteArray, AuthIdentityByteArray ? AuthIdentityLength : 0);
    sec_status status;

    sec_reason_clear();
    if (!ppAuthIdentity) {
        return missing(__func__);
    }
    status = own_status(identity_block_decode(in, &id));
    return status == SEC_E_OK ? identity_block_encode(&id, ppAuthIdentity) : status;
}

/* --- packages ------------------------------------------------------------------------------ */

/* A name that can stand in a list. */
static bool
is_package_name(struct bytes utf16)
{
    for (size_t i = 0; i < utf16.n; i += 2) {
        uint16_t unit = wire_load_le16(utf16.p + i);

        if (unit <= ' ' || unit == ',' || unit == '!') {
            return false;
        }
    }
    return utf16.n > 0;
}

/* An exclusion beats a mention: "kerberos,ntlm,!ntlm" is Kerberos alone. */
static sec_status
exclude(struct identity *id, const struct secret *name)
{
    SEC_AUTO(wire_writer) list = wire_writer_growing(NULL, 0);

    wire_put_bytes(&list, secret_bytes(&id->package_list));
    if (id->package_list.n) {
        wire_put_le16(&list, ',');
    }
    wire_put_le16(&list, '!');
    wire_put_bytes(&list, secret_bytes(name));
    if (list.len > 2 * IDENTITY_MAX_LIST_UNITS) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "identity: the package list is full");
    }
    if (wire_writer_status(&list) != WIRE_OK ||
        !secret_set(&id->package_list, wire_written(&list).p, list.len)) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    return SEC_E_OK;
}

SECURITY_STATUS WINAPI
SspiExcludePackage(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity, PCWSTR pszPackageName,
                   PSEC_WINNT_AUTH_IDENTITY_OPAQUE *ppNewAuthIdentity)
{
    SEC_AUTO(identity) id = { 0 };
    SEC_AUTO(secret) name = { 0 };
    sec_status status = read_any(AuthIdentity, &id);

    if (status != SEC_E_OK) {
        return status;
    }
    if (!ppNewAuthIdentity) {
        return missing(__func__);
    }
    status = identity_text_take(&name, pszPackageName, units(pszPackageName), true,
                                IDENTITY_PACKAGE_LIST);
    if (status != SEC_E_OK) {
        return status == SEC_E_UNKNOWN_CREDENTIALS ? SEC_E_INVALID_PARAMETER : status;
    }
    if (!is_package_name(secret_bytes(&name))) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "identity: that cannot be a package's name");
    }
    status = exclude(&id, &name);
    return status == SEC_E_OK ? identity_block_encode(&id, ppNewAuthIdentity) : status;
}

/* --- encryption ---------------------------------------------------------------------------- */

static sec_status
check_options(ULONG options)
{
    if (options == SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS) {
        return SEC_E_OK;
    }
    if (options &
        (SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_LOGON | SEC_WINNT_AUTH_IDENTITY_ENCRYPT_FOR_SYSTEM)) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION,
                        "identity: encryption for other processes (options 0x%x)", options);
    }
    return sec_fail(SEC_E_INVALID_PARAMETER, "identity: encryption options 0x%x", options);
}

/* Whether it is a block: the other layouts have no room for a nonce and a tag. */
static sec_status
check_block(const void *auth_data)
{
    enum identity_layout layout = identity_layout_of(auth_data);

    if (layout == IDENTITY_NONE) {
        return sec_fail(SEC_E_INVALID_TOKEN, "identity: none given");
    }
    if (layout != IDENTITY_EX2) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION,
                        "identity: no room to encrypt in; a copy by SspiCopyAuthIdentity has");
    }
    return SEC_E_OK;
}

SECURITY_STATUS WINAPI
SspiEncryptAuthIdentityEx(ULONG Options, PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData)
{
    SEC_AUTO(identity) id = { 0 };
    sec_status status;

    sec_reason_clear();
    status = check_options(Options);
    if (status == SEC_E_OK) {
        status = check_block(AuthData);
    }
    if (status == SEC_E_OK) {
        status = read_any(AuthData, &id);
    }
    return status == SEC_E_OK ? own_status(identity_block_encrypt(AuthData)) : status;
}

SECURITY_STATUS WINAPI
SspiEncryptAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData)
{
    return SspiEncryptAuthIdentityEx(SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS, AuthData);
}

SECURITY_STATUS WINAPI
SspiDecryptAuthIdentityEx(ULONG Options, PSEC_WINNT_AUTH_IDENTITY_OPAQUE EncryptedAuthData)
{
    sec_status status;

    sec_reason_clear();
    status = check_options(Options);
    if (status == SEC_E_OK) {
        status = check_block(EncryptedAuthData);
    }
    return status == SEC_E_OK ? own_status(identity_block_decrypt(EncryptedAuthData)) : status;
}

SECURITY_STATUS WINAPI
SspiDecryptAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE EncryptedAuthData)
{
    return SspiDecryptAuthIdentityEx(SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS,
                                     EncryptedAuthData);
}

BOOLEAN WINAPI
SspiIsAuthIdentityEncrypted(PSEC_WINNT_AUTH_IDENTITY_OPAQUE EncryptedAuthData)
{
    return identity_is_encrypted(EncryptedAuthData);
}
