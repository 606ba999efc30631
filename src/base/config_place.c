/* SPDX-License-Identifier: Apache-2.0 */
/* The file is read again: only who fails needs the line. */
#include "base/config_place.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

enum { TEXT_BYTES = 400 };

struct place {
    const char *section, *key;
    unsigned line; /* 0: none */
};

static bool
take(void *user, const struct config_entry *e, char *why, size_t why_n)
{
    struct place *p = user;

    (void)why;
    (void)why_n;
    if (e->key && bytes_equal_nocase(bytes_of_string(e->section), bytes_of_string(p->section)) &&
        bytes_equal_nocase(bytes_of_string(e->key), bytes_of_string(p->key))) {
        p->line = e->line;
    }
    return true;
}

void
config_place_fail(struct config_error *error, const char *file, const char *section,
                  const char *key, const char *format, ...)
{
    struct place place = { section, key, 0 };
    struct config_error ignored;
    char text[TEXT_BYTES], line[16] = "";
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (config_read(file, take, &place, &ignored) && place.line) {
        (void)snprintf(line, sizeof(line), ":%u", place.line);
    }
    error->no_memory = false;
    (void)snprintf(error->text, sizeof(error->text), "%s%s: [%s] %s: %s", file, line, section, key,
                   text);
}
