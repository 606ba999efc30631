/* SPDX-License-Identifier: Apache-2.0 */
/* How the service fares: as JSON for sspictl, as text for Prometheus. */
#ifndef SERVICE_STATUS_H
#define SERVICE_STATUS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/wire.h"
#include "event/event.h"
#include "service/site.h"

struct status {
    const char *version;
    int64_t started;    /* seconds since 1970 */
    uint64_t uptime_us; /* by a clock that is never set */
    size_t loops;
    uint64_t reloads, reloads_refused;
    struct event_counts events;
    struct site *site;
};

#define STATUS_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Owned by the caller; NULL: no memory. */
json_t *status_json(const struct status *status);
/* Prometheus' text format, 0.0.4. */
void status_put_metrics(const struct status *status, struct wire_writer *w);

#endif
