/* SPDX-License-Identifier: Apache-2.0 */
/* What of rasd's settings cannot change but by a restart: lines, the module and its processes, paths. */
#ifndef RAS_RESTART_H
#define RAS_RESTART_H

#include "ras/settings.h"

/* Whether what is asked for takes one; text says which keys of which port do. */
SEC_NODISCARD bool restart_is_needed(const struct ras_settings *before,
                                     const struct ras_settings *after, char *text, size_t n);

#endif
