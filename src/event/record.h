/* SPDX-License-Identifier: Apache-2.0 */
/* One event while it is put together, and the line that it becomes. */
#ifndef EVENT_RECORD_H
#define EVENT_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/wire.h"

/* After an allocation failed the record is incomplete, and event_record_put writes nothing. */
struct event_record {
    json_t *object;
    bool failed;
};

struct event_record event_record_new(void);
void event_record_clear(struct event_record *record);
void event_record_auto(struct event_record *record);

/* A peer may have chosen the text: bytes that are no UTF-8 become \xNN, what is long is cut. */
void event_record_bytes(struct event_record *record, const char *name, struct bytes text);
/* The same; NULL and "" are left out. */
void event_record_text(struct event_record *record, const char *name, const char *text);
/* The same; NULL and "" are "-", as Windows writes them. */
void event_record_field(struct event_record *record, const char *name, const char *text);
void event_record_number(struct event_record *record, const char *name, uint64_t number);
void event_record_flag(struct event_record *record, const char *name, bool flag);
/* "0xc000006d" */
void event_record_hex(struct event_record *record, const char *name, uint64_t number);
/* "2026-01-31T12:00:00Z", of seconds since 1970 */
void event_record_time(struct event_record *record, const char *name, int64_t seconds);
/* "2026-01-31T12:00:00.123456Z" */
void event_record_now(struct event_record *record, const char *name);

/* Appends the record as one line of JSON, its newline included, without any raw control
 * character. false: no memory. */
bool event_record_put(const struct event_record *record, struct wire_writer *w);

#endif
