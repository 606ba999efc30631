/* SPDX-License-Identifier: Apache-2.0 */
/* A client and a server of Negotiate over Kerberos, with NTLM behind it, in one process. */
#ifndef TESTS_NEGOTIATE_KERBEROS_PAIR_H
#define TESTS_NEGOTIATE_KERBEROS_PAIR_H

#include "codec/gss_krb.h"
#include "codec/krb_msg.h"
#include "kerberos/kerberos.h"
#include "ntlm/ntlm.h"
#include "tests/support/fake_account.h"
#include "tests/support/fake_ticket.h"
#include "tests/unit/negotiate/pair.h"

#define MS_KRB5 "06092a864882f712010202"
#define KRB5    "06092a864886f712010202"
#define U2U     "060a2a864886f71201020203"
#define NTLM    "060a2b06010401823702020a"
#define NEGOEX  "060a2b06010401823702021e"

static const struct bytes none = { 0 };
static struct side client, server;
static struct ticket_authority client_tickets, server_tickets;
static struct account_authority accounts;
static bool client_has_password; /* a default identity for NTLM */

static inline int
setup(void **state)
{
    (void)state;
    fake_mech_reset();
    fake_account_init(&accounts);
    fake_ticket_init(&client_tickets);
    fake_ticket_init(&server_tickets);
    server_tickets.random_calls = 1000;
    client_has_password = true;
    return 0;
}

static inline bool
is_clean(const struct ticket_authority *a)
{
    return a->holders == 0 && a->keytabs == 0 && a->held_keys == 0 && a->delegated == 0;
}

static inline int
teardown(void **state)
{
    (void)state;
    side_close(&client);
    side_close(&server);
    assert_int_equal(accounts.identities, 0);
    assert_true(is_clean(&client_tickets));
    assert_true(is_clean(&server_tickets));
    return 0;
}

static inline sec_status
default_identity(const struct sec_host *host, struct sec_default_identity *out)
{
    (void)host;
    if (!client_has_password) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "credentials: there is no such file");
    }
    return secret_set(&out->user, UTF16("User").p, 8) &&
                   secret_set(&out->domain, UTF16("Domain").p, 12) &&
                   secret_set(&out->password, UTF16("Password").p, 16)
               ? SEC_E_OK
               : SEC_E_INSUFFICIENT_MEMORY;
}

/* lists: settings.packages of this side. SEC_E_OK, or why there is no context. */
static inline sec_status
open_quietly(struct side *s, enum sec_role role, const char *list)
{
    static const struct sec_package *const packages[] = { &negotiate_package, &kerberos_package,
                                                          &ntlm_package };
    struct sec_acquire_args args = { .use = role == SEC_INITIATOR ? SEC_USE_OUTBOUND
                                                                  : SEC_USE_INBOUND };
    sec_status status;

    *s = (struct side){ .role = role, .wanted = SEC_MUTUAL_AUTH | SEC_INTEGRITY };
    fake_host_init(&s->host);
    s->host.settings.packages = list;
    s->host.settings.kerberos.skew_100ns = UINT64_C(300) * 10000000;
    s->host.random_state = role == SEC_INITIATOR ? 1 : 1000;
    s->host.host.packages = packages;
    s->host.host.n_packages = 3;
    s->host.host.accounts = &accounts;
    s->host.host.tickets = role == SEC_INITIATOR ? &client_tickets : &server_tickets;
    s->host.host.default_identity = default_identity;
    s->target = UTF16("HTTP/web.example.test");
    status = negotiate_package.ops->acquire(&s->host.host, &args, &s->cred);
    return status == SEC_E_OK ? negotiate_package.ops->open(s->cred, role, &s->ctx) : status;
}

static inline void
open_side(struct side *s, enum sec_role role, const char *list)
{
    assert_int_equal(open_quietly(s, role, list), SEC_E_OK);
    if (role == SEC_ACCEPTOR) {
        s->wanted = SEC_EXTENDED_ERROR;
    }
}

static inline void
open_both(void)
{
    open_side(&client, SEC_INITIATOR, "");
    open_side(&server, SEC_ACCEPTOR, "");
}

static inline void
assert_established_with(const char *mechanism)
{
    assert_status(&client, SEC_E_OK);
    assert_status(&server, SEC_E_OK);
    assert_string_equal(side_mechanism(&client), mechanism);
    assert_string_equal(side_mechanism(&server), mechanism);
}

/* Each side can open what the other sealed. */
static inline void
assert_messages_pass(void)
{
    struct side *sides[] = { &client, &server };

    for (size_t i = 0; i < 4; i++) {
        struct side *from = sides[i % 2], *to = sides[!(i % 2)];
        uint8_t text[] = "attack at dawn", token[128], padding[16];
        struct sec_segment segment = { .p = text, .n = sizeof(text) };
        struct sec_msg m = { .segments = &segment,
                             .n_segments = 1,
                             .token = token,
                             .token_n = side_facts(from).security_trailer,
                             .padding = { padding, sizeof(padding), false } };

        assert_int_equal(negotiate_package.ops->seal(from->ctx, &m), SEC_E_OK);
        m.padding.n = m.padding_n;
        assert_int_equal(negotiate_package.ops->unseal(to->ctx, &m), SEC_E_OK);
        assert_string_equal((char *)text, "attack at dawn");
    }
}

static const char *new_list; /* of the client's NegTokenInit, in hexadecimal, tag included */

static inline void
change_list(struct side *from, unsigned leg, void *unused)
{
    struct spnego_init m;
    uint8_t list[256];

    (void)unused;
    if (from->role == SEC_INITIATOR && leg == 1) {
        m = side_init(from);
        m.mech_list = hex_into(list, sizeof(list), new_list);
        side_resend(from, NULL, &m);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
