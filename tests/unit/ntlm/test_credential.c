/* SPDX-License-Identifier: Apache-2.0 */
/* NTLM credentials: whom they name, what they keep, where their identity comes from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ntlm/credential.h"
#include "tests/support/fake_account.h"
#include "tests/support/fake_host.h"
#include "tests/support/hex.h"

static struct fake_host host;
static sec_status default_status;
static unsigned default_calls;

static sec_status
default_identity(const struct sec_host *h, struct sec_default_identity *out)
{
    struct bytes user = UTF16("auser"), password = UTF16("apassword");

    default_calls++;
    if (!secret_set(&out->user, user.p, user.n) ||
        !secret_set(&out->password, password.p, password.n)) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    return default_status;
}

static int
setup(void **state)
{
    fake_host_init(&host);
    default_status = SEC_E_OK;
    default_calls = 0;
    return 0;
}

static struct ntlm_credential *
acquire(const struct sec_identity *identity, sec_status expected)
{
    const struct sec_acquire_args args = { .use = SEC_USE_OUTBOUND, .identity = identity };
    struct sec_cred *cred = NULL;

    assert_int_equal(ntlm_credential_acquire(&host.host, &args, &cred), expected);
    assert_int_equal(cred != NULL, expected == SEC_E_OK);
    return (struct ntlm_credential *)cred;
}

static void
assert_name(struct ntlm_credential *c, sec_status expected, struct bytes name)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);

    assert_int_equal(ntlm_credential_name(&c->base, &w), expected);
    assert_bytes_equal(wire_written(&w), name);
}

static void
test_ntlm_credential_acquire__user_and_domain_in_each_form(void **state)
{
    const struct {
        struct sec_identity identity;
        struct bytes user, domain, name;
    } cases[] = {
        { { UTF16("User"), UTF16("Domain"), UTF16("p"), { 0 } },
          UTF16("User"),
          UTF16("Domain"),
          UTF16("Domain\\User") },
        { { UTF16("User"), { 0 }, UTF16("p"), { 0 } }, UTF16("User"), UTF16(""), UTF16("User") },
        { { UTF16("Domain\\User"), { 0 }, UTF16("p"), { 0 } },
          UTF16("User"),
          UTF16("Domain"),
          UTF16("Domain\\User") },
        { { UTF16("A\\B\\C"), { 0 }, UTF16("p"), { 0 } },
          UTF16("B\\C"),
          UTF16("A"),
          UTF16("A\\B\\C") },
        { { UTF16("X\\User"), UTF16("Domain"), UTF16("p"), { 0 } },
          UTF16("X\\User"),
          UTF16("Domain"),
          UTF16("Domain\\X\\User") },
        { { UTF16("user@example.test"), { 0 }, UTF16("p"), { 0 } },
          UTF16("user@example.test"),
          UTF16(""),
          UTF16("user@example.test") },
        { { UTF16("User"), UTF16("Domain"), { 0 }, { 0 } },
          UTF16("User"),
          UTF16("Domain"),
          UTF16("Domain\\User") },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        struct ntlm_credential *c = acquire(&cases[i].identity, SEC_E_OK);

        assert_bytes_equal(c->user, cases[i].user);
        assert_bytes_equal(c->domain, cases[i].domain);
        assert_false(c->anonymous);
        assert_name(c, SEC_E_OK, cases[i].name);
        ntlm_credential_free(&c->base);
    }
}

static void
test_ntlm_credential_acquire__empty_identity_is_anonymous(void **state)
{
    const struct {
        struct sec_identity identity;
        bool anonymous;
    } cases[] = {
        { { { 0 }, { 0 }, { 0 }, { 0 } }, true },
        { { { 0 }, UTF16("Domain"), { 0 }, { 0 } }, true },
        { { { 0 }, { 0 }, UTF16("p"), { 0 } }, false },
        { { UTF16("u"), { 0 }, { 0 }, { 0 } }, false },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        struct ntlm_credential *c = acquire(&cases[i].identity, SEC_E_OK);

        assert_int_equal(c->anonymous, cases[i].anonymous);
        if (cases[i].anonymous) {
            assert_name(c, SEC_E_NO_CREDENTIALS, (struct bytes){ 0 });
        }
        ntlm_credential_free(&c->base);
    }
}

static void
test_ntlm_credential_acquire__names_and_passwords_of_256_characters_at_most(void **state)
{
    static uint8_t text[514];

    for (unsigned field = 0; field < 3; field++) {
        for (unsigned too_long = 0; too_long < 2; too_long++) {
            struct bytes value = bytes_of(text, too_long ? 514 : 512);
            struct sec_identity identity = { UTF16("u"), UTF16("d"), UTF16("p"), { 0 } };
            struct ntlm_credential *c;

            memset(text, 'x', sizeof(text));
            *(field == 0   ? &identity.user
              : field == 1 ? &identity.domain
                           : &identity.password) = value;
            c = acquire(&identity, too_long ? SEC_E_UNKNOWN_CREDENTIALS : SEC_E_OK);
            ntlm_credential_free(c ? &c->base : NULL);
        }
    }
}

/* What the level has no use for is not there to be stolen. */
static void
test_ntlm_credential_acquire__keys_of_4_2_as_far_as_the_level_needs_them(void **state)
{
    const struct sec_identity identity = {
        UTF16("User"), UTF16("Domain"), UTF16("Password"), { 0 }
    };
    static const uint8_t nothing[16];

    for (unsigned level = 0; level <= 5; level++) {
        struct ntlm_credential *c;

        host.settings.lm_level_client = level;
        c = acquire(&identity, SEC_E_OK);
        assert_memory_equal(c->v2_key.b, HEX("0c868a403bfd7a93a3001ef22ef02e3f").p, 16);
        assert_memory_equal(c->nt_hash.b,
                            level < 3 ? HEX("a4f49c406510bdcab6824ee7c30fd852").p : nothing, 16);
        assert_memory_equal(c->lm_hash.b,
                            level < 3 ? HEX("e52cac67419a9a224a3b108f3fa6cb6d").p : nothing, 16);
        assert_int_equal(c->has_lm_hash, level < 3);
        ntlm_credential_free(&c->base);
    }
}

/* More than 14 characters: no LM hash, no LM response, and NTLMv1 goes on without. */
static void
test_ntlm_credential_acquire__long_password_has_no_lm_hash(void **state)
{
    const struct sec_identity identity = { UTF16("u"), { 0 }, UTF16("fifteencharacte"), { 0 } };
    static const uint8_t nothing[16];
    struct ntlm_credential *c;

    host.settings.lm_level_client = 0;
    c = acquire(&identity, SEC_E_OK);
    assert_false(c->has_lm_hash);
    assert_memory_equal(c->lm_hash.b, nothing, 16);
    ntlm_credential_free(&c->base);
}

/* --- without an identity ------------------------------------------------------------------- */

static void
test_ntlm_credential_acquire__defaults_come_from_the_host(void **state)
{
    static const struct {
        enum sec_use use;
        bool restricted;
        sec_status host_says, expected;
        bool named;
    } cases[] = {
        { SEC_USE_OUTBOUND, false, SEC_E_OK, SEC_E_OK, true },
        { SEC_USE_BOTH, false, SEC_E_OK, SEC_E_OK, true },
        { SEC_USE_INBOUND, false, SEC_E_OK, SEC_E_OK, false },
        { SEC_USE_OUTBOUND, true, SEC_E_OK, SEC_E_OK, false },
        { SEC_USE_OUTBOUND, false, SEC_E_NO_CREDENTIALS, SEC_E_OK, false },
        { SEC_USE_OUTBOUND, false, SEC_E_INSUFFICIENT_MEMORY, SEC_E_INSUFFICIENT_MEMORY, false },
        { SEC_USE_OUTBOUND, false, SEC_E_UNKNOWN_CREDENTIALS, SEC_E_UNKNOWN_CREDENTIALS, false },
    };

    host.host.default_identity = default_identity;
    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        const struct sec_acquire_args args = { .use = cases[i].use,
                                               .restricted = cases[i].restricted };
        struct sec_cred *cred = NULL;

        default_status = cases[i].host_says;
        assert_int_equal(ntlm_credential_acquire(&host.host, &args, &cred), cases[i].expected);
        if (cases[i].expected == SEC_E_OK) {
            assert_name((struct ntlm_credential *)cred,
                        cases[i].named ? SEC_E_OK : SEC_E_NO_CREDENTIALS,
                        cases[i].named ? UTF16("auser") : (struct bytes){ 0 });
        } else {
            assert_null(cred);
        }
        ntlm_credential_free(cred);
    }
    assert_int_equal(default_calls, 5);
}

/* A host without defaults: acquiring is no logon, so it works; answering a CHALLENGE does not. */
static void
test_ntlm_credential_acquire__host_without_defaults(void **state)
{
    struct ntlm_credential *c = acquire(NULL, SEC_E_OK);

    assert_false(c->has_identity);
    assert_name(c, SEC_E_NO_CREDENTIALS, (struct bytes){ 0 });
    ntlm_credential_free(&c->base);
}

/* --- ChangeAccountPassword ----------------------------------------------------------------- */

static void
test_ntlm_credential_change_password__each_domain(void **state)
{
    struct account_authority accounts;
    const struct {
        struct bytes user, domain;
        sec_status status;
    } cases[] = {
        { UTF16("User"), { 0 }, SEC_E_OK },
        { UTF16("user"), UTF16("."), SEC_E_OK },
        { UTF16("User"), UTF16("SERVER"), SEC_E_OK },
        { UTF16("User"), UTF16("domain"), SEC_E_OK },
        { UTF16("User"), UTF16("web1.Example.test"), SEC_E_OK },
        { UTF16("User"), UTF16("example.TEST"), SEC_E_OK },
        { UTF16("domain\\User"), { 0 }, SEC_E_OK },
        { UTF16("other\\User"), { 0 }, SEC_E_NO_AUTHENTICATING_AUTHORITY },
        { UTF16("User"), UTF16("other"), SEC_E_NO_AUTHENTICATING_AUTHORITY },
        { UTF16("User"), UTF16(".."), SEC_E_NO_AUTHENTICATING_AUTHORITY },
    };

    fake_account_init(&accounts);
    host.host.accounts = &accounts;
    host.settings.dns_computer = UTF16("web1.example.test");
    host.settings.dns_domain = UTF16("example.test");
    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        const struct sec_identity id = { .user = cases[i].user,
                                         .domain = cases[i].domain,
                                         .password = UTF16("Password") };

        accounts.new_password[0] = 0;
        assert_int_equal(ntlm_credential_change_password(&host.host, &id, UTF16("wanted")),
                         cases[i].status);
        assert_string_equal(accounts.new_password, cases[i].status == SEC_E_OK ? "wanted" : "");
    }
}

static void
test_ntlm_credential_change_password__refused__is_passed_on(void **state)
{
    static const uint8_t half_pair[] = { 0x00, 0xD8 };
    struct account_authority accounts;
    struct sec_identity id = { .user = UTF16("User"), .password = UTF16("guess") };

    assert_int_equal(ntlm_credential_change_password(&host.host, &id, UTF16("wanted")),
                     SEC_E_NO_AUTHENTICATING_AUTHORITY);
    fake_account_init(&accounts);
    host.host.accounts = &accounts;
    assert_int_equal(ntlm_credential_change_password(&host.host, &id, UTF16("wanted")),
                     SEC_E_LOGON_DENIED);
    id.password = bytes_of(half_pair, sizeof(half_pair));
    assert_int_equal(ntlm_credential_change_password(&host.host, &id, UTF16("wanted")),
                     SEC_E_LOGON_DENIED);
    id.password = UTF16("Password");
    assert_int_equal(
        ntlm_credential_change_password(&host.host, &id, bytes_of(half_pair, sizeof(half_pair))),
        ACCOUNT_PASSWORD_RESTRICTION);
    accounts.broken = SEC_E_NO_AUTHENTICATING_AUTHORITY;
    assert_int_equal(ntlm_credential_change_password(&host.host, &id, UTF16("wanted")),
                     SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_string_equal(accounts.new_password, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_ntlm_credential_acquire__user_and_domain_in_each_form, setup),
        cmocka_unit_test_setup(test_ntlm_credential_acquire__empty_identity_is_anonymous, setup),
        cmocka_unit_test_setup(
            test_ntlm_credential_acquire__names_and_passwords_of_256_characters_at_most, setup),
        cmocka_unit_test_setup(
            test_ntlm_credential_acquire__keys_of_4_2_as_far_as_the_level_needs_them, setup),
        cmocka_unit_test_setup(test_ntlm_credential_acquire__long_password_has_no_lm_hash, setup),
        cmocka_unit_test_setup(test_ntlm_credential_acquire__defaults_come_from_the_host, setup),
        cmocka_unit_test_setup(test_ntlm_credential_acquire__host_without_defaults, setup),
        cmocka_unit_test_setup(test_ntlm_credential_change_password__each_domain, setup),
        cmocka_unit_test_setup(test_ntlm_credential_change_password__refused__is_passed_on, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
