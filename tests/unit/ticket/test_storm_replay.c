/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that bring the same authenticators: each is fresh to exactly one of them. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "ticket/replay.h"

#define START UINT64_C(132038640000000000)
#define SKEW  (300 * CLOCK_SECOND_100NS)

enum { THREADS = 8, NAMES = 125000 }; /* a million checks */

struct storm {
    struct replay *replay;
    _Atomic uint8_t *fresh; /* of each name: how many were told so */
    atomic_uint odd;        /* other answers than fresh and replayed */
    atomic_uint starts;
};

static void *
bring_all(void *user)
{
    /* Threads in pairs go the same way, pairs each another: prime to the number of names. */
    static const uint64_t ways[THREADS / 2] = { 1, 7919, 7921, 7927 };
    struct storm *s = user;
    uint64_t begin = atomic_fetch_add(&s->starts, 1);

    for (uint64_t i = 0; i < NAMES; i++) {
        uint64_t name = i * ways[begin / 2] % NAMES;
        uint8_t hash[TICKET_REPLAY_HASH_BYTES] = { 0 };
        enum ticket_replay_verdict verdict;

        memcpy(hash, &name, sizeof(name));
        verdict = replay_check(s->replay, hash, START + name, START + i * 100);
        if (verdict == TICKET_FRESH) {
            atomic_fetch_add(&s->fresh[name], 1);
        } else if (verdict != TICKET_REPLAYED) {
            atomic_fetch_add(&s->odd, 1);
        }
    }
    return NULL;
}

static void
run(size_t capacity)
{
    const struct replay_options options = { capacity, SKEW, START };
    struct storm s = { .fresh = calloc(NAMES, 1) };
    pthread_t threads[THREADS];

    assert_non_null(s.fresh);
    assert_int_equal(replay_open(&options, &s.replay), SEC_E_OK);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, bring_all, &s), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(s.odd, 0);
    for (unsigned i = 0; i < NAMES; i++) {
        assert_int_equal(s.fresh[i], 1);
    }
    replay_close(s.replay);
    free(s.fresh);
}

static void
test_check__by_threads_side_by_side__is_exact(void **state)
{
    run(1000000);
    run(NAMES);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check__by_threads_side_by_side__is_exact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
