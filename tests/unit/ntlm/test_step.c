/* SPDX-License-Identifier: Apache-2.0 */
/* NTLM's states: what comes out of order, too early, too late, or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ntlm/context.h"
#include "ntlm/ntlm.h"
#include "tests/support/hex.h"
#include "tests/support/ntlm_pair.h"
#include "tests/support/ntlm_vectors.h"

static const struct bytes no_token;

static sec_status
step(struct sec_ctx *ctx, uint32_t wanted, struct bytes token)
{
    SEC_AUTO(wire_writer) out = wire_writer_growing(NULL, 0);
    struct sec_step_args args = { .wanted = wanted };
    sec_status status = sec_pair_step(ctx, &args, token, &out);

    /* Whatever fails has said nothing. */
    assert_true(!sec_failed(status) || out.len == 0);
    assert_true(!sec_failed(status) || args.granted == 0);
    return status;
}

static void
open_pair(struct ntlm_pair *p)
{
    ntlm_pair_init(p);
    assert_true(ntlm_pair_open(p));
}

/* --- first steps --------------------------------------------------------------------------- */

static void
test_ntlm_step__first_step_of_each_role_by_token_and_connection(void **state)
{
    const struct {
        bool client;
        uint32_t wanted;
        struct bytes token;
        sec_status expected;
    } cases[] = {
        { true, 0, no_token, SEC_I_CONTINUE_NEEDED },
        { true, 0, { (const uint8_t *)"", 0 }, SEC_I_CONTINUE_NEEDED },
        { true, 0, HEX(NTLM_MIC_CHALLENGE), SEC_E_INVALID_TOKEN },
        { true, SEC_DATAGRAM, no_token, SEC_I_CONTINUE_NEEDED },
        { true, SEC_DATAGRAM, HEX(NTLM_MIC_NEGOTIATE), SEC_E_INVALID_TOKEN },
        { false, 0, HEX(NTLM_MIC_NEGOTIATE), SEC_I_CONTINUE_NEEDED },
        { false, 0, no_token, SEC_E_INVALID_TOKEN },
        { false, 0, { (const uint8_t *)"", 0 }, SEC_E_INVALID_TOKEN },
        { false, 0, HEX(NTLM_MIC_CHALLENGE), SEC_E_INVALID_TOKEN },
        { false, 0, HEX(NTLM_MIC_AUTHENTICATE), SEC_E_INVALID_TOKEN },
        { false, 0, HEX("6048"), SEC_E_INVALID_TOKEN },
        { false, SEC_DATAGRAM, no_token, SEC_I_CONTINUE_NEEDED },
        { false, SEC_DATAGRAM, HEX(NTLM_MIC_NEGOTIATE), SEC_E_INVALID_TOKEN },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        struct ntlm_pair p;
        struct sec_ctx *ctx;

        open_pair(&p);
        ctx = cases[i].client ? p.client : p.server;
        assert_int_equal(step(ctx, cases[i].wanted, cases[i].token), cases[i].expected);
        assert_int_equal(sec_pair_facts(ctx).phase,
                         sec_failed(cases[i].expected) ? SEC_PHASE_FAILED : SEC_PHASE_HALF_OPEN);
        ntlm_pair_clear(&p);
    }
}

/* --- the second message missing or wrong --------------------------------------------------- */

/* An empty continuation token is no message (the class of CVE-2014-4344). */
static void
test_ntlm_step__empty_continuation_token_refused_cve_2014_4344(void **state)
{
    const struct bytes empty[] = { no_token, bytes_of("", 0) };

    for (size_t i = 0; i < SEC_ARRAY_LEN(empty); i++) {
        struct ntlm_pair p;

        open_pair(&p);
        assert_int_equal(step(p.client, 0, no_token), SEC_I_CONTINUE_NEEDED);
        assert_int_equal(step(p.client, 0, empty[i]), SEC_E_INVALID_TOKEN);
        assert_true(sec_pair_has_failed(p.client));
        assert_int_equal(step(p.server, 0, HEX(NTLM_MIC_NEGOTIATE)), SEC_I_CONTINUE_NEEDED);
        assert_int_equal(step(p.server, 0, empty[i]), SEC_E_INVALID_TOKEN);
        assert_true(sec_pair_has_failed(p.server));
        assert_int_equal(p.accounts.calls, 0);
        ntlm_pair_clear(&p);
    }
}

/* Each message where another is due; the account authority is not even asked. */
static void
test_ntlm_step__messages_out_of_order_refused(void **state)
{
    const struct bytes wrong_for_client[] = { HEX(NTLM_MIC_NEGOTIATE), HEX(NTLM_MIC_AUTHENTICATE),
                                              HEX("00"), HEX("4e544c4d53535000") };
    const struct bytes wrong_for_server[] = { HEX(NTLM_MIC_NEGOTIATE), HEX(NTLM_MIC_CHALLENGE),
                                              HEX("00"), HEX("4e544c4d53535000") };

    for (size_t i = 0; i < SEC_ARRAY_LEN(wrong_for_client); i++) {
        struct ntlm_pair p;

        open_pair(&p);
        assert_int_equal(step(p.client, 0, no_token), SEC_I_CONTINUE_NEEDED);
        assert_int_equal(step(p.client, 0, wrong_for_client[i]), SEC_E_INVALID_TOKEN);
        assert_true(sec_pair_has_failed(p.client));
        assert_int_equal(step(p.server, 0, HEX(NTLM_MIC_NEGOTIATE)), SEC_I_CONTINUE_NEEDED);
        assert_int_equal(step(p.server, 0, wrong_for_server[i]), SEC_E_INVALID_TOKEN);
        assert_true(sec_pair_has_failed(p.server));
        assert_int_equal(p.accounts.calls, 0);
        ntlm_pair_clear(&p);
    }
}

static void
test_ntlm_step__overlong_messages_refused(void **state)
{
    static uint8_t large[65536];

    for (unsigned too_long = 0; too_long < 2; too_long++) {
        struct ntlm_pair p;

        /* A NEGOTIATE is kept before anything is proven. */
        open_pair(&p);
        bytes_copy(large, HEX(NTLM_MIC_NEGOTIATE).p, 40);
        assert_int_equal(step(p.server, 0, bytes_of(large, NTLM_MAX_TOKEN_BYTES + too_long)),
                         too_long ? SEC_E_INVALID_TOKEN : SEC_I_CONTINUE_NEEDED);
        if (!too_long) {
            bytes_copy(large, HEX(NLMP_424_AUTHENTICATE).p, 232);
            assert_int_equal(step(p.server, 0, bytes_of(large, 65535)), SEC_E_LOGON_DENIED);
        }
        assert_true(sec_pair_has_failed(p.server));
        ntlm_pair_clear(&p);

        open_pair(&p);
        assert_int_equal(step(p.server, 0, HEX(NTLM_MIC_NEGOTIATE)), SEC_I_CONTINUE_NEEDED);
        assert_int_equal(step(p.server, 0, bytes_of(large, 65536)), SEC_E_INVALID_TOKEN);
        assert_true(sec_pair_has_failed(p.server));
        ntlm_pair_clear(&p);
    }
}

static void
test_ntlm_step__truncated_authenticate_refused_at_each_length(void **state)
{
    struct ntlm_pair p;
    size_t n;

    ntlm_pair_init(&p);
    assert_true(ntlm_pair_run(&p));
    n = p.messages[NTLM_PAIR_AUTHENTICATE].len;
    ntlm_pair_clear(&p);
    for (size_t keep = 0; keep < n; keep++) {
        struct ntlm_pair again;
        struct wire_writer none = wire_writer_growing(NULL, 0);
        uint8_t *cut = malloc(keep ? keep : 1);

        ntlm_pair_init(&again);
        assert_true(ntlm_pair_open(&again));
        for (size_t i = 0; i < 3; i++) {
            again.messages[i] = wire_writer_growing(NULL, 0);
        }
        (void)sec_pair_step(again.client, &again.client_args, no_token, &again.messages[0]);
        (void)sec_pair_step(again.server, &again.server_args, wire_written(&again.messages[0]),
                            &again.messages[1]);
        (void)sec_pair_step(again.client, &again.client_args, wire_written(&again.messages[1]),
                            &again.messages[2]);
        assert_int_equal(again.messages[2].len, n);
        bytes_copy(cut, again.messages[2].p, keep);
        assert_int_equal(
            sec_pair_step(again.server, &again.server_args, bytes_of(cut, keep), &none),
            SEC_E_INVALID_TOKEN);
        assert_true(sec_pair_has_failed(again.server));
        free(cut);
        ntlm_pair_clear(&again);
    }
}

/* --- after the end ------------------------------------------------------------------------- */

static void
test_ntlm_step__step_after_completion_refused_and_the_context_lives_on(void **state)
{
    struct ntlm_pair p;

    ntlm_pair_init(&p);
    p.client_args.wanted = SEC_INTEGRITY | SEC_CONFIDENTIALITY;
    assert_true(ntlm_pair_run(&p));
    assert_int_equal(step(p.server, 0, wire_written(&p.messages[NTLM_PAIR_AUTHENTICATE])),
                     SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(step(p.server, 0, wire_written(&p.messages[NTLM_PAIR_NEGOTIATE])),
                     SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(step(p.server, 0, no_token), SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(step(p.client, 0, wire_written(&p.messages[NTLM_PAIR_CHALLENGE])),
                     SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(step(p.client, 0, no_token), SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(sec_pair_facts(p.server).phase, SEC_PHASE_ESTABLISHED);
    assert_true(ntlm_pair_messages_pass(&p, true));
    ntlm_pair_clear(&p);
}

/* One attempt per challenge: a right answer after a wrong one is too late. */
static void
test_ntlm_step__step_on_a_failed_context_refused(void **state)
{
    SEC_AUTO(wire_writer) right = wire_writer_growing(NULL, 0);
    struct ntlm_pair p;

    ntlm_pair_init(&p);
    p.identity.password = UTF16("password");
    assert_false(ntlm_pair_run(&p));
    assert_int_equal(p.server_status, SEC_E_LOGON_DENIED);
    assert_true(sec_pair_has_failed(p.server));
    assert_int_equal(step(p.server, 0, wire_written(&p.messages[NTLM_PAIR_AUTHENTICATE])),
                     SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(step(p.server, 0, wire_written(&p.messages[NTLM_PAIR_NEGOTIATE])),
                     SEC_E_OUT_OF_SEQUENCE);
    assert_true(sec_pair_has_failed(p.server));
    assert_int_equal(p.accounts.calls, 1);
    ntlm_pair_clear(&p);
}

/* What proved a password to one context proves nothing to another. */
static void
test_ntlm_step__authenticate_replayed_on_another_context_refused(void **state)
{
    struct sec_ctx *other;
    struct ntlm_pair p;

    ntlm_pair_init(&p);
    assert_true(ntlm_pair_run(&p));
    assert_int_equal(ntlm_package.ops->open(p.server_cred, SEC_ACCEPTOR, &other), SEC_E_OK);
    assert_int_equal(step(other, 0, wire_written(&p.messages[NTLM_PAIR_NEGOTIATE])),
                     SEC_I_CONTINUE_NEEDED);
    assert_int_equal(step(other, 0, wire_written(&p.messages[NTLM_PAIR_AUTHENTICATE])),
                     SEC_E_LOGON_DENIED);
    assert_true(sec_pair_has_failed(other));
    ntlm_package.ops->free_ctx(other);
    ntlm_pair_clear(&p);
    assert_int_equal(p.accounts.identities, 0);
}

/* --- every operation before and after ------------------------------------------------------ */

static void
assert_all_refused(struct sec_ctx *ctx)
{
    const struct sec_package_ops *ops = ctx->package->ops;
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    uint8_t text[8] = { 0 }, token[16] = { 1 };
    struct sec_segment segment = { .p = text, .n = sizeof(text) };
    struct sec_msg m = { .segments = &segment, .n_segments = 1, .token = token, .token_n = 16 };

    assert_int_equal(ops->sign(ctx, &m), SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(ops->verify(ctx, &m), SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(ops->seal(ctx, &m), SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(ops->unseal(ctx, &m), SEC_E_OUT_OF_SEQUENCE);
    m.no_encrypt = true;
    assert_int_equal(ops->seal(ctx, &m), SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(ops->unseal(ctx, &m), SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(ops->make_mic(ctx, HEX("3000"), &w), SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(ops->check_mic(ctx, HEX("3000"), bytes_of(token, 16)), SEC_E_OUT_OF_SEQUENCE);
    assert_false(ops->wants_mic(ctx));
    assert_int_equal(w.len, 0);
    assert_int_equal(sec_pair_facts(ctx).session_key.n, 0);
}

/* Not before it is established (CVE-2015-2695, CVE-2015-2696), and not where it failed. */
static void
test_ntlm_ops__partial_or_failed_context_refused_cve_2015_2695(void **state)
{
    struct ntlm_pair p;

    open_pair(&p);
    assert_all_refused(p.client);
    assert_all_refused(p.server);
    assert_int_equal(step(p.client, SEC_INTEGRITY, no_token), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(step(p.server, 0, HEX(NTLM_MIC_NEGOTIATE)), SEC_I_CONTINUE_NEEDED);
    assert_all_refused(p.client);
    assert_all_refused(p.server);
    assert_int_equal(step(p.client, 0, HEX("00")), SEC_E_INVALID_TOKEN);
    assert_int_equal(step(p.server, 0, HEX(NLMP_424_AUTHENTICATE)), SEC_E_LOGON_DENIED);
    assert_all_refused(p.client);
    assert_all_refused(p.server);
    ntlm_pair_clear(&p);
}

static void
test_ntlm_context_free__null_is_nothing(void **state)
{
    ntlm_package.ops->free_ctx(NULL);
    ntlm_package.ops->free_cred(NULL);
}

/* --- what a host can lack ------------------------------------------------------------------ */

/* The client takes 8 bytes and then 16; the server 8. */
static void
test_ntlm_step__no_random_refused(void **state)
{
    for (size_t limit = 0; limit < 24; limit++) {
        struct ntlm_pair p;

        ntlm_pair_init(&p);
        p.client_args.wanted = SEC_INTEGRITY;
        p.client_host.random_limit = limit;
        assert_false(ntlm_pair_run(&p));
        assert_int_equal(p.client_status, SEC_E_INTERNAL_ERROR);
        assert_int_equal(p.messages[NTLM_PAIR_AUTHENTICATE].len, 0);
        assert_true(sec_pair_has_failed(p.client));
        ntlm_pair_clear(&p);
    }
    for (size_t limit = 0; limit < 8; limit++) {
        struct ntlm_pair p;

        ntlm_pair_init(&p);
        p.server_host.random_limit = limit;
        assert_false(ntlm_pair_run(&p));
        assert_int_equal(p.server_status, SEC_E_INTERNAL_ERROR);
        assert_int_equal(p.messages[NTLM_PAIR_CHALLENGE].len, 0);
        assert_true(sec_pair_has_failed(p.server));
        ntlm_pair_clear(&p);
    }
}

static void
test_ntlm_step__authority_absent_broken_or_refusing(void **state)
{
    static const struct {
        bool absent;
        sec_status broken;
        sec_status expected;
    } cases[] = {
        { true, SEC_E_OK, SEC_E_NO_AUTHENTICATING_AUTHORITY },
        { false, SEC_E_NO_AUTHENTICATING_AUTHORITY, SEC_E_NO_AUTHENTICATING_AUTHORITY },
        { false, SEC_E_INSUFFICIENT_MEMORY, SEC_E_INSUFFICIENT_MEMORY },
        { false, SEC_E_LOGON_DENIED, SEC_E_LOGON_DENIED },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        struct ntlm_pair p;

        ntlm_pair_init(&p);
        p.accounts.broken = cases[i].broken;
        if (cases[i].absent) {
            p.server_host.host.accounts = NULL;
        }
        assert_false(ntlm_pair_run(&p));
        assert_int_equal(p.server_status, cases[i].expected);
        assert_true(sec_pair_has_failed(p.server));
        ntlm_pair_clear(&p);
    }
}

/* What was claimed is for the log; what is proven is nobody. */
static void
test_ntlm_step__refused_client_is_told_apart_from_a_proven_one(void **state)
{
    static const struct fake_user users[] = { { "User", "Domain", "Password", 0xC0000072 } };
    struct sec_facts facts;
    struct ntlm_pair p;

    ntlm_pair_init(&p);
    p.accounts.users = users;
    p.accounts.locks_out = true;
    p.client_args.target = UTF16("HTTP/server");
    assert_false(ntlm_pair_run(&p));
    assert_int_equal(p.server_status, SEC_E_LOGON_DENIED);
    assert_true(sec_pair_has_failed(p.server));
    facts = sec_pair_facts(p.server);
    assert_bytes_equal(facts.claimed_user, UTF16("User"));
    assert_bytes_equal(facts.claimed_domain, UTF16("Domain"));
    assert_bytes_equal(facts.claimed_workstation, UTF16("CLIENT"));
    assert_int_equal(facts.sub_status, 0xC0000072);
    assert_true(facts.locked_out_now);
    assert_false(facts.mic_verified);
    assert_true(facts.ntlm_version == SEC_NTLM_V2);
    ntlm_pair_clear(&p);
}

/* The proven name is the account's own, whatever the client's spelling. */
static void
test_ntlm_step__proven_name_is_the_accounts_not_the_claimed_one(void **state)
{
    struct sec_facts facts;
    struct ntlm_pair p;

    ntlm_pair_init(&p);
    p.identity.user = UTF16("uSER");
    p.identity.domain = UTF16("");
    assert_true(ntlm_pair_run(&p));
    facts = sec_pair_facts(p.server);
    assert_bytes_equal(facts.user, UTF16("User"));
    assert_bytes_equal(facts.domain, UTF16("Domain"));
    assert_bytes_equal(facts.claimed_user, UTF16("uSER"));
    assert_int_equal(facts.claimed_domain.n, 0);
    assert_bytes_equal(facts.native_client, UTF16("uSER"));
    assert_non_null(facts.identity);
    facts = sec_pair_facts(p.client);
    assert_bytes_equal(facts.user, UTF16("uSER"));
    assert_null(facts.identity);
    ntlm_pair_clear(&p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ntlm_step__first_step_of_each_role_by_token_and_connection),
        cmocka_unit_test(test_ntlm_step__empty_continuation_token_refused_cve_2014_4344),
        cmocka_unit_test(test_ntlm_step__messages_out_of_order_refused),
        cmocka_unit_test(test_ntlm_step__overlong_messages_refused),
        cmocka_unit_test(test_ntlm_step__truncated_authenticate_refused_at_each_length),
        cmocka_unit_test(test_ntlm_step__step_after_completion_refused_and_the_context_lives_on),
        cmocka_unit_test(test_ntlm_step__step_on_a_failed_context_refused),
        cmocka_unit_test(test_ntlm_step__authenticate_replayed_on_another_context_refused),
        cmocka_unit_test(test_ntlm_ops__partial_or_failed_context_refused_cve_2015_2695),
        cmocka_unit_test(test_ntlm_context_free__null_is_nothing),
        cmocka_unit_test(test_ntlm_step__no_random_refused),
        cmocka_unit_test(test_ntlm_step__authority_absent_broken_or_refusing),
        cmocka_unit_test(test_ntlm_step__refused_client_is_told_apart_from_a_proven_one),
        cmocka_unit_test(test_ntlm_step__proven_name_is_the_accounts_not_the_claimed_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
