/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-16LE, as wire formats and the W functions have it, and UTF-8. Strict in both directions:
 * a lone surrogate or ill-formed UTF-8 is WIRE_BAD_VALUE, never replaced. */
#ifndef BASE_UTF16_H
#define BASE_UTF16_H

#include "base/bytes.h"
#include "base/wire.h"

/* Each appends to w, without a terminator. */
void utf16_put_utf8(struct wire_writer *w, struct bytes utf8);
void utf8_put_utf16(struct wire_writer *w, struct bytes utf16);

/* Whether utf16_put_utf8 would take it. */
bool utf8_is_well_formed(struct bytes utf8);
/* A name as UTF-16LE in n bytes of the caller's. Empty where it is ill-formed or does not fit, which is
 * nobody's name. */
struct bytes utf16_into(uint8_t *to, size_t n, struct bytes utf8);

/* As the first two for text that need not be well-formed: U+FFFD for each lone surrogate, and for each maximal
 * part of UTF-8 that begins a character and does not end it. How many they were. */
size_t utf16_put_utf8_replacing(struct wire_writer *w, struct bytes utf8);
size_t utf8_put_utf16_replacing(struct wire_writer *w, struct bytes utf16);

/* Upper case by Unicode's simple mapping, one code point to one ([MS-NLMP] 3.3.2's UpperCase and
 * how Windows compares account names). Ill-formed units pass unchanged: a peer's name is hashed
 * exactly as it was sent. Same length. */
void utf16_put_upper(struct wire_writer *w, struct bytes utf16);

/* Whether two names are the same without regard to case. */
bool utf16_equal_nocase(struct bytes a, struct bytes b);

/* NUL-terminated UTF-8 on the heap (mem_free), ill-formed units and NULs as U+FFFD: for logs and
 * reports, never for comparing. NULL without memory. */
SEC_NODISCARD char *utf8_from_utf16(struct bytes utf16);

/* "DOMAIN\user" in the user's place becomes the two, where no domain is given: both are views of what
 * the user was. */
void utf16_split_account(struct bytes *user, struct bytes *domain);

#endif
