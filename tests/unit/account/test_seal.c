/* SPDX-License-Identifier: Apache-2.0 */
/* The key file, and that a sealed secret opens in its own place alone. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "account/seal.h"
#include "tests/support/account_store.h"

static const struct seal_place place = { "S-1-5-21-1-2-3-1001", "nt-hash" };
static const uint8_t plain[16] = "sixteen bytes...";

struct fixture {
    struct test_store store;
    struct seal_key *key;
};

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    test_store_make(&f->store);
    assert_int_equal(seal_key_make(f->store.key_file, getuid(), &f->key), SEC_E_OK);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    seal_key_free(f->key);
    test_store_remove(&f->store);
    free(f);
    return 0;
}

static sec_status
load(struct fixture *f)
{
    struct seal_key *key = NULL;
    sec_status status = seal_key_load(f->store.key_file, getuid(), &key);

    seal_key_free(key);
    return status;
}

static void
test_make__of_a_key_that_is_there__keeps_it(void **state)
{
    struct fixture *f = *state;
    struct seal_key *again = NULL;
    struct stat st;

    assert_int_equal(seal_key_make(f->store.key_file, getuid(), &again), SEC_E_OK);
    assert_memory_equal(again->b, f->key->b, sizeof(again->b));
    seal_key_free(again);
    assert_int_equal(stat(f->store.key_file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_nlink, 1);
}

static void
test_load__of_a_file_that_others_may_use__refuses(void **state)
{
    struct fixture *f = *state;
    static const mode_t modes[] = { 0640, 0604, 0620, 0602, 0610, 0601 };

    for (size_t i = 0; i < SEC_ARRAY_LEN(modes); i++) {
        assert_int_equal(chmod(f->store.key_file, modes[i]), 0);
        assert_int_equal(load(f), SEC_E_NO_AUTHENTICATING_AUTHORITY);
        assert_non_null(strstr(sec_reason(), "open to others"));
    }
    assert_int_equal(chmod(f->store.key_file, 0400), 0);
    assert_int_equal(load(f), SEC_E_OK);
}

static void
test_load__of_another_user_s_file__refuses(void **state)
{
    struct fixture *f = *state;
    struct seal_key *key = NULL;

    if (getuid() != 0 || chown(f->store.key_file, 65534, (gid_t)-1)) {
        return; /* only root can give a file away, and even root not everywhere */
    }
    assert_int_equal(load(f), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_int_equal(seal_key_load(f->store.key_file, 65534, &key), SEC_E_OK);
    seal_key_free(key);
}

static void
test_load__of_what_is_no_key_file__refuses(void **state)
{
    struct fixture *f = *state;
    uint8_t whole[256];
    int fd = open(f->store.key_file, O_RDWR);
    ssize_t n = pread(fd, whole, sizeof(whole), 0);

    assert_int_equal(n, 152);
    for (ssize_t i = 0; i < n; i++) {
        assert_int_equal(ftruncate(fd, i), 0);
        assert_int_equal(load(f), SEC_E_NO_AUTHENTICATING_AUTHORITY);
        assert_int_equal(pwrite(fd, whole, (size_t)n, 0), n);
        assert_int_equal(pwrite(fd, "!", 1, i), 1);
        assert_int_equal(load(f), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    }
    assert_int_equal(pwrite(fd, whole, (size_t)n, 0), n);
    assert_int_equal(load(f), SEC_E_OK);
    assert_int_equal(pwrite(fd, "\n", 1, n), 1);
    assert_int_equal(load(f), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(f->store.key_file), 0);
    assert_int_equal(load(f), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_int_equal(mkfifo(f->store.key_file, 0600), 0);
    assert_int_equal(load(f), SEC_E_NO_AUTHENTICATING_AUTHORITY);
}

static void
test_open__in_another_place_or_changed__refuses(void **state)
{
    struct fixture *f = *state;
    static const struct seal_place others[] = {
        { "S-1-5-21-1-2-3-1002", "nt-hash" },
        { "S-1-5-21-1-2-3-1001", "lm-hash" },
        { "S-1-5-21-1-2-3-1001", "" },
    };
    uint8_t sealed[SEAL_MAX_BYTES], out[sizeof(plain)];
    size_t n = sizeof(plain) + SEAL_OVERHEAD_BYTES;

    assert_int_equal(seal_put(f->key, place, bytes_of(plain, sizeof(plain)), sealed), SEC_E_OK);
    assert_true(seal_open(f->key, place, bytes_of(sealed, n), out, sizeof(out)));
    assert_memory_equal(out, plain, sizeof(out));
    for (size_t i = 0; i < SEC_ARRAY_LEN(others); i++) {
        assert_false(seal_open(f->key, others[i], bytes_of(sealed, n), out, sizeof(out)));
    }
    for (size_t i = 0; i < n; i++) {
        assert_false(seal_open(f->key, place, bytes_of(sealed, i), out, sizeof(out)));
        sealed[i] ^= 0x80;
        assert_false(seal_open(f->key, place, bytes_of(sealed, n), out, sizeof(out)));
        sealed[i] ^= 0x80;
    }
    assert_false(seal_open(f->key, place, bytes_of(sealed, n), out, sizeof(out) - 1));
}

static void
test_put__of_one_secret_twice__shows_nothing_alike(void **state)
{
    struct fixture *f = *state;
    uint8_t one[SEAL_MAX_BYTES], other[SEAL_MAX_BYTES];

    assert_int_equal(seal_put(f->key, place, bytes_of(plain, sizeof(plain)), one), SEC_E_OK);
    assert_int_equal(seal_put(f->key, place, bytes_of(plain, sizeof(plain)), other), SEC_E_OK);
    assert_memory_not_equal(one + 1, other + 1, 16);
    assert_memory_not_equal(one + 17, other + 17, 32);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_make__of_a_key_that_is_there__keeps_it),
        TEST(test_load__of_a_file_that_others_may_use__refuses),
        TEST(test_load__of_another_user_s_file__refuses),
        TEST(test_load__of_what_is_no_key_file__refuses),
        TEST(test_open__in_another_place_or_changed__refuses),
        TEST(test_put__of_one_secret_twice__shows_nothing_alike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
