/* SPDX-License-Identifier: Apache-2.0 */
/* One-time codes through the door: once each, in any process, and locked out with passwords. */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/support/account_code.h"

#define NOW  TEST_CODE_NOW_100NS
#define STEP (UINT64_C(1795260210) / 30)

enum { CHILDREN = 8 };

struct fixture {
    struct test_store store;
    struct account_authority *authority;
    struct one_time_code totp, hotp;
};

static void
open_authority(struct fixture *f)
{
    account_authority_close(f->authority);
    f->authority = NULL;
    assert_int_equal(account_authority_open(&f->store.options.accounts, &f->authority), SEC_E_OK);
}

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->totp = test_code(ONE_TIME_CODE_TOTP);
    f->hotp = test_code(ONE_TIME_CODE_HOTP);
    f->hotp.algorithm = ONE_TIME_CODE_SHA256;
    f->hotp.digits = 8;
    test_store_make(&f->store);
    assert_int_equal(test_store_add(&f->store, "Alice", "Password"), SEC_E_OK);
    assert_int_equal(test_store_add(&f->store, "Bob", "Password"), SEC_E_OK);
    assert_int_equal(test_store_add(&f->store, "Carol", "Password"), SEC_E_OK);
    assert_int_equal(test_code_enroll(&f->store, "alice", &f->totp), SEC_E_OK);
    assert_int_equal(test_code_enroll(&f->store, "bob", &f->hotp), SEC_E_OK);
    open_authority(f);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    account_authority_close(f->authority);
    test_store_remove(&f->store);
    free(f);
    return 0;
}

static sec_status
alice(struct fixture *f, uint64_t step, struct account_proof *why)
{
    return test_code_prove_at(f->authority, "alice", &f->totp, step, NOW, why);
}

static sec_status
bob(struct fixture *f, uint64_t counter, struct account_proof *why)
{
    return test_code_prove_at(f->authority, "bob", &f->hotp, counter, NOW, why);
}

static void
execute(struct fixture *f, const char *sql)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(f->store.database, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void
change(struct fixture *f, const char *name, const struct account_change *what)
{
    struct account_admin *admin = test_store_admin(&f->store);

    assert_int_equal(account_admin_change(admin, name, what), SEC_E_OK);
    account_admin_close(admin);
}

/* --- once ---------------------------------------------------------------------------------- */

static void
test_prove__a_right_code__proves_who_it_is_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    char digits[ONE_TIME_CODE_DIGITS_MAX + 1];
    struct account_proof proof, none = { 0 };
    struct test_claim t;

    assert_true(one_time_code_make(&f->totp, STEP, digits));
    test_claim_make(&t, "aLICE", "TESTS", "");
    t.claim.kind = ACCOUNT_ONE_TIME_CODE;
    t.claim.password = bytes_of_string(digits);
    t.claim.now_100ns = NOW;
    assert_int_equal(account_prove(f->authority, &t.claim, &proof), SEC_E_OK);
    assert_true(bytes_equal(proof.identity->user, UTF16("Alice")));
    assert_memory_equal(&proof.session_base_key, &none.session_base_key, 16);
    account_proof_clear(&proof);
}

static void
test_prove__a_code_again__is_refused(void **state)
{
    struct fixture *f = *state;
    struct account_proof why;

    assert_int_equal(alice(f, STEP, NULL), SEC_E_OK);
    assert_int_equal(alice(f, STEP, &why), SEC_E_LOGON_DENIED);
    assert_true(why.used_code && why.sub_status == ACCOUNT_WRONG_PASSWORD);
    assert_non_null(strstr(sec_reason(), "used before"));
    assert_int_equal(alice(f, STEP - 1, &why), SEC_E_LOGON_DENIED); /* older than it */
    assert_true(why.used_code);
    assert_int_equal(alice(f, STEP + 1, NULL), SEC_E_OK);
    assert_int_equal(bob(f, 4, NULL), SEC_E_OK);
    assert_int_equal(bob(f, 4, &why), SEC_E_LOGON_DENIED);
    assert_true(why.used_code);
    assert_int_equal(bob(f, 3, &why), SEC_E_LOGON_DENIED);
    assert_int_equal(bob(f, 15, NULL), SEC_E_OK); /* ten ahead of the next */
    open_authority(f);                            /* as another process would */
    assert_int_equal(bob(f, 15, &why), SEC_E_LOGON_DENIED);
    assert_true(why.used_code);
}

/* Children that wait for one another try one code: one of them gets in. */
static void
test_prove__a_code_in_many_processes_at_once__proves_one(void **state)
{
    struct fixture *f = *state;
    int go[2], admitted = 0;

    f->store.options.accounts.lockout_threshold = 0;
    for (uint64_t round = 0; round < 5; round++) {
        assert_int_equal(pipe(go), 0);
        for (unsigned i = 0; i < CHILDREN; i++) {
            if (fork() == 0) {
                struct account_authority *a = NULL;
                char c;

                (void)close(go[1]);
                if (account_authority_open(&f->store.options.accounts, &a) != SEC_E_OK ||
                    read(go[0], &c, 1) != 0) {
                    _exit(2);
                }
                _exit(test_code_prove_at(a, "bob", &f->hotp, round, NOW, NULL) == SEC_E_OK);
            }
        }
        (void)close(go[0]);
        (void)close(go[1]);
        for (unsigned i = 0; i < CHILDREN; i++) {
            int status;

            assert_true(wait(&status) > 0);
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
            admitted += WEXITSTATUS(status);
        }
        assert_int_equal(admitted, round + 1);
    }
}

/* A process that ends the hard way right after it let somebody in. */
static void
test_prove__after_a_kill__what_was_proven_is_used_up(void **state)
{
    struct fixture *f = *state;

    for (uint64_t counter = 0; counter < 5; counter++) {
        struct account_proof why;
        int status;
        pid_t child = fork();

        if (child == 0) {
            struct account_authority *a = NULL;

            if (account_authority_open(&f->store.options.accounts, &a) == SEC_E_OK &&
                test_code_prove_at(a, "bob", &f->hotp, counter, NOW, NULL) == SEC_E_OK) {
                (void)raise(SIGKILL);
            }
            _exit(1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(bob(f, counter, &why), SEC_E_LOGON_DENIED);
        assert_true(why.used_code);
        assert_int_equal(test_logon(f->authority, "bob", "Password", NULL), SEC_E_OK);
        change(f, "bob", &(struct account_change){ 0 });
    }
}

/* Removed and enrolled anew with the same secret, it is a new one. */
static void
test_remove__and_enroll_anew(void **state)
{
    struct fixture *f = *state;
    struct account_admin *admin;
    struct account_proof why;

    assert_int_equal(alice(f, STEP, NULL), SEC_E_OK);
    admin = test_store_admin(&f->store);
    assert_int_equal(account_admin_enroll_code(admin, "alice", &f->totp), SEC_E_INVALID_PARAMETER);
    assert_int_equal(account_admin_remove_code(admin, "alice"), SEC_E_OK);
    assert_int_equal(account_admin_remove_code(admin, "alice"), SEC_E_INVALID_PARAMETER);
    assert_int_equal(alice(f, STEP + 1, &why), SEC_E_LOGON_DENIED);
    assert_true(why.no_code);
    assert_int_equal(account_admin_enroll_code(admin, "alice", &f->totp), SEC_E_OK);
    assert_int_equal(alice(f, STEP, NULL), SEC_E_OK);
    assert_int_equal(account_admin_remove_code(admin, "nobody"), SEC_E_UNKNOWN_CREDENTIALS);
    assert_int_equal(account_admin_enroll_code(admin, "nobody", &f->totp),
                     SEC_E_UNKNOWN_CREDENTIALS);
    f->totp.digits = 5;
    assert_int_equal(account_admin_enroll_code(admin, "carol", &f->totp), SEC_E_INVALID_PARAMETER);
    account_admin_close(admin);
}

/* --- refusals ------------------------------------------------------------------------------ */

static void
test_prove__wrong_codes__lock_passwords_and_codes_out(void **state)
{
    struct fixture *f = *state;
    struct account_proof why;
    uint32_t sub_status;

    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal(test_code_prove(f->authority, "alice", "000000", NOW, &why),
                         SEC_E_LOGON_DENIED);
        assert_int_equal(why.sub_status, ACCOUNT_WRONG_PASSWORD);
        assert_int_equal(why.locked_out_now, i == 3);
    }
    assert_int_equal(alice(f, STEP, &why), SEC_E_LOGON_DENIED);
    assert_int_equal(why.sub_status, ACCOUNT_LOCKED_OUT);
    assert_int_equal(bob(f, 0, NULL), SEC_E_OK);
    /* The lock-out of a password is by its own clock, which is the machine's. */
    for (unsigned i = 1; i <= 3; i++) {
        (void)test_logon(f->authority, "bob", "wrong", NULL);
    }
    assert_int_equal(test_code_prove_at(f->authority, "bob", &f->hotp, 1, clock_now_100ns(), &why),
                     SEC_E_LOGON_DENIED);
    assert_int_equal(why.sub_status, ACCOUNT_LOCKED_OUT);
    for (unsigned i = 1; i <= 3; i++) {
        (void)test_code_prove(f->authority, "carol", "000000", clock_now_100ns(), NULL);
    }
    assert_int_equal(test_logon(f->authority, "carol", "Password", &sub_status),
                     SEC_E_LOGON_DENIED);
    assert_int_equal(sub_status, ACCOUNT_LOCKED_OUT);
}

/* A right code of a locked account is not used up: it would lock its owner out for longer. */
static void
test_prove__who_may_not__is_refused_with_a_right_code(void **state)
{
    struct fixture *f = *state;
    const bool yes = true, no = false;
    const uint64_t past = 1, never = CLOCK_NEVER_100NS;
    struct account_proof why;
    struct test_claim t;
    char digits[ONE_TIME_CODE_DIGITS_MAX + 1];

    change(f, "alice", &(struct account_change){ .disabled = &yes });
    assert_int_equal(alice(f, STEP, &why), SEC_E_LOGON_DENIED);
    assert_int_equal(why.sub_status, ACCOUNT_DISABLED);
    change(f, "alice", &(struct account_change){ .disabled = &no, .expires_100ns = &past });
    assert_int_equal(alice(f, STEP, &why), SEC_E_LOGON_DENIED);
    assert_int_equal(why.sub_status, ACCOUNT_EXPIRED);
    change(f, "alice", &(struct account_change){ .expires_100ns = &never });
    assert_true(one_time_code_make(&f->totp, STEP, digits));
    test_claim_make(&t, "alice", "", "");
    t.claim.kind = ACCOUNT_ONE_TIME_CODE;
    t.claim.password = bytes_of_string(digits);
    t.claim.now_100ns = NOW;
    t.claim.dial_in = true;
    assert_int_equal(account_prove(f->authority, &t.claim, &why), SEC_E_LOGON_DENIED);
    assert_int_equal(why.sub_status, ACCOUNT_NO_DIAL_IN);
    change(f, "alice", &(struct account_change){ .may_dial_in = &yes });
    assert_int_equal(account_prove(f->authority, &t.claim, &why), SEC_E_OK);
    account_proof_clear(&why);
}

static void
test_prove__no_code_no_account__refused_alike(void **state)
{
    struct fixture *f = *state;
    struct account_proof why;

    assert_int_equal(test_code_prove(f->authority, "carol", "123456", NOW, &why),
                     SEC_E_LOGON_DENIED);
    assert_true(why.no_code && why.sub_status == ACCOUNT_WRONG_PASSWORD);
    assert_int_equal(test_code_prove(f->authority, "nobody", "123456", NOW, &why),
                     SEC_E_LOGON_DENIED);
    assert_true(!why.no_code && why.sub_status == ACCOUNT_NO_SUCH_USER);
    assert_int_equal(test_code_prove(f->authority, "", "123456", NOW, &why), SEC_E_LOGON_DENIED);
    /* One account's code is no other's, nor is a password a code. */
    assert_int_equal(test_code_prove_at(f->authority, "alice", &f->hotp, 0, NOW, NULL),
                     SEC_E_LOGON_DENIED);
    assert_int_equal(test_code_prove(f->authority, "alice", "Password", NOW, NULL),
                     SEC_E_LOGON_DENIED);
}

/* --- the store ----------------------------------------------------------------------------- */

static void
test_prove__a_damaged_row__no_authority(void **state)
{
    struct fixture *f = *state;
    static const char *const damages[] = {
        "UPDATE one_time_code SET sealed = x'01'",
        "UPDATE one_time_code SET sealed = (SELECT sealed FROM one_time_code WHERE account = 1002)",
        "UPDATE one_time_code SET digits = 60",
        "UPDATE one_time_code SET type = -1",
        "UPDATE one_time_code SET algorithm = 65537",
        "UPDATE one_time_code SET period = 0",
        "UPDATE one_time_code SET next = -5",
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(damages); i++) {
        execute(f, "CREATE TABLE kept AS SELECT * FROM one_time_code");
        execute(f, damages[i]);
        assert_int_equal(alice(f, STEP, NULL), SEC_E_NO_AUTHENTICATING_AUTHORITY);
        assert_non_null(strstr(sec_reason(), "one-time code of S-1-5-21-"));
        assert_int_equal(test_logon(f->authority, "alice", "Password", NULL), SEC_E_OK);
        execute(f, "DELETE FROM one_time_code; INSERT INTO one_time_code SELECT * FROM kept;"
                   "DROP TABLE kept");
    }
    assert_int_equal(alice(f, STEP, NULL), SEC_E_OK);
}

static void
keep_text(void *user, const struct account_view *v)
{
    (void)snprintf(user, 64, "%s", v->one_time_code ? v->one_time_code : "none");
}

static void
test_show__tells_of_the_code(void **state)
{
    struct fixture *f = *state;
    struct account_admin *admin = test_store_admin(&f->store);
    char text[64];

    assert_int_equal(account_admin_show(admin, "alice", keep_text, text), SEC_E_OK);
    assert_string_equal(text, "totp, sha1, 6 digits, 30 seconds");
    assert_int_equal(account_admin_show(admin, "bob", keep_text, text), SEC_E_OK);
    assert_string_equal(text, "hotp, sha256, 8 digits");
    assert_int_equal(account_admin_show(admin, "carol", keep_text, text), SEC_E_OK);
    assert_string_equal(text, "none");
    /* A new password takes no code away; the account's end does. */
    assert_int_equal(account_admin_set_password(admin, "bob", bytes_of_string("x"), false),
                     SEC_E_OK);
    assert_int_equal(bob(f, 0, NULL), SEC_E_OK);
    assert_int_equal(account_admin_remove(admin, "bob"), SEC_E_OK);
    account_admin_close(admin);
    assert_int_equal(test_store_add(&f->store, "Bob", "Password"), SEC_E_OK);
    assert_int_equal(bob(f, 1, NULL), SEC_E_LOGON_DENIED);
}

/* Before anybody opens it to change it, a store of the version before has no codes. */
static void
test_open__store_of_version_2__has_no_codes_until_it_is_migrated(void **state)
{
    struct fixture *f = *state;
    struct account_proof why;

    execute(f, "DROP TABLE one_time_code; PRAGMA user_version = 2");
    open_authority(f);
    assert_int_equal(test_logon(f->authority, "alice", "Password", NULL), SEC_E_OK);
    assert_int_equal(alice(f, STEP, &why), SEC_E_LOGON_DENIED);
    assert_true(why.no_code);
    assert_int_equal(test_code_enroll(&f->store, "alice", &f->totp), SEC_E_OK);
    assert_int_equal(alice(f, STEP, NULL), SEC_E_OK);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_prove__a_right_code__proves_who_it_is_and_nothing_else),
        TEST(test_prove__a_code_again__is_refused),
        TEST(test_prove__a_code_in_many_processes_at_once__proves_one),
        TEST(test_prove__after_a_kill__what_was_proven_is_used_up),
        TEST(test_remove__and_enroll_anew),
        TEST(test_prove__wrong_codes__lock_passwords_and_codes_out),
        TEST(test_prove__who_may_not__is_refused_with_a_right_code),
        TEST(test_prove__no_code_no_account__refused_alike),
        TEST(test_prove__a_damaged_row__no_authority),
        TEST(test_show__tells_of_the_code),
        TEST(test_open__store_of_version_2__has_no_codes_until_it_is_migrated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
