/* SPDX-License-Identifier: Apache-2.0 */
/* MakeSignature, VerifySignature, EncryptMessage, DecryptMessage. */
#include <opensspi/sspi.h>

#include "sspi/buffers.h"
#include "sspi/objects.h"
#include "sspi/sasl.h"

enum message_kind { MAKE_SIGNATURE, VERIFY_SIGNATURE, ENCRYPT, DECRYPT };

static sec_status
check_qop(enum message_kind kind, ULONG qop)
{
    if (qop == 0 || (kind == ENCRYPT && qop == SECQOP_WRAP_NO_ENCRYPT)) {
        return SEC_E_OK;
    }
    return sec_fail(SEC_E_QOP_NOT_SUPPORTED, "sspi: quality of protection 0x%x", qop);
}

typedef sec_status (*message_function)(struct sec_ctx *, struct sec_msg *);

static message_function
function_of(const struct context *c, enum message_kind kind)
{
    const struct sec_package_ops *ops = c->ctx->package->ops;

    switch (kind) {
    case MAKE_SIGNATURE: return ops->sign;
    case VERIFY_SIGNATURE: return ops->verify;
    case ENCRYPT: return ops->seal;
    default: return ops->unseal;
    }
}

/* Each direction has its lock; a context whose directions share one key stream has but one. */
static pthread_mutex_t *
lock_of(struct context *c, enum message_kind kind)
{
    bool sending = kind == MAKE_SIGNATURE || kind == ENCRYPT;

    return sending || c->ctx->half_duplex ? &c->send : &c->receive;
}

static sec_status
take_buffers(enum message_kind kind, PSecBufferDesc desc, struct buffers_message *m)
{
    sec_status status = buffers_check(desc);

    if (status != SEC_E_OK) {
        return status;
    }
    return kind == DECRYPT && buffers_are_stream(desc)
               ? buffers_stream(desc, m)
               : buffers_message(desc, kind == ENCRYPT || kind == DECRYPT, m);
}

static sec_status
check_layer(const struct sasl *s, enum message_kind kind, struct sec_msg *m)
{
    switch (kind) {
    case ENCRYPT: return sasl_check_sent(s, m);
    case DECRYPT: return sasl_check_received(s, m);
    default: return sasl_check_signed(s);
    }
}

/* The lock of the message's direction is held. */
static sec_status
run_locked(struct context *c, enum message_kind kind, struct sec_msg *m)
{
    sec_status status = SEC_E_OK;

    if (c->exported) {
        return sec_fail(SEC_E_CONTEXT_EXPIRED, "sspi: the context was exported");
    }
    if (c->sasl) {
        status = check_layer(c->sasl, kind, m);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    atomic_store_explicit(&c->has_messages, true, memory_order_relaxed);
    status = function_of(c, kind)(c->ctx, m);
    return status == SEC_E_OK && c->sasl && kind == DECRYPT ? sasl_check_opened(c->sasl, m)
                                                            : status;
}

static sec_status
run_message(struct context *c, enum message_kind kind, PSecBufferDesc desc, ULONG seq, bool clear,
            bool *was_clear)
{
    bool writes = kind == MAKE_SIGNATURE || kind == ENCRYPT;
    struct buffers_message m;
    pthread_mutex_t *lock;
    sec_status status;

    if (!atomic_load_explicit(&c->established, memory_order_acquire)) {
        return sec_fail(SEC_E_OUT_OF_SEQUENCE, "sspi: the context is not established");
    }
    if (!function_of(c, kind)) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "sspi: the package does not do this");
    }
    status = take_buffers(kind, desc, &m);
    if (status != SEC_E_OK) {
        return status;
    }
    if (writes && (m.token->BufferType & SECBUFFER_READONLY)) {
        return sec_fail(SEC_E_INVALID_TOKEN, "sspi: the buffer for the signature is read-only");
    }
    m.msg.seq = seq;
    m.msg.no_encrypt = clear;
    lock = lock_of(c, kind);
    (void)pthread_mutex_lock(lock);
    status = run_locked(c, kind, &m.msg);
    (void)pthread_mutex_unlock(lock);
    if (status != SEC_E_OK) {
        return status;
    }
    if (writes) {
        m.token->cbBuffer = (ULONG)m.msg.token_n;
        if (m.padding) {
            m.padding->cbBuffer = (ULONG)m.msg.padding_n;
        }
    }
    if (m.data) {
        m.data->pvBuffer = m.msg.opened.p;
        m.data->cbBuffer = (ULONG)m.msg.opened.n;
    }
    *was_clear = m.msg.no_encrypt;
    return SEC_E_OK;
}

static sec_status
message(PCtxtHandle handle, enum message_kind kind, ULONG qop, PSecBufferDesc desc, ULONG seq,
        ULONG *qop_out)
{
    SEC_AUTO(objects_hold) hold = { 0 };
    bool was_clear = false;
    struct context *c;
    sec_status status;

    sec_reason_clear();
    status = objects_hold_context(&hold, handle, OBJECTS_NOTHING, &c);
    if (status == SEC_E_OK) {
        status = check_qop(kind, qop);
    }
    if (status == SEC_E_OK) {
        status = run_message(c, kind, desc, seq, qop == SECQOP_WRAP_NO_ENCRYPT, &was_clear);
    }
    if (status == SEC_E_OK && qop_out && was_clear) {
        *qop_out = SECQOP_WRAP_NO_ENCRYPT;
    }
    return status;
}

SECURITY_STATUS SEC_ENTRY
MakeSignature(PCtxtHandle context, ULONG qop, PSecBufferDesc desc, ULONG seq)
{
    return message(context, MAKE_SIGNATURE, qop, desc, seq, NULL);
}

SECURITY_STATUS SEC_ENTRY
VerifySignature(PCtxtHandle context, PSecBufferDesc desc, ULONG seq, ULONG *qop)
{
    return message(context, VERIFY_SIGNATURE, 0, desc, seq, qop);
}

SECURITY_STATUS SEC_ENTRY
EncryptMessage(PCtxtHandle context, ULONG qop, PSecBufferDesc desc, ULONG seq)
{
    return message(context, ENCRYPT, qop, desc, seq, NULL);
}

SECURITY_STATUS SEC_ENTRY
DecryptMessage(PCtxtHandle context, PSecBufferDesc desc, ULONG seq, ULONG *qop)
{
    return message(context, DECRYPT, 0, desc, seq, qop);
}

/* The names under which the last two were first exported. */
SECURITY_STATUS SEC_ENTRY
SealMessage(PCtxtHandle context, ULONG qop, PSecBufferDesc desc, ULONG seq)
{
    return EncryptMessage(context, qop, desc, seq);
}

SECURITY_STATUS SEC_ENTRY
UnsealMessage(PCtxtHandle context, PSecBufferDesc desc, ULONG seq, ULONG *qop)
{
    return DecryptMessage(context, desc, seq, qop);
}
