/* SPDX-License-Identifier: Apache-2.0 */
/* Names as search filters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "directory/filter.h"
#include "tests/support/alloc_fail.h"
#include <opensspi/secext.h>

static const struct filter_domain domain = { "example.test", "EXAMPLE" };

static void
assert_value(struct bytes value, const char *expected)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);

    filter_put_value(&w, value);
    wire_put_u8(&w, 0);
    assert_int_equal(wire_writer_status(&w), WIRE_OK);
    assert_string_equal((const char *)w.p, expected);
}

/* RFC 4515 4, and what else is not harmless for sure. */
static void
test_filter_put_value__nothing_of_it_is_the_filters(void **state)
{
    static const uint8_t control[] = { 0, 1, 0x1f, 0x7f, 'a' };

    assert_value(bytes_of_string("Parens R Us (for all your parenthetical needs)"),
                 "Parens R Us \\28for all your parenthetical needs\\29");
    assert_value(bytes_of_string("*"), "\\2a");
    assert_value(bytes_of_string("C:\\MyFile"), "C\\3a\\5cMyFile");
    assert_value(bytes_of_string("Lu\xc4\x8di\xc4\x87"), "Lu\xc4\x8di\xc4\x87");
    assert_value(bytes_of_string("a&|!~<>\"#;+"), "a\\26\\7c\\21\\7e\\3c\\3e\\22\\23\\3b\\2b");
    assert_value(bytes_of(control, sizeof(control)), "\\00\\01\\1f\\7fa");
    assert_value(bytes_of(NULL, 0), "");
}

static void
test_filter_put_value__no_byte_gets_out(void **state)
{
    for (unsigned c = 0; c <= 0xff; c++) {
        const uint8_t byte = (uint8_t)c;
        SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);

        filter_put_value(&w, bytes_of(&byte, 1));
        assert_true(w.len == 1 || w.len == 3);
        if (w.len == 1) {
            assert_int_equal(w.p[0], c);
            assert_null(strchr("()*\\&|!<>~:", (int)c));
            assert_true(c >= 0x20 && c != 0x7f);
        }
    }
}

struct row {
    ULONG format;
    const char *name, *filter; /* NULL: not one */
};

static const struct row rows[] = {
    { NameSamCompatible, "EXAMPLE\\alice", "(sAMAccountName=alice)" },
    { NameSamCompatible, "Example.TEST\\alice", "(sAMAccountName=alice)" },
    { NameSamCompatible, "WEB1$", "(sAMAccountName=WEB1$)" },
    { NameSamCompatible, "example\\p(q)*", "(sAMAccountName=p\\28q\\29\\2a)" },
    { NameSamCompatible, "OTHER\\alice", NULL },
    { NameSamCompatible, "EXAMPLE\\", NULL },
    { NameSamCompatible, "\\alice", NULL },
    { NameSamCompatible, "EXAMPLE\\a\\b", NULL },
    { NameSamCompatible, "", NULL },
    { NameSamCompatible, "EXAMPLE\\\xff", NULL },
    { NameSamCompatible, "EXAMPLE\\\xed\xa0\x80", NULL },
    { NameDnsDomain, "example.test\\alice", "(sAMAccountName=alice)" },
    { NameDnsDomain, "EXAMPLE\\alice", NULL },
    { NameDnsDomain, "alice", NULL },
    { NameUserPrincipal, "alice@example.TEST",
      "(|(userPrincipalName=alice@example.TEST)(sAMAccountName=alice))" },
    { NameUserPrincipal, "a*@b@example.test",
      "(|(userPrincipalName=a\\2a@b@example.test)(sAMAccountName=a\\2a@b))" },
    { NameUserPrincipal, "alice@elsewhere", "(|(userPrincipalName=alice@elsewhere))" },
    { NameUserPrincipal, "alice", NULL },
    { NameUserPrincipal, "@example.test", NULL },
    { NameUserPrincipal, "alice@", NULL },
    { NameServicePrincipal, "HTTP/web.example.test",
      "(servicePrincipalName=HTTP/web.example.test)" },
    { NameServicePrincipal, "HTTP/web:80/x@EXAMPLE.test",
      "(servicePrincipalName=HTTP/web\\3a80/x)" },
    { NameServicePrincipal, "HTTP/web@elsewhere", NULL },
    { NameServicePrincipal, "HTTP/", NULL },
    { NameServicePrincipal, "/web", NULL },
    { NameServicePrincipal, "HTTP/@example.test", NULL },
    { NameServicePrincipal, "HTTP", NULL },
    { NameDisplay, "Al*ce (x)", "(displayName=Al\\2ace \\28x\\29)" },
    { NameFullyQualifiedDN, "CN=a\\,b,DC=example,DC=test",
      "(distinguishedName=CN=a\\5c,b,DC=example,DC=test)" },
    { NameUniqueId, "{4fa050f0-f561-11cf-bdd9-00aa003a77b}", NULL },
    { NameUniqueId, "{4fa050f0-f561-11cf-bdd9-00aa003a77b6]", NULL },
    { NameUniqueId, "{4fa050f0-f561-11cf-bdd9-00aa003a77bg}", NULL },
    { NameUniqueId, "{4fa050f0+f561-11cf-bdd9-00aa003a77b6}", NULL },
    { NameUniqueId, "{4fa050f0-f561-11cf-bdd9-00aa-03a77b6}", NULL },
    { NameUniqueId, "", NULL },
    { NameCanonical, "example.test/Users/alice", "(|(name=alice)(name=alice))" },
    { NameCanonical, "EXAMPLE.test/Users/r\\/s(t)",
      "(|(name=r\\5c/s\\28t\\29)(name=r/s\\28t\\29))" },
    { NameCanonical, "example.test/alice", "(|(name=alice)(name=alice))" },
    { NameCanonical, "elsewhere/Users/alice", NULL },
    { NameCanonical, "example.test/", NULL },
    { NameCanonical, "example.test", NULL },
    { NameCanonicalEx, "example.test/Users\nalice", "(|(name=alice)(name=alice))" },
    { NameCanonicalEx, "example.test\nalice", "(|(name=alice)(name=alice))" },
    { NameCanonicalEx, "example.test/Users/alice", NULL },
    { NameGivenName, "Alice", NULL },
    { NameUnknown, "EXAMPLE\\alice", NULL },
    { 4, "EXAMPLE\\alice", NULL },
};

static void
test_filter_put_name__of_each_format(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        const struct row *r = &rows[i];
        SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
        const sec_status status = filter_put_name(&w, &domain, r->format, r->name);

        if (!r->filter) {
            assert_int_equal(status, SEC_E_TARGET_UNKNOWN);
            continue;
        }
        assert_int_equal(status, SEC_E_OK);
        assert_string_equal((const char *)w.p, r->filter);
    }
}

/* Its bytes, in the order in which a directory has them: 4fa050f0 is f0 50 a0 4f. */
static void
test_filter_put_name__of_a_guid(void **state)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);

    assert_int_equal(
        filter_put_name(&w, &domain, NameUniqueId, "{01020304-0506-0708-090a-0b0c0d0e0f10}"),
        SEC_E_OK);
    assert_string_equal((const char *)w.p,
                        "(objectGUID=\\04\\03\\02\\01\\06\\05\\08\\07\\09\\0a\\0b"
                        "\\0c\\0d\\0e\\0f\\10)");
}

static void
test_filter_guess__by_its_looks(void **state)
{
    static const struct {
        const char *name;
        ULONG format;
    } table[] = {
        { "EXAMPLE\\alice", NameSamCompatible },
        { "example.test\\alice", NameSamCompatible },
        { "alice@example.test", NameUserPrincipal },
        { "CN=alice,CN=Users,DC=example,DC=test", NameFullyQualifiedDN },
        { "CN=a/b\\,c@d,DC=example,DC=test", NameFullyQualifiedDN },
        { "{4fa050f0-f561-11cf-bdd9-00aa003a77b6}", NameUniqueId },
        { "example.test/Users/alice", NameCanonical },
        { "Example.TEST/Users/r\\/s", NameCanonical },
        { "example.test/Users\nalice", NameCanonicalEx },
        { "HTTP/web.example.test", NameServicePrincipal },
        { "HTTP/web.example.test@example.test", NameServicePrincipal },
        { "alice", NameUnknown },
        { "Alice Example", NameUnknown },
        { "", NameUnknown },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(table); i++) {
        assert_int_equal(filter_guess(&domain, table[i].name), table[i].format);
    }
}

/* No name closes the filter that it stands in: as many brackets as its format has. */
static void
test_filter_put_name__whatever_it_is__is_one_filter(void **state)
{
    static const char *const evil[] = { "EXAMPLE\\*)(objectClass=*", "x)(|(a=b)@example.test",
                                        "CN=*)(a=b", "HTTP/*)(a=b", "example.test/x)(a=*" };

    for (size_t i = 0; i < SEC_ARRAY_LEN(evil); i++) {
        for (ULONG format = 0; format < 16; format++) {
            SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);

            if (filter_put_name(&w, &domain, format, evil[i]) == SEC_E_OK) {
                const char *filter = (const char *)w.p;
                unsigned open = 0;

                for (const char *p = filter; *p; p++) {
                    assert_true(*p != '*');
                    open += *p == '(';
                }
                assert_int_equal(open, format == NameCanonical       ? 3
                                       : format != NameUserPrincipal ? 1
                                       : strstr(filter, "sAM")       ? 3
                                                                     : 2);
            }
        }
    }
}

static void
put_odd_names(void *user, bool failing)
{
    static const struct row odd[] = {
        { NameCanonical, "example.test/Users/r\\/s", "(|(name=r\\5c/s)(name=r/s))" },
        { NameUserPrincipal, "a@elsewhere", "(|(userPrincipalName=a@elsewhere))" },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(odd); i++) {
        SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
        const sec_status status = filter_put_name(&w, &domain, odd[i].format, odd[i].name);

        assert_true(status == SEC_E_OK || (failing && status == SEC_E_INSUFFICIENT_MEMORY));
        if (status == SEC_E_OK) {
            assert_string_equal((const char *)w.p, odd[i].filter);
        }
    }
}

static void
test_filter_put_name__without_memory__is_no_filter(void **state)
{
    assert_true(alloc_fail_each(put_odd_names, NULL) > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filter_put_value__nothing_of_it_is_the_filters),
        cmocka_unit_test(test_filter_put_value__no_byte_gets_out),
        cmocka_unit_test(test_filter_put_name__of_each_format),
        cmocka_unit_test(test_filter_put_name__of_a_guid),
        cmocka_unit_test(test_filter_guess__by_its_looks),
        cmocka_unit_test(test_filter_put_name__whatever_it_is__is_one_filter),
        cmocka_unit_test(test_filter_put_name__without_memory__is_no_filter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
