/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 (RFC 4648 section 4), strict: padding where it belongs, no blanks, no bits left over. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/wire.h"

/* Appends the bytes that text stands for. false: it is not base64, and w may hold a part. */
SEC_NODISCARD bool base64_decode(struct bytes text, struct wire_writer *w);
void base64_encode(struct bytes bytes, struct wire_writer *w);

#endif
