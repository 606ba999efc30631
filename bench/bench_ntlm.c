/* SPDX-License-Identifier: Apache-2.0 */
/* NTLM through the public interface: handshakes, raw and in SPNEGO, with the account's look-up in
 * them; messages; memory of an established server context. Every figure is one of this run. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <opensspi/opensspi.h>

#include "base/mem.h"
#include "bench/floor.h"
#include "bench/harness.h"
#include "tests/support/demo_store.h"

#define USER     "bench"
#define DOMAIN   "BENCHDOM"
#define PASSWORD "Passw0rd!"
#define TARGET   u"HTTP/bench.example.test"

enum { TOKEN_BYTES = 4096, CONTEXTS = 10000, MAX_MESSAGE = 65536 };

#define CLIENT_FLAGS \
    (ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT)

static void
check(int good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "bench_ntlm: %s: %s\n", what, OpenSspiReason());
        exit(1);
    }
}

/* --- exchanges ----------------------------------------------------------------------------- */

struct sides {
    const char *package;
    CredHandle client, server;
};

static void
acquire(struct sides *s, const char *package)
{
    SEC_WINNT_AUTH_IDENTITY_A id = {
        .User = (unsigned char *)USER,
        .UserLength = sizeof(USER) - 1,
        .Domain = (unsigned char *)DOMAIN,
        .DomainLength = sizeof(DOMAIN) - 1,
        .Password = (unsigned char *)PASSWORD,
        .PasswordLength = sizeof(PASSWORD) - 1,
        .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI,
    };

    s->package = package;
    check(AcquireCredentialsHandleA(NULL, (char *)(uintptr_t)package, SECPKG_CRED_OUTBOUND, NULL,
                                    &id, NULL, NULL, &s->client, NULL) == SEC_E_OK,
          package);
    check(AcquireCredentialsHandleA(NULL, (char *)(uintptr_t)package, SECPKG_CRED_INBOUND, NULL,
                                    NULL, NULL, NULL, &s->server, NULL) == SEC_E_OK,
          package);
}

struct pair {
    CtxtHandle client, server;
};

static void
establish(const struct sides *s, struct pair *p)
{
    uint8_t to_server[TOKEN_BYTES], to_client[TOKEN_BYTES];
    SecBuffer in, out;
    SecBufferDesc in_desc = { SECBUFFER_VERSION, 1, &in },
                  out_desc = { SECBUFFER_VERSION, 1, &out };
    PCtxtHandle client = NULL, server = NULL;
    CredHandle client_cred = s->client, server_cred = s->server;
    SECURITY_STATUS c = SEC_I_CONTINUE_NEEDED, a = SEC_I_CONTINUE_NEEDED;
    ULONG attributes, n = 0;

    while (c == SEC_I_CONTINUE_NEEDED || a == SEC_I_CONTINUE_NEEDED) {
        in = (SecBuffer){ n, SECBUFFER_TOKEN, to_client };
        out = (SecBuffer){ sizeof(to_server), SECBUFFER_TOKEN, to_server };
        c = InitializeSecurityContextW(&client_cred, client, (SEC_WCHAR *)(uintptr_t)TARGET,
                                       CLIENT_FLAGS, 0, SECURITY_NATIVE_DREP,
                                       client ? &in_desc : NULL, 0, &p->client, &out_desc,
                                       &attributes, NULL);
        check(c >= 0, OpenSspiStatusName(c));
        client = &p->client;
        if (a == SEC_E_OK) {
            break;
        }
        in = (SecBuffer){ out.cbBuffer, SECBUFFER_TOKEN, to_server };
        out = (SecBuffer){ sizeof(to_client), SECBUFFER_TOKEN, to_client };
        a = AcceptSecurityContext(&server_cred, server, &in_desc, ASC_REQ_CONFIDENTIALITY,
                                  SECURITY_NATIVE_DREP, &p->server, &out_desc, &attributes, NULL);
        check(a >= 0, OpenSspiStatusName(a));
        server = &p->server;
        n = out.cbBuffer;
        if (a == SEC_E_OK && n == 0) {
            break;
        }
    }
    check(a == SEC_E_OK && (attributes & ASC_RET_CONFIDENTIALITY), "the handshake");
}

static void
end(struct pair *p)
{
    (void)DeleteSecurityContext(&p->client);
    (void)DeleteSecurityContext(&p->server);
}

static double
handshakes(void *state, long n)
{
    double start = harness_now();

    for (long i = 0; i < n; i++) {
        struct pair p;

        establish(state, &p);
        end(&p);
    }
    return harness_now() - start;
}

/* The same, and one sealed message each way: keys and key streams are made by the first message of
 * a direction, so that this is what a handshake costs whose context is then used. */
static void
exchange_messages(struct pair *p)
{
    PCtxtHandle from[2] = { &p->client, &p->server };

    for (int i = 0; i < 2; i++) {
        uint8_t token[16], data[16] = { 0 };
        SecBuffer b[2] = { { 16, SECBUFFER_TOKEN, token }, { 16, SECBUFFER_DATA, data } };
        SecBufferDesc desc = { SECBUFFER_VERSION, 2, b };

        check(EncryptMessage(from[i], 0, &desc, 0) == SEC_E_OK &&
                  DecryptMessage(from[!i], &desc, 0, NULL) == SEC_E_OK,
              "a message each way");
    }
}

static double
handshakes_and_messages(void *state, long n)
{
    double start = harness_now();

    for (long i = 0; i < n; i++) {
        struct pair p;

        establish(state, &p);
        exchange_messages(&p);
        end(&p);
    }
    return harness_now() - start;
}

/* --- messages ------------------------------------------------------------------------------ */

struct stream {
    struct pair pair;
    size_t size;
    uint8_t *data, token[16];
};

static struct stream *
stream_new(const struct sides *s, size_t size)
{
    struct stream *st = mem_new(sizeof(*st));

    check(st != NULL, "memory");
    st->size = size;
    st->data = mem_new(size);
    check(st->data != NULL, "memory");
    establish(s, &st->pair);
    return st;
}

enum direction { PROTECT, OPEN };

/* One message there; only the half that is measured is timed. */
static double
message(struct stream *s, int sealed, enum direction timed)
{
    SecBuffer b[2] = { { sizeof(s->token), SECBUFFER_TOKEN, s->token },
                       { (ULONG)s->size, SECBUFFER_DATA, s->data } };
    SecBufferDesc desc = { SECBUFFER_VERSION, 2, b };
    SECURITY_STATUS status;

    if (timed == PROTECT) {
        status = sealed ? EncryptMessage(&s->pair.client, 0, &desc, 0)
                        : MakeSignature(&s->pair.client, 0, &desc, 0);
    } else {
        status = sealed ? DecryptMessage(&s->pair.server, &desc, 0, NULL)
                        : VerifySignature(&s->pair.server, &desc, 0, NULL);
    }
    check(status == SEC_E_OK, "a message");
    return 0;
}

static double
encrypt(void *state, long n)
{
    double start = harness_now();

    for (long i = 0; i < n; i++) {
        (void)message(state, 1, PROTECT);
    }
    return harness_now() - start;
}

static double
make_signature(void *state, long n)
{
    double start = harness_now();

    for (long i = 0; i < n; i++) {
        (void)message(state, 0, PROTECT);
    }
    return harness_now() - start;
}

/* Messages to open have to be made first, in batches that are not timed. */
enum { BATCH_BYTES = 1 << 22 };

static double
open_batches(struct stream *s, long n, int sealed)
{
    size_t each = s->size + sizeof(s->token);
    long batch = (long)(BATCH_BYTES / each) + 1;
    uint8_t *room = mem_new((size_t)batch * each);
    double total = 0;

    check(room != NULL, "memory");
    while (n > 0) {
        long now = n < batch ? n : batch;
        double start;

        for (long i = 0; i < now; i++) {
            uint8_t *at = room + (size_t)i * each;
            uint8_t *data = s->data;

            s->data = at + sizeof(s->token);
            (void)message(s, sealed, PROTECT);
            memcpy(at, s->token, sizeof(s->token));
            s->data = data;
        }
        start = harness_now();
        for (long i = 0; i < now; i++) {
            uint8_t *at = room + (size_t)i * each;
            SecBuffer b[2] = { { sizeof(s->token), SECBUFFER_TOKEN, at },
                               { (ULONG)s->size, SECBUFFER_DATA, at + sizeof(s->token) } };
            SecBufferDesc desc = { SECBUFFER_VERSION, 2, b };

            check((sealed ? DecryptMessage(&s->pair.server, &desc, 0, NULL)
                          : VerifySignature(&s->pair.server, &desc, 0, NULL)) == SEC_E_OK,
                  "opening");
        }
        total += harness_now() - start;
        n -= now;
    }
    mem_free(room);
    return total;
}

static double
decrypt(void *state, long n)
{
    return open_batches(state, n, 1);
}

static double
verify_signature(void *state, long n)
{
    return open_batches(state, n, 0);
}

/* --- groups -------------------------------------------------------------------------------- */

static void
handshake_group(struct sides sides[static 4])
{
    const struct harness_job jobs[] = {
        { "floor: NTLMv2 handshake", floor_handshake, NULL, NULL, 1, "1/s", NULL },
        { "floor: NTLMv2 handshake and SPNEGO's MICs", floor_handshake, (void *)1, NULL, 1, "1/s",
          NULL },
        { "NTLM handshake", handshakes, &sides[0], NULL, 1, "1/s", "floor: NTLMv2 handshake" },
        { "Negotiate(NTLM) handshake", handshakes, &sides[1], NULL, 1, "1/s",
          "floor: NTLMv2 handshake and SPNEGO's MICs" },
        { "floor: NTLMv2 handshake and a message each way", floor_used_handshake, NULL, NULL, 1,
          "1/s", NULL },
        { "NTLM handshake and a message each way", handshakes_and_messages, &sides[0], NULL, 1,
          "1/s", "floor: NTLMv2 handshake and a message each way" },
        { "NTLM handshake, 2 threads", handshakes, &sides[0], &sides[0], 1, "1/s",
          "NTLM handshake" },
        { "Negotiate(NTLM) handshake, 2 threads", handshakes, &sides[1], &sides[1], 1, "1/s",
          "Negotiate(NTLM) handshake" },
    };

    harness_group(jobs, sizeof(jobs) / sizeof(jobs[0]));
}

static void
message_group(const struct sides *sides, size_t size)
{
    static const char *const forms[] = { "floor: seal %zu B",
                                         "floor: sign %zu B",
                                         "EncryptMessage %zu B",
                                         "DecryptMessage %zu B",
                                         "MakeSignature %zu B",
                                         "VerifySignature %zu B",
                                         "EncryptMessage %zu B, 2 threads" };
    char names[7][64];
    double mb = (double)size / 1e6;
    struct stream *s[5];

    for (size_t i = 0; i < 5; i++) {
        s[i] = stream_new(sides, size);
    }
    for (size_t i = 0; i < 7; i++) {
        (void)snprintf(names[i], sizeof(names[i]), forms[i], size);
    }
    const struct harness_job jobs[] = {
        { names[0], floor_seal, &size, NULL, mb, "MB/s", NULL },
        { names[1], floor_sign, &size, NULL, mb, "MB/s", NULL },
        { names[2], encrypt, s[0], NULL, mb, "MB/s", names[0] },
        { names[3], decrypt, s[1], NULL, mb, "MB/s", names[0] },
        { names[4], make_signature, s[2], NULL, mb, "MB/s", names[1] },
        { names[5], verify_signature, s[3], NULL, mb, "MB/s", names[1] },
        { names[6], encrypt, s[0], s[4], mb, "MB/s", names[2] },
    };

    harness_group(jobs, sizeof(jobs) / sizeof(jobs[0]));
}

/* Server contexts alone, after a message each way: the clients' memory is measured and taken off
 * by making the pairs twice and keeping one side each time. */
static double
heap_bytes(const struct sides *s, int keep_server)
{
    static struct pair pairs[CONTEXTS];
    size_t before;
    double bytes;

    malloc_trim(0);
    before = mallinfo2().uordblks;
    for (int i = 0; i < CONTEXTS; i++) {
        establish(s, &pairs[i]);
        exchange_messages(&pairs[i]);
        (void)DeleteSecurityContext(keep_server ? &pairs[i].client : &pairs[i].server);
    }
    bytes = (double)(mallinfo2().uordblks - before) / CONTEXTS;
    for (int i = 0; i < CONTEXTS; i++) {
        (void)DeleteSecurityContext(keep_server ? &pairs[i].server : &pairs[i].client);
    }
    return bytes;
}

int
main(void)
{
    static const size_t sizes[] = { 64, 1024, 16384, MAX_MESSAGE };
    struct sides sides[4];

    check(OpenSspiLoadConfiguration(demo_store_make(DOMAIN, USER, PASSWORD, NULL), NULL, 0) ==
              SEC_E_OK,
          "the configuration");
    acquire(&sides[0], "NTLM");
    acquire(&sides[1], QuerySecurityPackageInfoA((char *)(uintptr_t) "Negotiate",
                                                 &(PSecPkgInfoA){ NULL }) == SEC_E_OK
                           ? "Negotiate"
                           : "NTLM");
    handshake_group(sides);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        message_group(&sides[0], sizes[i]);
    }
    for (int i = 0; i < 2; i++) {
        char what[64];

        (void)snprintf(what, sizeof(what), "memory per established server context, %s",
                       sides[i].package);
        harness_row(what, heap_bytes(&sides[i], 1), "B", 0, NULL);
    }
    return 0;
}
