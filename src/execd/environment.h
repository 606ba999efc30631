/* SPDX-License-Identifier: Apache-2.0 */
/* A command's environment: made from nothing. opensspi-execd(8) lists it. */
#ifndef EXECD_ENVIRONMENT_H
#define EXECD_ENVIRONMENT_H

#include "execd/exec_msg.h"
#include "execd/settings.h"
#include "token/unix_account.h"

/* NULL-terminated, in one piece of memory that is owned by the caller: mem_free. NULL: no memory.
 * credentials: the path of a credential cache, which takes the place of a configured KRB5CCNAME; "":
 * there is none. */
SEC_NODISCARD char **environment_new(const struct execd_command *, const struct unix_account *,
                                     const struct exec_msg *start, const char *credentials);

#endif
