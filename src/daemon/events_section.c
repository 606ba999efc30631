/* SPDX-License-Identifier: Apache-2.0 */
/* [events] of the configuration file. */
#include <string.h>

#include "base/mem.h"
#include "daemon/events_section.h"
#include "daemon/key.h"

static bool
take_journal(void *at, const struct key_value *v)
{
    bool *without = at, with = false;

    if (!key_take_flag(&with, v)) {
        return false;
    }
    *without = !with;
    return true;
}

/* RFC 5424 6.2.1. */
static bool
take_facility(void *at, const struct key_value *v)
{
    static const char *const names[] = { "daemon", "auth",   "authpriv", "local0",
                                         "local1", "local2", "local3",   "local4",
                                         "local5", "local6", "local7",   NULL };
    static const unsigned numbers[] = { 3, 4, 10, 16, 17, 18, 19, 20, 21, 22, 23 };
    unsigned *facility = at;
    int which;

    if (!config_choice(v->text, names, &which, v->why, v->why_n)) {
        return false;
    }
    *facility = numbers[which];
    return true;
}

static const struct key keys[] = {
    { "file", offsetof(struct events_section, file), key_take_path, 0, 0 },
    { "journal", offsetof(struct events_section, without_journal), take_journal, 0, 0 },
    { "syslog", offsetof(struct events_section, syslog), key_take_flag, 0, 0 },
    { "syslog_facility", offsetof(struct events_section, facility), take_facility, 0, 0 },
};

bool
events_section_take(struct events_section *section, const struct config_entry *e, char *why,
                    size_t why_n)
{
    const struct key_table table = { keys, SEC_ARRAY_LEN(keys), section };

    return !e->key || key_take_entry(e, &table, 1, why, why_n);
}

/* Whether both name the same places. */
static bool
is_same(const struct events_section *a, const struct events_section *b)
{
    bool same_file = a->file && b->file ? strcmp(a->file, b->file) == 0 : a->file == b->file;

    return same_file && a->without_journal == b->without_journal && a->syslog == b->syslog &&
           a->facility == b->facility;
}

/* NULL: the log says why there is none. */
static struct event_log *
open_log(const struct events_section *section, const struct log *log)
{
    const struct event_settings settings = {
        .file = section->file,
        .journal = section->without_journal ? NULL : EVENT_JOURNAL,
        .syslog = section->syslog ? EVENT_SYSLOG : NULL,
        .facility = section->facility ? section->facility : EVENT_FACILITY_AUTHPRIV,
        .program = log->program,
        .refusals_per_second = EVENT_REFUSALS_PER_SECOND,
        .log = log
    };

    if (!section->file) {
        log_warning(log, "events go to no file: none is named, or it cannot be opened");
    }
    return event_log_open(&settings);
}

struct events_place *
events_place_open(const struct events_section *section, const struct events_section *section_before,
                  struct events_place *before, const struct log *log)
{
    struct events_place *place;

    if (before && is_same(section, section_before)) {
        (void)__atomic_add_fetch(&before->references, 1, __ATOMIC_RELAXED);
        return before;
    }
    place = mem_new(sizeof(*place));
    if (place) {
        *place = (struct events_place){ 1, open_log(section, log) };
    }
    if (place && !place->log) {
        mem_free(place);
        place = NULL;
    }
    return place;
}

void
events_place_unref(struct events_place *place)
{
    if (place && __atomic_sub_fetch(&place->references, 1, __ATOMIC_ACQ_REL) == 0) {
        event_log_close(place->log);
        mem_free(place);
    }
}

void
events_section_clear(struct events_section *section)
{
    mem_free(section->file);
    *section = (struct events_section){ 0 };
}
