/* SPDX-License-Identifier: Apache-2.0 */
/* No memory: each allocation of ours and of SQLite's fails in turn. Nobody is refused for it as if
 * the password were wrong, nobody is let in, and what was not acknowledged did not happen. */
#include <malloc.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "alloc_fail.h"
#include "tests/support/account_code.h"

/* Thousands of commits: nothing here needs the disk. SQLite finds these in place of libc's. */
__attribute__((visibility("default"))) int
fdatasync(int fd)
{
    return 0;
}

__attribute__((visibility("default"))) int
fsync(int fd)
{
    return 0;
}

/* SQLite's allocator, by way of the functions that fail. */
static void *
lite_malloc(int n)
{
    return malloc((size_t)n);
}

static void *
lite_realloc(void *p, int n)
{
    return realloc(p, (size_t)n);
}

static int
lite_size(void *p)
{
    return p ? (int)malloc_usable_size(p) : 0;
}

static int
lite_roundup(int n)
{
    return (n + 7) & ~7;
}

static int
lite_init(void *unused)
{
    return SQLITE_OK;
}

static void
lite_shutdown(void *unused)
{
}

static const struct sqlite3_mem_methods lite_methods = {
    .xMalloc = lite_malloc,
    .xFree = free,
    .xRealloc = lite_realloc,
    .xSize = lite_size,
    .xRoundup = lite_roundup,
    .xInit = lite_init,
    .xShutdown = lite_shutdown,
};

static int
setup(void **state)
{
    struct test_store *t = calloc(1, sizeof(*t));

    test_store_make(t);
    t->options.accounts.lockout_threshold = 1;
    t->options.accounts.keep_lm_hashes = true;
    assert_int_equal(test_store_add(t, "User", "Password"), SEC_E_OK);
    *state = t;
    return 0;
}

static int
teardown(void **state)
{
    test_store_remove(*state);
    free(*state);
    return 0;
}

static bool
is_trouble(sec_status status)
{
    return status == SEC_E_INSUFFICIENT_MEMORY || status == SEC_E_NO_AUTHENTICATING_AUTHORITY;
}

/* The threshold is 1: a right password that was counted as a wrong one would lock the account and
 * fail all that follows. */
static void
run_prove(void *user, bool failing)
{
    struct test_store *t = user;
    struct account_authority *a = NULL;
    struct test_claim claim;
    struct account_proof proof;
    sec_status status = account_authority_open(&t->options.accounts, &a);

    if (status != SEC_E_OK) {
        assert_true(failing && is_trouble(status));
        return;
    }
    test_claim_make(&claim, "User", "", "Password");
    for (unsigned i = 0; i < 3; i++) {
        status = account_prove(a, &claim.claim, &proof);
        assert_true(status == SEC_E_OK || (failing && is_trouble(status)));
        assert_true(status != SEC_E_OK || proof.identity->n_groups == 0);
        account_proof_clear(&proof);
    }
    test_claim_make(&claim, "nobody", "", "Password");
    status = account_prove(a, &claim.claim, &proof);
    assert_true(status == SEC_E_LOGON_DENIED || (failing && is_trouble(status)));
    account_authority_close(a);
}

static void
test_prove__without_memory__refuses_nobody_for_a_wrong_reason(void **state)
{
    assert_true(alloc_fail_each(run_prove, *state) > 20);
}

/* From one password to the other and back; what a failed try has left is not known here. */
static void
run_change_password(void *user, bool failing)
{
    static const char *const passwords[] = { "Password", "Passphrase" };
    static unsigned now;
    struct test_store *t = user;
    struct account_authority *a = NULL;
    struct account_proof out;
    sec_status status = account_authority_open(&t->options.accounts, &a);

    if (status != SEC_E_OK) {
        assert_true(failing && is_trouble(status));
        return;
    }
    status = account_change_password(
        a,
        &(struct account_new_password){ .user = UTF16("User"),
                                        .old_password = bytes_of_string(passwords[now]),
                                        .password = bytes_of_string(passwords[!now]),
                                        .now_100ns = clock_now_100ns() },
        &out);
    assert_true(status == SEC_E_OK || (failing && is_trouble(status)));
    now ^= status == SEC_E_OK;
    account_authority_close(a);
}

static void
test_change_password__without_memory__is_made_or_not(void **state)
{
    assert_true(alloc_fail_each(run_change_password, *state) > 20);
}

/* The code of the next time step each time, with a threshold of 1 again. */
static void
run_code(void *user, bool failing)
{
    static uint64_t runs;
    struct test_store *t = user;
    struct one_time_code code = test_code(ONE_TIME_CODE_TOTP);
    uint64_t now = TEST_CODE_NOW_100NS + ++runs * 30 * CLOCK_SECOND_100NS;
    struct account_authority *a = NULL;
    sec_status status = account_authority_open(&t->options.accounts, &a);

    if (status == SEC_E_OK) {
        status = test_code_prove_at(a, "User", &code, (uint64_t)clock_to_unix(now) / 30, now, NULL);
    }
    if (status != SEC_E_OK && !(failing && is_trouble(status))) {
        fail_msg("%s: %s", sec_status_name(status), sec_reason());
    }
    account_authority_close(a);
}

static void
test_prove__a_code_without_memory__refuses_nobody_for_a_wrong_reason(void **state)
{
    struct test_store *t = *state;
    struct one_time_code code = test_code(ONE_TIME_CODE_TOTP);

    assert_int_equal(test_code_enroll(t, "User", &code), SEC_E_OK);
    assert_true(alloc_fail_each(run_code, t) > 20);
}

static void
count_groups(void *user, const struct account_view *v)
{
    *(size_t *)user = v->n_groups;
}

/* Puts the account into two groups, and takes it out again. */
static void
run_change(void *user, bool failing)
{
    static const char *const groups[] = { "Staff", "Guests" };
    struct account_admin *admin = user;
    size_t before = 0, after = 0;
    sec_status seen = account_admin_show(admin, "user", count_groups, &before);
    sec_status status = account_admin_change(
        admin, "user", &(struct account_change){ .join = groups, .n_join = 2 });

    if (status != SEC_E_OK && !(failing && is_trouble(status))) {
        fail_msg("%s: %s", sec_status_name(status), sec_reason());
    }
    if (seen == SEC_E_OK && account_admin_show(admin, "user", count_groups, &after) == SEC_E_OK) {
        assert_int_equal(after, status == SEC_E_OK ? 2 : before);
    }
    status = account_admin_change(admin, "user",
                                  &(struct account_change){ .leave = groups, .n_leave = 2 });
    assert_true(status == SEC_E_OK || failing);
}

static void
test_change__without_memory__is_whole_or_not_at_all(void **state)
{
    struct test_store *t = *state;
    struct account_authority *a = NULL;
    struct account_admin *admin = NULL;

    assert_int_equal(account_admin_open(&t->options, &admin), SEC_E_OK);
    assert_true(alloc_fail_each(run_change, admin) > 20);
    account_admin_close(admin);
    assert_int_equal(account_authority_open(&t->options.accounts, &a), SEC_E_OK);
    assert_int_equal(test_logon(a, "User", "Password", NULL), SEC_E_OK);
    account_authority_close(a);
}

/* --- where ours alone fail: SQLite has far more, and these take their time ----------------- */

/* A store from nothing: its database and its key file may be there or not, but never half. */
static void
run_create(void *user, bool failing)
{
    struct test_store fresh;
    struct account_admin *admin = NULL;
    sec_status status;

    test_store_make(&fresh);
    status = account_admin_open(&fresh.options, &admin);
    assert_true(status == SEC_E_OK || (failing && is_trouble(status)));
    account_admin_close(admin);
    admin = NULL;
    status = account_admin_open(&fresh.options, &admin);
    assert_true(status == SEC_E_OK || (failing && is_trouble(status)));
    account_admin_close(admin);
    test_store_remove(&fresh);
}

static void
test_create__without_memory__can_be_tried_again(void **state)
{
    assert_true(alloc_fail_each(run_create, NULL) > 5);
}

static void
run_add(void *user, bool failing)
{
    static unsigned runs;
    struct account_admin *admin = user;
    char name[32];
    sec_status status;

    (void)snprintf(name, sizeof(name), "user%u", runs++);
    status =
        account_admin_add(admin, &(struct account_new){ .name = name,
                                                        .password = bytes_of_string("Password"),
                                                        .expires_100ns = CLOCK_NEVER_100NS });
    assert_true(status == SEC_E_OK || (failing && is_trouble(status)));
    if (!failing) {
        assert_int_equal(account_admin_set_password(admin, name, bytes_of_string("x"), false),
                         SEC_E_OK);
    }
}

static void
test_add__without_memory__adds_or_does_not(void **state)
{
    struct test_store *t = *state;
    struct account_admin *admin = NULL;

    assert_int_equal(account_admin_open(&t->options, &admin), SEC_E_OK);
    (void)alloc_fail_each(run_add, admin);
    account_admin_close(admin);
}

static int
group_setup(void **state)
{
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &lite_methods);
}

/* SQLite's own allocator again. */
static int
own_allocator(void **state)
{
    struct sqlite3_mem_methods none = { 0 };

    (void)sqlite3_shutdown();
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &none);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_prove__without_memory__refuses_nobody_for_a_wrong_reason, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_prove__a_code_without_memory__refuses_nobody_for_a_wrong_reason, setup, teardown),
        cmocka_unit_test_setup_teardown(test_change__without_memory__is_whole_or_not_at_all, setup,
                                        teardown),
    };
    const struct CMUnitTest slow_tests[] = {
        cmocka_unit_test(test_create__without_memory__can_be_tried_again),
        cmocka_unit_test_setup_teardown(test_add__without_memory__adds_or_does_not, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_change_password__without_memory__is_made_or_not, setup,
                                        teardown),
    };
    int failed = cmocka_run_group_tests_name("all fail", tests, group_setup, NULL);

    return failed + cmocka_run_group_tests_name("ours fail", slow_tests, own_allocator, NULL);
}
