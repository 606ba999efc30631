/* SPDX-License-Identifier: Apache-2.0 */
/* The buffers that a module is lent: memory between pages that nobody may touch, and untouchable
 * itself once the call is over. */
#ifndef RAS_MODULE_HOST_GUARD_H
#define RAS_MODULE_HOST_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

struct guard {
    uint8_t
        *p; /* n bytes, zeroed; as near to the page behind them as 16 bytes' alignment permits */
    size_t n;
    void *mapping;
    size_t mapping_bytes;
};

/* false: no memory. */
SEC_NODISCARD bool guard_new(struct guard *, size_t n);
/* From here on who touches it crashes: until so many other buffers were retired that its addresses
 * have to be given back. Its contents are gone. One at a time. */
void guard_retire(struct guard *);
/* Whether an address is in a buffer that was retired. May be called by a signal's handler. */
bool guard_was_retired(const void *address);

#endif
