/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that use a package while others load and unload it. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/packages/staged.h"
#include "tests/support/api_pair.h"

enum { USERS = 4, LOADERS = 2, ROUNDS = 300, EXCHANGES_MIN = 20 };

static atomic_uint exchanged, loaded, busy;
static char path[256];

static int
stage(void **state)
{
    int status = staged_make(NULL);

    (void)snprintf(path, sizeof(path), "%s", staged_path("shared_secret.so"));
    return status;
}

static void
expect(SECURITY_STATUS status, SECURITY_STATUS a, SECURITY_STATUS b)
{
    if (status != SEC_E_OK && status != a && status != b) {
        abort();
    }
}

static void
exchange(void)
{
    uint8_t token[24], data[4] = "abc";
    SecBuffer b[2] = { { sizeof(token), SECBUFFER_TOKEN, token }, { 4, SECBUFFER_DATA, data } };
    SecBufferDesc d = { SECBUFFER_VERSION, 2, b };
    struct api_pair p;
    SECURITY_STATUS status = api_acquire(&p, "SharedSecret", "alice", "", STAGED_SECRET);

    /* It may be gone before, and between the two acquisitions it may not. */
    expect(status, SEC_E_SECPKG_NOT_FOUND, SEC_E_SECPKG_NOT_FOUND);
    if (status != SEC_E_OK) {
        return;
    }
    if (api_establish(&p, 0, 0) != SEC_E_OK || EncryptMessage(&p.client, 0, &d, 0) != SEC_E_OK ||
        DecryptMessage(&p.server, &d, 0, NULL) != SEC_E_OK) {
        abort();
    }
    api_release(&p);
    atomic_fetch_add(&exchanged, 1);
}

static void *
use(void *argument)
{
    PSecPkgInfoA info;
    ULONG n;

    while (atomic_load(&busy)) {
        exchange();
        if (EnumerateSecurityPackagesA(&n, &info) != SEC_E_OK || n < 3 || n > 4) {
            abort();
        }
        (void)FreeContextBuffer(info);
    }
    return NULL;
}

static void *
load(void *argument)
{
    for (int i = 0; i < ROUNDS || atomic_load(&exchanged) < EXCHANGES_MIN; i++) {
        SECURITY_STATUS status = AddSecurityPackageA(path, NULL);

        expect(status, SEC_E_CANNOT_INSTALL, SEC_E_CANNOT_INSTALL);
        atomic_fetch_add(&loaded, status == SEC_E_OK);
        exchange();
        status = DeleteSecurityPackageA(API_NAME("SharedSecret"));
        expect(status, SEC_E_OUT_OF_SEQUENCE, SEC_E_SECPKG_NOT_FOUND);
    }
    atomic_fetch_sub(&busy, 1);
    return NULL;
}

static void
test_loading_and_unloading__while_it_is_used__harms_nobody(void **state)
{
    pthread_t threads[USERS + LOADERS];

    atomic_store(&busy, LOADERS);
    for (size_t i = 0; i < USERS + LOADERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, i < LOADERS ? load : use, NULL), 0);
    }
    for (size_t i = 0; i < USERS + LOADERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_true(atomic_load(&exchanged) >= EXCHANGES_MIN);
    assert_true(atomic_load(&loaded) >= 1);
    (void)DeleteSecurityPackageA(API_NAME("SharedSecret"));
    assert_int_equal(DeleteSecurityPackageA(API_NAME("SharedSecret")), SEC_E_SECPKG_NOT_FOUND);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loading_and_unloading__while_it_is_used__harms_nobody),
    };

    return cmocka_run_group_tests_name("packages/storm", tests, stage, staged_remove);
}
