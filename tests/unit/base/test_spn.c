/* SPDX-License-Identifier: Apache-2.0 */
/* Service principal names: which are one service's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attributes.h"
#include "base/spn.h"
#include "tests/support/hex.h"

static void
test_spn_matches__class_and_host_without_case_port_and_name_where_both(void **state)
{
    const struct {
        struct bytes own, sent;
        bool same;
    } cases[] = {
        { UTF16("HTTP/web1"), UTF16("HTTP/web1"), true },
        { UTF16("HTTP/web1"), UTF16("http/WEB1"), true },
        { UTF16("HTTP/web1"), UTF16("HTTP/web1:8080"), true },
        { UTF16("HTTP/web1:8080"), UTF16("HTTP/web1"), true },
        { UTF16("HTTP/web1:8080"), UTF16("HTTP/web1:8080"), true },
        { UTF16("HTTP/web1:8080"), UTF16("HTTP/web1:80"), false },
        { UTF16("HTTP/web1"), UTF16("HTTP/web1/name"), true },
        { UTF16("HTTP/web1/NAME"), UTF16("HTTP/web1/name"), true },
        { UTF16("HTTP/web1/name"), UTF16("HTTP/web1/other"), false },
        { UTF16("HTTP/web1"), UTF16("HTTP/web10"), false },
        { UTF16("HTTP/web1"), UTF16("HTTP/web"), false },
        { UTF16("HTTP/web1"), UTF16("HTTP/web1.example.test"), false },
        { UTF16("HTTP/web1"), UTF16("HOST/web1"), false },
        { UTF16("HTTP/web1"), UTF16("web1"), false },
        { UTF16("HTTP/web1"), UTF16("HTTP"), false },
        { UTF16("HTTP/web1"), UTF16("HTTP/"), false },
        { UTF16("HTTP/web1"), UTF16("HTTP/:80"), false },
        { UTF16("HTTP/web1"), UTF16("/web1"), false },
        { UTF16("HTTP/web1"), UTF16(""), false },
        { UTF16("HTTP/"), UTF16("HTTP/"), false }, /* a name without a host is nobody's */
        { UTF16("HTTP/web1"), HEX("48005400540050002f0077006500620031"), false }, /* half a unit */
        { UTF16("HTTP/web1"), HEX("48"), false },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        assert_int_equal(spn_matches(cases[i].own, cases[i].sent), cases[i].same);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spn_matches__class_and_host_without_case_port_and_name_where_both),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
