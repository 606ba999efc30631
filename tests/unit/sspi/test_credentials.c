/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials: acquired, with policy of their own, named. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include <opensspi/security.h>

#include "tests/support/demo_pair.h"

static void
test_acquire__what_is_not_good__is_refused(void **state)
{
    CredHandle h;
    int something;

    assert_int_equal(AcquireCredentialsHandleA(NULL, API_NAME("NoSuchPackage"), SECPKG_CRED_INBOUND,
                                               NULL, NULL, NULL, NULL, &h, NULL),
                     SEC_E_SECPKG_NOT_FOUND);
    assert_int_equal(AcquireCredentialsHandleA(NULL, NULL, SECPKG_CRED_INBOUND, NULL, NULL, NULL,
                                               NULL, &h, NULL),
                     SEC_E_SECPKG_NOT_FOUND);
    assert_int_equal(
        AcquireCredentialsHandleA(NULL, API_NAME("NTLM"), 0, NULL, NULL, NULL, NULL, &h, NULL),
        SEC_E_UNKNOWN_CREDENTIALS);
    assert_int_equal(AcquireCredentialsHandleA(NULL, API_NAME("NTLM"), SECPKG_CRED_INBOUND, NULL,
                                               NULL, NULL, NULL, NULL, NULL),
                     SEC_E_INVALID_HANDLE);
    assert_int_equal(AcquireCredentialsHandleA(NULL, API_NAME("NTLM"), SECPKG_CRED_INBOUND,
                                               &something, NULL, NULL, NULL, &h, NULL),
                     SEC_E_NOT_OWNER);
    assert_int_equal(
        AcquireCredentialsHandleA(NULL, API_NAME("Negotiate"),
                                  SECPKG_CRED_INBOUND | SECPKG_CRED_PROCESS_POLICY_ONLY, NULL, NULL,
                                  NULL, NULL, &h, NULL),
        SEC_E_NO_CREDENTIALS);
}

static void
test_acquire__package_names__have_no_case(void **state)
{
    CredHandle h;
    TimeStamp expiry = { 0 };

    assert_int_equal(AcquireCredentialsHandleA(NULL, API_NAME("ntlm"), SECPKG_CRED_BOTH, NULL, NULL,
                                               NULL, NULL, &h, &expiry),
                     SEC_E_OK);
    assert_int_equal(expiry.QuadPart, INT64_MAX);
    assert_int_equal(FreeCredentialsHandle(&h), SEC_E_OK);
    assert_int_equal(AcquireCredentialsHandleW(NULL, (SEC_WCHAR *)(uintptr_t)u"NEGOTIATE",
                                               SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &h,
                                               NULL),
                     SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&h), SEC_E_OK);
}

/* Where the small I has a dot and the capital one has none; as far as the machine has that locale,
 * but lint-mistakes finds in any case what goes by one. */
static void
test_acquire__package_names__have_no_case_in_turkish_either(void **state)
{
    CredHandle h;

    (void)setlocale(LC_ALL, "tr_TR.UTF-8");
    assert_int_equal(AcquireCredentialsHandleA(NULL, API_NAME("NEGOTIATE"), SECPKG_CRED_INBOUND,
                                               NULL, NULL, NULL, NULL, &h, NULL),
                     SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&h), SEC_E_OK);
    assert_non_null(setlocale(LC_ALL, "C"));
}

static void
test_credential_names__are_given_in_both_widths(void **state)
{
    struct api_pair p;
    SecPkgCredentials_NamesA a = { NULL };
    SecPkgCredentials_NamesW w = { NULL };

    assert_int_equal(api_acquire(&p, "NTLM", "demo", "DOMAIN", "Passw0rd!"), SEC_E_OK);
    assert_int_equal(QueryCredentialsAttributesA(&p.client_cred, SECPKG_CRED_ATTR_NAMES, &a),
                     SEC_E_OK);
    assert_string_equal(a.sUserName, "DOMAIN\\demo");
    assert_int_equal(QueryCredentialsAttributesW(&p.client_cred, SECPKG_CRED_ATTR_NAMES, &w),
                     SEC_E_OK);
    assert_memory_equal(w.sUserName, u"DOMAIN\\demo", sizeof(u"DOMAIN\\demo"));
    assert_int_equal(QueryCredentialsAttributesA(&p.server_cred, SECPKG_CRED_ATTR_NAMES, &a),
                     SEC_E_NO_CREDENTIALS);
    assert_int_equal(QueryCredentialsAttributesA(&p.client_cred, 77, &a),
                     SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(FreeContextBuffer(a.sUserName), SEC_E_OK);
    assert_int_equal(FreeContextBuffer(w.sUserName), SEC_E_OK);
    api_release(&p);
}

/* A reason belongs to a failure: what was got over on the way to a success is none. */
static void
test_reason__after_a_success__is_empty(void **state)
{
    CredHandle h;

    assert_int_equal(setenv("OPENSSPI_CREDENTIALS", "/nonexistent", 1), 0);
    for (size_t i = 0; i < N_DEMO_PACKAGES; i++) {
        assert_int_equal(FreeCredentialsHandle(NULL), SEC_E_INVALID_HANDLE);
        assert_string_not_equal(OpenSspiReason(), "");
        assert_int_equal(AcquireCredentialsHandleA(NULL, API_NAME(demo_packages[i]),
                                                   SECPKG_CRED_OUTBOUND, NULL, NULL, NULL, NULL, &h,
                                                   NULL),
                         SEC_E_OK);
        assert_string_equal(OpenSspiReason(), "");
        assert_int_equal(FreeCredentialsHandle(&h), SEC_E_OK);
    }
}

/* The store goes on without its shared state, which others may write to here. */
static void
test_reason__after_a_logon_that_met_a_hindrance__is_empty(void **state)
{
    const char *config = demo_store_make("DOMAIN", "demo", "Passw0rd!", NULL);
    char shared[256];
    struct api_pair p;

    (void)snprintf(shared, sizeof(shared), "%.*s/accounts.db-shared",
                   (int)(strrchr(config, '/') - config), config);
    assert_int_equal(chmod(shared, 0666), 0);
    assert_int_equal(OpenSspiLoadConfiguration(config, NULL, 0), SEC_E_OK);
    demo_establish(&p, "NTLM", PROTECTED, 0);
    assert_string_equal(OpenSspiReason(), "");
    api_release(&p);
    assert_int_equal(demo_load(state), 0);
}

/* --- options ------------------------------------------------------------------------------- */

static void
test_options__are_checked_by_name_and_value(void **state)
{
    static const struct {
        OPENSSPI_OPTION option;
        SECURITY_STATUS status;
    } table[] = {
        { { "require_mic", "yes" }, SEC_E_OK },
        { { "channel_bindings", "required" }, SEC_E_OK },
        { { "spn", "HTTP/a.test HTTP/b" }, SEC_E_OK },
        { { "lm_compatibility_level", "6" }, SEC_E_INVALID_PARAMETER },
        { { "spn", "no-slash" }, SEC_E_INVALID_PARAMETER },
        { { "channel_bindings", "sometimes" }, SEC_E_INVALID_PARAMETER },
        { { "computer", "OTHER" }, SEC_E_INVALID_PARAMETER },
        { { "no_such_key", "1" }, SEC_E_INVALID_PARAMETER },
        { { "require_mic", NULL }, SEC_E_INVALID_PARAMETER },
        { { "packages", "NTLM,,Kerberos" }, SEC_E_INVALID_PARAMETER },
        { { "packages", "!ntlm" }, SEC_E_OK },
        /* The accounts' own: their store has one policy for all that ask it. */
        { { "lockout_threshold", "3" }, SEC_E_INVALID_PARAMETER },
        { { "lockout_minutes", "3" }, SEC_E_INVALID_PARAMETER },
        { { NULL, "1" }, SEC_E_INVALID_PARAMETER },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        char error[256] = "x";

        assert_int_equal(OpenSspiAcquireCredentialsHandle("NTLM", SECPKG_CRED_INBOUND, NULL,
                                                          &table[i].option, 1, error, sizeof(error),
                                                          NULL, NULL),
                         table[i].status);
        assert_true((error[0] == 0) == (table[i].status == SEC_E_OK));
    }
}

static void
test_options__counted_but_not_there__are_refused(void **state)
{
    CredHandle h;

    assert_int_equal(OpenSspiAcquireCredentialsHandle("NTLM", SECPKG_CRED_INBOUND, NULL, NULL, 1,
                                                      NULL, 0, &h, NULL),
                     SEC_E_INVALID_PARAMETER);
    assert_int_equal(OpenSspiAcquireCredentialsHandle("NTLM", SECPKG_CRED_INBOUND, NULL, NULL, 1,
                                                      NULL, 0, NULL, NULL),
                     SEC_E_INVALID_PARAMETER);
}

/* Who only asks whether all is well wants to hear of the package, too. */
static void
test_options__checked_without_a_handle__need_a_package(void **state)
{
    char error[64] = "";

    assert_int_equal(OpenSspiAcquireCredentialsHandle("NTML", SECPKG_CRED_INBOUND, NULL, NULL, 0,
                                                      error, sizeof(error), NULL, NULL),
                     SEC_E_SECPKG_NOT_FOUND);
    assert_string_not_equal(error, "");
    assert_int_equal(OpenSspiAcquireCredentialsHandle("ntlm", SECPKG_CRED_INBOUND, NULL, NULL, 0,
                                                      error, sizeof(error), NULL, NULL),
                     SEC_E_OK);
    assert_string_equal(error, "");
}

static void
test_options__change_the_policy_of_their_credential_alone(void **state)
{
    static const OPENSSPI_OPTION other_name = { "spn", "HTTP/other.test" };
    struct api_pair p;
    CredHandle plain;

    assert_int_equal(api_acquire(&p, "NTLM", "demo", "DOMAIN", "Passw0rd!"), SEC_E_OK);
    plain = p.server_cred;
    assert_int_equal(OpenSspiAcquireCredentialsHandle("NTLM", SECPKG_CRED_INBOUND, NULL,
                                                      &other_name, 1, NULL, 0, &p.server_cred,
                                                      NULL),
                     SEC_E_OK);
    assert_int_equal(api_establish(&p, PROTECTED, 0), SEC_E_WRONG_PRINCIPAL);
    api_delete_contexts(&p);
    assert_int_equal(FreeCredentialsHandle(&p.server_cred), SEC_E_OK);
    p.server_cred = plain;
    assert_int_equal(api_establish(&p, PROTECTED, 0), SEC_E_OK);
    api_release(&p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_acquire__what_is_not_good__is_refused),
        cmocka_unit_test(test_acquire__package_names__have_no_case),
        cmocka_unit_test(test_acquire__package_names__have_no_case_in_turkish_either),
        cmocka_unit_test(test_credential_names__are_given_in_both_widths),
        cmocka_unit_test(test_reason__after_a_success__is_empty),
        cmocka_unit_test(test_reason__after_a_logon_that_met_a_hindrance__is_empty),
        cmocka_unit_test(test_options__are_checked_by_name_and_value),
        cmocka_unit_test(test_options__counted_but_not_there__are_refused),
        cmocka_unit_test(test_options__checked_without_a_handle__need_a_package),
        cmocka_unit_test(test_options__change_the_policy_of_their_credential_alone),
    };

    return cmocka_run_group_tests(tests, demo_load, NULL);
}
