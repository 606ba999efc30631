/* SPDX-License-Identifier: Apache-2.0 */
/* A daemon's log. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/wire.h"

enum {
    LINE_BYTES = 4096, /* PIPE_BUF: lines of several threads do not mix in a pipe either */
    VALUE_BYTES = 512,
};

struct log
log_on_stderr(const char *program, enum log_level most)
{
    return (struct log){ .fd = STDERR_FILENO,
                         .most = most,
                         .to_journal = secure_getenv("JOURNAL_STREAM") != NULL,
                         .program = program };
}

struct log_field
log_text(const char *name, const char *text)
{
    return (struct log_field){ name, LOG_KIND_TEXT, bytes_of_string(text), 0 };
}

struct log_field
log_bytes(const char *name, struct bytes text)
{
    return (struct log_field){ name, LOG_KIND_TEXT, text, 0 };
}

struct log_field
log_number(const char *name, int64_t number)
{
    return (struct log_field){ name, LOG_KIND_NUMBER, { NULL, 0 }, number };
}

struct log_field
log_status(const char *name, sec_status status)
{
    return (struct log_field){ name, LOG_KIND_STATUS, { NULL, 0 }, status };
}

static void
put_text(struct wire_writer *w, const char *text)
{
    wire_put_bytes(w, bytes_of_string(text));
}

static bool
needs_quotes(struct bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];

        if (c <= ' ' || c >= 0x7F || c == '"' || c == '\\' || c == '=') {
            return true;
        }
    }
    return text.n == 0;
}

static void
put_value(struct wire_writer *w, const struct log_field *field)
{
    char number[24];

    switch (field->kind) {
    case LOG_KIND_NUMBER:
        (void)snprintf(number, sizeof(number), "%lld", (long long)field->number);
        put_text(w, number);
        break;
    case LOG_KIND_STATUS: put_text(w, sec_status_name((sec_status)field->number)); break;
    case LOG_KIND_TEXT:
        if (!needs_quotes(field->text)) {
            wire_put_bytes(w, text_cut(field->text, VALUE_BYTES));
            break;
        }
        put_text(w, "\"");
        text_put_escaped(w, text_cut(field->text, VALUE_BYTES));
        put_text(w, "\"");
        break;
    }
}

static void
put_head(struct wire_writer *w, const struct log *log, enum log_level level)
{
    static const char *const words[] = {
        [LOG_LEVEL_ERROR] = "error: ",
        [LOG_LEVEL_WARNING] = "warning: ",
        [LOG_LEVEL_INFO] = "",
        [LOG_LEVEL_DEBUG] = "debug: ",
    };
    char head[128];
    struct timespec now = { 0 };
    struct tm tm = { 0 };

    if (log->to_journal) {
        (void)snprintf(head, sizeof(head), "<%d>", (int)level);
        put_text(w, head);
        return;
    }
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &tm);
    (void)snprintf(head, sizeof(head), "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ %s[%d]: %s",
                   tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                   now.tv_nsec / 1000000, log->program, (int)getpid(), words[level]);
    put_text(w, head);
}

static void
write_line(const struct log *log, enum log_level level, const char *message,
           const struct log_field *fields, size_t n)
{
    uint8_t line[LINE_BYTES];
    struct wire_writer w = wire_writer_fixed(line, sizeof(line) - 1);

    put_head(&w, log, level);
    text_put_escaped(&w, bytes_of_string(message));
    for (size_t i = 0; i < n; i++) {
        put_text(&w, " ");
        put_text(&w, fields[i].name);
        put_text(&w, "=");
        put_value(&w, &fields[i]);
    }
    line[w.len] = '\n'; /* a full buffer is a line as well */
    (void)!write(log->fd, line, w.len + 1);
}

/* --- what repeats -------------------------------------------------------------------------- */

static void
tell_counted(const struct log *log, const struct flood_slot *ended)
{
    if (ended->suppressed) {
        write_line(log, LOG_LEVEL_WARNING, "lines were counted instead of written",
                   LOG_FIELDS(log_text("address", ended->source),
                              log_number("lines", (int64_t)ended->suppressed),
                              log_number("seconds", ended->last - ended->first + 1)));
    }
}

/* By its bytes: two messages of the same text are one. */
static uint64_t
kind_of(const char *message)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

    for (; *message; message++) {
        hash = (hash ^ (uint8_t)*message) * UINT64_C(0x100000001b3);
    }
    return hash;
}

/* Whether a line is to be written; one without an address is no peer's. */
static bool
pass(const struct log *log, const char *message, const struct log_field *fields, size_t n)
{
    struct flood_slot ended = { .suppressed = 0 };
    char source[FLOOD_SOURCE_BYTES];
    bool passed;

    for (size_t i = 0; i < n; i++) {
        if (fields[i].kind == LOG_KIND_TEXT && strcmp(fields[i].name, "address") == 0) {
            (void)snprintf(
                source, sizeof(source), "%.*s",
                (int)(fields[i].text.n < sizeof(source) ? fields[i].text.n : sizeof(source)),
                (const char *)fields[i].text.p);
            (void)pthread_mutex_lock(&log->counted->lock);
            passed = flood_pass(&log->counted->flood, kind_of(message), source,
                                (int64_t)(clock_monotonic_ms() / 1000), &ended);
            (void)pthread_mutex_unlock(&log->counted->lock);
            tell_counted(log, &ended);
            return passed;
        }
    }
    return true;
}

void
log_write(const struct log *log, enum log_level level, const char *message,
          const struct log_field *fields, size_t n)
{
    if (level <= log->most && (!log->counted || pass(log, message, fields, n))) {
        write_line(log, level, message, fields, n);
    }
}

void
log_tick(const struct log *log)
{
    struct flood_slot ended;
    size_t cursor = 0;
    bool more = log && log->counted;

    while (more) {
        (void)pthread_mutex_lock(&log->counted->lock);
        more = flood_next_ended(&log->counted->flood, (int64_t)(clock_monotonic_ms() / 1000),
                                &cursor, &ended);
        (void)pthread_mutex_unlock(&log->counted->lock);
        if (more) {
            tell_counted(log, &ended);
        }
    }
}
