/* SPDX-License-Identifier: Apache-2.0 */
/* The proofs of PPP: PAP, CHAP with MD5, MS-CHAP, MS-CHAPv2, and who may dial in. */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "account/seal.h"
#include "crypto/digest.h"
#include "tests/support/account_store.h"

static void
reopen(struct test_accounts *f)
{
    account_authority_close(f->authority);
    assert_int_equal(account_authority_open(&f->store.options.accounts, &f->authority), SEC_E_OK);
}

static int
setup(void **state)
{
    struct test_accounts *f = test_accounts_new();
    struct account_admin *admin;

    admin = test_store_admin(&f->store);
    assert_int_equal(
        account_admin_add(admin,
                          &(struct account_new){ .name = "User",
                                                 .password = bytes_of_string("clientPass"),
                                                 .keeps_clear_text = true,
                                                 .may_dial_in = true,
                                                 .expires_100ns = CLOCK_NEVER_100NS,
                                                 .password_expires_100ns = CLOCK_NEVER_100NS }),
        SEC_E_OK);
    account_admin_close(admin);
    assert_int_equal(test_store_add(&f->store, "other", "clientPass"), SEC_E_OK);
    reopen(f);
    *state = f;
    return 0;
}

static struct account_claim
claim_of(enum account_proof_kind kind)
{
    return (struct account_claim){ .kind = kind, .user = UTF16("User"), .domain = UTF16("D") };
}

static sec_status
prove(struct test_accounts *f, const struct account_claim *claim, struct account_proof *keep)
{
    struct account_proof proof;
    sec_status status = account_prove(f->authority, claim, &proof);

    assert_int_equal(status == SEC_E_OK, proof.identity != NULL);
    account_identity_unref(proof.identity);
    proof.identity = NULL;
    if (keep) {
        *keep = proof;
    }
    return status;
}

/* Every bit of what was sent counts, and its length. */
static void
assert_no_change_proves(struct test_accounts *f, struct account_claim *claim, struct bytes *sent)
{
    uint8_t held[64];

    f->store.options.accounts.lockout_threshold = 0;
    reopen(f);
    assert_true(sent->n < sizeof(held));
    memcpy(held, sent->p, sent->n);
    held[sent->n] = 0;
    sent->p = held;
    for (size_t i = 0; i < sent->n * 8; i++) {
        held[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_int_equal(prove(f, claim, NULL), SEC_E_LOGON_DENIED);
        held[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    sent->n++;
    assert_int_equal(prove(f, claim, NULL), SEC_E_LOGON_DENIED);
    sent->n--;
    for (size_t n = sent->n; n-- > 0;) {
        sent->n = n;
        assert_int_equal(prove(f, claim, NULL), SEC_E_LOGON_DENIED);
    }
}

/* RFC 2759 9.2 and RFC 3079 3.5.3; twice, from the store and from the cache. */
static struct account_claim
mschap_v2_of_9_2(void)
{
    struct account_claim claim = claim_of(ACCOUNT_MSCHAP_V2);

    claim.challenge = HEX("5b5d7c7d7b3f2f3e3c2c602132262628");
    claim.peer_challenge = HEX("21402324255e262a28295f2b3a337c7e");
    claim.peer_name = bytes_of_string("User");
    claim.nt_response = HEX("82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df");
    return claim;
}

static void
test_prove__mschap_v2_of_rfc2759__gives_answer_and_keys(void **state)
{
    struct account_claim claim = mschap_v2_of_9_2();

    for (unsigned i = 0; i < 2; i++) {
        struct account_proof proof;

        assert_int_equal(prove(*state, &claim, &proof), SEC_E_OK);
        assert_bytes_equal(bytes_of(proof.authenticator, 20),
                           HEX("407a5589115fd0d6209f510fe9c04566932cda56"));
        assert_bytes_equal(bytes_of(proof.mppe_send.b, 16),
                           HEX("8b7cdc149b993a1ba118cb153f56dccb"));
        assert_bytes_equal(bytes_of(proof.session_base_key.b, 16),
                           HEX("41c00c584bd2d91c4017a2a12fa59f3f"));
    }
}

static void
test_prove__mschap_v2_changed__refuses_and_gives_nothing(void **state)
{
    struct account_claim claim = mschap_v2_of_9_2();
    struct account_proof proof;

    assert_no_change_proves(*state, &claim, &claim.nt_response);
    claim = mschap_v2_of_9_2();
    assert_no_change_proves(*state, &claim, &claim.challenge);
    claim = mschap_v2_of_9_2();
    assert_no_change_proves(*state, &claim, &claim.peer_challenge);
    claim = mschap_v2_of_9_2();
    claim.peer_name = bytes_of_string("user"); /* the bytes as sent are hashed */
    assert_int_equal(prove(*state, &claim, &proof), SEC_E_LOGON_DENIED);
    assert_bytes_equal(bytes_of(proof.mppe_send.b, 16), HEX("00000000000000000000000000000000"));
    assert_bytes_equal(bytes_of(proof.authenticator, 20),
                       HEX("0000000000000000000000000000000000000000"));
}

/* RFC 2433's response, which is of another password than RFC 3079 2.5.3's key. */
static void
test_prove__mschap_of_the_rfcs__gives_one_key(void **state)
{
    struct account_claim claim = claim_of(ACCOUNT_MSCHAP);
    struct test_accounts *f = *state;
    struct account_admin *admin = test_store_admin(&f->store);
    struct account_proof proof;
    struct secret16 hash;
    uint8_t response[24];

    memcpy(claim.server_challenge, HEX("102db5df085d3041").p, 8);
    ntlm_key_nt_hash(UTF16("clientPass"), &hash);
    ntlm_key_v1_response(&hash, claim.server_challenge, response);
    claim.nt_response = bytes_of(response, sizeof(response));
    assert_int_equal(prove(f, &claim, &proof), SEC_E_OK);
    assert_bytes_equal(bytes_of(proof.mppe_send.b, 16), HEX("a8947850cfc0acc1d1789fb62ddcddb0"));
    assert_memory_equal(proof.mppe_send.b, proof.mppe_receive.b, 16);
    assert_int_equal(account_admin_set_password(admin, "user", bytes_of_string("MyPw"), false),
                     SEC_E_OK);
    account_admin_close(admin);
    claim.nt_response = HEX("4e9d3c8f9cfd385d5bf4d3246791956ca4c351ab409a3d61");
    assert_int_equal(prove(f, &claim, NULL), SEC_E_OK);
    assert_no_change_proves(f, &claim, &claim.nt_response);
}

static void
test_prove__password__is_the_whole_one(void **state)
{
    struct account_claim claim = claim_of(ACCOUNT_PASSWORD);
    static const char *const wrong[] = { "", "clientPas", "clientPass ", "clientpass", "\xff" };
    struct test_accounts *f = *state;

    claim.password = bytes_of_string("clientPass");
    assert_int_equal(prove(f, &claim, NULL), SEC_E_OK);
    assert_int_equal(prove(f, &claim, NULL), SEC_E_OK);
    f->store.options.accounts.lockout_threshold = 0;
    reopen(f);
    for (size_t i = 0; i < SEC_ARRAY_LEN(wrong); i++) {
        claim.password = bytes_of_string(wrong[i]);
        assert_int_equal(prove(f, &claim, NULL), SEC_E_LOGON_DENIED);
    }
}

/* --- CHAP ---------------------------------------------------------------------------------- */

static uint8_t chap_answer[MD5_BYTES];

static struct account_claim
chap_of(const char *password)
{
    struct account_claim claim = claim_of(ACCOUNT_CHAP_MD5);
    struct bytes parts[3];

    claim.chap_id = 7;
    claim.challenge = bytes_of_string("a challenge of any length");
    parts[0] = bytes_of(&claim.chap_id, 1);
    parts[1] = bytes_of_string(password);
    parts[2] = claim.challenge;
    digest_md5(parts, 3, chap_answer);
    claim.chap_response = bytes_of(chap_answer, sizeof(chap_answer));
    return claim;
}

static void
test_prove__chap_md5__needs_the_clear_text(void **state)
{
    struct account_claim claim = chap_of("clientPass");
    struct test_accounts *f = *state;
    struct account_proof proof;

    assert_int_equal(prove(f, &claim, NULL), SEC_E_OK);
    assert_int_equal(prove(f, &claim, NULL), SEC_E_OK);
    claim.user = UTF16("other");
    assert_int_equal(prove(f, &claim, &proof), SEC_E_LOGON_DENIED);
    assert_true(proof.no_clear_text);
    claim = chap_of(""); /* what stands for a clear text that is not there proves nothing */
    claim.user = UTF16("other");
    assert_int_equal(prove(f, &claim, &proof), SEC_E_LOGON_DENIED);
    claim.user = UTF16("nobody");
    assert_int_equal(prove(f, &claim, &proof), SEC_E_LOGON_DENIED);
    assert_int_equal(proof.sub_status, ACCOUNT_NO_SUCH_USER);
    assert_false(proof.no_clear_text);
    claim = chap_of("clientPass");
    assert_no_change_proves(f, &claim, &claim.chap_response);
    claim = chap_of("clientPass");
    claim.chap_id++;
    assert_int_equal(prove(f, &claim, NULL), SEC_E_LOGON_DENIED);
}

static void
test_prove__chap_md5_after_a_new_password__goes_by_what_is_kept(void **state)
{
    struct test_accounts *f = *state;
    struct account_admin *admin = test_store_admin(&f->store);
    struct account_claim claim = chap_of("another");
    char longest[3 * 256 + 1] = { 0 };

    assert_int_equal(account_admin_set_password(admin, "user", bytes_of_string("another"), false),
                     SEC_E_OK);
    assert_int_equal(prove(f, &claim, NULL), SEC_E_LOGON_DENIED);
    for (size_t i = 0; i < sizeof(longest) - 1; i += 3) {
        memcpy(longest + i, "\xe2\x82\xac", 3);
    }
    assert_int_equal(account_admin_set_password(admin, "user", bytes_of_string(longest), true),
                     SEC_E_OK);
    claim = chap_of(longest);
    assert_int_equal(prove(f, &claim, NULL), SEC_E_OK);
    account_admin_close(admin);
}

static void
execute(const struct test_accounts *f, const char *sql)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(f->store.database, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* A clear text belongs to its account: copied to another's row it does not open. */
static void
test_prove__chap_md5_with_a_copied_clear_text__cannot_answer(void **state)
{
    struct account_claim claim = chap_of("clientPass");
    struct test_accounts *f = *state;

    execute(f, "INSERT INTO secret SELECT 1002, field, sealed FROM secret"
               " WHERE account = 1001 AND field = 'clear-text'");
    claim.user = UTF16("other");
    assert_int_equal(prove(f, &claim, NULL), SEC_E_NO_AUTHENTICATING_AUTHORITY);
}

/* --- permission ---------------------------------------------------------------------------- */

static void
test_prove__dial_in__takes_permission(void **state)
{
    struct account_claim claim = claim_of(ACCOUNT_PASSWORD);
    const bool yes = true, no = false;
    struct test_accounts *f = *state;
    struct account_admin *admin = test_store_admin(&f->store);
    struct account_proof proof;

    claim.password = bytes_of_string("clientPass");
    claim.dial_in = true;
    claim.now_100ns = clock_now_100ns();
    assert_int_equal(prove(f, &claim, NULL), SEC_E_OK);
    claim.user = UTF16("other");
    for (unsigned i = 0; i < 5; i++) { /* counts towards no lock-out: the password is right */
        assert_int_equal(prove(f, &claim, &proof), SEC_E_LOGON_DENIED);
        assert_int_equal(proof.sub_status, ACCOUNT_NO_DIAL_IN);
    }
    claim.dial_in = false;
    assert_int_equal(prove(f, &claim, NULL), SEC_E_OK);
    claim.dial_in = true;
    assert_int_equal(prove(f, &claim, NULL), SEC_E_LOGON_DENIED); /* it is in the cache now */
    assert_int_equal(
        account_admin_change(admin, "other", &(struct account_change){ .may_dial_in = &yes }),
        SEC_E_OK);
    assert_int_equal(prove(f, &claim, NULL), SEC_E_OK);
    assert_int_equal(
        account_admin_change(admin, "other", &(struct account_change){ .may_dial_in = &no }),
        SEC_E_OK);
    assert_int_equal(prove(f, &claim, NULL), SEC_E_LOGON_DENIED);
    claim.password = bytes_of_string("wrong");
    assert_int_equal(prove(f, &claim, &proof), SEC_E_LOGON_DENIED);
    assert_int_equal(proof.sub_status, ACCOUNT_WRONG_PASSWORD);
    account_admin_close(admin);
}

/* A store of before: it goes on working, lets nobody dial in, and the next change brings it up. */
static void
test_open__store_of_version_1__works_and_is_migrated(void **state)
{
    struct account_claim claim = claim_of(ACCOUNT_PASSWORD);
    const bool yes = true;
    struct test_accounts *f = *state;
    struct account_admin *admin;

    execute(f, "ALTER TABLE account DROP COLUMN dial_in; DROP TABLE one_time_code;"
               "PRAGMA user_version = 1");
    reopen(f);
    claim.now_100ns = clock_now_100ns();
    claim.password = bytes_of_string("clientPass");
    assert_int_equal(prove(f, &claim, NULL), SEC_E_OK);
    claim.dial_in = true;
    assert_int_equal(prove(f, &claim, NULL), SEC_E_LOGON_DENIED);
    admin = test_store_admin(&f->store);
    assert_int_equal(
        account_admin_change(admin, "user", &(struct account_change){ .may_dial_in = &yes }),
        SEC_E_OK);
    account_admin_close(admin);
    assert_int_equal(prove(f, &claim, NULL), SEC_E_OK);
}

int
main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, test_accounts_teardown)
    const struct CMUnitTest tests[] = {
        WITH_STORE(test_prove__mschap_v2_of_rfc2759__gives_answer_and_keys),
        WITH_STORE(test_prove__mschap_v2_changed__refuses_and_gives_nothing),
        WITH_STORE(test_prove__mschap_of_the_rfcs__gives_one_key),
        WITH_STORE(test_prove__password__is_the_whole_one),
        WITH_STORE(test_prove__chap_md5__needs_the_clear_text),
        WITH_STORE(test_prove__chap_md5_after_a_new_password__goes_by_what_is_kept),
        WITH_STORE(test_prove__chap_md5_with_a_copied_clear_text__cannot_answer),
        WITH_STORE(test_prove__dial_in__takes_permission),
        WITH_STORE(test_open__store_of_version_1__works_and_is_migrated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
