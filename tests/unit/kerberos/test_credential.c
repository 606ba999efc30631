/* SPDX-License-Identifier: Apache-2.0 */
/* Whose tickets, which keys: what acquiring takes, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kerberos/credential.h"
#include "kerberos/kerberos.h"
#include "tests/support/hex.h"
#include "tests/support/krb_pair.h"

struct world {
    struct fake_host host;
    struct ticket_authority tickets;
    struct sec_cred *cred;
};

static void
world_init(struct world *w)
{
    fake_host_init(&w->host);
    fake_ticket_init(&w->tickets);
    w->host.host.tickets = &w->tickets;
    w->cred = NULL;
}

static sec_status
acquire(struct world *w, enum sec_use use, const struct sec_identity *identity)
{
    const struct sec_acquire_args args = { .use = use, .identity = identity };

    return kerberos_package.ops->acquire(&w->host.host, &args, &w->cred);
}

static void
world_clear(struct world *w)
{
    kerberos_package.ops->free_cred(w->cred);
    assert_int_equal(w->tickets.holders + w->tickets.keytabs, 0);
}

/* Whether a context of the role can be opened. */
static sec_status
open_as(struct world *w, enum sec_role role)
{
    struct sec_ctx *ctx = NULL;
    sec_status status = kerberos_package.ops->open(w->cred, role, &ctx);

    kerberos_package.ops->free_ctx(ctx);
    return status;
}

static void
test_acquire__use_decides_what_may_be_opened(void **state)
{
    static const struct {
        enum sec_use use;
        sec_status initiator, acceptor;
    } cases[] = {
        { SEC_USE_OUTBOUND, SEC_E_OK, SEC_E_NO_CREDENTIALS },
        { SEC_USE_INBOUND, SEC_E_NO_CREDENTIALS, SEC_E_OK },
        { SEC_USE_BOTH, SEC_E_OK, SEC_E_OK },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        struct world w;

        world_init(&w);
        assert_int_equal(acquire(&w, cases[i].use, NULL), SEC_E_OK);
        assert_int_equal(open_as(&w, SEC_INITIATOR), cases[i].initiator);
        assert_int_equal(open_as(&w, SEC_ACCEPTOR), cases[i].acceptor);
        world_clear(&w);
    }
}

static void
test_acquire__without_kerberos_in_the_process(void **state)
{
    struct world w;

    world_init(&w);
    w.host.host.tickets = NULL;
    assert_int_equal(acquire(&w, SEC_USE_OUTBOUND, NULL), SEC_E_NO_CREDENTIALS);
    assert_null(w.cred);
    world_clear(&w);
}

/* No keytab anybody knows of: Kerberos is not for this server. One that is configured: it is, and
 * whoever comes shows what is wrong with it. */
static void
test_acquire__keytab_of_no_use(void **state)
{
    static const struct {
        enum sec_use use;
        const char *configured;
        sec_status expected;
    } cases[] = {
        { SEC_USE_INBOUND, NULL, SEC_E_NO_CREDENTIALS },
        { SEC_USE_INBOUND, "FILE:/etc/x.keytab", SEC_E_OK },
        { SEC_USE_BOTH, NULL, SEC_E_OK },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        struct world w;

        world_init(&w);
        w.tickets.no_keytab = true;
        w.host.settings.kerberos.keytab = cases[i].configured;
        assert_int_equal(acquire(&w, cases[i].use, NULL), cases[i].expected);
        world_clear(&w);
    }
}

static void
test_acquire__keytab_without_the_principal(void **state)
{
    struct world w;

    world_init(&w);
    w.host.settings.kerberos.principal = "cifs/elsewhere.example.test";
    assert_int_equal(acquire(&w, SEC_USE_INBOUND, NULL), SEC_E_NO_CREDENTIALS);
    world_clear(&w);
    world_init(&w);
    w.host.settings.kerberos.principal = "HTTP/web.example.test@EXAMPLE.TEST";
    assert_int_equal(acquire(&w, SEC_USE_INBOUND, NULL), SEC_E_OK);
    world_clear(&w);
}

/* An acceptor has a TGT for user-to-user where it can, and does without where it cannot. */
static void
test_acquire__inbound_takes_a_holder_where_it_can(void **state)
{
    struct world w;

    world_init(&w);
    assert_int_equal(acquire(&w, SEC_USE_INBOUND, NULL), SEC_E_OK);
    assert_int_equal(w.tickets.holders, 1);
    world_clear(&w);
    world_init(&w);
    w.tickets.holder_fails = SEC_E_UNKNOWN_CREDENTIALS;
    assert_int_equal(acquire(&w, SEC_USE_INBOUND, NULL), SEC_E_OK);
    assert_int_equal(w.tickets.holders, 0);
    world_clear(&w);
    world_init(&w);
    w.tickets.holder_fails = SEC_E_INSUFFICIENT_MEMORY;
    assert_int_equal(acquire(&w, SEC_USE_INBOUND, NULL), SEC_E_INSUFFICIENT_MEMORY);
    world_clear(&w);
}

/* What nobody can do shows in contexts: acquiring is no logon. */
static void
test_acquire__nobody_and_restricted(void **state)
{
    const struct sec_identity nobody = { 0 };
    const struct sec_acquire_args restricted = { .use = SEC_USE_OUTBOUND, .restricted = true };
    struct world w;

    world_init(&w);
    assert_int_equal(acquire(&w, SEC_USE_OUTBOUND, &nobody), SEC_E_OK);
    assert_int_equal(open_as(&w, SEC_INITIATOR), SEC_E_NO_CREDENTIALS);
    world_clear(&w);
    world_init(&w);
    assert_int_equal(kerberos_package.ops->acquire(&w.host.host, &restricted, &w.cred), SEC_E_OK);
    assert_int_equal(open_as(&w, SEC_INITIATOR), SEC_E_NO_CREDENTIALS);
    world_clear(&w);
}

static void
test_acquire__identities_that_are_too_long_refused(void **state)
{
    static uint8_t text[2 * 257];
    struct world w;

    for (size_t i = 0; i < sizeof(text); i += 2) {
        text[i] = 'x';
    }
    for (unsigned which = 0; which < 3; which++) {
        struct sec_identity id = { .user = UTF16("alice") };
        struct bytes *field[] = { &id.user, &id.domain, &id.password };

        *field[which] = bytes_of(text, sizeof(text));
        world_init(&w);
        assert_int_equal(acquire(&w, SEC_USE_OUTBOUND, &id), SEC_E_UNKNOWN_CREDENTIALS);
        world_clear(&w);
    }
}

static sec_status
name_of(struct world *w, struct wire_writer *out)
{
    return kerberos_package.ops->cred_name(w->cred, out);
}

static void
test_cred_name__is_the_principal(void **state)
{
    const struct sec_identity bob = { .user = UTF16("bob"),
                                      .domain = UTF16(FAKE_REALM),
                                      .password = UTF16("secret") };
    uint8_t room[256];
    struct wire_writer out = wire_writer_fixed(room, sizeof(room));
    struct world w;

    world_init(&w);
    assert_int_equal(acquire(&w, SEC_USE_OUTBOUND, NULL), SEC_E_OK);
    assert_int_equal(name_of(&w, &out), SEC_E_OK);
    assert_bytes_equal(wire_written(&out), UTF16("alice@EXAMPLE.TEST"));
    world_clear(&w);

    out = wire_writer_fixed(room, sizeof(room));
    world_init(&w);
    assert_int_equal(acquire(&w, SEC_USE_OUTBOUND, &bob), SEC_E_OK);
    assert_int_equal(name_of(&w, &out), SEC_E_OK);
    assert_bytes_equal(wire_written(&out), UTF16("bob@EXAMPLE.TEST"));
    world_clear(&w);

    out = wire_writer_fixed(room, sizeof(room));
    world_init(&w);
    w.host.settings.kerberos.principal = "HTTP/web.example.test";
    assert_int_equal(acquire(&w, SEC_USE_INBOUND, NULL), SEC_E_OK);
    assert_int_equal(name_of(&w, &out), SEC_E_OK);
    assert_bytes_equal(wire_written(&out), UTF16("HTTP/web.example.test"));
    world_clear(&w);
}

static void
test_cred_name__nobody_has_none(void **state)
{
    SEC_AUTO(wire_writer) out = wire_writer_growing(NULL, 0);
    struct world w;

    world_init(&w);
    assert_int_equal(acquire(&w, SEC_USE_INBOUND, NULL), SEC_E_OK);
    assert_int_equal(name_of(&w, &out), SEC_E_NO_CREDENTIALS);
    world_clear(&w);
    world_init(&w);
    w.tickets.default_client = NULL;
    assert_int_equal(acquire(&w, SEC_USE_OUTBOUND, NULL), SEC_E_OK);
    assert_int_equal(name_of(&w, &out), SEC_E_NO_CREDENTIALS);
    world_clear(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_acquire__use_decides_what_may_be_opened),
        cmocka_unit_test(test_acquire__without_kerberos_in_the_process),
        cmocka_unit_test(test_acquire__keytab_of_no_use),
        cmocka_unit_test(test_acquire__keytab_without_the_principal),
        cmocka_unit_test(test_acquire__inbound_takes_a_holder_where_it_can),
        cmocka_unit_test(test_acquire__nobody_and_restricted),
        cmocka_unit_test(test_acquire__identities_that_are_too_long_refused),
        cmocka_unit_test(test_cred_name__is_the_principal),
        cmocka_unit_test(test_cred_name__nobody_has_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
