/* SPDX-License-Identifier: Apache-2.0 */
/* sspictl events: the lines of the event file that one asks for, as they are or one short line
 * each; and those that are still to come. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/mem.h"
#include "tools/date.h"
#include "tools/events_print.h"
#include "tools/events_tail.h"
#include "tools/sspictl.h"

enum { IDS_MAX = 16, LAST_EVENTS = 10 };

struct query {
    const char *file;
    json_int_t ids[IDS_MAX];
    size_t n_ids;
    const char *user, *address, *package;
    uint64_t since_100ns, until_100ns; /* 0: not given */
    bool json, follow;
};

/* --- what is asked for --------------------------------------------------------------------- */

static bool
is_same(const char *a, const char *b)
{
    return bytes_equal_nocase(bytes_of_string(a), bytes_of_string(b));
}

static bool
is_any(const json_t *event, const char *wanted, const char *const *names)
{
    for (; *names; names++) {
        if (is_same(wanted, events_text(event, *names))) {
            return true;
        }
    }
    return false;
}

/* "NAME", "DOMAIN\NAME" or "NAME@REALM". */
static bool
is_user(const json_t *event, const char *wanted)
{
    static const char *const names[] = { "TargetUserName",   "claimed_user", "member", "MemberName",
                                         "client_principal", "upn",          NULL };
    const char *slash = strchr(wanted, '\\');
    size_t n = slash ? (size_t)(slash - wanted) : 0;

    if (is_any(event, wanted, names)) {
        return true;
    }
    return slash && is_same(slash + 1, events_text(event, "TargetUserName")) &&
           bytes_equal_nocase(bytes_of(wanted, n),
                              bytes_of_string(events_text(event, "TargetDomainName")));
}

static bool
is_in_time(const struct query *q, const json_t *event)
{
    char when[32];
    uint64_t at = 0;

    if (!q->since_100ns && !q->until_100ns) {
        return true;
    }
    /* "2026-01-31T12:00:00.123456Z", of which the seconds are enough. */
    (void)snprintf(when, sizeof(when), "%.19sZ", events_text(event, "TimeCreated"));
    return date_parse(when, &at) && at >= q->since_100ns &&
           (!q->until_100ns || at <= q->until_100ns);
}

static bool
asked_for(const struct query *q, const json_t *event)
{
    static const char *const packages[] = { "AuthenticationPackageName", "AuthenticationPackage",
                                            "package", "LmPackageName", NULL };
    json_int_t id = json_integer_value(json_object_get(event, "EventID"));
    bool id_good = q->n_ids == 0;

    for (size_t i = 0; i < q->n_ids; i++) {
        id_good |= q->ids[i] == id;
    }
    return id_good && (!q->address || strcmp(q->address, events_text(event, "IpAddress")) == 0) &&
           (!q->package || is_any(event, q->package, packages)) &&
           (!q->user || is_user(event, q->user)) && is_in_time(q, event);
}

/* --- lines --------------------------------------------------------------------------------- */

struct reading {
    const struct query *q;
    struct events_tail tail;
    json_t *last[LAST_EVENTS]; /* before the first wait: of what came, the end alone is shown */
    size_t n_last;
    bool holds;
    uint64_t broken, first_broken;
    bool told;
};

static void
show(const struct query *q, const json_t *event)
{
    if (!q->json) {
        events_print(event);
    } else if (json_dumpf(event, stdout, JSON_COMPACT | JSON_ENSURE_ASCII) == 0) {
        (void)fputc('\n', stdout);
    }
}

static void
show_last(struct reading *r)
{
    size_t first = r->n_last > LAST_EVENTS ? r->n_last - LAST_EVENTS : 0;

    for (size_t i = first; i < r->n_last; i++) {
        show(r->q, r->last[i % LAST_EVENTS]);
        json_decref(r->last[i % LAST_EVENTS]);
    }
    r->holds = false;
    r->n_last = 0;
}

static void
take_event(struct reading *r, json_t *event)
{
    if (!asked_for(r->q, event)) {
        return;
    }
    if (!r->holds) {
        show(r->q, event);
        return;
    }
    if (r->n_last >= LAST_EVENTS) {
        json_decref(r->last[r->n_last % LAST_EVENTS]);
    }
    r->last[r->n_last++ % LAST_EVENTS] = json_incref(event);
}

/* A line that was cut may have the next one behind it. */
static struct bytes
rest_of(struct bytes line)
{
    static const char begin[] = "{\"TimeCreated\":\"";

    for (size_t i = 1; i + sizeof(begin) < line.n; i++) {
        if (memcmp(line.p + i, begin, sizeof(begin) - 1) == 0) {
            return bytes_of(line.p + i, line.n - i);
        }
    }
    return (struct bytes){ 0 };
}

static void
take_line(struct reading *r, struct bytes line)
{
    while (line.n) {
        json_t *event = json_loadb((const char *)line.p, line.n, 0, NULL);
        bool good = json_is_object(event);

        if (good) {
            if (r->q->json && !r->holds && asked_for(r->q, event)) {
                (void)fwrite(line.p, 1, line.n, stdout); /* as it is in the file */
                (void)fputc('\n', stdout);
            } else {
                take_event(r, event);
            }
        }
        json_decref(event);
        if (good) {
            return;
        }
        if (r->broken++ == 0) {
            r->first_broken = r->tail.line;
        }
        line = rest_of(line);
    }
}

static void
tell_broken(struct reading *r)
{
    if (r->broken && !r->told) {
        r->told = true;
        (void)fprintf(stderr, "sspictl: %s: %llu lines are no events; the first is line %llu\n",
                      r->q->file, (unsigned long long)r->broken,
                      (unsigned long long)r->first_broken);
    }
}

static int
failed(const struct query *q)
{
    (void)fprintf(stderr, "sspictl: %s: %s\n", q->file, strerror(errno));
    return SSPICTL_FAILED;
}

static int
read_all(struct reading *r)
{
    struct bytes line;

    for (;;) {
        switch (events_tail_next(&r->tail, !r->q->follow, &line)) {
        case EVENTS_TAIL_LINE: take_line(r, line); continue;
        case EVENTS_TAIL_FAILED: return failed(r->q);
        case EVENTS_TAIL_END: break;
        }
        show_last(r);
        tell_broken(r);
        if (fflush(stdout) != 0) {
            (void)fprintf(stderr, "sspictl: standard output: %s\n", strerror(errno));
            return SSPICTL_FAILED;
        }
        if (!r->q->follow) {
            return SSPICTL_DONE;
        }
        events_tail_wait(&r->tail);
    }
}

static int
read_events(const struct query *q)
{
    struct reading r = { .q = q, .holds = q->follow && !q->since_100ns };
    int result = events_tail_open(&r.tail, q->file) ? read_all(&r) : failed(q);

    events_tail_close(&r.tail);
    return result;
}

/* --- the file's name ----------------------------------------------------------------------- */

/* Takes [events] file; what else the configuration holds is for others to judge. */
static bool
take_file(void *user, const struct config_entry *e, char *why, size_t why_n)
{
    char **file = user;

    if (e->key && is_same(e->section, "events") && is_same(e->key, "file")) {
        mem_free(*file);
        *file = mem_dup(e->value, strlen(e->value));
        return *file;
    }
    return true;
}

static int
find_and_read(const char *config_file, struct query *q)
{
    struct config_error error = { 0 };
    char *file = NULL;
    int result;

    if (q->file) {
        return read_events(q);
    }
    if (!config_read(config_file ? config_file : config_default_file(), take_file, &file, &error)) {
        (void)fprintf(stderr, "sspictl: %s\n", error.text);
        return SSPICTL_USAGE;
    }
    if (!file) {
        return sspictl_usage("the configuration has no [events] file: give one with --file");
    }
    q->file = file;
    result = read_events(q);
    mem_free(file);
    return result;
}

/* --- options ------------------------------------------------------------------------------- */

/* "4625", or "4624,4625". */
static bool
take_ids(struct query *q, const char *text)
{
    char *end;

    do {
        long id = strtol(text, &end, 10);

        if (end == text || (*end && *end != ',') || id < 1 || id > UINT16_MAX ||
            q->n_ids == IDS_MAX) {
            return false;
        }
        q->ids[q->n_ids++] = id;
        text = end + 1;
    } while (*end);
    return true;
}

static bool
take_date(const char *name, const char *text, uint64_t *out_100ns)
{
    if (date_parse_past(text, out_100ns)) {
        return true;
    }
    (void)sspictl_usage("--%s: expected " DATE_FORMS ", or " DATE_PAST_FORMS, name);
    return false;
}

static bool
take_option(struct query *q, int option, const char *value)
{
    switch (option) {
    case 'f': q->file = value; return true;
    case 'F': q->follow = true; return true;
    case 'u': q->user = value; return true;
    case 'a': q->address = value; return true;
    case 'p': q->package = value; return true;
    case 'j': q->json = true; return true;
    case 's': return take_date("since", value, &q->since_100ns);
    case 't': return take_date("until", value, &q->until_100ns);
    case 'i':
        if (take_ids(q, value)) {
            return true;
        }
        (void)sspictl_usage("--id: expected up to %d numbers such as 4625", IDS_MAX);
        return false;
    default: return false; /* getopt has said why */
    }
}

int
sspictl_events(const char *config_file, int argc, char **argv)
{
    static const struct option options[] = {
        { "file", required_argument, NULL, 'f' },    { "id", required_argument, NULL, 'i' },
        { "user", required_argument, NULL, 'u' },    { "since", required_argument, NULL, 's' },
        { "until", required_argument, NULL, 't' },   { "address", required_argument, NULL, 'a' },
        { "package", required_argument, NULL, 'p' }, { "follow", no_argument, NULL, 'F' },
        { "json", no_argument, NULL, 'j' },          { 0 },
    };
    struct query q = { 0 };
    int option;

    optind = 0; /* glibc: begin anew */
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (!take_option(&q, option, optarg)) {
            return SSPICTL_USAGE;
        }
    }
    if (optind != argc) {
        return sspictl_usage("events takes no name");
    }
    if (q.follow && q.until_100ns) {
        return sspictl_usage("--follow has no --until");
    }
    return find_and_read(config_file, &q);
}
