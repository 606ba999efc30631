/* SPDX-License-Identifier: Apache-2.0 */
/* Wire formats: the cursor that reads and the one that writes. */
#include <string.h>

#include "base/mem.h"
#include "base/secret.h"
#include "base/wire.h"

const char *
wire_err_text(enum wire_err err)
{
    static const char *const texts[] = {
        [WIRE_OK] = "well-formed",
        [WIRE_SHORT] = "ends early",
        [WIRE_RANGE] = "points past the end",
        [WIRE_OVERLAP] = "overlaps another field",
        [WIRE_BAD_VALUE] = "holds a value that is not allowed",
        [WIRE_TRAILING] = "has bytes after its end",
        [WIRE_LIMIT] = "is larger than allowed",
        [WIRE_NO_MEMORY] = "could not be built: no memory",
        [WIRE_NO_SPACE] = "does not fit its buffer",
    };

    return (size_t)err < SEC_ARRAY_LEN(texts) ? texts[err] : "is broken";
}

struct wire_reader
wire_reader_of(struct bytes in)
{
    static const uint8_t nothing[1];
    const uint8_t *p = in.p ? in.p : nothing;

    return (struct wire_reader){ .base = p, .cur = p, .end = p + (in.p ? in.n : 0) };
}

uint32_t
wire_offset(const struct wire_reader *r)
{
    size_t at = (size_t)(r->cur - r->base);

    return at < UINT32_MAX ? (uint32_t)at : UINT32_MAX;
}

void
wire_fail(struct wire_reader *r, enum wire_err err)
{
    if (r->err == WIRE_OK) {
        r->err_at = wire_offset(r);
        r->err = err;
    }
    r->cur = r->end;
}

struct bytes
wire_take_counted(struct wire_reader *r)
{
    return wire_take(r, wire_le32(r));
}

struct bytes
wire_rest(struct wire_reader *r)
{
    return wire_take(r, wire_left(r));
}

void
wire_copy(struct wire_reader *r, void *to, size_t n)
{
    struct bytes b = wire_take(r, n);

    if (b.n == n) {
        bytes_copy(to, b.p, n);
    } else {
        memset(to, 0, n);
    }
}

struct bytes
wire_at(struct wire_reader *r, uint32_t off, uint32_t len)
{
    size_t total = (size_t)(r->end - r->base);

    if (r->err != WIRE_OK || len == 0) {
        return (struct bytes){ 0 };
    }
    if (off > total || len > total - off) {
        wire_fail(r, WIRE_RANGE);
        r->err_at = off;
        return (struct bytes){ 0 };
    }
    return (struct bytes){ r->base + off, len };
}

uint16_t
wire_load_le16(const void *p)
{
    const uint8_t *b = p;

    return (uint16_t)(b[0] | b[1] << 8);
}

uint32_t
wire_load_le32(const void *p)
{
    const uint8_t *b = p;

    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

uint64_t
wire_load_le64(const void *p)
{
    const uint8_t *b = p;

    return (uint64_t)wire_load_le32(b) | (uint64_t)wire_load_le32(b + 4) << 32;
}

uint16_t
wire_le16(struct wire_reader *r)
{
    struct bytes b = wire_take(r, 2);

    return b.n ? wire_load_le16(b.p) : 0;
}

uint32_t
wire_le32(struct wire_reader *r)
{
    struct bytes b = wire_take(r, 4);

    return b.n ? wire_load_le32(b.p) : 0;
}

uint64_t
wire_le64(struct wire_reader *r)
{
    struct bytes b = wire_take(r, 8);

    return b.n ? wire_load_le64(b.p) : 0;
}

uint16_t
wire_be16(struct wire_reader *r)
{
    return __builtin_bswap16(wire_le16(r));
}

uint32_t
wire_be32(struct wire_reader *r)
{
    return __builtin_bswap32(wire_le32(r));
}

/* --- writing ------------------------------------------------------------------------------- */

struct wire_writer
wire_writer_fixed(void *p, size_t n)
{
    return (struct wire_writer){ .p = p, .capacity = n };
}

struct wire_writer
wire_writer_growing(void *p, size_t n)
{
    return (struct wire_writer){ .p = p, .capacity = n, .grows = true };
}

struct wire_writer
wire_writer_secret(void *p, size_t n)
{
    return (struct wire_writer){ .p = p, .capacity = n, .grows = true, .secret = true };
}

struct wire_writer
wire_writer_measuring(void)
{
    return (struct wire_writer){ .measures = true };
}

static void
leave_memory(struct wire_writer *w)
{
    if (w->secret) {
        secret_wipe(w->p, w->len < w->capacity ? w->len : w->capacity);
    }
    if (w->heap) {
        mem_free(w->p);
    }
}

void
wire_writer_clear(struct wire_writer *w)
{
    if (w->p && !w->measures) {
        leave_memory(w);
    }
    *w = (struct wire_writer){ 0 };
}

void
wire_writer_auto(struct wire_writer *w)
{
    wire_writer_clear(w);
}

static void
writer_fail(struct wire_writer *w, enum wire_err err)
{
    if (w->err == WIRE_OK) {
        w->err = err;
    }
}

static bool
grow(struct wire_writer *w, size_t need)
{
    size_t capacity = w->capacity < 256 ? 256 : w->capacity;
    uint8_t *p;

    while (capacity < need) {
        if (capacity > SIZE_MAX / 2) {
            return false;
        }
        capacity *= 2;
    }
    p = mem_new(capacity);
    if (!p) {
        return false;
    }
    bytes_copy(p, w->p, w->len);
    leave_memory(w);
    w->p = p;
    w->capacity = capacity;
    w->heap = true;
    return true;
}

/* Room for n more bytes: where they go, or NULL (measuring, or an error). */
static uint8_t *
extend(struct wire_writer *w, size_t n)
{
    uint8_t *at;

    if (w->err != WIRE_OK) {
        return NULL;
    }
    if (n > SIZE_MAX - w->len) {
        writer_fail(w, WIRE_LIMIT);
        return NULL;
    }
    if (w->measures) {
        w->len += n;
        return NULL;
    }
    if (n > w->capacity - w->len) {
        if (!w->grows) {
            writer_fail(w, WIRE_NO_SPACE);
            return NULL;
        }
        if (!grow(w, w->len + n)) {
            writer_fail(w, WIRE_NO_MEMORY);
            return NULL;
        }
    }
    at = w->p ? w->p + w->len : NULL; /* nothing, into a writer that has no memory yet */
    w->len += n;
    return at;
}

void
wire_put(struct wire_writer *w, const void *p, size_t n)
{
    uint8_t *at = extend(w, n);

    if (at) {
        bytes_copy(at, p, n);
    }
}

void
wire_put_bytes(struct wire_writer *w, struct bytes b)
{
    wire_put(w, b.p, b.n);
}

uint8_t *
wire_reserve(struct wire_writer *w, size_t n)
{
    uint8_t *at = extend(w, n);

    if (at) {
        memset(at, 0, n);
    }
    return at;
}

void
wire_put_zero(struct wire_writer *w, size_t n)
{
    (void)wire_reserve(w, n);
}

void
wire_store_le16(void *p, uint16_t v)
{
    uint8_t *b = p;

    b[0] = (uint8_t)v;
    b[1] = (uint8_t)(v >> 8);
}

void
wire_store_le32(void *p, uint32_t v)
{
    uint8_t *b = p;

    b[0] = (uint8_t)v;
    b[1] = (uint8_t)(v >> 8);
    b[2] = (uint8_t)(v >> 16);
    b[3] = (uint8_t)(v >> 24);
}

void
wire_store_le64(void *p, uint64_t v)
{
    uint8_t *b = p;

    wire_store_le32(b, (uint32_t)v);
    wire_store_le32(b + 4, (uint32_t)(v >> 32));
}

void
wire_put_u8(struct wire_writer *w, uint8_t v)
{
    uint8_t *at = extend(w, 1);

    if (at) {
        *at = v;
    }
}

void
wire_put_le16(struct wire_writer *w, uint16_t v)
{
    uint8_t *at = extend(w, 2);

    if (at) {
        wire_store_le16(at, v);
    }
}

void
wire_put_le32(struct wire_writer *w, uint32_t v)
{
    uint8_t *at = extend(w, 4);

    if (at) {
        wire_store_le32(at, v);
    }
}

void
wire_put_le64(struct wire_writer *w, uint64_t v)
{
    uint8_t *at = extend(w, 8);

    if (at) {
        wire_store_le64(at, v);
    }
}

void
wire_put_be16(struct wire_writer *w, uint16_t v)
{
    wire_put_le16(w, __builtin_bswap16(v));
}

void
wire_put_be32(struct wire_writer *w, uint32_t v)
{
    wire_put_le32(w, __builtin_bswap32(v));
}

void
wire_put_counted(struct wire_writer *w, struct bytes b)
{
    if (b.n > UINT32_MAX) {
        w->err = w->err ? w->err : WIRE_LIMIT;
        return;
    }
    wire_put_le32(w, (uint32_t)b.n);
    wire_put_bytes(w, b);
}

size_t
wire_hold_le32(struct wire_writer *w)
{
    size_t mark = w->len;

    wire_put_le32(w, 0);
    return mark;
}

void
wire_fill_len32(struct wire_writer *w, size_t mark)
{
    size_t n;

    if (w->err != WIRE_OK) {
        return;
    }
    n = w->len - mark - 4;
    if (n > UINT32_MAX) {
        writer_fail(w, WIRE_LIMIT);
    } else if (!w->measures) {
        wire_store_le32(w->p + mark, (uint32_t)n);
    }
}

struct bytes
wire_written(const struct wire_writer *w)
{
    if (w->measures || w->err != WIRE_OK) {
        return (struct bytes){ 0 };
    }
    return (struct bytes){ w->p, w->len };
}

enum wire_err
wire_writer_status(const struct wire_writer *w)
{
    return w->err;
}
