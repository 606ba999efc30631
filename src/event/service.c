/* SPDX-License-Identifier: Apache-2.0 */
/* A program's own life: begun, ended, its files read anew, what it needs not there. */
#include <stdio.h>

#include "event/event_log.h"

static const char *
message_of(const struct event_service *service)
{
    switch (service->id) {
    case EVENT_SERVICE_STARTED: return "started";
    case EVENT_SERVICE_STOPPED: return "stopped";
    case EVENT_SERVICE_BACKEND: return "the backend cannot be reached";
    default: return service->failure ? "not reloaded" : "reloaded";
    }
}

static void
describe(struct event_record *record, const void *user)
{
    const struct event_service *service = user;

    event_record_text(record, "version", service->version);
    event_record_text(record, "listener", service->listener);
    event_record_text(record, "backend", service->backend);
    event_record_text(record, "reason", service->reason);
}

void
event_log_service(struct event_log *log, const struct event_service *service)
{
    char message[512];
    bool reason = service->reason && *service->reason;

    (void)snprintf(message, sizeof(message), "%s%s%s", message_of(service), reason ? ": " : "",
                   reason ? service->reason : "");
    event_log_write(log, &(struct event_entry){ .id = service->id,
                                                .failure = service->failure,
                                                .message = message,
                                                .describe = describe,
                                                .user = service });
}
