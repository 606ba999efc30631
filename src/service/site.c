/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration in force. */
#include <string.h>

#include "base/boot_id.h"
#include "base/bytes.h"
#include "base/fnv.h"
#include "base/mem.h"
#include "service/site.h"

enum { WHY_BYTES = 400 };

bool
site_check(const struct settings *settings, struct config_error *error)
{
    for (size_t i = 0; i < settings->n_listeners; i++) {
        if (!credential_check(settings, &settings->listeners[i], error)) {
            return false;
        }
    }
    return true;
}

static bool
goes_on(const struct listener *before, const struct listener_settings *now)
{
    const struct sockaddr_in6 *a = &before->endpoint->address, *b = &now->address;

    /* Port 0 is another one for each listener. */
    return a->sin6_port == b->sin6_port &&
           bytes_equal(bytes_of(&a->sin6_addr, sizeof(a->sin6_addr)),
                       bytes_of(&b->sin6_addr, sizeof(b->sin6_addr))) &&
           (a->sin6_port || strcmp(before->settings->name, now->name) == 0);
}

static struct endpoint *
find_endpoint(const struct site *before, const struct listener_settings *now)
{
    struct endpoint *endpoint;

    for (size_t i = 0; before && i < before->n_listeners; i++) {
        if (goes_on(&before->listeners[i], now)) {
            endpoint = before->listeners[i].endpoint;
            (void)__atomic_add_fetch(&endpoint->references, 1, __ATOMIC_RELAXED);
            return endpoint;
        }
    }
    endpoint = mem_new(sizeof(*endpoint));
    if (endpoint) {
        *endpoint = (struct endpoint){ .references = 1, .address = now->address };
        limits_init(&endpoint->limits, (unsigned)now->max_unauthenticated,
                    (unsigned)now->max_per_address);
    }
    return endpoint;
}

static void
endpoint_unref(struct endpoint *endpoint)
{
    if (__atomic_sub_fetch(&endpoint->references, 1, __ATOMIC_ACQ_REL) == 0) {
        limits_clear(&endpoint->limits);
        mem_free(endpoint);
    }
}

static bool
add_listener(struct site *site, const struct listener_settings *from, const struct site *before)
{
    struct listener *l = &site->listeners[site->n_listeners];
    struct endpoint *endpoint = find_endpoint(before, from);

    if (!endpoint) {
        return false;
    }
    site->n_listeners++;
    *l = (struct listener){ .settings = from, .site = site, .endpoint = endpoint };
    l->rules = (struct session_rules){ (unsigned)from->max_legs, from->max_token,
                                       ASC_REQ_MUTUAL_AUTH | ASC_REQ_EXTENDED_ERROR };
    if (from->protocol == LISTENER_SAMPLE) {
        l->rules.wanted |= ASC_REQ_CONFIDENTIALITY; /* its client asks for no more */
    } else if (from->protocol == LISTENER_FRAMED) {
        l->rules.wanted |= ASC_REQ_CONFIDENTIALITY | ASC_REQ_INTEGRITY | ASC_REQ_REPLAY_DETECT |
                           ASC_REQ_SEQUENCE_DETECT;
    }
    credential_init(&l->credential, from);
    told_init(&l->told);
    proxied_init(&l->proxied, (unsigned)from->max_unauthenticated,
                 from->http.proxies.client_header ? (unsigned)from->max_per_address : UINT32_MAX,
                 from->handshake_timeout_s, from->http.connection_idle_s);
    return true;
}

bool
site_open_events(struct site *site, const struct site *before, const struct log *log)
{
    site->events =
        events_place_open(&site->settings.events, before ? &before->settings.events : NULL,
                          before ? before->events : NULL, log);
    return site->events != NULL;
}

struct site *
site_new(struct settings *settings, const struct site *before)
{
    struct site *site = mem_new(sizeof(*site));

    if (!site) {
        settings_clear(settings);
        return NULL;
    }
    *site = (struct site){ .references = 1, .settings = *settings };
    *settings = (struct settings){ 0 };
    site->listeners = mem_new_array(site->settings.n_listeners, sizeof(*site->listeners));
    for (size_t i = 0; i < site->settings.n_listeners; i++) {
        if (!site->listeners || !add_listener(site, &site->settings.listeners[i], before)) {
            site_unref(site);
            return NULL;
        }
    }
    return site;
}

struct site *
site_ref(struct site *site)
{
    (void)__atomic_add_fetch(&site->references, 1, __ATOMIC_RELAXED);
    return site;
}

void
site_unref(struct site *site)
{
    if (!site || __atomic_sub_fetch(&site->references, 1, __ATOMIC_ACQ_REL) != 0) {
        return;
    }
    for (size_t i = 0; i < site->n_listeners; i++) {
        struct listener *l = &site->listeners[i];

        proxied_clear(&l->proxied);
        proxied_store_close(l->shared.store);
        credential_clear(&l->credential);
        told_clear(&l->told);
        endpoint_unref(l->endpoint);
    }
    mem_free(site->listeners);
    events_place_unref(site->events);
    settings_clear(&site->settings);
    mem_free(site);
}

static bool
open_shared(const struct site *site, struct listener *l, const struct log *log)
{
    const struct listener_settings *s = l->settings;
    const struct proxied_store_place place = {
        .folder = s->http.connection_store,
        .key_file = site->settings.export_key,
        .boot_id_file = BOOT_ID_FILE,
    };
    char why[WHY_BYTES];

    if (!place.folder) {
        return true;
    }
    l->shared = (struct proxied_shared){
        .store = proxied_store_open(&place, why, sizeof(why)),
        .listener = s->name,
        .scope = fnv_add(s->scope, bytes_of(&site->settings.scope, sizeof(site->settings.scope))),
        .handshake_timeout_s = s->handshake_timeout_s,
        .idle_s = s->http.connection_idle_s,
    };
    if (!l->shared.store) {
        log_error(log, "no connection_store", log_text("listener", s->name),
                  log_text("error", why));
        return false;
    }
    l->proxied.shared = &l->shared;
    l->proxied.known_max = PROXIED_STORE_FILES_MAX / 2;
    return true;
}

bool
site_acquire(struct site *site, const struct log *log)
{
    char why[WHY_BYTES];

    for (size_t i = 0; i < site->n_listeners; i++) {
        struct listener *l = &site->listeners[i];

        if (!open_shared(site, l, log)) {
            return false;
        }
        if (!l->settings->at_first_client &&
            !credential_get(&l->credential, CREDENTIAL_MAIN, why, sizeof(why))) {
            log_error(log, "no credential for the listener",
                      log_text("listener", l->settings->name), log_text("error", why));
            return false;
        }
        if (!credential_has_keys(l->settings, why, sizeof(why))) {
            log_warning(log, "tickets cannot be taken", log_text("listener", l->settings->name),
                        log_text("error", why));
        }
    }
    return true;
}

void
site_tick(struct site *site, uint64_t now_s)
{
    for (size_t i = 0; i < site->n_listeners; i++) {
        proxied_sweep(&site->listeners[i].proxied, now_s);
    }
}

bool
site_is_shared(const struct site *site)
{
    bool is = false;

    for (size_t i = 0; i < site->n_listeners && !is; i++) {
        is = site->listeners[i].shared.store != NULL;
    }
    return is;
}

void
site_sweep(struct site *site, const struct log *log, uint64_t now_s)
{
    for (size_t i = 0; i < site->n_listeners; i++) {
        struct listener *l = &site->listeners[i];
        const struct session_client client = { .events = site->events->log,
                                               .log = log,
                                               .counters = &l->endpoint->counters,
                                               .listener = l->settings->name,
                                               .protocol = settings_protocol_name(l->settings),
                                               .package = l->settings->package };

        if (l->shared.store) {
            proxied_shared_sweep(&l->shared, &client, now_s);
        }
    }
}

void
site_enter(struct site *site)
{
    for (size_t i = 0; i < site->n_listeners; i++) {
        const struct listener_settings *s = site->listeners[i].settings;

        limits_set(&site->listeners[i].endpoint->limits, (unsigned)s->max_unauthenticated,
                   (unsigned)s->max_per_address);
    }
}
