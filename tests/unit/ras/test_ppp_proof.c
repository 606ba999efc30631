/* SPDX-License-Identifier: Apache-2.0 */
/* What a caller sent, as a claim; and what it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ras/ppp_proof.h"
#include "ras/settings.h"
#include "tests/support/hex.h"

#define TEXT(s) bytes_of((s), sizeof(s) - 1)

static struct ppp_proof proof; /* it points into itself */

static const char *
make(uint8_t algorithm, struct bytes user, struct bytes challenge, struct bytes response)
{
    const struct ppp_msg m = { .type = PPP_MSG_PROVE,
                               .algorithm = algorithm,
                               .id = 9,
                               .user = user,
                               .challenge = challenge,
                               .response = response };

    return ppp_proof_make(&proof, &m);
}

static const struct {
    const char *printed, *user, *domain, *sent;
} names[] = {
    { "alice", "alice", "", "alice" },
    { "TESTS\\alice", "alice", "TESTS", "alice" },
    { "alice@tests.example", "alice@tests.example", "", "alice@tests.example" },
    { "", "", "", "" },
    { "\\", "", "", "" },
    /* What pppd prints of "jörg", and of U+0420, whose second byte is a control character's. */
    { "jM-CM-6rg", "j\xc3\xb6rg", "", "j\xc3\xb6rg" },
    { "M-PM-^@", "\xd0\x80", "", "\xd0\x80" },
    /* Typed so. */
    { "AM-PM", "AM-PM", "", "AM-PM" },
    { "M-", "M-", "", "M-" },
    { "M-^", "M-^", "", "M-^" },
    { "M-C", "M-C", "", "M-C" },
};

static void
test_ppp_proof_make__names__are_taken_as_they_were_sent(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(names); i++) {
        print_message("%s\n", names[i].printed);
        assert_null(
            make(PPP_MSG_PAP, bytes_of_string(names[i].printed), (struct bytes){ 0 }, TEXT("x")));
        assert_string_equal(proof.user, names[i].user);
        assert_string_equal(proof.domain, names[i].domain);
        assert_bytes_equal(proof.claim.peer_name, bytes_of_string(names[i].sent));
        assert_true(proof.claim.dial_in);
    }
    assert_null(make(PPP_MSG_PAP, TEXT("D\\Us"), (struct bytes){ 0 }, TEXT("pM-CM-6")));
    assert_bytes_equal(proof.claim.user, UTF16("Us"));
    assert_bytes_equal(proof.claim.domain, UTF16("D"));
    assert_bytes_equal(proof.claim.password, TEXT("p\xc3\xb6"));
    assert_int_equal(proof.claim.kind, ACCOUNT_PASSWORD);
}

static void
test_ppp_proof_make__a_name_of_the_greatest_length__fits(void **state)
{
    char longest[PPP_MSG_USER_MAX];

    memset(longest, 'a', sizeof(longest));
    assert_null(make(PPP_MSG_PAP, TEXT(longest), (struct bytes){ 0 }, TEXT("x")));
    assert_int_equal(proof.claim.user.n, 2 * (sizeof(longest) - 1));
}

static void
test_ppp_proof_make__chap__takes_what_is_hashed(void **state)
{
    const struct bytes response = TEXT("1234567812345678");

    assert_null(make(PPP_MSG_CHAP_MD5, TEXT("u"), TEXT("challenge"), response));
    assert_int_equal(proof.claim.kind, ACCOUNT_CHAP_MD5);
    assert_int_equal(proof.claim.chap_id, 9);
    assert_bytes_equal(proof.claim.challenge, TEXT("challenge"));
    assert_bytes_equal(proof.claim.chap_response, response);
    assert_non_null(make(PPP_MSG_CHAP_MD5, TEXT("u"), TEXT("challenge"), TEXT("short")));
    assert_string_equal(proof.user, "u");
}

static void
test_ppp_proof_make__mschap__takes_the_nt_response_alone(void **state)
{
    uint8_t response[49];
    struct bytes whole = bytes_of(response, sizeof(response));

    for (size_t i = 0; i < sizeof(response); i++) {
        response[i] = (uint8_t)i;
    }
    response[48] = 1;
    assert_null(make(PPP_MSG_MSCHAP, TEXT("u"), TEXT("12345678"), whole));
    assert_int_equal(proof.claim.kind, ACCOUNT_MSCHAP);
    assert_bytes_equal(proof.claim.nt_response, bytes_of(response + 24, 24));
    assert_memory_equal(proof.claim.server_challenge, "12345678", 8);
    response[48] = 0; /* LAN Manager's */
    assert_non_null(make(PPP_MSG_MSCHAP, TEXT("u"), TEXT("12345678"), whole));
    assert_null(make(PPP_MSG_MSCHAP_V2, TEXT("D\\u"), TEXT("1234567812345678"), whole));
    assert_int_equal(proof.claim.kind, ACCOUNT_MSCHAP_V2);
    assert_bytes_equal(proof.claim.peer_challenge, bytes_of(response, 16));
    assert_bytes_equal(proof.claim.nt_response, bytes_of(response + 24, 24));
    assert_bytes_equal(proof.claim.peer_name, TEXT("u"));
    for (size_t n = 0; n < sizeof(response); n++) {
        assert_non_null(
            make(PPP_MSG_MSCHAP_V2, TEXT("u"), TEXT("1234567812345678"), bytes_of(response, n)));
    }
    assert_non_null(make(PPP_MSG_MSCHAP_V2, TEXT("u"), TEXT("123456781234567"), whole));
    assert_non_null(make(PPP_MSG_MSCHAP, TEXT("u"), TEXT("1234567812345678"), whole));
}

static void
test_ppp_proof_success_and_failure__are_in_each_protocol_s_form(void **state)
{
    uint8_t response[49] = { [48] = 1 };
    struct bytes whole = bytes_of(response, sizeof(response));
    char text[PPP_PROOF_TEXT_BYTES];
    uint8_t authenticator[20];

    (void)hex_into(authenticator, 20, "407a5589115fd0d6209f510fe9c04566932cda56");
    assert_null(make(PPP_MSG_MSCHAP_V2, TEXT("u"), TEXT("[]|}{?/><,`!2&&("), whole));
    ppp_proof_success(&proof, authenticator, text);
    assert_string_equal(text, "S=407A5589115FD0D6209F510FE9C04566932CDA56 M=Access granted");
    ppp_proof_failure(&proof, text);
    assert_string_equal(text, "E=691 R=0 C=5B5D7C7D7B3F2F3E3C2C602132262628 V=3 M=Access denied");
    assert_null(make(PPP_MSG_MSCHAP, TEXT("u"), TEXT("12345678"), whole));
    ppp_proof_failure(&proof, text);
    assert_string_equal(text, "E=691 R=0");
    assert_null(make(PPP_MSG_PAP, TEXT("u"), (struct bytes){ 0 }, TEXT("x")));
    ppp_proof_failure(&proof, text);
    assert_string_equal(text, "Access denied");
    assert_int_equal(ppp_proof_bit(PPP_MSG_PAP), PPP_PAP);
    assert_int_equal(ppp_proof_bit(PPP_MSG_CHAP_MD5), PPP_CHAP_MD5);
    assert_int_equal(ppp_proof_bit(PPP_MSG_MSCHAP), PPP_MSCHAP);
    assert_int_equal(ppp_proof_bit(PPP_MSG_MSCHAP_V2), PPP_MSCHAP_V2);
    assert_int_equal(ppp_proof_bit(6), 0);
}

static void
test_ppp_proof_reason__each_refusal_has_words_of_its_own(void **state)
{
    static const uint32_t refusals[] = { ACCOUNT_NO_SUCH_USER, ACCOUNT_WRONG_PASSWORD,
                                         ACCOUNT_NO_DIAL_IN,   ACCOUNT_PASSWORD_EXPIRED,
                                         ACCOUNT_DISABLED,     ACCOUNT_EXPIRED,
                                         ACCOUNT_LOCKED_OUT,   ACCOUNT_CHALLENGE_USED,
                                         ACCOUNT_NOT_OF_NOW };
    const struct account_proof other = { .sub_status = 1 };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(refusals); i++) {
        const struct account_proof refused = { .sub_status = refusals[i] };

        assert_string_not_equal(ppp_proof_reason(&refused, SEC_E_LOGON_DENIED),
                                ppp_proof_reason(&other, SEC_E_LOGON_DENIED));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ppp_proof_make__names__are_taken_as_they_were_sent),
        cmocka_unit_test(test_ppp_proof_make__a_name_of_the_greatest_length__fits),
        cmocka_unit_test(test_ppp_proof_make__chap__takes_what_is_hashed),
        cmocka_unit_test(test_ppp_proof_make__mschap__takes_the_nt_response_alone),
        cmocka_unit_test(test_ppp_proof_success_and_failure__are_in_each_protocol_s_form),
        cmocka_unit_test(test_ppp_proof_reason__each_refusal_has_words_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
