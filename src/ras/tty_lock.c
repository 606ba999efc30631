/* SPDX-License-Identifier: Apache-2.0 */
/* "LCK..ttyS0" with a process's number in ten columns (FHS 5.9). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ras/tty_lock.h"

enum { PID_BYTES = 16, TRIES = 2 };

static void
write_path(char *to, size_t n, const char *folder, const char *device)
{
    size_t from;

    if (strncmp(device, "/dev/", 5) == 0) {
        device += 5;
    }
    (void)snprintf(to, n, "%s/LCK..", folder);
    from = strlen(to);
    (void)snprintf(to + from, n - from, "%s", device);
    for (char *c = to + from; *c; c++) {
        *c = *c == '/' ? '_' : *c;
    }
}

/* 0: nobody, or nothing that can be read. */
static pid_t
holder(const char *path)
{
    char text[PID_BYTES] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    long pid = n > 0 ? strtol(text, NULL, 10) : 0;

    if (fd >= 0) {
        (void)close(fd);
    }
    return pid > 0 && (kill((pid_t)pid, 0) == 0 || errno != ESRCH) ? (pid_t)pid : 0;
}

bool
tty_lock_take(const char *folder, const char *device, char path[TTY_LOCK_BYTES], char *why,
              size_t why_n)
{
    write_path(path, TTY_LOCK_BYTES, folder, device);
    for (int i = 0; i < TRIES; i++) {
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
        pid_t pid;

        if (fd >= 0) {
            (void)dprintf(fd, "%10d\n", (int)getpid());
            (void)close(fd);
            return true;
        }
        if (errno != EEXIST) {
            path[0] = 0;
            return true;
        }
        pid = holder(path);
        if (pid && pid != getpid()) {
            (void)snprintf(why, why_n, "%s: process %d has the device", path, (int)pid);
            return false;
        }
        (void)unlink(path);
    }
    (void)snprintf(why, why_n, "%s: somebody else takes the device", path);
    return false;
}

void
tty_lock_drop(const char *path)
{
    if (*path && holder(path) == getpid()) {
        (void)unlink(path);
    }
}
