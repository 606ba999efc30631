/* SPDX-License-Identifier: Apache-2.0 */
/* The heap. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"

void *
mem_new(size_t bytes)
{
    return calloc(1, bytes ? bytes : 1);
}

void *
mem_new_array(size_t count, size_t bytes)
{
    return calloc(count ? count : 1, bytes ? bytes : 1);
}

void *
mem_dup(const void *from, size_t n)
{
    char *copy = n < SIZE_MAX ? malloc(n + 1) : NULL;

    if (!copy) {
        return NULL;
    }
    bytes_copy(copy, from, n);
    copy[n] = 0;
    return copy;
}

void *
mem_resize(void *p, size_t bytes)
{
    return realloc(p, bytes ? bytes : 1);
}

void
mem_free(void *p)
{
    free(p);
}

void
mem_free_wiped(void *p, size_t n)
{
    if (p) {
        explicit_bzero(p, n);
        free(p);
    }
}
