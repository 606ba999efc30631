/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens as text: what is told of whole ones and of broken ones, that each prefix and each changed
 * byte is survived, and that nothing of a peer's acts on a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/der.h"
#include "base/text.h"
#include "tests/support/alloc_fail.h"
#include "tests/support/hex.h"
#include "tests/support/krb_vectors.h"
#include "tests/support/mutate.h"
#include "tests/support/ntlm_vectors.h"
#include "tools/decode.h"

enum { ROOM = 8192 };

#define SPNEGO    "06062b0601050502"
#define NTLM      "060a2b06010401823702020a"
#define NEGOEX    "060a2b06010401823702021e"
#define KRB5      "06092a864886f712010202"
#define MS_KRB5   "06092a864882f712010202"
#define NEGOTIATE "4e544c4d5353500001000000978208e2000000000000000000000000000000000a005d580000000f"
#define NEGO                                                                           \
    "4e45474f45585453000000000000000060000000700000000102030405060708090a0b0c0d0e0f10" \
    "0101010101010101010101010101010101010101010101010101010101010101000000000000"     \
    "000060000000010000000000000000000000ad695f23fb73bc4d82030629e739339b"

static const struct {
    const char *name, *hex;
    bool good;
    const char *lines[6]; /* what is told, among the rest */
} tokens[] = {
    { "NTLM: NEGOTIATE",
      NTLM_MIC_NEGOTIATE,
      true,
      { "NTLM NEGOTIATE_MESSAGE, 40 bytes", "NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY",
        "    32  Version                  10.0, build 22621, NTLM revision 15",
        "note: NTLM without SPNEGO" } },
    { "NTLM: CHALLENGE",
      NTLM_MIC_CHALLENGE,
      true,
      { "    24  ServerChallenge          0123456789abcdef",
        "    68    MsvAvNbDomainName        \"Domain\"" } },
    { "NTLM: AUTHENTICATE",
      NTLM_MIC_AUTHENTICATE,
      true,
      { "   100  UserName                 \"User\"", "NTLMv2, 174 bytes",
        "MsvAvTargetName          \"HOST/server.domain.test\"", "MIC-present" } },
    { "NTLM: a field past the end",
      "4e544c4d5353500001000000077208e204000400280000000000000000000000",
      false,
      { "    16  DomainNameFields         len 4, maxlen 4, offset 40: past the end",
        "cut: names 44 bytes, has 32: 12 are missing", "note: the end of the token did not" } },
    { "NTLM: no such message",
      "4e544c4d5353500009000000",
      false,
      { "MessageType              9 (unknown)", "broken: MessageType" } },
    { "F20: NTLM alone in SPNEGO",
      "6048" SPNEGO "a03e303c"
      "a00e300c" NTLM "a22a0428" NEGOTIATE,
      true,
      { "SPNEGO NegTokenInit, 74 bytes", "1.3.6.1.4.1.311.2.2.10 (NTLM)",
        "    34    Signature                NTLMSSP",
        "note: NTLM is all that the client offers" } },
    { "F20: NTLM where Kerberos was possible",
      "6053" SPNEGO "a0493047"
      "a0193017" KRB5 NTLM "a22a0428" NEGOTIATE,
      true,
      { "note: NTLM, though the client can do Kerberos" } },
    { "F23: NegoEx first, no Kerberos",
      "6081a1" SPNEGO "a08196308193"
      "a01a3018" NEGOEX NTLM "a2750473" NEGO "010203",
      false,
      { "INITIATOR_NEGO", "235f69ad-73fb-4dbc-8203-0629e739339b (PKU2U)",
        "broken: a message ends early, at offset 161",
        "note: NegoEx is the client's first choice and Kerberos is not" } },
    { "F23: NegoEx first, Kerberos behind it",
      "6026" SPNEGO "a01c301a"
      "a0183016" NEGOEX "06082a864886f7120102",
      true,
      { "1.3.6.1.4.1.311.2.2.30 (NegoEx)" } },
    { "F24: nothing",
      "",
      false,
      { "broken: the token is empty", "note: a scheme without a token" } },
    { "F24: garbage",
      "00000000",
      false,
      { "begins with              00000000", "broken: neither SPNEGO",
        "note: what arrived is no" } },
    { "a server that refuses",
      "a1073005"
      "a0030a0102",
      true,
      { "negState                 2 (reject)", "note: the server refused" } },
    { "a MIC in SPNEGO",
      "a11b3019"
      "a0030a0100"
      "a3120410"
      "0100000022a3984fefbb9c3200000000",
      true,
      { "negState                 0 (accept-completed)", "NTLM signature, 16 bytes" } },
    { "a NegTokenInit without its frame",
      "a0123010"
      "a00e300c" NTLM,
      false,
      { "broken: a NegTokenInit comes in a frame" } },
    { "Kerberos: AP-REQ",
      KRB_MIT_AP_REQ_TOKEN,
      true,
      { "Kerberos in GSS-API, 778 bytes", "0x0100 (AP-REQ)", "mutual-required",
        "sname                    \"HTTP/localhost\"", "etype                    20 (aes256-cts",
        "kvno                     1" } },
    { "Kerberos: AP-REP without a frame",
      KRB_MIT_DCE_AP_REP,
      true,
      { "Kerberos AP-REP without a frame, 140 bytes" } },
    { "Kerberos: KRB-ERROR",
      KRB_MIT_ERROR_TOKEN,
      true,
      { "error-code               34 (KRB_AP_ERR_REPEAT)", "stime                    2026-11-21",
        "note: the server has seen this authenticator before" } },
    { "Kerberos: TGT-REQ",
      "601b"
      "060a2a864886f71201020203"
      "0400"
      "300aa003020105a10302"
      "0110",
      false,
      { "Kerberos, user-to-user", "16 (TGT-REQ)", "cut: names 29 bytes, has 28" } },
    { "Kerberos: TGT-REQ without a frame",
      "300aa003020105a103020110",
      true,
      { "Kerberos TGT-REQ without a frame" } },
    { "Kerberos: version 4",
      "6019" KRB5 "0400"
      "300aa003020104a103020110",
      false,
      { "broken: pvno holds a value that is not allowed, at offset 19" } },
    { "Kerberos: no such TOK_ID", "600d" KRB5 "0909", false, { "broken: TOK_ID 0x0909" } },
    { "Kerberos: Wrap",
      KRB_MIT_WRAP,
      true,
      { "Kerberos Wrap (RFC 4121)", "Sealed AcceptorSubkey" } },
    { "Kerberos: MIC", KRB_MIT_MIC, true, { "SentByAcceptor AcceptorSubkey" } },
    { "Kerberos: Wrap of rc4-hmac",
      KRB_MIT_RC4_WRAP,
      true,
      { "SEAL_ALG                 0x1000 (RC4)", "6 bytes here, 6 by the frame" } },
    { "Kerberos: its header alone", KRB_MIT_RC4_DCE_WRAP_HEADER, true, { "0 bytes here, 0 by" } },
    { "CredSSP's TSRequest is none of these",
      "3009"
      "a003020106"
      "a1023000",
      false,
      { "unknown, 11 bytes", "broken: neither SPNEGO" } },
    { "another mechanism",
      "600d"
      "06062b0601050207"
      "0102030405",
      false,
      { "broken: its mechanism is 1.3.6.1.5.2.7 (PKU2U), not one that is known here" } },
    { "a name that would act on a terminal",
      "3023"
      "a003020105"
      "a103020110"
      "a2173015a003020101a10e300c1b0a1b5b324a0a61c285612f",
      true,
      { "server-name              \"\\x1b[2J\\na\\u0085a\\\\/\"" } },
};

static bool
print(struct wire_writer *w, struct bytes token)
{
    bool good = decode_token(w, token, NULL);

    assert_int_equal(wire_writer_status(w), WIRE_OK);
    return good;
}

static bool
has(struct bytes text, const char *what)
{
    return memmem(text.p, text.n, what, strlen(what)) != NULL;
}

static void
test_decode_token__what_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(tokens); i++) {
        SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
        uint8_t room[ROOM];
        bool good = print(&w, hex_into(room, sizeof(room), tokens[i].hex));

        print_message("# %s\n", tokens[i].name);
        for (size_t k = 0; k < 6 && tokens[i].lines[k]; k++) {
            if (!has(wire_written(&w), tokens[i].lines[k])) {
                fail_msg("no \"%s\" in\n%.*s", tokens[i].lines[k], (int)w.len, (const char *)w.p);
            }
        }
        assert_int_equal(good, tokens[i].good);
        assert_int_equal(good,
                         !has(wire_written(&w), "broken: ") && !has(wire_written(&w), "cut: "));
    }
}

/* Lines of well-formed UTF-8 without control characters, the last one ended. */
static void
check_text(struct bytes text)
{
    assert_true(text.n && text.p[text.n - 1] == '\n');
    while (text.n) {
        uint32_t c;

        assert_true(text_next(&text, &c));
        assert_true(c == '\n' || !text_is_control(c));
    }
}

static void
try_prefix(struct bytes in, size_t at, void *user)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    bool good = print(&w, in), may_be_short = user != NULL;

    check_text(wire_written(&w));
    if (good && !may_be_short) {
        fail_msg("%zu bytes are good:\n%.*s", at, (int)w.len, (const char *)w.p);
    }
}

static void
try_flip(struct bytes in, size_t at, void *user)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    static const uint8_t some[] = { 0x01, 0x20, 0x80, 0xFF };
    const uint8_t *original = user;

    if (memchr(some, in.p[at] ^ original[at], sizeof(some))) {
        (void)print(&w, in);
        check_text(wire_written(&w));
    }
}

static void
test_decode_token__no_prefix_is_good_and_no_flip_crashes(void **state)
{
    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(tokens); i++) {
        uint8_t room[ROOM];
        struct bytes in = hex_into(room, sizeof(room), tokens[i].hex);
        /* A message's data may be shorter, optional fields absent. */
        bool may_be_short = strstr(tokens[i].name, "Wrap") || strstr(tokens[i].name, "MIC") ||
                            strstr(tokens[i].name, "header alone") ||
                            strstr(tokens[i].name, "NTLM: NEGOTIATE") ||
                            strstr(tokens[i].name, "NTLM: a field past");

        mutate_prefixes(in, try_prefix, may_be_short ? room : NULL);
        mutate_bytes(in, try_flip, room);
    }
}

/* SPNEGO in SPNEGO: looked into as deep as the limit, and no deeper. */
static void
test_decode_token__nested_tokens(void **state)
{
    SEC_AUTO(wire_writer) text = wire_writer_growing(NULL, 0);
    uint8_t rooms[2][ROOM];
    struct bytes in = HEX(NEGOTIATE);

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        struct wire_writer w = wire_writer_fixed(rooms[i % 2], ROOM);
        size_t choice = der_open(&w, DER_CONTEXT_0 + 1), sequence = der_open(&w, DER_SEQUENCE);
        size_t field = der_open(&w, DER_CONTEXT_0 + 2);

        der_put(&w, DER_OCTET_STRING, in);
        der_close(&w, field);
        der_close(&w, sequence);
        der_close(&w, choice);
        in = wire_written(&w);
    }
    assert_true(print(&text, in));
    assert_true(has(wire_written(&text), "nested too deep: not looked into"));
    assert_false(has(wire_written(&text), "NTLMSSP"));
}

static void
print_again(void *user, bool failing)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    const struct bytes *in = user;

    (void)decode_token(&w, *in, NULL);
    assert_true(failing || wire_writer_status(&w) == WIRE_OK);
}

static void
test_decode_token__failed_allocations_are_survived(void **state)
{
    struct bytes in = HEX(KRB_MIT_AP_REQ_TOKEN), ntlm = HEX(NTLM_MIC_AUTHENTICATE);

    (void)state;
    assert_true(alloc_fail_each(print_again, &in) > 0);
    assert_true(alloc_fail_each(print_again, &ntlm) > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode_token__what_is_told),
        cmocka_unit_test(test_decode_token__no_prefix_is_good_and_no_flip_crashes),
        cmocka_unit_test(test_decode_token__nested_tokens),
        cmocka_unit_test(test_decode_token__failed_allocations_are_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
