/* SPDX-License-Identifier: Apache-2.0 */
/* What every daemon's process begins with. */
#ifndef DAEMON_PROCESS_H
#define DAEMON_PROCESS_H

#include "base/attributes.h"
#include "base/log.h"
#include "daemon/events_section.h"
#include "event/event.h"

/* Exit statuses. */
enum { PROCESS_DONE = 0, PROCESS_FAILED = 1, PROCESS_USAGE = 2 };

/* A daemon's log, in which a peer's repetitions are counted; that is borrowed for the log's life. */
struct log process_log(const char *program, bool verbose, struct log_counted *counted);
/* Before any thread: broken pipes are errors of writes, as many descriptors as may be had, JSON's
 * memory from base/mem.h. */
void process_prepare(void);

/* The event log of [events], which tells that the program began; NULL: the log says why. */
SEC_NODISCARD struct event_log *process_open_events(const struct events_section *,
                                                    const struct log *);
/* The same, where it is open already. */
void process_tell_started(struct event_log *events);
/* What came of SIGHUP: to the events, the log and systemd. */
void process_tell_reloaded(struct event_log *, const struct log *, const char *config_file);
void process_refuse_reload(struct event_log *, const struct log *, const char *why);
/* Tells that it ends. NULL is a no-op. */
void process_close_events(struct event_log *events);

#endif
