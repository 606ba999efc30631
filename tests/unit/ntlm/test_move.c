/* SPDX-License-Identifier: Apache-2.0 */
/* Both sides moved after each leg, initiators without their keys: what they agree on is what they
 * would have agreed on at home. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ntlm/ntlm.h"
#include "tests/support/hex.h"
#include "tests/support/ntlm_pair.h"

/* Where they go: credentials that nobody's keys are behind. */
struct journey {
    struct sec_cred *nobody[8];
    unsigned n, resumed;
};

static void
move(struct journey *j, struct sec_ctx **ctx, enum sec_role role, const struct sec_host *host,
     const struct sec_cred *cred)
{
    const struct sec_acquire_args args = { .use = role == SEC_ACCEPTOR ? SEC_USE_INBOUND
                                                                       : SEC_USE_OUTBOUND,
                                           .for_load = true };
    const struct sec_package_ops *ops = ntlm_package.ops;
    SEC_AUTO(wire_writer) saved = wire_writer_secret(NULL, 0);
    struct wire_reader r;

    assert_int_equal(ops->save(*ctx, &saved), SEC_E_OK);
    assert_int_equal(ops->acquire(host, &args, &j->nobody[j->n]), SEC_E_OK);
    ops->free_ctx(*ctx);
    *ctx = NULL;
    r = wire_reader_of(wire_written(&saved));
    assert_int_equal(ops->load(j->nobody[j->n++], role, &r, ctx), SEC_E_OK);
    assert_int_equal(wire_finish(&r), WIRE_OK);
    if ((*ctx)->awaits_cred) {
        assert_int_equal(role, SEC_INITIATOR);
        assert_int_equal(ops->resume(*ctx, cred), SEC_E_OK);
        j->resumed++;
    }
}

static void
move_sender(struct ntlm_pair *p, enum ntlm_pair_message m, struct wire_writer *out)
{
    struct journey *j = p->tamper_user;

    if (m == NTLM_PAIR_CHALLENGE) {
        move(j, &p->server, SEC_ACCEPTOR, &p->server_host.host, p->server_cred);
    } else {
        move(j, &p->client, SEC_INITIATOR, &p->client_host.host, p->client_cred);
    }
}

static void
end(struct ntlm_pair *p, struct journey *j)
{
    ntlm_pair_clear(p);
    for (unsigned i = 0; i < j->n; i++) {
        ntlm_package.ops->free_cred(j->nobody[i]);
    }
    *j = (struct journey){ 0 };
}

static void
assert_agreed(const struct ntlm_pair *p, const struct sec_facts *home)
{
    struct sec_facts client = sec_pair_facts(p->client), server = sec_pair_facts(p->server);

    assert_int_equal(client.flags, home->flags);
    assert_int_equal(client.ntlm_version, home->ntlm_version);
    assert_int_equal(client.key_bits, home->key_bits);
    assert_int_equal(client.anonymous, home->anonymous);
    assert_bytes_equal(client.session_key, server.session_key);
    assert_bytes_equal(client.target, UTF16("HTTP/server"));
}

static void
test_exchange__moved_after_each_leg__is_as_at_home(void **state)
{
    static const uint32_t wishes[] = { 0, SEC_INTEGRITY,
                                       SEC_INTEGRITY | SEC_CONFIDENTIALITY | SEC_IDENTIFY,
                                       SEC_DATAGRAM | SEC_INTEGRITY | SEC_CONFIDENTIALITY,
                                       SEC_NULL_SESSION };

    for (size_t i = 0; i < SEC_ARRAY_LEN(wishes); i++) {
        for (unsigned level = 1; level <= 5; level++) {
            struct journey j = { 0 };
            struct sec_facts home;
            struct ntlm_pair p;

            ntlm_pair_init(&p);
            p.client_args.wanted = wishes[i];
            p.client_args.target = UTF16("HTTP/server");
            /* What carries them: no response of the first version, and no anonymous one. */
            p.client_args.bindings =
                (struct sec_bindings){ level >= 3 && !(wishes[i] & SEC_NULL_SESSION), { 7 } };
            p.server_args.wanted = wishes[i] & (SEC_DATAGRAM | SEC_NULL_SESSION);
            p.server_args.bindings = p.client_args.bindings;
            p.client_host.settings.lm_level_client = level;
            p.server_host.settings.lm_level_server = 0;
            assert_true(ntlm_pair_run(&p));
            home = sec_pair_facts(p.client);
            ntlm_pair_clear(&p);
            p.tamper = move_sender;
            p.tamper_user = &j;
            assert_true(ntlm_pair_run(&p));
            assert_agreed(&p, &home);
            assert_int_equal(j.resumed, 1);
            if (wishes[i] & SEC_CONFIDENTIALITY) {
                assert_true(ntlm_pair_messages_pass(&p, true));
            }
            if (wishes[i] & SEC_INTEGRITY) {
                assert_true(ntlm_pair_messages_pass(&p, false));
            }
            end(&p, &j);
        }
    }
}

/* The client, after its first leg. */
static void
begin_and_save(struct ntlm_pair *p, struct wire_writer *saved)
{
    SEC_AUTO(wire_writer) negotiate = wire_writer_growing(NULL, 0);

    ntlm_pair_init(p);
    assert_true(ntlm_pair_open(p));
    assert_int_equal(sec_pair_step(p->client, &p->client_args, (struct bytes){ 0 }, &negotiate),
                     SEC_I_CONTINUE_NEEDED);
    assert_int_equal(ntlm_package.ops->save(p->client, saved), SEC_E_OK);
}

/* Who has none where it comes to gets no further, and says so. */
static void
test_resume__where_policy_denies_ntlm__is_refused(void **state)
{
    SEC_AUTO(wire_writer) saved = wire_writer_secret(NULL, 0);
    const struct sec_package_ops *ops = ntlm_package.ops;
    struct sec_ctx *moved = NULL;
    struct wire_reader r;
    struct ntlm_pair p;

    begin_and_save(&p, &saved);
    r = wire_reader_of(wire_written(&saved));
    assert_int_equal(ops->load(p.client_cred, SEC_INITIATOR, &r, &moved), SEC_E_OK);
    p.client_host.settings.ntlm = SEC_NTLM_DENY;
    assert_int_equal(ops->resume(moved, p.client_cred), SEC_E_UNSUPPORTED_FUNCTION);
    assert_true(moved->awaits_cred);
    ops->free_ctx(moved);
    r = wire_reader_of(wire_written(&saved));
    assert_int_equal(ops->load(p.client_cred, SEC_INITIATOR, &r, &moved),
                     SEC_E_UNSUPPORTED_FUNCTION);
    ntlm_pair_clear(&p);
}

/* Nothing is read past what was saved, and less is nothing. */
static void
test_load__of_every_prefix__is_refused(void **state)
{
    SEC_AUTO(wire_writer) saved = wire_writer_secret(NULL, 0);
    const struct sec_package_ops *ops = ntlm_package.ops;
    struct sec_ctx *moved = NULL;
    struct ntlm_pair p;

    begin_and_save(&p, &saved);
    for (size_t n = 0; n < saved.len; n++) {
        struct wire_reader r = wire_reader_of(bytes_of(saved.p, n));

        assert_int_equal(ops->load(p.client_cred, SEC_INITIATOR, &r, &moved), SEC_E_INVALID_TOKEN);
        assert_null(moved);
    }
    ntlm_pair_clear(&p);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exchange__moved_after_each_leg__is_as_at_home),
        cmocka_unit_test(test_resume__where_policy_denies_ntlm__is_refused),
        cmocka_unit_test(test_load__of_every_prefix__is_refused),
    };

    return cmocka_run_group_tests_name("ntlm/move", tests, NULL, NULL);
}
