/* SPDX-License-Identifier: Apache-2.0 */
/* Threads against each other: many contexts on one credential; both directions of one context. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/random.h"
#include "ntlm/ntlm.h"
#include "tests/support/hex.h"
#include "tests/support/ntlm_pair.h"

enum { THREADS = 2, HANDSHAKES = 2000, MESSAGES = 20000, TEXT_BYTES = 64 };

/* fake_host's sequence is one thread's; this is what a process has. */
static bool
real_random(const struct sec_host *host, void *to, size_t n)
{
    return random_bytes(to, n);
}

static void
use_real_random(struct ntlm_pair *p)
{
    p->client_host.host.random = real_random;
    p->server_host.host.random = real_random;
}

/* --- one credential ------------------------------------------------------------------------ */

/* A pair of contexts of its own on credentials that are not. */
static void *
shake_hands(void *user)
{
    const struct ntlm_pair *shared = user;
    const struct sec_package_ops *ops = ntlm_package.ops;
    uintptr_t failed = 0;

    for (unsigned i = 0; i < HANDSHAKES; i++) {
        struct ntlm_pair p = { .client_args.wanted = SEC_INTEGRITY | SEC_CONFIDENTIALITY };

        if (ops->open(shared->client_cred, SEC_INITIATOR, &p.client) != SEC_E_OK ||
            ops->open(shared->server_cred, SEC_ACCEPTOR, &p.server) != SEC_E_OK) {
            return (void *)UINTPTR_MAX;
        }
        ntlm_pair_exchange(&p);
        failed += p.server_status != SEC_E_OK || !ntlm_pair_messages_pass(&p, true);
        ntlm_pair_clear(&p);
    }
    return (void *)failed;
}

static void
test_ntlm_credential__many_contexts_in_two_threads(void **state)
{
    pthread_t threads[THREADS];
    struct ntlm_pair shared;

    ntlm_pair_init(&shared);
    use_real_random(&shared);
    assert_true(ntlm_pair_open(&shared));
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, shake_hands, &shared), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        void *failed;

        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    ntlm_pair_clear(&shared);
    assert_int_equal(shared.accounts.proven, THREADS * HANDSHAKES);
    assert_int_equal(shared.accounts.identities, 0);
}

/* --- one context --------------------------------------------------------------------------- */

struct sealed {
    uint8_t text[TEXT_BYTES], token[16];
};

struct direction {
    struct sec_ctx *ctx;
    struct sealed *messages;
    bool sending, seal;
};

static void *
pump(void *user)
{
    const struct direction *d = user;
    const struct sec_package_ops *ops = ntlm_package.ops;
    uintptr_t failed = 0;

    for (unsigned i = 0; i < MESSAGES; i++) {
        struct sealed *s = &d->messages[i];
        struct sec_segment segment = { .p = s->text, .n = sizeof(s->text) };
        struct sec_msg m = {
            .segments = &segment, .n_segments = 1, .token = s->token, .token_n = 16
        };

        if (d->sending) {
            memset(s->text, (int)i, sizeof(s->text));
            failed += (d->seal ? ops->seal(d->ctx, &m) : ops->sign(d->ctx, &m)) != SEC_E_OK;
        } else {
            failed += (d->seal ? ops->unseal(d->ctx, &m) : ops->verify(d->ctx, &m)) != SEC_E_OK;
            failed += s->text[0] != (uint8_t)i;
        }
    }
    return (void *)failed;
}

/* The client sends in one thread and receives in another what the server has sent before. */
static void
both_directions_at_once(bool seal)
{
    struct sealed *there = calloc(MESSAGES, sizeof(*there));
    struct sealed *back = calloc(MESSAGES, sizeof(*back));
    struct ntlm_pair p;
    struct direction server_sends, client_sends, client_receives, server_receives;
    pthread_t one, two;
    void *failed_one, *failed_two;

    ntlm_pair_init(&p);
    p.client_args.wanted = SEC_INTEGRITY | SEC_CONFIDENTIALITY;
    assert_true(ntlm_pair_run(&p));
    server_sends = (struct direction){ p.server, back, true, seal };
    client_sends = (struct direction){ p.client, there, true, seal };
    client_receives = (struct direction){ p.client, back, false, seal };
    server_receives = (struct direction){ p.server, there, false, seal };
    assert_null(pump(&server_sends));
    assert_int_equal(pthread_create(&one, NULL, pump, &client_sends), 0);
    assert_int_equal(pthread_create(&two, NULL, pump, &client_receives), 0);
    assert_int_equal(pthread_join(one, &failed_one), 0);
    assert_int_equal(pthread_join(two, &failed_two), 0);
    assert_null(failed_one);
    assert_null(failed_two);
    assert_null(pump(&server_receives));
    ntlm_pair_clear(&p);
    free(there);
    free(back);
}

static void
test_ntlm_session__seal_against_unseal_on_one_context(void **state)
{
    both_directions_at_once(true);
}

static void
test_ntlm_session__sign_against_verify_on_one_context(void **state)
{
    both_directions_at_once(false);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ntlm_credential__many_contexts_in_two_threads),
        cmocka_unit_test(test_ntlm_session__seal_against_unseal_on_one_context),
        cmocka_unit_test(test_ntlm_session__sign_against_verify_on_one_context),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
