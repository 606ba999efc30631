/* SPDX-License-Identifier: Apache-2.0 */
/* Security identifiers: [MS-DTYP] 2.4.2.1 (text) and 2.4.2.2 (binary form). */
#include "codec/sid.h"

enum { SID_REVISION = 1, HEX_AUTHORITY_DIGITS = 12 };

void
sid_read(struct wire_reader *r, struct sid *out)
{
    uint8_t revision = wire_u8(r);
    uint8_t n = wire_u8(r);

    *out = (struct sid){ 0 };
    if (wire_status(r) == WIRE_OK && (revision != SID_REVISION || n > SID_PARTS_MAX)) {
        wire_fail(r, WIRE_BAD_VALUE);
    }
    out->authority = (uint64_t)wire_be16(r) << 32;
    out->authority |= wire_be32(r);
    for (unsigned i = 0; i < n && wire_status(r) == WIRE_OK; i++) {
        out->parts[i] = wire_le32(r);
    }
    if (wire_status(r) == WIRE_OK) {
        out->n = n;
    } else {
        *out = (struct sid){ 0 };
    }
}

void
sid_put(struct wire_writer *w, const struct sid *sid)
{
    wire_put_u8(w, SID_REVISION);
    wire_put_u8(w, sid->n);
    wire_put_be16(w, (uint16_t)(sid->authority >> 32));
    wire_put_be32(w, (uint32_t)sid->authority);
    for (unsigned i = 0; i < sid->n; i++) {
        wire_put_le32(w, sid->parts[i]);
    }
}

static size_t
count_digits(uint32_t value)
{
    size_t n = 1;

    for (uint64_t limit = 10; value >= limit; limit *= 10) {
        n++;
    }
    return n;
}

/* Every group of every client goes through here: several times as fast as printf. */
static size_t
put_decimal(char *to, uint32_t value)
{
    size_t n = count_digits(value);

    for (size_t i = n; i-- > 0; value /= 10) {
        to[i] = (char)('0' + value % 10);
    }
    return n;
}

void
sid_text(const struct sid *sid, char text[static SID_TEXT_BYTES])
{
    static const char digits[] = "0123456789ABCDEF";
    size_t n = sizeof("S-1-") - 1;

    /* [MS-DTYP] 2.4.2.1: in decimal below 2^32, else twelve hexadecimal digits. The longest SID
     * takes 184 of SID_TEXT_BYTES. */
    bytes_copy(text, "S-1-0x", sizeof("S-1-0x"));
    if (sid->authority <= UINT32_MAX) {
        n += put_decimal(text + n, (uint32_t)sid->authority);
    } else {
        n += 2;
        for (unsigned i = 0; i < HEX_AUTHORITY_DIGITS; i++) {
            text[n++] = digits[sid->authority >> 4 * (HEX_AUTHORITY_DIGITS - 1 - i) & 15];
        }
    }
    for (unsigned i = 0; i < sid->n; i++) {
        text[n++] = '-';
        n += put_decimal(text + n, sid->parts[i]);
    }
    text[n] = 0;
}

/* --- text ---------------------------------------------------------------------------------- */

/* A number without leading zeros, below 2^32. */
static bool
take_decimal(struct wire_reader *r, uint32_t *out)
{
    uint64_t value = 0;
    size_t digits = 0;

    while (wire_left(r) && *r->cur >= '0' && *r->cur <= '9') {
        value = value * 10 + (uint64_t)(wire_u8(r) - '0');
        digits++;
        if (value > UINT32_MAX || (digits > 1 && value < 10)) {
            return false;
        }
    }
    *out = (uint32_t)value;
    return digits != 0;
}

static bool
take_hex_authority(struct wire_reader *r, uint64_t *out)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < HEX_AUTHORITY_DIGITS; i++) {
        uint8_t c = wire_u8(r);
        bool digit = c >= '0' && c <= '9';

        c = (uint8_t)(c | 0x20);
        if (!digit && (c < 'a' || c > 'f')) {
            return false;
        }
        value = value << 4 | (uint64_t)(digit ? c - '0' : c - 'a' + 10);
    }
    *out = value;
    return value > UINT32_MAX; /* what fits in decimal is written so */
}

static bool
take_text(struct wire_reader *r, const char *text)
{
    struct bytes want = bytes_of_string(text);

    if (!bytes_starts_with(bytes_of(r->cur, wire_left(r)), want)) {
        return false;
    }
    wire_skip(r, want.n);
    return true;
}

bool
sid_parse(struct sid *out, struct bytes text)
{
    struct wire_reader r = wire_reader_of(text);
    struct sid sid = { 0 };
    uint32_t number = 0;

    *out = (struct sid){ 0 };
    if (!take_text(&r, "S-1-")) {
        return false;
    }
    if (take_text(&r, "0x")) {
        if (!take_hex_authority(&r, &sid.authority)) {
            return false;
        }
    } else if (take_decimal(&r, &number)) {
        sid.authority = number;
    } else {
        return false;
    }
    while (wire_left(&r)) {
        if (!take_text(&r, "-") || !take_decimal(&r, &number) || !sid_append(&sid, number)) {
            return false;
        }
    }
    *out = sid;
    return true;
}

/* --- the rest ------------------------------------------------------------------------------ */

bool
sid_equal(const struct sid *a, const struct sid *b)
{
    if (a->authority != b->authority || a->n != b->n) {
        return false;
    }
    for (unsigned i = 0; i < a->n; i++) {
        if (a->parts[i] != b->parts[i]) {
            return false;
        }
    }
    return true;
}

bool
sid_append(struct sid *sid, uint32_t part)
{
    if (sid->n >= SID_PARTS_MAX) {
        return false;
    }
    sid->parts[sid->n++] = part;
    return true;
}
