/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that the interface gives to its caller, who frees it with FreeContextBuffer. Each block
 * knows its size, so that it is wiped when it comes back, and what else comes back is refused. */
#ifndef SSPI_GIVEN_H
#define SSPI_GIVEN_H

#include <stddef.h>

#include <opensspi/sspi_types.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/status.h"

/* n zeroed bytes, aligned to 16; NULL without memory. */
SEC_NODISCARD void *given_new(size_t n);

/* Wipes and frees. SEC_E_INVALID_HANDLE: NULL, or nothing that given_new gave, or given back
 * already (seen as long as the heap has not handed the block out again). A pointer must point
 * into memory that the process has: its page is looked at. */
sec_status given_free(void *p);

/* The n of given_new; 0: not a block of it. */
size_t given_size(const void *p);

/* NUL-terminated copies of UTF-16LE text: W in the machine's byte order, A in UTF-8. *out is
 * written on success only. SEC_E_INSUFFICIENT_MEMORY; SEC_E_CANNOT_PACK: half a unit, a NUL, or no
 * UTF-8 for it (a lone surrogate). */
SEC_NODISCARD sec_status given_string_w(struct bytes utf16, SEC_WCHAR **out);
SEC_NODISCARD sec_status given_string_a(struct bytes utf16, SEC_CHAR **out);

#endif
