/* SPDX-License-Identifier: Apache-2.0 */
/* A socket at a path, at which a daemon is asked by other processes of this machine. */
#ifndef DAEMON_UNIX_LISTENER_H
#define DAEMON_UNIX_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/attributes.h"

#define UNIX_LISTENER_EVERYBODY ((gid_t)-1)

/* Takes away what a daemon left at the path that was killed. false: there is something else, or no folder. */
SEC_NODISCARD bool unix_listener_clear(const char *path, char *why, size_t why_n);

/* Binds and listens, for processes of this group and of root's, or for everybody; what one that is gone
 * has left there is taken away. Refuses a folder in which others could put a socket of theirs, and a
 * socket at which somebody answers. *fd is owned by the caller: close. */
SEC_NODISCARD bool unix_listener_open(const char *path, gid_t group, int *fd, char *why,
                                      size_t why_n);

#endif
