/* SPDX-License-Identifier: Apache-2.0 */
/* The door: what proves an account and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tests/support/account_store.h"

static int
setup(void **state)
{
    struct test_accounts *f = test_accounts_new();

    f->store.options.accounts.keep_lm_hashes = true;
    return test_accounts_open(f, state);
}

static void
change(struct test_accounts *f, const char *name, const struct account_change *what)
{
    struct account_admin *admin = test_store_admin(&f->store);

    assert_int_equal(account_admin_change(admin, name, what), SEC_E_OK);
    account_admin_close(admin);
}

/* --- [MS-NLMP] 4.2 ------------------------------------------------------------------------- */

#define SERVER_CHALLENGE                               \
    {                                                  \
        0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF \
    }

static const char v1_session[] = "d87262b0cde4b1cb7499becccdf10784";

static struct account_claim
claim_of(enum account_proof_kind kind)
{
    return (struct account_claim){ .kind = kind,
                                   .user = UTF16("User"),
                                   .domain = UTF16("Domain"),
                                   .server_challenge = SERVER_CHALLENGE };
}

/* Twice: from the store, and from the cache. */
static void
assert_proves(struct test_accounts *f, const struct account_claim *claim, struct bytes session)
{
    for (unsigned i = 0; i < 2; i++) {
        struct account_proof proof;

        assert_int_equal(account_prove(f->authority, claim, &proof), SEC_E_OK);
        assert_bytes_equal(bytes_of(proof.session_base_key.b, 16), session);
        assert_bytes_equal(proof.identity->user, UTF16("User"));
        assert_bytes_equal(proof.identity->domain, UTF16("TESTS"));
        assert_int_equal(proof.sub_status, 0);
        account_proof_clear(&proof);
    }
}

/* Every bit of the response counts. */
static void
assert_no_flip_proves(struct test_accounts *f, struct account_claim *claim, struct bytes *response)
{
    uint8_t held[256];

    f->store.options.accounts.lockout_threshold = 0;
    account_authority_close(f->authority);
    assert_int_equal(account_authority_open(&f->store.options.accounts, &f->authority), SEC_E_OK);
    assert_true(response->n <= sizeof(held));
    memcpy(held, response->p, response->n);
    response->p = held;
    for (size_t i = 0; i < response->n * 8; i++) {
        struct account_proof proof;

        held[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_int_equal(account_prove(f->authority, claim, &proof), SEC_E_LOGON_DENIED);
        assert_int_equal(proof.sub_status, ACCOUNT_WRONG_PASSWORD);
        assert_null(proof.identity);
        held[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    for (size_t n = response->n; n-- > 0;) {
        struct account_proof proof;

        response->n = n;
        assert_int_equal(account_prove(f->authority, claim, &proof), SEC_E_LOGON_DENIED);
    }
}

static void
test_prove__ntlm_v2_of_4_2_4__gives_its_session_key(void **state)
{
    struct account_claim claim = claim_of(ACCOUNT_NTLM_V2);

    claim.nt_response = HEX(
        "68cd0ab851e51c96aabc927bebef6a1c01010000000000000000000000000000aaaaaaaaaaaaaaaa00000000"
        "02000c0044006f006d00610069006e0001000c005300650072007600650072000000000000000000");
    assert_proves(*state, &claim, HEX("8de40ccadbc14a82f15cb0ad0de95ca3"));
    assert_no_flip_proves(*state, &claim, &claim.nt_response);
}

static void
test_prove__lm_v2_of_4_2_4__proves(void **state)
{
    struct account_claim claim = claim_of(ACCOUNT_LM_V2);
    const struct bytes sent = HEX("86c35097ac9cec102554764a57cccc19");
    uint8_t session[16];

    /* The session key's value is not in the document: HMAC of the proof under NTOWFv2. */
    digest_hmac_md5(HEX("0c868a403bfd7a93a3001ef22ef02e3f").p, &sent, 1, session);
    claim.lm_response = HEX("86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa");
    assert_proves(*state, &claim, bytes_of(session, 16));
    assert_no_flip_proves(*state, &claim, &claim.lm_response);
}

static void
test_prove__ntlm_v1_of_4_2_2__gives_its_session_key(void **state)
{
    struct account_claim claim = claim_of(ACCOUNT_NTLM_V1);

    claim.nt_response = HEX("67c43011f30298a2ad35ece64f16331c44bdbed927841f94");
    assert_proves(*state, &claim, HEX(v1_session));
    assert_no_flip_proves(*state, &claim, &claim.nt_response);
}

static void
test_prove__ntlm_v1_ess_of_4_2_3__gives_its_session_key(void **state)
{
    struct account_claim claim = claim_of(ACCOUNT_NTLM_V1_ESS);

    claim.nt_response = HEX("7537f803ae367128ca458204bde7caf81e97ed2683267232");
    claim.lm_response = HEX("aaaaaaaaaaaaaaaa00000000000000000000000000000000");
    assert_proves(*state, &claim, HEX(v1_session));
    assert_no_flip_proves(*state, &claim, &claim.nt_response);
}

static void
test_prove__lm_v1_of_4_2_2__gives_both_session_keys(void **state)
{
    struct account_claim claim = claim_of(ACCOUNT_LM_V1);
    struct account_proof proof;
    struct test_accounts *f = *state;

    claim.lm_response = HEX("98def7b87f88aa5dafe2df779688a172def11c7d5ccdef13");
    assert_proves(f, &claim, HEX(v1_session));
    assert_int_equal(account_prove(f->authority, &claim, &proof), SEC_E_OK);
    assert_true(proof.has_lm_session_key);
    assert_bytes_equal(bytes_of(proof.lm_session_key.b, 16),
                       HEX("e52cac67419a9a220000000000000000"));
    account_proof_clear(&proof);
    assert_no_flip_proves(f, &claim, &claim.lm_response);
}

static void
test_prove__lm_v1_without_lm_hashes__refuses(void **state)
{
    struct account_claim claim = claim_of(ACCOUNT_LM_V1);
    struct test_accounts *f = *state;
    struct account_proof proof;

    account_authority_close(f->authority);
    f->store.options.accounts.keep_lm_hashes = false;
    assert_int_equal(account_authority_open(&f->store.options.accounts, &f->authority), SEC_E_OK);
    claim.lm_response = HEX("98def7b87f88aa5dafe2df779688a172def11c7d5ccdef13");
    assert_int_equal(account_prove(f->authority, &claim, &proof), SEC_E_LOGON_DENIED);
}

/* --- names and domains --------------------------------------------------------------------- */

static sec_status
prove_over(struct test_accounts *f, const char *user, const char *domain, const char *domain_in_key)
{
    struct test_claim t;
    struct account_proof proof;
    sec_status status;

    test_claim_make_over(&t, user, domain, domain_in_key, "Password");
    status = account_prove(f->authority, &t.claim, &proof);
    account_proof_clear(&proof);
    return status;
}

static void
test_prove__name_in_any_case__proves(void **state)
{
    assert_int_equal(
        test_logon(((struct test_accounts *)*state)->authority, "uSER", "Password", NULL),
        SEC_E_OK);
}

static void
test_prove__any_domain__proves_as_the_authority_s_own(void **state)
{
    struct test_accounts *f = *state;
    struct test_claim t;
    struct account_proof proof;

    test_claim_make(&t, "user", "ELSEWHERE", "Password");
    assert_int_equal(account_prove(f->authority, &t.claim, &proof), SEC_E_OK);
    assert_bytes_equal(proof.identity->domain, UTF16("TESTS"));
    account_proof_clear(&proof);
    assert_int_equal(prove_over(f, "user", "", ""), SEC_E_OK);
}

static void
test_prove__key_over_an_empty_domain__proves(void **state)
{
    assert_int_equal(prove_over(*state, "user", "SENT", ""), SEC_E_OK);
}

static void
test_prove__key_over_another_domain__refuses(void **state)
{
    assert_int_equal(prove_over(*state, "user", "SENT", "OTHER"), SEC_E_LOGON_DENIED);
}

static void
test_prove__user_at_domain__is_the_plain_user(void **state)
{
    struct test_accounts *f = *state;

    assert_int_equal(prove_over(f, "user@tests.example", "", ""), SEC_E_OK);
    assert_int_equal(prove_over(f, "user@tests.example", "", ""), SEC_E_OK);
    assert_int_equal(prove_over(f, "user@tests.example", "SENT", "SENT"), SEC_E_LOGON_DENIED);
    assert_int_equal(prove_over(f, "@tests.example", "", ""), SEC_E_LOGON_DENIED);
}

static void
test_prove__user_at_domain_with_an_account_of_that_name__is_that_one(void **state)
{
    struct test_accounts *f = *state;

    assert_int_equal(prove_over(f, "user@x", "", ""), SEC_E_OK);
    assert_int_equal(test_store_add(&f->store, "user@x", "another"), SEC_E_OK);
    assert_int_equal(prove_over(f, "user@x", "", ""), SEC_E_LOGON_DENIED);
    assert_int_equal(test_logon(f->authority, "USER@X", "another", NULL), SEC_E_OK);
}

static void
test_prove__names_that_cannot_be__are_refused_alike(void **state)
{
    struct test_accounts *f = *state;
    struct account_claim claim = claim_of(ACCOUNT_NTLM_V2);
    struct account_proof proof;
    static uint8_t longest[65534];
    const struct bytes names[] = {
        { 0 },
        bytes_of("u", 1),
        bytes_of("\0\xD8", 2),
        bytes_of(longest, sizeof(longest)),
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(names); i++) {
        claim.user = names[i];
        assert_int_equal(account_prove(f->authority, &claim, &proof), SEC_E_LOGON_DENIED);
        assert_int_equal(proof.sub_status, ACCOUNT_NO_SUCH_USER);
    }
}

static void
test_prove__name_outside_ascii__compares_without_case(void **state)
{
    struct test_accounts *f = *state;

    assert_int_equal(test_store_add(&f->store, "J\xc3\xbcrgen", "Password"), SEC_E_OK);
    assert_int_equal(test_logon(f->authority, "J\xc3\x9cRGEN", "Password", NULL), SEC_E_OK);
}

/* --- refusals ------------------------------------------------------------------------------ */

static void
test_prove__refusals__name_their_reason_only_to_the_log(void **state)
{
    struct test_accounts *f = *state;
    const bool yes = true, no = false;
    const uint64_t past = 1, never = CLOCK_NEVER_100NS;
    uint32_t why;

    assert_int_equal(test_logon(f->authority, "nobody", "Password", &why), SEC_E_LOGON_DENIED);
    assert_int_equal(why, ACCOUNT_NO_SUCH_USER);
    assert_int_equal(test_logon(f->authority, "user", "wrong", &why), SEC_E_LOGON_DENIED);
    assert_int_equal(why, ACCOUNT_WRONG_PASSWORD);

    change(f, "user", &(struct account_change){ .password_expires_100ns = &past });
    assert_int_equal(test_logon(f->authority, "user", "Password", &why), SEC_E_LOGON_DENIED);
    assert_int_equal(why, ACCOUNT_PASSWORD_EXPIRED);
    change(f, "user", &(struct account_change){ .expires_100ns = &past });
    assert_int_equal(test_logon(f->authority, "user", "Password", &why), SEC_E_LOGON_DENIED);
    assert_int_equal(why, ACCOUNT_EXPIRED);
    change(f, "user", &(struct account_change){ .disabled = &yes });
    assert_int_equal(test_logon(f->authority, "user", "Password", &why), SEC_E_LOGON_DENIED);
    assert_int_equal(why, ACCOUNT_DISABLED);
    assert_int_equal(test_logon(f->authority, "user", "wrong", &why), SEC_E_LOGON_DENIED);
    assert_int_equal(why, ACCOUNT_WRONG_PASSWORD);

    change(f, "user",
           &(struct account_change){
               .disabled = &no, .expires_100ns = &never, .password_expires_100ns = &never });
    assert_int_equal(test_logon(f->authority, "user", "Password", &why), SEC_E_OK);
}

/* The linker puts this in the place of what every form of a v2 proof begins with (meson.build). */
static unsigned proofs_tried;

void __wrap_ntlm_key_v2_prepared(const struct hmac_md5_key *nt_hash, struct bytes user_upper,
                                 struct bytes domain, struct secret16 *out);
void __real_ntlm_key_v2_prepared(const struct hmac_md5_key *nt_hash, struct bytes user_upper,
                                 struct bytes domain, struct secret16 *out);

void
__wrap_ntlm_key_v2_prepared(const struct hmac_md5_key *nt_hash, struct bytes user_upper,
                            struct bytes domain, struct secret16 *out)
{
    proofs_tried++;
    __real_ntlm_key_v2_prepared(nt_hash, user_upper, domain, out);
}

/* How often a refusal computed the proof. */
static unsigned
proofs_of_refusal(struct test_accounts *f, const char *user, const char *password)
{
    struct test_claim t;
    struct account_proof proof;
    unsigned before;

    test_claim_make(&t, user, "TESTS", password);
    before = proofs_tried;
    assert_int_equal(account_prove(f->authority, &t.claim, &proof), SEC_E_LOGON_DENIED);
    return proofs_tried - before;
}

/* Guesses at a locked account count no more: its refusals must not tell a right one by the work
 * that it spares; nor does a name that nobody has spare any. */
static void
test_prove__right_password_of_a_locked_account__works_as_hard_as_a_wrong_one(void **state)
{
    struct test_accounts *f = *state;
    unsigned wrong;

    assert_int_equal(test_logon(f->authority, "user", "Password", NULL), SEC_E_OK);
    wrong = proofs_of_refusal(f, "User", "Passwore");
    assert_true(wrong > 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(test_logon(f->authority, "user", "wrong", NULL), SEC_E_LOGON_DENIED);
    }
    assert_int_equal(proofs_of_refusal(f, "User", "Password"), wrong);
    assert_int_equal(proofs_of_refusal(f, "User", "Passwore"), wrong);
    assert_int_equal(proofs_of_refusal(f, "Nobody", "Password"), wrong);
}

static void
test_close__by_one_of_two__leaves_it_to_the_other(void **state)
{
    struct test_accounts *f = *state;
    struct account_authority *more = account_authority_ref(f->authority);

    account_authority_close(f->authority);
    assert_int_equal(test_logon(more, "user", "Password", NULL), SEC_E_OK);
    assert_ptr_equal(more, f->authority); /* which the teardown closes */
}

static void
test_prove__change_of_the_password__is_seen_at_once(void **state)
{
    struct test_accounts *f = *state;
    struct account_admin *admin = test_store_admin(&f->store);

    assert_int_equal(test_logon(f->authority, "user", "Password", NULL), SEC_E_OK);
    assert_int_equal(account_admin_set_password(admin, "USER", bytes_of_string("new"), false),
                     SEC_E_OK);
    assert_int_equal(test_logon(f->authority, "user", "Password", NULL), SEC_E_LOGON_DENIED);
    assert_int_equal(test_logon(f->authority, "user", "new", NULL), SEC_E_OK);
    assert_int_equal(account_admin_remove(admin, "user"), SEC_E_OK);
    assert_int_equal(test_logon(f->authority, "user", "new", NULL), SEC_E_LOGON_DENIED);
    account_admin_close(admin);
}

static void
test_prove__groups_and_unix_user__are_in_the_identity(void **state)
{
    struct test_accounts *f = *state;
    const char *const groups[] = { "Operators", "Readers" };
    struct test_claim t;
    struct account_proof proof;

    change(f, "user",
           &(struct account_change){ .join = groups, .n_join = 2, .unix_user = "daemon" });
    test_claim_make(&t, "user", "TESTS", "Password");
    assert_int_equal(account_prove(f->authority, &t.claim, &proof), SEC_E_OK);
    assert_int_equal(proof.identity->n_groups, 2);
    assert_string_equal(proof.identity->groups[0], "Operators");
    assert_string_equal(proof.identity->groups[1], "Readers");
    assert_string_equal(proof.identity->unix_user, "daemon");
    assert_non_null(strstr(proof.identity->sid, "-1001"));
    assert_non_null(strstr(proof.identity->group_sids[1], "-1003"));
    account_proof_clear(&proof);

    change(f, "user", &(struct account_change){ .leave = groups, .n_leave = 1, .unix_user = "" });
    assert_int_equal(account_prove(f->authority, &t.claim, &proof), SEC_E_OK);
    assert_int_equal(proof.identity->n_groups, 1);
    assert_null(proof.identity->unix_user);
    account_proof_clear(&proof);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, test_accounts_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_prove__ntlm_v2_of_4_2_4__gives_its_session_key),
        TEST(test_prove__lm_v2_of_4_2_4__proves),
        TEST(test_prove__ntlm_v1_of_4_2_2__gives_its_session_key),
        TEST(test_prove__ntlm_v1_ess_of_4_2_3__gives_its_session_key),
        TEST(test_prove__lm_v1_of_4_2_2__gives_both_session_keys),
        TEST(test_prove__lm_v1_without_lm_hashes__refuses),
        TEST(test_prove__name_in_any_case__proves),
        TEST(test_prove__any_domain__proves_as_the_authority_s_own),
        TEST(test_prove__key_over_an_empty_domain__proves),
        TEST(test_prove__key_over_another_domain__refuses),
        TEST(test_prove__user_at_domain__is_the_plain_user),
        TEST(test_prove__user_at_domain_with_an_account_of_that_name__is_that_one),
        TEST(test_prove__names_that_cannot_be__are_refused_alike),
        TEST(test_prove__name_outside_ascii__compares_without_case),
        TEST(test_prove__refusals__name_their_reason_only_to_the_log),
        TEST(test_prove__right_password_of_a_locked_account__works_as_hard_as_a_wrong_one),
        TEST(test_close__by_one_of_two__leaves_it_to_the_other),
        TEST(test_prove__change_of_the_password__is_seen_at_once),
        TEST(test_prove__groups_and_unix_user__are_in_the_identity),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
