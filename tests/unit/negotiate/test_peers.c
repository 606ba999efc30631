/* SPDX-License-Identifier: Apache-2.0 */
/* One side against each kind of peer: their spellings, their omissions, their raw tokens. */
#include "base/der.h"
#include "tests/unit/negotiate/sides.h"

/* --- who speaks first ---------------------------------------------------------------------- */

/* The server speaks first ([MS-SPNG] 3.2.5.2). */
static void
test_hint__server_first_then_the_usual_exchange(void **state)
{
    static const uint8_t empty;
    const struct bytes firsts[] = { { NULL, 0 }, { &empty, 0 } };

    for (size_t i = 0; i < 2; i++) {
        struct spnego_init hint;

        side_open(&client, SEC_INITIATOR, "AB");
        side_open(&server, SEC_ACCEPTOR, "AB");
        assert_int_equal(side_step(&server, firsts[i]), SEC_I_CONTINUE_NEEDED);
        hint = side_init(&server);
        assert_bytes_equal(hint.hint_name, bytes_of_string("not_defined_in_RFC4178@please_ignore"));
        assert_bytes_equal(hint.mech_list, HEX("300f06032a030106032a030b06032a0302"));
        assert_null(hint.mech_token.p);

        assert_int_equal(side_step(&client, server.token), SEC_I_CONTINUE_NEEDED);
        assert_int_equal(side_step(&server, client.token), SEC_E_OK);
        assert_int_equal(side_step(&client, server.token), SEC_E_OK);
        teardown(state);
    }
}

static void
test_hint__twice_nothing_refused(void **state)
{
    (void)state;
    side_open(&server, SEC_ACCEPTOR, "A");
    assert_int_equal(side_step(&server, (struct bytes){ 0 }), SEC_I_CONTINUE_NEEDED);
    (void)side_step(&server, (struct bytes){ 0 });
    assert_status(&server, SEC_E_INVALID_TOKEN);
}

static void
test_initiator__first_input_that_is_no_hint_refused(void **state)
{
    static const char *const inputs[] = {
        "4e544c4d5353500002000000",       /* a raw challenge */
        "a1073005a0030a0100",             /* accepted before anything was said */
        "600906062b06010505023000",       /* broken */
        "600d06092a864886f7120102020100", /* Kerberos' own token */
    };

    for (size_t i = 0; i < 4; i++) {
        uint8_t in[64];

        side_open(&client, SEC_INITIATOR, "A");
        (void)side_step(&client, hex_into(in, sizeof(in), inputs[i]));
        assert_status(&client, SEC_E_INVALID_TOKEN);
        teardown(state);
    }
}

/* --- clients of other makes ---------------------------------------------------------------- */

static void
send_init(const char *mech_list, struct bytes mech_token)
{
    uint8_t list[256], room[SIDE_ROOM];
    struct wire_writer w = wire_writer_fixed(room, sizeof(room));
    struct spnego_init m = { .mech_list = hex_into(list, sizeof(list), mech_list),
                             .mech_token = mech_token };

    spnego_init_encode(&w, &m);
    (void)side_step(&server, wire_written(&w));
}

/* Windows 11 puts NegoEx first; its token is for a mechanism that is not here. */
static void
test_acceptor__negoex_first_is_passed_by_and_the_mic_asked_for(void **state)
{
    (void)state;
    side_open(&server, SEC_ACCEPTOR, "A");
    send_init("3011"
              "060a2b06010401823702021e"
              "06032a0301",
              HEX("4e45474f45585453"));
    assert_status(&server, SEC_I_CONTINUE_NEEDED);
    assert_int_equal(side_resp(&server).state, SPNEGO_REQUEST_MIC);
    assert_bytes_equal(side_resp(&server).mech, HEX("06032a0301"));
    assert_null(side_resp(&server).token.p);
    assert_int_equal(fake_mechs[0].steps, 0);
}

/* MS-KRB5 and KRB5 are one mechanism: the client hears the name that it used. */
static void
test_acceptor__answers_with_the_clients_name_of_the_mechanism(void **state)
{
    (void)state;
    side_open(&client, SEC_INITIATOR, "A");
    side_open(&server, SEC_ACCEPTOR, "A");
    (void)side_step(&client, (struct bytes){ 0 });
    send_init("300a"
              "06032a030b"
              "06032a0301",
              side_init(&client).mech_token);
    assert_status(&server, SEC_E_OK); /* first choice: its token counts, no MIC is asked for */
    assert_int_equal(side_resp(&server).state, SPNEGO_ACCEPT_COMPLETED);
    assert_bytes_equal(side_resp(&server).mech, HEX("06032a030b"));
}

static void
test_acceptor__no_optimistic_token_or_an_empty_one(void **state)
{
    static const uint8_t empty;
    const struct bytes tokens[] = { { NULL, 0 }, { &empty, 0 } };

    for (size_t i = 0; i < 2; i++) {
        side_open(&server, SEC_ACCEPTOR, "A");
        send_init("3005"
                  "06032a0301",
                  tokens[i]);
        assert_status(&server, SEC_I_CONTINUE_NEEDED);
        assert_int_equal(side_resp(&server).state, SPNEGO_ACCEPT_INCOMPLETE);
        assert_null(side_resp(&server).token.p);
        teardown(state);
    }
}

static void
test_acceptor__nothing_in_common_is_rejected_and_said(void **state)
{
    static const char *const lists[] = { "3011"
                                         "060a2b06010401823702021e"
                                         "06032a0307",
                                         "3000" };

    for (size_t i = 0; i < 2; i++) {
        side_open(&server, SEC_ACCEPTOR, "A");
        send_init(lists[i], HEX("aabb"));
        assert_status(&server, SEC_E_INVALID_TOKEN);
        assert_non_null(strstr(sec_reason(), "no mechanism in common"));
        assert_non_null(strstr(sec_reason(), i == 0 ? "NegoEx, 1.2.3.7" : "offers none"));
        assert_bytes_equal(server.token, HEX("a1073005a0030a0102"));
        teardown(state);
    }
}

/* A client that lists more than fits a reason, and no list at all. */
static void
test_acceptor__long_lists_and_none(void **state)
{
    uint8_t list[256] = { 0x30, 0x81, 180 };

    (void)state;
    for (size_t i = 0; i < 36; i++) {
        memcpy(list + 3 + 5 * i, "\x06\x03\x2a\x04\x01", 5);
    }
    side_open(&server, SEC_ACCEPTOR, "A");
    {
        uint8_t room[512];
        struct wire_writer w = wire_writer_fixed(room, sizeof(room));
        struct spnego_init m = { .mech_list = bytes_of(list, 183) };

        spnego_init_encode(&w, &m);
        (void)side_step(&server, wire_written(&w));
    }
    assert_status(&server, SEC_E_INVALID_TOKEN);
    teardown(state);

    side_open(&server, SEC_ACCEPTOR, "A");
    (void)side_step(&server, HEX("600c06062b0601050502a0023000"));
    assert_status(&server, SEC_E_INVALID_TOKEN);
}

static void
test_acceptor__raw_token_gets_raw_answers(void **state)
{
    static const struct {
        unsigned tokens;
        sec_status first;
    } cases[] = { { 1, SEC_E_OK }, { 2, SEC_E_OK }, { 3, SEC_I_CONTINUE_NEEDED } };

    for (size_t i = 0; i < 3; i++) {
        struct sec_ctx *mech;
        struct sec_step_args args = { .wanted = SEC_INTEGRITY };
        struct sec_cred raw = { .package = &fake_mechs[1].package };
        uint8_t room[256];
        struct wire_writer w = wire_writer_fixed(room, sizeof(room));

        setup(state);
        fake_mechs[1].tokens = cases[i].tokens;
        fake_mechs[1].half_duplex = true;
        side_open(&server, SEC_ACCEPTOR, "AB");
        assert_int_equal(fake_mechs[1].ops.open(&raw, SEC_INITIATOR, &mech), SEC_E_OK);
        (void)fake_mechs[1].ops.step(mech, &args, &w);
        assert_int_equal(side_step(&server, wire_written(&w)), cases[i].first);
        assert_true(side_facts(&server).offer.raw);
        assert_string_equal(side_mechanism(&server), "Beta");
        if (cases[i].tokens > 1) {
            assert_memory_equal(server.token.p, "Beta", 5);
        } else {
            assert_int_equal(server.token.n, 0);
        }
        if (cases[i].tokens == 3) {
            args.token = server.token;
            w = wire_writer_fixed(room, sizeof(room));
            assert_int_equal(fake_mechs[1].ops.step(mech, &args, &w), SEC_E_OK);
            assert_int_equal(side_step(&server, wire_written(&w)), SEC_E_OK);
            assert_int_equal(server.token.n, 0); /* and no last word */
        }
        assert_int_equal(server.granted, SEC_CONNECTION | SEC_INTEGRITY);
        assert_true(server.ctx->half_duplex);
        fake_mechs[1].ops.free_ctx(mech);
        teardown(state);
    }
}

/* A mechanism's token in the frame of RFC 2743, as Kerberos' is: the door for it. */
static void
test_acceptor__raw_token_in_the_generic_frame_reaches_its_mechanism(void **state)
{
    (void)state;
    side_open(&server, SEC_ACCEPTOR, "AB");
    (void)side_step(&server, HEX("6007"
                                 "06032a0302"
                                 "aabb"));
    assert_status(&server, SEC_E_INVALID_TOKEN); /* Beta's own verdict: it has no such frame */
    assert_int_equal(fake_mechs[1].steps, 1);
    assert_int_equal(server.token.n, 0);
}

static void
test_acceptor__raw_token_of_who_may_not_be_used_refused(void **state)
{
    static const char *const inputs[] = { "4e544c4d53535000"
                                          "01000000",
                                          "6007"
                                          "06032a0307"
                                          "aabb",
                                          "00", "47", "a0023000" };

    for (size_t i = 0; i < 5; i++) {
        uint8_t in[32];

        side_open(&server, SEC_ACCEPTOR, "A");
        (void)side_step(&server, hex_into(in, sizeof(in), inputs[i]));
        assert_status(&server, SEC_E_INVALID_TOKEN);
        assert_int_equal(server.token.n, 0);
        teardown(state);
    }
}

/* --- servers of other makes ---------------------------------------------------------------- */

/* What differs in a server's reply, and still is one. */
static void
vary_reply(struct side *from, unsigned leg, void *user)
{
    struct spnego_resp m;

    if (from != &server) {
        return;
    }
    m = side_resp(from);
    switch (*(char *)user) {
    case 's': /* Windows leaves negState out */ m.state = SPNEGO_NO_STATE; break;
    case 'm': /* Java leaves supportedMech out */ m.mech = (struct bytes){ 0 }; break;
    case 'a': /* Samba: another identifier of the same mechanism, in every reply */
        m.mech = HEX("06032a030b");
        break;
    case 'd': /* Windows 2000 repeats the token where the MIC belongs */ m.mic = m.token; break;
    case 'e': /* an empty token beside the last word */
        m.token = m.token.p ? m.token : bytes_of("", 0);
        break;
    default: break;
    }
    side_resend(from, &m, NULL);
    (void)leg;
}

static void
test_initiator__replies_of_other_makes(void **state)
{
    static const char kinds[] = "smade";

    for (const char *kind = kinds; *kind; kind++) {
        for (unsigned tokens = 1; tokens <= 4; tokens++) {
            char k = *kind;

            setup(state);
            print_message("# %c, %u tokens\n", k, tokens);
            fake_mechs[0].tokens = tokens;
            side_open(&client, SEC_INITIATOR, "AB");
            side_open(&server, SEC_ACCEPTOR, "AB");
            pair_run(&client, &server, vary_reply, &k);
            assert_status(&client, SEC_E_OK);
            assert_status(&server, SEC_E_OK);
            teardown(state);
        }
    }
}

static void
test_initiator__rejected(void **state)
{
    struct spnego_resp m = { .state = SPNEGO_REJECT };

    (void)state;
    fake_mechs[0].fails_at = 1;
    fake_mechs[0].fails_with = SEC_E_LOGON_DENIED;
    side_open(&server, SEC_ACCEPTOR, "A");
    fake_mechs[0].fails_at = 0;
    side_open(&client, SEC_INITIATOR, "A");
    (void)side_step(&client, (struct bytes){ 0 });
    fake_mechs[0].fails_at = 1;
    fake_mechs[0].error_token = true;
    (void)side_step(&server, client.token);
    assert_status(&server, SEC_E_LOGON_DENIED);
    m = side_resp(&server);
    assert_int_equal(m.state, SPNEGO_REJECT);
    assert_bytes_equal(m.token, bytes_of_string("sorry"));

    /* The mechanism reads its own error token; here it does not know it. */
    (void)side_step(&client, server.token);
    assert_status(&client, SEC_E_INVALID_TOKEN);
    teardown(state);

    setup(state);
    side_open(&client, SEC_INITIATOR, "A");
    (void)side_step(&client, (struct bytes){ 0 });
    (void)side_step(&client, HEX("a1073005a0030a0102"));
    assert_status(&client, SEC_E_LOGON_DENIED);
    (void)side_step(&client, HEX("a1073005a0030a0100"));
    assert_status(&client, SEC_E_OUT_OF_SEQUENCE);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_hint__server_first_then_the_usual_exchange),
        CASE(test_hint__twice_nothing_refused),
        CASE(test_initiator__first_input_that_is_no_hint_refused),
        CASE(test_acceptor__negoex_first_is_passed_by_and_the_mic_asked_for),
        CASE(test_acceptor__answers_with_the_clients_name_of_the_mechanism),
        CASE(test_acceptor__no_optimistic_token_or_an_empty_one),
        CASE(test_acceptor__nothing_in_common_is_rejected_and_said),
        CASE(test_acceptor__long_lists_and_none),
        CASE(test_acceptor__raw_token_gets_raw_answers),
        CASE(test_acceptor__raw_token_in_the_generic_frame_reaches_its_mechanism),
        CASE(test_acceptor__raw_token_of_who_may_not_be_used_refused),
        CASE(test_initiator__replies_of_other_makes),
        CASE(test_initiator__rejected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
