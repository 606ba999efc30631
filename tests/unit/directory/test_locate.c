/* SPDX-License-Identifier: Apache-2.0 */
/* Which servers are asked: as configured, and as DNS has them (RFC 1035 4.1, RFC 2782). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/wire.h"
#include "directory/locate.h"

static void
assert_servers(const char *servers, const char *host, unsigned port, size_t n)
{
    struct locate_list list;

    assert_int_equal(locate(servers, "example.test", &list), SEC_E_OK);
    assert_int_equal(list.n, n);
    assert_string_equal(list.at[n - 1].host, host);
    assert_int_equal(list.at[n - 1].port, port);
}

static void
test_locate__as_configured(void **state)
{
    static const char *const bad[] = {
        "ldap://",
        "ldaps://dc1",
        "dc1",
        "ldap://dc1/",
        "ldap://dc1?x",
        "ldap://a:0",
        "ldap://a:65536",
        "ldap://a:1x",
        "ldap://a:",
        "ldap://:389",
        "ldap://-a",
        "ldap://.a",
        "ldap://a@b",
        "ldap://a%00",
        "ldap://a,ldap://b",
        "ldap://a ldap://",
        "ldap://a ldap://b ldap://c ldap://d ldap://e",
    };
    struct locate_list list;

    assert_servers("ldap://dc1.example.test", "dc1.example.test", 389, 1);
    assert_servers("  ldap://dc1:3890\tldap://DC-2.example.test:1  ", "DC-2.example.test", 1, 2);
    assert_servers("ldap://127.0.0.1:65535", "127.0.0.1", 65535, 1);
    for (size_t i = 0; i < SEC_ARRAY_LEN(bad); i++) {
        assert_int_equal(locate(bad[i], "example.test", &list), SEC_E_INVALID_PARAMETER);
    }
    assert_int_equal(locate("", "example.test", &list), SEC_E_NO_AUTHENTICATING_AUTHORITY);
}

/* --- DNS ----------------------------------------------------------------------------------- */

struct srv {
    uint16_t priority, weight, port;
    const char *host;
};

static void
put_name(struct wire_writer *w, const char *name)
{
    while (*name) {
        size_t n = strcspn(name, ".");

        wire_put_u8(w, (uint8_t)n);
        wire_put(w, name, n);
        name += n + (name[n] == '.');
    }
    wire_put_u8(w, 0);
}

static struct bytes
answer_of(const struct srv *records, size_t n, struct wire_writer *w)
{
    wire_put_be16(w, 77);
    wire_put_be16(w, 0x8180);
    wire_put_be16(w, 1);
    wire_put_be16(w, (uint16_t)n);
    wire_put_be32(w, 0);
    put_name(w, "_ldap._tcp.dc._msdcs.example.test");
    wire_put_be16(w, 33);
    wire_put_be16(w, 1);
    for (size_t i = 0; i < n; i++) {
        uint8_t room[300];
        struct wire_writer data = wire_writer_fixed(room, sizeof(room));

        wire_put_be16(&data, records[i].priority);
        wire_put_be16(&data, records[i].weight);
        wire_put_be16(&data, records[i].port);
        put_name(&data, records[i].host);
        wire_put_be16(w, 0xc00c); /* the question's name */
        wire_put_be16(w, 33);
        wire_put_be16(w, 1);
        wire_put_be32(w, 600);
        wire_put_be16(w, (uint16_t)data.len);
        wire_put_bytes(w, wire_written(&data));
    }
    assert_int_equal(wire_writer_status(w), WIRE_OK);
    return wire_written(w);
}

static const struct srv six[] = {
    { 10, 1, 389, "e.example.test" },  { 0, 5, 389, "b.example.test" },
    { 0, 90, 3268, "a.example.test" }, { 10, 50, 389, "d.example.test" },
    { 5, 0, 389, "c.example.test" },   { 0, 0, 389, "b2.example.test" },
};

static void
test_locate_take_answer__lower_priorities_and_more_weight_come_first(void **state)
{
    static const char *const expected[] = { "a.example.test", "b.example.test", "b2.example.test",
                                            "c.example.test" };
    uint8_t room[1024];
    struct wire_writer w = wire_writer_fixed(room, sizeof(room));
    struct locate_list list = { .n = 0 };

    assert_true(locate_take_answer(&list, answer_of(six, 6, &w)));
    assert_int_equal(list.n, LOCATE_SERVERS_MAX);
    for (size_t i = 0; i < LOCATE_SERVERS_MAX; i++) {
        assert_string_equal(list.at[i].host, expected[i]);
    }
    assert_int_equal(list.at[0].port, 3268);
}

/* What is no host's name never comes into a service's name or to the resolver. */
static void
test_locate_take_answer__what_is_no_host_is_left_out(void **state)
{
    static const struct srv odd[] = {
        { 0, 0, 389, "" },    { 0, 0, 0, "a.test" },    { 0, 0, 389, "a/b.test" },
        { 0, 0, 389, "a@b" }, { 0, 0, 389, "-a.test" }, { 0, 0, 389, "a b.test" },
    };
    uint8_t room[1024];
    struct wire_writer w = wire_writer_fixed(room, sizeof(room));
    struct locate_list list = { .n = 0 };

    assert_true(locate_take_answer(&list, answer_of(odd, SEC_ARRAY_LEN(odd), &w)));
    assert_int_equal(list.n, 0);
}

static void
test_locate_take_answer__cut_or_altered__no_crash(void **state)
{
    uint8_t room[1024];
    struct wire_writer w = wire_writer_fixed(room, sizeof(room));
    const struct bytes whole = answer_of(six, 6, &w);
    struct locate_list list = { .n = 0 };

    for (size_t n = 0; n < whole.n; n++) {
        assert_false(locate_take_answer(&list, bytes_of(whole.p, n)));
    }
    for (size_t i = 0; i < 8 * whole.n; i++) {
        list.n = 0;
        room[i / 8] ^= (uint8_t)(1u << i % 8);
        if (locate_take_answer(&list, whole)) {
            assert_true(list.n <= LOCATE_SERVERS_MAX);
        }
        room[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_locate__as_configured),
        cmocka_unit_test(test_locate_take_answer__lower_priorities_and_more_weight_come_first),
        cmocka_unit_test(test_locate_take_answer__what_is_no_host_is_left_out),
        cmocka_unit_test(test_locate_take_answer__cut_or_altered__no_crash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
