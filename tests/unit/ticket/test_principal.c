/* SPDX-License-Identifier: Apache-2.0 */
/* Names of principals as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ticket/principal.h"

static void
test_split__names__give_their_parts(void **state)
{
    static const struct {
        const char *text;
        size_t n;
        const char *parts[3], *realm;
    } table[] = {
        { "alice", 1, { "alice" }, "" },
        { "alice@EXAMPLE.TEST", 1, { "alice" }, "EXAMPLE.TEST" },
        { "HTTP/web.example.test", 2, { "HTTP", "web.example.test" }, "" },
        { "HTTP/web.example.test@R", 2, { "HTTP", "web.example.test" }, "R" },
        { "ldap/dc/example.test@R", 3, { "ldap", "dc", "example.test" }, "R" },
        { "alice@example.test@R", 1, { "alice@example.test" }, "R" },
        { "J\xC3\xB6rg@R", 1, { "J\xC3\xB6rg" }, "R" },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(table); i++) {
        struct krb_name name;
        struct bytes realm;

        assert_true(principal_split(bytes_of_string(table[i].text), &name, &realm));
        assert_int_equal(name.n, table[i].n);
        for (size_t j = 0; j < name.n; j++) {
            assert_true(bytes_equal(name.parts[j], bytes_of_string(table[i].parts[j])));
        }
        assert_true(bytes_equal(realm, bytes_of_string(table[i].realm)));
    }
}

static void
test_split__what_is_no_name__is_refused(void **state)
{
    static const char *const table[] = {
        "",      "@",    "@R",        "alice@",      "/",
        "HTTP/", "/web", "HTTP//web", "HTTP/web/@R", "1/2/3/4/5/6/7/8/9",
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(table); i++) {
        struct krb_name name;
        struct bytes realm;

        assert_false(principal_split(bytes_of_string(table[i]), &name, &realm));
    }
    assert_true(principal_split(bytes_of_string("1/2/3/4/5/6/7/8"), &(struct krb_name){ 0 },
                                &(struct bytes){ 0 }));
}

static bool
are_equal(const char *a, const char *b)
{
    struct krb_name one, two;
    struct bytes realm;

    assert_true(principal_split(bytes_of_string(a), &one, &realm));
    assert_true(principal_split(bytes_of_string(b), &two, &realm));
    return principal_names_equal(&one, &two);
}

static void
test_names_equal__has_no_case_in_the_host_alone(void **state)
{
    assert_true(are_equal("HTTP/web.example.test", "HTTP/WEB.example.TEST"));
    assert_true(are_equal("ldap/DC/Example.test", "ldap/dc/example.test"));
    assert_false(are_equal("HTTP/web", "http/web"));
    assert_false(are_equal("alice", "Alice"));
    assert_false(are_equal("HTTP/web", "HTTP/web/x"));
    assert_false(are_equal("HTTP/web", "HTTP/we"));
    assert_false(principal_names_equal(&(struct krb_name){ 0 }, &(struct krb_name){ 0 }));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split__names__give_their_parts),
        cmocka_unit_test(test_split__what_is_no_name__is_refused),
        cmocka_unit_test(test_names_equal__has_no_case_in_the_host_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
