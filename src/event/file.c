/* SPDX-License-Identifier: Apache-2.0 */
/* A file that several processes append whole lines to. O_APPEND places each write at the end, and
 * the kernel holds the file's lock for one write, so lines of several processes do not mix. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "event/file.h"

bool
event_file_open(struct event_file *file, const char *path)
{
    struct stat st;

    *file = (struct event_file){ .path = path, .fd = -1, .torn = file->torn };
    /* O_NONBLOCK: a pipe without a reader is an error here, not a hang. */
    file->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
    if (file->fd < 0 || fstat(file->fd, &st) != 0) {
        int error = errno;

        event_file_close(file);
        file->error = error;
        return false;
    }
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
