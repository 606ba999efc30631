/* SPDX-License-Identifier: Apache-2.0 */
/* Threads against each other: many contexts on one credential, one token brought twice at once. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/random.h"
#include "kerberos/kerberos.h"
#include "tests/support/krb_pair.h"

enum { THREADS = 2, HANDSHAKES = 500, REPLAYS = 200 };

/* fake_host's sequence is one thread's; this is what a process has. */
static bool
real_random(const struct sec_host *host, void *to, size_t n)
{
    return random_bytes(to, n);
}

static void
shared_open(struct krb_pair *p)
{
    krb_pair_init(p);
    p->client_host.host.random = real_random;
    p->server_host.host.random = real_random;
    p->server_tickets.forgets = true;
    assert_true(krb_pair_open(p));
}

/* --- one credential ------------------------------------------------------------------------ */

/* Pairs of contexts of its own on credentials that are not. */
static void *
shake_hands(void *user)
{
    static const uint32_t styles[] = { SEC_MUTUAL_AUTH | SEC_DELEGATE, SEC_DCE_STYLE, 0 };
    const struct krb_pair *shared = user;
    const struct sec_package_ops *ops = kerberos_package.ops;
    uintptr_t failed = 0;

    for (unsigned i = 0; i < HANDSHAKES; i++) {
        struct krb_pair p = { .client_args = shared->client_args };

        p.client_args.wanted = styles[i % SEC_ARRAY_LEN(styles)];
        if (ops->open(shared->client_cred, SEC_INITIATOR, &p.client) != SEC_E_OK ||
            ops->open(shared->server_cred, SEC_ACCEPTOR, &p.server) != SEC_E_OK) {
            return (void *)UINTPTR_MAX;
        }
        krb_pair_exchange(&p);
        failed += p.server_status != SEC_E_OK || p.client_status != SEC_E_OK ||
                  !krb_pair_messages_pass(&p, true);
        krb_pair_clear(&p);
    }
    return (void *)failed;
}

static void
test_krb_credential__many_contexts_in_two_threads(void **state)
{
    pthread_t threads[THREADS];
    struct krb_pair shared;

    shared_open(&shared);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, shake_hands, &shared), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        void *failed;

        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(shared.client_tickets.gets, THREADS * HANDSHAKES);
    krb_pair_clear(&shared);
    assert_true(krb_pair_is_clean(&shared));
}

/* --- one token ----------------------------------------------------------------------------- */

struct racer {
    struct sec_cred *cred;
    pthread_barrier_t *start;
    struct bytes token;
    sec_status status;
};

static void *
race(void *user)
{
    struct racer *r = user;
    struct wire_writer out = wire_writer_growing(NULL, 0);
    struct sec_step_args args = { .wanted = 0 };
    struct sec_ctx *ctx = NULL;

    r->status = kerberos_package.ops->open(r->cred, SEC_ACCEPTOR, &ctx);
    (void)pthread_barrier_wait(r->start);
    if (r->status == SEC_E_OK) {
        r->status = sec_pair_step(ctx, &args, r->token, &out);
    }
    wire_writer_clear(&out);
    kerberos_package.ops->free_ctx(ctx);
    return NULL;
}

/* Of two contexts that are given the same AP-REQ at once, one takes it. */
static void
test_krb_acceptor__one_token_in_two_threads_is_taken_once(void **state)
{
    pthread_barrier_t start;
    struct krb_pair shared;

    shared_open(&shared);
    assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (unsigned i = 0; i < REPLAYS; i++) {
        struct wire_writer token = wire_writer_growing(NULL, 0);
        struct racer racers[THREADS];
        pthread_t threads[THREADS];
        struct sec_ctx *client;
        unsigned taken = 0;

        assert_int_equal(kerberos_package.ops->open(shared.client_cred, SEC_INITIATOR, &client),
                         SEC_E_OK);
        assert_int_equal(sec_pair_step(client, &shared.client_args, bytes_of(NULL, 0), &token),
                         SEC_E_OK);
        for (unsigned k = 0; k < THREADS; k++) {
            racers[k] = (struct racer){ shared.server_cred, &start, wire_written(&token), 0 };
            assert_int_equal(pthread_create(&threads[k], NULL, race, &racers[k]), 0);
        }
        for (unsigned k = 0; k < THREADS; k++) {
            assert_int_equal(pthread_join(threads[k], NULL), 0);
            taken += racers[k].status == SEC_E_OK;
        }
        assert_int_equal(taken, 1);
        kerberos_package.ops->free_ctx(client);
        wire_writer_clear(&token);
    }
    (void)pthread_barrier_destroy(&start);
    krb_pair_clear(&shared);
    assert_true(krb_pair_is_clean(&shared));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_krb_credential__many_contexts_in_two_threads),
        cmocka_unit_test(test_krb_acceptor__one_token_in_two_threads_is_taken_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
