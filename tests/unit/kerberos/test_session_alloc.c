/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation of a session's first messages failed in turn: an error, and the same message then
 * comes through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alloc_fail.h"
#include "session_pair.h"

enum { SEALED, CLEAR, SIGNED, KINDS };

/* Tried until there is memory again. */
static void
until_it_works(sec_status (*function)(struct krb_session *, struct sec_msg *),
               struct krb_session *s, struct sec_msg *m, bool failing)
{
    sec_status status = function(s, m);

    if (failing && status == SEC_E_INSUFFICIENT_MEMORY) {
        status = function(s, m);
    }
    if (failing && status == SEC_E_INSUFFICIENT_MEMORY) {
        return;
    }
    assert_int_equal(status, SEC_E_OK);
}

static void
run(void *user, bool failing)
{
    int32_t enctype = *(const int32_t *)user;
    struct session_pair p;

    session_pair_init(&p);
    session_pair_begin(&p, enctype);
    for (unsigned kind = 0; kind < KINDS; kind++) {
        struct message m;
        uint64_t sent = p.initiator.send_sequence;

        message_init(&m, 40);
        m.msg.no_encrypt = kind == CLEAR;
        until_it_works(kind == SIGNED ? krb_session_sign : krb_session_seal, &p.initiator, &m.msg,
                       failing);
        if (p.initiator.send_sequence == sent) {
            assert_true(message_is_intact(m.data, 40));
            break;
        }
        until_it_works(kind == SIGNED ? krb_session_verify : krb_session_unseal, &p.acceptor,
                       &m.msg, failing);
        if (p.acceptor.window.next == sent) {
            break;
        }
        assert_true(message_is_intact(m.data, 40));
    }
    session_pair_clear(&p);
}

static void
test_session__each_allocation_fails__the_message_can_be_tried_again(void **state)
{
    for (unsigned i = 0; i < N_ENCTYPES; i++) {
        int32_t enctype = enctypes[i];

        assert_int_equal(alloc_fail_each(run, &enctype), enctype == KRB_RC4_HMAC ? 0 : 2 * KINDS);
    }
}

/* One kind of message each way costs the keys of that kind, and no later message anything. */
static void
run_sealed_only(void *user, bool failing)
{
    struct session_pair p;
    struct message m;

    session_pair_init(&p);
    session_pair_begin(&p, KRB_AES256_SHA1);
    for (unsigned i = 0; i < 100 && !failing; i++) {
        message_init(&m, 40);
        assert_int_equal(krb_session_seal(&p.initiator, &m.msg), SEC_E_OK);
        assert_int_equal(krb_session_unseal(&p.acceptor, &m.msg), SEC_E_OK);
    }
    session_pair_clear(&p);
}

static void
test_session__a_hundred_messages__allocate_with_the_first(void **state)
{
    alloc_fail_each(run_sealed_only, NULL);
    assert_true(sizeof(struct krb_session) + 2 * krb_cipher_bytes(KRB_AES256_SHA1) <= 800);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session__each_allocation_fails__the_message_can_be_tried_again),
        cmocka_unit_test(test_session__a_hundred_messages__allocate_with_the_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
