/* SPDX-License-Identifier: Apache-2.0 */
/* Somebody on the way, and peers that prove nothing: no downgrade, no acceptance without proof,
 * no use of a context that is not established. Allocations failed in turn. */
#include "tests/support/alloc_fail.h"
#include "tests/unit/negotiate/sides.h"

static void
run(const char *client_mechs, const char *server_mechs, meddle change, void *user)
{
    side_open(&client, SEC_INITIATOR, client_mechs);
    side_open(&server, SEC_ACCEPTOR, server_mechs);
    pair_run(&client, &server, change, user);
}

/* --- the list of mechanisms ---------------------------------------------------------------- */

/* Strikes the client's first choice off the list, token and all. */
static void
strike_first(struct side *from, unsigned leg, void *user)
{
    struct spnego_init m;

    if (from != &client || leg != 1) {
        return;
    }
    m = side_init(from);
    m.mech_list = HEX("3005"
                      "06032a0302");
    m.mech_token = (struct bytes){ 0 };
    side_resend(from, NULL, &m);
    (void)user;
}

static void
test_downgrade__first_choice_struck_off_the_list(void **state)
{
    static const char *const servers[] = { "AB", "BA", "B" };

    for (size_t i = 0; i < 3; i++) {
        for (unsigned tokens = 1; tokens <= 4; tokens++) {
            setup(state);
            fake_mechs[1].tokens = tokens;
            run("AB", servers[i], strike_first, NULL);
            print_message("# %s, %u tokens: %s, %s\n", servers[i], tokens,
                          sec_status_name(client.status), sec_status_name(server.status));
            assert_true(sec_failed(client.status));
            assert_int_not_equal(side_facts(&client).phase, SEC_PHASE_ESTABLISHED);
            /* A server that likes Beta best has lost nothing, and where it speaks last it cannot
             * know that the client has. */
            if (servers[i][0] == 'A' || tokens % 2) {
                assert_int_not_equal(server.status, SEC_E_OK);
                assert_int_equal(side_facts(&server).user.n, 0);
            }
            teardown(state);
        }
    }
}

/* Puts another list in, in which the same mechanism is first: nobody's choice changes, and yet
 * it is not the list that was sent. */
static void
reorder(struct side *from, unsigned leg, void *user)
{
    struct spnego_init m;

    if (from == &client && leg == 1) {
        m = side_init(from);
        m.mech_list = HEX("300f"
                          "06032a0301"
                          "06032a0302"
                          "06032a030b");
        side_resend(from, NULL, &m);
    }
    (void)user;
}

static void
test_downgrade__reordered_list_is_found_where_mics_are_exchanged(void **state)
{
    for (unsigned tokens = 1; tokens <= 4; tokens++) {
        setup(state);
        fake_mechs[0].tokens = tokens;
        fake_mechs[0].wants_mic = true;
        run("AB", "AB", reorder, NULL);
        assert_true(client.status == SEC_E_MESSAGE_ALTERED ||
                    server.status == SEC_E_MESSAGE_ALTERED);
        assert_int_not_equal(client.status, SEC_E_OK);
        assert_int_not_equal(server.status, SEC_E_OK);
        teardown(state);
    }
}

/* --- MICs taken away ----------------------------------------------------------------------- */

static void
strip_mics(struct side *from, unsigned leg, void *user)
{
    struct spnego_resp m;

    if (from == &client && leg == 1) {
        return;
    }
    m = side_resp(from);
    m.mic = (struct bytes){ 0 };
    if (user && from == &server && m.state != SPNEGO_REJECT) {
        m.state = *(enum spnego_neg_state *)user;
    }
    side_resend(from, &m, NULL);
    (void)leg;
}

static void
test_mic__stripped_where_it_is_due(void **state)
{
    static enum spnego_neg_state says[] = { SPNEGO_ACCEPT_COMPLETED, SPNEGO_ACCEPT_INCOMPLETE,
                                            SPNEGO_REQUEST_MIC, SPNEGO_NO_STATE };
    static const struct {
        const char *client, *server;
        bool wants;
    } cases[] = { { "AB", "B", false }, { "BA", "AB", true }, { "B", "B", true } };

    for (size_t i = 0; i < 3; i++) {
        for (unsigned tokens = 1; tokens <= 4; tokens++) {
            for (size_t k = 0; k < 5; k++) {
                setup(state);
                fake_mechs[1].tokens = tokens;
                fake_mechs[1].wants_mic = cases[i].wants;
                run(cases[i].client, cases[i].server, strip_mics, k < 4 ? &says[k] : NULL);
                assert_int_not_equal(client.status, SEC_E_OK);
                assert_int_not_equal(server.status, SEC_E_OK);
                teardown(state);
            }
        }
    }
}

/* Not the server's favourite, and it asked: that its question was changed on the way shows. */
static void
hush_request(struct side *from, unsigned leg, void *user)
{
    struct spnego_resp m;

    if (from == &server) {
        m = side_resp(from);
        if (m.state == SPNEGO_REQUEST_MIC) {
            m.state = SPNEGO_ACCEPT_INCOMPLETE;
            side_resend(from, &m, NULL);
        }
    }
    (void)leg;
    (void)user;
}

static void
test_mic__request_changed_into_none(void **state)
{
    (void)state;
    fake_mechs[1].tokens = 3;
    run("B", "AB", hush_request, NULL);
    assert_status(&server, SEC_E_INVALID_TOKEN);
    assert_status(&client, SEC_E_LOGON_DENIED);
}

/* --- any byte ------------------------------------------------------------------------------ */

struct flip {
    const struct side *side;
    unsigned leg;
    size_t at;
    uint8_t by;
    bool done;
};

static void
flip_byte(struct side *from, unsigned leg, void *user)
{
    struct flip *f = user;

    if (from == f->side && leg == f->leg && f->at < from->token.n) {
        from->room[f->at] ^= f->by;
        f->done = true;
    }
}

/* Whatever is changed: where both sides are content, they agree on the mechanism that both would
 * have chosen, and nobody is content alone for good. */
static void
try_flips(void **state, const struct side *side, unsigned leg)
{
    static const uint8_t changes[] = { 0x01, 0x02, 0x04, 0x10, 0x80, 0xFF };
    bool more = true;

    for (size_t at = 0; more; at++) {
        for (size_t i = 0; i < sizeof(changes); i++) {
            struct flip f = { .side = side, .leg = leg, .at = at, .by = changes[i] };

            setup(state);
            fake_mechs[1].tokens = 3;
            run("AB", "B", flip_byte, &f);
            more = f.done;
            if (client.status == SEC_E_OK) {
                assert_string_equal(side_mechanism(&client), "Beta");
                assert_int_equal(server.status, SEC_E_OK);
                assert_int_equal(fake_mechs[1].mics_checked, 2);
            }
            teardown(state);
        }
    }
}

static void
test_flip__each_byte_of_each_token(void **state)
{
    try_flips(state, &client, 1);
    try_flips(state, &server, 1);
    try_flips(state, &client, 2);
    try_flips(state, &server, 2);
    try_flips(state, &client, 3);
    try_flips(state, &server, 3);
}

/* --- no proof, no acceptance --------------------------------------------------------------- */

/* CVE-2022-24882, CVE-2022-24883: a peer that says "accepted" when nothing has been proven. */
static void
test_initiator__accepted_without_proof_refused(void **state)
{
    static const struct {
        const char *name, *hex;
    } replies[] = {
        { "completed", "a1073005a0030a0100" },
        { "completed, with our choice", "a10e300c"
                                        "a0030a0100"
                                        "a105"
                                        "06032a0301" },
        { "completed, with our other choice", "a10e300c"
                                              "a0030a0100"
                                              "a105"
                                              "06032a0302" },
        { "completed, with a MIC", "a10f300d"
                                   "a0030a0100"
                                   "a3060404aabbccdd" },
        { "nothing", "a1023000" },
        { "our other choice, and a token", "a1163014"
                                           "a0030a0101"
                                           "a105"
                                           "06032a0302"
                                           "a2060404aabbccdd" },
        { "a choice that we did not offer", "a10e300c"
                                            "a0030a0101"
                                            "a105"
                                            "06032a0303" },
        { "request-mic, and no token", "a10e300c"
                                       "a0030a0103"
                                       "a105"
                                       "06032a0301" },
    };

    for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        uint8_t in[64];

        print_message("# %s\n", replies[i].name);
        side_open(&client, SEC_INITIATOR, "AB");
        (void)side_step(&client, (struct bytes){ 0 });
        (void)side_step(&client, hex_into(in, sizeof(in), replies[i].hex));
        assert_status(&client, SEC_E_INVALID_TOKEN);
        assert_int_equal(client.token.n, 0);
        teardown(state);
    }
}

/* The server's token is right and its verdict too early: our own proof was still to come. */
static void
complete_early(struct side *from, unsigned leg, void *user)
{
    struct spnego_resp m;

    if (from == &server && leg == 1) {
        m = side_resp(from);
        m.state = SPNEGO_ACCEPT_COMPLETED;
        side_resend(from, &m, NULL);
    }
    (void)user;
}

static void
test_initiator__completed_before_our_last_token_refused(void **state)
{
    for (unsigned tokens = 3; tokens <= 4; tokens++) {
        setup(state);
        fake_mechs[0].tokens = tokens;
        run("A", "A", complete_early, NULL);
        assert_status(&client, SEC_E_INVALID_TOKEN);
        assert_int_equal(client.token.n, 0);
        teardown(state);
    }
}

static void
change_choice(struct side *from, unsigned leg, void *user)
{
    struct spnego_resp m;

    if (from == &server && leg == 2) {
        m = side_resp(from);
        m.mech = HEX("06032a0302");
        side_resend(from, &m, NULL);
    }
    (void)user;
}

static void
test_initiator__second_thoughts_of_the_server_refused(void **state)
{
    for (unsigned tokens = 3; tokens <= 4; tokens++) {
        setup(state);
        fake_mechs[0].tokens = tokens;
        run("AB", "AB", change_choice, NULL);
        assert_status(&client, SEC_E_INVALID_TOKEN);
        teardown(state);
    }
}

/* --- empty continuation tokens ------------------------------------------------------------- */

/* CVE-2014-4344: an empty continuation token, for which no mechanism's state was ready. */
static void
test_acceptor__cve_2014_4344_empty_continuation_token_refused(void **state)
{
    static const char *const empties[] = { "", "a100", "a1023000", "a1063004a2020400",
                                           "a1073005a0030a0101" };

    for (unsigned dropped = 0; dropped < 2; dropped++) {
        for (size_t i = 0; i < sizeof(empties) / sizeof(empties[0]); i++) {
            uint8_t in[32];

            setup(state);
            fake_mechs[0].tokens = fake_mechs[1].tokens = 3;
            side_open(&client, SEC_INITIATOR, dropped ? "BA" : "AB");
            side_open(&server, SEC_ACCEPTOR, "A");
            (void)side_step(&client, (struct bytes){ 0 });
            assert_int_equal(side_step(&server, client.token), SEC_I_CONTINUE_NEEDED);
            (void)side_step(&server, hex_into(in, sizeof(in), empties[i]));
            assert_status(&server, SEC_E_INVALID_TOKEN);
            (void)side_step(&server, client.token);
            assert_status(&server, SEC_E_OUT_OF_SEQUENCE);
            teardown(state);
        }
    }
}

static void
test_acceptor__second_init_or_raw_token_midway_refused(void **state)
{
    static const char *const strays[] = {
        "601b06062b0601050502a011300fa007300506032a0301a2040402aabb", "416c706861000000"
                                                                      "0200000000000000"
    };

    for (size_t i = 0; i < 2; i++) {
        uint8_t in[64];

        setup(state);
        fake_mechs[0].tokens = 3;
        side_open(&client, SEC_INITIATOR, "A");
        side_open(&server, SEC_ACCEPTOR, "A");
        (void)side_step(&client, (struct bytes){ 0 });
        (void)side_step(&server, client.token);
        (void)side_step(&server, hex_into(in, sizeof(in), strays[i]));
        assert_status(&server, SEC_E_INVALID_TOKEN);
        teardown(state);
    }
}

/* Anything but a MIC, where the server awaits the client's. */
static void
test_acceptor__anything_but_the_mic_that_is_due_refused(void **state)
{
    static const struct {
        const char *hex;
        sec_status status;
    } replies[] = {
        { "", SEC_E_INVALID_TOKEN },
        { "a1073005a0030a0100", SEC_E_INVALID_TOKEN },
        { "a1073005a0030a0102", SEC_E_INVALID_TOKEN },
        { "a10c300a"
          "a3080406"
          "4d4943001122",
          SEC_E_MESSAGE_ALTERED },
        { "a1063004a3020400", SEC_E_INVALID_TOKEN },
        { "a1123010"
          "a2040402aabb"
          "a3080406"
          "4d4943001122",
          SEC_E_INVALID_TOKEN },
    };

    for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        uint8_t in[64];

        setup(state);
        fake_mechs[0].wants_mic = true;
        side_open(&client, SEC_INITIATOR, "A");
        side_open(&server, SEC_ACCEPTOR, "A");
        (void)side_step(&client, (struct bytes){ 0 });
        assert_int_equal(side_step(&server, client.token), SEC_I_CONTINUE_NEEDED);
        (void)side_step(&server, hex_into(in, sizeof(in), replies[i].hex));
        assert_status(&server, replies[i].status);
        if (replies[i].hex[0]) {
            assert_bytes_equal(server.token, HEX("a1073005a0030a0102"));
        }
        assert_int_equal(side_facts(&server).user.n, 0);
        assert_int_equal(side_facts(&server).session_key.n, 0);
        assert_true(side_facts(&server).claimed_user.n > 0);
        teardown(state);
    }
}

/* --- contexts that are not established ----------------------------------------------------- */

static void
refuse_everything(const struct side *s)
{
    const struct sec_package_ops *ops = negotiate_package.ops;
    uint8_t text[] = "text", signature[16];
    struct sec_segment segment = { .p = text, .n = sizeof(text) };
    struct sec_msg m = {
        .segments = &segment, .n_segments = 1, .token = signature, .token_n = sizeof(signature)
    };
    struct sec_facts facts = side_facts(s);

    assert_int_equal(ops->sign(s->ctx, &m), SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(ops->verify(s->ctx, &m), SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(ops->seal(s->ctx, &m), SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(ops->unseal(s->ctx, &m), SEC_E_OUT_OF_SEQUENCE);
    assert_string_equal((char *)text, "text");
    assert_int_not_equal(facts.phase, SEC_PHASE_ESTABLISHED);
    assert_int_equal(facts.user.n + facts.domain.n + facts.session_key.n, 0);
    assert_null(facts.identity);
    assert_int_equal(facts.flags, 0);
}

/* CVE-2015-2695: a context that is not yet, or no longer, one. */
static void
test_context__cve_2015_2695_partial_use_refused(void **state)
{
    for (unsigned wants = 0; wants < 2; wants++) {
        struct side *from = &client, *to = &server;

        setup(state);
        fake_mechs[0].tokens = fake_mechs[1].tokens = 3;
        fake_mechs[1].wants_mic = wants;
        side_open(&client, SEC_INITIATOR, "AB");
        side_open(&server, SEC_ACCEPTOR, "B");
        refuse_everything(&client);
        refuse_everything(&server);
        (void)side_step(&client, (struct bytes){ 0 });
        while (from->token.n && from->status == SEC_I_CONTINUE_NEEDED) {
            struct side *last = from;

            refuse_everything(from);
            (void)side_step(to, from->token);
            from = to;
            to = last;
        }
        refuse_everything(&client); /* the server is done, the client awaits its word */
        assert_status(&server, SEC_E_OK);
        server.room[server.token.n - 1] ^= 1; /* the MIC's last byte */
        (void)side_step(&client, server.token);
        assert_status(&client, SEC_E_MESSAGE_ALTERED);
        refuse_everything(&client);
        (void)side_step(&client, server.token);
        assert_status(&client, SEC_E_OUT_OF_SEQUENCE);
        teardown(state);
    }
}

/* --- memory -------------------------------------------------------------------------------- */

static const struct alloc_case {
    const char *name, *client, *server;
    bool large, hint;
} alloc_cases[] = {
    { "first choice", "A", "A", false, false },       { "second choice", "AB", "B", false, false },
    { "tokens on the heap", "AB", "B", true, false }, { "server first", "AB", "A", false, true },
    { "to be completed", "AT", "T", false, false },
};

static sec_status
acquire_and_open(struct side *s, enum sec_role role, const struct sec_package *const *packages)
{
    struct sec_acquire_args args = { .use = SEC_USE_BOTH };
    sec_status status;

    *s = (struct side){ .role = role };
    fake_host_init(&s->host);
    s->host.settings.packages = "";
    s->host.host.packages = packages;
    s->host.host.n_packages = 2;
    status = negotiate_package.ops->acquire(&s->host.host, &args, &s->cred);
    return status == SEC_E_OK ? negotiate_package.ops->open(s->cred, role, &s->ctx) : status;
}

static const struct sec_package *
named(char name)
{
    return name == 'T' ? &fake_trial.package : &fake_mechs[name - 'A'].package;
}

static bool
step_fails(struct side *to, struct bytes in)
{
    (void)side_step(to, in);
    return sec_failed(to->status);
}

static void
exchange_once(void *user, bool failing)
{
    const struct alloc_case *k = user;
    const struct sec_package *mine[2] = { named(k->client[0]),
                                          named(k->client[1] ? k->client[1] : k->client[0]) };
    const struct sec_package *theirs[2] = { named(k->server[0]), named(k->server[0]) };
    bool fails = acquire_and_open(&client, SEC_INITIATOR, mine) != SEC_E_OK ||
                 acquire_and_open(&server, SEC_ACCEPTOR, theirs) != SEC_E_OK;

    if (!fails && k->hint) {
        fails = step_fails(&server, (struct bytes){ 0 });
    }
    if (!fails) {
        fails = step_fails(&client, k->hint ? server.token : (struct bytes){ 0 });
    }
    while (!fails && !(client.status == SEC_E_OK && server.status == SEC_E_OK)) {
        fails = step_fails(&server, client.token) ||
                (server.token.n && step_fails(&client, server.token));
    }
    if (!failing) {
        assert_false(fails);
    } else if (fails) {
        assert_true(client.status == SEC_E_INSUFFICIENT_MEMORY ||
                    server.status == SEC_E_INSUFFICIENT_MEMORY || !server.ctx || !client.ctx);
    }
    negotiate_package.ops->free_ctx(client.ctx);
    negotiate_package.ops->free_cred(client.cred);
    negotiate_package.ops->free_ctx(server.ctx);
    negotiate_package.ops->free_cred(server.cred);
    client = server = (struct side){ 0 };
    assert_nothing_left();
}

static void
test_exchange__each_allocation_failed_in_turn(void **state)
{
    for (size_t i = 0; i < sizeof(alloc_cases) / sizeof(alloc_cases[0]); i++) {
        unsigned long n;

        setup(state);
        for (size_t m = 0; m < FAKE_MECHS; m++) {
            fake_mechs[m].tokens = 3;
            fake_mechs[m].token_bytes = alloc_cases[i].large ? NEGO_TOKEN_ROOM + 100 : 0;
        }
        n = alloc_fail_each(exchange_once, (void *)(uintptr_t)&alloc_cases[i]);
        print_message("# %s: %lu allocations\n", alloc_cases[i].name, n);
        assert_true(n >= 8);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_downgrade__first_choice_struck_off_the_list),
        CASE(test_downgrade__reordered_list_is_found_where_mics_are_exchanged),
        CASE(test_mic__stripped_where_it_is_due),
        CASE(test_mic__request_changed_into_none),
        CASE(test_flip__each_byte_of_each_token),
        CASE(test_initiator__accepted_without_proof_refused),
        CASE(test_initiator__completed_before_our_last_token_refused),
        CASE(test_initiator__second_thoughts_of_the_server_refused),
        CASE(test_acceptor__cve_2014_4344_empty_continuation_token_refused),
        CASE(test_acceptor__second_init_or_raw_token_midway_refused),
        CASE(test_acceptor__anything_but_the_mic_that_is_due_refused),
        CASE(test_context__cve_2015_2695_partial_use_refused),
        CASE(test_exchange__each_allocation_failed_in_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
