/* SPDX-License-Identifier: Apache-2.0 */
/* What the caller of either side asks for, and what the settings say to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ntlm/context.h"
#include "ntlm/ntlm.h"
#include "tests/support/hex.h"
#include "tests/support/ntlm_pair.h"

static void
test_ntlm_context_open__policy_denies_ntlm(void **state)
{
    static const enum sec_ntlm_policy policies[] = { SEC_NTLM_ALLOW, SEC_NTLM_AUDIT,
                                                     SEC_NTLM_DENY };

    for (size_t i = 0; i < SEC_ARRAY_LEN(policies); i++) {
        for (unsigned role = 0; role < 2; role++) {
            sec_status expected =
                policies[i] == SEC_NTLM_DENY ? SEC_E_UNSUPPORTED_FUNCTION : SEC_E_OK;
            struct fake_host host;
            struct sec_cred *cred;
            struct sec_ctx *ctx = NULL;
            const struct sec_acquire_args args = { .use = SEC_USE_BOTH };

            fake_host_init(&host);
            host.settings.ntlm = policies[i];
            assert_int_equal(ntlm_package.ops->acquire(&host.host, &args, &cred), SEC_E_OK);
            assert_int_equal(ntlm_package.ops->open(cred, (enum sec_role)role, &ctx), expected);
            assert_int_equal(ctx != NULL, expected == SEC_E_OK);
            ntlm_package.ops->free_ctx(ctx);
            ntlm_package.ops->free_cred(cred);
        }
    }
}

static sec_status
sign(struct sec_ctx *ctx, bool seal)
{
    uint8_t text[4] = { 0 }, token[16];
    struct sec_segment segment = { .p = text, .n = sizeof(text) };
    struct sec_msg m = { .segments = &segment, .n_segments = 1, .token = token, .token_n = 16 };

    return seal ? ctx->package->ops->seal(ctx, &m) : ctx->package->ops->sign(ctx, &m);
}

static sec_status
verify_dummy(struct sec_ctx *ctx)
{
    uint8_t token[16] = { 1 };
    struct sec_msg m = { .token = token, .token_n = 16 };

    return ctx->package->ops->verify(ctx, &m);
}

/* The dummy signature is for those who asked for none. */
static void
test_ntlm_session_sign__asked_for_and_not_negotiated_fails(void **state)
{
    static const struct {
        uint32_t wanted;
        sec_status expected;
    } cases[] = {
        { 0, SEC_E_OK },
        { SEC_INTEGRITY | SEC_NO_INTEGRITY, SEC_E_OK },
        { SEC_INTEGRITY, SEC_E_UNSUPPORTED_FUNCTION },
        { SEC_REPLAY_DETECT, SEC_E_UNSUPPORTED_FUNCTION },
        { SEC_SEQUENCE_DETECT, SEC_E_UNSUPPORTED_FUNCTION },
        { SEC_CONFIDENTIALITY, SEC_E_UNSUPPORTED_FUNCTION },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        struct ntlm_pair p;

        ntlm_pair_init(&p);
        p.server_args.wanted = cases[i].wanted;
        assert_true(ntlm_pair_run(&p));
        assert_int_equal(p.server_args.granted, SEC_CONNECTION);
        assert_int_equal(sign(p.server, false), cases[i].expected);
        assert_int_equal(verify_dummy(p.server), cases[i].expected);
        assert_int_equal(sign(p.server, true), SEC_E_UNSUPPORTED_FUNCTION);
        assert_int_equal(sign(p.client, false), SEC_E_OK);
        assert_int_equal(verify_dummy(p.client), SEC_E_OK);
        ntlm_pair_clear(&p);
    }
}

/* What the server's caller asks for does not keep it from what the client has negotiated. */
static void
test_ntlm_session_unseal__server_that_asked_for_nothing_opens_what_the_client_seals(void **state)
{
    struct ntlm_pair p;

    ntlm_pair_init(&p);
    p.client_args.wanted = SEC_CONFIDENTIALITY | SEC_INTEGRITY;
    assert_true(ntlm_pair_run(&p));
    assert_true(ntlm_pair_messages_pass(&p, true));
    ntlm_pair_clear(&p);
}

/* --- bindings with one leg only ------------------------------------------------------------ */

static void
drop_bindings(struct ntlm_pair *p, enum ntlm_pair_message which, struct wire_writer *w)
{
    const unsigned *legs = p->tamper_user; /* bits: the client's first, the server's first */

    if (which == NTLM_PAIR_NEGOTIATE) {
        p->client_args.bindings.given = !(*legs & 1);
        p->client_args.bindings.md5[0] ^= (*legs & 1) ? 0xFF : 0;
    } else if (which == NTLM_PAIR_CHALLENGE) {
        p->server_args.bindings.given = !(*legs & 2);
        p->server_args.bindings.md5[0] ^= (*legs & 2) ? 0xFF : 0;
    }
}

/* Callers may give them with the first call alone: they hold, and are not taken for none. */
static void
test_ntlm_step__bindings_of_the_first_leg_hold(void **state)
{
    for (unsigned legs = 0; legs < 4; legs++) {
        for (unsigned match = 0; match < 2; match++) {
            struct ntlm_pair p;

            ntlm_pair_init(&p);
            p.server_host.settings.channel_bindings = SEC_BINDINGS_BY_CALLER;
            p.client_args.bindings = (struct sec_bindings){ true, { 1, 2, 3 } };
            p.server_args.bindings = (struct sec_bindings){ true, { 1, 2, match ? 3 : 4 } };
            p.tamper = drop_bindings;
            p.tamper_user = &legs;
            assert_int_equal(ntlm_pair_run(&p), match);
            assert_int_equal(p.server_status, match ? SEC_E_OK : SEC_E_BAD_BINDINGS);
            assert_int_equal(sec_pair_facts(p.server).bindings_verified, match);
            ntlm_pair_clear(&p);
        }
    }
}

/* A client without any says so with zeros. */
static void
test_ntlm_step__client_without_bindings_sends_zeros(void **state)
{
    for (unsigned given = 0; given < 2; given++) {
        struct ntlm_pair p;

        ntlm_pair_init(&p);
        p.server_host.settings.channel_bindings = SEC_BINDINGS_ALLOW_MISSING;
        p.server_args.bindings = (struct sec_bindings){ given, { 1 } };
        assert_int_equal(ntlm_pair_run(&p), !given);
        assert_int_equal(p.server_status, given ? SEC_E_BAD_BINDINGS : SEC_E_OK);
        assert_false(sec_pair_facts(p.server).bindings_verified);
        ntlm_pair_clear(&p);
    }
}

/* --- time ---------------------------------------------------------------------------------- */

static void
let_time_pass(struct ntlm_pair *p, enum ntlm_pair_message which, struct wire_writer *w)
{
    if (which == NTLM_PAIR_AUTHENTICATE) {
        p->server_host.now_100ns += *(const uint64_t *)p->tamper_user;
    }
}

/* A client answers with the server's own time, so that its clock does not matter; how long it may
 * take does. */
static void
test_ntlm_step__answer_after_36_hours_refused(void **state)
{
    const uint64_t hours_36 = UINT64_C(36) * 3600 * 10000000;

    for (unsigned late = 0; late < 2; late++) {
        uint64_t passed = hours_36 + late;
        struct ntlm_pair p;

        ntlm_pair_init(&p);
        p.client_host.now_100ns = 12345; /* 1601 */
        p.tamper = let_time_pass;
        p.tamper_user = &passed;
        assert_int_equal(ntlm_pair_run(&p), !late);
        assert_int_equal(p.server_status, late ? SEC_E_LOGON_DENIED : SEC_E_OK);
        assert_int_equal(sec_pair_facts(p.server).sub_status, late ? 0xC0000133 : 0);
        ntlm_pair_clear(&p);
    }
}

/* --- the target ---------------------------------------------------------------------------- */

static void
test_ntlm_step__target_name_and_its_source_reach_the_server(void **state)
{
    const struct bytes spns[] = { UTF16("HTTP/web1") };

    for (unsigned unverified = 0; unverified < 2; unverified++) {
        for (unsigned right = 0; right < 2; right++) {
            struct ntlm_pair p;

            ntlm_pair_init(&p);
            p.server_host.settings.spns = spns;
            p.server_host.settings.n_spns = 1;
            p.server_host.settings.service_binding = SEC_BINDINGS_REQUIRED;
            p.client_args.target = right ? UTF16("http/WEB1") : UTF16("http/WEB2");
            p.client_args.wanted = unverified ? SEC_UNVERIFIED_TARGET : 0;
            assert_int_equal(ntlm_pair_run(&p), right && !unverified);
            assert_int_equal(p.server_status,
                             right && !unverified ? SEC_E_OK : SEC_E_WRONG_PRINCIPAL);
            ntlm_pair_clear(&p);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ntlm_context_open__policy_denies_ntlm),
        cmocka_unit_test(test_ntlm_session_sign__asked_for_and_not_negotiated_fails),
        cmocka_unit_test(
            test_ntlm_session_unseal__server_that_asked_for_nothing_opens_what_the_client_seals),
        cmocka_unit_test(test_ntlm_step__bindings_of_the_first_leg_hold),
        cmocka_unit_test(test_ntlm_step__client_without_bindings_sends_zeros),
        cmocka_unit_test(test_ntlm_step__answer_after_36_hours_refused),
        cmocka_unit_test(test_ntlm_step__target_name_and_its_source_reach_the_server),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
