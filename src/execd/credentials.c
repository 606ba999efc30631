/* SPDX-License-Identifier: Apache-2.0 */
/* Files of what clients delegated. */
#include "execd/credentials.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/random.h"

enum {
    FOLDER_MODE =
        01731, /* root's group may write: who makes a file has the user's id and that group */
    RANDOM_BYTES = 16,
};

bool
credentials_folder(const char *socket, char folder[static CREDENTIALS_PATH_BYTES])
{
    return snprintf(folder, CREDENTIALS_PATH_BYTES, "%s.credentials", socket) <
           CREDENTIALS_PATH_BYTES - 64; /* what credentials_path adds */
}

/* --- the folder ---------------------------------------------------------------------------- */

static int
enter(const char *folder)
{
    return open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* What begins so, "" is all. */
static void
sweep(int fd, const char *prefix)
{
    int again = fcntl(fd, F_DUPFD_CLOEXEC, 0); /* closedir takes it */
    DIR *folder = again >= 0 ? fdopendir(again) : NULL;
    const struct dirent *entry;

    if (!folder) {
        if (again >= 0) {
            (void)close(again);
        }
        return;
    }
    rewinddir(folder);
    while ((entry = readdir(folder))) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0) {
            (void)unlinkat(fd, entry->d_name, 0); /* folders stay: "." and ".." */
        }
    }
    (void)closedir(folder);
}

bool
credentials_open(const char *folder)
{
    struct stat s;
    bool good;
    int fd;

    if (mkdir(folder, S_IRWXU) != 0 && errno != EEXIST) {
        return false;
    }
    fd = enter(folder);
    if (fd < 0) {
        return false;
    }
    good = fstat(fd, &s) == 0;
    if (good && (s.st_uid != geteuid() || s.st_gid != getegid())) {
        errno = EPERM;
        good = false;
    }
    good = good && fchmod(fd, FOLDER_MODE) == 0;
    if (good) {
        sweep(fd, "");
    }
    (void)close(fd);
    return good;
}

void
credentials_sweep(const char *folder, pid_t session)
{
    char prefix[16];
    int fd = enter(folder);

    if (fd >= 0) {
        (void)snprintf(prefix, sizeof(prefix), "%d.", session);
        sweep(fd, prefix);
        (void)close(fd);
    }
}

void
credentials_close(const char *folder)
{
    int fd = enter(folder);

    if (fd >= 0) {
        sweep(fd, "");
        (void)close(fd);
        (void)rmdir(folder);
    }
}

/* --- a file -------------------------------------------------------------------------------- */

bool
credentials_path(const char *folder, pid_t session, char path[static CREDENTIALS_PATH_BYTES])
{
    uint8_t random[RANDOM_BYTES];
    int n = snprintf(path, CREDENTIALS_PATH_BYTES, "%s/%d.", folder, session);

    if (n < 0 || n + 2 * RANDOM_BYTES >= CREDENTIALS_PATH_BYTES ||
        !random_bytes(random, sizeof(random))) {
        path[0] = 0;
        return false;
    }
    for (size_t i = 0; i < sizeof(random); i++) {
        (void)snprintf(path + n + 2 * i, 3, "%02x", random[i]);
    }
    return true;
}

/* As far as files go. */
static bool
act_as(uid_t user)
{
    (void)setfsuid(user);
    return (uid_t)setfsuid((uid_t)-1) == user;
}

static bool
write_all(int fd, struct bytes content)
{
    while (content.n) {
        ssize_t n = write(fd, content.p, content.n);

        if (n < 0 && errno != EINTR) {
            return false;
        }
        if (n > 0) {
            content = bytes_of(content.p + n, content.n - (size_t)n);
        }
    }
    return true;
}

static bool
is_theirs(int fd, uid_t user)
{
    struct stat s;

    if (fstat(fd, &s) != 0) {
        return false;
    }
    if (s.st_uid != user || (s.st_mode & 07777) != (S_IRUSR | S_IWUSR)) {
        errno = EPERM;
        return false;
    }
    return true;
}

bool
credentials_write(const char *path, uid_t user, struct bytes content)
{
    const uid_t own = geteuid();
    int fd = -1, error = EPERM;
    bool good = false;

    if (act_as(user)) {
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
        error = errno;
    }
    good = act_as(own) && fd >= 0;
    if (fd >= 0) {
        good = good && is_theirs(fd, user) && write_all(fd, content);
        error = errno;
        (void)close(fd);
    }
    errno = error;
    return good;
}
