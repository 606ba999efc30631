/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of a daemon. */
#ifndef DAEMON_OPTIONS_H
#define DAEMON_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

struct options {
    const char *config_file; /* the default one where none was named */
    bool check_only, verbose;
};

/* An option of one daemon alone. */
struct options_own {
    const char *name;     /* "loops" */
    const char *argument; /* "N" */
    const char *help;
    bool (*take)(void *user, const char *value, char *why, size_t why_n);
};

struct options_program {
    const char *name, *version;
    const struct options_own *own; /* NULL: none */
    void *user;                    /* own->take's */
};

/* -1: go on; else the exit status, and all is said. */
SEC_NODISCARD int options_read(struct options *, const struct options_program *, int argc,
                               char **argv);

#endif
