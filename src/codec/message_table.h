/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of our own processes among each other: frames of a 4-byte little-endian length and
 * that many bytes, of which the first is the type. What a type has is a table of fields, each with
 * what it may hold; decoding and encoding walk the same table. What the peer sends is trusted by
 * none of them. Pure; decoded messages are views into the frame, but for what stands in place.
 */
#ifndef CODEC_MESSAGE_TABLE_H
#define CODEC_MESSAGE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/wire.h"

enum { MESSAGE_LENGTH_BYTES = 4 };

/* How a member of the message stands in the frame; numbers are little-endian. */
enum message_form {
    MESSAGE_END,
    MESSAGE_U8, /* numbers: from min to max */
    MESSAGE_U16,
    MESSAGE_U32,
    MESSAGE_U64,
    MESSAGE_FLAG,           /* a bool, as a byte that is 0 or 1 */
    MESSAGE_BYTES,          /* struct bytes, from min to max of them, after a 16-bit length */
    MESSAGE_BYTES_OR_NONE,  /* or none at all */
    MESSAGE_COUNTED,        /* after a 32-bit length */
    MESSAGE_REST,           /* without one, to the end of the frame: nothing comes after it */
    MESSAGE_TEXT,           /* BYTES without a NUL */
    MESSAGE_FIXED,          /* max bytes, in place */
    MESSAGE_STRING,         /* const char *: a 16-bit length, up to max characters and a NUL */
    MESSAGE_STRING_OR_NULL, /* a FLAG whether there is one, then that */
    MESSAGE_STRINGS,        /* struct message_strings: a 16-bit number and as many STRINGs */
    MESSAGE_NUMBERS,        /* struct message_numbers: the same of U32 */
};

/* To encode, items; decoded, packed, which message_strings_fill takes apart. */
struct message_strings {
    const char *const *items;
    size_t n;
    struct bytes packed;
};
struct message_numbers {
    const uint32_t *items; /* NULL with n == 0: none */
    size_t n;
    struct bytes packed;
};

struct message_field {
    const char *name;
    enum message_form form;
    size_t at; /* of the member, in the message */
    uint64_t min, max;
    bool (*is_valid)(const void *member); /* what else must hold of a number or of bytes; or NULL */
};

/* What the member of a form is as large as; a table in which it is not does not compile. */
enum {
    MESSAGE_SIZE_U8 = 1,
    MESSAGE_SIZE_U16 = 2,
    MESSAGE_SIZE_U32 = 4,
    MESSAGE_SIZE_U64 = 8,
    MESSAGE_SIZE_FLAG = sizeof(bool),
    MESSAGE_SIZE_BYTES = sizeof(struct bytes),
    MESSAGE_SIZE_BYTES_OR_NONE = MESSAGE_SIZE_BYTES,
    MESSAGE_SIZE_COUNTED = MESSAGE_SIZE_BYTES,
    MESSAGE_SIZE_REST = MESSAGE_SIZE_BYTES,
    MESSAGE_SIZE_TEXT = MESSAGE_SIZE_BYTES,
    MESSAGE_SIZE_STRING = sizeof(const char *),
    MESSAGE_SIZE_STRING_OR_NULL = MESSAGE_SIZE_STRING,
    MESSAGE_SIZE_STRINGS = sizeof(struct message_strings),
    MESSAGE_SIZE_NUMBERS = sizeof(struct message_numbers),
};
#define MESSAGE_SIZE(message, member) sizeof(((message *)0)->member)
#define MESSAGE_FITS(message, kind, member) \
    (0 * sizeof(char[MESSAGE_SIZE(message, member) == MESSAGE_SIZE_##kind ? 1 : -1]))

/* What more there is to say: .min, .max, .is_valid. */
#define MESSAGE_FIELD(message, kind, member, ...)                                          \
    {                                                                                      \
        .name = #member, .form = MESSAGE_##kind,                                           \
        .at = offsetof(message, member) + MESSAGE_FITS(message, kind, member), __VA_ARGS__ \
    }
#define MESSAGE_NUMBER(message, kind, member) \
    MESSAGE_FIELD(message, kind, member, .max = UINT64_MAX)
#define MESSAGE_IN_PLACE(message, member)                                        \
    {                                                                            \
        .name = #member, .form = MESSAGE_FIXED, .at = offsetof(message, member), \
        .max = MESSAGE_SIZE(message, member)                                     \
    }
/* A type's fields. */
#define MESSAGE_FIELDS(...)        \
    (const struct message_field[]) \
    {                              \
        __VA_ARGS__,               \
        {                          \
            .form = MESSAGE_END    \
        }                          \
    }
#define MESSAGE_NO_FIELDS (&(const struct message_field){ .form = MESSAGE_END })

/* Why a frame was refused: "type", "frame" (too long), "end" (something is behind the last field),
 * or a field's name; and where in the frame. */
struct message_fault {
    const char *field;
    uint32_t at;
};

struct message_format {
    size_t size;                              /* of the message */
    size_t type, fault;                       /* uint8_t and struct message_fault, in the message */
    const struct message_field *const *types; /* by type; NULL: there is none such */
    size_t n_types;
    const struct message_field *head; /* what each type has before its own; NULL: nothing */
    size_t bytes_max;                 /* no frame is longer */
};

#define MESSAGE_FORMAT(message, table, before, limit)                              \
    {                                                                              \
        sizeof(message), offsetof(message, type), offsetof(message, fault), table, \
            SEC_ARRAY_LEN(table), before, limit                                    \
    }

/* One frame without its length. WIRE_BAD_VALUE: an unknown type, a number out of its range, a text
 * with a NUL in it or a string without; WIRE_LIMIT: more bytes than may be, WIRE_SHORT: fewer. Of a
 * frame that is refused only the fault is left, and the rest wiped. */
SEC_NODISCARD enum wire_err message_decode(const struct message_format *, void *message,
                                           struct bytes in);
/* What a format's own rules refuse beside: wipes the message but for this fault. Gives err. */
enum wire_err message_refuse(const struct message_format *, void *message, enum wire_err err,
                             const char *field, uint32_t at);
/* Appends length and frame. Not WIRE_OK: decoding would refuse it, and the writer is of no further
 * use; who made the message of what fits may look at the writer alone. */
enum wire_err message_encode(const struct message_format *, struct wire_writer *w,
                             const void *message);
/* A type's own fields, up to one with MESSAGE_END; NULL: there is no such type. */
const struct message_field *message_fields(const struct message_format *, uint8_t type);

/* The items of a decoded list, into an array of n. */
void message_strings_fill(const struct message_strings *, const char **to);
void message_numbers_fill(const struct message_numbers *, uint32_t *to);

#endif
