/* SPDX-License-Identifier: Apache-2.0 */
/* The linker's --wrap puts these between the project's code and libc. */
#include <errno.h>
#include <limits.h>
#include <stddef.h>

#include "alloc_fail.h"

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
/* Visible: where a test links a shared library of the project's as well, ld in sanitizers' builds takes its calls for
 * these. */
#define VISIBLE __attribute__((visibility("default")))
VISIBLE void *__wrap_malloc(size_t n);
VISIBLE void *__wrap_calloc(size_t count, size_t n);
VISIBLE void *__wrap_realloc(void *p, size_t n);

static _Thread_local unsigned long made, first_to_fail = ULONG_MAX, last_to_fail;
static _Thread_local int spared; /* depth */

static bool
fails(void)
{
    if (spared) {
        return false;
    }
    made++;
    if (made < first_to_fail || made > last_to_fail) {
        return false;
    }
    errno = ENOMEM;
    return true;
}

void *
__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t count, size_t n)
{
    return fails() ? NULL : __real_calloc(count, n);
}

void *
__wrap_realloc(void *p, size_t n)
{
    return fails() ? NULL : __real_realloc(p, n);
}

void
alloc_fail_spare(bool spare)
{
    spared += spare ? 1 : -1;
}

/* How many allocations the run makes when those from first to last fail. */
static unsigned long
run_with(alloc_fail_run run, void *user, unsigned long first, unsigned long last)
{
    unsigned long count;

    made = 0;
    first_to_fail = first;
    last_to_fail = last;
    run(user, first != ULONG_MAX);
    count = made;
    first_to_fail = ULONG_MAX;
    last_to_fail = 0;
    return count;
}

unsigned long
alloc_fail_each(alloc_fail_run run, void *user)
{
    /* A run that meets a failure early makes fewer allocations: go on until one meets none. */
    for (unsigned long n = 1; run_with(run, user, n, n) >= n; n++) {
    }
    for (unsigned long n = 1; run_with(run, user, n, ULONG_MAX - 1) >= n; n++) {
    }
    return run_with(run, user, ULONG_MAX, 0);
}
