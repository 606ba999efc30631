/* SPDX-License-Identifier: Apache-2.0 */
/* What clients delegated, as files of their commands' users: in a folder of execd's own, which others
 * may pass through and neither list nor write to, each as long as its command runs. */
#ifndef EXECD_CREDENTIALS_H
#define EXECD_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/attributes.h"
#include "base/bytes.h"

enum { CREDENTIALS_PATH_BYTES = 192 };

/* The folder that goes with a socket. false: its path is too long. */
SEC_NODISCARD bool credentials_folder(const char *socket,
                                      char folder[static CREDENTIALS_PATH_BYTES]);
/* Makes it where it is not there, and empties it. false: errno says why; EPERM: it is not ours. */
SEC_NODISCARD bool credentials_open(const char *folder);
/* Removes the files of a session that was killed. */
void credentials_sweep(const char *folder, pid_t session);
/* Removes all of it. */
void credentials_close(const char *folder);

/* A path for this session's file that nobody can guess; there is none yet. false: there is no
 * randomness, or no room. */
SEC_NODISCARD bool credentials_path(const char *folder, pid_t session,
                                    char path[static CREDENTIALS_PATH_BYTES]);
/* Makes the file, the user's and nobody else's to read: by root whose group is root's, without any
 * capability but to change ids. Takes PR_SET_PDEATHSIG away. false: errno says why. */
SEC_NODISCARD bool credentials_write(const char *path, uid_t user, struct bytes content);

#endif
