/* SPDX-License-Identifier: Apache-2.0 */
/* HOST:PORT, as people type it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attributes.h"
#include "base/host_port.h"

static void
test_host_port_split__what_it_is(void **state)
{
    static const struct {
        const char *text, *host, *port;
    } rows[] = {
        { "db.example.test:5432", "db.example.test", "5432" },
        { "127.0.0.1:1", "127.0.0.1", "1" },
        { "[::1]:2000", "::1", "2000" },
        { "[fe80::1%eth0]:ssh", "fe80::1%eth0", "ssh" },
        { "h:p", "h", "p" },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        char host[HOST_PORT_HOST_BYTES];
        const char *port;

        assert_true(host_port_split(rows[i].text, host, &port));
        assert_string_equal(host, rows[i].host);
        assert_string_equal(port, rows[i].port);
    }
}

static void
test_host_port_split__what_it_is_not(void **state)
{
    static const char *const rows[] = {
        "", ":", "host", "host:", ":1", "::1:2000", "[]:1", "a:b:1",
    };
    char text[HOST_PORT_HOST_BYTES + 3], host[HOST_PORT_HOST_BYTES];
    const char *port;

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        assert_false(host_port_split(rows[i], host, &port));
    }
    for (size_t n = HOST_PORT_HOST_BYTES - 1; n <= HOST_PORT_HOST_BYTES; n++) {
        for (size_t i = 0; i < n; i++) {
            text[i] = 'a';
        }
        text[n] = ':';
        text[n + 1] = '1';
        text[n + 2] = 0;
        assert_int_equal(host_port_split(text, host, &port), n < HOST_PORT_HOST_BYTES);
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_host_port_split__what_it_is),
        cmocka_unit_test(test_host_port_split__what_it_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
