/* SPDX-License-Identifier: Apache-2.0 */
/* Guarded buffers. Retired ones stay mapped, without access: neighbours of that kind become one
 * mapping in the kernel, so that thousands of them cost next to nothing. */
#include <sys/mman.h>
#include <unistd.h>

#include "ras/module_host/guard.h"

enum { RETIRED_MAX = 16384, ALIGNMENT = 16 };

/* A ring; next counts up for ever. */
static struct {
    void *volatile mapping;
    volatile size_t bytes;
} retired[RETIRED_MAX];
static size_t next;

bool
guard_new(struct guard *g, size_t n)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t padded = (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    const size_t inside = (padded + page - 1) / page * page;
    uint8_t *mapping = mmap(NULL, inside + 2 * page, PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    *g = (struct guard){ 0 };
    if (mapping == MAP_FAILED) {
        return false;
    }
    if (mprotect(mapping + page, inside, PROT_READ | PROT_WRITE) != 0) {
        munmap(mapping, inside + 2 * page);
        return false;
    }
    *g = (struct guard){
        .p = mapping + page + inside - padded,
        .n = n,
        .mapping = mapping,
        .mapping_bytes = inside + 2 * page,
    };
    return true;
}

void
guard_retire(struct guard *g)
{
    const size_t at = next++ % RETIRED_MAX;

    if (!g->mapping) {
        return;
    }
    if (retired[at].mapping) {
        munmap(retired[at].mapping, retired[at].bytes);
    }
    /* A new mapping in place of the old one, whose pages go back to the kernel. */
    if (mmap(g->mapping, g->mapping_bytes, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED) {
        munmap(g->mapping, g->mapping_bytes);
        g->mapping_bytes = 0;
    }
    retired[at].bytes = g->mapping_bytes;
    retired[at].mapping = g->mapping_bytes ? g->mapping : NULL;
    *g = (struct guard){ 0 };
}

bool
guard_was_retired(const void *address)
{
    for (size_t i = 0; i < RETIRED_MAX; i++) {
        const uintptr_t start = (uintptr_t)retired[i].mapping;

        if (start && (uintptr_t)address - start < retired[i].bytes) {
            return true;
        }
    }
    return false;
}
