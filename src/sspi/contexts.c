/* SPDX-License-Identifier: Apache-2.0 */
/* InitializeSecurityContext, AcceptSecurityContext, CompleteAuthToken, DeleteSecurityContext. */
#include "sspi/contexts.h"

#include <opensspi/opensspi.h>

#include "base/mem.h"
#include "sspi/buffers.h"
#include "sspi/export_owner.h"
#include "sspi/flags.h"
#include "sspi/given.h"
#include "sspi/objects.h"
#include "sspi/sasl.h"
#include "sspi/text.h"

enum {
    SCRATCH_BYTES = 4096, /* a token is built here; a larger one goes to the heap */
};

/* What a leg is called with. */
struct leg {
    enum sec_role role;
    bool sasl; /* by one of the Sasl functions */
    PCredHandle credential;
    PCtxtHandle context, new_context;
    struct bytes target;
    ULONG request, reserved;
    PSecBufferDesc input, output;
    ULONG *attributes;
    PTimeStamp expiry;
    bool allocate, extended_error;
};

/* What a step gave, before the caller has it. */
struct outcome {
    sec_status status;
    struct bytes token;
    uint32_t granted;
    uint64_t expires_100ns;
};

/* --- the output ---------------------------------------------------------------------------- */

/* A later leg without a token needs no buffer; a first leg of a client always makes one. */
static sec_status
check_output(const struct leg *l, const SecBuffer *out)
{
    if (out && (out->BufferType & SECBUFFER_READONLY)) {
        return sec_fail(SEC_E_INVALID_TOKEN, "sspi: the buffer for the token is read-only");
    }
    if (l->sasl && !out) {
        return sec_fail(SEC_E_INVALID_TOKEN, "sasl: no TOKEN buffer to put the answer in");
    }
    if (l->role != SEC_INITIATOR || l->context || (l->request & ISC_REQ_DATAGRAM)) {
        return SEC_E_OK;
    }
    if (!out || (!l->allocate && out->cbBuffer == 0)) {
        return sec_fail(SEC_E_BUFFER_TOO_SMALL, "sspi: no room for the first token");
    }
    return SEC_E_OK;
}

static sec_status
put_token(const struct leg *l, SecBuffer *out, struct bytes token)
{
    if (!token.n) {
        if (out) {
            out->cbBuffer = 0;
            out->pvBuffer = l->allocate ? NULL : out->pvBuffer;
        }
        return SEC_E_OK;
    }
    if (out && l->allocate) {
        void *given = given_new(token.n);

        if (!given) {
            return SEC_E_INSUFFICIENT_MEMORY;
        }
        bytes_copy(given, token.p, token.n);
        out->pvBuffer = given;
        out->cbBuffer = (ULONG)token.n;
        return SEC_E_OK;
    }
    if (!out || !out->pvBuffer || out->cbBuffer < token.n) {
        return sec_fail(SEC_E_BUFFER_TOO_SMALL, "sspi: a token of %zu bytes, a buffer of %u",
                        token.n, out ? out->cbBuffer : 0);
    }
    bytes_copy(out->pvBuffer, token.p, token.n);
    out->cbBuffer = (ULONG)token.n;
    return SEC_E_OK;
}

/* The call fails after all: what it allocated is nobody's to free. */
static void
take_token_back(const struct leg *l, SecBuffer *out)
{
    if (out && l->allocate && out->pvBuffer) {
        (void)given_free(out->pvBuffer);
    }
    (void)put_token(l, out, bytes_of(NULL, 0));
}

static void
put_attributes(const struct leg *l, const struct outcome *o)
{
    if (l->attributes) {
        *l->attributes = flags_returned(l->role, o->granted);
        if (l->allocate) {
            *l->attributes |= ISC_RET_ALLOCATED_MEMORY; /* the same bit in ASC */
        }
    }
    objects_put_time(l->expiry, o->expires_100ns);
}

/* A token that did not fit waits for a caller who comes back with more room: the package has
 * moved on, and its leg cannot be run twice. */
static void
keep_undelivered(struct context *c, const struct outcome *o)
{
    struct undelivered *u = mem_new(sizeof(*u));

    if (!u) {
        return;
    }
    *u = (struct undelivered){ .token = mem_dup(o->token.p, o->token.n),
                               .n = o->token.n,
                               .status = o->status,
                               .granted = o->granted,
                               .expires_100ns = o->expires_100ns };
    if (!u->token) {
        mem_free(u);
        return;
    }
    c->undelivered = u;
}

/* --- the leg ------------------------------------------------------------------------------- */

static sec_status
read_input(const struct leg *l, struct sec_step_args *args)
{
    SecBuffer *token;
    sec_status status = buffers_check(l->input);

    if (status == SEC_E_OK) {
        status = buffers_bindings(l->input, &args->bindings);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    token = buffers_find(l->input, SECBUFFER_TOKEN);
    return token ? buffers_view(token, &args->token) : SEC_E_OK;
}

static void
keep_reason(struct context *c)
{
    const char *reason = sec_reason();

    mem_free(c->reason);
    c->reason = reason[0] ? mem_dup(reason, strlen(reason)) : NULL;
}

/* An error token goes out where the caller asked for such; without a token that is due, nothing
 * is said to the peer. */
static sec_status
deliver(const struct leg *l, struct context *c, SecBuffer *out, const struct outcome *o)
{
    struct bytes nothing = { 0 };
    sec_status status;

    if (sec_failed(o->status)) {
        if (put_token(l, out, l->extended_error ? o->token : nothing) != SEC_E_OK) {
            (void)put_token(l, out, nothing);
        }
        put_attributes(l, o);
        return o->status;
    }
    status = put_token(l, out, o->token);
    if (status != SEC_E_OK) {
        keep_undelivered(c, o);
        return status;
    }
    put_attributes(l, o);
    return o->status;
}

static sec_status
deliver_again(const struct leg *l, struct context *c, SecBuffer *out)
{
    const struct outcome o = {
        .status = c->undelivered->status,
        .token = bytes_of(c->undelivered->token, c->undelivered->n),
        .granted = c->undelivered->granted,
        .expires_100ns = c->undelivered->expires_100ns,
    };
    sec_status status = put_token(l, out, o.token);

    if (status != SEC_E_OK) {
        return status;
    }
    put_attributes(l, &o);
    mem_free(c->undelivered->token);
    mem_free(c->undelivered);
    c->undelivered = NULL;
    return o.status;
}

static bool
must_complete(const struct context *c)
{
    return c->last_status == SEC_I_COMPLETE_NEEDED || c->last_status == SEC_I_COMPLETE_AND_CONTINUE;
}

/* A context is SASL's from its first leg on, or never. */
static sec_status
check_sasl(const struct leg *l, struct context *c)
{
    if (l->sasl) {
        return c->sasl ? SEC_E_OK : sasl_begin(c);
    }
    if (c->sasl) {
        return sec_fail(SEC_E_INVALID_HANDLE, "sspi: the context is one of SASL's");
    }
    return SEC_E_OK;
}

/* c->step is held. */
static sec_status
run_step(const struct leg *l, struct context *c, struct handle_ref credential, SecBuffer *out)
{
    uint8_t scratch[SCRATCH_BYTES];
    SEC_AUTO(wire_writer) token = wire_writer_growing(scratch, sizeof(scratch));
    struct sec_step_args args = { .wanted = flags_wanted(l->role, l->request),
                                  .target = l->target };
    struct outcome o = { 0 };
    sec_status status;

    if (c->exported) {
        return sec_fail(SEC_E_CONTEXT_EXPIRED, "sspi: the context was exported");
    }
    status = check_sasl(l, c);
    if (status != SEC_E_OK) {
        return status;
    }
    if (c->undelivered) {
        return deliver_again(l, c, out);
    }
    if (must_complete(c)) {
        return sec_fail(SEC_E_OUT_OF_SEQUENCE, "sspi: the last token is still to be completed");
    }
    status = read_input(l, &args);
    if (status == SEC_E_OK) {
        status = export_owner_check(c, credential);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    o.status =
        c->sasl ? sasl_step(c, &args, &token) : c->ctx->package->ops->step(c->ctx, &args, &token);
    if (!sec_failed(o.status) && wire_writer_status(&token) != WIRE_OK) {
        o.status = SEC_E_INSUFFICIENT_MEMORY;
    }
    o.token = wire_written(&token);
    o.granted = sec_failed(o.status) ? 0 : args.granted;
    o.expires_100ns = args.expires_100ns;
    c->last_status = o.status;
    if (sec_failed(o.status)) {
        keep_reason(c);
    }
    status = deliver(l, c, out, &o);
    if (o.status == SEC_E_OK) {
        atomic_store_explicit(&c->established, true, memory_order_release);
    }
    return status;
}

static sec_status
new_context(PCredHandle handle, enum sec_role role, struct context **out)
{
    SEC_AUTO(handle_ref) ref = { 0 };
    struct credential *cred;
    sec_status status = objects_hold_credential(&ref, handle, &cred);

    if (status != SEC_E_OK) {
        return status;
    }
    if (!(objects_holding(cred)->use &
          (role == SEC_INITIATOR ? SEC_USE_OUTBOUND : SEC_USE_INBOUND))) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "sspi: the credential is not for this side");
    }
    return objects_context_new(ref, role, out);
}

static sec_status
first_leg(const struct leg *l, SecBuffer *out)
{
    struct context *c = NULL;
    struct handle h;
    sec_status status = new_context(l->credential, l->role, &c);

    if (status != SEC_E_OK) {
        return status;
    }
    status = run_step(l, c, c->credential, out);
    if (!sec_failed(status) && !handle_new(HANDLE_CONTEXT, c, &h)) {
        take_token_back(l, out);
        status = sec_fail(SEC_E_INSUFFICIENT_MEMORY, "sspi: no room for another handle");
    }
    /* A first call that fails leaves nothing behind; there is no handle that could be deleted. */
    if (sec_failed(status)) {
        objects_context_free(c);
        return status;
    }
    l->new_context->dwLower = h.lower;
    l->new_context->dwUpper = h.upper;
    return status;
}

static sec_status
later_leg(const struct leg *l, SecBuffer *out)
{
    SEC_AUTO(handle_ref) cred_ref = { 0 };
    SEC_AUTO(handle_ref) ref = { 0 };
    struct credential *cred;
    struct context *c;
    sec_status status;

    if (l->credential) {
        status = objects_hold_credential(&cred_ref, l->credential, &cred);
        if (status != SEC_E_OK) {
            return status;
        }
    }
    ref = objects_context(l->context, &c);
    if (!c || (enum sec_role)c->role != l->role) {
        return sec_fail(SEC_E_INVALID_HANDLE, "sspi: not a context's handle of this side");
    }
    (void)pthread_mutex_lock(&c->step);
    status = run_step(l, c, cred_ref, out);
    (void)pthread_mutex_unlock(&c->step);
    if (!sec_failed(status) && l->new_context && l->new_context != l->context) {
        *l->new_context = *l->context;
    }
    return status;
}

static sec_status
run_leg(const struct leg *l)
{
    SecBuffer *out = NULL;
    sec_status status;

    sec_reason_clear();
    if (!l->context && !l->new_context) {
        return sec_fail(SEC_E_INVALID_HANDLE, "sspi: nowhere to put the context's handle");
    }
    status = buffers_check(l->output);
    if (status != SEC_E_OK) {
        return status;
    }
    out = buffers_find(l->output, SECBUFFER_TOKEN);
    status = check_output(l, out);
    if (status != SEC_E_OK) {
        return status;
    }
    status = l->context ? later_leg(l, out) : first_leg(l, out);
    if (!sec_failed(status)) {
        sec_reason_clear(); /* of what was got over on the way */
    }
    return status;
}

/* --- entry points -------------------------------------------------------------------------- */

static sec_status
initialize(const struct leg *l)
{
    if (l->reserved) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "sspi: a reserved argument is not 0");
    }
    if (l->request & ISC_REQ_PROMPT_FOR_CREDS) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "sspi: there is nobody to prompt");
    }
    return run_leg(l);
}

static sec_status
initialize_w(struct leg *l, const SEC_WCHAR *target)
{
    l->target = text_of_w(target);
    if (l->target.n > TEXT_TARGET_BYTES) {
        return sec_fail(SEC_E_TARGET_UNKNOWN, "sspi: the target name is too long");
    }
    return initialize(l);
}

static sec_status
initialize_a(struct leg *l, const SEC_CHAR *target)
{
    uint8_t room[512];
    SEC_AUTO(wire_writer) name = wire_writer_growing(room, sizeof(room));
    sec_status status = text_target_a(&name, target);

    if (status != SEC_E_OK) {
        return status;
    }
    l->target = wire_written(&name);
    return initialize(l);
}

sec_status
contexts_initialize(unsigned how, PCredHandle credential, PCtxtHandle context, const void *target,
                    ULONG request, ULONG reserved, PSecBufferDesc input, PCtxtHandle new_context,
                    PSecBufferDesc output, ULONG *attributes, PTimeStamp expiry)
{
    struct leg l = {
        .role = SEC_INITIATOR,
        .sasl = how & CONTEXTS_SASL,
        .credential = credential,
        .context = context,
        .new_context = new_context,
        .request = request,
        .reserved = reserved,
        .input = input,
        .output = output,
        .attributes = attributes,
        .expiry = expiry,
        .allocate = request & ISC_REQ_ALLOCATE_MEMORY,
        .extended_error = request & ISC_REQ_EXTENDED_ERROR,
    };

    return how & CONTEXTS_WIDE ? initialize_w(&l, target) : initialize_a(&l, target);
}

sec_status
contexts_accept(unsigned how, PCredHandle credential, PCtxtHandle context, PSecBufferDesc input,
                ULONG request, PCtxtHandle new_context, PSecBufferDesc output, ULONG *attributes,
                PTimeStamp expiry)
{
    const struct leg l = {
        .role = SEC_ACCEPTOR,
        .sasl = how & CONTEXTS_SASL,
        .credential = credential,
        .context = context,
        .new_context = new_context,
        .request = request,
        .input = input,
        .output = output,
        .attributes = attributes,
        .expiry = expiry,
        .allocate = request & ASC_REQ_ALLOCATE_MEMORY,
        .extended_error = request & ASC_REQ_EXTENDED_ERROR,
    };

    if ((request & ASC_REQ_PROXY_BINDINGS) && (request & ASC_REQ_ALLOW_MISSING_BINDINGS)) {
        return sec_fail(SEC_E_INVALID_PARAMETER,
                        "sspi: bindings cannot be both a proxy's and allowed to miss");
    }
    return run_leg(&l);
}

SECURITY_STATUS SEC_ENTRY
InitializeSecurityContextW(PCredHandle credential, PCtxtHandle context, SEC_WCHAR *target,
                           ULONG request, ULONG reserved1, ULONG drep, PSecBufferDesc input,
                           ULONG reserved2, PCtxtHandle new_context, PSecBufferDesc output,
                           ULONG *attributes, PTimeStamp expiry)
{
    return contexts_initialize(CONTEXTS_WIDE, credential, context, target, request,
                               reserved1 | reserved2, input, new_context, output, attributes,
                               expiry);
}

SECURITY_STATUS SEC_ENTRY
InitializeSecurityContextA(PCredHandle credential, PCtxtHandle context, SEC_CHAR *target,
                           ULONG request, ULONG reserved1, ULONG drep, PSecBufferDesc input,
                           ULONG reserved2, PCtxtHandle new_context, PSecBufferDesc output,
                           ULONG *attributes, PTimeStamp expiry)
{
    return contexts_initialize(0, credential, context, target, request, reserved1 | reserved2,
                               input, new_context, output, attributes, expiry);
}

SECURITY_STATUS SEC_ENTRY
AcceptSecurityContext(PCredHandle credential, PCtxtHandle context, PSecBufferDesc input,
                      ULONG request, ULONG drep, PCtxtHandle new_context, PSecBufferDesc output,
                      ULONG *attributes, PTimeStamp expiry)
{
    return contexts_accept(0, credential, context, input, request, new_context, output, attributes,
                           expiry);
}

/* --- before the legs ----------------------------------------------------------------------- */

SECURITY_STATUS SEC_ENTRY
OpenSspiCreateContext(PCredHandle credential, ULONG use, PCtxtHandle context)
{
    struct context *c = NULL;
    struct handle h;
    sec_status status;

    sec_reason_clear();
    if (!context || (use != SECPKG_CRED_INBOUND && use != SECPKG_CRED_OUTBOUND)) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "sspi: %s",
                        context ? "a context has one side" : "nowhere to put the handle");
    }
    status = new_context(credential, use == SECPKG_CRED_INBOUND ? SEC_ACCEPTOR : SEC_INITIATOR, &c);
    if (status != SEC_E_OK) {
        return status;
    }
    if (!handle_new(HANDLE_CONTEXT, c, &h)) {
        objects_context_free(c);
        return sec_fail(SEC_E_INSUFFICIENT_MEMORY, "sspi: no room for another handle");
    }
    context->dwLower = h.lower;
    context->dwUpper = h.upper;
    return SEC_E_OK;
}

/* --- after the legs ------------------------------------------------------------------------ */

/* c->step is held. */
static sec_status
complete(struct context *c, const SecBufferDesc *desc)
{
    struct bytes view = { 0 };
    SecBuffer *token;
    sec_status status;

    if (!c->ctx->package->ops->complete) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "sspi: the package completes no tokens");
    }
    if (!must_complete(c)) {
        return sec_fail(SEC_E_OUT_OF_SEQUENCE, "sspi: there is nothing to complete");
    }
    status = buffers_check(desc);
    if (status != SEC_E_OK) {
        return status;
    }
    token = buffers_find(desc, SECBUFFER_TOKEN);
    if (!token) {
        return sec_fail(SEC_E_INVALID_TOKEN, "sspi: no TOKEN buffer to complete");
    }
    status = buffers_view(token, &view);
    if (status == SEC_E_OK) {
        status = c->ctx->package->ops->complete(c->ctx, (uint8_t *)(uintptr_t)view.p, view.n);
    }
    if (status == SEC_E_OK) {
        if (c->last_status == SEC_I_COMPLETE_NEEDED) {
            atomic_store_explicit(&c->established, true, memory_order_release);
        }
        c->last_status = c->last_status == SEC_I_COMPLETE_NEEDED ? SEC_E_OK : SEC_I_CONTINUE_NEEDED;
    }
    return status;
}

SECURITY_STATUS SEC_ENTRY
CompleteAuthToken(PCtxtHandle context, PSecBufferDesc desc)
{
    SEC_AUTO(objects_hold) hold = { 0 };
    struct context *c;
    sec_status status;

    sec_reason_clear();
    status = objects_hold_context(&hold, context, OBJECTS_STEP, &c);
    return status == SEC_E_OK ? complete(c, desc) : status;
}

SECURITY_STATUS SEC_ENTRY
DeleteSecurityContext(PCtxtHandle context)
{
    sec_reason_clear();
    if (!handle_delete(HANDLE_CONTEXT, objects_handle(context))) {
        return sec_fail(SEC_E_INVALID_HANDLE, "sspi: not a context's handle");
    }
    return SEC_E_OK;
}
