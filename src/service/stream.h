/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The framed protocol, for both of its ends; no I/O here.
 *
 * While the context is made, each token is a 4-byte little-endian length and the token. After that
 * each message is a 4-byte little-endian length, then as many bytes: a 4-byte little-endian
 * trailer size, the trailer (SECBUFFER_TOKEN), the ciphertext, the padding where there is any. A
 * sealed empty message ends a direction.
 */
#ifndef SERVICE_STREAM_H
#define SERVICE_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include <opensspi/opensspi.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/wire.h"

enum { STREAM_HEAD_BYTES = 4 };

enum stream_result {
    STREAM_MORE,     /* the frame is not complete yet */
    STREAM_WHOLE,    /* one frame: r->p, r->length bytes, until the next stream_read */
    STREAM_EMPTY,    /* a length of 0 */
    STREAM_TOO_LONG, /* a length above the limit */
    STREAM_NO_MEMORY,
};

/* What a sender of much puts into one frame, with its length. */
enum { STREAM_BULK_BYTES = 65536 };

/* Puts frames together from what arrives. Memory grows with the bytes that came, never with the
 * length that a peer announces. { .max_bytes = N } is an empty one. */
struct stream_reader {
    size_t max_bytes;
    size_t first_bytes; /* what a frame is given at once, if it is as long; 0: little */
    uint8_t head[STREAM_HEAD_BYTES];
    size_t head_n;
    uint32_t length; /* as announced, once the head is whole */
    uint8_t *p;
    size_t n, capacity;
    bool whole; /* the frame was given out: the next read starts another */
};

/* Where the next bytes go, and how many at most, so that none beyond the frame is read; NULL: no
 * memory. */
SEC_NODISCARD uint8_t *stream_room(struct stream_reader *r, size_t *n);
/* So many were put there. After an error the reader is of no more use but to clear it. */
SEC_NODISCARD enum stream_result stream_filled(struct stream_reader *r, size_t n);
/* Both, for bytes that are somewhere else: takes from in what belongs to the current frame. After
 * STREAM_WHOLE there may be more in in. */
SEC_NODISCARD enum stream_result stream_read(struct stream_reader *r, struct bytes *in);
/* The frame's memory, once it is whole; owned by caller, free with mem_free. */
SEC_NODISCARD uint8_t *stream_reader_take(struct stream_reader *r);
void stream_reader_clear(struct stream_reader *r);
/* Whether a frame has begun and not ended: an end of file here cuts it. */
bool stream_within(const struct stream_reader *r);

/* Appends the length and the token. */
void stream_put_token(struct wire_writer *w, struct bytes token);

/* What a message has beside its plaintext, at most, and how much of that comes before it. */
size_t stream_overhead(const SecPkgContext_Sizes *sizes);
size_t stream_before(const SecPkgContext_Sizes *sizes);
/* How much plaintext of a bulk a message holds, where the peer takes max_message bytes behind the
 * length; at least 1. */
size_t stream_fit(const SecPkgContext_Sizes *sizes, size_t max_message);

/* Seals in place: at room are stream_overhead + plain_n bytes, the plaintext stream_before into
 * them. *n: how long the message is. SEC_E_OK, or why EncryptMessage refused. */
SEC_NODISCARD SECURITY_STATUS stream_seal_at(PCtxtHandle context, const SecPkgContext_Sizes *sizes,
                                             uint8_t *room, size_t plain_n, size_t *n);
/* Appends one sealed message. SEC_E_OK, or why EncryptMessage refused; SEC_E_INSUFFICIENT_MEMORY. */
SEC_NODISCARD SECURITY_STATUS stream_seal(PCtxtHandle context, const SecPkgContext_Sizes *sizes,
                                          struct bytes plain, struct wire_writer *w);
/* Opens one message in place; *plain is a view into it. SEC_E_INVALID_TOKEN: it is no message;
 * SEC_E_MESSAGE_ALTERED: it is only signed, or as DecryptMessage says. */
SEC_NODISCARD SECURITY_STATUS stream_open(PCtxtHandle context, uint8_t *message, size_t n,
                                          struct bytes *plain);

#endif
