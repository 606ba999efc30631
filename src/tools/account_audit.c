/* SPDX-License-Identifier: Apache-2.0 */
/* The events of what sspictl does to accounts, where it does so itself: samd has its own. */
#include "tools/account_audit.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config.h"
#include "daemon/account_events.h"
#include "daemon/events_section.h"

/* One store, one command, one process. */
static struct {
    const char *config_file;
    struct log log;
    struct account_events events;
    struct account_watch watch;
} audit;

/* The other sections were read before, or are other programs' business. */
static bool
take(void *user, const struct config_entry *e, char *why, size_t why_n)
{
    return strcmp(e->section, "events") != 0 || events_section_take(user, e, why, why_n);
}

static void
open_log(void)
{
    struct events_section section = { 0 };
    struct event_settings settings = { .program = "sspictl", .log = &audit.log };
    struct config_error error = { "" };
    mode_t before = umask(027); /* who reads the services' events reads these */

    if (!config_read(audit.config_file, take, &section, &error)) {
        log_warning(&audit.log, "events go to the journal alone", log_text("error", error.text));
    }
    settings.file = section.file;
    settings.journal = section.without_journal ? NULL : EVENT_JOURNAL;
    settings.syslog = section.syslog ? EVENT_SYSLOG : NULL;
    settings.facility = section.facility ? section.facility : EVENT_FACILITY_AUTHPRIV;
    audit.events.log = event_log_open(&settings);
    if (!audit.events.log && section.file) {
        settings.file = NULL;
        audit.events.log = event_log_open(&settings);
    }
    (void)umask(before);
    events_section_clear(&section);
}

static void
changed(void *user, const void *before, const void *after)
{
    if (!audit.events.log) {
        open_log();
    }
    audit.events.watch.changed(user, before, after);
}

static bool
begin(const char *config_file, struct bytes domain)
{
    account_audit_end();
    audit.config_file = config_file;
    audit.log = log_on_stderr("sspictl", LOG_LEVEL_WARNING);
    return account_events_init(&audit.events, NULL, domain);
}

void
account_audit_new_password(const struct account_options *options, const char *config_file,
                           struct bytes user, sec_status status,
                           const struct account_proof *reasons)
{
    if (bytes_starts_with(bytes_of_string(options->store), bytes_of_string("authority:")) ||
        !begin(config_file, options->domain)) {
        return;
    }
    audit.events.uid = getuid();
    open_log();
    account_events_new_password(&audit.events, user, status, reasons);
}

void
account_audit_watch(struct account_admin *admin, const char *config_file, struct bytes domain)
{
    if (begin(config_file, domain)) {
        audit.events.uid = getuid();
        audit.watch = audit.events.watch;
        audit.watch.changed = changed;
        account_admin_watch(admin, &audit.watch);
    }
}

void
account_audit_end(void)
{
    event_log_close(audit.events.log);
    account_events_clear(&audit.events);
}
