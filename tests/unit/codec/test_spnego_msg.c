/* SPDX-License-Identifier: Apache-2.0 */
/* SPNEGO's messages: tokens in the manner of each peer, what is refused, and what is passed by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/der.h"
#include "codec/spnego_msg.h"
#include "tests/support/hex.h"

#define SPNEGO    "06062b0601050502"
#define NTLM      "060a2b06010401823702020a"
#define NEGOEX    "060a2b06010401823702021e"
#define KRB5      "06092a864886f712010202"
#define MS_KRB5   "06092a864882f712010202"
#define U2U       "060a2a864886f71201020203"
#define HINT      "6e6f745f646566696e65645f696e5f5246433431373840706c656173655f69676e6f7265"
#define NEGOTIATE "4e544c4d5353500001000000978208e2000000000000000000000000000000000a005d580000000f"
#define MIC       "0100000022a3984fefbb9c3200000000"
#define LONG_32   "1111111111111111111111111111111111111111111111111111111111111111"
#define LONG_200  LONG_32 LONG_32 LONG_32 LONG_32 LONG_32 LONG_32 "1111111111111111"

enum { ROOM = 1024 };

static const struct {
    const char *name, *hex, *mech_list, *token, *hint, *mic; /* NULL: absent */
    unsigned mechs;
    bool ours; /* encoding it again gives the same bytes */
} inits[] = {
    { "a client with NTLM alone",
      "6048" SPNEGO "a03e303c"
      "a00e300c" NTLM "a22a0428" NEGOTIATE,
      "300c" NTLM, NEGOTIATE, NULL, NULL, 1, true },
    { "Windows 11: NegoEx before NTLM",
      "6054" SPNEGO "a04a3048"
      "a01a3018" NEGOEX NTLM "a22a0428" NEGOTIATE,
      "3018" NEGOEX NTLM, NEGOTIATE, NULL, NULL, 2, true },
    { "no optimistic token",
      "6027" SPNEGO "a01d301b"
      "a0193017" KRB5 NTLM,
      "3017" KRB5 NTLM, NULL, NULL, NULL, 2, true },
    { "an empty optimistic token",
      "6020" SPNEGO "a0163014"
      "a00e300c" NTLM "a2020400",
      "300c" NTLM, "", NULL, NULL, 1, true },
    { "RFC 4178 4.2.1: a MIC in [3]",
      "6036" SPNEGO "a02c302a"
      "a00e300c" NTLM "a2040402aabb"
      "a3120410" MIC,
      "300c" NTLM, "aabb", NULL, MIC, 1, true },
    { "[MS-SPNG] 2.2.1: the hints of a Windows server",
      "6076" SPNEGO "a06c306a"
      "a03c303a" NEGOEX MS_KRB5 KRB5 U2U NTLM "a32a3028a0261b24" HINT,
      "303a" NEGOEX MS_KRB5 KRB5 U2U NTLM, NULL, HINT, NULL, 5, true },
    { "[MS-SPNG] 2.2.1: hints in [3], a MIC in [4]",
      "605c" SPNEGO "a0523050"
      "a00e300c" NTLM "a32a3028a0261b24" HINT "a4120410" MIC,
      "300c" NTLM, NULL, HINT, MIC, 1, true },
    { "hints without a list of mechanisms",
      "6038" SPNEGO "a02e302c"
      "a32a3028a0261b24" HINT,
      NULL, NULL, HINT, NULL, 0, true },
    { "hints with an address, which nobody should send",
      "6050" SPNEGO "a0463044"
      "a00e300c" NTLM "a3323030a0261b24" HINT "a106040461646472",
      "300c" NTLM, NULL, HINT, NULL, 1, false },
    { "RFC 4178 4.2.1: reqFlags are passed by",
      "6028" SPNEGO "a01e301c"
      "a00e300c" NTLM "a10403020640"
      "a2040402aabb",
      "300c" NTLM, "aabb", NULL, NULL, 1, false },
    { "extensions are passed by",
      "6029" SPNEGO "a01f301d"
      "a00e300c" NTLM "a2040402aabb"
      "a5027a7a"
      "040171",
      "300c" NTLM, "aabb", NULL, NULL, 1, false },
    { "[4] without hints is an extension",
      "6028" SPNEGO "a01e301c"
      "a00e300c" NTLM "a2040402aabb"
      "a40430026162",
      "300c" NTLM, "aabb", NULL, NULL, 1, false },
    { "lengths in the long form",
      "6081ef" SPNEGO "a081e43081e1"
      "a00e300c" NTLM "a281ce0481cb" LONG_200 "aabbcc",
      "300c" NTLM, LONG_200 "aabbcc", NULL, NULL, 1, true },
};

static const struct {
    const char *name, *hex;
    enum spnego_neg_state state;
    const char *mech, *token, *mic;
    bool ours;
} resps[] = {
    { "a server's first reply with an empty token",
      "a1193017"
      "a0030a0101"
      "a10c" NTLM "a2020400",
      SPNEGO_ACCEPT_INCOMPLETE, NTLM, "", NULL, true },
    { "the same with one",
      "a11b3019"
      "a0030a0101"
      "a10c" NTLM "a2040402aabb",
      SPNEGO_ACCEPT_INCOMPLETE, NTLM, "aabb", NULL, true },
    { "request-mic without a token",
      "a1153013"
      "a0030a0103"
      "a10c" NTLM,
      SPNEGO_REQUEST_MIC, NTLM, NULL, NULL, true },
    { "a client's later token",
      "a1083006"
      "a2040402aabb",
      SPNEGO_NO_STATE, NULL, "aabb", NULL, true },
    { "a client's last token with its MIC",
      "a11c301a"
      "a2040402aabb"
      "a3120410" MIC,
      SPNEGO_NO_STATE, NULL, "aabb", MIC, true },
    { "completed, with a MIC",
      "a11b3019"
      "a0030a0100"
      "a3120410" MIC,
      SPNEGO_ACCEPT_COMPLETED, NULL, NULL, MIC, true },
    { "completed",
      "a1073005"
      "a0030a0100",
      SPNEGO_ACCEPT_COMPLETED, NULL, NULL, NULL, true },
    { "rejected",
      "a1073005"
      "a0030a0102",
      SPNEGO_REJECT, NULL, NULL, NULL, true },
    { "Windows 2000: the token again where the MIC belongs",
      "a121301f"
      "a0030a0101"
      "a10c" NTLM "a2040402aabb"
      "a3040402aabb",
      SPNEGO_ACCEPT_INCOMPLETE, NTLM, "aabb", "aabb", true },
    { "no field at all", "a1023000", SPNEGO_NO_STATE, NULL, NULL, NULL, true },
    { "extensions are passed by",
      "a10d300b"
      "a0030a0100"
      "a4027a7a"
      "0500",
      SPNEGO_ACCEPT_COMPLETED, NULL, NULL, NULL, false },
};

static void
check_view(struct bytes have, const char *want_hex)
{
    uint8_t room[ROOM];

    assert_int_equal(have.p != NULL, want_hex != NULL);
    if (want_hex) {
        assert_bytes_equal(have, hex_into(room, sizeof(room), want_hex));
    }
}

static void
test_spnego_init_decode__tokens_of_peers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(inits) / sizeof(inits[0]); i++) {
        uint8_t in_room[ROOM], out_room[ROOM];
        struct bytes in = hex_into(in_room, sizeof(in_room), inits[i].hex);
        struct wire_writer w = wire_writer_fixed(out_room, sizeof(out_room));
        struct wire_reader mechs;
        struct spnego_init m;
        struct bytes mech;
        unsigned count = 0;

        print_message("# %s\n", inits[i].name);
        assert_int_equal(spnego_init_decode(&m, in), WIRE_OK);
        check_view(m.mech_list, inits[i].mech_list);
        check_view(m.mech_token, inits[i].token);
        check_view(m.hint_name, inits[i].hint);
        check_view(m.mic, inits[i].mic);
        mechs = spnego_mechs_of(m.mech_list);
        while (spnego_next_mech(&mechs, &mech)) {
            count++;
        }
        assert_int_equal(count, inits[i].mechs);
        spnego_init_encode(&w, &m);
        if (inits[i].ours) {
            assert_bytes_equal(wire_written(&w), in);
        }
        assert_int_equal(spnego_init_decode(&m, wire_written(&w)), WIRE_OK);
    }
}

static void
test_spnego_resp_decode__tokens_of_peers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(resps) / sizeof(resps[0]); i++) {
        uint8_t in_room[ROOM], out_room[ROOM];
        struct bytes in = hex_into(in_room, sizeof(in_room), resps[i].hex);
        struct wire_writer w = wire_writer_fixed(out_room, sizeof(out_room));
        struct spnego_resp m;

        print_message("# %s\n", resps[i].name);
        assert_int_equal(spnego_resp_decode(&m, in), WIRE_OK);
        assert_int_equal(m.state, resps[i].state);
        check_view(m.mech, resps[i].mech);
        check_view(m.token, resps[i].token);
        check_view(m.mic, resps[i].mic);
        spnego_resp_encode(&w, &m);
        if (resps[i].ours) {
            assert_bytes_equal(wire_written(&w), in);
        }
    }
}

static const struct {
    const char *name, *hex;
    bool init;
    enum wire_err err;
    const char *field;
    uint32_t at;
} refused[] = {
    { "another mechanism", "600f" KRB5 "a0023000", true, WIRE_BAD_VALUE, "thisMech", 13 },
    { "the choice NegTokenResp in an init", "600c" SPNEGO "a1023000", true, WIRE_BAD_VALUE,
      "NegTokenInit", 10 },
    { "an init where a response belongs", "600c" SPNEGO "a0023000", false, WIRE_BAD_VALUE,
      "NegTokenResp", 0 },
    { "raw NTLM", NEGOTIATE, true, WIRE_BAD_VALUE, "thisMech", 0 },
    { "bytes after the message",
      "a1023000"
      "00",
      false, WIRE_TRAILING, "NegTokenResp", 4 },
    { "bytes after the sequence",
      "a1043000"
      "0500",
      false, WIRE_TRAILING, "NegTokenResp", 4 },
    { "bytes after a field's value",
      "a10b3009"
      "a0050a01000500"
      "a200",
      false, WIRE_TRAILING, "NegTokenResp", 9 },
    { "indefinite length",
      "a1803000"
      "0000",
      false, WIRE_BAD_VALUE, "NegTokenResp", 2 },
    { "fields out of order",
      "a10d300b"
      "a2040402aabb"
      "a0030a0100",
      false, WIRE_BAD_VALUE, "NegTokenResp", 10 },
    { "a field twice",
      "a10c300a"
      "a0030a0102"
      "a0030a0100",
      false, WIRE_BAD_VALUE, "NegTokenResp", 9 },
    { "an unknown state",
      "a1073005"
      "a0030a0104",
      false, WIRE_BAD_VALUE, "negState", 9 },
    { "a state of two octets",
      "a1083006"
      "a0040a020000",
      false, WIRE_BAD_VALUE, "negState", 10 },
    { "a state that is an INTEGER",
      "a1073005"
      "a003020100",
      false, WIRE_BAD_VALUE, "negState", 6 },
    { "a mechanism that is no OID",
      "a1083006"
      "a1040402aabb",
      false, WIRE_BAD_VALUE, "supportedMech", 6 },
    { "a token that is no OCTET STRING",
      "a1083006"
      "a2040502aabb",
      false, WIRE_BAD_VALUE, "responseToken", 6 },
    { "a MIC that is an INTEGER",
      "601a" SPNEGO "a010300e"
      "a0063004"
      "06022a03"
      "a3040202aabb",
      true, WIRE_BAD_VALUE, "mechListMIC", 24 },
    { "a list with a NULL in it",
      "6012" SPNEGO "a0083006"
      "a0043002"
      "0500",
      true, WIRE_BAD_VALUE, "mechTypes", 18 },
    { "a list with an empty OID",
      "6012" SPNEGO "a0083006"
      "a0043002"
      "0600",
      true, WIRE_BAD_VALUE, "mechTypes", 20 },
    { "a list longer than its field",
      "6014" SPNEGO "a00a3008"
      "a0063005"
      "06032a03",
      true, WIRE_SHORT, "mechTypes", 18 },
};

static void
test_spnego_decode__refused_and_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct spnego_init init;
        struct spnego_resp resp;
        uint8_t room[ROOM];
        struct bytes in = hex_into(room, sizeof(room), refused[i].hex);
        enum wire_err err;
        struct spnego_fault fault;

        err = refused[i].init ? spnego_init_decode(&init, in) : spnego_resp_decode(&resp, in);
        fault = refused[i].init ? init.fault : resp.fault;
        print_message("# %s: %s at %u\n", refused[i].name, fault.field, fault.at);
        assert_int_equal(err, refused[i].err);
        assert_string_equal(fault.field, refused[i].field);
        assert_int_equal(fault.at, refused[i].at);
    }
}

/* `count` times an OID of `octets` octets. */
static enum wire_err
decode_list_of(unsigned count, size_t octets)
{
    static uint8_t oid[4096], list_room[1 << 16], token_room[1 << 17];
    struct wire_writer list = wire_writer_fixed(list_room, sizeof(list_room));
    struct wire_writer token = wire_writer_fixed(token_room, sizeof(token_room));
    struct spnego_init m = { 0 };

    memset(oid, 0x2A, sizeof(oid));
    der_put_header(&list, DER_SEQUENCE, count * der_size(octets));
    for (unsigned i = 0; i < count; i++) {
        der_put(&list, DER_OID, bytes_of(oid, octets));
    }
    m.mech_list = wire_written(&list);
    spnego_init_encode(&token, &m);
    assert_int_equal(wire_writer_status(&token), WIRE_OK);
    return spnego_init_decode(&m, wire_written(&token));
}

static void
test_spnego_init_decode__limits_of_the_list(void **state)
{
    (void)state;
    assert_int_equal(decode_list_of(0, 0), WIRE_OK);
    assert_int_equal(decode_list_of(SPNEGO_MECHS_MAX, 10), WIRE_OK);
    assert_int_equal(decode_list_of(SPNEGO_MECHS_MAX + 1, 10), WIRE_LIMIT);
    assert_int_equal(decode_list_of(1, SPNEGO_MECH_LIST_BYTES_MAX - 8), WIRE_OK);
    assert_int_equal(decode_list_of(1, SPNEGO_MECH_LIST_BYTES_MAX - 7), WIRE_LIMIT);
    assert_int_equal(decode_list_of(4000, 10), WIRE_LIMIT);
}

static void
test_spnego_token_mech__of_initial_tokens_alone(void **state)
{
    (void)state;
    assert_bytes_equal(spnego_token_mech(HEX("600c" SPNEGO "a0023000")), spnego_oid);
    assert_bytes_equal(spnego_token_mech(HEX("600d" KRB5 "0100")), HEX(KRB5));
    assert_int_equal(spnego_token_mech(HEX("600e" KRB5 "0100")).n, 0);
    assert_int_equal(spnego_token_mech(HEX("a1023000")).n, 0);
    assert_int_equal(spnego_token_mech(HEX(NEGOTIATE)).n, 0);
    assert_int_equal(spnego_token_mech(HEX("60")).n, 0);
    assert_int_equal(spnego_token_mech((struct bytes){ 0 }).n, 0);
}

static bool
decodes(struct bytes in, bool init)
{
    struct spnego_init i;
    struct spnego_resp r;

    return (init ? spnego_init_decode(&i, in) : spnego_resp_decode(&r, in)) == WIRE_OK;
}

static void
check_prefixes_and_flips(const char *hex, bool init)
{
    uint8_t room[ROOM];
    struct bytes in = hex_into(room, sizeof(room), hex);

    for (size_t n = 0; n < in.n; n++) {
        uint8_t *copy = test_malloc(n ? n : 1);

        bytes_copy(copy, in.p, n);
        assert_false(decodes(bytes_of(copy, n), init));
        test_free(copy);
    }
    for (size_t i = 0; i < in.n; i++) {
        uint8_t was = room[i];

        for (unsigned flip = 1; flip < 256; flip++) {
            room[i] = (uint8_t)(was ^ flip);
            (void)decodes(in, init);
            (void)decodes(in, !init);
        }
        room[i] = was;
    }
}

static void
test_spnego_decode__no_prefix_succeeds_and_no_flip_crashes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(inits) / sizeof(inits[0]); i++) {
        check_prefixes_and_flips(inits[i].hex, true);
    }
    for (size_t i = 0; i < sizeof(resps) / sizeof(resps[0]); i++) {
        check_prefixes_and_flips(resps[i].hex, false);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spnego_init_decode__tokens_of_peers),
        cmocka_unit_test(test_spnego_resp_decode__tokens_of_peers),
        cmocka_unit_test(test_spnego_decode__refused_and_where),
        cmocka_unit_test(test_spnego_init_decode__limits_of_the_list),
        cmocka_unit_test(test_spnego_token_mech__of_initial_tokens_alone),
        cmocka_unit_test(test_spnego_decode__no_prefix_succeeds_and_no_flip_crashes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
