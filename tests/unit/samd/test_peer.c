/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks, and how often. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
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
test_peer_change_rules__requests__hold_from_now_on(void **state)
{
    struct peers all = peers_of(1);
    struct peer p = { .allowance_us = 1000000 };
    bool tell;

    (void)pthread_mutex_init(&p.lock, NULL);
    assert_true(peer_may_ask_now(&all, &p, 5000000, &tell));
    assert_false(peer_may_ask_now(&all, &p, 5000000, &tell));
    peer_change_rules(&all, &(struct peer_rules){ (gid_t)-1, (gid_t)-1, 0 });
    assert_true(peer_may_ask_now(&all, &p, 5000000, &tell));
}

static void
test_peer_may_still__this_user_s__always(void **state)
{
    struct peers all = peers_of(0);
    const struct peer_who was = { .may_administer = true };
    int pair[2];

    assert_return_code(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    peer_change_rules(&all, &(struct peer_rules){ 12345, 12346, 0 });
    assert_true(peer_may_still(&all, pair[0], &was));
    assert_false(peer_may_still(&all, STDIN_FILENO, &was));
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

/* Asked in an hour, so that nothing of it is over while this runs. */
static void
test_peer_leave__who_has_asked__gets_no_other_allowance_by_coming_anew(void **state)
{
    struct peers all = peers_of(2);
    struct peer *peer = NULL;
    struct peer_who who;
    uint64_t now_us = clock_monotonic_us() + UINT64_C(3600000000);
    unsigned allowed = 0;
    int pair[2];

    assert_return_code(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    for (int i = 0; i < 10; i++) {
        bool tell;

        assert_int_equal(peer_take(&all, pair[0], &peer, &who), PEER_WELCOME);
        allowed += peer_may_ask_now(&all, peer, now_us, &tell);
        peer_leave(&all, peer);
    }
    assert_int_equal(allowed, 2);
    assert_non_null(all.first);
    assert_null(all.first->next);
    all.first->counted_us = all.first->told_us = 1; /* long ago */
    assert_int_equal(peer_take(&all, pair[0], &peer, &who), PEER_WELCOME);
    assert_int_equal(peer->counted_us, 0);
    peer_leave(&all, peer);
    assert_null(all.first);
    peer_clear_all(&all);
    (void)close(pair[0]);
    (void)close(pair[1]);
}

static void
test_peer_take__many_processes_of_one_user__leave_some_to_others(void **state)
{
    struct peers all = peers_of(0);
    struct peer others[] = { { .uid = geteuid(), .pid = -1, .connections = 3072 - 1 },
                             { .uid = geteuid() + 1, .pid = -2, .connections = 1000 } };
    struct peer *first = NULL, *second = NULL;
    struct peer_who who;
    int pair[2];

    all.first = &others[0];
    others[0].next = &others[1];
    assert_return_code(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(peer_take(&all, pair[0], &first, &who), PEER_WELCOME);
    assert_int_equal(peer_take(&all, pair[0], &second, &who), PEER_TOO_MANY);
    peer_leave(&all, first);
    assert_int_equal(peer_take(&all, pair[0], &first, &who), PEER_WELCOME);
    peer_leave(&all, first);
    (void)close(pair[0]);
    (void)close(pair[1]);
}

static void
test_peer_is_told_of_now__one_line_a_second__says_how_many_there_were(void **state)
{
    struct peer p = { .connections = 1 };
    unsigned others;

    (void)pthread_mutex_init(&p.lock, NULL);
    assert_true(peer_is_told_of_now(&p, 5000000, &others));
    assert_int_equal(others, 0);
    assert_false(peer_is_told_of_now(&p, 5000000, &others));
    assert_false(peer_is_told_of_now(&p, 4000000, &others)); /* a thread that was late */
    assert_false(peer_is_told_of_now(&p, 5999999, &others));
    assert_true(peer_is_told_of_now(&p, 6000000, &others));
    assert_int_equal(others, 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peer_take__this_process__is_one_with_all_of_its_connections),
        cmocka_unit_test(test_peer_change_rules__requests__hold_from_now_on),
        cmocka_unit_test(test_peer_may_still__this_user_s__always),
        cmocka_unit_test(test_peer_take__no_socket__is_a_stranger),
        cmocka_unit_test(test_peer_may_ask_now__so_many_a_second__and_no_more),
        cmocka_unit_test(test_peer_may_ask_now__no_limit__is_none),
        cmocka_unit_test(test_peer_leave__who_has_asked__gets_no_other_allowance_by_coming_anew),
        cmocka_unit_test(test_peer_take__many_processes_of_one_user__leave_some_to_others),
        cmocka_unit_test(test_peer_is_told_of_now__one_line_a_second__says_how_many_there_were),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
