/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that encrypt identities for the first time at once must agree on the process's key, and
 * may read one identity together. What they find is asserted by the main thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include <opensspi/sspi.h>

enum { THREADS = 4, ROUNDS = 500 };

static PSEC_WINNT_AUTH_IDENTITY_OPAQUE own[THREADS], shared;
static pthread_barrier_t start;
static atomic_uint failures;

static void
must(bool holds)
{
    if (!holds) {
        atomic_fetch_add(&failures, 1);
    }
}

static bool
is_same(PSEC_WINNT_AUTH_IDENTITY_OPAQUE a, PSEC_WINNT_AUTH_IDENTITY_OPAQUE b)
{
    BOOLEAN same = 0;

    return SspiCompareAuthIdentities(a, b, NULL, &same) == SEC_E_OK && same;
}

static void *
encrypt_and_read(void *arg)
{
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE *id = arg, copy = NULL;

    pthread_barrier_wait(&start);
    must(SspiEncryptAuthIdentity(*id) == SEC_E_OK);
    for (int i = 0; i < ROUNDS; i++) {
        must(is_same(*id, shared));
        must(SspiCopyAuthIdentity(shared, &copy) == SEC_E_OK);
        must(SspiEncryptAuthIdentity(copy) == SEC_E_OK);
        must(is_same(copy, *id));
        SspiFreeAuthIdentity(copy);
    }
    return NULL;
}

static void
test_SspiEncryptAuthIdentity__threads_agree_on_the_key(void **state)
{
    pthread_t threads[THREADS];

    (void)state;
    assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
    assert_int_equal(SspiEncodeStringsAsAuthIdentity(u"user", u"DOM", u"secret", &shared),
                     SEC_E_OK);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(SspiCopyAuthIdentity(shared, &own[i]), SEC_E_OK);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, encrypt_and_read, &own[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    /* What one thread encrypted, any other opens. */
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(SspiDecryptAuthIdentity(own[i]), SEC_E_OK);
        assert_true(is_same(own[i], shared));
        SspiFreeAuthIdentity(own[i]);
    }
    SspiFreeAuthIdentity(shared);
    assert_int_equal(pthread_barrier_destroy(&start), 0);
    assert_int_equal(atomic_load(&failures), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_SspiEncryptAuthIdentity__threads_agree_on_the_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
