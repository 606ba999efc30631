/* SPDX-License-Identifier: Apache-2.0 */
/* A socket at a path, at which a daemon is asked by other processes of this machine. */
#ifndef DAEMON_UNIX_LISTENER_H
#define DAEMON_UNIX_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

/* Binds and listens; what one that is gone has left there is taken away. Refuses a folder in which
 * others could put a socket of theirs, and a socket at which somebody answers. *fd is owned by the
 * caller: close. */
SEC_NODISCARD bool unix_listener_open(const char *path, int *fd, char *why, size_t why_n);

#endif
