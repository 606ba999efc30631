/* SPDX-License-Identifier: Apache-2.0 */
/* Kerberos through the public interface, beside the crypto floor and MIT's GSS-API on the very same
 * tokens: accepts (AP-REQ in, AP-REP out) with replay detection on, a PAC in each ticket and an
 * authenticator that nobody has seen before; messages; memory of an established server context.
 * Keys and tickets are made here; no KDC is asked. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <opensspi/opensspi.h>

#include "base/mem.h"
#include "bench/floor.h"
#include "bench/harness.h"
#include "bench/kerberos_realm.h"

enum { CONTEXTS = 10000, TOKEN_BYTES = 4096, TRAILER = 60, MAX_MESSAGE = 16384 };

#define CLIENT_FLAGS                                                                             \
    (ISC_REQ_MUTUAL_AUTH | ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | \
     ISC_REQ_SEQUENCE_DETECT)

static void
check(int good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "bench_kerberos: %s: %s\n", what, OpenSspiReason());
        exit(1);
    }
}

/* --- tokens, made in batches that are not timed -------------------------------------------- */

enum { BATCH = 2000 };

struct batch {
    struct wire_writer w;
    size_t at[BATCH + 1];
};

static void
fill(struct batch *b, struct kerberos_maker *m, long n)
{
    b->w.len = 0;
    for (long i = 0; i < n; i++) {
        b->at[i] = b->w.len;
        kerberos_maker_put(m, &b->w);
    }
    b->at[n] = b->w.len;
    check(wire_writer_status(&b->w) == WIRE_OK, "tokens");
}

/* A state of a job: each thread's own. */
struct side {
    struct kerberos_maker *maker;
    struct batch batch;
    CredHandle credential;
    gss_cred_id_t gss;
};

typedef void (*accept_one)(struct side *, uint8_t *token, size_t n);

static double
in_batches(struct side *s, long n, accept_one accept)
{
    double total = 0;

    while (n > 0) {
        long now = n < BATCH ? n : BATCH;
        double start;

        fill(&s->batch, s->maker, now);
        start = harness_now();
        for (long i = 0; i < now; i++) {
            accept(s, s->batch.w.p + s->batch.at[i], s->batch.at[i + 1] - s->batch.at[i]);
        }
        total += harness_now() - start;
        n -= now;
    }
    return total;
}

static void
accept_ours(struct side *s, uint8_t *token, size_t n)
{
    uint8_t room[TOKEN_BYTES];
    SecBuffer in = { (ULONG)n, SECBUFFER_TOKEN, token };
    SecBuffer out = { sizeof(room), SECBUFFER_TOKEN, room };
    SecBufferDesc in_desc = { SECBUFFER_VERSION, 1, &in },
                  out_desc = { SECBUFFER_VERSION, 1, &out };
    CtxtHandle context;
    ULONG attributes;

    check(AcceptSecurityContext(&s->credential, NULL, &in_desc, 0, SECURITY_NATIVE_DREP, &context,
                                &out_desc, &attributes, NULL) == SEC_E_OK &&
              out.cbBuffer > 0,
          "AcceptSecurityContext");
    (void)DeleteSecurityContext(&context);
}

static void
accept_mit(struct side *s, uint8_t *token, size_t n)
{
    gss_buffer_desc in = { n, token }, out = GSS_C_EMPTY_BUFFER;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    OM_uint32 major, minor;

    major = gss_accept_sec_context(&minor, &context, s->gss, &in, GSS_C_NO_CHANNEL_BINDINGS, NULL,
                                   NULL, &out, NULL, NULL, NULL);
    check(major == GSS_S_COMPLETE && out.length > 0, "gss_accept_sec_context");
    (void)gss_release_buffer(&minor, &out);
    (void)gss_delete_sec_context(&minor, &context, NULL);
}

static double
accepts(void *side, long n)
{
    return in_batches(side, n, accept_ours);
}

static double
mit_accepts(void *side, long n)
{
    return in_batches(side, n, accept_mit);
}

static struct side *
side_new(const char *package, unsigned ahead_seconds)
{
    struct side *s = mem_new(sizeof(*s));

    check(s && (s->maker = mem_new(sizeof(*s->maker))), "memory");
    kerberos_maker_init(s->maker, ahead_seconds);
    s->batch.w = wire_writer_growing(NULL, 0);
    check(AcquireCredentialsHandleA(NULL, (char *)(uintptr_t)package, SECPKG_CRED_INBOUND, NULL,
                                    NULL, NULL, NULL, &s->credential, NULL) == SEC_E_OK,
          package);
    return s;
}

static struct side *
mit_side_new(void)
{
    struct side *s = side_new("Kerberos", 0);
    OM_uint32 minor;

    check(gss_acquire_cred(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, GSS_C_NO_OID_SET, GSS_C_ACCEPT,
                           &s->gss, NULL, NULL) == GSS_S_COMPLETE,
          "gss_acquire_cred");
    return s;
}

static void
accept_group(void)
{
    static enum floor_kerberos_type sha1 = FLOOR_AES256_SHA1;
    const struct harness_job jobs[] = {
        { "floor: AP exchange, acceptor, aes256-sha1", floor_kerberos_accept, &sha1, NULL, 1, "1/s",
          NULL },
        { "MIT: gss_accept_sec_context", mit_accepts, mit_side_new(), NULL, 1, "1/s",
          "floor: AP exchange, acceptor, aes256-sha1" },
        { "Kerberos accept", accepts, side_new("Kerberos", 0), NULL, 1, "1/s",
          "floor: AP exchange, acceptor, aes256-sha1" },
        { "Kerberos accept, beside MIT", accepts, side_new("Kerberos", 0), NULL, 1, "1/s",
          "MIT: gss_accept_sec_context" },
        { "Kerberos accept, 2 threads", accepts, side_new("Kerberos", 0), side_new("Kerberos", 60),
          1, "1/s", "Kerberos accept" },
        { "Negotiate(Kerberos) accept, raw token", accepts, side_new("Negotiate", 0), NULL, 1,
          "1/s", "floor: AP exchange, acceptor, aes256-sha1" },
    };

    harness_group(jobs, sizeof(jobs) / sizeof(jobs[0]));
}

/* --- messages ------------------------------------------------------------------------------ */

struct pair {
    CtxtHandle client, server;
    gss_ctx_id_t gss_client, gss_server;
};

static void
establish(const CredHandle *client_credential, const CredHandle *server_credential, struct pair *p)
{
    uint8_t to_server[TOKEN_BYTES], to_client[TOKEN_BYTES];
    SecBuffer a = { sizeof(to_server), SECBUFFER_TOKEN, to_server };
    SecBuffer b = { sizeof(to_client), SECBUFFER_TOKEN, to_client };
    SecBufferDesc a_desc = { SECBUFFER_VERSION, 1, &a }, b_desc = { SECBUFFER_VERSION, 1, &b };
    CredHandle cred = *client_credential, server = *server_credential;
    ULONG attributes;

    check(InitializeSecurityContextW(&cred, NULL, (SEC_WCHAR *)(uintptr_t)REALM_SERVICE_W,
                                     CLIENT_FLAGS, 0, SECURITY_NATIVE_DREP, NULL, 0, &p->client,
                                     &a_desc, &attributes, NULL) == SEC_I_CONTINUE_NEEDED,
          "InitializeSecurityContext");
    check(AcceptSecurityContext(&server, NULL, &a_desc, 0, SECURITY_NATIVE_DREP, &p->server,
                                &b_desc, &attributes, NULL) == SEC_E_OK,
          "AcceptSecurityContext");
    a.cbBuffer = sizeof(to_server);
    check(InitializeSecurityContextW(&cred, &p->client, (SEC_WCHAR *)(uintptr_t)REALM_SERVICE_W,
                                     CLIENT_FLAGS, 0, SECURITY_NATIVE_DREP, &b_desc, 0, &p->client,
                                     &a_desc, &attributes, NULL) == SEC_E_OK,
          "InitializeSecurityContext, the reply");
}

static void
establish_mit(struct pair *p)
{
    gss_buffer_desc name = { strlen(REALM_SERVICE "@" FAKE_REALM),
                             (void *)(uintptr_t)(REALM_SERVICE "@" FAKE_REALM) };
    gss_buffer_desc to_server = GSS_C_EMPTY_BUFFER, to_client = GSS_C_EMPTY_BUFFER;
    const OM_uint32 flags = GSS_C_MUTUAL_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG |
                            GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG;
    static gss_OID_desc principal = { 10, (void *)"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01" };
    gss_name_t target;
    OM_uint32 minor;

    check(gss_import_name(&minor, &name, &principal, &target) == GSS_S_COMPLETE, "gss_import_name");
    p->gss_client = p->gss_server = GSS_C_NO_CONTEXT;
    check(gss_init_sec_context(&minor, GSS_C_NO_CREDENTIAL, &p->gss_client, target, GSS_C_NO_OID,
                               flags, 0, GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL, &to_server, NULL,
                               NULL) == GSS_S_CONTINUE_NEEDED,
          "gss_init_sec_context");
    check(gss_accept_sec_context(&minor, &p->gss_server, GSS_C_NO_CREDENTIAL, &to_server,
                                 GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL, &to_client, NULL, NULL,
                                 NULL) == GSS_S_COMPLETE,
          "gss_accept_sec_context");
    check(gss_init_sec_context(&minor, GSS_C_NO_CREDENTIAL, &p->gss_client, target, GSS_C_NO_OID,
                               flags, 0, GSS_C_NO_CHANNEL_BINDINGS, &to_client, NULL, &to_server,
                               NULL, NULL) == GSS_S_COMPLETE,
          "gss_init_sec_context, the reply");
}

struct stream {
    struct pair pair;
    size_t size;
    uint8_t data[MAX_MESSAGE], token[TRAILER];
};

static void
seal_one(struct stream *s, uint8_t *token, uint8_t *data)
{
    SecBuffer b[2] = { { TRAILER, SECBUFFER_TOKEN, token },
                       { (ULONG)s->size, SECBUFFER_DATA, data } };
    SecBufferDesc desc = { SECBUFFER_VERSION, 2, b };

    check(EncryptMessage(&s->pair.client, 0, &desc, 0) == SEC_E_OK && b[0].cbBuffer == TRAILER,
          "EncryptMessage");
}

static void
open_one(struct stream *s, uint8_t *token, uint8_t *data)
{
    SecBuffer b[2] = { { TRAILER, SECBUFFER_TOKEN, token },
                       { (ULONG)s->size, SECBUFFER_DATA, data } };
    SecBufferDesc desc = { SECBUFFER_VERSION, 2, b };

    check(DecryptMessage(&s->pair.server, &desc, 0, NULL) == SEC_E_OK, "DecryptMessage");
}

static double
encrypt(void *state, long n)
{
    struct stream *s = state;
    double start = harness_now();

    for (long i = 0; i < n; i++) {
        seal_one(s, s->token, s->data);
    }
    return harness_now() - start;
}

static double
sign(void *state, long n)
{
    struct stream *s = state;
    double start = harness_now();

    for (long i = 0; i < n; i++) {
        SecBuffer b[2] = { { sizeof(s->token), SECBUFFER_TOKEN, s->token },
                           { (ULONG)s->size, SECBUFFER_DATA, s->data } };
        SecBufferDesc desc = { SECBUFFER_VERSION, 2, b };

        check(MakeSignature(&s->pair.client, 0, &desc, 0) == SEC_E_OK, "MakeSignature");
    }
    return harness_now() - start;
}

enum { ROOM_BYTES = 1 << 22 };

static double
decrypt(void *state, long n)
{
    struct stream *s = state;
    size_t each = s->size + TRAILER;
    long batch = (long)(ROOM_BYTES / each);
    uint8_t *room = mem_new(ROOM_BYTES);
    double total = 0;

    check(room != NULL, "memory");
    while (n > 0) {
        long now = n < batch ? n : batch;
        double start;

        for (long i = 0; i < now; i++) {
            seal_one(s, room + (size_t)i * each, room + (size_t)i * each + TRAILER);
        }
        start = harness_now();
        for (long i = 0; i < now; i++) {
            open_one(s, room + (size_t)i * each, room + (size_t)i * each + TRAILER);
        }
        total += harness_now() - start;
        n -= now;
    }
    mem_free(room);
    return total;
}

static double
mit_wrap(void *state, long n)
{
    struct stream *s = state;
    double start = harness_now();

    for (long i = 0; i < n; i++) {
        gss_buffer_desc in = { s->size, s->data }, out = GSS_C_EMPTY_BUFFER;
        OM_uint32 minor;

        check(gss_wrap(&minor, s->pair.gss_client, 1, GSS_C_QOP_DEFAULT, &in, NULL, &out) ==
                  GSS_S_COMPLETE,
              "gss_wrap");
        (void)gss_release_buffer(&minor, &out);
    }
    return harness_now() - start;
}

static struct stream *
stream_new(const CredHandle *client, const CredHandle *server, size_t size)
{
    struct stream *s = mem_new(sizeof(*s));

    check(s != NULL, "memory");
    s->size = size;
    if (client) {
        establish(client, server, &s->pair);
    } else {
        establish_mit(&s->pair);
    }
    return s;
}

static void
message_group(const CredHandle *client, const CredHandle *server, size_t size)
{
    static const char *const forms[] = { "floor: seal %zu B, aes256-sha1",
                                         "floor: open %zu B",
                                         "floor: MIC %zu B",
                                         "MIT: gss_wrap %zu B",
                                         "Kerberos EncryptMessage %zu B",
                                         "Kerberos DecryptMessage %zu B",
                                         "Kerberos MakeSignature %zu B",
                                         "Kerberos EncryptMessage %zu B, 2 threads" };
    struct floor_kerberos_message m = { FLOOR_AES256_SHA1, size };
    char names[8][64];
    double mb = (double)size / 1e6;

    for (size_t i = 0; i < 8; i++) {
        (void)snprintf(names[i], sizeof(names[i]), forms[i], size);
    }
    {
        struct stream *once = stream_new(client, server, size);
        const struct harness_job jobs[] = {
            { names[0], floor_kerberos_seal, &m, NULL, mb, "MB/s", NULL },
            { names[1], floor_kerberos_open, &m, NULL, mb, "MB/s", NULL },
            { names[2], floor_kerberos_sign, &m, NULL, mb, "MB/s", NULL },
            { names[3], mit_wrap, stream_new(NULL, NULL, size), NULL, mb, "MB/s", names[0] },
            { names[4], encrypt, once, NULL, mb, "MB/s", names[0] },
            { names[5], decrypt, stream_new(client, server, size), NULL, mb, "MB/s", names[1] },
            { names[6], sign, stream_new(client, server, size), NULL, mb, "MB/s", names[2] },
            { names[7], encrypt, once, stream_new(client, server, size), mb, "MB/s", names[4] },
        };

        harness_group(jobs, sizeof(jobs) / sizeof(jobs[0]));
    }
}

/* --- memory -------------------------------------------------------------------------------- */

/* Server contexts alone, after a message each way. */
static double
heap_bytes(const CredHandle *client, const CredHandle *server)
{
    static struct pair pairs[CONTEXTS];
    struct stream s = { .size = 16 };
    size_t before;
    double bytes;

    malloc_trim(0);
    before = mallinfo2().uordblks;
    for (int i = 0; i < CONTEXTS; i++) {
        establish(client, server, &pairs[i]);
        s.pair = pairs[i];
        seal_one(&s, s.token, s.data);
        open_one(&s, s.token, s.data);
        s.pair = (struct pair){ .client = pairs[i].server, .server = pairs[i].client };
        seal_one(&s, s.token, s.data);
        open_one(&s, s.token, s.data);
        (void)DeleteSecurityContext(&pairs[i].client);
    }
    bytes = (double)(mallinfo2().uordblks - before) / CONTEXTS;
    for (int i = 0; i < CONTEXTS; i++) {
        (void)DeleteSecurityContext(&pairs[i].server);
    }
    return bytes;
}

/* What a context keeps of names, for itself and for its identity: UTF-16, as it was told. */
static double
name_bytes(const CredHandle *client, const CredHandle *server)
{
    POPENSSPI_LOGON logon;
    struct pair p;
    size_t identity, own;

    establish(client, server, &p);
    check(OpenSspiQueryLogon(&p.server, &logon) == SEC_E_OK, "OpenSspiQueryLogon");
    identity = strlen(logon->UserName) + strlen(logon->DomainName);
    own = identity + strlen(logon->ClientPrincipal) + strlen(logon->ServicePrincipal) +
          strlen(logon->TargetName);
    (void)FreeContextBuffer(logon);
    (void)DeleteSecurityContext(&p.client);
    (void)DeleteSecurityContext(&p.server);
    return 2 * (double)(identity + own);
}

int
main(void)
{
    static const size_t sizes[] = { 64, 1024, MAX_MESSAGE };
    CredHandle client, server;

    kerberos_realm_make();
    check(OpenSspiLoadConfiguration(kerberos_realm_path("opensspi.conf"), NULL, 0) == SEC_E_OK,
          "the configuration");
    check(AcquireCredentialsHandleA(NULL, (char *)(uintptr_t) "Kerberos", SECPKG_CRED_OUTBOUND,
                                    NULL, NULL, NULL, NULL, &client, NULL) == SEC_E_OK &&
              AcquireCredentialsHandleA(NULL, (char *)(uintptr_t) "Kerberos", SECPKG_CRED_INBOUND,
                                        NULL, NULL, NULL, NULL, &server, NULL) == SEC_E_OK,
          "credentials");
    accept_group();
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        message_group(&client, &server, sizes[i]);
    }
    harness_row("memory per established server context, Kerberos", heap_bytes(&client, &server),
                "B", 0, NULL);
    harness_row("names in it", name_bytes(&client, &server), "B", 0, NULL);
    return 0;
}
