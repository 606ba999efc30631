/* SPDX-License-Identifier: Apache-2.0 */
/* A walk from the root, one name at a time and no link followed by the kernel. */
#include "base/trusted_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"

enum { LINKS_MAX = 40 }; /* as the kernel has it */

struct walk {
    int folder;
    unsigned links;
    char rest[PATH_MAX]; /* what is still to go, from folder */
    char *why;
    size_t why_n;
};

/* What an open file is called, for a reader; name where that cannot be had. */
static const char *
name_of(int fd, const char *name, char room[static PATH_MAX])
{
    char link[32];
    ssize_t n;

    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, room, PATH_MAX - 1);
    if (n <= 0) {
        return name;
    }
    room[n] = 0;
    return room;
}

/* name is one in the folder that the walk has come to. */
static bool
refuse_errno(struct walk *w, const char *name)
{
    const char *error = strerror(errno);
    char room[PATH_MAX];
    const char *folder = w->folder >= 0 ? name_of(w->folder, "", room) : "";

    (void)snprintf(w->why, w->why_n, "%s%s%s: %s", strcmp(folder, "/") == 0 ? "" : folder,
                   *folder ? "/" : "", name, error);
    return false;
}

/* A thread that acts as somebody else trusts root alone: who that is chose neither the path nor what
 * the process may do. */
static bool
is_trusted(uid_t owner)
{
    return owner == 0 || (owner == geteuid() && geteuid() == getuid());
}

/* Whether nobody else can change what fd is. */
static bool
is_ours(struct walk *w, int fd, const char *name, const struct stat *at)
{
    bool sticky = S_ISDIR(at->st_mode) && at->st_mode & S_ISVTX;
    char room[PATH_MAX];

    if (!is_trusted(at->st_uid)) {
        (void)snprintf(w->why, w->why_n, "%s belongs to user %u, who could change it",
                       name_of(fd, name, room), (unsigned)at->st_uid);
        return false;
    }
    if (!S_ISLNK(at->st_mode) && at->st_mode & (S_IWGRP | S_IWOTH) && !sticky) {
        (void)snprintf(w->why, w->why_n, "%s can be written by others (mode %04o)",
                       name_of(fd, name, room), (unsigned)at->st_mode & 07777);
        return false;
    }
    return true;
}

static bool
go_to(struct walk *w, int folder)
{
    if (w->folder >= 0) {
        (void)close(w->folder);
    }
    w->folder = folder;
    return true;
}

static bool
go_to_root(struct walk *w)
{
    int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct stat at;

    if (root < 0) {
        return refuse_errno(w, "/");
    }
    (void)go_to(w, root);
    return fstat(root, &at) == 0 ? is_ours(w, root, "/", &at) : refuse_errno(w, "/");
}

/* What the link says takes the place of its name. */
static bool
follow(struct walk *w, int link, const char *name)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(link, "", target, sizeof(target));
    size_t left = strlen(w->rest);

    if (n < 0) {
        return refuse_errno(w, name);
    }
    if (++w->links > LINKS_MAX || (size_t)n + left + 1 >= sizeof(w->rest)) {
        errno = w->links > LINKS_MAX ? ELOOP : ENAMETOOLONG;
        return refuse_errno(w, name);
    }
    bytes_move(w->rest + n, w->rest, left + 1);
    bytes_copy(w->rest, target, (size_t)n);
    return w->rest[0] != '/' || go_to_root(w);
}

/* The last name: what it stands for, if it is a file. */
static int
open_file(struct walk *w, const char *name)
{
    int fd = openat(w->folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat at;

    if (fd < 0 || fstat(fd, &at) != 0) {
        (void)refuse_errno(w, name);
    } else if (!S_ISREG(at.st_mode)) {
        (void)snprintf(w->why, w->why_n, "%s is no regular file", name);
    } else if (is_ours(w, fd, name, &at)) {
        return fd;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return -1;
}

/* The next name of w->rest into name. false: there is none, or it is none. */
static bool
take_name(struct walk *w, char name[static NAME_MAX + 1])
{
    const char *from = w->rest + strspn(w->rest, "/");
    size_t n = strcspn(from, "/");

    if (n == 0) {
        (void)snprintf(w->why, w->why_n, "a folder is no regular file");
        return false;
    }
    if (n > NAME_MAX) {
        errno = ENAMETOOLONG;
        return refuse_errno(w, from);
    }
    bytes_copy(name, from, n);
    name[n] = 0;
    bytes_move(w->rest, from + n, strlen(from + n) + 1);
    return true;
}

/* One name further. *file is set where that was the last. */
static bool
step(struct walk *w, int *file)
{
    char name[NAME_MAX + 1];
    struct stat at;
    bool good = false;
    int fd;

    if (!take_name(w, name)) {
        return false;
    }
    fd = openat(w->folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return refuse_errno(w, name);
    }
    if (fstat(fd, &at) != 0) {
        (void)refuse_errno(w, name);
    } else if (S_ISDIR(at.st_mode)) {
        if (is_ours(w, fd, name, &at)) {
            return go_to(w, fd);
        }
    } else if (S_ISLNK(at.st_mode)) {
        good = is_ours(w, fd, name, &at) && follow(w, fd, name);
    } else if (w->rest[0] || !S_ISREG(at.st_mode)) {
        (void)snprintf(w->why, w->why_n, "%s is no %s", name,
                       w->rest[0] ? "folder" : "regular file");
    } else {
        *file = open_file(w, name);
        good = *file >= 0;
    }
    (void)close(fd);
    return good;
}

int
trusted_file_open(const char *path, char *why, size_t why_n)
{
    struct walk w = { .folder = -1, .why = why, .why_n = why_n };
    size_t n = strlen(path);
    int file = -1;

    if (path[0] != '/' || n >= sizeof(w.rest)) {
        (void)snprintf(why, why_n, "expected an absolute path");
        return -1;
    }
    bytes_copy(w.rest, path, n + 1);
    if (go_to_root(&w)) {
        while (file < 0 && step(&w, &file)) {
        }
    }
    if (w.folder >= 0) {
        (void)close(w.folder);
    }
    return file;
}

bool
trusted_file_check(const char *path, char *why, size_t why_n)
{
    int fd = trusted_file_open(path, why, why_n);

    if (fd < 0) {
        return false;
    }
    (void)close(fd);
    return true;
}
