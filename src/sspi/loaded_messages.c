/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of a package of others. */
#include "sspi/loaded_context.h"

typedef SECURITY_STATUS(WINAPI *message_function)(void *, OPENSSPI_PACKAGE_MESSAGE *);

static sec_status
check_ready(struct loaded_context *c, const struct sec_msg *m)
{
    if (c->phase != SEC_PHASE_ESTABLISHED || atomic_load(&c->broken)) {
        return sec_fail(SEC_E_OUT_OF_SEQUENCE, "%s: the context is not established, or dead",
                        c->owner->name);
    }
    if (m->stream || m->padding.n) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "%s: messages have no %s", c->owner->name,
                        m->stream ? "stream form" : "padding");
    }
    return SEC_E_OK;
}

/* limit: what the package writes at most; 0: it reads. */
static sec_status
check_answer(struct loaded_context *c, const char *function, sec_status status, ULONG written,
             ULONG limit)
{
    sec_status checked = SEC_E_OK;

    if (status != SEC_E_OK) {
        checked = loaded_context_error(c->owner, function, status);
    } else if (limit && (written == 0 || written > limit)) {
        checked = loaded_context_fault(c->owner, "%s wrote %u bytes, and had room for %u", function,
                                       written, limit);
    }
    if (checked != status) {
        atomic_store(&c->broken, true);
    }
    return checked;
}

static sec_status
run(struct sec_ctx *ctx, struct sec_msg *m, message_function function, const char *name,
    ULONG limit)
{
    struct loaded_context *c = (struct loaded_context *)ctx;
    OPENSSPI_PACKAGE_SEGMENT segments[SEC_SEGMENTS_MAX];
    OPENSSPI_PACKAGE_MESSAGE message = {
        .cbSize = sizeof(message),
        .SegmentCount = (ULONG)m->n_segments,
        .pSegments = segments,
        .pToken = m->token,
        .cbToken = limit ? limit : (ULONG)m->token_n,
        .SequenceNumber = m->seq,
        .NoEncrypt = m->no_encrypt,
    };
    sec_status status = check_ready(c, m);

    if (status != SEC_E_OK) {
        return status;
    }
    if (m->token_n < limit) {
        return sec_fail(SEC_E_BUFFER_TOO_SMALL, "%s: room for %zu bytes, and %u are needed",
                        c->owner->name, m->token_n, limit);
    }
    for (size_t i = 0; i < m->n_segments; i++) {
        segments[i] = (OPENSSPI_PACKAGE_SEGMENT){ .pData = m->segments[i].p,
                                                  .cbData = (ULONG)m->segments[i].n,
                                                  .ChecksumOnly = m->segments[i].checksum_only };
    }
    sec_reason_clear();
    status = function(c->context, &message);
    status = check_answer(c, name, status, message.cbToken, limit);
    if (status == SEC_E_OK) {
        m->token_n = message.cbToken;
        m->no_encrypt = message.NoEncrypt;
    }
    return status;
}

static struct loaded_context *
context_of(struct sec_ctx *ctx)
{
    return (struct loaded_context *)ctx;
}

static ULONG
limit_of(struct sec_ctx *ctx, bool seals)
{
    const struct loaded_answer *a = context_of(ctx)->answer;

    return !a ? 1 : seals ? a->trailer : a->max_signature;
}

sec_status
loaded_messages_sign(struct sec_ctx *ctx, struct sec_msg *m)
{
    return run(ctx, m, context_of(ctx)->owner->table.MakeSignature, "MakeSignature",
               limit_of(ctx, false));
}

sec_status
loaded_messages_verify(struct sec_ctx *ctx, struct sec_msg *m)
{
    return run(ctx, m, context_of(ctx)->owner->table.VerifySignature, "VerifySignature", 0);
}

sec_status
loaded_messages_seal(struct sec_ctx *ctx, struct sec_msg *m)
{
    return run(ctx, m, context_of(ctx)->owner->table.EncryptMessage, "EncryptMessage",
               limit_of(ctx, true));
}

sec_status
loaded_messages_unseal(struct sec_ctx *ctx, struct sec_msg *m)
{
    return run(ctx, m, context_of(ctx)->owner->table.DecryptMessage, "DecryptMessage", 0);
}
