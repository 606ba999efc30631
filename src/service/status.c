/* SPDX-License-Identifier: Apache-2.0 */
/* How the service fares. A listener's name is letters, digits and "_.-", so that nothing in a label
 * needs an escape. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "service/status.h"

/* What is counted of each listener, under the same name in both forms. */
static const struct figure {
    const char *key;    /* in JSON */
    const char *metric; /* NULL: told in parts, below */
    const char *help;
    size_t at;
} figures[] = {
#define FIGURE(key, metric, help, member)                    \
    {                                                        \
        key, metric, help, offsetof(struct counters, member) \
    }
    FIGURE("accepted", "connections_accepted", "Connections that were accepted.", accepted),
    FIGURE("logons", "logons", "Clients that proved who they are.", established),
    FIGURE("refused", NULL, NULL, refused),
    FIGURE("timed_out", "handshakes_timed_out", "Handshakes not done before handshake_timeout.",
           timed_out),
    FIGURE("dropped", "handshakes_dropped", "Handshakes dropped to make room for new ones.",
           dropped_silent),
    FIGURE("bad_requests", "bad_requests", "What came to an HTTP listener and is not HTTP.",
           bad_requests),
    FIGURE("commands", "commands", "Commands that were started for clients.", commands),
    FIGURE("commands_failed", "commands_failed",
           "Of them, those that a signal ended, or that failed.", commands_failed),
    FIGURE("commands_refused", "commands_refused", "Commands that were not started.",
           commands_refused),
#undef FIGURE
};

static uint64_t
figure_of(const struct listener *l, const struct figure *figure)
{
    return counters_get(
        (const uint64_t *)(const void *)((const char *)&l->endpoint->counters + figure->at));
}

struct now {
    unsigned connections, unauthenticated;
};

static struct now
now_of(const struct listener *l)
{
    struct now now;

    limits_count(&l->endpoint->limits, &now.connections, &now.unauthenticated);
    return now;
}

/* --- JSON ---------------------------------------------------------------------------------- */

static void
put_number(json_t *to, const char *name, uint64_t number)
{
    (void)json_object_set_new(to, name, json_integer((json_int_t)number));
}

static json_t *
refusals_of(const struct counters *c)
{
    json_t *object = json_object();

    for (enum counters_refusal i = 0; i < COUNTERS_REFUSALS; i++) {
        put_number(object, counters_refusal_name(i), counters_get(&c->refusals[i]));
    }
    return object;
}

static json_t *
turned_away_of(const struct counters *c)
{
    json_t *object = json_object();

    for (enum counters_reason i = 0; i < COUNTERS_REASONS; i++) {
        put_number(object, counters_reason_name(i), counters_get(&c->turned_away[i]));
    }
    return object;
}

static json_t *
listener_json(const struct listener *l)
{
    json_t *object = json_object();
    struct now now = now_of(l);

    (void)json_object_set_new(object, "listener", json_string(l->settings->name));
    (void)json_object_set_new(object, "protocol", json_string(settings_protocol_name(l->settings)));
    (void)json_object_set_new(object, "address", json_string(l->settings->address_text));
    put_number(object, "port", l->endpoint->port);
    (void)json_object_set_new(object, "package", json_string(l->settings->package));
    put_number(object, "connections", now.connections);
    put_number(object, "unauthenticated", now.unauthenticated);
    put_number(object, "contexts", counters_get(&l->endpoint->counters.contexts));
    for (size_t i = 0; i < SEC_ARRAY_LEN(figures); i++) {
        put_number(object, figures[i].key, figure_of(l, &figures[i]));
    }
    (void)json_object_set_new(object, "refusals", refusals_of(&l->endpoint->counters));
    (void)json_object_set_new(object, "turned_away", turned_away_of(&l->endpoint->counters));
    return object;
}

json_t *
status_json(const struct status *s)
{
    json_t *all = json_object(), *listeners = json_array(), *events = json_object();

    (void)json_object_set_new(all, "version", json_string(s->version));
    put_number(all, "pid", (uint64_t)getpid());
    put_number(all, "uptime_seconds", s->uptime_us / 1000000);
    put_number(all, "loops", s->loops);
    (void)json_object_set_new(all, "configuration", json_string(s->site->settings.file));
    put_number(all, "reloads", s->reloads);
    put_number(all, "reloads_refused", s->reloads_refused);
    put_number(events, "written", s->events.written);
    put_number(events, "suppressed", s->events.suppressed);
    put_number(events, "lost", s->events.lost);
    (void)json_object_set_new(all, "events", events);
    for (size_t i = 0; i < s->site->n_listeners; i++) {
        (void)json_array_append_new(listeners, listener_json(&s->site->listeners[i]));
    }
    (void)json_object_set_new(all, "listeners", listeners);
    return all;
}

/* --- Prometheus ---------------------------------------------------------------------------- */

SEC_PRINTF(2, 3)
static void
put(struct wire_writer *w, const char *format, ...)
{
    char text[512];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    wire_put(w, text, n < 0 ? 0 : (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

static void
put_head(struct wire_writer *w, const char *name, const char *type, const char *help)
{
    put(w, "# HELP opensspi_%s %s\n# TYPE opensspi_%s %s\n", name, help, name, type);
}

static void
put_one(struct wire_writer *w, const char *name, const char *type, const char *help, uint64_t value)
{
    put_head(w, name, type, help);
    put(w, "opensspi_%s %" PRIu64 "\n", name, value);
}

/* One line of a listener; label: what else there is to tell it from others, with its comma. */
static void
put_line(struct wire_writer *w, const char *name, const struct listener *l, const char *label,
         uint64_t value)
{
    put(w, "opensspi_%s{listener=\"%s\",protocol=\"%s\"%s} %" PRIu64 "\n", name, l->settings->name,
        settings_protocol_name(l->settings), label, value);
}

static void
put_gauges(struct wire_writer *w, const struct site *site)
{
    put_head(w, "connections", "gauge", "Connections that there are.");
    for (size_t i = 0; i < site->n_listeners; i++) {
        const struct listener *l = &site->listeners[i];

        put_line(w, "connections", l, "", now_of(l).connections);
    }
    put_head(w, "connections_unauthenticated", "gauge",
             "Of them, those whose client is nobody yet.");
    for (size_t i = 0; i < site->n_listeners; i++) {
        const struct listener *l = &site->listeners[i];

        put_line(w, "connections_unauthenticated", l, "", now_of(l).unauthenticated);
    }
    put_head(w, "contexts", "gauge", "Security contexts that there are.");
    for (size_t i = 0; i < site->n_listeners; i++) {
        const struct listener *l = &site->listeners[i];

        put_line(w, "contexts", l, "", counters_get(&l->endpoint->counters.contexts));
    }
}

static void
put_counters(struct wire_writer *w, const struct site *site)
{
    char name[64];

    for (size_t k = 0; k < SEC_ARRAY_LEN(figures); k++) {
        if (!figures[k].metric) {
            continue;
        }
        (void)snprintf(name, sizeof(name), "%s_total", figures[k].metric);
        put_head(w, name, "counter", figures[k].help);
        for (size_t i = 0; i < site->n_listeners; i++) {
            put_line(w, name, &site->listeners[i], "", figure_of(&site->listeners[i], &figures[k]));
        }
    }
}

static void
put_reasons(struct wire_writer *w, const struct site *site)
{
    char label[64];

    put_head(w, "refusals_total", "counter", "Clients that were refused, by the reason.");
    for (size_t i = 0; i < site->n_listeners; i++) {
        const struct listener *l = &site->listeners[i];

        for (enum counters_refusal r = 0; r < COUNTERS_REFUSALS; r++) {
            (void)snprintf(label, sizeof(label), ",reason=\"%s\"", counters_refusal_name(r));
            put_line(w, "refusals_total", l, label,
                     counters_get(&l->endpoint->counters.refusals[r]));
        }
    }
    put_head(w, "connections_turned_away_total", "counter",
             "Connections that were closed at once, by the reason.");
    for (size_t i = 0; i < site->n_listeners; i++) {
        const struct listener *l = &site->listeners[i];

        for (enum counters_reason r = 0; r < COUNTERS_REASONS; r++) {
            (void)snprintf(label, sizeof(label), ",reason=\"%s\"", counters_reason_name(r));
            put_line(w, "connections_turned_away_total", l, label,
                     counters_get(&l->endpoint->counters.turned_away[r]));
        }
    }
}

static void
put_histogram(struct wire_writer *w, const struct site *site)
{
    char label[64];

    put_head(w, "handshake_seconds", "histogram", "How long handshakes took that led to a logon.");
    for (size_t i = 0; i < site->n_listeners; i++) {
        const struct listener *l = &site->listeners[i];
        const struct counters *c = &l->endpoint->counters;
        uint64_t sum = 0, us = counters_get(&c->took_us);

        for (size_t b = 0; b < COUNTERS_BUCKETS; b++) {
            sum += counters_get(&c->took[b]);
            (void)snprintf(label, sizeof(label), ",le=\"%g\"", (double)counters_bounds_us[b] / 1e6);
            put_line(w, "handshake_seconds_bucket", l, label, sum);
        }
        sum += counters_get(&c->took[COUNTERS_BUCKETS]);
        put_line(w, "handshake_seconds_bucket", l, ",le=\"+Inf\"", sum);
        put(w,
            "opensspi_handshake_seconds_sum{listener=\"%s\",protocol=\"%s\"} %" PRIu64 ".%06" PRIu64
            "\n",
            l->settings->name, settings_protocol_name(l->settings), us / 1000000, us % 1000000);
        put_line(w, "handshake_seconds_count", l, "", sum);
    }
}

void
status_put_metrics(const struct status *s, struct wire_writer *w)
{
    put_head(w, "build_info", "gauge", "The version; always 1.");
    put(w, "opensspi_build_info{version=\"%s\"} 1\n", s->version);
    put_one(w, "start_time_seconds", "gauge", "When it started, in seconds since 1970.",
            (uint64_t)s->started);
    put_one(w, "loops", "gauge", "Event loops, each a thread.", s->loops);
    put_one(w, "reloads_total", "counter", "Configurations that were taken by a reload.",
            s->reloads);
    put_one(w, "reloads_refused_total", "counter", "Configurations that were refused as faulty.",
            s->reloads_refused);
    put_one(w, "events_written_total", "counter", "Events that were written.", s->events.written);
    put_one(w, "events_suppressed_total", "counter", "Events of floods, counted instead.",
            s->events.suppressed);
    put_one(w, "events_lost_total", "counter", "Events that could not be written.", s->events.lost);
    put_gauges(w, s->site);
    put_counters(w, s->site);
    put_reasons(w, s->site);
    put_histogram(w, s->site);
}
