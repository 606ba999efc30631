/* SPDX-License-Identifier: Apache-2.0 */
/* A new password for who knows the old one. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "account/admin_store.h"
#include "tests/support/account_store.h"

#define SECONDS(n) ((n)*CLOCK_SECOND_100NS)

static int
setup(void **state)
{
    struct test_accounts *f = test_accounts_new();

    f->store.options.accounts.password_min_length = 3;
    return test_accounts_open(f, state);
}

/* Of the last change: whom it was about, and why it was refused. */
static struct account_proof last;

static sec_status
change(struct account_authority *a, const char *user, const char *old, const char *wanted)
{
    uint8_t held[1200];

    return account_change_password(
        a,
        &(struct account_new_password){ .user = test_utf16_(held, sizeof(held), user),
                                        .domain = UTF16("TESTS"),
                                        .old_password = bytes_of_string(old),
                                        .password = bytes_of_string(wanted),
                                        .now_100ns = clock_now_100ns() },
        &last);
}

static sec_status
log_on(struct test_accounts *f, const char *password)
{
    return test_logon(f->authority, "user", password, NULL);
}

static void
modify(struct test_accounts *f, const struct account_change *what)
{
    struct account_admin *admin = test_store_admin(&f->store);

    assert_int_equal(account_admin_change(admin, "User", what), SEC_E_OK);
    account_admin_close(admin);
}

struct seen {
    char keys[512], salt[64];
    uint32_t key_version;
    unsigned failures;
    uint64_t password_set_100ns, password_expires_100ns;
};

static void
see(void *user, const struct account_view *view)
{
    struct seen *seen = user;

    *seen = (struct seen){ .key_version = view->key_version,
                           .failures = view->failures,
                           .password_set_100ns = view->password_set_100ns,
                           .password_expires_100ns = view->password_expires_100ns };
    (void)snprintf(seen->salt, sizeof(seen->salt), "%s", view->key_salt);
    for (size_t i = 0; i < view->n_keys; i++) {
        size_t used = strlen(seen->keys);

        (void)snprintf(seen->keys + used, sizeof(seen->keys) - used, "%s ", view->keys[i]);
    }
}

static struct seen
look(struct test_accounts *f)
{
    struct account_admin *admin = test_store_admin(&f->store);
    struct seen seen;

    assert_int_equal(account_admin_show(admin, "User", see, &seen), SEC_E_OK);
    account_admin_close(admin);
    return seen;
}

/* --- what it does -------------------------------------------------------------------------- */

static void
test_change__the_old_one_is_right__is_the_password_at_once(void **state)
{
    struct test_accounts *f = *state;
    struct account_authority *other = NULL;
    struct seen before = look(f), after;

    /* Another process has the account in its cache. */
    assert_int_equal(account_authority_open(&f->store.options.accounts, &other), SEC_E_OK);
    assert_int_equal(test_logon(other, "User", "Password", NULL), SEC_E_OK);
    assert_int_equal(change(f->authority, "uSeR", "Password", "Gr\xC3\xBC\xC3\x9F e"), SEC_E_OK);
    assert_int_equal(last.sub_status, 0);
    assert_memory_equal(last.sid, "S-1-5-21-", 9);
    assert_null(last.identity);
    assert_int_equal(test_logon(other, "User", "Password", NULL), SEC_E_LOGON_DENIED);
    assert_int_equal(test_logon(other, "User", "Gr\xC3\xBC\xC3\x9F e", NULL), SEC_E_OK);
    assert_int_equal(log_on(f, "Gr\xC3\xBC\xC3\x9F e"), SEC_E_OK);
    after = look(f);
    assert_int_equal(after.key_version, before.key_version + 1);
    assert_string_equal(after.keys, before.keys);
    assert_string_equal(after.salt, before.salt);
    assert_true(after.password_set_100ns >= before.password_set_100ns);
    account_authority_close(other);
}

/* "user@anything" means the account where no domain is beside it; as with logons. */
static void
test_change__a_name_with_its_domain__is_the_account(void **state)
{
    struct test_accounts *f = *state;
    struct account_new_password wanted = { .user = UTF16("user@tests.example"),
                                           .old_password = bytes_of_string("Password"),
                                           .password = bytes_of_string("other"),
                                           .now_100ns = clock_now_100ns() };

    assert_int_equal(account_change_password(f->authority, &wanted, &last), SEC_E_OK);
    assert_int_equal(log_on(f, "other"), SEC_E_OK);
}

static void
test_change__of_an_account_that_keeps_a_clear_text__keeps_the_new_one(void **state)
{
    struct test_accounts *f = *state;
    struct account_admin *admin = test_store_admin(&f->store);
    struct seen before;

    assert_int_equal(account_admin_set_password(admin, "User", bytes_of_string("Dial 1"), true),
                     SEC_E_OK);
    account_admin_close(admin);
    before = look(f);
    assert_non_null(strstr(before.keys, "clear-text"));
    assert_int_equal(change(f->authority, "User", "Dial 1", "Dial 2"), SEC_E_OK);
    assert_string_equal(look(f).keys, before.keys);
    /* And one that keeps none is given none. */
    admin = test_store_admin(&f->store);
    assert_int_equal(account_admin_set_password(admin, "User", bytes_of_string("Dial 1"), false),
                     SEC_E_OK);
    account_admin_close(admin);
    assert_int_equal(change(f->authority, "User", "Dial 1", "Dial 2"), SEC_E_OK);
    assert_null(strstr(look(f).keys, "clear-text"));
}

static void
test_change__an_expired_password__may_be_changed_and_is_good_again(void **state)
{
    struct test_accounts *f = *state;
    const uint64_t past = clock_now_100ns() - SECONDS(60);

    modify(f, &(struct account_change){ .password_expires_100ns = &past });
    assert_int_equal(log_on(f, "Password"), SEC_E_LOGON_DENIED);
    assert_int_equal(change(f->authority, "User", "wrong", "other"), SEC_E_LOGON_DENIED);
    assert_int_equal(last.sub_status, ACCOUNT_WRONG_PASSWORD);
    assert_int_equal(change(f->authority, "User", "Password", "other"), SEC_E_OK);
    assert_int_equal(log_on(f, "other"), SEC_E_OK);
    assert_true(look(f).password_expires_100ns == UINT64_MAX);
}

/* --- what it refuses ----------------------------------------------------------------------- */

static void
test_change__wrong_old_passwords__count_and_lock(void **state)
{
    struct test_accounts *f = *state;

    assert_int_equal(change(f->authority, "User", "wrong", "other"), SEC_E_LOGON_DENIED);
    assert_int_equal(last.sub_status, ACCOUNT_WRONG_PASSWORD);
    assert_memory_equal(last.sid, "S-1-5-21-", 9);
    assert_int_equal(look(f).failures, 1);
    assert_int_equal(log_on(f, "wrong"), SEC_E_LOGON_DENIED);
    assert_int_equal(change(f->authority, "User", "", "other"), SEC_E_LOGON_DENIED);
    assert_true(last.locked_out_now);
    assert_int_equal(change(f->authority, "User", "Password", "other"), SEC_E_LOGON_DENIED);
    assert_int_equal(last.sub_status, ACCOUNT_LOCKED_OUT);
    assert_false(last.locked_out_now);
    assert_int_equal(change(f->authority, "nobody", "Password", "other"), SEC_E_LOGON_DENIED);
    assert_int_equal(last.sub_status, ACCOUNT_NO_SUCH_USER);
    assert_string_equal(last.sid, "");
    assert_int_equal(look(f).key_version, 1);
}

static void
test_change__the_right_one__forgets_the_wrong_ones(void **state)
{
    struct test_accounts *f = *state;

    assert_int_equal(change(f->authority, "User", "wrong", "other"), SEC_E_LOGON_DENIED);
    assert_int_equal(change(f->authority, "User", "Password", "other"), SEC_E_OK);
    assert_int_equal(look(f).failures, 0);
}

static void
test_change__of_an_account_that_may_not_log_on__is_refused(void **state)
{
    struct test_accounts *f = *state;
    const bool yes = true, no = false;
    const uint64_t past = clock_now_100ns() - SECONDS(60);

    modify(f, &(struct account_change){ .disabled = &yes });
    assert_int_equal(change(f->authority, "User", "Password", "other"), SEC_E_LOGON_DENIED);
    assert_int_equal(last.sub_status, ACCOUNT_DISABLED);
    modify(f, &(struct account_change){ .disabled = &no, .expires_100ns = &past });
    assert_int_equal(change(f->authority, "User", "Password", "other"), SEC_E_LOGON_DENIED);
    assert_int_equal(last.sub_status, ACCOUNT_EXPIRED);
    assert_int_equal(look(f).key_version, 1);
}

static void
test_change__a_password_that_is_not_good__changes_nothing(void **state)
{
    static const char *const bad[] = { "", "ab", "\xC3\xBC\xC3\xBC", "abc\xFF" };
    struct test_accounts *f = *state;
    char long_one[258];

    for (size_t i = 0; i < SEC_ARRAY_LEN(bad); i++) {
        assert_int_equal(change(f->authority, "User", "Password", bad[i]),
                         ACCOUNT_PASSWORD_RESTRICTION);
        assert_non_null(strstr(sec_reason(), "password"));
    }
    memset(long_one, 'x', sizeof(long_one) - 1);
    long_one[sizeof(long_one) - 1] = 0;
    assert_int_equal(change(f->authority, "User", "Password", long_one),
                     ACCOUNT_PASSWORD_RESTRICTION);
    long_one[256] = 0;
    assert_int_equal(change(f->authority, "User", "Password", long_one), SEC_E_OK);
    /* Who does not know the old one does not learn what would be good. */
    assert_int_equal(change(f->authority, "User", "Password", "ab"), SEC_E_LOGON_DENIED);
    assert_int_equal(look(f).key_version, 2);
}

/* The same rule for administrators. */
static void
test_set_password__too_short__is_refused(void **state)
{
    struct account_admin *admin = test_store_admin(&((struct test_accounts *)*state)->store);

    assert_int_equal(account_admin_set_password(admin, "User", bytes_of_string("ab"), false),
                     SEC_E_INVALID_PARAMETER);
    assert_non_null(strstr(sec_reason(), "at least 3 characters"));
    account_admin_close(admin);
}

/* Between the proof and the change: another password, or nobody any more. */
static void
test_set_own_password__of_what_is_another_account_by_then__is_refused(void **state)
{
    struct test_accounts *f = *state;
    struct account_admin *admin = test_store_admin(&f->store);
    const struct admin_proven proven = { 1001, 1 };

    assert_int_equal(admin_store_set_own_password(admin, &proven, bytes_of_string("other")),
                     SEC_E_OK);
    assert_int_equal(admin_store_set_own_password(admin, &proven, bytes_of_string("third")),
                     SEC_E_LOGON_DENIED);
    assert_int_equal(log_on(f, "other"), SEC_E_OK);
    assert_int_equal(account_admin_remove(admin, "User"), SEC_E_OK);
    assert_int_equal(admin_store_set_own_password(admin, &(struct admin_proven){ 1001, 2 },
                                                  bytes_of_string("third")),
                     SEC_E_LOGON_DENIED);
    account_admin_close(admin);
}

static void
test_change__a_store_that_cannot_be_read_or_written__is_no_verdict(void **state)
{
    struct test_accounts *f = *state;
    struct account_options elsewhere = f->store.options.accounts;
    struct account_authority *other = NULL;
    char moved[140];

    elsewhere.store = "sqlite:/nonexistent/accounts.db";
    assert_int_equal(account_authority_open(&elsewhere, &other), SEC_E_OK);
    assert_int_equal(change(other, "User", "Password", "other"), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    account_authority_close(other);

    /* The proof needs no file any more; the change does. */
    assert_int_equal(log_on(f, "Password"), SEC_E_OK);
    (void)snprintf(moved, sizeof(moved), "%s-", f->store.key_file);
    assert_int_equal(rename(f->store.key_file, moved), 0);
    assert_int_equal(change(f->authority, "User", "Password", "other"),
                     SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_int_equal(rename(moved, f->store.key_file), 0);
    assert_int_equal(log_on(f, "Password"), SEC_E_OK);
}

/* --- at once ------------------------------------------------------------------------------- */

enum { RACERS = 3 };

struct racer {
    struct test_accounts *f;
    pthread_t thread;
    char wanted[16];
    sec_status status;
};

static void *
race(void *user)
{
    struct racer *r = user;
    struct account_proof out;

    r->status = account_change_password(
        r->f->authority,
        &(struct account_new_password){ .user = UTF16("User"),
                                        .old_password = bytes_of_string("Password"),
                                        .password = bytes_of_string(r->wanted),
                                        .now_100ns = clock_now_100ns() },
        &out);
    return NULL;
}

/* One old password is good for one new one. */
static void
test_change__several_at_once__one_is_made(void **state)
{
    struct racer racers[RACERS];
    unsigned made = 0;

    for (size_t i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){ .f = *state };
        (void)snprintf(racers[i].wanted, sizeof(racers[i].wanted), "wanted %zu", i);
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    }
    for (size_t i = 0; i < RACERS; i++) {
        assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
        if (racers[i].status == SEC_E_OK) {
            made++;
            assert_int_equal(log_on(*state, racers[i].wanted), SEC_E_OK);
        } else {
            assert_int_equal(racers[i].status, SEC_E_LOGON_DENIED);
        }
    }
    assert_int_equal(made, 1);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, test_accounts_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_change__the_old_one_is_right__is_the_password_at_once),
        TEST(test_change__a_name_with_its_domain__is_the_account),
        TEST(test_change__of_an_account_that_keeps_a_clear_text__keeps_the_new_one),
        TEST(test_change__an_expired_password__may_be_changed_and_is_good_again),
        TEST(test_change__wrong_old_passwords__count_and_lock),
        TEST(test_change__the_right_one__forgets_the_wrong_ones),
        TEST(test_change__of_an_account_that_may_not_log_on__is_refused),
        TEST(test_change__a_password_that_is_not_good__changes_nothing),
        TEST(test_set_password__too_short__is_refused),
        TEST(test_set_own_password__of_what_is_another_account_by_then__is_refused),
        TEST(test_change__a_store_that_cannot_be_read_or_written__is_no_verdict),
        TEST(test_change__several_at_once__one_is_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
