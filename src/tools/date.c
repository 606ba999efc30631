/* SPDX-License-Identifier: Apache-2.0 */
/* Dates. */
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "tools/date.h"

bool
date_parse(const char *text, uint64_t *out_100ns)
{
    static const char *const forms[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d" };

    for (size_t i = 0; i < SEC_ARRAY_LEN(forms); i++) {
        struct tm tm = { .tm_isdst = -1 };
        const char *rest = strptime(text, forms[i], &tm);
        bool utc = rest && strcmp(rest, "Z") == 0;

        if (rest && (utc || !*rest)) {
            *out_100ns = clock_from_unix(utc ? timegm(&tm) : mktime(&tm));
            return true;
        }
    }
    return false;
}
