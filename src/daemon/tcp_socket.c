/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets that listen for TCP. */
#include "daemon/tcp_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"

int
tcp_socket_listen(const struct sockaddr_in6 *address, bool share, int backlog)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = address->sin6_port };
    bool is_v4 = IN6_IS_ADDR_V4MAPPED(&address->sin6_addr);
    const struct sockaddr *to =
        is_v4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)address;
    int yes = 1, error;
    int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    bytes_copy(&v4.sin_addr, address->sin6_addr.s6_addr + 12, sizeof(v4.sin_addr));
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 &&
        (!share || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof(yes)) == 0) &&
        (is_v4 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes)) == 0) &&
        bind(fd, to, is_v4 ? sizeof(v4) : sizeof(*address)) == 0 && listen(fd, backlog) == 0) {
        return fd;
    }
    error = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    errno = error;
    return -1;
}

const char *
tcp_socket_error(int error)
{
    switch (error) {
    case EADDRINUSE: return "Address already in use: ss -ltnp shows by which program";
    case EADDRNOTAVAIL:
        return "Cannot assign requested address: it is none of this machine's, which ip address "
               "shows";
    case EACCES:
        return "Permission denied: a port below 1024 takes CAP_NET_BIND_SERVICE, or a socket that "
               "systemd opens";
    default: return strerror(error);
    }
}
