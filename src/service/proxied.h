/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that clients have with a trusted proxy, each by the name that the proxy gives it: what
 * NTLM proves belongs to them, whichever of the proxy's own connections carries a request. Shared by
 * the loops and safe from any thread; an entry serves one request at a time.
 */
#ifndef SERVICE_PROXIED_H
#define SERVICE_PROXIED_H

#include <pthread.h>

#include "service/http_answer.h"
#include "service/limits.h"
#include "service/proxy.h"

enum {
    PROXIED_BUCKETS = 4096,
    PROXIED_KNOWN_MAX = 100000, /* identities; the one that was idle longest goes first */
    /* How much younger than its identity a connection may be said to be: the proxy measures its age
     * earlier than we see it. */
    PROXIED_AGE_TOLERANCE_S = 2,
};

struct proxied_key {
    struct in6_addr proxy, client; /* client ::, where the proxy does not say */
    const char *connection;
    uint64_t age_s;
    bool has_age;
};

/* One of them. */
struct proxied {
    struct http_state state;
    struct session_client client; /* state's */
    /* private */
    struct proxied *next;          /* in its bucket */
    struct proxied *older, *newer; /* in its list */
    struct proxied_list *list;
    struct proxied_key key; /* connection is ours */
    struct limits_ticket ticket;
    uint64_t made_s, since_s, used_s; /* since: when the handshake under way began */
    bool busy;                        /* a request has it */
    /* Where several processes serve the connection (proxied_shared.h): what of it was left for
     * them, an enum proxied_kind, and when the handshake began, whoever has it. */
    int kept;
    uint64_t began_s;
};

struct proxied_list {
    struct proxied *oldest, *newest;
    size_t n;
};

struct proxied_shared;

struct proxied_table {
    struct proxied_shared *shared; /* what is between two requests is there; NULL: here. Borrowed */
    pthread_mutex_t lock;
    struct limits limits; /* half-open exchanges, and those of one client */
    uint64_t handshake_timeout_s, idle_s;
    size_t known_max;
    struct proxied_list half_open, known; /* the oldest, and the one that was idle longest, first */
    struct proxied *buckets[PROXIED_BUCKETS];
};

/* When max_half_open handshakes are under way, the oldest makes room for a new one. */
void proxied_init(struct proxied_table *table, unsigned max_half_open, unsigned max_per_client,
                  uint64_t handshake_timeout_s, uint64_t idle_s);
void proxied_clear(struct proxied_table *table);

/* A connection that began after what is known of it, at made_s, is another, to which the proxy gave
 * the name again. */
bool proxied_is_younger(const struct proxied_key *key, uint64_t made_s, uint64_t now_s);

enum proxied_answer {
    PROXIED_HERE,    /* *out is the caller's until proxied_leave */
    PROXIED_UNKNOWN, /* nothing is known of this connection, and nothing was to be made */
    PROXIED_BUSY,    /* another request of the same connection is being answered */
    PROXIED_TOO_MANY,
    PROXIED_TOO_MANY_OF_CLIENT,
    PROXIED_NO_MEMORY,
};

/* The entry of that connection. Where there is none and from is given, one is made that begins as
 * from does, for client. */
SEC_NODISCARD enum proxied_answer proxied_enter(struct proxied_table *table,
                                                const struct proxied_key *key,
                                                const struct http_state *from,
                                                const struct session_client *client, uint64_t now_s,
                                                struct proxied **out);
/* Gives it back; one that is nobody and has no handshake under way is forgotten. */
void proxied_leave(struct proxied_table *table, struct proxied *entry, uint64_t now_s);
/* Ends what is too old. proxied_enter does it as well. */
void proxied_sweep(struct proxied_table *table, uint64_t now_s);

#endif
