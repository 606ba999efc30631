/* SPDX-License-Identifier: Apache-2.0 */
/* How many connections a listener has. */
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "service/limits.h"

struct limits_address {
    struct limits_address *next;
    struct in6_addr key; /* IPv4 as ::ffff:a.b.c.d, IPv6 with its last 64 bits zero */
    unsigned connections;
};

void
limits_init(struct limits *limits, unsigned max_unauthenticated, unsigned max_per_address)
{
    *limits = (struct limits){ .max_unauthenticated = max_unauthenticated,
                               .max_per_address = max_per_address };
    (void)pthread_mutex_init(&limits->lock, NULL);
}

void
limits_clear(struct limits *limits)
{
    (void)pthread_mutex_destroy(&limits->lock);
}

void
limits_set(struct limits *limits, unsigned max_unauthenticated, unsigned max_per_address)
{
    (void)pthread_mutex_lock(&limits->lock);
    limits->max_unauthenticated = max_unauthenticated;
    limits->max_per_address = max_per_address;
    (void)pthread_mutex_unlock(&limits->lock);
}

static struct in6_addr
key_of(const struct in6_addr *from)
{
    struct in6_addr key = *from;

    if (!IN6_IS_ADDR_V4MAPPED(from) && !IN6_IS_ADDR_LOOPBACK(from)) {
        for (size_t i = 8; i < sizeof(key.s6_addr); i++) {
            key.s6_addr[i] = 0;
        }
    }
    return key;
}

static bool
same(const struct in6_addr *a, const struct in6_addr *b)
{
    return bytes_equal(bytes_of(a, sizeof(*a)), bytes_of(b, sizeof(*b)));
}

static struct limits_address **
bucket_of(struct limits *limits, const struct in6_addr *key)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

    for (size_t i = 0; i < sizeof(key->s6_addr); i++) {
        hash = (hash ^ key->s6_addr[i]) * UINT64_C(0x100000001b3);
    }
    return &limits->buckets[(hash ^ hash >> 32) % LIMITS_BUCKETS];
}

/* The entry of this address, made if need be; NULL: no memory. */
static struct limits_address *
find(struct limits *limits, const struct in6_addr *key)
{
    struct limits_address **bucket = bucket_of(limits, key);
    struct limits_address *at;

    for (at = *bucket; at; at = at->next) {
        if (same(&at->key, key)) {
            return at;
        }
    }
    at = mem_new(sizeof(*at));
    if (at) {
        *at = (struct limits_address){ .next = *bucket, .key = *key };
        *bucket = at;
    }
    return at;
}

static void
forget_if_empty(struct limits *limits, struct limits_address *address)
{
    struct limits_address **at = bucket_of(limits, &address->key);

    if (address->connections) {
        return;
    }
    while (*at != address) {
        at = &(*at)->next;
    }
    *at = address->next;
    mem_free(address);
}

static enum limits_answer
enter(struct limits *limits, const struct in6_addr *key, struct limits_ticket *ticket)
{
    struct limits_address *address;

    if (limits->unauthenticated >= limits->max_unauthenticated) {
        return LIMITS_TOO_MANY;
    }
    address = find(limits, key);
    if (!address) {
        return LIMITS_NO_MEMORY;
    }
    if (address->connections >= limits->max_per_address) {
        return LIMITS_TOO_MANY_OF_ADDRESS;
    }
    address->connections++;
    limits->connections++;
    limits->unauthenticated++;
    *ticket = (struct limits_ticket){ address, false };
    return LIMITS_WELCOME;
}

enum limits_answer
limits_enter(struct limits *limits, const struct in6_addr *from, struct limits_ticket *ticket)
{
    struct in6_addr key = key_of(from);
    enum limits_answer answer;

    (void)pthread_mutex_lock(&limits->lock);
    answer = enter(limits, &key, ticket);
    (void)pthread_mutex_unlock(&limits->lock);
    return answer;
}

void
limits_set_authenticated(struct limits *limits, struct limits_ticket *ticket, bool is)
{
    if (!ticket->address || ticket->authenticated == is) {
        return;
    }
    (void)pthread_mutex_lock(&limits->lock);
    limits->unauthenticated += is ? -1u : 1u;
    (void)pthread_mutex_unlock(&limits->lock);
    ticket->authenticated = is;
}

void
limits_leave(struct limits *limits, struct limits_ticket *ticket)
{
    if (!ticket->address) {
        return;
    }
    (void)pthread_mutex_lock(&limits->lock);
    limits->unauthenticated -= !ticket->authenticated;
    limits->connections--;
    ticket->address->connections--;
    forget_if_empty(limits, ticket->address);
    (void)pthread_mutex_unlock(&limits->lock);
    *ticket = (struct limits_ticket){ 0 };
}

void
limits_count(struct limits *limits, unsigned *connections, unsigned *unauthenticated)
{
    (void)pthread_mutex_lock(&limits->lock);
    *connections = limits->connections;
    *unauthenticated = limits->unauthenticated;
    (void)pthread_mutex_unlock(&limits->lock);
}
