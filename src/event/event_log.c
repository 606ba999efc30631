/* SPDX-License-Identifier: Apache-2.0 */
/* The security event log: where lines go, what is counted instead. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "event/event_log.h"
#include "event/file.h"
#include "event/flood.h"
#include "event/journal.h"

enum { LINE_BYTES = 4096 }; /* most lines; a longer one goes to the heap */

struct event_log {
    pthread_mutex_t lock;
    const struct log *log;
    char *path, *program;
    struct event_file file;
    int journal;
    struct flood flood;
    uint64_t records; /* written by this process */
    uint64_t lost;    /* could not be written, and not told yet */
    char computer[256];
};

struct event_log *
event_log_open(const struct event_settings *settings)
{
    struct event_log *log = mem_new(sizeof(*log));

    if (!log) {
        return NULL;
    }
    log->log = settings->log;
    log->journal = -1;
    log->file.fd = -1;
    log->flood.per_second = settings->refusals_per_second;
    log->program = mem_dup(settings->program, strlen(settings->program));
    (void)pthread_mutex_init(&log->lock, NULL);
    if (settings->file && *settings->file) {
        log->path = mem_dup(settings->file, strlen(settings->file));
    }
    if (!log->program || (settings->file && *settings->file && !log->path)) {
        event_log_close(log);
        return NULL;
    }
    if (gethostname(log->computer, sizeof(log->computer) - 1) != 0) {
        log->computer[0] = 0;
    }
    if (log->path && !event_file_open(&log->file, log->path)) {
        log_error(log->log, "the event file cannot be opened", log_text("file", log->path),
                  log_text("error", strerror(log->file.error)));
        event_log_close(log);
        return NULL;
    }
    log->journal = journal_open(settings->journal);
    return log;
}

static int64_t
now_second(void)
{
    struct timespec now = { 0 };

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

/* "2026-01-31T12:00:00.123456Z" */
static void
put_time(struct event_record *record)
{
    struct timespec now = { 0 };
    struct tm tm = { 0 };
    char text[64];

    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &tm);
    (void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ", tm.tm_year + 1900,
                   tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, now.tv_nsec / 1000);
    event_record_text(record, "TimeCreated", text);
}

static void
send_to_journal(struct event_log *log, const struct event_entry *entry, struct bytes line)
{
    uint8_t text[1024];
    struct wire_writer w = wire_writer_fixed(text, sizeof(text));

    text_put_escaped(&w, bytes_of_string(entry->message));
    journal_send(log->journal, log->program, entry->failure, entry->id, bytes_of(text, w.len),
                 bytes_of(line.p, line.n - 1));
}

static bool
append(struct event_log *log, struct bytes line)
{
    int before = log->file.error;

    if (!log->path || event_file_append(&log->file, line, now_second())) {
        return true;
    }
    if (!before) {
        log_error(log->log, "events cannot be written; they are counted until they can",
                  log_text("file", log->path), log_text("error", strerror(log->file.error)));
    }
    return false;
}

/* With the lock held. false: the line is lost. */
static bool
write_entry(struct event_log *log, const struct event_entry *entry)
{
    uint8_t room[LINE_BYTES];
    SEC_AUTO(wire_writer) w = wire_writer_growing(room, sizeof(room));
    SEC_AUTO(event_record) record = event_record_new();

    put_time(&record);
    event_record_number(&record, "EventID", entry->id);
    event_record_number(&record, "EventRecordID", log->records + 1);
    event_record_field(&record, "Computer", log->computer);
    event_record_text(&record, "Provider", log->program);
    event_record_number(&record, "ProcessID", (uint64_t)getpid());
    event_record_text(&record, "Channel", "Security");
    event_record_text(&record, "Keywords", entry->failure ? "Audit Failure" : "Audit Success");
    entry->describe(&record, entry->user);
    if (!event_record_put(&record, &w) || !append(log, wire_written(&w))) {
        return false;
    }
    log->records++;
    if (log->journal >= 0) {
        send_to_journal(log, entry, wire_written(&w));
    }
    return true;
}

struct dropped {
    uint64_t count;
    unsigned id;         /* 0: of any */
    const char *address; /* NULL: of any */
    const char *reason;
};

static void
describe_dropped(struct event_record *record, const void *user)
{
    const struct dropped *dropped = user;

    event_record_number(record, "EventsDropped", dropped->count);
    if (dropped->id) {
        event_record_number(record, "DroppedEventID", dropped->id);
    }
    event_record_text(record, "IpAddress", dropped->address);
    event_record_text(record, "Reason", dropped->reason);
}

static bool
tell_dropped(struct event_log *log, const struct dropped *dropped)
{
    char message[128];
    const struct event_entry entry = { .id = EVENT_DROPPED,
                                       .failure = true,
                                       .message = message,
                                       .describe = describe_dropped,
                                       .user = dropped };

    (void)snprintf(message, sizeof(message), "%" PRIu64 " events not written: %s", dropped->count,
                   dropped->reason);
    return write_entry(log, &entry);
}

static void
tell_flood(struct event_log *log, const struct flood_slot *ended)
{
    const struct dropped dropped = { ended->suppressed, ended->id, ended->address,
                                     "more refusals a second of one address than are written" };

    if (ended->suppressed && !tell_dropped(log, &dropped)) {
        log->lost += ended->suppressed;
    }
}

/* Before the first line that follows lost ones. */
static void
tell_lost(struct event_log *log)
{
    const struct dropped dropped = { log->lost, 0, NULL, "the file could not be written" };

    if (log->lost && tell_dropped(log, &dropped)) {
        log_warning(log->log, "events can be written again", log_text("file", log->path),
                    log_number("lost", (int64_t)log->lost));
        log->lost = 0;
    }
}

void
event_log_write(struct event_log *log, const struct event_entry *entry)
{
    struct flood_slot ended;
    const char *address = entry->address ? entry->address : "";

    if (!log) {
        return;
    }
    (void)pthread_mutex_lock(&log->lock);
    if (!entry->failure || flood_pass(&log->flood, entry->id, address, now_second(), &ended)) {
        if (entry->failure) {
            tell_flood(log, &ended);
        }
        tell_lost(log);
        if (log->lost || !write_entry(log, entry)) {
            log->lost++;
        }
    }
    (void)pthread_mutex_unlock(&log->lock);
}

static void
tell_floods_before(struct event_log *log, int64_t second)
{
    struct flood_slot ended;
    size_t cursor = 0;

    while (flood_next_ended(&log->flood, second, &cursor, &ended)) {
        tell_flood(log, &ended);
    }
}

void
event_log_tick(struct event_log *log)
{
    if (log) {
        (void)pthread_mutex_lock(&log->lock);
        tell_floods_before(log, now_second());
        tell_lost(log);
        (void)pthread_mutex_unlock(&log->lock);
    }
}

void
event_log_reopen(struct event_log *log)
{
    if (log && log->path) {
        (void)pthread_mutex_lock(&log->lock);
        event_file_close(&log->file);
        log->file.path = log->path;
        (void)pthread_mutex_unlock(&log->lock);
    }
}

void
event_log_close(struct event_log *log)
{
    if (!log) {
        return;
    }
    tell_floods_before(log, INT64_MAX);
    tell_lost(log);
    event_file_close(&log->file);
    if (log->journal >= 0) {
        (void)close(log->journal);
    }
    (void)pthread_mutex_destroy(&log->lock);
    mem_free(log->path);
    mem_free(log->program);
    mem_free(log);
}
