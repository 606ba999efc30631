/* SPDX-License-Identifier: Apache-2.0 */
/* Values in DER: INTEGER (X.690 8.3), BIT STRING (8.6, 11.2), GeneralizedTime (11.7). */
#include "base/clock.h"
#include "base/der.h"

enum {
    TIME_BYTES = 15, /* YYYYMMDDHHMMSSZ: 11.7 leaves no other form where seconds are whole */
    FIRST_YEAR = 1601,
    LAST_YEAR = 9999,
    DAY_SECONDS = 86400,
    MONTHS = 12,
};

bool
der_has_field(const struct wire_reader *r, unsigned n)
{
    return der_peek(r) == DER_CONTEXT_0 + n;
}

/* The offset of a value that is refused is where its element begins. */
static void
refuse(struct wire_reader *r, const uint8_t *element)
{
    if (r->err == WIRE_OK) {
        r->cur = element;
        wire_fail(r, WIRE_BAD_VALUE);
    }
}

/* --- INTEGER ------------------------------------------------------------------------------- */

/* Two's complement in five octets at most, which hold both kinds of 32 bits. */
static bool
read_integer(struct bytes octets, int64_t *value)
{
    if (octets.n == 0 || octets.n > 5) {
        return false;
    }
    /* 8.3.2: the first nine bits are not all the same. */
    if (octets.n > 1 && (octets.p[0] == 0 || octets.p[0] == 0xFF) &&
        (octets.p[0] & 0x80) == (octets.p[1] & 0x80)) {
        return false;
    }
    *value = (int8_t)octets.p[0];
    for (size_t i = 1; i < octets.n; i++) {
        *value = *value * 256 + octets.p[i];
    }
    return true;
}

static int64_t
take_between(struct wire_reader *r, int64_t least, int64_t most)
{
    const uint8_t *start = r->cur;
    struct bytes octets = der_take(r, DER_INTEGER);
    int64_t value;

    if (!read_integer(octets, &value) || value < least || value > most) {
        refuse(r, start);
        return 0;
    }
    return value;
}

int32_t
der_take_int32(struct wire_reader *r)
{
    return (int32_t)take_between(r, INT32_MIN, INT32_MAX);
}

uint32_t
der_take_uint32(struct wire_reader *r)
{
    return (uint32_t)take_between(r, 0, UINT32_MAX);
}

uint32_t
der_take_uint32_or_negative(struct wire_reader *r)
{
    return (uint32_t)take_between(r, INT32_MIN, UINT32_MAX);
}

static void
put_integer(struct wire_writer *w, int64_t value)
{
    uint8_t octets[5];
    size_t from = 0;

    for (size_t i = 0; i < sizeof(octets); i++) {
        octets[i] = (uint8_t)((uint64_t)value >> 8 * (sizeof(octets) - 1 - i));
    }
    while (from + 1 < sizeof(octets) && (octets[from] == 0 || octets[from] == 0xFF) &&
           (octets[from] & 0x80) == (octets[from + 1] & 0x80)) {
        from++;
    }
    der_put(w, DER_INTEGER, bytes_of(octets + from, sizeof(octets) - from));
}

void
der_put_int32(struct wire_writer *w, int32_t value)
{
    put_integer(w, value);
}

void
der_put_uint32(struct wire_writer *w, uint32_t value)
{
    put_integer(w, value);
}

/* --- BIT STRING ---------------------------------------------------------------------------- */

uint32_t
der_take_flags32(struct wire_reader *r)
{
    const uint8_t *start = r->cur;
    struct bytes octets = der_take(r, DER_BIT_STRING);
    uint8_t unused = octets.n ? octets.p[0] : 0;
    uint32_t flags = 0;

    /* 8.6.2: how many bits of the last octet are none; 11.2.1: those are zero. */
    if (octets.n == 0 || unused > 7 || (octets.n == 1 && unused) ||
        (octets.p[octets.n - 1] & ((1U << unused) - 1))) {
        refuse(r, start);
        return 0;
    }
    for (size_t i = 1; i <= sizeof(flags); i++) {
        flags = flags << 8 | (i < octets.n ? octets.p[i] : 0U);
    }
    return flags;
}

void
der_put_flags32(struct wire_writer *w, uint32_t flags)
{
    der_put_header(w, DER_BIT_STRING, 1 + sizeof(flags));
    wire_put_u8(w, 0);
    wire_put_be32(w, flags);
}

/* --- GeneralizedTime ----------------------------------------------------------------------- */

static bool
is_leap(unsigned year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days of the year before a month begins. month 0 to 12: 12 is the whole year. */
static unsigned
days_before(unsigned month, unsigned year)
{
    static const uint16_t days[MONTHS + 1] = { 0,   31,  59,  90,  120, 151, 181,
                                               212, 243, 273, 304, 334, 365 };

    return days[month] + (month > 1 && is_leap(year) ? 1 : 0);
}

/* From 1601, which begins a cycle of 400 years. */
static unsigned
days_before_year(unsigned year)
{
    unsigned years = year - FIRST_YEAR;

    return years * 365 + years / 4 - years / 100 + years / 400;
}

/* Two digits. false: they are none. */
static bool
read_pair(const uint8_t *at, unsigned *value)
{
    if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9') {
        return false;
    }
    *value = (unsigned)(at[0] - '0') * 10 + (unsigned)(at[1] - '0');
    return true;
}

static bool
read_time(struct bytes text, uint64_t *time_100ns)
{
    unsigned pairs[TIME_BYTES / 2], year, month, day;
    uint64_t seconds;

    if (text.n != TIME_BYTES || text.p[TIME_BYTES - 1] != 'Z') {
        return false;
    }
    for (size_t i = 0; i < SEC_ARRAY_LEN(pairs); i++) {
        if (!read_pair(text.p + 2 * i, &pairs[i])) {
            return false;
        }
    }
    year = pairs[0] * 100 + pairs[1];
    month = pairs[2];
    day = pairs[3];
    if (year < FIRST_YEAR || month < 1 || month > MONTHS || day < 1 ||
        day > days_before(month, year) - days_before(month - 1, year) || pairs[4] > 23 ||
        pairs[5] > 59 || pairs[6] > 59) {
        return false;
    }
    seconds =
        (uint64_t)(days_before_year(year) + days_before(month - 1, year) + day - 1) * DAY_SECONDS +
        pairs[4] * 3600 + pairs[5] * 60 + pairs[6];
    *time_100ns = seconds * CLOCK_SECOND_100NS;
    return seconds != 0;
}

uint64_t
der_take_time_100ns(struct wire_reader *r)
{
    const uint8_t *start = r->cur;
    struct bytes text = der_take(r, DER_GENERALIZED_TIME);
    uint64_t time_100ns = 0;

    if (!read_time(text, &time_100ns)) {
        refuse(r, start);
        return 0;
    }
    return time_100ns;
}

static void
put_pair(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)('0' + value / 10);
    at[1] = (uint8_t)('0' + value % 10);
}

void
der_put_time_100ns(struct wire_writer *w, uint64_t time_100ns)
{
    const uint64_t last = (uint64_t)days_before_year(LAST_YEAR + 1) * DAY_SECONDS - 1;
    uint64_t seconds = time_100ns / CLOCK_SECOND_100NS;
    unsigned days, second, year, month = 1;
    uint8_t text[TIME_BYTES];

    seconds = seconds < last ? seconds : last;
    days = (unsigned)(seconds / DAY_SECONDS);
    second = (unsigned)(seconds % DAY_SECONDS);
    year = FIRST_YEAR + days / 366; /* right, or some years too early */
    while (days_before_year(year + 1) <= days) {
        year++;
    }
    days -= days_before_year(year);
    while (days_before(month, year) <= days) {
        month++;
    }
    put_pair(text, year / 100);
    put_pair(text + 2, year % 100);
    put_pair(text + 4, month);
    put_pair(text + 6, days - days_before(month - 1, year) + 1);
    put_pair(text + 8, second / 3600);
    put_pair(text + 10, second / 60 % 60);
    put_pair(text + 12, second % 60);
    text[TIME_BYTES - 1] = 'Z';
    der_put(w, DER_GENERALIZED_TIME, bytes_of(text, sizeof(text)));
}
