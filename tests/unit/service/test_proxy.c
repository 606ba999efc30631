/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a listener believes, and what it reads from them. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "service/proxy.h"

static struct in6_addr
address(const char *text)
{
    struct in6_addr a = { 0 };
    struct in_addr v4;

    if (inet_pton(AF_INET, text, &v4) == 1) {
        a.s6_addr[10] = a.s6_addr[11] = 0xFF;
        memcpy(a.s6_addr + 12, &v4, sizeof(v4));
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &a), 1);
    }
    return a;
}

static void
test_proxy_is_trusted__addresses_and_networks(void **state)
{
    static const struct {
        const char *rules, *peer;
        bool trusted;
    } rows[] = {
        { "192.0.2.1", "192.0.2.1", true },
        { "192.0.2.1", "192.0.2.2", false },
        { "192.0.2.1", "::ffff:192.0.2.1", true },
        { "10.0.0.0/8", "10.255.0.1", true },
        { "10.0.0.0/8", "11.0.0.1", false },
        { "10.0.0.0/8", "a00::1", false },
        { "0.0.0.0/0", "203.0.113.9", true },
        { "0.0.0.0/0", "2001:db8::1", false },
        { "192.0.2.128/25", "192.0.2.127", false },
        { "192.0.2.128/25", "192.0.2.128", true },
        { "2001:db8::/32", "2001:db8:ffff::1", true },
        { "2001:db8::/32", "2001:db9::1", false },
        { "::/0", "192.0.2.1", true },
        { "::1", "127.0.0.1", false },
        { "127.0.0.1, ::1\t10.0.0.0/8", "::1", true },
        { "127.0.0.1, ::1\t10.0.0.0/8", "10.1.2.3", true },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        struct proxy_rules rules = { 0 };
        struct in6_addr peer = address(rows[i].peer);
        char why[256];

        assert_true(proxy_take_addresses(&rules, rows[i].rules, why, sizeof(why)));
        assert_int_equal(proxy_is_trusted(&rules, &peer), rows[i].trusted);
        proxy_rules_clear(&rules);
    }
}

static void
test_proxy_take_addresses__each_fault(void **state)
{
    static const char *const rows[] = {
        "",
        " , ",
        "localhost",
        "192.0.2.1:80",
        "192.0.2.1/33",
        "192.0.2.1/-1",
        "192.0.2.1/",
        "192.0.2.1/24", /* bits outside of the network */
        "2001:db8::1/32",
        "::1/129",
        "10.0.0.0/8 nonsense",
        "999.0.0.1",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaa",
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        struct proxy_rules rules = { 0 };
        char why[256] = "";

        assert_false(proxy_take_addresses(&rules, rows[i], why, sizeof(why)));
        assert_true(why[0] != 0);
        proxy_rules_clear(&rules);
    }
}

static const struct proxy_rules all = { .connection_header = (char *)"X-Connection",
                                        .age_header = (char *)"X-Age",
                                        .client_header = (char *)"X-Forwarded-For",
                                        .scheme_header = (char *)"X-Forwarded-Proto" };

static void
test_proxy_read__what_is_said(void **state)
{
    const struct http_field fields[] = { { "Host", "x" },
                                         { "x-connection", "1-7-192.0.2.7:99" },
                                         { "X-AGE", "12.345" },
                                         { "X-Forwarded-For", "203.0.113.1, 192.0.2.7" },
                                         { "X-Forwarded-Proto", "HTTPS" } };
    const struct http_fields f = { fields, SEC_ARRAY_LEN(fields) };
    const struct proxy_rules none = { 0 };
    struct in6_addr client = address("192.0.2.7");
    struct proxy_said said;

    (void)state;
    assert_null(proxy_read(&all, &f, &said));
    assert_string_equal(said.connection, "1-7-192.0.2.7:99");
    assert_true(said.has_age && said.age_s == 12 && said.https);
    assert_string_equal(said.client_text, "192.0.2.7");
    assert_memory_equal(&said.client, &client, sizeof(client));
    assert_null(proxy_read(&none, &f, &said));
    assert_true(!said.connection && !said.has_age && !said.https && !said.client_text[0]);
    assert_null(proxy_read(&all, &(struct http_fields){ fields, 1 }, &said));
    assert_true(!said.connection && !said.has_age && !said.https && !said.client_text[0]);
}

static void
test_proxy_read__clients(void **state)
{
    static const struct {
        const char *value, *client; /* NULL: refused */
    } rows[] = {
        { "192.0.2.7", "192.0.2.7" },
        { " 192.0.2.7 ", "192.0.2.7" },
        { "192.0.2.7:1234", "192.0.2.7" },
        { "2001:db8::7", "2001:db8::7" },
        { "[2001:db8::7]", "2001:db8::7" },
        { "[2001:db8::7]:1234", "2001:db8::7" },
        { "evil, , 192.0.2.7", "192.0.2.7" },
        { "", "" }, /* a variable without a value */
        { "192.0.2.7,", NULL },
        { "unknown", NULL },
        { "unix:", NULL },
        { "192.0.2.7 192.0.2.8", NULL },
        { "[2001:db8::7", "2001:db8::7" },
        { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
          "aa",
          NULL },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        const struct http_field field = { "X-Forwarded-For", rows[i].value };
        struct proxy_said said;
        const char *wrong = proxy_read(&all, &(struct http_fields){ &field, 1 }, &said);

        assert_int_equal(wrong == NULL, rows[i].client != NULL);
        if (rows[i].client) {
            assert_string_equal(said.client_text, rows[i].client);
        }
    }
}

static void
test_proxy_read__each_fault(void **state)
{
    static const struct {
        struct http_field fields[2];
        const char *words;
    } rows[] = {
        { { { "X-Connection", "1" }, { "x-connection", "1" } }, "twice" },
        { { { "X-Age", "1" }, { "X-Age", "1" } }, "twice" },
        { { { "X-Forwarded-For", "::1" }, { "X-Forwarded-For", "::1" } }, "twice" },
        { { { "X-Forwarded-Proto", "https" }, { "X-Forwarded-Proto", "http" } }, "twice" },
        { { { "X-Connection", "a b" }, { "X-Age", "1" } }, "visible" },
        { { { "X-Connection", "a\tb" }, { "X-Age", "1" } }, "visible" },
        { { { "X-Connection", "\xC3\xBC" }, { "X-Age", "1" } }, "visible" },
        { { { "X-Connection", "1" }, { "X-Age", "-1" } }, "seconds" },
        { { { "X-Connection", "1" }, { "X-Age", "1." } }, "seconds" },
        { { { "X-Connection", "1" }, { "X-Age", ".5" } }, "seconds" },
        { { { "X-Connection", "1" }, { "X-Age", "1.5s" } }, "seconds" },
        { { { "X-Connection", "1" }, { "X-Age", "99999999999999999999999" } }, "seconds" },
        { { { "X-Connection", "1" }, { "X-Other", "1" } }, "does not send" },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        struct proxy_said said;
        const char *wrong = proxy_read(&all, &(struct http_fields){ rows[i].fields, 2 }, &said);

        assert_non_null(wrong);
        assert_non_null(strstr(wrong, rows[i].words));
    }
}

static void
test_proxy_read__names_of_connections_are_bounded(void **state)
{
    const struct proxy_rules rules = { .connection_header = (char *)"X" };
    char name[PROXY_CONNECTION_BYTES + 2];
    const struct http_field field = { "X", name };
    struct proxy_said said;

    (void)state;
    memset(name, 'x', sizeof(name));
    name[PROXY_CONNECTION_BYTES + 1] = 0;
    assert_non_null(proxy_read(&rules, &(struct http_fields){ &field, 1 }, &said));
    name[PROXY_CONNECTION_BYTES] = 0;
    assert_null(proxy_read(&rules, &(struct http_fields){ &field, 1 }, &said));
    assert_string_equal(said.connection, name);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_proxy_is_trusted__addresses_and_networks),
        cmocka_unit_test(test_proxy_take_addresses__each_fault),
        cmocka_unit_test(test_proxy_read__what_is_said),
        cmocka_unit_test(test_proxy_read__clients),
        cmocka_unit_test(test_proxy_read__each_fault),
        cmocka_unit_test(test_proxy_read__names_of_connections_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
