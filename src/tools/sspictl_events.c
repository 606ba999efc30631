/* SPDX-License-Identifier: Apache-2.0 */
/* sspictl events: the lines of the event file that one asks for, as they are or one short line
 * each. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/wire.h"
#include "tools/date.h"
#include "tools/sspictl.h"

enum { IDS_MAX = 16, LINE_BYTES = 65536 }; /* an event has at most some 8 KiB */

struct query {
    const char *file;
    json_int_t ids[IDS_MAX];
    size_t n_ids;
    const char *user, *address;
    uint64_t since_100ns;
    bool json;
};

/* --- what is asked for --------------------------------------------------------------------- */

static const char *
text_of(const json_t *event, const char *key)
{
    const char *text = json_string_value(json_object_get(event, key));

    return text && strcmp(text, "-") != 0 ? text : "";
}

static bool
asked_for(const struct query *q, const json_t *event)
{
    json_int_t id = json_integer_value(json_object_get(event, "EventID"));
    uint64_t at = 0;
    char when[32];
    bool id_good = q->n_ids == 0;

    for (size_t i = 0; i < q->n_ids; i++) {
        id_good |= q->ids[i] == id;
    }
    if (!id_good || (q->address && strcmp(q->address, text_of(event, "IpAddress")) != 0) ||
        (q->user && strcasecmp(q->user, text_of(event, "TargetUserName")) != 0)) {
        return false;
    }
    if (!q->since_100ns) {
        return true;
    }
    /* "2026-01-31T12:00:00.123456Z", of which the seconds are enough. */
    (void)snprintf(when, sizeof(when), "%.19sZ", text_of(event, "TimeCreated"));
    return date_parse(when, &at) && at >= q->since_100ns;
}

/* --- short lines --------------------------------------------------------------------------- */

static const char *
title_of(json_int_t id, bool failure)
{
    switch (id) {
    case 1101: return "events dropped";
    case 4624: return "logon";
    case 4625: return "refused";
    case 4740: return "locked out";
    case 4776: return failure ? "not validated" : "validated";
    default: return "event";
    }
}

/* Strings come unescaped out of JSON: what a terminal would obey is escaped again. */
static void
put_part(struct wire_writer *w, const char *before, const char *text)
{
    if (*text) {
        wire_put_bytes(w, bytes_of_string(before));
        text_put_escaped(w, bytes_of_string(text));
    }
}

static void
print_short(const json_t *event)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    json_int_t id = json_integer_value(json_object_get(event, "EventID"));
    json_int_t dropped = json_integer_value(json_object_get(event, "EventsDropped"));
    bool failure = strcmp(text_of(event, "Keywords"), "Audit Failure") == 0;
    struct bytes line;
    char head[64];

    (void)snprintf(head, sizeof(head), "%.19sZ %4d %-14s", text_of(event, "TimeCreated"), (int)id,
                   title_of(id, failure));
    wire_put_bytes(&w, bytes_of_string(head));
    put_part(&w, " ", text_of(event, "TargetDomainName"));
    put_part(&w, *text_of(event, "TargetDomainName") ? "\\" : " ",
             text_of(event, "TargetUserName"));
    put_part(&w, " from ", text_of(event, "IpAddress"));
    put_part(&w, " by ", text_of(event, "LmPackageName"));
    put_part(&w, " at ", text_of(event, "listener"));
    if (dropped) {
        (void)snprintf(head, sizeof(head), " %lld", (long long)dropped);
        wire_put_bytes(&w, bytes_of_string(head));
    }
    put_part(&w, ": ",
             *text_of(event, "reason") ? text_of(event, "reason") : text_of(event, "Reason"));
    line = wire_written(&w);
    (void)printf("%.*s\n", (int)line.n, line.p ? (const char *)line.p : "");
}

/* --- the file ------------------------------------------------------------------------------ */

static void
take_line(const struct query *q, const char *line, size_t n, unsigned *broken)
{
    json_t *event = json_loadb(line, n, 0, NULL);

    if (!json_is_object(event)) {
        ++*broken;
    } else if (asked_for(q, event)) {
        if (q->json) {
            (void)fwrite(line, 1, n, stdout);
            (void)fputc('\n', stdout);
        } else {
            print_short(event);
        }
    }
    json_decref(event);
}

static int
read_events(const struct query *q)
{
    FILE *file = fopen(q->file, "re");
    char *line = file ? mem_new(LINE_BYTES) : NULL;
    unsigned broken = 0;

    if (!line) {
        (void)fprintf(stderr, "sspictl: %s: %s\n", q->file, strerror(errno));
        if (file) {
            (void)fclose(file);
        }
        return SSPICTL_FAILED;
    }
    while (fgets(line, LINE_BYTES, file)) {
        size_t n = strlen(line);

        if (n && line[n - 1] == '\n') {
            n--;
        }
        if (n) {
            take_line(q, line, n, &broken);
        }
    }
    mem_free(line);
    (void)fclose(file);
    if (broken) {
        (void)fprintf(stderr, "sspictl: %s: %u lines are no events\n", q->file, broken);
    }
    return SSPICTL_DONE;
}

/* --- the file's name ----------------------------------------------------------------------- */

/* Takes [events] file; what else the configuration holds is for others to judge. */
static bool
take_file(void *user, const struct config_entry *e, char *why, size_t why_n)
{
    char **file = user;

    if (e->key && strcasecmp(e->section, "events") == 0 && strcasecmp(e->key, "file") == 0) {
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

static bool
take_id(struct query *q, const char *text)
{
    char *end;
    long id = strtol(text, &end, 10);

    if (*end || end == text || id < 1 || id > UINT16_MAX || q->n_ids == IDS_MAX) {
        return false;
    }
    q->ids[q->n_ids++] = id;
    return true;
}

int
sspictl_events(const char *config_file, int argc, char **argv)
{
    static const struct option options[] = {
        { "file", required_argument, NULL, 'f' },
        { "id", required_argument, NULL, 'i' },
        { "user", required_argument, NULL, 'u' },
        { "since", required_argument, NULL, 's' },
        { "address", required_argument, NULL, 'a' },
        { "json", no_argument, NULL, 'j' },
        { 0 },
    };
    struct query q = { 0 };
    int option;

    optind = 0; /* glibc: begin anew */
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'f': q.file = optarg; break;
        case 'u': q.user = optarg; break;
        case 'a': q.address = optarg; break;
        case 'j': q.json = true; break;
        case 'i':
            if (!take_id(&q, optarg)) {
                return sspictl_usage("--id: expected up to %d numbers such as 4625", IDS_MAX);
            }
            break;
        case 's':
            if (!date_parse(optarg, &q.since_100ns)) {
                return sspictl_usage("--since: expected " DATE_FORMS);
            }
            break;
        default: return SSPICTL_USAGE; /* getopt has said why */
        }
    }
    if (optind != argc) {
        return sspictl_usage("events takes no name");
    }
    return find_and_read(config_file, &q);
}
