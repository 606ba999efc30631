/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation of an exchange failed in turn: an error, no token that would go out, no leak. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alloc_fail.h"
#include "ntlm/ntlm.h"
#include "tests/support/hex.h"
#include "tests/support/ntlm_pair.h"

struct variant {
    const char *name;
    uint32_t wanted;
    unsigned client_level, server_level;
    bool anonymous, long_names;
};

static const struct variant variants[] = {
    { "NTLMv2", SEC_INTEGRITY | SEC_CONFIDENTIALITY, 3, 5, false, false },
    /* past what is kept in place of messages and responses */
    { "long names", SEC_INTEGRITY, 3, 5, false, true },
    { "NTLMv1", SEC_INTEGRITY, 1, 3, false, false },
    { "anonymous", 0, 3, 5, true, false },
    { "connectionless", SEC_INTEGRITY | SEC_DATAGRAM, 3, 5, false, false },
};

static void
assert_out_of_memory(sec_status status, bool may_continue)
{
    if (status != SEC_E_INSUFFICIENT_MEMORY && status != SEC_E_OK &&
        !(may_continue && (status == SEC_I_CONTINUE_NEEDED || status == SEC_E_INTERNAL_ERROR))) {
        fail_msg("status %08x", (unsigned)status);
    }
}

static void
run(void *user, bool failing)
{
    static uint8_t long_name[1200];
    const struct variant *v = user;
    struct ntlm_pair p;
    bool established;

    ntlm_pair_init(&p);
    p.client_args.wanted = v->wanted;
    p.server_args.wanted = v->wanted & SEC_DATAGRAM;
    p.client_host.settings.lm_level_client = v->client_level;
    p.server_host.settings.lm_level_server = v->server_level;
    p.server_host.settings.allow_anonymous = v->anonymous;
    if (v->anonymous) {
        p.identity = (struct sec_identity){ 0 };
    }
    if (v->long_names) {
        memset(long_name, 'x', sizeof(long_name));
        p.server_host.settings.dns_computer = bytes_of(long_name, sizeof(long_name));
        p.client_args.target = bytes_of(long_name, sizeof(long_name));
    }
    established = ntlm_pair_run(&p);
    assert_true(established || failing);
    if (established) {
        assert_true(v->anonymous || ntlm_pair_messages_pass(&p, false));
    } else {
        assert_out_of_memory(p.client_status, true);
        assert_out_of_memory(p.server_status, true);
        if (sec_failed(p.client_status)) {
            assert_int_equal(p.messages[NTLM_PAIR_AUTHENTICATE].len, 0);
        }
        if (p.server) {
            assert_int_not_equal(sec_pair_facts(p.server).phase, SEC_PHASE_ESTABLISHED);
        }
    }
    ntlm_pair_clear(&p);
    assert_int_equal(p.accounts.identities, 0);
}

static void
test_ntlm_step__each_allocation_failed_in_turn(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(variants); i++) {
        assert_true(alloc_fail_each(run, (void *)(uintptr_t)&variants[i]) > 10);
    }
}

static void
acquire(void *user, bool failing)
{
    struct fake_host host;
    struct sec_cred *cred = NULL;
    const struct sec_acquire_args args = { .use = SEC_USE_BOTH, .identity = user };

    fake_host_init(&host);
    if (ntlm_package.ops->acquire(&host.host, &args, &cred) != SEC_E_OK) {
        assert_true(failing);
        assert_null(cred);
        return;
    }
    ntlm_package.ops->free_cred(cred);
}

static void
test_ntlm_credential_acquire__each_allocation_failed_in_turn(void **state)
{
    const struct sec_identity identity = { .user = UTF16("D\\u"), .password = UTF16("p") };

    assert_int_equal(alloc_fail_each(acquire, (void *)(uintptr_t)&identity), 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ntlm_step__each_allocation_failed_in_turn),
        cmocka_unit_test(test_ntlm_credential_acquire__each_allocation_failed_in_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
