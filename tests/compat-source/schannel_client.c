/* SPDX-License-Identifier: Apache-2.0 */
/* Source that speaks TLS through Schannel: it compiles, and hears that there is no such package. */
#define SECURITY_WIN32
#define SCHANNEL_USE_BLACKLISTS
#include <windows.h>
#ifdef _WIN32
#include <subauth.h>
#endif
#include <sspi.h>
#include <schannel.h>
#include <stdio.h>

static SECURITY_STATUS
Disconnect(PCtxtHandle phContext)
{
    DWORD dwType = SCHANNEL_SHUTDOWN;
    SecBuffer buffer = { sizeof(dwType), SECBUFFER_TOKEN, &dwType };
    SecBufferDesc desc = { SECBUFFER_VERSION, 1, &buffer };

    return ApplyControlToken(phContext, &desc);
}

int
main(void)
{
    static char szName[] = "Microsoft Unified Security Protocol Provider";
    SCHANNEL_CRED old = { 0 };
    TLS_PARAMETERS parameters = { 0 };
    SCH_CREDENTIALS cred = { 0 };
    SecPkgContext_StreamSizes sizes = { 0 };
    SecPkgContext_ConnectionInfo info = { 0 };
    CtxtHandle hContext;
    CredHandle hCred;
    TimeStamp ts;

    SecInvalidateHandle(&hContext);
    SecInvalidateHandle(&hCred);
    old.dwVersion = SCHANNEL_CRED_VERSION;
    old.grbitEnabledProtocols = SP_PROT_TLS1_2_CLIENT;
    old.dwFlags =
        SCH_CRED_NO_DEFAULT_CREDS | SCH_CRED_MANUAL_CRED_VALIDATION | SCH_USE_STRONG_CRYPTO;
    parameters.grbitDisabledProtocols = (DWORD)~SP_PROT_TLS1_3_CLIENT;
    cred.dwVersion = SCH_CREDENTIALS_VERSION;
    cred.dwFlags = old.dwFlags;
    cred.cTlsParameters = 1;
    cred.pTlsParameters = &parameters;
    if (AcquireCredentialsHandleA(NULL, szName, SECPKG_CRED_OUTBOUND, NULL, &cred, NULL, NULL,
                                  &hCred, &ts) >= 0) {
        FreeCredentialsHandle(&hCred);
    }
    if (Disconnect(&hContext) >= 0) {
        return 1;
    }
    if (QueryContextAttributesA(&hContext, SECPKG_ATTR_STREAM_SIZES, &sizes) >= 0 ||
        QueryContextAttributesA(&hContext, SECPKG_ATTR_CONNECTION_INFO, &info) >= 0) {
        return 1;
    }
    printf("%s\n", UNISP_NAME_A);
    return 0;
}
