/* SPDX-License-Identifier: Apache-2.0 */
/* FNV-1a, 64 bits: quick, and no defence against somebody who looks for collisions. */
#ifndef BASE_FNV_H
#define BASE_FNV_H

#include <stdint.h>

#include "base/bytes.h"

static inline uint64_t
fnv_begin(void)
{
    return UINT64_C(0xCBF29CE484222325);
}

static inline uint64_t
fnv_add(uint64_t sum, struct bytes bytes)
{
    for (size_t i = 0; i < bytes.n; i++) {
        sum = (sum ^ bytes.p[i]) * UINT64_C(0x100000001B3);
    }
    return sum;
}

#endif
