/* SPDX-License-Identifier: Apache-2.0 */
/* Each challenge is good for one response, whatever that is called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "crypto/digest.h"
#include "crypto/mschap_key.h"
#include "samd/challenges.h"
#include "tests/support/account_store.h"

#define NOW    UINT64_C(134000000000000000)
#define SECOND CLOCK_SECOND_100NS

static int
set_up(void **state)
{
    *state = challenges_new();
    return *state ? 0 : -1;
}

static int
tear_down(void **state)
{
    challenges_free(*state);
    return 0;
}

/* NTLMv2's, of a challenge with this number that was made then. */
static enum challenge_verdict
show(struct challenges *c, uint64_t number, uint64_t made_100ns, uint64_t now_100ns)
{
    struct account_claim claim = { .kind = ACCOUNT_NTLM_V2, .now_100ns = now_100ns };
    uint8_t nt[80] = { 0 };
    struct bytes blob = test_blob_(nt + 16, sizeof(nt) - 16, made_100ns);

    memcpy(claim.server_challenge, &number, sizeof(number));
    claim.nt_response = bytes_of(nt, 16 + blob.n);
    sec_reason_clear();
    return challenge_take(c, &claim);
}

static enum challenge_verdict
show_as(struct challenges *c, enum account_proof_kind kind, uint64_t number, uint64_t now_100ns)
{
    struct account_claim claim = { .kind = kind, .now_100ns = now_100ns };

    memcpy(claim.server_challenge, &number, sizeof(number));
    return challenge_take(c, &claim);
}

static void
test_challenge_take__twice__is_told(void **state)
{
    assert_int_equal(show(*state, 1, NOW, NOW), CHALLENGE_FIRST);
    assert_int_equal(show(*state, 1, NOW, NOW), CHALLENGE_AGAIN);
    assert_non_null(strstr(sec_reason(), "answered before"));
    assert_int_equal(show(*state, 2, NOW, NOW), CHALLENGE_FIRST);
    assert_int_equal(show(*state, 1, NOW, NOW + CHALLENGE_SECONDS * SECOND), CHALLENGE_AGAIN);
    assert_int_equal(show(*state, 1, NOW, NOW + (CHALLENGE_SECONDS + 1) * SECOND),
                     CHALLENGE_NOT_OF_NOW);
}

static void
test_challenge_take__age__is_bounded(void **state)
{
    const uint64_t limit = CHALLENGE_SECONDS * SECOND;

    assert_int_equal(show(*state, 1, NOW - limit, NOW), CHALLENGE_FIRST);
    assert_int_equal(show(*state, 2, NOW - limit - 1, NOW), CHALLENGE_NOT_OF_NOW);
    assert_int_equal(show(*state, 3, NOW + SECOND, NOW), CHALLENGE_FIRST);
    assert_int_equal(show(*state, 4, NOW + SECOND + 1, NOW), CHALLENGE_NOT_OF_NOW);
    assert_int_equal(show(*state, 5, 0, NOW), CHALLENGE_NOT_OF_NOW);
    assert_int_equal(show(*state, 6, UINT64_MAX, NOW), CHALLENGE_NOT_OF_NOW);
}

/* Every prefix of a good one: what has no time stamp of its challenge is not taken. */
static void
test_challenge_take__without_its_time__is_refused(void **state)
{
    struct account_claim claim = { .kind = ACCOUNT_NTLM_V2, .now_100ns = NOW };
    uint8_t nt[80] = { 0 };
    size_t whole = 16 + test_blob_(nt + 16, sizeof(nt) - 16, NOW).n;

    for (size_t n = 0; n < whole - 4; n++) { /* what follows the pairs says nothing */
        uint8_t *prefix = mem_dup(nt, n);

        assert_non_null(prefix);
        claim.server_challenge[0] = (uint8_t)n;
        claim.nt_response = bytes_of(prefix, n);
        assert_int_equal(challenge_take(*state, &claim), CHALLENGE_NOT_OF_NOW);
        mem_free(prefix);
    }
}

/* Of one challenge there is one answer: not NTLM's and then LM's. */
static void
test_challenge_take__as_another_kind__is_told(void **state)
{
    static const enum account_proof_kind kinds[] = { ACCOUNT_LM_V2, ACCOUNT_NTLM_V1, ACCOUNT_LM_V1,
                                                     ACCOUNT_MSCHAP };

    assert_int_equal(show(*state, 100, NOW, NOW), CHALLENGE_FIRST);
    for (size_t i = 0; i < SEC_ARRAY_LEN(kinds); i++) {
        assert_int_equal(show_as(*state, kinds[i], 100, NOW), CHALLENGE_AGAIN);
        assert_int_equal(show_as(*state, kinds[i], i, NOW), CHALLENGE_FIRST);
        assert_int_equal(show(*state, i, NOW, NOW), CHALLENGE_AGAIN);
    }
    for (size_t i = 0; i < SEC_ARRAY_LEN(kinds); i++) {
        assert_int_equal(show_as(*state, kinds[i], i, NOW + 86400 * SECOND), CHALLENGE_AGAIN);
    }
}

/* What the response is computed over can be named as the challenge of another kind. */
static void
test_challenge_take__of_what_is_derived__is_told(void **state)
{
    static const uint8_t client[16] = { 9, 8, 7, 6, 5, 4, 3, 2, 1 }, own[16] = { 1, 2, 3 };
    struct account_claim claim = { .kind = ACCOUNT_NTLM_V1_ESS,
                                   .lm_response = bytes_of(client, 8),
                                   .now_100ns = NOW };
    uint8_t digest[MD5_BYTES], hash[8];
    uint64_t number;

    assert_int_equal(challenge_take(*state, &claim), CHALLENGE_FIRST);
    digest_md5((const struct bytes[]){ bytes_of(claim.server_challenge, 8), bytes_of(client, 8) },
               2, digest);
    memcpy(&number, digest, sizeof(number));
    assert_int_equal(show_as(*state, ACCOUNT_NTLM_V1, number, NOW), CHALLENGE_AGAIN);

    claim = (struct account_claim){ .kind = ACCOUNT_MSCHAP_V2,
                                    .challenge = bytes_of(own, 16),
                                    .peer_challenge = bytes_of(client, 16),
                                    .peer_name = bytes_of_string("User"),
                                    .now_100ns = NOW };
    assert_int_equal(challenge_take(*state, &claim), CHALLENGE_FIRST);
    assert_int_equal(challenge_take(*state, &claim), CHALLENGE_AGAIN);
    mschap_key_challenge(client, own, claim.peer_name, hash);
    memcpy(&number, hash, sizeof(number));
    assert_int_equal(show_as(*state, ACCOUNT_MSCHAP, number, NOW), CHALLENGE_AGAIN);
}

static void
test_challenge_take__chap__by_id_and_challenge(void **state)
{
    struct account_claim claim = { .kind = ACCOUNT_CHAP_MD5,
                                   .challenge = bytes_of_string("challenge"),
                                   .now_100ns = NOW };

    assert_int_equal(challenge_take(*state, &claim), CHALLENGE_FIRST);
    assert_int_equal(challenge_take(*state, &claim), CHALLENGE_AGAIN);
    claim.chap_id = 1;
    assert_int_equal(challenge_take(*state, &claim), CHALLENGE_FIRST);
    claim.challenge.n--;
    assert_int_equal(challenge_take(*state, &claim), CHALLENGE_FIRST);
}

static void
test_challenge_take__short_or_absent_fields__are_named(void **state)
{
    struct account_claim claim = { .kind = ACCOUNT_MSCHAP_V2, .now_100ns = NOW };

    assert_int_equal(challenge_take(*state, &claim), CHALLENGE_FIRST);
    assert_int_equal(challenge_take(*state, &claim), CHALLENGE_AGAIN);
    claim.kind = ACCOUNT_NTLM_V1_ESS;
    assert_int_equal(challenge_take(*state, &claim), CHALLENGE_FIRST);
    claim.kind = ACCOUNT_CHAP_MD5;
    assert_int_equal(challenge_take(*state, &claim), CHALLENGE_FIRST);
    claim.kind = (enum account_proof_kind)200;
    assert_int_equal(challenge_take(*state, &claim), CHALLENGE_FIRST);
}

/* A browser sends its password again and again. */
static void
test_challenge_take__password__is_always_the_first(void **state)
{
    for (int i = 0; i < 3; i++) {
        assert_int_equal(show_as(*state, ACCOUNT_PASSWORD, 1, NOW), CHALLENGE_FIRST);
        assert_int_equal(show_as(*state, ACCOUNT_ONE_TIME_CODE, 1, NOW), CHALLENGE_FIRST);
    }
}

/* Who pushes others' out by showing many of his own: what nobody remembers is refused, and nobody
 * whose handshake is under way is. */
static void
test_challenge_take__flood__lets_nothing_be_shown_again(void **state)
{
    enum { SHOWN = 1000000, A_SECOND = 20000 };
    uint64_t now = NOW;

    assert_int_equal(show(*state, 1, NOW, NOW), CHALLENGE_FIRST);
    for (uint64_t i = 2; i < SHOWN; i++) {
        now += SECOND / A_SECOND;
        assert_int_equal(show(*state, i, now - 5 * SECOND, now), CHALLENGE_FIRST);
    }
    assert_int_equal(show(*state, 1, NOW, now), CHALLENGE_NOT_OF_NOW);
    assert_non_null(strstr(sec_reason(), "older than what is remembered"));
    assert_int_equal(show(*state, SHOWN - 1, now, now), CHALLENGE_AGAIN);
    assert_int_equal(show(*state, SHOWN, now - 5 * SECOND, now), CHALLENGE_FIRST);
}

static void
test_challenge_take__many_without_a_time__forget_the_oldest_alone(void **state)
{
    enum { SHOWN = 200000, REMEMBERED = 65536 };

    for (uint64_t i = 0; i < SHOWN; i++) {
        assert_int_equal(show_as(*state, ACCOUNT_NTLM_V1, i, NOW + i), CHALLENGE_FIRST);
    }
    for (uint64_t i = SHOWN - REMEMBERED; i < SHOWN; i++) {
        assert_int_equal(show_as(*state, ACCOUNT_NTLM_V1, i, NOW + SHOWN), CHALLENGE_AGAIN);
    }
}

/* A clock that was ahead for a while, and is set right, refuses nobody. */
static void
test_challenge_take__clock_set_back__takes_new_ones(void **state)
{
    enum { SHOWN = 400000, A_SECOND = 20000 };
    uint64_t number = 0, now = NOW + 86400 * SECOND;

    for (; number < SHOWN; number++, now += SECOND / A_SECOND) {
        assert_int_equal(show(*state, number, now, now), CHALLENGE_FIRST);
    }
    for (now = NOW; number < 3 * SHOWN; number++, now += SECOND / A_SECOND) {
        assert_int_equal(show(*state, number, now, now), CHALLENGE_FIRST);
    }
    assert_int_equal(show(*state, number - 1, now, now), CHALLENGE_AGAIN);
}

/* Others', in each part of the table. */
static void
show_others(struct challenges *c, uint64_t number, uint64_t now_100ns)
{
    for (uint64_t i = 0; i < 2000; i++) {
        assert_int_equal(show(c, number + i, now_100ns, now_100ns), CHALLENGE_FIRST);
    }
}

/* What was made before is of now once more. */
static void
test_challenge_take__clock_set_back__lets_nothing_be_shown_again(void **state)
{
    assert_int_equal(show(*state, 1, NOW, NOW), CHALLENGE_FIRST);
    show_others(*state, 10000, NOW + 3600 * SECOND);
    show_others(*state, 20000, NOW - 600 * SECOND);
    assert_int_equal(show(*state, 1, NOW, NOW + SECOND), CHALLENGE_AGAIN);
}

static void
test_challenge_take__without_a_time__is_remembered_after_a_year(void **state)
{
    assert_int_equal(show_as(*state, ACCOUNT_NTLM_V1, 1, NOW), CHALLENGE_FIRST);
    show_others(*state, 10000, NOW + 365 * UINT64_C(86400) * SECOND);
    assert_int_equal(
        show_as(*state, ACCOUNT_NTLM_V1, 1, NOW + 365 * UINT64_C(86400) * SECOND + SECOND),
        CHALLENGE_AGAIN);
}

struct crowd {
    struct challenges *challenges;
    pthread_barrier_t start;
    atomic_uint first;
};

enum { CROWD = 4, CROWD_SHOWS = 2000 };

static void *
show_all(void *user)
{
    struct crowd *c = user;

    (void)pthread_barrier_wait(&c->start);
    for (uint64_t i = 0; i < CROWD_SHOWS; i++) {
        atomic_fetch_add(&c->first, show(c->challenges, i, NOW, NOW) == CHALLENGE_FIRST);
    }
    return NULL;
}

static void
test_challenge_take__by_many_at_once__one_is_the_first(void **state)
{
    struct crowd c = { .challenges = *state };
    pthread_t threads[CROWD];

    assert_int_equal(pthread_barrier_init(&c.start, NULL, CROWD), 0);
    for (int i = 0; i < CROWD; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, show_all, &c), 0);
    }
    for (int i = 0; i < CROWD; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    (void)pthread_barrier_destroy(&c.start);
    assert_int_equal(c.first, CROWD_SHOWS);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_challenge_take__twice__is_told),
        TEST(test_challenge_take__age__is_bounded),
        TEST(test_challenge_take__without_its_time__is_refused),
        TEST(test_challenge_take__as_another_kind__is_told),
        TEST(test_challenge_take__of_what_is_derived__is_told),
        TEST(test_challenge_take__chap__by_id_and_challenge),
        TEST(test_challenge_take__short_or_absent_fields__are_named),
        TEST(test_challenge_take__password__is_always_the_first),
        TEST(test_challenge_take__flood__lets_nothing_be_shown_again),
        TEST(test_challenge_take__many_without_a_time__forget_the_oldest_alone),
        TEST(test_challenge_take__clock_set_back__takes_new_ones),
        TEST(test_challenge_take__clock_set_back__lets_nothing_be_shown_again),
        TEST(test_challenge_take__without_a_time__is_remembered_after_a_year),
        TEST(test_challenge_take__by_many_at_once__one_is_the_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
