/* SPDX-License-Identifier: Apache-2.0 */
/* Negotiate with Kerberos: tokens without SPNEGO, and what somebody on the way may try. */
#include "tests/unit/negotiate/kerberos_pair.h"

/* --- raw ----------------------------------------------------------------------------------- */

/* What a Kerberos initiator by itself sends first. */
static struct bytes
raw_token(uint32_t wanted, uint8_t *room, size_t n)
{
    struct sec_acquire_args acquire = { .use = SEC_USE_OUTBOUND };
    struct sec_step_args args = { .wanted = wanted, .target = UTF16("HTTP/web.example.test") };
    struct wire_writer w = wire_writer_fixed(room, n);
    struct sec_cred *cred;
    struct sec_ctx *ctx;

    assert_int_equal(kerberos_package.ops->acquire(&client.host.host, &acquire, &cred), SEC_E_OK);
    assert_int_equal(kerberos_package.ops->open(cred, SEC_INITIATOR, &ctx), SEC_E_OK);
    assert_false(sec_failed(kerberos_package.ops->step(ctx, &args, &w)));
    kerberos_package.ops->free_ctx(ctx);
    kerberos_package.ops->free_cred(cred);
    assert_int_equal(wire_writer_status(&w), WIRE_OK);
    return wire_written(&w);
}

static void
test_raw__kerberos_without_spnego_is_answered_without(void **state)
{
    uint8_t room[SIDE_ROOM];
    struct gss_krb_token token;

    (void)state;
    open_both();
    assert_int_equal(side_step(&server, raw_token(SEC_MUTUAL_AUTH, room, sizeof(room))), SEC_E_OK);
    assert_int_equal(gss_krb_token_decode(&token, server.token), WIRE_OK);
    assert_int_equal(token.id, GSS_KRB_AP_REP);
    assert_string_equal(side_mechanism(&server), "Kerberos");
    assert_true(side_facts(&server).offer.raw);
}

/* Some clients write Microsoft's identifier into the frame as well. */
static void
test_raw__microsofts_identifier_in_the_frame(void **state)
{
    uint8_t room[SIDE_ROOM];
    struct bytes raw;

    (void)state;
    open_both();
    raw = raw_token(SEC_MUTUAL_AUTH, room, sizeof(room));
    for (size_t i = 0; i + 11 < 20; i++) {
        if (bytes_equal(bytes_of(room + i, 11), HEX(KRB5))) {
            memcpy(room + i, HEX(MS_KRB5).p, 11);
        }
    }
    assert_int_equal(side_step(&server, raw), SEC_E_OK);
}

static void
test_raw__bare_ap_req_is_dce_style_or_nothing(void **state)
{
    uint8_t room[SIDE_ROOM];
    struct gss_krb_token token;
    struct bytes raw;

    open_both();
    raw = raw_token(SEC_MUTUAL_AUTH | SEC_DCE_STYLE, room, sizeof(room));
    assert_int_equal(raw.p[0], 0x6E);
    assert_int_equal(side_step(&server, raw), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(server.token.p[0], 0x6F);
    teardown(state);

    setup(state);
    open_both();
    raw = raw_token(SEC_MUTUAL_AUTH, room, sizeof(room));
    assert_int_equal(gss_krb_token_decode(&token, raw), WIRE_OK);
    (void)side_step(&server, token.body);
    assert_true(sec_failed(server.status));
    assert_non_null(strstr(sec_reason(), "DCE"));
}

static void
test_raw__krb_error_as_a_first_token_refused(void **state)
{
    (void)state;
    open_both();
    (void)side_step(&server, HEX("6011" KRB5 "0300"
                                 "7e023000"));
    assert_status(&server, SEC_E_INVALID_TOKEN);
    teardown(state);

    setup(state);
    open_both();
    (void)side_step(&server, HEX("7e023000"));
    assert_status(&server, SEC_E_INVALID_TOKEN);
}

/* --- somebody on the way ------------------------------------------------------------------- */

/* A downgrade, as CVE-2016-2110 had it within NTLM: Kerberos is struck off the list, or moved behind
 * NTLM. The server cannot see it; NTLM's MIC over the list that the client sent does not verify. */
static void
test_tamper__kerberos_struck_off_the_list_is_found(void **state)
{
    static const char *const lists[] = {
        "300c" NTLM,
        "3022" NTLM MS_KRB5 KRB5,
        "302e" NEGOEX NTLM MS_KRB5 KRB5,
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(lists); i++) {
        setup(state);
        open_both();
        new_list = lists[i];
        pair_run(&client, &server, change_list, NULL);
        assert_true(sec_failed(client.status) || sec_failed(server.status));
        assert_int_not_equal(server.status, SEC_E_OK);
        assert_null(side_facts(&server).identity);
        assert_null(side_facts(&server).session_key.p);
        teardown(state);
    }
}

/* The answer says NTLM, where the server took Kerberos: the client begins NTLM, which the server
 * never hears, and whoever answers cannot make the MIC. */
static void
test_tamper__answer_that_chooses_ntlm_leads_nowhere(void **state)
{
    struct spnego_resp m = { .state = SPNEGO_ACCEPT_INCOMPLETE };

    (void)state;
    open_both();
    (void)side_step(&client, none);
    (void)side_step(&server, client.token);
    m.mech = HEX(NTLM);
    side_resend(&server, &m, NULL);
    assert_int_equal(side_step(&client, server.token), SEC_I_CONTINUE_NEEDED);
    m = (struct spnego_resp){ .state = SPNEGO_ACCEPT_COMPLETED };
    side_resend(&server, &m, NULL);
    (void)side_step(&client, server.token);
    assert_status(&client, SEC_E_INVALID_TOKEN);
}

/* CVE-2022-24882's family: a reply that says all is well, and brings no proof. */
static void
test_tamper__accepted_without_the_servers_proof_refused(void **state)
{
    struct spnego_resp m;

    (void)state;
    open_both();
    (void)side_step(&client, none);
    (void)side_step(&server, client.token);
    m = side_resp(&server);
    m.token = none;
    side_resend(&server, &m, NULL);
    (void)side_step(&client, server.token);
    assert_status(&client, SEC_E_INVALID_TOKEN);
    assert_null(side_facts(&client).user.p);
}

/* One octet is changed on the way, each in turn: no change of the client's token ends in another
 * mechanism, and none of the server's in a client that believes it. */
static void
flip_each(enum sec_role whose)
{
    size_t n = 1;

    for (size_t at = 0; at < n; at++) {
        struct side *from = whose == SEC_INITIATOR ? &client : &server;

        setup(NULL);
        open_both();
        (void)side_step(&client, none);
        if (whose == SEC_ACCEPTOR) {
            assert_int_equal(side_step(&server, client.token), SEC_E_OK);
        }
        n = from->token.n;
        from->room[at] ^= (uint8_t)(1u << (at % 8));
        if (whose == SEC_INITIATOR) {
            (void)side_step(&server, client.token);
            if (server.status == SEC_E_OK) {
                assert_string_equal(side_mechanism(&server), "Kerberos");
                assert_bytes_equal(side_facts(&server).kerberos.client,
                                   UTF16("alice@EXAMPLE.TEST"));
            }
        } else {
            (void)side_step(&client, server.token);
            if (client.status == SEC_E_OK) {
                assert_string_equal(side_mechanism(&client), "Kerberos");
            }
        }
        teardown(NULL);
    }
    assert_true(n > 50);
}

static void
test_tamper__each_octet_of_the_first_token(void **state)
{
    (void)state;
    flip_each(SEC_INITIATOR);
}

static void
test_tamper__each_octet_of_the_reply(void **state)
{
    (void)state;
    flip_each(SEC_ACCEPTOR);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_raw__kerberos_without_spnego_is_answered_without),
        CASE(test_raw__microsofts_identifier_in_the_frame),
        CASE(test_raw__bare_ap_req_is_dce_style_or_nothing),
        CASE(test_raw__krb_error_as_a_first_token_refused),
        CASE(test_tamper__kerberos_struck_off_the_list_is_found),
        CASE(test_tamper__answer_that_chooses_ntlm_leads_nowhere),
        CASE(test_tamper__accepted_without_the_servers_proof_refused),
        CASE(test_tamper__each_octet_of_the_first_token),
        CASE(test_tamper__each_octet_of_the_reply),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
