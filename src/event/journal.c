/* SPDX-License-Identifier: Apache-2.0 */
/* systemd's journal. Each field is "NAME=value\n" (systemd, JOURNAL_NATIVE_PROTOCOL); values here
 * hold no newline, since their text was escaped. */
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/wire.h"
#include "event/journal.h"

int
journal_open(const char *path)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    int fd;

    if (!path || strlen(path) >= sizeof(to.sun_path)) {
        return -1;
    }
    bytes_copy(to.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

void
journal_send(int fd, const char *program, bool failure, unsigned id, struct bytes message,
             struct bytes json)
{
    uint8_t text[16384];
    struct wire_writer w = wire_writer_fixed(text, sizeof(text));
    char head[160];

    /* 10 is authpriv; 4 a warning, 6 information */
    (void)snprintf(head, sizeof(head),
                   "SYSLOG_IDENTIFIER=%s\nSYSLOG_FACILITY=10\nPRIORITY=%d\nEVENT_ID=%u\nMESSAGE=",
                   program, failure ? 4 : 6, id);
    wire_put_bytes(&w, bytes_of_string(head));
    wire_put_bytes(&w, message);
    wire_put_bytes(&w, bytes_of_string("\nOPENSSPI_EVENT="));
    wire_put_bytes(&w, json);
    if (wire_writer_status(&w) == WIRE_OK) {
        (void)send(fd, text, w.len, MSG_NOSIGNAL);
    }
}
