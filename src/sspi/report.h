/* SPDX-License-Identifier: Apache-2.0 */
/* What is told to a caller in one block: a structure, pointers behind it, and the strings that
 * those in both lead to. */
#ifndef SSPI_REPORT_H
#define SSPI_REPORT_H

#include <stddef.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/status.h"
#include "base/wire.h"

struct report {
    struct wire_writer strings; /* one after the other, each with its NUL */
    struct wire_writer places;  /* of the pointers that lead to them */
};

void report_init(struct report *);
void report_auto(struct report *);

/* The pointer at this offset of the fixed part is to lead to a copy of the text. NULL: to "". */
void report_utf8(struct report *, size_t at, const char *text);
void report_utf16(struct report *, size_t at, struct bytes text);

/* The block: n bytes, of which the first n_fixed are copied from fixed and the rest are pointers;
 * and the strings. *out is given to the caller: FreeContextBuffer. SEC_E_INSUFFICIENT_MEMORY,
 * whenever it was that memory ran out. */
sec_status report_give(const struct report *, const void *fixed, size_t n_fixed, size_t n,
                       void **out);

#endif
