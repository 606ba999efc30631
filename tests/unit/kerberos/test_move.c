/* SPDX-License-Identifier: Apache-2.0 */
/* Initiators that are moved while they await the acceptor: with no more than their ticket's key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kerberos/kerberos.h"
#include "tests/support/hex.h"
#include "tests/support/krb_pair.h"

/* Where they go: a credential that nobody's keys are behind, one for each move. */
struct journey {
    struct sec_cred *nobody[KRB_PAIR_TOKENS_MAX];
    unsigned n, resumed;
};

static void
move_client(struct krb_pair *p, unsigned token, struct wire_writer *out)
{
    const struct sec_acquire_args args = { .use = SEC_USE_OUTBOUND, .for_load = true };
    const struct sec_package_ops *ops = kerberos_package.ops;
    struct journey *j = p->tamper_user;
    SEC_AUTO(wire_writer) saved = wire_writer_secret(NULL, 0);
    struct wire_reader r;

    if (token % 2) {
        return;
    }
    assert_int_equal(ops->save(p->client, &saved), SEC_E_OK);
    assert_int_equal(ops->acquire(&p->client_host.host, &args, &j->nobody[j->n]), SEC_E_OK);
    ops->free_ctx(p->client);
    p->client = NULL;
    r = wire_reader_of(wire_written(&saved));
    assert_int_equal(ops->load(j->nobody[j->n++], SEC_INITIATOR, &r, &p->client), SEC_E_OK);
    assert_int_equal(wire_finish(&r), WIRE_OK);
    if (p->client->awaits_cred) {
        assert_int_equal(ops->resume(p->client, p->client_cred), SEC_E_OK);
        assert_false(p->client->awaits_cred);
        j->resumed++;
    }
}

static void
run(struct krb_pair *p, struct journey *j)
{
    *j = (struct journey){ 0 };
    p->tamper = move_client;
    p->tamper_user = j;
    (void)krb_pair_run(p);
}

static void
end(struct krb_pair *p, struct journey *j)
{
    krb_pair_clear(p);
    for (unsigned i = 0; i < j->n; i++) {
        kerberos_package.ops->free_cred(j->nobody[i]);
    }
    assert_true(krb_pair_is_clean(p));
}

static void
assert_established(struct krb_pair *p)
{
    if (p->client_status != SEC_E_OK || p->server_status != SEC_E_OK) {
        fail_msg("client %08x %s, server %08x %s", (unsigned)p->client_status, p->client_reason,
                 (unsigned)p->server_status, p->server_reason);
    }
    assert_bytes_equal(sec_pair_facts(p->client).session_key,
                       sec_pair_facts(p->server).session_key);
    assert_true(krb_pair_messages_pass(p, true));
    assert_true(krb_pair_messages_pass(p, false));
}

static void
test_initiator__moved_after_each_leg__finishes(void **state)
{
    static const uint32_t wishes[] = {
        0,
        SEC_MUTUAL_AUTH,
        SEC_MUTUAL_AUTH | SEC_CONFIDENTIALITY | SEC_SEQUENCE_DETECT | SEC_REPLAY_DETECT,
        SEC_MUTUAL_AUTH | SEC_DELEGATE,
        SEC_DCE_STYLE | SEC_CONFIDENTIALITY,
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(wishes); i++) {
        struct krb_pair p;
        struct journey j;

        krb_pair_init(&p);
        p.client_args.wanted = wishes[i];
        p.client_args.bindings = p.server_args.bindings = (struct sec_bindings){ true, { 1, 2 } };
        run(&p, &j);
        assert_established(&p);
        assert_int_equal(j.resumed, 0);
        assert_int_equal(sec_pair_facts(p.client).flags & wishes[i] & ~(uint32_t)SEC_DELEGATE,
                         wishes[i] & ~(uint32_t)SEC_DELEGATE);
        assert_bytes_equal(sec_pair_facts(p.client).native_server,
                           UTF16("HTTP/web.example.test@EXAMPLE.TEST"));
        end(&p, &j);
    }
}

/* Before the acceptor's TGT has come there is no ticket yet: the credential gets one. */
static void
test_initiator__of_user_to_user__goes_on_with_the_credential(void **state)
{
    for (unsigned mutual = 0; mutual < 2; mutual++) {
        struct krb_pair p;
        struct journey j;

        krb_pair_init(&p);
        p.client_args.wanted = SEC_USE_SESSION_KEY | (mutual ? SEC_MUTUAL_AUTH : 0u);
        p.client_args.target = UTF16("bob@EXAMPLE.TEST");
        run(&p, &j);
        assert_established(&p);
        assert_int_equal(j.resumed, 1);
        assert_true(p.client_args.granted & SEC_USE_SESSION_KEY);
        end(&p, &j);
    }
}

static void
test_resume__with_a_credential_that_gets_no_tickets__is_refused(void **state)
{
    const struct sec_acquire_args args = { .use = SEC_USE_OUTBOUND, .for_load = true };
    const struct sec_package_ops *ops = kerberos_package.ops;
    SEC_AUTO(wire_writer) saved = wire_writer_secret(NULL, 0);
    SEC_AUTO(wire_writer) out = wire_writer_growing(NULL, 0);
    struct sec_ctx *moved = NULL;
    struct sec_cred *nobody;
    struct wire_reader r;
    struct krb_pair p;

    krb_pair_init(&p);
    p.client_args.wanted = SEC_USE_SESSION_KEY;
    p.client_args.target = UTF16("bob@EXAMPLE.TEST");
    assert_true(krb_pair_open(&p));
    assert_int_equal(sec_pair_step(p.client, &p.client_args, (struct bytes){ 0 }, &out),
                     SEC_I_CONTINUE_NEEDED);
    assert_int_equal(ops->save(p.client, &saved), SEC_E_OK);
    assert_int_equal(ops->acquire(&p.client_host.host, &args, &nobody), SEC_E_OK);
    r = wire_reader_of(wire_written(&saved));
    assert_int_equal(ops->load(nobody, SEC_INITIATOR, &r, &moved), SEC_E_OK);
    assert_int_equal(ops->resume(moved, nobody), SEC_E_NO_CREDENTIALS);
    assert_true(moved->awaits_cred);
    ops->free_ctx(moved);
    ops->free_cred(nobody);
    krb_pair_clear(&p);
    assert_true(krb_pair_is_clean(&p));
}

/* Its TGT's session key is what the client's ticket opens with: nobody else gets that. */
static void
test_acceptor__of_user_to_user__stays(void **state)
{
    SEC_AUTO(wire_writer) saved = wire_writer_secret(NULL, 0);
    SEC_AUTO(wire_writer) first = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) second = wire_writer_growing(NULL, 0);
    struct krb_pair p;

    krb_pair_init(&p);
    p.client_args.wanted = SEC_USE_SESSION_KEY;
    p.client_args.target = UTF16("bob@EXAMPLE.TEST");
    assert_true(krb_pair_open(&p));
    assert_int_equal(sec_pair_step(p.client, &p.client_args, (struct bytes){ 0 }, &first),
                     SEC_I_CONTINUE_NEEDED);
    assert_int_equal(sec_pair_step(p.server, &p.server_args, wire_written(&first), &second),
                     SEC_I_CONTINUE_NEEDED);
    assert_int_equal(kerberos_package.ops->save(p.server, &saved), SEC_E_UNSUPPORTED_FUNCTION);
    krb_pair_clear(&p);
    assert_true(krb_pair_is_clean(&p));
}

/* The ticket stayed behind: what the service says of it ends the exchange. */
static void
test_initiator__that_was_moved__tries_no_second_request(void **state)
{
    for (unsigned moved = 0; moved < 2; moved++) {
        struct krb_pair p;
        struct journey j = { 0 };

        krb_pair_init(&p);
        p.client_args.wanted = SEC_MUTUAL_AUTH;
        p.server_args.wanted = SEC_EXTENDED_ERROR;
        p.client_tickets.cached_kvno = 2; /* a fresh one would do */
        if (moved) {
            run(&p, &j);
            assert_int_equal(p.client_status, SEC_E_WRONG_PRINCIPAL);
            assert_non_null(strstr(p.client_reason, "KRB_AP_ERR_"));
            assert_int_equal(p.n_tokens, 3);
        } else {
            (void)krb_pair_run(&p);
        }
        assert_int_equal(p.client_tickets.fresh_gets, moved ? 0 : 1);
        end(&p, &j);
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_initiator__moved_after_each_leg__finishes),
        cmocka_unit_test(test_initiator__of_user_to_user__goes_on_with_the_credential),
        cmocka_unit_test(test_resume__with_a_credential_that_gets_no_tickets__is_refused),
        cmocka_unit_test(test_acceptor__of_user_to_user__stays),
        cmocka_unit_test(test_initiator__that_was_moved__tries_no_second_request),
    };

    return cmocka_run_group_tests_name("kerberos/move", tests, NULL, NULL);
}
