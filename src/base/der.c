/* SPDX-License-Identifier: Apache-2.0 */
/* DER: X.690 8.1 (identifiers and lengths), 8.19 (object identifiers), 10.1 (shortest lengths). */
#include <stdio.h>

#include "base/der.h"

enum {
    HIGH_TAG_NUMBER = 0x1F, /* X.690 8.1.2.4: the number follows in further octets */
    LONG_LENGTH = 0x80,
    LENGTH_OCTETS_MAX = 4, /* 32 bits: no token of ours comes near */
};

/* A length of whatever form. */
static size_t
read_length(struct wire_reader *r)
{
    uint8_t first = wire_u8(r);
    unsigned octets = first & 0x7F;
    size_t n = 0;

    if (!(first & LONG_LENGTH)) {
        return first;
    }
    if (octets == 0 || octets > LENGTH_OCTETS_MAX) { /* 0: indefinite */
        wire_fail(r, WIRE_BAD_VALUE);
        return 0;
    }
    for (unsigned i = 0; i < octets; i++) {
        n = n << 8 | wire_u8(r);
        if (n == 0) { /* a leading zero octet, or the end */
            wire_fail(r, WIRE_BAD_VALUE);
            return 0;
        }
    }
    if (n < LONG_LENGTH) {
        wire_fail(r, WIRE_BAD_VALUE);
        return 0;
    }
    return n;
}

uint8_t
der_peek(const struct wire_reader *r)
{
    return wire_left(r) ? *r->cur : 0;
}

SEC_ALWAYS_INLINE uint8_t
take_header(struct wire_reader *r, uint8_t tag, size_t *n)
{
    uint8_t have = der_peek(r);

    *n = 0;
    if (wire_left(r) == 0) {
        wire_fail(r, WIRE_SHORT);
        return 0;
    }
    /* X.690 8.1.5: a tag of 0 ends an indefinite length, and is no element's. */
    if (!have || (tag && have != tag) || (have & HIGH_TAG_NUMBER) == HIGH_TAG_NUMBER) {
        wire_fail(r, WIRE_BAD_VALUE);
        return 0;
    }
    wire_skip(r, 1);
    *n = wire_left(r) && *r->cur < LONG_LENGTH ? wire_u8(r) : read_length(r);
    return r->err == WIRE_OK ? have : 0;
}

uint8_t
der_take_header(struct wire_reader *r, uint8_t tag, size_t *n)
{
    uint8_t have = take_header(r, tag, n);

    *n = have ? *n : 0;
    return have;
}

/* What every field goes through: in one piece. */
SEC_ALWAYS_INLINE struct bytes
take(struct wire_reader *r, uint8_t tag)
{
    size_t n;

    if (!take_header(r, tag, &n)) {
        return (struct bytes){ 0 };
    }
    return wire_take(r, n);
}

struct bytes
der_take(struct wire_reader *r, uint8_t tag)
{
    return take(r, tag);
}

struct bytes
der_take_whole(struct wire_reader *r, uint8_t tag)
{
    const uint8_t *start = r->cur;
    struct bytes contents = take(r, tag);

    return r->err == WIRE_OK ? bytes_of(start, (size_t)(contents.p + contents.n - start))
                             : (struct bytes){ 0 };
}

struct wire_reader
der_enter(struct wire_reader *r, uint8_t tag)
{
    struct wire_reader inner = *r;
    struct bytes contents = take(r, tag);

    if (r->err != WIRE_OK) {
        return *r;
    }
    inner.cur = contents.p;
    inner.end = contents.p + contents.n;
    return inner;
}

void
der_leave(struct wire_reader *outer, const struct wire_reader *inner)
{
    enum wire_err err = wire_finish(inner);

    if (err != WIRE_OK && outer->err == WIRE_OK) {
        uint32_t at = inner->err != WIRE_OK ? inner->err_at : wire_offset(inner);

        wire_fail(outer, err);
        outer->err_at = at;
    }
}

static unsigned
length_octets(size_t n)
{
    unsigned octets = 1;

    if (n < LONG_LENGTH) {
        return 0;
    }
    while (n >>= 8) {
        octets++;
    }
    return octets;
}

size_t
der_size(size_t n)
{
    return 2 + length_octets(n) + n;
}

void
der_put_header(struct wire_writer *w, uint8_t tag, size_t n)
{
    uint8_t header[2 + sizeof(size_t)] = { tag };
    unsigned octets = length_octets(n);

    header[1] = (uint8_t)(octets ? LONG_LENGTH | octets : n);
    for (unsigned i = 0; i < octets; i++) {
        header[2 + i] = (uint8_t)(n >> 8 * (octets - 1 - i));
    }
    wire_put(w, header, 2 + octets);
}

void
der_put(struct wire_writer *w, uint8_t tag, struct bytes contents)
{
    der_put_header(w, tag, contents.n);
    wire_put_bytes(w, contents);
}

size_t
der_open(struct wire_writer *w, uint8_t tag)
{
    uint8_t *at = wire_reserve(w, 2); /* tag, and a length that der_close knows */

    if (at) {
        *at = tag;
    }
    return w->len;
}

void
der_close(struct wire_writer *w, size_t mark)
{
    size_t n = w->len - mark;
    unsigned octets = length_octets(n);
    uint8_t *contents;

    if (octets) {
        (void)wire_reserve(w, octets);
    }
    if (w->err != WIRE_OK || w->measures) {
        return;
    }
    contents = w->p + mark;
    bytes_move(contents + octets, contents, n);
    contents[-1] = (uint8_t)(octets ? LONG_LENGTH | octets : n);
    for (unsigned i = 0; i < octets; i++) {
        contents[i] = (uint8_t)(n >> 8 * (octets - 1 - i));
    }
}

/* X.690 8.19.2: seven bits an octet, no leading zeros. false: malformed or beyond 64 bits. */
static bool
read_arc(struct wire_reader *r, uint64_t *arc)
{
    uint8_t octet = wire_u8(r);

    *arc = octet & 0x7F;
    if (octet == 0x80) {
        return false;
    }
    while (octet & 0x80) {
        octet = wire_u8(r);
        if (r->err != WIRE_OK || *arc > UINT64_MAX >> 7) {
            return false;
        }
        *arc = *arc << 7 | (octet & 0x7F);
    }
    return r->err == WIRE_OK;
}

void
der_oid_text(struct bytes oid, char text[static DER_OID_TEXT_BYTES])
{
    static const char cut[] = "…";
    struct wire_reader outer = wire_reader_of(oid);
    struct wire_reader r = der_enter(&outer, DER_OID);
    size_t used = 0;
    uint64_t arc;

    (void)snprintf(text, DER_OID_TEXT_BYTES, "?");
    while (wire_left(&r)) {
        char part[24];
        size_t n;

        if (!read_arc(&r, &arc)) {
            (void)snprintf(text, DER_OID_TEXT_BYTES, "?");
            return;
        }
        if (used == 0) { /* X.690 8.19.4: the first two arcs share a number */
            uint64_t top = arc < 80 ? arc / 40 : 2;

            n = (size_t)snprintf(part, sizeof(part), "%u.%llu", (unsigned)top,
                                 (unsigned long long)(arc - top * 40));
        } else {
            n = (size_t)snprintf(part, sizeof(part), ".%llu", (unsigned long long)arc);
        }
        if (used + n + sizeof(cut) > DER_OID_TEXT_BYTES) {
            bytes_copy(text + used, cut, sizeof(cut));
            return;
        }
        bytes_copy(text + used, part, n + 1);
        used += n;
    }
}
