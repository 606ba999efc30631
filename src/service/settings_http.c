/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of an HTTP listener. */
#include "service/settings_http.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/config.h"
#include "base/mem.h"

enum { NAME_BYTES_MAX = 64, REALM_BYTES_MAX = 128 };

static const char *const requires[] = { "yes", "optional", NULL };

void
settings_http_init(struct http_settings *http)
{
    *http = (struct http_settings){ .connection_idle_s = 90, .max_remote_groups = 2048 };
}

void
settings_http_clear(struct http_settings *http)
{
    proxy_rules_clear(&http->proxies);
    mem_free(http->realm);
    mem_free(http->connection_store);
    *http = (struct http_settings){ 0 };
}

const char *
settings_http_realm(const struct http_settings *http)
{
    return http->realm ? http->realm : "OpenSSPI";
}

/* RFC 9110 5.1: a token. What the request says of itself, or that it logs on with, is none of a
 * proxy's. */
static bool
take_header(void *at, const struct key_value *v)
{
    static const char *const taken[] = { "Authorization", "Host", "Connection", "Content-Length",
                                         "Transfer-Encoding" };
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "!#$%&'*+-.^_`|~";
    size_t n = strlen(v->text);
    bool good = n > 0 && n <= NAME_BYTES_MAX && strspn(v->text, letters) == n;

    for (size_t i = 0; i < SEC_ARRAY_LEN(taken); i++) {
        good = good && !bytes_equal_nocase(bytes_of_string(v->text), bytes_of_string(taken[i]));
    }
    if (!good) {
        (void)snprintf(v->why, v->why_n,
                       "the name of a header that the proxy sets, such as X-Connection");
        return false;
    }
    return key_take_text(at, v);
}

/* It goes into a quoted string (RFC 9110 5.6.4) as it is. */
static bool
take_realm(void *at, const struct key_value *v)
{
    const char *value = v->text;
    size_t n = strlen(value);
    bool good = n > 0 && n <= REALM_BYTES_MAX;

    for (size_t i = 0; i < n; i++) {
        good = good && value[i] >= ' ' && value[i] < 0x7F && value[i] != '"' && value[i] != '\\';
    }
    if (!good) {
        (void)snprintf(v->why, v->why_n,
                       "1 to %d characters of ASCII without quotes and backslashes",
                       REALM_BYTES_MAX);
        return false;
    }
    return key_take_text(at, v);
}

static bool
take_proxies(void *at, const struct key_value *v)
{
    return proxy_take_addresses(at, v->text, v->why, v->why_n);
}

static bool
take_require(void *at, const struct key_value *v)
{
    return config_choice(v->text, requires, at, v->why, v->why_n);
}

#define OF_HTTP(member) offsetof(struct http_settings, member)

static const struct key http_keys[] = {
    { "trusted_proxy", OF_HTTP(proxies), take_proxies, 0, 0 },
    { "connection_header", OF_HTTP(proxies.connection_header), take_header, 0, 0 },
    { "connection_age_header", OF_HTTP(proxies.age_header), take_header, 0, 0 },
    { "client_header", OF_HTTP(proxies.client_header), take_header, 0, 0 },
    { "scheme_header", OF_HTTP(proxies.scheme_header), take_header, 0, 0 },
    { "connection_store", OF_HTTP(connection_store), key_take_path, 0, 0 },
    { "connection_idle", OF_HTTP(connection_idle_s), NULL, 1, 86400 },
    { "require", OF_HTTP(require), take_require, 0, 0 },
    { "basic", OF_HTTP(basic), key_take_flag, 0, 0 },
    { "realm", OF_HTTP(realm), take_realm, 0, 0 },
    { "max_remote_groups", OF_HTTP(max_remote_groups), NULL, 0, 65536 },
};

struct key_table
settings_http_keys(struct http_settings *http)
{
    return (struct key_table){ http_keys, SEC_ARRAY_LEN(http_keys), http };
}

const char *
settings_http_check(const struct http_settings *http, bool is_http, bool is_loopback)
{
    const struct proxy_rules *p = &http->proxies;
    bool names_header =
        p->connection_header || p->age_header || p->client_header || p->scheme_header;

    if (http->is_set && !is_http) {
        return "expected protocol = http: there is a key that only such listeners have";
    }
    if (names_header && p->n_prefixes == 0) {
        return "expected a key trusted_proxy: from anybody else no such header is believed";
    }
    if (p->age_header && !p->connection_header) {
        return "expected a key connection_header beside connection_age_header";
    }
    if (http->connection_store && !p->connection_header) {
        return "expected a key connection_header beside connection_store";
    }
    if (http->basic && !is_loopback && !p->scheme_header) {
        return "expected basic = no: passwords would cross the network in clear; it takes an "
               "address on loopback, or trusted_proxy and scheme_header, by which a proxy says "
               "that its client came with TLS";
    }
    return NULL;
}
