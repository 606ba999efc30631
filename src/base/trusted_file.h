/* SPDX-License-Identifier: Apache-2.0 */
/* Files whose code is run: only those that nobody else can change. */
#ifndef BASE_TRUSTED_FILE_H
#define BASE_TRUSTED_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

/* Opens a regular file, for reading, of root's or our own that nobody else may write, in folders of
 * which the same is true (one with the sticky bit may be written: what is in it is its owner's).
 * Links are followed, each being somebody's, too. Every folder is looked at through the descriptor
 * that the next step is taken from, so that nothing can be exchanged between looking and opening.
 * path is absolute. -1: it is not such a file, and why says which name and what is wrong. */
SEC_NODISCARD int trusted_file_open(const char *path, char *why, size_t why_n);

/* The same for those who have it opened by others. */
SEC_NODISCARD bool trusted_file_check(const char *path, char *why, size_t why_n);

#endif
