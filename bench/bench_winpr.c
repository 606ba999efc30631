/* SPDX-License-Identifier: Apache-2.0 */
/* The peer WinPR: the same handshakes and messages through its SSPI, beside the same floor. Its
 * server is given the password in its credential, the cheapest way it has. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <winpr/sspi.h>
#include <winpr/ssl.h>

#include "bench/floor.h"
#include "bench/harness.h"

enum { TOKEN_BYTES = 65536, MAX_MESSAGE = 65536 };

static SecurityFunctionTableA *api;

struct sides {
    const char *package;
    CredHandle client, server;
};

struct pair {
    CtxtHandle client, server;
};

static void
check(int good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "bench_winpr: %s\n", what);
        exit(1);
    }
}

static void
acquire(struct sides *s, const char *package)
{
    SEC_WINNT_AUTH_IDENTITY_A id = { (BYTE *)"bench",     5, (BYTE *)"BENCHDOM",          8,
                                     (BYTE *)"Passw0rd!", 9, SEC_WINNT_AUTH_IDENTITY_ANSI };
    TimeStamp expiry;

    s->package = package;
    check(api->AcquireCredentialsHandleA(NULL, (char *)(uintptr_t)package, SECPKG_CRED_OUTBOUND,
                                         NULL, &id, NULL, NULL, &s->client, &expiry) == SEC_E_OK &&
              api->AcquireCredentialsHandleA(NULL, (char *)(uintptr_t)package, SECPKG_CRED_INBOUND,
                                             NULL, &id, NULL, NULL, &s->server,
                                             &expiry) == SEC_E_OK,
          "AcquireCredentialsHandle");
}

/* WinPR wants CompleteAuthToken where Windows does not. */
static SECURITY_STATUS
complete(PCtxtHandle context, PSecBufferDesc token, SECURITY_STATUS status)
{
    if (status != SEC_I_COMPLETE_NEEDED && status != SEC_I_COMPLETE_AND_CONTINUE) {
        return status;
    }
    (void)api->CompleteAuthToken(context, token);
    return status == SEC_I_COMPLETE_NEEDED ? SEC_E_OK : SEC_I_CONTINUE_NEEDED;
}

static void
establish(struct sides *s, struct pair *p)
{
    static _Thread_local BYTE to_server[TOKEN_BYTES], to_client[TOKEN_BYTES];
    const ULONG flags = ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT |
                        ISC_REQ_SEQUENCE_DETECT;
    SecBuffer c = { 0, SECBUFFER_TOKEN, to_server }, a = { 0, SECBUFFER_TOKEN, to_client };
    SecBufferDesc cd = { SECBUFFER_VERSION, 1, &c }, ad = { SECBUFFER_VERSION, 1, &a };
    SECURITY_STATUS cs = SEC_I_CONTINUE_NEEDED, as = SEC_I_CONTINUE_NEEDED;
    ULONG attributes;
    TimeStamp expiry;
    int first = 1;

    SecInvalidateHandle(&p->client);
    SecInvalidateHandle(&p->server);
    while (cs == SEC_I_CONTINUE_NEEDED || as == SEC_I_CONTINUE_NEEDED) {
        if (cs == SEC_I_CONTINUE_NEEDED) {
            c.cbBuffer = sizeof(to_server);
            cs = api->InitializeSecurityContextA(&s->client, first ? NULL : &p->client,
                                                 (char *)(uintptr_t) "HTTP/bench.example.test",
                                                 flags, 0, SECURITY_NATIVE_DREP, first ? NULL : &ad,
                                                 0, &p->client, &cd, &attributes, &expiry);
            cs = complete(&p->client, &cd, cs);
            check(cs >= 0, "InitializeSecurityContext");
        }
        if (as == SEC_I_CONTINUE_NEEDED) {
            a.cbBuffer = sizeof(to_client);
            as = api->AcceptSecurityContext(&s->server, first ? NULL : &p->server, &cd,
                                            ASC_REQ_CONFIDENTIALITY, SECURITY_NATIVE_DREP,
                                            &p->server, &ad, &attributes, &expiry);
            as = complete(&p->server, &ad, as);
            check(as >= 0, "AcceptSecurityContext");
        }
        first = 0;
    }
}

static double
handshakes(void *state, long n)
{
    double start = harness_now();

    for (long i = 0; i < n; i++) {
        struct pair p;

        establish(state, &p);
        (void)api->DeleteSecurityContext(&p.client);
        (void)api->DeleteSecurityContext(&p.server);
    }
    return harness_now() - start;
}

struct stream {
    struct pair pair;
    size_t size;
    ULONG seq;
    BYTE data[MAX_MESSAGE];
};

static double
encrypt(void *state, long n)
{
    struct stream *s = state;
    double start = harness_now();

    for (long i = 0; i < n; i++) {
        BYTE token[64];
        SecBuffer b[2] = { { 16, SECBUFFER_TOKEN, token },
                           { (ULONG)s->size, SECBUFFER_DATA, s->data } };
        SecBufferDesc d = { SECBUFFER_VERSION, 2, b };

        check(api->EncryptMessage(&s->pair.client, 0, &d, s->seq++) == SEC_E_OK, "EncryptMessage");
    }
    return harness_now() - start;
}

static void
message_group(struct sides *sides, size_t size)
{
    static struct stream s;
    char floor_name[64], name[64];
    double mb = (double)size / 1e6;

    s.size = size;
    establish(sides, &s.pair);
    (void)snprintf(floor_name, sizeof(floor_name), "floor beside WinPR: seal %zu B", size);
    (void)snprintf(name, sizeof(name), "WinPR: EncryptMessage %zu B", size);
    const struct harness_job jobs[] = {
        { floor_name, floor_seal, &size, NULL, mb, "MB/s", NULL },
        { name, encrypt, &s, NULL, mb, "MB/s", floor_name },
    };

    harness_group(jobs, 2);
}

int
main(void)
{
    static const size_t sizes[] = { 64, 1024, 16384 };
    struct sides ntlm, negotiate;

    (void)setenv("WLOG_LEVEL", "OFF", 1); /* its log is not what is measured */
    check(winpr_InitializeSSL(WINPR_SSL_INIT_DEFAULT), "winpr_InitializeSSL");
    api = InitSecurityInterfaceExA(0);
    check(api != NULL, "InitSecurityInterface");
    acquire(&ntlm, "NTLM");
    acquire(&negotiate, "Negotiate");
    const struct harness_job jobs[] = {
        { "floor beside WinPR: NTLMv2 handshake", floor_handshake, NULL, NULL, 1, "1/s", NULL },
        { "WinPR: NTLM handshake", handshakes, &ntlm, NULL, 1, "1/s",
          "floor beside WinPR: NTLMv2 handshake" },
        { "WinPR: Negotiate(NTLM) handshake", handshakes, &negotiate, NULL, 1, "1/s",
          "floor beside WinPR: NTLMv2 handshake" },
    };

    harness_group(jobs, 3);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        message_group(&ntlm, sizes[i]);
    }
    return 0;
}
