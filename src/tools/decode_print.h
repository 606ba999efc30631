/* SPDX-License-Identifier: Apache-2.0 */
/* What the decoders of sspictl decode print with: lines of offset, name and value, and a walk over
 * DER that goes as far as a token goes, so that a broken one shows what it has. The verdict on a
 * token is its codec's in src/codec, never the walk's. */
#ifndef TOOLS_DECODE_PRINT_H
#define TOOLS_DECODE_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/wire.h"
#include "tools/decode.h"

enum { DECODE_NESTED_MAX = 4, DECODE_NOTES_MAX = 4 };

/* decode_notes.c has their texts. */
enum decode_note {
    DECODE_NOTE_EMPTY,
    DECODE_NOTE_UNKNOWN,
    DECODE_NOTE_CUT,
    DECODE_NOTE_RAW_NTLM,
    DECODE_NOTE_NTLM_ONLY,
    DECODE_NOTE_NTLM_CHOSEN,
    DECODE_NOTE_NTLM_V1,
    DECODE_NOTE_ANONYMOUS,
    DECODE_NOTE_NEGOEX_KERBEROS,
    DECODE_NOTE_NEGOEX_ONLY,
    DECODE_NOTE_REJECTED,
    DECODE_NOTE_RC4_TICKET,
    DECODE_NOTE_NO_SPN,
    DECODE_NOTE_NO_ENCTYPE,
    DECODE_NOTE_EXPIRED,
    DECODE_NOTE_NOT_YET,
    DECODE_NOTE_REPLAY,
    DECODE_NOTE_NOT_US,
    DECODE_NOTE_SKEW,
    DECODE_NOTE_OTHER_KEY,
    DECODE_NOTE_KEY_VERSION,
    DECODE_NOTE_NO_KEY,
    DECODE_NOTE_USER_TO_USER,
};

struct decode {
    struct wire_writer *w;
    const uint8_t *base; /* offsets count from here */
    unsigned depth;      /* of indentation */
    unsigned nested;     /* tokens in tokens */
    bool broken;         /* something was found to be wrong */
    bool cut;            /* said already: what it does to inner tokens is no news */
    enum decode_note notes[DECODE_NOTES_MAX];
    size_t n_notes;
    const struct decode_keys *keys;
};

/* --- lines --------------------------------------------------------------------------------- */

/* A title, without an offset. */
void decode_title(struct decode *d, const char *format, ...) SEC_PRINTF(2, 3);
/* Offset, name, value. at NULL: no offset. Nothing of the peer's may be among the arguments but
 * numbers. */
void decode_line(struct decode *d, const uint8_t *at, const char *name, const char *format, ...)
    SEC_PRINTF(4, 5);
/* The same for text of the peer's, in quotes, escaped. utf16: UTF-16LE. */
void decode_text(struct decode *d, const uint8_t *at, const char *name, struct bytes text,
                 bool utf16);
/* In hexadecimal, as far as a line goes. */
void decode_hex(struct decode *d, const uint8_t *at, const char *name, struct bytes bytes);
/* FILETIME. */
void decode_time(struct decode *d, const uint8_t *at, const char *name, uint64_t time_100ns);

struct decode_name {
    int64_t value;
    const char *name;
};
/* NULL: it is not in the table. */
const char *decode_name_of(const struct decode_name *table, size_t n, int64_t value);
/* The value, and below it the names of the bits that are set. */
void decode_flags(struct decode *d, const uint8_t *at, const char *name, uint32_t value,
                  const struct decode_name *table, size_t n);

/* --- verdicts and notes -------------------------------------------------------------------- */

/* "broken: …": the token is not what it should be. */
void decode_broken(struct decode *d, const char *format, ...) SEC_PRINTF(2, 3);
/* What a codec says. The offset counts from `in`. */
void decode_verdict(struct decode *d, struct bytes in, enum wire_err err, const char *field,
                    uint32_t at);
/* "cut: names … bytes, has …". */
void decode_cut(struct decode *d, size_t names, size_t has);
/* Whether the outermost element of DER names more bytes than there are; says so, once. */
bool decode_der_cut(struct decode *d, struct bytes in);
/* A closing line; the same one is kept once. */
void decode_note(struct decode *d, enum decode_note);
void decode_put_notes(const struct decode *d);

/* --- DER ----------------------------------------------------------------------------------- */

struct decode_field;
/* value: a cursor at the field's value, tag and length included. */
typedef void (*decode_show)(struct decode *d, const struct decode_field *f,
                            struct wire_reader *value);

/* A field [number] of a SEQUENCE. The rest is for show: names for numbers and flags, fields for a
 * SEQUENCE. */
struct decode_field {
    unsigned number;
    const char *name;
    decode_show show;
    const struct decode_name *names;
    size_t n_names;
    const struct decode_field *fields;
    size_t n_fields;
};

/* A cursor over the contents of the next element, cut to what is there. tag 0: any. false: there
 * is none that can be read; said. */
bool decode_enter(struct decode *d, struct wire_reader *r, uint8_t tag, const char *name,
                  struct wire_reader *contents);
/* The fields of a SEQUENCE at the cursor. */
void decode_sequence(struct decode *d, struct wire_reader *r, const struct decode_field *fields,
                     size_t n);

void decode_show_integer(struct decode *, const struct decode_field *, struct wire_reader *);
void decode_show_string(struct decode *, const struct decode_field *, struct wire_reader *);
void decode_show_octets(struct decode *, const struct decode_field *, struct wire_reader *);
/* How many, never which: what is encrypted, or a key. */
void decode_show_size(struct decode *, const struct decode_field *, struct wire_reader *);
void decode_show_time(struct decode *, const struct decode_field *, struct wire_reader *);
void decode_show_flags(struct decode *, const struct decode_field *, struct wire_reader *);
void decode_show_sequence(struct decode *, const struct decode_field *, struct wire_reader *);
void decode_show_oid(struct decode *, const struct decode_field *, struct wire_reader *);

/* --- what is printed with it ---------------------------------------------------------------- */

/* A token in a token: the same, indented. */
void decode_inner(struct decode *d, struct bytes in);

void decode_ntlm(struct decode *d, struct bytes in);
void decode_ntlm_signature(struct decode *d, struct bytes in);
void decode_spnego_init(struct decode *d, struct bytes in);
void decode_spnego_resp(struct decode *d, struct bytes in);
void decode_negoex(struct decode *d, struct bytes in);
/* Whether it is a message of Kerberos' without a frame. */
bool decode_is_kerberos(struct bytes in);
/* One of these, or a frame of RFC 2743 whose mechanism is Kerberos'. */
void decode_kerberos(struct decode *d, struct bytes in);
void decode_cfx(struct decode *d, struct bytes in);

/* "1.2.840.113554.1.2.2 (Kerberos)" for an object identifier with tag and length. */
void decode_oid_text(struct bytes oid, char *text, size_t n);

#endif
