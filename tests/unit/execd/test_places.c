/* SPDX-License-Identifier: Apache-2.0 */
/* How many commands there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "execd/places.h"

static void
test_places__as_many_as_there_are(void **state)
{
    struct places *p = places_new();
    size_t at;

    (void)state;
    assert_non_null(p);
    for (size_t i = 0; i < 3; i++) {
        assert_true(places_find(p, 3, &at));
        assert_int_equal(at, i);
        places_take(p, at, (pid_t)(100 + i));
    }
    assert_false(places_find(p, 3, &at));
    assert_int_equal(places_taken(p), 3);
    assert_false(places_leave(p, 99));
    assert_true(places_leave(p, 101));
    assert_int_equal(places_taken(p), 2);
    assert_true(places_find(p, 3, &at));
    assert_int_equal(at, 1);
    assert_true(places_find(p, PLACES_MOST + 1, &at));
    places_free(p);
    places_free(NULL);
}

static void
test_places_enter__so_many_of_one_user(void **state)
{
    struct places *p = places_new();

    (void)state;
    assert_non_null(p);
    for (size_t i = 0; i < 4; i++) {
        places_take(p, i, (pid_t)(100 + i));
    }
    assert_true(places_enter(p, 0, 0, 1));
    assert_true(places_enter(p, 1, 7, 2));
    assert_true(places_enter(p, 2, 7, 2));
    assert_false(places_enter(p, 3, 7, 2));
    assert_true(places_leave(p, 103));
    assert_true(places_leave(p, 101));
    places_take(p, 1, 104);
    assert_true(places_enter(p, 1, 7, 2));
    places_free(p);
}

/* Its client may be back before its session is reaped. */
static void
test_places_exit__leaves_the_place_and_not_the_user(void **state)
{
    struct places *p = places_new();

    (void)state;
    assert_non_null(p);
    places_take(p, 0, 100);
    places_take(p, 1, 101);
    assert_true(places_enter(p, 0, 7, 1));
    places_exit(p, 0);
    assert_true(places_enter(p, 1, 7, 1));
    assert_int_equal(places_taken(p), 2);
    assert_true(places_leave(p, 100));
    places_free(p);
}

/* Sessions are other processes. */
static void
test_places_enter__is_seen_by_others(void **state)
{
    struct places *p = places_new();
    pid_t child;
    int status;

    (void)state;
    assert_non_null(p);
    child = fork();
    if (child == 0) {
        _exit(places_enter(p, 5, 7, 1) ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_false(places_enter(p, 6, 7, 1));
    places_free(p);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places__as_many_as_there_are),
        cmocka_unit_test(test_places_enter__so_many_of_one_user),
        cmocka_unit_test(test_places_exit__leaves_the_place_and_not_the_user),
        cmocka_unit_test(test_places_enter__is_seen_by_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
