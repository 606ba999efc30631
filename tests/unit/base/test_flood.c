/* SPDX-License-Identifier: Apache-2.0 */
/* Floods are counted, and every event that is not written is in a count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/flood.h"

static void
test_flood_pass__the_limit_then_counts(void **state)
{
    static struct flood flood = { .limit = 3 };
    struct flood_slot ended;
    size_t cursor = 0;

    (void)state;
    for (int i = 0; i < 10; i++) {
        assert_true(flood_pass(&flood, 4625, "192.0.2.1", 100, &ended) == (i < 3));
        assert_int_equal(ended.suppressed, 0);
    }
    assert_true(flood_pass(&flood, 4776, "192.0.2.1", 100, &ended));
    assert_true(flood_pass(&flood, 4625, "192.0.2.2", 100, &ended));
    assert_false(flood_next_ended(&flood, 100, &cursor, &ended));
    cursor = 0;
    assert_true(flood_next_ended(&flood, 101, &cursor, &ended));
    assert_int_equal(ended.suppressed, 7);
    assert_int_equal(ended.kind, 4625);
    assert_string_equal(ended.source, "192.0.2.1");
    assert_false(flood_next_ended(&flood, 101, &cursor, &ended));
}

static void
test_flood_pass__a_new_second_tells_of_the_last(void **state)
{
    static struct flood flood = { .limit = 1 };
    struct flood_slot ended;

    (void)state;
    assert_true(flood_pass(&flood, 4625, "::1", 5, &ended));
    assert_false(flood_pass(&flood, 4625, "::1", 5, &ended));
    assert_true(flood_pass(&flood, 4625, "::1", 6, &ended));
    assert_int_equal(ended.suppressed, 1);
    assert_int_equal(ended.first, 5);
    assert_int_equal(ended.last, 5);
    /* a clock that is set back is another window as well */
    assert_true(flood_pass(&flood, 4625, "::1", 4, &ended));
}

/* Who said too much in a second is then listened to by the minute, until he is quiet for one. */
static void
test_flood_pass__a_flood_that_goes_on_is_told_by_the_minute(void **state)
{
    static struct flood flood = { .limit = 2 };
    struct flood_slot ended;
    unsigned passed = 0, told = 0;
    size_t cursor;

    (void)state;
    for (int64_t second = 1000; second < 1000 + 1 + 3 * FLOOD_MINUTE; second++) {
        for (int i = 0; i < 5; i++) {
            passed += flood_pass(&flood, 1, "a", second, &ended);
            told += ended.suppressed != 0;
        }
    }
    assert_int_equal(passed, 2 + 3 * 2);
    assert_int_equal(told, 3);
    cursor = 0;
    assert_false(flood_next_ended(&flood, 1000 + 3 * FLOOD_MINUTE, &cursor, &ended));
    cursor = 0;
    assert_true(flood_next_ended(&flood, 1001 + 3 * FLOOD_MINUTE, &cursor, &ended));
    assert_int_equal(ended.last, 1000 + 3 * FLOOD_MINUTE);
    assert_int_equal(ended.first, 1001 + 2 * FLOOD_MINUTE);
    /* a quiet minute, and it is as it was */
    assert_true(flood_pass(&flood, 1, "a", 2000, &ended));
    assert_true(flood_pass(&flood, 1, "a", 2001, &ended));
    assert_true(flood_pass(&flood, 1, "a", 2001, &ended));
    assert_false(flood_pass(&flood, 1, "a", 2001, &ended));
    assert_true(flood_pass(&flood, 1, "a", 2002, &ended));
}

static void
test_flood_pass__more_addresses_than_slots_lose_no_count(void **state)
{
    static struct flood flood = { .limit = 1 };
    struct flood_slot ended;
    uint64_t passed = 0, suppressed = 0;
    size_t cursor = 0;

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 2000; i++) {
            char address[32];

            (void)snprintf(address, sizeof(address), "192.0.%d.%d", i / 250, i % 250);
            for (int twice = 0; twice < 2; twice++) {
                passed += flood_pass(&flood, 4625, address, 7, &ended);
                suppressed += ended.suppressed;
            }
        }
    }
    while (flood_next_ended(&flood, INT64_MAX, &cursor, &ended)) {
        suppressed += ended.suppressed;
    }
    assert_int_equal(passed + suppressed, 3 * 2000 * 2);
}

static void
test_flood_pass__no_limit_passes_all(void **state)
{
    static struct flood flood;
    struct flood_slot ended;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        assert_true(flood_pass(&flood, 4625, "::1", 5, &ended));
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flood_pass__the_limit_then_counts),
        cmocka_unit_test(test_flood_pass__a_new_second_tells_of_the_last),
        cmocka_unit_test(test_flood_pass__a_flood_that_goes_on_is_told_by_the_minute),
        cmocka_unit_test(test_flood_pass__more_addresses_than_slots_lose_no_count),
        cmocka_unit_test(test_flood_pass__no_limit_passes_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
