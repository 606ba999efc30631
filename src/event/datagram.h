/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams to a local socket, by its path each time: whoever listens there may be begun anew. */
#ifndef EVENT_DATAGRAM_H
#define EVENT_DATAGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

/* All answer with errno where they fail; none waits. */
int datagram_open(void);
bool datagram_address(const char *path, struct sockaddr_un *to);
bool datagram_send(int fd, const struct sockaddr_un *to, struct iovec *parts, size_t n);

#endif
