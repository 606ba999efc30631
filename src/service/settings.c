/* SPDX-License-Identifier: Apache-2.0 */
/* sspid's part of the configuration file. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "service/settings.h"

enum { WHY_BYTES = 256 };

/* Where it is not there: what the manual says. */
static const struct listener_settings defaults = {
    .protocol = -1,
    .handshake_timeout_s = 20,
    .max_legs = 10,
    .max_token = 65536,
    .max_message = 1048576,
    .max_unauthenticated = 10000,
    .max_per_address = 256,
};

static const char *const sections[] = { "server",   "accounts", "policy", "kerberos", "events",
                                        "listener", "ras",      "port",   NULL };
static const char *const protocols[] = { "framed", "http", NULL };
static const char *const backends[] = { "whoami", "echo", NULL };
static const char *const credentials[] = { "at-start", "at-first-client", NULL };

/* Keys of a listener that hold a word, and those that hold a number. */
static const char *const keys[] = {
    "protocol", "address", "backend", "package", "credential", NULL
};
static const char *const all_keys[] = {
    "protocol",          "address",  "backend",   "package",     "credential",
    "handshake_timeout", "max_legs", "max_token", "max_message", "max_unauthenticated",
    "max_per_address",   NULL
};
/* What the design has and this version does not; told apart from a slip of the pen. */
static const char *const later_keys[] = { "trusted_proxy", "connection_header", "require", NULL };

static const struct {
    const char *key;
    size_t at;
    unsigned long min, max;
} numbers[] = {
#define NUMBER(key, member, min, max)                             \
    {                                                             \
        key, offsetof(struct listener_settings, member), min, max \
    }
    NUMBER("handshake_timeout", handshake_timeout_s, 1, 600),
    NUMBER("max_legs", max_legs, 1, 100),
    NUMBER("max_token", max_token, 64, 1048576),
    NUMBER("max_message", max_message, 64, 67108864),
    NUMBER("max_unauthenticated", max_unauthenticated, 1, 1000000),
    NUMBER("max_per_address", max_per_address, 1, 1000000),
#undef NUMBER
};

const char *const *
settings_listener_keys(void)
{
    return all_keys;
}

static bool
is_one_of(const char *word, const char *const *words)
{
    for (size_t i = 0; words[i]; i++) {
        if (strcmp(word, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool
no_memory(char *why, size_t why_n)
{
    (void)snprintf(why, why_n, "not enough memory");
    return false;
}

static bool
set_text(char **to, const char *value, char *why, size_t why_n)
{
    mem_free(*to);
    *to = mem_dup(value, strlen(value));
    return *to || no_memory(why, why_n);
}

bool
settings_parse_address(const char *text, struct sockaddr_in6 *address)
{
    const char *colon = strrchr(text, ':');
    char host[INET6_ADDRSTRLEN + 8];
    unsigned long port;
    char why[64];
    size_t n = colon ? (size_t)(colon - text) : 0;
    bool brackets = n >= 2 && text[0] == '[' && text[n - 1] == ']';
    struct in_addr v4;

    *address = (struct sockaddr_in6){ .sin6_family = AF_INET6 };
    if (n == 0 || n >= sizeof(host) ||
        !config_number(colon + 1, 0, 65535, &port, why, sizeof(why))) {
        return false;
    }
    (void)snprintf(host, sizeof(host), "%.*s", (int)(brackets ? n - 2 : n), text + brackets);
    address->sin6_port = htons((uint16_t)port);
    if (brackets) {
        return inet_pton(AF_INET6, host, &address->sin6_addr) == 1;
    }
    if (inet_pton(AF_INET, host, &v4) != 1) {
        return false;
    }
    address->sin6_addr.s6_addr[10] = address->sin6_addr.s6_addr[11] = 0xFF;
    bytes_copy(address->sin6_addr.s6_addr + 12, &v4, sizeof(v4));
    return true;
}

static bool
is_name(const char *text)
{
    return *text && text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789_.-")] == 0;
}

static bool
add_listener(struct settings *s, const struct config_entry *e, char *why, size_t why_n)
{
    struct listener_settings *grown;

    if (!is_name(e->instance)) {
        (void)snprintf(why, why_n,
                       "[listener NAME], the name of letters, digits, \"_\", \".\", "
                       "\"-\"");
        return false;
    }
    grown = mem_resize(s->listeners, (s->n_listeners + 1) * sizeof(*grown));
    if (!grown) {
        return no_memory(why, why_n);
    }
    s->listeners = grown;
    grown += s->n_listeners++;
    *grown = defaults;
    grown->line = grown->package_line = e->line;
    return set_text(&grown->name, e->instance, why, why_n) &&
           set_text(&grown->package, "Negotiate", why, why_n);
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
        return no_memory(why, why_n);
    }
    grown[l->n_options++] = (struct listener_option){ { name, value }, e->line };
    return true;
}

static bool
take_backend(struct listener_settings *l, const char *value, char *why, size_t why_n)
{
    if (strncmp(value, "proxy:", 6) == 0) {
        (void)snprintf(why, why_n, "not in this version: proxy; expected whoami or echo");
        return false;
    }
    return config_choice(value, backends, &l->backend, why, why_n);
}

static bool
take_word(struct listener_settings *l, const struct config_entry *e, char *why, size_t why_n)
{
    if (strcmp(e->key, "protocol") == 0) {
        if (strcmp(e->value, "sample") == 0) {
            (void)snprintf(why, why_n, "not in this version: sample; expected framed or http");
            return false;
        }
        return config_choice(e->value, protocols, &l->protocol, why, why_n);
    }
    if (strcmp(e->key, "backend") == 0) {
        return take_backend(l, e->value, why, why_n);
    }
    if (strcmp(e->key, "credential") == 0) {
        return config_choice(e->value, credentials, &l->at_first_client, why, why_n);
    }
    if (strcmp(e->key, "package") == 0) {
        l->package_line = e->line;
        return set_text(&l->package, e->value, why, why_n);
    }
    if (!settings_parse_address(e->value, &l->address)) {
        (void)snprintf(why, why_n, "ADDRESS:PORT or [ADDRESS]:PORT, in numbers");
        return false;
    }
    return set_text(&l->address_text, e->value, why, why_n);
}

static bool
take_listener(struct settings *s, const struct config_entry *e, char *why, size_t why_n)
{
    struct listener_settings *l;

    if (!e->key) {
        return add_listener(s, e, why, why_n);
    }
    l = &s->listeners[s->n_listeners - 1];
    for (size_t i = 0; i < SEC_ARRAY_LEN(numbers); i++) {
        if (strcmp(e->key, numbers[i].key) == 0) {
            return config_number(e->value, numbers[i].min, numbers[i].max,
                                 (unsigned long *)(void *)((char *)l + numbers[i].at), why, why_n);
        }
    }
    if (is_one_of(e->key, later_keys)) {
        (void)snprintf(why, why_n, "not in this version");
        return false;
    }
    if (is_one_of(e->key, keys)) {
        return take_word(l, e, why, why_n);
    }
    if (strcmp(e->key, "channel_bindings") == 0 && strcasecmp(e->value, "required") == 0) {
        (void)snprintf(why, why_n,
                       "off or allow-missing: a listener without TLS has no channel to "
                       "bind to, so that every client would be refused");
        return false;
    }
    return add_option(l, e, why, why_n);
}

static bool
take_events(struct settings *s, const struct config_entry *e, char *why, size_t why_n)
{
    static const char *const known[] = { "file", NULL };

    if (!e->key) {
        return true;
    }
    if (strcmp(e->key, "file") != 0) {
        return config_unknown("key", e->key, known, why, why_n);
    }
    if (e->value[0] != '/') {
        (void)snprintf(why, why_n, "a path that begins with \"/\"");
        return false;
    }
    return set_text(&s->events_file, e->value, why, why_n);
}

static bool
take(void *user, const struct config_entry *e, char *why, size_t why_n)
{
    struct settings *s = user;

    if (!is_one_of(e->section, sections)) {
        return config_unknown("section", e->section, sections, why, why_n);
    }
    if (strcmp(e->section, "listener") == 0) {
        return take_listener(s, e, why, why_n);
    }
    if (strcmp(e->section, "port") != 0 && e->instance[0]) {
        (void)snprintf(why, why_n, "[%s] without a name", e->section);
        return false;
    }
    if (strcmp(e->section, "events") == 0) {
        return take_events(s, e, why, why_n);
    }
    if (strcmp(e->section, "policy") == 0 && e->key && strcmp(e->key, "channel_bindings") == 0) {
        s->policy_requires_bindings = strcasecmp(e->value, "required") == 0;
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

/* What only the whole section shows. */
static bool
check_listener(const struct settings *s, const struct listener_settings *l,
               struct config_error *error)
{
    const char *text = NULL;

    if (l->protocol < 0) {
        text = "expected a key protocol = framed or http";
    } else if (!l->address.sin6_family) {
        text = "expected a key address = ADDRESS:PORT";
    } else if (l->protocol == LISTENER_HTTP && l->backend == BACKEND_ECHO) {
        text = "expected backend = whoami: echo is for framed listeners";
    } else if (s->policy_requires_bindings && !has_option(l, "channel_bindings")) {
        text = "expected channel_bindings = off or allow-missing: [policy] has required, and a "
               "listener without TLS has no channel to bind to";
    }
    for (const struct listener_settings *o = s->listeners; o < l && !text; o++) {
        if (l->address.sin6_port && o->address.sin6_port == l->address.sin6_port &&
            bytes_equal(bytes_of(&o->address.sin6_addr, 16), bytes_of(&l->address.sin6_addr, 16))) {
            text = "expected an address that no listener above has";
        }
    }
    if (text) {
        settings_fail(s, l, NULL, 0, text, error);
    }
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
    mem_free(l->options);
    mem_free(l->name);
    mem_free(l->address_text);
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
    mem_free(settings->events_file);
    *settings = (struct settings){ 0 };
}
