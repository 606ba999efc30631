/* SPDX-License-Identifier: Apache-2.0 */
/* Acceptors in two threads before one replay cache, the real one: of all who bring an authenticator,
 * at whatever moment, one is let in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <pthread.h>

#include <cmocka.h>

#include "base/mem.h"
#include "tests/support/krb_forge.h"
#include "ticket/replay.h"

/* A million accepts; a fraction of them where each takes many times as long. */
#if defined(__SANITIZE_THREAD__)
enum { ROUNDS = 8 };
#else
enum { ROUNDS = 400 };
#endif

enum {
    THREADS = 2,
    TOKENS = 1000, /* of a round, half of them made by each thread */
    LATE = 250,    /* of the round before, brought once more by each */
    TOKEN_BYTES = 1024,
};

#define SECOND_100NS UINT64_C(10000000)

struct token {
    uint8_t b[TOKEN_BYTES];
    size_t n;
    atomic_uint let_in;
};

struct storm {
    struct replay *replay;
    struct token tokens[2][TOKENS]; /* this round's, the last one's */
    pthread_barrier_t barrier;
    atomic_uint let_in, refused, wrong;
};

struct runner {
    struct storm *storm;
    unsigned index;
    struct krb_forge_acceptor acceptor;
    struct krb_forge client;
};

static enum ticket_replay_verdict
ask_real_cache(void *user, const uint8_t hash[static TICKET_REPLAY_HASH_BYTES],
               uint64_t ctime_100ns, uint64_t now_100ns)
{
    return replay_check(user, hash, ctime_100ns, now_100ns);
}

static void
runner_init(struct runner *r, struct storm *s, unsigned index)
{
    r->storm = s;
    r->index = index;
    krb_forge_acceptor_init(&r->acceptor);
    r->acceptor.tickets.check_replay = ask_real_cache;
    r->acceptor.tickets.check_replay_user = s->replay;
    r->acceptor.tickets.random_calls = index << 30; /* no two confounders alike */
    krb_forge_init(&r->client, &r->acceptor.tickets);
}

static void
make_tokens(struct runner *r, struct token *tokens)
{
    for (size_t i = r->index; i < TOKENS; i += THREADS) {
        struct wire_writer w = wire_writer_fixed(tokens[i].b, sizeof(tokens[i].b));

        krb_forge_put(&r->client, &w);
        tokens[i].n = w.len;
        atomic_store(&tokens[i].let_in, 0);
    }
}

static void
bring(struct runner *r, struct token *t)
{
    sec_status status = krb_forge_accept(&r->acceptor, bytes_of(t->b, t->n));
    struct storm *s = r->storm;

    if (status == SEC_E_OK) {
        atomic_fetch_add(&t->let_in, 1);
        atomic_fetch_add(&s->let_in, 1);
    } else if (status == SEC_E_LOGON_DENIED &&
               krb_forge_facts(&r->acceptor).kerberos.error_code == KRB_AP_ERR_REPEAT) {
        atomic_fetch_add(&s->refused, 1);
    } else {
        atomic_fetch_add(&s->wrong, 1);
    }
    krb_forge_acceptor_restart(&r->acceptor);
}

/* One from the front and one from the back: in the middle they meet. */
static void *
run(void *user)
{
    struct runner *r = user;
    struct storm *s = r->storm;

    for (unsigned round = 0; round < ROUNDS; round++) {
        struct token *now = s->tokens[round % 2], *before = s->tokens[(round + 1) % 2];

        r->acceptor.host.now_100ns = FAKE_HOST_NOW_100NS + round * SECOND_100NS;
        r->client.authenticator.ctime_100ns = r->acceptor.host.now_100ns;
        make_tokens(r, now);
        (void)pthread_barrier_wait(&s->barrier);
        for (size_t i = 0; i < TOKENS; i++) {
            bring(r, &now[r->index ? TOKENS - 1 - i : i]);
        }
        for (size_t i = 0; round && i < LATE; i++) {
            bring(r, &before[i * (TOKENS / LATE)]);
        }
        (void)pthread_barrier_wait(&s->barrier);
    }
    return NULL;
}

static void
test_accept__each_authenticator_is_let_in_once(void **state)
{
    const struct replay_options options = {
        .capacity = (size_t)TOKENS * ROUNDS,
        .skew_100ns = 300 * SECOND_100NS,
        .start_100ns = FAKE_HOST_NOW_100NS - 3600 * SECOND_100NS,
    };
    struct storm *s = mem_new(sizeof(*s));
    struct runner *runners = mem_new_array(THREADS, sizeof(*runners));
    pthread_t threads[THREADS];

    assert_true(s && runners);
    assert_int_equal(replay_open(&options, &s->replay), SEC_E_OK);
    assert_int_equal(pthread_barrier_init(&s->barrier, NULL, THREADS), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        runner_init(&runners[i], s, i);
        assert_int_equal(pthread_create(&threads[i], NULL, run, &runners[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    for (size_t i = 0; i < TOKENS; i++) { /* of the last round; the sums tell of all */
        assert_int_equal(s->tokens[(ROUNDS - 1) % 2][i].let_in, 1);
    }
    assert_int_equal(s->let_in, TOKENS * ROUNDS);
    assert_int_equal(s->refused, TOKENS * ROUNDS + 2 * LATE * (ROUNDS - 1));
    assert_int_equal(s->wrong, 0);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_true(krb_forge_acceptor_clear(&runners[i].acceptor));
    }
    (void)pthread_barrier_destroy(&s->barrier);
    replay_close(s->replay);
    mem_free(runners);
    mem_free(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept__each_authenticator_is_let_in_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
