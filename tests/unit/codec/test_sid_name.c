/* SPDX-License-Identifier: Apache-2.0 */
/* Names of well-known SIDs: [MS-DTYP] 2.4.2.4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/sid_name.h"

static const char *
name_of(const char *text, const char *domain_text)
{
    struct sid sid, domain;

    assert_true(sid_parse(&sid, bytes_of_string(text)));
    assert_true(sid_parse(&domain, bytes_of_string(domain_text)));
    return sid_name_of_group(&sid, &domain);
}

static void
test_sid_name_of_group__well_known_and_of_the_domain(void **state)
{
    static const char *const names[][2] = {
        { "S-1-5-21-1-2-3-498", "Enterprise Read-only Domain Controllers" },
        { "S-1-5-21-1-2-3-512", "Domain Admins" },
        { "S-1-5-21-1-2-3-513", "Domain Users" },
        { "S-1-5-21-1-2-3-514", "Domain Guests" },
        { "S-1-5-21-1-2-3-515", "Domain Computers" },
        { "S-1-5-21-1-2-3-516", "Domain Controllers" },
        { "S-1-5-21-1-2-3-518", "Schema Admins" },
        { "S-1-5-21-1-2-3-519", "Enterprise Admins" },
        { "S-1-5-21-1-2-3-520", "Group Policy Creator Owners" },
        { "S-1-5-21-1-2-3-525", "Protected Users" },
        { "S-1-5-21-1-2-3-553", "RAS and IAS Servers" },
        { "S-1-5-21-1-2-3-572", "Denied RODC Password Replication Group" },
        { "S-1-5-32-544", "Administrators" },
        { "S-1-5-32-545", "Users" },
        { "S-1-18-1", "Authentication authority asserted identity" },
        { "S-1-18-2", "Service asserted identity" },
        { "S-1-5-9", "Enterprise Domain Controllers" },
        { "S-1-5-21-0-0-0-497", "Claims Valid" },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(names); i++) {
        assert_string_equal(name_of(names[i][0], "S-1-5-21-1-2-3"), names[i][1]);
    }
}

static void
test_sid_name_of_group__others_have_none(void **state)
{
    static const char *const sids[] = {
        "S-1-5-21-1-2-3-1105",
        "S-1-5-21-1-2-3",
        "S-1-5-21-1-2-3-512-512",
        "S-1-5-21-1-2-4-512",
        "S-1-5-21-1-2-512",
        "S-1-5-32-9999",
        "S-1-5-32",
        "S-1-5-32-544-1",
        "S-1-5",
        "S-1-18",
        "S-1-18-99",
        "S-1-18-1-1",
        "S-1-22-21-1-2-3-512",
        "S-1-1-1",
        "S-1-5-21-1-2-3-500",
        "S-1-5-21-0-0-0-512",
        "S-1-0x000500000000-9",
        "S-1-5-544",
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(sids); i++) {
        assert_null(name_of(sids[i], "S-1-5-21-1-2-3"));
    }
}

/* Logon information may name no domain. */
static void
test_sid_name_of_group__no_domain_has_no_groups(void **state)
{
    struct sid none = { 0 };
    struct sid sid;

    assert_true(sid_parse(&sid, bytes_of_string("S-1-5-512")));
    assert_null(sid_name_of_group(&sid, &none));
    assert_true(sid_parse(&sid, bytes_of_string("S-1-5-21-512")));
    assert_null(sid_name_of_group(&sid, &none));
    assert_null(sid_name_of_group(&sid, NULL));
    assert_null(name_of("S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15",
                        "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15"));
}

static void
test_sid_name_parse__by_name_with_and_without_its_authority(void **state)
{
    static const char *const names[][2] = {
        { "Everyone", "S-1-1-0" },
        { "everyone", "S-1-1-0" },
        { "\\Everyone", "S-1-1-0" },
        { "BUILTIN\\administrators", "S-1-5-32-544" },
        { "Administrators", "S-1-5-32-544" },
        { "BUILTIN", "S-1-5-32" },
        { "NT AUTHORITY\\Authenticated Users", "S-1-5-11" },
        { "NTLM Authentication", "S-1-5-64-10" },
        { "Mandatory Label\\High Mandatory Level", "S-1-16-12288" },
    };
    static const char *const none[] = { "",
                                        "\\",

                                        "BUILTIN\\",
                                        "Domain Admins",
                                        "X\\Everyone",
                                        "BUILTIN\\Everyone",
                                        "NT AUTHORITY\\" };
    char text[SID_TEXT_BYTES];
    struct sid sid;

    for (size_t i = 0; i < SEC_ARRAY_LEN(names); i++) {
        assert_true(sid_name_parse(&sid, bytes_of_string(names[i][0])));
        sid_text(&sid, text);
        assert_string_equal(text, names[i][1]);
    }
    for (size_t i = 0; i < SEC_ARRAY_LEN(none); i++) {
        assert_false(sid_name_parse(&sid, bytes_of_string(none[i])));
    }
}

/* Each number's SID has that number, whatever its domain, and no other. */
static void
test_sid_name_of_type__there_and_back(void **state)
{
    struct sid domain = { 5, 4, { 21, 1, 2, 3 } };
    struct sid sid;
    unsigned found = 0;

    for (int type = -2; type < 200; type++) {
        if (!sid_name_of_type(&sid, type, &domain)) {
            continue;
        }
        found++;
        for (int other = -2; other < 200; other++) {
            assert_int_equal(sid_name_is_of_type(&sid, other), other == type);
        }
    }
    assert_true(found > 80);
    assert_false(sid_name_of_type(&sid, 41, NULL));
    assert_true(sid_name_of_type(&sid, 26, NULL));
    assert_string_equal(sid_name_authority(&sid), "BUILTIN");
    assert_string_equal(sid_name_find(&sid, NULL)->name, "Administrators");
    assert_string_equal(sid_name_authority(&domain), "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sid_name_of_group__well_known_and_of_the_domain),
        cmocka_unit_test(test_sid_name_of_group__others_have_none),
        cmocka_unit_test(test_sid_name_of_group__no_domain_has_no_groups),
        cmocka_unit_test(test_sid_name_parse__by_name_with_and_without_its_authority),
        cmocka_unit_test(test_sid_name_of_type__there_and_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
