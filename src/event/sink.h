/* SPDX-License-Identifier: Apache-2.0 */
/* Where events go: the file, the journal, syslog. Each has its own troubles. */
#ifndef EVENT_SINK_H
#define EVENT_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "event/file.h"
#include "event/line.h"
#include "event/syslog.h"

struct event_sink {
    const char *what; /* "file" */
    const char *path; /* borrowed; NULL: not in use */
    bool (*put)(struct event_sink *, const struct event_line *);
    struct event_file file;
    int fd;
    struct syslog_head head; /* the names are borrowed */
    int error;               /* errno, after put has failed */
    uint64_t lost;           /* not taken, and not told yet */
    int64_t since, until;    /* the first and the last of them; seconds since 1970 */
};

/* false: error says why. A path of NULL or "" leaves it out of use. */
bool event_sink_open_file(struct event_sink *, const char *path);
bool event_sink_open_journal(struct event_sink *, const char *path, const struct syslog_head *);
bool event_sink_open_syslog(struct event_sink *, const char *path, const struct syslog_head *);
/* Zeroed memory is good for it as well. */
void event_sink_close(struct event_sink *);

#endif
