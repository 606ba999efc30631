/* SPDX-License-Identifier: Apache-2.0 */
/* kill -9 in the middle of changes: what was acknowledged is there, and the database is whole. */
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/support/account_store.h"

enum { ROUNDS = 12, ACCOUNTS = 3 };

/* Sets unix_user of account i to a rising number, and says each time that it is done. */
static void
change_until_killed(struct test_store *t, int pipe_out)
{
    struct account_admin *admin = NULL;

    if (account_admin_open(&t->options, &admin) != SEC_E_OK) {
        _exit(1);
    }
    for (uint32_t n = 1;; n++) {
        char name[16], value[16];

        (void)snprintf(name, sizeof(name), "user%u", n % ACCOUNTS);
        (void)snprintf(value, sizeof(value), "u%u", n);
        if (account_admin_change(admin, name, &(struct account_change){ .unix_user = value }) !=
                SEC_E_OK ||
            write(pipe_out, &n, sizeof(n)) != sizeof(n)) {
            _exit(1);
        }
    }
}

/* The last change that the child acknowledged. */
static uint32_t
kill_a_child_at_work(struct test_store *t, unsigned after_ms)
{
    int ends[2];
    uint32_t n, last = 0;
    int status;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        change_until_killed(t, ends[1]);
    }
    (void)close(ends[1]);
    assert_int_equal(read(ends[0], &last, sizeof(last)), sizeof(last));
    (void)usleep(after_ms * 1000);
    assert_int_equal(kill(child, SIGKILL), 0);
    while (read(ends[0], &n, sizeof(n)) == sizeof(n)) {
        last = n;
    }
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return last;
}

static void
keep_unix_user(void *user, const struct account_view *v)
{
    *(uint32_t *)user = v->unix_user ? (uint32_t)strtoul(v->unix_user + 1, NULL, 10) : 0;
}

/* Each account has its own last acknowledged value, or the one change more that was under way. */
static void
assert_acknowledged(struct test_store *t, uint32_t last)
{
    struct account_admin *admin = NULL;

    assert_int_equal(account_admin_open(&t->options, &admin), SEC_E_OK);
    for (uint32_t i = 0; i < ACCOUNTS && i < last; i++) {
        uint32_t n = last - i, value = 0;
        char name[16];

        (void)snprintf(name, sizeof(name), "user%u", n % ACCOUNTS);
        assert_int_equal(account_admin_show(admin, name, keep_unix_user, &value), SEC_E_OK);
        if (value != n && !(value == last + 1 && (last + 1) % ACCOUNTS == n % ACCOUNTS)) {
            fail_msg("%s has %u; %u was acknowledged, %u the last of all", name, value, n, last);
        }
    }
    account_admin_close(admin);
}

static void
assert_whole(struct test_store *t)
{
    sqlite3 *db;
    sqlite3_stmt *statement;

    assert_int_equal(sqlite3_open(t->database, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &statement, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_string_equal(sqlite3_column_text(statement, 0), "ok");
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(db);
}

static void
test_changes__killed_at_any_moment__keep_what_they_acknowledged(void **state)
{
    struct test_store t;
    struct account_authority *a = NULL;

    test_store_make(&t);
    for (unsigned i = 0; i < ACCOUNTS; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "user%u", i);
        assert_int_equal(test_store_add(&t, name, "Password"), SEC_E_OK);
    }
    assert_int_equal(account_authority_open(&t.options.accounts, &a), SEC_E_OK);
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint32_t last = kill_a_child_at_work(&t, round * 3 % 20);

        /* The generation may have been left odd: logons go on, and mend it. */
        assert_int_equal(test_logon(a, "user0", "Password", NULL), SEC_E_OK);
        assert_acknowledged(&t, last);
        assert_whole(&t);
    }
    account_authority_close(a);
    test_store_remove(&t);
}

/* The database or its key file half made: the next one that comes makes the rest. */
static void
test_creation__killed_at_any_moment__can_be_gone_on_with(void **state)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct test_store t;
        int status;
        pid_t child;

        test_store_make(&t);
        child = fork();
        if (child == 0) {
            _exit(test_store_add(&t, "user0", "Password") != SEC_E_OK);
        }
        (void)usleep(round * 700);
        (void)kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(test_store_add(&t, "user1", "Password"), SEC_E_OK);
        assert_whole(&t);
        test_store_remove(&t);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes__killed_at_any_moment__keep_what_they_acknowledged),
        cmocka_unit_test(test_creation__killed_at_any_moment__can_be_gone_on_with),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
