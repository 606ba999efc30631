/* SPDX-License-Identifier: Apache-2.0 */
/* A client and a server that talk through the Sasl functions in one process, leg by leg. For tests
 * with cmocka. */
#ifndef TESTS_SUPPORT_SASL_PAIR_H
#define TESTS_SUPPORT_SASL_PAIR_H

#include <stdbool.h>

#include "tests/support/api_pair.h"

enum { SASL_ROOM = 8192, SASL_LEGS_MAX = 8 };

struct sasl_end {
    bool client, begun;
    bool plain; /* by InitializeSecurityContext and AcceptSecurityContext */
    CredHandle cred;
    CtxtHandle context;
    ULONG request, flags;
    SECURITY_STATUS status;
    uint8_t said[SASL_ROOM]; /* its last token */
    ULONG n;
};

struct sasl_both {
    struct sasl_end client, server;
    bool client_speaks_first; /* else the server is asked for its first challenge */
    unsigned legs;
};

/* user NULL: whoever has tickets here. */
static inline SECURITY_STATUS
sasl_acquire(struct sasl_both *b, const char *package, const char *user)
{
    struct api_pair p;
    SECURITY_STATUS status;

    memset(b, 0, sizeof(*b));
    b->client.client = b->client_speaks_first = true;
    if (user) {
        status = api_acquire(&p, package, user, "DOMAIN", "Passw0rd!");
    } else {
        status = AcquireCredentialsHandleA(NULL, API_NAME(package), SECPKG_CRED_OUTBOUND, NULL,
                                           NULL, NULL, NULL, &p.client_cred, NULL);
        if (status == SEC_E_OK) {
            status = AcquireCredentialsHandleA(NULL, API_NAME(package), SECPKG_CRED_INBOUND, NULL,
                                               NULL, NULL, NULL, &p.server_cred, NULL);
        }
    }
    b->client.cred = p.client_cred;
    b->server.cred = p.server_cred;
    return status;
}

static inline void
sasl_end_context(struct sasl_end *e)
{
    if (e->begun) {
        (void)DeleteSecurityContext(&e->context);
    }
    e->begun = false;
    e->n = 0;
    e->status = SEC_E_OK;
}

static inline void
sasl_release(struct sasl_both *b)
{
    sasl_end_context(&b->client);
    sasl_end_context(&b->server);
    (void)FreeCredentialsHandle(&b->client.cred);
    (void)FreeCredentialsHandle(&b->server.cred);
}

/* One leg with this token; what is said in answer is in e->said. */
static inline SECURITY_STATUS
sasl_leg(struct sasl_end *e, const void *token, ULONG n)
{
    SecBuffer in = { n, SECBUFFER_TOKEN, (void *)(uintptr_t)token };
    SecBuffer out = { sizeof(e->said), SECBUFFER_TOKEN, e->said };
    SecBufferDesc in_desc = { SECBUFFER_VERSION, 1, &in };
    SecBufferDesc out_desc = { SECBUFFER_VERSION, 1, &out };
    PCtxtHandle context = e->begun ? &e->context : NULL;
    char *target = API_NAME("HTTP/server.domain.test");

    if (e->client) {
        SECURITY_STATUS(*call)
        (PCredHandle, PCtxtHandle, LPSTR, ULONG, ULONG, ULONG, PSecBufferDesc, ULONG, PCtxtHandle,
         PSecBufferDesc, ULONG *, PTimeStamp) =
            e->plain ? InitializeSecurityContextA : SaslInitializeSecurityContextA;

        e->status = call(&e->cred, context, target, e->request, 0, SECURITY_NATIVE_DREP,
                         e->begun ? &in_desc : NULL, 0, &e->context, &out_desc, &e->flags, NULL);
    } else {
        SECURITY_STATUS(*call)
        (PCredHandle, PCtxtHandle, PSecBufferDesc, ULONG, ULONG, PCtxtHandle, PSecBufferDesc,
         ULONG *, PTimeStamp) = e->plain ? AcceptSecurityContext : SaslAcceptSecurityContext;

        e->status = call(&e->cred, context, &in_desc, e->request, SECURITY_NATIVE_DREP, &e->context,
                         &out_desc, &e->flags, NULL);
    }
    e->begun |= e->status >= 0;
    e->n = e->status >= 0 ? out.cbBuffer : 0;
    return e->status;
}

/* Goes on with `legs` legs at most; SEC_I_CONTINUE_NEEDED where they did not suffice. A SASL
 * exchange alternates: who is done and has nothing to say is not asked. */
static inline SECURITY_STATUS
sasl_run(struct sasl_both *b, unsigned legs)
{
    for (; b->legs < legs; b->legs++) {
        bool clients = (b->legs % 2 == 0) == b->client_speaks_first;
        struct sasl_end *e = clients ? &b->client : &b->server;
        struct sasl_end *other = clients ? &b->server : &b->client;

        if (e->begun && e->status == SEC_E_OK && other->status == SEC_E_OK) {
            break;
        }
        if (sasl_leg(e, other->said, b->legs ? other->n : 0) < 0) {
            return e->status;
        }
    }
    return b->client.begun && b->client.status == SEC_E_OK && b->server.begun &&
                   b->server.status == SEC_E_OK
               ? SEC_E_OK
               : SEC_I_CONTINUE_NEEDED;
}

/* --- exchanges and messages in cmocka's tests ------------------------------------------------ */

#define N_OF(array)  (sizeof(array) / sizeof((array)[0]))
#define CONFIDENTIAL ISC_REQ_CONFIDENTIALITY
#define INTEGRAL     ISC_REQ_INTEGRITY

static const struct sasl_kind {
    const char *package, *user;
    bool offers_layers;
} sasl_kinds[] = {
    { "Kerberos", NULL, true },
    { "Negotiate", NULL, false },
    { "Negotiate", "demo", false },
    { "NTLM", "demo", false },
};
static const struct sasl_kind *const gssapi = &sasl_kinds[0], *const spnego = &sasl_kinds[1];

static inline void
begin(struct sasl_both *b, const struct sasl_kind *k, ULONG client, ULONG server)
{
    assert_int_equal(sasl_acquire(b, k->package, k->user), SEC_E_OK);
    b->client.request = client;
    b->server.request = server;
}

static inline void
expect(SECURITY_STATUS have, SECURITY_STATUS want)
{
    if (have != want) {
        fail_msg("%s where %s is due: %s", OpenSspiStatusName(have), OpenSspiStatusName(want),
                 OpenSspiReason());
    }
}

static inline void
establish(struct sasl_both *b, const struct sasl_kind *k, ULONG client, ULONG server)
{
    begin(b, k, client, server);
    expect(sasl_run(b, SASL_LEGS_MAX), SEC_E_OK);
}

static uint8_t message[200000];

/* A message of n bytes as it goes over the wire, behind its four bytes. */
static inline SECURITY_STATUS
seal(struct sasl_end *e, ULONG qop, size_t n, size_t *whole)
{
    static uint8_t data[sizeof(message)];
    uint8_t token[128], padding[16];
    SecBuffer buffers[3] = { { sizeof(token), SECBUFFER_TOKEN, token },
                             { (ULONG)n, SECBUFFER_DATA, data },
                             { sizeof(padding), SECBUFFER_PADDING, padding } };
    SecBufferDesc d = { SECBUFFER_VERSION, 3, buffers };
    SECURITY_STATUS status;

    for (size_t i = 0; i < n; i++) {
        data[i] = (uint8_t)(i * 7 % 251);
    }
    status = EncryptMessage(&e->context, qop, &d, 0);
    *whole = 0;
    for (size_t i = 0; i < 3 && status == SEC_E_OK; i++) {
        memcpy(message + *whole, buffers[i].pvBuffer, buffers[i].cbBuffer);
        *whole += buffers[i].cbBuffer;
    }
    return status;
}

static inline SECURITY_STATUS
unseal(struct sasl_end *e, size_t whole, size_t n)
{
    SecBuffer buffers[2] = { { (ULONG)whole, SECBUFFER_STREAM, message },
                             { 0, SECBUFFER_DATA, NULL } };
    SecBufferDesc d = { SECBUFFER_VERSION, 2, buffers };
    SECURITY_STATUS status = DecryptMessage(&e->context, &d, 0, NULL);

    if (status == SEC_E_OK) {
        assert_int_equal(buffers[1].cbBuffer, n);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(((uint8_t *)buffers[1].pvBuffer)[i], (uint8_t)(i * 7 % 251));
        }
    }
    return status;
}

#endif
