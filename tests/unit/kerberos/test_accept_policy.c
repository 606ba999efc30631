/* SPDX-License-Identifier: Apache-2.0 */
/* What a service admits of proven clients: tables of channel bindings and target names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kerberos/accept.h"
#include "tests/support/hex.h"
#include "tests/unit/kerberos/forged.h"

static const uint8_t own_bindings[16] = { 1, 2, 3 };
static const uint8_t other_bindings[16] = { 1, 2, 4 };
static const uint8_t no_bindings[16];

struct service {
    struct fake_host host;
    struct krb_credential cred;
    struct krb_handshake handshake;
    struct krb_context context;
    struct sec_step_args args;
    struct krb_accept accept;
};

static void
service_init(struct service *s)
{
    *s = (struct service){ 0 };
    fake_host_init(&s->host);
    s->cred.base.host = &s->host.host;
    s->context.cred = &s->cred;
    s->context.handshake = &s->handshake;
    s->accept.c = &s->context;
    s->accept.args = &s->args;
}

/* --- channel bindings ---------------------------------------------------------------------- */

enum client { UNAWARE, AWARE_WITHOUT, UNAWARE_BOUND, BOUND, BOUND_ELSEWHERE, CLIENTS };

static const struct {
    const uint8_t *bindings;
    bool aware; /* KERB_AP_OPTIONS_CBT */
} clients[CLIENTS] = {
    [UNAWARE] = { no_bindings, false },           [AWARE_WITHOUT] = { no_bindings, true },
    [UNAWARE_BOUND] = { own_bindings, false },    [BOUND] = { own_bindings, true },
    [BOUND_ELSEWHERE] = { other_bindings, true },
};

/* As NTLM has it; the client's awareness stands in the AP options, where NTLM has a pair of zeros. */
static const struct bindings_case {
    enum sec_bindings_policy policy;
    bool given;
    uint32_t flags;
    const char *admitted; /* of each client */
} bindings_cases[] = {
    { SEC_BINDINGS_BY_CALLER, false, 0, "yyyyy" },
    { SEC_BINDINGS_BY_CALLER, false, SEC_ALLOW_MISSING_BINDINGS, "yyyyy" },
    { SEC_BINDINGS_BY_CALLER, false, SEC_PROXY_BINDINGS, "nnyyy" },
    { SEC_BINDINGS_BY_CALLER, true, 0, "nnyyn" },
    { SEC_BINDINGS_BY_CALLER, true, SEC_ALLOW_MISSING_BINDINGS, "ynyyn" },
    { SEC_BINDINGS_BY_CALLER, true, SEC_PROXY_BINDINGS, "nnyyn" },
    { SEC_BINDINGS_OFF, false, 0, "yyyyy" },
    { SEC_BINDINGS_OFF, false, SEC_ALLOW_MISSING_BINDINGS, "yyyyy" },
    { SEC_BINDINGS_OFF, false, SEC_PROXY_BINDINGS, "yyyyy" },
    { SEC_BINDINGS_OFF, true, 0, "yyyyy" },
    { SEC_BINDINGS_OFF, true, SEC_ALLOW_MISSING_BINDINGS, "yyyyy" },
    { SEC_BINDINGS_OFF, true, SEC_PROXY_BINDINGS, "yyyyy" },
    { SEC_BINDINGS_ALLOW_MISSING, false, 0, "yyyyy" },
    { SEC_BINDINGS_ALLOW_MISSING, false, SEC_ALLOW_MISSING_BINDINGS, "yyyyy" },
    { SEC_BINDINGS_ALLOW_MISSING, false, SEC_PROXY_BINDINGS, "nnyyy" },
    { SEC_BINDINGS_ALLOW_MISSING, true, 0, "ynyyn" },
    { SEC_BINDINGS_ALLOW_MISSING, true, SEC_ALLOW_MISSING_BINDINGS, "ynyyn" },
    { SEC_BINDINGS_ALLOW_MISSING, true, SEC_PROXY_BINDINGS, "nnyyn" },
    { SEC_BINDINGS_REQUIRED, false, 0, "nnnnn" },
    { SEC_BINDINGS_REQUIRED, false, SEC_ALLOW_MISSING_BINDINGS, "nnnnn" },
    { SEC_BINDINGS_REQUIRED, false, SEC_PROXY_BINDINGS, "nnyyy" },
    { SEC_BINDINGS_REQUIRED, true, 0, "nnyyn" },
    { SEC_BINDINGS_REQUIRED, true, SEC_ALLOW_MISSING_BINDINGS, "nnyyn" },
    { SEC_BINDINGS_REQUIRED, true, SEC_PROXY_BINDINGS, "nnyyn" },
};

static void
test_accept_check_bindings__by_policy_call_and_client(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(bindings_cases); i++) {
        for (size_t client = 0; client < CLIENTS; client++) {
            const struct bindings_case *k = &bindings_cases[i];
            bool admitted = k->admitted[client] == 'y';
            struct service s;

            service_init(&s);
            s.host.settings.channel_bindings = k->policy;
            s.args.wanted = k->flags;
            s.args.bindings.given = k->given;
            bytes_copy(s.args.bindings.md5, own_bindings, sizeof(own_bindings));
            s.accept.checksum.bindings = bytes_of(clients[client].bindings, 16);
            s.accept.ap_options = clients[client].aware ? KRB_AD_AP_OPTION_CBT : 0;
            assert_int_equal(krb_accept_check_bindings(&s.accept),
                             admitted ? SEC_E_OK : SEC_E_BAD_BINDINGS);
            assert_int_equal(s.context.bindings_verified,
                             k->given && clients[client].bindings == own_bindings);
            assert_int_equal(s.context.sub_status, admitted ? 0 : 0xC000035B);
            assert_int_equal(s.context.error_code, admitted ? 0 : KRB_ERR_GENERIC);
        }
    }
}

/* --- the target's name --------------------------------------------------------------------- */

static const struct target_case {
    enum sec_bindings_policy policy;
    bool spns, user_to_user;
    /* Of tickets for ours and for another's, each from a client that says in its authenticator:
     * nothing, ours, another's, ours from an untrusted source. */
    const char *admitted;
} target_cases[] = {
    { SEC_BINDINGS_BY_CALLER, false, false, "yyyy yyyy" },
    { SEC_BINDINGS_BY_CALLER, true, false, "yyny nnnn" },
    { SEC_BINDINGS_OFF, false, false, "yyyy yyyy" },
    { SEC_BINDINGS_OFF, true, false, "yyny nnnn" },
    { SEC_BINDINGS_ALLOW_MISSING, false, false, "yyyy yyyy" },
    { SEC_BINDINGS_ALLOW_MISSING, true, false, "yyny nnnn" },
    { SEC_BINDINGS_REQUIRED, false, false, "nnnn nnnn" },
    { SEC_BINDINGS_REQUIRED, true, false, "yynn nnnn" },
    { SEC_BINDINGS_BY_CALLER, false, true, "yyyy yyyy" },
    { SEC_BINDINGS_BY_CALLER, true, true, "yyny yyny" },
    { SEC_BINDINGS_REQUIRED, false, true, "nnnn nnnn" },
    { SEC_BINDINGS_REQUIRED, true, true, "nynn nynn" },
};

static void
check_target_case(const struct target_case *k, bool other_ticket, unsigned client)
{
    const struct bytes spns[] = { UTF16("HOST/web1"), UTF16("HTTP/web1.example.test") };
    const struct bytes other = UTF16("HTTP/web2.example.test");
    const struct bytes said[] = { { 0 }, UTF16("http/WEB1.example.test"), other, spns[1] };
    bool admitted = k->admitted[client + (other_ticket ? 5 : 0)] == 'y';
    struct service s;

    service_init(&s);
    s.host.settings.service_binding = k->policy;
    s.host.settings.spns = spns;
    s.host.settings.n_spns = k->spns ? 2 : 0;
    s.handshake.user_to_user = k->user_to_user;
    s.accept.service_name = other_ticket ? other : spns[1];
    s.accept.client_target = said[client];
    s.accept.ap_options = client == 3 ? KRB_AD_AP_OPTION_UNVERIFIED_TARGET : 0;
    assert_int_equal(krb_accept_check_target(&s.accept),
                     admitted ? SEC_E_OK : SEC_E_WRONG_PRINCIPAL);
    assert_int_equal(s.context.error_code, admitted ? 0 : KRB_AP_ERR_NOT_US);
}

static void
test_accept_check_target__by_policy_names_ticket_and_client(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(target_cases); i++) {
        for (unsigned client = 0; client < 4; client++) {
            check_target_case(&target_cases[i], false, client);
            check_target_case(&target_cases[i], true, client);
        }
    }
}

/* --- whole exchanges ----------------------------------------------------------------------- */

static void
test_accept__bindings_and_options_are_read_from_the_authenticator(void **state)
{
    static const struct krb_ad_element aware = { KRB_AD_AP_OPTIONS,
                                                 { (const uint8_t *)"\0@\0\0", 4 } };

    a.args.bindings.given = true;
    bytes_copy(a.args.bindings.md5, own_bindings, sizeof(own_bindings));
    f.checksum.bindings = bytes_of(own_bindings, sizeof(own_bindings));
    assert_int_equal(krb_forge_try(&a, &f), SEC_E_OK);
    assert_true(krb_forge_facts(&a).bindings_verified);
    krb_forge_acceptor_restart(&a);

    f.checksum.bindings = bytes_of(no_bindings, sizeof(no_bindings));
    a.args.wanted = SEC_ALLOW_MISSING_BINDINGS;
    assert_int_equal(krb_forge_try(&a, &f), SEC_E_OK);
    assert_false(krb_forge_facts(&a).bindings_verified);
    krb_forge_acceptor_restart(&a);

    f.ad = &aware;
    f.n_ad = 1;
    assert_int_equal(krb_forge_try(&a, &f), SEC_E_BAD_BINDINGS);
    assert_null(krb_forge_facts(&a).identity);
}

/* What the client meant stands over what the ticket says, which anybody on the way can change. */
static void
test_accept__the_clients_target_is_known_without_its_realm(void **state)
{
    const struct bytes spns[] = { UTF16(KRB_FORGE_SERVICE) };
    const struct krb_ad_element ours = { KRB_AD_CLIENT_TARGET,
                                         UTF16("HTTP/WEB.example.test@EXAMPLE.TEST") };
    const struct krb_ad_element other = { KRB_AD_CLIENT_TARGET,
                                          UTF16("cifs/web.example.test@EXAMPLE.TEST") };

    f.ad = &ours;
    f.n_ad = 1;
    a.host.settings.spns = spns;
    a.host.settings.n_spns = 1;
    a.host.settings.service_binding = SEC_BINDINGS_REQUIRED;
    assert_int_equal(krb_forge_try(&a, &f), SEC_E_OK);
    assert_true(bytes_equal(krb_forge_facts(&a).target, UTF16("HTTP/WEB.example.test")));
    krb_forge_acceptor_restart(&a);

    f.ad = &other;
    assert_int_equal(krb_forge_try(&a, &f), SEC_E_WRONG_PRINCIPAL);
    assert_true(bytes_equal(krb_forge_facts(&a).target, UTF16("cifs/web.example.test")));
    krb_forge_acceptor_restart(&a);

    f.n_ad = 0;
    f.clear.sname = fake_ticket_name("cifs/web.example.test", KRB_NT_SRV_INST);
    assert_int_equal(krb_forge_try(&a, &f), SEC_E_WRONG_PRINCIPAL);
}

/* A ticket for host/web with the name of HTTP/web written on it: the keytab has keys of both. Where it
 * has none of the service's names, a key is the account's, whatever that is called there. */
static void
test_accept__a_ticket_under_another_services_key_with_our_name_on_it(void **state)
{
    static const struct fake_principal account_alone[] = {
        { "host/web.example.test", NULL, true, true },
    };
    const struct bytes spns[] = { UTF16(KRB_FORGE_SERVICE) };

    fake_ticket_key("host/web.example.test", KRB_AES256_SHA1, a.tickets.kvno, &f.ticket_key);
    assert_int_equal(krb_forge_try(&a, &f), SEC_E_OK);
    assert_true(krb_forge_acceptor_clear(&a));

    krb_forge_acceptor_init(&a);
    a.host.settings.spns = spns;
    a.host.settings.n_spns = 1;
    f.authenticator.ctime_100ns += 10;
    assert_int_equal(krb_forge_try(&a, &f), SEC_E_WRONG_PRINCIPAL);
    assert_non_null(strstr(a.reason, "the key that opened it"));
    assert_int_equal(krb_forge_facts(&a).kerberos.error_code, KRB_AP_ERR_NOT_US);
    assert_true(krb_forge_acceptor_clear(&a));

    krb_forge_acceptor_init(&a);
    a.tickets.principals = account_alone;
    a.tickets.n_principals = SEC_ARRAY_LEN(account_alone);
    a.host.settings.spns = spns;
    a.host.settings.n_spns = 1;
    f.authenticator.ctime_100ns += 10;
    assert_int_equal(krb_forge_try(&a, &f), SEC_E_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept_check_bindings__by_policy_call_and_client),
        cmocka_unit_test(test_accept_check_target__by_policy_names_ticket_and_client),
        TEST(test_accept__bindings_and_options_are_read_from_the_authenticator),
        TEST(test_accept__the_clients_target_is_known_without_its_realm),
        TEST(test_accept__a_ticket_under_another_services_key_with_our_name_on_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
