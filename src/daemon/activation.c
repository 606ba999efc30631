/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets that systemd has opened for us. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/config.h"
#include "daemon/activation.h"

enum { FIRST_FD = 3 }; /* SD_LISTEN_FDS_START */

static bool
read_number(const char *name, unsigned long max, unsigned long *number)
{
    const char *text = getenv(name);
    char why[64];

    return text && config_number(text, 1, max, number, why, sizeof(why));
}

void
activation_begin(struct activation *a, const struct log *log)
{
    unsigned long pid = 0, n = 0;
    const char *names = getenv("LISTEN_FDNAMES");

    *a = (struct activation){ 0 };
    if (read_number("LISTEN_PID", INT32_MAX, &pid) && pid == (unsigned long)getpid() &&
        read_number("LISTEN_FDS", ACTIVATION_MAX, &n)) {
        for (a->n = 0; a->n < n; a->n++) {
            struct activation_socket *s = &a->sockets[a->n];
            size_t length = names ? strcspn(names, ":") : 0;

            s->fd = FIRST_FD + (int)a->n;
            (void)fcntl(s->fd, F_SETFD, FD_CLOEXEC);
            if (length < sizeof(s->name)) {
                (void)snprintf(s->name, sizeof(s->name), "%.*s", (int)length, names ? names : "");
            }
            names = names && names[length] ? names + length + 1 : NULL;
        }
        log_info(log, "sockets come from systemd", log_number("sockets", (int64_t)a->n));
    }
    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("LISTEN_FDNAMES");
}

/* IPv4 as ::ffff:a.b.c.d. */
static bool
address_of(int fd, struct sockaddr_in6 *at)
{
    struct sockaddr_in v4;
    socklen_t n = sizeof(*at);

    if (getsockname(fd, (struct sockaddr *)at, &n) != 0) {
        return false;
    }
    if (at->sin6_family == AF_INET) {
        bytes_copy(&v4, at, sizeof(v4));
        *at = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = v4.sin_port };
        at->sin6_addr.s6_addr[10] = at->sin6_addr.s6_addr[11] = 0xFF;
        bytes_copy(at->sin6_addr.s6_addr + 12, &v4.sin_addr, sizeof(v4.sin_addr));
    }
    return at->sin6_family == AF_INET6;
}

static bool
listens(int fd)
{
    int is = 0, type = 0;
    socklen_t n = sizeof(is), type_n = sizeof(type);

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is, &n) == 0 && is &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_n) == 0 && type == SOCK_STREAM;
}

int
activation_take(struct activation *a, const char *name, const struct sockaddr_in6 *address,
                char *why, size_t why_n)
{
    for (size_t i = 0; i < a->n; i++) {
        struct activation_socket *s = &a->sockets[i];
        struct sockaddr_in6 at = { 0 };
        int fd = s->fd;

        if (fd < 0 || strcmp(s->name, name) != 0) {
            continue;
        }
        if (!listens(fd) || !address_of(fd, &at)) {
            (void)snprintf(why, why_n, "systemd's socket %s is not a TCP socket that listens",
                           name);
            return -2;
        }
        if ((address->sin6_port && at.sin6_port != address->sin6_port) ||
            !bytes_equal(bytes_of(&at.sin6_addr, sizeof(at.sin6_addr)),
                         bytes_of(&address->sin6_addr, sizeof(address->sin6_addr)))) {
            (void)snprintf(why, why_n, "systemd's socket %s listens at another address: port %u",
                           name, ntohs(at.sin6_port));
            return -2;
        }
        (void)fcntl(fd, F_SETFL, O_NONBLOCK);
        s->fd = -1;
        return fd;
    }
    return -1;
}

void
activation_end(struct activation *a, const struct log *log)
{
    for (size_t i = 0; i < a->n; i++) {
        if (a->sockets[i].fd >= 0) {
            log_warning(log, "a socket of systemd's is not used: no listener has its name",
                        log_text("socket", a->sockets[i].name));
            (void)close(a->sockets[i].fd);
            a->sockets[i].fd = -1;
        }
    }
}
