/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a file that others append to, and that may be rotated or cut while it is read. */
#ifndef TOOLS_EVENTS_TAIL_H
#define TOOLS_EVENTS_TAIL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attributes.h"
#include "base/bytes.h"

struct events_tail {
    const char *path; /* borrowed; "-": standard input */
    int fd;
    uint8_t *buffer;
    size_t begin, end; /* of what was read and not given out */
    bool skips;        /* the rest of a line that is too long for the buffer */
    uint64_t line;     /* the number of the one given out last */
    uint64_t turn_ms;  /* when to leave a file that was moved away; 0: it was not */
};

enum events_tail_result { EVENTS_TAIL_LINE, EVENTS_TAIL_END, EVENTS_TAIL_FAILED };

/* false: errno says why. Close it in any case. */
SEC_NODISCARD bool events_tail_open(struct events_tail *tail, const char *path);
void events_tail_close(struct events_tail *tail);
/* The next line, without its newline; valid until the next call. At the end, what is there of a
 * last line is one where last says so, and kept otherwise. FAILED: errno says why. */
enum events_tail_result events_tail_next(struct events_tail *tail, bool last, struct bytes *line);
/* Waits a moment for more: of this file, or of the one that has come to its place. Writers notice
 * that within a second, so that the old one is read as long. */
void events_tail_wait(struct events_tail *tail);

#endif
