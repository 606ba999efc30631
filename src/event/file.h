/* SPDX-License-Identifier: Apache-2.0 */
/* A file that several processes append whole lines to, and that is rotated under them. */
#ifndef EVENT_FILE_H
#define EVENT_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"

struct event_file {
    const char *path; /* borrowed */
    int fd;           /* -1: not open */
    int error;        /* errno of the last failure; 0: the last line was written */
    dev_t device;
    ino_t inode;
    bool torn;       /* a line was written in part: the next one begins on a line of its own */
    int64_t checked; /* the second in which the path was last looked at */
    bool turned;     /* it was moved away, and begun anew: for the caller to tell and take back */
    char moved_to[PATH_MAX]; /* where to, as far as that could be seen */
};

/* Opens or makes it, 0640. false: error says why. */
bool event_file_open(struct event_file *file, const char *path);
void event_file_close(struct event_file *file);
/* Opens it anew; where that fails, the next line tries again. */
void event_file_reopen(struct event_file *file);
/* Appends one line in one write, opening the file (anew where it was moved away) as needed.
 * false: error says why, and nothing or a part was written. */
bool event_file_append(struct event_file *file, struct bytes line, int64_t second);

#endif
