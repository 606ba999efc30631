/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts that samd keeps: their management, for store_kind. */
#ifndef ACCOUNT_AUTHORITY_STORE_H
#define ACCOUNT_AUTHORITY_STORE_H

#include "account/store_kind.h"

SEC_NODISCARD sec_status authority_admin_open(const char *path, unsigned timeout_ms,
                                              struct account_admin **out);

#endif
