/* SPDX-License-Identifier: Apache-2.0 */
/* sspid tells how it fares: to sspictl over its control socket, to Prometheus over HTTP. */
#include <string.h>
#include <time.h>

#include <opensspi/opensspi.h>

#include "base/clock.h"
#include "service/server.h"
#include "service/status.h"

#define DEFAULT_SOCKET "/run/opensspi-sspid/control"

struct in_effect
server_read_file(const struct server *s)
{
    static const char *const sections[] = { "server",  "accounts", "policy", "kerberos",
                                            "export",  "packages", "names",  "events",
                                            "service", "listener", "execd",  "exec",
                                            NULL };

    return in_effect_read(s->config_file, sections);
}

/* Its site is the caller's to release. */
static struct status
status_of(struct server *s)
{
    struct status status = {
        .version = OpenSspiVersion(),
        .started = s->started,
        .uptime_us = clock_monotonic_us() - s->started_us,
        .loops = s->n_loops,
        .reloads = counters_get(&s->reloads),
        .reloads_refused = counters_get(&s->reloads_refused),
    };

    (void)pthread_mutex_lock(&s->site_lock);
    status.site = site_ref(s->site);
    (void)pthread_mutex_unlock(&s->site_lock);
    status.events = event_log_counts(status.site->events->log);
    return status;
}

void
server_put_metrics(void *user, struct wire_writer *w)
{
    struct server *s = user;
    struct status status = status_of(s);

    status_put_metrics(&status, w);
    site_unref(status.site);
}

static json_t *
answer(void *user, const char *request)
{
    struct server *s = user;
    struct status status;
    json_t *object;

    if (strcmp(request, "status") != 0) {
        return control_error("no such request");
    }
    status = status_of(s);
    object = status_json(&status);
    in_effect_put(&s->in_effect, object);
    site_unref(status.site);
    return object;
}

bool
server_open_control(struct server *s)
{
    const char *named = s->site->settings.control_socket;
    const char *path = named ? named : DEFAULT_SOCKET;
    char why[SERVER_WHY_BYTES];

    s->requests = (struct control_requests){ answer, s };
    s->socket = control_open(&s->control, path, s->service.log, &s->requests, why, sizeof(why));
    if (!s->socket && named) {
        log_error(s->service.log, "no control socket", log_text("error", why));
        return false;
    }
    if (!s->socket) {
        log_info(s->service.log, "no control socket: sspictl status gets no answer",
                 log_text("error", why));
    }
    return true;
}
