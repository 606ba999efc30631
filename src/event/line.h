/* SPDX-License-Identifier: Apache-2.0 */
/* One event on its way to the sinks: whole, and nobody's but its holder's. */
#ifndef EVENT_LINE_H
#define EVENT_LINE_H

#include <stdbool.h>

#include "base/bytes.h"

struct event_line {
    struct event_line *next;
    unsigned id;
    bool failure;
    struct bytes json;    /* its newline included */
    struct bytes message; /* for people; escaped */
    char text[];          /* both of them */
};

#endif
