/* SPDX-License-Identifier: Apache-2.0 */
/* What every test of a decoder does to its vectors: each prefix, each byte changed. */
#ifndef TESTS_SUPPORT_MUTATE_H
#define TESTS_SUPPORT_MUTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/bytes.h"

/* A copy with not a byte of room behind it, so that the sanitizers see a read past its end. */
static inline uint8_t *
mutate_copy(struct bytes vector, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);

    if (!copy) {
        abort();
    }
    bytes_copy(copy, vector.p, n);
    return copy;
}

typedef void (*mutate_try)(struct bytes in, size_t at, void *user);

/* at: how long the prefix is. The whole vector is not among them. */
static inline void
mutate_prefixes(struct bytes vector, mutate_try attempt, void *user)
{
    for (size_t n = 0; n < vector.n; n++) {
        uint8_t *copy = mutate_copy(vector, n);

        attempt(bytes_of(copy, n), n, user);
        free(copy);
    }
}

/* Each byte in each of the 255 other values; at: which byte. */
static inline void
mutate_bytes(struct bytes vector, mutate_try attempt, void *user)
{
    uint8_t *copy = mutate_copy(vector, vector.n);

    for (size_t at = 0; at < vector.n; at++) {
        for (unsigned by = 1; by < 256; by++) {
            copy[at] = (uint8_t)(vector.p[at] ^ by);
            attempt(bytes_of(copy, vector.n), at, user);
        }
        copy[at] = vector.p[at];
    }
    free(copy);
}

/* Whether a view lies in what it is a view of; an empty one may lie anywhere. */
static inline bool
mutate_is_inside(struct bytes in, struct bytes view)
{
    return view.n == 0 || (view.p >= in.p && view.n <= in.n - (size_t)(view.p - in.p));
}

#endif
