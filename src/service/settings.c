/* SPDX-License-Identifier: Apache-2.0 */
/* sspid's part of the configuration file. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fnv.h"
#include "base/host_port.h"
#include "base/mem.h"
#include "daemon/key.h"
#include "service/settings.h"

enum { WHY_BYTES = 256 };

/* Where it is not there: what the manual says. */
static const struct listener_settings defaults = {
    .protocol = -1,
    .backend = -1,
    .handshake_timeout_s = 20,
    .max_legs = 10,
    .max_token = 65536,
    .max_message = 1048576,
    .max_unauthenticated = 10000,
    .max_per_address = 256,
    .idle_timeout_s = 43200,
};

static const char *const protocols[] = { "framed", "http", "sample", NULL };
static const char *const backends[] = { "whoami", "echo", "proxy:HOST:PORT", "exec:NAME", NULL };
static const char *const credentials[] = { "at-start", "at-first-client", NULL };

/* --- keys of a listener -------------------------------------------------------------------- */

static bool
take_protocol(void *at, const struct key_value *v)
{
    return config_choice(v->text, protocols, at, v->why, v->why_n);
}

static bool
take_proxy(struct listener_settings *l, const char *to, const struct key_value *v)
{
    char host[HOST_PORT_HOST_BYTES];
    const char *port;
    unsigned long number;

    if (!host_port_split(to, host, &port) ||
        host[strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                          "0123456789_.-:%")] ||
        !config_number(port, 1, 65535, &number, v->why, v->why_n)) {
        (void)snprintf(v->why, v->why_n,
                       "proxy:HOST:PORT or proxy:[ADDRESS]:PORT, the port in "
                       "digits");
        return false;
    }
    l->backend = BACKEND_PROXY;
    return key_set_text(&l->proxy_host, host, v->why, v->why_n) &&
           key_set_text(&l->proxy_port, port, v->why, v->why_n);
}

static bool
take_exec(struct listener_settings *l, const char *name, const struct key_value *v)
{
    if (!key_is_name(name)) {
        (void)snprintf(v->why, v->why_n, "exec:NAME, of a section [exec NAME]");
        return false;
    }
    l->backend = BACKEND_EXEC;
    return key_set_text(&l->exec_name, name, v->why, v->why_n);
}

static bool
take_backend(void *at, const struct key_value *v)
{
    struct listener_settings *l = at;

    if (strncmp(v->text, "proxy:", 6) == 0) {
        return take_proxy(l, v->text + 6, v);
    }
    if (strncmp(v->text, "exec:", 5) == 0) {
        return take_exec(l, v->text + 5, v);
    }
    return config_choice(v->text, backends, &l->backend, v->why, v->why_n);
}

static bool
take_credential(void *at, const struct key_value *v)
{
    return config_choice(v->text, credentials, at, v->why, v->why_n);
}

/* Parsed when the section is whole. */
static bool
take_address(void *at, const struct key_value *v)
{
    struct sockaddr_in6 address;

    if (!key_parse_address(v->text, &address)) {
        (void)snprintf(v->why, v->why_n, "ADDRESS:PORT or [ADDRESS]:PORT, in numbers");
        return false;
    }
    return key_take_text(at, v);
}

#define OF_LISTENER(member) offsetof(struct listener_settings, member)

static const struct key listener_keys[] = {
    { "protocol", OF_LISTENER(protocol), take_protocol, 0, 0 },
    { "address", OF_LISTENER(address_text), take_address, 0, 0 },
    { "backend", 0 /* the whole */, take_backend, 0, 0 },
    { "package", OF_LISTENER(package), key_take_text, 0, 0 },
    { "credential", OF_LISTENER(at_first_client), take_credential, 0, 0 },
    { "handshake_timeout", OF_LISTENER(handshake_timeout_s), NULL, 1, 600 },
    { "max_legs", OF_LISTENER(max_legs), NULL, 1, 100 },
    { "max_token", OF_LISTENER(max_token), NULL, 64, 1048576 },
    { "max_message", OF_LISTENER(max_message), NULL, 64, 67108864 },
    { "max_unauthenticated", OF_LISTENER(max_unauthenticated), NULL, 1, 1000000 },
    { "metrics", OF_LISTENER(metrics), key_take_flag, 0, 0 },
    { "max_per_address", OF_LISTENER(max_per_address), NULL, 1, 1000000 },
    { "idle_timeout", OF_LISTENER(idle_timeout_s), NULL, 0, 604800 },
};

static const struct key service_keys[] = {
    { "control_socket", offsetof(struct settings, control_socket), key_take_path, 0, 0 },
};

enum { TABLES = 2 };

static void
list_tables(struct listener_settings *l, struct key_table tables[static TABLES])
{
    tables[0] = (struct key_table){ listener_keys, SEC_ARRAY_LEN(listener_keys), l };
    tables[1] = settings_http_keys(l ? &l->http : NULL);
}

const char *
settings_protocol_name(const struct listener_settings *l)
{
    return protocols[l->protocol];
}

bool
settings_unknown_listener_key(const char *key, char *why, size_t why_n)
{
    struct key_table tables[TABLES];

    list_tables(NULL, tables);
    return key_unknown(key, tables, TABLES, why, why_n);
}

/* --- sections ------------------------------------------------------------------------------ */

static bool
add_listener(struct settings *s, const struct config_entry *e, char *why, size_t why_n)
{
    struct listener_settings *grown;

    if (!key_is_name(e->instance)) {
        (void)snprintf(why, why_n,
                       "[listener NAME], the name of letters, digits, \"_\", \".\", "
                       "\"-\"");
        return false;
    }
    grown = mem_resize(s->listeners, (s->n_listeners + 1) * sizeof(*grown));
    if (!grown) {
        return key_no_memory(why, why_n);
    }
    s->listeners = grown;
    grown += s->n_listeners++;
    *grown = defaults;
    grown->line = grown->package_line = e->line;
    settings_http_init(&grown->http);
    return key_set_text(&grown->name, e->instance, why, why_n) &&
           key_set_text(&grown->package, "Negotiate", why, why_n);
}

static bool
add_option(struct listener_settings *l, const struct config_entry *e, char *why, size_t why_n)
{
    struct listener_option *grown = mem_resize(l->options, (l->n_options + 1) * sizeof(*grown));
    char *name = mem_dup(e->key, strlen(e->key)), *value = mem_dup(e->value, strlen(e->value));

    if (grown) {
        l->options = grown;
    }
    if (!grown || !name || !value) {
        mem_free(name);
        mem_free(value);
        return key_no_memory(why, why_n);
    }
    grown[l->n_options++] = (struct listener_option){ { name, value }, e->line };
    return true;
}

/* Each entry, in order: what two files have in common is what they say, not where they lie. */
static uint64_t
add_to_scope(uint64_t scope, const struct config_entry *e)
{
    const char *const parts[] = { e->section, e->key, e->value };

    scope = scope ? scope : fnv_begin();
    for (size_t i = 0; i < SEC_ARRAY_LEN(parts); i++) {
        scope = fnv_add(scope, bytes_of(parts[i], strlen(parts[i]) + 1));
    }
    return scope;
}

static bool
take_listener(struct settings *s, const struct config_entry *e, char *why, size_t why_n)
{
    const struct key_value v = { e->value, why, why_n };
    struct listener_settings *l;
    struct key_table tables[TABLES];

    if (!e->key) {
        return add_listener(s, e, why, why_n);
    }
    l = &s->listeners[s->n_listeners - 1];
    list_tables(l, tables);
    if (strcmp(e->key, "address") != 0) {
        l->scope = add_to_scope(l->scope, e);
    }
    for (size_t i = 0; i < TABLES; i++) {
        const struct key *key = key_find(e->key, &tables[i]);

        if (key) {
            l->package_line = strcmp(e->key, "package") == 0 ? e->line : l->package_line;
            l->http.is_set = l->http.is_set || tables[i].object == &l->http;
            return key_take(key, tables[i].object, &v);
        }
    }
    if (strcmp(e->key, "channel_bindings") == 0 && strcasecmp(e->value, "required") == 0) {
        (void)snprintf(why, why_n,
                       "off or allow-missing: a listener without TLS has no channel to "
                       "bind to, so that every client would be refused");
        return false;
    }
    return add_option(l, e, why, why_n);
}

/* The library judges them; we look whether they are there. */
static bool
take_library(struct settings *s, const struct config_entry *e, char *why, size_t why_n)
{
    const struct {
        const char *section, *key;
        char **to;
    } rows[] = {
        { "accounts", "store", &s->store },
        { "accounts", "key_file", &s->key_file },
        { "export", "key_file", &s->export_key },
        { "export", "spent_file", &s->export_spent },
    };

    s->scope = add_to_scope(s->scope, e);
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        if (strcmp(e->section, rows[i].section) == 0 && strcmp(e->key, rows[i].key) == 0) {
            return key_set_text(rows[i].to, e->value, why, why_n);
        }
    }
    return true;
}

static bool
is_library(const char *section)
{
    static const char *const sections[] = { "server", "accounts", "policy", "kerberos", "export" };
    bool is = false;

    for (size_t i = 0; i < SEC_ARRAY_LEN(sections) && !is; i++) {
        is = strcmp(section, sections[i]) == 0;
    }
    return is;
}

/* opensspi-execd judges them; we look which there are, and where it is. */
static bool
take_execd(struct settings *s, const struct config_entry *e, char *why, size_t why_n)
{
    const struct key_value v = { e->value, why, why_n };
    char **grown;

    if (strcmp(e->section, "execd") == 0) {
        return !e->key || strcmp(e->key, "socket") != 0 || key_take_path(&s->exec_socket, &v);
    }
    if (e->key) {
        return true;
    }
    grown = mem_resize(s->exec_names, (s->n_exec_names + 1) * sizeof(*grown));
    if (!grown) {
        return key_no_memory(why, why_n);
    }
    s->exec_names = grown;
    grown[s->n_exec_names] = NULL;
    return key_set_text(&grown[s->n_exec_names++], e->instance, why, why_n);
}

static bool
take(void *user, const struct config_entry *e, char *why, size_t why_n)
{
    const struct key_table of_listener = { listener_keys, SEC_ARRAY_LEN(listener_keys), NULL };
    struct settings *s = user;

    if (!key_check_section(e, why, why_n)) {
        return false;
    }
    if (strcmp(e->section, "listener") == 0) {
        return take_listener(s, e, why, why_n);
    }
    if (strcmp(e->section, "service") == 0) {
        const struct key_table table = { service_keys, SEC_ARRAY_LEN(service_keys), s };

        return !e->key || key_take_entry(e, &table, 1, why, why_n) ||
               key_is_elsewhere(e->key, &of_listener, "listener NAME", why, why_n);
    }
    if (strcmp(e->section, "events") == 0) {
        return events_section_take(&s->events, e, why, why_n);
    }
    if (strcmp(e->section, "policy") == 0 && e->key && strcmp(e->key, "channel_bindings") == 0) {
        s->policy_requires_bindings = strcasecmp(e->value, "required") == 0;
    }
    if (strcmp(e->section, "execd") == 0 || strcmp(e->section, "exec") == 0) {
        return take_execd(s, e, why, why_n);
    }
    if (e->key && is_library(e->section)) {
        return take_library(s, e, why, why_n);
    }
    return true; /* the library reads these, or another program */
}

void
settings_fail(const struct settings *s, const struct listener_settings *l, const char *key,
              unsigned line, const char *text, struct config_error *error)
{
    (void)snprintf(error->text, sizeof(error->text), "%s:%u: [listener %s]%s%s: %s", s->file,
                   key ? line : l->line, l->name, key ? " " : "", key ? key : "", text);
}

static bool
has_option(const struct listener_settings *l, const char *name)
{
    for (size_t i = 0; i < l->n_options; i++) {
        if (strcmp(l->options[i].option.pszName, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool
has_command(const struct settings *s, const struct listener_settings *l)
{
    bool has = l->backend != BACKEND_EXEC;

    for (size_t i = 0; i < s->n_exec_names && !has; i++) {
        has = strcmp(s->exec_names[i], l->exec_name) == 0;
    }
    return has;
}

/* The key that is missing may be there, misspelt; *why says so. NULL: it is not. */
static const struct listener_option *
misspelt(const struct listener_settings *l, char *why, size_t why_n)
{
    const char *meant = l->protocol < 0 ? "mean \"protocol\"" : "mean \"address\"";
    bool missing = l->protocol < 0 || !l->address_text;

    for (size_t i = 0; i < l->n_options && missing; i++) {
        (void)settings_unknown_listener_key(l->options[i].option.pszName, why, why_n);
        if (strstr(why, meant)) {
            return &l->options[i];
        }
    }
    return NULL;
}

/* What only the whole section shows. */
static bool
check_listener(const struct settings *s, struct listener_settings *l, struct config_error *error)
{
    const struct listener_option *wrong;
    const char *text = NULL;
    char why[WHY_BYTES];

    if ((wrong = misspelt(l, why, sizeof(why)))) {
        text = why;
    } else if (l->protocol < 0) {
        text = "expected a key protocol = framed, http or sample";
    } else if (!l->address_text || !key_parse_address(l->address_text, &l->address)) {
        text = "expected a key address = ADDRESS:PORT";
    } else if (l->protocol == LISTENER_SAMPLE && l->backend >= 0) {
        text = "expected no key backend: protocol = sample has one message to say";
    } else if (l->protocol == LISTENER_HTTP && l->backend > BACKEND_WHOAMI) {
        text = "expected backend = whoami: echo, proxy and exec are for framed listeners";
    } else if (!has_command(s, l)) {
        text = "expected a section [exec NAME] of the name that backend = exec:NAME says";
    } else if (l->protocol != LISTENER_HTTP && l->metrics) {
        text = "expected no metrics = yes: it is for http listeners";
    } else if (s->policy_requires_bindings && !has_option(l, "channel_bindings")) {
        text = "expected channel_bindings = off or allow-missing: [policy] has required, and a "
               "listener without TLS has no channel to bind to";
    }
    if (!text && l->http.connection_store && (!s->export_key || !s->export_spent)) {
        text = "expected [export] key_file and spent_file beside connection_store: handshakes that "
               "go from one process to another are sealed, and taken once";
    }
    for (const struct listener_settings *o = s->listeners; o < l && !text; o++) {
        if (key_is_same_address(&o->address, &l->address)) {
            text = "expected an address that no listener above has";
        }
    }
    if (!text) {
        text = settings_http_check(&l->http, l->protocol == LISTENER_HTTP,
                                   proxy_is_loopback(&l->address.sin6_addr));
    }
    if (text) {
        settings_fail(s, l, wrong ? wrong->option.pszName : NULL, wrong ? wrong->line : 0, text,
                      error);
    }
    l->backend = l->backend < 0 ? BACKEND_WHOAMI : l->backend;
    return text == NULL;
}

static bool
check(const struct settings *s, struct config_error *error)
{
    for (size_t i = 0; i < s->n_listeners; i++) {
        if (!check_listener(s, &s->listeners[i], error)) {
            return false;
        }
    }
    if (s->n_listeners == 0) {
        (void)snprintf(error->text, sizeof(error->text),
                       "%s: expected at least one section [listener NAME]", s->file);
        return false;
    }
    return true;
}

bool
settings_read(const char *file, struct settings *settings, struct config_error *error)
{
    *settings = (struct settings){ .file = mem_dup(file, strlen(file)) };
    if (!settings->file) {
        (void)snprintf(error->text, sizeof(error->text), "%s: not enough memory", file);
        return false;
    }
    if (!config_read(file, take, settings, error) || !check(settings, error)) {
        settings_clear(settings);
        return false;
    }
    return true;
}

static void
clear_listener(struct listener_settings *l)
{
    for (size_t i = 0; i < l->n_options; i++) {
        mem_free((char *)l->options[i].option.pszName);
        mem_free((char *)l->options[i].option.pszValue);
    }
    settings_http_clear(&l->http);
    mem_free(l->options);
    mem_free(l->name);
    mem_free(l->address_text);
    mem_free(l->proxy_host);
    mem_free(l->proxy_port);
    mem_free(l->exec_name);
    mem_free(l->package);
}

void
settings_clear(struct settings *settings)
{
    for (size_t i = 0; i < settings->n_listeners; i++) {
        clear_listener(&settings->listeners[i]);
    }
    mem_free(settings->listeners);
    mem_free(settings->file);
    mem_free(settings->control_socket);
    for (size_t i = 0; i < settings->n_exec_names; i++) {
        mem_free(settings->exec_names[i]);
    }
    mem_free(settings->exec_names);
    mem_free(settings->exec_socket);
    mem_free(settings->store);
    mem_free(settings->key_file);
    mem_free(settings->export_key);
    mem_free(settings->export_spent);
    events_section_clear(&settings->events);
    *settings = (struct settings){ 0 };
}
