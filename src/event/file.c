/* SPDX-License-Identifier: Apache-2.0 */
/* A file that several processes append whole lines to. O_APPEND places each write at the end, and
 * the kernel holds the file's lock for one write, so lines of several processes do not mix. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "event/file.h"

/* Root may be the first to write to a file that another service shares, in that service's folder:
 * what it makes there is the folder's owner's. */
static void
give_to_folder(int fd, const char *path, const struct stat *file)
{
    const char *slash = strrchr(path, '/');
    char folder[PATH_MAX];
    struct stat st;

    if (geteuid() != 0 || !slash || !S_ISREG(file->st_mode) || file->st_size || file->st_uid) {
        return;
    }
    (void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path + 1), path);
    if (stat(folder, &st) == 0 && st.st_uid != 0) {
        (void)!fchown(fd, st.st_uid, st.st_gid);
    }
}

bool
event_file_open(struct event_file *file, const char *path)
{
    /* O_NONBLOCK: a pipe without a reader is an error here, not a hang. Where the folder is another
     * user's, a link in it must not lead root elsewhere. */
    int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK |
                (geteuid() == 0 ? O_NOFOLLOW : 0);
    struct stat st;

    *file = (struct event_file){ .path = path, .fd = -1, .torn = file->torn };
    file->fd = open(path, flags, 0640);
    if (file->fd < 0 || fstat(file->fd, &st) != 0) {
        int error = errno;

        event_file_close(file);
        file->error = error;
        return false;
    }
    give_to_folder(file->fd, path, &st);
    file->device = st.st_dev;
    file->inode = st.st_ino;
    return true;
}

void
event_file_close(struct event_file *file)
{
    if (file->fd >= 0) {
        (void)close(file->fd);
    }
    file->fd = -1;
}

static bool
was_moved(const struct event_file *file)
{
    struct stat st;

    return stat(file->path, &st) != 0 || st.st_dev != file->device || st.st_ino != file->inode;
}

bool
event_file_append(struct event_file *file, struct bytes line, int64_t second)
{
    char newline[] = "\n";
    struct iovec parts[2] = { { newline, 1 }, { (void *)line.p, line.n } };
    size_t skip = file->torn ? 0 : 1;
    ssize_t written;

    if (file->fd >= 0 && second != file->checked && was_moved(file)) {
        event_file_close(file);
        file->torn = false;
        skip = 1;
    }
    if (file->fd < 0 && !event_file_open(file, file->path)) {
        return false;
    }
    file->checked = second;
    do {
        written = writev(file->fd, parts + skip, (int)(2 - skip));
    } while (written < 0 && errno == EINTR);
    if (written == (ssize_t)(line.n + 1 - skip)) {
        file->error = 0;
        file->torn = false;
        return true;
    }
    file->error = written < 0 ? errno : ENOSPC;
    file->torn = file->torn || written > 0;
    return false;
}
