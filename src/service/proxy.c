/* SPDX-License-Identifier: Apache-2.0 */
/* Proxies that a listener believes. */
#include "service/proxy.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/config.h"
#include "base/mem.h"

enum {
    V4_PREFIX_BITS = 96, /* of ::ffff:0:0/96 */
    PREFIX_TEXT_BYTES = INET6_ADDRSTRLEN + 8,
    AGE_MAX_S = 1000000000
};

/* "192.0.2.1" as ::ffff:192.0.2.1, or an IPv6 address. */
static bool
read_address(const char *text, struct in6_addr *to, bool *v4)
{
    struct in_addr four;

    *v4 = inet_pton(AF_INET, text, &four) == 1;
    if (!*v4) {
        return inet_pton(AF_INET6, text, to) == 1;
    }
    *to = (struct in6_addr){ 0 };
    to->s6_addr[10] = to->s6_addr[11] = 0xFF;
    bytes_copy(to->s6_addr + 12, &four, sizeof(four));
    return true;
}

/* --- whom -------------------------------------------------------------------------------------- */

static bool
bit_of(const struct in6_addr *address, unsigned i)
{
    return address->s6_addr[i / 8] >> (7 - i % 8) & 1;
}

/* The bits of a network's address that a prefix leaves must be 0: one that was meant otherwise is
 * told apart from a slip of the pen. */
static bool
read_prefix(const char *text, struct proxy_prefix *out)
{
    char address[PREFIX_TEXT_BYTES], why[64];
    const char *slash = strchr(text, '/');
    unsigned long bits = 128;
    bool v4;

    (void)snprintf(address, sizeof(address), "%.*s",
                   (int)(slash ? (size_t)(slash - text) : strlen(text)), text);
    if (!read_address(address, &out->address, &v4) ||
        (slash && !config_number(slash + 1, 0, v4 ? 32 : 128, &bits, why, sizeof(why)))) {
        return false;
    }
    out->bits = (unsigned)bits + (slash && v4 ? V4_PREFIX_BITS : 0);
    for (unsigned i = out->bits; i < 128; i++) {
        if (bit_of(&out->address, i)) {
            return false;
        }
    }
    return true;
}

static bool
add_prefix(struct proxy_rules *rules, struct bytes word, char *why, size_t why_n)
{
    char text[PREFIX_TEXT_BYTES];
    struct proxy_prefix *grown;

    (void)snprintf(text, sizeof(text), "%.*s", (int)word.n, (const char *)word.p);
    grown = mem_resize(rules->prefixes, (rules->n_prefixes + 1) * sizeof(*grown));
    if (!grown) {
        (void)snprintf(why, why_n, "not enough memory");
        return false;
    }
    rules->prefixes = grown;
    if (word.n >= sizeof(text) || !read_prefix(text, &grown[rules->n_prefixes])) {
        (void)snprintf(why, why_n,
                       "addresses and networks in numbers (192.0.2.1, 10.0.0.0/8, 2001:db8::/32), "
                       "not \"%.60s\"",
                       text);
        return false;
    }
    rules->n_prefixes++;
    return true;
}

bool
proxy_take_addresses(struct proxy_rules *rules, const char *value, char *why, size_t why_n)
{
    static const char blanks[] = " \t,";

    rules->n_prefixes = 0;
    while (*(value += strspn(value, blanks))) {
        size_t n = strcspn(value, blanks);

        if (!add_prefix(rules, bytes_of(value, n), why, why_n)) {
            return false;
        }
        value += n;
    }
    if (rules->n_prefixes == 0) {
        (void)snprintf(why, why_n, "at least one address");
    }
    return rules->n_prefixes > 0;
}

void
proxy_rules_clear(struct proxy_rules *rules)
{
    mem_free(rules->prefixes);
    mem_free(rules->connection_header);
    mem_free(rules->age_header);
    mem_free(rules->client_header);
    mem_free(rules->scheme_header);
    *rules = (struct proxy_rules){ 0 };
}

static bool
matches(const struct proxy_prefix *prefix, const struct in6_addr *peer)
{
    for (unsigned i = 0; i < prefix->bits; i++) {
        if (bit_of(&prefix->address, i) != bit_of(peer, i)) {
            return false;
        }
    }
    return true;
}

bool
proxy_is_trusted(const struct proxy_rules *rules, const struct in6_addr *peer)
{
    for (size_t i = 0; i < rules->n_prefixes; i++) {
        if (matches(&rules->prefixes[i], peer)) {
            return true;
        }
    }
    return false;
}

/* --- what -------------------------------------------------------------------------------------- */

/* A field that may be there once. */
static bool
find_one(const struct http_fields *fields, const char *name, const char **value)
{
    unsigned n = 0;

    *value = name ? http_fields_find(fields, name, &n) : NULL;
    if (*value && !**value) {
        *value = NULL; /* a proxy's variable that has no value */
    }
    return n <= 1;
}

static bool
is_visible(const char *text)
{
    for (; *text; text++) {
        if (*text <= ' ' || *text >= 0x7F) {
            return false;
        }
    }
    return true;
}

/* Seconds, of which a fraction is dropped. */
static bool
read_age(const char *text, uint64_t *seconds)
{
    const char *at = text;

    *seconds = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        *seconds = *seconds * 10 + (uint64_t)(*at - '0');
        if (*seconds > AGE_MAX_S) {
            return false;
        }
    }
    if (at == text) {
        return false;
    }
    return !*at || (*at == '.' && at[1] && !at[1 + strspn(at + 1, "0123456789")]);
}

/* The port of "192.0.2.1:1234" or "[2001:db8::1]:1234", which some proxies add, is dropped. */
static bool
read_client(const char *list, struct proxy_said *said)
{
    const char *comma = strrchr(list, ','), *from = comma ? comma + 1 : list, *colon;
    char text[PREFIX_TEXT_BYTES];
    size_t n;
    bool v4;

    from += strspn(from, " \t");
    n = strcspn(from, " \t");
    if (n >= sizeof(text) || from[n + strspn(from + n, " \t")]) {
        return false;
    }
    (void)snprintf(text, sizeof(text), "%.*s", (int)n, from);
    colon = strchr(text, ':');
    if (text[0] == '[') {
        from = text + 1;
        text[strcspn(text, "]")] = 0;
    } else {
        from = text;
        if (colon && !strchr(colon + 1, ':')) {
            text[colon - text] = 0;
        }
    }
    if (!read_address(from, &said->client, &v4)) {
        return false;
    }
    (void)inet_ntop(v4 ? AF_INET : AF_INET6, said->client.s6_addr + (v4 ? 12 : 0),
                    said->client_text, sizeof(said->client_text));
    return true;
}

const char *
proxy_read(const struct proxy_rules *rules, const struct http_fields *fields,
           struct proxy_said *said)
{
    const char *age, *client, *scheme;

    *said = (struct proxy_said){ 0 };
    if (!find_one(fields, rules->connection_header, &said->connection) ||
        !find_one(fields, rules->age_header, &age) ||
        !find_one(fields, rules->client_header, &client) ||
        !find_one(fields, rules->scheme_header, &scheme)) {
        return "a header of the proxy's own is there twice: one of them came from the client";
    }
    if (said->connection &&
        (strlen(said->connection) > PROXY_CONNECTION_BYTES || !is_visible(said->connection))) {
        return "connection_header: expected 1 to 128 visible characters";
    }
    said->has_age = age != NULL;
    if (age && !read_age(age, &said->age_s)) {
        return "connection_age_header: expected seconds";
    }
    if (said->connection && rules->age_header && !age) {
        return "connection_age_header: the proxy does not send it";
    }
    if (client && !read_client(client, said)) {
        return "client_header: its last word is no address";
    }
    said->https = scheme && strcasecmp(scheme, "https") == 0;
    return NULL;
}
