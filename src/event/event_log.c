/* SPDX-License-Identifier: Apache-2.0 */
/* The security event log: what is written, and what is counted instead. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/flood.h"
#include "base/mem.h"
#include "base/text.h"
#include "event/event_log.h"
#include "event/writer.h"

enum {
    LINE_BYTES = 4096, /* most lines; a longer one goes to the heap */
    MESSAGE_BYTES = 1024,
    COMPUTER_BYTES = 256,
    OF_ALL = 10, /* so many times what one source may say is said of all of them */
};

struct event_log {
    const struct log *log;
    char *path, *journal, *syslog, *program;
    char computer[COMPUTER_BYTES];
    struct event_writer *writer;
    atomic_uint_fast64_t records; /* made by this process */
    atomic_uint_fast64_t logons;  /* the number of the last one */

    pthread_mutex_t lock; /* of what follows */
    struct flood flood, flood_of_all;
    uint64_t suppressed;
};

/* --- opening ------------------------------------------------------------------------------- */

static bool
copy_text(char **to, const char *text)
{
    if (text && *text) {
        *to = mem_dup(text, strlen(text));
        return *to != NULL;
    }
    return true;
}

static struct event_line *compose(struct event_log *log, const struct event_entry *entry);

static bool
open_sinks(struct event_log *log, unsigned facility)
{
    const struct syslog_head head = { facility, log->computer, log->program };
    struct event_sink sinks[EVENT_SINKS];
    bool file = event_sink_open_file(&sinks[0], log->path),
         journal = event_sink_open_journal(&sinks[1], log->journal, &head),
         syslog = event_sink_open_syslog(&sinks[2], log->syslog, &head);

    for (size_t i = 0; i < EVENT_SINKS; i++) {
        if (sinks[i].error) {
            log_error(log->log,
                      i == 0 ? "the event file cannot be opened" : "events cannot be written",
                      log_text(sinks[i].what, sinks[i].path),
                      log_text("error", strerror(sinks[i].error)));
        }
    }
    if (!file || !journal || !syslog) {
        for (size_t i = 0; i < EVENT_SINKS; i++) {
            event_sink_close(&sinks[i]);
        }
        return false;
    }
    log->writer = event_writer_open(sinks, log->log, log, compose);
    return log->writer != NULL;
}

static void
log_free(struct event_log *log)
{
    (void)pthread_mutex_destroy(&log->lock);
    mem_free(log->path);
    mem_free(log->journal);
    mem_free(log->syslog);
    mem_free(log->program);
    mem_free(log);
}

/* Milliseconds since the host's start, below the process: a later process of the same number begins
 * past what an earlier one gave out. */
static uint64_t
first_logon(void)
{
    struct timespec up = { 0 };

    (void)clock_gettime(CLOCK_BOOTTIME, &up);
    return (uint64_t)getpid() << 40 | ((uint64_t)up.tv_sec * 1000 + (uint64_t)up.tv_nsec / 1000000);
}

struct event_log *
event_log_open(const struct event_settings *settings)
{
    struct event_log *log = mem_new(sizeof(*log));
    const char *journal = settings->journal;

    if (!log) {
        return NULL;
    }
    log->log = settings->log;
    atomic_init(&log->logons, first_logon());
    log->flood.limit = settings->refusals_per_second;
    log->flood_of_all.limit = settings->refusals_per_second * OF_ALL;
    (void)pthread_mutex_init(&log->lock, NULL);
    if (gethostname(log->computer, sizeof(log->computer) - 1) != 0) {
        log->computer[0] = 0;
    }
    if (!copy_text(&log->program, settings->program) || !copy_text(&log->path, settings->file) ||
        !copy_text(&log->journal, journal && access(journal, F_OK) == 0 ? journal : NULL) ||
        !copy_text(&log->syslog, settings->syslog) || !open_sinks(log, settings->facility)) {
        log_free(log);
        return NULL;
    }
    return log;
}

/* --- writing ------------------------------------------------------------------------------- */

static struct event_line *
line_of(const struct event_entry *entry, struct bytes json)
{
    uint8_t text[MESSAGE_BYTES];
    struct wire_writer w = wire_writer_fixed(text, sizeof(text));
    struct event_line *line;

    text_put_escaped(&w, bytes_of_string(entry->message));
    line = mem_new(sizeof(*line) + json.n + w.len);
    if (line) {
        bytes_copy(line->text, json.p, json.n);
        bytes_copy(line->text + json.n, text, w.len);
        line->id = entry->id;
        line->failure = entry->failure;
        line->json = bytes_of(line->text, json.n);
        line->message = bytes_of(line->text + json.n, w.len);
    }
    return line;
}

/* NULL: no memory. */
static struct event_line *
compose(struct event_log *log, const struct event_entry *entry)
{
    uint8_t room[LINE_BYTES];
    SEC_AUTO(wire_writer) w = wire_writer_growing(room, sizeof(room));
    SEC_AUTO(event_record) record = event_record_new();

    event_record_now(&record, "TimeCreated");
    event_record_number(&record, "EventID", entry->id);
    event_record_number(&record, "EventRecordID", atomic_fetch_add(&log->records, 1) + 1);
    event_record_field(&record, "Computer", log->computer);
    event_record_text(&record, "Provider", log->program);
    event_record_number(&record, "ProcessID", (uint64_t)getpid());
    event_record_text(&record, "Channel", "Security");
    event_record_text(&record, "Keywords", entry->failure ? "Audit Failure" : "Audit Success");
    entry->describe(&record, entry->user);
    return event_record_put(&record, &w) ? line_of(entry, wire_written(&w)) : NULL;
}

/* --- floods -------------------------------------------------------------------------------- */

/* Never set back. */
static int64_t
now_second(void)
{
    struct timespec now = { 0 };

    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec;
}

/* Whose flood it is: an IPv6 client has all of its network to speak from. */
static void
source_of(const char *address, char source[static FLOOD_SOURCE_BYTES])
{
    struct in6_addr v6;

    (void)snprintf(source, FLOOD_SOURCE_BYTES, "%s", address ? address : "");
    if (address && inet_pton(AF_INET6, address, &v6) == 1 && !IN6_IS_ADDR_V4MAPPED(&v6)) {
        char network[INET6_ADDRSTRLEN];

        for (size_t i = 8; i < sizeof(v6.s6_addr); i++) {
            v6.s6_addr[i] = 0;
        }
        (void)inet_ntop(AF_INET6, &v6, network, sizeof(network));
        (void)snprintf(source, FLOOD_SOURCE_BYTES, "%s/64", network);
    }
}

struct flood_end {
    struct flood_slot slot;
    int64_t since, until; /* seconds since 1970 */
};

static void
describe_flood(struct event_record *record, const void *user)
{
    const struct flood_end *end = user;

    event_record_number(record, "EventsDropped", end->slot.suppressed);
    event_record_number(record, "DroppedEventID", end->slot.kind);
    event_record_text(record, "IpAddress", end->slot.source);
    event_record_text(record, "Reason",
                      end->slot.source[0] ? "more refusals of one address than are written"
                                          : "more refusals than are written");
    event_record_time(record, "from", end->since);
    event_record_time(record, "to", end->until);
}

static void
tell_flood(struct event_log *log, const struct flood_slot *ended)
{
    char message[128];
    struct flood_end end = { .slot = *ended };
    const struct event_entry entry = { .id = EVENT_DROPPED,
                                       .failure = true,
                                       .message = message,
                                       .describe = describe_flood,
                                       .user = &end };
    int64_t set_off = time(NULL) - now_second();

    if (ended->suppressed) {
        end.since = ended->first + set_off;
        end.until = ended->last + set_off;
        (void)snprintf(message, sizeof(message),
                       "%" PRIu64 " events %" PRIu64 " not written: flood", ended->suppressed,
                       ended->kind);
        event_writer_put(log->writer, compose(log, &entry));
    }
}

/* Whether it is to be written; ended: the floods that are over with it. */
static bool
pass(struct event_log *log, const struct event_entry *entry, struct flood_slot ended[static 2])
{
    char source[FLOOD_SOURCE_BYTES];
    int64_t second = now_second();
    bool passed;

    if (!entry->failure) {
        return true;
    }
    source_of(entry->address, source);
    (void)pthread_mutex_lock(&log->lock);
    passed = flood_pass(&log->flood, entry->id, source, second, &ended[0]) &&
             flood_pass(&log->flood_of_all, entry->id, "", second, &ended[1]);
    log->suppressed += !passed;
    (void)pthread_mutex_unlock(&log->lock);
    return passed;
}

void
event_log_write(struct event_log *log, const struct event_entry *entry)
{
    struct flood_slot ended[2] = { { .suppressed = 0 }, { .suppressed = 0 } };
    bool passed;

    if (!log) {
        return;
    }
    passed = pass(log, entry, ended);
    tell_flood(log, &ended[0]);
    tell_flood(log, &ended[1]);
    if (passed) {
        event_writer_put(log->writer, compose(log, entry));
    }
}

static void
tell_floods_before(struct event_log *log, struct flood *flood, int64_t second)
{
    struct flood_slot ended;
    size_t cursor = 0;
    bool more;

    do {
        (void)pthread_mutex_lock(&log->lock);
        more = flood_next_ended(flood, second, &cursor, &ended);
        (void)pthread_mutex_unlock(&log->lock);
        if (more) {
            tell_flood(log, &ended);
        }
    } while (more);
}

void
event_log_tick(struct event_log *log)
{
    if (log) {
        log_tick(log->log);
        tell_floods_before(log, &log->flood, now_second());
        tell_floods_before(log, &log->flood_of_all, now_second());
    }
}

uint64_t
event_log_next_logon(struct event_log *log)
{
    return atomic_fetch_add(&log->logons, 1) + 1;
}

const char *
event_log_computer(const struct event_log *log)
{
    return log->computer;
}

/* --- the rest ------------------------------------------------------------------------------ */

void
event_log_reopen(struct event_log *log)
{
    if (log) {
        event_writer_reopen(log->writer);
    }
}

bool
event_log_flush(struct event_log *log)
{
    return !log || event_writer_flush(log->writer);
}

struct event_counts
event_log_counts(struct event_log *log)
{
    struct event_writer_counts counts = event_writer_counts(log->writer);
    struct event_counts result = { .written = counts.written, .lost = counts.lost };

    (void)pthread_mutex_lock(&log->lock);
    result.suppressed = log->suppressed;
    (void)pthread_mutex_unlock(&log->lock);
    return result;
}

void
event_log_close(struct event_log *log)
{
    if (!log) {
        return;
    }
    tell_floods_before(log, &log->flood, INT64_MAX);
    tell_floods_before(log, &log->flood_of_all, INT64_MAX);
    if (event_writer_close(log->writer)) { /* else its thread may still need what is here */
        log_free(log);
    }
}

const char *
event_text_of(const struct event_text *texts, size_t n, enum event_id id)
{
    for (size_t i = 0; i < n; i++) {
        if (texts[i].id == id) {
            return texts[i].what;
        }
    }
    return "";
}
