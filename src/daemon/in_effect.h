/* SPDX-License-Identifier: Apache-2.0 */
/* Which configuration a daemon runs under, for who asks whether the file says something else by now. */
#ifndef DAEMON_IN_EFFECT_H
#define DAEMON_IN_EFFECT_H

#include <stdint.h>

#include <jansson.h>

struct in_effect {
    const char *file;            /* borrowed */
    const char *const *sections; /* that this daemon reads; NULL at the end; static */
    uint64_t digest;
    int64_t read; /* seconds since 1970 */
};

/* What the file says now. Before the settings are read: what changes in between then looks older than
 * it is, and not newer. */
struct in_effect in_effect_read(const char *file, const char *const *sections);

/* The answer's member "in_effect": docs/INTERFACES.md. */
void in_effect_put(const struct in_effect *, json_t *answer);

#endif
