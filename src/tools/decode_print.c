/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of sspictl decode, and what it says of a token that is broken. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/der.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/utf16.h"
#include "tools/decode_print.h"

enum {
    NAME_COLUMNS = 24, /* of names, from where their indentation ends */
    LINE_COLUMNS = 100,
    OFFSET_COLUMNS = 8,
    HEX_BYTES = 32,
    FORMATTED_BYTES = 1536, /* a reason, escaped, and its frame */
};

/* --- lines --------------------------------------------------------------------------------- */

static void
put_format(struct decode *d, const char *format, va_list args)
{
    char text[FORMATTED_BYTES];

    (void)vsnprintf(text, sizeof(text), format, args);
    wire_put_bytes(d->w, bytes_of_string(text));
}

static void __attribute__((format(printf, 2, 3))) put(struct decode *d, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    put_format(d, format, args);
    va_end(args);
}

/* width: the columns that the name takes at least; 0 where nothing follows. */
static void
begin_line(struct decode *d, const uint8_t *at, const char *name, int width)
{
    if (at) {
        put(d, "%6zu  ", (size_t)(at - d->base));
    } else {
        put(d, "%*s", OFFSET_COLUMNS, "");
    }
    put(d, "%*s%-*s%s", (int)(2 * d->depth), "", width, name, width ? " " : "");
}

void
decode_title(struct decode *d, const char *format, ...)
{
    va_list args;

    if (d->depth) {
        put(d, "%*s", (int)(OFFSET_COLUMNS + 2 * d->depth), "");
    }
    va_start(args, format);
    put_format(d, format, args);
    va_end(args);
    wire_put_u8(d->w, '\n');
}

void
decode_line(struct decode *d, const uint8_t *at, const char *name, const char *format, ...)
{
    char text[FORMATTED_BYTES];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    begin_line(d, at, name, *text ? NAME_COLUMNS : 0);
    put(d, "%s\n", text);
}

void
decode_text(struct decode *d, const uint8_t *at, const char *name, struct bytes text, bool utf16)
{
    char *converted = utf16 ? utf8_from_utf16(text) : NULL;

    begin_line(d, at, name, NAME_COLUMNS);
    wire_put_u8(d->w, '"');
    text_put_escaped(d->w, converted ? bytes_of_string(converted) : text);
    wire_put_bytes(d->w, bytes_of_string("\"\n"));
    mem_free(converted);
}

void
decode_hex(struct decode *d, const uint8_t *at, const char *name, struct bytes bytes)
{
    begin_line(d, at, name, NAME_COLUMNS);
    for (size_t i = 0; i < bytes.n && i < HEX_BYTES; i++) {
        put(d, "%02x", bytes.p[i]);
    }
    if (bytes.n > HEX_BYTES) {
        put(d, "… (%zu bytes)", bytes.n);
    }
    wire_put_bytes(d->w, bytes_of_string(bytes.n ? "\n" : "(none)\n"));
}

void
decode_time(struct decode *d, const uint8_t *at, const char *name, uint64_t time_100ns)
{
    time_t seconds = clock_to_unix(time_100ns);
    struct tm tm;

    if (time_100ns == 0 || time_100ns > INT64_MAX || !gmtime_r(&seconds, &tm)) {
        decode_line(d, at, name, "%s", time_100ns == 0 ? "none" : "never");
        return;
    }
    decode_line(d, at, name, "%04d-%02d-%02d %02d:%02d:%02d.%06u UTC", tm.tm_year + 1900,
                tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                (unsigned)(time_100ns % CLOCK_SECOND_100NS / 10));
}

const char *
decode_name_of(const struct decode_name *table, size_t n, int64_t value)
{
    for (size_t i = 0; i < n; i++) {
        if (table[i].value == value) {
            return table[i].name;
        }
    }
    return NULL;
}

void
decode_flags(struct decode *d, const uint8_t *at, const char *name, uint32_t value,
             const struct decode_name *table, size_t n)
{
    size_t indent = OFFSET_COLUMNS + 2 * (size_t)d->depth + 2, column = LINE_COLUMNS;
    uint32_t left = value;

    decode_line(d, at, name, "0x%08x", value);
    for (size_t i = 0; i < n; i++) {
        size_t width = strlen(table[i].name) + 1;

        if (!(value & (uint32_t)table[i].value)) {
            continue;
        }
        left &= ~(uint32_t)table[i].value;
        if (column + width > LINE_COLUMNS) {
            put(d, "%s%*s", column == LINE_COLUMNS ? "" : "\n", (int)indent, "");
            column = indent;
        } else {
            wire_put_u8(d->w, ' ');
        }
        put(d, "%s", table[i].name);
        column += width;
    }
    if (column != LINE_COLUMNS) {
        wire_put_u8(d->w, '\n');
    }
    if (left) {
        decode_line(d, NULL, "", "and 0x%08x, without names", left);
    }
}

/* --- verdicts and notes -------------------------------------------------------------------- */

void
decode_broken(struct decode *d, const char *format, ...)
{
    va_list args;

    d->broken = true;
    put(d, "%*sbroken: ", (int)(d->depth ? OFFSET_COLUMNS + 2 * d->depth : 0), "");
    va_start(args, format);
    put_format(d, format, args);
    va_end(args);
    wire_put_u8(d->w, '\n');
}

void
decode_verdict(struct decode *d, struct bytes in, enum wire_err err, const char *field, uint32_t at)
{
    if (err == WIRE_OK || d->cut) {
        return;
    }
    decode_broken(d, "%s %s, at offset %zu", field, wire_err_text(err),
                  (size_t)(in.p - d->base) + at);
}

void
decode_cut(struct decode *d, size_t names, size_t has)
{
    if (d->cut) {
        return;
    }
    d->broken = true;
    d->cut = true;
    put(d, "%*scut: names %zu bytes, has %zu: %zu are missing\n",
        (int)(d->depth ? OFFSET_COLUMNS + 2 * d->depth : 0), "", names, has, names - has);
    decode_note(d, DECODE_NOTE_CUT);
}

bool
decode_der_cut(struct decode *d, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);
    size_t n;

    if (!der_take_header(&r, 0, &n)) {
        if (wire_status(&r) == WIRE_SHORT && in.n) { /* in the middle of the length */
            decode_cut(d, in.n + 1, in.n);
        }
        return d->cut;
    }
    if (n > wire_left(&r)) {
        decode_cut(d, wire_offset(&r) + n, in.n);
    }
    return d->cut;
}
