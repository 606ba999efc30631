/* SPDX-License-Identifier: Apache-2.0 */
/* samd's part of the configuration file, and what the library's sections say of accounts. */
#ifndef SAMD_SETTINGS_H
#define SAMD_SETTINGS_H

#include <stdbool.h>
#include <sys/types.h>

#include "account/admin.h"
#include "base/config.h"
#include "daemon/events_section.h"
#include "sspi/settings.h"

struct samd_settings {
    char *socket, *store, *key_file;
    char *control_socket; /* NULL: the default one */
    char *events_file;    /* NULL: that of events */
    struct events_section events;
    char *group, *administrators;      /* NULL: none but root and samd's own user */
    gid_t group_id, administrators_id; /* where there is such a name */
    unsigned long requests_per_second; /* of one process; 0: no limit */
    unsigned long threads;             /* 0: as many as there are cores, and two at least */
    struct settings_text text;
    struct settings library;
};

/* false: error says why, and *out is cleared. */
SEC_NODISCARD bool samd_settings_read(const char *file, struct samd_settings *out,
                                      struct config_error *error);
void samd_settings_clear(struct samd_settings *);

/* The store as samd opens it; borrowed from the settings. */
struct account_admin_options samd_settings_store(const struct samd_settings *);

#endif
