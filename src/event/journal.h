/* SPDX-License-Identifier: Apache-2.0 */
/* systemd's journal, in its own datagram protocol: fields, not just text. */
#ifndef EVENT_JOURNAL_H
#define EVENT_JOURNAL_H

#include "base/bytes.h"

/* A socket for journal_send; -1: there is no journal there. */
int journal_open(const char *path);
/* Never waits; what does not fit or finds nobody is dropped, since the file has it. message is
 * text for people, json the event's line. */
void journal_send(int fd, const char *program, bool failure, unsigned id, struct bytes message,
                  struct bytes json);

#endif
