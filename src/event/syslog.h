/* SPDX-License-Identifier: Apache-2.0 */
/* syslog: one datagram an event, in the form of RFC 5424. */
#ifndef EVENT_SYSLOG_H
#define EVENT_SYSLOG_H

#include "event/line.h"

struct syslog_head {
    unsigned facility; /* 10: authpriv */
    const char *computer, *program;
};

/* Never waits. false: errno says why it was not taken. */
bool syslog_send(int fd, const char *path, const struct syslog_head *head,
                 const struct event_line *line);

#endif
