/* SPDX-License-Identifier: Apache-2.0 */
/* FILETIME: its epoch, its ends, the local clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"

static void
test_clock_from_unix__known_moments_and_back(void **state)
{
    static const struct {
        int64_t seconds;
        uint64_t filetime;
    } cases[] = {
        { -INT64_C(11644473600), 0 },
        { 0, UINT64_C(116444736000000000) },
        { 1559390400, UINT64_C(132038640000000000) },             /* 2019-06-01 12:00:00 */
        { INT64_C(253402300799), UINT64_C(2650467743990000000) }, /* the end of the year 9999 */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(clock_from_unix(cases[i].seconds) == cases[i].filetime);
        assert_true(clock_to_unix(cases[i].filetime) == cases[i].seconds);
    }
}

static void
test_clock_from_unix__saturates_at_both_ends(void **state)
{
    (void)state;
    assert_true(clock_from_unix(INT64_MIN) == 0);
    assert_true(clock_from_unix(-INT64_C(11644473601)) == 0);
    assert_true(clock_from_unix(INT64_MAX) == INT64_MAX);
}

static void
test_clock_to_local_100ns__follows_the_zone_and_keeps_never(void **state)
{
    const uint64_t winter = clock_from_unix(1577880000); /* 2020-01-01 12:00:00 UTC */
    const uint64_t summer = clock_from_unix(1593604800); /* 2020-07-01 12:00:00 UTC */

    (void)state;
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    assert_true(clock_to_local_100ns(winter) == winter + 3600 * CLOCK_SECOND_100NS);
    assert_true(clock_to_local_100ns(summer) == summer + 7200 * CLOCK_SECOND_100NS);
    assert_true(clock_to_local_100ns(CLOCK_NEVER_100NS) == CLOCK_NEVER_100NS);

    setenv("TZ", "XXX+12", 1);
    tzset();
    assert_true(clock_to_local_100ns(winter) == winter - 43200 * CLOCK_SECOND_100NS);
    assert_true(clock_to_local_100ns(0) == 0);
}

/* INT64_MAX is how Windows itself writes "never": no zone moves it, nor carries others past it. */
static void
test_clock_to_local_100ns__the_last_moments__stay_the_last(void **state)
{
    (void)state;
    setenv("TZ", "CET-1", 1);
    tzset();
    assert_true(clock_to_local_100ns(INT64_MAX) == INT64_MAX);
    assert_true(clock_to_local_100ns(INT64_MAX - 1) == INT64_MAX);
    setenv("TZ", "XXX+12", 1);
    tzset();
    assert_true(clock_to_local_100ns(INT64_MAX) == INT64_MAX);
}

static void
test_clock_now_100ns__agrees_with_the_system(void **state)
{
    int64_t before = time(NULL);
    uint64_t now = clock_now_100ns();
    uint64_t first = clock_monotonic_ms();

    (void)state;
    assert_true(clock_to_unix(now) >= before - 1 && clock_to_unix(now) <= before + 60);
    assert_true(clock_monotonic_ms() >= first);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock_from_unix__known_moments_and_back),
        cmocka_unit_test(test_clock_from_unix__saturates_at_both_ends),
        cmocka_unit_test(test_clock_to_local_100ns__follows_the_zone_and_keeps_never),
        cmocka_unit_test(test_clock_to_local_100ns__the_last_moments__stay_the_last),
        cmocka_unit_test(test_clock_now_100ns__agrees_with_the_system),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
