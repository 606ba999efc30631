/* SPDX-License-Identifier: Apache-2.0 */
/* The lock-out: how failures count, and what a locked account tells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "account/lockout.h"
#include "tests/support/account_store.h"

#define MINUTE (60 * CLOCK_SECOND_100NS)

static const struct lockout_policy policy = { .threshold = 3, .minutes = 10 };
static const uint64_t start = UINT64_C(134000000000000000);

static void
test_fail__below_the_threshold__only_counts(void **state)
{
    lockout_word word = 0;

    assert_int_equal(lockout_fail(&word, policy, start), LOCKOUT_COUNTED);
    assert_int_equal(lockout_fail(&word, policy, start), LOCKOUT_COUNTED);
    assert_int_equal(lockout_look(&word, policy, start).failures, 2);
    assert_false(lockout_look(&word, policy, start).locked);
    assert_true(lockout_pass(&word, policy, start));
    assert_int_equal(lockout_look(&word, policy, start).failures, 0);
}

static void
test_fail__at_the_threshold__locks_once_and_for_the_minutes(void **state)
{
    lockout_word word = 0;
    struct lockout_view view;

    for (unsigned i = 1; i < policy.threshold; i++) {
        assert_int_equal(lockout_fail(&word, policy, start), LOCKOUT_COUNTED);
    }
    assert_int_equal(lockout_fail(&word, policy, start), LOCKOUT_LOCKED_NOW);
    assert_int_equal(lockout_fail(&word, policy, start + 9 * MINUTE), LOCKOUT_WAS_LOCKED);
    assert_false(lockout_pass(&word, policy, start + 9 * MINUTE));
    view = lockout_look(&word, policy, start + 9 * MINUTE);
    assert_true(view.locked);
    assert_int_equal(view.until_100ns, start + 10 * MINUTE);
    assert_true(lockout_pass(&word, policy, start + 10 * MINUTE));
}

static void
test_fail__long_after_the_last__begins_anew(void **state)
{
    lockout_word word = 0;

    (void)lockout_fail(&word, policy, start);
    (void)lockout_fail(&word, policy, start);
    assert_int_equal(lockout_fail(&word, policy, start + 10 * MINUTE), LOCKOUT_COUNTED);
    assert_int_equal(lockout_look(&word, policy, start + 10 * MINUTE).failures, 1);
}

static void
test_fail__after_a_lock_out_has_ended__begins_anew(void **state)
{
    lockout_word word = 0;

    for (unsigned i = 0; i < policy.threshold; i++) {
        (void)lockout_fail(&word, policy, start);
    }
    assert_int_equal(lockout_fail(&word, policy, start + 11 * MINUTE), LOCKOUT_COUNTED);
}

static void
test_locked__when_the_clock_is_set_back_for_years__ends(void **state)
{
    lockout_word word = 0;

    for (unsigned i = 0; i < policy.threshold; i++) {
        (void)lockout_fail(&word, policy, start);
    }
    assert_true(lockout_pass(&word, policy, start / 2));
}

static void
test_fail__with_no_threshold__never_locks(void **state)
{
    const struct lockout_policy never = { .threshold = 0, .minutes = 10 };
    lockout_word word = 0;

    for (unsigned i = 0; i < 70000; i++) {
        assert_int_equal(lockout_fail(&word, never, start), LOCKOUT_COUNTED);
    }
    assert_true(lockout_pass(&word, never, start));
}

static void
test_fail__with_no_minutes__locks_until_it_is_cleared(void **state)
{
    const struct lockout_policy forever = { .threshold = 1, .minutes = 0 };
    lockout_word word = 0;

    assert_int_equal(lockout_fail(&word, forever, start), LOCKOUT_LOCKED_NOW);
    assert_false(lockout_pass(&word, forever, 2 * start));
    assert_true(lockout_look(&word, forever, start).until_100ns == CLOCK_NEVER_100NS);
    lockout_clear(&word);
    assert_true(lockout_pass(&word, forever, 2 * start));
}

static void
test_fail_code__counts_with_the_wrong_passwords(void **state)
{
    lockout_word word = 0;

    assert_int_equal(lockout_fail_code(&word, policy, start), LOCKOUT_COUNTED);
    assert_int_equal(lockout_fail(&word, policy, start), LOCKOUT_COUNTED);
    assert_int_equal(lockout_look(&word, policy, start).failures, 2);
    assert_int_equal(lockout_fail_code(&word, policy, start), LOCKOUT_LOCKED_NOW);
    assert_int_equal(lockout_fail(&word, policy, start), LOCKOUT_WAS_LOCKED);
    assert_false(lockout_pass(&word, policy, start));
    assert_false(lockout_pass_code(&word, policy, start));
    assert_true(lockout_pass(&word, policy, start + 10 * MINUTE));
    assert_int_equal(word, 0);
}

/* Who has the password does not get codes to guess for it, nor the other way round. */
static void
test_pass__forgets_its_own_kind_alone(void **state)
{
    lockout_word word = 0;

    (void)lockout_fail_code(&word, policy, start);
    (void)lockout_fail(&word, policy, start);
    assert_true(lockout_pass(&word, policy, start));
    assert_int_equal(lockout_look(&word, policy, start).failures, 1);
    (void)lockout_fail_code(&word, policy, start);
    assert_true(lockout_pass(&word, policy, start));
    assert_int_equal(lockout_fail_code(&word, policy, start), LOCKOUT_LOCKED_NOW);
    lockout_clear(&word);
    (void)lockout_fail(&word, policy, start);
    (void)lockout_fail(&word, policy, start);
    assert_true(lockout_pass_code(&word, policy, start));
    assert_int_equal(lockout_fail(&word, policy, start), LOCKOUT_LOCKED_NOW);
    lockout_clear(&word);
    (void)lockout_fail_code(&word, policy, start);
    assert_true(lockout_pass_code(&word, policy, start));
    assert_int_equal(word, 0);
}

/* A threshold that codes cannot be counted up to. */
static void
test_fail_code__a_full_count__locks(void **state)
{
    const struct lockout_policy high = { .threshold = 1000, .minutes = 10 };
    lockout_word word = 0;

    for (unsigned i = 1; i < 127; i++) {
        assert_int_equal(lockout_fail_code(&word, high, start), LOCKOUT_COUNTED);
    }
    assert_int_equal(lockout_fail_code(&word, high, start), LOCKOUT_LOCKED_NOW);
    assert_int_equal(lockout_look(&word, high, start).last_100ns,
                     start / CLOCK_SECOND_100NS * CLOCK_SECOND_100NS);
}

/* --- through the door ---------------------------------------------------------------------- */

static int
setup(void **state)
{
    return test_accounts_open(test_accounts_new(), state);
}

struct verdict {
    sec_status status;
    uint32_t why;
    bool now;
};

static struct verdict
logon_at(struct test_accounts *f, const char *user, const char *password, uint64_t now)
{
    struct test_claim t;
    struct account_proof proof;
    struct verdict v;

    test_claim_make(&t, user, "", password);
    t.claim.now_100ns = now;
    v.status = account_prove(f->authority, &t.claim, &proof);
    v.why = proof.sub_status;
    v.now = proof.locked_out_now;
    account_proof_clear(&proof);
    return v;
}

static void
lock(struct test_accounts *f)
{
    for (unsigned i = 1; i <= 3; i++) {
        struct verdict v = logon_at(f, "user", "wrong", start);

        assert_int_equal(v.status, SEC_E_LOGON_DENIED);
        assert_int_equal(v.why, ACCOUNT_WRONG_PASSWORD);
        assert_int_equal(v.now, i == 3);
    }
}

static void
test_prove__after_three_wrong_passwords__refuses_the_right_one(void **state)
{
    struct test_accounts *f = *state;
    struct verdict v;

    assert_int_equal(logon_at(f, "user", "Password", start).status, SEC_E_OK);
    lock(f);
    for (unsigned i = 0; i < 2; i++) {
        v = logon_at(f, "user", i ? "Password" : "wrong", start);
        assert_int_equal(v.status, SEC_E_LOGON_DENIED);
        assert_int_equal(v.why, ACCOUNT_LOCKED_OUT);
        assert_false(v.now);
    }
    assert_int_equal(logon_at(f, "user", "Password", start + 10 * MINUTE).status, SEC_E_OK);
}

static void
test_prove__a_right_password_between__forgets_the_wrong_ones(void **state)
{
    struct test_accounts *f = *state;

    for (unsigned i = 0; i < 5; i++) {
        (void)logon_at(f, "user", "wrong", start);
        (void)logon_at(f, "user", "wrong", start);
        assert_int_equal(logon_at(f, "user", "Password", start).status, SEC_E_OK);
    }
}

static void
test_prove__locked_in_one_process__is_locked_in_the_next(void **state)
{
    struct test_accounts *f = *state;

    lock(f);
    account_authority_close(f->authority);
    assert_int_equal(account_authority_open(&f->store.options.accounts, &f->authority), SEC_E_OK);
    assert_int_equal(logon_at(f, "user", "Password", start).why, ACCOUNT_LOCKED_OUT);
}

static void
test_unlock__lets_in_again(void **state)
{
    struct test_accounts *f = *state;
    struct account_admin *admin;

    lock(f);
    admin = test_store_admin(&f->store);
    assert_int_equal(account_admin_unlock(admin, "USER"), SEC_E_OK);
    assert_int_equal(logon_at(f, "user", "Password", start).status, SEC_E_OK);
    account_admin_close(admin);
}

/* Only wrong passwords count, not right ones for accounts that may not log on. */
static void
test_prove__right_passwords_of_a_disabled_account__count_nothing(void **state)
{
    struct test_accounts *f = *state;
    struct account_admin *admin = test_store_admin(&f->store);
    bool disabled = true;

    assert_int_equal(
        account_admin_change(admin, "user", &(struct account_change){ .disabled = &disabled }),
        SEC_E_OK);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(logon_at(f, "user", "Password", start).why, ACCOUNT_DISABLED);
    }
    disabled = false;
    assert_int_equal(
        account_admin_change(admin, "user", &(struct account_change){ .disabled = &disabled }),
        SEC_E_OK);
    assert_int_equal(logon_at(f, "user", "Password", start).status, SEC_E_OK);
    account_admin_close(admin);
}

/* However often: a name that does not exist is never told to be locked. */
static void
test_prove__unknown_names__are_never_locked(void **state)
{
    struct test_accounts *f = *state;

    for (unsigned i = 0; i < 10; i++) {
        struct verdict v = logon_at(f, "nobody", "wrong", start);

        assert_int_equal(v.why, ACCOUNT_NO_SUCH_USER);
        assert_false(v.now);
    }
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, test_accounts_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fail__below_the_threshold__only_counts),
        cmocka_unit_test(test_fail__at_the_threshold__locks_once_and_for_the_minutes),
        cmocka_unit_test(test_fail__long_after_the_last__begins_anew),
        cmocka_unit_test(test_fail__after_a_lock_out_has_ended__begins_anew),
        cmocka_unit_test(test_locked__when_the_clock_is_set_back_for_years__ends),
        cmocka_unit_test(test_fail__with_no_threshold__never_locks),
        cmocka_unit_test(test_fail__with_no_minutes__locks_until_it_is_cleared),
        cmocka_unit_test(test_fail_code__counts_with_the_wrong_passwords),
        cmocka_unit_test(test_pass__forgets_its_own_kind_alone),
        cmocka_unit_test(test_fail_code__a_full_count__locks),
        TEST(test_prove__after_three_wrong_passwords__refuses_the_right_one),
        TEST(test_prove__a_right_password_between__forgets_the_wrong_ones),
        TEST(test_prove__locked_in_one_process__is_locked_in_the_next),
        TEST(test_unlock__lets_in_again),
        TEST(test_prove__right_passwords_of_a_disabled_account__count_nothing),
        TEST(test_prove__unknown_names__are_never_locked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
