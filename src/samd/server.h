/* SPDX-License-Identifier: Apache-2.0 */
/* samd's connections: threads that take each request from read to answer, and one that changes
 * accounts. */
#ifndef SAMD_SERVER_H
#define SAMD_SERVER_H

#include "base/log.h"
#include "samd/terms.h"

struct server;

struct server_options {
    const struct log *log; /* borrowed for the server's life */
    struct terms *terms;   /* which the server refers to until others take their place */
    unsigned threads;
};

/* Starts the threads. NULL: no memory, descriptors or threads. */
SEC_NODISCARD struct server *server_start(const struct server_options *);
/* A connection that was accepted; fd is the server's now. From one thread alone. */
void server_take(struct server *, int fd);
/* Requests from now on are answered under these; those that are under way finish under theirs. Who may
 * no longer ask, or administer, is hung up on when what he has asked is answered. */
void server_change(struct server *, struct terms *);
/* Whether one of the threads waits for requests, or has not been at one for long. */
bool server_answers(const struct server *);
/* Ends connections and threads; what was asked and not answered is not. */
void server_stop(struct server *);

#endif
