/* SPDX-License-Identifier: Apache-2.0 */
/* Messages by their tables of fields; docs/INTERFACES.md has the bytes of each format. */
#include "codec/message_table.h"

#include "base/secret.h"

const struct message_field *
message_fields(const struct message_format *format, uint8_t type)
{
    return type < format->n_types ? format->types[type] : NULL;
}

static bool
is_number(enum message_form form)
{
    return form >= MESSAGE_U8 && form <= MESSAGE_FLAG;
}

static bool
is_bytes(enum message_form form)
{
    return form >= MESSAGE_BYTES && form <= MESSAGE_TEXT;
}

/* --- what a field may hold ----------------------------------------------------------------- */

static enum wire_err
judge_number(const struct message_field *f, uint64_t number)
{
    uint64_t max = f->form == MESSAGE_FLAG ? 1 : f->max;

    return number < f->min || number > max ? WIRE_BAD_VALUE : WIRE_OK;
}

static enum wire_err
judge_bytes(const struct message_field *f, struct bytes b)
{
    if (b.n > f->max) {
        return WIRE_LIMIT;
    }
    if (b.n < f->min && !(f->form == MESSAGE_BYTES_OR_NONE && b.n == 0)) {
        return WIRE_SHORT;
    }
    return f->form == MESSAGE_TEXT && b.n && memchr(b.p, 0, b.n) ? WIRE_BAD_VALUE : WIRE_OK;
}

static enum wire_err
judge_whole(const struct message_field *f, enum wire_err err, const void *member)
{
    return err == WIRE_OK && f->is_valid && !f->is_valid(member) ? WIRE_BAD_VALUE : err;
}

/* --- reading ------------------------------------------------------------------------------- */

/* What was read since `begin` is not as it should be; an error of the reader's own stays. */
static void
fail_since(struct wire_reader *r, const struct wire_reader *begin, enum wire_err err)
{
    if (wire_status(r) == WIRE_OK && err != WIRE_OK) {
        *r = *begin;
        wire_fail(r, err);
    }
}

static uint64_t
read_number(struct wire_reader *r, enum message_form form)
{
    switch (form) {
    case MESSAGE_U16: return wire_le16(r);
    case MESSAGE_U32: return wire_le32(r);
    case MESSAGE_U64: return wire_le64(r);
    default: return wire_u8(r);
    }
}

static void
store_number(enum message_form form, void *to, uint64_t number)
{
    uint64_t *u64 = to;
    uint32_t *u32 = to;
    uint16_t *u16 = to;
    uint8_t *u8 = to;
    bool *flag = to;

    switch (form) {
    case MESSAGE_U16: *u16 = (uint16_t)number; break;
    case MESSAGE_U32: *u32 = (uint32_t)number; break;
    case MESSAGE_U64: *u64 = number; break;
    case MESSAGE_FLAG: *flag = number != 0; break;
    default: *u8 = (uint8_t)number;
    }
}

static struct bytes
read_bytes(struct wire_reader *r, enum message_form form)
{
    switch (form) {
    case MESSAGE_COUNTED: return wire_take_counted(r);
    case MESSAGE_REST: return wire_rest(r);
    default: return wire_take(r, wire_le16(r));
    }
}

static bool
read_flag(struct wire_reader *r)
{
    struct wire_reader begin = *r;
    uint8_t flag = wire_u8(r);

    fail_since(r, &begin, flag > 1 ? WIRE_BAD_VALUE : WIRE_OK);
    return flag == 1;
}

/* Length, characters, and a NUL, so that it can be used where it is. */
static const char *
read_string(struct wire_reader *r, uint64_t max)
{
    struct wire_reader begin = *r;
    size_t n = wire_le16(r);
    struct bytes string = wire_take(r, n + 1);

    if (wire_status(r) == WIRE_OK && n > max) {
        fail_since(r, &begin, WIRE_LIMIT);
    } else if (wire_status(r) == WIRE_OK && memchr(string.p, 0, n + 1) != string.p + n) {
        fail_since(r, &begin, WIRE_BAD_VALUE);
    }
    return wire_status(r) == WIRE_OK ? (const char *)string.p : NULL;
}

static void
read_strings(struct wire_reader *r, uint64_t max, struct message_strings *out)
{
    struct wire_reader begin;
    size_t n = wire_le16(r);

    begin = *r;
    for (size_t i = 0; i < n && wire_status(r) == WIRE_OK; i++) {
        (void)read_string(r, max);
    }
    if (wire_status(r) == WIRE_OK) {
        out->n = n;
        out->packed = wire_take(&begin, wire_offset(r) - wire_offset(&begin));
    }
}

static void
read_field(struct wire_reader *r, const struct message_field *f, void *to)
{
    struct wire_reader begin = *r;
    struct message_numbers *numbers = to;
    struct bytes *bytes = to;
    const char **string = to;

    if (is_number(f->form)) {
        uint64_t number = read_number(r, f->form);

        store_number(f->form, to, number);
        fail_since(r, &begin, judge_whole(f, judge_number(f, number), to));
        return;
    }
    if (is_bytes(f->form)) {
        *bytes = read_bytes(r, f->form);
        fail_since(r, &begin, judge_whole(f, judge_bytes(f, *bytes), to));
        return;
    }
    switch (f->form) {
    case MESSAGE_FIXED: wire_copy(r, to, f->max); break;
    case MESSAGE_STRING: *string = read_string(r, f->max); break;
    case MESSAGE_STRING_OR_NULL: *string = read_flag(r) ? read_string(r, f->max) : NULL; break;
    case MESSAGE_STRINGS: read_strings(r, f->max, to); break;
    default: numbers->n = wire_le16(r); numbers->packed = wire_take(r, 4 * numbers->n);
    }
}

/* The name of the first that is not as it should be; NULL: none. */
static const char *
read_fields(struct wire_reader *r, const struct message_field *fields, void *message)
{
    const char *fault = NULL;

    for (const struct message_field *f = fields; f && f->form != MESSAGE_END && !fault; f++) {
        read_field(r, f, (char *)message + f->at);
        fault = wire_status(r) == WIRE_OK ? NULL : f->name;
    }
    return fault;
}

enum wire_err
message_refuse(const struct message_format *format, void *message, enum wire_err err,
               const char *field, uint32_t at)
{
    struct message_fault *fault = (void *)((char *)message + format->fault);

    secret_wipe(message, format->size);
    *fault = (struct message_fault){ field, at };
    return err;
}

enum wire_err
message_decode(const struct message_format *format, void *message, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);
    uint8_t *type = (uint8_t *)message + format->type;
    const char *fault;

    secret_wipe(message, format->size);
    if (in.n > format->bytes_max) {
        return message_refuse(format, message, WIRE_LIMIT, "frame", 0);
    }
    *type = wire_u8(&r);
    (void)read_fields(&r, format->head, message); /* without which there is no type, either */
    if (wire_status(&r) != WIRE_OK) {
        return message_refuse(format, message, wire_status(&r), "type", r.err_at);
    }
    if (!message_fields(format, *type)) {
        return message_refuse(format, message, WIRE_BAD_VALUE, "type", 0);
    }
    fault = read_fields(&r, message_fields(format, *type), message);
    if (fault) {
        return message_refuse(format, message, wire_status(&r), fault, r.err_at);
    }
    return wire_finish(&r) == WIRE_OK
               ? WIRE_OK
               : message_refuse(format, message, wire_finish(&r), "end", wire_offset(&r));
}

void
message_strings_fill(const struct message_strings *strings, const char **to)
{
    struct wire_reader r = wire_reader_of(strings->packed);

    for (size_t i = 0; i < strings->n; i++) {
        to[i] = read_string(&r, UINT16_MAX);
    }
}

void
message_numbers_fill(const struct message_numbers *numbers, uint32_t *to)
{
    struct wire_reader r = wire_reader_of(numbers->packed);

    for (size_t i = 0; i < numbers->n; i++) {
        to[i] = wire_le32(&r);
    }
}

/* --- writing ------------------------------------------------------------------------------- */

static uint64_t
put_number(struct wire_writer *w, enum message_form form, const void *from)
{
    const uint64_t *u64 = from;
    const uint32_t *u32 = from;
    const uint16_t *u16 = from;
    const uint8_t *u8 = from;
    const bool *flag = from;

    switch (form) {
    case MESSAGE_U8: wire_put_u8(w, *u8); return *u8;
    case MESSAGE_U16: wire_put_le16(w, *u16); return *u16;
    case MESSAGE_U32: wire_put_le32(w, *u32); return *u32;
    case MESSAGE_U64: wire_put_le64(w, *u64); return *u64;
    default: wire_put_u8(w, *flag); return *flag;
    }
}

static void
put_bytes(struct wire_writer *w, enum message_form form, struct bytes b)
{
    if (form == MESSAGE_COUNTED) {
        wire_put_counted(w, b);
        return;
    }
    if (form != MESSAGE_REST) {
        wire_put_le16(w, (uint16_t)b.n);
    }
    wire_put_bytes(w, b);
}

static enum wire_err
put_string(struct wire_writer *w, uint64_t max, const char *string)
{
    struct bytes b = bytes_of_string(string);

    wire_put_le16(w, (uint16_t)b.n);
    wire_put_bytes(w, b);
    wire_put_u8(w, 0);
    return b.n > max ? WIRE_LIMIT : WIRE_OK;
}

static enum wire_err
put_strings(struct wire_writer *w, uint64_t max, const struct message_strings *strings)
{
    enum wire_err err = strings->n > UINT16_MAX ? WIRE_LIMIT : WIRE_OK;

    wire_put_le16(w, (uint16_t)strings->n);
    if (!strings->items) { /* as it was read */
        wire_put_bytes(w, strings->packed);
        return err;
    }
    for (size_t i = 0; err == WIRE_OK && i < strings->n; i++) {
        err = put_string(w, max, strings->items[i]);
    }
    return err;
}

static enum wire_err
put_numbers(struct wire_writer *w, const struct message_numbers *numbers)
{
    if (numbers->n > UINT16_MAX) {
        return WIRE_LIMIT;
    }
    wire_put_le16(w, (uint16_t)numbers->n);
    if (!numbers->items) {
        wire_put_bytes(w, numbers->packed);
        return WIRE_OK;
    }
    for (size_t i = 0; i < numbers->n; i++) {
        wire_put_le32(w, numbers->items[i]);
    }
    return WIRE_OK;
}

static enum wire_err
put_field(struct wire_writer *w, const struct message_field *f, const void *from)
{
    const struct bytes *bytes = from;
    const char *const *string = from;

    if (is_number(f->form)) {
        return judge_whole(f, judge_number(f, put_number(w, f->form, from)), from);
    }
    if (is_bytes(f->form)) {
        put_bytes(w, f->form, *bytes);
        return judge_whole(f, judge_bytes(f, *bytes), from);
    }
    switch (f->form) {
    case MESSAGE_FIXED: wire_put(w, from, f->max); return WIRE_OK;
    case MESSAGE_STRING: return put_string(w, f->max, *string);
    case MESSAGE_STRING_OR_NULL:
        wire_put_u8(w, *string != NULL);
        return *string ? put_string(w, f->max, *string) : WIRE_OK;
    case MESSAGE_STRINGS: return put_strings(w, f->max, from);
    default: return put_numbers(w, from);
    }
}

/* All of them, whatever becomes of one. */
static enum wire_err
put_fields(struct wire_writer *w, const struct message_field *fields, const void *message)
{
    enum wire_err first = WIRE_OK;

    for (const struct message_field *f = fields; f && f->form != MESSAGE_END; f++) {
        enum wire_err err = put_field(w, f, (const char *)message + f->at);

        first = first == WIRE_OK ? err : first;
    }
    return first;
}

enum wire_err
message_encode(const struct message_format *format, struct wire_writer *w, const void *message)
{
    uint8_t type = *((const uint8_t *)message + format->type);
    size_t mark = wire_hold_le32(w);
    enum wire_err head, own;

    wire_put_u8(w, type);
    head = put_fields(w, format->head, message);
    own = put_fields(w, message_fields(format, type), message);
    wire_fill_len32(w, mark);
    if (!message_fields(format, type)) {
        return WIRE_BAD_VALUE;
    }
    if (head != WIRE_OK || own != WIRE_OK) {
        return head != WIRE_OK ? head : own;
    }
    return w->len - mark - MESSAGE_LENGTH_BYTES > format->bytes_max ? WIRE_LIMIT
                                                                    : wire_writer_status(w);
}
