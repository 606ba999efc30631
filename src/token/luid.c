/* SPDX-License-Identifier: Apache-2.0 */
/* Locally unique ids: a counter below a random half. */
#include "token/luid.h"

#include <stdatomic.h>

#include "crypto/random.h"

/* The upper half is positive, as LUID.HighPart is a LONG, and not 0, where Windows' own are. */
#define START_MASK UINT64_C(0x3fffffff00000000)
#define START_BIT  UINT64_C(0x4000000000000000)

static _Atomic uint64_t last;

bool
luid_next(uint64_t *out)
{
    uint64_t before = atomic_load(&last), start;

    if (before == 0) {
        if (!random_bytes(&start, sizeof(start))) {
            return false;
        }
        /* Of several threads that begin at once one's start counts. */
        (void)atomic_compare_exchange_strong(&last, &before, (start & START_MASK) | START_BIT);
    }
    *out = atomic_fetch_add(&last, 1) + 1;
    return true;
}
