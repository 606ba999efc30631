/* SPDX-License-Identifier: Apache-2.0 */
/* Names and passwords as RFC 7617 has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attributes.h"
#include "service/http_basic.h"

static void
test_http_basic_read__names_domains_and_passwords(void **state)
{
    static const struct {
        const char *text, *domain, *user, *password;
    } rows[] = {
        { "Aladdin:open sesame", "", "Aladdin", "open sesame" }, /* RFC 7617 2 */
        { "test:123\xC2\xA3", "", "test", "123\xC2\xA3" },       /* RFC 7617 2.1 */
        { "alice:", "", "alice", "" },
        { "alice:a:b:", "", "alice", "a:b:" },
        { "WEB1\\alice:x", "WEB1", "alice", "x" },
        { "\\alice:x", "", "alice", "x" },
        { "a\\b\\c:x\\y", "a", "b\\c", "x\\y" },
        { "alice@example.test:x", "", "alice@example.test", "x" },
        { "j\xC3\xB6rg:\xE2\x82\xAC", "", "j\xC3\xB6rg", "\xE2\x82\xAC" },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        struct http_basic b;

        assert_null(http_basic_read(bytes_of_string(rows[i].text), &b));
        assert_string_equal(b.domain, rows[i].domain);
        assert_string_equal(b.user, rows[i].user);
        assert_string_equal(b.password, rows[i].password);
        http_basic_clear(&b);
        assert_null(b.room.p);
    }
}

static void
test_http_basic_read__each_fault(void **state)
{
    static const struct {
        const char *text;
        size_t n;
        const char *words;
    } rows[] = {
        { "", 0, "no colon" },          { "alice", 5, "no colon" },   { ":x", 2, "no name" },
        { "WEB1\\:x", 7, "no name" },   { "a\0b:x", 5, "control" },   { "alice:x\n", 8, "control" },
        { "alice:\x7F", 7, "control" }, { "alice:\xFC", 7, "UTF-8" }, { "\xFC:x", 3, "UTF-8" },
        { "alice:\xC3", 7, "UTF-8" },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        struct http_basic b;
        const char *wrong = http_basic_read(bytes_of(rows[i].text, rows[i].n), &b);

        assert_non_null(wrong);
        assert_non_null(strstr(wrong, rows[i].words));
        http_basic_clear(&b);
    }
}

static void
test_http_basic_put_challenge__asks_for_utf_8(void **state)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);

    (void)state;
    http_basic_put_challenge(&w, "The house");
    wire_put_u8(&w, 0);
    assert_string_equal((const char *)w.p, "Basic realm=\"The house\", charset=\"UTF-8\"");
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_basic_read__names_domains_and_passwords),
        cmocka_unit_test(test_http_basic_read__each_fault),
        cmocka_unit_test(test_http_basic_put_challenge__asks_for_utf_8),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
