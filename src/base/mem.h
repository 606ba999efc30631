/* SPDX-License-Identifier: Apache-2.0 */
/* The heap: every allocation of the library and its programs goes through here. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

#include "base/attributes.h"

/* Zeroed memory, or NULL. A size of 0 gives a pointer that mem_free takes. */
SEC_NODISCARD void *mem_new(size_t bytes);
/* The same for an array; NULL where count * bytes would wrap. */
SEC_NODISCARD void *mem_new_array(size_t count, size_t bytes);
/* A copy of n bytes and a terminating NUL; NULL without memory. from may be NULL with n == 0. */
SEC_NODISCARD void *mem_dup(const void *from, size_t n);
/* As realloc; the grown part is not zeroed. Never for secrets: they use struct secret. */
SEC_NODISCARD void *mem_resize(void *p, size_t bytes);
/* NULL is a no-op. */
void mem_free(void *p);
/* Wipes n bytes first. NULL is a no-op. */
void mem_free_wiped(void *p, size_t n);

#endif
