/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts, for people and as JSON. */
#ifndef TOOLS_ACCOUNT_PRINT_H
#define TOOLS_ACCOUNT_PRINT_H

#include "account/admin.h"

/* user: unused. */
void account_print_line(void *user, const struct account_view *);
void account_print_whole(void *user, const struct account_view *);
/* user: a json_t array that the account's object is added to; NULL there: no memory. */
void account_print_json(void *user, const struct account_view *);

/* A line for an account that has a one-time code; nothing for another. */
void account_print_code(void *user, const struct account_view *);

#endif
