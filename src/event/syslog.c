/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 5424 6: "<PRI>1 TIME HOST PROGRAM PROCESS MSGID - MSG". The event's number is MSGID and its
 * JSON, whose own time TIME is, is MSG; structured data would need an enterprise's number. */
#include <stdio.h>
#include <unistd.h>

#include "base/attributes.h"
#include "event/datagram.h"
#include "event/syslog.h"

enum { SEVERITY_WARNING = 4, SEVERITY_INFORMATION = 6, TIME_BYTES = 27 };

/* Every event begins so. */
static const char time_key[] = "{\"TimeCreated\":\"";

/* 6: "-" is NILVALUE. */
static struct bytes
time_of(struct bytes json)
{
    size_t skip = sizeof(time_key) - 1;

    if (json.n < skip + TIME_BYTES || !bytes_starts_with(json, bytes_of_string(time_key))) {
        return bytes_of_string("-");
    }
    return bytes_of(json.p + skip, TIME_BYTES);
}

bool
syslog_send(int fd, const char *path, const struct syslog_head *head, const struct event_line *line)
{
    struct bytes when = time_of(line->json);
    char text[400];
    int n = snprintf(text, sizeof(text), "<%u>1 %.*s %.255s %.48s %d %u - ",
                     head->facility * 8 + (line->failure ? SEVERITY_WARNING : SEVERITY_INFORMATION),
                     (int)when.n, (const char *)when.p, *head->computer ? head->computer : "-",
                     head->program, (int)getpid(), line->id);
    struct iovec parts[] = { { text, (size_t)n },
                             { (void *)line->json.p, line->json.n - 1 } }; /* no newline */
    struct sockaddr_un to;

    return datagram_address(path, &to) && datagram_send(fd, &to, parts, SEC_ARRAY_LEN(parts));
}
