/* SPDX-License-Identifier: Apache-2.0 */
/* Kerberos' messages: those of peers, what is in them, what is refused and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/der.h"
#include "codec/gss_krb.h"
#include "codec/krb_msg.h"
#include "tests/support/hex.h"
#include "tests/support/krb_kinds.h"
#include "tests/support/krb_vectors.h"
#include "tests/support/mutate.h"

enum { ROOM = 4096 };

#define REALM     "0b4558414d504c452e4f5247"
#define STRING(s) "1b" s
#define ALICE     "3010a003020101a10930071b05616c696365"
#define HTTP      "301aa003020103a11330111b04485454501b096c6f63616c686f7374"
#define ENC       "3016a003020112a103020102a20a0408aabbccddeeff0011"
#define TIME      "180f32303236313132313038333230345a" /* 20261121083204Z */
#define KEY       "3019a003020111a112041000112233445566778899aabbccddeeff"
#define TICKET   \
    "614e304c"   \
    "a003020105" \
    "a10d" STRING(REALM) "a21c" HTTP "a318" ENC

/* In the order of the fields; what a peer of ours wrote is in its frame. */
static const struct {
    const char *name, *hex;
    enum krb_kind kind;
    bool framed;
} messages[] = {
    { "MIT's AP-REQ", KRB_MIT_AP_REQ_TOKEN, KRB_KIND_AP_REQ, true },
    { "MIT's AP-REP", KRB_MIT_AP_REP_TOKEN, KRB_KIND_AP_REP, true },
    { "MIT's AP-REP in DCE style", KRB_MIT_DCE_AP_REP, KRB_KIND_AP_REP, true },
    { "the third leg in DCE style", KRB_MIT_DCE_THIRD, KRB_KIND_AP_REP, true },
    { "MIT's KRB-ERROR", KRB_MIT_ERROR_TOKEN, KRB_KIND_ERROR, true },
    { "MIT's EncTicketPart", KRB_MIT_ENC_TICKET, KRB_KIND_ENC_TICKET, false },
    { "MIT's Authenticator", KRB_MIT_AUTHENTICATOR, KRB_KIND_AUTHENTICATOR, false },
    { "one with a KRB-CRED", KRB_MIT_DELEG_AUTHENTICATOR, KRB_KIND_AUTHENTICATOR, false },
    { "MIT's EncAPRepPart", KRB_MIT_ENC_AP_REP, KRB_KIND_ENC_AP_REP, false },
    { "Heimdal's AP-REQ", KRB_HEIMDAL_AP_REQ_TOKEN, KRB_KIND_AP_REQ, true },
    { "Heimdal's AP-REP", KRB_HEIMDAL_AP_REP_TOKEN, KRB_KIND_AP_REP, true },
    { "Heimdal's Authenticator", KRB_HEIMDAL_AUTHENTICATOR, KRB_KIND_AUTHENTICATOR, false },
    { "Heimdal's EncAPRepPart", KRB_HEIMDAL_ENC_AP_REP, KRB_KIND_ENC_AP_REP, false },
    { "a Ticket", TICKET, KRB_KIND_TICKET, false },
    { "KRB-ERROR, every field",
      "7e81a2"
      "30819f"
      "a003020105"
      "a10302011e"
      "a211" TIME "a305020301e240"
      "a411" TIME "a503020101"
      "a603020125"
      "a70d" STRING(REALM) "a812" ALICE "a90d" STRING(REALM) "aa1c" HTTP "ab061b04736b6577"
                                                             "ac0404020102",
      KRB_KIND_ERROR, false },
    { "TGT-REQ, no optional field", "300aa003020105a103020110", KRB_KIND_TGT_REQ, false },
    { "TGT-REQ, every field",
      "3037"
      "a003020105"
      "a103020110"
      "a21c" HTTP "a30d" STRING(REALM),
      KRB_KIND_TGT_REQ, false },
    { "TGT-REP",
      "305c"
      "a003020105"
      "a103020111"
      "a250" TICKET,
      KRB_KIND_TGT_REP, false },
    { "EncAPRepPart, no optional field",
      "7b1c"
      "301a"
      "a011" TIME "a105020301e240",
      KRB_KIND_ENC_AP_REP, false },
    { "Authenticator, no optional field",
      "6242"
      "3040"
      "a003020105"
      "a10d" STRING(REALM) "a212" ALICE "a403020100"
                           "a511" TIME,
      KRB_KIND_AUTHENTICATOR, false },
    { "EncTicketPart, every field",
      "6381d9"
      "3081d6"
      "a00703050050800000"
      "a11b" KEY
      "a20d" STRING(REALM) "a312" ALICE "a40b3009a003020101a1020400"
                           "a511" TIME "a611" TIME "a711" TIME "a811" TIME
                           "a911300f300da003020102a10604047f000001"
                           "aa1f301d301ba003020101a11404123010300ea0040202008fa106040400400000",
      KRB_KIND_ENC_TICKET, false },
};

static struct bytes
message_of(size_t i, uint8_t room[static ROOM])
{
    struct bytes in = hex_into(room, ROOM, messages[i].hex);
    struct gss_krb_token token;

    if (!messages[i].framed) {
        return in;
    }
    assert_int_equal(gss_krb_token_decode(&token, in), WIRE_OK);
    return token.body;
}

static void
test_krb_decode__messages_of_peers_come_back_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(messages); i++) {
        uint8_t in_room[ROOM], out_room[ROOM];
        struct wire_writer w = wire_writer_fixed(out_room, sizeof(out_room));
        struct bytes in = message_of(i, in_room);
        struct krb_fault fault;

        print_message("# %s\n", messages[i].name);
        assert_int_equal(krb_kind_again(messages[i].kind, in, &w, &fault), WIRE_OK);
        assert_null(fault.field);
        assert_bytes_equal(wire_written(&w), in);
    }
}

static void
refuse_prefix(struct bytes in, size_t at, void *user)
{
    const enum krb_kind *kind = user;
    struct wire_writer w = wire_writer_measuring();
    struct krb_fault fault;

    assert_int_not_equal(krb_kind_again(*kind, in, &w, &fault), WIRE_OK);
    assert_non_null(fault.field);
    assert_true(fault.at <= at);
}

/* Refused, or something that is written and read again as it is. */
static void
try_flip(struct bytes in, size_t at, void *user)
{
    const enum krb_kind *kind = user;
    uint8_t first_room[ROOM], second_room[ROOM];
    struct wire_writer first = wire_writer_fixed(first_room, sizeof(first_room));
    struct wire_writer second = wire_writer_fixed(second_room, sizeof(second_room));
    struct krb_fault fault;

    (void)at;
    if (krb_kind_again(*kind, in, &first, &fault) != WIRE_OK) {
        assert_non_null(fault.field);
        assert_true(fault.at <= in.n);
        return;
    }
    assert_int_equal(wire_writer_status(&first), WIRE_OK);
    assert_int_equal(krb_kind_again(*kind, wire_written(&first), &second, &fault), WIRE_OK);
    assert_bytes_equal(wire_written(&second), wire_written(&first));
}

static void
test_krb_decode__no_prefix_succeeds_and_no_flip_crashes(void **state)
{
    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(messages); i++) {
        uint8_t room[ROOM];
        struct bytes in = message_of(i, room);
        enum krb_kind kind = messages[i].kind;

        mutate_prefixes(in, refuse_prefix, &kind);
        mutate_bytes(in, try_flip, &kind);
    }
}

/* A message of one kind is none of another. */
static void
test_krb_decode__each_kind_is_told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(messages); i++) {
        for (unsigned kind = 0; kind < KRB_KINDS; kind++) {
            uint8_t room[ROOM];
            struct wire_writer w = wire_writer_measuring();
            struct krb_fault fault;
            bool same = kind == messages[i].kind;

            assert_int_equal(krb_kind_again((enum krb_kind)kind, message_of(i, room), &w, &fault) ==
                                 WIRE_OK,
                             same);
        }
    }
}

/* --- what is in them ----------------------------------------------------------------------- */

static uint64_t
at_second(int64_t unix_seconds, uint32_t micros)
{
    return clock_from_unix(unix_seconds) + (uint64_t)micros * 10;
}

static void
test_krb_ap_req_decode__mit(void **state)
{
    struct gss_krb_token token;
    struct krb_ap_req m;
    struct krb_ticket ticket;

    (void)state;
    assert_int_equal(gss_krb_token_decode(&token, HEX(KRB_MIT_AP_REQ_TOKEN)), WIRE_OK);
    assert_int_equal(krb_ap_req_decode(&m, token.body), WIRE_OK);
    assert_int_equal(m.options, KRB_AP_MUTUAL_REQUIRED);
    assert_bytes_equal(m.ticket.realm, bytes_of_string("EXAMPLE.ORG"));
    assert_int_equal(m.ticket.sname.type, KRB_NT_SRV_HST);
    assert_int_equal(m.ticket.sname.n, 2);
    assert_bytes_equal(m.ticket.sname.parts[0], bytes_of_string("HTTP"));
    assert_bytes_equal(m.ticket.sname.parts[1], bytes_of_string("localhost"));
    assert_int_equal(m.ticket.enc.enctype, 20);
    assert_true(m.ticket.enc.has_kvno);
    assert_int_equal(m.ticket.enc.kvno, 1);
    assert_int_equal(m.ticket.enc.cipher.n, 437);
    assert_int_equal(m.authenticator.enctype, 18);
    assert_false(m.authenticator.has_kvno);
    assert_int_equal(m.authenticator.cipher.n, 192);
    assert_int_equal(krb_ticket_decode(&ticket, m.ticket.whole), WIRE_OK);
    assert_true(krb_name_equal(&ticket.sname, &m.ticket.sname));
}

static void
test_krb_enc_ticket_decode__mit(void **state)
{
    struct krb_enc_ticket m;
    enum wire_err err;

    (void)state;
    assert_int_equal(krb_enc_ticket_decode(&m, HEX(KRB_MIT_ENC_TICKET)), WIRE_OK);
    assert_int_equal(m.flags, KRB_TICKET_FORWARDABLE |
                                  0x00090000 /* transited-policy-checked, enc-pa-rep */);
    assert_int_equal(m.key.enctype, 18);
    assert_bytes_equal(m.key.value, HEX(KRB_MIT_SESSION_KEY));
    assert_bytes_equal(m.crealm, bytes_of_string("EXAMPLE.ORG"));
    assert_bytes_equal(m.cname.parts[0], bytes_of_string("alice"));
    assert_int_equal(m.transited_type, 1);
    assert_int_equal(m.transited.n, 0);
    assert_int_equal(m.authtime_100ns, at_second(1795249876, 0));
    assert_int_equal(m.starttime_100ns, at_second(1795249924, 0));
    assert_int_equal(m.endtime_100ns, at_second(1795336276, 0));
    assert_int_equal(m.renew_till_100ns, 0);
    assert_null(m.addresses.p);
    assert_int_equal(krb_ad_find(m.authorization_data, KRB_AD_WIN2K_PAC, &err).n, 192);
    assert_int_equal(err, WIRE_OK);
}

static void
test_krb_authenticator_decode__mit(void **state)
{
    struct krb_authenticator m;
    struct gss_krb_checksum checksum;

    (void)state;
    assert_int_equal(krb_authenticator_decode(&m, HEX(KRB_MIT_AUTHENTICATOR)), WIRE_OK);
    assert_bytes_equal(m.crealm, bytes_of_string("EXAMPLE.ORG"));
    assert_bytes_equal(m.cname.parts[0], bytes_of_string("alice"));
    assert_int_equal(m.checksum_type, GSS_KRB_CHECKSUM_TYPE);
    assert_int_equal(m.ctime_100ns, at_second(1795249924, 0x0854e8));
    assert_int_equal(m.subkey.enctype, 18);
    assert_int_equal(m.subkey.value.n, 32);
    assert_true(m.has_sequence);
    assert_int_equal(m.sequence, 0x3134a38e);
    assert_null(m.authorization_data.p);
    assert_int_equal(gss_krb_checksum_decode(&checksum, m.checksum), WIRE_OK);
    assert_int_equal(checksum.flags, GSS_KRB_MUTUAL | GSS_KRB_SEQUENCE | GSS_KRB_CONF |
                                         GSS_KRB_INTEG | 0x100 /* GSS_C_TRANS_FLAG */);
}

static void
test_krb_enc_ap_rep_decode__mit_and_heimdal(void **state)
{
    struct krb_enc_ap_rep rep;
    struct krb_authenticator authenticator;

    (void)state;
    assert_int_equal(krb_enc_ap_rep_decode(&rep, HEX(KRB_MIT_ENC_AP_REP)), WIRE_OK);
    assert_int_equal(krb_authenticator_decode(&authenticator, HEX(KRB_MIT_AUTHENTICATOR)), WIRE_OK);
    assert_int_equal(rep.ctime_100ns, authenticator.ctime_100ns);
    assert_true(rep.has_sequence);
    assert_int_equal(rep.sequence, 0x0808c8a3);
    assert_int_equal(rep.subkey.enctype, 18);
    assert_int_equal(krb_enc_ap_rep_decode(&rep, HEX(KRB_HEIMDAL_ENC_AP_REP)), WIRE_OK);
    assert_int_equal(krb_authenticator_decode(&authenticator, HEX(KRB_HEIMDAL_AUTHENTICATOR)),
                     WIRE_OK);
    assert_int_equal(rep.ctime_100ns, authenticator.ctime_100ns);
}

static void
test_krb_error_decode__mit_of_a_replay(void **state)
{
    struct gss_krb_token token;
    struct krb_error m;

    (void)state;
    assert_int_equal(gss_krb_token_decode(&token, HEX(KRB_MIT_ERROR_TOKEN)), WIRE_OK);
    assert_int_equal(token.id, GSS_KRB_ERROR);
    assert_int_equal(krb_error_decode(&m, token.body), WIRE_OK);
    assert_int_equal(m.code, KRB_AP_ERR_REPEAT);
    assert_int_equal(m.ctime_100ns, 0);
    assert_int_equal(m.stime_100ns, at_second(1795249924, 0x087ba0));
    assert_int_equal(m.cname.n, 0);
    assert_null(m.crealm.p);
    assert_bytes_equal(m.realm, bytes_of_string("EXAMPLE.ORG"));
    assert_bytes_equal(m.sname.parts[0], bytes_of_string("HTTP"));
    assert_null(m.text.p);
    assert_null(m.data.p);
}

/* --- tolerated ----------------------------------------------------------------------------- */

static void
test_krb_enc_ap_rep_decode__numbers_with_a_sign(void **state)
{
    struct krb_enc_ap_rep m;
    uint8_t out[128];
    struct wire_writer w = wire_writer_fixed(out, sizeof(out));

    (void)state;
    assert_int_equal(krb_enc_ap_rep_decode(&m, HEX("7b22"
                                                   "3020"
                                                   "a011" TIME "a103020100"
                                                   "a3060204f0000001")),
                     WIRE_OK);
    assert_int_equal(m.sequence, 0xF0000001);
    krb_enc_ap_rep_encode(&w, &m);
    assert_bytes_equal(wire_written(&w), HEX("7b23"
                                             "3021"
                                             "a011" TIME "a103020100"
                                             "a307020500f0000001"));
}

static void
test_krb_ticket_decode__kvno_with_a_sign_or_of_32_bits(void **state)
{
#define TICKET_WITH(length, inner, enc) \
    "61" length "30" inner "a003020105" \
    "a10d" STRING(REALM) "a21c" HTTP enc
    struct krb_ticket m;

    (void)state;
    assert_int_equal(krb_ticket_decode(&m, HEX(TICKET_WITH("49", "47",
                                                           "a3133011a003020112a1030201ff"
                                                           "a2050403aabbcc"))),
                     WIRE_OK);
    assert_int_equal(m.enc.kvno, UINT32_MAX);
    assert_int_equal(krb_ticket_decode(&m, HEX(TICKET_WITH("4d", "4b",
                                                           "a3173015a003020112a107020500fffe0001"
                                                           "a2050403aabbcc"))),
                     WIRE_OK);
    assert_int_equal(m.enc.kvno, 0xFFFE0001); /* of a read-only domain controller */
    assert_int_equal(krb_ticket_decode(&m, HEX(TICKET_WITH("44", "42",
                                                           "a30e300ca003020112"
                                                           "a2050403aabbcc"))),
                     WIRE_OK);
    assert_false(m.enc.has_kvno);
}

/* RFC 3961 3: an encryption type may leave padding behind. */
static void
test_krb_decode__padding_behind_what_was_encrypted(void **state)
{
    static const struct {
        const char *hex;
        enum krb_kind kind;
        enum wire_err err;
    } cases[] = {
        { KRB_MIT_ENC_TICKET "0000000000", KRB_KIND_ENC_TICKET, WIRE_OK },
        { KRB_MIT_AUTHENTICATOR "00", KRB_KIND_AUTHENTICATOR, WIRE_OK },
        { KRB_MIT_ENC_AP_REP "00", KRB_KIND_ENC_AP_REP, WIRE_OK },
        { TICKET "00", KRB_KIND_TICKET, WIRE_TRAILING },
        { KRB_MIT_DCE_AP_REP "00", KRB_KIND_AP_REP, WIRE_TRAILING },
        { "300aa003020105a10302011000", KRB_KIND_TGT_REQ, WIRE_TRAILING },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        uint8_t room[ROOM];
        struct wire_writer w = wire_writer_measuring();
        struct bytes in = hex_into(room, sizeof(room), cases[i].hex);
        struct krb_fault fault;

        assert_int_equal(krb_kind_again(cases[i].kind, in, &w, &fault), cases[i].err);
        if (cases[i].err != WIRE_OK) {
            assert_non_null(fault.field);
            assert_int_equal(fault.at, in.n - 1);
        }
    }
}

/* MIT leaves a cusec of 0 out, and a ctime of 0 while it sends a cusec. */
static void
test_krb_error_decode__halves_of_the_clients_time(void **state)
{
#define ERROR_WITH(length, inner, fields)        \
    "7e" length "30" inner "a003020105"          \
    "a10302011e" fields "a411" TIME "a503020100" \
    "a603020125"                                 \
    "a90d" STRING(REALM) "aa1c" HTTP
    struct krb_error m;

    (void)state;
    assert_int_equal(krb_error_decode(&m, HEX(ERROR_WITH("69", "67", "a211" TIME))), WIRE_OK);
    assert_int_equal(m.ctime_100ns, at_second(1795249924, 0));
    assert_int_equal(krb_error_decode(&m, HEX(ERROR_WITH("5b", "59", "a303020101"))), WIRE_OK);
    assert_int_equal(m.ctime_100ns, 0);
    assert_int_equal(krb_error_decode(&m, HEX(ERROR_WITH("5d", "5b", "a30502030f4240"))),
                     WIRE_BAD_VALUE);
    assert_string_equal(m.fault.field, "cusec");
}

/* --- refused ------------------------------------------------------------------------------- */

static const struct {
    const char *name, *hex;
    enum krb_kind kind;
    enum wire_err err;
    const char *field;
    uint32_t at;
} refused[] = {
    { "nothing", "", KRB_KIND_AP_REQ, WIRE_SHORT, "AP-REQ", 0 },
    { "another application tag", "6f0c300aa003020105a103020110", KRB_KIND_AP_REQ, WIRE_BAD_VALUE,
      "AP-REQ", 0 },
    { "version 4", "300aa003020104a103020110", KRB_KIND_TGT_REQ, WIRE_BAD_VALUE, "pvno", 4 },
    { "another message's type", "300aa003020105a103020111", KRB_KIND_TGT_REQ, WIRE_BAD_VALUE,
      "msg-type", 9 },
    { "no type", "3005a003020105", KRB_KIND_TGT_REQ, WIRE_SHORT, "msg-type", 7 },
    { "fields out of order", "300aa103020110a003020105", KRB_KIND_TGT_REQ, WIRE_BAD_VALUE, "pvno",
      2 },
    { "a field twice", "300fa003020105a003020105a103020110", KRB_KIND_TGT_REQ, WIRE_BAD_VALUE,
      "msg-type", 7 },
    { "a field that RFC 4120 does not have", "300fa003020105a103020110a403020100", KRB_KIND_TGT_REQ,
      WIRE_TRAILING, "TGT-REQ", 12 },
    { "bytes after a field's value", "300ca0050201050500a103020110", KRB_KIND_TGT_REQ,
      WIRE_TRAILING, "pvno", 7 },
    { "a name with a NUL",
      "3021"
      "a003020105"
      "a103020110"
      "a2153013a003020101a10c300a1b08616c696365006d65",
      KRB_KIND_TGT_REQ, WIRE_BAD_VALUE, "server-name", 25 },
    { "a realm with a NUL",
      "3012"
      "a003020105"
      "a103020110"
      "a3061b0441004200",
      KRB_KIND_TGT_REQ, WIRE_BAD_VALUE, "realm", 14 },
    { "a realm that is a UTF8String",
      "3010"
      "a003020105"
      "a103020110"
      "a3040c024142",
      KRB_KIND_TGT_REQ, WIRE_BAD_VALUE, "realm", 14 },
    { "a time with a fraction",
      "7b1c"
      "301a"
      "a013"
      "181132303236313132313038333230342e355aa103020100",
      KRB_KIND_ENC_AP_REP, WIRE_BAD_VALUE, "ctime", 6 },
    { "a million microseconds",
      "7b1c"
      "301a"
      "a011" TIME "a10502030f4240",
      KRB_KIND_ENC_AP_REP, WIRE_BAD_VALUE, "cusec", 25 },
    { "negative microseconds",
      "7b1a"
      "3018"
      "a011" TIME "a1030201ff",
      KRB_KIND_ENC_AP_REP, WIRE_BAD_VALUE, "cusec", 25 },
    { "a sequence number of 33 bits",
      "7b23"
      "3021"
      "a011" TIME "a103020100"
      "a30702050100000000",
      KRB_KIND_ENC_AP_REP, WIRE_BAD_VALUE, "seq-number", 30 },
    { "a ticket of a service without a name",
      "613c303a"
      "a003020105"
      "a10d" STRING(REALM) "a20b3009a003020101a1023000"
                           "a317"
                           "3015a003020112a103020101a2090407aabbccddeeff00",
      KRB_KIND_TICKET, WIRE_BAD_VALUE, "ticket sname", 37 },
    { "a client without a name",
      "623b"
      "3039"
      "a003020105"
      "a10d" STRING(REALM) "a20b3009a003020101a1023000"
                           "a403020100"
                           "a511" TIME,
      KRB_KIND_AUTHENTICATOR, WIRE_BAD_VALUE, "cname", 37 },
    { "the ticket in a TGT-REP: another version",
      "305c"
      "a003020105"
      "a103020111"
      "a250"
      "614e304c"
      "a003020104"
      "a10d" STRING(REALM) "a21c" HTTP "a318" ENC,
      KRB_KIND_TGT_REP, WIRE_BAD_VALUE, "tkt-vno", 20 },
    { "authorization data with half an element",
      "6255"
      "3053"
      "a003020105"
      "a10d" STRING(REALM) "a212" ALICE "a403020100"
                           "a511" TIME "a811300f300da003020101a206040400000000",
      KRB_KIND_AUTHENTICATOR, WIRE_BAD_VALUE, "authorization-data", 79 },
};

static void
test_krb_decode__refused_and_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(refused); i++) {
        uint8_t room[ROOM];
        struct wire_writer w = wire_writer_measuring();
        struct bytes in = hex_into(room, sizeof(room), refused[i].hex);
        struct krb_fault fault = { 0 };
        enum wire_err err = krb_kind_again(refused[i].kind, in, &w, &fault);

        print_message("# %s: %s at %u\n", refused[i].name, fault.field, fault.at);
        assert_int_equal(err, refused[i].err);
        assert_string_equal(fault.field, refused[i].field);
        assert_int_equal(fault.at, refused[i].at);
    }
}

static void
test_krb_tgt_req_decode__parts_of_a_name_up_to_the_limit(void **state)
{
    (void)state;
    for (size_t n = 0; n <= 20; n++) {
        uint8_t out[256];
        struct wire_writer w = wire_writer_fixed(out, sizeof(out));
        size_t sequence = der_open(&w, DER_SEQUENCE), field, name, strings, parts;
        struct krb_tgt_req m;
        enum wire_err err;

        wire_put_bytes(&w, HEX("a003020105a103020110"));
        field = der_open(&w, DER_CONTEXT_0 + 2);
        name = der_open(&w, DER_SEQUENCE);
        wire_put_bytes(&w, HEX("a003020101"));
        strings = der_open(&w, DER_CONTEXT_0 + 1);
        parts = der_open(&w, DER_SEQUENCE);
        for (size_t i = 0; i < n; i++) {
            der_put(&w, DER_GENERAL_STRING, bytes_of_string("x"));
        }
        der_close(&w, parts);
        der_close(&w, strings);
        der_close(&w, name);
        der_close(&w, field);
        der_close(&w, sequence);
        err = krb_tgt_req_decode(&m, wire_written(&w));
        assert_int_equal(err, n <= KRB_NAME_PARTS_MAX ? WIRE_OK : WIRE_LIMIT);
        if (err == WIRE_OK) {
            assert_int_equal(m.server.n, n);
        } else {
            assert_string_equal(m.fault.field, "server-name");
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_krb_decode__messages_of_peers_come_back_the_same),
        cmocka_unit_test(test_krb_decode__no_prefix_succeeds_and_no_flip_crashes),
        cmocka_unit_test(test_krb_decode__each_kind_is_told_apart),
        cmocka_unit_test(test_krb_ap_req_decode__mit),
        cmocka_unit_test(test_krb_enc_ticket_decode__mit),
        cmocka_unit_test(test_krb_authenticator_decode__mit),
        cmocka_unit_test(test_krb_enc_ap_rep_decode__mit_and_heimdal),
        cmocka_unit_test(test_krb_error_decode__mit_of_a_replay),
        cmocka_unit_test(test_krb_enc_ap_rep_decode__numbers_with_a_sign),
        cmocka_unit_test(test_krb_ticket_decode__kvno_with_a_sign_or_of_32_bits),
        cmocka_unit_test(test_krb_decode__padding_behind_what_was_encrypted),
        cmocka_unit_test(test_krb_error_decode__halves_of_the_clients_time),
        cmocka_unit_test(test_krb_decode__refused_and_where),
        cmocka_unit_test(test_krb_tgt_req_decode__parts_of_a_name_up_to_the_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
