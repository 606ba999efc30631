/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of samd's server share. */
#ifndef SAMD_SERVER_STATE_H
#define SAMD_SERVER_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/spin.h"
#include "samd/answer.h"
#include "samd/changes.h"
#include "samd/connection.h"
#include "samd/server.h"

struct server {
    const struct log *log;
    unsigned threads;
    struct peers peers;
    int epoll, stop;
    struct changes *changes;
    struct assertions *assertions;
    struct challenges *challenges;
    uint64_t strangers_us; /* when one was last told of */
    unsigned strangers;    /* and how many were not */
    pthread_mutex_t lock;  /* of the connections and the terms */
    struct terms *terms;
    struct connection *connections;
    size_t n_connections;
    unsigned n_threads;
    struct spin requests;
    unsigned lookers_max; /* threads that may look for a request at once */
    atomic_uint lookers;
    struct worker {
        pthread_t thread;
        struct server *server;
        atomic_uint_fast64_t busy_us; /* since when; 0: it waits */
    } workers[];                      /* threads */
};

/* From the list and from the threads' sight: by the one that reads it, who alone may. */
void server_drop(struct server *, struct connection *);
/* By anybody: whoever reads it next finds its end. */
void server_hang_up(const struct server *, const struct connection *, const char *why);
/* Lets one of the threads have it when bytes come. how: EPOLL_CTL_ADD or _MOD. */
bool server_watch(const struct server *, struct connection *, int how);

#endif
