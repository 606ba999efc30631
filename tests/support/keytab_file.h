/* SPDX-License-Identifier: Apache-2.0 */
/* Keytab files of a test's own, in the format that MIT and Heimdal share (version 0x0502). */
#ifndef TESTS_SUPPORT_KEYTAB_FILE_H
#define TESTS_SUPPORT_KEYTAB_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct keytab_file_entry {
    const char *principal; /* "HTTP/web.example.test@EXAMPLE.TEST" */
    uint32_t kvno;
    int32_t enctype;
    struct bytes key;
    bool old; /* without the 32-bit kvno behind the entry: the lowest 8 bits alone */
};

/* Appends the file's bytes to w. */
struct wire_writer;
void keytab_file_put(struct wire_writer *w, const struct keytab_file_entry *, size_t n);

/* Writes the file, mode 0600, and puts it in its place in one step, as a careful operator does.
 * Ends the program where that fails. */
void keytab_file_write(const char *path, const struct keytab_file_entry *, size_t n);

#endif
