/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration in force. */
#include "sspi/configuration.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "account/account.h"
#include "base/clock.h"
#include "base/mem.h"
#include "crypto/random.h"
#include "sspi/default_identity.h"
#include "sspi/export_seal.h"
#include "sspi/package_list.h"
#include "sspi/packages.h"
#include "sspi/settings_kerberos.h"
#include "ticket/ticket.h"
#include "token/unix_account.h"

/* Shared by configurations that say the same of it: what was seen under one of them is remembered
 * under the next. */
struct tickets {
    atomic_uint references;
    struct ticket_authority *authority;
};

struct configuration {
    atomic_uint references;
    struct configuration *base; /* whose accounts this one uses; NULL: its own */
    struct account_authority *accounts;
    struct tickets *tickets;
    pthread_mutex_t export_lock;
    struct export_seal *export_seal; /* NULL: nothing was exported or imported yet */
    struct settings_text text;
    struct settings settings;
    struct sec_host host;
    const char *own_domains[SETTINGS_OWN_DOMAINS];
    struct unix_account_policy unix_policy;
};

static pthread_mutex_t current_lock = PTHREAD_MUTEX_INITIALIZER;
static struct configuration *current;

/* A child of fork() has no other thread that could release the lock; what it guards is one pointer,
 * which is good at any moment. It is not held across instead: a file may be read under it. */
static void
renew_lock(void)
{
    (void)pthread_mutex_init(&current_lock, NULL);
}

static void
watch_fork(void)
{
    (void)pthread_atfork(NULL, NULL, renew_lock);
}

static void
lock_current(void)
{
    static pthread_once_t watched = PTHREAD_ONCE_INIT;

    (void)pthread_once(&watched, watch_fork);
    (void)pthread_mutex_lock(&current_lock);
}

static uint64_t
host_now(const struct sec_host *host)
{
    return clock_now_100ns();
}

static bool
host_random(const struct sec_host *host, void *to, size_t n)
{
    return random_bytes(to, n);
}

static struct tickets *
tickets_ref(struct tickets *t)
{
    atomic_fetch_add(&t->references, 1);
    return t;
}

static void
tickets_unref(struct tickets *t)
{
    if (t && atomic_fetch_sub(&t->references, 1) == 1) {
        ticket_authority_close(t->authority);
        mem_free(t);
    }
}

void
configuration_unref(struct configuration *c)
{
    if (!c || atomic_fetch_sub(&c->references, 1) != 1) {
        return;
    }
    if (c->base) {
        configuration_unref(c->base);
    } else {
        account_authority_close(c->accounts);
    }
    tickets_unref(c->tickets);
    export_seal_close(c->export_seal);
    (void)pthread_mutex_destroy(&c->export_lock);
    settings_free(&c->settings);
    settings_clear(&c->text);
    mem_free(c);
}

struct configuration *
configuration_hold(struct configuration *c)
{
    atomic_fetch_add(&c->references, 1);
    return c;
}

const struct sec_host *
configuration_host(const struct configuration *c)
{
    return &c->host;
}

sec_status
configuration_export_seal(struct configuration *c, struct export_seal **out)
{
    const struct export_options options = { c->text.export_key, c->text.export_spent,
                                            c->text.export_lifetime_s };
    sec_status status = SEC_E_OK;

    if (c->base) {
        return configuration_export_seal(c->base, out);
    }
    if (!options.key_file[0] || !options.spent_file[0]) {
        return sec_fail(SEC_E_NO_CREDENTIALS,
                        "sspi: contexts cannot be exported: [export] has no key_file and no "
                        "spent_file");
    }
    (void)pthread_mutex_lock(&c->export_lock);
    if (!c->export_seal) {
        status = export_seal_open(&options, &c->export_seal);
    }
    (void)pthread_mutex_unlock(&c->export_lock);
    *out = c->export_seal;
    return status;
}

const struct unix_account_policy *
configuration_unix_policy(const struct configuration *c)
{
    return &c->unix_policy;
}

const char *
configuration_directory(const struct configuration *c)
{
    return c->text.directory;
}

static sec_status
open_accounts(struct configuration *c)
{
    const struct account_options options = settings_account_options(&c->text, &c->settings);

    return account_authority_open(&options, &c->accounts);
}

static sec_status
open_tickets(struct configuration *c)
{
    const struct ticket_options options = settings_kerberos_options(&c->text);
    sec_status status;

    c->tickets = mem_new(sizeof(*c->tickets));
    if (!c->tickets) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    atomic_init(&c->tickets->references, 1);
    status = ticket_authority_open(&options, &c->tickets->authority);
    if (status != SEC_E_OK) {
        mem_free(c->tickets);
        c->tickets = NULL;
    }
    return status;
}

/* before: the configuration that this one takes the place of, or NULL. */
static sec_status
open_authorities(struct configuration *c, const struct configuration *before)
{
    sec_status status = open_accounts(c);

    if (status == SEC_E_OK && before && settings_kerberos_same(&c->text, &before->text)) {
        c->tickets = tickets_ref(before->tickets);
        return SEC_E_OK;
    }
    return status == SEC_E_OK ? open_tickets(c) : status;
}

/* Where nothing is configured, krb5.conf decides. Without a list nothing is permitted. */
static void
fill_enctypes(struct configuration *c)
{
    struct sec_kerberos_settings *k = &c->settings.sec.kerberos;

    if (k->n_enctypes == 0) {
        k->n_enctypes =
            ticket_authority_enctypes(c->tickets->authority, k->enctypes, SEC_ENCTYPES_MAX);
    }
}

/* Takes text, also when it fails. base: whose accounts and tickets it uses. */
static sec_status
make(struct settings_text *text, struct configuration *base, const struct configuration *before,
     struct configuration **out)
{
    struct configuration *c = mem_new(sizeof(*c));
    sec_status status;

    if (!c) {
        settings_clear(text);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    atomic_init(&c->references, 1);
    (void)pthread_mutex_init(&c->export_lock, NULL);
    c->text = *text;
    *text = (struct settings_text){ 0 };
    status = settings_compile(&c->settings, &c->text);
    if (status == SEC_E_OK && base) {
        c->base = configuration_hold(base);
        c->accounts = base->accounts;
        c->tickets = tickets_ref(base->tickets);
    } else if (status == SEC_E_OK) {
        status = package_list_load(c->text.load);
        status = status == SEC_E_OK ? open_authorities(c, before) : status;
    }
    if (status != SEC_E_OK) {
        configuration_unref(c);
        return status;
    }
    fill_enctypes(c);
    c->unix_policy = settings_unix_policy(&c->text, c->own_domains);
    c->host = (struct sec_host){
        .settings = &c->settings.sec,
        .accounts = c->accounts,
        .tickets = c->tickets->authority,
        .packages = packages_all,
        .n_packages = packages_count,
        .now_100ns = host_now,
        .random = host_random,
        .default_identity = default_identity_read,
    };
    *out = c;
    return SEC_E_OK;
}

/* The default file may be absent; one that was named, here or in the environment, may not. */
static sec_status
read_text(const char *file, struct settings_text *text, struct config_error *error)
{
    const char *name = file ? file : config_default_file();
    bool may_be_absent = !file && strcmp(name, CONFIG_DEFAULT_FILE) == 0;
    sec_status status = settings_init(text);

    *error = (struct config_error){ "" };
    if (status != SEC_E_OK) {
        return status;
    }
    if (may_be_absent && access(name, F_OK) != 0 && errno == ENOENT) {
        return SEC_E_OK;
    }
    if (!settings_read(text, name, error)) {
        settings_clear(text);
        return sec_fail(error->no_memory ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_INVALID_PARAMETER,
                        "configuration: %s", error->text);
    }
    return SEC_E_OK;
}

static sec_status
read_configuration(const char *file, const struct configuration *before, struct config_error *error,
                   struct configuration **out)
{
    struct settings_text text;
    sec_status status = read_text(file, &text, error);

    if (status == SEC_E_OK) {
        status = make(&text, NULL, before, out);
    }
    if (status == SEC_E_INVALID_PARAMETER && !error->text[0]) {
        (void)snprintf(error->text, sizeof(error->text), "%s: %s",
                       file ? file : config_default_file(), sec_reason());
    }
    return status;
}

sec_status
configuration_load(const char *file, struct config_error *error)
{
    struct configuration *loaded = NULL, *before, *old;
    sec_status status;

    lock_current();
    before = current ? configuration_hold(current) : NULL;
    (void)pthread_mutex_unlock(&current_lock);
    status = read_configuration(file, before, error, &loaded);
    configuration_unref(before);
    if (status != SEC_E_OK) {
        return status;
    }
    lock_current();
    old = current;
    current = loaded;
    (void)pthread_mutex_unlock(&current_lock);
    configuration_unref(old);
    return SEC_E_OK;
}

sec_status
configuration_current(struct configuration **out)
{
    struct config_error error;
    sec_status status = SEC_E_OK;

    lock_current();
    if (!current) {
        status = read_configuration(NULL, NULL, &error, &current);
    }
    if (status == SEC_E_OK) {
        *out = configuration_hold(current);
    }
    (void)pthread_mutex_unlock(&current_lock);
    return status;
}

sec_status
configuration_with_options(struct configuration *base, const OPENSSPI_OPTION *options, size_t n,
                           struct configuration **out, struct config_error *error)
{
    struct settings_text text;
    char why[256];
    sec_status status = settings_copy(&text, &base->text);

    error->text[0] = 0;
    for (size_t i = 0; i < n && status == SEC_E_OK; i++) {
        if (!options[i].pszName || !options[i].pszValue) {
            (void)snprintf(error->text, sizeof(error->text), "option %zu has no name or value", i);
            status = sec_fail(SEC_E_INVALID_PARAMETER, "%s", error->text);
        } else if (!settings_take_option(&text, options[i].pszName, options[i].pszValue, why,
                                         sizeof(why))) {
            bool no_memory = strcmp(why, CONFIG_NO_MEMORY) == 0;

            (void)snprintf(error->text, sizeof(error->text), "%s: %s%s", options[i].pszName,
                           no_memory || strncmp(why, "unknown ", 8) == 0 ? "" : "expected ", why);
            status = sec_fail(no_memory ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_INVALID_PARAMETER, "%s",
                              error->text);
        }
        if (status != SEC_E_OK) {
            settings_clear(&text);
        }
    }
    return status == SEC_E_OK ? make(&text, base, NULL, out) : status;
}
