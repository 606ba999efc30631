/* SPDX-License-Identifier: Apache-2.0 */
/* The table of clients' connections: whose an entry is, how long, how many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake_sspi.h"
#include "service/proxied.h"

enum { TIMEOUT_S = 20, IDLE_S = 90 };

static const struct log quiet = { .fd = -1, .most = LOG_LEVEL_ERROR, .program = "test" };
static const struct session_client client = { .log = &quiet, .listener = "web" };
static const struct session_rules rules = { 5, 4096, 0 };
static const struct http_state from = { .rules = &rules };

static struct proxied_key
key_of(const char *connection)
{
    return (struct proxied_key){ .connection = connection };
}

static enum proxied_answer
enter(struct proxied_table *t, const struct proxied_key *key, bool makes, uint64_t now_s,
      struct proxied **out)
{
    return proxied_enter(t, key, makes ? &from : NULL, &client, now_s, out);
}

/* A handshake begins, or somebody is known, as a request would leave it. */
static void
begin(struct proxied *e)
{
    session_init(&e->state.session, &e->client, &rules, NULL);
    e->state.has_session = true;
}

static void
prove(struct proxied *e)
{
    http_state_clear(&e->state);
    assert_int_equal(OpenSspiLogonPasswordA("alice", "", "right", &e->state.logon), SEC_E_OK);
    e->state.proven = true;
}

static void
make(struct proxied_table *t, const char *connection, uint64_t now_s, bool known)
{
    struct proxied_key key = key_of(connection);
    struct proxied *e;

    assert_int_equal(enter(t, &key, true, now_s, &e), PROXIED_HERE);
    (known ? prove : begin)(e);
    proxied_leave(t, e, now_s);
}

static bool
is_there(struct proxied_table *t, const char *connection, uint64_t now_s)
{
    struct proxied_key key = key_of(connection);
    struct proxied *e;
    bool is = enter(t, &key, false, now_s, &e) == PROXIED_HERE;

    if (is) {
        proxied_leave(t, e, now_s);
    }
    return is;
}

static void
open_table(struct proxied_table *t, unsigned half_open, unsigned per_client)
{
    proxied_init(t, half_open, per_client, TIMEOUT_S, IDLE_S);
}

static void
close_table(struct proxied_table *t)
{
    proxied_clear(t);
    assert_int_equal(fake_live, 0);
}

static void
test_proxied_enter__each_part_of_the_key_counts(void **state)
{
    static struct proxied_table t;
    const struct in6_addr one = { { { 1 } } }, two = { { { 2 } } };
    const struct proxied_key keys[] = {
        { .proxy = one, .client = one, .connection = "7" },
        { .proxy = two, .client = one, .connection = "7" },
        { .proxy = one, .client = two, .connection = "7" },
        { .proxy = one, .client = one, .connection = "8" },
        { .proxy = one, .client = one, .connection = "77" },
        { .proxy = one, .connection = "7" },
    };
    struct proxied *entries[SEC_ARRAY_LEN(keys)], *again;

    (void)state;
    open_table(&t, 100, 100);
    for (size_t i = 0; i < SEC_ARRAY_LEN(keys); i++) {
        assert_int_equal(enter(&t, &keys[i], false, 1, &entries[i]), PROXIED_UNKNOWN);
        assert_int_equal(enter(&t, &keys[i], true, 1, &entries[i]), PROXIED_HERE);
        prove(entries[i]);
    }
    for (size_t i = 0; i < SEC_ARRAY_LEN(keys); i++) {
        proxied_leave(&t, entries[i], 1);
    }
    for (size_t i = 0; i < SEC_ARRAY_LEN(keys); i++) {
        assert_int_equal(enter(&t, &keys[i], true, 2, &again), PROXIED_HERE);
        assert_ptr_equal(again, entries[i]);
        proxied_leave(&t, again, 2);
    }
    close_table(&t);
}

static void
test_proxied_enter__one_request_at_a_time(void **state)
{
    static struct proxied_table t;
    const struct proxied_key key = key_of("7");
    struct proxied *e, *other;

    (void)state;
    open_table(&t, 100, 100);
    assert_int_equal(enter(&t, &key, true, 1, &e), PROXIED_HERE);
    assert_int_equal(enter(&t, &key, true, 1, &other), PROXIED_BUSY);
    assert_int_equal(enter(&t, &key, false, 1, &other), PROXIED_BUSY);
    proxied_sweep(&t, 10000); /* nor is it taken away under the request */
    begin(e);
    proxied_leave(&t, e, 1);
    assert_true(is_there(&t, "7", 2));
    close_table(&t);
}

static void
test_proxied_leave__nobody_is_forgotten(void **state)
{
    static struct proxied_table t;
    const struct proxied_key key = key_of("7");
    struct proxied *e;

    (void)state;
    open_table(&t, 1, 1);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(enter(&t, &key, true, 1, &e), PROXIED_HERE);
        proxied_leave(&t, e, 1);
        assert_false(is_there(&t, "7", 1));
    }
    close_table(&t);
}

static void
test_proxied_enter__handshakes_end_at_their_deadline(void **state)
{
    static struct proxied_table t;
    struct proxied_key key = key_of("7");
    struct proxied *e;

    (void)state;
    open_table(&t, 100, 100);
    make(&t, "7", 100, false);
    /* another leg gives no more time */
    assert_int_equal(enter(&t, &key, true, 110, &e), PROXIED_HERE);
    proxied_leave(&t, e, 110);
    assert_true(is_there(&t, "7", 100 + TIMEOUT_S - 1));
    assert_false(is_there(&t, "7", 100 + TIMEOUT_S));
    close_table(&t);
}

static void
test_proxied_enter__identities_end_when_idle(void **state)
{
    static struct proxied_table t;

    (void)state;
    open_table(&t, 100, 100);
    make(&t, "7", 100, true);
    assert_true(is_there(&t, "7", 100 + IDLE_S - 1)); /* which is a use */
    assert_true(is_there(&t, "7", 100 + 2 * IDLE_S - 2));
    assert_false(is_there(&t, "7", 100 + 3 * IDLE_S));
    make(&t, "8", 1000, true);
    proxied_sweep(&t, 999); /* a clock of another loop, a little behind */
    assert_true(is_there(&t, "8", 999));
    close_table(&t);
}

static void
test_proxied_enter__a_new_handshake_on_a_known_connection_has_its_own_time(void **state)
{
    static struct proxied_table t;
    struct proxied_key key = key_of("7");
    struct proxied *e;

    (void)state;
    open_table(&t, 100, 100);
    make(&t, "7", 100, true);
    assert_int_equal(enter(&t, &key, true, 150, &e), PROXIED_HERE);
    http_state_clear(&e->state);
    begin(e);
    proxied_leave(&t, e, 150);
    assert_true(is_there(&t, "7", 150 + TIMEOUT_S - 1));
    assert_false(is_there(&t, "7", 150 + TIMEOUT_S));
    close_table(&t);
}

/* The proxy has begun to count from the beginning: the name is another connection's now. */
static void
test_proxied_enter__a_connection_younger_than_the_identity_is_another(void **state)
{
    static struct proxied_table t;
    struct proxied_key key = { .connection = "7", .has_age = true, .age_s = 0 };
    struct proxied *e;

    (void)state;
    open_table(&t, 100, 100);
    assert_int_equal(enter(&t, &key, true, 100, &e), PROXIED_HERE);
    prove(e);
    proxied_leave(&t, e, 100);
    key.age_s = 10;
    assert_int_equal(enter(&t, &key, false, 110, &e), PROXIED_HERE);
    proxied_leave(&t, e, 110);
    key.age_s = 10; /* what lay between the two clocks' looks */
    assert_int_equal(enter(&t, &key, false, 110 + PROXIED_AGE_TOLERANCE_S, &e), PROXIED_HERE);
    proxied_leave(&t, e, 110);
    key.age_s = 7;
    assert_int_equal(enter(&t, &key, false, 110, &e), PROXIED_UNKNOWN);
    key.age_s = 1000;
    assert_int_equal(enter(&t, &key, false, 110, &e), PROXIED_UNKNOWN);
    close_table(&t);
}

static void
test_proxied_enter__the_oldest_handshake_makes_room(void **state)
{
    static struct proxied_table t;

    (void)state;
    open_table(&t, 2, 100);
    make(&t, "known", 100, true);
    make(&t, "1", 101, false);
    make(&t, "2", 102, false);
    make(&t, "3", 103, false);
    assert_false(is_there(&t, "1", 104));
    assert_true(is_there(&t, "2", 104) && is_there(&t, "3", 104) && is_there(&t, "known", 104));
    close_table(&t);
}

static void
test_proxied_enter__a_client_has_a_limit(void **state)
{
    static struct proxied_table t;
    const struct in6_addr one = { { { 0x20, 1 } } }, other = { { { 0x20, 2 } } };
    struct proxied_key key = { .client = one, .connection = "1" };
    struct proxied *a, *b, *c;

    (void)state;
    open_table(&t, 100, 2);
    assert_int_equal(enter(&t, &key, true, 1, &a), PROXIED_HERE);
    key.connection = "2";
    assert_int_equal(enter(&t, &key, true, 1, &b), PROXIED_HERE);
    key.connection = "3";
    assert_int_equal(enter(&t, &key, true, 1, &c), PROXIED_TOO_MANY_OF_CLIENT);
    key.client = other;
    assert_int_equal(enter(&t, &key, true, 1, &c), PROXIED_HERE);
    proxied_leave(&t, a, 1);
    proxied_leave(&t, b, 1);
    proxied_leave(&t, c, 1);
    close_table(&t);
}

static void
test_proxied_enter__identities_are_bounded(void **state)
{
    static struct proxied_table t;

    (void)state;
    open_table(&t, 100, 1000);
    t.known_max = 3;
    for (unsigned i = 0; i < 10; i++) {
        char name[8];

        (void)snprintf(name, sizeof(name), "%u", i);
        make(&t, name, 100, true);
    }
    assert_false(is_there(&t, "0", 100));
    assert_false(is_there(&t, "6", 100));
    assert_true(is_there(&t, "7", 100) && is_there(&t, "9", 100));
    close_table(&t);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_proxied_enter__each_part_of_the_key_counts),
        cmocka_unit_test(test_proxied_enter__one_request_at_a_time),
        cmocka_unit_test(test_proxied_leave__nobody_is_forgotten),
        cmocka_unit_test(test_proxied_enter__handshakes_end_at_their_deadline),
        cmocka_unit_test(test_proxied_enter__identities_end_when_idle),
        cmocka_unit_test(
            test_proxied_enter__a_new_handshake_on_a_known_connection_has_its_own_time),
        cmocka_unit_test(test_proxied_enter__a_connection_younger_than_the_identity_is_another),
        cmocka_unit_test(test_proxied_enter__the_oldest_handshake_makes_room),
        cmocka_unit_test(test_proxied_enter__a_client_has_a_limit),
        cmocka_unit_test(test_proxied_enter__identities_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
