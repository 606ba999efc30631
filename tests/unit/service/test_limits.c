/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of connections: counted in, counted out, by address. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "service/limits.h"

static struct in6_addr
from(const char *text)
{
    struct in6_addr address;

    assert_int_equal(inet_pton(AF_INET6, text, &address), 1);
    return address;
}

static enum limits_answer
enter(struct limits *limits, const char *text, struct limits_ticket *ticket)
{
    struct in6_addr address = from(text);

    return limits_enter(limits, &address, ticket);
}

static void
test_limits_enter__unauthenticated_are_bounded(void **state)
{
    static struct limits limits;
    struct limits_ticket a, b, c = { 0 };
    unsigned connections, unauthenticated;

    (void)state;
    limits_init(&limits, 2, 10);
    assert_int_equal(enter(&limits, "::ffff:192.0.2.1", &a), LIMITS_WELCOME);
    assert_int_equal(enter(&limits, "::ffff:192.0.2.2", &b), LIMITS_WELCOME);
    assert_int_equal(enter(&limits, "::ffff:192.0.2.3", &c), LIMITS_TOO_MANY);
    limits_leave(&limits, &c); /* was never in */
    limits_set_authenticated(&limits, &a, true);
    limits_set_authenticated(&limits, &a, true);
    assert_int_equal(enter(&limits, "::ffff:192.0.2.3", &c), LIMITS_WELCOME);
    limits_set_authenticated(&limits, &a, false); /* above the limit, and not refused */
    limits_count(&limits, &connections, &unauthenticated);
    assert_int_equal(connections, 3);
    assert_int_equal(unauthenticated, 3);
    limits_leave(&limits, &a);
    limits_leave(&limits, &b);
    limits_leave(&limits, &c);
    limits_leave(&limits, &c);
    assert_int_equal(limits.unauthenticated, 0);
    assert_int_equal(limits.connections, 0);
    limits_clear(&limits);
}

static void
test_limits_enter__one_address_is_bounded(void **state)
{
    static struct limits limits;
    struct limits_ticket t[4] = { 0 };

    (void)state;
    limits_init(&limits, 10, 2);
    assert_int_equal(enter(&limits, "::ffff:192.0.2.1", &t[0]), LIMITS_WELCOME);
    assert_int_equal(enter(&limits, "::ffff:192.0.2.1", &t[1]), LIMITS_WELCOME);
    limits_set_authenticated(&limits, &t[0], true);
    assert_int_equal(enter(&limits, "::ffff:192.0.2.1", &t[2]), LIMITS_TOO_MANY_OF_ADDRESS);
    assert_int_equal(enter(&limits, "::ffff:192.0.2.2", &t[2]), LIMITS_WELCOME);
    limits_leave(&limits, &t[0]);
    assert_int_equal(enter(&limits, "::ffff:192.0.2.1", &t[3]), LIMITS_WELCOME);
    for (int i = 1; i < 4; i++) {
        limits_leave(&limits, &t[i]);
    }
    assert_int_equal(limits.connections, 0);
    limits_clear(&limits);
}

static void
test_limits_enter__an_ipv6_client_is_its_64(void **state)
{
    static struct limits limits;
    struct limits_ticket t[3] = { 0 };

    (void)state;
    limits_init(&limits, 10, 1);
    assert_int_equal(enter(&limits, "2001:db8:0:1::1", &t[0]), LIMITS_WELCOME);
    assert_int_equal(enter(&limits, "2001:db8:0:1:ffff::2", &t[1]), LIMITS_TOO_MANY_OF_ADDRESS);
    assert_int_equal(enter(&limits, "2001:db8:0:2::1", &t[1]), LIMITS_WELCOME);
    assert_int_equal(enter(&limits, "::1", &t[2]), LIMITS_WELCOME);
    for (int i = 0; i < 3; i++) {
        limits_leave(&limits, &t[i]);
    }
    limits_clear(&limits);
}

static void
test_limits_enter__many_addresses_come_and_go(void **state)
{
    static struct limits limits;
    static struct limits_ticket t[5000];

    (void)state;
    limits_init(&limits, 10000, 2);
    for (int round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 5000; i++) {
            char text[64];

            (void)snprintf(text, sizeof(text), "2001:db8:0:%x::", i / 2);
            assert_int_equal(enter(&limits, text, &t[i]), LIMITS_WELCOME);
        }
        for (unsigned i = 0; i < 5000; i++) {
            limits_leave(&limits, &t[i * 7 % 5000]);
        }
        assert_int_equal(limits.connections, 0);
    }
    for (size_t i = 0; i < LIMITS_BUCKETS; i++) {
        assert_null(limits.buckets[i]);
    }
    limits_clear(&limits);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits_enter__unauthenticated_are_bounded),
        cmocka_unit_test(test_limits_enter__one_address_is_bounded),
        cmocka_unit_test(test_limits_enter__an_ipv6_client_is_its_64),
        cmocka_unit_test(test_limits_enter__many_addresses_come_and_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
