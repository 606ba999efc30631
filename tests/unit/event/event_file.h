/* SPDX-License-Identifier: Apache-2.0 */
/* An event log over a file of its own, for the tests of what is written to it. */
#ifndef TESTS_UNIT_EVENT_EVENT_FILE_H
#define TESTS_UNIT_EVENT_EVENT_FILE_H

#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "event/event.h"

static char path[] = "/tmp/test_event.XXXXXX";
static struct log quiet = { .fd = -1, .most = LOG_LEVEL_ERROR, .program = "test" };

static inline int
make_file(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    return fd < 0 || close(fd) != 0 ? -1 : 0;
}

static inline int
empty_file(void **state)
{
    (void)state;
    return truncate(path, 0);
}

static inline int
remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

/* per_second 0: what holds by itself. */
static inline struct event_log *
open_log(unsigned per_second)
{
    const struct event_settings settings = {
        .file = path, .program = "sspid", .refusals_per_second = per_second, .log = &quiet
    };
    struct event_log *log = event_log_open(&settings);

    assert_non_null(log);
    return log;
}

/* text NULL: there is no such field. */
static inline void
assert_text(const json_t *event, const char *name, const char *text)
{
    const json_t *value = json_object_get(event, name);

    if (!text) {
        assert_null(value);
        return;
    }
    assert_true(json_is_string(value));
    assert_string_equal(json_string_value(value), text);
}

#endif
