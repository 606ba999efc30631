/* SPDX-License-Identifier: Apache-2.0 */
/* How many connections a listener has: of clients that have not proven who they are, and of one
 * address. Shared by the loops; every function is safe from any thread. */
#ifndef SERVICE_LIMITS_H
#define SERVICE_LIMITS_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

enum { LIMITS_BUCKETS = 1024 };

enum limits_answer {
    LIMITS_WELCOME,
    LIMITS_TOO_MANY,            /* max_unauthenticated */
    LIMITS_TOO_MANY_OF_ADDRESS, /* max_per_address */
    LIMITS_NO_MEMORY,
};

struct limits_address;

struct limits {
    unsigned max_unauthenticated, max_per_address;
    pthread_mutex_t lock;
    unsigned unauthenticated, connections;
    struct limits_address *buckets[LIMITS_BUCKETS];
};

/* One connection's place among them. { 0 } is none. */
struct limits_ticket {
    struct limits_address *address;
    bool authenticated;
};

void limits_init(struct limits *limits, unsigned max_unauthenticated, unsigned max_per_address);
void limits_clear(struct limits *limits); /* all tickets are back */
/* Other numbers from now on; who is there stays. */
void limits_set(struct limits *limits, unsigned max_unauthenticated, unsigned max_per_address);

/* Counts a new connection, as unauthenticated; the /64 of an IPv6 address counts as one, since one
 * client has all of it. On anything but LIMITS_WELCOME nothing was counted. */
SEC_NODISCARD enum limits_answer limits_enter(struct limits *limits, const struct in6_addr *from,
                                              struct limits_ticket *ticket);
/* The client proved who it is; or starts anew, which is never refused. */
void limits_set_authenticated(struct limits *limits, struct limits_ticket *ticket, bool is);
/* How many there are now, and how many of them have not proven who they are. */
void limits_count(struct limits *limits, unsigned *connections, unsigned *unauthenticated);
/* A ticket that is none is left alone. */
void limits_leave(struct limits *limits, struct limits_ticket *ticket);

#endif
