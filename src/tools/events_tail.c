/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a file that others append to. */
#include "tools/events_tail.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

enum {
    BUFFER_BYTES = 256 * 1024, /* an event has some 30 KiB at most */
    PAUSE_MS = 200,
    TURN_MS = 1500,
};

bool
events_tail_open(struct events_tail *tail, const char *path)
{
    *tail = (struct events_tail){ .path = path, .fd = STDIN_FILENO };
    tail->buffer = mem_new(BUFFER_BYTES);
    if (!tail->buffer) {
        errno = ENOMEM;
        return false;
    }
    if (strcmp(path, "-") != 0) {
        tail->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    }
    return tail->fd >= 0;
}

void
events_tail_close(struct events_tail *tail)
{
    if (tail->fd > STDIN_FILENO) {
        (void)close(tail->fd);
    }
    mem_free(tail->buffer);
    *tail = (struct events_tail){ .fd = -1 };
}

/* More bytes into the buffer. 0: there are none, or no room for them. */
static ssize_t
fill(struct events_tail *tail)
{
    ssize_t n;

    if (tail->begin) {
        bytes_move(tail->buffer, tail->buffer + tail->begin, tail->end - tail->begin);
        tail->end -= tail->begin;
        tail->begin = 0;
    }
    do {
        n = read(tail->fd, tail->buffer + tail->end, BUFFER_BYTES - tail->end);
    } while (n < 0 && errno == EINTR);
    if (n > 0) {
        tail->end += (size_t)n;
    }
    return n;
}

/* What is buffered up to and without a newline, or all of it. */
static void
give(struct events_tail *tail, size_t n, size_t newline, struct bytes *line)
{
    *line = bytes_of(tail->buffer + tail->begin, n);
    tail->begin += n + newline;
    tail->line++;
}

enum events_tail_result
events_tail_next(struct events_tail *tail, bool last, struct bytes *line)
{
    for (;;) {
        size_t n = tail->end - tail->begin;
        const uint8_t *at = n ? memchr(tail->buffer + tail->begin, '\n', n) : NULL;
        ssize_t got;

        if (at && tail->skips) {
            tail->begin = (size_t)(at - tail->buffer) + 1;
            tail->skips = false;
            continue;
        }
        if (at) {
            give(tail, (size_t)(at - tail->buffer) - tail->begin, 1, line);
            return EVENTS_TAIL_LINE;
        }
        if (tail->skips) {
            tail->begin = tail->end = 0;
        } else if (n == BUFFER_BYTES) {
            tail->skips = true;
            give(tail, n, 0, line);
            return EVENTS_TAIL_LINE;
        }
        got = fill(tail);
        if (got < 0) {
            return EVENTS_TAIL_FAILED;
        }
        n = tail->end - tail->begin;
        if (got == 0 && n && last) {
            give(tail, n, 0, line);
            return EVENTS_TAIL_LINE;
        }
        if (got == 0) {
            return EVENTS_TAIL_END;
        }
    }
}

static void
begin_anew(struct events_tail *tail)
{
    tail->begin = tail->end = 0;
    tail->line = 0;
    tail->skips = false;
    tail->turn_ms = 0;
}

/* Another file has its name now. */
static void
turn(struct events_tail *tail)
{
    int fd = open(tail->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd >= 0) {
        (void)close(tail->fd);
        tail->fd = fd;
        begin_anew(tail);
    }
}

void
events_tail_wait(struct events_tail *tail)
{
    struct stat here, there;

    (void)poll(NULL, 0, PAUSE_MS);
    if (strcmp(tail->path, "-") == 0 || fstat(tail->fd, &here) != 0) {
        return;
    }
    if (stat(tail->path, &there) == 0 &&
        (there.st_ino != here.st_ino || there.st_dev != here.st_dev)) {
        if (!tail->turn_ms) {
            tail->turn_ms = clock_monotonic_ms() + TURN_MS;
        } else if (clock_monotonic_ms() >= tail->turn_ms) {
            turn(tail);
        }
    } else if (S_ISREG(here.st_mode) && lseek(tail->fd, 0, SEEK_CUR) > here.st_size) {
        (void)lseek(tail->fd, 0, SEEK_SET); /* it was cut */
        begin_anew(tail);
    }
}
