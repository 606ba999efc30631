/* SPDX-License-Identifier: Apache-2.0 */
/* The types that Kerberos' messages share: RFC 4120 5.2. */
#include <string.h>

#include "base/clock.h"
#include "codec/krb_fields.h"

enum { MICROS_MAX = 999999 };

/* --- reading ------------------------------------------------------------------------------- */

static void
note_fault(const struct krb_fields *f, const char *name)
{
    if (wire_status(&f->sequence) != WIRE_OK && f->fault && !f->fault->field) {
        *f->fault = (struct krb_fault){ name, f->sequence.err_at };
    }
}

struct krb_fields
krb_fields_enter(struct wire_reader *r, uint8_t tag, struct krb_fault *fault, const char *name)
{
    struct krb_fields f = { .fault = fault, .tagged = tag != 0 };

    if (tag) {
        f.application = der_enter(r, tag);
        f.sequence = der_enter(&f.application, DER_SEQUENCE);
    } else {
        f.sequence = der_enter(r, DER_SEQUENCE);
    }
    note_fault(&f, name);
    return f;
}

void
krb_fields_leave(struct krb_fields *f, struct wire_reader *r, const char *name)
{
    if (f->tagged) {
        der_leave(&f->application, &f->sequence);
        der_leave(r, &f->application);
    } else {
        der_leave(r, &f->sequence);
    }
    if (wire_status(r) != WIRE_OK && f->fault && !f->fault->field) {
        *f->fault = (struct krb_fault){ name, r->err_at };
    }
}

enum wire_err
krb_fields_finish(struct krb_fields *f, struct wire_reader *r, const char *name, bool was_encrypted)
{
    krb_fields_leave(f, r, name);
    if (!was_encrypted && wire_status(r) == WIRE_OK && wire_left(r)) {
        wire_fail(r, WIRE_TRAILING);
        *f->fault = (struct krb_fault){ name, r->err_at };
    }
    return wire_status(r);
}

bool
krb_fields_has(const struct krb_fields *f, unsigned number)
{
    return der_has_field(&f->sequence, number);
}

struct wire_reader
krb_fields_begin(struct krb_fields *f, unsigned number)
{
    return der_enter(&f->sequence, (uint8_t)(DER_CONTEXT_0 + number));
}

void
krb_fields_end(struct krb_fields *f, const struct wire_reader *field, const char *name)
{
    der_leave(&f->sequence, field);
    note_fault(f, name);
}

void
krb_fields_constant(struct krb_fields *f, unsigned number, const char *name, int32_t value)
{
    struct wire_reader field = krb_fields_begin(f, number);
    struct wire_reader start = field;

    if (der_take_int32(&field) != value) {
        wire_fail(&start, WIRE_BAD_VALUE);
        field = wire_status(&field) == WIRE_OK ? start : field;
    }
    krb_fields_end(f, &field, name);
}

int32_t
krb_fields_int32(struct krb_fields *f, unsigned number, const char *name)
{
    struct wire_reader field = krb_fields_begin(f, number);
    int32_t value = der_take_int32(&field);

    krb_fields_end(f, &field, name);
    return value;
}

uint32_t
krb_fields_sequence_number(struct krb_fields *f, unsigned number, const char *name)
{
    struct wire_reader field = krb_fields_begin(f, number);
    uint32_t value = der_take_uint32_or_negative(&field);

    krb_fields_end(f, &field, name);
    return value;
}

uint32_t
krb_fields_flags(struct krb_fields *f, unsigned number, const char *name)
{
    struct wire_reader field = krb_fields_begin(f, number);
    uint32_t flags = der_take_flags32(&field);

    krb_fields_end(f, &field, name);
    return flags;
}

uint64_t
krb_fields_time(struct krb_fields *f, unsigned number, const char *name)
{
    struct wire_reader field = krb_fields_begin(f, number);
    uint64_t time_100ns = der_take_time_100ns(&field);

    krb_fields_end(f, &field, name);
    return time_100ns;
}

uint64_t
krb_fields_micros(struct krb_fields *f, unsigned number, const char *name)
{
    struct wire_reader field = krb_fields_begin(f, number);
    struct wire_reader start = field;
    uint32_t micros = der_take_uint32(&field);

    if (micros > MICROS_MAX) {
        wire_fail(&start, WIRE_BAD_VALUE);
        field = start;
        micros = 0;
    }
    krb_fields_end(f, &field, name);
    return (uint64_t)micros * 10;
}

static struct bytes
take_string(struct wire_reader *r)
{
    struct wire_reader start = *r;
    struct bytes text = der_take(r, DER_GENERAL_STRING);

    if (text.n && memchr(text.p, 0, text.n)) {
        wire_fail(&start, WIRE_BAD_VALUE);
        *r = start;
        return (struct bytes){ 0 };
    }
    return text;
}

struct bytes
krb_fields_string(struct krb_fields *f, unsigned number, const char *name)
{
    struct wire_reader field = krb_fields_begin(f, number);
    struct bytes text = take_string(&field);

    krb_fields_end(f, &field, name);
    return text;
}

struct bytes
krb_fields_octets(struct krb_fields *f, unsigned number, const char *name)
{
    struct wire_reader field = krb_fields_begin(f, number);
    struct bytes octets = der_take(&field, DER_OCTET_STRING);

    krb_fields_end(f, &field, name);
    return octets;
}

struct bytes
krb_fields_whole(struct krb_fields *f, unsigned number, const char *name, uint8_t tag)
{
    struct wire_reader field = krb_fields_begin(f, number);
    struct bytes whole = der_take_whole(&field, tag);

    krb_fields_end(f, &field, name);
    return whole;
}

struct bytes
krb_fields_auth_data(struct krb_fields *f, unsigned number, const char *name)
{
    struct wire_reader field = krb_fields_begin(f, number);
    struct wire_reader elements = field;
    struct bytes whole = der_take_whole(&field, DER_SEQUENCE);

    if (wire_status(&field) == WIRE_OK) {
        elements = der_enter(&elements, DER_SEQUENCE);
        while (krb_ad_next(&elements, &(struct krb_ad_element){ 0 })) {
        }
        if (wire_status(&elements) != WIRE_OK) {
            field = elements;
        }
    }
    krb_fields_end(f, &field, name);
    return whole;
}

void
krb_fields_name(struct krb_fields *f, unsigned number, const char *name, bool empty_too,
                struct krb_name *out)
{
    struct wire_reader field = krb_fields_begin(f, number);
    struct krb_fields inner = krb_fields_enter(&field, 0, NULL, NULL);
    struct wire_reader strings, parts;

    *out = (struct krb_name){ .type = krb_fields_int32(&inner, 0, NULL) };
    strings = krb_fields_begin(&inner, 1);
    parts = der_enter(&strings, DER_SEQUENCE);
    if (!empty_too && wire_left(&parts) == 0) {
        wire_fail(&parts, WIRE_BAD_VALUE);
    }
    while (wire_left(&parts)) {
        if (out->n == KRB_NAME_PARTS_MAX) {
            wire_fail(&parts, WIRE_LIMIT);
            break;
        }
        out->parts[out->n++] = take_string(&parts);
    }
    der_leave(&strings, &parts);
    krb_fields_end(&inner, &strings, NULL);
    krb_fields_leave(&inner, &field, NULL);
    krb_fields_end(f, &field, name);
}

void
krb_fields_encrypted(struct krb_fields *f, unsigned number, const char *name,
                     struct krb_encrypted *out)
{
    struct wire_reader field = krb_fields_begin(f, number);
    struct krb_fields inner = krb_fields_enter(&field, 0, NULL, NULL);

    *out = (struct krb_encrypted){ .enctype = krb_fields_int32(&inner, 0, NULL) };
    out->has_kvno = krb_fields_has(&inner, 1);
    if (out->has_kvno) {
        /* RFC 4120 5.2.9 has it unsigned, RFC 1510 had it signed. */
        out->kvno = krb_fields_sequence_number(&inner, 1, NULL);
    }
    out->cipher = krb_fields_octets(&inner, 2, NULL);
    krb_fields_leave(&inner, &field, NULL);
    krb_fields_end(f, &field, name);
}

void
krb_fields_typed(struct krb_fields *f, unsigned number, const char *name, unsigned type_number,
                 int32_t *type, struct bytes *octets)
{
    struct wire_reader field = krb_fields_begin(f, number);
    struct krb_fields inner = krb_fields_enter(&field, 0, NULL, NULL);

    *type = krb_fields_int32(&inner, type_number, NULL);
    *octets = krb_fields_octets(&inner, type_number + 1, NULL);
    krb_fields_leave(&inner, &field, NULL);
    krb_fields_end(f, &field, name);
}

void
krb_fields_key(struct krb_fields *f, unsigned number, const char *name, struct krb_keyblock *out)
{
    krb_fields_typed(f, number, name, 0, &out->enctype, &out->value);
}

/* --- writing ------------------------------------------------------------------------------- */

static size_t
open_field(struct wire_writer *w, unsigned number)
{
    return der_open(w, (uint8_t)(DER_CONTEXT_0 + number));
}

void
krb_fields_put_int32(struct wire_writer *w, unsigned number, int32_t value)
{
    size_t field = open_field(w, number);

    der_put_int32(w, value);
    der_close(w, field);
}

void
krb_fields_put_uint32(struct wire_writer *w, unsigned number, uint32_t value)
{
    size_t field = open_field(w, number);

    der_put_uint32(w, value);
    der_close(w, field);
}

void
krb_fields_put_flags(struct wire_writer *w, unsigned number, uint32_t flags)
{
    size_t field = open_field(w, number);

    der_put_flags32(w, flags);
    der_close(w, field);
}

void
krb_fields_put_time(struct wire_writer *w, unsigned number, uint64_t time_100ns)
{
    size_t field = open_field(w, number);

    der_put_time_100ns(w, time_100ns);
    der_close(w, field);
}

void
krb_fields_put_micros(struct wire_writer *w, unsigned number, uint64_t time_100ns)
{
    krb_fields_put_uint32(w, number, (uint32_t)(time_100ns % CLOCK_SECOND_100NS / 10));
}

static void
put_primitive(struct wire_writer *w, unsigned number, uint8_t tag, struct bytes contents)
{
    der_put_header(w, (uint8_t)(DER_CONTEXT_0 + number), der_size(contents.n));
    der_put(w, tag, contents);
}

void
krb_fields_put_string(struct wire_writer *w, unsigned number, struct bytes text)
{
    put_primitive(w, number, DER_GENERAL_STRING, text);
}

void
krb_fields_put_octets(struct wire_writer *w, unsigned number, struct bytes octets)
{
    put_primitive(w, number, DER_OCTET_STRING, octets);
}

void
krb_fields_put_whole(struct wire_writer *w, unsigned number, struct bytes element)
{
    der_put(w, (uint8_t)(DER_CONTEXT_0 + number), element);
}

void
krb_fields_put_name(struct wire_writer *w, unsigned number, const struct krb_name *name)
{
    size_t field = open_field(w, number);
    size_t sequence = der_open(w, DER_SEQUENCE);
    size_t strings, parts;

    krb_fields_put_int32(w, 0, name->type);
    strings = open_field(w, 1);
    parts = der_open(w, DER_SEQUENCE);
    for (size_t i = 0; i < name->n; i++) {
        der_put(w, DER_GENERAL_STRING, name->parts[i]);
    }
    der_close(w, parts);
    der_close(w, strings);
    der_close(w, sequence);
    der_close(w, field);
}

void
krb_fields_put_encrypted(struct wire_writer *w, unsigned number, const struct krb_encrypted *enc)
{
    size_t field = open_field(w, number);
    size_t sequence = der_open(w, DER_SEQUENCE);

    krb_fields_put_int32(w, 0, enc->enctype);
    if (enc->has_kvno) {
        krb_fields_put_uint32(w, 1, enc->kvno);
    }
    krb_fields_put_octets(w, 2, enc->cipher);
    der_close(w, sequence);
    der_close(w, field);
}

void
krb_fields_put_typed(struct wire_writer *w, unsigned number, unsigned type_number, int32_t type,
                     struct bytes octets)
{
    size_t field = open_field(w, number);
    size_t sequence = der_open(w, DER_SEQUENCE);

    krb_fields_put_int32(w, type_number, type);
    krb_fields_put_octets(w, type_number + 1, octets);
    der_close(w, sequence);
    der_close(w, field);
}

void
krb_fields_put_key(struct wire_writer *w, unsigned number, const struct krb_keyblock *key)
{
    krb_fields_put_typed(w, number, 0, key->enctype, key->value);
}
