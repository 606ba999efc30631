/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-16LE and UTF-8. Case comes from libunistring; the common case, ASCII, never asks it. */
#include <unicase.h>

#include "base/mem.h"
#include "base/utf16.h"

enum { REPLACEMENT = 0xFFFD };

static void
put_unit(struct wire_writer *w, uint32_t unit)
{
    wire_put_le16(w, (uint16_t)unit);
}

static void
put_utf16_point(struct wire_writer *w, uint32_t c)
{
    if (c < 0x10000) {
        put_unit(w, c);
        return;
    }
    c -= 0x10000;
    put_unit(w, 0xD800 | c >> 10);
    put_unit(w, 0xDC00 | (c & 0x3FF));
}

static void
put_utf8_point(struct wire_writer *w, uint32_t c)
{
    if (c < 0x80) {
        wire_put_u8(w, (uint8_t)c);
    } else if (c < 0x800) {
        wire_put_u8(w, (uint8_t)(0xC0 | c >> 6));
        wire_put_u8(w, (uint8_t)(0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
        wire_put_u8(w, (uint8_t)(0xE0 | c >> 12));
        wire_put_u8(w, (uint8_t)(0x80 | (c >> 6 & 0x3F)));
        wire_put_u8(w, (uint8_t)(0x80 | (c & 0x3F)));
    } else {
        wire_put_u8(w, (uint8_t)(0xF0 | c >> 18));
        wire_put_u8(w, (uint8_t)(0x80 | (c >> 12 & 0x3F)));
        wire_put_u8(w, (uint8_t)(0x80 | (c >> 6 & 0x3F)));
        wire_put_u8(w, (uint8_t)(0x80 | (c & 0x3F)));
    }
}

static void
writer_refuse(struct wire_writer *w)
{
    if (w->err == WIRE_OK) {
        w->err = WIRE_BAD_VALUE;
    }
}

/* RFC 3629 section 4: the shortest form only, no surrogates, nothing above U+10FFFF. */
static bool
read_utf8_point(struct wire_reader *r, uint32_t *out)
{
    static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
    uint8_t lead = wire_u8(r);
    unsigned more;
    uint32_t c;

    if (lead < 0x80) {
        *out = lead;
        return r->err == WIRE_OK;
    }
    if (lead < 0xC2 || lead > 0xF4) {
        return false;
    }
    more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    c = lead & (0x3Fu >> more);
    for (unsigned i = 0; i < more; i++) {
        uint8_t next = wire_u8(r);

        if ((next & 0xC0) != 0x80) {
            return false;
        }
        c = c << 6 | (next & 0x3F);
    }
    *out = c;
    return c >= least[more] && c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
}

/* One code point; false: a lone surrogate or half a unit, of which one unit is consumed. */
static bool
read_utf16_point(struct wire_reader *r, uint32_t *out)
{
    uint16_t low;

    *out = wire_le16(r);
    if (r->err != WIRE_OK) {
        return false;
    }
    if (*out < 0xD800 || *out > 0xDFFF) {
        return true;
    }
    if (*out > 0xDBFF || wire_left(r) < 2) {
        return false;
    }
    low = wire_load_le16(r->cur);
    if (low < 0xDC00 || low > 0xDFFF) {
        return false;
    }
    wire_skip(r, 2);
    *out = 0x10000 + ((*out & 0x3FF) << 10 | (low & 0x3FF));
    return true;
}

/* What names mostly are, in one piece; gives the rest, from the first other character on. */
static struct bytes
put_ascii(struct wire_writer *w, struct bytes utf8)
{
    size_t n = 0;
    uint8_t *to;

    while (n < utf8.n && utf8.p[n] < 0x80) {
        n++;
    }
    if (n == 0) {
        return utf8;
    }
    to = wire_reserve(w, 2 * n);
    for (size_t i = 0; to && i < n; i++) {
        to[2 * i] = utf8.p[i];
    }
    return bytes_of(utf8.p + n, utf8.n - n);
}

void
utf16_put_utf8(struct wire_writer *w, struct bytes utf8)
{
    struct wire_reader r = wire_reader_of(put_ascii(w, utf8));

    while (wire_left(&r)) {
        uint32_t c;

        if (!read_utf8_point(&r, &c)) {
            writer_refuse(w);
            return;
        }
        put_utf16_point(w, c);
    }
}

void
utf8_put_utf16(struct wire_writer *w, struct bytes utf16)
{
    struct wire_reader r = wire_reader_of(utf16);

    while (wire_left(&r)) {
        uint32_t c;

        if (!read_utf16_point(&r, &c)) {
            writer_refuse(w);
            return;
        }
        put_utf8_point(w, c);
    }
}

bool
utf8_is_well_formed(struct bytes utf8)
{
    struct wire_writer w = wire_writer_measuring();

    utf16_put_utf8(&w, utf8);
    return wire_writer_status(&w) == WIRE_OK;
}

struct bytes
utf16_into(uint8_t *to, size_t n, struct bytes utf8)
{
    struct wire_writer w = wire_writer_fixed(to, n);

    utf16_put_utf8(&w, utf8);
    return wire_writer_status(&w) == WIRE_OK ? wire_written(&w) : (struct bytes){ 0 };
}

/* How much of ill-formed UTF-8 one U+FFFD stands for: what could still have become a character
 * (The Unicode Standard, 3.9, "maximal subpart"). */
static size_t
ill_formed_length(struct bytes utf8)
{
    const uint8_t lead = utf8.p[0];
    const size_t most = lead < 0xC2 || lead > 0xF4 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    uint8_t from = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    uint8_t to = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    size_t n = 1;

    while (n < most && n < utf8.n && utf8.p[n] >= from && utf8.p[n] <= to) {
        from = 0x80;
        to = 0xBF;
        n++;
    }
    return n;
}

size_t
utf16_put_utf8_replacing(struct wire_writer *w, struct bytes utf8)
{
    struct wire_reader r = wire_reader_of(utf8);
    size_t replaced = 0;

    while (wire_left(&r)) {
        struct wire_reader one = r;
        uint32_t c;

        if (read_utf8_point(&one, &c)) {
            r = one;
        } else {
            wire_skip(&r, ill_formed_length(bytes_of(r.cur, wire_left(&r))));
            c = REPLACEMENT;
            replaced++;
        }
        put_utf16_point(w, c);
    }
    return replaced;
}

size_t
utf8_put_utf16_replacing(struct wire_writer *w, struct bytes utf16)
{
    struct wire_reader r = wire_reader_of(utf16);
    size_t replaced = 0;

    while (wire_left(&r)) {
        uint32_t c;

        if (!read_utf16_point(&r, &c)) {
            c = REPLACEMENT;
            replaced++;
        }
        put_utf8_point(w, c);
    }
    return replaced;
}

static uint16_t
upper_unit(uint16_t unit)
{
    uint32_t upper;

    if (unit < 0x80) {
        return unit >= 'a' && unit <= 'z' ? (uint16_t)(unit - 0x20) : unit;
    }
    if (unit >= 0xD800 && unit <= 0xDFFF) {
        return unit;
    }
    upper = uc_toupper(unit);
    return upper < 0x10000 ? (uint16_t)upper : unit;
}

/* Windows maps unit by unit: letters outside the basic plane have no case there. */
void
utf16_put_upper(struct wire_writer *w, struct bytes utf16)
{
    uint8_t *to = wire_reserve(w, utf16.n);

    if (!to) {
        return;
    }
    for (size_t i = 0; i + 1 < utf16.n; i += 2) {
        wire_store_le16(to + i, upper_unit(wire_load_le16(utf16.p + i)));
    }
    if (utf16.n % 2) {
        to[utf16.n - 1] = utf16.p[utf16.n - 1];
    }
}

bool
utf16_equal_nocase(struct bytes a, struct bytes b)
{
    if (a.n != b.n || a.n % 2) {
        return false;
    }
    for (size_t i = 0; i < a.n; i += 2) {
        uint16_t x = wire_load_le16(a.p + i);
        uint16_t y = wire_load_le16(b.p + i);

        if (x != y && upper_unit(x) != upper_unit(y)) {
            return false;
        }
    }
    return true;
}

char *
utf8_from_utf16(struct bytes utf16)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct wire_reader r = wire_reader_of(utf16);
    struct bytes written;

    while (wire_left(&r)) {
        uint32_t c;

        put_utf8_point(&w, read_utf16_point(&r, &c) && c ? c : REPLACEMENT);
    }
    if (wire_writer_status(&w) != WIRE_OK) {
        return NULL;
    }
    written = wire_written(&w);
    return mem_dup(written.p, written.n);
}

void
utf16_split_account(struct bytes *user, struct bytes *domain)
{
    struct bytes whole = *user;

    if (domain->n) {
        return;
    }
    for (size_t i = 0; i + 1 < whole.n; i += 2) {
        if (wire_load_le16(whole.p + i) == '\\') {
            *domain = bytes_of(whole.p, i);
            *user = bytes_of(whole.p + i + 2, whole.n - i - 2);
            return;
        }
    }
}
