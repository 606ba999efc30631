/* SPDX-License-Identifier: Apache-2.0 */
/* Kerberos' tokens of GSS-API: frames, the checksum 0x8003, headers of messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/gss_krb.h"
#include "codec/krb_msg.h"
#include "tests/support/hex.h"
#include "tests/support/krb_vectors.h"
#include "tests/support/mutate.h"

enum { ROOM = 4096 };

#define KRB5    "06092a864886f712010202"
#define MS_KRB5 "06092a864882f712010202"
#define U2U     "060a2a864886f71201020203"
#define IAKERB  "06062b0601050205"
#define NTLM    "060a2b06010401823702020a"

/* --- context tokens ------------------------------------------------------------------------ */

static const struct {
    const char *name, *hex, *oid;
    uint16_t id;
    size_t body;
} tokens[] = {
    { "MIT's AP-REQ", KRB_MIT_AP_REQ_TOKEN, KRB5, GSS_KRB_AP_REQ, 761 },
    { "MIT's AP-REP", KRB_MIT_AP_REP_TOKEN, KRB5, GSS_KRB_AP_REP, 140 },
    { "MIT's KRB-ERROR", KRB_MIT_ERROR_TOKEN, KRB5, GSS_KRB_ERROR, 90 },
    { "Heimdal's AP-REQ", KRB_HEIMDAL_AP_REQ_TOKEN, KRB5, GSS_KRB_AP_REQ, 810 },
    { "DCE style: AP-REP", KRB_MIT_DCE_AP_REP, "", GSS_KRB_AP_REP, 140 },
    { "DCE style: the third leg", KRB_MIT_DCE_THIRD, "", GSS_KRB_AP_REP, 93 },
    { "a bare AP-REQ", "6e00", "", GSS_KRB_AP_REQ, 2 },
    { "a bare KRB-ERROR", "7e0130", "", GSS_KRB_ERROR, 3 },
    { "Microsoft's identifier", "600e" MS_KRB5 "0100aa", MS_KRB5, GSS_KRB_AP_REQ, 1 },
    { "user-to-user: TGT-REQ", "600f" U2U "0400aa", U2U, GSS_KRB_TGT_REQ, 1 },
    { "user-to-user: TGT-REP", "600e" U2U "0401", U2U, GSS_KRB_TGT_REP, 0 },
    { "IAKERB", "600b" IAKERB "0501aa", IAKERB, 0x0501, 1 },
};

static void
test_gss_krb_token_decode__frames_and_bare_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(tokens); i++) {
        uint8_t room[ROOM], oid[16], out[ROOM];
        struct bytes in = hex_into(room, sizeof(room), tokens[i].hex);
        struct wire_writer w = wire_writer_fixed(out, sizeof(out));
        struct gss_krb_token t;

        print_message("# %s\n", tokens[i].name);
        assert_int_equal(gss_krb_token_decode(&t, in), WIRE_OK);
        assert_int_equal(t.id, tokens[i].id);
        assert_int_equal(t.bare, tokens[i].oid[0] == 0);
        assert_bytes_equal(t.oid, hex_into(oid, sizeof(oid), tokens[i].oid));
        assert_int_equal(t.body.n, tokens[i].body);
        assert_true(mutate_is_inside(in, t.body));

        gss_krb_token_put(&w, t.oid, t.id, t.body.n);
        wire_put_bytes(&w, t.body);
        assert_bytes_equal(wire_written(&w), in);
    }
}

static void
test_gss_krb_token_decode__refused_and_where(void **state)
{
    static const struct {
        const char *name, *hex;
        enum wire_err err;
        const char *field;
        uint32_t at;
    } cases[] = {
        { "nothing", "", WIRE_SHORT, "token", 0 },
        { "NTLM's identifier", "600e" NTLM "0100", WIRE_BAD_VALUE, "thisMech", 2 },
        { "no identifier", "60020100", WIRE_BAD_VALUE, "thisMech", 2 },
        { "no TOK_ID", "600b" KRB5, WIRE_SHORT, "TOK_ID", 13 },
        { "half a TOK_ID", "600c" KRB5 "01", WIRE_SHORT, "TOK_ID", 13 },
        { "cut", "600e" KRB5 "0100", WIRE_SHORT, "token", 2 },
        { "bytes behind", "600d" KRB5 "010000", WIRE_TRAILING, "token", 15 },
        { "bytes behind a bare message", "6e0000", WIRE_TRAILING, "token", 2 },
        { "a bare message that is cut", "6e0200", WIRE_SHORT, "message", 2 },
        { "a bare TGT-REQ does not exist", "300aa003020105a103020110", WIRE_BAD_VALUE, "token", 0 },
        { "indefinite length", "6080" KRB5 "01000000", WIRE_BAD_VALUE, "token", 2 },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        uint8_t room[ROOM];
        struct gss_krb_token t;

        print_message("# %s\n", cases[i].name);
        assert_int_equal(gss_krb_token_decode(&t, hex_into(room, sizeof(room), cases[i].hex)),
                         cases[i].err);
        assert_string_equal(t.fault.field, cases[i].field);
        assert_int_equal(t.fault.at, cases[i].at);
    }
}

static void
try_token(struct bytes in, size_t at, void *user)
{
    struct gss_krb_token t;
    bool prefix = user != NULL;

    (void)at;
    if (gss_krb_token_decode(&t, in) == WIRE_OK) {
        assert_false(prefix);
        assert_true(mutate_is_inside(in, t.body));
    } else {
        assert_non_null(t.fault.field);
        assert_true(t.fault.at <= in.n);
    }
}

static void
test_gss_krb_token_decode__no_prefix_succeeds_and_no_flip_crashes(void **state)
{
    uint8_t prefix = 1;

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(tokens); i++) {
        uint8_t room[ROOM];
        struct bytes in = hex_into(room, sizeof(room), tokens[i].hex);

        mutate_prefixes(in, try_token, &prefix);
        mutate_bytes(in, try_token, NULL);
    }
}

/* --- the checksum -------------------------------------------------------------------------- */

#define ZERO_16 "00000000000000000000000000000000"
#define BND_16  "0102030405060708090a0b0c0d0e0f10"

static void
test_gss_krb_checksum_decode__fields(void **state)
{
    static const struct {
        const char *name, *hex, *bindings, *cred;
        uint32_t flags;
        bool ours;
    } cases[] = {
        { "no bindings", "10000000" ZERO_16 "3a000000", ZERO_16, NULL, 0x3A, true },
        { "bindings", "10000000" BND_16 "02000000", BND_16, NULL, 2, true },
        { "Microsoft's flags", "10000000" BND_16 "02700000", BND_16, NULL, 0x7002, true },
        { "delegation",
          "10000000" BND_16 "010000000100"
          "0300aabbcc",
          BND_16, "aabbcc", 1, true },
        { "delegation of nothing", "10000000" BND_16 "0100000001000000", BND_16, "", 1, true },
        { "RFC 4121 4.1.1: extensions",
          "10000000" BND_16 "020000000000000100000004"
          "01020304",
          BND_16, NULL, 2, false },
        { "delegation and extensions",
          "10000000" BND_16 "010000000100"
          "0100aabbcc",
          BND_16, "aa", 1, false },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        uint8_t room[ROOM], field[64], out[ROOM];
        struct bytes in = hex_into(room, sizeof(room), cases[i].hex);
        struct wire_writer w = wire_writer_fixed(out, sizeof(out));
        struct gss_krb_checksum m;

        print_message("# %s\n", cases[i].name);
        assert_int_equal(gss_krb_checksum_decode(&m, in), WIRE_OK);
        assert_bytes_equal(m.bindings, hex_into(field, sizeof(field), cases[i].bindings));
        assert_int_equal(m.flags, cases[i].flags);
        assert_int_equal(m.krb_cred.p != NULL, cases[i].cred != NULL);
        if (cases[i].cred) {
            assert_bytes_equal(m.krb_cred, hex_into(field, sizeof(field), cases[i].cred));
        }
        gss_krb_checksum_encode(&w, &m);
        if (cases[i].ours) {
            assert_bytes_equal(wire_written(&w), in);
        } else {
            assert_true(bytes_starts_with(in, wire_written(&w)));
        }
    }
}

static void
test_gss_krb_checksum_decode__delegation_of_mit(void **state)
{
    struct krb_authenticator authenticator;
    struct gss_krb_checksum m;

    (void)state;
    assert_int_equal(krb_authenticator_decode(&authenticator, HEX(KRB_MIT_DELEG_AUTHENTICATOR)),
                     WIRE_OK);
    assert_int_equal(gss_krb_checksum_decode(&m, authenticator.checksum), WIRE_OK);
    assert_true(m.flags & GSS_KRB_DELEG);
    assert_int_equal(m.krb_cred.n, authenticator.checksum.n - GSS_KRB_CHECKSUM_BYTES - 4);
    assert_int_equal(m.krb_cred.p[0], 0x76);
}

static void
test_gss_krb_checksum_decode__refused_and_where(void **state)
{
    static const struct {
        const char *name, *hex;
        enum wire_err err;
        const char *field;
        uint32_t at;
    } cases[] = {
        { "nothing", "", WIRE_SHORT, "Lgth", 0 },
        { "other bindings", "14000000" BND_16 "02000000", WIRE_BAD_VALUE, "Lgth", 4 },
        { "big-endian", "00000010" BND_16 "02000000", WIRE_BAD_VALUE, "Lgth", 4 },
        { "cut bindings", "10000000aabb", WIRE_SHORT, "Bnd", 4 },
        { "cut flags", "10000000" BND_16 "020000", WIRE_SHORT, "Flags", 20 },
        { "delegation without its fields", "10000000" BND_16 "01000000", WIRE_SHORT, "DlgOpt", 24 },
        { "another option", "10000000" BND_16 "0100000002000000", WIRE_BAD_VALUE, "DlgOpt", 26 },
        { "no length", "10000000" BND_16 "010000000100", WIRE_SHORT, "Deleg", 26 },
        { "a length past the end", "10000000" BND_16 "0100000001000200aa", WIRE_SHORT, "Deleg",
          28 },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        uint8_t room[ROOM];
        struct gss_krb_checksum m;

        print_message("# %s\n", cases[i].name);
        assert_int_equal(gss_krb_checksum_decode(&m, hex_into(room, sizeof(room), cases[i].hex)),
                         cases[i].err);
        assert_string_equal(m.fault.field, cases[i].field);
        assert_int_equal(m.fault.at, cases[i].at);
    }
}

static void
test_gss_krb_checksum_encode__zero_bindings_and_a_cred_too_long(void **state)
{
    static uint8_t cred[UINT16_MAX + 1], out[sizeof(cred) + 32];
    struct wire_writer w = wire_writer_fixed(out, sizeof(out));

    (void)state;
    gss_krb_checksum_encode(&w, &(struct gss_krb_checksum){ .flags = GSS_KRB_MUTUAL });
    assert_bytes_equal(wire_written(&w), HEX("10000000" ZERO_16 "02000000"));
    w = wire_writer_fixed(out, sizeof(out));
    gss_krb_checksum_encode(&w,
                            &(struct gss_krb_checksum){ .flags = GSS_KRB_DELEG,
                                                        .krb_cred = bytes_of(cred, UINT16_MAX) });
    assert_int_equal(wire_writer_status(&w), WIRE_OK);
    w = wire_writer_fixed(out, sizeof(out));
    gss_krb_checksum_encode(
        &w, &(struct gss_krb_checksum){ .flags = GSS_KRB_DELEG,
                                        .krb_cred = bytes_of(cred, UINT16_MAX + 1) });
    assert_int_equal(wire_writer_status(&w), WIRE_LIMIT);
}

/* --- RFC 4121 4.2.6 ------------------------------------------------------------------------ */

static void
test_gss_cfx_header_decode__tokens_of_peers(void **state)
{
    static const struct {
        const char *name, *hex;
        struct gss_cfx_header want;
    } cases[] = {
        { "MIT's Wrap", KRB_MIT_WRAP, { GSS_CFX_WRAP, 6, 0, 0, 0x3134A38E } },
        { "MIT's Wrap without sealing",
          KRB_MIT_WRAP_INTEG,
          { GSS_CFX_WRAP, 4, 12, 0, 0x3134A38F } },
        { "MIT's MIC, of the acceptor",
          KRB_MIT_MIC,
          { GSS_CFX_MIC, 5, 0xFFFF, 0xFFFF, 0x0808C8A3 } },
        { "Heimdal's Wrap, rotated", KRB_HEIMDAL_WRAP, { GSS_CFX_WRAP, 6, 0, 28, 0x29D031EA } },
        { "Heimdal's MIC", KRB_HEIMDAL_MIC, { GSS_CFX_MIC, 4, 0xFFFF, 0xFFFF, 0x29D031EB } },
        { "DCE style", KRB_MIT_DCE_WRAP_HEADER, { GSS_CFX_WRAP, 6, 16, 28, 0x2FB7F80A } },
        { "all of the number",
          "050400ff0000000080000000000000ff",
          { GSS_CFX_WRAP, 0, 0, 0, UINT64_C(0x80000000000000FF) } },
        { "RFC 4121 4.2.2: unknown flags",
          "0504f8ff000000000000000000000000",
          { GSS_CFX_WRAP, 0xF8, 0, 0, 0 } },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        uint8_t room[ROOM], out[GSS_CFX_HEADER_BYTES];
        struct bytes in = hex_into(room, sizeof(room), cases[i].hex);
        struct gss_cfx_header h;

        print_message("# %s\n", cases[i].name);
        assert_int_equal(gss_cfx_header_decode(&h, in), WIRE_OK);
        assert_int_equal(h.id, cases[i].want.id);
        assert_int_equal(h.flags, cases[i].want.flags);
        assert_int_equal(h.ec, cases[i].want.ec);
        assert_int_equal(h.rrc, cases[i].want.rrc);
        assert_true(h.sequence == cases[i].want.sequence);
        gss_cfx_header_write(&h, out);
        assert_memory_equal(out, in.p, sizeof(out));
    }
}

static void
try_cfx(struct bytes in, size_t at, void *user)
{
    struct gss_cfx_header h;
    uint8_t out[GSS_CFX_HEADER_BYTES];

    (void)at;
    (void)user;
    if (in.n < GSS_CFX_HEADER_BYTES) {
        assert_int_equal(gss_cfx_header_decode(&h, in), WIRE_SHORT);
    } else if (gss_cfx_header_decode(&h, in) == WIRE_OK) {
        gss_cfx_header_write(&h, out);
        assert_memory_equal(out, in.p, sizeof(out));
    }
}

static void
test_gss_cfx_header_decode__prefixes_and_flips(void **state)
{
    struct gss_cfx_header h;

    (void)state;
    mutate_prefixes(bytes_of(HEX(KRB_MIT_WRAP).p, GSS_CFX_HEADER_BYTES), try_cfx, NULL);
    mutate_bytes(bytes_of(HEX(KRB_MIT_WRAP).p, GSS_CFX_HEADER_BYTES), try_cfx, NULL);
    mutate_bytes(bytes_of(HEX(KRB_MIT_MIC).p, GSS_CFX_HEADER_BYTES), try_cfx, NULL);
    assert_int_equal(gss_cfx_header_decode(&h, HEX("050406fe000000000000000000000000")),
                     WIRE_BAD_VALUE);
    assert_int_equal(gss_cfx_header_decode(&h, HEX("040404fffffffffe0000000000000000")),
                     WIRE_BAD_VALUE);
    assert_int_equal(gss_cfx_header_decode(&h, HEX("060604ffffffffff0000000000000000")),
                     WIRE_BAD_VALUE);
}

/* --- RFC 4757 7 ---------------------------------------------------------------------------- */

static const struct {
    const char *name, *hex;
    uint16_t id, seal;
    size_t bytes, framed;
} rc4_tokens[] = {
    { "MIT's Wrap", KRB_MIT_RC4_WRAP, GSS_RC4_WRAP, GSS_RC4_SEAL_RC4, 45, 6 },
    { "without sealing", KRB_MIT_RC4_WRAP_INTEG, GSS_RC4_WRAP, GSS_RC4_SEAL_NONE, 45, 6 },
    { "a long length", KRB_MIT_RC4_WRAP_200, GSS_RC4_WRAP, GSS_RC4_SEAL_RC4, 46, 201 },
    { "DCE style: no data counted", KRB_MIT_RC4_DCE_WRAP_HEADER, GSS_RC4_WRAP, GSS_RC4_SEAL_RC4, 45,
      0 },
    { "MIT's MIC", KRB_MIT_RC4_MIC, GSS_RC4_MIC, GSS_RC4_SEAL_NONE, 37, 0 },
};

static void
check_rc4_places(const struct gss_rc4_token *t, struct bytes in)
{
    size_t header = t->bytes - (t->id == GSS_RC4_WRAP ? 32 : 24);

    assert_ptr_equal(t->header, in.p + header);
    assert_ptr_equal(t->sequence, in.p + header + 8);
    assert_ptr_equal(t->checksum, in.p + header + 16);
    assert_ptr_equal(t->confounder, t->id == GSS_RC4_WRAP ? in.p + header + 24 : NULL);
}

static void
test_gss_rc4_token_decode__tokens_of_mit(void **state)
{
    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rc4_tokens); i++) {
        uint8_t room[ROOM], out[GSS_RC4_WRAP_LONG_BYTES];
        struct bytes in = hex_into(room, sizeof(room), rc4_tokens[i].hex);
        struct gss_rc4_token t, written;

        print_message("# %s\n", rc4_tokens[i].name);
        assert_int_equal(gss_rc4_token_decode(&t, in), WIRE_OK);
        assert_int_equal(t.id, rc4_tokens[i].id);
        assert_int_equal(t.seal, rc4_tokens[i].seal);
        assert_int_equal(t.bytes, rc4_tokens[i].bytes);
        assert_int_equal(t.framed, rc4_tokens[i].framed);
        check_rc4_places(&t, in);

        assert_int_equal(gss_rc4_token_bytes(t.id, t.framed), t.bytes);
        gss_rc4_token_write(&written, out, t.id, t.seal, t.framed);
        check_rc4_places(&written, bytes_of(out, t.bytes));
        assert_int_equal(written.bytes, t.bytes);
        assert_memory_equal(out, in.p, (size_t)(t.sequence - in.p));
    }
}

/* The data may lie in another buffer: those 45 bytes are all there is to the token. */
static void
test_gss_rc4_token_decode__header_without_its_data(void **state)
{
    struct bytes in = HEX(KRB_MIT_RC4_WRAP_200);
    struct gss_rc4_token t;

    (void)state;
    assert_int_equal(gss_rc4_token_decode(&t, bytes_of(in.p, 46)), WIRE_OK);
    assert_int_equal(t.framed, 201);
    assert_int_equal(t.bytes, 46);
    assert_int_equal(gss_rc4_token_decode(&t, bytes_of(in.p, 45)), WIRE_SHORT);
}

static void
test_gss_rc4_token_bytes__each_form_of_the_length(void **state)
{
    (void)state;
    assert_int_equal(gss_rc4_token_bytes(GSS_RC4_MIC, 0), GSS_RC4_MIC_BYTES);
    assert_int_equal(gss_rc4_token_bytes(GSS_RC4_WRAP, 0), GSS_RC4_WRAP_BYTES);
    assert_int_equal(gss_rc4_token_bytes(GSS_RC4_WRAP, 84), GSS_RC4_WRAP_BYTES);
    assert_int_equal(gss_rc4_token_bytes(GSS_RC4_WRAP, 85), GSS_RC4_WRAP_BYTES + 1);
    assert_int_equal(gss_rc4_token_bytes(GSS_RC4_WRAP, 255), GSS_RC4_WRAP_BYTES + 2);
    assert_int_equal(gss_rc4_token_bytes(GSS_RC4_WRAP, 1 << 16), GSS_RC4_WRAP_BYTES + 3);
    assert_int_equal(gss_rc4_token_bytes(GSS_RC4_WRAP, 1 << 24), GSS_RC4_WRAP_LONG_BYTES);
}

static void
test_gss_rc4_token_decode__refused(void **state)
{
    static const struct {
        const char *name, *hex;
    } cases[] = {
        { "a CFX token", KRB_MIT_WRAP },
        { "another SGN_ALG", "6023" KRB5 "01010000ffffffff00000000000000000000000000000000" },
        { "a MIC with a SEAL_ALG", "6023" KRB5 "0101110010"
                                   "00ffff00000000000000000000000000000000" },
        { "a Wrap with DES", "602b" KRB5 "020111000000ffff0000000000000000000000000000000000000"
                             "00000000000" },
        { "no filler", "6023" KRB5 "01011100ffff000000000000000000000000000000000000" },
        { "a context token's id", "6023" KRB5 "01001100ffffffff00000000000000000000000000000000" },
        { "NTLM's identifier", "6024" NTLM "01011100ffffffff00000000000000000000000000000000" },
        { "a frame too short for it", "6022" KRB5 "01011100ffffffff0000000000000000000000000000"
                                      "0000" },
        { "a MIC that counts data", "6024" KRB5 "01011100ffffffff0000000000000000000000000000"
                                    "000000" },
        { "a MIC with bytes behind", "6023" KRB5 "01011100ffffffff0000000000000000000000000000"
                                     "000000" },
        { "X.690 10.1", "608123" KRB5 "01011100ffffffff00000000000000000000000000000000" },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        uint8_t room[ROOM];
        struct gss_rc4_token t;

        print_message("# %s\n", cases[i].name);
        assert_int_equal(gss_rc4_token_decode(&t, hex_into(room, sizeof(room), cases[i].hex)),
                         WIRE_BAD_VALUE);
    }
}

static void
try_rc4(struct bytes in, size_t at, void *user)
{
    struct gss_rc4_token t;

    (void)at;
    (void)user;
    if (gss_rc4_token_decode(&t, in) == WIRE_OK) {
        assert_true(t.bytes <= in.n);
        assert_true(mutate_is_inside(in, bytes_of(t.checksum, 8)));
    }
}

static void
test_gss_rc4_token_decode__no_prefix_or_flip_crashes(void **state)
{
    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rc4_tokens); i++) {
        uint8_t room[ROOM];
        struct bytes in = hex_into(room, sizeof(room), rc4_tokens[i].hex);

        mutate_prefixes(in, try_rc4, NULL);
        mutate_bytes(in, try_rc4, NULL);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gss_krb_token_decode__frames_and_bare_messages),
        cmocka_unit_test(test_gss_krb_token_decode__refused_and_where),
        cmocka_unit_test(test_gss_krb_token_decode__no_prefix_succeeds_and_no_flip_crashes),
        cmocka_unit_test(test_gss_krb_checksum_decode__fields),
        cmocka_unit_test(test_gss_krb_checksum_decode__delegation_of_mit),
        cmocka_unit_test(test_gss_krb_checksum_decode__refused_and_where),
        cmocka_unit_test(test_gss_krb_checksum_encode__zero_bindings_and_a_cred_too_long),
        cmocka_unit_test(test_gss_cfx_header_decode__tokens_of_peers),
        cmocka_unit_test(test_gss_cfx_header_decode__prefixes_and_flips),
        cmocka_unit_test(test_gss_rc4_token_decode__tokens_of_mit),
        cmocka_unit_test(test_gss_rc4_token_decode__header_without_its_data),
        cmocka_unit_test(test_gss_rc4_token_bytes__each_form_of_the_length),
        cmocka_unit_test(test_gss_rc4_token_decode__refused),
        cmocka_unit_test(test_gss_rc4_token_decode__no_prefix_or_flip_crashes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
