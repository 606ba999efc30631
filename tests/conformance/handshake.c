/* SPDX-License-Identifier: Apache-2.0 */
/* InitializeSecurityContext, AcceptSecurityContext, CompleteAuthToken, ApplyControlToken, DeleteSecurityContext, and
 * OpenSspiCreateContext.
 *
 * Sources: the pages of the functions per package, and Windows as it was seen; decision 0008 for tokens that do not
 * fit. */
#include <stdint.h>
#include <stdlib.h>

#include "tests/conformance/table.h"

/* One leg, with all that can be wrong with it. */
struct leg_call {
    SecBuffer in[2], out[2];
    SecBufferDesc input, output;
    PSecBufferDesc from, to;
    ULONG request, reserved;
    PCredHandle with;
    PCtxtHandle at, made;
    CtxtHandle room;
    uint8_t token[API_TOKEN_BYTES];
};

enum fault {
    NO_FAULT,
    ALLOCATED, /* no fault: the library makes the buffer */
    NO_INPUT,
    INPUT_VERSION,
    INPUT_AT_NULL, /* a descriptor that says one buffer, and none there */
    INPUT_NOTHING, /* one of no buffers */
    INPUT_NO_TOKEN,
    INPUT_TOKEN_AT_NULL,
    INPUT_EMPTY,
    INPUT_GARBAGE,
    INPUT_SHORT,
    TOO_MANY,
    NO_OUTPUT,
    OUTPUT_VERSION,
    OUTPUT_AT_NULL,
    OUTPUT_NO_TOKEN,
    OUTPUT_EMPTY,
    OUTPUT_TOO_SMALL, /* a byte */
    OUTPUT_READ_ONLY,
    RESERVED, /* not 0 */
    PROMPT,
    NOWHERE,          /* neither a context nor room for one */
    NO_CREDENTIAL,    /* NULL on a later leg, which is fine */
    OTHER_CREDENTIAL, /* of the other side */
    FLAGS_UNKNOWN,    /* every bit that has no meaning in ISC or ASC */
    BOTH_BINDINGS,    /* ASC_REQ_PROXY_BINDINGS | ASC_REQ_ALLOW_MISSING_BINDINGS */
    BINDINGS_SHORT,
    LONG_TARGET,
};

static void
spoil_input(struct leg_call *l, enum fault fault)
{
    switch (fault) {
    case NO_INPUT: l->from = NULL; break;
    case INPUT_VERSION: l->input.ulVersion = 1; break;
    case INPUT_AT_NULL: l->input.pBuffers = NULL; break;
    case INPUT_NOTHING: l->input.cBuffers = 0; break;
    case INPUT_NO_TOKEN: l->in[0].BufferType = SECBUFFER_DATA; break;
    case INPUT_TOKEN_AT_NULL: l->in[0].pvBuffer = NULL; break;
    case INPUT_EMPTY: l->in[0].cbBuffer = 0; break;
    case INPUT_GARBAGE: memset(l->in[0].pvBuffer, 0x5a, l->in[0].cbBuffer); break;
    case INPUT_SHORT: l->in[0].cbBuffer /= 2; break;
    case TOO_MANY: l->input.cBuffers = 0x10000; break;
    case BINDINGS_SHORT:
        l->in[1] = (SecBuffer){ 4, SECBUFFER_CHANNEL_BINDINGS, l->token };
        l->input.cBuffers = 2;
        break;
    default: break;
    }
}

static void
spoil_output(struct leg_call *l, enum fault fault)
{
    switch (fault) {
    case ALLOCATED:
        l->request |= ISC_REQ_ALLOCATE_MEMORY; /* the same bit in ASC */
        l->out[0] = (SecBuffer){ 0, SECBUFFER_TOKEN, NULL };
        break;
    case NO_OUTPUT: l->to = NULL; break;
    case OUTPUT_VERSION: l->output.ulVersion = 77; break;
    case OUTPUT_AT_NULL: l->output.pBuffers = NULL; break;
    case OUTPUT_NO_TOKEN: l->out[0].BufferType = SECBUFFER_DATA; break;
    case OUTPUT_EMPTY: l->out[0].cbBuffer = 0; break;
    case OUTPUT_TOO_SMALL: l->out[0].cbBuffer = 1; break;
    case OUTPUT_READ_ONLY: l->out[0].BufferType |= SECBUFFER_READONLY; break;
    default: break;
    }
}

static void
spoil_arguments(struct leg_call *l, const struct scene *s, enum fault fault)
{
    switch (fault) {
    case RESERVED: l->reserved = 1; break;
    case PROMPT: l->request |= ISC_REQ_PROMPT_FOR_CREDS; break;
    case NOWHERE: l->at = l->made = NULL; break;
    case NO_CREDENTIAL: l->with = NULL; break;
    case OTHER_CREDENTIAL:
        l->with = (PCredHandle)(uintptr_t)(s->side == CLIENT ? &s->pair.server_cred
                                                             : &s->pair.client_cred);
        break;
    case FLAGS_UNKNOWN: l->request |= 0x82000000; break;
    case BOTH_BINDINGS:
        l->request |= ASC_REQ_PROXY_BINDINGS | ASC_REQ_ALLOW_MISSING_BINDINGS;
        break;
    default: break;
    }
}

static void
prepare(struct leg_call *l, struct scene *s, enum fault fault, uint8_t *room, ULONG n)
{
    *l =
        (struct leg_call){ .with = s->with, .at = s->state == ALONE ? NULL : s->at, .made = s->at };
    l->in[0] = (SecBuffer){ s->token_bytes, SECBUFFER_TOKEN, s->token };
    l->out[0] = (SecBuffer){ n, SECBUFFER_TOKEN, room };
    l->input = (SecBufferDesc){ SECBUFFER_VERSION, 1, l->in };
    l->output = (SecBufferDesc){ SECBUFFER_VERSION, 1, l->out };
    l->from = s->token_bytes || fault != NO_FAULT ? &l->input : NULL;
    l->to = &l->output;
    if (!s->token_bytes && s->side == CLIENT &&
        (fault == NO_FAULT || fault >= NO_OUTPUT || fault == ALLOCATED)) {
        l->from = NULL; /* a client's first leg has no input */
    }
    if (fault == INPUT_TOKEN_AT_NULL && !s->token_bytes) {
        l->in[0].cbBuffer = 32;
    }
    if (fault == INPUT_GARBAGE && !s->token_bytes) {
        l->in[0].cbBuffer = 64;
    }
    if (fault == BINDINGS_SHORT) {
        l->from = &l->input;
    }
    spoil_input(l, fault);
    spoil_output(l, fault);
    spoil_arguments(l, s, fault);
}

/* What a leg leaves: a context of ALONE is the scene's to delete; memory is given back. */
static SECURITY_STATUS
finish(struct leg_call *l, struct scene *s, SECURITY_STATUS status)
{
    if (l->request & ISC_REQ_ALLOCATE_MEMORY) {
        if (status >= 0 && l->out[0].cbBuffer &&
            FreeContextBuffer(l->out[0].pvBuffer) != SEC_E_OK) {
            return WRONG_OUTPUT;
        }
        if (status < 0 && l->out[0].pvBuffer) {
            return WRONG_OUTPUT;
        }
    }
    if (status >= 0 && s->state == ALONE && DeleteSecurityContext(s->at) != SEC_E_OK) {
        return WRONG_OUTPUT;
    }
    return status;
}

static char long_name[9000];

static const char *
target_of(enum fault fault)
{
    if (fault != LONG_TARGET) {
        return "HTTP/server.domain.test";
    }
    memset(long_name, 'x', sizeof(long_name) - 1);
    return long_name;
}

static SECURITY_STATUS
initialize_a(struct scene *s, ULONG fault)
{
    uint8_t room[API_TOKEN_BYTES];
    struct leg_call l;
    ULONG attributes;

    prepare(&l, s, (enum fault)fault, room, sizeof(room));
    return finish(&l, s,
                  InitializeSecurityContextA(l.with, l.at, API_NAME(target_of((enum fault)fault)),
                                             l.request, l.reserved, SECURITY_NATIVE_DREP, l.from, 0,
                                             l.made, l.to, &attributes, NULL));
}

static SECURITY_STATUS
initialize_w(struct scene *s, ULONG fault)
{
    static SEC_WCHAR target[sizeof(long_name)];
    const char *name = target_of((enum fault)fault);
    uint8_t room[API_TOKEN_BYTES];
    struct leg_call l;
    ULONG attributes;

    for (size_t i = 0; i <= strlen(name); i++) {
        target[i] = (SEC_WCHAR)name[i];
    }
    prepare(&l, s, (enum fault)fault, room, sizeof(room));
    return finish(&l, s,
                  InitializeSecurityContextW(l.with, l.at, target, l.request, 0,
                                             SECURITY_NETWORK_DREP, l.from, l.reserved, l.made,
                                             l.to, &attributes, NULL));
}

static SECURITY_STATUS
accept(struct scene *s, ULONG fault)
{
    uint8_t room[API_TOKEN_BYTES];
    struct leg_call l;
    ULONG attributes;

    prepare(&l, s, (enum fault)fault, room, sizeof(room));
    return finish(&l, s,
                  AcceptSecurityContext(l.with, l.at, l.from, l.request, SECURITY_NATIVE_DREP,
                                        l.made, l.to, &attributes, NULL));
}

/* What a client begins with. */
static SECURITY_STATUS
accept_first(struct scene *s, ULONG unused)
{
    scene_spare(true);
    scene_first_token(s);
    scene_spare(false);
    return accept(s, NO_FAULT);
}

static SECURITY_STATUS
complete(struct scene *s, ULONG there)
{
    uint8_t room[16] = { 0 };
    SecBuffer b = { sizeof(room), SECBUFFER_TOKEN, room };
    SecBufferDesc d = { SECBUFFER_VERSION, 1, &b };

    return CompleteAuthToken(s->at, there ? &d : NULL);
}

static SECURITY_STATUS
apply(struct scene *s, ULONG there)
{
    DWORD shutdown = 1; /* SCHANNEL_SHUTDOWN */
    SecBuffer b = { sizeof(shutdown), SECBUFFER_TOKEN, &shutdown };
    SecBufferDesc d = { SECBUFFER_VERSION, 1, &b };

    return ApplyControlToken(s->at, there ? &d : NULL);
}

static SECURITY_STATUS
delete_once(struct scene *s, ULONG unused)
{
    SECURITY_STATUS status = DeleteSecurityContext(s->at);

    if (status == SEC_E_OK) {
        *(s->side == CLIENT ? &s->pair.have_client : &s->pair.have_server) = 0;
    }
    return status;
}

static SECURITY_STATUS
delegate(struct scene *s, ULONG unused)
{
    SecBuffer b = { 0 };
    SecBufferDesc d = { SECBUFFER_VERSION, 1, &b };

    return DelegateSecurityContext(s->at, API_NAME("HTTP/web"), SecFull, NULL, &b, &d);
}

enum { OWN_SIDE, OTHER_SIDE, NO_SIDE, BOTH_SIDES, NO_ROOM };

static SECURITY_STATUS
create(struct scene *s, ULONG what)
{
    const ULONG own = s->side == CLIENT ? SECPKG_CRED_OUTBOUND : SECPKG_CRED_INBOUND;
    const ULONG uses[] = { [OWN_SIDE] = own,
                           [OTHER_SIDE] = own ^ SECPKG_CRED_BOTH,
                           [NO_SIDE] = 0,
                           [BOTH_SIDES] = SECPKG_CRED_BOTH,
                           [NO_ROOM] = own };
    CtxtHandle h;
    SECURITY_STATUS status =
        OpenSspiCreateContext(s->with, uses[what], what == NO_ROOM ? NULL : &h);

    return status != SEC_E_OK || DeleteSecurityContext(&h) == SEC_E_OK ? status : WRONG_OUTPUT;
}

CALLS_OF_BOTH(initialize, "InitializeSecurityContext", initialize_a, initialize_w);
CALLS(accepting, "AcceptSecurityContext", accept);
CALLS(accepting_first, "AcceptSecurityContext", accept_first);
CALLS(completing, "CompleteAuthToken", complete);
CALLS(applying, "ApplyControlToken", apply);
CALLS(deleting, "DeleteSecurityContext", delete_once);
CALLS(delegating, "DelegateSecurityContext", delegate);
CALLS(creating, "OpenSspiCreateContext", create);

#define FIRST_LEG(calls, what, fault, mechanisms, side, answer)                           \
    {                                                                                     \
        calls, "first leg, " what, fault, NO_HANDLE, mechanisms, side, WHEN_ALONE(answer) \
    }
#define NEXT_LEG(calls, what, fault, mechanisms, side, answer)                               \
    {                                                                                        \
        calls, "next leg, " what, fault, NO_HANDLE, mechanisms, side, WHEN_HALF_OPEN(answer) \
    }

/* A row is a line. */
/* clang-format off */
static const struct row rows[] = {
    /*                                           created half-open established failed expired exported imported */
    { initialize, "", NO_FAULT, CONTEXT, BIT(NTLM), C, IN_STATES(MORE, OK, SEQ, SEQ, SEQ, GONE, SEQ) },
    { initialize, "", NO_FAULT, CONTEXT, BIT(NEGO_NTLM), C, IN_STATES(MORE, MORE, SEQ, SEQ, SEQ, GONE, SEQ) },
    /* Without MUTUAL_AUTH a Kerberos client has done with its first token. */
    { initialize, "", NO_FAULT, CONTEXT, BIT(KERBEROS), C, IN_STATES(OK, OK, SEQ, SEQ, SEQ, GONE, SEQ) },
    { initialize, "", NO_FAULT, CONTEXT, BIT(NEGO_KERBEROS), C, IN_STATES(MORE, OK, SEQ, SEQ, SEQ, GONE, SEQ) },
    { initialize, "of a server's context", NO_FAULT, CONTEXT, ANY, S, EVERYWHERE(BADH) },
    { accepting, "", NO_FAULT, CONTEXT, BIT(NTLM) | BIT(KERBEROS), S, IN_STATES(TOKEN, OK, SEQ, SEQ, SEQ, GONE, SEQ) },
    /* [MS-SPNG] 3.2.5.2: nothing at first asks for the acceptor's hint. */
    { accepting, "", NO_FAULT, CONTEXT, BY_NEGOTIATE, S, IN_STATES(MORE, OK, SEQ, SEQ, SEQ, GONE, SEQ) },
    { accepting, "of a client's context", NO_FAULT, CONTEXT, ANY, C, EVERYWHERE(BADH) },
    /* "Supported only by the Digest SSP". */
    { completing, "", 1, CONTEXT, ANY, CS, EVERYWHERE(UNSUP) },
    { completing, "nothing", 0, CONTEXT, ANY, CS, EVERYWHERE(UNSUP) },
    /* Schannel's alone. */
    { applying, "Schannel's shutdown", 1, CONTEXT, ANY, CS, EVERYWHERE(UNSUP) },
    { applying, "nothing", 0, CONTEXT, ANY, CS, EVERYWHERE(UNSUP) },
    { delegating, "", 0, CONTEXT, ANY, CS, EVERYWHERE(UNSUP) },
    /* "It can be called on partially completed contexts". Twice: docs/CONFORMANCE.md, and the handle that is deleted. */
    { deleting, "", 0, CONTEXT, ANY, CS, EVERYWHERE(OK) },

    { creating, "for its side", OWN_SIDE, CREDENTIAL, ANY, CS, WHEN_ALONE(OK) },
    { creating, "for the other side", OTHER_SIDE, CREDENTIAL, ANY, CS, WHEN_ALONE(NOCRD) },
    { creating, "for no side", NO_SIDE, NO_HANDLE, ANY, CS, WHEN_ALONE(PARAM) },
    { creating, "for both sides", BOTH_SIDES, NO_HANDLE, ANY, CS, WHEN_ALONE(PARAM) },
    { creating, "nowhere to put it", NO_ROOM, NO_HANDLE, ANY, CS, WHEN_ALONE(PARAM) },

    { initialize, "first leg", NO_FAULT, CREDENTIAL, BY_NTLM | BIT(NEGO_KERBEROS), C, WHEN_ALONE(MORE) },
    { initialize, "first leg", NO_FAULT, CREDENTIAL, BIT(KERBEROS), C, WHEN_ALONE(OK) },
    { accepting_first, "first leg of a client", 0, NO_HANDLE, BY_NTLM, S, WHEN_ALONE(MORE) },
    { accepting_first, "first leg of a client", 0, NO_HANDLE, BY_KERBEROS, S, WHEN_ALONE(OK) },
    { accepting, "first leg", INPUT_GARBAGE, CREDENTIAL, ANY, S, WHEN_ALONE(TOKEN) },
    FIRST_LEG(initialize, "memory of the library's", ALLOCATED, BY_NTLM, C, MORE),
    FIRST_LEG(initialize, "memory of the library's", ALLOCATED, BIT(KERBEROS), C, OK),
    FIRST_LEG(initialize, "no output", NO_OUTPUT, ANY, C, SMALL),
    FIRST_LEG(initialize, "output of another version", OUTPUT_VERSION, ANY, C, TOKEN),
    FIRST_LEG(initialize, "output at NULL", OUTPUT_AT_NULL, ANY, C, TOKEN),
    FIRST_LEG(initialize, "no TOKEN buffer", OUTPUT_NO_TOKEN, ANY, C, SMALL),
    FIRST_LEG(initialize, "a buffer of no bytes", OUTPUT_EMPTY, ANY, C, SMALL),
    FIRST_LEG(initialize, "a buffer of one byte", OUTPUT_TOO_SMALL, ANY, C, SMALL),
    FIRST_LEG(initialize, "a read-only buffer", OUTPUT_READ_ONLY, ANY, C, TOKEN),
    FIRST_LEG(initialize, "reserved argument", RESERVED, ANY, C, PARAM),
    FIRST_LEG(initialize, "prompt asked for", PROMPT, ANY, C, UNSUP),
    FIRST_LEG(initialize, "flags unknown", FLAGS_UNKNOWN, BY_NTLM, C, MORE),
    FIRST_LEG(initialize, "an empty input", INPUT_EMPTY, BY_NTLM, C, MORE),
    FIRST_LEG(initialize, "input of another version", INPUT_VERSION, ANY, C, TOKEN),
    FIRST_LEG(initialize, "input at NULL", INPUT_AT_NULL, ANY, C, TOKEN),
    FIRST_LEG(initialize, "too many buffers", TOO_MANY, ANY, C, TOKEN),
    FIRST_LEG(initialize, "bindings cut short", BINDINGS_SHORT, ANY, C, TOKEN),
    { initialize, "first leg, a server's credential", OTHER_CREDENTIAL, NO_HANDLE, ANY, C, WHEN_ALONE(NOCRD) },
    { initialize, "first leg, nowhere to put it", NOWHERE, NO_HANDLE, ANY, C, WHEN_ALONE(BADH) },
    { initialize, "first leg, a target too long", LONG_TARGET, NO_HANDLE, ANY, C, WHEN_ALONE(SEC_E_TARGET_UNKNOWN) },
    FIRST_LEG(accepting, "no input", NO_INPUT, BIT(NTLM) | BIT(KERBEROS), S, TOKEN),
    FIRST_LEG(accepting, "input of another version", INPUT_VERSION, ANY, S, TOKEN),
    FIRST_LEG(accepting, "bindings both a proxy's and missing", BOTH_BINDINGS, ANY, S, PARAM),
    { accepting, "first leg, a client's credential", OTHER_CREDENTIAL, NO_HANDLE, ANY, S, WHEN_ALONE(NOCRD) },
    { accepting, "first leg, nowhere to put it", NOWHERE, NO_HANDLE, ANY, S, WHEN_ALONE(BADH) },

    NEXT_LEG(initialize, "memory of the library's", ALLOCATED, BIT(NTLM), C, OK),
    { initialize, "next leg, no credential", NO_CREDENTIAL, NO_HANDLE, BIT(NTLM), C, IN_ALL_STATES(__, OK, __, __, __, __, __, BADH) },
    { initialize, "next leg, no credential", NO_CREDENTIAL, NO_HANDLE, BIT(KERBEROS), C, IN_ALL_STATES(__, OK, __, __, __, __, __, OK) },
    { initialize, "next leg, no credential", NO_CREDENTIAL, NO_HANDLE, BY_NEGOTIATE, C, WHEN_MOVED(BADH) },
    { initialize, "next leg, a server's credential", OTHER_CREDENTIAL, NO_HANDLE, ANY, C, WHEN_MOVED(NOCRD) },
    NEXT_LEG(initialize, "no input", NO_INPUT, ANY, C, TOKEN),
    NEXT_LEG(initialize, "input of another version", INPUT_VERSION, ANY, C, TOKEN),
    NEXT_LEG(initialize, "input at NULL", INPUT_AT_NULL, ANY, C, TOKEN),
    NEXT_LEG(initialize, "input of no buffers", INPUT_NOTHING, ANY, C, TOKEN),
    NEXT_LEG(initialize, "no TOKEN buffer", INPUT_NO_TOKEN, ANY, C, TOKEN),
    NEXT_LEG(initialize, "a token at NULL", INPUT_TOKEN_AT_NULL, ANY, C, TOKEN),
    NEXT_LEG(initialize, "an empty token", INPUT_EMPTY, ANY, C, TOKEN),
    NEXT_LEG(initialize, "garbage", INPUT_GARBAGE, ANY, C, TOKEN),
    NEXT_LEG(initialize, "half a token", INPUT_SHORT, ANY, C, TOKEN),
    NEXT_LEG(initialize, "a buffer of one byte", OUTPUT_TOO_SMALL, BY_NTLM, C, SMALL),
    NEXT_LEG(initialize, "no output", NO_OUTPUT, BY_NTLM, C, SMALL),
    NEXT_LEG(initialize, "output of another version", OUTPUT_VERSION, ANY, C, TOKEN),
    NEXT_LEG(accepting, "no credential", NO_CREDENTIAL, BIT(NTLM), S, OK),
    NEXT_LEG(accepting, "no input", NO_INPUT, ANY, S, TOKEN),
    NEXT_LEG(accepting, "input of another version", INPUT_VERSION, ANY, S, TOKEN),
    NEXT_LEG(accepting, "input at NULL", INPUT_AT_NULL, ANY, S, TOKEN),
    NEXT_LEG(accepting, "no TOKEN buffer", INPUT_NO_TOKEN, ANY, S, TOKEN),
    NEXT_LEG(accepting, "a token at NULL", INPUT_TOKEN_AT_NULL, ANY, S, TOKEN),
    NEXT_LEG(accepting, "an empty token", INPUT_EMPTY, ANY, S, TOKEN),
    NEXT_LEG(accepting, "garbage", INPUT_GARBAGE, ANY, S, TOKEN),
    NEXT_LEG(accepting, "half a token", INPUT_SHORT, ANY, S, TOKEN),
    NEXT_LEG(accepting, "no output", NO_OUTPUT, BIT(NTLM), S, OK),
};
/* clang-format on */

const struct family handshake_family = FAMILY(rows);
