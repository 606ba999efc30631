/* SPDX-License-Identifier: Apache-2.0 */
/* Which mechanism an initiator begins with, and what it keeps of those that it did not use. */
#include "tests/support/alloc_fail.h"
#include "tests/unit/negotiate/sides.h"

static sec_status
begin(const char *mechs, sec_status kerberos_fails)
{
    side_open(&client, SEC_INITIATOR, mechs);
    fake_mechs[0].fails_at = kerberos_fails ? 1 : 0;
    fake_mechs[0].fails_with = kerberos_fails;
    return side_step(&client, (struct bytes){ 0 });
}

/* docs/decisions/0015, row by row; every other status of the interface is a definite answer. */
static void
test_offer__status_says_whether_the_next_may_be_tried(void **state)
{
    static const struct {
        sec_status status;
        int32_t krb_error;
        bool falls_back;
    } rows[] = {
        { SEC_E_TARGET_UNKNOWN, 0, true },
        { SEC_E_TARGET_UNKNOWN, 7, true },
        { SEC_E_NO_AUTHENTICATING_AUTHORITY, 0, true },
        { SEC_E_NO_CREDENTIALS, 0, true },
        { SEC_E_UNKNOWN_CREDENTIALS, 0, true },
        { SEC_E_KDC_UNKNOWN_ETYPE, 14, true },
        { SEC_E_LOGON_DENIED, 6, true },
        { SEC_E_LOGON_DENIED, 0, false },
        { SEC_E_LOGON_DENIED, 18, false }, /* disabled */
        { SEC_E_LOGON_DENIED, 23, false }, /* its password has run out */
        { SEC_E_LOGON_DENIED, 24, false }, /* wrong password */
        { SEC_E_TIME_SKEW, 37, false },
        { SEC_E_TIME_SKEW, 6, false },
        { SEC_E_WRONG_PRINCIPAL, 0, false },
        { SEC_E_MUTUAL_AUTH_FAILED, 0, false },
        { SEC_E_BAD_BINDINGS, 0, false },
        { SEC_E_DOWNGRADE_DETECTED, 0, false },
        { SEC_E_MESSAGE_ALTERED, 0, false },
        { SEC_E_INVALID_TOKEN, 0, false },
        { SEC_E_INTERNAL_ERROR, 0, false },
        { SEC_E_UNSUPPORTED_FUNCTION, 0, false },
        { SEC_E_INSUFFICIENT_MEMORY, 0, false },
        { SEC_E_CONTEXT_EXPIRED, 0, false },
        { SEC_E_SECURITY_QOS_FAILED, 0, false },
        { SEC_E_KDC_INVALID_REQUEST, 0, false },
        { SEC_E_KDC_CERT_REVOKED, 0, false },
        { SEC_E_NO_TGT_REPLY, 0, false },
        { SEC_E_ENCRYPT_FAILURE, 0, false },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        setup_windows(state);
        print_message("# %s, %d\n", sec_status_name(rows[i].status), rows[i].krb_error);
        fake_mechs[0].krb_error = rows[i].krb_error;
        (void)begin("AB", rows[i].status);
        if (rows[i].falls_back) {
            assert_status(&client, SEC_I_CONTINUE_NEEDED);
            assert_bytes_equal(side_init(&client).mech_list, HEX("300c060a2b06010401823702020a"));
            assert_memory_equal(side_init(&client).mech_token.p, "NTLM", 5);
        } else {
            assert_status(&client, rows[i].status);
            assert_int_equal(client.token.n, 0);
            assert_int_equal(fake_mechs[1].steps, 0);
        }
        teardown(state);
    }
}

static void
test_offer__kerberos_first_by_both_names_and_ntlm_behind(void **state)
{
    (void)state;
    assert_int_equal(begin("AB", 0), SEC_I_CONTINUE_NEEDED);
    assert_bytes_equal(side_init(&client).mech_list, HEX("3022"
                                                         "06092a864882f712010202"
                                                         "06092a864886f712010202"
                                                         "060a2b06010401823702020a"));
    assert_memory_equal(side_init(&client).mech_token.p, "Kerberos", 8);
    assert_int_equal(side_facts(&client).n_attempts, 0);
}

/* Policy and PackageList, as they make the credential: what is not in it is nobody's to fall back
 * to. */
static void
test_offer__denied_ntlm_is_no_way_out(void **state)
{
    struct sec_acquire_args args = { .use = SEC_USE_OUTBOUND };

    (void)state;
    side_open(&client, SEC_INITIATOR, "AB");
    negotiate_package.ops->free_ctx(client.ctx);
    negotiate_package.ops->free_cred(client.cred);
    client.host.settings.ntlm = SEC_NTLM_DENY;
    assert_int_equal(negotiate_package.ops->acquire(&client.host.host, &args, &client.cred),
                     SEC_E_OK);
    assert_int_equal(negotiate_package.ops->open(client.cred, SEC_INITIATOR, &client.ctx),
                     SEC_E_OK);
    fake_mechs[0].fails_at = 1;
    fake_mechs[0].fails_with = SEC_E_TARGET_UNKNOWN;
    (void)side_step(&client, (struct bytes){ 0 });
    assert_status(&client, SEC_E_TARGET_UNKNOWN);
    assert_int_equal(fake_mechs[1].steps, 0);
}

/* The default identity of one may be missing: it is not offered behind another, and what is
 * missing is said where nothing else is left. An identity that was given is taken as it is. */
static void
test_offer__who_names_nobody_is_left_out(void **state)
{
    struct sec_facts facts;

    (void)state;
    fake_mechs[1].names_nobody = true;
    assert_int_equal(begin("AB", 0), SEC_I_CONTINUE_NEEDED);
    assert_bytes_equal(side_init(&client).mech_list, HEX("3016"
                                                         "06092a864882f712010202"
                                                         "06092a864886f712010202"));
    teardown(state);

    setup_windows(state);
    fake_mechs[1].names_nobody = true;
    (void)begin("AB", SEC_E_TARGET_UNKNOWN);
    assert_status(&client, SEC_E_TARGET_UNKNOWN);
    assert_string_equal(sec_reason(), "Kerberos: token 1: as the test wants it; NTLM: nobody");
    facts = side_facts(&client);
    assert_int_equal(facts.n_attempts, 2);
    assert_int_equal(facts.attempts[1].status, SEC_E_NO_CREDENTIALS);
    assert_string_equal(facts.attempts[1].reason, "nobody");
    assert_int_equal(fake_mechs[1].steps, 0);
    teardown(state);

    setup_windows(state); /* a null session needs nobody */
    fake_mechs[1].names_nobody = true;
    side_open(&client, SEC_INITIATOR, "AB");
    client.wanted = SEC_NULL_SESSION;
    fake_mechs[0].fails_at = 1;
    fake_mechs[0].fails_with = SEC_E_NO_CREDENTIALS;
    assert_int_equal(side_step(&client, (struct bytes){ 0 }), SEC_I_CONTINUE_NEEDED);
    teardown(state);

    setup_windows(state); /* alone it is not judged beforehand */
    fake_mechs[1].names_nobody = true;
    assert_int_equal(begin("B", 0), SEC_I_CONTINUE_NEEDED);
}

/* --- what is kept -------------------------------------------------------------------------- */

static void
test_attempts__fallback_is_kept_after_the_context_is_established(void **state)
{
    struct sec_facts facts;

    (void)state;
    (void)begin("AB", SEC_E_NO_AUTHENTICATING_AUTHORITY);
    fake_mechs[0].fails_at = 0;
    side_open(&server, SEC_ACCEPTOR, "B");
    (void)side_step(&server, client.token);
    (void)side_step(&client, server.token);
    assert_status(&client, SEC_E_OK);
    assert_string_equal(sec_reason(), "");
    facts = side_facts(&client);
    assert_string_equal(facts.mechanism->name, "NTLM");
    assert_int_equal(facts.n_attempts, 1);
    assert_ptr_equal(facts.attempts[0].package, &fake_mechs[0].package);
    assert_int_equal(facts.attempts[0].status, SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_string_equal(facts.attempts[0].reason, "Kerberos: token 1: as the test wants it");
    assert_int_equal(side_facts(&server).n_attempts, 0);
}

static void
test_attempts__servers_second_choice_is_kept(void **state)
{
    struct sec_facts facts;

    (void)state;
    side_open(&client, SEC_INITIATOR, "AB");
    side_open(&server, SEC_ACCEPTOR, "B");
    pair_run(&client, &server, NULL, NULL);
    assert_status(&client, SEC_E_OK);
    facts = side_facts(&client);
    assert_int_equal(facts.n_attempts, 1);
    assert_string_equal(facts.attempts[0].package->name, "Kerberos");
    assert_int_equal(facts.attempts[0].status, SEC_E_SECPKG_NOT_FOUND);
    assert_string_equal(facts.attempts[0].reason, "negotiate: the server chose NTLM instead");
}

/* What could not be acquired stands first, on both sides. */
static void
test_attempts__mechanism_that_cannot_be_had_is_kept(void **state)
{
    struct sec_facts facts;

    (void)state;
    fake_mechs[0].acquire_fails = SEC_E_NO_CREDENTIALS;
    side_open(&client, SEC_INITIATOR, "AB");
    side_open(&server, SEC_ACCEPTOR, "AB");
    fake_mechs[1].fails_at = 1;
    fake_mechs[1].fails_with = SEC_E_TIME_SKEW;
    (void)side_step(&client, (struct bytes){ 0 });
    assert_status(&client, SEC_E_TIME_SKEW);
    facts = side_facts(&client);
    assert_int_equal(facts.n_attempts, 2);
    assert_string_equal(facts.attempts[0].reason, "Kerberos: as the test wants it");
    assert_string_equal(facts.attempts[1].package->name, "NTLM");
    facts = side_facts(&server);
    assert_int_equal(facts.n_attempts, 1);
    assert_int_equal(facts.attempts[0].status, SEC_E_NO_CREDENTIALS);
    teardown(state);

    setup_windows(state);
    fake_mechs[0].acquire_fails = SEC_E_NO_CREDENTIALS;
    side_open(&client, SEC_INITIATOR, "A");
    (void)side_step(&client, (struct bytes){ 0 });
    assert_status(&client, SEC_E_NO_CREDENTIALS);
    assert_string_equal(sec_reason(), "Kerberos: as the test wants it");
}

static void
test_attempts__more_than_a_reason_holds_is_cut(void **state)
{
    struct nego_attempts a = { 0 };
    unsigned named = 0;

    (void)state;
    for (size_t i = 0; i < NEGO_MECHS_MAX + 2; i++) {
        (void)sec_fail(SEC_E_TARGET_UNKNOWN, "%0200d", 0);
        assert_int_equal(nego_attempts_add(&a, &fake_mechs[0].package, SEC_E_TARGET_UNKNOWN),
                         SEC_E_OK);
    }
    assert_int_equal(a.n, NEGO_MECHS_MAX);
    assert_int_equal(nego_attempts_fail(&a), SEC_E_TARGET_UNKNOWN);
    assert_in_range(strlen(sec_reason()), SEC_REASON_BYTES - NEGO_MECHS_MAX - 1,
                    SEC_REASON_BYTES - 1);
    for (const char *at = sec_reason(); at; at = strstr(at + 1, "Kerberos: ")) {
        named++; /* each of them, and none cuts the next one off */
    }
    assert_int_equal(named, NEGO_MECHS_MAX);
    nego_attempts_clear(&a);
    assert_int_equal(nego_attempts_fail(&a), SEC_E_NO_CREDENTIALS);
}

static void
fall_back_and_establish(void *user, bool failing)
{
    (void)user;
    (void)setup_windows(NULL);
    fake_mechs[2].acquire_fails = SEC_E_UNKNOWN_CREDENTIALS;
    {
        struct sec_acquire_args args = { .use = SEC_USE_OUTBOUND };
        struct side *s = &client;

        *s = (struct side){ .role = SEC_INITIATOR };
        fake_host_init(&s->host);
        s->host.settings.packages = "";
        s->packages[0] = &fake_mechs[2].package;
        s->packages[1] = &fake_mechs[0].package;
        s->packages[2] = &fake_mechs[1].package;
        s->host.host.packages = s->packages;
        s->host.host.n_packages = 3;
        if (negotiate_package.ops->acquire(&s->host.host, &args, &s->cred) != SEC_E_OK ||
            negotiate_package.ops->open(s->cred, SEC_INITIATOR, &s->ctx) != SEC_E_OK) {
            assert_true(failing);
        }
    }
    if (client.ctx) {
        fake_mechs[0].fails_at = 1;
        fake_mechs[0].fails_with = SEC_E_NO_CREDENTIALS;
        (void)side_step(&client, (struct bytes){ 0 });
        if (!failing) {
            assert_status(&client, SEC_I_CONTINUE_NEEDED);
            assert_int_equal(side_facts(&client).n_attempts, 2);
        } else if (client.status != SEC_I_CONTINUE_NEEDED) {
            assert_status(&client, SEC_E_INSUFFICIENT_MEMORY);
        }
    }
    side_close(&client);
    assert_nothing_left();
}

static void
test_attempts__each_allocation_fails(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(fall_back_and_establish, NULL) > 8);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup_windows, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_offer__status_says_whether_the_next_may_be_tried),
        CASE(test_offer__kerberos_first_by_both_names_and_ntlm_behind),
        CASE(test_offer__denied_ntlm_is_no_way_out),
        CASE(test_offer__who_names_nobody_is_left_out),
        CASE(test_attempts__fallback_is_kept_after_the_context_is_established),
        CASE(test_attempts__servers_second_choice_is_kept),
        CASE(test_attempts__mechanism_that_cannot_be_had_is_kept),
        CASE(test_attempts__more_than_a_reason_holds_is_cut),
        CASE(test_attempts__each_allocation_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
