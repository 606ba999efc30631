/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to samd: its bytes, and who holds it. */
#ifndef SAMD_CONNECTION_H
#define SAMD_CONNECTION_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/bytes.h"
#include "base/secret.h"
#include "samd/peer.h"

struct connection {
    int fd;
    struct peers *peers;
    struct peer *peer;
    struct peer_who who;
    atomic_uint references;
    struct connection *before, *after; /* the server's */
    atomic_bool welcomed;
    atomic_uint at_once; /* requests in a row that came before the last one's answer had gone, and
                          * more where they were too many: for how long its asker is not waited for */
    /* Of the thread that reads: there is one at a time. */
    bool greeted;
    struct secret held; /* a frame that is not whole yet: n_held bytes of it */
    size_t n_held;
    pthread_mutex_t write_lock;
};

/* Takes fd and the peer's place. NULL without memory; then both are still the caller's. */
SEC_NODISCARD struct connection *connection_new(int fd, struct peers *, struct peer *,
                                                const struct peer_who *);
void connection_ref(struct connection *);
void connection_unref(struct connection *);

/* Whole frames, lengths and all. A secret: connection_incoming_clear. */
struct incoming {
    struct bytes frames;
    struct secret large;
    size_t n;
    uint8_t usual[16 * 1024];
};

/* NULL: *in holds what came, which may be no whole frame yet. Otherwise why nothing more is to come:
 * "" where the other side has closed. */
SEC_NODISCARD const char *connection_read(struct connection *, struct incoming *in);
void connection_incoming_clear(struct incoming *);
/* Whether a single whole frame came. */
bool connection_incoming_is_one(const struct incoming *);
/* The next frame without its length; false: there is none. */
bool connection_incoming_next(struct incoming *, struct bytes *frame);

/* All of it, or false. waits: up to the socket's own limit for a peer that reads slowly. */
SEC_NODISCARD bool connection_send(struct connection *, struct bytes, bool waits);

#endif
