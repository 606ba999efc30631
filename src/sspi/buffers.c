/* SPDX-License-Identifier: Apache-2.0 */
/* SecBufferDesc, checked. */
#include "sspi/buffers.h"

#include "codec/channel_bindings.h"
#include "crypto/digest.h"

/* Without its attribute bits. */
static ULONG
type_of(const SecBuffer *b)
{
    return b->BufferType & ~SECBUFFER_ATTRMASK;
}

sec_status
buffers_check(const SecBufferDesc *desc)
{
    if (!desc) {
        return SEC_E_OK;
    }
    if (desc->ulVersion != SECBUFFER_VERSION || desc->cBuffers > BUFFERS_MAX ||
        (desc->cBuffers && !desc->pBuffers)) {
        return sec_fail(SEC_E_INVALID_TOKEN, "sspi: a descriptor of version %u with %u buffers",
                        desc->ulVersion, desc->cBuffers);
    }
    return SEC_E_OK;
}

SecBuffer *
buffers_find(const SecBufferDesc *desc, ULONG type)
{
    for (ULONG i = 0; desc && i < desc->cBuffers; i++) {
        if (type_of(&desc->pBuffers[i]) == type) {
            return &desc->pBuffers[i];
        }
    }
    return NULL;
}

sec_status
buffers_view(const SecBuffer *b, struct bytes *out)
{
    if (b->cbBuffer && !b->pvBuffer) {
        return sec_fail(SEC_E_INVALID_TOKEN, "sspi: a buffer of %u bytes at NULL", b->cbBuffer);
    }
    *out = bytes_of(b->pvBuffer, b->cbBuffer);
    return SEC_E_OK;
}

static bool
overlap(const uint8_t *a, size_t a_n, const uint8_t *b, size_t b_n)
{
    uintptr_t x = (uintptr_t)a, y = (uintptr_t)b;

    return a_n && b_n && x < y + b_n && y < x + a_n;
}

static sec_status
refuse_overlaps(const struct buffers_message *m)
{
    for (size_t i = 0; i < m->msg.n_segments; i++) {
        const struct sec_segment *g = &m->segments[i];
        bool bad = overlap(g->p, g->n, m->msg.token, m->msg.token_n) ||
                   overlap(g->p, g->n, m->msg.padding.p, m->msg.padding.n);

        for (size_t j = 0; j < i; j++) {
            bad |= overlap(g->p, g->n, m->segments[j].p, m->segments[j].n);
        }
        if (bad) {
            return sec_fail(SEC_E_INVALID_TOKEN, "sspi: buffers of a message overlap");
        }
    }
    if (overlap(m->msg.token, m->msg.token_n, m->msg.padding.p, m->msg.padding.n)) {
        return sec_fail(SEC_E_INVALID_TOKEN, "sspi: buffers of a message overlap");
    }
    return SEC_E_OK;
}

static sec_status
take_buffer(struct buffers_message *m, SecBuffer *b)
{
    struct bytes view;
    sec_status status = buffers_view(b, &view);

    if (status != SEC_E_OK) {
        return status;
    }
    switch (type_of(b)) {
    case SECBUFFER_TOKEN:
        if (m->token) {
            return sec_fail(SEC_E_INVALID_TOKEN, "sspi: a message with two TOKEN buffers");
        }
        m->token = b;
        m->msg.token = b->pvBuffer;
        m->msg.token_n = b->cbBuffer;
        break;
    case SECBUFFER_DATA:
        if (!(b->BufferType & SECBUFFER_READONLY)) {
            m->segments[m->msg.n_segments++] = (struct sec_segment){
                .p = b->pvBuffer,
                .n = b->cbBuffer,
                .checksum_only = b->BufferType & SECBUFFER_READONLY_WITH_CHECKSUM,
            };
        }
        break;
    case SECBUFFER_PADDING:
        m->padding = b;
        if (!(b->BufferType & SECBUFFER_ATTRMASK)) {
            m->msg.padding = (struct sec_segment){ .p = b->pvBuffer, .n = b->cbBuffer };
        }
        break;
    default: break;
    }
    return SEC_E_OK;
}

sec_status
buffers_message(SecBufferDesc *desc, bool needs_data, struct buffers_message *out)
{
    sec_status status = buffers_check(desc);

    out->msg = (struct sec_msg){ .segments = out->segments };
    out->token = out->padding = out->data = NULL;
    for (ULONG i = 0; status == SEC_E_OK && desc && i < desc->cBuffers; i++) {
        status = take_buffer(out, &desc->pBuffers[i]);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    if (!out->token) {
        return sec_fail(SEC_E_INVALID_TOKEN, "sspi: a message without a TOKEN buffer");
    }
    if (needs_data && !out->msg.n_segments) {
        return sec_fail(SEC_E_INVALID_TOKEN, "sspi: a message without a DATA buffer");
    }
    return refuse_overlaps(out);
}

bool
buffers_are_stream(const SecBufferDesc *desc)
{
    return buffers_find(desc, SECBUFFER_STREAM) && !buffers_find(desc, SECBUFFER_TOKEN);
}

sec_status
buffers_stream(SecBufferDesc *desc, struct buffers_message *out)
{
    SecBuffer *stream = buffers_find(desc, SECBUFFER_STREAM);
    struct bytes view = { 0 };
    sec_status status = buffers_view(stream, &view);

    if (status != SEC_E_OK) {
        return status;
    }
    out->data = buffers_find(desc, SECBUFFER_DATA);
    if (!out->data) {
        return sec_fail(SEC_E_INVALID_TOKEN, "sspi: a stream without a DATA buffer");
    }
    if (stream->BufferType & SECBUFFER_ATTRMASK) {
        return sec_fail(SEC_E_INVALID_TOKEN, "sspi: a stream that is read-only");
    }
    out->token = stream;
    out->padding = NULL;
    out->msg = (struct sec_msg){
        .segments = out->segments, .token = stream->pvBuffer, .token_n = view.n, .stream = true
    };
    return SEC_E_OK;
}

sec_status
buffers_bindings(const SecBufferDesc *desc, struct sec_bindings *out)
{
    const SecBuffer *b = buffers_find(desc, SECBUFFER_CHANNEL_BINDINGS);
    SEC_AUTO(wire_writer) hashed = wire_writer_growing(NULL, 0);
    struct channel_bindings bindings;
    struct bytes view, part;
    sec_status status;

    out->given = false;
    if (!b) {
        return SEC_E_OK;
    }
    status = buffers_view(b, &view);
    if (status != SEC_E_OK) {
        return status;
    }
    if (channel_bindings_decode(&bindings, view) != WIRE_OK) {
        return sec_fail(SEC_E_INVALID_TOKEN, "sspi: channel bindings of %zu bytes are malformed",
                        view.n);
    }
    channel_bindings_put_hashed(&hashed, &bindings);
    if (wire_writer_status(&hashed) != WIRE_OK) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    part = wire_written(&hashed);
    digest_md5(&part, 1, out->md5);
    out->given = true;
    return SEC_E_OK;
}
