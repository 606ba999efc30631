/* SPDX-License-Identifier: Apache-2.0 */
/* A daemon's log: one line an entry on standard error, typed fields, nothing in it that could act
 * on a terminal. There is no field for a secret. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/flood.h"
#include "base/status.h"

/* syslog's numbers. */
enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7
};

/* Safe from any thread once set up: a line is one write. */
struct log {
    int fd;
    enum log_level most;
    bool to_journal; /* "<6>" before the text, and no time: the journal has its own */
    const char *program;
    struct log_counted *counted; /* of what repeats; NULL: all is written */
};

/* On standard error, of this level and what is graver. */
struct log log_on_stderr(const char *program, enum log_level most);

/* Lines that a peer can cause, which are those with a field "address": of one message and one
 * address a hundred a second are written, and then a hundred a minute; the others are counted. */
struct log_counted {
    pthread_mutex_t lock;
    struct flood flood;
};
#define LOG_COUNTED                 \
    {                               \
        PTHREAD_MUTEX_INITIALIZER,  \
        {                           \
            .limit = LOG_OF_ADDRESS \
        }                           \
    }
enum { LOG_OF_ADDRESS = 100 };
/* Tells of what was counted; call it about once a second. NULL is a no-op. */
void log_tick(const struct log *log);

enum log_kind { LOG_KIND_TEXT, LOG_KIND_NUMBER, LOG_KIND_STATUS };

struct log_field {
    const char *name;
    enum log_kind kind;
    struct bytes text;
    int64_t number;
};

/* Borrowed for the call of log_write. NULL is an empty text. */
struct log_field log_text(const char *name, const char *text);
struct log_field log_bytes(const char *name, struct bytes text);
struct log_field log_number(const char *name, int64_t number);
/* By its name, "SEC_E_LOGON_DENIED". */
struct log_field log_status(const char *name, sec_status status);

/* "MESSAGE name=value name="a value" …". A long line is cut. */
void log_write(const struct log *log, enum log_level level, const char *message,
               const struct log_field *fields, size_t n);

#define LOG_FIELDS(...)                        \
    (const struct log_field[]){ __VA_ARGS__ }, \
        sizeof((const struct log_field[]){ __VA_ARGS__ }) / sizeof(struct log_field)
#define log_error(log, message, ...) \
    log_write(log, LOG_LEVEL_ERROR, message, LOG_FIELDS(__VA_ARGS__))
#define log_warning(log, message, ...) \
    log_write(log, LOG_LEVEL_WARNING, message, LOG_FIELDS(__VA_ARGS__))
#define log_info(log, message, ...) log_write(log, LOG_LEVEL_INFO, message, LOG_FIELDS(__VA_ARGS__))
#define log_debug(log, message, ...) \
    log_write(log, LOG_LEVEL_DEBUG, message, LOG_FIELDS(__VA_ARGS__))

#endif
