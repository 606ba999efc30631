/* SPDX-License-Identifier: Apache-2.0 */
/* A Kerberos initiator and acceptor in one process, each on a host of its own, joined through the
 * package's table of functions; what goes over the wire can be looked at and changed. */
#ifndef TESTS_SUPPORT_KRB_PAIR_H
#define TESTS_SUPPORT_KRB_PAIR_H

#include "tests/support/fake_account.h"
#include "tests/support/fake_host.h"
#include "tests/support/fake_ticket.h"
#include "tests/support/sec_pair.h"

/* User-to-user with a mutual reply has four; a retry has two more. */
enum { KRB_PAIR_TOKENS_MAX = 8 };

struct krb_pair {
    /* Set by krb_pair_init; a test changes what it wants before krb_pair_run. */
    struct fake_host client_host, server_host;
    struct ticket_authority client_tickets, server_tickets; /* of one realm */
    struct account_authority accounts;
    bool explicit_identity; /* else the client is its authority's default_client */
    struct sec_identity identity;
    struct sec_step_args client_args,
        server_args; /* tokens are filled in; wanted and the rest stay */
    /* Called with each token on its way, error tokens included; may change it. The initiator's are
     * 0, 2, 4, the acceptor's 1, 3, 5. */
    void (*tamper)(struct krb_pair *, unsigned token, struct wire_writer *);
    void *tamper_user;

    struct sec_cred *client_cred, *server_cred;
    struct sec_ctx *client, *server;
    struct wire_writer tokens[KRB_PAIR_TOKENS_MAX]; /* as they arrived, after tamper */
    unsigned n_tokens;
    /* Of the last step of each; SEC_E_INTERNAL_ERROR: none was made. */
    sec_status client_status, server_status;
    char client_reason[SEC_REASON_BYTES], server_reason[SEC_REASON_BYTES];
};

/* Alice of EXAMPLE.TEST with her ticket to HTTP/web.example.test, hosts as fake_host_init makes
 * them but for their random, nothing wanted. *p must not move afterwards. */
void krb_pair_init(struct krb_pair *p);
/* The two halves of krb_pair_run. open: credentials and contexts; false: one of them failed, and
 * client_status says how. */
bool krb_pair_open(struct krb_pair *p);
void krb_pair_exchange(struct krb_pair *p);
/* From credentials to where it ends. True: both sides are established. */
bool krb_pair_run(struct krb_pair *p);
/* Frees all that krb_pair_run made; the pair may run again. */
void krb_pair_clear(struct krb_pair *p);
/* Nothing that the authorities handed out is left; to be asked after krb_pair_clear. */
bool krb_pair_is_clean(const struct krb_pair *p);

/* Whether each can open what the other sealed, or verify what it signed, three times over. */
bool krb_pair_messages_pass(struct krb_pair *p, bool sealed);

#endif
