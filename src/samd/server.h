/* SPDX-License-Identifier: Apache-2.0 */
/* samd's connections: threads that take each request from read to answer, and one that changes
 * accounts. */
#ifndef SAMD_SERVER_H
#define SAMD_SERVER_H

#include "account/admin.h"
#include "base/log.h"
#include "samd/peer.h"

struct server;

/* Borrowed for the server's life. */
struct server_options {
    const struct log *log;
    struct account_authority *accounts;
    const struct account_admin_options *store; /* opened for changes when one is asked for */
    struct account_events *events;             /* of changes; NULL: none */
    struct peer_rules rules;
    unsigned threads;
};

/* Starts the threads. NULL: no memory, descriptors or threads. */
SEC_NODISCARD struct server *server_start(const struct server_options *);
/* A connection that was accepted; fd is the server's now. From one thread alone. */
void server_take(struct server *, int fd);
/* Whether one of the threads waits for requests, or has not been at one for long. */
bool server_answers(const struct server *);
/* Ends connections and threads; what was asked and not answered is not. */
void server_stop(struct server *);

#endif
