/* SPDX-License-Identifier: Apache-2.0 */
/* Security identifiers: the binary form and the text ([MS-DTYP] 2.4.2). */
#ifndef CODEC_SID_H
#define CODEC_SID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/wire.h"

enum { SID_PARTS_MAX = 15, SID_TEXT_BYTES = 192 };

struct sid {
    uint64_t authority; /* 48 bits */
    uint8_t n;          /* parts; revision is 1 */
    uint32_t parts[SID_PARTS_MAX];
};

/* The binary form, from the cursor on. */
void sid_read(struct wire_reader *r, struct sid *out);
void sid_put(struct wire_writer *w, const struct sid *sid);
/* "S-1-5-21-…", always terminated. */
void sid_text(const struct sid *sid, char text[static SID_TEXT_BYTES]);
SEC_NODISCARD bool sid_parse(struct sid *out, struct bytes text);
bool sid_equal(const struct sid *a, const struct sid *b);
/* false: no room for one part more. */
SEC_NODISCARD bool sid_append(struct sid *sid, uint32_t part);

#endif
