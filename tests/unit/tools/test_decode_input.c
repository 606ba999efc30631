/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens as people have them: which bytes each text means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/hex.h"
#include "tools/decode_input.h"

#define NTLM_64 "TlRMTVNTUAABAAAAAAAAAA=="
#define NTLM_HEX                   \
    "4e544c4d53535000010000000000" \
    "0000"
#define RAW "4e544c4d535350000100000000000000"

struct expected {
    size_t line;
    const char *scheme, *form, *hex, *fault, *remark; /* NULL: none */
    bool offer;
};

static const char not_a_token[] = "neither base64 nor hexadecimal, nor a header that holds a token";
static const char no_tokens[] = "its scheme has no tokens: not Negotiate, NTLM or Kerberos";
static const char cut[] = "its base64 is cut: its length is not a multiple of 4";

static const struct {
    const char *name, *text;
    struct expected tokens[4]; /* line 0: no more */
} cases[] = {
    { "base64", NTLM_64, { { 1, "", "base64", RAW, NULL, NULL, false } } },
    { "with a line's end and blanks",
      "  " NTLM_64 " \r\n",
      { { 1, "", "base64", RAW, NULL, NULL, false } } },
    { "hexadecimal", NTLM_HEX, { { 1, "", "hexadecimal", RAW, NULL, NULL, false } } },
    { "in capitals, with blanks",
      "4E 54 4C 4D 53 53 50 00 01000000 00000000",
      { { 1, "", "hexadecimal", RAW, NULL, NULL, false } } },
    { "with colons", "60:82:01", { { 1, "", "hexadecimal", "608201", NULL, NULL, false } } },
    { "as C has it",
      "0x60, 0x82, 0x01,",
      { { 1, "", "hexadecimal", "608201", NULL, NULL, false } } },
    { "half an octet", "60 8", { { 1, "", NULL, NULL, not_a_token, NULL, false } } },
    { "both, but as base64 it begins a token",
      "YAAABBBB",
      { { 1, "", "base64", "600000041041", NULL, NULL, false } } },
    { "both, and neither begins one, behind a scheme",
      "Negotiate AAAA",
      { { 1, "Negotiate", "base64", "000000", NULL, NULL, false } } },
    { "both, and as hexadecimal it begins one",
      "60820123",
      { { 1, "", "hexadecimal", "60820123", NULL, NULL, false } } },
    { "both, and it is none",
      "abababab",
      { { 1, "", "hexadecimal", "abababab", NULL, NULL, false } } },
    { "a client's header",
      "Authorization: Negotiate " NTLM_64,
      { { 1, "Negotiate", "base64", RAW, NULL, NULL, false } } },
    { "in other letters",
      "proxy-AUTHORIZATION:  NTLM   " NTLM_64,
      { { 1, "NTLM", "base64", RAW, NULL, NULL, false } } },
    { "as curl -v writes it",
      "> Authorization: Negotiate " NTLM_64 "\r\n",
      { { 1, "Negotiate", "base64", RAW, NULL, NULL, false } } },
    { "in quotes",
      "'Authorization: Negotiate " NTLM_64 "'",
      { { 1, "Negotiate", "base64", RAW, NULL, NULL, false } } },
    { "the scheme alone before it",
      "negotiate " NTLM_64,
      { { 1, "negotiate", "base64", RAW, NULL, NULL, false } } },
    { "a server's header",
      "WWW-Authenticate: Negotiate " NTLM_64,
      { { 1, "Negotiate", "base64", RAW, NULL, NULL, false } } },
    { "a server's offer",
      "WWW-Authenticate: Negotiate\r\n",
      { { 1, "Negotiate", NULL, NULL, NULL, NULL, true } } },
    { "a client's without a token",
      "Authorization: Negotiate \r\n",
      { { 1, "Negotiate", NULL, "", NULL, NULL, false } } },
    { "the scheme alone", "Negotiate", { { 1, "Negotiate", NULL, "", NULL, NULL, false } } },
    { "a password is not decoded",
      "Authorization: Basic Zm9vOmJhcg==",
      { { 1, "", NULL, NULL, no_tokens, NULL, false } } },
    { "a whole request: only its token",
      "GET / HTTP/1.1\r\nHost: www\r\nAuthorization: Negotiate " NTLM_64 "\r\n\r\n",
      { { 3, "Negotiate", "base64", RAW, NULL, NULL, false } } },
    { "several, one a line",
      NTLM_64 "\n\n" NTLM_HEX "\nNegotiate " NTLM_64 "\n",
      { { 1, "", "base64", RAW, NULL, NULL, false },
        { 3, "", "hexadecimal", RAW, NULL, NULL, false },
        { 4, "Negotiate", "base64", RAW, NULL, NULL, false } } },
    { "cut after one letter more", "TlRMT", { { 1, "", "base64", "4e544c", NULL, cut, false } } },
    { "without its padding",
      "TlRMTVNTUAABAAAAAAAAAA",
      { { 1, "", "base64", "4e544c4d5353500001000000000000", NULL, cut, false } } },
    { "prose", "what is this?", { { 1, "", NULL, NULL, not_a_token, NULL, false } } },
    { "one letter", "Z", { { 1, "", NULL, NULL, not_a_token, NULL, false } } },
    { "nothing", "", { { 0 } } },
    { "blank lines", "\n \r\n\t\n", { { 0 } } },
};

static void
test_decode_input_next__each_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        SEC_AUTO(wire_writer) token = wire_writer_growing(NULL, 0);
        struct decode_input input = decode_input_of(bytes_of_string(cases[i].text));
        struct decode_input_token t;
        const struct expected *e = cases[i].tokens;

        print_message("# %s\n", cases[i].name);
        for (; e->line; e++) {
            uint8_t room[64];

            assert_true(decode_input_next(&input, &t, &token));
            assert_int_equal(t.line, e->line);
            assert_bytes_equal(t.scheme, bytes_of_string(e->scheme));
            assert_int_equal(t.offer, e->offer);
            assert_true((t.form == NULL) == (e->form == NULL));
            assert_true((t.fault == NULL) == (e->fault == NULL));
            assert_true((t.remark == NULL) == (e->remark == NULL));
            assert_string_equal(t.form ? t.form : "", e->form ? e->form : "");
            assert_string_equal(t.fault ? t.fault : "", e->fault ? e->fault : "");
            assert_string_equal(t.remark ? t.remark : "", e->remark ? e->remark : "");
            if (e->hex) {
                assert_bytes_equal(wire_written(&token), hex_into(room, sizeof(room), e->hex));
            }
        }
        assert_false(decode_input_next(&input, &t, &token));
    }
}

#define LINE_64 "YWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJj"

static void
test_decode_input_next__base64_that_was_wrapped(void **state)
{
    static const struct {
        const char *name, *text;
        size_t tokens, bytes; /* of the first */
    } wrapped[] = {
        { "one line", LINE_64 "\n", 1, 48 },
        { "two and a rest", LINE_64 "\n" LINE_64 "\nYWJj\n", 1, 99 },
        { "two whole ones", LINE_64 "\r\n" LINE_64 "\r\n", 1, 96 },
        { "after its header", "Negotiate " LINE_64 "\n" LINE_64 "\n", 1, 96 },
        { "a blank line ends it", LINE_64 "\n\n" LINE_64 "\n", 2, 48 },
        { "a longer line is another", LINE_64 "\n" LINE_64 "YWJj\n", 2, 48 },
        { "short lines are tokens of their own", "YWJj\nYWJj\n", 2, 3 },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(wrapped); i++) {
        SEC_AUTO(wire_writer) token = wire_writer_growing(NULL, 0);
        struct decode_input input = decode_input_of(bytes_of_string(wrapped[i].text));
        struct decode_input_token t;
        size_t count = 0;

        print_message("# %s\n", wrapped[i].name);
        while (decode_input_next(&input, &t, &token)) {
            if (count++ == 0) {
                assert_int_equal(wire_written(&token).n, wrapped[i].bytes);
            }
        }
        assert_int_equal(count, wrapped[i].tokens);
    }
}

static void
test_decode_input_is_text__raw_tokens_are_not(void **state)
{
    (void)state;
    assert_true(decode_input_is_text(bytes_of_string("Negotiate YII=\r\n")));
    assert_true(decode_input_is_text((struct bytes){ 0 }));
    assert_false(decode_input_is_text(HEX(RAW)));
    assert_false(decode_input_is_text(HEX("6048060a")));
    assert_false(decode_input_is_text(HEX("61ff")));
    assert_false(decode_input_is_text(HEX("6100")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode_input_next__each_form),
        cmocka_unit_test(test_decode_input_next__base64_that_was_wrapped),
        cmocka_unit_test(test_decode_input_is_text__raw_tokens_are_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
