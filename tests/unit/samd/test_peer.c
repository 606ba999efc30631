/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks, and how often. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/socket.h>
#include <unistd.h>

#include "samd/peer.h"

static struct peers
peers_of(unsigned long requests_per_second)
{
    struct peers p = { .rules = { (gid_t)-1, (gid_t)-1, requests_per_second } };

    (void)pthread_mutex_init(&p.lock, NULL);
    return p;
}

static void
test_peer_take__this_process__is_one_with_all_of_its_connections(void **state)
{
    struct peers all = peers_of(0);
    struct peer *first = NULL, *second = NULL;
    struct peer_who who;
    int pair[2];

    assert_return_code(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(peer_take(&all, pair[0], &first, &who), PEER_WELCOME);
    assert_int_equal(who.pid, getpid());
    assert_int_equal(who.uid, geteuid());
    assert_true(who.may_administer);
    assert_int_equal(peer_take(&all, pair[1], &second, &who), PEER_WELCOME);
    assert_ptr_equal(first, second);
    for (int i = 2; i < 64; i++) {
        assert_int_equal(peer_take(&all, pair[0], &second, &who), PEER_WELCOME);
    }
    assert_int_equal(peer_take(&all, pair[0], &second, &who), PEER_TOO_MANY);
    for (int i = 0; i < 64; i++) {
        peer_leave(&all, first);
    }
    assert_null(all.first);
    (void)close(pair[0]);
    (void)close(pair[1]);
}

static void
test_peer_take__no_socket__is_a_stranger(void **state)
{
    struct peers all = peers_of(0);
    struct peer *peer;
    struct peer_who who;

    assert_int_equal(peer_take(&all, STDIN_FILENO, &peer, &who), PEER_STRANGER);
    assert_int_equal(who.pid, 0);
}

static void
test_peer_may_ask_now__so_many_a_second__and_no_more(void **state)
{
    struct peers all = peers_of(4);
    struct peer p = { .allowance_us = 1000000 };
    bool tell;

    (void)pthread_mutex_init(&p.lock, NULL);
    for (int i = 0; i < 4; i++) { /* all of a second's at once */
        assert_true(peer_may_ask_now(&all, &p, 5000000, &tell));
        assert_false(tell);
    }
    assert_false(peer_may_ask_now(&all, &p, 5000000, &tell));
    assert_true(tell);
    assert_false(peer_may_ask_now(&all, &p, 5249999, &tell));
    assert_false(tell); /* it was told of already */
    assert_true(peer_may_ask_now(&all, &p, 5250000, &tell));
    assert_false(peer_may_ask_now(&all, &p, 5250000, &tell));
    for (int i = 0; i < 4; i++) { /* nothing is saved up for more than a second */
        assert_true(peer_may_ask_now(&all, &p, 99000000, &tell));
    }
    assert_false(peer_may_ask_now(&all, &p, 99000000, &tell));
    assert_true(tell);
    assert_false(peer_may_ask_now(&all, &p, 98000000, &tell)); /* a thread that was late */
}

static void
test_peer_may_ask_now__no_limit__is_none(void **state)
{
    struct peers all = peers_of(0);
    struct peer p = { .allowance_us = 0 };
    bool tell;

    for (int i = 0; i < 1000; i++) {
        assert_true(peer_may_ask_now(&all, &p, 1, &tell));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peer_take__this_process__is_one_with_all_of_its_connections),
        cmocka_unit_test(test_peer_take__no_socket__is_a_stranger),
        cmocka_unit_test(test_peer_may_ask_now__so_many_a_second__and_no_more),
        cmocka_unit_test(test_peer_may_ask_now__no_limit__is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
