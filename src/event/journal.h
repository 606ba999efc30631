/* SPDX-License-Identifier: Apache-2.0 */
/* systemd's journal, in its own datagram protocol: fields, not just text. */
#ifndef EVENT_JOURNAL_H
#define EVENT_JOURNAL_H

#include "event/line.h"

/* Never waits. false: errno says why it was not taken. */
bool journal_send(int fd, const char *path, const char *program, const struct event_line *line);

#endif
