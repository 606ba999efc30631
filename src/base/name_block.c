/* SPDX-License-Identifier: Apache-2.0 */
/* Names in one block. */
#include "base/mem.h"
#include "base/name_block.h"

struct bytes
name_block_get(const uint8_t *block, const uint16_t *lengths, size_t which)
{
    size_t at = 0;

    for (size_t i = 0; i < which; i++) {
        at += lengths[i];
    }
    return bytes_of(lengths[which] ? block + at : NULL, lengths[which]);
}

sec_status
name_block_put(uint8_t **block, uint16_t *lengths, const struct bytes *names, size_t n,
               const char *package)
{
    size_t total = 0, at = 0;
    uint8_t *made;

    for (size_t i = 0; i < n; i++) {
        if (names[i].n > UINT16_MAX) {
            return sec_fail(SEC_E_INVALID_TOKEN, "%s: a name of %zu bytes", package, names[i].n);
        }
        total += names[i].n;
    }
    made = mem_new(total);
    if (!made) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    for (size_t i = 0; i < n; i++) {
        bytes_copy(made + at, names[i].p, names[i].n);
        at += names[i].n;
    }
    mem_free(*block);
    *block = made;
    for (size_t i = 0; i < n; i++) {
        lengths[i] = (uint16_t)names[i].n;
    }
    return SEC_E_OK;
}
