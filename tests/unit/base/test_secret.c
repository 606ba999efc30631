/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets: copied, compared, wiped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/secret.h"
#include "tests/support/hex.h"

static void
test_secret_set__copies_and_replaces(void **state)
{
    struct secret s = { 0 };

    (void)state;
    assert_true(secret_set(&s, "first", 5));
    assert_bytes_equal(secret_bytes(&s), bytes_of_string("first"));
    assert_true(secret_set(&s, "second one", 10));
    assert_bytes_equal(secret_bytes(&s), bytes_of_string("second one"));
    assert_true(secret_set(&s, NULL, 0));
    assert_null(s.p);
    assert_int_equal(s.n, 0);
    secret_clear(&s);
    secret_clear(&s);
}

static void
test_secret_resize__gives_zeroes(void **state)
{
    SEC_AUTO(secret) s = { 0 };
    static const uint8_t zeroes[48];

    (void)state;
    assert_true(secret_set(&s, "what was there before, longer than a few bytes", 46));
    assert_true(secret_resize(&s, sizeof(zeroes)));
    assert_bytes_equal(secret_bytes(&s), bytes_of(zeroes, sizeof(zeroes)));
}

static void
test_secret_wipe__every_byte_and_null_with_nothing(void **state)
{
    uint8_t key[17];

    (void)state;
    memset(key, 0xAA, sizeof(key));
    secret_wipe(key, 16);
    for (size_t i = 0; i < 16; i++) {
        assert_int_equal(key[i], 0);
    }
    assert_int_equal(key[16], 0xAA);
    secret_wipe(NULL, 0);
}

static void
test_secret_equal__each_bit_counts(void **state)
{
    uint8_t a[16] = { 0 }, b[16] = { 0 };

    (void)state;
    assert_true(secret_equal(a, b, sizeof(a)));
    assert_true(secret_equal(NULL, NULL, 0));
    for (size_t bit = 0; bit < 8 * sizeof(a); bit++) {
        b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(secret_equal(a, b, sizeof(a)));
        b[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void
test_secret_harden_process__no_core_dump(void **state)
{
    int status;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        struct rlimit limit = { 1, 1 };

        secret_harden_process();
        _exit(getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur == 0 &&
                      prctl(PR_GET_DUMPABLE) == 0
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_secret_set__copies_and_replaces),
        cmocka_unit_test(test_secret_resize__gives_zeroes),
        cmocka_unit_test(test_secret_wipe__every_byte_and_null_with_nothing),
        cmocka_unit_test(test_secret_equal__each_bit_counts),
        cmocka_unit_test(test_secret_harden_process__no_core_dump),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
