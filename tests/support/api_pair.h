/* SPDX-License-Identifier: Apache-2.0 */
/* A client and a server that talk through the public interface in one process. */
#ifndef TESTS_SUPPORT_API_PAIR_H
#define TESTS_SUPPORT_API_PAIR_H

#include <stdint.h>
#include <string.h>

#include <opensspi/opensspi.h>

enum { API_TOKEN_BYTES = 4096, API_LEGS_MAX = 16 };

struct api_pair {
    CredHandle client_cred, server_cred;
    CtxtHandle client, server;
    int have_client, have_server;
    SECURITY_STATUS client_status, server_status;
    ULONG client_flags, server_flags; /* as returned by the last leg of each */
    unsigned legs;
};

#define API_NAME(text) ((char *)(uintptr_t)(text))

static inline SECURITY_STATUS
api_acquire_as(struct api_pair *p, const char *package, SEC_WINNT_AUTH_IDENTITY_A *id)
{
    SECURITY_STATUS status;

    memset(p, 0, sizeof(*p));
    status = AcquireCredentialsHandleA(NULL, API_NAME(package), SECPKG_CRED_OUTBOUND, NULL, id,
                                       NULL, NULL, &p->client_cred, NULL);
    if (status != SEC_E_OK) {
        return status;
    }
    status = AcquireCredentialsHandleA(NULL, API_NAME(package), SECPKG_CRED_INBOUND, NULL, NULL,
                                       NULL, NULL, &p->server_cred, NULL);
    if (status != SEC_E_OK) {
        (void)FreeCredentialsHandle(&p->client_cred);
    }
    return status;
}

/* The client is who runs the test. */
static inline SECURITY_STATUS
api_acquire_own(struct api_pair *p, const char *package)
{
    return api_acquire_as(p, package, NULL);
}

static inline SECURITY_STATUS
api_acquire(struct api_pair *p, const char *package, const char *user, const char *domain,
            const char *password)
{
    SEC_WINNT_AUTH_IDENTITY_A id = {
        .User = (unsigned char *)API_NAME(user),
        .UserLength = (ULONG)strlen(user),
        .Domain = (unsigned char *)API_NAME(domain),
        .DomainLength = (ULONG)strlen(domain),
        .Password = (unsigned char *)API_NAME(password),
        .PasswordLength = (ULONG)strlen(password),
        .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI,
    };

    return api_acquire_as(p, package, &id);
}

static inline void
api_delete_contexts(struct api_pair *p)
{
    if (p->have_client) {
        (void)DeleteSecurityContext(&p->client);
    }
    if (p->have_server) {
        (void)DeleteSecurityContext(&p->server);
    }
    p->have_client = p->have_server = 0;
}

static inline void
api_release(struct api_pair *p)
{
    api_delete_contexts(p);
    (void)FreeCredentialsHandle(&p->client_cred);
    (void)FreeCredentialsHandle(&p->server_cred);
}

/* Runs the exchange to its end, or to the first failure, which it answers. */
static inline SECURITY_STATUS
api_establish(struct api_pair *p, ULONG client_request, ULONG server_request)
{
    uint8_t to_server[API_TOKEN_BYTES], to_client[API_TOKEN_BYTES];
    SecBuffer in = { 0 }, out = { 0 };
    SecBufferDesc in_desc = { SECBUFFER_VERSION, 1, &in };
    SecBufferDesc out_desc = { SECBUFFER_VERSION, 1, &out };
    ULONG n = 0;

    p->client_status = p->server_status = SEC_I_CONTINUE_NEEDED;
    for (p->legs = 0; p->legs < API_LEGS_MAX; p->legs++) {
        if (p->client_status == SEC_I_CONTINUE_NEEDED) {
            in = (SecBuffer){ n, SECBUFFER_TOKEN, to_client };
            out = (SecBuffer){ sizeof(to_server), SECBUFFER_TOKEN, to_server };
            p->client_status = InitializeSecurityContextA(
                &p->client_cred, p->have_client ? &p->client : NULL,
                API_NAME("HTTP/server.domain.test"), client_request, 0, SECURITY_NATIVE_DREP,
                p->have_client ? &in_desc : NULL, 0, &p->client, &out_desc, &p->client_flags, NULL);
            if (p->client_status < 0) {
                return p->client_status;
            }
            p->have_client = 1;
            n = out.cbBuffer;
        }
        if (p->server_status == SEC_E_OK) {
            return p->client_status;
        }
        in = (SecBuffer){ n, SECBUFFER_TOKEN, to_server };
        out = (SecBuffer){ sizeof(to_client), SECBUFFER_TOKEN, to_client };
        p->server_status = AcceptSecurityContext(
            &p->server_cred, p->have_server ? &p->server : NULL, &in_desc, server_request,
            SECURITY_NATIVE_DREP, &p->server, &out_desc, &p->server_flags, NULL);
        if (p->server_status < 0) {
            return p->server_status;
        }
        p->have_server = 1;
        n = out.cbBuffer;
        if (p->server_status == SEC_E_OK && p->client_status == SEC_E_OK) {
            return SEC_E_OK;
        }
    }
    return SEC_E_INTERNAL_ERROR;
}

#endif
