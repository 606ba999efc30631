/* SPDX-License-Identifier: Apache-2.0 */
/* A store in trouble refuses everybody, says why, and locks nobody out. */
#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/support/account_store.h"

static int
setup(void **state)
{
    return test_accounts_open(test_accounts_new(), state);
}

static void
assert_no_authority(struct test_accounts *f, const char *reason)
{
    uint32_t why = 1;

    for (unsigned i = 0; i < 5; i++) {
        sec_reason_clear();
        assert_int_equal(test_logon(f->authority, "User", i % 2 ? "Password" : "wrong", &why),
                         SEC_E_NO_AUTHENTICATING_AUTHORITY);
        assert_int_equal(why, 0);
        if (!strstr(sec_reason(), reason)) {
            fail_msg("%s: not in: %s", reason, sec_reason());
        }
    }
}

static void
assert_works(struct test_accounts *f)
{
    uint32_t why = 0;

    if (test_logon(f->authority, "User", "Password", &why) != SEC_E_OK) {
        fail_msg("refused: %x, %s", why, sec_reason());
    }
}

static void
execute(const char *database, const char *sql)
{
    sqlite3 *db;
    char *error = NULL;

    assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK) {
        fail_msg("%s: %s", sql, error);
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void
test_prove__without_a_database__works_once_there_is_one(void **state)
{
    struct test_accounts *f = *state;
    char away[200];

    (void)snprintf(away, sizeof(away), "%s.away", f->store.database);
    assert_int_equal(rename(f->store.database, away), 0);
    assert_no_authority(f, "No such file");
    assert_int_equal(rename(away, f->store.database), 0);
    assert_works(f);
}

static void
test_prove__with_a_wrong_key_file__names_it(void **state)
{
    struct test_accounts *f = *state;
    char away[200];
    struct test_store other;

    (void)snprintf(away, sizeof(away), "%s.away", f->store.key_file);
    test_store_make(&other);
    assert_int_equal(test_store_add(&other, "User", "Password"), SEC_E_OK);
    assert_int_equal(rename(f->store.key_file, away), 0);
    assert_no_authority(f, "accounts.key: No such file");
    assert_int_equal(rename(other.key_file, f->store.key_file), 0);
    assert_no_authority(f, "is not the key file of");
    assert_int_equal(chmod(f->store.key_file, 0644), 0);
    assert_no_authority(f, "open to others (mode 644)");
    assert_int_equal(rename(away, f->store.key_file), 0);
    assert_works(f);
    test_store_remove(&other);
}

static void
test_prove__with_a_database_that_others_may_write__refuses(void **state)
{
    struct test_accounts *f = *state;

    assert_int_equal(chmod(f->store.database, 0620), 0);
    assert_no_authority(f, "others may write");
    assert_int_equal(chmod(f->store.database, 0640), 0);
    assert_works(f);
}

/* Its owner may write to it, whatever its mode. */
static void
test_prove__with_a_database_of_another_user__refuses(void **state)
{
    struct test_accounts *f = *state;

    if (geteuid() != 0) {
        return; /* only root can give a file away */
    }
    assert_int_equal(chown(f->store.database, 65534, (gid_t)-1), 0);
    assert_no_authority(f, "belongs to user 65534");
    assert_int_equal(test_store_add(&f->store, "Other", "Password"),
                     SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_int_equal(chown(f->store.folder, 65534, (gid_t)-1), 0);
    assert_works(f); /* a service's folder, and root looks into it */
}

static void
test_prove__with_what_is_no_database__refuses(void **state)
{
    struct test_accounts *f = *state;
    char other[200];
    int fd;

    (void)snprintf(other, sizeof(other), "%s.other", f->store.database);
    fd = open(other, O_CREAT | O_RDWR, 0600);
    assert_int_equal(rename(other, f->store.database), 0);
    assert_no_authority(f, "holds no accounts yet");
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(write(fd, "this is no database ", 20), 20);
    }
    assert_no_authority(f, "not a database");
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(unlink(f->store.database), 0);
    execute(f->store.database, "PRAGMA user_version = 7");
    assert_int_equal(chmod(f->store.database, 0600), 0);
    assert_no_authority(f, "another version (7)");
    assert_int_equal(close(fd), 0);
}

/* Every page in turn: no crash, no wrong answer but a refusal. */
static void
test_prove__with_pages_overwritten__refuses_or_works(void **state)
{
    struct test_accounts *f = *state;
    uint8_t page[4096], garbage[4096];
    struct stat st;
    int fd;

    execute(f->store.database, "PRAGMA wal_checkpoint(TRUNCATE)");
    memset(garbage, 0xA5, sizeof(garbage));
    fd = open(f->store.database, O_RDWR);
    assert_int_equal(fstat(fd, &st), 0);
    for (off_t at = 0; at < st.st_size; at += (off_t)sizeof(page)) {
        sec_status status;

        account_authority_close(f->authority);
        assert_int_equal(pread(fd, page, sizeof(page), at), sizeof(page));
        assert_int_equal(pwrite(fd, garbage, sizeof(page), at), sizeof(page));
        assert_int_equal(account_authority_open(&f->store.options.accounts, &f->authority),
                         SEC_E_OK);
        status = test_logon(f->authority, "User", "wrong", NULL);
        assert_true(status == SEC_E_NO_AUTHENTICATING_AUTHORITY || status == SEC_E_LOGON_DENIED);
        status = test_logon(f->authority, "User", "Password", NULL);
        assert_true(status == SEC_E_NO_AUTHENTICATING_AUTHORITY || status == SEC_E_LOGON_DENIED ||
                    status == SEC_E_OK);
        assert_int_equal(pwrite(fd, page, sizeof(page), at), sizeof(page));
        account_authority_close(f->authority);
        assert_int_equal(account_authority_open(&f->store.options.accounts, &f->authority),
                         SEC_E_OK);
        assert_works(f);
    }
    assert_int_equal(close(fd), 0);
}

static void
test_prove__with_a_secret_moved_or_damaged__refuses(void **state)
{
    struct test_accounts *f = *state;
    static const char *const damages[] = {
        "UPDATE secret SET sealed = x'01'",
        "UPDATE secret SET sealed = x''",
        "UPDATE secret SET sealed = (SELECT sealed FROM secret WHERE account = 1002"
        " AND field = 'nt-hash') WHERE account = 1001 AND field = 'nt-hash'",
        "DELETE FROM secret WHERE account = 1001",
    };

    assert_int_equal(test_store_add(&f->store, "Other", "Password"), SEC_E_OK);
    for (size_t i = 0; i < SEC_ARRAY_LEN(damages); i++) {
        execute(f->store.database, damages[i]);
        assert_no_authority(f, "NT hash of S-1-5-21-");
    }
}

/* SIDs of accounts begin with it: one that is none, or spelled as no SID is, would be theirs. */
static void
test_prove__with_a_machine_sid_that_is_none__refuses(void **state)
{
    struct test_accounts *f = *state;
    static const char *const damages[] = {
        "UPDATE setting SET value = 'S-1-5-21-1-2-' WHERE name = 'machine-sid'",
        "UPDATE setting SET value = 'S-1-5-21-01-2-3' WHERE name = 'machine-sid'",
        "UPDATE setting SET value = '' WHERE name = 'machine-sid'",
        "DELETE FROM setting WHERE name = 'machine-sid'",
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(damages); i++) {
        execute(f->store.database, damages[i]);
        account_authority_close(f->authority);
        assert_int_equal(account_authority_open(&f->store.options.accounts, &f->authority),
                         SEC_E_OK);
        assert_no_authority(f, "the store's own name is damaged");
    }
}

static void
test_prove__while_another_process_holds_the_database__refuses_until_it_lets_go(void **state)
{
    struct test_accounts *f = *state;
    sqlite3 *db;

    assert_int_equal(sqlite3_open(f->store.database, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;"
                                  "UPDATE account SET changed = 1",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    for (unsigned i = 0; i < 5; i++) {
        uint32_t why = 1;

        assert_int_equal(test_logon(f->authority, "User", "wrong", &why),
                         SEC_E_NO_AUTHENTICATING_AUTHORITY);
        assert_non_null(strstr(sec_reason(), "locked"));
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_works(f);
}

/* What was changed with other tools raises no generation: it is seen within a second of the
 * clock that logons bring. */
static void
test_prove__change_with_other_tools__is_seen_a_second_later(void **state)
{
    struct test_accounts *f = *state;
    struct test_claim t;
    struct account_proof proof;

    test_claim_make(&t, "User", "", "Password");
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(account_prove(f->authority, &t.claim, &proof), SEC_E_OK);
        account_proof_clear(&proof);
    }
    execute(f->store.database, "UPDATE account SET disabled = 1");
    t.claim.now_100ns += CLOCK_SECOND_100NS;
    assert_int_equal(account_prove(f->authority, &t.claim, &proof), SEC_E_LOGON_DENIED);
    assert_int_equal(proof.sub_status, ACCOUNT_DISABLED);
}

static void
test_prove__after_the_database_was_replaced__asks_the_new_one(void **state)
{
    struct test_accounts *f = *state;
    struct test_store other;
    struct test_claim t;
    struct account_proof proof;

    assert_works(f);
    assert_works(f);
    test_store_make(&other);
    assert_int_equal(test_store_add(&other, "User", "of the other"), SEC_E_OK);
    execute(other.database, "PRAGMA wal_checkpoint(TRUNCATE)");
    execute(f->store.database, "PRAGMA wal_checkpoint(TRUNCATE)");
    assert_int_equal(rename(other.key_file, f->store.key_file), 0);
    assert_int_equal(rename(other.database, f->store.database), 0);
    test_claim_make(&t, "User", "", "of the other");
    t.claim.now_100ns += CLOCK_SECOND_100NS;
    assert_int_equal(account_prove(f->authority, &t.claim, &proof), SEC_E_OK);
    account_proof_clear(&proof);
    assert_int_equal(test_logon(f->authority, "User", "Password", NULL), SEC_E_LOGON_DENIED);
    test_store_remove(&other);
}

/* Where processes cannot share memory, each logon asks the database: a change is seen all the
 * same. */
static void
test_prove__without_the_shared_mapping__asks_the_database_each_time(void **state)
{
    struct test_accounts *f = *state;
    char path[200];

    (void)snprintf(path, sizeof(path), "%s-shared", f->store.database);
    account_authority_close(f->authority);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(account_authority_open(&f->store.options.accounts, &f->authority), SEC_E_OK);
    assert_works(f);
    assert_works(f);
    execute(f->store.database, "UPDATE account SET disabled = 1");
    assert_int_equal(test_logon(f->authority, "User", "Password", NULL), SEC_E_LOGON_DENIED);
    execute(f->store.database, "UPDATE account SET disabled = 0");
    for (unsigned i = 0; i < 3; i++) {
        (void)test_logon(f->authority, "User", "wrong", NULL);
    }
    assert_int_equal(test_logon(f->authority, "User", "Password", NULL), SEC_E_LOGON_DENIED);
}

/* A child of fork() has its own connection, and sees changes as its parent does. */
static void
test_prove__in_a_child_of_fork__works(void **state)
{
    struct test_accounts *f = *state;
    int status;
    pid_t child;

    assert_works(f);
    child = fork();
    if (child == 0) {
        bool good = test_logon(f->authority, "User", "Password", NULL) == SEC_E_OK &&
                    test_logon(f->authority, "User", "wrong", NULL) == SEC_E_LOGON_DENIED &&
                    test_store_add(&f->store, "Child", "Password") == SEC_E_OK &&
                    test_logon(f->authority, "Child", "Password", NULL) == SEC_E_OK;

        account_authority_close(f->authority);
        _exit(good ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(test_logon(f->authority, "Child", "Password", NULL), SEC_E_OK);
    assert_works(f);
}

static void
test_open__of_what_is_no_store__refuses(void **state)
{
    struct test_accounts *f = *state;
    static const char *const stores[] = { "", "sqlite:", "ldap:/x", "/var/lib/x", NULL };
    struct account_options options = f->store.options.accounts;
    struct account_authority *a = NULL;

    for (size_t i = 0; i < SEC_ARRAY_LEN(stores); i++) {
        options.store = stores[i];
        assert_int_equal(account_authority_open(&options, &a), SEC_E_INVALID_PARAMETER);
    }
    assert_null(a);
    account_authority_close(NULL);
    account_identity_unref(NULL);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, test_accounts_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_prove__without_a_database__works_once_there_is_one),
        TEST(test_prove__with_a_wrong_key_file__names_it),
        TEST(test_prove__with_a_database_that_others_may_write__refuses),
        TEST(test_prove__with_a_database_of_another_user__refuses),
        TEST(test_prove__with_what_is_no_database__refuses),
        TEST(test_prove__with_pages_overwritten__refuses_or_works),
        TEST(test_prove__with_a_secret_moved_or_damaged__refuses),
        TEST(test_prove__with_a_machine_sid_that_is_none__refuses),
        TEST(test_prove__while_another_process_holds_the_database__refuses_until_it_lets_go),
        TEST(test_prove__change_with_other_tools__is_seen_a_second_later),
        TEST(test_prove__after_the_database_was_replaced__asks_the_new_one),
        TEST(test_prove__without_the_shared_mapping__asks_the_database_each_time),
        TEST(test_prove__in_a_child_of_fork__works),
        TEST(test_open__of_what_is_no_store__refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
