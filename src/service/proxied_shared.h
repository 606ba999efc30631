/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients' connections that several processes serve: between two requests what is known of one is in
 * proxied_store.h's folder, where whichever process has the next one finds it. Entries of the table
 * then only count. Safe from any thread.
 */
#ifndef SERVICE_PROXIED_SHARED_H
#define SERVICE_PROXIED_SHARED_H

#include "service/proxied.h"
#include "service/proxied_store.h"

/* What is known in the folder. */
enum proxied_kind { PROXIED_NOTHING, PROXIED_HALF_OPEN, PROXIED_KNOWN };

struct proxied_shared {
    struct proxied_store *store;
    const char *listener; /* whose connections; borrowed */
    uint64_t scope;       /* of the configuration: processes of another one find nothing */
    uint64_t handshake_timeout_s, idle_s;
};

/* Claims what is there for an entry that a request with an Authorization has, into its state. */
void proxied_shared_load(struct proxied_shared *shared, struct proxied *e, uint64_t now_s);
/* Leaves there what the request left in its state, which is empty then. */
void proxied_shared_save(struct proxied_shared *shared, struct proxied *e, uint64_t now_s);
/* The entry has to make room: what it stands for ends, unless it is something else by now. */
void proxied_shared_end(struct proxied_shared *shared, struct proxied *e, uint64_t now_s);

/* Who the connection is, for a request without an Authorization: *e begins as from does, for
 * client, and its state is to be given back with http_state_hand_over. false: nobody. */
SEC_NODISCARD bool proxied_shared_look(struct proxied_shared *shared, const struct proxied_key *key,
                                       const struct http_state *from,
                                       const struct session_client *client, uint64_t now_s,
                                       struct proxied *e);

/* Ends what is too old, whoever left it. client says who is told of it. */
void proxied_shared_sweep(struct proxied_shared *shared, const struct session_client *client,
                          uint64_t now_s);

#endif
