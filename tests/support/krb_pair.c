/* SPDX-License-Identifier: Apache-2.0 */
/* A Kerberos initiator and acceptor in one process. */
#include "tests/support/krb_pair.h"

#include <stdio.h>

#include "kerberos/kerberos.h"
#include "tests/support/hex.h"

enum { MESSAGE_TOKEN_BYTES = 128 };

void
krb_pair_init(struct krb_pair *p)
{
    *p = (struct krb_pair){ 0 };
    fake_host_init(&p->client_host);
    fake_host_init(&p->server_host);
    fake_account_init(&p->accounts);
    fake_ticket_init(&p->client_tickets);
    fake_ticket_init(&p->server_tickets);
    p->server_tickets.default_client = "bob";
    p->server_tickets.random_calls = 1000;
    p->client_host.random_state = 1000;
    p->client_host.host.tickets = &p->client_tickets;
    p->server_host.host.tickets = &p->server_tickets;
    p->server_host.host.accounts = &p->accounts;
    p->client_host.settings.kerberos.skew_100ns = UINT64_C(300) * 10000000;
    p->server_host.settings.kerberos.skew_100ns = UINT64_C(300) * 10000000;
    p->client_args.target = UTF16("HTTP/web.example.test");
    p->identity = (struct sec_identity){
        .user = UTF16("alice"),
        .domain = UTF16(FAKE_REALM),
        .password = UTF16("Password"),
    };
    p->client_status = SEC_E_INTERNAL_ERROR;
    p->server_status = SEC_E_INTERNAL_ERROR;
}

bool
krb_pair_open(struct krb_pair *p)
{
    const struct sec_acquire_args outbound = {
        .use = SEC_USE_OUTBOUND,
        .identity = p->explicit_identity ? &p->identity : NULL,
    };
    const struct sec_acquire_args inbound = { .use = SEC_USE_INBOUND };
    sec_status status = sec_pair_open(&kerberos_package, &p->client_host.host, &outbound,
                                      &p->client_cred, &p->client);

    if (status == SEC_E_OK) {
        status = sec_pair_open(&kerberos_package, &p->server_host.host, &inbound, &p->server_cred,
                               &p->server);
    }
    p->client_status = status;
    return status == SEC_E_OK;
}

/* One leg, its token kept as it arrives. */
static sec_status
leg(struct krb_pair *p, bool client)
{
    struct bytes token =
        p->n_tokens ? wire_written(&p->tokens[p->n_tokens - 1]) : bytes_of(NULL, 0);
    struct wire_writer *out = &p->tokens[p->n_tokens];
    char *reason = client ? p->client_reason : p->server_reason;
    sec_status status;

    *out = wire_writer_growing(NULL, 0);
    sec_reason_clear();
    status = client ? sec_pair_step(p->client, &p->client_args, token, out)
                    : sec_pair_step(p->server, &p->server_args, token, out);
    (void)snprintf(reason, SEC_REASON_BYTES, "%s", sec_reason());
    *(client ? &p->client_status : &p->server_status) = status;
    if (p->tamper && out->len) {
        p->tamper(p, p->n_tokens, out);
    }
    p->n_tokens++;
    return status;
}

/* Whoever has something to send sends it, an error token too; it ends when nothing is left to say
 * or nobody to listen. */
void
krb_pair_exchange(struct krb_pair *p)
{
    bool client = true;

    p->n_tokens = 0;
    p->client_status = p->server_status = SEC_I_CONTINUE_NEEDED;
    while (p->n_tokens < KRB_PAIR_TOKENS_MAX) {
        sec_status other;

        (void)leg(p, client);
        other = client ? p->server_status : p->client_status;
        if (p->tokens[p->n_tokens - 1].len == 0 || other != SEC_I_CONTINUE_NEEDED) {
            return;
        }
        client = !client;
    }
}

bool
krb_pair_run(struct krb_pair *p)
{
    if (!krb_pair_open(p)) {
        return false;
    }
    krb_pair_exchange(p);
    return p->client_status == SEC_E_OK && p->server_status == SEC_E_OK;
}

void
krb_pair_clear(struct krb_pair *p)
{
    sec_pair_close(&kerberos_package, &p->client_cred, &p->client);
    sec_pair_close(&kerberos_package, &p->server_cred, &p->server);
    for (size_t i = 0; i < SEC_ARRAY_LEN(p->tokens); i++) {
        wire_writer_clear(&p->tokens[i]);
    }
    p->n_tokens = 0;
    p->client_status = p->server_status = SEC_E_INTERNAL_ERROR;
}

static bool
is_clean(const struct ticket_authority *a)
{
    return a->holders == 0 && a->keytabs == 0 && a->held_keys == 0 && a->delegated == 0;
}

bool
krb_pair_is_clean(const struct krb_pair *p)
{
    return is_clean(&p->client_tickets) && is_clean(&p->server_tickets) &&
           p->accounts.identities == 0;
}

bool
krb_pair_messages_pass(struct krb_pair *p, bool sealed)
{
    return sec_pair_messages_pass(p->client, p->server, sealed);
}
