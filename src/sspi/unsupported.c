/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of the interface that this version does not have. Each answers so, whatever it is
 * given, and touches nothing. */
#include <opensspi/sspi.h>

#include "base/status.h"

static sec_status
unsupported(const char *function)
{
    return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "sspi: %s is not in this version", function);
}

/* Between a desktop's credential providers and those who ask them. */

SECURITY_STATUS WINAPI
SspiGetCredUIContext(HANDLE ContextHandle, GUID *CredType, LUID *LogonId,
                     PSEC_WINNT_CREDUI_CONTEXT_VECTOR *CredUIContexts, HANDLE *TokenHandle)
{
    return unsupported(__func__);
}

SECURITY_STATUS WINAPI
SspiUpdateCredentials(HANDLE ContextHandle, GUID *CredType, ULONG FlatCredUIContextLength,
                      PUCHAR FlatCredUIContext)
{
    return unsupported(__func__);
}

SECURITY_STATUS WINAPI
SspiUnmarshalCredUIContext(PUCHAR MarshaledCredUIContext, ULONG MarshaledCredUIContextLength,
                           PSEC_WINNT_CREDUI_CONTEXT *CredUIContext)
{
    return unsupported(__func__);
}
