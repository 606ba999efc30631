/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SspiPrepareForCredRead, SspiPrepareForCredWrite: how an identity is kept in a store of credentials,
 * for programs that bring one. A password goes to what the public pages of CREDENTIAL call
 * CRED_TYPE_DOMAIN_PASSWORD: the user as "domain\user", the blob UTF-16LE without a NUL.
 */
#include <opensspi/sspi.h>

#include "base/wire.h"
#include "sspi/given.h"
#include "sspi/identity.h"
#include "sspi/text.h"

enum { CRED_TYPE_DOMAIN_PASSWORD = 2 };

static sec_status
missing(const char *function)
{
    return sec_fail(SEC_E_INVALID_PARAMETER, "%s: a pointer that is needed is NULL", function);
}

/* Memory that the caller frees with SspiLocalFree, and that one call gives whole or not at all. */
struct prepared {
    SEC_WCHAR *target, *user;
    UCHAR *blob;
};

static void
prepared_auto(struct prepared *p)
{
    SspiLocalFree(p->target);
    SspiLocalFree(p->user);
    SspiLocalFree(p->blob);
}

static sec_status
read_identity(const void *auth_data, struct identity *id)
{
    sec_status status = identity_decode(auth_data, true, id);

    return status == SEC_E_UNKNOWN_CREDENTIALS ? SEC_E_INVALID_TOKEN : status;
}

static sec_status
give_user(const struct identity *id, SEC_WCHAR **out)
{
    SEC_AUTO(wire_writer) name = wire_writer_growing(NULL, 0);

    if (id->domain.n) {
        wire_put_bytes(&name, secret_bytes(&id->domain));
        wire_put_le16(&name, '\\');
    }
    wire_put_bytes(&name, secret_bytes(&id->user));
    if (wire_writer_status(&name) != WIRE_OK) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    return given_string_w(wire_written(&name), out);
}

/* NULL: the user is the target. */
static sec_status
give_target(PCWSTR target, const struct identity *id, SEC_WCHAR **out)
{
    if (target && target[0]) {
        return given_string_w(text_of_w(target), out);
    }
    if (!id->user.n) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "sspi: neither a target nor a user");
    }
    return give_user(id, out);
}

SECURITY_STATUS WINAPI
SspiPrepareForCredRead(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity, PCWSTR pszTargetName,
                       PULONG pCredmanCredentialType, PCWSTR *ppszCredmanTargetName)
{
    SEC_AUTO(identity) id = { 0 };
    SEC_WCHAR *target = NULL;
    sec_status status;

    sec_reason_clear();
    if (!AuthIdentity || !pCredmanCredentialType || !ppszCredmanTargetName) {
        return missing(__func__);
    }
    status = read_identity(AuthIdentity, &id);
    if (status == SEC_E_OK) {
        status = give_target(pszTargetName, &id, &target);
    }
    if (status == SEC_E_OK) {
        *pCredmanCredentialType = CRED_TYPE_DOMAIN_PASSWORD;
        *ppszCredmanTargetName = target;
    }
    return status;
}

static sec_status
prepare(const struct identity *id, PCWSTR target, struct prepared *p)
{
    sec_status status = give_target(target, id, &p->target);

    if (status == SEC_E_OK) {
        status = give_user(id, &p->user);
    }
    if (status == SEC_E_OK && id->password.n) {
        p->blob = given_new(id->password.n);
        if (!p->blob) {
            return SEC_E_INSUFFICIENT_MEMORY;
        }
        bytes_copy(p->blob, id->password.p, id->password.n);
    }
    return status;
}

SECURITY_STATUS WINAPI
SspiPrepareForCredWrite(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity, PCWSTR pszTargetName,
                        PULONG pCredmanCredentialType, PCWSTR *ppszCredmanTargetName,
                        PCWSTR *ppszCredmanUserName, PUCHAR *ppCredentialBlob,
                        PULONG pCredentialBlobSize)
{
    SEC_AUTO(identity) id = { 0 };
    SEC_AUTO(prepared) p = { 0 };
    sec_status status;

    sec_reason_clear();
    if (!AuthIdentity || !pCredmanCredentialType || !ppszCredmanTargetName ||
        !ppszCredmanUserName || !ppCredentialBlob || !pCredentialBlobSize) {
        return missing(__func__);
    }
    status = read_identity(AuthIdentity, &id);
    if (status == SEC_E_OK) {
        status = prepare(&id, pszTargetName, &p);
    }
    if (status == SEC_E_OK) {
        *pCredmanCredentialType = CRED_TYPE_DOMAIN_PASSWORD;
        *ppszCredmanTargetName = p.target;
        *ppszCredmanUserName = p.user;
        *ppCredentialBlob = p.blob;
        *pCredentialBlobSize = (ULONG)id.password.n;
        p = (struct prepared){ 0 };
    }
    return status;
}
