/* SPDX-License-Identifier: Apache-2.0 */
/* What every daemon's process begins with. */
#ifndef DAEMON_PROCESS_H
#define DAEMON_PROCESS_H

#include "base/log.h"
#include "event/event.h"

/* Exit statuses. */
enum { PROCESS_DONE = 0, PROCESS_FAILED = 1, PROCESS_USAGE = 2 };

/* A daemon's log, in which a peer's repetitions are counted; that is borrowed for the log's life. */
struct log process_log(const char *program, bool verbose, struct log_counted *counted);
/* Before any thread: broken pipes are errors of writes, as many descriptors as may be had, JSON's
 * memory from base/mem.h. */
void process_prepare(void);

/* That the program began, and that it ends. NULL is a no-op. */
void process_tell_started(struct event_log *);
void process_tell_stopped(struct event_log *);
/* What came of SIGHUP: to the events, the log and systemd. */
void process_tell_reloaded(struct event_log *, const struct log *, const char *config_file);
void process_refuse_reload(struct event_log *, const struct log *, const char *why);

#endif
