/* SPDX-License-Identifier: Apache-2.0 */
/* Principals as text, and error codes by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/krb_msg.h"
#include "tests/support/hex.h"

static struct krb_name
name_of(const char *a, const char *b)
{
    struct krb_name name = { .type = KRB_NT_PRINCIPAL };

    if (a) {
        name.parts[name.n++] = bytes_of_string(a);
    }
    if (b) {
        name.parts[name.n++] = bytes_of_string(b);
    }
    return name;
}

static void
test_krb_name_put__as_others_write_it(void **state)
{
    static const struct {
        const char *a, *b, *realm, *text;
    } cases[] = {
        { "alice", NULL, "EXAMPLE.TEST", "alice@EXAMPLE.TEST" },
        { "HTTP", "www.example.test", "EXAMPLE.TEST", "HTTP/www.example.test@EXAMPLE.TEST" },
        { "HTTP", "www.example.test", "", "HTTP/www.example.test" },
        { "alice@example.test", NULL, "EXAMPLE.TEST", "alice\\@example.test@EXAMPLE.TEST" },
        { "a/b", "c\\d", "R", "a\\/b/c\\\\d@R" },
        { "a", "", "R", "a/@R" },
        { "a", NULL, "X/Y@Z", "a@X\\/Y\\@Z" },
        { "m\xC3\xBCller", NULL, "R", "m\xC3\xBCller@R" },
        { NULL, NULL, "R", "@R" },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        struct krb_name name = name_of(cases[i].a, cases[i].b);
        uint8_t out[64];
        struct wire_writer w = wire_writer_fixed(out, sizeof(out));

        krb_name_put(&w, &name, bytes_of_string(cases[i].realm));
        assert_bytes_equal(wire_written(&w), bytes_of_string(cases[i].text));
    }
}

static void
test_krb_name_put_alone__at_sign_is_like_any_other(void **state)
{
    struct krb_name name = name_of("a@b/c", "d\\@");
    uint8_t out[64];
    struct wire_writer w = wire_writer_fixed(out, sizeof(out));

    (void)state;
    krb_name_put_alone(&w, &name);
    assert_bytes_equal(wire_written(&w), bytes_of_string("a@b\\/c/d\\\\@"));
}

static void
test_krb_name_put__too_long__fills_what_there_is(void **state)
{
    struct krb_name name = name_of("HTTP", "www.example.test");
    uint8_t out[10];
    struct wire_writer w = wire_writer_fixed(out, sizeof(out));

    (void)state;
    krb_name_put(&w, &name, bytes_of_string("R"));
    assert_int_equal(wire_writer_status(&w), WIRE_NO_SPACE);
    assert_int_equal(w.len, sizeof(out));
    assert_memory_equal(out, "HTTP/www.e", sizeof(out));
}

static void
test_krb_name_equal__by_parts_not_by_type(void **state)
{
    struct krb_name a = name_of("HTTP", "www"), b = a, c = name_of("HTTP", NULL),
                    d = name_of("HTTP", "WWW"), e = name_of("HTTP/www", NULL);

    (void)state;
    b.type = KRB_NT_SRV_INST;
    assert_true(krb_name_equal(&a, &b));
    assert_false(krb_name_equal(&a, &c));
    assert_false(krb_name_equal(&a, &d));
    assert_false(krb_name_equal(&a, &e));
}

static void
test_krb_error_name__table(void **state)
{
    static const struct {
        int32_t code;
        const char *name;
    } cases[] = {
        { 0, "KDC_ERR_NONE" },
        { KRB_KDC_ERR_S_PRINCIPAL_UNKNOWN, "KDC_ERR_S_PRINCIPAL_UNKNOWN" },
        { 24, "KDC_ERR_PREAUTH_FAILED" },
        { KRB_AP_ERR_SKEW, "KRB_AP_ERR_SKEW" },
        { KRB_AP_ERR_REPEAT, "KRB_AP_ERR_REPEAT" },
        { KRB_AP_ERR_BADKEYVER, "KRB_AP_ERR_BADKEYVER" },
        { KRB_AP_ERR_NOKEY, "KRB_AP_ERR_NOKEY" },
        { KRB_AP_ERR_INAPP_CKSUM, "KRB_AP_ERR_INAPP_CKSUM" },
        { KRB_ERR_GENERIC, "KRB_ERR_GENERIC" },
        { KRB_AP_ERR_USER_TO_USER_REQUIRED, "KRB_AP_ERR_USER_TO_USER_REQUIRED" },
        { 93, "KDC_ERR_UNKNOWN_CRITICAL_FAST_OPTIONS" },
        { 30, "unknown error" },
        { 94, "unknown error" },
        { -1, "unknown error" },
        { INT32_MIN, "unknown error" },
        { INT32_MAX, "unknown error" },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        assert_string_equal(krb_error_name(cases[i].code), cases[i].name);
    }
}

static void
test_krb_enctype_name__table(void **state)
{
    (void)state;
    assert_string_equal(krb_enctype_name(18), "aes256-cts-hmac-sha1-96");
    assert_string_equal(krb_enctype_name(26), "camellia256-cts-cmac");
    assert_null(krb_enctype_name(0));
    assert_null(krb_enctype_name(27));
    assert_null(krb_enctype_name(-1));
    assert_null(krb_enctype_name(INT32_MIN));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_krb_name_put__as_others_write_it),
        cmocka_unit_test(test_krb_name_put_alone__at_sign_is_like_any_other),
        cmocka_unit_test(test_krb_name_put__too_long__fills_what_there_is),
        cmocka_unit_test(test_krb_name_equal__by_parts_not_by_type),
        cmocka_unit_test(test_krb_error_name__table),
        cmocka_unit_test(test_krb_enctype_name__table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
