/* SPDX-License-Identifier: Apache-2.0 */
/* Whole exchanges between two sides of ours: choices, MICs, flags, messages, limits. */
#include "base/der.h"
#include "tests/unit/negotiate/sides.h"

/* --- both sides ours ----------------------------------------------------------------------- */

/* RFC 4178 5. tokens: of the chosen mechanism. mics: how many each side made. */
static const struct {
    const char *name, *client, *server;
    unsigned tokens;
    bool no_integrity, wants_mic;
    const char *chosen;
    sec_status client_status, server_status;
    unsigned client_legs, server_legs, mics;
} exchanges[] = {
    { "first of both, 1 token", "A", "A", 1, false, false, "Alpha", 0, 0, 2, 1, 0 },
    { "first of both, 2 tokens", "A", "A", 2, false, false, "Alpha", 0, 0, 2, 1, 0 },
    { "first of both, 3 tokens", "A", "A", 3, false, false, "Alpha", 0, 0, 3, 2, 0 },
    { "first of both, 4 tokens", "AB", "AB", 4, false, false, "Alpha", 0, 0, 3, 2, 0 },
    { "the mechanism wants MICs, 1 token", "A", "A", 1, false, true, "Alpha", 0, 0, 2, 2, 2 },
    { "the mechanism wants MICs, 2 tokens", "A", "A", 2, false, true, "Alpha", 0, 0, 2, 2, 2 },
    { "the mechanism wants MICs, 3 tokens", "A", "A", 3, false, true, "Alpha", 0, 0, 3, 2, 2 },
    { "the mechanism wants what it cannot do", "A", "A", 3, true, true, "Alpha", 0, 0, 3, 2, 0 },
    { "second of the client, 1 token", "AB", "B", 1, false, false, "Beta", 0, 0, 3, 2, 2 },
    { "second of the client, 2 tokens", "AB", "B", 2, false, false, "Beta", 0, 0, 3, 3, 2 },
    { "second of the client, 3 tokens", "AB", "B", 3, false, false, "Beta", 0, 0, 4, 3, 2 },
    { "the client's order decides", "BA", "AB", 2, false, false, "Beta", 0, 0, 2, 2, 2 },
    { "the client's order decides, 1 token", "BA", "AB", 1, false, false, "Beta", 0, 0, 2, 2, 2 },
    { "the client's order decides, 3 tokens", "BA", "AB", 3, false, false, "Beta", 0, 0, 3, 2, 2 },
    { "a better one that the client has not", "B", "AB", 3, false, false, "Beta", 0, 0, 3, 2, 2 },
    { "the same, without integrity", "B", "AB", 3, true, false, "Beta", 0, 0, 3, 2, 0 },
    { "second choice without integrity", "AB", "B", 3, true, false, "Beta",
      SEC_E_DOWNGRADE_DETECTED, SEC_I_CONTINUE_NEEDED, 3, 2, 0 },
    { "second choice without integrity, 2 tokens", "AB", "B", 2, true, false, "Beta",
      SEC_E_LOGON_DENIED, SEC_E_DOWNGRADE_DETECTED, 3, 2, 0 },
    { "nothing in common", "A", "B", 3, false, false, "", SEC_E_LOGON_DENIED, SEC_E_INVALID_TOKEN,
      2, 1, 0 },
    { "tokens to be completed", "T", "T", 3, false, false, "Trial", 0, 0, 3, 2, 0 },
    { "tokens to be completed, 2", "T", "T", 2, false, false, "Trial", 0, 0, 2, 1, 0 },
    { "tokens to be completed, second choice", "AT", "T", 3, false, false, "Trial", 0, 0, 4, 3, 2 },
};

static void
test_exchange__table(void **state)
{
    for (size_t i = 0; i < sizeof(exchanges) / sizeof(exchanges[0]); i++) {
        unsigned mics = 0;

        setup(state);
        print_message("# %s\n", exchanges[i].name);
        for (size_t k = 0; k <= FAKE_MECHS; k++) {
            struct fake_mech *m = k < FAKE_MECHS ? &fake_mechs[k] : &fake_trial;

            m->tokens = exchanges[i].tokens;
            m->integrity = !exchanges[i].no_integrity;
            m->wants_mic = exchanges[i].wants_mic;
        }
        side_open(&client, SEC_INITIATOR, exchanges[i].client);
        side_open(&server, SEC_ACCEPTOR, exchanges[i].server);
        pair_run(&client, &server, NULL, NULL);
        assert_status(&client, exchanges[i].client_status);
        assert_status(&server, exchanges[i].server_status);
        assert_int_equal(client.legs, exchanges[i].client_legs);
        assert_int_equal(server.legs, exchanges[i].server_legs);
        for (size_t k = 0; k <= FAKE_MECHS; k++) {
            mics += (k < FAKE_MECHS ? &fake_mechs[k] : &fake_trial)->mics_made;
        }
        assert_int_equal(mics, exchanges[i].mics);
        if (exchanges[i].client_status == SEC_E_OK) {
            assert_string_equal(sec_reason(), "");
            assert_string_equal(side_mechanism(&client), exchanges[i].chosen);
        }
        assert_string_equal(side_mechanism(&server), exchanges[i].chosen);
        teardown(state);
    }
}

static void
exchange(const char *client_mechs, const char *server_mechs)
{
    side_open(&client, SEC_INITIATOR, client_mechs);
    side_open(&server, SEC_ACCEPTOR, server_mechs);
    pair_run(&client, &server, NULL, NULL);
}

static void
establish(const char *client_mechs, const char *server_mechs)
{
    exchange(client_mechs, server_mechs);
    assert_status(&client, SEC_E_OK);
    assert_status(&server, SEC_E_OK);
}

/* The statuses of NTLM in SPNEGO: CONTINUE, CONTINUE, OK; CONTINUE, OK with a token. */
static void
test_exchange__three_tokens_statuses_and_states_in_turn(void **state)
{
    struct bytes none = { 0 };
    struct spnego_resp m;

    (void)state;
    fake_mechs[0].tokens = 3;
    fake_mechs[0].wants_mic = true;
    side_open(&client, SEC_INITIATOR, "A");
    side_open(&server, SEC_ACCEPTOR, "A");

    assert_int_equal(side_step(&client, none), SEC_I_CONTINUE_NEEDED);
    assert_bytes_equal(side_init(&client).mech_list, HEX("300a06032a030106032a030b"));
    assert_null(side_init(&client).mic.p);
    assert_int_equal(side_facts(&client).phase, SEC_PHASE_HALF_OPEN);
    assert_null(side_facts(&client).mechanism);

    assert_int_equal(side_step(&server, client.token), SEC_I_CONTINUE_NEEDED);
    m = side_resp(&server);
    assert_int_equal(m.state, SPNEGO_ACCEPT_INCOMPLETE);
    assert_bytes_equal(m.mech, HEX("06032a0301"));
    assert_true(m.token.n > 0);
    assert_null(m.mic.p);

    assert_int_equal(side_step(&client, server.token), SEC_I_CONTINUE_NEEDED);
    m = side_resp(&client);
    assert_int_equal(m.state, SPNEGO_NO_STATE);
    assert_null(m.mech.p);
    assert_true(m.token.n > 0 && m.mic.n > 0);
    assert_int_equal(side_facts(&client).phase, SEC_PHASE_HALF_OPEN);
    assert_string_equal(side_mechanism(&client), "Alpha");

    assert_int_equal(side_step(&server, client.token), SEC_E_OK);
    m = side_resp(&server);
    assert_int_equal(m.state, SPNEGO_ACCEPT_COMPLETED);
    assert_null(m.mech.p);
    assert_null(m.token.p);
    assert_true(m.mic.n > 0);

    assert_int_equal(side_step(&client, server.token), SEC_E_OK);
    assert_int_equal(client.token.n, 0);
    assert_int_equal(client.expires_100ns, 1000);
    assert_int_equal(server.expires_100ns, 1000);
}

static void
test_exchange__request_mic_tells_of_a_second_choice(void **state)
{
    (void)state;
    side_open(&client, SEC_INITIATOR, "AB");
    side_open(&server, SEC_ACCEPTOR, "B");
    (void)side_step(&client, (struct bytes){ 0 });
    assert_int_equal(side_step(&server, client.token), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(side_resp(&server).state, SPNEGO_REQUEST_MIC);
    assert_bytes_equal(side_resp(&server).mech, HEX("06032a0302"));
    assert_null(side_resp(&server).token.p);
    assert_int_equal(fake_mechs[0].steps, 1); /* the optimistic token was dropped */
    assert_int_equal(fake_mechs[1].steps, 0);
}

/* --- the first token ----------------------------------------------------------------------- */

/* Falling back is for the first token: what cannot begin is not offered. */
static void
test_offer__begins_with_the_first_mechanism_that_can(void **state)
{
    (void)state;
    fake_mechs[0].fails_at = 1;
    fake_mechs[0].fails_with = SEC_E_NO_CREDENTIALS;
    establish("ABC", "ABC");
    assert_string_equal(side_mechanism(&client), "Beta");
    teardown(state);

    setup(state);
    fake_mechs[0].fails_at = 1;
    fake_mechs[0].fails_with = SEC_E_TARGET_UNKNOWN;
    side_open(&client, SEC_INITIATOR, "A");
    (void)side_step(&client, (struct bytes){ 0 });
    assert_status(&client, SEC_E_TARGET_UNKNOWN);
    assert_int_equal(client.token.n, 0);
}

static void
test_offer__later_failure_does_not_fall_back(void **state)
{
    (void)state;
    fake_mechs[0].fails_at = 2;
    fake_mechs[0].fails_with = SEC_E_TIME_SKEW;
    side_open(&client, SEC_INITIATOR, "AB");
    side_open(&server, SEC_ACCEPTOR, "A");
    (void)side_step(&client, (struct bytes){ 0 });
    fake_mechs[0].fails_at = 0;
    (void)side_step(&server, client.token);
    fake_mechs[0].fails_at = 2;
    (void)side_step(&client, server.token);
    assert_status(&client, SEC_E_TIME_SKEW);
    assert_int_equal(fake_mechs[1].steps, 0);
}

/* --- flags, messages, facts ---------------------------------------------------------------- */

/* Integrity is on for the MICs; a caller that did not ask is not told. */
static void
test_flags__integrity_is_told_to_who_asked(void **state)
{
    static const struct {
        uint32_t wanted, mech_wanted, granted;
    } cases[] = {
        { 0, SEC_INTEGRITY, SEC_CONNECTION },
        { SEC_CONNECTION, SEC_INTEGRITY | SEC_CONNECTION, SEC_CONNECTION },
        { SEC_INTEGRITY, SEC_INTEGRITY, SEC_CONNECTION | SEC_INTEGRITY },
        { SEC_REPLAY_DETECT, SEC_INTEGRITY | SEC_REPLAY_DETECT, SEC_CONNECTION | SEC_INTEGRITY },
        { SEC_CONFIDENTIALITY, SEC_INTEGRITY | SEC_CONFIDENTIALITY,
          SEC_CONNECTION | SEC_INTEGRITY },
        { SEC_NO_INTEGRITY, SEC_INTEGRITY, SEC_CONNECTION },
        { SEC_INTEGRITY | SEC_NO_INTEGRITY, SEC_INTEGRITY, SEC_CONNECTION },
        { SEC_DATAGRAM, SEC_INTEGRITY, SEC_CONNECTION },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        setup(state);
        side_open(&client, SEC_INITIATOR, "A");
        side_open(&server, SEC_ACCEPTOR, "A");
        client.wanted = cases[i].wanted;
        (void)side_step(&client, (struct bytes){ 0 });
        assert_int_equal(fake_mechs[0].wanted, cases[i].mech_wanted);
        assert_int_equal(client.granted, 0);
        (void)side_step(&server, client.token);
        assert_int_equal(fake_mechs[0].wanted, 0); /* for a server a wish is a requirement */
        assert_int_equal(server.granted, SEC_CONNECTION | SEC_INTEGRITY);
        (void)side_step(&client, server.token);
        assert_status(&client, SEC_E_OK);
        assert_int_equal(client.granted, cases[i].granted);
        assert_int_equal(side_facts(&client).flags, cases[i].granted);
        teardown(state);
    }
}

static void
test_messages__pass_to_the_mechanism_both_ways(void **state)
{
    const struct sec_package_ops *ops = negotiate_package.ops;
    struct side *sides[] = { &client, &server };

    (void)state;
    fake_mechs[0].half_duplex = true;
    establish("A", "A");
    assert_true(client.ctx->half_duplex && server.ctx->half_duplex);
    for (size_t i = 0; i < 2; i++) {
        uint8_t text[] = "attack at dawn", signature[16];
        struct sec_segment segment = { .p = text, .n = sizeof(text) };
        struct sec_msg m = {
            .segments = &segment, .n_segments = 1, .token = signature, .token_n = sizeof(signature)
        };

        assert_int_equal(ops->sign(sides[i]->ctx, &m), SEC_E_OK);
        assert_int_equal(ops->verify(sides[!i]->ctx, &m), SEC_E_OK);
        assert_int_equal(ops->seal(sides[i]->ctx, &m), SEC_E_OK);
        assert_memory_not_equal(text, "attack at dawn", sizeof(text));
        assert_int_equal(ops->unseal(sides[!i]->ctx, &m), SEC_E_OK);
        assert_string_equal((char *)text, "attack at dawn");
        text[0] ^= 1;
        assert_int_equal(ops->sign(sides[i]->ctx, &m), SEC_E_OK);
        text[0] ^= 1;
        assert_int_equal(ops->verify(sides[!i]->ctx, &m), SEC_E_MESSAGE_ALTERED);
    }
}

static void
test_messages__mechanism_without_them_unsupported(void **state)
{
    struct sec_msg m = { 0 };

    (void)state;
    establish("A", "A");
    fake_mechs[0].ops.sign = NULL;
    fake_mechs[0].ops.unseal = NULL;
    assert_int_equal(negotiate_package.ops->sign(client.ctx, &m), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(negotiate_package.ops->unseal(client.ctx, &m), SEC_E_UNSUPPORTED_FUNCTION);
}

/* What stays of Negotiate beside the mechanism's own context. */
static void
test_context__is_small_when_established(void **state)
{
    (void)state;
    establish("A", "A");
    assert_null(nego_context_of(client.ctx)->handshake);
    assert_null(nego_context_of(server.ctx)->handshake);
    assert_true(sizeof(struct nego_context) <= 64);
}

/* --- limits -------------------------------------------------------------------------------- */

static void
test_limits__legs(void **state)
{
    (void)state;
    fake_mechs[0].tokens = 2 * NEGO_LEGS_MAX - 1; /* the last word comes on the client's 17th */
    exchange("A", "A");
    assert_status(&client, SEC_E_INVALID_TOKEN);
    assert_non_null(strstr(sec_reason(), "legs"));
    teardown(state);

    setup(state);
    fake_mechs[0].tokens = 2 * NEGO_LEGS_MAX - 2;
    establish("A", "A");
}

static void
test_limits__size_of_a_token(void **state)
{
    static uint8_t large[NEGO_INPUT_BYTES_MAX + 1];

    (void)state;
    side_open(&server, SEC_ACCEPTOR, "A");
    large[0] = 'A';
    (void)side_step(&server, bytes_of(large, sizeof(large)));
    assert_status(&server, SEC_E_INVALID_TOKEN);
    assert_non_null(strstr(sec_reason(), "bytes"));
}

/* Tokens that go to the heap on their way, and one that the caller's memory cannot hold. */
static void
test_limits__tokens_larger_than_the_stack(void **state)
{
    (void)state;
    fake_mechs[0].tokens = 3;
    fake_mechs[0].token_bytes = NEGO_TOKEN_ROOM + 1000;
    establish("A", "A");
    teardown(state);

    setup(state);
    fake_mechs[0].token_bytes = SIDE_ROOM;
    side_open(&client, SEC_INITIATOR, "A");
    (void)side_step(&client, (struct bytes){ 0 });
    assert_status(&client, SEC_E_BUFFER_TOO_SMALL);
}

static void
test_package__facts(void **state)
{
    (void)state;
    assert_string_equal(negotiate_package.name, "Negotiate");
    assert_int_equal(negotiate_package.rpc_id, 9);
    assert_true(negotiate_package.max_token_bytes >= 48000);
    assert_true(negotiate_package.comment[0]);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_exchange__table),
        CASE(test_exchange__three_tokens_statuses_and_states_in_turn),
        CASE(test_exchange__request_mic_tells_of_a_second_choice),
        CASE(test_offer__begins_with_the_first_mechanism_that_can),
        CASE(test_offer__later_failure_does_not_fall_back),
        CASE(test_flags__integrity_is_told_to_who_asked),
        CASE(test_messages__pass_to_the_mechanism_both_ways),
        CASE(test_messages__mechanism_without_them_unsupported),
        CASE(test_context__is_small_when_established),
        CASE(test_limits__legs),
        CASE(test_limits__size_of_a_token),
        CASE(test_limits__tokens_larger_than_the_stack),
        CASE(test_package__facts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
