/* SPDX-License-Identifier: Apache-2.0 */
/* What an acceptor reads out of a client's first message, and what it says to clients that could
 * get no ticket. */
#include "tests/unit/negotiate/sides.h"

#define MS_KRB5 "06092a864882f712010202"
#define KRB5    "06092a864886f712010202"
#define U2U     "060a2a864886f71201020203"
#define IAKERB  "06062b0601050205"
#define NTLM    "060a2b06010401823702020a"
#define NEGOEX  "060a2b06010401823702021e"

/* A NegTokenInit with these object identifiers and this token, in hexadecimal. */
static sec_status
send_init(const char *oids, struct bytes token)
{
    uint8_t list[256], room[SIDE_ROOM];
    struct wire_writer w = wire_writer_fixed(room, sizeof(room));
    struct spnego_init m = { .mech_token = token };

    m.mech_list = hex_into(list + 2, sizeof(list) - 2, oids);
    list[0] = 0x30;
    list[1] = (uint8_t)m.mech_list.n;
    assert_true(m.mech_list.n < 128);
    m.mech_list = bytes_of(list, m.mech_list.n + 2);
    spnego_init_encode(&w, &m);
    return side_step(&server, wire_written(&w));
}

/* A first token of the fake Kerberos. */
static struct bytes
ticket(void)
{
    static uint8_t room[256];
    struct wire_writer w = wire_writer_fixed(room, sizeof(room));
    struct sec_cred cred = { .package = &fake_mechs[0].package };
    struct sec_step_args args = { .wanted = SEC_INTEGRITY };
    struct sec_ctx *mech;

    assert_int_equal(fake_mechs[0].ops.open(&cred, SEC_INITIATOR, &mech), SEC_E_OK);
    (void)fake_mechs[0].ops.step(mech, &args, &w);
    fake_mechs[0].ops.free_ctx(mech);
    return wire_written(&w);
}

static void
assert_offer(const char *mechanisms, enum sec_mechanism token)
{
    static const char letters[] = {
        [SEC_MECHANISM_KRB5] = 'k',   [SEC_MECHANISM_MS_KRB5] = 'm', [SEC_MECHANISM_KRB5_U2U] = 'u',
        [SEC_MECHANISM_IAKERB] = 'i', [SEC_MECHANISM_NTLM] = 'n',    [SEC_MECHANISM_NEGOEX] = 'x',
        [SEC_MECHANISM_OTHER] = 'o'
    };
    struct sec_offer offer = side_facts(&server).offer;
    char have[SEC_OFFERED_MAX + 1] = "";

    for (size_t i = 0; i < SEC_OFFERED_MAX && offer.mechanisms[i]; i++) {
        have[i] = letters[offer.mechanisms[i]];
    }
    assert_string_equal(have, mechanisms);
    assert_int_equal(offer.token, token);
}

/* --- choices ------------------------------------------------------------------------------- */

/* Lists as Windows, MIT, Heimdal and Java send them; the answer has the client's spelling. */
static void
test_init__kerberos_is_chosen_under_the_name_that_stands_first(void **state)
{
    static const struct {
        const char *oids, *chosen, *offer;
        bool first;
    } rows[] = {
        { MS_KRB5 KRB5 NEGOEX NTLM, MS_KRB5, "mkxn", true },
        { MS_KRB5 KRB5 U2U NTLM, MS_KRB5, "mkun", true },
        { KRB5, KRB5, "k", true },
        { KRB5 MS_KRB5 IAKERB NTLM, KRB5, "kmin", true },
        { U2U KRB5, U2U, "uk", true },
        { NEGOEX MS_KRB5 KRB5 NTLM, MS_KRB5, "xmkn", false },
        { IAKERB KRB5, KRB5, "ik", false },
        { "06032a0309" KRB5, KRB5, "ok", false },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        uint8_t oid[32];

        setup_windows(state);
        print_message("# %s\n", rows[i].offer);
        side_open(&server, SEC_ACCEPTOR, "AB");
        (void)send_init(rows[i].oids, ticket());
        assert_status(&server, rows[i].first ? SEC_E_OK : SEC_I_CONTINUE_NEEDED);
        assert_bytes_equal(side_resp(&server).mech, hex_into(oid, sizeof(oid), rows[i].chosen));
        assert_int_equal(side_resp(&server).state,
                         rows[i].first ? SPNEGO_ACCEPT_COMPLETED : SPNEGO_REQUEST_MIC);
        assert_offer(rows[i].offer, SEC_MECHANISM_NONE);
        teardown(state);
    }
}

/* No initiator of ours offers the identifier of user-to-user, and no hint of a server has it. */
static void
test_hint__user_to_user_is_not_announced(void **state)
{
    (void)state;
    side_open(&server, SEC_ACCEPTOR, "AB");
    (void)side_step(&server, (struct bytes){ 0 });
    assert_bytes_equal(side_init(&server).mech_list, HEX("3022" MS_KRB5 KRB5 NTLM));
    assert_offer("", SEC_MECHANISM_NONE);
}

static void
test_offer__eight_are_kept_of_many(void **state)
{
    (void)state;
    side_open(&server, SEC_ACCEPTOR, "B");
    (void)send_init("06012a06012b06012c06012d06012e06012f06013006013106013206012a" NTLM, HEX(""));
    assert_status(&server, SEC_I_CONTINUE_NEEDED);
    assert_offer("oooooooo", SEC_MECHANISM_NONE);
}

static void
test_token__told_by_its_beginning(void **state)
{
    static const struct {
        const char *hex;
        enum sec_mechanism mechanism;
    } rows[] = {
        { "4e544c4d5353500001000000", SEC_MECHANISM_NTLM },
        { "4e45474f45585453", SEC_MECHANISM_NEGOEX },
        { "600d" KRB5 "0100", SEC_MECHANISM_KRB5 },
        { "600d" MS_KRB5 "0100", SEC_MECHANISM_MS_KRB5 },
        { "600e" U2U "0400", SEC_MECHANISM_KRB5_U2U },
        { "600a" IAKERB "0501", SEC_MECHANISM_IAKERB },
        { "600506032a0309", SEC_MECHANISM_OTHER },
        { "6e82", SEC_MECHANISM_KRB5 },
        { "4e544c4d535350", SEC_MECHANISM_NONE },
        { "60", SEC_MECHANISM_NONE },
        { "", SEC_MECHANISM_NONE },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        uint8_t room[64];

        assert_int_equal(nego_offer_token_of(hex_into(room, sizeof(room), rows[i].hex)),
                         rows[i].mechanism);
    }
}

/* --- clients without a ticket -------------------------------------------------------------- */

static void
test_refusal__names_what_was_offered_and_the_remedy(void **state)
{
    static const struct {
        const char *usable, *oids, *says[3];
        bool remedy;
    } rows[] = {
        { "A", NEGOEX NTLM, { "NegoEx, NTLM", "SPN", "zone" }, true },
        { "A", NTLM, { "offers NTLM", "SPN", "zone" }, true },
        { "A", IAKERB, { "offers IAKERB", "SPN", "zone" }, true },
        { "B", NEGOEX, { "offers NegoEx", "", "" }, false },
        { "B", MS_KRB5 KRB5, { "MS-Kerberos, Kerberos", "", "" }, false },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        setup_windows(state);
        side_open(&server, SEC_ACCEPTOR, rows[i].usable);
        (void)send_init(rows[i].oids, HEX("4e544c4d5353500001000000"));
        assert_status(&server, SEC_E_INVALID_TOKEN);
        for (size_t k = 0; k < 3; k++) {
            assert_non_null(strstr(sec_reason(), rows[i].says[k]));
        }
        assert_int_equal(!!strstr(sec_reason(), "ticket"), rows[i].remedy);
        assert_bytes_equal(server.token, HEX("a1073005a0030a0102"));
        teardown(state);
    }
}

static void
test_refusal__says_why_the_mechanism_is_not_here(void **state)
{
    (void)state;
    fake_mechs[0].acquire_fails = SEC_E_NO_CREDENTIALS;
    side_open(&server, SEC_ACCEPTOR, "AB");
    (void)send_init(MS_KRB5 KRB5, ticket());
    assert_status(&server, SEC_E_INVALID_TOKEN);
    assert_non_null(strstr(sec_reason(), "here Kerberos: Kerberos: as the test wants it"));
}

/* NTLM's or NegoEx's token where Kerberos heads the list. */
static void
test_init__kerberos_offered_with_anothers_token_refused(void **state)
{
    static const struct {
        const char *oids, *token, *says;
        enum sec_mechanism mechanism;
    } rows[] = {
        { MS_KRB5 KRB5 NTLM, "4e544c4d5353500001000000", "a token of NTLM", SEC_MECHANISM_NTLM },
        { KRB5 NEGOEX, "4e45474f45585453", "a token of NegoEx", SEC_MECHANISM_NEGOEX },
        { KRB5, "600a" IAKERB "0501", "a token of IAKERB", SEC_MECHANISM_IAKERB },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        uint8_t token[64];

        side_open(&server, SEC_ACCEPTOR, "AB");
        (void)send_init(rows[i].oids, hex_into(token, sizeof(token), rows[i].token));
        assert_status(&server, SEC_E_INVALID_TOKEN);
        assert_non_null(strstr(sec_reason(), rows[i].says));
        assert_non_null(strstr(sec_reason(), "could not get a ticket"));
        assert_int_equal(side_facts(&server).offer.token, rows[i].mechanism);
        assert_int_equal(fake_mechs[0].steps, 0);
        assert_bytes_equal(server.token, HEX("a1073005a0030a0102"));
        teardown(state);
    }
}

/* A second choice's token is not read: it is dropped, and what it is is known all the same. */
static void
test_init__negoex_token_before_kerberos_is_kept_in_mind(void **state)
{
    (void)state;
    side_open(&server, SEC_ACCEPTOR, "AB");
    (void)send_init(NEGOEX MS_KRB5 NTLM, HEX("4e45474f45585453"));
    assert_status(&server, SEC_I_CONTINUE_NEEDED);
    assert_offer("xmn", SEC_MECHANISM_NEGOEX);
    assert_int_equal(fake_mechs[0].steps, 0);
}

static void
test_raw__another_mechanism_is_named(void **state)
{
    static const struct {
        const char *token, *says;
        bool remedy;
    } rows[] = {
        { "4e544c4d5353500001000000", "token of NTLM without SPNEGO", true },
        { "4e45474f45585453", "token of NegoEx", true },
        { "600506032a0309", "neither of SPNEGO", false },
        { "00", "neither of SPNEGO", false },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        uint8_t token[64];

        setup_windows(state);
        side_open(&server, SEC_ACCEPTOR, "A");
        (void)side_step(&server, hex_into(token, sizeof(token), rows[i].token));
        assert_status(&server, SEC_E_INVALID_TOKEN);
        assert_non_null(strstr(sec_reason(), rows[i].says));
        assert_int_equal(!!strstr(sec_reason(), "SPN registered"), rows[i].remedy);
        assert_true(side_facts(&server).offer.raw);
        assert_int_equal(server.token.n, 0);
        teardown(state);
    }
}

/* By each of its names, the third included, raw Kerberos reaches Kerberos. */
static void
test_raw__kerberos_by_each_of_its_names(void **state)
{
    static const char *const tokens[] = { "600d" KRB5 "0100", "600d" MS_KRB5 "0100",
                                          "600e" U2U "0400" };

    for (size_t i = 0; i < SEC_ARRAY_LEN(tokens); i++) {
        uint8_t token[64];

        setup_windows(state);
        side_open(&server, SEC_ACCEPTOR, "BA");
        fake_mechs[0].error_token = true;
        (void)side_step(&server, hex_into(token, sizeof(token), tokens[i]));
        assert_status(&server, SEC_E_INVALID_TOKEN); /* it is no token of the fake one's */
        assert_int_equal(fake_mechs[0].steps, 1);
        assert_bytes_equal(server.token, bytes_of_string("sorry")); /* and its error goes out raw */
        teardown(state);
    }
}

/* --- names --------------------------------------------------------------------------------- */

static sec_status
check_service(const struct sec_cred *cred, const char *service)
{
    (void)cred;
    return service ? sec_fail(SEC_E_NO_CREDENTIALS, "no key for %s", service) : SEC_E_OK;
}

static void
test_check_service__asks_who_has_keys(void **state)
{
    const struct sec_package_ops *ops = negotiate_package.ops;

    (void)state;
    side_open(&server, SEC_ACCEPTOR, "BA");
    assert_int_equal(ops->check_service(server.cred, NULL), SEC_E_UNSUPPORTED_FUNCTION);
    fake_mechs[0].ops.check_service = check_service;
    assert_int_equal(ops->check_service(server.cred, NULL), SEC_E_OK);
    assert_int_equal(ops->check_service(server.cred, "HTTP/web1"), SEC_E_NO_CREDENTIALS);
    assert_string_equal(sec_reason(), "no key for HTTP/web1");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup_windows, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_init__kerberos_is_chosen_under_the_name_that_stands_first),
        CASE(test_hint__user_to_user_is_not_announced),
        CASE(test_offer__eight_are_kept_of_many),
        CASE(test_token__told_by_its_beginning),
        CASE(test_refusal__names_what_was_offered_and_the_remedy),
        CASE(test_refusal__says_why_the_mechanism_is_not_here),
        CASE(test_init__kerberos_offered_with_anothers_token_refused),
        CASE(test_init__negoex_token_before_kerberos_is_kept_in_mind),
        CASE(test_raw__another_mechanism_is_named),
        CASE(test_raw__kerberos_by_each_of_its_names),
        CASE(test_check_service__asks_who_has_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
