/* SPDX-License-Identifier: Apache-2.0 */
/* The test of a test's tool: each allocation does fail, once alone and once with those after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alloc_fail.h"
#include "base/mem.h"

struct seen {
    unsigned first_failed, second_failed, both_failed, runs;
};

static void
two_allocations(void *user, bool failing)
{
    struct seen *seen = user;
    void *one = mem_new(1);
    void *two = mem_dup("x", 1);

    seen->runs++;
    seen->first_failed += !one && two;
    seen->second_failed += one && !two;
    seen->both_failed += !one && !two;
    assert_true(failing || (one && two));
    mem_free(one);
    mem_free(two);
}

static void
test_alloc_fail_each__fails_each_once_and_from_there_on(void **state)
{
    struct seen seen = { 0 };

    (void)state;
    assert_int_equal(alloc_fail_each(two_allocations, &seen), 2);
    assert_int_equal(seen.first_failed, 1);
    assert_int_equal(seen.second_failed, 2);
    assert_int_equal(seen.both_failed, 1);
    assert_int_equal(seen.runs, 7); /* 1, 2, none; 1 on, 2 on, none; none */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alloc_fail_each__fails_each_once_and_from_there_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
