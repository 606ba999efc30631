/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that log on through samd while it is stopped and started again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/samd/served.h"

enum { THREADS = 8, RESTARTS = 15, LOGONS_BETWEEN = 200, TIMEOUT_MS = 5000 };

struct storm {
    struct served served;
    struct account_authority *asked;
    atomic_uint proven, wrong;
    atomic_bool stops;
};

/* The right password is taken or samd is not there; the wrong one is never taken. */
static void *
log_on(void *user)
{
    struct storm *s = user;

    while (!atomic_load(&s->stops)) {
        sec_status right = test_logon(s->asked, "user", "p1", NULL);
        sec_status wrong = test_logon(s->asked, "nobody", "p2", NULL);

        if (right == SEC_E_OK) {
            atomic_fetch_add(&s->proven, 1);
        } else if (right != SEC_E_NO_AUTHENTICATING_AUTHORITY) {
            (void)fprintf(stderr, "%s: %s\n", sec_status_name(right), sec_reason());
            atomic_fetch_add(&s->wrong, 1);
        }
        if (wrong != SEC_E_LOGON_DENIED && wrong != SEC_E_NO_AUTHENTICATING_AUTHORITY) {
            atomic_fetch_add(&s->wrong, 1);
        }
    }
    return NULL;
}

/* An administrator looks and changes meanwhile. */
static void *
administer(void *user)
{
    struct storm *s = user;
    struct account_admin_options options = s->served.store.options;
    const bool yes = true;

    options.accounts.store = s->served.name;
    while (!atomic_load(&s->stops)) {
        struct account_admin *admin = NULL;
        sec_status status;

        status = account_admin_open(&options, &admin);
        if (status == SEC_E_OK) {
            status = account_admin_change(admin, "user",
                                          &(struct account_change){ .may_dial_in = &yes });
        }
        if (status != SEC_E_OK && status != SEC_E_NO_AUTHENTICATING_AUTHORITY) {
            atomic_fetch_add(&s->wrong, 1);
        }
        account_admin_close(admin);
        (void)usleep(1000);
    }
    return NULL;
}

static void
wait_for_logons(struct storm *s)
{
    unsigned before = atomic_load(&s->proven);

    while (atomic_load(&s->proven) < before + LOGONS_BETWEEN && !atomic_load(&s->wrong)) {
        (void)usleep(1000);
    }
}

static void
restart_meanwhile(size_t n_threads)
{
    struct storm s = { .proven = 0 };
    struct account_options options;
    pthread_t threads[THREADS + 1];

    served_make(&s.served);
    served_start(&s.served);
    options = s.served.store.options.accounts;
    options.store = s.served.name;
    options.timeout_ms = TIMEOUT_MS;
    assert_int_equal(account_authority_open(&options, &s.asked), SEC_E_OK);
    for (size_t i = 0; i < n_threads + 1; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, i < n_threads ? log_on : administer, &s),
                         0);
    }
    for (int i = 0; i < RESTARTS; i++) {
        wait_for_logons(&s);
        served_stop(&s.served);
        served_start(&s.served);
    }
    wait_for_logons(&s);
    atomic_store(&s.stops, true);
    for (size_t i = 0; i < n_threads + 1; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&s.wrong), 0);
    account_authority_close(s.asked);
    served_stop(&s.served);
    served_clear(&s.served);
}

static void
test_account_prove__samd_restarted_meanwhile__denies_nobody(void **state)
{
    (void)state;
    restart_meanwhile(THREADS);
}

/* Who looks for his answer instead of sleeping, and whose connection stays with a thread of samd's. */
static void
test_account_prove__one_thread_asks__samd_restarted_meanwhile(void **state)
{
    (void)state;
    restart_meanwhile(1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_account_prove__samd_restarted_meanwhile__denies_nobody),
        cmocka_unit_test(test_account_prove__one_thread_asks__samd_restarted_meanwhile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
