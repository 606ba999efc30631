/* SPDX-License-Identifier: Apache-2.0 */
/* Authorization headers, good and otherwise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "service/http_auth.h"

static void
test_http_auth_parse__each_row_as_told(void **state)
{
    static const struct {
        const char *value;
        enum http_auth_result result;
        enum http_scheme scheme;
        const char *token;
    } rows[] = {
        { "Negotiate Zm9v", HTTP_AUTH_TOKEN, HTTP_SCHEME_NEGOTIATE, "foo" },
        { "negotiate Zm9v", HTTP_AUTH_TOKEN, HTTP_SCHEME_NEGOTIATE, "foo" },
        { "NTLM Zm9v", HTTP_AUTH_TOKEN, HTTP_SCHEME_NTLM, "foo" },
        { "nTlM Zm9v", HTTP_AUTH_TOKEN, HTTP_SCHEME_NTLM, "foo" },
        { "  NTLM \t Zm9vYmE=  ", HTTP_AUTH_TOKEN, HTTP_SCHEME_NTLM, "fooba" },
        { "NTLM", HTTP_AUTH_NO_TOKEN, HTTP_SCHEME_NTLM, "" },
        { "Negotiate   ", HTTP_AUTH_NO_TOKEN, HTTP_SCHEME_NEGOTIATE, "" },
        { "", HTTP_AUTH_OTHER, 0, "" },
        { "   ", HTTP_AUTH_OTHER, 0, "" },
        { "Basic Zm9v", HTTP_AUTH_TOKEN, HTTP_SCHEME_BASIC, "foo" },
        { "basic", HTTP_AUTH_NO_TOKEN, HTTP_SCHEME_BASIC, "" },
        { "Basicx Zm9v", HTTP_AUTH_OTHER, 0, "" },
        { "NTLMv2 Zm9v", HTTP_AUTH_OTHER, 0, "" },
        { "NTL Zm9v", HTTP_AUTH_OTHER, 0, "" },
        { "NegotiateZm9v", HTTP_AUTH_OTHER, 0, "" },
        { "Negotiate,Zm9v", HTTP_AUTH_OTHER, 0, "" },
        { "Negotiate Zm9", HTTP_AUTH_BROKEN, HTTP_SCHEME_NEGOTIATE, "" },
        { "Negotiate Zm9v Zm9v", HTTP_AUTH_BROKEN, HTTP_SCHEME_NEGOTIATE, "" },
        { "Negotiate Zm9v, NTLM Zm9v", HTTP_AUTH_BROKEN, HTTP_SCHEME_NEGOTIATE, "" },
        { "Negotiate !!!!", HTTP_AUTH_BROKEN, HTTP_SCHEME_NEGOTIATE, "" },
        { "Negotiate Zm9vYmFyZg==", HTTP_AUTH_TOKEN, HTTP_SCHEME_NEGOTIATE, "foobarf" },
        { "Negotiate Zm9vYmFyZm9v", HTTP_AUTH_TOO_LONG, HTTP_SCHEME_NEGOTIATE, NULL },
        { "Negotiate Zm9vYmFyZm9vZm9vYmFyZm9v", HTTP_AUTH_TOO_LONG, HTTP_SCHEME_NEGOTIATE, "" },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        struct wire_writer w = wire_writer_growing(NULL, 0);
        enum http_scheme scheme = 0;

        assert_int_equal(http_auth_parse(bytes_of_string(rows[i].value), 8, &scheme, &w),
                         rows[i].result);
        assert_int_equal(scheme, rows[i].scheme);
        if (rows[i].result == HTTP_AUTH_TOKEN) {
            assert_true(bytes_equal(wire_written(&w), bytes_of_string(rows[i].token)));
        }
        wire_writer_clear(&w);
    }
}

static void
test_http_auth_parse__the_limit_comes_before_the_memory(void **state)
{
    static char value[1 << 20];
    struct wire_writer w = wire_writer_growing(NULL, 0);
    enum http_scheme scheme;

    (void)state;
    for (size_t i = 0; i < sizeof(value); i++) {
        value[i] = 'A';
    }
    bytes_copy(value, "NTLM ", 5);
    assert_int_equal(http_auth_parse(bytes_of(value, sizeof(value)), 65536, &scheme, &w),
                     HTTP_AUTH_TOO_LONG);
    assert_int_equal(w.capacity, 0);
}

static void
test_http_auth_is_first__what_begins_an_exchange(void **state)
{
    (void)state;
    assert_true(http_auth_is_first(bytes_of("NTLMSSP\0\1\0\0\0", 12)));
    assert_false(http_auth_is_first(bytes_of("NTLMSSP\0\3\0\0\0", 12)));
    assert_false(http_auth_is_first(bytes_of("NTLMSSP\0\1\0\0", 11)));
    assert_true(http_auth_is_first(bytes_of("\x60\x10", 2)));
    assert_false(http_auth_is_first(bytes_of("\xa1\x10", 2)));
    assert_false(http_auth_is_first(bytes_of("", 0)));
    assert_true(http_auth_is_ntlm(bytes_of("NTLMSSP\0\3", 9)));
    assert_false(http_auth_is_ntlm(bytes_of("NTLMSSP", 7)));
}

static void
test_http_auth_goes_on__by_the_first_bytes(void **state)
{
    static const struct {
        const char *value;
        bool goes_on;
    } rows[] = {
        { "NTLM TlRMTVNTUAADAAAA", true }, /* AUTHENTICATE_MESSAGE */
        { "NTLM TlRMTVNTUAADAAAAGAAYAHgAAAA=", true },
        { " negotiate  TlRMTVNTUAADAAAA ", true },
        { "Negotiate oRAx", true },
        { "Negotiate oQ==", true },
        { "NTLM TlRMTVNTUAABAAAA", false }, /* NEGOTIATE_MESSAGE */
        { "Negotiate TlRMTVNTUAABAAAAl4II4gAA", false },
        { "Negotiate YIIB", false },
        { "Negotiate", false },
        { "Negotiate !!!!", false },
        { "Negotiate oRA", false },
        { "Basic oRAx", false },
        { "", false },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        assert_int_equal(http_auth_goes_on(bytes_of_string(rows[i].value)), rows[i].goes_on);
    }
}

static void
test_http_auth_is_cut__by_the_length_that_it_says(void **state)
{
    static const struct {
        const char *token;
        size_t n;
        bool cut;
    } rows[] = {
        { "\x60\x03"
          "abc",
          5, false },
        { "\x60\x03"
          "abcd",
          6, false },
        { "\x60\x03"
          "ab",
          4, true },
        { "\x60\x82\x2D\x00"
          "abc",
          7, true },
        { "\x60\x82", 2, true },
        { "\x60", 1, true },
        { "\xa1\x03"
          "ab",
          4, false },
        { "NTLMSSP", 8, false },
        { "\x60\x80"
          "ab",
          4, false },
        { "", 0, false },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        assert_int_equal(http_auth_is_cut(bytes_of(rows[i].token, rows[i].n)), rows[i].cut);
    }
}

static void
test_http_auth_put_percent__nothing_breaks_out(void **state)
{
    static const char *const rows[][2] = {
        { "demo", "demo" },
        { "A-z.0_9~", "A-z.0_9~" },
        { "WEB1\\demo", "WEB1%5Cdemo" },
        { "a b\r\nSet-Cookie: x", "a%20b%0D%0ASet-Cookie%3A%20x" },
        { "J\xC3\xBCrgen", "J%C3%BCrgen" },
        { "100%,;\"", "100%25%2C%3B%22" },
        { "[`{@", "%5B%60%7B%40" },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        char to[128] = "";
        struct wire_writer w = wire_writer_fixed(to, sizeof(to) - 1);

        http_auth_put_percent(&w, bytes_of_string(rows[i][0]));
        assert_string_equal(to, rows[i][1]);
    }
}

static void
test_http_auth_host__each_row_as_told(void **state)
{
    static const struct {
        const char *header;
        enum http_host kind;
        const char *host;
    } rows[] = {
        { "web1.example.test", HTTP_HOST_NAME, "web1.example.test" },
        { "WEB1.Example.Test:8080", HTTP_HOST_NAME, "web1.example.test" },
        { " web1 ", HTTP_HOST_NAME, "web1" },
        { "web1.example.test.", HTTP_HOST_NAME, "web1.example.test" },
        { "web1.example.test.:80", HTTP_HOST_NAME, "web1.example.test" },
        { "web1:", HTTP_HOST_NAME, "web1" },
        { "10.1.2.3", HTTP_HOST_ADDRESS, "10.1.2.3" },
        { "10.1.2.3:8080", HTTP_HOST_ADDRESS, "10.1.2.3" },
        { "[::1]", HTTP_HOST_ADDRESS, "::1" },
        { "[2001:DB8::7]:8080", HTTP_HOST_ADDRESS, "2001:db8::7" },
        { "10.1.2.300", HTTP_HOST_NAME, "10.1.2.300" },
        { "", HTTP_HOST_NONE, "" },
        { ":80", HTTP_HOST_NONE, "" },
        { ".", HTTP_HOST_NONE, "" },
        { "[]", HTTP_HOST_NONE, "" },
        { "-S", HTTP_HOST_NONE, "" },
        { "web1;reboot", HTTP_HOST_NONE, "" },
        { "web 1", HTTP_HOST_NONE, "" },
        { "w\xC3\xA9"
          "b",
          HTTP_HOST_NONE, "" },
        { NULL, HTTP_HOST_NONE, "" },
    };
    char to[HTTP_HOST_BYTES], longest[HTTP_HOST_BYTES + 1];

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        assert_int_equal(http_auth_host(rows[i].header, to), rows[i].kind);
        assert_string_equal(to, rows[i].host);
    }
    memset(longest, 'a', HTTP_HOST_BYTES);
    longest[HTTP_HOST_BYTES] = 0;
    assert_int_equal(http_auth_host(longest, to), HTTP_HOST_NONE);
    longest[HTTP_HOST_BYTES - 1] = 0;
    assert_int_equal(http_auth_host(longest, to), HTTP_HOST_NAME);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_auth_parse__each_row_as_told),
        cmocka_unit_test(test_http_auth_parse__the_limit_comes_before_the_memory),
        cmocka_unit_test(test_http_auth_is_first__what_begins_an_exchange),
        cmocka_unit_test(test_http_auth_goes_on__by_the_first_bytes),
        cmocka_unit_test(test_http_auth_is_cut__by_the_length_that_it_says),
        cmocka_unit_test(test_http_auth_host__each_row_as_told),
        cmocka_unit_test(test_http_auth_put_percent__nothing_breaks_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
