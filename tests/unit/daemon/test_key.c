/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of the configuration as tables, and the values that daemons share. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "daemon/key.h"

struct object {
    unsigned long number;
    bool flag;
    char *text, *path, *name;
};

static const struct key keys[] = {
    { "number", offsetof(struct object, number), NULL, 1, 9 },
    { "flag", offsetof(struct object, flag), key_take_flag, 0, 0 },
    { "text", offsetof(struct object, text), key_take_text, 0, 0 },
};
static const struct key more_keys[] = {
    { "path", offsetof(struct object, path), key_take_path, 0, 0 },
    { "name", offsetof(struct object, name), key_take_name, 0, 0 },
};

static bool
take(struct object *o, const char *key, const char *value, char *why)
{
    const struct config_entry e = { .section = "s", .instance = "", .key = key, .value = value };
    const struct key_table tables[] = { { keys, SEC_ARRAY_LEN(keys), o },
                                        { more_keys, SEC_ARRAY_LEN(more_keys), o } };

    return key_take_entry(&e, tables, 2, why, 100);
}

static void
test_key_take_entry__every_table__taken(void **state)
{
    struct object o = { 0 };
    char why[100];

    (void)state;
    assert_true(take(&o, "number", "9", why));
    assert_true(take(&o, "flag", "yes", why));
    assert_true(take(&o, "text", "a", why));
    assert_true(take(&o, "text", "b", why));
    assert_true(take(&o, "path", "/p", why));
    assert_true(take(&o, "name", "n", why));
    assert_int_equal(o.number, 9);
    assert_true(o.flag);
    assert_string_equal(o.text, "b");
    assert_string_equal(o.path, "/p");
    assert_string_equal(o.name, "n");
    mem_free(o.text);
    mem_free(o.path);
    mem_free(o.name);
}

static void
test_key_take_entry__faults__said(void **state)
{
    static const char *const rows[][3] = {
        { "number", "10", "a number from 1 to 9" },
        { "flag", "perhaps", "yes or no" },
        { "path", "p", "a path that begins with \"/\"" },
        { "name", "", "a name of 1 to 128 bytes" },
        { "nam", "x", "unknown key; did you mean \"name\"?" },
        { "something", "x", "unknown key" },
    };
    struct object o = { 0 };
    char why[100];

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        assert_false(take(&o, rows[i][0], rows[i][1], why));
        assert_string_equal(why, rows[i][2]);
    }
}

static void
test_key_check_section__names_where_they_belong(void **state)
{
    static const struct {
        const char *section, *instance, *why;
    } rows[] = {
        { "events", "", NULL },
        { "listener", "front", NULL },
        { "port", "a", NULL },
        { "ras", "a", "[ras] without a name" },
        { "listner", "a", "unknown section; did you mean \"listener\"?" },
    };
    char why[100];

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        const struct config_entry e = { .section = rows[i].section, .instance = rows[i].instance };

        assert_int_equal(key_check_section(&e, why, sizeof(why)), rows[i].why == NULL);
        if (rows[i].why) {
            assert_string_equal(why, rows[i].why);
        }
    }
}

static void
test_key_parse_address__numbers_only(void **state)
{
    static const struct {
        const char *text, *shown;
        unsigned port;
    } good[] = {
        { "127.0.0.1:2000", "::ffff:127.0.0.1", 2000 },
        { "0.0.0.0:0", "::ffff:0.0.0.0", 0 },
        { "[::1]:80", "::1", 80 },
        { "[::]:65535", "::", 65535 },
    };
    static const char *const bad[] = {
        "",         "127.0.0.1", ":80",   "127.0.0.1:",     "127.0.0.1:65536",
        "::1:80",   "[::1]80",   "[]:80", "[127.0.0.1]:80", "localhost:80",
        "127.1:80", "1.2.3.4:-1"
    };
    struct sockaddr_in6 address;
    char text[64];

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(good); i++) {
        assert_true(key_parse_address(good[i].text, &address));
        assert_non_null(inet_ntop(AF_INET6, &address.sin6_addr, text, sizeof(text)));
        assert_string_equal(text, good[i].shown);
        assert_int_equal(ntohs(address.sin6_port), good[i].port);
    }
    for (size_t i = 0; i < SEC_ARRAY_LEN(bad); i++) {
        assert_false(key_parse_address(bad[i], &address));
    }
}

static void
test_key_is_same_address__port_0_is_never(void **state)
{
    struct sockaddr_in6 a, b;

    (void)state;
    assert_true(key_parse_address("127.0.0.1:80", &a));
    assert_true(key_parse_address("127.0.0.1:80", &b));
    assert_true(key_is_same_address(&a, &b));
    assert_true(key_parse_address("127.0.0.2:80", &b));
    assert_false(key_is_same_address(&a, &b));
    assert_true(key_parse_address("127.0.0.1:0", &a));
    assert_false(key_is_same_address(&a, &a));
}

static void
test_key_is_same_text__none_is_not_the_empty_one(void **state)
{
    (void)state;
    assert_true(key_is_same_text("a", (const char[]){ 'a', 0 }));
    assert_true(key_is_same_text(NULL, NULL));
    assert_false(key_is_same_text("a", "A"));
    assert_false(key_is_same_text("", NULL));
    assert_false(key_is_same_text(NULL, ""));
}

static void
test_key_is_name__letters_digits_and_three_signs(void **state)
{
    (void)state;
    assert_true(key_is_name("Front-1_a.b"));
    assert_false(key_is_name(""));
    assert_false(key_is_name("a b"));
    assert_false(key_is_name("a/b"));
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_take_entry__every_table__taken),
        cmocka_unit_test(test_key_take_entry__faults__said),
        cmocka_unit_test(test_key_check_section__names_where_they_belong),
        cmocka_unit_test(test_key_parse_address__numbers_only),
        cmocka_unit_test(test_key_is_same_address__port_0_is_never),
        cmocka_unit_test(test_key_is_same_text__none_is_not_the_empty_one),
        cmocka_unit_test(test_key_is_name__letters_digits_and_three_signs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
