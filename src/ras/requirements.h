/* SPDX-License-Identifier: Apache-2.0 */
/* What rasd's settings name, and whether it is there. Each error says file, line and key. */
#ifndef RAS_REQUIREMENTS_H
#define RAS_REQUIREMENTS_H

#include "daemon/surroundings.h"
#include "ras/module_child.h"
#include "ras/settings.h"

/* That pppd can be run: else each call would find out. */
SEC_NODISCARD bool requirements_check_pppd(const struct ras_settings *, const char *file,
                                           struct config_error *);

/* Of settings with a security module: that its file is nobody else's, and who loads it is there. */
SEC_NODISCARD bool requirements_check_module(const struct ras_settings *, const char *file,
                                             struct config_error *);

/* What may come later: lines, pppd's plugin, folders of sockets. */
void requirements_warn(const struct ras_settings *, const struct surroundings_report *);

/* The user of the module's processes, into *to. Where rasd is not root there is no choice. */
SEC_NODISCARD bool requirements_find_user(const struct ras_settings *, const char *file,
                                          struct module_child_args *to, struct config_error *);

#endif
