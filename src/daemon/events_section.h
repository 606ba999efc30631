/* SPDX-License-Identifier: Apache-2.0 */
/* [events] of the configuration file, which every daemon reads. */
#ifndef DAEMON_EVENTS_SECTION_H
#define DAEMON_EVENTS_SECTION_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/config.h"

struct events_section {
    char *file; /* NULL: none */
    bool without_journal, syslog;
    unsigned facility; /* of syslog; 0: authpriv */
};

SEC_NODISCARD bool events_section_take(struct events_section *, const struct config_entry *,
                                       char *why, size_t why_n);
void events_section_clear(struct events_section *);

#endif
