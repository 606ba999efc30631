/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation of an exchange failed in turn: an error, no token that would go out, no leak. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alloc_fail.h"
#include "kerberos/kerberos.h"
#include "tests/support/hex.h"
#include "tests/support/krb_pair.h"

struct variant {
    const char *name;
    uint32_t wanted;
    bool explicit_identity, user_to_user, stale;
};

static const struct variant variants[] = {
    { "one token", SEC_CONFIDENTIALITY, false, false, false },
    { "mutual", SEC_MUTUAL_AUTH | SEC_CONFIDENTIALITY, true, false, false },
    { "delegation", SEC_MUTUAL_AUTH | SEC_DELEGATE, false, false, false },
    { "delegation refused", SEC_DELEGATE, false, false, false },
    { "DCE style", SEC_DCE_STYLE | SEC_INTEGRITY, false, false, false },
    { "user-to-user", SEC_USE_SESSION_KEY | SEC_MUTUAL_AUTH, false, true, false },
    { "a service with a new key", SEC_MUTUAL_AUTH, false, false, true },
};

static void
assert_out_of_memory(sec_status status, bool stale)
{
    /* The other side may wait, or not have begun. A service with a new key refuses in any case. */
    if (status != SEC_E_INSUFFICIENT_MEMORY && status != SEC_E_OK &&
        status != SEC_I_CONTINUE_NEEDED && status != SEC_E_INTERNAL_ERROR && !stale) {
        fail_msg("status %08x", (unsigned)status);
    }
}

static void
run(void *user, bool failing)
{
    const struct variant *v = user;
    struct krb_pair p;
    bool established;

    krb_pair_init(&p);
    p.client_args.wanted = v->wanted;
    p.server_args.wanted = SEC_EXTENDED_ERROR;
    p.explicit_identity = v->explicit_identity;
    if (v->user_to_user) {
        p.client_args.target = UTF16("bob@EXAMPLE.TEST");
    }
    p.client_tickets.cached_kvno = v->stale ? 2 : 0;
    established = krb_pair_run(&p);
    assert_true(established || failing || v->stale);
    if (established) {
        (void)krb_pair_messages_pass(&p, true);
    } else {
        assert_out_of_memory(p.server_status, v->stale);
        /* An acceptor without memory may still say that it refuses. */
        assert_out_of_memory(p.client_status, v->stale || sec_failed(p.server_status));
        if (p.n_tokens && sec_failed(p.client_status)) {
            assert_int_equal(sec_pair_facts(p.client).phase, SEC_PHASE_FAILED);
            assert_int_equal(sec_pair_facts(p.client).session_key.n, 0);
        }
    }
    krb_pair_clear(&p);
    assert_true(krb_pair_is_clean(&p));
}

static void
test_exchange__each_allocation_fails(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(variants); i++) {
        assert_true(alloc_fail_each(run, (void *)(uintptr_t)&variants[i]) > 10);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exchange__each_allocation_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
