/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of an identity: what each may hold, and how it comes in. */
#ifndef SSPI_IDENTITY_TEXT_H
#define SSPI_IDENTITY_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/secret.h"
#include "base/status.h"

enum identity_part { IDENTITY_USER, IDENTITY_DOMAIN, IDENTITY_PASSWORD, IDENTITY_PACKAGE_LIST };

/* "user", for reasons. */
const char *identity_part_name(enum identity_part part);

/* n characters at p, 16-bit units in the machine's byte order (wide) or bytes of UTF-8, as
 * UTF-16LE. p need not be aligned; NULL is an empty text. One NUL at the end is a terminator that
 * was counted, and dropped: many callers do, and no name or password ends with one.
 * SEC_E_UNKNOWN_CREDENTIALS: too long, another NUL, or ill-formed (passwords may hold lone
 * surrogates: those of computer accounts are random units); *to is then untouched. */
SEC_NODISCARD sec_status identity_text_take(struct secret *to, const void *p, size_t n, bool wide,
                                            enum identity_part part);

#endif
