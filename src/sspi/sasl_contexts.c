/* SPDX-License-Identifier: Apache-2.0 */
/* SaslInitializeSecurityContext, SaslAcceptSecurityContext: legs as any, which sasl.c takes. */
#include "sspi/contexts.h"

SECURITY_STATUS SEC_ENTRY
SaslInitializeSecurityContextW(PCredHandle credential, PCtxtHandle context, SEC_WCHAR *target,
                               ULONG request, ULONG reserved1, ULONG drep, PSecBufferDesc input,
                               ULONG reserved2, PCtxtHandle new_context, PSecBufferDesc output,
                               ULONG *attributes, PTimeStamp expiry)
{
    return contexts_initialize(CONTEXTS_SASL | CONTEXTS_WIDE, credential, context, target, request,
                               reserved1 | reserved2, input, new_context, output, attributes,
                               expiry);
}

SECURITY_STATUS SEC_ENTRY
SaslInitializeSecurityContextA(PCredHandle credential, PCtxtHandle context, SEC_CHAR *target,
                               ULONG request, ULONG reserved1, ULONG drep, PSecBufferDesc input,
                               ULONG reserved2, PCtxtHandle new_context, PSecBufferDesc output,
                               ULONG *attributes, PTimeStamp expiry)
{
    return contexts_initialize(CONTEXTS_SASL, credential, context, target, request,
                               reserved1 | reserved2, input, new_context, output, attributes,
                               expiry);
}

SECURITY_STATUS SEC_ENTRY
SaslAcceptSecurityContext(PCredHandle credential, PCtxtHandle context, PSecBufferDesc input,
                          ULONG request, ULONG drep, PCtxtHandle new_context, PSecBufferDesc output,
                          ULONG *attributes, PTimeStamp expiry)
{
    return contexts_accept(CONTEXTS_SASL, credential, context, input, request, new_context, output,
                           attributes, expiry);
}
