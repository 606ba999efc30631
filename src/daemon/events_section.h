/* SPDX-License-Identifier: Apache-2.0 */
/* [events] of the configuration file, which every daemon reads. */
#ifndef DAEMON_EVENTS_SECTION_H
#define DAEMON_EVENTS_SECTION_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/config.h"
#include "base/log.h"
#include "event/event.h"

struct events_section {
    char *file; /* NULL: none */
    bool without_journal, syslog;
    unsigned facility; /* of syslog; 0: authpriv */
};

SEC_NODISCARD bool events_section_take(struct events_section *, const struct config_entry *,
                                       char *why, size_t why_n);

/* Where events of the log's program go; shared by configurations that say the same of it. */
struct events_place {
    unsigned references; /* atomic */
    struct event_log *log;
};
/* Where before's do (NULL: there is none), if both sections say the same. NULL: the log says why. */
SEC_NODISCARD struct events_place *events_place_open(const struct events_section *,
                                                     const struct events_section *section_before,
                                                     struct events_place *before,
                                                     const struct log *);
void events_place_unref(struct events_place *); /* NULL is a no-op */

void events_section_clear(struct events_section *);

#endif
