/* SPDX-License-Identifier: Apache-2.0 */
/* Files of a store. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/store_file.h"
#include "base/mem.h"

void
store_fd_auto(struct store_fd *file)
{
    if (file->fd >= 0) {
        (void)close(file->fd);
        file->fd = -1;
    }
}

sec_status
store_file_fail(const char *what, const char *path, int error)
{
    char text[128];

    if (error == ENOMEM) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    return sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY, "accounts: %s %s: %s", what, path,
                    strerror_r(error, text, sizeof(text)));
}

bool
store_file_give(int fd, uid_t owner)
{
    return geteuid() != 0 || owner == 0 || !fchown(fd, owner, (gid_t)-1);
}

/* The folder's name, on the heap: mem_free. NULL without memory. */
static char *
folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash) {
        return mem_dup(".", 1);
    }
    return mem_dup(path, slash == path ? 1 : (size_t)(slash - path));
}

bool
store_file_sync_folder(const char *path)
{
    char *folder = folder_of(path);
    SEC_AUTO(store_fd) file = { folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1 };

    if (!folder) {
        errno = ENOMEM;
        return false;
    }
    mem_free(folder);
    return file.fd >= 0 && !fsync(file.fd);
}

uid_t
store_file_folder_owner(const char *path)
{
    char *folder = folder_of(path);
    struct stat st;
    bool known = folder && !stat(folder, &st);

    mem_free(folder);
    return known ? st.st_uid : geteuid();
}
