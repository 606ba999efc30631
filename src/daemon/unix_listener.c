/* SPDX-License-Identifier: Apache-2.0 */
/* A socket at a path. Who may connect is its mode's business; who is served is decided by who connects. */
#include "daemon/unix_listener.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 128, MODE = 0666, MODE_OF_GROUP = 0660 };

static bool
fail(char *why, size_t why_n, const char *what)
{
    (void)snprintf(why, why_n, "%s", what);
    return false;
}

static bool
stat_folder(const char *path, char *folder, size_t folder_n, struct stat *st, char *why,
            size_t why_n)
{
    const char *slash = strrchr(path, '/');

    (void)snprintf(folder, folder_n, "%.*s", slash && slash != path ? (int)(slash - path) : 1,
                   slash ? path : ".");
    if (stat(folder, st)) {
        (void)snprintf(why, why_n, "the folder %s: %s", folder, strerror(errno));
        return false;
    }
    return true;
}

bool
unix_listener_clear(const char *path, char *why, size_t why_n)
{
    char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
    struct stat st;

    if (!stat_folder(path, folder, sizeof(folder), &st, why, why_n)) {
        return false;
    }
    if (lstat(path, &st)) {
        return errno == ENOENT || fail(why, why_n, strerror(errno));
    }
    if (!S_ISSOCK(st.st_mode)) {
        return fail(why, why_n, "it is there, and no socket: move it away, or name another path");
    }
    if (unlink(path) && errno != ENOENT) {
        (void)snprintf(why, why_n, "a socket is left there that cannot be removed: %s",
                       strerror(errno));
        return false;
    }
    return true;
}

/* Who can write to the folder can put his own socket there, and be told what others are not to know. */
static bool
check_folder(const char *path, char *why, size_t why_n)
{
    char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
    struct stat st;

    if (!stat_folder(path, folder, sizeof(folder), &st, why, why_n)) {
        return false;
    }
    if (st.st_mode & 0022 || (st.st_uid != 0 && st.st_uid != geteuid())) {
        (void)snprintf(
            why, why_n,
            "others may write to the folder %s: its owner should be root or this daemon's user,"
            " and its mode 0755",
            folder);
        return false;
    }
    return true;
}

static bool
is_answered(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool answered =
        fd >= 0 &&
        (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN);

    if (fd >= 0) {
        (void)close(fd);
    }
    return answered;
}

/* A file's owner may give it to a group that is his own at the time: so changing ids is all that it
 * takes, and CAP_CHOWN is not. */
static bool
give_to_group(const char *path, gid_t group)
{
    const gid_t own = getegid();
    bool good;

    (void)setfsgid(group);
    good = chown(path, (uid_t)-1, group) == 0;
    (void)setfsgid(own);
    return good;
}

/* Nobody connects before listen(). */
static bool
set_mode(const char *path, gid_t group)
{
    return group == UNIX_LISTENER_EVERYBODY
               ? chmod(path, MODE) == 0
               : give_to_group(path, group) && chmod(path, MODE_OF_GROUP) == 0;
}

bool
unix_listener_open(const char *path, gid_t group, int *out, char *why, size_t why_n)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd;

    if (snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >=
        (int)sizeof(address.sun_path)) {
        return fail(why, why_n, "the path is too long for a socket");
    }
    if (!check_folder(address.sun_path, why, why_n)) {
        return false;
    }
    if (is_answered(&address)) {
        return fail(why, why_n, "another one listens there already");
    }
    if (!unix_listener_clear(address.sun_path, why, why_n)) {
        return false;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) ||
        !set_mode(address.sun_path, group) || listen(fd, BACKLOG)) {
        (void)fail(why, why_n, strerror(errno));
        if (fd >= 0) {
            (void)close(fd);
        }
        return false;
    }
    *out = fd;
    return true;
}
