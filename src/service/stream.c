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
    size_t first = r->first_bytes ? r->first_bytes : FIRST_BYTES;
    size_t capacity = r->capacity ? 2 * r->capacity : first;
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

uint8_t *
stream_room(struct stream_reader *r, size_t *n)
{
    if (r->whole) {
        start(r);
    }
    if (r->head_n < STREAM_HEAD_BYTES) {
        *n = STREAM_HEAD_BYTES - r->head_n;
        return r->head + r->head_n;
    }
    if (r->n == r->capacity && !grow(r)) {
        return NULL;
    }
    *n = (r->capacity < r->length ? r->capacity : r->length) - r->n;
    return r->p + r->n;
}

enum stream_result
stream_filled(struct stream_reader *r, size_t n)
{
    if (r->head_n == STREAM_HEAD_BYTES) {
        r->n += n;
        r->whole = r->n == r->length;
        return r->whole ? STREAM_WHOLE : STREAM_MORE;
    }
    r->head_n += n;
    if (r->head_n < STREAM_HEAD_BYTES) {
        return STREAM_MORE;
    }
    r->length = wire_load_le32(r->head);
    if (r->length == 0) {
        return STREAM_EMPTY;
    }
    return r->length > r->max_bytes ? STREAM_TOO_LONG : STREAM_MORE;
}

enum stream_result
stream_read(struct stream_reader *r, struct bytes *in)
{
    enum stream_result result = STREAM_MORE;

    while (in->n && result == STREAM_MORE) {
        size_t n;
        uint8_t *room = stream_room(r, &n);

        if (!room) {
            return STREAM_NO_MEMORY;
        }
        n = n < in->n ? n : in->n;
        bytes_copy(room, in->p, n);
        *in = bytes_of(in->p + n, in->n - n);
        result = stream_filled(r, n);
    }
    return result;
}

uint8_t *
stream_reader_take(struct stream_reader *r)
{
    uint8_t *p = r->p;

    r->p = NULL;
    r->capacity = 0;
    start(r);
    return p;
}

void
stream_reader_clear(struct stream_reader *r)
{
    mem_free(r->p);
    *r = (struct stream_reader){ .max_bytes = r->max_bytes, .first_bytes = r->first_bytes };
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

size_t
stream_before(const SecPkgContext_Sizes *sizes)
{
    return 2 * STREAM_HEAD_BYTES +
           sizes->cbSecurityTrailer; /* the message's length, the trailer's */
}

size_t
stream_overhead(const SecPkgContext_Sizes *sizes)
{
    return stream_before(sizes) + sizes->cbBlockSize;
}

size_t
stream_fit(const SecPkgContext_Sizes *sizes, size_t max_message)
{
    size_t overhead = stream_overhead(sizes);
    size_t room = max_message < STREAM_BULK_BYTES - STREAM_HEAD_BYTES
                      ? max_message + STREAM_HEAD_BYTES
                      : STREAM_BULK_BYTES;

    return room > overhead ? room - overhead : 1;
}

SECURITY_STATUS
stream_seal_at(PCtxtHandle context, const SecPkgContext_Sizes *sizes, uint8_t *room, size_t plain_n,
               size_t *n)
{
    const size_t heads = 2 * STREAM_HEAD_BYTES;
    uint8_t *plain = room + stream_before(sizes);
    SecBuffer buffers[3] = {
        { sizes->cbSecurityTrailer, SECBUFFER_TOKEN, room + heads },
        { (ULONG)plain_n, SECBUFFER_DATA, plain },
        { sizes->cbBlockSize, SECBUFFER_PADDING, plain + plain_n },
    };
    SecBufferDesc message = { SECBUFFER_VERSION, sizes->cbBlockSize > 1 ? 3 : 2, buffers };
    SECURITY_STATUS status = EncryptMessage(context, 0, &message, 0);
    size_t total;

    if (status != SEC_E_OK) {
        return status;
    }
    /* A trailer that came out shorter than announced leaves a gap. */
    total = buffers[0].cbBuffer;
    if (room + heads + total != plain) {
        bytes_move(room + heads + total, plain, buffers[1].cbBuffer);
    }
    total += buffers[1].cbBuffer;
    if (message.cBuffers == 3) {
        bytes_move(room + heads + total, buffers[2].pvBuffer, buffers[2].cbBuffer);
        total += buffers[2].cbBuffer;
    }
    wire_store_le32(room, (uint32_t)(STREAM_HEAD_BYTES + total));
    wire_store_le32(room + STREAM_HEAD_BYTES, buffers[0].cbBuffer);
    *n = heads + total;
    return SEC_E_OK;
}

SECURITY_STATUS
stream_seal(PCtxtHandle context, const SecPkgContext_Sizes *sizes, struct bytes plain,
            struct wire_writer *w)
{
    size_t reserved = stream_overhead(sizes) + plain.n, n;
    uint8_t *at = wire_reserve(w, reserved);
    SECURITY_STATUS status;

    if (!at) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    bytes_copy(at + stream_before(sizes), plain.p, plain.n);
    status = stream_seal_at(context, sizes, at, plain.n, &n);
    if (status == SEC_E_OK) {
        w->len -= reserved - n;
    }
    return status;
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
