/* SPDX-License-Identifier: Apache-2.0 */
/* Where events go. */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "event/datagram.h"
#include "event/journal.h"
#include "event/sink.h"

static bool
put_in_file(struct event_sink *sink, const struct event_line *line)
{
    struct timespec now = { 0 };
    bool written;

    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    written = event_file_append(&sink->file, line->json, now.tv_sec);
    sink->error = sink->file.error;
    return written;
}

static bool
put_in_journal(struct event_sink *sink, const struct event_line *line)
{
    bool sent = journal_send(sink->fd, sink->path, sink->head.program, line);

    sink->error = sent ? 0 : errno;
    return sent;
}

static bool
put_in_syslog(struct event_sink *sink, const struct event_line *line)
{
    bool sent = syslog_send(sink->fd, sink->path, &sink->head, line);

    sink->error = sent ? 0 : errno;
    return sent;
}

bool
event_sink_open_file(struct event_sink *sink, const char *path)
{
    *sink = (struct event_sink){ .what = "file", .put = put_in_file, .fd = -1, .file.fd = -1 };
    if (!path || !*path) {
        return true;
    }
    sink->path = path;
    if (!event_file_open(&sink->file, path)) {
        sink->error = sink->file.error;
        return false;
    }
    return true;
}

static bool
open_socket(struct event_sink *sink, const char *path, const struct syslog_head *head)
{
    if (!path || !*path) {
        return true;
    }
    sink->head = *head;
    sink->path = path;
    sink->fd = datagram_open();
    sink->error = sink->fd < 0 ? errno : 0;
    return sink->fd >= 0;
}

bool
event_sink_open_journal(struct event_sink *sink, const char *path, const struct syslog_head *head)
{
    *sink =
        (struct event_sink){ .what = "journal", .put = put_in_journal, .fd = -1, .file.fd = -1 };
    return open_socket(sink, path, head);
}

bool
event_sink_open_syslog(struct event_sink *sink, const char *path, const struct syslog_head *head)
{
    *sink = (struct event_sink){ .what = "syslog", .put = put_in_syslog, .fd = -1, .file.fd = -1 };
    return open_socket(sink, path, head);
}

void
event_sink_close(struct event_sink *sink)
{
    if (sink->put == put_in_file) {
        event_file_close(&sink->file);
    }
    if (sink->put && sink->fd >= 0) {
        (void)close(sink->fd);
    }
    *sink = (struct event_sink){ 0 };
}
