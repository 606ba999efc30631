/* SPDX-License-Identifier: Apache-2.0 */
/* A line of the configuration as words, without a shell: blanks part them, and a word with blanks in
 * it stands in double quotes. Nothing is replaced, and nothing escaped. */
#ifndef EXECD_WORDS_H
#define EXECD_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

/* NULL-terminated, in one piece of memory that is owned by the caller: mem_free; *n may be NULL.
 * NULL: no memory, or a quote without its end; why says which. */
SEC_NODISCARD char **words_split(const char *text, size_t *n, char *why, size_t why_n);

#endif
