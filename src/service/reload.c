/* SPDX-License-Identifier: Apache-2.0 */
/* The file is read anew. A configuration with a fault is refused as a whole, and the old one stays;
 * a good one is what clients come under from now on, while those that are there finish under theirs. */
#include "daemon/notify.h"
#include "daemon/process.h"
#include "service/server.h"

static void
refuse(struct server *s, const char *why)
{
    counters_add(&s->reloads_refused);
    process_refuse_reload(s->site->events->log, s->service.log, why);
}

/* The sockets come before the library's part, which cannot be undone; after that nothing but memory
 * can be missing. */
static bool
take(struct server *s, struct site *site, struct port **offers)
{
    struct config_error error = { "" };
    char why[SERVER_WHY_BYTES];

    if (!site_open_events(site, s->site, s->service.log)) {
        refuse(s, "the event log cannot be opened");
        return false;
    }
    if (!server_bind(s, site, offers, why)) {
        refuse(s, why);
        return false;
    }
    if (OpenSspiLoadConfiguration(s->config_file, error.text, sizeof(error.text)) == SEC_E_OK &&
        site_acquire(site, s->service.log)) {
        return true;
    }
    refuse(s, error.text[0] ? error.text : "a listener has no credential");
    return false;
}

static void
offer(struct server *s, struct site *site, struct port **offers)
{
    struct site *before;

    site_enter(site);
    __atomic_store_n(&s->changing, s->n_loops, __ATOMIC_RELEASE);
    s->reloading = true;
    for (size_t i = 0; i < s->n_loops; i++) {
        loop_offer(&s->loops[i], offers[i]);
    }
    (void)pthread_mutex_lock(&s->site_lock);
    before = s->site;
    s->site = site;
    (void)pthread_mutex_unlock(&s->site_lock);
    site_unref(before);
}

void
server_reload(struct server *s)
{
    struct port *offers[SERVER_LOOPS_MAX] = { NULL };
    struct in_effect in_effect;
    struct settings settings;
    struct config_error error;
    struct site *site;

    event_log_reopen(s->site->events->log);
    log_info(s->service.log, "the event file is opened anew");
    s->reload_again = s->reloading;
    if (s->reloading || s->signals.stops) {
        return;
    }
    notify_reloading();
    in_effect = server_read_file(s);
    if (!settings_read(s->config_file, &settings, &error)) {
        refuse(s, error.text);
        return;
    }
    if (!site_check(&settings, &error)) {
        settings_clear(&settings);
        refuse(s, error.text);
        return;
    }
    site = site_new(&settings, s->site);
    if (!site) {
        refuse(s, "no memory");
    } else if (take(s, site, offers)) {
        s->in_effect = in_effect;
        offer(s, site, offers);
    } else {
        for (size_t i = 0; i < s->n_loops; i++) {
            port_free_all(offers[i]);
        }
        site_unref(site);
    }
}

void
server_check_reloaded(struct server *s)
{
    if (!s->reloading || __atomic_load_n(&s->changing, __ATOMIC_ACQUIRE) != 0) {
        return;
    }
    s->reloading = false;
    counters_add(&s->reloads);
    if (s->reload_again) {
        server_reload(s);
    } else {
        process_tell_reloaded(s->site->events->log, s->service.log, s->config_file);
    }
}
