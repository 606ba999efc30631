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
    SEC_AUTO(objects_hold) hold = { 0 };
    struct context *c;
    sec_status status;

    sec_reason_clear();
    status = objects_hold_context(&hold, handle, OBJECTS_NOTHING, &c);
    return status == SEC_E_OK ? sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "sspi: %s", why) : status;
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
