/* SPDX-License-Identifier: Apache-2.0 */
/* Base32 (RFC 4648 section 6) as secrets of one-time codes are written down: capitals without
 * padding out; in, either case, with blanks and dashes between groups, and padding at the end. */
#ifndef BASE_BASE32_H
#define BASE_BASE32_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/wire.h"

/* Appends the bytes that text stands for. false: it is not base32, and w may hold a part. */
SEC_NODISCARD bool base32_decode(struct bytes text, struct wire_writer *w);
void base32_encode(struct bytes bytes, struct wire_writer *w);

#endif
