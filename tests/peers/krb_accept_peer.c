/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A GSSAPI library's Kerberos initiator and our acceptor, in one process: what the library sends is
 * accepted, what we answer it accepts, and each understands the other's messages; what we refuse, it
 * is told.
 *
 *   krb_accept_peer SERVICE@HOST ENCTYPE plain|mutual|dce
 *
 * Tickets come from KRB5CCNAME, the service's keys from KRB5_KTNAME. What goes wrong is a line on
 * stderr, and exit status 1. Compiled against MIT's library and against Heimdal's.
 */
#include <gssapi/gssapi.h>
#ifndef PEER_HEIMDAL
#include <gssapi/gssapi_ext.h>
#endif
#include <gssapi/gssapi_krb5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "codec/gss_krb.h"
#include "codec/krb_msg.h"
#include "crypto/digest.h"
#include "kerberos/kerberos.h"
#include "tests/support/fake_host.h"
#include "ticket/ticket.h"

enum { SKEW_S = 300, KRB5_ERROR_BASE = -1765328384 };

/* Heimdal's initiator takes the time from KRB_AP_ERR_SKEW and tries again; and where it asked for no
 * reply it takes it that the acceptor's messages begin at 0, and reports a gap. */
#ifdef PEER_HEIMDAL
enum { TRIES_AGAIN = 1, MAY_REPORT = GSS_S_GAP_TOKEN };
#else
enum { TRIES_AGAIN = 0, MAY_REPORT = 0 };
#endif

static unsigned done, failed;

static void
need(bool good, const char *what)
{
    done++;
    if (!good) {
        failed++;
        fprintf(stderr, "krb_accept_peer: %s: %s\n", what, sec_reason());
    }
}

static void
die(const char *what, OM_uint32 major, OM_uint32 minor)
{
    fprintf(stderr, "krb_accept_peer: %s: 0x%x, %d: %s\n", what, major, (int)minor, sec_reason());
    exit(1);
}

/* --- the initiator ------------------------------------------------------------------------- */

static gss_OID_desc oid_krb5 = { 9, (void *)"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02" };

struct initiator {
    gss_cred_id_t cred;
    gss_name_t target;
    gss_ctx_id_t context;
    OM_uint32 flags, got, major, minor;
    gss_channel_bindings_t bindings;
    gss_buffer_desc out;
};

static void
initiator_init(struct initiator *i, const char *service, OM_uint32 enctype, OM_uint32 flags)
{
    gss_buffer_desc name = { strlen(service), (void *)(uintptr_t)service };
    gss_OID_set_desc mechs = { 1, &oid_krb5 };
    OM_uint32 minor, major;

    *i = (struct initiator){ .flags = flags, .context = GSS_C_NO_CONTEXT };
    major = gss_import_name(&minor, &name, GSS_C_NT_HOSTBASED_SERVICE, &i->target);
    if (major == GSS_S_COMPLETE) {
        major = gss_acquire_cred(&minor, GSS_C_NO_NAME, 0, &mechs, GSS_C_INITIATE, &i->cred, NULL,
                                 NULL);
    }
    if (major == GSS_S_COMPLETE) {
        major = gss_krb5_set_allowable_enctypes(&minor, i->cred, 1, (void *)&enctype);
    }
    if (major != GSS_S_COMPLETE) {
        die("credentials", major, minor);
    }
}

static void
initiator_step(struct initiator *i, struct bytes in)
{
    gss_buffer_desc token = { in.n, (void *)(uintptr_t)in.p };
    OM_uint32 minor;

    (void)gss_release_buffer(&minor, &i->out);
    i->major = gss_init_sec_context(&i->minor, i->cred, &i->context, i->target, &oid_krb5, i->flags,
                                    0, i->bindings, in.n ? &token : GSS_C_NO_BUFFER, NULL, &i->out,
                                    &i->got, NULL);
}

static void
initiator_clear(struct initiator *i)
{
    OM_uint32 minor;

    (void)gss_delete_sec_context(&minor, &i->context, GSS_C_NO_BUFFER);
    (void)gss_release_cred(&minor, &i->cred);
    (void)gss_release_name(&minor, &i->target);
    (void)gss_release_buffer(&minor, &i->out);
}

/* --- the acceptor -------------------------------------------------------------------------- */

struct acceptor {
    struct fake_host host;
    struct sec_cred *cred;
    struct sec_ctx *ctx;
    struct sec_step_args args;
    struct wire_writer out;
    sec_status status;
};

static void
acceptor_init(struct acceptor *a)
{
    const struct ticket_options options = {
        .replay = TICKET_REPLAY_PROCESS,
        .replay_capacity = 1000,
        .skew_100ns = SKEW_S * CLOCK_SECOND_100NS,
        .start_100ns = clock_now_100ns() - 3600 * CLOCK_SECOND_100NS,
    };
    const struct sec_acquire_args inbound = { .use = SEC_USE_INBOUND };
    sec_status status;

    *a = (struct acceptor){ .out = wire_writer_growing(NULL, 0) };
    fake_host_init(&a->host);
    a->host.now_100ns = clock_now_100ns();
    a->host.random_state = a->host.now_100ns;
    a->host.settings.kerberos.skew_100ns = SKEW_S * CLOCK_SECOND_100NS;
    status = ticket_authority_open(&options, &a->host.host.tickets);
    if (status == SEC_E_OK) {
        status = kerberos_package.ops->acquire(&a->host.host, &inbound, &a->cred);
    }
    if (status != SEC_E_OK) {
        die("acceptor", (OM_uint32)status, 0);
    }
}

static void
acceptor_step(struct acceptor *a, const gss_buffer_desc *token)
{
    const struct sec_package_ops *ops = kerberos_package.ops;

    wire_writer_clear(&a->out);
    a->out = wire_writer_growing(NULL, 0);
    if (!a->ctx && ops->open(a->cred, SEC_ACCEPTOR, &a->ctx) != SEC_E_OK) {
        die("open", 0, 0);
    }
    a->args.token = bytes_of(token->value, token->length);
    a->status = ops->step(a->ctx, &a->args, &a->out);
}

static void
acceptor_restart(struct acceptor *a)
{
    kerberos_package.ops->free_ctx(a->ctx);
    a->ctx = NULL;
}

static void
acceptor_clear(struct acceptor *a)
{
    acceptor_restart(a);
    kerberos_package.ops->free_cred(a->cred);
    ticket_authority_close(a->host.host.tickets);
    wire_writer_clear(&a->out);
}

/* --- exchanges ----------------------------------------------------------------------------- */

static bool
converse(struct initiator *i, struct acceptor *a)
{
    initiator_step(i, bytes_of(NULL, 0));
    a->status = SEC_I_CONTINUE_NEEDED;
    while (!GSS_ERROR(i->major) && i->out.length && a->status == SEC_I_CONTINUE_NEEDED) {
        acceptor_step(a, &i->out);
        if (!a->out.len || i->major != GSS_S_CONTINUE_NEEDED) {
            break;
        }
        initiator_step(i, wire_written(&a->out));
    }
    return i->major == GSS_S_COMPLETE && a->status == SEC_E_OK;
}

static void
check_messages(const struct initiator *i, struct acceptor *a)
{
    static const char text[] = "a message of some length";
    gss_buffer_desc data = { sizeof(text), (void *)(uintptr_t)text }, mic = GSS_C_EMPTY_BUFFER;
    uint8_t copy[sizeof(text)], token[128];
    struct sec_segment segment = { copy, sizeof(copy), false };
    struct sec_msg m = { .segments = &segment, .n_segments = 1, .token = token };
    OM_uint32 major, minor;

    bytes_copy(copy, text, sizeof(text));
    for (unsigned n = 0; n < 3; n++) {
        if (gss_get_mic(&minor, i->context, GSS_C_QOP_DEFAULT, &data, &mic) != GSS_S_COMPLETE ||
            mic.length > sizeof(token)) {
            die("gss_get_mic", 0, minor);
        }
        bytes_copy(token, mic.value, mic.length);
        m.token_n = mic.length;
        need(kerberos_package.ops->verify(a->ctx, &m) == SEC_E_OK, "the initiator's signature");
        (void)gss_release_buffer(&minor, &mic);
        m.token_n = sizeof(token);
        need(kerberos_package.ops->sign(a->ctx, &m) == SEC_E_OK, "a signature");
        mic = (gss_buffer_desc){ m.token_n, token };
        major = gss_verify_mic(&minor, i->context, &data, &mic, NULL);
        need((major & ~(OM_uint32)MAY_REPORT) == GSS_S_COMPLETE, "the acceptor's signature");
    }
}

static const struct {
    OM_uint32 gss;
    uint32_t flag;
} flags[] = {
    { GSS_C_MUTUAL_FLAG, SEC_MUTUAL_AUTH },       { GSS_C_REPLAY_FLAG, SEC_REPLAY_DETECT },
    { GSS_C_SEQUENCE_FLAG, SEC_SEQUENCE_DETECT }, { GSS_C_CONF_FLAG, SEC_CONFIDENTIALITY },
    { GSS_C_INTEG_FLAG, SEC_INTEGRITY },          { GSS_C_DCE_STYLE, SEC_DCE_STYLE },
};

static void
check_facts(const struct initiator *i, const struct acceptor *a, OM_uint32 enctype)
{
    struct sec_facts facts;

    kerberos_package.ops->describe(a->ctx, &facts);
    need(facts.phase == SEC_PHASE_ESTABLISHED, "phase");
    need(facts.kerberos.session_enctype == (int32_t)enctype, "session's encryption type");
    need(facts.user.n == 10 && memcmp(facts.user.p, "a\0l\0i\0c\0e", 10) == 0, "user");
    for (size_t f = 0; f < SEC_ARRAY_LEN(flags); f++) {
        need(((i->got & flags[f].gss) != 0) == ((facts.flags & flags[f].flag) != 0), "a flag");
    }
}

/* A forwarded ticket becomes a cache of this process's own. */
static void
check_delegation(const char *service, OM_uint32 enctype, OM_uint32 wanted, struct acceptor *a)
{
    struct sec_facts facts;
    struct initiator i;

    initiator_init(&i, service, enctype, wanted | GSS_C_DELEG_FLAG);
    need(converse(&i, a), "delegation");
    kerberos_package.ops->describe(a->ctx, &facts);
    need(facts.flags & SEC_DELEGATE, "that it was granted");
    need(facts.kerberos.delegated_cache != NULL, "a cache");
    acceptor_restart(a);
    initiator_clear(&i);
}

/* The library is told, and knows what. */
static void
check_error(struct initiator *i, struct acceptor *a, int32_t code)
{
    initiator_step(i, wire_written(&a->out));
    if (TRIES_AGAIN && code == KRB_AP_ERR_SKEW) {
        acceptor_restart(a);
        acceptor_step(a, &i->out);
        need(a->status == SEC_E_OK, "another try at our time");
        return;
    }
    need(GSS_ERROR(i->major), "a refusal that is told");
    need((int32_t)i->minor == KRB5_ERROR_BASE + code, "its code");
}

/* The same token twice, and one at a wrong time. */
static void
check_refusals(const char *service, OM_uint32 enctype, OM_uint32 wanted, struct acceptor *a)
{
    static const struct {
        uint64_t late_s;
        sec_status status;
        int32_t code;
    } rows[] = {
        { 0, SEC_E_LOGON_DENIED, KRB_AP_ERR_REPEAT },
        { 2 * SKEW_S, SEC_E_TIME_SKEW, KRB_AP_ERR_SKEW },
    };

    a->args.wanted = SEC_EXTENDED_ERROR;
    for (size_t r = 0; r < SEC_ARRAY_LEN(rows); r++) {
        struct initiator i;

        initiator_init(&i, service, enctype, wanted);
        initiator_step(&i, bytes_of(NULL, 0));
        if (rows[r].code == KRB_AP_ERR_REPEAT) {
            acceptor_step(a, &i.out);
            acceptor_restart(a);
        }
        a->host.now_100ns += rows[r].late_s * CLOCK_SECOND_100NS;
        acceptor_step(a, &i.out);
        need(a->status == rows[r].status && a->out.len, "a refusal");
        if (i.major == GSS_S_CONTINUE_NEEDED && !(wanted & GSS_C_DCE_STYLE)) {
            check_error(&i, a, rows[r].code);
        }
        acceptor_restart(a);
        initiator_clear(&i);
    }
}

/* RFC 4121 4.1.1.2 over application data alone. */
static void
check_bindings(const char *service, OM_uint32 enctype, OM_uint32 wanted, struct acceptor *a)
{
    static char data[] = "tls-server-end-point:and so on";
    static const uint8_t no_addresses[16];
    uint8_t length[4];
    const struct bytes parts[] = { bytes_of(no_addresses, sizeof(no_addresses)),
                                   bytes_of(length, sizeof(length)),
                                   bytes_of(data, sizeof(data) - 1) };

    wire_store_le32(length, sizeof(data) - 1);
    a->args.bindings.given = true;
    digest_md5(parts, SEC_ARRAY_LEN(parts), a->args.bindings.md5);
    for (unsigned other = 0; other < 2; other++) {
        struct gss_channel_bindings_struct own = { .application_data = { sizeof(data) - 1, data } };
        struct initiator i;

        initiator_init(&i, service, enctype, wanted);
        i.bindings = &own;
        data[0] = other ? 'T' : 't';
        need(converse(&i, a) == !other, "channel bindings");
        need(a->status == (other ? SEC_E_BAD_BINDINGS : SEC_E_OK), "status of channel bindings");
        acceptor_restart(a);
        initiator_clear(&i);
    }
    a->args.bindings = (struct sec_bindings){ 0 };
}

int
main(int argc, char **argv)
{
    static const OM_uint32 common =
        GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG;
    const char *style = argc == 4 ? argv[3] : "";
    OM_uint32 enctype, wanted;
    struct initiator i;
    struct acceptor a;

    if (argc != 4) {
        fprintf(stderr, "usage: krb_accept_peer SERVICE@HOST ENCTYPE plain|mutual|dce\n");
        return 2;
    }
    enctype = (OM_uint32)strtoul(argv[2], NULL, 10);
    wanted = common | (strcmp(style, "plain") != 0 ? GSS_C_MUTUAL_FLAG : 0u) |
             (strcmp(style, "dce") == 0 ? GSS_C_DCE_STYLE : 0u);
    acceptor_init(&a);
    initiator_init(&i, argv[1], enctype, wanted);
    if (!converse(&i, &a)) {
        fprintf(stderr, "acceptor: 0x%08x\n", (unsigned)a.status);
        die("exchange", i.major, i.minor);
    }
    check_facts(&i, &a, enctype);
    check_messages(&i, &a);
    acceptor_restart(&a);
    initiator_clear(&i);
    check_delegation(argv[1], enctype, wanted, &a);
    check_bindings(argv[1], enctype, wanted, &a);
    check_refusals(argv[1], enctype, wanted, &a); /* last: it turns the clock */
    acceptor_clear(&a);
    fprintf(stderr, "%u checks, %u failed\n", done, failed);
    return failed ? 1 : 0;
}
