/* SPDX-License-Identifier: Apache-2.0 */
/* What is looked at before a security module is loaded; ras-module-host looks again. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ras/module_file.h"

static bool
is_ours(const char *path, const struct stat *at, char *why, size_t why_n)
{
    bool sticky = S_ISDIR(at->st_mode) && at->st_mode & S_ISVTX;

    if (at->st_uid != 0 && at->st_uid != geteuid()) {
        (void)snprintf(why, why_n, "%s belongs to user %u, who could change it", path,
                       (unsigned)at->st_uid);
        return false;
    }
    if (at->st_mode & (S_IWGRP | S_IWOTH) && !sticky) {
        (void)snprintf(why, why_n, "%s can be written by others (mode %04o)", path,
                       (unsigned)at->st_mode & 07777);
        return false;
    }
    return true;
}

/* From the file up to the root; path is changed on the way. */
static bool
check_folders(char *path, char *why, size_t why_n)
{
    struct stat at;
    char *slash;

    while ((slash = strrchr(path, '/'))) {
        *(slash == path ? slash + 1 : slash) = 0;
        if (stat(path, &at) != 0) {
            (void)snprintf(why, why_n, "%s: %s", path, strerror(errno));
            return false;
        }
        if (!is_ours(path, &at, why, why_n)) {
            return false;
        }
        if (slash == path) {
            break;
        }
    }
    return true;
}

bool
module_file_check(const char *path, char *why, size_t why_n)
{
    char real[PATH_MAX];
    struct stat at;

    if (!realpath(path, real) || stat(real, &at) != 0) {
        (void)snprintf(why, why_n, "%s: %s", path, strerror(errno));
        return false;
    }
    if (!S_ISREG(at.st_mode)) {
        (void)snprintf(why, why_n, "%s is no regular file", path);
        return false;
    }
    return is_ours(real, &at, why, why_n) && check_folders(real, why, why_n);
}
