/* SPDX-License-Identifier: Apache-2.0 */
/* DER (X.690), as SPNEGO and Kerberos need it: elements with a one-octet identifier and a definite
 * length, over the cursors of base/wire.h. */
#ifndef BASE_DER_H
#define BASE_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/wire.h"

/* Identifier octets. Context tags here are explicit, so they are constructed. */
enum {
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_OID = 0x06,
    DER_ENUMERATED = 0x0A,
    DER_GENERALIZED_TIME = 0x18,
    DER_GENERAL_STRING = 0x1B,
    DER_SEQUENCE = 0x30,
    DER_APPLICATION_0 = 0x60,
    DER_CONTEXT_0 = 0xA0, /* DER_CONTEXT_0 + n for [n], n up to 30 */
};

/* --- reading -------------------------------------------------------------------------------
 * Lengths are read strictly: an indefinite length, one in more octets than it needs (X.690 10.1),
 * one above 32 bits, a tag of 0 and a tag number above 30 are WIRE_BAD_VALUE; one past the end is
 * WIRE_SHORT.
 * Every peer known to us writes DER; what is refused here was made by hand. A reader never
 * recurses: nesting is as deep as the caller's calls of der_enter. */

/* The identifier octet of the next element; 0, which is none, at the end. */
uint8_t der_peek(const struct wire_reader *r);
/* Tag and length of the next element, any (tag 0) or one with this tag; returns the tag. The n
 * bytes that they announce need not be there: for who tells how many are missing, and for frames
 * whose contents come apart. After an error both are 0. */
uint8_t der_take_header(struct wire_reader *r, uint8_t tag, size_t *n);
/* The contents of the next element, which must have this tag. Not NULL, even when empty, but
 * after an error. */
struct bytes der_take(struct wire_reader *r, uint8_t tag);
/* The next element with its tag and length: any (tag 0) or one with this tag. */
struct bytes der_take_whole(struct wire_reader *r, uint8_t tag);
/* A cursor over the contents of the next element, which must have this tag. Offsets, and so
 * err_at, still count from the start of the whole input. */
struct wire_reader der_enter(struct wire_reader *r, uint8_t tag);
/* Ends what der_enter began: an error inside becomes the outer cursor's, and so do bytes left
 * (WIRE_TRAILING). */
void der_leave(struct wire_reader *outer, const struct wire_reader *inner);

/* Whether [n] is what comes next: for fields that may be absent. */
bool der_has_field(const struct wire_reader *r, unsigned n);

/* INTEGER in the fewest octets (X.690 8.3.2). One that does not fit is WIRE_BAD_VALUE. */
int32_t der_take_int32(struct wire_reader *r);
uint32_t der_take_uint32(struct wire_reader *r);
/* A uint32 from peers of which some write those with the highest bit set as negative numbers. */
uint32_t der_take_uint32_or_negative(struct wire_reader *r);
/* BIT STRING of flags, the first bit in the highest of the result. Bits after the 32nd are passed
 * by, missing ones are 0. */
uint32_t der_take_flags32(struct wire_reader *r);
/* GeneralizedTime as "YYYYMMDDHHMMSSZ" alone, to FILETIME. Not 0: a moment before the first second
 * of 1601 is over is WIRE_BAD_VALUE, as are days that no calendar has. */
uint64_t der_take_time_100ns(struct wire_reader *r);

/* --- writing -------------------------------------------------------------------------------
 * Lengths come before contents, so who writes measures first: der_size(der_size(n)) is what an
 * element around an element around n bytes takes. Or opens an element, writes what it holds, and
 * closes it; contents of 128 bytes and more are then moved to make room for their length. */

/* Of a whole element with n bytes of contents. */
size_t der_size(size_t n);
/* Tag and length; n bytes of contents must follow. */
void der_put_header(struct wire_writer *w, uint8_t tag, size_t n);
void der_put(struct wire_writer *w, uint8_t tag, struct bytes contents);
/* der_close takes what der_open gave; what was opened last is closed first. */
size_t der_open(struct wire_writer *w, uint8_t tag);
void der_close(struct wire_writer *w, size_t mark);

void der_put_int32(struct wire_writer *w, int32_t value);
void der_put_uint32(struct wire_writer *w, uint32_t value);
void der_put_flags32(struct wire_writer *w, uint32_t flags);
/* Whole seconds: the rest is cut off. Past the year 9999: its last second. */
void der_put_time_100ns(struct wire_writer *w, uint64_t time_100ns);

/* --- object identifiers -------------------------------------------------------------------- */

enum { DER_OID_TEXT_BYTES = 64 };

/* "1.3.6.1.5.5.2" of an element with tag and length, for logs; cut short, with "…", where it does
 * not fit, and "?" where it is no object identifier. */
void der_oid_text(struct bytes oid, char text[static DER_OID_TEXT_BYTES]);

#endif
