/* SPDX-License-Identifier: Apache-2.0 */
/* Proxies that a listener believes: whom, and what they say of the client before them. */
#ifndef SERVICE_PROXY_H
#define SERVICE_PROXY_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "service/http_fields.h"

enum {
    PROXY_ADDRESS_BYTES = 48,    /* INET6_ADDRSTRLEN */
    PROXY_CONNECTION_BYTES = 128 /* of a connection's name */
};

struct proxy_prefix {
    struct in6_addr address; /* IPv4 as ::ffff:a.b.c.d, and its prefix 96 longer */
    unsigned bits;
};

/* Of a listener's settings; names of headers are NULL where they are not set. */
struct proxy_rules {
    struct proxy_prefix *prefixes;
    size_t n_prefixes;
    char *connection_header, *age_header, *client_header, *scheme_header;
};

/* "192.0.2.1 10.0.0.0/8 2001:db8::/32 ::1", by blanks or commas, in place of what was there.
 * false: why says what was expected. */
SEC_NODISCARD bool proxy_take_addresses(struct proxy_rules *rules, const char *value, char *why,
                                        size_t why_n);
void proxy_rules_clear(struct proxy_rules *rules);
SEC_NODISCARD bool proxy_is_trusted(const struct proxy_rules *rules, const struct in6_addr *peer);

/* Whether what an address sends crosses no network. */
static inline bool
proxy_is_loopback(const struct in6_addr *address)
{
    return IN6_IS_ADDR_LOOPBACK(address) ||
           (IN6_IS_ADDR_V4MAPPED(address) && address->s6_addr[12] == 127);
}

/* What a trusted proxy says with one request. */
struct proxy_said {
    const char *connection; /* names the client's connection; NULL: it does not. Borrowed */
    uint64_t age_s;         /* of that connection */
    bool has_age;
    struct in6_addr client; /* :: where it does not say */
    char client_text[PROXY_ADDRESS_BYTES];
    bool https;
};

/* NULL; or what is wrong with it, for the log. */
SEC_NODISCARD const char *proxy_read(const struct proxy_rules *rules,
                                     const struct http_fields *fields, struct proxy_said *said);

#endif
