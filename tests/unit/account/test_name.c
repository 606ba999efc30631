/* SPDX-License-Identifier: Apache-2.0 */
/* Names of accounts, groups and Unix users. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "account/name.h"
#include "tests/support/hex.h"

static sec_status
check(const char *name)
{
    uint8_t held[2 * NAME_UNITS_MAX];
    struct wire_writer w = wire_writer_fixed(held, sizeof(held));

    return name_check("an account", name, &w);
}

static void
test_check__good_names__are_upper_cased(void **state)
{
    uint8_t held[64];
    struct wire_writer w = wire_writer_fixed(held, sizeof(held));

    assert_int_equal(name_check("an account", "J. \xc3\xbc@x", &w), SEC_E_OK);
    assert_bytes_equal(wire_written(&w), HEX("4a002e002000dc0040005800"));
    assert_int_equal(check("a"), SEC_E_OK);
    assert_int_equal(check("first.last"), SEC_E_OK);
    assert_int_equal(check("svc$"), SEC_E_OK);
}

static void
test_check__bad_names__are_refused(void **state)
{
    static const char *const bad[] = {
        "",    " ",   ".",    "..",    " a",   "a ",    "a.",   "a\"b",      "a/b",          "a\\b",
        "a[b", "a]b", "a:b",  "a;b",   "a|b",  "a=b",   "a,b",  "a+b",       "a*b",          "a?b",
        "a<b", "a>b", "a\nb", "a\x7f", "\x1f", "a\xff", "\xc3", "a\xc2\x85", "\xed\xa0\x80",
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(bad); i++) {
        if (check(bad[i]) != SEC_E_INVALID_PARAMETER) {
            fail_msg("%zu: %s", i, bad[i]);
        }
    }
}

static void
test_check__length__is_counted_in_utf_16(void **state)
{
    char name[1100] = { 0 };

    memset(name, 'a', 256);
    assert_int_equal(check(name), SEC_E_OK);
    name[256] = 'a';
    assert_int_equal(check(name), SEC_E_INVALID_PARAMETER);
    for (size_t i = 0; i < 128; i++) {
        memcpy(name + 4 * i, "\xf0\x9d\x84\x9e", 4);
    }
    name[512] = 0;
    assert_int_equal(check(name), SEC_E_OK);
    memcpy(name + 512, "a", 2);
    assert_int_equal(check(name), SEC_E_INVALID_PARAMETER);
}

static void
test_check_unix__names__as_useradd_has_them(void **state)
{
    static const char *const bad[] = {
        "", "-x", "a b", "a:b", "a/b", "a\n", "123456789012345678901234567890123"
    };

    assert_int_equal(name_check_unix("www-data"), SEC_E_OK);
    assert_int_equal(name_check_unix("_x.y$"), SEC_E_OK);
    for (size_t i = 0; i < SEC_ARRAY_LEN(bad); i++) {
        assert_int_equal(name_check_unix(bad[i]), SEC_E_INVALID_PARAMETER);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check__good_names__are_upper_cased),
        cmocka_unit_test(test_check__bad_names__are_refused),
        cmocka_unit_test(test_check__length__is_counted_in_utf_16),
        cmocka_unit_test(test_check_unix__names__as_useradd_has_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
