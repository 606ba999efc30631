/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration in force: where it comes from, and who keeps the one before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/demo_pair.h"

/* A slip in the name of a file must not turn its restrictions into defaults. */
static void
test_load__a_file_that_was_named_and_is_absent__is_an_error(void **state)
{
    char error[256] = "";

    assert_int_equal(OpenSspiLoadConfiguration("/nonexistent/a.conf", error, sizeof(error)),
                     SEC_E_INVALID_PARAMETER);
    assert_non_null(strstr(error, "/nonexistent/a.conf"));
    assert_int_equal(setenv("OPENSSPI_CONFIG", "/nonexistent/b.conf", 1), 0);
    assert_int_equal(OpenSspiLoadConfiguration(NULL, error, sizeof(error)),
                     SEC_E_INVALID_PARAMETER);
    assert_non_null(strstr(error, "/nonexistent/b.conf"));
    assert_int_equal(unsetenv("OPENSSPI_CONFIG"), 0);
}

static void
test_load__an_error__leaves_the_one_before_in_force(void **state)
{
    struct api_pair p;

    assert_int_equal(OpenSspiLoadConfiguration("/nonexistent/a.conf", NULL, 0),
                     SEC_E_INVALID_PARAMETER);
    assert_int_equal(api_acquire(&p, "NTLM", "demo", "DOMAIN", "Passw0rd!"), SEC_E_OK);
    assert_int_equal(api_establish(&p, ISC_REQ_INTEGRITY, 0), SEC_E_OK);
    api_release(&p);
}

/* Credentials and contexts live on what they were made under; what comes after them does not. */
static void
test_load__another__leaves_credentials_theirs(void **state)
{
    static const OPENSSPI_OPTION option = { "require_mic", "yes" };
    struct api_pair old, options, fresh;
    SecPkgContext_NamesA names;

    assert_int_equal(api_acquire(&old, "NTLM", "demo", "DOMAIN", "Passw0rd!"), SEC_E_OK);
    assert_int_equal(api_acquire(&options, "Negotiate", "demo", "DOMAIN", "Passw0rd!"), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&options.server_cred), SEC_E_OK);
    assert_int_equal(OpenSspiAcquireCredentialsHandle("Negotiate", SECPKG_CRED_INBOUND, NULL,
                                                      &option, 1, NULL, 0, &options.server_cred,
                                                      NULL),
                     SEC_E_OK);
    assert_int_equal(api_establish(&old, ISC_REQ_INTEGRITY, 0), SEC_E_OK);

    /* The first store goes away with its folder. */
    assert_int_equal(
        OpenSspiLoadConfiguration(demo_store_make("OTHER", "other", "0therPass", NULL), NULL, 0),
        SEC_E_OK);
    assert_int_equal(QueryContextAttributesA(&old.server, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    assert_string_equal(names.sUserName, "DOMAIN\\demo");
    assert_int_equal(FreeContextBuffer(names.sUserName), SEC_E_OK);
    /* From its cache, or not any more. */
    (void)api_establish(&options, ISC_REQ_INTEGRITY, 0);
    assert_int_equal(api_acquire(&fresh, "NTLM", "other", "OTHER", "0therPass"), SEC_E_OK);
    assert_int_equal(api_establish(&fresh, ISC_REQ_INTEGRITY, 0), SEC_E_OK);
    assert_int_equal(QueryContextAttributesA(&fresh.server, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    assert_string_equal(names.sUserName, "OTHER\\other");
    assert_int_equal(FreeContextBuffer(names.sUserName), SEC_E_OK);
    api_release(&options);
    api_release(&old);
    api_release(&fresh);
    assert_int_equal(demo_load(state), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_load__a_file_that_was_named_and_is_absent__is_an_error),
        cmocka_unit_test(test_load__an_error__leaves_the_one_before_in_force),
        cmocka_unit_test(test_load__another__leaves_credentials_theirs),
    };

    return cmocka_run_group_tests(tests, demo_load, NULL);
}
