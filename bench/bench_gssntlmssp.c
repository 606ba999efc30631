/* SPDX-License-Identifier: Apache-2.0 */
/* The peer gss-ntlmssp, through MIT's mechglue: handshakes and messages beside the same floor. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>

#include "bench/floor.h"
#include "bench/harness.h"

enum { MAX_MESSAGE = 65536 };

static gss_OID_desc ntlm = { 10, (void *)"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a" };
static gss_OID_desc spnego = { 6, (void *)"\x2b\x06\x01\x05\x05\x02" };
static gss_name_t target;

struct sides {
    gss_OID mechanism;
    gss_cred_id_t client, server;
};

static void
check(OM_uint32 major, const char *what)
{
    if (GSS_ERROR(major)) {
        (void)fprintf(stderr, "bench_gssntlmssp: %s: %08x\n", what, major);
        exit(1);
    }
}

static gss_name_t
name_of(const char *text, gss_OID type)
{
    gss_buffer_desc b = { strlen(text), (void *)(uintptr_t)text };
    gss_name_t name;
    OM_uint32 minor;

    check(gss_import_name(&minor, &b, type, &name), "gss_import_name");
    return name;
}

static void
acquire(struct sides *s, gss_OID mechanism)
{
    gss_OID_set_desc set = { 1, mechanism }, only_ntlm = { 1, &ntlm };
    gss_buffer_desc password = { 9, (void *)(uintptr_t) "Passw0rd!" };
    OM_uint32 minor;

    s->mechanism = mechanism;
    check(gss_acquire_cred_with_password(&minor, name_of("BENCHDOM\\bench", GSS_C_NT_USER_NAME),
                                         &password, GSS_C_INDEFINITE, &set, GSS_C_INITIATE,
                                         &s->client, NULL, NULL),
          "the client's credential");
    check(gss_acquire_cred(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &set, GSS_C_ACCEPT, &s->server,
                           NULL, NULL),
          "the server's credential");
    if (mechanism == &spnego) {
        check(gss_set_neg_mechs(&minor, s->client, &only_ntlm), "gss_set_neg_mechs");
        check(gss_set_neg_mechs(&minor, s->server, &only_ntlm), "gss_set_neg_mechs");
    }
}

struct pair {
    gss_ctx_id_t client, server;
};

static void
establish(const struct sides *s, struct pair *p)
{
    const OM_uint32 flags =
        GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG | GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG;
    gss_buffer_desc to_server = GSS_C_EMPTY_BUFFER, to_client = GSS_C_EMPTY_BUFFER;
    OM_uint32 c = GSS_S_CONTINUE_NEEDED, a = GSS_S_CONTINUE_NEEDED, minor;

    p->client = p->server = GSS_C_NO_CONTEXT;
    while (c == GSS_S_CONTINUE_NEEDED || a == GSS_S_CONTINUE_NEEDED) {
        if (c == GSS_S_CONTINUE_NEEDED) {
            c = gss_init_sec_context(&minor, s->client, &p->client, target, s->mechanism, flags, 0,
                                     GSS_C_NO_CHANNEL_BINDINGS, &to_client, NULL, &to_server, NULL,
                                     NULL);
            check(c, "gss_init_sec_context");
            (void)gss_release_buffer(&minor, &to_client);
        }
        if (a == GSS_S_CONTINUE_NEEDED) {
            a = gss_accept_sec_context(&minor, &p->server, s->server, &to_server,
                                       GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL, &to_client, NULL,
                                       NULL, NULL);
            check(a, "gss_accept_sec_context");
        }
        (void)gss_release_buffer(&minor, &to_server);
    }
    (void)gss_release_buffer(&minor, &to_client);
}

static double
handshakes(void *state, long n)
{
    double start = harness_now();
    OM_uint32 minor;

    for (long i = 0; i < n; i++) {
        struct pair p;

        establish(state, &p);
        (void)gss_delete_sec_context(&minor, &p.client, GSS_C_NO_BUFFER);
        (void)gss_delete_sec_context(&minor, &p.server, GSS_C_NO_BUFFER);
    }
    return harness_now() - start;
}

struct stream {
    struct pair pair;
    size_t size;
    unsigned char data[MAX_MESSAGE];
};

static double
wrap(void *state, long n)
{
    struct stream *s = state;
    double start = harness_now();
    OM_uint32 minor;

    for (long i = 0; i < n; i++) {
        gss_buffer_desc in = { s->size, s->data }, out;

        check(gss_wrap(&minor, s->pair.client, 1, GSS_C_QOP_DEFAULT, &in, NULL, &out), "gss_wrap");
        (void)gss_release_buffer(&minor, &out);
    }
    return harness_now() - start;
}

static void
message_group(const struct sides *sides, size_t size)
{
    static struct stream s;
    char floor_name[64], name[64];
    double mb = (double)size / 1e6;

    s.size = size;
    establish(sides, &s.pair);
    (void)snprintf(floor_name, sizeof(floor_name), "floor beside gss-ntlmssp: seal %zu B", size);
    (void)snprintf(name, sizeof(name), "gss-ntlmssp: gss_wrap %zu B", size);
    const struct harness_job jobs[] = {
        { floor_name, floor_seal, &size, NULL, mb, "MB/s", NULL },
        { name, wrap, &s, NULL, mb, "MB/s", floor_name },
    };

    harness_group(jobs, 2);
}

static char user_file[] = "/tmp/opensspi-bench-XXXXXX";

static void
remove_user_file(void)
{
    (void)unlink(user_file);
}

/* gss-ntlmssp's server finds passwords in a file of lines DOMAIN:USER:PASSWORD. */
static void
make_user_file(void)
{
    static const char line[] = "BENCHDOM:bench:Passw0rd!\n";
    int fd = mkstemp(user_file);

    if (fd < 0 || write(fd, line, sizeof(line) - 1) != sizeof(line) - 1 || close(fd) != 0) {
        (void)fprintf(stderr, "bench_gssntlmssp: no file of users\n");
        exit(1);
    }
    (void)atexit(remove_user_file);
    (void)setenv("NTLM_USER_FILE", user_file, 1);
    (void)setenv("KRB5_CONFIG", "/dev/null", 1);
}

int
main(void)
{
    static const size_t sizes[] = { 64, 1024, 16384 };
    struct sides raw, in_spnego;

    make_user_file();
    target = name_of("HTTP@bench.example.test", GSS_C_NT_HOSTBASED_SERVICE);
    acquire(&raw, &ntlm);
    acquire(&in_spnego, &spnego);
    const struct harness_job jobs[] = {
        { "floor beside gss-ntlmssp: NTLMv2 handshake", floor_handshake, NULL, NULL, 1, "1/s",
          NULL },
        { "gss-ntlmssp: NTLM handshake", handshakes, &raw, NULL, 1, "1/s",
          "floor beside gss-ntlmssp: NTLMv2 handshake" },
        { "gss-ntlmssp: SPNEGO(NTLM) handshake", handshakes, &in_spnego, NULL, 1, "1/s",
          "floor beside gss-ntlmssp: NTLMv2 handshake" },
    };

    harness_group(jobs, 3);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        message_group(&raw, sizes[i]);
    }
    return 0;
}
