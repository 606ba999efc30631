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
    DER_OCTET_STRING = 0x04,
    DER_OID = 0x06,
    DER_ENUMERATED = 0x0A,
    DER_GENERAL_STRING = 0x1B,
    DER_SEQUENCE = 0x30,
    DER_APPLICATION_0 = 0x60,
    DER_CONTEXT_0 = 0xA0, /* DER_CONTEXT_0 + n for [n], n up to 30 */
};

/* --- reading -------------------------------------------------------------------------------
 * Lengths are read strictly: an indefinite length, one in more octets than it needs (X.690 10.1),
 * one above 32 bits and a tag number above 30 are WIRE_BAD_VALUE; one past the end is WIRE_SHORT.
 * Every peer known to us writes DER; what is refused here was made by hand. A reader never
 * recurses: nesting is as deep as the caller's calls of der_enter. */

/* The identifier octet of the next element; 0, which is none, at the end. */
uint8_t der_peek(const struct wire_reader *r);
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

/* --- writing -------------------------------------------------------------------------------
 * Lengths come before contents, so who writes measures first: der_size(der_size(n)) is what an
 * element around an element around n bytes takes. */

/* Of a whole element with n bytes of contents. */
size_t der_size(size_t n);
/* Tag and length; n bytes of contents must follow. */
void der_put_header(struct wire_writer *w, uint8_t tag, size_t n);
void der_put(struct wire_writer *w, uint8_t tag, struct bytes contents);

/* --- object identifiers -------------------------------------------------------------------- */

enum { DER_OID_TEXT_BYTES = 64 };

/* "1.3.6.1.5.5.2" of an element with tag and length, for logs; cut short, with "…", where it does
 * not fit, and "?" where it is no object identifier. */
void der_oid_text(struct bytes oid, char text[static DER_OID_TEXT_BYTES]);

#endif
