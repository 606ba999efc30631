/* SPDX-License-Identifier: Apache-2.0 */
/* Lock files of serial devices, as UUCP made them and everybody since. */
#ifndef RAS_TTY_LOCK_H
#define RAS_TTY_LOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

enum { TTY_LOCK_BYTES = 256 };

/* Writes the lock's path into path, "" where folder cannot be written by us: then nobody's lock is
 * there either. One whose process is gone is taken over. false: why says who has it. */
SEC_NODISCARD bool tty_lock_take(const char *folder, const char *device, char path[TTY_LOCK_BYTES],
                                 char *why, size_t why_n);
void tty_lock_drop(const char *path);

#endif
