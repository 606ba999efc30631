/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the event log, for the files of this folder that describe events. */
#ifndef EVENT_EVENT_LOG_H
#define EVENT_EVENT_LOG_H

#include "event/event.h"
#include "event/record.h"

struct event_entry {
    enum event_id id;
    bool failure;        /* "Audit Failure"; only these can be a flood */
    const char *address; /* of the peer; whose flood it is */
    const char *message; /* for people, in the journal; may hold what a peer chose */
    void (*describe)(struct event_record *record, const void *user);
    const void *user;
};

/* Writes one event: the head that all have, then what describe adds. */
void event_log_write(struct event_log *log, const struct event_entry *entry);

#endif
