/* SPDX-License-Identifier: Apache-2.0 */
/* One thread that carries events to their sinks, so that a disk that is slow, full or gone never
 * holds up a logon: what does not fit its queue, or finds no room, is counted. */
#ifndef EVENT_WRITER_H
#define EVENT_WRITER_H

#include "event/event_log.h"
#include "event/sink.h"

enum { EVENT_SINKS = 3 };

/* Makes the line of an event of the writer's own; NULL: no memory. */
typedef struct event_line *(*event_compose)(struct event_log *log, const struct event_entry *entry);

struct event_writer;

/* Takes over the sinks, which are closed where NULL is answered: no memory, or no thread. */
struct event_writer *event_writer_open(const struct event_sink sinks[static EVENT_SINKS],
                                       const struct log *log, struct event_log *events,
                                       event_compose compose);
/* The line is given; NULL is one that could not be made. */
void event_writer_put(struct event_writer *writer, struct event_line *line);
void event_writer_reopen(struct event_writer *writer);
/* Waits until all that was put has been written or counted, but not for a sink that hangs. */
bool event_writer_flush(struct event_writer *writer);
/* The same, and the end; answers false, and lives on, where a sink hangs. */
SEC_NODISCARD bool event_writer_close(struct event_writer *writer);

struct event_writer_counts {
    uint64_t written; /* events that reached all their sinks */
    uint64_t lost;    /* that some sink does not have */
};
struct event_writer_counts event_writer_counts(struct event_writer *writer);

#endif
