/* SPDX-License-Identifier: Apache-2.0 */
/* A daemon's log. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

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

void
log_write(const struct log *log, enum log_level level, const char *message,
          const struct log_field *fields, size_t n)
{
    uint8_t line[LINE_BYTES];
    struct wire_writer w = wire_writer_fixed(line, sizeof(line) - 1);

    if (level > log->most) {
        return;
    }
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
