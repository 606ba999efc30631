/* SPDX-License-Identifier: Apache-2.0 */
/* The shared mapping: the generation, and words, between processes. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "account/shared.h"
#include "tests/support/account_store.h"

static const uint8_t store_id[SHARED_STORE_ID_BYTES] = "one store's id.";
static const uint8_t other_id[SHARED_STORE_ID_BYTES] = "another store's";

struct fixture {
    struct test_store store;
    char path[160];
    struct shared_state *one, *two;
};

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    int fd;

    test_store_make(&f->store);
    (void)snprintf(f->path, sizeof(f->path), "%s-shared", f->store.database);
    fd = open(f->store.database, O_CREAT | O_RDWR, 0600);
    assert_true(fd >= 0 && !close(fd));
    assert_int_equal(shared_open(f->store.database, store_id, &f->one), SEC_E_OK);
    assert_int_equal(shared_open(f->store.database, store_id, &f->two), SEC_E_OK);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    shared_free(f->one);
    shared_free(f->two);
    test_store_remove(&f->store);
    free(f);
    return 0;
}

static void
test_change__is_odd_while_it_lasts_and_new_afterwards(void **state)
{
    struct fixture *f = *state;
    uint64_t before = shared_generation(f->one);

    assert_int_equal(before % 2, 0);
    assert_int_equal(shared_change_begin(f->two), SEC_E_OK);
    assert_int_equal(shared_generation(f->one), before + 1);
    shared_change_end(f->two);
    assert_int_equal(shared_generation(f->one), before + 2);
}

static void
test_repair__of_a_change_that_is_alive__leaves_it(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(shared_change_begin(f->two), SEC_E_OK);
    shared_repair(f->one);
    assert_int_equal(shared_generation(f->one) % 2, 1);
    shared_change_end(f->two);
    assert_int_equal(shared_generation(f->one) % 2, 0);
}

/* A process that begins a change and dies within it. */
static void
die_within_a_change(struct fixture *f)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        struct shared_state *own = NULL;

        if (shared_open(f->store.database, store_id, &own) == SEC_E_OK &&
            shared_change_begin(own) == SEC_E_OK) {
            (void)raise(SIGKILL);
        }
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

static void
test_repair__after_a_death_within_a_change__ends_it(void **state)
{
    struct fixture *f = *state;
    uint64_t before = shared_generation(f->one);

    die_within_a_change(f);
    assert_int_equal(shared_generation(f->one), before + 1);
    shared_repair(f->one);
    assert_int_equal(shared_generation(f->two), before + 2);
}

static void
test_change__after_a_death_within_one__ends_both(void **state)
{
    struct fixture *f = *state;
    uint64_t before = shared_generation(f->one);

    die_within_a_change(f);
    assert_int_equal(shared_change_begin(f->two), SEC_E_OK);
    assert_int_equal(shared_generation(f->one), before + 3);
    shared_change_end(f->two);
    assert_int_equal(shared_generation(f->one), before + 4);
}

static void
test_word__of_an_account__is_shared_and_its_own(void **state)
{
    struct fixture *f = *state;
    static const uint32_t rids[] = { 1001, 1002, 8191, 8192, 100000, 4194303 };

    for (size_t i = 0; i < SEC_ARRAY_LEN(rids); i++) {
        shared_reserve(f->one, rids[i]);
        assert_int_equal(atomic_load(shared_word(f->one, rids[i])), 0);
        atomic_store(shared_word(f->one, rids[i]), i + 1);
    }
    for (size_t i = 0; i < SEC_ARRAY_LEN(rids); i++) {
        assert_int_equal(atomic_load(shared_word(f->two, rids[i])), i + 1);
    }
}

static void
test_word__that_was_not_reserved__is_one_of_no_account(void **state)
{
    struct fixture *f = *state;

    assert_ptr_equal(shared_word(f->one, 1000000), shared_word(f->one, 1000000 % 1001));
    shared_reserve(f->one, UINT32_MAX);
    (void)atomic_load(shared_word(f->one, UINT32_MAX));
}

static void
test_open__for_another_store__begins_anew(void **state)
{
    struct fixture *f = *state;
    struct shared_state *anew = NULL;
    uint64_t before = shared_generation(f->one);

    atomic_store(shared_word(f->one, 1001), 5);
    assert_int_equal(shared_open(f->store.database, other_id, &anew), SEC_E_OK);
    assert_int_equal(atomic_load(shared_word(anew, 1001)), 0);
    assert_int_not_equal(shared_generation(f->one), before);
    shared_free(anew);
}

/* A store of thousands that takes another one's place: none of its accounts begins locked. */
static void
test_open__for_another_store__forgets_its_last_words_too(void **state)
{
    const uint32_t rid = 20000;
    struct fixture *f = *state;
    struct shared_state *anew = NULL;

    shared_reserve(f->one, rid);
    atomic_store(shared_word(f->one, rid), 5);
    assert_int_equal(shared_open(f->store.database, other_id, &anew), SEC_E_OK);
    shared_reserve(anew, rid);
    assert_ptr_not_equal(shared_word(anew, rid), shared_word(anew, rid % SHARED_NO_ACCOUNT_WORDS));
    assert_int_equal(atomic_load(shared_word(anew, rid)), 0);
    shared_free(anew);
}

static void
test_open__of_a_file_that_was_cut_or_overwritten__begins_anew(void **state)
{
    struct fixture *f = *state;
    int fd = open(f->path, O_RDWR);
    struct shared_state *anew = NULL;

    shared_free(f->two);
    f->two = NULL;
    shared_free(f->one);
    f->one = NULL;
    for (off_t n = 0; n < 5000; n += 1000) {
        assert_int_equal(ftruncate(fd, n), 0);
        assert_int_equal(pwrite(fd, "garbage", 7, n / 2), 7);
        assert_int_equal(shared_open(f->store.database, store_id, &anew), SEC_E_OK);
        assert_int_equal(shared_generation(anew) % 2, 0);
        shared_reserve(anew, 9000);
        atomic_store(shared_word(anew, 9000), 1);
        shared_free(anew);
    }
    assert_int_equal(close(fd), 0);
}

static void
test_open__of_a_file_that_others_may_use__refuses(void **state)
{
    struct fixture *f = *state;
    struct shared_state *refused = NULL;

    assert_int_equal(chmod(f->path, 0660), 0);
    assert_int_equal(shared_open(f->store.database, store_id, &refused),
                     SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(symlink(f->store.database, f->path), 0);
    assert_int_equal(shared_open(f->store.database, store_id, &refused),
                     SEC_E_NO_AUTHENTICATING_AUTHORITY);
}

/* root makes the file the database's owner's: it must not be one that has another place, too. */
static void
test_open__of_a_file_with_another_name__refuses(void **state)
{
    struct fixture *f = *state;
    struct shared_state *refused = NULL;
    char elsewhere[200];

    (void)snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", f->store.folder);
    assert_int_equal(link(f->path, elsewhere), 0);
    assert_int_equal(shared_open(f->store.database, store_id, &refused),
                     SEC_E_NO_AUTHENTICATING_AUTHORITY);
}

static void
test_is_current__after_the_file_was_replaced__says_no(void **state)
{
    struct fixture *f = *state;
    struct shared_state *anew = NULL;

    assert_true(shared_is_current(f->one));
    assert_int_equal(unlink(f->path), 0);
    assert_false(shared_is_current(f->one));
    assert_int_equal(shared_open(f->store.database, store_id, &anew), SEC_E_OK);
    assert_false(shared_is_current(f->one));
    assert_true(shared_is_current(anew));
    shared_free(anew);
}

static void
test_private__is_never_trusted_and_never_changed(void **state)
{
    struct shared_state *mine = shared_new_private();

    assert_true(shared_is_private(mine));
    assert_int_equal(shared_generation(mine) % 2, 1);
    shared_repair(mine);
    assert_int_equal(shared_generation(mine) % 2, 1);
    assert_int_not_equal(shared_change_begin(mine), SEC_E_OK);
    assert_false(shared_is_current(mine));
    atomic_store(shared_word(mine, 4000000), 1);
    shared_free(mine);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_change__is_odd_while_it_lasts_and_new_afterwards),
        TEST(test_repair__of_a_change_that_is_alive__leaves_it),
        TEST(test_repair__after_a_death_within_a_change__ends_it),
        TEST(test_change__after_a_death_within_one__ends_both),
        TEST(test_word__of_an_account__is_shared_and_its_own),
        TEST(test_word__that_was_not_reserved__is_one_of_no_account),
        TEST(test_open__for_another_store__begins_anew),
        TEST(test_open__for_another_store__forgets_its_last_words_too),
        TEST(test_open__of_a_file_that_was_cut_or_overwritten__begins_anew),
        TEST(test_open__of_a_file_that_others_may_use__refuses),
        TEST(test_open__of_a_file_with_another_name__refuses),
        TEST(test_is_current__after_the_file_was_replaced__says_no),
        cmocka_unit_test(test_private__is_never_trusted_and_never_changed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
