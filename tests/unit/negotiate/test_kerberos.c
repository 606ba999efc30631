/* SPDX-License-Identifier: Apache-2.0 */
/* Negotiate with Kerberos, and with NTLM behind it: choices, MICs, fallbacks, refusals. */
#include "tests/support/alloc_fail.h"
#include "tests/unit/negotiate/kerberos_pair.h"

/* --- the usual exchange -------------------------------------------------------------------- */

static void
test_kerberos__mutual_takes_one_token_each(void **state)
{
    struct spnego_resp m;
    struct sec_facts f;

    (void)state;
    open_both();
    assert_int_equal(side_step(&client, none), SEC_I_CONTINUE_NEEDED);
    assert_bytes_equal(side_init(&client).mech_list, HEX("3022" MS_KRB5 KRB5 NTLM));
    assert_int_equal(nego_offer_token_of(side_init(&client).mech_token), SEC_MECHANISM_KRB5);
    assert_int_equal(side_step(&server, client.token), SEC_E_OK);
    m = side_resp(&server);
    assert_int_equal(m.state, SPNEGO_ACCEPT_COMPLETED);
    assert_bytes_equal(m.mech, HEX(MS_KRB5));
    assert_true(m.token.n > 0);
    assert_null(m.mic.p); /* first choice of both: optional, and not sent */
    assert_int_equal(side_step(&client, server.token), SEC_E_OK);
    assert_int_equal(client.token.n, 0);
    assert_established_with("Kerberos");
    assert_true(client.granted & SEC_MUTUAL_AUTH);
    f = side_facts(&server);
    assert_bytes_equal(f.kerberos.client, UTF16("alice@EXAMPLE.TEST"));
    assert_bytes_equal(f.kerberos.service, UTF16("HTTP/web.example.test@EXAMPLE.TEST"));
    assert_int_equal(f.n_attempts, 0);
    assert_messages_pass();
}

static void
test_kerberos__without_mutual_the_server_has_the_last_word(void **state)
{
    (void)state;
    open_both();
    client.wanted = SEC_INTEGRITY;
    pair_run(&client, &server, NULL, NULL);
    assert_established_with("Kerberos");
    assert_int_equal(client.legs, 2);
    assert_int_equal(server.legs, 1);
    assert_false(client.granted & SEC_MUTUAL_AUTH);
    assert_messages_pass();
}

/* [MS-KILE] 3.2.5.8: three legs, and each token bare within its field. What is asked half-way
 * tells nothing (CVE-2015-2695's family). */
static void
test_kerberos__dce_style_inside_spnego(void **state)
{
    (void)state;
    open_both();
    client.wanted |= SEC_DCE_STYLE | SEC_CONFIDENTIALITY;
    assert_int_equal(side_step(&client, none), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(side_init(&client).mech_token.p[0], 0x6E);
    assert_int_equal(side_step(&server, client.token), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(side_resp(&server).state, SPNEGO_ACCEPT_INCOMPLETE);
    assert_int_equal(side_resp(&server).token.p[0], 0x6F);
    assert_null(side_facts(&server).user.p); /* the third leg is its proof */
    assert_int_equal(side_step(&client, server.token), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(side_resp(&client).token.p[0], 0x6F);
    assert_int_equal(side_step(&server, client.token), SEC_E_OK);
    assert_int_equal(side_step(&client, server.token), SEC_E_OK);
    assert_established_with("Kerberos");
    assert_true(client.granted & SEC_DCE_STYLE);
    assert_messages_pass();
}

/* The client asks for the server's TGT first, and the KDC says whose it is. */
static void
test_kerberos__user_to_user_inside_spnego(void **state)
{
    (void)state;
    open_both();
    client.wanted |= SEC_USE_SESSION_KEY;
    client.target = UTF16("alice@EXAMPLE.TEST");
    pair_run(&client, &server, NULL, NULL);
    assert_established_with("Kerberos");
    assert_int_equal(server.legs, 2);
    assert_true(client.granted & SEC_USE_SESSION_KEY);
    assert_messages_pass();
}

/* What the client forwards is the server's once all is proven; NTLM has nothing to forward. */
static void
test_kerberos__delegation(void **state)
{
    open_both();
    client.wanted |= SEC_DELEGATE;
    pair_run(&client, &server, NULL, NULL);
    assert_established_with("Kerberos");
    assert_true(client.granted & SEC_DELEGATE);
    assert_true(server.granted & SEC_DELEGATE);
    assert_non_null(side_facts(&server).kerberos.delegated_cache);
    teardown(state);

    setup(state);
    client_tickets.get_fails = SEC_E_TARGET_UNKNOWN;
    open_both();
    client.wanted |= SEC_DELEGATE;
    pair_run(&client, &server, NULL, NULL);
    assert_established_with("NTLM");
    assert_false(client.granted & (SEC_DELEGATE | SEC_MUTUAL_AUTH));
}

/* The server's own ticket is asked for first, under a name of its own in the frame; the list has
 * Kerberos' usual ones. */
static void
test_kerberos__user_to_user(void **state)
{
    (void)state;
    server_tickets.default_client = "bob";
    open_both();
    client.wanted |= SEC_USE_SESSION_KEY;
    client.target = UTF16("bob@EXAMPLE.TEST");
    assert_int_equal(side_step(&client, none), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(nego_offer_token_of(side_init(&client).mech_token), SEC_MECHANISM_KRB5_U2U);
    assert_int_equal(side_step(&server, client.token), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(side_step(&client, server.token), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(side_step(&server, client.token), SEC_E_OK);
    assert_int_equal(side_step(&client, server.token), SEC_E_OK);
    assert_established_with("Kerberos");
    assert_messages_pass();
}

/* --- MICs ---------------------------------------------------------------------------------- */

/* The server would have liked NTLM better: it asks for MICs over the list, and both are Kerberos'. */
static void
test_mic__kerberos_makes_and_checks_them(void **state)
{
    static const uint32_t wanted[] = { SEC_INTEGRITY, SEC_MUTUAL_AUTH | SEC_INTEGRITY,
                                       SEC_MUTUAL_AUTH | SEC_DCE_STYLE, 0 };

    for (size_t i = 0; i < SEC_ARRAY_LEN(wanted); i++) {
        setup(state);
        open_side(&client, SEC_INITIATOR, "Kerberos,NTLM");
        open_side(&server, SEC_ACCEPTOR, "NTLM,Kerberos");
        client.wanted = wanted[i];
        assert_int_equal(side_step(&client, none), SEC_I_CONTINUE_NEEDED);
        assert_int_equal(side_step(&server, client.token), SEC_I_CONTINUE_NEEDED);
        assert_int_equal(side_resp(&server).state, SPNEGO_REQUEST_MIC);
        for (unsigned legs = 0; client.status == SEC_I_CONTINUE_NEEDED && legs < 4; legs++) {
            (void)side_step(&client, server.token);
            if (client.token.n) {
                (void)side_step(&server, client.token);
            }
        }
        assert_established_with("Kerberos");
        assert_messages_pass(); /* the MICs count, on both sides alike */
        teardown(state);
    }
}

/* Windows 11 lists NegoEx first, with a token of its own. */
static void
test_mic__negoex_first_is_dropped_and_kerberos_begins_anew(void **state)
{
    struct spnego_init m = { .mech_token = HEX("4e45474f45585453") };
    struct spnego_resp r;
    uint8_t room[SIDE_ROOM];
    struct wire_writer w = wire_writer_fixed(room, sizeof(room));
    struct bytes ticket;

    (void)state;
    open_both();
    assert_int_equal(side_step(&client, none), SEC_I_CONTINUE_NEEDED);
    ticket = side_init(&client).mech_token;
    m.mech_list = HEX("302e" NEGOEX MS_KRB5 KRB5 NTLM);
    spnego_init_encode(&w, &m);
    assert_int_equal(side_step(&server, wire_written(&w)), SEC_I_CONTINUE_NEEDED);
    r = side_resp(&server);
    assert_int_equal(r.state, SPNEGO_REQUEST_MIC);
    assert_bytes_equal(r.mech, HEX(MS_KRB5));
    assert_null(r.token.p);

    /* The ticket comes now; without a MIC of the client's the server is not done. */
    r = (struct spnego_resp){ .state = SPNEGO_ACCEPT_INCOMPLETE, .token = ticket };
    w = wire_writer_fixed(room, sizeof(room));
    spnego_resp_encode(&w, &r);
    assert_int_equal(side_step(&server, wire_written(&w)), SEC_I_CONTINUE_NEEDED);
    r = side_resp(&server);
    assert_int_equal(r.state, SPNEGO_ACCEPT_INCOMPLETE);
    assert_true(r.token.n > 0 && r.mic.n > 0);
    assert_null(side_facts(&server).user.p);
    assert_null(side_facts(&server).kerberos.delegated_cache);
    (void)side_step(&server, HEX("a1073005a0030a0100"));
    assert_status(&server, SEC_E_INVALID_TOKEN);
    assert_null(side_facts(&server).identity);
}

/* A client that lists user-to-user's identifier, and lists it first, hears it again. */
static void
test_user_to_user__listed_first_is_kerberos(void **state)
{
    (void)state;
    server_tickets.default_client = "bob";
    open_both();
    client.wanted |= SEC_USE_SESSION_KEY;
    client.target = UTF16("bob@EXAMPLE.TEST");
    new_list = "3023" U2U KRB5 NTLM;
    (void)side_step(&client, none);
    change_list(&client, 1, NULL);
    assert_int_equal(side_step(&server, client.token), SEC_I_CONTINUE_NEEDED);
    assert_bytes_equal(side_resp(&server).mech, HEX(U2U));
    assert_int_equal(side_step(&client, server.token), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(side_step(&server, client.token), SEC_E_OK);
}

/* --- another mechanism --------------------------------------------------------------------- */

/* The server's choice: with NTLM's MIC over a list that Kerberos heads. */
static void
test_second_choice__server_without_kerberos(void **state)
{
    struct sec_facts f;

    (void)state;
    server_tickets.no_keytab = true;
    open_both();
    pair_run(&client, &server, NULL, NULL);
    assert_established_with("NTLM");
    assert_false(client.granted & SEC_MUTUAL_AUTH); /* NTLM proves no server */
    f = side_facts(&client);
    assert_int_equal(f.n_attempts, 1);
    assert_string_equal(f.attempts[0].package->name, "Kerberos");
    assert_string_equal(f.attempts[0].reason, "negotiate: the server chose NTLM instead");
    f = side_facts(&server);
    assert_int_equal(f.n_attempts, 1); /* and the server knows why it has none */
    assert_string_equal(f.attempts[0].package->name, "Kerberos");
    assert_int_equal(f.offer.mechanisms[0], SEC_MECHANISM_MS_KRB5);
    assert_int_equal(f.offer.token, SEC_MECHANISM_KRB5);
}

static void
test_fallback__each_reason(void **state)
{
    static const struct {
        sec_status status;
        int32_t error;
        const char *mechanism; /* NULL: it fails */
    } rows[] = {
        { SEC_E_TARGET_UNKNOWN, 7, "NTLM" }, { SEC_E_NO_AUTHENTICATING_AUTHORITY, 0, "NTLM" },
        { SEC_E_NO_CREDENTIALS, 0, "NTLM" }, { SEC_E_KDC_UNKNOWN_ETYPE, 14, "NTLM" },
        { SEC_E_LOGON_DENIED, 6, "NTLM" },   { SEC_E_LOGON_DENIED, 24, NULL },
        { SEC_E_LOGON_DENIED, 18, NULL },    { SEC_E_TIME_SKEW, 37, NULL },
        { SEC_E_INTERNAL_ERROR, 0, NULL },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        setup(state);
        client_tickets.get_fails = rows[i].status;
        client_tickets.get_error = rows[i].error;
        open_both();
        pair_run(&client, &server, NULL, NULL);
        if (rows[i].mechanism) {
            assert_established_with("NTLM");
            assert_int_equal(side_facts(&server).offer.mechanisms[0], SEC_MECHANISM_NTLM);
            assert_int_equal(side_facts(&server).offer.mechanisms[1], SEC_MECHANISM_NONE);
        } else {
            assert_status(&client, rows[i].status);
            assert_int_equal(client.token.n, 0);
        }
        assert_int_equal(side_facts(&client).n_attempts, 1);
        assert_int_equal(side_facts(&client).attempts[0].status, rows[i].status);
        teardown(state);
    }
}

static void
test_fallback__target_that_is_none(void **state)
{
    (void)state;
    open_both();
    client.target = none;
    pair_run(&client, &server, NULL, NULL);
    assert_established_with("NTLM");
    assert_int_equal(side_facts(&client).attempts[0].status, SEC_E_TARGET_UNKNOWN);
}

/* No default identity for NTLM: Kerberos alone is offered; no ticket: NTLM alone; neither: both
 * reasons. */
static void
test_identity__either_may_be_missing(void **state)
{
    client_has_password = false;
    open_both();
    assert_int_equal(side_step(&client, none), SEC_I_CONTINUE_NEEDED);
    assert_bytes_equal(side_init(&client).mech_list, HEX("3016" MS_KRB5 KRB5));
    teardown(state);

    setup(state);
    client_tickets.default_client = NULL;
    open_both();
    pair_run(&client, &server, NULL, NULL);
    assert_established_with("NTLM");
    teardown(state);

    setup(state);
    client_has_password = false;
    client_tickets.default_client = NULL;
    open_side(&client, SEC_INITIATOR, "");
    (void)side_step(&client, none);
    assert_status(&client, SEC_E_NO_CREDENTIALS);
    assert_non_null(strstr(sec_reason(), "Kerberos: "));
    assert_non_null(strstr(sec_reason(), "; NTLM: credentials: there is no such file"));
}

static void
test_policy__ntlm_that_is_denied_is_neither_offered_nor_taken(void **state)
{
    (void)state;
    client_tickets.get_fails = SEC_E_TARGET_UNKNOWN;
    open_side(&client, SEC_INITIATOR, "Kerberos");
    (void)side_step(&client, none);
    assert_status(&client, SEC_E_TARGET_UNKNOWN);
    teardown(state);

    setup(state); /* and a server that takes Kerberos alone says what it makes of NTLM */
    client_tickets.get_fails = SEC_E_TARGET_UNKNOWN;
    open_side(&client, SEC_INITIATOR, "");
    open_side(&server, SEC_ACCEPTOR, "Kerberos");
    (void)side_step(&client, none);
    (void)side_step(&server, client.token);
    assert_status(&server, SEC_E_INVALID_TOKEN);
    assert_non_null(strstr(sec_reason(), "offers NTLM, as who has no ticket"));
}

/* --- refusals ------------------------------------------------------------------------------ */

/* The ticket's facts and the KRB-ERROR reach through SPNEGO to both operators. */
static void
test_refusal__krb_error_goes_out_in_the_reject(void **state)
{
    struct sec_facts f;
    struct spnego_resp m;
    struct gss_krb_token token;

    (void)state;
    server_tickets.keytab_kvno = 9;
    open_both();
    (void)side_step(&client, none);
    (void)side_step(&server, client.token);
    assert_true(sec_failed(server.status));
    f = side_facts(&server);
    assert_int_equal(f.kerberos.error_code, KRB_AP_ERR_BADKEYVER);
    assert_bytes_equal(f.kerberos.service, UTF16("HTTP/web.example.test@EXAMPLE.TEST"));
    assert_true(f.kerberos.has_kvno);
    assert_null(f.user.p);
    m = side_resp(&server);
    assert_int_equal(m.state, SPNEGO_REJECT);
    assert_int_equal(gss_krb_token_decode(&token, m.token), WIRE_OK);
    assert_int_equal(token.id, GSS_KRB_ERROR);

    /* The client says what it was, and tries nothing more: nobody is there to hear it. */
    (void)side_step(&client, server.token);
    assert_status(&client, SEC_E_WRONG_PRINCIPAL);
    assert_non_null(strstr(sec_reason(), "KRB_AP_ERR_BADKEYVER"));
    assert_int_equal(client.token.n, 0);
    assert_int_equal(client_tickets.fresh_gets, 0);
    assert_int_equal(side_facts(&client).kerberos.error_code, KRB_AP_ERR_BADKEYVER);
}

static void
test_refusal__without_extended_error_the_reject_is_bare(void **state)
{
    (void)state;
    server_tickets.keytab_kvno = 9;
    open_both();
    server.wanted = 0;
    (void)side_step(&client, none);
    (void)side_step(&server, client.token);
    assert_bytes_equal(server.token, HEX("a1073005a0030a0102"));
    (void)side_step(&client, server.token);
    assert_status(&client, SEC_E_LOGON_DENIED);
}

/* A replayed first token: the second context refuses it. */
static void
test_refusal__replayed_token(void **state)
{
    struct side first;

    (void)state;
    open_both();
    (void)side_step(&client, none);
    assert_int_equal(side_step(&server, client.token), SEC_E_OK);
    first = server;
    open_side(&server, SEC_ACCEPTOR, "");
    (void)side_step(&server, client.token);
    assert_true(sec_failed(server.status));
    assert_int_equal(side_facts(&server).kerberos.error_code, KRB_AP_ERR_REPEAT);
    negotiate_package.ops->free_ctx(first.ctx);
    negotiate_package.ops->free_cred(first.cred);
}

/* --- memory -------------------------------------------------------------------------------- */

static void
exchange_quietly(void *user, bool failing)
{
    (void)user;
    (void)setup(NULL);
    if (open_quietly(&client, SEC_INITIATOR, "") == SEC_E_OK &&
        open_quietly(&server, SEC_ACCEPTOR, "NTLM,Kerberos") == SEC_E_OK) {
        pair_run(&client, &server, NULL, NULL);
        if (!failing) {
            assert_established_with("Kerberos");
        }
    } else {
        assert_true(failing);
    }
    (void)teardown(NULL);
}

static void
test_memory__each_allocation_fails(void **state)
{
    unsigned long n = alloc_fail_each(exchange_quietly, NULL);

    (void)state;
    print_message("# %lu allocations\n", n);
    assert_true(n > 20);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_kerberos__mutual_takes_one_token_each),
        CASE(test_kerberos__without_mutual_the_server_has_the_last_word),
        CASE(test_kerberos__dce_style_inside_spnego),
        CASE(test_kerberos__user_to_user_inside_spnego),
        CASE(test_kerberos__delegation),
        CASE(test_kerberos__user_to_user),
        CASE(test_user_to_user__listed_first_is_kerberos),
        CASE(test_mic__kerberos_makes_and_checks_them),
        CASE(test_mic__negoex_first_is_dropped_and_kerberos_begins_anew),
        CASE(test_second_choice__server_without_kerberos),
        CASE(test_fallback__each_reason),
        CASE(test_fallback__target_that_is_none),
        CASE(test_identity__either_may_be_missing),
        CASE(test_policy__ntlm_that_is_denied_is_neither_offered_nor_taken),
        CASE(test_refusal__krb_error_goes_out_in_the_reject),
        CASE(test_refusal__without_extended_error_the_reject_is_bare),
        CASE(test_refusal__replayed_token),
        CASE(test_memory__each_allocation_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
