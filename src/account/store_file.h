/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a store have in common: descriptors, owners, folders, reasons. */
#ifndef ACCOUNT_STORE_FILE_H
#define ACCOUNT_STORE_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/status.h"

/* An open file that is closed with its scope; fd -1: none. */
struct store_fd {
    int fd;
};
void store_fd_auto(struct store_fd *);

/* "accounts: WHAT PATH: No such file or directory", as SEC_E_NO_AUTHENTICATING_AUTHORITY (or
 * SEC_E_INSUFFICIENT_MEMORY, where that was it). */
SEC_NODISCARD sec_status store_file_fail(const char *what, const char *path, int error);

/* A file that root makes in a service's folder must be the service's to use. Does nothing for
 * other users than root. false: errno says why. */
SEC_NODISCARD bool store_file_give(int fd, uid_t owner);

/* Makes a new or renamed entry of path's folder last. */
SEC_NODISCARD bool store_file_sync_folder(const char *path);
/* Who owns path's folder; this process's user where that cannot be told. */
uid_t store_file_folder_owner(const char *path);

#endif
