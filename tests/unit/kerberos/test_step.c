/* SPDX-License-Identifier: Apache-2.0 */
/* Kerberos' states: what comes out of order, too early, too late, too long, or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kerberos/context.h"
#include "kerberos/kerberos.h"
#include "tests/support/hex.h"
#include "tests/support/krb_pair.h"
#include "tests/support/krb_peer.h"

static const struct bytes no_token;

static sec_status
step(struct sec_ctx *ctx, uint32_t wanted, struct bytes token)
{
    SEC_AUTO(wire_writer) out = wire_writer_growing(NULL, 0);
    struct sec_step_args args = { .wanted = wanted, .target = UTF16("HTTP/web.example.test") };
    sec_status status = sec_pair_step(ctx, &args, token, &out);

    assert_true(!sec_failed(status) || args.granted == 0);
    return status;
}

static void
open_pair(struct krb_pair *p)
{
    krb_pair_init(p);
    assert_true(krb_pair_open(p));
}

static void
close_pair(struct krb_pair *p)
{
    krb_pair_clear(p);
    assert_true(krb_pair_is_clean(p));
}

/* --- the table ----------------------------------------------------------------------------- */

static void
test_krb_step__initiator_speaks_first(void **state)
{
    struct krb_pair p;

    open_pair(&p);
    assert_int_equal(step(p.client, 0, HEX("6000")), SEC_E_INVALID_TOKEN);
    assert_true(sec_pair_has_failed(p.client));
    assert_int_equal(p.client_tickets.gets, 0);
    close_pair(&p);
}

static void
test_krb_step__acceptor_without_a_token(void **state)
{
    const struct bytes empty[] = { no_token, bytes_of("", 0) };

    for (size_t i = 0; i < SEC_ARRAY_LEN(empty); i++) {
        struct krb_pair p;

        open_pair(&p);
        assert_int_equal(step(p.server, 0, empty[i]), SEC_E_INVALID_TOKEN);
        assert_true(sec_pair_has_failed(p.server));
        close_pair(&p);
    }
}

/* An empty continuation token is no message (the class of CVE-2014-4344). */
static void
test_krb_step__empty_continuation_token_refused_cve_2014_4344(void **state)
{
    static const struct {
        uint32_t wanted;
        sec_status expected;
    } cases[] = {
        { SEC_MUTUAL_AUTH, SEC_E_INVALID_TOKEN },
        { SEC_DCE_STYLE, SEC_E_INVALID_TOKEN },
        { SEC_USE_SESSION_KEY, SEC_E_NO_TGT_REPLY },
    };
    const struct bytes empty[] = { no_token, bytes_of("", 0) };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases) * SEC_ARRAY_LEN(empty); i++) {
        struct krb_pair p;

        open_pair(&p);
        assert_int_equal(step(p.client, cases[i / 2].wanted, no_token), SEC_I_CONTINUE_NEEDED);
        assert_int_equal(step(p.client, cases[i / 2].wanted, empty[i % 2]), cases[i / 2].expected);
        assert_true(sec_pair_has_failed(p.client));
        close_pair(&p);
    }
}

static void
test_krb_step__nothing_after_the_end(void **state)
{
    struct krb_pair p;

    open_pair(&p);
    assert_int_equal(step(p.client, 0, no_token), SEC_E_OK);
    assert_int_equal(step(p.client, 0, no_token), SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(step(p.client, 0, HEX("6000")), SEC_E_OUT_OF_SEQUENCE);
    /* What is established stays so. */
    assert_int_equal(sec_pair_facts(p.client).phase, SEC_PHASE_ESTABLISHED);
    assert_int_equal(step(p.server, 0, HEX("6000")), SEC_E_INVALID_TOKEN);
    assert_int_equal(step(p.server, 0, HEX("6000")), SEC_E_OUT_OF_SEQUENCE);
    assert_true(sec_pair_has_failed(p.server));
    close_pair(&p);
}

static void
test_krb_step__token_of_more_than_64_kib_refused(void **state)
{
    static uint8_t token[KRB_MAX_INPUT_BYTES + 1];

    for (unsigned acceptor = 0; acceptor < 2; acceptor++) {
        struct krb_pair p;

        open_pair(&p);
        if (!acceptor) {
            assert_int_equal(step(p.client, SEC_MUTUAL_AUTH, no_token), SEC_I_CONTINUE_NEEDED);
        }
        sec_reason_clear();
        assert_int_equal(step(acceptor ? p.server : p.client, 0, bytes_of(token, sizeof(token))),
                         SEC_E_INVALID_TOKEN);
        assert_string_equal(sec_reason(), "kerberos: a token of 65536 bytes");
        assert_true(sec_pair_has_failed(acceptor ? p.server : p.client));
        close_pair(&p);
    }
}

/* Tokens of the other role, of another mechanism, of none. */
static void
test_krb_step__messages_out_of_place_refused(void **state)
{
    struct krb_pair p;
    SEC_AUTO(wire_writer) ap_req = wire_writer_growing(NULL, 0);
    struct sec_step_args args = { .wanted = SEC_MUTUAL_AUTH,
                                  .target = UTF16("HTTP/web.example.test") };

    open_pair(&p);
    assert_int_equal(sec_pair_step(p.client, &args, no_token, &ap_req), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(step(p.client, SEC_MUTUAL_AUTH, wire_written(&ap_req)), SEC_E_INVALID_TOKEN);
    assert_true(sec_pair_has_failed(p.client));
    close_pair(&p);
    for (unsigned i = 0; i < 3; i++) {
        const struct bytes wrong[] = { HEX("4e544c4d5353500003000000"), HEX("00"),
                                       HEX("601206062b0601050502a0083006a0040602 2a03") };

        open_pair(&p);
        assert_int_equal(step(p.client, SEC_MUTUAL_AUTH, no_token), SEC_I_CONTINUE_NEEDED);
        assert_int_equal(step(p.client, SEC_MUTUAL_AUTH, wrong[i]), SEC_E_INVALID_TOKEN);
        assert_true(sec_pair_has_failed(p.client));
        assert_int_equal(step(p.server, SEC_MUTUAL_AUTH, wrong[i]), SEC_E_INVALID_TOKEN);
        assert_true(sec_pair_has_failed(p.server));
        close_pair(&p);
    }
}

/* --- bindings ------------------------------------------------------------------------------ */

/* Those of the first leg hold for the later ones, as for a retry's authenticator. */
static void
test_krb_step__bindings_of_an_earlier_leg_are_kept(void **state)
{
    static const struct sec_bindings bindings = { true, { 9, 8, 7 } };
    SEC_AUTO(wire_writer) first = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) second = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) error = wire_writer_growing(NULL, 0);
    struct sec_step_args args = { .wanted = SEC_MUTUAL_AUTH,
                                  .target = UTF16("HTTP/web.example.test"),
                                  .bindings = bindings };
    const struct krb_error e = {
        .stime_100ns = FAKE_HOST_NOW_100NS,
        .code = KRB_AP_ERR_REPEAT,
        .realm = bytes_of_string(FAKE_REALM),
        .sname = fake_ticket_name("HTTP/web.example.test", KRB_NT_SRV_INST),
    };
    struct krb_peer_request request;
    struct krb_pair p;

    open_pair(&p);
    assert_int_equal(sec_pair_step(p.client, &args, no_token, &first), SEC_I_CONTINUE_NEEDED);
    krb_peer_put_error(&error, &e, false);
    args.bindings = (struct sec_bindings){ 0 };
    args.target = no_token;
    assert_int_equal(sec_pair_step(p.client, &args, wire_written(&error), &second),
                     SEC_I_CONTINUE_NEEDED);
    assert_true(krb_peer_open(&request, wire_written(&second), NULL));
    assert_memory_equal(request.checksum.bindings.p, bindings.md5, 16);
    close_pair(&p);
}

/* --- messages ------------------------------------------------------------------------------ */

/* Nothing is protected, and nothing believed, before the end (the class of CVE-2015-2695). */
static void
test_messages__of_a_context_that_is_not_established_refused_cve_2015_2695(void **state)
{
    const struct sec_package_ops *ops = kerberos_package.ops;
    SEC_AUTO(wire_writer) mic = wire_writer_growing(NULL, 0);
    uint8_t data[16] = { 0 }, token[128] = { 0 };
    struct sec_segment segment = { .p = data, .n = sizeof(data) };
    struct sec_msg m = {
        .segments = &segment, .n_segments = 1, .token = token, .token_n = sizeof(token)
    };
    struct krb_pair p;

    open_pair(&p);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(ops->sign(p.client, &m), SEC_E_OUT_OF_SEQUENCE);
        assert_int_equal(ops->verify(p.client, &m), SEC_E_OUT_OF_SEQUENCE);
        assert_int_equal(ops->seal(p.client, &m), SEC_E_OUT_OF_SEQUENCE);
        assert_int_equal(ops->unseal(p.client, &m), SEC_E_OUT_OF_SEQUENCE);
        assert_int_equal(ops->make_mic(p.client, bytes_of(data, 16), &mic), SEC_E_OUT_OF_SEQUENCE);
        assert_int_equal(ops->check_mic(p.client, bytes_of(data, 16), bytes_of(token, 28)),
                         SEC_E_OUT_OF_SEQUENCE);
        /* fresh, half open, failed */
        (void)step(p.client, SEC_MUTUAL_AUTH, i ? HEX("00") : no_token);
    }
    assert_true(sec_pair_has_failed(p.client));
    close_pair(&p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_krb_step__initiator_speaks_first),
        cmocka_unit_test(test_krb_step__acceptor_without_a_token),
        cmocka_unit_test(test_krb_step__empty_continuation_token_refused_cve_2014_4344),
        cmocka_unit_test(test_krb_step__nothing_after_the_end),
        cmocka_unit_test(test_krb_step__token_of_more_than_64_kib_refused),
        cmocka_unit_test(test_krb_step__messages_out_of_place_refused),
        cmocka_unit_test(test_krb_step__bindings_of_an_earlier_leg_are_kept),
        cmocka_unit_test(test_messages__of_a_context_that_is_not_established_refused_cve_2015_2695),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
