/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemons' parts of the configuration file have in common. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "daemon/key.h"

enum { TEXT_MAX = 4000, NAME_MAX_BYTES = 128, KNOWN_MAX = 64 };

bool
key_no_memory(char *why, size_t why_n)
{
    (void)snprintf(why, why_n, "not enough memory");
    return false;
}

bool
key_set_text(char **to, const char *value, char *why, size_t why_n)
{
    mem_free(*to);
    *to = mem_dup(value, strlen(value));
    return *to || key_no_memory(why, why_n);
}

bool
key_take_text(void *at, const struct key_value *v)
{
    return key_set_text(at, v->text, v->why, v->why_n);
}

bool
key_take_path(void *at, const struct key_value *v)
{
    if (v->text[0] != '/' || strlen(v->text) > TEXT_MAX) {
        (void)snprintf(v->why, v->why_n, "a path that begins with \"/\"");
        return false;
    }
    return key_take_text(at, v);
}

bool
key_take_name(void *at, const struct key_value *v)
{
    if (!*v->text || strlen(v->text) > NAME_MAX_BYTES) {
        (void)snprintf(v->why, v->why_n, "a name of 1 to %d bytes", NAME_MAX_BYTES);
        return false;
    }
    return key_take_text(at, v);
}

bool
key_take_flag(void *at, const struct key_value *v)
{
    return config_flag(v->text, at, v->why, v->why_n);
}

const struct key *
key_find(const char *name, const struct key_table *table)
{
    for (size_t i = 0; i < table->n; i++) {
        if (strcmp(table->keys[i].name, name) == 0) {
            return &table->keys[i];
        }
    }
    return NULL;
}

bool
key_take(const struct key *key, void *object, const struct key_value *v)
{
    void *at = (char *)object + key->at;

    return key->take ? key->take(at, v)
                     : config_number(v->text, key->min, key->max, at, v->why, v->why_n);
}

bool
key_unknown(const char *name, const struct key_table *tables, size_t n, char *why, size_t why_n)
{
    const char *known[KNOWN_MAX + 1];
    size_t k = 0;

    for (size_t t = 0; t < n; t++) {
        for (size_t i = 0; i < tables[t].n && k < KNOWN_MAX; i++) {
            known[k++] = tables[t].keys[i].name;
        }
    }
    known[k] = NULL;
    return config_unknown("key", name, known, why, why_n);
}

bool
key_is_elsewhere(const char *name, const struct key_table *table, const char *section, char *why,
                 size_t why_n)
{
    if (strncmp(why, "unknown key", 11) == 0 && key_find(name, table)) {
        (void)snprintf(why, why_n, "unknown key; it is one of [%s]", section);
    }
    return false;
}

bool
key_take_entry(const struct config_entry *e, const struct key_table *tables, size_t n, char *why,
               size_t why_n)
{
    const struct key_value v = { e->value, why, why_n };

    for (size_t t = 0; t < n; t++) {
        const struct key *key = key_find(e->key, &tables[t]);

        if (key) {
            return key_take(key, tables[t].object, &v);
        }
    }
    return key_unknown(e->key, tables, n, why, why_n);
}

bool
key_check_section(const struct config_entry *e, char *why, size_t why_n)
{
    const char *const *sections = config_sections();
    bool named = strcmp(e->section, "listener") == 0 || strcmp(e->section, "port") == 0 ||
                 strcmp(e->section, "exec") == 0;

    for (size_t i = 0; sections[i]; i++) {
        if (strcmp(e->section, sections[i]) == 0) {
            (void)snprintf(why, why_n, "[%s] without a name", e->section);
            return named || !e->instance[0];
        }
    }
    return config_unknown("section", e->section, sections, why, why_n);
}

bool
key_is_name(const char *text)
{
    return *text && text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789_.-")] == 0;
}

bool
key_parse_address(const char *text, struct sockaddr_in6 *address)
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

bool
key_is_same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

bool
key_is_same_address(const struct sockaddr_in6 *a, const struct sockaddr_in6 *b)
{
    return a->sin6_port && a->sin6_port == b->sin6_port &&
           bytes_equal(bytes_of(&a->sin6_addr, sizeof(a->sin6_addr)),
                       bytes_of(&b->sin6_addr, sizeof(b->sin6_addr)));
}
