/* SPDX-License-Identifier: Apache-2.0 */
/* Handshakes with a GSSAPI library in one process, each side by turns, without a KDC: the library
 * has a keytab and a credential cache of the test's own making. Compiled against MIT's library and
 * against Heimdal's. */
#include <gssapi/gssapi.h>
#ifndef PEER_HEIMDAL
#include <gssapi/gssapi_ext.h>
#endif
#include <gssapi/gssapi_krb5.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "codec/channel_bindings.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "kerberos/kerberos.h"
#include "tests/support/ccache_file.h"
#include "tests/support/fake_kdc.h"
#include "tests/support/hex.h"
#include "tests/support/keytab_file.h"
#include "tests/support/krb_pair.h"

#define HOUR_100NS (UINT64_C(3600) * 10000000)
#define SERVICE    "HTTP/web.example.test"

enum { MESSAGE_BYTES = 1000, LEGS_MAX = 6, SERVICE_KVNO = 3 };

static const int32_t types[] = { KRB_AES256_SHA1, KRB_AES128_SHA1, KRB_AES256_SHA384,
                                 KRB_AES128_SHA256, KRB_RC4_HMAC };
static char folder[] = "/tmp/krb-handshake-XXXXXX";
static gss_OID_desc oid_krb5 = { 9, (void *)"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02" };

/* --- the realm on disk --------------------------------------------------------------------- */

static void
path_of(const char *name, char *to, size_t n)
{
    (void)snprintf(to, n, "%s/%s", folder, name);
}

static void
write_configuration(void)
{
    char path[128];
    FILE *f;

    path_of("krb5.conf", path, sizeof(path));
    f = fopen(path, "w");
    assert_non_null(f);
    (void)fputs("[libdefaults]\n"
                "    default_realm = " FAKE_REALM "\n"
                "    dns_lookup_kdc = false\n"
                "    dns_lookup_realm = false\n"
                "    dns_canonicalize_hostname = false\n"
                "    rdns = false\n"
                "    allow_rc4 = true\n"
                "    allow_weak_crypto = true\n"
                "[domain_realm]\n"
                "    .example.test = " FAKE_REALM "\n",
                f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(setenv("KRB5_CONFIG", path, 1), 0);
}

/* The service's keys of every type. */
static void
write_keytab(uint32_t kvno)
{
    struct keytab_file_entry entries[SEC_ARRAY_LEN(types)];
    struct krb_key keys[SEC_ARRAY_LEN(types)];
    char path[128], name[160];

    for (size_t i = 0; i < SEC_ARRAY_LEN(types); i++) {
        fake_kdc_key(SERVICE, types[i], kvno, &keys[i]);
        entries[i] = (struct keytab_file_entry){ .principal = SERVICE "@" FAKE_REALM,
                                                 .kvno = kvno,
                                                 .enctype = types[i],
                                                 .key = bytes_of(keys[i].b, keys[i].n) };
    }
    path_of("keytab", path, sizeof(path));
    keytab_file_write(path, entries, SEC_ARRAY_LEN(types));
    (void)snprintf(name, sizeof(name), "FILE:%s", path);
    assert_int_equal(setenv("KRB5_KTNAME", name, 1), 0);
}

/* Alice's ticket to the service, as our own side would have it from the KDC. */
static void
write_cache(struct ticket_authority *a)
{
    const struct ticket_holder_args own = { 0 };
    const struct ticket_request request = { .target = UTF16(SERVICE) };
    struct ccache_file_entry entry = { .service = SERVICE };
    struct ticket_holder *alice;
    struct ticket t;
    char path[128], name[160];

    assert_int_equal(ticket_holder_new(a, &own, &alice), SEC_E_OK);
    assert_int_equal(ticket_get(alice, &request, &t, NULL), SEC_E_OK);
    entry.key = t.key;
    entry.auth_100ns = a->auth_100ns;
    entry.start_100ns = t.start_100ns;
    entry.end_100ns = t.end_100ns;
    entry.flags = t.flags;
    entry.ticket = t.der;
    path_of("cache", path, sizeof(path));
    ccache_file_write(path, "alice", FAKE_REALM, &entry, 1);
    (void)snprintf(name, sizeof(name), "FILE:%s", path);
    assert_int_equal(setenv("KRB5CCNAME", name, 1), 0);
    ticket_clear(&t);
    ticket_holder_free(alice);
}

static int
make_realm(void **state)
{
    assert_non_null(mkdtemp(folder));
    assert_int_equal(setenv("KRB5RCACHETYPE", "none", 1), 0);
    write_configuration();
    return 0;
}

static int
remove_realm(void **state)
{
    static const char *const names[] = { "krb5.conf", "keytab", "cache" };
    char path[128];

    for (size_t i = 0; i < SEC_ARRAY_LEN(names); i++) {
        path_of(names[i], path, sizeof(path));
        (void)unlink(path);
    }
    return rmdir(folder);
}

/* --- our side ------------------------------------------------------------------------------ */

static bool
real_random(const struct sec_host *host, void *to, size_t n)
{
    return random_bytes(to, n);
}

static void
use_real_time(struct ticket_authority *a, uint64_t now)
{
    a->auth_100ns = a->start_100ns = now - HOUR_100NS;
    a->end_100ns = now + 9 * HOUR_100NS;
    a->flags &= ~KRB_TICKET_OK_AS_DELEGATE;
}

static void
ours_init(struct krb_pair *p, int32_t enctype)
{
    uint64_t now = clock_now_100ns();

    krb_pair_init(p);
    p->client_host.now_100ns = p->server_host.now_100ns = now;
    p->client_host.host.random = p->server_host.host.random = real_random;
    use_real_time(&p->client_tickets, now);
    use_real_time(&p->server_tickets, now);
    p->client_tickets.session_enctype = enctype;
    write_keytab(SERVICE_KVNO);
    write_cache(&p->client_tickets);
}

static void
ours_open(struct krb_pair *p)
{
    if (!krb_pair_open(p)) {
        fail_msg("%s", sec_reason());
    }
}

/* --- the library's side -------------------------------------------------------------------- */

struct theirs {
    gss_ctx_id_t context;
    gss_name_t name; /* initiator: the target; acceptor: the client */
    OM_uint32 major, minor, wanted, got;
    gss_buffer_desc token;
    gss_channel_bindings_t bindings;
};

static void
theirs_init(struct theirs *t, OM_uint32 wanted)
{
    *t = (struct theirs){ .context = GSS_C_NO_CONTEXT,
                          .name = GSS_C_NO_NAME,
                          .wanted = wanted,
                          .bindings = GSS_C_NO_CHANNEL_BINDINGS };
}

static void
theirs_clear(struct theirs *t)
{
    OM_uint32 minor;

    (void)gss_delete_sec_context(&minor, &t->context, GSS_C_NO_BUFFER);
    (void)gss_release_name(&minor, &t->name);
    (void)gss_release_buffer(&minor, &t->token);
}

static struct bytes
theirs_token(const struct theirs *t)
{
    return bytes_of(t->token.value, t->token.length);
}

static void
theirs_accept(struct theirs *t, struct bytes in)
{
    gss_buffer_desc input = { in.n, (void *)(uintptr_t)in.p };
    OM_uint32 minor;

    (void)gss_release_name(&minor, &t->name);
    (void)gss_release_buffer(&minor, &t->token);
    t->major = gss_accept_sec_context(&t->minor, &t->context, GSS_C_NO_CREDENTIAL, &input,
                                      t->bindings, &t->name, NULL, &t->token, &t->got, NULL, NULL);
}

static void
theirs_initiate(struct theirs *t, struct bytes in)
{
    gss_buffer_desc input = { in.n, (void *)(uintptr_t)in.p };
    gss_buffer_desc name = { sizeof(SERVICE "@" FAKE_REALM) - 1,
                             (void *)(uintptr_t)SERVICE "@" FAKE_REALM };
    OM_uint32 minor;

    if (t->name == GSS_C_NO_NAME) {
        assert_int_equal(
            gss_import_name(&t->minor, &name, (gss_OID)GSS_KRB5_NT_PRINCIPAL_NAME, &t->name),
            GSS_S_COMPLETE);
    }
    (void)gss_release_buffer(&minor, &t->token);
    t->major =
        gss_init_sec_context(&t->minor, GSS_C_NO_CREDENTIAL, &t->context, t->name, &oid_krb5,
                             t->wanted, 0, t->bindings, &input, NULL, &t->token, &t->got, NULL);
}

/* --- messages ------------------------------------------------------------------------------ */

/* Ours seals, the library unwraps. */
static void
ours_to_theirs(struct sec_ctx *ours, struct theirs *t)
{
    uint8_t room[128 + MESSAGE_BYTES + 16], text[MESSAGE_BYTES];
    struct sec_facts f = sec_pair_facts(ours);
    struct sec_segment segment = { .p = room + 128, .n = MESSAGE_BYTES };
    struct sec_msg m = { .segments = &segment,
                         .n_segments = 1,
                         .token = room,
                         .token_n = f.security_trailer,
                         .padding = { .p = room + 128 + MESSAGE_BYTES, .n = 16 } };
    gss_buffer_desc wire, out;
    int sealed = 0;

    memset(text, 'x', sizeof(text));
    memcpy(segment.p, text, sizeof(text));
    assert_int_equal(ours->package->ops->seal(ours, &m), SEC_E_OK);
    memmove(room + 128 - m.token_n, room, m.token_n);
    wire = (gss_buffer_desc){ m.token_n + MESSAGE_BYTES + m.padding_n, room + 128 - m.token_n };
    assert_int_equal(gss_unwrap(&t->minor, t->context, &wire, &out, &sealed, NULL), GSS_S_COMPLETE);
    assert_true(sealed);
    assert_int_equal(out.length, sizeof(text));
    assert_memory_equal(out.value, text, sizeof(text));
    (void)gss_release_buffer(&t->minor, &out);
}

/* The library wraps, ours unseals the stream. */
static void
theirs_to_ours(struct theirs *t, struct sec_ctx *ours)
{
    uint8_t text[MESSAGE_BYTES];
    gss_buffer_desc in = { sizeof(text), text }, out;
    struct sec_msg m = { .stream = true };
    int sealed;

    memset(text, 'y', sizeof(text));
    assert_int_equal(gss_wrap(&t->minor, t->context, 1, GSS_C_QOP_DEFAULT, &in, &sealed, &out),
                     GSS_S_COMPLETE);
    m.token = out.value;
    m.token_n = out.length;
    assert_int_equal(ours->package->ops->unseal(ours, &m), SEC_E_OK);
    assert_int_equal(m.opened.n, sizeof(text));
    assert_memory_equal(m.opened.p, text, sizeof(text));
    (void)gss_release_buffer(&t->minor, &out);
}

static void
assert_messages_pass(struct sec_ctx *ours, struct theirs *t)
{
    for (unsigned i = 0; i < 3; i++) {
        ours_to_theirs(ours, t);
        theirs_to_ours(t, ours);
    }
}

/* --- flags --------------------------------------------------------------------------------- */

static const struct {
    uint32_t ours;
    OM_uint32 gss;
} flags[] = {
    { SEC_MUTUAL_AUTH, GSS_C_MUTUAL_FLAG },       { SEC_REPLAY_DETECT, GSS_C_REPLAY_FLAG },
    { SEC_SEQUENCE_DETECT, GSS_C_SEQUENCE_FLAG }, { SEC_CONFIDENTIALITY, GSS_C_CONF_FLAG },
    { SEC_INTEGRITY, GSS_C_INTEG_FLAG },          { SEC_DCE_STYLE, GSS_C_DCE_STYLE },
    { SEC_IDENTIFY, GSS_C_IDENTIFY_FLAG },        { SEC_EXTENDED_ERROR, GSS_C_EXTENDED_ERROR_FLAG },
};

static OM_uint32
gss_flags(uint32_t ours)
{
    OM_uint32 gss = 0;

    for (size_t i = 0; i < SEC_ARRAY_LEN(flags); i++) {
        gss |= ours & flags[i].ours ? flags[i].gss : 0;
    }
    return gss;
}

static const uint32_t styles[] = {
    SEC_CONFIDENTIALITY,
    SEC_MUTUAL_AUTH | SEC_CONFIDENTIALITY | SEC_REPLAY_DETECT | SEC_SEQUENCE_DETECT,
    SEC_MUTUAL_AUTH | SEC_CONFIDENTIALITY | SEC_IDENTIFY | SEC_EXTENDED_ERROR,
    SEC_DCE_STYLE | SEC_CONFIDENTIALITY | SEC_SEQUENCE_DETECT,
};

/* --- ours asks ----------------------------------------------------------------------------- */

/* Tokens to and fro until both are done, or one is at its end. */
static void
ours_asks(struct krb_pair *p, struct theirs *t)
{
    SEC_AUTO(wire_writer) out = wire_writer_growing(NULL, 0);

    p->client_status = SEC_I_CONTINUE_NEEDED;
    t->major = GSS_S_CONTINUE_NEEDED;
    for (unsigned leg = 0; leg < LEGS_MAX && p->client_status == SEC_I_CONTINUE_NEEDED; leg++) {
        wire_writer_clear(&out);
        out = wire_writer_growing(NULL, 0);
        sec_reason_clear();
        p->client_status = sec_pair_step(p->client, &p->client_args, theirs_token(t), &out);
        (void)snprintf(p->client_reason, sizeof(p->client_reason), "%s", sec_reason());
        if (out.len && t->major == GSS_S_CONTINUE_NEEDED) {
            theirs_accept(t, wire_written(&out));
        }
    }
}

static void
assert_name(gss_name_t name, const char *want)
{
    gss_buffer_desc text;
    OM_uint32 minor;

    assert_int_equal(gss_display_name(&minor, name, &text, NULL), GSS_S_COMPLETE);
    assert_int_equal(text.length, strlen(want));
    assert_memory_equal(text.value, want, text.length);
    (void)gss_release_buffer(&minor, &text);
}

static void
test_initiator__is_accepted_by_the_library(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(types) * SEC_ARRAY_LEN(styles); i++) {
        struct krb_pair p;
        struct theirs t;
        OM_uint32 granted;

        ours_init(&p, types[i % SEC_ARRAY_LEN(types)]);
        theirs_init(&t, 0);
        p.client_args.wanted = styles[i / SEC_ARRAY_LEN(types)];
        ours_open(&p);
        ours_asks(&p, &t);
        if (t.major != GSS_S_COMPLETE || p.client_status != SEC_E_OK) {
            fail_msg("style %zu type %d: %08x %u, %08x %s", i / SEC_ARRAY_LEN(types),
                     types[i % SEC_ARRAY_LEN(types)], t.major, t.minor, (unsigned)p.client_status,
                     p.client_reason);
        }
        granted = gss_flags(p.client_args.granted);
        assert_int_equal(t.got & granted, granted);
        assert_name(t.name, "alice@" FAKE_REALM);
        if (!(p.client_args.wanted & SEC_DCE_STYLE)) {
            assert_messages_pass(p.client, &t);
        }
        theirs_clear(&t);
        krb_pair_clear(&p);
    }
}

/* RFC 4121 4.1.1.2: the library holds the hash against its own. */
static void
test_initiator__channel_bindings_are_those_of_the_library(void **state)
{
    static const char text[] = "tls-server-end-point:0123456789";

    for (unsigned same = 0; same < 2; same++) {
        struct gss_channel_bindings_struct theirs = {
            .application_data = { sizeof(text) - 1, (void *)(uintptr_t)text },
        };
        const struct channel_bindings ours = {
            .application = bytes_of(text, sizeof(text) - 1 - !same),
        };
        SEC_AUTO(wire_writer) hashed = wire_writer_growing(NULL, 0);
        struct bytes part;
        struct krb_pair p;
        struct theirs t;

        ours_init(&p, KRB_AES256_SHA1);
        theirs_init(&t, 0);
        t.bindings = &theirs;
        channel_bindings_put_hashed(&hashed, &ours);
        part = wire_written(&hashed);
        p.client_args.bindings.given = true;
        digest_md5(&part, 1, p.client_args.bindings.md5);
        ours_open(&p);
        ours_asks(&p, &t);
        assert_int_equal(GSS_ROUTINE_ERROR(t.major), same ? GSS_S_COMPLETE : GSS_S_BAD_BINDINGS);
        theirs_clear(&t);
        krb_pair_clear(&p);
    }
}

/* Heimdal's acceptor, as Windows' does, asks for another AP-REQ by its clock; MIT's is at its end,
 * and the reason says whose clock it is. */
static void
test_initiator__skew_is_recovered_from_or_told(void **state)
{
    struct krb_pair p;
    struct theirs t;

    ours_init(&p, KRB_AES256_SHA1);
    theirs_init(&t, 0);
    p.client_args.wanted = SEC_MUTUAL_AUTH | SEC_CONFIDENTIALITY;
    p.client_host.now_100ns += HOUR_100NS;
    ours_open(&p);
    ours_asks(&p, &t);
#ifdef PEER_HEIMDAL
    assert_int_equal(t.major, GSS_S_COMPLETE);
    assert_int_equal(p.client_status, SEC_E_OK);
    assert_messages_pass(p.client, &t);
#else
    assert_true(GSS_ERROR(t.major));
    assert_int_equal(p.client_status, SEC_E_TIME_SKEW);
    if (!strstr(p.client_reason, "KRB_AP_ERR_SKEW (37): its clock is 3") ||
        !strstr(p.client_reason, " s behind ours")) {
        fail_msg("%s", p.client_reason);
    }
#endif
    theirs_clear(&t);
    krb_pair_clear(&p);
}

/* A service with another key than the KDC thinks: its error has a name here. */
static void
test_initiator__errors_of_the_library_are_told(void **state)
{
    struct krb_pair p;
    struct theirs t;

    ours_init(&p, KRB_AES256_SHA1);
    write_keytab(SERVICE_KVNO + 1);
    theirs_init(&t, 0);
    p.client_args.wanted = SEC_MUTUAL_AUTH;
    ours_open(&p);
    ours_asks(&p, &t);
    assert_int_not_equal(t.major, GSS_S_COMPLETE);
    assert_true(sec_failed(p.client_status));
#ifndef PEER_HEIMDAL /* it sends nothing */
    assert_int_equal(p.client_status, SEC_E_WRONG_PRINCIPAL);
    assert_string_equal(p.client_reason, "kerberos: the server answers KRB_AP_ERR_BADKEYVER (44)");
#endif
    theirs_clear(&t);
    krb_pair_clear(&p);
}

/* --- the library asks ---------------------------------------------------------------------- */

static void
library_asks(struct krb_pair *p, struct theirs *t)
{
    SEC_AUTO(wire_writer) out = wire_writer_growing(NULL, 0);

    p->server_status = SEC_I_CONTINUE_NEEDED;
    t->major = GSS_S_CONTINUE_NEEDED;
    for (unsigned leg = 0; leg < LEGS_MAX && t->major == GSS_S_CONTINUE_NEEDED; leg++) {
        theirs_initiate(t, wire_written(&out));
        wire_writer_clear(&out);
        out = wire_writer_growing(NULL, 0);
        if (t->token.length && p->server_status == SEC_I_CONTINUE_NEEDED) {
            sec_reason_clear();
            p->server_status = sec_pair_step(p->server, &p->server_args, theirs_token(t), &out);
            (void)snprintf(p->server_reason, sizeof(p->server_reason), "%s", sec_reason());
        }
    }
}

static void
test_acceptor__takes_the_library(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(types) * SEC_ARRAY_LEN(styles); i++) {
        uint32_t style = styles[i / SEC_ARRAY_LEN(types)];
        struct krb_pair p;
        struct theirs t;

        ours_init(&p, types[i % SEC_ARRAY_LEN(types)]);
        theirs_init(&t, gss_flags(style));
        ours_open(&p);
        library_asks(&p, &t);
        if (t.major != GSS_S_COMPLETE || p.server_status != SEC_E_OK) {
            fail_msg("style %zu type %d: %08x %u, %08x %s", i / SEC_ARRAY_LEN(types),
                     types[i % SEC_ARRAY_LEN(types)], t.major, t.minor, (unsigned)p.server_status,
                     p.server_reason);
        }
        assert_int_equal(p.server_args.granted & style & ~(uint32_t)SEC_EXTENDED_ERROR,
                         style & ~(uint32_t)SEC_EXTENDED_ERROR);
        assert_bytes_equal(sec_pair_facts(p.server).user, UTF16("alice"));
        if (!(style & SEC_DCE_STYLE)) {
            assert_messages_pass(p.server, &t);
        }
        theirs_clear(&t);
        krb_pair_clear(&p);
    }
}

#ifdef PEER_HEIMDAL
/* Heimdal 7.8 loses the client's name where its acceptor refuses. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
    return "leak:krb5_copy_principal\n";
}
#endif

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_initiator__is_accepted_by_the_library),
        cmocka_unit_test(test_initiator__channel_bindings_are_those_of_the_library),
        cmocka_unit_test(test_initiator__skew_is_recovered_from_or_told),
        cmocka_unit_test(test_initiator__errors_of_the_library_are_told),
        cmocka_unit_test(test_acceptor__takes_the_library),
    };

    return cmocka_run_group_tests(tests, make_realm, remove_realm);
}
