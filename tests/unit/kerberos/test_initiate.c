/* SPDX-License-Identifier: Apache-2.0 */
/* The initiator's AP-REQ: each flag, the authenticator field by field, delegation, what there is no
 * ticket for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "kerberos/context.h"
#include "kerberos/kerberos.h"
#include "tests/support/hex.h"
#include "tests/support/krb_pair.h"
#include "tests/support/krb_peer.h"

/* One initiator before its first leg, and what became of it. */
struct begun {
    struct krb_pair p;
    struct wire_writer out;
    struct krb_peer_request request;
    sec_status status;
    char reason[SEC_REASON_BYTES];
};

static void
begin_init(struct begun *b)
{
    krb_pair_init(&b->p);
    b->out = wire_writer_growing(NULL, 0);
}

static sec_status
begin_run(struct begun *b)
{
    assert_true(krb_pair_open(&b->p));
    sec_reason_clear();
    b->status = sec_pair_step(b->p.client, &b->p.client_args, bytes_of(NULL, 0), &b->out);
    (void)snprintf(b->reason, sizeof(b->reason), "%s", sec_reason());
    return b->status;
}

static void
begin_clear(struct begun *b)
{
    wire_writer_clear(&b->out);
    krb_pair_clear(&b->p);
    assert_true(krb_pair_is_clean(&b->p));
}

/* --- flags --------------------------------------------------------------------------------- */

static const struct {
    uint32_t wanted, granted, checksum;
} wishes[] = {
    { 0, 0, 0 },
    { SEC_MUTUAL_AUTH, SEC_MUTUAL_AUTH, GSS_KRB_MUTUAL },
    { SEC_INTEGRITY, SEC_INTEGRITY, GSS_KRB_INTEG },
    { SEC_INTEGRITY | SEC_NO_INTEGRITY, 0, 0 },
    { SEC_REPLAY_DETECT, SEC_REPLAY_DETECT | SEC_INTEGRITY, GSS_KRB_REPLAY | GSS_KRB_INTEG },
    { SEC_SEQUENCE_DETECT | SEC_NO_INTEGRITY, SEC_SEQUENCE_DETECT | SEC_INTEGRITY,
      GSS_KRB_SEQUENCE | GSS_KRB_INTEG },
    { SEC_CONFIDENTIALITY, SEC_CONFIDENTIALITY | SEC_INTEGRITY, GSS_KRB_CONF | GSS_KRB_INTEG },
    { SEC_IDENTIFY, SEC_IDENTIFY, GSS_KRB_IDENTIFY },
    { SEC_EXTENDED_ERROR, SEC_EXTENDED_ERROR, GSS_KRB_EXTENDED_ERROR },
    { SEC_DCE_STYLE, SEC_DCE_STYLE | SEC_MUTUAL_AUTH, GSS_KRB_DCE_STYLE | GSS_KRB_MUTUAL },
    { SEC_CONNECTION | SEC_STREAM | SEC_USE_SUPPLIED_CREDS | SEC_PROMPT | SEC_MANUAL_VALIDATION, 0,
      0 },
    { SEC_MUTUAL_AUTH | SEC_DELEGATE, SEC_MUTUAL_AUTH | SEC_DELEGATE,
      GSS_KRB_MUTUAL | GSS_KRB_DELEG },
    { SEC_DELEGATE, 0, 0 },
};
enum { FREE_WISHES = 9 }; /* those that do not change the legs can be combined freely */

/* Every combination of the wishes that stand first in the table. */
static void
assert_combination(unsigned which)
{
    struct begun b;
    uint32_t wanted = 0, granted = SEC_CONNECTION, checksum = 0;
    bool mutual;

    for (unsigned i = 0; i < FREE_WISHES; i++) {
        if (which & 1u << i) {
            wanted |= wishes[i].wanted;
            checksum |= wishes[i].checksum;
            granted |= wishes[i].granted;
        }
    }
    if (wanted & SEC_NO_INTEGRITY &&
        !(wanted & (SEC_REPLAY_DETECT | SEC_SEQUENCE_DETECT | SEC_CONFIDENTIALITY))) {
        checksum &= ~(uint32_t)GSS_KRB_INTEG;
        granted &= ~(uint32_t)SEC_INTEGRITY;
    }
    begin_init(&b);
    b.p.client_args.wanted = wanted;
    mutual = wanted & SEC_MUTUAL_AUTH;
    assert_int_equal(begin_run(&b), mutual ? SEC_I_CONTINUE_NEEDED : SEC_E_OK);
    assert_true(krb_peer_open(&b.request, wire_written(&b.out), NULL));
    assert_int_equal(b.request.checksum.flags, checksum);
    assert_int_equal(b.request.ap_req.options, mutual ? KRB_AP_MUTUAL_REQUIRED : 0);
    assert_int_equal(b.p.client_args.granted, mutual ? 0 : granted);
    assert_int_equal(sec_pair_facts(b.p.client).flags, mutual ? 0 : granted);
    begin_clear(&b);
}

static void
test_initiator_begin__every_combination_of_flags(void **state)
{
    for (unsigned which = 0; which < 1u << FREE_WISHES; which++) {
        assert_combination(which);
    }
}

static void
test_initiator_begin__each_flag_alone(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(wishes); i++) {
        struct begun b;
        bool mutual = wishes[i].granted & SEC_MUTUAL_AUTH;

        begin_init(&b);
        b.p.client_args.wanted = wishes[i].wanted;
        assert_int_equal(begin_run(&b), mutual ? SEC_I_CONTINUE_NEEDED : SEC_E_OK);
        assert_true(krb_peer_open(&b.request, wire_written(&b.out), NULL));
        assert_int_equal(b.request.checksum.flags, wishes[i].checksum);
        assert_int_equal(b.request.token.bare, !!(wishes[i].wanted & SEC_DCE_STYLE));
        if (!mutual) {
            assert_int_equal(b.p.client_args.granted, SEC_CONNECTION | wishes[i].granted);
        }
        begin_clear(&b);
    }
}

static void
test_initiator_begin__what_cannot_be_is_refused(void **state)
{
    static const struct {
        uint32_t wanted;
        bool no_target;
        sec_status expected;
    } cases[] = {
        { SEC_DATAGRAM, false, SEC_E_UNSUPPORTED_FUNCTION },
        { SEC_DATAGRAM | SEC_USE_SESSION_KEY, false, SEC_E_UNSUPPORTED_FUNCTION },
        { SEC_NULL_SESSION, false, SEC_E_NO_CREDENTIALS },
        { SEC_USE_SESSION_KEY | SEC_DCE_STYLE, false, SEC_E_UNSUPPORTED_FUNCTION },
        { 0, true, SEC_E_TARGET_UNKNOWN },
        { SEC_USE_SESSION_KEY, true, SEC_E_TARGET_UNKNOWN },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        struct begun b;

        begin_init(&b);
        b.p.client_args.wanted = cases[i].wanted;
        if (cases[i].no_target) {
            b.p.client_args.target = bytes_of(NULL, 0);
        }
        assert_int_equal(begin_run(&b), cases[i].expected);
        assert_int_not_equal(b.reason[0], 0);
        assert_int_equal(b.out.len, 0);
        assert_int_equal(b.p.client_tickets.gets, 0);
        assert_int_equal(sec_pair_facts(b.p.client).phase, SEC_PHASE_FAILED);
        begin_clear(&b);
    }
}

/* --- the authenticator --------------------------------------------------------------------- */

static void
test_initiator_begin__authenticator_field_by_field(void **state)
{
    static const int32_t types[] = { KRB_AES256_SHA1, KRB_AES128_SHA1, KRB_AES256_SHA384,
                                     KRB_AES128_SHA256, KRB_RC4_HMAC };

    for (size_t i = 0; i < SEC_ARRAY_LEN(types); i++) {
        struct begun b;
        const struct krb_authenticator *a = &b.request.authenticator;

        begin_init(&b);
        b.p.client_tickets.session_enctype = types[i];
        b.p.client_host.now_100ns += 1234567;
        assert_int_equal(begin_run(&b), SEC_E_OK);
        assert_true(krb_peer_open(&b.request, wire_written(&b.out), NULL));
        assert_bytes_equal(b.request.token.oid, gss_krb5_oid);
        assert_int_equal(b.request.session.enctype, types[i]);
        assert_bytes_equal(a->crealm, bytes_of_string(FAKE_REALM));
        assert_int_equal(a->cname.n, 1);
        assert_bytes_equal(a->cname.parts[0], bytes_of_string("alice"));
        assert_int_equal(a->ctime_100ns, FAKE_HOST_NOW_100NS + 1234560);
        assert_int_equal(b.request.subkey.enctype, types[i]);
        assert_memory_not_equal(b.request.subkey.b, b.request.session.b, b.request.session.n);
        assert_true(a->has_sequence);
        assert_true(a->sequence < UINT32_C(1) << 30);
        assert_bytes_equal(b.request.checksum.bindings, HEX("00000000000000000000000000000000"));
        assert_null(krb_peer_ad(&b.request, KRB_AD_AP_OPTIONS).p);
        assert_bytes_equal(krb_peer_ad(&b.request, KRB_AD_CLIENT_TARGET),
                           UTF16("HTTP/web.example.test@EXAMPLE.TEST"));
        begin_clear(&b);
    }
}

static void
test_initiator_begin__channel_bindings_and_unverified_target(void **state)
{
    static const uint8_t md5[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

    for (unsigned which = 1; which < 4; which++) {
        struct begun b;
        uint8_t options[4];

        begin_init(&b);
        if (which & 1) {
            b.p.client_args.bindings.given = true;
            memcpy(b.p.client_args.bindings.md5, md5, sizeof(md5));
        }
        b.p.client_args.wanted = which & 2 ? SEC_UNVERIFIED_TARGET : 0;
        assert_int_equal(begin_run(&b), SEC_E_OK);
        assert_true(krb_peer_open(&b.request, wire_written(&b.out), NULL));
        wire_store_le32(options, (which & 1 ? 0x4000u : 0u) | (which & 2 ? 0x8000u : 0u));
        assert_bytes_equal(krb_peer_ad(&b.request, KRB_AD_AP_OPTIONS), bytes_of(options, 4));
        assert_int_equal(memcmp(b.request.checksum.bindings.p, md5, sizeof(md5)) == 0, which & 1);
        begin_clear(&b);
    }
}

/* RFC 4537: what is better than the session key's type, where there is something. */
static void
test_initiator_begin__lists_better_types_for_the_acceptors_subkey(void **state)
{
    static const struct {
        int32_t session;
        const char *list;
    } cases[] = {
        { KRB_AES256_SHA384, "" },
        { KRB_AES256_SHA1, "3006020114020112" },
        { KRB_RC4_HMAC, "3009020114020112020117" },
    };
    static const int32_t permitted[] = { KRB_AES256_SHA384, KRB_AES256_SHA1, KRB_RC4_HMAC };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        struct sec_kerberos_settings *s;
        uint8_t want[16];
        struct begun b;

        begin_init(&b);
        s = &b.p.client_host.settings.kerberos;
        memcpy(s->enctypes, permitted, sizeof(permitted));
        s->n_enctypes = SEC_ARRAY_LEN(permitted);
        b.p.client_tickets.session_enctype = cases[i].session;
        assert_int_equal(begin_run(&b), SEC_E_OK);
        assert_true(krb_peer_open(&b.request, wire_written(&b.out), NULL));
        assert_bytes_equal(krb_peer_ad(&b.request, KRB_AD_ETYPE_NEGOTIATION),
                           hex_into(want, sizeof(want), cases[i].list));
        begin_clear(&b);
    }
}

/* The same world, the same bytes; another random, another authenticator. */
static void
test_initiator_begin__replays_byte_for_byte(void **state)
{
    struct begun b[3];

    for (unsigned i = 0; i < 3; i++) {
        begin_init(&b[i]);
        b[i].p.client_args.wanted = SEC_MUTUAL_AUTH | SEC_CONFIDENTIALITY | SEC_DELEGATE;
        b[i].p.client_host.random_state += i / 2;
        assert_int_equal(begin_run(&b[i]), SEC_I_CONTINUE_NEEDED);
    }
    assert_bytes_equal(wire_written(&b[0].out), wire_written(&b[1].out));
    assert_int_equal(b[0].out.len, b[2].out.len);
    assert_memory_not_equal(b[0].out.p, b[2].out.p, b[0].out.len);
    for (unsigned i = 0; i < 3; i++) {
        begin_clear(&b[i]);
    }
}

static void
test_initiator_begin__no_random_no_token(void **state)
{
    for (size_t limit = 0; limit < 32 + 4 + 16; limit++) {
        struct begun b;

        begin_init(&b);
        b.p.client_host.random_limit = limit;
        assert_int_equal(begin_run(&b), SEC_E_INTERNAL_ERROR);
        assert_int_equal(b.out.len, 0);
        begin_clear(&b);
    }
}

/* --- tickets ------------------------------------------------------------------------------- */

/* What ticket_get says is the answer, and the KDC's code is there for who asks. */
static void
test_initiator_begin__no_ticket_says_why(void **state)
{
    static const struct {
        sec_status fails;
        int32_t error;
    } cases[] = {
        { SEC_E_NO_CREDENTIALS, 0 },
        { SEC_E_TARGET_UNKNOWN, KRB_KDC_ERR_S_PRINCIPAL_UNKNOWN },
        { SEC_E_NO_AUTHENTICATING_AUTHORITY, 0 },
        { SEC_E_LOGON_DENIED, KRB_KDC_ERR_C_PRINCIPAL_UNKNOWN },
        { SEC_E_TIME_SKEW, KRB_AP_ERR_SKEW },
        { SEC_E_KDC_UNKNOWN_ETYPE, KRB_KDC_ERR_ETYPE_NOSUPP },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        struct begun b;

        begin_init(&b);
        b.p.client_tickets.get_fails = cases[i].fails;
        b.p.client_tickets.get_error = cases[i].error;
        assert_int_equal(begin_run(&b), cases[i].fails);
        assert_int_equal(sec_pair_facts(b.p.client).kerberos.error_code, cases[i].error);
        assert_string_equal(b.reason, "fake ticket: no ticket, as ordered");
        begin_clear(&b);
    }
}

static void
test_initiator_begin__unusable_tickets_refused(void **state)
{
    for (unsigned which = 0; which < 3; which++) {
        static const sec_status expected[] = { SEC_E_NO_CREDENTIALS, SEC_E_NO_CREDENTIALS,
                                               SEC_E_KDC_UNKNOWN_ETYPE };
        struct begun b;

        begin_init(&b);
        switch (which) {
        case 0: b.p.client_tickets.end_100ns = FAKE_HOST_NOW_100NS; break;
        case 1: b.p.client_tickets.flags |= KRB_TICKET_INVALID; break;
        default:
            b.p.client_host.settings.kerberos.enctypes[0] = KRB_AES256_SHA1;
            b.p.client_host.settings.kerberos.n_enctypes = 1;
            b.p.client_tickets.session_enctype = KRB_RC4_HMAC;
            break;
        }
        assert_int_equal(begin_run(&b), expected[which]);
        assert_int_equal(b.out.len, 0);
        /* One that has run out in the cache is asked for again. */
        assert_int_equal(b.p.client_tickets.fresh_gets, which == 0 ? 1 : 0);
        begin_clear(&b);
    }
}

/* Times of tickets are the KDC's. */
static void
test_initiator_begin__kdc_clock_is_reckoned_with(void **state)
{
    const uint64_t minute = UINT64_C(60) * 10000000;
    struct begun b;

    begin_init(&b);
    b.p.client_tickets.kdc_offset_100ns = 0 - 10 * minute; /* the KDC is behind us */
    assert_int_equal(begin_run(&b), SEC_E_OK);
    assert_true(krb_peer_open(&b.request, wire_written(&b.out), NULL));
    assert_int_equal(b.request.authenticator.ctime_100ns, FAKE_HOST_NOW_100NS - 10 * minute);
    assert_int_equal(b.p.client_args.expires_100ns, b.p.client_tickets.end_100ns + 10 * minute);
    assert_int_equal(sec_pair_facts(b.p.client).start_100ns,
                     b.p.client_tickets.start_100ns + 10 * minute);
    begin_clear(&b);
}

/* --- delegation ---------------------------------------------------------------------------- */

static void
test_initiator_begin__delegation_carries_the_forwarded_tgt(void **state)
{
    struct begun b;
    uint8_t room[512];
    char want[128];
    union krb_cipher_room cipher;
    struct bytes plain;

    begin_init(&b);
    b.p.client_args.wanted = SEC_MUTUAL_AUTH | SEC_DELEGATE;
    assert_int_equal(begin_run(&b), SEC_I_CONTINUE_NEEDED);
    assert_true(krb_peer_open(&b.request, wire_written(&b.out), NULL));
    assert_true(b.request.checksum.krb_cred.n <= sizeof(room));
    assert_true(
        krb_decrypt(krb_cipher_init(&cipher, &b.request.session, KRB_USAGE_KRB_CRED, KRB_DECRYPT),
                    b.request.checksum.krb_cred, room, &plain));
    assert_bytes_equal(
        plain, bytes_of(want, fake_ticket_forwarded(&b.request.ticket.cname,
                                                    b.request.ticket.crealm, want, sizeof(want))));
    assert_null(sec_pair_facts(b.p.client).kerberos.delegation_refused);
    begin_clear(&b);
}

/* The context succeeds without it, and says why. */
static void
test_initiator_begin__delegation_that_fails_is_told(void **state)
{
    static const char *const reasons[] = {
        "kerberos: no delegation without mutual authentication",
        "kerberos: no delegation: the ticket is not ok-as-delegate",
        "fake ticket: the TGT is not forwardable",
        "fake ticket: the TGT is not forwardable",
    };

    for (unsigned which = 0; which < SEC_ARRAY_LEN(reasons); which++) {
        struct begun b;

        begin_init(&b);
        b.p.client_args.wanted = SEC_DELEGATE | (which ? SEC_MUTUAL_AUTH : 0u);
        if (which == 1) {
            b.p.client_tickets.flags &= ~KRB_TICKET_OK_AS_DELEGATE;
        }
        b.p.client_tickets.forwardable = which != 2;
        b.p.client_tickets.forward_fails =
            which == 3 ? SEC_E_NO_AUTHENTICATING_AUTHORITY : SEC_E_OK;
        assert_int_equal(begin_run(&b), which ? SEC_I_CONTINUE_NEEDED : SEC_E_OK);
        assert_string_equal(b.reason, "");
        assert_string_equal(sec_pair_facts(b.p.client).kerberos.delegation_refused, reasons[which]);
        assert_true(krb_peer_open(&b.request, wire_written(&b.out), NULL));
        assert_int_equal(b.request.checksum.flags, which ? GSS_KRB_MUTUAL : 0);
        assert_int_equal(b.request.checksum.krb_cred.n, 0);
        begin_clear(&b);
    }
}

/* --- what is known ------------------------------------------------------------------------- */

static void
test_describe__an_initiator_established_at_once(void **state)
{
    struct begun b;
    struct sec_facts f;

    begin_init(&b);
    b.p.client_args.wanted = SEC_CONFIDENTIALITY;
    assert_int_equal(begin_run(&b), SEC_E_OK);
    assert_true(krb_peer_open(&b.request, wire_written(&b.out), NULL));
    f = sec_pair_facts(b.p.client);
    assert_int_equal(f.phase, SEC_PHASE_ESTABLISHED);
    assert_ptr_equal(f.mechanism, &kerberos_package);
    assert_bytes_equal(f.user, UTF16("alice"));
    assert_bytes_equal(f.domain, UTF16("EXAMPLE.TEST"));
    assert_bytes_equal(f.native_client, UTF16("alice@EXAMPLE.TEST"));
    assert_int_equal(f.native_client_domain.n, 0);
    assert_bytes_equal(f.native_server, UTF16("HTTP/web.example.test@EXAMPLE.TEST"));
    assert_bytes_equal(f.target, UTF16("HTTP/web.example.test"));
    assert_true(f.target_known);
    assert_int_equal(f.start_100ns, b.p.client_tickets.start_100ns);
    assert_int_equal(f.expires_100ns, b.p.client_tickets.end_100ns);
    assert_int_equal(b.p.client_args.expires_100ns, f.expires_100ns);
    assert_int_equal(f.password_expires_100ns, UINT64_MAX);
    assert_int_equal(f.max_token, 48000);
    assert_int_equal(f.max_signature, 28);
    assert_int_equal(f.security_trailer, 60);
    assert_int_equal(f.key_bits, 256);
    assert_string_equal(f.seal_algorithm, "AES256-CTS-HMAC-SHA1-96");
    assert_string_equal(f.sign_algorithm, "HMAC-SHA1-96");
    assert_int_equal(f.seal_algorithm_id, 18);
    assert_int_equal(f.sign_algorithm_id, 16);
    assert_bytes_equal(f.session_key, bytes_of(b.request.subkey.b, b.request.subkey.n));
    assert_true(f.kerberos.present);
    assert_bytes_equal(f.kerberos.client, f.native_client);
    assert_bytes_equal(f.kerberos.service, f.native_server);
    assert_int_equal(f.kerberos.ticket_enctype, KRB_AES256_SHA1);
    assert_true(f.kerberos.has_kvno);
    assert_int_equal(f.kerberos.kvno, 3);
    assert_int_equal(f.kerberos.ticket_flags, b.p.client_tickets.flags);
    assert_int_equal(f.kerberos.error_code, 0);
    begin_clear(&b);
}

/* --- user-to-user -------------------------------------------------------------------------- */

static void
test_initiator_begin__user_to_user_asks_for_the_tgt(void **state)
{
    struct begun b;
    struct gss_krb_token t;
    struct krb_tgt_req m;

    begin_init(&b);
    b.p.client_args.wanted = SEC_USE_SESSION_KEY;
    b.p.client_args.target = UTF16("host/web.example.test@EXAMPLE.TEST");
    assert_int_equal(begin_run(&b), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(b.p.client_tickets.gets, 0);
    assert_int_equal(gss_krb_token_decode(&t, wire_written(&b.out)), WIRE_OK);
    assert_bytes_equal(t.oid, gss_krb5_u2u_oid);
    assert_int_equal(t.id, GSS_KRB_TGT_REQ);
    assert_int_equal(krb_tgt_req_decode(&m, t.body), WIRE_OK);
    assert_int_equal(m.server.n, 2);
    assert_bytes_equal(m.server.parts[0], bytes_of_string("host"));
    assert_bytes_equal(m.server.parts[1], bytes_of_string("web.example.test"));
    assert_bytes_equal(m.realm, bytes_of_string("EXAMPLE.TEST"));
    begin_clear(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_initiator_begin__every_combination_of_flags),
        cmocka_unit_test(test_initiator_begin__each_flag_alone),
        cmocka_unit_test(test_initiator_begin__what_cannot_be_is_refused),
        cmocka_unit_test(test_initiator_begin__authenticator_field_by_field),
        cmocka_unit_test(test_initiator_begin__channel_bindings_and_unverified_target),
        cmocka_unit_test(test_initiator_begin__lists_better_types_for_the_acceptors_subkey),
        cmocka_unit_test(test_initiator_begin__replays_byte_for_byte),
        cmocka_unit_test(test_initiator_begin__no_random_no_token),
        cmocka_unit_test(test_initiator_begin__no_ticket_says_why),
        cmocka_unit_test(test_initiator_begin__unusable_tickets_refused),
        cmocka_unit_test(test_initiator_begin__kdc_clock_is_reckoned_with),
        cmocka_unit_test(test_initiator_begin__delegation_carries_the_forwarded_tgt),
        cmocka_unit_test(test_initiator_begin__delegation_that_fails_is_told),
        cmocka_unit_test(test_describe__an_initiator_established_at_once),
        cmocka_unit_test(test_initiator_begin__user_to_user_asks_for_the_tgt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
