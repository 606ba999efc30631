/* SPDX-License-Identifier: Apache-2.0 */
/* One-time codes: the RFCs' vectors, the window, and what is used up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "account/one_time_code.h"
#include "base/clock.h"

#define NOW_S UINT64_C(1795260225)

/* RFC 4226 appendix D and RFC 6238 appendix B: the digits over again, to the digest's length. */
static struct one_time_code
code_of(enum one_time_code_type type, enum one_time_code_algorithm algorithm, unsigned digits)
{
    struct one_time_code c = { .type = type,
                               .algorithm = algorithm,
                               .digits = digits,
                               .period_s = 30,
                               .n = one_time_code_secret_bytes(algorithm) };

    for (size_t i = 0; i < c.n; i++) {
        c.secret[i] = (uint8_t)("1234567890"[i % 10]);
    }
    return c;
}

static uint64_t
at(uint64_t unix_s)
{
    return (unix_s + UINT64_C(11644473600)) * CLOCK_SECOND_100NS;
}

static struct one_time_code_verdict
check(const struct one_time_code *c, const char *digits, uint64_t unix_s)
{
    struct one_time_code_verdict v;

    assert_true(one_time_code_check(c, bytes_of_string(digits), at(unix_s), &v));
    return v;
}

static void
test_make__rfc_4226_appendix_d(void **state)
{
    static const char *const wanted[] = { "755224", "287082", "359152", "969429", "338314",
                                          "254676", "287922", "162583", "399871", "520489" };
    struct one_time_code c = code_of(ONE_TIME_CODE_HOTP, ONE_TIME_CODE_SHA1, 6);
    char digits[ONE_TIME_CODE_DIGITS_MAX + 1];

    for (uint64_t i = 0; i < SEC_ARRAY_LEN(wanted); i++) {
        assert_true(one_time_code_make(&c, i, digits));
        assert_string_equal(digits, wanted[i]);
        c.next = i;
        assert_true(check(&c, wanted[i], 0).right);
        assert_int_equal(check(&c, wanted[i], 0).moment, i);
    }
}

static void
test_make__rfc_6238_appendix_b(void **state)
{
    static const struct {
        uint64_t unix_s;
        const char *sha1, *sha256, *sha512;
    } vectors[] = {
        { 59, "94287082", "46119246", "90693936" },
        { 1111111109, "07081804", "68084774", "25091201" },
        { 1111111111, "14050471", "67062674", "99943326" },
        { 1234567890, "89005924", "91819424", "93441116" },
        { 2000000000, "69279037", "90698825", "38618901" },
        { 20000000000, "65353130", "77737706", "47863826" },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        const char *wanted[] = { vectors[i].sha1, vectors[i].sha256, vectors[i].sha512 };

        for (unsigned a = 0; a < 3; a++) {
            struct one_time_code c = code_of(ONE_TIME_CODE_TOTP, ONE_TIME_CODE_SHA1 + a, 8);
            char digits[ONE_TIME_CODE_DIGITS_MAX + 1];

            assert_true(one_time_code_make(&c, vectors[i].unix_s / 30, digits));
            assert_string_equal(digits, wanted[a]);
            assert_true(check(&c, wanted[a], vectors[i].unix_s).right);
        }
    }
}

static void
test_check__totp__a_step_to_either_side(void **state)
{
    for (unsigned period = 30; period <= 60; period += 30) {
        struct one_time_code c = code_of(ONE_TIME_CODE_TOTP, ONE_TIME_CODE_SHA256, 6);
        char digits[ONE_TIME_CODE_DIGITS_MAX + 1];
        uint64_t step = NOW_S / period;

        c.period_s = period;
        for (int by = -20; by <= 20; by++) {
            struct one_time_code_verdict v;

            assert_true(one_time_code_make(&c, step + (uint64_t)(int64_t)by, digits));
            v = check(&c, digits, NOW_S);
            assert_int_equal(v.right, by >= -1 && by <= 1);
            assert_int_equal(v.moment, v.right ? step + (uint64_t)(int64_t)by : 0);
            assert_false(v.used);
        }
    }
}

static void
test_check__hotp__ten_ahead_and_none_behind(void **state)
{
    for (uint64_t next = 0; next < 40; next += 13) {
        struct one_time_code c = code_of(ONE_TIME_CODE_HOTP, ONE_TIME_CODE_SHA512, 7);
        char digits[ONE_TIME_CODE_DIGITS_MAX + 1];

        c.next = next;
        for (uint64_t counter = 0; counter < next + 30; counter++) {
            struct one_time_code_verdict v;

            assert_true(one_time_code_make(&c, counter, digits));
            v = check(&c, digits, NOW_S);
            assert_int_equal(v.right, counter >= next && counter <= next + 10);
            assert_int_equal(v.used, counter + 1 == next);
        }
    }
}

static void
test_check__a_step_that_is_used_up(void **state)
{
    struct one_time_code c = code_of(ONE_TIME_CODE_TOTP, ONE_TIME_CODE_SHA1, 6);
    char digits[3][ONE_TIME_CODE_DIGITS_MAX + 1];
    uint64_t step = NOW_S / 30;

    for (unsigned i = 0; i < 3; i++) {
        assert_true(one_time_code_make(&c, step - 1 + i, digits[i]));
    }
    c.next = step + 1;
    assert_true(check(&c, digits[0], NOW_S).used);
    assert_true(check(&c, digits[1], NOW_S).used);
    assert_false(check(&c, digits[1], NOW_S).right);
    assert_true(check(&c, digits[2], NOW_S).right);
    assert_false(check(&c, "000000", NOW_S).used);
}

/* Each digit changed, each prefix, each longer one, and what is no digit. */
static void
test_check__nothing_else_is_right(void **state)
{
    struct one_time_code c = code_of(ONE_TIME_CODE_HOTP, ONE_TIME_CODE_SHA1, 8);
    char right[ONE_TIME_CODE_DIGITS_MAX + 1], other[16];
    struct one_time_code_verdict v;

    assert_true(one_time_code_make(&c, 3, right));
    assert_true(check(&c, right, 0).right);
    for (size_t i = 0; i < 8; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes_copy(other, right, sizeof(right));
            other[i] = (char)(other[i] ^ 1 << bit);
            assert_true(one_time_code_check(&c, bytes_of(other, 8), 0, &v));
            assert_false(v.right);
        }
        assert_true(one_time_code_check(&c, bytes_of(right, i), 0, &v));
        assert_false(v.right);
    }
    for (size_t n = 9; n < sizeof(other); n++) {
        bytes_copy(other, right, sizeof(right));
        other[8] = n % 2 ? '0' : 0;
        assert_true(one_time_code_check(&c, bytes_of(other, n), 0, &v));
        assert_false(v.right);
    }
    c.digits = 6; /* whose code is the last digits of the longer one */
    assert_false(check(&c, right, 0).right);
    assert_true(one_time_code_check(&c, bytes_of(right + 2, 7), 0, &v)); /* with its NUL */
    assert_false(v.right);
    assert_true(check(&c, right + 2, 0).right);
}

static void
test_fault__values_out_of_range(void **state)
{
    struct one_time_code good = code_of(ONE_TIME_CODE_TOTP, ONE_TIME_CODE_SHA1, 6), bad[12];
    char digits[ONE_TIME_CODE_DIGITS_MAX + 1];
    struct one_time_code_verdict v;
    size_t n = 0;

    assert_null(one_time_code_fault(&good));
    for (size_t i = 0; i < SEC_ARRAY_LEN(bad); i++) {
        bad[i] = good;
    }
    bad[n++].type = 0;
    bad[n++].type = 3;
    bad[n++].algorithm = 0;
    bad[n++].algorithm = 4;
    bad[n++].digits = 5;
    bad[n++].digits = 9;
    bad[n++].period_s = 9;
    bad[n++].period_s = 301;
    bad[n++].period_s = 0;
    bad[n++].n = 15;
    bad[n++].n = 65;
    bad[n++].next = INT64_MAX;
    assert_int_equal(n, SEC_ARRAY_LEN(bad));
    for (size_t i = 0; i < n; i++) {
        assert_non_null(one_time_code_fault(&bad[i]));
        assert_false(one_time_code_make(&bad[i], 1, digits));
        assert_false(one_time_code_check(&bad[i], bytes_of_string("755224"), 0, &v));
        assert_false(v.right || v.used);
    }
    good.type = ONE_TIME_CODE_HOTP;
    good.period_s = 0;
    assert_null(one_time_code_fault(&good));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_make__rfc_4226_appendix_d),
        cmocka_unit_test(test_make__rfc_6238_appendix_b),
        cmocka_unit_test(test_check__totp__a_step_to_either_side),
        cmocka_unit_test(test_check__hotp__ten_ahead_and_none_behind),
        cmocka_unit_test(test_check__a_step_that_is_used_up),
        cmocka_unit_test(test_check__nothing_else_is_right),
        cmocka_unit_test(test_fault__values_out_of_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
