/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams to a local socket. */
#include <errno.h>

#include "base/bytes.h"
#include "event/datagram.h"

int
datagram_open(void)
{
    return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

bool
datagram_address(const char *path, struct sockaddr_un *to)
{
    *to = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof(to->sun_path)) {
        errno = ENAMETOOLONG;
        return false;
    }
    bytes_copy(to->sun_path, path, strlen(path));
    return true;
}

bool
datagram_send(int fd, const struct sockaddr_un *to, struct iovec *parts, size_t n)
{
    const struct msghdr message = {
        .msg_name = (void *)to, .msg_namelen = sizeof(*to), .msg_iov = parts, .msg_iovlen = n
    };

    return sendmsg(fd, &message, MSG_NOSIGNAL) >= 0;
}
