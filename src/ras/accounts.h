/* SPDX-License-Identifier: Apache-2.0 */
/* The account authority that the configuration names. */
#ifndef RAS_ACCOUNTS_H
#define RAS_ACCOUNTS_H

#include <stdbool.h>

#include "account/account.h"
#include "base/config.h"

/* false: error says why. *out is owned by the caller: account_authority_close; out NULL only
 * checks. */
SEC_NODISCARD bool accounts_open(const char *file, struct account_authority **out,
                                 struct config_error *error);

#endif
