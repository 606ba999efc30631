/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets that listen for TCP. */
#ifndef DAEMON_TCP_SOCKET_H
#define DAEMON_TCP_SOCKET_H

#include <netinet/in.h>
#include <stdbool.h>

#include "base/attributes.h"

/* Binds and listens, non-blocking; an address of ::ffff:a.b.c.d is an IPv4 socket's, any other IPv6's
 * alone. share: several sockets of one user's may listen there, and the kernel deals the clients out among
 * them (SO_REUSEPORT). -1: errno says why; close(2) else. */
SEC_NODISCARD int tcp_socket_listen(const struct sockaddr_in6 *address, bool share, int backlog);
/* Why that failed, and what to do about it. Static, or strerror's. */
const char *tcp_socket_error(int error);

#endif
