/* SPDX-License-Identifier: Apache-2.0 */
/* What sspictl takes from the configuration to open the store. */
#ifndef TOOLS_ACCOUNT_CONFIG_H
#define TOOLS_ACCOUNT_CONFIG_H

#include <stdbool.h>

#include "account/admin.h"

/* file NULL: the default one. Opens the store that the configuration names, and makes it where creates says so and there is
 * none. Says on stderr what failed. Answers an exit status; *out is owned by the caller:
 * account_admin_close. */
int account_config_open(const char *file, bool creates, struct account_admin **out);
/* A new password for who knows the old one: both UTF-8. Likewise. */
int account_config_change_password(const char *file, const char *name, struct bytes old_password,
                                   struct bytes password);
/* The name under which the accounts are known: the domain's, or the computer's. Likewise; *out is
 * owned by the caller: mem_free. */
int account_config_issuer(const char *file, char **out);

#endif
