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

SECURITY_STATUS SEC_ENTRY
AddCredentialsW(PCredHandle hCredentials, SEC_WCHAR *pszPrincipal, SEC_WCHAR *pszPackage,
                ULONG fCredentialUse, void *pAuthData, SEC_GET_KEY_FN pGetKeyFn,
                void *pvGetKeyArgument, PTimeStamp ptsExpiry)
{
    return unsupported(__func__);
}

SECURITY_STATUS SEC_ENTRY
AddCredentialsA(PCredHandle hCredentials, SEC_CHAR *pszPrincipal, SEC_CHAR *pszPackage,
                ULONG fCredentialUse, void *pAuthData, SEC_GET_KEY_FN pGetKeyFn,
                void *pvGetKeyArgument, PTimeStamp ptsExpiry)
{
    return unsupported(__func__);
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
