/* SPDX-License-Identifier: Apache-2.0 */
/* A walk over DER that a peer wrote, as far as it goes: what follows a fault is not read, and an
 * element that is cut is taken for what is there of it. */
#include <stdio.h>

#include "base/der.h"
#include "tools/decode_print.h"

enum { ELEMENTS_MAX = 256, FIELD_NAME_BYTES = 16 };

bool
decode_enter(struct decode *d, struct wire_reader *r, uint8_t tag, const char *name,
             struct wire_reader *contents)
{
    const uint8_t *start = r->cur;
    struct wire_reader header = *r;
    uint8_t have = der_take_header(&header, 0, &(size_t){ 0 });
    size_t n;

    if (!have || (tag && have != tag)) {
        if (have) {
            decode_line(d, start, name, "tag 0x%02x where 0x%02x belongs", have, tag);
        } else if (wire_left(r)) {
            decode_line(d, start, name, "no element");
        }
        wire_fail(r, WIRE_BAD_VALUE);
        return false;
    }
    (void)der_take_header(r, have, &n);
    if (n > wire_left(r)) {
        n = wire_left(r);
    }
    *contents = *r;
    contents->end = contents->cur + n;
    wire_skip(r, n);
    return true;
}

void
decode_sequence(struct decode *d, struct wire_reader *r, const struct decode_field *fields,
                size_t n)
{
    struct wire_reader sequence, value;
    unsigned count = 0;

    if (!decode_enter(d, r, DER_SEQUENCE, "SEQUENCE", &sequence)) {
        return;
    }
    while (wire_left(&sequence) && count++ < ELEMENTS_MAX) {
        const uint8_t *start = sequence.cur;
        unsigned number = (unsigned)der_peek(&sequence) - DER_CONTEXT_0;
        const struct decode_field *f = NULL;
        char other[FIELD_NAME_BYTES];

        for (size_t i = 0; i < n; i++) {
            f = fields[i].number == number ? &fields[i] : f;
        }
        (void)snprintf(other, sizeof(other), number < 31 ? "[%u]" : "?", number);
        if (!decode_enter(d, &sequence, 0, other, &value)) {
            return;
        }
        if (!f) {
            decode_line(d, start, other, "%zu bytes, unknown here", wire_left(&value));
        } else if (wire_left(&value) == 0) {
            decode_line(d, start, f->name, "nothing");
        } else {
            f->show(d, f, &value);
        }
    }
}

/* --- values -------------------------------------------------------------------------------- */

void
decode_show_integer(struct decode *d, const struct decode_field *f, struct wire_reader *value)
{
    const uint8_t *start = value->cur;
    struct wire_reader octets;
    const char *name;
    int64_t number;

    if (!decode_enter(d, value, der_peek(value) == DER_ENUMERATED ? DER_ENUMERATED : DER_INTEGER,
                      f->name, &octets)) {
        return;
    }
    if (wire_left(&octets) == 0 || wire_left(&octets) > 8) {
        decode_line(d, start, f->name, "a number of %zu octets", wire_left(&octets));
        return;
    }
    number = *octets.cur & 0x80 ? -1 : 0;
    while (wire_left(&octets)) {
        number = (int64_t)((uint64_t)number << 8 | wire_u8(&octets));
    }
    name = decode_name_of(f->names, f->n_names, number);
    if (name) {
        decode_line(d, start, f->name, "%lld (%s)", (long long)number, name);
    } else {
        decode_line(d, start, f->name, "%lld", (long long)number);
    }
}

void
decode_show_string(struct decode *d, const struct decode_field *f, struct wire_reader *value)
{
    const uint8_t *start = value->cur;
    struct wire_reader text;

    if (decode_enter(d, value, DER_GENERAL_STRING, f->name, &text)) {
        decode_text(d, start, f->name, wire_rest(&text), false);
    }
}

void
decode_show_octets(struct decode *d, const struct decode_field *f, struct wire_reader *value)
{
    const uint8_t *start = value->cur;
    struct wire_reader octets;

    if (decode_enter(d, value, DER_OCTET_STRING, f->name, &octets)) {
        decode_hex(d, start, f->name, wire_rest(&octets));
    }
}

void
decode_show_size(struct decode *d, const struct decode_field *f, struct wire_reader *value)
{
    const uint8_t *start = value->cur;
    struct wire_reader octets;

    if (decode_enter(d, value, 0, f->name, &octets)) {
        decode_line(d, start, f->name, "%zu bytes", wire_left(&octets));
    }
}

void
decode_show_time(struct decode *d, const struct decode_field *f, struct wire_reader *value)
{
    const uint8_t *start = value->cur;
    struct wire_reader copy = *value, text;
    uint64_t time_100ns = der_take_time_100ns(&copy);

    if (time_100ns) {
        decode_time(d, start, f->name, time_100ns);
    } else if (decode_enter(d, value, 0, f->name, &text)) {
        decode_text(d, start, f->name, wire_rest(&text), false);
    }
}

void
decode_show_flags(struct decode *d, const struct decode_field *f, struct wire_reader *value)
{
    const uint8_t *start = value->cur;
    uint32_t flags = der_take_flags32(value);

    if (wire_status(value) == WIRE_OK) {
        decode_flags(d, start, f->name, flags, f->names, f->n_names);
    } else {
        decode_line(d, start, f->name, "no flags");
    }
}

void
decode_show_sequence(struct decode *d, const struct decode_field *f, struct wire_reader *value)
{
    decode_line(d, value->cur, f->name, "%s", "");
    d->depth++;
    decode_sequence(d, value, f->fields, f->n_fields);
    d->depth--;
}

void
decode_show_oid(struct decode *d, const struct decode_field *f, struct wire_reader *value)
{
    const uint8_t *start = value->cur;
    struct bytes oid = der_take_whole(value, DER_OID);
    char text[128];

    decode_oid_text(oid, text, sizeof(text));
    decode_line(d, start, f->name, "%s", text);
}
