/* SPDX-License-Identifier: Apache-2.0 */
/* Dates as people give them. */
#ifndef TOOLS_DATE_H
#define TOOLS_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

#define DATE_FORMS "YYYY-MM-DD or YYYY-MM-DDThh:mm[:ss], in local time or, with Z, in UTC"

/* A day is its first moment. */
SEC_NODISCARD bool date_parse(const char *text, uint64_t *out_100ns);

#define DATE_PAST_FORMS "30s, 5m, 2h, 3d or 1w (so long ago), today, yesterday or boot"

/* These, too. */
SEC_NODISCARD bool date_parse_past(const char *text, uint64_t *out_100ns);

#endif
