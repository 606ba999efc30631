/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration in force, with what it names opened. */
#ifndef SAMD_SITE_H
#define SAMD_SITE_H

#include "daemon/account_events.h"
#include "samd/settings.h"
#include "samd/terms.h"

struct site {
    struct terms terms; /* the first: with the last reference to them it goes */
    struct samd_settings settings;
    struct account_admin_options store;
    struct events_section section; /* [events], with [samd] events_file; borrowed from settings */
    struct events_place *events;
    bool without_file; /* the event file could not be opened */
    struct account_events account_events;
};

/* Takes settings, also when it fails. before: the one that is in force, whose event log is gone on with
 * where both say the same of it; NULL: none, and then an event file that cannot be opened is done
 * without. NULL: why is filled in. Owned by the caller: terms_unref. */
SEC_NODISCARD struct site *site_new(struct samd_settings *, const struct site *before,
                                    const struct log *, char *why, size_t why_n);
/* What cannot change but by a restart; NULL: nothing of that did. Static. */
const char *site_needs_restart(const struct samd_settings *, const struct site *before);

#endif
