/* SPDX-License-Identifier: Apache-2.0 */
/* One thread seals while another unseals, on one context. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "session_pair.h"

enum { MESSAGES = 2000, TEXT_BYTES = 48 };

struct kept {
    uint8_t token[TOKEN_ROOM], text[TEXT_BYTES];
    size_t token_n;
};

struct direction {
    struct krb_session *session;
    struct kept *messages;
    bool sending;
};

/* Sealed, in the clear and signed by turns, so that each key is made while the other thread runs. */
static void *
pump(void *user)
{
    const struct direction *d = user;
    uintptr_t failed = 0;

    for (unsigned i = 0; i < MESSAGES; i++) {
        struct kept *k = &d->messages[i];
        struct sec_segment g = { .p = k->text, .n = sizeof(k->text) };
        struct sec_msg m = { .segments = &g,
                             .n_segments = 1,
                             .token = k->token,
                             .token_n = d->sending ? sizeof(k->token) : k->token_n,
                             .no_encrypt = i % 3 == 1 };
        bool sign = i % 3 == 2;

        if (d->sending) {
            memset(k->text, (int)i, sizeof(k->text));
            failed += (sign ? krb_session_sign(d->session, &m)
                            : krb_session_seal(d->session, &m)) != SEC_E_OK;
            k->token_n = m.token_n;
        } else {
            failed += (sign ? krb_session_verify(d->session, &m)
                            : krb_session_unseal(d->session, &m)) != SEC_E_OK;
            failed += k->text[0] != (uint8_t)i;
        }
    }
    return (void *)failed;
}

static void
both_ways_at_once(int32_t enctype)
{
    struct kept *there = calloc(MESSAGES, sizeof(*there));
    struct kept *back = calloc(MESSAGES, sizeof(*back));
    struct session_pair p;
    struct direction acceptor_sends, initiator_sends, initiator_receives, acceptor_receives;
    pthread_t one, two;
    void *failed_one, *failed_two;

    assert_non_null(there);
    assert_non_null(back);
    session_pair_init(&p);
    session_pair_begin(&p, enctype);
    acceptor_sends = (struct direction){ &p.acceptor, back, true };
    initiator_sends = (struct direction){ &p.initiator, there, true };
    initiator_receives = (struct direction){ &p.initiator, back, false };
    acceptor_receives = (struct direction){ &p.acceptor, there, false };
    assert_null(pump(&acceptor_sends));
    assert_int_equal(pthread_create(&one, NULL, pump, &initiator_sends), 0);
    assert_int_equal(pthread_create(&two, NULL, pump, &initiator_receives), 0);
    assert_int_equal(pthread_join(one, &failed_one), 0);
    assert_int_equal(pthread_join(two, &failed_two), 0);
    assert_null(failed_one);
    assert_null(failed_two);
    assert_null(pump(&acceptor_receives));
    session_pair_clear(&p);
    free(there);
    free(back);
}

static void
test_session__seal_against_unseal_on_one_context(void **state)
{
    for (unsigned i = 0; i < N_ENCTYPES; i++) {
        both_ways_at_once(enctypes[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session__seal_against_unseal_on_one_context),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
