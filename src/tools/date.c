/* SPDX-License-Identifier: Apache-2.0 */
/* Dates. */
#include <stdlib.h>
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

/* "2h": seconds. */
static bool
parse_span(const char *text, int64_t *out)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
    char *end;
    long n = *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : -1;

    for (size_t i = 0; n >= 0 && n < 1000000 && i < SEC_ARRAY_LEN(units); i++) {
        if (end[0] == units[i].unit && !end[1]) {
            *out = n * units[i].seconds;
            return true;
        }
    }
    return false;
}

/* The first moment of a day, so many before this one. */
static int64_t
begin_of_day(int64_t now, int days_before)
{
    time_t seconds = now;
    struct tm tm = { 0 };

    (void)localtime_r(&seconds, &tm);
    tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
    tm.tm_mday -= days_before;
    tm.tm_isdst = -1;
    return mktime(&tm);
}

static int64_t
up_seconds(void)
{
    struct timespec up = { 0 };

    (void)clock_gettime(CLOCK_BOOTTIME, &up);
    return up.tv_sec;
}

bool
date_parse_past(const char *text, uint64_t *out_100ns)
{
    int64_t now = time(NULL), span;

    if (strcmp(text, "today") == 0) {
        *out_100ns = clock_from_unix(begin_of_day(now, 0));
    } else if (strcmp(text, "yesterday") == 0) {
        *out_100ns = clock_from_unix(begin_of_day(now, 1));
    } else if (strcmp(text, "boot") == 0) {
        *out_100ns = clock_from_unix(now - up_seconds());
    } else if (parse_span(text, &span)) {
        *out_100ns = clock_from_unix(now - span);
    } else {
        return date_parse(text, out_100ns);
    }
    return true;
}
