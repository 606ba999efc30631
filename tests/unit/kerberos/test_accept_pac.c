/* SPDX-License-Identifier: Apache-2.0 */
/* Acceptors whose client has a PAC: what is then known of it, and what of one that is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "account/account.h"
#include "base/secret.h"
#include "codec/pac.h"
#include "tests/support/hex.h"
#include "tests/support/krb_forge.h"
#include "tests/support/pac_vectors.h"

#define AD "S-1-5-21-2293478218-2757620453-196890249"

static struct krb_forge_acceptor a;
static struct krb_forge f;

/* A PAC of a domain's, which krb_forge signs with the key of its own ticket. */
static int
setup(void **state)
{
    krb_forge_acceptor_init(&a);
    krb_forge_init(&f, &a.tickets);
    f.pac = HEX(PAC_AD_USER);
    f.ticket.authtime_100ns = PAC_AD_USER_AUTHTIME;
    return 0;
}

static int
teardown(void **state)
{
    return krb_forge_acceptor_clear(&a) ? 0 : -1;
}

static void
assert_alice_of_the_domain(void)
{
    struct sec_facts facts = krb_forge_facts(&a);

    assert_true(facts.kerberos.pac_verified);
    assert_bytes_equal(facts.user, UTF16("alice"));
    assert_bytes_equal(facts.domain, UTF16("EXAMPLE"));
    assert_bytes_equal(facts.kerberos.upn, UTF16("alice@example.test"));
    assert_bytes_equal(facts.kerberos.logon_server, UTF16("DC1"));
    assert_bytes_equal(facts.kerberos.client, UTF16("alice@EXAMPLE.TEST"));
    assert_non_null(facts.identity);
    assert_string_equal(facts.identity->sid, AD "-1102");
    assert_int_equal(facts.identity->n_groups, 4);
    assert_string_equal(facts.identity->groups[0], "Domain Users");
    assert_string_equal(facts.identity->group_sids[1], AD "-1104");
    assert_int_equal(facts.identity->group_attributes[1], 7);
    assert_true(facts.password_expires_100ns == facts.identity->password_expires_100ns);
    assert_true(facts.logon_known && facts.logoff_100ns == UINT64_MAX);
    assert_int_equal(facts.user_flags & 0x20, 0x20); /* extra SIDs, which there are */
}

/* Nothing of the PAC has been believed. */
static void
assert_refused(const char *why)
{
    struct sec_facts facts;

    assert_int_equal(krb_forge_try(&a, &f), SEC_E_LOGON_DENIED);
    if (!strstr(a.reason, why)) {
        fail_msg("\"%s\" does not say \"%s\"", a.reason, why);
    }
    facts = krb_forge_facts(&a);
    assert_int_equal(facts.phase, SEC_PHASE_FAILED);
    assert_int_equal(facts.sub_status, 0xC000006D);
    assert_null(facts.identity);
    assert_false(facts.kerberos.pac_verified);
    assert_int_equal(facts.user.n, 0);
    assert_int_equal(facts.kerberos.upn.n, 0);
    assert_int_equal(facts.kerberos.logon_server.n, 0);
}

static void
test_accept__client_of_a_domain(void **state)
{
    assert_int_equal(krb_forge_try(&a, &f), SEC_E_OK);
    assert_alice_of_the_domain();
}

/* What the PAC said goes along with a context. */
static void
test_accept__client_of_a_domain__moved(void **state)
{
    SEC_AUTO(wire_writer) saved = wire_writer_growing(NULL, 0);
    struct sec_ctx *moved = NULL;
    struct wire_reader r;

    assert_int_equal(krb_forge_try(&a, &f), SEC_E_OK);
    assert_int_equal(a.ctx->package->ops->save(a.ctx, &saved), SEC_E_OK);
    r = wire_reader_of(wire_written(&saved));
    assert_int_equal(a.ctx->package->ops->load(a.cred, SEC_ACCEPTOR, &r, &moved), SEC_E_OK);
    assert_int_equal(wire_finish(&r), WIRE_OK);
    a.ctx->package->ops->free_ctx(a.ctx);
    a.ctx = moved;
    assert_alice_of_the_domain();
}

static void
test_accept__pac_of_user_to_user(void **state)
{
    struct wire_writer body = wire_writer_growing(NULL, 0), token = wire_writer_growing(NULL, 0);
    struct krb_tgt_req req = { 0 };
    struct ticket_holder *holder;
    struct ticket own = { 0 };

    krb_tgt_req_encode(&body, &req);
    gss_krb_token_put(&token, gss_krb5_u2u_oid, GSS_KRB_TGT_REQ, body.len);
    wire_put_bytes(&token, wire_written(&body));
    assert_int_equal(krb_forge_accept(&a, wire_written(&token)), SEC_I_CONTINUE_NEEDED);
    wire_writer_clear(&body);
    wire_writer_clear(&token);
    /* The fake KDC's sessions with a TGT are all the same: its own tells the key of ours. */
    assert_int_equal(ticket_holder_new(&a.tickets, &(struct ticket_holder_args){ 0 }, &holder),
                     SEC_E_OK);
    assert_int_equal(ticket_get_tgt(holder, &own), SEC_E_OK);
    f.ticket_key = own.key;
    ticket_clear(&own);
    ticket_holder_free(holder);
    f.oid = gss_krb5_u2u_oid;
    f.ap_options |= KRB_AP_USE_SESSION_KEY;
    f.clear.sname = fake_ticket_name("alice", KRB_NT_PRINCIPAL);
    f.clear.enc.enctype = f.ticket_key.enctype;
    f.clear.enc.has_kvno = false;
    assert_int_equal(krb_forge_try(&a, &f), SEC_E_OK);
    assert_alice_of_the_domain();
}

static void
test_accept__pac_of_another_ticket_is_refused(void **state)
{
    f.ticket.authtime_100ns += UINT64_C(10000000);
    assert_refused("another authentication time");
    krb_forge_acceptor_restart(&a);
    f.ticket.authtime_100ns = PAC_AD_USER_AUTHTIME;
    f.ticket.cname = fake_ticket_name("bob", KRB_NT_PRINCIPAL);
    f.authenticator.cname = f.ticket.cname;
    assert_refused("names somebody else");
}

/* Behind the signature, which was made already. */
static void
change_signed(struct krb_forge *forge, enum krb_forge_part part, struct wire_writer *w)
{
    struct pac pac;
    struct krb_enc_ticket ticket;
    enum wire_err err = WIRE_OK;
    struct bytes data;

    if (part != KRB_FORGE_TICKET) {
        return;
    }
    assert_int_equal(krb_enc_ticket_decode(&ticket, wire_written(w)), WIRE_OK);
    data = krb_ad_find(ticket.authorization_data, KRB_AD_WIN2K_PAC, &err);
    assert_int_equal(pac_decode(&pac, data), WIRE_OK);
    ((uint8_t *)(uintptr_t)pac.logon_info.p)[*(size_t *)forge->tamper_user] ^= 1;
}

static void
test_accept__changed_pac_is_refused(void **state)
{
    for (size_t at = 0; at < 400; at += 13) {
        f.tamper = change_signed;
        f.tamper_user = &at;
        assert_refused("the server signature does not verify");
        krb_forge_acceptor_restart(&a);
    }
}

static void
test_accept__without_a_pac_as_policy_has_it(void **state)
{
    f.pac = (struct bytes){ 0 };
    assert_int_equal(krb_forge_try(&a, &f), SEC_E_OK);
    assert_false(krb_forge_facts(&a).kerberos.pac_verified);
    assert_bytes_equal(krb_forge_facts(&a).domain, UTF16("EXAMPLE.TEST"));
    assert_null(krb_forge_facts(&a).identity->sid);
    krb_forge_acceptor_restart(&a);
    a.host.settings.kerberos.pac = SEC_PAC_REQUIRED;
    f.authenticator.ctime_100ns += 10; /* not the same once more */
    assert_refused("policy requires one");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_accept__client_of_a_domain),
        TEST(test_accept__client_of_a_domain__moved),
        TEST(test_accept__pac_of_user_to_user),
        TEST(test_accept__pac_of_another_ticket_is_refused),
        TEST(test_accept__changed_pac_is_refused),
        TEST(test_accept__without_a_pac_as_policy_has_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
