/* SPDX-License-Identifier: Apache-2.0 */
/* A name and a password, through the interface. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <opensspi/opensspi.h>

#include "base/attributes.h"
#include "tests/support/demo_store.h"

#define WRONG_PASSWORD 0xC000006A
#define NO_SUCH_USER   0xC0000064
#define LOCKED_OUT     0xC0000234

static const char *store_file;

static int
load(void **state)
{
    (void)state;
    store_file =
        demo_store_make("DOMAIN", "demo", "Passw0rd!", "[policy]\nlockout_threshold = 6\n");
    return OpenSspiLoadConfiguration(store_file, NULL, 0) == SEC_E_OK ? 0 : -1;
}

static void
test_logon_password__right__is_the_account(void **state)
{
    static const struct {
        const char *user, *domain;
    } rows[] = { { "demo", NULL },
                 { "DEMO", "" },
                 { "demo", "DOMAIN" },
                 { "demo@domain.test", "" },
                 { "demo", "domain" } };
    OPENSSPI_LOGON *logon;

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        assert_int_equal(OpenSspiLogonPasswordA(rows[i].user, rows[i].domain, "Passw0rd!", &logon),
                         SEC_E_OK);
        assert_string_equal(logon->UserName, "demo");
        assert_string_equal(logon->DomainName, "DOMAIN");
        assert_string_equal(logon->ClaimedUserName, rows[i].user);
        assert_string_equal(logon->PackageName, "");
        assert_string_equal(logon->Reason, "");
        assert_memory_equal(logon->UserSid, "S-1-5-21-", 9);
        assert_int_equal(logon->GroupCount, 2);
        assert_string_equal(logon->Groups[0], "staff");
        assert_int_equal(logon->GroupAttributes[0], 7);
        assert_false(logon->Anonymous);
        assert_int_equal(FreeContextBuffer(logon), SEC_E_OK);
    }
}

static void
test_logon_password__w_is_the_same(void **state)
{
    static const SEC_WCHAR user[] = { 'd', 'e', 'm', 'o', 0 };
    static const SEC_WCHAR password[] = { 'P', 'a', 's', 's', 'w', '0', 'r', 'd', '!', 0 };
    static const SEC_WCHAR lone[] = { 0xD800, 0 };
    OPENSSPI_LOGON *logon;

    (void)state;
    assert_int_equal(OpenSspiLogonPasswordW(user, NULL, password, &logon), SEC_E_OK);
    assert_string_equal(logon->UserName, "demo");
    assert_int_equal(FreeContextBuffer(logon), SEC_E_OK);
    assert_int_equal(OpenSspiLogonPasswordW(user, NULL, user, &logon), SEC_E_LOGON_DENIED);
    assert_int_equal(FreeContextBuffer(logon), SEC_E_OK);
    assert_int_equal(OpenSspiLogonPasswordW(user, NULL, lone, &logon), SEC_E_INVALID_PARAMETER);
    assert_null(logon);
    assert_int_equal(OpenSspiLogonPasswordW(NULL, NULL, user, &logon), SEC_E_INVALID_PARAMETER);
    assert_int_equal(OpenSspiLogonPasswordW(user, NULL, user, NULL), SEC_E_INVALID_PARAMETER);
}

static void
test_logon_password__wrong__says_what_is_known(void **state)
{
    static const struct {
        const char *user, *password;
        ULONG sub_status;
    } rows[] = {
        { "demo", "wrong", WRONG_PASSWORD },
        { "demo", "", WRONG_PASSWORD },
        { "nobody", "Passw0rd!", NO_SUCH_USER },
        { "", "Passw0rd!", NO_SUCH_USER },
    };
    OPENSSPI_LOGON *logon;

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        assert_int_equal(OpenSspiLogonPasswordA(rows[i].user, "X", rows[i].password, &logon),
                         SEC_E_LOGON_DENIED);
        assert_true(OpenSspiReason()[0] != 0);
        assert_int_equal(logon->Status, SEC_E_LOGON_DENIED);
        assert_int_equal(logon->SubStatus, rows[i].sub_status);
        assert_string_equal(logon->UserName, rows[i].user);
        assert_string_equal(logon->DomainName, "X");
        assert_string_equal(logon->UserSid, "");
        assert_int_equal(logon->GroupCount, 0);
        assert_true(logon->Reason[0] != 0);
        assert_int_equal(FreeContextBuffer(logon), SEC_E_OK);
    }
    assert_int_equal(OpenSspiLogonPasswordA("demo", "", "\xFF", &logon), SEC_E_LOGON_DENIED);
    assert_int_equal(FreeContextBuffer(logon), SEC_E_OK);
}

static void
test_logon_password__what_is_no_text_is_refused(void **state)
{
    OPENSSPI_LOGON *logon;

    (void)state;
    assert_int_equal(OpenSspiLogonPasswordA("\xFF", "", "x", &logon), SEC_E_INVALID_PARAMETER);
    assert_null(logon);
    assert_int_equal(OpenSspiLogonPasswordA("demo", "\xFF", "x", &logon), SEC_E_INVALID_PARAMETER);
    assert_int_equal(OpenSspiLogonPasswordA(NULL, "", "x", &logon), SEC_E_INVALID_PARAMETER);
    assert_int_equal(OpenSspiLogonPasswordA("demo", "", NULL, &logon), SEC_E_INVALID_PARAMETER);
    assert_int_equal(OpenSspiLogonPasswordA("demo", "", "x", NULL), SEC_E_INVALID_PARAMETER);
}

static void
test_logon_password__the_lock_out_counts(void **state)
{
    OPENSSPI_LOGON *logon;
    bool locked_now = false;

    (void)state;
    assert_int_equal(OpenSspiLoadConfiguration(store_file, NULL, 0), SEC_E_OK);
    for (unsigned i = 0; i < 6 && !locked_now; i++) {
        assert_int_equal(OpenSspiLogonPasswordA("demo", "", "wrong", &logon), SEC_E_LOGON_DENIED);
        locked_now = logon->LockedOutNow;
        assert_int_equal(FreeContextBuffer(logon), SEC_E_OK);
    }
    assert_true(locked_now);
    assert_int_equal(OpenSspiLogonPasswordA("demo", "", "Passw0rd!", &logon), SEC_E_LOGON_DENIED);
    assert_int_equal(logon->SubStatus, LOCKED_OUT);
    assert_int_equal(FreeContextBuffer(logon), SEC_E_OK);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logon_password__right__is_the_account),
        cmocka_unit_test(test_logon_password__w_is_the_same),
        cmocka_unit_test(test_logon_password__wrong__says_what_is_known),
        cmocka_unit_test(test_logon_password__what_is_no_text_is_refused),
        cmocka_unit_test(test_logon_password__the_lock_out_counts),
    };

    return cmocka_run_group_tests(tests, load, NULL);
}
