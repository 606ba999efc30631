/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdbool.h>
#include <cmocka.h>

#include "ticket/target.h"

static const struct {
    const char *text;
    bool user;
    enum target_fault fault;
    enum target_kind kind;
    size_t n;
    const char *last, *realm, *host;
} rows[] = {
    { "HTTP/web.example.test", false, TARGET_GOOD, TARGET_SERVICE, 2, "web.example.test", "",
      "web.example.test" },
    { "HTTP/web:8080", false, TARGET_GOOD, TARGET_SERVICE, 2, "web:8080", "", "web" },
    { "HTTP/web@EXAMPLE.TEST", false, TARGET_GOOD, TARGET_SERVICE, 2, "web", "EXAMPLE.TEST",
      "web" },
    { "HTTP/web@example.test", false, TARGET_GOOD, TARGET_SERVICE, 2, "web", "example.test",
      "web" },
    { "ldap/dc1.example.test/example.test", false, TARGET_GOOD, TARGET_SERVICE, 3, "example.test",
      "", "dc1.example.test" },
    { "HTTP@web.example.test", false, TARGET_GOOD, TARGET_HOST_BASED, 2, "web.example.test", "",
      "web.example.test" },
    { "HTTP@web.example.test@EXAMPLE.TEST", false, TARGET_GOOD, TARGET_HOST_BASED, 2,
      "web.example.test", "EXAMPLE.TEST", "web.example.test" },
    { "HTTP@@EXAMPLE.TEST", false, TARGET_MALFORMED, 0, 0, "", "", "" },
    { "@web@EXAMPLE.TEST", false, TARGET_MALFORMED, 0, 0, "", "", "" },
    { "svc@EXAMPLE.TEST", false, TARGET_GOOD, TARGET_PRINCIPAL, 1, "svc", "EXAMPLE.TEST", "" },
    { "alice@example.test", true, TARGET_GOOD, TARGET_PRINCIPAL, 1, "alice", "example.test", "" },
    { "alice", true, TARGET_GOOD, TARGET_PRINCIPAL, 1, "alice", "", "" },
    { "", false, TARGET_EMPTY, 0, 0, "", "", "" },
    { "web", false, TARGET_NO_SPN, 0, 0, "", "", "" },
    { "HTTP/127.0.0.1", false, TARGET_ADDRESS, 0, 0, "", "", "" },
    { "HTTP/127.0.0.1:8080", false, TARGET_ADDRESS, 0, 0, "", "", "" },
    { "HTTP/::1", false, TARGET_ADDRESS, 0, 0, "", "", "" },
    { "HTTP/[::1]:80", false, TARGET_ADDRESS, 0, 0, "", "", "" },
    { "HTTP@127.0.0.1", false, TARGET_ADDRESS, 0, 0, "", "", "" },
    { "HTTP/", false, TARGET_MALFORMED, 0, 0, "", "", "" },
    { "/web", false, TARGET_MALFORMED, 0, 0, "", "", "" },
    { "HTTP//web", false, TARGET_MALFORMED, 0, 0, "", "", "" },
    { "HTTP/web@", false, TARGET_MALFORMED, 0, 0, "", "", "" },
    { "@EXAMPLE.TEST", false, TARGET_MALFORMED, 0, 0, "", "", "" },
    { "a/b/c/d/e/f/g/h/i", false, TARGET_MALFORMED, 0, 0, "", "", "" },
};

static void
test_target_parse__each_form_is_told(void **state)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct target t;
        enum target_fault fault = target_parse(&t, bytes_of_string(rows[i].text), rows[i].user);

        if (fault != rows[i].fault) {
            fail_msg("%s: %s", rows[i].text, target_fault_text(fault));
        }
        if (fault != TARGET_GOOD) {
            continue;
        }
        assert_int_equal(t.kind, rows[i].kind);
        assert_int_equal(t.name.n, rows[i].n);
        assert_true(bytes_equal(t.name.parts[t.name.n - 1], bytes_of_string(rows[i].last)));
        assert_true(bytes_equal(t.realm, bytes_of_string(rows[i].realm)));
        assert_true(bytes_equal(t.host, bytes_of_string(rows[i].host)));
    }
}

static void
test_target_parse__a_nul_is_no_part_of_a_name(void **state)
{
    struct target t;

    assert_int_equal(target_parse(&t, bytes_of("HTTP/web\0x", 10), false), TARGET_MALFORMED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_target_parse__each_form_is_told),
        cmocka_unit_test(test_target_parse__a_nul_is_no_part_of_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
