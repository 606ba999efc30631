/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ApplyControlToken, DelegateSecurityContext, SetContextAttributes. Tokens of control (shutdown,
 * alerts, sessions) and attributes that can be set are Schannel's; Kerberos, NTLM and Negotiate know
 * none, whatever is in the buffers, and Kerberos' delegation is part of its handshake
 * (ISC_REQ_DELEGATE).
 */
#include <opensspi/sspi.h>

#include "sspi/objects.h"

static sec_status
refuse(PCtxtHandle handle, const char *why)
{
    struct context *c;
    struct handle_ref ref;

    sec_reason_clear();
    ref = objects_context(handle, &c);
    if (!c) {
        return sec_fail(SEC_E_INVALID_HANDLE, "sspi: not a context's handle");
    }
    handle_release(ref);
    return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "sspi: %s", why);
}

SECURITY_STATUS SEC_ENTRY
ApplyControlToken(PCtxtHandle context, PSecBufferDesc input)
{
    return refuse(context, "the package has no tokens of control");
}

SECURITY_STATUS SEC_ENTRY
DelegateSecurityContext(PCtxtHandle context, SEC_CHAR *target, SecDelegationType type,
                        PTimeStamp expiry, PSecBuffer parameters, PSecBufferDesc output)
{
    return refuse(context, "the package delegates in its handshake alone: ISC_REQ_DELEGATE");
}

SECURITY_STATUS SEC_ENTRY
SetContextAttributesW(PCtxtHandle context, ULONG attribute, void *buffer, ULONG n)
{
    return refuse(context, "the package has no attributes of contexts that can be set");
}

SECURITY_STATUS SEC_ENTRY
SetContextAttributesA(PCtxtHandle context, ULONG attribute, void *buffer, ULONG n)
{
    return refuse(context, "the package has no attributes of contexts that can be set");
}
