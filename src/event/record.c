/* SPDX-License-Identifier: Apache-2.0 */
/* One event, as JSON. jansson escapes what JSON demands; beyond that, no byte of a line may act on
 * a terminal or break a reader that splits lines as Unicode does. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/attributes.h"
#include "base/text.h"
#include "event/record.h"

enum { TEXT_BYTES = 512 }; /* a user name has 256 characters at most */

struct event_record
event_record_new(void)
{
    json_t *object = json_object();

    return (struct event_record){ object, object == NULL };
}

void
event_record_clear(struct event_record *record)
{
    json_decref(record->object);
    *record = (struct event_record){ NULL, true };
}

void
event_record_auto(struct event_record *record)
{
    event_record_clear(record);
}

static void
put(struct event_record *record, const char *name, json_t *given)
{
    if (json_object_set_new(record->object, name, given) != 0) {
        record->failed = true;
    }
}

void
event_record_bytes(struct event_record *record, const char *name, struct bytes text)
{
    char good[4 * TEXT_BYTES];
    struct wire_writer w = wire_writer_fixed(good, sizeof(good));

    text = text_cut(text, TEXT_BYTES);
    while (text.n) {
        struct bytes from = text;
        uint32_t c;
        char escape[8];

        if (text_next(&text, &c)) {
            wire_put(&w, from.p, from.n - text.n);
        } else {
            (void)snprintf(escape, sizeof(escape), "\\x%02x", (unsigned)c & 0xFF);
            wire_put_bytes(&w, bytes_of_string(escape));
        }
    }
    put(record, name, json_stringn_nocheck(good, w.len));
}

void
event_record_text(struct event_record *record, const char *name, const char *text)
{
    if (text && *text) {
        event_record_bytes(record, name, bytes_of_string(text));
    }
}

void
event_record_field(struct event_record *record, const char *name, const char *text)
{
    event_record_bytes(record, name, bytes_of_string(text && *text ? text : "-"));
}

void
event_record_number(struct event_record *record, const char *name, uint64_t number)
{
    put(record, name, json_integer((json_int_t)number));
}

void
event_record_flag(struct event_record *record, const char *name, bool flag)
{
    put(record, name, json_boolean(flag));
}

void
event_record_hex(struct event_record *record, const char *name, uint64_t number)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "0x%" PRIx64, number);
    put(record, name, json_string(text));
}

static void
put_time(struct event_record *record, const char *name, time_t seconds, const char *fraction)
{
    struct tm tm = { 0 };
    char text[64];

    (void)gmtime_r(&seconds, &tm);
    (void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d%sZ", tm.tm_year + 1900,
                   tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, fraction);
    put(record, name, json_string(text));
}

void
event_record_time(struct event_record *record, const char *name, int64_t seconds)
{
    put_time(record, name, seconds, "");
}

void
event_record_now(struct event_record *record, const char *name)
{
    struct timespec now = { 0 };
    char fraction[16];

    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)snprintf(fraction, sizeof(fraction), ".%06u", (unsigned)now.tv_nsec / 1000);
    put_time(record, name, now.tv_sec, fraction);
}

/* jansson's JSON, a run of whole characters at a time. */
static int
put_run(const char *run, size_t n, void *user)
{
    struct wire_writer *w = user;
    struct bytes text = bytes_of(run, n);

    while (text.n) {
        struct bytes from = text;
        uint32_t c;
        char escape[8];

        if (text_next(&text, &c) && text_is_control(c)) {
            (void)snprintf(escape, sizeof(escape), "\\u%04x", (unsigned)c & 0xFFFF);
            wire_put_bytes(w, bytes_of_string(escape));
        } else {
            wire_put(w, from.p, from.n - text.n);
        }
    }
    return 0;
}

bool
event_record_put(const struct event_record *record, struct wire_writer *w)
{
    if (record->failed || json_dump_callback(record->object, put_run, w, JSON_COMPACT) != 0) {
        return false;
    }
    wire_put_u8(w, '\n');
    return wire_writer_status(w) == WIRE_OK;
}
