/* SPDX-License-Identifier: Apache-2.0 */
/* ChangeAccountPassword for accounts of the store, through the interface. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <opensspi/opensspi.h>

#include "base/attributes.h"
#include "base/status.h"
#include "tests/support/demo_store.h"

#define RESTRICTION ((SECURITY_STATUS)0xC000006C)

static const char first[] = "Passw0rd!", second[] = "Gr\xC3\xBC\xC3\x9F e";

static int
set_up(void **state)
{
    const char *file = demo_store_make("DOMAIN", "demo", first,
                                       "[policy]\npackages = NTLM\n"
                                       "password_min_length = 4\n");

    (void)state;
    return OpenSspiLoadConfiguration(file, NULL, 0) == SEC_E_OK ? 0 : -1;
}

static int
tear_down(void **state)
{
    (void)state;
    demo_store_remove();
    return 0;
}

static SECURITY_STATUS
change(const char *package, const char *domain, const char *user, const char *old,
       const char *wanted)
{
    return ChangeAccountPasswordA((SEC_CHAR *)(uintptr_t)package, (SEC_CHAR *)(uintptr_t)domain,
                                  (SEC_CHAR *)(uintptr_t)user, (SEC_CHAR *)(uintptr_t)old,
                                  (SEC_CHAR *)(uintptr_t)wanted, 0, 0, NULL);
}

static SECURITY_STATUS
log_on(const char *password)
{
    OPENSSPI_LOGON *logon;
    SECURITY_STATUS status = OpenSspiLogonPasswordA("demo", "", password, &logon);

    (void)FreeContextBuffer(logon);
    return status;
}

static void
test_change__each_package_and_each_name_of_this_computer__changes_it(void **state)
{
    static const struct {
        const char *package, *domain, *user;
    } rows[] = {
        { "NTLM", NULL, "demo" },          { "NTLM", "", "DEMO" },
        { "NTLM", ".", "demo" },           { "NTLM", "domain", "demo" },
        { "NTLM", "SERVER", "demo" },      { "NTLM", "server", "demo" },
        { "NTLM", NULL, "DOMAIN\\demo" },  { "NTLM", NULL, "demo@example.test" },
        { "Negotiate", "DOMAIN", "demo" }, { "Negotiate", NULL, "demo" },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        const char *from = i % 2 ? second : first, *to = i % 2 ? first : second;

        print_message("%s %s %s\n", rows[i].package, rows[i].domain ? rows[i].domain : "-",
                      rows[i].user);
        assert_int_equal(change(rows[i].package, rows[i].domain, rows[i].user, from, to), SEC_E_OK);
        assert_string_equal(OpenSspiReason(), "");
        assert_int_equal(log_on(from), SEC_E_LOGON_DENIED);
        assert_int_equal(log_on(to), SEC_E_OK);
    }
}

static void
test_change__w__is_the_same(void **state)
{
    SEC_WCHAR package[] = { 'N', 'T', 'L', 'M', 0 }, user[] = { 'd', 'e', 'm', 'o', 0 };
    SEC_WCHAR old[] = { 'P', 'a', 's', 's', 'w', '0', 'r', 'd', '!', 0 };
    SEC_WCHAR wanted[] = { 'G', 'r', 0xFC, 0xDF, ' ', 'e', 0 };
    SecBuffer response = { 64, SECBUFFER_CHANGE_PASS_RESPONSE, NULL };
    SecBufferDesc output = { SECBUFFER_VERSION, 1, &response };

    (void)state;
    assert_int_equal(ChangeAccountPasswordW(package, NULL, user, old, wanted, 0, 0, &output),
                     SEC_E_OK);
    assert_int_equal(response.cbBuffer, 0);
    assert_int_equal(log_on(second), SEC_E_OK);
}

static void
test_change__refused__says_why(void **state)
{
    static const struct {
        const char *package, *domain, *user, *old, *wanted;
        SECURITY_STATUS status;
        const char *reason;
    } rows[] = {
        { "NTLM", NULL, "demo", "wrong", second, SEC_E_LOGON_DENIED, "password is wrong" },
        { "NTLM", NULL, "ghost", first, second, SEC_E_LOGON_DENIED, "no such account" },
        { "Negotiate", NULL, "demo", "wrong", second, SEC_E_LOGON_DENIED, "password is wrong" },
        { "NTLM", NULL, "demo", first, "abc", RESTRICTION, "at least 4 characters" },
        { "NTLM", NULL, "demo", first, NULL, RESTRICTION, "needs a password" },
        { "NTLM", "ELSEWHERE", "demo", first, second, SEC_E_NO_AUTHENTICATING_AUTHORITY,
          "not this computer's" },
        { "NTLM", "X", "DOMAIN\\demo", first, second, SEC_E_NO_AUTHENTICATING_AUTHORITY,
          "not this computer's" },
        { "NTLM", NULL, NULL, first, second, SEC_E_UNKNOWN_CREDENTIALS, "no account is named" },
        { "Nothing", NULL, "demo", first, second, SEC_E_SECPKG_NOT_FOUND, "no package" },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        print_message("%s\n", rows[i].reason);
        assert_int_equal(
            change(rows[i].package, rows[i].domain, rows[i].user, rows[i].old, rows[i].wanted),
            rows[i].status);
        assert_non_null(strstr(OpenSspiReason(), rows[i].reason));
    }
    assert_int_equal(log_on(first), SEC_E_OK);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(test_change__each_package_and_each_name_of_this_computer__changes_it),
        TEST(test_change__w__is_the_same),
        TEST(test_change__refused__says_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
