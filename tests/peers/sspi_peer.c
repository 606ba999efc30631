/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One side of a security context, through SSPI's public functions alone, told what to do over
 * standard input (talk.h): the bridge between this library and the peers of the tests.
 *
 *   sspi_peer client|server [--package P] [--spn SPN] [--user U] [--domain D] [--password P]
 *             [--flags NAME,NAME…] [--bindings HEX] [--option KEY=VALUE]… [--stream yes]
 *             [--sasl yes [--authzid A] [--max-bytes N]]
 *
 * --bindings: the application data of the channel bindings. --option: a key of [policy].
 * --stream: what is unsealed comes as SECBUFFER_STREAM, not as TOKEN and DATA. --sasl: the legs are
 * those of the Sasl functions; --authzid, --max-bytes: AUTHZ_STRING and RECV_SIZE.
 *
 * Commands beside those of talk.h: delegate SPN, as gss_peer's; wrap MESSAGE, sealed with SECQOP_WRAP_NO_ENCRYPT; and in DCE's
 * style, HEAD being signed with the message and not sent, N the bytes of SEALED:
 *
 *   export                            ok CONTEXT, which is there from then on
 *   import CONTEXT                    ok: in place of a first leg
 *   seal-rpc HEAD MESSAGE             ok TOKEN+SEALED
 *   unseal-rpc HEAD TOKEN+SEALED N    ok MESSAGE
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peers/sspi_side.h"

#ifndef SECQOP_WRAP_NO_ENCRYPT /* WinPR has no such wish */
#define SECQOP_WRAP_NO_ENCRYPT 0x80000001
#endif

enum { MAX_TOKEN_BYTES = 65536, TRAILER_ROOM = 256, MAX_LEGS = 16 };

static const struct flag {
    const char *name;
    ULONG client, server;
} flags[] = {
    { "integrity", ISC_REQ_INTEGRITY, ASC_REQ_INTEGRITY },
    { "confidentiality", ISC_REQ_CONFIDENTIALITY, ASC_REQ_CONFIDENTIALITY },
    { "replay", ISC_REQ_REPLAY_DETECT, ASC_REQ_REPLAY_DETECT },
    { "sequence", ISC_REQ_SEQUENCE_DETECT, ASC_REQ_SEQUENCE_DETECT },
    { "datagram", ISC_REQ_DATAGRAM, ASC_REQ_DATAGRAM },
    { "connection", ISC_REQ_CONNECTION, ASC_REQ_CONNECTION },
    { "identify", ISC_REQ_IDENTIFY, ASC_REQ_IDENTIFY },
    { "mutual", ISC_REQ_MUTUAL_AUTH, ASC_REQ_MUTUAL_AUTH },
    { "delegate", ISC_REQ_DELEGATE, ASC_REQ_DELEGATE },
    { "user-to-user", ISC_REQ_USE_SESSION_KEY, ASC_REQ_USE_SESSION_KEY },
    { "extended-error", ISC_REQ_EXTENDED_ERROR, ASC_REQ_EXTENDED_ERROR },
    { "null-session", ISC_REQ_NULL_SESSION, ASC_REQ_ALLOW_NULL_SESSION },
    { "no-integrity", ISC_REQ_NO_INTEGRITY, 0 },
    { "allow-missing-bindings", 0, ASC_REQ_ALLOW_MISSING_BINDINGS },
    { "unverified-target", 0x20000000, 0 }, /* ISC_REQ_UNVERIFIED_TARGET_NAME */
    { "dce-style", ISC_REQ_USE_DCE_STYLE, ASC_REQ_USE_DCE_STYLE },
};

static ULONG
flag_of(bool server, const char *name)
{
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (strcmp(flags[i].name, name) == 0) {
            return server ? flags[i].server : flags[i].client;
        }
    }
    talk_die("no such flag", name);
}

static json_t *
flag_names(bool server, ULONG bits)
{
    json_t *names = json_array();

    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (bits & (server ? flags[i].server : flags[i].client)) {
            (void)json_array_append_new(names, json_string(flags[i].name));
        }
    }
    return names;
}

/* --- the command line ---------------------------------------------------------------------- */

struct peer {
    struct side side;
    struct talk_blob bindings; /* SEC_CHANNEL_BINDINGS; p NULL: none */
    bool started, stream;
};

static struct talk_blob
bindings_of(const char *hex)
{
    struct talk_blob data = talk_unhex(hex), all;
    SEC_CHANNEL_BINDINGS head = { .cbApplicationDataLength = (ULONG)data.n,
                                  .dwApplicationDataOffset = sizeof(head) };

    all.n = sizeof(head) + data.n;
    all.p = calloc(1, all.n);
    if (!all.p) {
        talk_die("memory", "there is none");
    }
    memcpy(all.p, &head, sizeof(head));
    memcpy(all.p + sizeof(head), data.p, data.n);
    free(data.p);
    return all;
}

static void
take_option(struct side *s, char *text)
{
    char *value = strchr(text, '=');

    if (!value || s->n_options == SIDE_MAX_OPTIONS) {
        talk_die("--option", text);
    }
    *value = '\0';
    s->options[s->n_options].name = text;
    s->options[s->n_options++].value = value + 1;
}

static void
take_flags(struct side *s, char *names)
{
    char *rest = NULL;

    for (char *n = strtok_r(names, ",", &rest); n; n = strtok_r(NULL, ",", &rest)) {
        s->wanted |= flag_of(s->server, n);
    }
}

static void
take_arguments(struct peer *p, int argc, char **argv)
{
    static const struct option known[] = {
        { "package", required_argument, NULL, 'p' },
        { "spn", required_argument, NULL, 's' },
        { "user", required_argument, NULL, 'u' },
        { "domain", required_argument, NULL, 'd' },
        { "password", required_argument, NULL, 'w' },
        { "flags", required_argument, NULL, 'f' },
        { "bindings", required_argument, NULL, 'b' },
        { "option", required_argument, NULL, 'o' },
        { "stream", required_argument, NULL, 't' },
        { "sasl", required_argument, NULL, 'a' },
        { "authzid", required_argument, NULL, 'z' },
        { "max-bytes", required_argument, NULL, 'm' },
        { NULL, 0, NULL, 0 },
    };
    struct side *s = &p->side;

    if (argc < 2 || (strcmp(argv[1], "client") != 0 && strcmp(argv[1], "server") != 0)) {
        talk_die("usage", "sspi_peer client|server [OPTION]…");
    }
    s->server = strcmp(argv[1], "server") == 0;
    s->package = "NTLM";
    for (int c; (c = getopt_long(argc - 1, argv + 1, "", known, NULL)) != -1;) {
        switch (c) {
        case 'p': s->package = optarg; break;
        case 's': s->spn = optarg; break;
        case 'u': s->user = optarg; break;
        case 'd': s->domain = optarg; break;
        case 'w': s->password = optarg; break;
        case 'f': take_flags(s, optarg); break;
        case 'b': p->bindings = bindings_of(optarg); break;
        case 'o': take_option(s, optarg); break;
        case 't': p->stream = strcmp(optarg, "yes") == 0; break;
        case 'a': s->sasl = strcmp(optarg, "yes") == 0; break;
        case 'z': s->authzid = optarg; break;
        case 'm': s->max_bytes = optarg; break;
        default: exit(2);
        }
    }
}

/* --- the handshake ------------------------------------------------------------------------- */

static void
answer_failure(SECURITY_STATUS status, const SecBuffer *token)
{
    talk_failed(side_status_name(status), token ? token->pvBuffer : NULL,
                token ? token->cbBuffer : 0, side_reason());
}

static void
step(struct peer *p, struct talk *t)
{
    static uint8_t room[MAX_TOKEN_BYTES];
    struct talk_blob token = talk_blob(t, 1);
    SecBuffer in[2], out = { sizeof(room), SECBUFFER_TOKEN, room };
    SecBufferDesc in_desc = { SECBUFFER_VERSION, 0, in };
    SecBufferDesc out_desc = { SECBUFFER_VERSION, 1, &out };
    SECURITY_STATUS status;
    bool first = !p->started;

    if (token.p) {
        in[in_desc.cBuffers++] = (SecBuffer){ (ULONG)token.n, SECBUFFER_TOKEN, token.p };
    }
    if (p->bindings.p && (token.p || side_reads_first_input)) {
        in[in_desc.cBuffers++] =
            (SecBuffer){ (ULONG)p->bindings.n, SECBUFFER_CHANNEL_BINDINGS, p->bindings.p };
    }
    status = side_leg(&p->side, first ? NULL : &p->side.context, in_desc.cBuffers ? &in_desc : NULL,
                      &out_desc);
    if (status == SEC_I_COMPLETE_NEEDED || status == SEC_I_COMPLETE_AND_CONTINUE) {
        SECURITY_STATUS completed = CompleteAuthToken(&p->side.context, &out_desc);

        status = completed < 0                           ? completed
                 : status == SEC_I_COMPLETE_AND_CONTINUE ? SEC_I_CONTINUE_NEEDED
                                                         : SEC_E_OK;
    }
    p->started = p->started || status >= 0;
    if (status >= 0 && first && p->side.server) {
        SECURITY_STATUS given = side_give_account(&p->side);

        status = given < 0 ? given : status;
    }
    if (status < 0) {
        answer_failure(status, out.cbBuffer < sizeof(room) ? &out : NULL);
    } else {
        talk_answer(status == SEC_E_OK ? "done" : "continue", out.pvBuffer, out.cbBuffer);
    }
}

/* --- messages ------------------------------------------------------------------------------ */

static SecPkgContext_Sizes
sizes_of(struct peer *p)
{
    SecPkgContext_Sizes sizes = { 0 };

    if (QueryContextAttributesA(&p->side.context, SECPKG_ATTR_SIZES, &sizes) != SEC_E_OK ||
        sizes.cbSecurityTrailer + sizes.cbBlockSize > TRAILER_ROOM) {
        return (SecPkgContext_Sizes){ 0 };
    }
    return sizes;
}

static ULONG
trailer_bytes(struct peer *p)
{
    return sizes_of(p).cbSecurityTrailer;
}

/* TOKEN, DATA and PADDING one behind the other, as Windows' applications send them: TOKEN and
 * PADDING come back as long as they are. */
static void
seal_as(struct peer *p, struct talk *t, ULONG qop)
{
    struct talk_blob message = talk_blob(t, 1);
    SecPkgContext_Sizes sizes = sizes_of(p);
    uint8_t *all = calloc(1, TRAILER_ROOM + message.n), *data = all + sizes.cbSecurityTrailer;
    SecBuffer b[3] = { { sizes.cbSecurityTrailer, SECBUFFER_TOKEN, all },
                       { (ULONG)message.n, SECBUFFER_DATA, data },
                       { sizes.cbBlockSize, SECBUFFER_PADDING, data + message.n } };
    SecBufferDesc desc = { SECBUFFER_VERSION, sizes.cbBlockSize ? 3 : 2, b };
    SECURITY_STATUS status;

    memcpy(data, message.p ? (void *)message.p : (void *)"", message.n);
    status = EncryptMessage(&p->side.context, qop, &desc, talk_number(t, 2));
    if (status != SEC_E_OK) {
        answer_failure(status, NULL);
    } else {
        memmove(all + b[0].cbBuffer, data, message.n + (desc.cBuffers == 3 ? b[2].cbBuffer : 0));
        talk_answer("ok", all,
                    b[0].cbBuffer + message.n + (desc.cBuffers == 3 ? b[2].cbBuffer : 0));
    }
    free(all);
}

static void
seal(struct peer *p, struct talk *t)
{
    seal_as(p, t, 0);
}

static void
wrap_plain(struct peer *p, struct talk *t)
{
    seal_as(p, t, SECQOP_WRAP_NO_ENCRYPT);
}

static void
unseal_stream(struct peer *p, struct talk *t)
{
    struct talk_blob all = talk_blob(t, 1);
    SecBuffer b[2] = { { (ULONG)all.n, SECBUFFER_STREAM, all.p }, { 0, SECBUFFER_DATA, NULL } };
    SecBufferDesc desc = { SECBUFFER_VERSION, 2, b };
    SECURITY_STATUS status = DecryptMessage(&p->side.context, &desc, talk_number(t, 2), NULL);

    if (status != SEC_E_OK) {
        answer_failure(status, NULL);
    } else {
        talk_answer("ok", b[1].pvBuffer, b[1].cbBuffer);
    }
}

static void
unseal(struct peer *p, struct talk *t)
{
    struct talk_blob all = talk_blob(t, 1);
    ULONG trailer = trailer_bytes(p);
    SecBuffer b[2];
    SecBufferDesc desc = { SECBUFFER_VERSION, 2, b };
    SECURITY_STATUS status;

    if (p->stream) {
        unseal_stream(p, t);
        return;
    }
    if (all.n < trailer) {
        trailer = (ULONG)all.n;
    }
    b[0] = (SecBuffer){ trailer, SECBUFFER_TOKEN, all.p };
    b[1] = (SecBuffer){ (ULONG)all.n - trailer, SECBUFFER_DATA, all.p + trailer };
    status = DecryptMessage(&p->side.context, &desc, talk_number(t, 2), NULL);
    if (status != SEC_E_OK) {
        answer_failure(status, NULL);
    } else {
        talk_answer("ok", b[1].pvBuffer, b[1].cbBuffer);
    }
}

/* DCE's RPC: buffers that are signed and not sealed, the message, and TOKEN, which is sent first. */
static void
seal_rpc(struct peer *p, struct talk *t)
{
    struct talk_blob head = talk_blob(t, 1), message = talk_blob(t, 2);
    ULONG trailer = trailer_bytes(p);
    uint8_t *all = calloc(1, TRAILER_ROOM + message.n);
    SecBuffer b[3] = {
        { (ULONG)head.n, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, head.p },
        { (ULONG)message.n, SECBUFFER_DATA, message.p },
        { trailer, SECBUFFER_TOKEN, all },
    };
    SecBufferDesc desc = { SECBUFFER_VERSION, 3, b };
    SECURITY_STATUS status = EncryptMessage(&p->side.context, 0, &desc, 0);

    if (status != SEC_E_OK) {
        answer_failure(status, NULL);
    } else {
        memcpy(all + b[2].cbBuffer, message.p, message.n);
        talk_answer("ok", all, b[2].cbBuffer + message.n);
    }
    free(all);
}

static void
unseal_rpc(struct peer *p, struct talk *t)
{
    struct talk_blob head = talk_blob(t, 1), all = talk_blob(t, 2);
    ULONG n = talk_number(t, 3), token = (ULONG)all.n - n;
    SecBuffer b[3] = {
        { (ULONG)head.n, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, head.p },
        { n, SECBUFFER_DATA, all.p + token },
        { token, SECBUFFER_TOKEN, all.p },
    };
    SecBufferDesc desc = { SECBUFFER_VERSION, 3, b };
    SECURITY_STATUS status = DecryptMessage(&p->side.context, &desc, 0, NULL);

    if (status != SEC_E_OK) {
        answer_failure(status, NULL);
    } else {
        talk_answer("ok", b[1].pvBuffer, b[1].cbBuffer);
    }
}

static void
sign(struct peer *p, struct talk *t)
{
    struct talk_blob message = talk_blob(t, 1);
    uint8_t token[TRAILER_ROOM];
    SecBuffer b[2] = { { (ULONG)message.n, SECBUFFER_DATA, message.p },
                       { sizeof(token), SECBUFFER_TOKEN, token } };
    SecBufferDesc desc = { SECBUFFER_VERSION, 2, b };
    SECURITY_STATUS status = MakeSignature(&p->side.context, 0, &desc, talk_number(t, 2));

    if (status != SEC_E_OK) {
        answer_failure(status, NULL);
    } else {
        talk_answer("ok", token, b[1].cbBuffer);
    }
}

static void
verify(struct peer *p, struct talk *t)
{
    struct talk_blob message = talk_blob(t, 1), signature = talk_blob(t, 2);
    SecBuffer b[2] = { { (ULONG)message.n, SECBUFFER_DATA, message.p },
                       { (ULONG)signature.n, SECBUFFER_TOKEN, signature.p } };
    SecBufferDesc desc = { SECBUFFER_VERSION, 2, b };
    SECURITY_STATUS status = VerifySignature(&p->side.context, &desc, talk_number(t, 3), NULL);

    if (status != SEC_E_OK) {
        answer_failure(status, NULL);
    } else {
        talk_answer("ok", NULL, 0);
    }
}

static void
delegate(struct peer *p, struct talk *t)
{
    SecBuffer out = { 0, SECBUFFER_TOKEN, NULL };
    SECURITY_STATUS status = side_delegate(&p->side, t->n_words > 1 ? t->words[1] : "", &out);

    if (status != SEC_E_OK) {
        answer_failure(status, NULL);
        return;
    }
    talk_answer("ok", out.pvBuffer, out.cbBuffer);
    (void)FreeContextBuffer(out.pvBuffer);
}

static void
export_context(struct peer *p, struct talk *t)
{
    SecBuffer packed = { 0 };
    SECURITY_STATUS status = ExportSecurityContext(&p->side.context, 0, &packed, NULL);

    (void)t;
    if (status != SEC_E_OK) {
        answer_failure(status, NULL);
        return;
    }
    talk_answer("ok", packed.pvBuffer, packed.cbBuffer);
    (void)FreeContextBuffer(packed.pvBuffer);
}

static void
import_context(struct peer *p, struct talk *t)
{
    struct talk_blob blob = talk_blob(t, 1);
    SecBuffer packed = { (ULONG)blob.n, SECBUFFER_EMPTY, blob.p };
    SECURITY_STATUS status = ImportSecurityContextA((SEC_CHAR *)(uintptr_t)p->side.package, &packed,
                                                    NULL, &p->side.context);

    if (status != SEC_E_OK) {
        answer_failure(status, NULL);
        return;
    }
    p->started = true;
    talk_answer("ok", NULL, 0);
}

static void
describe(struct peer *p, struct talk *t)
{
    json_t *facts = json_object();
    struct side *s = &p->side;

    (void)t;
    (void)json_object_set_new(facts, "flags", flag_names(s->server, s->granted));
    (void)json_object_set_new(facts, "trailer", json_integer(trailer_bytes(p)));
    side_describe(s, facts);
    talk_answer_json(facts);
}

static const struct command {
    const char *name;
    void (*run)(struct peer *, struct talk *);
    bool before_start;
} commands[] = {
    { "step", step, true },
    { "seal", seal, false },
    { "wrap", wrap_plain, false },
    { "unseal", unseal, false },
    { "seal-rpc", seal_rpc, false },
    { "unseal-rpc", unseal_rpc, false },
    { "sign", sign, false },
    { "verify", verify, false },
    { "describe", describe, false },
    { "delegate", delegate, false },
    { "export", export_context, false },
    { "import", import_context, true },
};

static void
run(struct peer *p, struct talk *t)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (talk_is(t, commands[i].name) && (p->started || commands[i].before_start)) {
            commands[i].run(p, t);
            return;
        }
    }
    talk_die("no such command, or not yet", t->n_words ? t->words[0] : "");
}

int
main(int argc, char **argv)
{
    struct peer p = { 0 };
    struct talk t = { 0 };
    SECURITY_STATUS status;

    take_arguments(&p, argc, argv);
    status = side_acquire(&p.side);
    if (status != SEC_E_OK) {
        talk_die(side_status_name(status), side_reason());
    }
    while (talk_next(&t)) {
        run(&p, &t);
    }
    if (p.started) {
        (void)DeleteSecurityContext(&p.side.context);
    }
    (void)FreeCredentialsHandle(&p.side.cred);
    free(p.bindings.p);
    talk_clear(&t);
    return 0;
}
