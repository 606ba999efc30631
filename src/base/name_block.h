/* SPDX-License-Identifier: Apache-2.0 */
/* The names of a context, of which there may be tens of thousands: in one block of the heap, the lengths in
 * the context. */
#ifndef BASE_NAME_BLOCK_H
#define BASE_NAME_BLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/status.h"

/* The one of that number; a view that lives as long as the block. */
struct bytes name_block_get(const uint8_t *block, const uint16_t *lengths, size_t which);

/* Copies n names into a block in place of *block, which is freed (mem_free). They may be views into it.
 * package is for the reason. Where it fails nothing has changed. */
SEC_NODISCARD sec_status name_block_put(uint8_t **block, uint16_t *lengths,
                                        const struct bytes *names, size_t n, const char *package);

#endif
