/* SPDX-License-Identifier: Apache-2.0 */
/* An NTLM client and server in one process, each on a host of its own, joined through the
 * package's table of functions; what goes over the wire can be looked at and changed. */
#ifndef TESTS_SUPPORT_NTLM_PAIR_H
#define TESTS_SUPPORT_NTLM_PAIR_H

#include "tests/support/fake_account.h"
#include "tests/support/fake_host.h"
#include "tests/support/sec_pair.h"

enum ntlm_pair_message { NTLM_PAIR_NEGOTIATE, NTLM_PAIR_CHALLENGE, NTLM_PAIR_AUTHENTICATE };

struct ntlm_pair {
    /* Set by ntlm_pair_init; a test changes what it wants before ntlm_pair_run. */
    struct fake_host client_host, server_host;
    struct account_authority accounts;
    struct sec_identity identity;
    struct sec_step_args client_args,
        server_args; /* tokens are filled in; wanted and the rest stay */
    /* Called with each message on its way; may change it. */
    void (*tamper)(struct ntlm_pair *, enum ntlm_pair_message, struct wire_writer *);
    void *tamper_user;

    struct sec_cred *client_cred, *server_cred;
    struct sec_ctx *client, *server;
    struct wire_writer messages[3]; /* as they arrived, after tamper */
    /* Of the last step of each; SEC_E_INTERNAL_ERROR: none was made. */
    sec_status client_status, server_status;
};

/* User "User" of "Domain" with "Password" on both sides, hosts as fake_host_init makes them but
 * for their random, no DNS names, nothing wanted. *p must not move afterwards. */
void ntlm_pair_init(struct ntlm_pair *p);
/* The two halves of ntlm_pair_run. open: credentials and contexts; false: one of them failed, and
 * client_status says how. */
bool ntlm_pair_open(struct ntlm_pair *p);
void ntlm_pair_exchange(struct ntlm_pair *p);
/* From credentials to where it ends. True: both sides are established. */
bool ntlm_pair_run(struct ntlm_pair *p);
/* Frees all that ntlm_pair_run made; the pair may run again. */
void ntlm_pair_clear(struct ntlm_pair *p);

/* For who has changed the AUTHENTICATE in messages and knows the password: makes its NTLMv2 proof,
 * its sealed key and its MIC right for what it says now. false: it has neither. */
bool ntlm_pair_prove_again(struct ntlm_pair *p);
/* Whether each can open what the other sealed, or verify what it signed. */
bool ntlm_pair_messages_pass(struct ntlm_pair *p, bool sealed);

#endif
