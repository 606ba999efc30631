/* SPDX-License-Identifier: Apache-2.0 */
/* Acceptors that accept: what they answer, what is granted, what is known afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kerberos/context.h"
#include "tests/support/hex.h"
#include "tests/unit/kerberos/forged.h"

#define MINUTE_100NS (UINT64_C(60) * 10000000)

static void
assert_accepted(sec_status status)
{
    if (status != SEC_E_OK) {
        fail_msg("0x%08x %s", (unsigned)status, a.reason);
    }
    assert_int_equal(krb_forge_facts(&a).phase, SEC_PHASE_ESTABLISHED);
}

static struct krb_enc_ap_rep
open_answer(uint8_t room[static 512])
{
    struct krb_enc_ap_rep m;

    assert_true(krb_forge_open_ap_rep(&f, wire_written(&a.out), room, &m));
    return m;
}

/* --- the answer ---------------------------------------------------------------------------- */

static void
test_accept__mutual_is_answered_with_ctime_a_subkey_and_a_sequence_number(void **state)
{
    uint8_t room[512];
    struct krb_enc_ap_rep m;
    struct gss_krb_token token;

    f.authenticator.ctime_100ns = FAKE_HOST_NOW_100NS - 1234560;
    assert_accepted(krb_forge_try(&a, &f));
    m = open_answer(room);
    assert_int_equal(m.ctime_100ns, f.authenticator.ctime_100ns);
    assert_int_equal(m.subkey.enctype, KRB_AES256_SHA1);
    assert_int_equal(m.subkey.value.n, 32);
    assert_true(m.has_sequence);
    assert_true(m.sequence < UINT32_C(1) << 30);
    assert_int_equal(gss_krb_token_decode(&token, wire_written(&a.out)), WIRE_OK);
    assert_true(bytes_equal(token.oid, gss_krb5_oid));
    /* The context's key is the acceptor's subkey. */
    assert_true(bytes_equal(krb_forge_facts(&a).session_key, m.subkey.value));
}

static void
test_accept__without_mutual_nothing_is_answered_and_the_initiators_subkey_holds(void **state)
{
    f.checksum.flags = GSS_KRB_REPLAY | GSS_KRB_CONF;
    f.ap_options = 0;
    assert_accepted(krb_forge_try(&a, &f));
    assert_int_equal(a.out.len, 0);
    assert_true(bytes_equal(krb_forge_facts(&a).session_key, bytes_of(f.subkey.b, f.subkey.n)));
    assert_int_equal(krb_forge_facts(&a).flags,
                     SEC_CONNECTION | SEC_REPLAY_DETECT | SEC_CONFIDENTIALITY);
}

static void
test_accept__without_any_subkey_the_tickets_key_holds(void **state)
{
    f.checksum.flags = 0;
    f.subkey.n = 0;
    assert_accepted(krb_forge_try(&a, &f));
    assert_true(
        bytes_equal(krb_forge_facts(&a).session_key, bytes_of(f.session_key.b, f.session_key.n)));
}

/* Whether a reply is due stands in the authenticator, where nobody else can change it. */
static void
test_accept__mutual_goes_by_the_checksum_not_by_ap_options(void **state)
{
    f.ap_options = 0;
    assert_accepted(krb_forge_try(&a, &f));
    assert_int_not_equal(a.out.len, 0);
    krb_forge_acceptor_restart(&a);
    f.ap_options = KRB_AP_MUTUAL_REQUIRED;
    f.checksum.flags &= ~(uint32_t)GSS_KRB_MUTUAL;
    assert_accepted(krb_forge_try(&a, &f));
    assert_int_equal(a.out.len, 0);
}

/* As MIT has it: RC4's headers do not tell whose subkey was used. */
static void
test_accept__each_type_of_session_key_has_its_subkey_but_rc4(void **state)
{
    static const int32_t types[] = { KRB_AES128_SHA1, KRB_AES256_SHA1, KRB_AES128_SHA256,
                                     KRB_AES256_SHA384, KRB_RC4_HMAC };

    for (size_t i = 0; i < SEC_ARRAY_LEN(types); i++) {
        uint8_t room[512];
        struct krb_enc_ap_rep m;

        krb_forge_enctype(&f, types[i]);
        assert_accepted(krb_forge_try(&a, &f));
        m = open_answer(room);
        if (types[i] == KRB_RC4_HMAC) {
            assert_null(m.subkey.value.p);
            assert_true(
                bytes_equal(krb_forge_facts(&a).session_key, bytes_of(f.subkey.b, f.subkey.n)));
        } else {
            assert_int_equal(m.subkey.enctype, types[i]);
        }
        assert_int_equal(krb_forge_facts(&a).kerberos.session_enctype, types[i]);
        assert_int_equal(krb_forge_facts(&a).kerberos.ticket_enctype, KRB_AES256_SHA1);
        krb_forge_acceptor_restart(&a);
    }
}

/* RFC 4537 */
static void
test_accept__the_subkey_is_of_the_preferred_type_that_the_client_lists(void **state)
{
    static const struct {
        const char *list; /* EtypeList */
        int32_t session;
        int32_t want;
    } rows[] = {
        { "3009 020114 020113 020112", KRB_AES256_SHA1, KRB_AES256_SHA384 },
        { "3006 020113 020111", KRB_AES128_SHA1, KRB_AES128_SHA256 },
        { "3006 020112 020117", KRB_RC4_HMAC, KRB_AES256_SHA1 },
        { "3003 020111", KRB_AES256_SHA1, KRB_AES256_SHA1 }, /* not preferred here */
        { "3003 020103", KRB_AES256_SHA1, KRB_AES256_SHA1 }, /* none of ours */
        { "3000", KRB_AES256_SHA1, KRB_AES256_SHA1 },
        { "3004 02010314", KRB_AES256_SHA1, KRB_AES256_SHA1 }, /* makes no sense */
        { "0000", KRB_AES256_SHA1, KRB_AES256_SHA1 },
        { "", KRB_AES256_SHA1, KRB_AES256_SHA1 },
    };
    const int32_t preferred[] = { KRB_AES256_SHA384, KRB_AES128_SHA256, KRB_AES256_SHA1,
                                  KRB_AES128_SHA1, KRB_RC4_HMAC };

    memcpy(a.host.settings.kerberos.enctypes, preferred, sizeof(preferred));
    a.host.settings.kerberos.n_enctypes = SEC_ARRAY_LEN(preferred);
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        uint8_t list[32], room[512];
        struct krb_ad_element ad = { KRB_AD_ETYPE_NEGOTIATION,
                                     hex_into(list, sizeof(list), rows[i].list) };

        krb_forge_enctype(&f, rows[i].session);
        f.ad = &ad;
        f.n_ad = 1;
        assert_accepted(krb_forge_try(&a, &f));
        assert_int_equal(open_answer(room).subkey.enctype, rows[i].want);
        assert_int_equal(krb_forge_facts(&a).kerberos.session_enctype, rows[i].want);
        krb_forge_acceptor_restart(&a);
    }
}

/* --- what is granted and known ------------------------------------------------------------- */

static void
test_accept__granted_is_what_the_initiator_asked_for(void **state)
{
    static const struct {
        uint32_t gss, granted;
    } rows[] = {
        { 0, 0 },
        { GSS_KRB_MUTUAL, SEC_MUTUAL_AUTH },
        { GSS_KRB_REPLAY, SEC_REPLAY_DETECT },
        { GSS_KRB_SEQUENCE, SEC_SEQUENCE_DETECT },
        { GSS_KRB_CONF, SEC_CONFIDENTIALITY },
        { GSS_KRB_INTEG, SEC_INTEGRITY },
        { GSS_KRB_IDENTIFY, SEC_IDENTIFY },
        { GSS_KRB_EXTENDED_ERROR, SEC_EXTENDED_ERROR },
        { GSS_KRB_DELEG, 0 }, /* and no KRB-CRED */
        { 0x80, 0 },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        f.checksum.flags = rows[i].gss;
        a.args.wanted = i % 2 ? SEC_CONFIDENTIALITY | SEC_DELEGATE | SEC_MUTUAL_AUTH : 0;
        assert_accepted(krb_forge_try(&a, &f));
        assert_int_equal(a.args.granted, rows[i].granted | SEC_CONNECTION);
        assert_int_equal(krb_forge_facts(&a).flags, a.args.granted);
        assert_int_equal(a.args.expires_100ns, f.ticket.endtime_100ns);
        krb_forge_acceptor_restart(&a);
    }
}

static void
test_accept__names_times_and_the_ticket_are_known(void **state)
{
    struct sec_facts facts;

    assert_accepted(krb_forge_try(&a, &f));
    facts = krb_forge_facts(&a);
    assert_true(bytes_equal(facts.kerberos.client, UTF16("alice@EXAMPLE.TEST")));
    assert_true(bytes_equal(facts.kerberos.service, UTF16("HTTP/web.example.test@EXAMPLE.TEST")));
    assert_true(bytes_equal(facts.user, UTF16("alice")));
    assert_true(bytes_equal(facts.domain, UTF16("EXAMPLE.TEST")));
    assert_true(bytes_equal(facts.target, UTF16("HTTP/web.example.test")));
    assert_true(facts.target_known);
    assert_non_null(facts.identity);
    assert_true(bytes_equal(facts.identity->user, UTF16("alice")));
    assert_true(facts.kerberos.has_kvno);
    assert_int_equal(facts.kerberos.kvno, 3);
    assert_int_equal(facts.kerberos.ticket_flags, f.ticket.flags);
    assert_int_equal(facts.kerberos.error_code, 0);
    assert_int_equal(facts.sub_status, 0);
    assert_int_equal(facts.start_100ns, f.ticket.starttime_100ns);
    assert_int_equal(facts.expires_100ns, f.ticket.endtime_100ns);
    assert_false(facts.bindings_verified);
}

static void
test_accept__a_ticket_without_kvno_or_starttime_passes(void **state)
{
    f.clear.enc.has_kvno = false;
    f.ticket.starttime_100ns = 0;
    assert_accepted(krb_forge_try(&a, &f));
    assert_false(krb_forge_facts(&a).kerberos.has_kvno);
    assert_int_equal(krb_forge_facts(&a).start_100ns, f.ticket.authtime_100ns);
}

/* A service goes by more names than one: what counts is whether a key of its keytab opens it. */
static void
test_accept__a_ticket_by_another_name_opens_with_the_same_key(void **state)
{
    f.clear.sname = fake_ticket_name("HTTP/alias.example.test", KRB_NT_SRV_INST);
    assert_accepted(krb_forge_try(&a, &f));
    assert_true(bytes_equal(krb_forge_facts(&a).target, UTF16("HTTP/alias.example.test")));
}

static void
test_accept__edges_of_the_clock_skew_pass(void **state)
{
    f.authenticator.ctime_100ns = FAKE_HOST_NOW_100NS - 5 * MINUTE_100NS;
    assert_accepted(krb_forge_try(&a, &f));
    krb_forge_acceptor_restart(&a);
    f.authenticator.ctime_100ns = FAKE_HOST_NOW_100NS + 5 * MINUTE_100NS;
    assert_accepted(krb_forge_try(&a, &f));
    krb_forge_acceptor_restart(&a);
    f.ticket.endtime_100ns = FAKE_HOST_NOW_100NS - 5 * MINUTE_100NS;
    assert_accepted(krb_forge_try(&a, &f));
    krb_forge_acceptor_restart(&a);
    f.ticket.endtime_100ns = FAKE_HOST_NOW_100NS + MINUTE_100NS;
    f.ticket.starttime_100ns = FAKE_HOST_NOW_100NS + 5 * MINUTE_100NS;
    assert_accepted(krb_forge_try(&a, &f));
}

/* Nobody here knows the peer's address. */
static void
test_accept__a_ticket_with_addresses_passes(void **state)
{
    uint8_t room[32];

    f.ticket.addresses = hex_into(room, sizeof(room), "300F 300D A003020102 A106 04040A000001");
    assert_accepted(krb_forge_try(&a, &f));
}

/* Tickets beyond the stack's room, and authenticators: members of many groups, who delegate. */
static void
test_accept__a_ticket_of_40_kilobytes_passes(void **state)
{
    enum { MANY = 40000 };
    uint8_t *much = calloc(1, MANY);
    const struct krb_ad_element ad = { 200, bytes_of(much, MANY) };
    struct wire_writer w = wire_writer_growing(NULL, 0);

    assert_non_null(much);
    krb_ad_encode(&w, &ad, 1);
    f.ticket.authorization_data = wire_written(&w);
    assert_accepted(krb_forge_try(&a, &f));
    krb_forge_acceptor_restart(&a);
    f.ticket.authorization_data = bytes_of(NULL, 0);
    f.ad = &ad;
    f.n_ad = 1;
    assert_accepted(krb_forge_try(&a, &f));
    wire_writer_clear(&w);
    free(much);
}

static void
test_accept__frames_of_kerberos_are_taken_and_no_others(void **state)
{
    const struct {
        struct bytes oid;
        bool taken;
    } rows[] = {
        { gss_krb5_oid, true },
        { gss_ms_krb5_oid, true },
        { gss_iakerb_oid, false },
        { HEX("06062b0601050502"), false }, /* SPNEGO */
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        f.oid = rows[i].oid;
        assert_int_equal(krb_forge_try(&a, &f), rows[i].taken ? SEC_E_OK : SEC_E_INVALID_TOKEN);
        krb_forge_acceptor_restart(&a);
    }
}

static void
test_accept__the_handshake_is_over_after_it(void **state)
{
    assert_accepted(krb_forge_try(&a, &f));
    assert_int_equal(krb_forge_try(&a, &f), SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(krb_forge_facts(&a).phase, SEC_PHASE_ESTABLISHED);
}

/* --- DCE style ----------------------------------------------------------------------------- */

static void
put_forwarded(const struct krb_key *key, struct wire_writer *w)
{
    char text[64];
    size_t n = fake_ticket_forwarded(&f.ticket.cname, f.ticket.crealm, text, sizeof(text));

    fake_ticket_encrypt(&a.tickets, key, KRB_USAGE_KRB_CRED, bytes_of(text, n), w);
    f.checksum.flags |= GSS_KRB_DELEG;
    f.checksum.krb_cred = wire_written(w);
}

static void
begin_dce(struct krb_enc_ap_rep *m, uint8_t room[static 512])
{
    f.checksum.flags |= GSS_KRB_DCE_STYLE;
    f.oid = bytes_of(NULL, 0);
    assert_int_equal(krb_forge_try(&a, &f), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(krb_forge_facts(&a).phase, SEC_PHASE_HALF_OPEN);
    assert_null(krb_forge_facts(&a).identity);
    assert_int_equal(a.args.granted, 0);
    *m = open_answer(room);
}

static sec_status
try_third(const struct krb_enc_ap_rep *m)
{
    struct wire_writer third = wire_writer_growing(NULL, 0);
    sec_status status;

    krb_forge_put_third(&f, m, &third);
    status = krb_forge_accept(&a, wire_written(&third));
    wire_writer_clear(&third);
    return status;
}

/* MIT's client has the time of its own clock, Heimdal's that of the authenticator. */
static void
test_accept__dce_style_is_three_bare_legs(void **state)
{
    for (unsigned i = 0; i < 2; i++) {
        uint8_t room[512];
        struct krb_enc_ap_rep m;

        begin_dce(&m, room);
        m.subkey = (struct krb_keyblock){ 0 };
        m.ctime_100ns += i * 10000000;
        assert_accepted(try_third(&m));
        assert_int_equal(a.out.len, 0);
        assert_int_equal(a.args.granted & (SEC_DCE_STYLE | SEC_MUTUAL_AUTH),
                         SEC_DCE_STYLE | SEC_MUTUAL_AUTH);
        assert_non_null(krb_forge_facts(&a).identity);
        krb_forge_acceptor_restart(&a);
    }
}

/* Forwarded credentials are nobody's to use, and no proof is told of, before the client has shown
 * that it can read our answer; nor after it failed to. */
static void
test_accept__dce_style_tells_of_no_proof_before_the_third_leg(void **state)
{
    struct wire_writer w = wire_writer_growing(NULL, 0);
    struct sec_facts facts;
    struct krb_enc_ap_rep m;
    uint8_t room[512];

    put_forwarded(&f.session_key, &w);
    a.args.bindings.given = true;
    f.checksum.bindings = bytes_of(a.args.bindings.md5, sizeof(a.args.bindings.md5));
    a.args.bindings.md5[0] = 1;
    begin_dce(&m, room);
    for (unsigned i = 0; i < 2; i++) {
        facts = krb_forge_facts(&a);
        assert_null(facts.kerberos.delegated_cache);
        assert_false(facts.kerberos.pac_verified || facts.bindings_verified);
        assert_int_equal(facts.kerberos.upn.n + facts.kerberos.logon_server.n, 0);
        assert_int_equal(try_third(&m), i ? SEC_E_OUT_OF_SEQUENCE : SEC_E_LOGON_DENIED);
    }
    wire_writer_clear(&w);
}

static void
test_accept__dce_style_has_a_subkey_with_rc4_too(void **state)
{
    uint8_t room[512];
    struct krb_enc_ap_rep m;

    krb_forge_enctype(&f, KRB_RC4_HMAC);
    begin_dce(&m, room);
    assert_int_equal(m.subkey.enctype, KRB_RC4_HMAC);
}

static void
assert_third_refused(sec_status status, sec_status want)
{
    struct sec_facts facts = krb_forge_facts(&a);

    assert_int_equal(status, want);
    assert_int_equal(facts.phase, SEC_PHASE_FAILED);
    assert_null(krb_context_of(a.ctx)->identity);
    assert_null(facts.kerberos.delegated_cache);
    assert_int_equal(facts.user.n, 0);
    assert_int_equal(a.out.len, 0);
    krb_forge_acceptor_restart(&a);
}

static void
test_accept__a_third_leg_that_proves_nothing_is_refused(void **state)
{
    struct wire_writer second = wire_writer_growing(NULL, 0), cred = wire_writer_growing(NULL, 0);
    uint8_t room[512];
    struct krb_enc_ap_rep m;
    struct krb_key key = f.session_key;

    put_forwarded(&f.subkey, &cred);
    begin_dce(&m, room);
    m.subkey = (struct krb_keyblock){ 0 };
    m.sequence++;
    assert_third_refused(try_third(&m), SEC_E_LOGON_DENIED);

    begin_dce(&m, room);
    m.subkey = (struct krb_keyblock){ 0 };
    m.has_sequence = false;
    assert_third_refused(try_third(&m), SEC_E_LOGON_DENIED);

    begin_dce(&m, room);
    m.subkey = (struct krb_keyblock){ 0 };
    f.session_key.b[0] ^= 1;
    assert_third_refused(try_third(&m), SEC_E_LOGON_DENIED);
    f.session_key = key;

    /* Our own answer, sent back. */
    begin_dce(&m, room);
    wire_put_bytes(&second, wire_written(&a.out));
    assert_third_refused(krb_forge_accept(&a, wire_written(&second)), SEC_E_LOGON_DENIED);
    wire_writer_clear(&second);

    begin_dce(&m, room);
    assert_third_refused(krb_forge_accept(&a, bytes_of_string("no AP-REP")), SEC_E_INVALID_TOKEN);
    begin_dce(&m, room);
    assert_third_refused(krb_forge_accept(&a, bytes_of(NULL, 0)), SEC_E_INVALID_TOKEN);
    begin_dce(&m, room);
    assert_third_refused(krb_forge_try(&a, &f), SEC_E_INVALID_TOKEN);
    assert_int_equal(a.tickets.delegated, 0);
    wire_writer_clear(&cred);
}

/* --- delegation ---------------------------------------------------------------------------- */

static void
test_accept__forwarded_credentials_open_with_either_key(void **state)
{
    const struct krb_key *const keys[] = { &f.subkey, &f.session_key };

    for (size_t i = 0; i < SEC_ARRAY_LEN(keys); i++) {
        struct wire_writer w = wire_writer_growing(NULL, 0);

        put_forwarded(keys[i], &w);
        assert_accepted(krb_forge_try(&a, &f));
        assert_true(a.args.granted & SEC_DELEGATE);
        assert_non_null(krb_forge_facts(&a).kerberos.delegated_cache);
        krb_forge_acceptor_restart(&a);
        wire_writer_clear(&w);
    }
}

/* Nor are those kept that did open, where there is no logon in the end. */
static void
test_accept__forwarded_credentials_go_with_the_logon(void **state)
{
    struct wire_writer w = wire_writer_growing(NULL, 0);

    put_forwarded(&f.subkey, &w);
    a.host.random_limit = 0;
    assert_int_equal(krb_forge_try(&a, &f), SEC_E_INTERNAL_ERROR);
    assert_int_equal(a.tickets.delegations, 1);
    assert_int_equal(a.tickets.delegated, 0);
    assert_null(krb_forge_facts(&a).kerberos.delegated_cache);
    assert_null(krb_context_of(a.ctx)->identity);
    wire_writer_clear(&w);
}

static void
test_accept__forwarded_credentials_that_do_not_open_are_a_refusal(void **state)
{
    struct wire_writer w = wire_writer_growing(NULL, 0);
    struct sec_facts facts;

    put_forwarded(&f.ticket_key, &w);
    assert_int_equal(krb_forge_try(&a, &f), SEC_E_INVALID_TOKEN);
    facts = krb_forge_facts(&a);
    assert_int_equal(facts.phase, SEC_PHASE_FAILED);
    assert_null(facts.identity);
    assert_null(facts.kerberos.delegated_cache);
    assert_true(bytes_equal(facts.claimed_user, UTF16("alice")));
    assert_true(bytes_equal(facts.kerberos.client, UTF16("alice@EXAMPLE.TEST")));
    wire_writer_clear(&w);
}

/* --- user-to-user -------------------------------------------------------------------------- */

static sec_status
send_tgt_req(void)
{
    struct wire_writer body = wire_writer_growing(NULL, 0), token = wire_writer_growing(NULL, 0);
    struct krb_tgt_req req = { 0 };
    sec_status status;

    krb_tgt_req_encode(&body, &req);
    gss_krb_token_put(&token, gss_krb5_u2u_oid, GSS_KRB_TGT_REQ, body.len);
    wire_put_bytes(&token, wire_written(&body));
    status = krb_forge_accept(&a, wire_written(&token));
    wire_writer_clear(&body);
    wire_writer_clear(&token);
    return status;
}

/* The fake KDC's sessions with a TGT are all the same: its own tells the key of ours. */
static struct krb_key
ask_for_tgt(void)
{
    struct ticket_holder *holder;
    struct gss_krb_token outer;
    struct krb_tgt_rep rep;
    struct ticket own = { 0 };
    struct krb_key key;

    assert_int_equal(send_tgt_req(), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(gss_krb_token_decode(&outer, wire_written(&a.out)), WIRE_OK);
    assert_int_equal(outer.id, GSS_KRB_TGT_REP);
    assert_true(bytes_equal(outer.oid, gss_krb5_u2u_oid));
    assert_int_equal(krb_tgt_rep_decode(&rep, outer.body), WIRE_OK);
    assert_int_equal(ticket_holder_new(&a.tickets, &(struct ticket_holder_args){ 0 }, &holder),
                     SEC_E_OK);
    assert_int_equal(ticket_get_tgt(holder, &own), SEC_E_OK);
    assert_true(krb_name_equal(&rep.ticket.sname, &own.sname));
    key = own.key;
    ticket_clear(&own);
    ticket_holder_free(holder);
    return key;
}

static void
test_accept__user_to_user_opens_with_the_tgt_that_was_sent(void **state)
{
    f.ticket_key = ask_for_tgt();
    f.oid = gss_krb5_u2u_oid;
    f.ap_options |= KRB_AP_USE_SESSION_KEY;
    f.clear.sname = fake_ticket_name("alice", KRB_NT_PRINCIPAL);
    f.clear.enc.enctype = f.ticket_key.enctype;
    f.clear.enc.has_kvno = false;
    assert_accepted(krb_forge_try(&a, &f));
    assert_true(a.args.granted & SEC_USE_SESSION_KEY);
}

static void
test_accept__user_to_user_with_another_key_is_refused(void **state)
{
    for (unsigned i = 0; i < 3; i++) {
        struct krb_key key = ask_for_tgt(), service = f.ticket_key;

        f.ticket_key = i == 0 ? service : key; /* of the keytab, which nobody asked */
        f.ap_options |= KRB_AP_USE_SESSION_KEY;
        if (i == 1) { /* an ordinary ticket after all */
            f.ap_options &= ~(uint32_t)KRB_AP_USE_SESSION_KEY;
        }
        if (i == 2) {
            f.clear.enc.enctype = KRB_AES128_SHA1;
        }
        assert_int_equal(krb_forge_try(&a, &f), i == 1 ? SEC_E_INVALID_TOKEN : SEC_E_LOGON_DENIED);
        assert_int_equal(a.tickets.replay_checks, 0);
        krb_forge_acceptor_restart(&a);
        f.ticket_key = service;
    }
}

static void
test_accept__use_session_key_without_a_tgt_is_refused(void **state)
{
    f.ap_options |= KRB_AP_USE_SESSION_KEY;
    assert_int_equal(krb_forge_try(&a, &f), SEC_E_INVALID_TOKEN);
}

static void
test_accept__tgt_req_without_a_tgt_says_so(void **state)
{
    a.tickets.tgt_fails = SEC_E_NO_CREDENTIALS;
    assert_int_equal(send_tgt_req(), SEC_E_NO_CREDENTIALS);
    assert_int_equal(a.out.len, 0);
    assert_int_equal(krb_forge_facts(&a).phase, SEC_PHASE_FAILED);
}

/* An acceptor of whom a TGT was asked is not asked for another. */
static void
test_accept__tgt_req_comes_once(void **state)
{
    assert_int_equal(send_tgt_req(), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(send_tgt_req(), SEC_E_INVALID_TOKEN);
    assert_int_equal(a.tickets.tgts, 1);
}

/* --- memory -------------------------------------------------------------------------------- */

static void
test_accept__the_same_exchange_gives_the_same_bytes(void **state)
{
    struct wire_writer token = wire_writer_growing(NULL, 0), first = wire_writer_growing(NULL, 0);

    krb_forge_put(&f, &token);
    assert_accepted(krb_forge_accept(&a, wire_written(&token)));
    wire_put_bytes(&first, wire_written(&a.out));
    assert_true(krb_forge_acceptor_clear(&a));
    krb_forge_acceptor_init(&a);
    assert_accepted(krb_forge_accept(&a, wire_written(&token)));
    assert_true(bytes_equal(wire_written(&a.out), wire_written(&first)));
    wire_writer_clear(&token);
    wire_writer_clear(&first);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_accept__mutual_is_answered_with_ctime_a_subkey_and_a_sequence_number),
        TEST(test_accept__without_mutual_nothing_is_answered_and_the_initiators_subkey_holds),
        TEST(test_accept__without_any_subkey_the_tickets_key_holds),
        TEST(test_accept__mutual_goes_by_the_checksum_not_by_ap_options),
        TEST(test_accept__each_type_of_session_key_has_its_subkey_but_rc4),
        TEST(test_accept__the_subkey_is_of_the_preferred_type_that_the_client_lists),
        TEST(test_accept__granted_is_what_the_initiator_asked_for),
        TEST(test_accept__names_times_and_the_ticket_are_known),
        TEST(test_accept__a_ticket_without_kvno_or_starttime_passes),
        TEST(test_accept__a_ticket_by_another_name_opens_with_the_same_key),
        TEST(test_accept__edges_of_the_clock_skew_pass),
        TEST(test_accept__a_ticket_with_addresses_passes),
        TEST(test_accept__a_ticket_of_40_kilobytes_passes),
        TEST(test_accept__frames_of_kerberos_are_taken_and_no_others),
        TEST(test_accept__the_handshake_is_over_after_it),
        TEST(test_accept__dce_style_is_three_bare_legs),
        TEST(test_accept__dce_style_tells_of_no_proof_before_the_third_leg),
        TEST(test_accept__dce_style_has_a_subkey_with_rc4_too),
        TEST(test_accept__a_third_leg_that_proves_nothing_is_refused),
        TEST(test_accept__forwarded_credentials_open_with_either_key),
        TEST(test_accept__forwarded_credentials_go_with_the_logon),
        TEST(test_accept__forwarded_credentials_that_do_not_open_are_a_refusal),
        TEST(test_accept__user_to_user_opens_with_the_tgt_that_was_sent),
        TEST(test_accept__user_to_user_with_another_key_is_refused),
        TEST(test_accept__use_session_key_without_a_tgt_is_refused),
        TEST(test_accept__tgt_req_without_a_tgt_says_so),
        TEST(test_accept__tgt_req_comes_once),
        TEST(test_accept__the_same_exchange_gives_the_same_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
