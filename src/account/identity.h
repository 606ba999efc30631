/* SPDX-License-Identifier: Apache-2.0 */
/* How an identity is built; who holds one needs account.h alone. */
#ifndef ACCOUNT_IDENTITY_H
#define ACCOUNT_IDENTITY_H

#include "account/account.h"

/* A copy of from, strings and all, in one piece of memory; owned by the caller:
 * account_identity_unref. NULL without memory. */
SEC_NODISCARD struct account_identity *account_identity_new(const struct account_identity *from);

#endif
