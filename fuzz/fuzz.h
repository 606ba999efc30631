/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuzz targets share. A property that does not hold aborts, as a crash does. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static inline void
fuzz_must(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* A decoder's views lie in its input; an empty one may lie anywhere. Reads each byte, so that
 * the sanitizers see a view that does not. */
static inline void
fuzz_view(struct bytes in, struct bytes view)
{
    volatile uint8_t seen = 0;

    fuzz_must(view.n == 0 || (view.p >= in.p && view.n <= in.n - (size_t)(view.p - in.p)));
    for (size_t i = 0; i < view.n; i++) {
        seen = (uint8_t)(seen + view.p[i]);
    }
}

#endif
