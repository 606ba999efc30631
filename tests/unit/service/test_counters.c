/* SPDX-License-Identifier: Apache-2.0 */
/* What a listener has seen: why clients were refused, how long handshakes took. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <opensspi/secstatus.h>

#include "base/bytes.h"
#include "service/counters.h"
#include "service/session.h"

static void
test_counters_refusal_of__the_account_before_the_status(void **state)
{
    static const struct {
        sec_status status;
        uint32_t sub_status;
        const char *name;
    } rows[] = {
        { SEC_E_LOGON_DENIED, 0xC000006A, "credentials" },
        { SEC_E_LOGON_DENIED, 0, "credentials" },
        { SEC_E_LOGON_DENIED, 0xC0000234, "locked-out" },
        { SEC_E_LOGON_DENIED, 0xC0000072, "account" },
        { SEC_E_TIME_SKEW, 0, "ticket" },
        { SEC_E_BAD_BINDINGS, 0, "bindings" },
        { SEC_E_INVALID_TOKEN, 0, "token" },
        { SEC_E_UNSUPPORTED_FUNCTION, 0, "policy" },
        { SEC_E_NO_AUTHENTICATING_AUTHORITY, 0, "authority" },
        { SESSION_TIMEOUT, 0, "timeout" },
        { SESSION_OUT_OF_BOUNDS, 0, "limit" },
        { SEC_E_INTERNAL_ERROR, 0x12345678, "other" },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        assert_string_equal(
            counters_refusal_name(counters_refusal_of(rows[i].status, rows[i].sub_status)),
            rows[i].name);
    }
}

static void
test_counters__every_name__there_and_once(void **state)
{
    (void)state;
    for (enum counters_refusal i = 0; i < COUNTERS_REFUSALS; i++) {
        assert_non_null(counters_refusal_name(i));
        for (enum counters_refusal k = 0; k < i; k++) {
            assert_string_not_equal(counters_refusal_name(i), counters_refusal_name(k));
        }
    }
    for (enum counters_reason i = 0; i < COUNTERS_REASONS; i++) {
        assert_non_null(counters_reason_name(i));
    }
}

static void
test_counters_add_handshake__bounds__belong_to_the_bucket_below(void **state)
{
    struct counters counters = { 0 };

    (void)state;
    for (size_t i = 0; i < COUNTERS_BUCKETS; i++) {
        assert_true(i == 0 || counters_bounds_us[i] > counters_bounds_us[i - 1]);
        counters_add_handshake(&counters, counters_bounds_us[i]);
        assert_int_equal(counters_get(&counters.took[i]), 1);
        counters_add_handshake(&counters, counters_bounds_us[i] + 1);
        assert_int_equal(counters_get(&counters.took[i + 1]), 1);
        counters.took[i + 1] = 0;
    }
    counters = (struct counters){ 0 };
    counters_add_handshake(&counters, 0);
    counters_add_handshake(&counters, UINT32_MAX);
    assert_int_equal(counters.took[0], 1);
    assert_int_equal(counters.took[COUNTERS_BUCKETS], 1);
    assert_int_equal(counters.took_us, UINT32_MAX);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counters_refusal_of__the_account_before_the_status),
        cmocka_unit_test(test_counters__every_name__there_and_once),
        cmocka_unit_test(test_counters_add_handshake__bounds__belong_to_the_bucket_below),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
