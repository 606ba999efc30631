/* SPDX-License-Identifier: Apache-2.0 */
/* Who may run a command: by what the configuration says, and nothing that the client does. */
#ifndef EXECD_PERMIT_H
#define EXECD_PERMIT_H

#include "execd/settings.h"
#include "token/unix_account.h"

/* Among the command's users, or in one of its groups. Below minimum_uid, root above all, only who is
 * named among the users. Groups are asked of the name service, which may block. false: why says why
 * not. */
SEC_NODISCARD bool permit_account(const struct execd_settings *, const struct execd_command *,
                                  const struct unix_account *, char *why, size_t why_n);

#endif
