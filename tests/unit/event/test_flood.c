/* SPDX-License-Identifier: Apache-2.0 */
/* Floods are counted, and every event that is not written is in a count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "event/flood.h"

static void
test_flood_pass__the_limit_then_counts(void **state)
{
    static struct flood flood = { .per_second = 3 };
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
    assert_int_equal(ended.id, 4625);
    assert_string_equal(ended.address, "192.0.2.1");
    assert_false(flood_next_ended(&flood, 101, &cursor, &ended));
}

static void
test_flood_pass__a_new_second_tells_of_the_last(void **state)
{
    static struct flood flood = { .per_second = 1 };
    struct flood_slot ended;

    (void)state;
    assert_true(flood_pass(&flood, 4625, "::1", 5, &ended));
    assert_false(flood_pass(&flood, 4625, "::1", 5, &ended));
    assert_true(flood_pass(&flood, 4625, "::1", 6, &ended));
    assert_int_equal(ended.suppressed, 1);
    /* a clock that is set back is another second as well */
    assert_true(flood_pass(&flood, 4625, "::1", 4, &ended));
}

static void
test_flood_pass__more_addresses_than_slots_lose_no_count(void **state)
{
    static struct flood flood = { .per_second = 1 };
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
        cmocka_unit_test(test_flood_pass__more_addresses_than_slots_lose_no_count),
        cmocka_unit_test(test_flood_pass__no_limit_passes_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
