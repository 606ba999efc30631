/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One side of a GSSAPI context, told what to do over standard input (talk.h). Compiled against
 * MIT's library, whose NTLM is gss-ntlmssp, and against Heimdal's, which has its own.
 *
 *   gss_peer client|server [--mech ntlm|krb5|spnego] [--target SERVICE@HOST] [--user DOMAIN\USER]
 *            [--password P] [--flags NAME,NAME…] [--bindings HEX] [--mic yes] [--mechs krb5|all]
 *
 * Without --password the user's is in the file that NTLM_USER_FILE names; Kerberos has tickets from
 * KRB5CCNAME and keys from KRB5_KTNAME. --mic: gss-ntlmssp makes and demands NTLM's MIC, as it does
 * by itself within SPNEGO only. --mechs: what SPNEGO offers in place of NTLM alone, all being what
 * there are credentials for.
 *
 * Commands beside those of talk.h:
 *
 *   seal-rpc HEAD MESSAGE             ok TOKEN+SEALED   HEAD is signed with it and not sent (MIT)
 *   unseal-rpc HEAD TOKEN+SEALED N    ok MESSAGE       N: the bytes of SEALED
 *   delegate SERVICE@HOST             ok TOKEN          a context's first, as whom the client
 *                                                       delegated to this server
 */
#include <getopt.h>
#ifdef PEER_HEIMDAL
#include <gssapi/gssapi.h>
#else
#include <gssapi/gssapi_ext.h>
#endif
#include <gssapi/gssapi_krb5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peers/talk.h"

enum { GSS_FLAG_DATAGRAM = 0x10000 }; /* gss-ntlmssp's own, of gssapi_ntlmssp.h */

static gss_OID_desc oid_ntlm = { 10, (void *)"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a" };
static gss_OID_desc oid_krb5 = { 9, (void *)"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02" };
static gss_OID_desc oid_spnego = { 6, (void *)"\x2b\x06\x01\x05\x05\x02" };
/* 1.3.6.1.4.1.7165.655.1.2: what SPNEGO tells gss-ntlmssp so that it makes MICs. */
static gss_OID_desc oid_use_mic = { 11, (void *)"\x2b\x06\x01\x04\x01\xb7\x7d\x85\x0f\x01\x02" };
/* 1.2.840.113554.1.2.2.5.5: the session key, as SSPI's attribute of that name. */
static gss_OID_desc oid_session_key = { 11,
                                        (void *)"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x05\x05" };

static const struct flag {
    const char *name;
    OM_uint32 bit;
} flags[] = {
    { "integrity", GSS_C_INTEG_FLAG },   { "confidentiality", GSS_C_CONF_FLAG },
    { "replay", GSS_C_REPLAY_FLAG },     { "sequence", GSS_C_SEQUENCE_FLAG },
    { "mutual", GSS_C_MUTUAL_FLAG },     { "identify", GSS_C_IDENTIFY_FLAG },
    { "null-session", GSS_C_ANON_FLAG }, { "delegate", GSS_C_DELEG_FLAG },
    { "datagram", GSS_FLAG_DATAGRAM },   { "dce-style", GSS_C_DCE_STYLE },
};

struct peer {
    bool server, mic, any_mech;
    gss_OID mech, inner; /* inner: the one that SPNEGO offers */
    const char *target, *user, *password;
    OM_uint32 wanted, granted;
    struct talk_blob data;
    struct gss_channel_bindings_struct bindings;
    gss_cred_id_t cred, delegated;
    gss_ctx_id_t context;
    gss_name_t name;
};

/* --- the command line ---------------------------------------------------------------------- */

static OM_uint32
flag_of(const char *name)
{
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (strcmp(flags[i].name, name) == 0) {
            return flags[i].bit;
        }
    }
    talk_die("no such flag", name);
}

static gss_OID
mech_of(const char *name)
{
    return strcmp(name, "spnego") == 0 ? &oid_spnego
           : strcmp(name, "krb5") == 0 ? &oid_krb5
                                       : &oid_ntlm;
}

static void
take_flags(struct peer *p, char *names)
{
    char *rest = NULL;

    for (char *n = strtok_r(names, ",", &rest); n; n = strtok_r(NULL, ",", &rest)) {
        p->wanted |= flag_of(n);
    }
}

static void
take_arguments(struct peer *p, int argc, char **argv)
{
    static const struct option known[] = {
        { "mech", required_argument, NULL, 'm' },
        { "target", required_argument, NULL, 't' },
        { "user", required_argument, NULL, 'u' },
        { "password", required_argument, NULL, 'w' },
        { "flags", required_argument, NULL, 'f' },
        { "bindings", required_argument, NULL, 'b' },
        { "mic", required_argument, NULL, 'c' },
        { "mechs", required_argument, NULL, 'n' },
        { NULL, 0, NULL, 0 },
    };

    if (argc < 2 || (strcmp(argv[1], "client") != 0 && strcmp(argv[1], "server") != 0)) {
        talk_die("usage", "gss_peer client|server [OPTION]…");
    }
    p->server = strcmp(argv[1], "server") == 0;
    p->mech = p->inner = &oid_ntlm;
    for (int c; (c = getopt_long(argc - 1, argv + 1, "", known, NULL)) != -1;) {
        switch (c) {
        case 'm': p->mech = mech_of(optarg); break;
        case 't': p->target = optarg; break;
        case 'u': p->user = optarg; break;
        case 'w': p->password = optarg; break;
        case 'f': take_flags(p, optarg); break;
        case 'b': p->data = talk_unhex(optarg); break;
        case 'n':
            p->any_mech = strcmp(optarg, "all") == 0;
            p->inner = p->any_mech ? NULL : mech_of(optarg);
            break;
        case 'c': p->mic = strcmp(optarg, "yes") == 0; break;
        default: exit(2);
        }
    }
    p->bindings.application_data = (gss_buffer_desc){ p->data.n, p->data.p };
}

/* --- what went wrong ----------------------------------------------------------------------- */

static void
add_text(char *to, size_t room, OM_uint32 code, int kind, gss_OID mech)
{
    OM_uint32 more = 0, minor;

    do {
        gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
        size_t used = strlen(to);

        (void)gss_display_status(&minor, code, kind, mech, &more, &text);
        (void)snprintf(to + used, room - used, "%.*s. ", (int)text.length, (char *)text.value);
        (void)gss_release_buffer(&minor, &text);
    } while (more);
}

static void
answer_failure(struct peer *p, OM_uint32 major, OM_uint32 minor, const gss_buffer_desc *token)
{
    char reason[1024] = "", status[32];

    add_text(reason, sizeof(reason), major, GSS_C_GSS_CODE, GSS_C_NO_OID);
    add_text(reason, sizeof(reason), minor, GSS_C_MECH_CODE, p->mech);
    (void)snprintf(status, sizeof(status), "GSS_0x%08x", major);
    talk_failed(status, token ? token->value : NULL, token ? token->length : 0, reason);
}

static void
must(struct peer *p, OM_uint32 major, OM_uint32 minor, const char *what)
{
    char reason[1024] = "";

    if (GSS_ERROR(major)) {
        add_text(reason, sizeof(reason), major, GSS_C_GSS_CODE, GSS_C_NO_OID);
        add_text(reason, sizeof(reason), minor, GSS_C_MECH_CODE, p->mech);
        talk_die(what, reason);
    }
}

/* --- credentials --------------------------------------------------------------------------- */

static gss_name_t
import(struct peer *p, const char *text, gss_OID kind)
{
    gss_buffer_desc value = { strlen(text), (void *)(uintptr_t)text };
    gss_name_t name = GSS_C_NO_NAME;
    OM_uint32 minor, major = gss_import_name(&minor, &value, kind, &name);

    must(p, major, minor, text);
    return name;
}

static void
acquire(struct peer *p)
{
    gss_OID_set_desc mechs = { 1, p->mech }, inner = { 1, p->inner };
    gss_name_t user = p->user ? import(p, p->user, GSS_C_NT_USER_NAME) : GSS_C_NO_NAME;
    gss_cred_usage_t usage = p->server ? GSS_C_ACCEPT : GSS_C_INITIATE;
    OM_uint32 major, minor = 0;

    if (p->password) {
#ifdef PEER_HEIMDAL
        talk_die("--password", "Heimdal's NTLM reads NTLM_USER_FILE only");
#else
        gss_buffer_desc password = { strlen(p->password), (void *)(uintptr_t)p->password };

        major = gss_acquire_cred_with_password(&minor, user, &password, GSS_C_INDEFINITE, &mechs,
                                               usage, &p->cred, NULL, NULL);
#endif
    } else {
        major =
            gss_acquire_cred(&minor, user, GSS_C_INDEFINITE, &mechs, usage, &p->cred, NULL, NULL);
    }
    must(p, major, minor, "gss_acquire_cred");
#ifndef PEER_HEIMDAL
    if (p->mech == &oid_spnego && !p->any_mech) {
        major = gss_set_neg_mechs(&minor, p->cred, &inner);
        must(p, major, minor, "gss_set_neg_mechs");
    }
#else
    (void)inner;
#endif
    (void)gss_release_name(&minor, &user);
}

/* --- the handshake ------------------------------------------------------------------------- */

/* gss-ntlmssp takes the question for the wish. */
static void
ask_for_mic(struct peer *p)
{
    gss_buffer_set_t set = GSS_C_NO_BUFFER_SET;
    OM_uint32 minor, major = gss_inquire_sec_context_by_oid(&minor, p->context, &oid_use_mic, &set);

    must(p, major, minor, "gss_inquire_sec_context_by_oid");
    (void)gss_release_buffer_set(&minor, &set);
}

static void
step(struct peer *p, struct talk *t)
{
    struct talk_blob token = talk_blob(t, 1);
    gss_buffer_desc in = { token.n, token.p }, out = GSS_C_EMPTY_BUFFER;
    gss_channel_bindings_t bindings = p->data.p ? &p->bindings : GSS_C_NO_CHANNEL_BINDINGS;
    OM_uint32 major, minor, ignored;
    bool first = p->context == GSS_C_NO_CONTEXT;

    if (p->server) {
        gss_name_t client = GSS_C_NO_NAME;

        major = gss_accept_sec_context(&minor, &p->context, p->cred, &in, bindings, &client, NULL,
                                       &out, &p->granted, NULL, &p->delegated);
        (void)gss_release_name(&ignored, &client);
    } else {
        major = gss_init_sec_context(&minor, p->cred, &p->context, p->name, p->mech, p->wanted, 0,
                                     bindings, &in, NULL, &out, &p->granted, NULL);
    }
    if (GSS_ERROR(major)) {
        answer_failure(p, major, minor, &out);
    } else {
        if (first && p->mic) {
            ask_for_mic(p);
        }
        talk_answer(major & GSS_S_CONTINUE_NEEDED ? "continue" : "done", out.value, out.length);
    }
    (void)gss_release_buffer(&ignored, &out);
}

/* --- messages ------------------------------------------------------------------------------ */

static void
answer(struct peer *p, OM_uint32 major, OM_uint32 minor, gss_buffer_desc *out)
{
    OM_uint32 ignored;

    if (major != GSS_S_COMPLETE) {
        answer_failure(p, major, minor, NULL);
    } else {
        talk_answer("ok", out->value, out->length);
    }
    (void)gss_release_buffer(&ignored, out);
}

static void
wrap(struct peer *p, struct talk *t, int sealed)
{
    struct talk_blob message = talk_blob(t, 1);
    gss_buffer_desc in = { message.n, message.p ? (void *)message.p : (void *)"" };
    gss_buffer_desc out = GSS_C_EMPTY_BUFFER;
    int was_sealed = 0;
    OM_uint32 minor,
        major = gss_wrap(&minor, p->context, sealed, GSS_C_QOP_DEFAULT, &in, &was_sealed, &out);

#ifdef PEER_HEIMDAL
    was_sealed = sealed; /* Heimdal's NTLM says no, whatever it does */
#endif
    if (major == GSS_S_COMPLETE && was_sealed != sealed) {
        talk_failed("NOT_AS_ASKED", NULL, 0, was_sealed ? "sealed" : "not sealed");
        return;
    }
    answer(p, major, minor, &out);
}

static void
seal(struct peer *p, struct talk *t)
{
    wrap(p, t, 1);
}

/* Signature and plain text in one. */
static void
wrap_plain(struct peer *p, struct talk *t)
{
    wrap(p, t, 0);
}

static void
unseal(struct peer *p, struct talk *t)
{
    struct talk_blob sealed = talk_blob(t, 1);
    gss_buffer_desc in = { sealed.n, sealed.p }, out = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor, major = gss_unwrap(&minor, p->context, &in, &out, NULL, NULL);

    answer(p, major, minor, &out);
}

static void
sign(struct peer *p, struct talk *t)
{
    struct talk_blob message = talk_blob(t, 1);
    gss_buffer_desc in = { message.n, message.p }, out = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor, major = gss_get_mic(&minor, p->context, GSS_C_QOP_DEFAULT, &in, &out);

    answer(p, major, minor, &out);
}

static void
verify(struct peer *p, struct talk *t)
{
    struct talk_blob message = talk_blob(t, 1), signature = talk_blob(t, 2);
    gss_buffer_desc in = { message.n, message.p }, mic = { signature.n, signature.p };
    gss_buffer_desc none = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor, major = gss_verify_mic(&minor, p->context, &in, &mic, NULL);

    answer(p, major, minor, &none);
}

#ifndef PEER_HEIMDAL
/* As DCE's RPC has them: a head that is signed alone, the message, and a header before both that
 * holds all of the mechanism's. */
static void
seal_rpc(struct peer *p, struct talk *t)
{
    struct talk_blob head = talk_blob(t, 1), message = talk_blob(t, 2);
    gss_iov_buffer_desc iov[3] = {
        { GSS_IOV_BUFFER_TYPE_SIGN_ONLY, { head.n, head.p } },
        { GSS_IOV_BUFFER_TYPE_DATA, { message.n, message.p } },
        { GSS_IOV_BUFFER_TYPE_HEADER | GSS_IOV_BUFFER_FLAG_ALLOCATE, GSS_C_EMPTY_BUFFER },
    };
    OM_uint32 minor, major = gss_wrap_iov(&minor, p->context, 1, GSS_C_QOP_DEFAULT, NULL, iov, 3);
    gss_buffer_desc all = GSS_C_EMPTY_BUFFER;

    if (major == GSS_S_COMPLETE) {
        all.length = iov[2].buffer.length + message.n;
        all.value = malloc(all.length);
        if (!all.value) {
            talk_die("memory", "there is none");
        }
        memcpy(all.value, iov[2].buffer.value, iov[2].buffer.length);
        memcpy((uint8_t *)all.value + iov[2].buffer.length, message.p, message.n);
    }
    answer(p, major, minor, &all);
    (void)gss_release_iov_buffer(&minor, iov, 3);
}

static void
unseal_rpc(struct peer *p, struct talk *t)
{
    struct talk_blob head = talk_blob(t, 1), all = talk_blob(t, 2);
    gss_iov_buffer_desc iov[3] = {
        { GSS_IOV_BUFFER_TYPE_SIGN_ONLY, { head.n, head.p } },
        { GSS_IOV_BUFFER_TYPE_DATA, { talk_number(t, 3), NULL } },
        { GSS_IOV_BUFFER_TYPE_HEADER, { all.n - talk_number(t, 3), all.p } },
    };
    gss_buffer_desc none = GSS_C_EMPTY_BUFFER;
    OM_uint32 major, minor;

    iov[1].buffer.value = all.p + iov[2].buffer.length;
    major = gss_unwrap_iov(&minor, p->context, NULL, NULL, iov, 3);
    if (major == GSS_S_COMPLETE) {
        talk_answer("ok", iov[1].buffer.value, iov[1].buffer.length);
    } else {
        answer(p, major, minor, &none);
    }
}
#endif

static void
delegate(struct peer *p, struct talk *t)
{
    gss_name_t target = import(p, t->n_words > 1 ? t->words[1] : "", GSS_C_NT_HOSTBASED_SERVICE);
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    gss_buffer_desc out = GSS_C_EMPTY_BUFFER;
    OM_uint32 major, minor, ignored;

    if (p->delegated == GSS_C_NO_CREDENTIAL) {
        talk_failed("NOT_DELEGATED", NULL, 0, "the client delegated nothing");
    } else {
        major = gss_init_sec_context(&minor, p->delegated, &context, target, &oid_krb5, 0, 0,
                                     GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL, &out, NULL, NULL);
        answer(p, major, minor, &out);
        (void)gss_delete_sec_context(&ignored, &context, GSS_C_NO_BUFFER);
    }
    (void)gss_release_name(&ignored, &target);
}

/* --- what is known of the context ---------------------------------------------------------- */

static void
describe_name(json_t *into, const char *key, gss_name_t name)
{
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor;

    if (name != GSS_C_NO_NAME && gss_display_name(&minor, name, &text, NULL) == GSS_S_COMPLETE) {
        (void)json_object_set_new(into, key, json_stringn(text.value, text.length));
        (void)gss_release_buffer(&minor, &text);
    }
    if (name != GSS_C_NO_NAME) { /* Heimdal's does not take it for a no-op */
        (void)gss_release_name(&minor, &name);
    }
}

static void
describe_key(struct peer *p, json_t *into)
{
    gss_buffer_set_t set = GSS_C_NO_BUFFER_SET;
    OM_uint32 minor;

    if (gss_inquire_sec_context_by_oid(&minor, p->context, &oid_session_key, &set) ==
            GSS_S_COMPLETE &&
        set && set->count) {
        (void)json_object_set_new(into, "session_key",
                                  talk_hex(set->elements[0].value, set->elements[0].length));
    }
    (void)gss_release_buffer_set(&minor, &set);
}

static void
describe(struct peer *p, struct talk *t)
{
    gss_name_t source = GSS_C_NO_NAME, target = GSS_C_NO_NAME;
    json_t *facts = json_object(), *names = json_array();
    gss_OID mech = GSS_C_NO_OID;
    OM_uint32 bits = 0, minor;
    int open = 0;

    (void)t;
    /* gss-ntlmssp 1.2.0 crashes where an acceptor asks for the target. */
    (void)gss_inquire_context(&minor, p->context, &source, p->server ? NULL : &target, NULL, &mech,
                              &bits, NULL, &open);
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (bits & flags[i].bit) {
            (void)json_array_append_new(names, json_string(flags[i].name));
        }
    }
    (void)json_object_set_new(facts, "flags", names);
    (void)json_object_set_new(facts, "open", json_boolean(open));
    if (mech) {
        (void)json_object_set_new(facts, "mech", talk_hex(mech->elements, mech->length));
    }
    describe_name(facts, "user", source);
    describe_name(facts, "target", target);
    describe_key(p, facts);
    talk_answer_json(facts);
}

static const struct command {
    const char *name;
    void (*run)(struct peer *, struct talk *);
} commands[] = {
    { "step", step },         { "seal", seal },
    { "wrap", wrap_plain },   { "unseal", unseal },
    { "sign", sign },         { "verify", verify },
    { "describe", describe }, { "delegate", delegate },
#ifndef PEER_HEIMDAL
    { "seal-rpc", seal_rpc }, { "unseal-rpc", unseal_rpc },
#endif
};

static void
run(struct peer *p, struct talk *t)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (talk_is(t, commands[i].name)) {
            commands[i].run(p, t);
            return;
        }
    }
    talk_die("no such command", t->n_words ? t->words[0] : "");
}

int
main(int argc, char **argv)
{
    struct peer p = { .cred = GSS_C_NO_CREDENTIAL, .context = GSS_C_NO_CONTEXT };
    struct talk t = { 0 };
    OM_uint32 minor;

    take_arguments(&p, argc, argv);
    acquire(&p);
    if (p.target) {
        p.name = import(&p, p.target, GSS_C_NT_HOSTBASED_SERVICE);
    }
    while (talk_next(&t)) {
        run(&p, &t);
    }
    (void)gss_delete_sec_context(&minor, &p.context, GSS_C_NO_BUFFER);
    (void)gss_release_cred(&minor, &p.cred);
    if (p.delegated != GSS_C_NO_CREDENTIAL) {
        (void)gss_release_cred(&minor, &p.delegated);
    }
    (void)gss_release_name(&minor, &p.name);
    free(p.data.p);
    talk_clear(&t);
    return 0;
}
