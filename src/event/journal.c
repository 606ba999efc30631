/* SPDX-License-Identifier: Apache-2.0 */
/* systemd's journal. Each field is "NAME=value\n" (systemd, JOURNAL_NATIVE_PROTOCOL); values here
 * hold no newline, since their text was escaped. What is too long for a datagram goes as a sealed
 * memory file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "event/datagram.h"
#include "event/journal.h"

enum { PARTS = 4, SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL };

static int
sealed_copy(const struct iovec *parts, size_t total)
{
    int fd = memfd_create("journal", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd >= 0 &&
        (writev(fd, parts, PARTS) != (ssize_t)total || fcntl(fd, F_ADD_SEALS, SEALS) != 0)) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

static bool
send_file(int fd, const struct sockaddr_un *to, int file)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct msghdr message = { .msg_name = (void *)to,
                              .msg_namelen = sizeof(*to),
                              .msg_control = &control,
                              .msg_controllen = sizeof(control.room) };
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(file));
    bytes_copy(CMSG_DATA(c), &file, sizeof(file));
    return sendmsg(fd, &message, MSG_NOSIGNAL) >= 0;
}

static bool
send_large(int fd, const struct sockaddr_un *to, const struct iovec *parts, size_t total)
{
    int file = sealed_copy(parts, total), error;
    bool sent;

    if (file < 0) {
        return false;
    }
    sent = send_file(fd, to, file);
    error = errno;
    (void)close(file);
    errno = error;
    return sent;
}

bool
journal_send(int fd, const char *path, const char *program, const struct event_line *line)
{
    char head[160];
    /* 10 is authpriv; 4 a warning, 6 information */
    int n = snprintf(
        head, sizeof(head),
        "SYSLOG_IDENTIFIER=%.32s\nSYSLOG_FACILITY=10\nPRIORITY=%d\nEVENT_ID=%u\nMESSAGE=", program,
        line->failure ? 4 : 6, line->id);
    char json[] = "\nOPENSSPI_EVENT=";
    struct iovec parts[PARTS] = { { head, (size_t)n },
                                  { (void *)line->message.p, line->message.n },
                                  { json, sizeof(json) - 1 },
                                  { (void *)line->json.p, line->json.n } };
    size_t total = parts[0].iov_len + parts[1].iov_len + parts[2].iov_len + parts[3].iov_len;
    struct sockaddr_un to;

    if (!datagram_address(path, &to)) {
        return false;
    }
    if (datagram_send(fd, &to, parts, PARTS)) {
        return true;
    }
    return (errno == EMSGSIZE || errno == ENOBUFS) && send_large(fd, &to, parts, total);
}
