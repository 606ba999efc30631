/* SPDX-License-Identifier: Apache-2.0 */
/* Tells systemd how the service is. */
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/config.h"
#include "daemon/notify.h"

void
notify_systemd(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    socklen_t n;
    int fd;

    if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof(to.sun_path)) {
        return;
    }
    bytes_copy(to.sun_path, path, strlen(path));
    if (path[0] == '@') {
        to.sun_path[0] = 0; /* the abstract namespace */
    }
    n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&to, n);
        (void)close(fd);
    }
}

void
notify_reloading(void)
{
    char text[64];
    struct timespec now = { 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    (void)snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld",
                   (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    notify_systemd(text);
}

bool
notify_is_watched(void)
{
    const char *us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    unsigned long number = 0;
    char why[64];

    return us && config_number(us, 1, ULONG_MAX, &number, why, sizeof(why)) &&
           (!pid || (config_number(pid, 1, INT32_MAX, &number, why, sizeof(why)) &&
                     number == (unsigned long)getpid()));
}
