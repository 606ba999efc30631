/* SPDX-License-Identifier: Apache-2.0 */
/* SaslInitializeSecurityContext, SaslAcceptSecurityContext: legs as any, which sasl.c takes. */
#include "sspi/contexts.h"

SECURITY_STATUS SEC_ENTRY
SaslInitializeSecurityContextW(PCredHandle credential, PCtxtHandle context, SEC_WCHAR *target,
                               ULONG request, ULONG reserved1, ULONG drep, PSecBufferDesc input,
                               ULONG reserved2, PCtxtHandle new_context, PSecBufferDesc output,
                               ULONG *attributes, PTimeStamp expiry)
{
    struct leg l =
        contexts_leg(credential, context, request, input, new_context, output, attributes, expiry);

    l.reserved1 = reserved1;
    l.reserved2 = reserved2;
    l.sasl = true;
    return contexts_initialize_w(&l, target);
}

SECURITY_STATUS SEC_ENTRY
SaslInitializeSecurityContextA(PCredHandle credential, PCtxtHandle context, SEC_CHAR *target,
                               ULONG request, ULONG reserved1, ULONG drep, PSecBufferDesc input,
                               ULONG reserved2, PCtxtHandle new_context, PSecBufferDesc output,
                               ULONG *attributes, PTimeStamp expiry)
{
    struct leg l =
        contexts_leg(credential, context, request, input, new_context, output, attributes, expiry);

    l.reserved1 = reserved1;
    l.reserved2 = reserved2;
    l.sasl = true;
    return contexts_initialize_a(&l, target);
}

SECURITY_STATUS SEC_ENTRY
SaslAcceptSecurityContext(PCredHandle credential, PCtxtHandle context, PSecBufferDesc input,
                          ULONG request, ULONG drep, PCtxtHandle new_context, PSecBufferDesc output,
                          ULONG *attributes, PTimeStamp expiry)
{
    struct leg l =
        contexts_leg(credential, context, request, input, new_context, output, attributes, expiry);

    l.sasl = true;
    return contexts_accept(&l);
}
