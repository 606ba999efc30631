/* SPDX-License-Identifier: Apache-2.0 */
/* What every test of a format of codec/message_table.h does with its vectors. Includes cmocka's
 * headers before. */
#ifndef TESTS_SUPPORT_MESSAGE_VECTORS_H
#define TESTS_SUPPORT_MESSAGE_VECTORS_H

#include "codec/message_table.h"
#include "tests/support/hex.h"
#include "tests/support/message_views.h"
#include "tests/support/mutate.h"

enum { MESSAGE_ROOM = 512 };

struct message_subject {
    const struct message_format *format;
    enum wire_err (*decode)(void *message, struct bytes in);
    enum wire_err (*encode)(struct wire_writer *w, const void *message);
};

struct message_refusal {
    const char *bytes; /* hexadecimal, without the length */
    enum wire_err err;
    const char *field;
    uint32_t at;
};

static inline size_t
message_member_bytes(const struct message_field *f)
{
    switch (f->form) {
    case MESSAGE_U8: return MESSAGE_SIZE_U8;
    case MESSAGE_U16: return MESSAGE_SIZE_U16;
    case MESSAGE_U32: return MESSAGE_SIZE_U32;
    case MESSAGE_U64: return MESSAGE_SIZE_U64;
    case MESSAGE_FLAG: return MESSAGE_SIZE_FLAG;
    case MESSAGE_FIXED: return f->max;
    case MESSAGE_STRING:
    case MESSAGE_STRING_OR_NULL: return MESSAGE_SIZE_STRING;
    case MESSAGE_STRINGS: return MESSAGE_SIZE_STRINGS;
    case MESSAGE_NUMBERS: return MESSAGE_SIZE_NUMBERS;
    default: return MESSAGE_SIZE_BYTES;
    }
}

static inline void
message_assert_strings(const struct message_strings *is, const struct message_strings *wanted)
{
    const char *items[MESSAGE_ROOM];

    assert_int_equal(is->n, wanted->n);
    assert_true(is->n < MESSAGE_ROOM);
    message_strings_fill(is, items);
    for (size_t i = 0; i < wanted->n; i++) {
        assert_string_equal(items[i], wanted->items[i]);
    }
}

static inline void
message_assert_numbers(const struct message_numbers *is, const struct message_numbers *wanted)
{
    uint32_t items[MESSAGE_ROOM];

    assert_int_equal(is->n, wanted->n);
    assert_true(is->n < MESSAGE_ROOM);
    message_numbers_fill(is, items);
    for (size_t i = 0; i < wanted->n; i++) {
        assert_int_equal(items[i], wanted->items[i]);
    }
}

static inline void
message_assert_member(const struct message_field *f, const void *is, const void *wanted)
{
    const char *const *string = is, *const *wanted_string = wanted;

    switch (f->form) {
    case MESSAGE_STRINGS: message_assert_strings(is, wanted); break;
    case MESSAGE_NUMBERS: message_assert_numbers(is, wanted); break;
    case MESSAGE_STRING:
    case MESSAGE_STRING_OR_NULL:
        assert_int_equal(*string != NULL, *wanted_string != NULL);
        if (*string) {
            assert_string_equal(*string, *wanted_string);
        }
        break;
    case MESSAGE_BYTES:
    case MESSAGE_BYTES_OR_NONE:
    case MESSAGE_COUNTED:
    case MESSAGE_REST:
    case MESSAGE_TEXT:
        assert_bytes_equal(*(const struct bytes *)is, *(const struct bytes *)wanted);
        break;
    default: assert_memory_equal(is, wanted, message_member_bytes(f));
    }
}

/* Compares members and forgets those of `is`. */
static inline void
message_take_fields(const struct message_field *fields, uint8_t *is, const uint8_t *wanted)
{
    for (const struct message_field *f = fields; f && f->form != MESSAGE_END; f++) {
        print_message("  %s\n", f->name);
        message_assert_member(f, is + f->at, wanted + f->at);
        memset(is + f->at, 0, message_member_bytes(f));
    }
}

/* Each field of its type is as wanted, and nothing else was written. */
static inline void
message_assert_same(const struct message_format *format, const void *message, const void *wanted)
{
    uint8_t *is = mutate_copy(bytes_of(message, format->size), format->size);
    const uint8_t *type = (const uint8_t *)wanted + format->type;

    assert_int_equal(is[format->type], *type);
    message_take_fields(format->head, is, wanted);
    message_take_fields(message_fields(format, *type), is, wanted);
    is[format->type] = 0;
    for (size_t i = 0; i < format->size; i++) {
        assert_int_equal(is[i], 0);
    }
    free(is);
}

static inline void
message_assert_encodes(const struct message_subject *s, const void *message, struct bytes frame)
{
    uint8_t out[MESSAGE_ROOM];
    struct wire_writer w = wire_writer_fixed(out, sizeof(out));

    assert_int_equal(s->encode(&w, message), WIRE_OK);
    assert_int_equal(wire_load_le32(out), frame.n);
    assert_bytes_equal(bytes_of(out + MESSAGE_LENGTH_BYTES, w.len - MESSAGE_LENGTH_BYTES), frame);
}

static inline void
message_see_inside(struct bytes view, void *user)
{
    assert_true(mutate_is_inside(*(const struct bytes *)user, view));
}

/* What is taken has views into the frame, and one encoding: these bytes. true: it was. */
static inline bool
message_try(const struct message_subject *s, struct bytes in)
{
    void *message = calloc(1, s->format->size);
    bool taken;

    assert_non_null(message);
    taken = s->decode(message, in) == WIRE_OK;
    if (taken) {
        message_each_view(s->format, message, message_see_inside, &in);
        message_assert_encodes(s, message, in);
    } else {
        assert_true(message_is_refused(s->format, message, in));
    }
    free(message);
    return taken;
}

static inline void
message_try_changed(struct bytes in, size_t at, void *user)
{
    (void)message_try(user, in);
    (void)at;
}

/* Only what goes on to the end of the frame can be shorter. */
static inline void
message_try_prefix(struct bytes in, size_t at, void *user)
{
    const struct message_subject *s = user;
    bool taken = message_try(s, in), open = false;

    for (const struct message_field *f = message_fields(s->format, in.n ? in.p[0] : 0);
         f && f->form != MESSAGE_END; f++) {
        open = open || f->form == MESSAGE_REST;
    }
    assert_true(open || !taken);
    (void)at;
}

/* A vector both ways, each prefix of it, and each of its bytes changed. */
static inline void
message_check_vector(const struct message_subject *s, const char *name, const char *bytes,
                     const void *wanted)
{
    uint8_t room[MESSAGE_ROOM];
    struct bytes frame = hex_into(room, sizeof(room), bytes);
    void *message = calloc(1, s->format->size);

    print_message("%s\n", name);
    assert_non_null(message);
    assert_int_equal(s->decode(message, frame), WIRE_OK);
    message_assert_same(s->format, message, wanted);
    free(message);
    message_assert_encodes(s, wanted, frame);
    mutate_prefixes(frame, message_try_prefix, (void *)s);
    mutate_bytes(frame, message_try_changed, (void *)s);
}

static inline void
message_check_refusals(const struct message_subject *s, const struct message_refusal *refusals,
                       size_t n)
{
    void *message = calloc(1, s->format->size);

    assert_non_null(message);
    for (size_t i = 0; i < n; i++) {
        const struct message_fault *fault = (void *)((char *)message + s->format->fault);
        uint8_t room[MESSAGE_ROOM];
        struct bytes in = hex_into(room, sizeof(room), refusals[i].bytes);

        print_message("%s\n", refusals[i].bytes);
        assert_int_equal(s->decode(message, in), refusals[i].err);
        assert_true(message_is_refused(s->format, message, in));
        assert_string_equal(fault->field, refusals[i].field);
        assert_int_equal(fault->at, refusals[i].at);
    }
    free(message);
}

#endif
