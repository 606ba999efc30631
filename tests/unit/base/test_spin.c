/* SPDX-License-Identifier: Apache-2.0 */
/* Looking instead of sleeping: where it is given up, and where it begins anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/spin.h"

enum { LONG_US = 10000000, TRIES = 64, TRUST = 4 };

static bool
look_at_count(void *user)
{
    unsigned *left = user;

    return *left == 0 || --*left == 0;
}

static bool
look_in_vain(void *user)
{
    ++*(unsigned *)user;
    return false;
}

static unsigned
worth_of(struct spin *s, unsigned waits)
{
    unsigned worth = 0;

    for (unsigned i = 0; i < waits; i++) {
        worth += spin_is_worth(s);
    }
    return worth;
}

static void
test_spin_is_worth__nothing_is_known__tries_once_in_a_while(void **state)
{
    struct spin s = { 0 };

    (void)state;
    assert_int_equal(worth_of(&s, TRIES - 1), 0);
    assert_int_equal(worth_of(&s, 1), 1);
    assert_int_equal(worth_of(&s, 10 * TRIES), 10);
}

static void
test_spin_wait__it_comes__is_worth_it_until_it_fails_some_times(void **state)
{
    struct spin s = { 0 };
    unsigned left = 3, looks = 0;

    (void)state;
    assert_true(spin_wait(&s, LONG_US, look_at_count, &left));
    assert_int_equal(worth_of(&s, 3 * TRIES), 3 * TRIES);
    for (unsigned i = 0; i < TRUST; i++) {
        assert_false(spin_wait(&s, 0, look_in_vain, &looks));
    }
    assert_true(looks >= TRUST);
    assert_true(worth_of(&s, TRIES) <= 1);
}

static void
test_spin_wait__it_does_not_come__ends(void **state)
{
    struct spin s = { 0 };
    unsigned looks = 0;

    (void)state;
    assert_false(spin_wait(&s, 20, look_in_vain, &looks));
    assert_true(looks >= 1);
    assert_true(worth_of(&s, TRIES) <= 1);
}

static void
test_spin_processors__there_is_one(void **state)
{
    (void)state;
    assert_true(spin_processors() >= 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spin_is_worth__nothing_is_known__tries_once_in_a_while),
        cmocka_unit_test(test_spin_wait__it_comes__is_worth_it_until_it_fails_some_times),
        cmocka_unit_test(test_spin_wait__it_does_not_come__ends),
        cmocka_unit_test(test_spin_processors__there_is_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
