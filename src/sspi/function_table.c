/* SPDX-License-Identifier: Apache-2.0 */
/* InitSecurityInterface: the interface as a table of functions. */
#include <opensspi/sspi.h>

/* Both forms in one text, so that no entry is in one and missing from the other. Not const only
 * because the ABI hands out a plain pointer; nobody writes to it. */
#define FUNCTION_TABLE(form)                                                                      \
    {                                                                                             \
        .dwVersion = SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION_5,                               \
        .EnumerateSecurityPackages##form = EnumerateSecurityPackages##form,                       \
        .QueryCredentialsAttributes##form = QueryCredentialsAttributes##form,                     \
        .AcquireCredentialsHandle##form = AcquireCredentialsHandle##form,                         \
        .FreeCredentialsHandle = FreeCredentialsHandle,                                           \
        .InitializeSecurityContext##form = InitializeSecurityContext##form,                       \
        .AcceptSecurityContext = AcceptSecurityContext, .CompleteAuthToken = CompleteAuthToken,   \
        .DeleteSecurityContext = DeleteSecurityContext, .ApplyControlToken = ApplyControlToken,   \
        .QueryContextAttributes##form = QueryContextAttributes##form,                             \
        .ImpersonateSecurityContext = ImpersonateSecurityContext,                                 \
        .RevertSecurityContext = RevertSecurityContext, .MakeSignature = MakeSignature,           \
        .VerifySignature = VerifySignature, .FreeContextBuffer = FreeContextBuffer,               \
        .QuerySecurityPackageInfo##form = QuerySecurityPackageInfo##form,                         \
        .Reserved3 = (void *)(uintptr_t)EncryptMessage,                                           \
        .Reserved4 = (void *)(uintptr_t)DecryptMessage,                                           \
        .ExportSecurityContext = ExportSecurityContext,                                           \
        .ImportSecurityContext##form = ImportSecurityContext##form,                               \
        .AddCredentials##form = AddCredentials##form,                                             \
        .QuerySecurityContextToken = QuerySecurityContextToken, .EncryptMessage = EncryptMessage, \
        .DecryptMessage = DecryptMessage,                                                         \
        .SetContextAttributes##form = SetContextAttributes##form,                                 \
        .SetCredentialsAttributes##form = SetCredentialsAttributes##form,                         \
        .ChangeAccountPassword##form = ChangeAccountPassword##form,                               \
        .QueryContextAttributesEx##form = QueryContextAttributesEx##form,                         \
        .QueryCredentialsAttributesEx##form = QueryCredentialsAttributesEx##form,                 \
    }

static const SecurityFunctionTableW table_w = FUNCTION_TABLE(W);
static const SecurityFunctionTableA table_a = FUNCTION_TABLE(A);

PSecurityFunctionTableW SEC_ENTRY
InitSecurityInterfaceW(void)
{
    return (PSecurityFunctionTableW)(uintptr_t)&table_w;
}

PSecurityFunctionTableA SEC_ENTRY
InitSecurityInterfaceA(void)
{
    return (PSecurityFunctionTableA)(uintptr_t)&table_a;
}
