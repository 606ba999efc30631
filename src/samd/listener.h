/* SPDX-License-Identifier: Apache-2.0 */
/* samd's socket. */
#ifndef SAMD_LISTENER_H
#define SAMD_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

/* Binds and listens; what a samd that is gone has left there is taken away. Refuses a folder in which
 * others could put a socket of theirs, and a socket at which somebody answers. *fd is owned by the
 * caller: close. */
SEC_NODISCARD bool listener_open(const char *path, int *fd, char *why, size_t why_n);

#endif
