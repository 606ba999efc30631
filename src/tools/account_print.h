/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts, for people and as JSON; and the dates that people give. */
#ifndef TOOLS_ACCOUNT_PRINT_H
#define TOOLS_ACCOUNT_PRINT_H

#include <stdbool.h>
#include <stdint.h>

#include "account/admin.h"

/* user: unused. */
void account_print_line(void *user, const struct account_view *);
void account_print_whole(void *user, const struct account_view *);
/* user: a json_t array that the account's object is added to; NULL there: no memory. */
void account_print_json(void *user, const struct account_view *);

/* "never", YYYY-MM-DD (its first moment) or YYYY-MM-DDThh:mm, local time or, with Z, UTC. */
bool account_print_parse_date(const char *text, uint64_t *out_100ns);

#endif
