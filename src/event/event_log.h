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

/* What events say to people, by their ids. */
struct event_text {
    enum event_id id;
    const char *what;
};
/* "": it is not among the n. */
const char *event_text_of(const struct event_text *texts, size_t n, enum event_id id);

/* Writes one event: the head that all have, then what describe adds. */
void event_log_write(struct event_log *log, const struct event_entry *entry);
/* The number of one more logon. */
uint64_t event_log_next_logon(struct event_log *log);
const char *event_log_computer(const struct event_log *log);

/* SubjectUserSid and what goes with it, of who asked for what happened. */
struct event_subject {
    const char *sid, *user, *domain;
    uint64_t logon;
};
void event_record_subject(struct event_record *record, const struct event_subject *subject);
/* Nobody, as with every logon over the network; the system itself. */
extern const struct event_subject event_subject_nobody, event_subject_system;

#endif
