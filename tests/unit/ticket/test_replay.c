/* SPDX-License-Identifier: Apache-2.0 */
/* The replay cache: exact within its window, never forgetful inside it, and nothing is taken whose
 * fate it cannot know. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "ticket/replay.h"

#define START  UINT64_C(132038640000000000)
#define SECOND CLOCK_SECOND_100NS
#define SKEW   (300 * SECOND)

enum { SMALL = 100 };

static struct replay *
make(size_t capacity)
{
    const struct replay_options options = { capacity, SKEW, START };
    struct replay *r = NULL;

    assert_int_equal(replay_open(&options, &r), SEC_E_OK);
    return r;
}

static enum ticket_replay_verdict
check(struct replay *r, uint64_t name, uint64_t ctime, uint64_t now)
{
    uint8_t hash[TICKET_REPLAY_HASH_BYTES] = { 0 };

    memcpy(hash, &name, sizeof(name));
    sec_reason_clear();
    return replay_check(r, hash, ctime, now);
}

static void
test_check__the_same_authenticator_twice__is_a_replay(void **state)
{
    struct replay *r = make(SMALL);

    assert_int_equal(check(r, 1, START, START), TICKET_FRESH);
    assert_int_equal(check(r, 1, START, START), TICKET_REPLAYED);
    assert_non_null(strstr(sec_reason(), "came before"));
    assert_int_equal(check(r, 1, START, START + 600 * SECOND), TICKET_REPLAYED);
    assert_int_equal(check(r, 2, START, START), TICKET_FRESH);
    replay_close(r);
}

static void
test_expect__nothing_is_remembered(void **state)
{
    const uint8_t hash[TICKET_REPLAY_HASH_BYTES] = { 1, 2, 3 };
    struct replay *r = make(1);

    (void)state;
    for (int i = 0; i < 3; i++) {
        replay_table_expect(&r->table, hash);
    }
    assert_int_equal(replay_check(r, hash, START, START), TICKET_FRESH);
    replay_table_expect(&r->table, hash);
    assert_int_equal(replay_check(r, hash, START, START), TICKET_REPLAYED);
    replay_close(r);
}

/* The last of its bits counts as much as the first. */
static void
test_check__hashes_that_differ_in_one_bit__are_others(void **state)
{
    struct replay *r = make(SMALL + 128);
    uint8_t hash[TICKET_REPLAY_HASH_BYTES] = { 0 };

    assert_int_equal(replay_check(r, hash, START, START), TICKET_FRESH);
    for (unsigned bit = 0; bit < 8 * sizeof(hash); bit++) {
        hash[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(replay_check(r, hash, START, START), TICKET_FRESH);
        assert_int_equal(replay_check(r, hash, START, START), TICKET_REPLAYED);
        hash[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    replay_close(r);
}

static void
test_check__an_authenticator_from_before_the_start__is_not_known(void **state)
{
    struct replay *r = make(SMALL);

    assert_int_equal(check(r, 1, START - 1, START + SECOND), TICKET_BEFORE_START);
    assert_non_null(strstr(sec_reason(), "before the time"));
    assert_int_equal(check(r, 1, START - 1, START + SECOND), TICKET_BEFORE_START);
    assert_int_equal(check(r, 1, START, START + SECOND), TICKET_FRESH);
    replay_close(r);
}

/* One that was 5 minutes fast is good for 10 minutes, and remembered for as long. */
static void
test_check__a_replay_as_late_as_any_clock_takes_it__is_found(void **state)
{
    struct replay *r = make(SMALL);

    assert_int_equal(check(r, 1, START + SKEW, START), TICKET_FRESH);
    assert_int_equal(check(r, 1, START + SKEW, START + 2 * SKEW), TICKET_REPLAYED);
    /* And then it is too old for every clock, this cache included. */
    assert_int_equal(check(r, 1, START + SKEW, START + 2 * SKEW + 1), TICKET_BEFORE_START);
    replay_close(r);
}

/* What is acceptable at any time is never refused for age, as long as the clock goes forward. */
static void
test_check__what_the_skew_permits__is_never_before_the_start(void **state)
{
    struct replay *r = make(50000);
    uint64_t name = 1;

    for (uint64_t now = START + SKEW; now < START + 20 * SKEW; now += 7 * SECOND) {
        assert_int_equal(check(r, name++, now - SKEW, now), TICKET_FRESH);
        assert_int_equal(check(r, name++, now, now), TICKET_FRESH);
        assert_int_equal(check(r, name++, now + SKEW, now), TICKET_FRESH);
    }
    replay_close(r);
}

static void
test_check__a_time_that_nobody_checked__is_refused(void **state)
{
    struct replay *r = make(SMALL);

    assert_int_equal(check(r, 1, START + SKEW + 1, START), TICKET_REPLAY_BROKEN);
    assert_non_null(strstr(sec_reason(), "future"));
    assert_int_equal(check(r, 1, UINT64_MAX, START), TICKET_REPLAY_BROKEN);
    assert_int_equal(check(r, 1, 0, START), TICKET_BEFORE_START);
    replay_close(r);
}

/* A clock that is set forward makes the cache forget; set back, what it forgot is still refused. */
static void
test_check__after_a_clock_went_forward_and_back__replays_are_refused(void **state)
{
    struct replay *r = make(SMALL);

    assert_int_equal(check(r, 1, START, START), TICKET_FRESH);
    assert_int_equal(check(r, 2, START + 3600 * SECOND, START + 3600 * SECOND), TICKET_FRESH);
    assert_int_equal(check(r, 1, START, START + SECOND), TICKET_BEFORE_START);
    assert_int_equal(check(r, 3, START + SECOND, START + SECOND), TICKET_BEFORE_START);
    assert_int_equal(check(r, 4, START + SKEW + 1, START + SKEW + 1), TICKET_FRESH);
    /* Remembered as long as the newest one, which the clock had in the future. */
    assert_int_equal(check(r, 4, START + SKEW + 1, START + 3600 * SECOND + 2 * SKEW),
                     TICKET_REPLAYED);
    replay_close(r);
}

static void
test_check__when_full__refuses_and_forgets_nothing(void **state)
{
    struct replay *r = make(SMALL);

    for (uint64_t i = 0; i < SMALL; i++) {
        assert_int_equal(check(r, i, START, START), TICKET_FRESH);
    }
    assert_int_equal(check(r, SMALL, START, START), TICKET_REPLAY_FULL);
    assert_non_null(strstr(sec_reason(), "replay_capacity"));
    assert_int_equal(check(r, SMALL, START + SKEW, START + 2 * SKEW), TICKET_REPLAY_FULL);
    for (uint64_t i = 0; i < SMALL; i++) {
        assert_int_equal(check(r, i, START, START), TICKET_REPLAYED);
    }
    for (uint64_t i = 0; i < SMALL; i++) {
        assert_int_equal(check(r, SMALL + i, START + 2 * SKEW, START + 2 * SKEW + 1), TICKET_FRESH);
    }
    replay_close(r);
}

/* Spread over its shards, too, it takes as many as were asked for. */
static void
test_check__as_many_as_its_capacity__are_remembered(void **state)
{
    enum { MANY = 200000 };
    struct replay *r = make(MANY);

    for (uint64_t i = 0; i < MANY; i++) {
        assert_int_equal(check(r, i * UINT64_C(0x9E3779B97F4A7C15), START, START), TICKET_FRESH);
    }
    for (uint64_t i = 0; i < MANY; i++) {
        assert_int_equal(check(r, i * UINT64_C(0x9E3779B97F4A7C15), START, START), TICKET_REPLAYED);
    }
    replay_close(r);
}

/* Compared with a list that forgets nothing, over many times its capacity. */
static void
test_check__against_a_list__tells_the_same(void **state)
{
    enum { ALL = 20000, NAMES = 3000 };
    struct replay *r = make(2000);
    uint64_t *known = calloc(NAMES, sizeof(*known)); /* ctime of the one that was taken */
    uint64_t now = START, random = 1;

    for (unsigned i = 0; i < ALL; i++) {
        uint64_t name, ctime;
        enum ticket_replay_verdict verdict;

        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        name = (random >> 33) % NAMES;
        now += (random >> 20) % SECOND;
        /* An authenticator's name is its ciphertext: the same name has the same ctime. */
        ctime = known[name] ? known[name] : now - SKEW / 2 + (random >> 40) % SKEW;
        if (ctime + SKEW < now) {
            known[name] = 0; /* so old that nobody asks: the name is used again */
            continue;
        }
        verdict = check(r, name << 32 | (uint32_t)(ctime / SECOND), ctime, now);
        if (ctime < START) {
            assert_int_equal(verdict, TICKET_BEFORE_START);
            continue;
        }
        assert_int_equal(verdict, known[name] ? TICKET_REPLAYED : TICKET_FRESH);
        known[name] = ctime;
    }
    free(known);
    replay_close(r);
}

/* --- processes ----------------------------------------------------------------------------- */

static void
test_check__in_a_child__knows_what_its_parent_and_sisters_took(void **state)
{
    struct replay *r = make(SMALL);
    int status;
    pid_t child;

    assert_int_equal(check(r, 1, START, START), TICKET_FRESH);
    child = fork();
    if (child == 0) {
        _exit(check(r, 1, START, START) == TICKET_REPLAYED &&
                      check(r, 2, START, START) == TICKET_FRESH
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(check(r, 2, START, START), TICKET_REPLAYED);
    replay_close(r);
}

enum { ROUNDS = 30, TOLD_MAX = 1 << 20 };

/* What a child was told is fresh, as it was told. */
struct told {
    _Atomic uint64_t n;
    uint64_t names[TOLD_MAX];
};

static void
check_until_killed(struct replay *r, struct told *told, uint64_t round)
{
    for (uint64_t i = 0; i < TOLD_MAX; i++) {
        uint64_t name = round << 32 | i;

        enum ticket_replay_verdict verdict = check(r, name, START, START);

        if (verdict == TICKET_REPLAY_FULL) {
            (void)pause();
        }
        if (verdict != TICKET_FRESH) {
            _exit(1);
        }
        told->names[i] = name;
        told->n = i + 1;
    }
    _exit(2);
}

/* One shard alone, so that a child is nearly always within its lock when it is killed. */
static void
test_check__after_a_process_was_killed_within__has_lost_nothing(void **state)
{
    struct told *told =
        mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_true(told != MAP_FAILED);
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        struct replay *r = make(16383); /* one shard */
        int status;
        pid_t child;

        told->n = 0;
        child = fork();
        if (child == 0) {
            check_until_killed(r, told, round);
        }
        while (told->n < 100 * round) {
            assert_int_equal(waitpid(child, &status, WNOHANG), 0);
        }
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        for (uint64_t i = 0; i < told->n; i++) {
            assert_int_equal(check(r, told->names[i], START, START), TICKET_REPLAYED);
        }
        replay_close(r);
    }
    (void)munmap(told, sizeof(*told));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expect__nothing_is_remembered),
        cmocka_unit_test(test_check__the_same_authenticator_twice__is_a_replay),
        cmocka_unit_test(test_check__hashes_that_differ_in_one_bit__are_others),
        cmocka_unit_test(test_check__an_authenticator_from_before_the_start__is_not_known),
        cmocka_unit_test(test_check__a_replay_as_late_as_any_clock_takes_it__is_found),
        cmocka_unit_test(test_check__what_the_skew_permits__is_never_before_the_start),
        cmocka_unit_test(test_check__a_time_that_nobody_checked__is_refused),
        cmocka_unit_test(test_check__after_a_clock_went_forward_and_back__replays_are_refused),
        cmocka_unit_test(test_check__when_full__refuses_and_forgets_nothing),
        cmocka_unit_test(test_check__as_many_as_its_capacity__are_remembered),
        cmocka_unit_test(test_check__against_a_list__tells_the_same),
        cmocka_unit_test(test_check__in_a_child__knows_what_its_parent_and_sisters_took),
        cmocka_unit_test(test_check__after_a_process_was_killed_within__has_lost_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
