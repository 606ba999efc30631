/* SPDX-License-Identifier: Apache-2.0 */
/* Negotiate with NTLM: the MICs over the list, the rewound key stream, clients of other makes. */
#include "ntlm/ntlm.h"
#include "tests/support/fake_account.h"
#include "tests/unit/negotiate/pair.h"

#define NTLM_OID "060a2b06010401823702020a"
#define NEGOEX   "060a2b06010401823702021e"

/* Derived by a program that shares no code with this one: over the DER of {NTLM}, with the session
 * key of [MS-NLMP] 4.2.4 (55 sixteen times); then "Plaintext", sealed by the client. */
#define CLIENT_MIC      "0100000022a3984fefbb9c3200000000"
#define SERVER_MIC      "010000007dd6da05648a73ae00000000"
#define FIRST_SEALED    "54e50165bf1936dc996020c1811b0f06fb5f"
#define FIRST_SIGNATURE "010000001deafbcced2a4ea901000000"

static struct side client, server;
static struct account_authority accounts;

static const struct sec_identity user = { 0 };

static struct sec_identity
identity(const char *password)
{
    struct sec_identity id = user;

    id.user = UTF16("User");
    id.domain = UTF16("Domain");
    id.password = password[0] == 'P' ? UTF16("Password") : UTF16("password");
    return id;
}

static void
open_side(struct side *s, enum sec_role role, const char *password)
{
    static const struct sec_package *const packages[] = { &negotiate_package, &ntlm_package };
    struct sec_identity id = identity(password);
    struct sec_acquire_args args = {
        .use = role == SEC_INITIATOR ? SEC_USE_OUTBOUND : SEC_USE_INBOUND,
        .identity = role == SEC_INITIATOR ? &id : NULL,
    };

    *s = (struct side){ .role = role };
    fake_host_init(&s->host);
    s->host.host.packages = packages;
    s->host.host.n_packages = 2;
    s->host.host.accounts = &accounts;
    if (role == SEC_INITIATOR) {
        s->host.random_script = HEX("aaaaaaaaaaaaaaaa"
                                    "55555555555555555555555555555555");
    } else {
        s->host.random_script = HEX("0123456789abcdef");
    }
    assert_int_equal(negotiate_package.ops->acquire(&s->host.host, &args, &s->cred), SEC_E_OK);
    assert_int_equal(negotiate_package.ops->open(s->cred, role, &s->ctx), SEC_E_OK);
}

static int
setup(void **state)
{
    (void)state;
    fake_account_init(&accounts);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    side_close(&client);
    side_close(&server);
    assert_int_equal(accounts.identities, 0);
    return 0;
}

static void
exchange(const char *password)
{
    open_side(&client, SEC_INITIATOR, password);
    open_side(&server, SEC_ACCEPTOR, "");
    pair_run(&client, &server, NULL, NULL);
}

/* --- both sides ours ----------------------------------------------------------------------- */

/* [MS-SPNG] 3.3.5.1: the MICs have sequence number 0 and leave the key stream where it was, so
 * the first application message is sealed as if there had been none, with number 1. */
static void
test_ntlm__mics_and_first_message_are_those_of_the_vectors(void **state)
{
    const struct sec_package_ops *ops = negotiate_package.ops;
    uint8_t text[18], signature[16];
    struct sec_segment segment = { .p = text, .n = sizeof(text) };
    struct sec_msg m = {
        .segments = &segment, .n_segments = 1, .token = signature, .token_n = sizeof(signature)
    };

    (void)state;
    memcpy(text, UTF16("Plaintext").p, sizeof(text));
    open_side(&client, SEC_INITIATOR, "Password");
    open_side(&server, SEC_ACCEPTOR, "");
    client.wanted = SEC_CONFIDENTIALITY | SEC_INTEGRITY;

    assert_int_equal(side_step(&client, (struct bytes){ 0 }), SEC_I_CONTINUE_NEEDED);
    assert_bytes_equal(side_init(&client).mech_list, HEX("300c" NTLM_OID));
    assert_int_equal(side_step(&server, client.token), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(side_resp(&server).state, SPNEGO_ACCEPT_INCOMPLETE);
    assert_bytes_equal(side_resp(&server).mech, HEX(NTLM_OID));
    assert_int_equal(side_step(&client, server.token), SEC_I_CONTINUE_NEEDED);
    assert_bytes_equal(side_resp(&client).mic, HEX(CLIENT_MIC));
    assert_int_equal(side_step(&server, client.token), SEC_E_OK);
    assert_bytes_equal(server.token, HEX("a11b3019"
                                         "a0030a0100"
                                         "a3120410" SERVER_MIC));
    assert_int_equal(side_step(&client, server.token), SEC_E_OK);

    assert_int_equal(ops->seal(client.ctx, &m), SEC_E_OK);
    assert_bytes_equal(bytes_of(text, sizeof(text)), HEX(FIRST_SEALED));
    assert_bytes_equal(bytes_of(signature, sizeof(signature)), HEX(FIRST_SIGNATURE));
    assert_int_equal(ops->unseal(server.ctx, &m), SEC_E_OK);
    assert_bytes_equal(bytes_of(text, sizeof(text)), UTF16("Plaintext"));
    assert_int_equal(ops->seal(server.ctx, &m), SEC_E_OK);
    assert_int_equal(ops->unseal(client.ctx, &m), SEC_E_OK);
    assert_bytes_equal(bytes_of(text, sizeof(text)), UTF16("Plaintext"));
}

static void
test_ntlm__facts_and_flags(void **state)
{
    struct sec_facts facts;

    (void)state;
    exchange("Password");
    assert_status(&client, SEC_E_OK);
    assert_status(&server, SEC_E_OK);
    facts = side_facts(&server);
    assert_ptr_equal(facts.mechanism, &ntlm_package);
    assert_int_equal(facts.phase, SEC_PHASE_ESTABLISHED);
    assert_bytes_equal(facts.user, UTF16("User"));
    assert_non_null(facts.identity);
    assert_true(facts.mic_verified);
    assert_int_equal(facts.ntlm_version, SEC_NTLM_V2);
    assert_bytes_equal(facts.session_key, HEX("55555555555555555555555555555555"));
    assert_int_equal(facts.max_signature, 16);
    /* Nobody asked for integrity, and the server sees that the client has it on. */
    assert_int_equal(client.granted & (SEC_INTEGRITY | SEC_REPLAY_DETECT), 0);
    assert_true(server.granted & SEC_INTEGRITY);
}

static void
test_ntlm__wrong_password_is_rejected(void **state)
{
    struct sec_facts facts;

    (void)state;
    exchange("wrong");
    assert_status(&server, SEC_E_LOGON_DENIED);
    assert_bytes_equal(server.token, HEX("a1073005a0030a0102"));
    assert_status(&client, SEC_E_LOGON_DENIED);
    facts = side_facts(&server);
    assert_int_equal(facts.phase, SEC_PHASE_FAILED);
    assert_bytes_equal(facts.claimed_user, UTF16("User"));
    assert_int_equal(facts.user.n, 0);
    assert_int_equal(facts.sub_status, 0xC000006A); /* STATUS_WRONG_PASSWORD */
}

static void
test_ntlm__store_that_cannot_answer(void **state)
{
    (void)state;
    accounts.broken = SEC_E_NO_AUTHENTICATING_AUTHORITY;
    exchange("Password");
    assert_status(&server, SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_status(&client, SEC_E_LOGON_DENIED);
}

/* NTLM's own proof has passed when the MIC over the list fails: nobody is told who it was. */
static void
break_mic(struct side *from, unsigned leg, void *user_of_test)
{
    if (from == &client && leg == 2) {
        from->room[from->token.n - 8] ^= 1;
    }
    (void)user_of_test;
}

static void
test_ntlm__mic_that_does_not_verify_undoes_the_proof(void **state)
{
    (void)state;
    open_side(&client, SEC_INITIATOR, "Password");
    open_side(&server, SEC_ACCEPTOR, "");
    pair_run(&client, &server, break_mic, NULL);
    assert_status(&server, SEC_E_MESSAGE_ALTERED);
    assert_status(&client, SEC_E_LOGON_DENIED);
    assert_int_equal(accounts.proven, 1);
    assert_int_equal(side_facts(&server).user.n, 0);
    assert_null(side_facts(&server).identity);
    assert_bytes_equal(side_facts(&server).claimed_user, UTF16("User"));
}

/* --- clients of other makes ---------------------------------------------------------------- */

/* NTLM as a client's application has it, without Negotiate around it. */
struct bare {
    struct fake_host host;
    struct sec_cred *cred;
    struct sec_ctx *ctx;
    uint8_t room[SIDE_ROOM];
    struct bytes token;
};

static struct bare bare;

static void
bare_open(void)
{
    struct sec_identity id = identity("Password");
    struct sec_acquire_args args = { .use = SEC_USE_OUTBOUND, .identity = &id };

    bare = (struct bare){ 0 };
    fake_host_init(&bare.host);
    assert_int_equal(ntlm_package.ops->acquire(&bare.host.host, &args, &bare.cred), SEC_E_OK);
    assert_int_equal(ntlm_package.ops->open(bare.cred, SEC_INITIATOR, &bare.ctx), SEC_E_OK);
}

static void
bare_close(void)
{
    ntlm_package.ops->free_ctx(bare.ctx);
    ntlm_package.ops->free_cred(bare.cred);
}

static sec_status
bare_step(struct bytes in, uint32_t wanted)
{
    struct sec_step_args args = { .token = in, .wanted = wanted };
    struct wire_writer w = wire_writer_fixed(bare.room, sizeof(bare.room));
    sec_status status = ntlm_package.ops->step(bare.ctx, &args, &w);

    bare.token = wire_written(&w);
    return status;
}

static void
send_init(struct bytes mech_list, struct bytes token)
{
    uint8_t room[SIDE_ROOM];
    struct wire_writer w = wire_writer_fixed(room, sizeof(room));

    spnego_init_encode(&w, &(struct spnego_init){ .mech_list = mech_list, .mech_token = token });
    (void)side_step(&server, wire_written(&w));
}

static void
send_resp(struct bytes token, struct bytes mic)
{
    uint8_t room[SIDE_ROOM];
    struct wire_writer w = wire_writer_fixed(room, sizeof(room));

    spnego_resp_encode(
        &w, &(struct spnego_resp){ .state = SPNEGO_ACCEPT_INCOMPLETE, .token = token, .mic = mic });
    (void)side_step(&server, wire_written(&w));
}

static struct bytes
bare_mic(struct bytes list, uint8_t *room, size_t n)
{
    struct wire_writer w = wire_writer_fixed(room, n);

    assert_int_equal(ntlm_package.ops->make_mic(bare.ctx, list, &w), SEC_E_OK);
    return wire_written(&w);
}

/* Windows 11: NegoEx first, its token first; NTLM begins when it is chosen, and the MICs cover
 * the list with NegoEx in it. */
static void
test_ntlm__client_with_negoex_first(void **state)
{
    struct bytes list = HEX("3018" NEGOEX NTLM_OID);

    for (unsigned broken = 0; broken < 2; broken++) {
        uint8_t mic[16];

        setup(state);
        bare_open();
        open_side(&server, SEC_ACCEPTOR, "");
        send_init(list, HEX("4e45474f45585453"));
        assert_status(&server, SEC_I_CONTINUE_NEEDED);
        assert_int_equal(side_resp(&server).state, SPNEGO_REQUEST_MIC);
        assert_bytes_equal(side_resp(&server).mech, HEX(NTLM_OID));

        (void)bare_step((struct bytes){ 0 }, SEC_INTEGRITY);
        send_resp(bare.token, (struct bytes){ 0 });
        assert_status(&server, SEC_I_CONTINUE_NEEDED);
        assert_int_equal(bare_step(side_resp(&server).token, SEC_INTEGRITY), SEC_E_OK);
        send_resp(bare.token, bare_mic(broken ? HEX("300c" NTLM_OID) : list, mic, sizeof(mic)));
        if (broken) {
            assert_status(&server, SEC_E_MESSAGE_ALTERED);
        } else {
            assert_status(&server, SEC_E_OK);
            assert_int_equal(side_resp(&server).state, SPNEGO_ACCEPT_COMPLETED);
            assert_int_equal(ntlm_package.ops->check_mic(bare.ctx, list, side_resp(&server).mic),
                             SEC_E_OK);
        }
        bare_close();
        teardown(state);
    }
}

/* A client whose NTLM has a MIC and whose SPNEGO sends none is asked for it, as Samba asks. */
static void
test_ntlm__client_without_mic_is_asked(void **state)
{
    struct bytes list = HEX("300c" NTLM_OID);
    uint8_t mic[16];

    (void)state;
    bare_open();
    open_side(&server, SEC_ACCEPTOR, "");
    (void)bare_step((struct bytes){ 0 }, SEC_INTEGRITY);
    send_init(list, bare.token);
    assert_int_equal(bare_step(side_resp(&server).token, SEC_INTEGRITY), SEC_E_OK);
    send_resp(bare.token, (struct bytes){ 0 });
    assert_status(&server, SEC_I_CONTINUE_NEEDED);
    assert_int_equal(side_resp(&server).state, SPNEGO_ACCEPT_INCOMPLETE);
    assert_int_equal(ntlm_package.ops->check_mic(bare.ctx, list, side_resp(&server).mic), SEC_E_OK);
    assert_int_equal(side_facts(&server).user.n, 0);
    send_resp((struct bytes){ 0 }, bare_mic(list, mic, sizeof(mic)));
    assert_status(&server, SEC_E_OK);
    assert_int_equal(server.token.n, 0);
    assert_bytes_equal(side_facts(&server).user, UTF16("User"));
    bare_close();
}

/* A client that can sign nothing: no MIC can be made, and none is asked for where NTLM was its
 * first choice; where it was not, nobody can tell what the list was. */
static void
test_ntlm__client_without_signing(void **state)
{
    struct bytes lists[] = { HEX("300c" NTLM_OID), HEX("3018" NEGOEX NTLM_OID) };

    for (size_t i = 0; i < 2; i++) {
        setup(state);
        bare_open();
        open_side(&server, SEC_ACCEPTOR, "");
        (void)bare_step((struct bytes){ 0 }, 0);
        send_init(lists[i], bare.token);
        if (i == 1) {
            send_resp(bare.token, (struct bytes){ 0 });
        }
        assert_int_equal(bare_step(side_resp(&server).token, 0), SEC_E_OK);
        send_resp(bare.token, (struct bytes){ 0 });
        assert_status(&server, i == 0 ? SEC_E_OK : SEC_E_DOWNGRADE_DETECTED);
        if (i == 0) {
            assert_bytes_equal(server.token, HEX("a1073005a0030a0100"));
        }
        bare_close();
        teardown(state);
    }
}

static void
test_ntlm__raw_client(void **state)
{
    (void)state;
    bare_open();
    open_side(&server, SEC_ACCEPTOR, "");
    (void)bare_step((struct bytes){ 0 }, 0);
    assert_int_equal(side_step(&server, bare.token), SEC_I_CONTINUE_NEEDED);
    assert_memory_equal(server.token.p, "NTLMSSP", 8);
    assert_int_equal(bare_step(server.token, 0), SEC_E_OK);
    assert_int_equal(side_step(&server, bare.token), SEC_E_OK);
    assert_int_equal(server.token.n, 0);
    assert_ptr_equal(side_facts(&server).mechanism, &ntlm_package);
    assert_bytes_equal(side_facts(&server).user, UTF16("User"));
    bare_close();
}

static void
test_ntlm__denied_by_policy(void **state)
{
    static const struct sec_package *const packages[] = { &negotiate_package, &ntlm_package };
    struct sec_acquire_args args = { .use = SEC_USE_INBOUND };
    const struct bytes firsts[] = { HEX("4e544c4d53535000"
                                        "01000000"),
                                    HEX("602006062b0601050502a0163014a00e300c" NTLM_OID
                                        "a2020400") };

    for (size_t i = 0; i < 2; i++) {
        server = (struct side){ .role = SEC_ACCEPTOR };
        fake_host_init(&server.host);
        server.host.settings.ntlm = SEC_NTLM_DENY;
        server.host.host.packages = packages;
        server.host.host.n_packages = 2;
        assert_int_equal(negotiate_package.ops->acquire(&server.host.host, &args, &server.cred),
                         SEC_E_OK);
        assert_int_equal(negotiate_package.ops->open(server.cred, SEC_ACCEPTOR, &server.ctx),
                         SEC_E_OK);
        (void)side_step(&server, firsts[i]);
        assert_status(&server, SEC_E_NO_CREDENTIALS);
        teardown(state);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_ntlm__mics_and_first_message_are_those_of_the_vectors),
        CASE(test_ntlm__facts_and_flags),
        CASE(test_ntlm__wrong_password_is_rejected),
        CASE(test_ntlm__store_that_cannot_answer),
        CASE(test_ntlm__mic_that_does_not_verify_undoes_the_proof),
        CASE(test_ntlm__client_with_negoex_first),
        CASE(test_ntlm__client_without_mic_is_asked),
        CASE(test_ntlm__client_without_signing),
        CASE(test_ntlm__raw_client),
        CASE(test_ntlm__denied_by_policy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
