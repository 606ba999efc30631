/* SPDX-License-Identifier: Apache-2.0 */
/* Security identifiers: in memory, as text, well-known ones. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <cmocka.h>

#include <sddl.h>
#include <windows.h>

/* [MS-DTYP] 2.4.2.2's form of S-1-5-32-544. */
static const BYTE administrators[] = { 1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0 };

static PSID
of(const char *text)
{
    PSID sid = NULL;

    assert_true(ConvertStringSidToSidA(text, &sid));
    return sid;
}

static void
test_text__there_and_back(void **state)
{
    static const char *const texts[] = { "S-1-5-32-544", "S-1-1-0", "S-1-5-21-1-2-4294967295-1001",
                                         "S-1-0x123456789ABC-7",
                                         "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15" };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        PSID sid = of(texts[i]), again = NULL;
        LPWSTR wide = NULL;
        LPSTR text = NULL;

        assert_true(IsValidSid(sid));
        assert_true(ConvertSidToStringSidA(sid, &text));
        assert_string_equal(text, texts[i]);
        assert_true(ConvertSidToStringSidW(sid, &wide));
        assert_int_equal(lstrlenW(wide), strlen(text));
        assert_true(ConvertStringSidToSidW(wide, &again));
        assert_true(EqualSid(sid, again));
        assert_null(LocalFree(text));
        assert_null(LocalFree(wide));
        assert_null(LocalFree(sid));
        assert_null(LocalFree(again));
    }
}

static void
test_text__a_small_s(void **state)
{
    PSID sid = NULL;

    assert_true(ConvertStringSidToSidA("s-1-5-11", &sid));
    assert_true(IsWellKnownSid(sid, WinAuthenticatedUserSid));
    LocalFree(sid);
    assert_false(ConvertStringSidToSidA("s", &sid));
}

static void
test_text__what_is_none(void **state)
{
    static const char *const bad[] = { "",        "S",  "S-1",           "S-1-5",
                                       "S-2-5-1", "XX", "S-1-5-32-544 ", "S-1-5-4294967296",
                                       "DA" };
    PSID sid = NULL;
    LPSTR text = NULL;
    BYTE revision_2[12] = { 2, 1 }, too_many[12] = { 1, 16 };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(ConvertStringSidToSidA(bad[i], &sid));
        assert_int_equal(GetLastError(), ERROR_INVALID_SID);
    }
    assert_false(ConvertStringSidToSidA(NULL, &sid));
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    assert_false(ConvertStringSidToSidW(u"\xd800", &sid));
    assert_int_equal(GetLastError(), ERROR_NO_UNICODE_TRANSLATION);
    assert_false(ConvertSidToStringSidA(revision_2, &text));
    assert_int_equal(GetLastError(), ERROR_INVALID_SID);
    assert_false(ConvertSidToStringSidA(too_many, &text));
    assert_false(IsValidSid(NULL));
    assert_false(EqualSid(revision_2, too_many));
    assert_int_equal(GetLastError(), ERROR_INVALID_SID);
    assert_int_equal(GetLengthSid(too_many), 0);
    assert_null(GetSidSubAuthority(too_many, 0));
    assert_null(sid);
    assert_null(text);
}

static void
test_memory__is_the_wires(void **state)
{
    PSID sid = of("BA"), users = of("BU");
    BYTE copy[SECURITY_MAX_SID_SIZE];

    assert_int_equal(GetLengthSid(sid), sizeof(administrators));
    assert_memory_equal(sid, administrators, sizeof(administrators));
    assert_int_equal(GetSidLengthRequired(2), sizeof(administrators));
    assert_int_equal(*GetSidSubAuthorityCount(sid), 2);
    assert_int_equal(*GetSidSubAuthority(sid, 1), DOMAIN_ALIAS_RID_ADMINS);
    assert_null(GetSidSubAuthority(sid, 2));
    assert_int_equal(GetSidIdentifierAuthority(sid)->Value[5], 5);
    assert_false(CopySid(sizeof(administrators) - 1, copy, sid));
    assert_int_equal(GetLastError(), ERROR_INSUFFICIENT_BUFFER);
    assert_true(CopySid(sizeof(administrators), copy, sid));
    assert_true(EqualSid(copy, sid));
    assert_false(EqualSid(copy, users));
    assert_true(EqualPrefixSid(copy, users));
    assert_null(LocalFree(sid));
    assert_null(LocalFree(users));
}

static void
test_allocate__parts(void **state)
{
    SID_IDENTIFIER_AUTHORITY nt = SECURITY_NT_AUTHORITY;
    PSID sid = NULL;
    BYTE room[sizeof(administrators)];

    assert_true(AllocateAndInitializeSid(&nt, 2, SECURITY_BUILTIN_DOMAIN_RID,
                                         DOMAIN_ALIAS_RID_ADMINS, 0, 0, 0, 0, 0, 0, &sid));
    assert_memory_equal(sid, administrators, sizeof(administrators));
    assert_null(FreeSid(sid));
    assert_false(AllocateAndInitializeSid(&nt, 9, 0, 0, 0, 0, 0, 0, 0, 0, &sid));
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    assert_true(InitializeSid(room, &nt, 2));
    *GetSidSubAuthority(room, 0) = 32;
    *GetSidSubAuthority(room, 1) = 544;
    assert_memory_equal(room, administrators, sizeof(room));
    assert_false(InitializeSid(room, &nt, 16));
}

static void
test_well_known__by_number(void **state)
{
    PSID domain = of("S-1-5-21-1-2-3"), admins = of("S-1-5-21-1-2-3-512");
    BYTE room[SECURITY_MAX_SID_SIZE];
    DWORD size = 0;

    assert_false(CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, NULL, &size));
    assert_int_equal(GetLastError(), ERROR_INSUFFICIENT_BUFFER);
    assert_int_equal(size, sizeof(administrators));
    assert_true(CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, room, &size));
    assert_memory_equal(room, administrators, sizeof(administrators));
    assert_true(IsWellKnownSid(room, WinBuiltinAdministratorsSid));
    assert_false(IsWellKnownSid(room, WinBuiltinUsersSid));
    size = sizeof(room);
    assert_false(CreateWellKnownSid(WinAccountDomainAdminsSid, NULL, room, &size));
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    assert_true(CreateWellKnownSid(WinAccountDomainAdminsSid, domain, room, &size));
    assert_true(EqualSid(room, admins));
    assert_true(IsWellKnownSid(admins, WinAccountDomainAdminsSid));
    assert_null(LocalFree(domain));
    assert_null(LocalFree(admins));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text__there_and_back), cmocka_unit_test(test_text__a_small_s),
        cmocka_unit_test(test_text__what_is_none),   cmocka_unit_test(test_memory__is_the_wires),
        cmocka_unit_test(test_allocate__parts),      cmocka_unit_test(test_well_known__by_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
