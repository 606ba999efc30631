/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing wire formats: one cursor each, with a sticky error. Every length that a
 * peer sends is checked here, once, before it is used. */
#ifndef BASE_WIRE_H
#define BASE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"

enum wire_err {
    WIRE_OK = 0,
    WIRE_SHORT,     /* the input ends before the field does */
    WIRE_RANGE,     /* an offset and a length that wrap or point past the end */
    WIRE_OVERLAP,   /* fields that overlap where they may not */
    WIRE_BAD_VALUE, /* a value that the format does not permit */
    WIRE_TRAILING,  /* bytes left where none may be */
    WIRE_LIMIT,     /* more than a named maximum */
    WIRE_NO_MEMORY, /* writer: no memory */
    WIRE_NO_SPACE,  /* writer: the fixed buffer is full */
};

/* What went wrong, for logs: "ends early", "points past the end", … */
const char *wire_err_text(enum wire_err err);

/* --- reading ------------------------------------------------------------------------------- */

/* After the first error cur == end, every read gives 0 or an empty view, and err_at keeps the
 * offset at which it happened. */
struct wire_reader {
    const uint8_t *base, *cur, *end;
    enum wire_err err;
    uint32_t err_at;
};

struct wire_reader wire_reader_of(struct bytes in);
SEC_COLD void wire_fail(struct wire_reader *r, enum wire_err err);
/* From the start of the input; saturates at UINT32_MAX. */
uint32_t wire_offset(const struct wire_reader *r);

static inline size_t
wire_left(const struct wire_reader *r)
{
    return (size_t)(r->end - r->cur);
}

/* n bytes as a view; empty after an error. Here, with what else a message of some hundred fields
 * asks for at each of them: the calls would cost more than the work. */
static inline struct bytes
wire_take(struct wire_reader *r, size_t n)
{
    const uint8_t *at = r->cur;

    if (n > wire_left(r) || r->err != WIRE_OK) {
        wire_fail(r, WIRE_SHORT); /* an earlier error stays */
        return (struct bytes){ 0 };
    }
    r->cur = at + n;
    return (struct bytes){ at, n };
}

static inline void
wire_skip(struct wire_reader *r, size_t n)
{
    (void)wire_take(r, n);
}

static inline uint8_t
wire_u8(struct wire_reader *r)
{
    struct bytes b = wire_take(r, 1);

    return b.n ? b.p[0] : 0;
}

uint16_t wire_le16(struct wire_reader *r);
uint32_t wire_le32(struct wire_reader *r);
uint64_t wire_le64(struct wire_reader *r);
uint16_t wire_be16(struct wire_reader *r);
uint32_t wire_be32(struct wire_reader *r);
void wire_copy(struct wire_reader *r, void *to, size_t n);
/* A 32-bit length and as many bytes, as wire_put_counted writes them. */
struct bytes wire_take_counted(struct wire_reader *r);
/* All that is left. */
struct bytes wire_rest(struct wire_reader *r);
/* len bytes at offset off of the whole input, wherever the cursor is: the descriptors of NTLM,
 * PAC and NDR. Does not move the cursor. A length of 0 gives an empty view at any offset. */
struct bytes wire_at(struct wire_reader *r, uint32_t off, uint32_t len);

SEC_NODISCARD static inline enum wire_err
wire_status(const struct wire_reader *r)
{
    return r->err;
}

/* The same, or WIRE_TRAILING if bytes are left. */
SEC_NODISCARD static inline enum wire_err
wire_finish(const struct wire_reader *r)
{
    return r->err == WIRE_OK && r->cur != r->end ? WIRE_TRAILING : r->err;
}

/* Numbers at a place that is known to hold them. */
uint16_t wire_load_le16(const void *p);
uint32_t wire_load_le32(const void *p);
uint64_t wire_load_le64(const void *p);
void wire_store_le16(void *p, uint16_t v);
void wire_store_le32(void *p, uint32_t v);
void wire_store_le64(void *p, uint64_t v);

/* --- writing ------------------------------------------------------------------------------- */

/* A writer over the caller's memory, or one that starts there (or from nothing) and grows on the
 * heap, or one that only measures. len counts what was written, or would have been. */
struct wire_writer {
    uint8_t *p;
    size_t len, capacity;
    enum wire_err err;
    bool grows, measures, secret, heap;
};

/* Fixed: WIRE_NO_SPACE past n bytes. */
struct wire_writer wire_writer_fixed(void *p, size_t n);
/* Starts in the caller's n bytes (p may be NULL), goes to the heap when they are full. */
struct wire_writer wire_writer_growing(void *p, size_t n);
/* The same for secrets: memory is wiped when it is left behind and when it is freed. */
struct wire_writer wire_writer_secret(void *p, size_t n);
/* Writes nowhere: only counts. */
struct wire_writer wire_writer_measuring(void);
/* Frees what the writer took from the heap (and wipes, where secret). Idempotent. */
void wire_writer_clear(struct wire_writer *w);
void wire_writer_auto(struct wire_writer *w);

void wire_put(struct wire_writer *w, const void *p, size_t n);
void wire_put_bytes(struct wire_writer *w, struct bytes b);
void wire_put_zero(struct wire_writer *w, size_t n);
void wire_put_u8(struct wire_writer *w, uint8_t v);
void wire_put_le16(struct wire_writer *w, uint16_t v);
void wire_put_le32(struct wire_writer *w, uint32_t v);
void wire_put_le64(struct wire_writer *w, uint64_t v);
void wire_put_be16(struct wire_writer *w, uint16_t v);
void wire_put_be32(struct wire_writer *w, uint32_t v);
/* A 32-bit little-endian length, then the bytes. */
void wire_put_counted(struct wire_writer *w, struct bytes b);
/* n zero bytes to be written to directly; NULL after an error and when measuring. */
uint8_t *wire_reserve(struct wire_writer *w, size_t n);

/* A 32-bit length to be filled in when what follows it has been written. */
size_t wire_hold_le32(struct wire_writer *w);
void wire_fill_len32(struct wire_writer *w, size_t mark);

/* The bytes written so far; a view that lives until the next write. Empty when measuring. */
struct bytes wire_written(const struct wire_writer *w);
SEC_NODISCARD enum wire_err wire_writer_status(const struct wire_writer *w);

#endif
