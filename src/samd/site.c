/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations, from settings to what is open. */
#include "samd/site.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static void
release(struct terms *terms)
{
    struct site *site = (struct site *)terms;

    account_events_clear(&site->account_events);
    events_place_unref(site->events);
    account_authority_close(site->terms.accounts);
    samd_settings_clear(&site->settings);
    mem_free(site);
}

/* Everybody's logons hang on this process: a file that it may not write to does not keep it from
 * beginning. */
static bool
open_events(struct site *site, const struct site *before, const struct log *log)
{
    const struct site *same = before && !before->without_file ? before : NULL;
    struct events_section section;

    site->section = site->settings.events;
    if (site->settings.events_file) {
        site->section.file = site->settings.events_file;
    }
    site->events = events_place_open(&site->section, same ? &same->section : NULL,
                                     same ? same->events : NULL, log);
    if (!site->events && !before && site->section.file) {
        section = site->section;
        section.file = NULL;
        site->without_file = true;
        site->events = events_place_open(&section, NULL, NULL, log);
    }
    return site->events != NULL;
}

static bool
open_all(struct site *site, const struct site *before, const struct log *log, char *why,
         size_t why_n)
{
    if (account_authority_open(&site->store.accounts, &site->terms.accounts) != SEC_E_OK) {
        (void)snprintf(why, why_n, "no account store: %s", sec_reason());
        return false;
    }
    if (!open_events(site, before, log)) {
        (void)snprintf(why, why_n, "the event log cannot be opened");
        return false;
    }
    if (!account_events_init(&site->account_events, site->events->log,
                             site->store.accounts.domain)) {
        (void)snprintf(why, why_n, "not enough memory");
        return false;
    }
    return true;
}

struct site *
site_new(struct samd_settings *settings, const struct site *before, const struct log *log,
         char *why, size_t why_n)
{
    struct site *site = mem_new(sizeof(*site));

    if (!site) {
        (void)snprintf(why, why_n, "not enough memory");
        samd_settings_clear(settings);
        return NULL;
    }
    site->settings = *settings;
    *settings = (struct samd_settings){ 0 };
    site->store = samd_settings_store(&site->settings);
    site->terms = (struct terms){
        .references = 1,
        .store = &site->store,
        .events = &site->account_events,
        .rules = { .group = site->settings.group_id,
                   .administrators = site->settings.administrators_id,
                   .requests_per_second = site->settings.requests_per_second },
        .release = release,
    };
    if (!open_all(site, before, log, why, why_n)) {
        terms_unref(&site->terms);
        return NULL;
    }
    return site;
}

const char *
site_needs_restart(const struct samd_settings *settings, const struct site *before)
{
    if (strcmp(settings->socket, before->settings.socket) != 0) {
        return "[samd] socket changes with a restart alone";
    }
    return settings->threads != before->settings.threads
               ? "[samd] threads changes with a restart alone"
               : NULL;
}
