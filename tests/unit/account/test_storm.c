/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that log on while another process changes passwords: a change that was acknowledged is
 * seen at the very next logon, everywhere. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/support/account_code.h"

enum { THREADS = 4, CHANGES = 40, ACCOUNTS = 2 };

/* Between the processes: the changer raises `begun` before each change and `done` after it was
 * acknowledged. Password number n is "pn"; `begun` and `done` are such numbers. */
struct progress {
    _Atomic uint32_t begun, done, stop;
};

struct storm {
    struct test_store store;
    struct account_authority *authority;
    struct progress *progress;
    _Atomic uint32_t logons, wrong;
};

static sec_status
logon_with(struct storm *s, uint32_t number)
{
    char password[16];

    (void)snprintf(password, sizeof(password), "p%u", number);
    return test_logon(s->authority, "user", password, NULL);
}

/* The password that was acknowledged before the logon must do, unless the next change began before
 * its end; and one that was replaced before the logon must not. */
static void
judge(struct storm *s, uint32_t done_before, sec_status newest, sec_status older)
{
    uint32_t begun_after = atomic_load(&s->progress->begun);

    if (newest != SEC_E_OK && begun_after == done_before) {
        (void)fprintf(stderr, "password %u: %s, %s\n", done_before, sec_status_name(newest),
                      sec_reason());
        atomic_fetch_add(&s->wrong, 1);
    }
    if (older == SEC_E_OK) {
        (void)fprintf(stderr, "password %u still let in, after %u\n", done_before - 1, done_before);
        atomic_fetch_add(&s->wrong, 1);
    }
}

static void *
log_on(void *user)
{
    struct storm *s = user;

    while (!atomic_load(&s->progress->stop)) {
        uint32_t done = atomic_load(&s->progress->done);
        sec_status newest = logon_with(s, done);
        sec_status older = done > 1 ? logon_with(s, done - 1) : SEC_E_LOGON_DENIED;

        judge(s, done, newest, older);
        atomic_fetch_add(&s->logons, 1);
    }
    return NULL;
}

static void
change_passwords(struct storm *s)
{
    struct account_admin *admin = NULL;
    bool good = account_admin_open(&s->store.options, &admin) == SEC_E_OK;

    for (uint32_t n = 2; good && n < CHANGES; n++) {
        char password[16];
        int length = snprintf(password, sizeof(password), "p%u", n);

        atomic_store(&s->progress->begun, n);
        good = account_admin_set_password(admin, "user", bytes_of(password, (size_t)length),
                                          false) == SEC_E_OK;
        atomic_store(&s->progress->done, n);
        (void)usleep(1000);
    }
    atomic_store(&s->progress->stop, 1);
    _exit(good ? 0 : 1);
}

static void
test_prove__while_passwords_change__sees_each_change_at_once(void **state)
{
    struct storm s = { 0 };
    pthread_t threads[THREADS];
    int status;
    pid_t child;

    test_store_make(&s.store);
    s.store.options.accounts.lockout_threshold = 0;
    s.progress =
        mmap(NULL, sizeof(*s.progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(s.progress != MAP_FAILED);
    atomic_store(&s.progress->begun, 1);
    atomic_store(&s.progress->done, 1);
    assert_int_equal(test_store_add(&s.store, "user", "p1"), SEC_E_OK);
    assert_int_equal(account_authority_open(&s.store.options.accounts, &s.authority), SEC_E_OK);
    child = fork();
    if (child == 0) {
        change_passwords(&s);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, log_on, &s), 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    atomic_store(&s.progress->stop, 1);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(status, 0);
    assert_int_equal(atomic_load(&s.wrong), 0);
    assert_true(atomic_load(&s.logons) > THREADS);
    account_authority_close(s.authority);
    (void)munmap(s.progress, sizeof(*s.progress));
    test_store_remove(&s.store);
}

/* --- within one process -------------------------------------------------------------------- */

/* Right and wrong passwords, names that do not exist, identities that outlive their logon. */
static void *
mixed(void *user)
{
    struct storm *s = user;

    for (unsigned i = 0; i < 300; i++) {
        char name[16];
        struct test_claim t;
        struct account_proof proof;

        (void)snprintf(name, sizeof(name), i % 3 ? "user" : "u%u", i);
        test_claim_make(&t, name, "", i % 5 ? "p1" : "wrong");
        t.claim.now_100ns += (i / 20) * CLOCK_SECOND_100NS;
        if ((account_prove(s->authority, &t.claim, &proof) == SEC_E_OK) != (i % 3 && i % 5)) {
            atomic_fetch_add(&s->wrong, 1);
        }
        account_proof_clear(&proof);
    }
    return NULL;
}

static void
test_prove__right_and_wrong_in_many_threads__are_told_apart(void **state)
{
    struct storm s = { 0 };
    pthread_t threads[THREADS];

    test_store_make(&s.store);
    s.store.options.accounts.lockout_threshold = 0;
    assert_int_equal(test_store_add(&s.store, "user", "p1"), SEC_E_OK);
    assert_int_equal(account_authority_open(&s.store.options.accounts, &s.authority), SEC_E_OK);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, mixed, &s), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(atomic_load(&s.wrong), 0);
    account_authority_close(s.authority);
    test_store_remove(&s.store);
}

/* Exactly as many guesses as the threshold allows, however many threads make them at once; one of
 * them is told that it locked the account. */
static void *
guess(void *user)
{
    struct storm *s = user;

    for (unsigned i = 0; i < 50; i++) {
        struct test_claim t;
        struct account_proof proof;

        test_claim_make(&t, "user", "", "wrong");
        (void)!account_prove(s->authority, &t.claim, &proof);
        atomic_fetch_add(&s->wrong, proof.locked_out_now);
        atomic_fetch_add(&s->logons, proof.sub_status == ACCOUNT_WRONG_PASSWORD);
        account_proof_clear(&proof);
    }
    return NULL;
}

static void
test_lockout__guesses_in_many_threads__are_all_counted(void **state)
{
    struct storm s = { 0 };
    pthread_t threads[THREADS];

    test_store_make(&s.store);
    s.store.options.accounts.lockout_threshold = 20;
    assert_int_equal(test_store_add(&s.store, "user", "p1"), SEC_E_OK);
    assert_int_equal(account_authority_open(&s.store.options.accounts, &s.authority), SEC_E_OK);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, guess, &s), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(atomic_load(&s.wrong), 1);
    assert_int_equal(atomic_load(&s.logons), 20);
    account_authority_close(s.authority);
    test_store_remove(&s.store);
}

/* --- one-time codes ------------------------------------------------------------------------ */

struct code_storm {
    struct storm storm;
    struct one_time_code code;
    _Atomic uint32_t proven[CHANGES]; /* how often, by counter */
};

/* Each code of the account in turn, while other threads try the same ones. */
static void *
try_codes(void *user)
{
    struct code_storm *s = user;

    for (uint64_t counter = 0; counter < CHANGES; counter++) {
        if (test_code_prove_at(s->storm.authority, "user", &s->code, counter, TEST_CODE_NOW_100NS,
                               NULL) == SEC_E_OK) {
            atomic_fetch_add(&s->proven[counter], 1);
        }
    }
    return NULL;
}

static void
test_prove__codes_in_many_threads__each_once(void **state)
{
    static struct code_storm s;
    pthread_t threads[THREADS];
    uint32_t proven = 0;

    s.code = test_code(ONE_TIME_CODE_HOTP);
    test_store_make(&s.storm.store);
    s.storm.store.options.accounts.lockout_threshold = 0;
    assert_int_equal(test_store_add(&s.storm.store, "user", "p1"), SEC_E_OK);
    assert_int_equal(test_code_enroll(&s.storm.store, "user", &s.code), SEC_E_OK);
    assert_int_equal(account_authority_open(&s.storm.store.options.accounts, &s.storm.authority),
                     SEC_E_OK);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, try_codes, &s), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    for (unsigned i = 0; i < CHANGES; i++) {
        assert_true(atomic_load(&s.proven[i]) <= 1);
        proven += atomic_load(&s.proven[i]);
    }
    assert_true(proven > 0);
    assert_int_equal(atomic_load(&s.proven[CHANGES - 1]), 1);
    account_authority_close(s.storm.authority);
    test_store_remove(&s.storm.store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prove__while_passwords_change__sees_each_change_at_once),
        cmocka_unit_test(test_prove__right_and_wrong_in_many_threads__are_told_apart),
        cmocka_unit_test(test_lockout__guesses_in_many_threads__are_all_counted),
        cmocka_unit_test(test_prove__codes_in_many_threads__each_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
