/* SPDX-License-Identifier: Apache-2.0 */
/* The framed protocol, for both of its ends. */
#include "base/mem.h"
#include "service/stream.h"

enum {
    FIRST_BYTES = 512, /* a handshake's token fits more often than not */
    KEPT_BYTES = 2048, /* what an idle connection may hold on to */
};

static void
start(struct stream_reader *r)
{
    if (r->capacity > KEPT_BYTES) {
        mem_free(r->p);
        r->p = NULL;
        r->capacity = 0;
    }
    r->head_n = r->n = 0;
    r->length = 0;
    r->whole = false;
}

/* Room for at least one byte more, at most doubled. */
static bool
grow(struct stream_reader *r)
{
    size_t capacity = r->capacity ? 2 * r->capacity : FIRST_BYTES;
    uint8_t *p;

    capacity = capacity < r->length ? capacity : r->length;
    p = mem_resize(r->p, capacity);
    if (!p) {
        return false;
    }
    r->p = p;
    r->capacity = capacity;
    return true;
}

static size_t
take(uint8_t *to, size_t room, struct bytes *in)
{
    size_t n = in->n < room ? in->n : room;

    bytes_copy(to, in->p, n);
    *in = bytes_of(n ? in->p + n : in->p, in->n - n);
    return n;
}

enum stream_result
stream_read(struct stream_reader *r, struct bytes *in)
{
    if (r->whole) {
        start(r);
    }
    if (r->head_n < STREAM_HEAD_BYTES) {
        r->head_n += take(r->head + r->head_n, STREAM_HEAD_BYTES - r->head_n, in);
        if (r->head_n < STREAM_HEAD_BYTES) {
            return STREAM_MORE;
        }
        r->length = wire_load_le32(r->head);
    }
    if (r->length == 0) {
        return STREAM_EMPTY;
    }
    if (r->length > r->max_bytes) {
        return STREAM_TOO_LONG;
    }
    while (r->n < r->length && in->n) {
        if (r->n == r->capacity && !grow(r)) {
            return STREAM_NO_MEMORY;
        }
        r->n += take(r->p + r->n, (r->capacity < r->length ? r->capacity : r->length) - r->n, in);
    }
    r->whole = r->n == r->length;
    return r->whole ? STREAM_WHOLE : STREAM_MORE;
}

void
stream_reader_clear(struct stream_reader *r)
{
    mem_free(r->p);
    *r = (struct stream_reader){ .max_bytes = r->max_bytes };
}

bool
stream_within(const struct stream_reader *r)
{
    return !r->whole && r->head_n > 0;
}

void
stream_put_token(struct wire_writer *w, struct bytes token)
{
    wire_put_le32(w, (uint32_t)token.n);
    wire_put_bytes(w, token);
}

SECURITY_STATUS
stream_seal(PCtxtHandle context, const SecPkgContext_Sizes *sizes, struct bytes plain,
            struct wire_writer *w)
{
    const size_t heads = 2 * STREAM_HEAD_BYTES; /* the message's length, the trailer's */
    size_t trailer = sizes->cbSecurityTrailer, block = sizes->cbBlockSize, total;
    uint8_t *at = wire_reserve(w, heads + trailer + plain.n + block);
    SecBuffer buffers[3];
    SecBufferDesc message = { SECBUFFER_VERSION, 3, buffers };
    SECURITY_STATUS status;

    if (!at) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    buffers[0] = (SecBuffer){ sizes->cbSecurityTrailer, SECBUFFER_TOKEN, at + heads };
    buffers[1] = (SecBuffer){ (ULONG)plain.n, SECBUFFER_DATA, at + heads + trailer };
    buffers[2] = (SecBuffer){ (ULONG)block, SECBUFFER_PADDING, at + heads + trailer + plain.n };
    message.cBuffers = block > 1 ? 3 : 2;
    bytes_copy(buffers[1].pvBuffer, plain.p, plain.n);
    status = EncryptMessage(context, 0, &message, 0);
    if (status != SEC_E_OK) {
        return status;
    }
    /* A trailer that came out shorter than announced leaves a gap. */
    bytes_move(at + heads + buffers[0].cbBuffer, buffers[1].pvBuffer, buffers[1].cbBuffer);
    total = (size_t)buffers[0].cbBuffer + buffers[1].cbBuffer;
    if (message.cBuffers == 3) {
        bytes_move(at + heads + total, buffers[2].pvBuffer, buffers[2].cbBuffer);
        total += buffers[2].cbBuffer;
    }
    wire_store_le32(at, (uint32_t)(STREAM_HEAD_BYTES + total));
    wire_store_le32(at + STREAM_HEAD_BYTES, buffers[0].cbBuffer);
    w->len -= trailer + plain.n + block - total;
    return SEC_E_OK;
}

SECURITY_STATUS
stream_open(PCtxtHandle context, uint8_t *message, size_t n, struct bytes *plain)
{
    struct wire_reader r = wire_reader_of(bytes_of(message, n));
    uint32_t trailer = wire_le32(&r);
    size_t rest = wire_left(&r);
    SecBuffer buffers[2];
    SecBufferDesc desc = { SECBUFFER_VERSION, 2, buffers };
    ULONG quality = 0;
    SECURITY_STATUS status;

    if (wire_status(&r) != WIRE_OK || trailer > rest) {
        return SEC_E_INVALID_TOKEN;
    }
    message += STREAM_HEAD_BYTES;
    buffers[0] = (SecBuffer){ trailer, SECBUFFER_TOKEN, message };
    buffers[1] = (SecBuffer){ (ULONG)(rest - trailer), SECBUFFER_DATA, message + trailer };
    status = DecryptMessage(context, &desc, 0, &quality);
    if (status != SEC_E_OK) {
        return status;
    }
    if (quality == SECQOP_WRAP_NO_ENCRYPT) {
        return SEC_E_MESSAGE_ALTERED;
    }
    *plain = bytes_of(buffers[1].pvBuffer, buffers[1].cbBuffer);
    return SEC_E_OK;
}
