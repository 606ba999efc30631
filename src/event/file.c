/* SPDX-License-Identifier: Apache-2.0 */
/* A file that several processes append whole lines to. O_APPEND places each write at the end, and
 * the kernel holds the file's lock for one write, so lines of several processes do not mix. A line
 * that was cut, be it by a full disk or by the end of its process, is seen by its missing newline. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "event/file.h"

/* Root may be the first to write to a file that another service shares, in that service's folder:
 * what it makes there is the folder's owner's. One that has a second name the owner may have linked
 * there, whosever it is. */
static bool
settle_in_folder(int fd, const char *path, const struct stat *file)
{
    const char *slash = strrchr(path, '/');
    char folder[PATH_MAX];
    struct stat st;

    if (geteuid() != 0 || !slash || !S_ISREG(file->st_mode)) {
        return true;
    }
    (void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path + 1), path);
    if (stat(folder, &st) != 0 || st.st_uid == 0) {
        return true;
    }
    if (file->st_nlink > 1) {
        errno = EMLINK;
        return false;
    }
    if (!file->st_size && !file->st_uid) {
        (void)!fchown(fd, st.st_uid, st.st_gid);
    }
    return true;
}

/* Where the folder is another user's, a link in it must not lead root elsewhere. */
static int
no_link(void)
{
    return geteuid() == 0 ? O_NOFOLLOW : 0;
}

/* How long it is where its last line has no end; 0: it has one, for all that can be seen. */
static off_t
torn_at(const struct event_file *file)
{
    int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | no_link());
    struct stat st = { 0 };
    char last = '\n';

    if (fd < 0) {
        return 0;
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
        (void)!pread(fd, &last, 1, st.st_size - 1);
    }
    (void)close(fd);
    return last != '\n' ? st.st_size : 0;
}

/* A line that another process writes right now looks cut as well, but not for long. */
static bool
ends_torn(const struct event_file *file)
{
    const struct timespec moment = { .tv_nsec = 10000000 };
    off_t at = torn_at(file);

    if (at == 0) {
        return false;
    }
    (void)nanosleep(&moment, NULL);
    return torn_at(file) == at;
}

bool
event_file_open(struct event_file *file, const char *path)
{
    /* O_NONBLOCK: a pipe without a reader is an error here, not a hang. */
    int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | no_link();
    struct stat st;

    file->path = path;
    file->fd = open(path, flags, 0640);
    if (file->fd < 0 || fstat(file->fd, &st) != 0 || !settle_in_folder(file->fd, path, &st)) {
        file->error = errno;
        event_file_close(file);
        return false;
    }
    file->device = st.st_dev;
    file->inode = st.st_ino;
    file->error = 0;
    file->torn = st.st_size > 0 && ends_torn(file);
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

/* Closes a file that was moved away; /proc knows where to. */
static void
turn(struct event_file *file)
{
    char link[32];
    ssize_t n;

    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", file->fd);
    n = readlink(link, file->moved_to, sizeof(file->moved_to) - 1);
    file->moved_to[n > 0 ? n : 0] = 0;
    file->turned = true;
    event_file_close(file);
}

void
event_file_reopen(struct event_file *file)
{
    if (file->fd >= 0 && was_moved(file)) {
        turn(file);
    }
    event_file_close(file);
    (void)event_file_open(file, file->path);
}

/* Once a second: is it still the file of that name, and is its last line whole? Another process
 * may have been cut short. */
static void
look(struct event_file *file, int64_t second)
{
    if (file->fd < 0 || second == file->checked) {
        return;
    }
    if (was_moved(file)) {
        turn(file);
    } else {
        file->torn = ends_torn(file);
    }
}

bool
event_file_append(struct event_file *file, struct bytes line, int64_t second)
{
    char newline[] = "\n";
    struct iovec parts[2] = { { newline, 1 }, { (void *)line.p, line.n } };
    size_t skip;
    ssize_t written;

    look(file, second);
    if (file->fd < 0 && !event_file_open(file, file->path)) {
        return false;
    }
    file->checked = second;
    skip = file->torn ? 0 : 1;
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
