/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a security module's file is one that nobody else can change. */
#ifndef RAS_MODULE_FILE_H
#define RAS_MODULE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

/* A regular file of root's or our own that nobody else may write, in folders of which the same is
 * true (one with the sticky bit may be written: what is in it is its owner's). */
SEC_NODISCARD bool module_file_check(const char *path, char *why, size_t why_n);

#endif
