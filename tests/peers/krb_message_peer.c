/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kerberos messages between a GSSAPI library and src/kerberos/session.h, in one process: the library
 * makes a context with itself, gives its keys away, and our session then stands in for either end.
 *
 *   krb_message_peer SERVICE@HOST ENCTYPE plain|dce [--vectors]
 *
 * Tickets come from KRB5CCNAME, the service's keys from KRB5_KTNAME. Each kind of message that is not
 * understood is a line on stderr, and exit status 1. --vectors: what the library sent, in the form of
 * tests/unit/kerberos/session_vectors.txt. Compiled against MIT's library and against Heimdal's, whose
 * gss_wrap_iov and gss_unwrap_iov do not know the rotations that its gss_wrap makes.
 */
#include <gssapi/gssapi.h>
#ifndef PEER_HEIMDAL
#include <gssapi/gssapi_ext.h>
#endif
#include <gssapi/gssapi_krb5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kerberos/session.h"
#include "tests/support/fake_host.h"

#ifdef PEER_HEIMDAL
enum { HAS_IOV = 0 };
#else
enum { HAS_IOV = 1 };
#endif

enum { ROOM = 8192, SIZES = 11, VECTOR_BYTES = 17 };
static const size_t sizes[SIZES] = { 0, 1, 15, 16, 17, 31, 32, 48, 100, 1000, 4096 };

static unsigned done, failed;
static bool vectors;

static void
die(const char *what, OM_uint32 major, OM_uint32 minor)
{
    fprintf(stderr, "krb_message_peer: %s: 0x%x, %d\n", what, major, (int)minor);
    exit(1);
}

static void
need(bool good, const char *kind, size_t n, OM_uint32 major)
{
    done++;
    if (!good) {
        failed++;
        fprintf(stderr, "krb_message_peer: %s, %zu bytes: 0x%x %s\n", kind, n, major, sec_reason());
    }
}

/* --- the library's contexts ---------------------------------------------------------------- */

/* One end: the library's own context, and what our session is made from. */
struct end {
    gss_ctx_id_t context;
    struct krb_key key;
    bool acceptor, acceptor_subkey;
    uint32_t send_sequence, receive_sequence;
};

static gss_OID_desc oid_krb5 = { 9, (void *)"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02" };

static void
establish(const char *service, OM_uint32 enctype, OM_uint32 flags, gss_ctx_id_t *client,
          gss_ctx_id_t *server)
{
    gss_buffer_desc name = { strlen(service), (void *)(uintptr_t)service };
    gss_buffer_desc to_server = GSS_C_EMPTY_BUFFER, to_client = GSS_C_EMPTY_BUFFER;
    gss_OID_set_desc mechs = { 1, &oid_krb5 };
    gss_name_t target;
    gss_cred_id_t cred;
    OM_uint32 minor, a = GSS_S_CONTINUE_NEEDED, b = GSS_S_CONTINUE_NEEDED, got;

    a = gss_import_name(&minor, &name, GSS_C_NT_HOSTBASED_SERVICE, &target);
    if (a == GSS_S_COMPLETE) {
        a = gss_acquire_cred(&minor, GSS_C_NO_NAME, 0, &mechs, GSS_C_INITIATE, &cred, NULL, NULL);
    }
    if (a == GSS_S_COMPLETE) {
        a = gss_krb5_set_allowable_enctypes(&minor, cred, 1, (void *)&enctype);
    }
    if (a != GSS_S_COMPLETE) {
        die("credentials", a, minor);
    }
    *client = *server = GSS_C_NO_CONTEXT;
    a = GSS_S_CONTINUE_NEEDED;
    while (a == GSS_S_CONTINUE_NEEDED || b == GSS_S_CONTINUE_NEEDED) {
        if (a == GSS_S_CONTINUE_NEEDED) {
            a = gss_init_sec_context(&minor, cred, client, target, &oid_krb5, flags, 0, NULL,
                                     &to_client, NULL, &to_server, &got, NULL);
            if (GSS_ERROR(a)) {
                die("gss_init_sec_context", a, minor);
            }
        }
        if (b == GSS_S_CONTINUE_NEEDED) {
            b = gss_accept_sec_context(&minor, server, GSS_C_NO_CREDENTIAL, &to_server, NULL, NULL,
                                       NULL, &to_client, &got, NULL, NULL);
            if (GSS_ERROR(b)) {
                die("gss_accept_sec_context", b, minor);
            }
        }
    }
    if ((got & flags) != flags) {
        die("flags that were not granted", got, 0);
    }
}

/* Exporting ends a context: it is brought back twice, once to be asked for its keys. */
static void
take_end(struct end *e, gss_ctx_id_t context, bool acceptor)
{
    gss_buffer_desc token;
    gss_krb5_lucid_context_v1_t *lucid;
    const gss_krb5_lucid_key_t *key;
    gss_ctx_id_t other;
    OM_uint32 minor, major = gss_export_sec_context(&minor, &context, &token);

    if (major == GSS_S_COMPLETE) {
        major = gss_import_sec_context(&minor, &token, &e->context);
    }
    if (major == GSS_S_COMPLETE) {
        major = gss_import_sec_context(&minor, &token, &other);
    }
    if (major == GSS_S_COMPLETE) {
        major = gss_krb5_export_lucid_sec_context(&minor, &other, 1, (void **)&lucid);
    }
    if (major != GSS_S_COMPLETE) {
        die("gss_krb5_export_lucid_sec_context", major, minor);
    }
    e->acceptor = acceptor;
    e->acceptor_subkey = lucid->protocol == 1 && lucid->cfx_kd.have_acceptor_subkey;
    key = lucid->protocol == 0 ? &lucid->rfc1964_kd.ctx_key
          : e->acceptor_subkey ? &lucid->cfx_kd.acceptor_subkey
                               : &lucid->cfx_kd.ctx_key;
    if (!krb_key_set(&e->key, (int32_t)key->type, bytes_of(key->data, key->length))) {
        die("key of another type", key->type, key->length);
    }
    e->send_sequence = (uint32_t)lucid->send_seq;
    e->receive_sequence = (uint32_t)lucid->recv_seq;
}

/* --- vectors ------------------------------------------------------------------------------- */

static void
put_hex(const void *p, size_t n)
{
    if (n == 0) {
        printf(" -");
        return;
    }
    printf(" ");
    for (size_t i = 0; i < n; i++) {
        printf("%02x", ((const uint8_t *)p)[i]);
    }
}

static void
put_vector(const struct end *sender, bool dce, const char *kind)
{
    if (vectors) {
        printf("%s %d %s %s %s", kind, sender->key.enctype,
               sender->acceptor ? "acceptor" : "initiator",
               sender->acceptor_subkey ? "subkey" : "-", dce ? "dce" : "-");
        put_hex(sender->key.b, sender->key.n);
        printf(" %u", sender->send_sequence);
    }
}

static void
end_vector(void)
{
    if (vectors) {
        printf("\n");
    }
}

/* --- one direction ------------------------------------------------------------------------- */

struct way {
    struct end *sender, *receiver;
    struct krb_session session; /* in place of one of them */
    bool dce;
};

static uint8_t text[ROOM];

static uint8_t *
room_of(size_t n)
{
    uint8_t *p = malloc(n ? n : 1);

    if (!p) {
        die("no memory", 0, 0);
    }
    return p;
}

static uint8_t *
copy_of(const void *p, size_t n)
{
    uint8_t *copy = room_of(n);

    bytes_copy(copy, p, n);
    return copy;
}

static bool
holds_text(const struct sec_segment *g, size_t n)
{
    return g->n == n && memcmp(g->p, text, n) == 0;
}

/* gss_wrap, to a stream of ours. */
static void
wrap(struct way *w, size_t n, int conf)
{
    gss_buffer_desc in = { n, text }, out;
    OM_uint32 minor, major = gss_wrap(&minor, w->sender->context, conf, 0, &in, NULL, &out);
    struct sec_msg m = { .stream = true };

    if (major != GSS_S_COMPLETE) {
        die("gss_wrap", major, minor);
    }
    if (n == VECTOR_BYTES) {
        put_vector(w->sender, w->dce, conf ? "wrap" : "wrap-clear");
        if (vectors) {
            put_hex(text, n);
            put_hex(out.value, out.length);
        }
        end_vector();
    }
    w->sender->send_sequence++;
    m.token = copy_of(out.value, out.length);
    m.token_n = out.length;
    need(krb_session_unseal(&w->session, &m) == SEC_E_OK && holds_text(&m.opened, n) &&
             m.no_encrypt == !conf,
         conf ? "gss_wrap to a stream" : "gss_wrap in the clear to a stream", n, 0);
    free(m.token);
    gss_release_buffer(&minor, &out);
}

static void
get_mic(struct way *w, size_t n)
{
    gss_buffer_desc in = { n, text }, out;
    OM_uint32 minor, major = gss_get_mic(&minor, w->sender->context, 0, &in, &out);
    struct sec_segment data = { .p = text, .n = n };
    struct sec_msg m = { .segments = &data, .n_segments = 1 };

    if (major != GSS_S_COMPLETE) {
        die("gss_get_mic", major, minor);
    }
    if (n == VECTOR_BYTES) {
        put_vector(w->sender, w->dce, "mic");
        if (vectors) {
            put_hex(text, n);
            put_hex(out.value, out.length);
        }
        end_vector();
    }
    w->sender->send_sequence++;
    m.token = out.value;
    m.token_n = out.length;
    need(krb_session_verify(&w->session, &m) == SEC_E_OK, "gss_get_mic", n, 0);
    gss_release_buffer(&minor, &out);
}

enum { HEAD, SIGNED_BEFORE, FIRST, SECOND, SIGNED_BEHIND, PADDING, TRAILER, IOVS };

static void
make_iov(gss_iov_buffer_desc iov[IOVS], uint8_t *data, size_t n)
{
    static uint8_t before[] = "signed before", behind[] = "signed behind";
    size_t half = n / 3;

    iov[HEAD] = (gss_iov_buffer_desc){ GSS_IOV_BUFFER_TYPE_HEADER, { 0, NULL } };
    iov[SIGNED_BEFORE] =
        (gss_iov_buffer_desc){ GSS_IOV_BUFFER_TYPE_SIGN_ONLY, { sizeof(before), before } };
    iov[FIRST] = (gss_iov_buffer_desc){ GSS_IOV_BUFFER_TYPE_DATA, { half, data } };
    iov[SECOND] = (gss_iov_buffer_desc){ GSS_IOV_BUFFER_TYPE_DATA, { n - half, data + half } };
    iov[SIGNED_BEHIND] =
        (gss_iov_buffer_desc){ GSS_IOV_BUFFER_TYPE_SIGN_ONLY, { sizeof(behind), behind } };
    iov[PADDING] = (gss_iov_buffer_desc){ GSS_IOV_BUFFER_TYPE_PADDING, { 0, NULL } };
    iov[TRAILER] = (gss_iov_buffer_desc){ GSS_IOV_BUFFER_TYPE_TRAILER, { 0, NULL } };
}

static void
segments_of(struct sec_segment g[4], const gss_iov_buffer_desc iov[IOVS])
{
    for (int i = 0; i < 4; i++) {
        const gss_iov_buffer_desc *v = &iov[SIGNED_BEFORE + i];

        g[i] = (struct sec_segment){ .p = v->buffer.value,
                                     .n = v->buffer.length,
                                     .checksum_only = v->type == GSS_IOV_BUFFER_TYPE_SIGN_ONLY };
    }
}

/* gss_wrap_iov without a trailer, which it then puts into the header: TOKEN and DATA of ours. */
static void
wrap_iov(struct way *w, size_t n, int conf)
{
    const OM_uint32 allocate = GSS_IOV_BUFFER_FLAG_ALLOCATE;
    gss_iov_buffer_desc iov[IOVS];
    uint8_t *data = copy_of(text, n);
    struct sec_segment g[4];
    struct sec_msg m = { .segments = g, .n_segments = 4 };
    OM_uint32 minor, major;

    make_iov(iov, data, n);
    iov[HEAD].type |= allocate;
    iov[PADDING].type |= allocate;
    major = gss_wrap_iov(&minor, w->sender->context, conf, 0, NULL, iov, TRAILER);
    if (major != GSS_S_COMPLETE) {
        die("gss_wrap_iov", major, minor);
    }
    segments_of(g, iov);
    m.token = iov[HEAD].buffer.value;
    m.token_n = iov[HEAD].buffer.length;
    m.padding =
        (struct sec_segment){ .p = iov[PADDING].buffer.value, .n = iov[PADDING].buffer.length };
    if (n == VECTOR_BYTES) {
        put_vector(w->sender, w->dce, conf ? "iov" : "iov-clear");
        if (vectors) {
            put_hex(text, n);
            put_hex(m.token, m.token_n);
            put_hex(data, n);
            put_hex(m.padding.p, m.padding.n);
        }
        end_vector();
    }
    w->sender->send_sequence++;
    need(krb_session_unseal(&w->session, &m) == SEC_E_OK && memcmp(data, text, n) == 0 &&
             m.no_encrypt == !conf,
         conf ? "gss_wrap_iov" : "gss_wrap_iov in the clear", n, 0);
    gss_release_iov_buffer(&minor, iov, TRAILER);
    free(data);
}

/* The same with a trailer: what goes out is not rotated. */
static void
wrap_iov_to_stream(struct way *w, size_t n)
{
    const OM_uint32 allocate = GSS_IOV_BUFFER_FLAG_ALLOCATE;
    gss_iov_buffer_desc all[IOVS], iov[4];
    uint8_t *data = copy_of(text, n), *whole = room_of(n + 256);
    struct sec_msg m = { .token = whole, .stream = true };
    OM_uint32 minor, major;

    make_iov(all, data, n);
    iov[0] = all[HEAD];
    iov[1] = (gss_iov_buffer_desc){ GSS_IOV_BUFFER_TYPE_DATA, { n, data } };
    iov[2] = all[PADDING];
    iov[3] = all[TRAILER];
    iov[0].type |= allocate;
    iov[2].type |= allocate;
    iov[3].type |= allocate;
    major = gss_wrap_iov(&minor, w->sender->context, 1, 0, NULL, iov, 4);
    if (major != GSS_S_COMPLETE) {
        die("gss_wrap_iov with a trailer", major, minor);
    }
    for (int i = 0; i < 4; i++) {
        bytes_copy(whole + m.token_n, iov[i].buffer.value, iov[i].buffer.length);
        m.token_n += iov[i].buffer.length;
    }
    w->sender->send_sequence++;
    need(krb_session_unseal(&w->session, &m) == SEC_E_OK && holds_text(&m.opened, n),
         "gss_wrap_iov with a trailer to a stream", n, 0);
    gss_release_iov_buffer(&minor, iov, 4);
    free(data);
    free(whole);
}

/* --- the other ----------------------------------------------------------------------------- */

/* TOKEN, DATA and PADDING of ours in one, as gss_unwrap takes it. */
static void
seal(struct way *w, size_t n, bool clear)
{
    uint8_t token[128], padding[1], *whole = room_of(n + sizeof(token) + sizeof(padding));
    uint8_t *data = copy_of(text, n);
    struct sec_segment g = { .p = data, .n = n };
    struct sec_msg m = { .segments = &g,
                         .n_segments = 1,
                         .token = token,
                         .token_n = sizeof(token),
                         .padding = { .p = padding, .n = 1 },
                         .no_encrypt = clear };
    gss_buffer_desc in = { 0, whole }, out = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor, major = GSS_S_FAILURE;
    int conf = 5;

    if (krb_session_seal(&w->session, &m) == SEC_E_OK) {
        bytes_copy(whole, token, m.token_n);
        bytes_copy(whole + m.token_n, data, n);
        bytes_copy(whole + m.token_n + n, padding, m.padding_n);
        in.length = m.token_n + n + m.padding_n;
        major = gss_unwrap(&minor, w->receiver->context, &in, &out, &conf, NULL);
    }
    need(major == GSS_S_COMPLETE && out.length == n && memcmp(out.value, text, n) == 0 &&
             conf == !clear,
         clear ? "to gss_unwrap in the clear" : "to gss_unwrap", n, major);
    gss_release_buffer(&minor, &out);
    free(data);
    free(whole);
}

static void
seal_iov(struct way *w, size_t n, bool clear)
{
    gss_iov_buffer_desc iov[IOVS];
    uint8_t token[128], padding[1], *data = copy_of(text, n);
    struct sec_segment g[4];
    struct sec_msg m = { .segments = g,
                         .n_segments = 4,
                         .token = token,
                         .token_n = sizeof(token),
                         .padding = { .p = padding, .n = 1 },
                         .no_encrypt = clear };
    OM_uint32 minor, major = GSS_S_FAILURE;
    int conf = 5;

    make_iov(iov, data, n);
    segments_of(g, iov);
    if (krb_session_seal(&w->session, &m) == SEC_E_OK) {
        iov[HEAD].buffer = (gss_buffer_desc){ m.token_n, token };
        iov[PADDING].buffer = (gss_buffer_desc){ m.padding_n, padding };
        major = gss_unwrap_iov(&minor, w->receiver->context, &conf, NULL, iov, TRAILER);
    }
    need(major == GSS_S_COMPLETE && memcmp(data, text, n) == 0 && conf == !clear,
         clear ? "to gss_unwrap_iov in the clear" : "to gss_unwrap_iov", n, major);
    free(data);
}

static void
sign(struct way *w, size_t n)
{
    uint8_t token[64];
    struct sec_segment g = { .p = text, .n = n };
    struct sec_msg m = {
        .segments = &g, .n_segments = 1, .token = token, .token_n = sizeof(token)
    };
    gss_buffer_desc data = { n, text }, mic = { 0, token };
    OM_uint32 minor, major = GSS_S_FAILURE;

    if (krb_session_sign(&w->session, &m) == SEC_E_OK) {
        mic.length = m.token_n;
        major = gss_verify_mic(&minor, w->receiver->context, &data, &mic, NULL);
    }
    need(major == GSS_S_COMPLETE, "to gss_verify_mic", n, major);
}

/* --- both ---------------------------------------------------------------------------------- */

static void
begin(struct way *w, const struct fake_host *host, const struct end *as)
{
    struct krb_session_args args = {
        .host = &host->host,
        .key = &as->key,
        .acceptor = as->acceptor,
        .acceptor_subkey = as->acceptor_subkey,
        .dce_style = w->dce,
        .replay_detect = true,
        .sequence_detect = true,
        .send_sequence = as->send_sequence,
        .receive_sequence = as->receive_sequence,
    };

    krb_session_begin(&w->session, &args);
}

/* What the library sends, and what it receives. */
static void
talk(struct end theirs, const struct end *ours, const struct fake_host *host, bool dce)
{
    struct way w = { .sender = &theirs, .receiver = &theirs, .dce = dce };

    begin(&w, host, ours);
    for (size_t i = 0; i < SIZES; i++) {
        get_mic(&w, sizes[i]);
        wrap(&w, sizes[i], 1);
        wrap(&w, sizes[i], 0);
        if (HAS_IOV) {
            wrap_iov(&w, sizes[i], 1);
            wrap_iov(&w, sizes[i], 0);
        }
        if (HAS_IOV && !dce) {
            wrap_iov_to_stream(&w, sizes[i]);
        }
        sign(&w, sizes[i]);
        if (!dce) {
            seal(&w, sizes[i], false);
            seal(&w, sizes[i], true);
        }
        if (HAS_IOV) {
            seal_iov(&w, sizes[i], false);
            seal_iov(&w, sizes[i], true);
        }
    }
    krb_session_clear(&w.session);
}

int
main(int argc, char **argv)
{
    OM_uint32 flags = GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG |
                      GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG;
    struct fake_host host;
    gss_ctx_id_t client, server;
    struct end ends[2];
    uint32_t enctype;
    char *rest;
    bool dce;

    if (argc < 4) {
        return 2;
    }
    enctype = (uint32_t)strtoul(argv[2], &rest, 10);
    if (*rest || enctype > INT32_MAX) {
        return 2;
    }
    dce = strcmp(argv[3], "dce") == 0;
    vectors = argc > 4;
    fake_host_init(&host);
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (uint8_t)(i * 7 + 3);
    }
    establish(argv[1], enctype, dce ? flags | GSS_C_DCE_STYLE : flags, &client, &server);
    take_end(&ends[0], client, false);
    take_end(&ends[1], server, true);
    if (ends[0].key.enctype != (int32_t)enctype) {
        die("another encryption type", (OM_uint32)ends[0].key.enctype, 0);
    }
    talk(ends[0], &ends[1], &host, dce);
    talk(ends[1], &ends[0], &host, dce);
    fprintf(stderr, "%u kinds of message, %u failed\n", done, failed);
    return failed != 0;
}
