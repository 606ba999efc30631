/* SPDX-License-Identifier: Apache-2.0 */
/* The initiator against AP-REP, TGT-REP and none of them. KRB-ERRORs: test_initiate_error.c. */
#include "base/der.h"
#include "tests/unit/kerberos/initiate_talk.h"

/* --- AP-REP -------------------------------------------------------------------------------- */

static const int32_t types[] = { KRB_AES256_SHA1, KRB_AES128_SHA1, KRB_AES256_SHA384,
                                 KRB_AES128_SHA256, KRB_RC4_HMAC };

static void
test_take_ap_rep__establishes_with_the_acceptors_subkey_or_ours(void **state)
{
    for (unsigned i = 0; i < 2 * SEC_ARRAY_LEN(types); i++) {
        bool subkey = i % 2;
        struct krb_key key;
        struct talk t;

        talk_init(&t, SEC_MUTUAL_AUTH | SEC_CONFIDENTIALITY | SEC_SEQUENCE_DETECT);
        talk_begin(&t);
        fake_ticket_key("subkey", types[i / 2], 1, &key);
        if (subkey) {
            t.reply.part.subkey = (struct krb_keyblock){ key.enctype, bytes_of(key.b, key.n) };
            t.reply.part.has_sequence = true;
            t.reply.part.sequence = 4000000000u;
        }
        assert_int_equal(talk_reply(&t), SEC_E_OK);
        assert_int_equal(t.last.len, 0);
        assert_int_equal(t.p.client_args.granted, SEC_CONNECTION | SEC_MUTUAL_AUTH |
                                                      SEC_CONFIDENTIALITY | SEC_SEQUENCE_DETECT |
                                                      SEC_INTEGRITY);
        assert_bytes_equal(sec_pair_facts(t.p.client).session_key,
                           subkey ? bytes_of(key.b, key.n)
                                  : bytes_of(t.request.subkey.b, t.request.subkey.n));
        assert_int_equal(sec_pair_facts(t.p.client).kerberos.session_enctype,
                         subkey ? key.enctype : KRB_AES256_SHA1);
        talk_clear(&t);
    }
}

enum wrong {
    OTHER_CTIME,
    OTHER_CUSEC,
    OTHER_KEY,
    SUBKEYS_KEY,
    OTHER_ENCTYPE,
    BARE,
    FOREIGN_OID,
    U2U_OID,
    SHORT_SUBKEY,
    UNKNOWN_SUBKEY,
    WRONGS
};

static void
make_wrong(struct talk *t, enum wrong which, const struct krb_key *other)
{
    static const uint8_t short_key[16] = { 1 };

    switch (which) {
    case OTHER_CTIME: t->reply.part.ctime_100ns += 10000000; break;
    case OTHER_CUSEC: t->reply.part.ctime_100ns += 10; break;
    case OTHER_KEY: t->reply.key = other; break;
    case SUBKEYS_KEY: t->reply.key = &t->request.subkey; break;
    case OTHER_ENCTYPE: t->reply.enctype = KRB_AES128_SHA1; break;
    case BARE: t->reply.bare = true; break;
    case FOREIGN_OID: t->reply.oid = &gss_iakerb_oid; break;
    case U2U_OID: t->reply.oid = &gss_krb5_u2u_oid; break;
    case SHORT_SUBKEY:
        t->reply.part.subkey = (struct krb_keyblock){ KRB_AES256_SHA1, bytes_of(short_key, 16) };
        break;
    default: t->reply.part.subkey = (struct krb_keyblock){ 3, bytes_of(short_key, 8) }; break;
    }
}

static void
test_take_ap_rep__wrong_ones_refused(void **state)
{
    static const sec_status expected[WRONGS] = {
        [OTHER_CTIME] = SEC_E_WRONG_PRINCIPAL, [OTHER_CUSEC] = SEC_E_WRONG_PRINCIPAL,
        [OTHER_KEY] = SEC_E_WRONG_PRINCIPAL,   [SUBKEYS_KEY] = SEC_E_WRONG_PRINCIPAL,
        [OTHER_ENCTYPE] = SEC_E_INVALID_TOKEN, [BARE] = SEC_E_INVALID_TOKEN,
        [FOREIGN_OID] = SEC_E_INVALID_TOKEN,   [U2U_OID] = SEC_E_INVALID_TOKEN,
        [SHORT_SUBKEY] = SEC_E_INVALID_TOKEN,  [UNKNOWN_SUBKEY] = SEC_E_KDC_UNKNOWN_ETYPE,
    };
    struct krb_key other;

    fake_ticket_key("somebody", KRB_AES256_SHA1, 1, &other);
    for (unsigned i = 0; i < WRONGS; i++) {
        struct talk t;

        talk_init(&t, SEC_MUTUAL_AUTH);
        talk_begin(&t);
        make_wrong(&t, (enum wrong)i, &other);
        assert_int_equal(talk_reply(&t), expected[i]);
        assert_dead(&t);
        assert_int_equal(talk_take(&t, wire_written(&t.answer)), SEC_E_OUT_OF_SEQUENCE);
        talk_clear(&t);
    }
}

/* Settings that permit some types do not permit others of an acceptor. */
static void
test_take_ap_rep__subkey_of_a_type_that_is_not_permitted_refused(void **state)
{
    struct krb_key key;
    struct talk t;

    talk_init(&t, SEC_MUTUAL_AUTH);
    t.p.client_host.settings.kerberos.enctypes[0] = KRB_AES256_SHA1;
    t.p.client_host.settings.kerberos.n_enctypes = 1;
    talk_begin(&t);
    fake_ticket_key("subkey", KRB_RC4_HMAC, 1, &key);
    t.reply.part.subkey = (struct krb_keyblock){ key.enctype, bytes_of(key.b, key.n) };
    assert_int_equal(talk_reply(&t), SEC_E_KDC_UNKNOWN_ETYPE);
    assert_dead(&t);
    talk_clear(&t);
}

/* Each context dies of its first bad token: a fresh one for each. */
static void
try_changed(struct bytes in, size_t at, void *user)
{
    bool bare = *(const bool *)user;
    struct talk t;
    sec_status status;

    talk_init(&t, bare ? SEC_DCE_STYLE : SEC_MUTUAL_AUTH);
    talk_begin(&t);
    status = talk_take(&t, in);
    if (!sec_failed(status)) {
        fail_msg("byte %zu changed, status %08x", at, (unsigned)status);
    }
    assert_dead(&t);
    talk_clear(&t);
}

static void
try_prefix(struct bytes in, size_t at, void *user)
{
    if (at) { /* no token at all: test_step.c */
        try_changed(in, at, user);
    }
}

static void
test_take_ap_rep__every_prefix_and_every_changed_byte_refused(void **state)
{
    for (unsigned bare = 0; bare < 2; bare++) {
        bool is_bare = bare;
        struct krb_key key;
        struct talk t;

        talk_init(&t, is_bare ? SEC_DCE_STYLE : SEC_MUTUAL_AUTH);
        talk_begin(&t);
        fake_ticket_key("subkey", KRB_AES256_SHA1, 1, &key);
        t.reply.part.subkey = (struct krb_keyblock){ key.enctype, bytes_of(key.b, key.n) };
        t.reply.part.has_sequence = true;
        t.reply.part.sequence = 77;
        assert_int_equal(talk_reply(&t), SEC_E_OK);
        mutate_prefixes(wire_written(&t.answer), try_prefix, &is_bare);
        /* Of the other values of each byte a handful says as much as all. */
        for (size_t at = 0; at < t.answer.len; at++) {
            static const uint8_t by[] = { 0x01, 0x10, 0x80, 0xFF };

            for (size_t k = 0; k < SEC_ARRAY_LEN(by); k++) {
                uint8_t *copy = mutate_copy(wire_written(&t.answer), t.answer.len);

                copy[at] ^= by[k];
                try_changed(bytes_of(copy, t.answer.len), at, &is_bare);
                free(copy);
            }
        }
        talk_clear(&t);
    }
}

/* --- DCE style ----------------------------------------------------------------------------- */

static void
test_take_ap_rep__dce_style_answers_with_the_acceptors_sequence(void **state)
{
    struct gss_krb_token token;
    struct krb_ap_rep m;
    struct krb_enc_ap_rep part;
    uint8_t room[KRB_AP_REP_ROOM];
    union krb_cipher_room cipher;
    struct bytes plain;
    struct talk t;

    talk_init(&t, SEC_DCE_STYLE | SEC_CONFIDENTIALITY);
    talk_begin(&t);
    assert_true(t.request.token.bare);
    t.reply.part.has_sequence = true;
    t.reply.part.sequence = 123456789;
    assert_int_equal(talk_reply(&t), SEC_E_OK);
    assert_int_equal(t.p.client_args.granted & (SEC_DCE_STYLE | SEC_MUTUAL_AUTH),
                     SEC_DCE_STYLE | SEC_MUTUAL_AUTH);
    assert_int_equal(sec_pair_facts(t.p.client).security_trailer, 76);
    assert_int_equal(gss_krb_token_decode(&token, wire_written(&t.last)), WIRE_OK);
    assert_true(token.bare);
    assert_int_equal(token.id, GSS_KRB_AP_REP);
    assert_int_equal(krb_ap_rep_decode(&m, token.body), WIRE_OK);
    assert_true(
        krb_decrypt(krb_cipher_init(&cipher, &t.request.session, KRB_USAGE_AP_REP, KRB_DECRYPT),
                    m.enc.cipher, room, &plain));
    assert_int_equal(krb_enc_ap_rep_decode(&part, plain), WIRE_OK);
    assert_int_equal(part.ctime_100ns, t.request.authenticator.ctime_100ns);
    assert_true(part.has_sequence);
    assert_int_equal(part.sequence, 123456789);
    assert_null(part.subkey.value.p);
    talk_clear(&t);
}

/* A frame where none was agreed on. */
static void
test_take_ap_rep__framed_in_dce_style_refused(void **state)
{
    struct talk t;

    talk_init(&t, SEC_DCE_STYLE);
    talk_begin(&t);
    t.reply.bare = false;
    assert_int_equal(talk_reply(&t), SEC_E_INVALID_TOKEN);
    assert_dead(&t);
    talk_clear(&t);
}

/* --- user-to-user -------------------------------------------------------------------------- */

/* Bob's TGT, as his acceptor would send it. */
static void
get_tgt(struct talk *t, struct ticket *out)
{
    const struct ticket_holder_args own = { 0 };
    struct ticket_holder *bob;

    assert_int_equal(ticket_holder_new(&t->p.server_tickets, &own, &bob), SEC_E_OK);
    assert_int_equal(ticket_get_tgt(bob, out), SEC_E_OK);
    ticket_holder_free(bob);
}

static void
begin_user_to_user(struct talk *t, struct bytes target)
{
    talk_init(t, SEC_USE_SESSION_KEY | SEC_MUTUAL_AUTH);
    t->p.client_args.target = target;
    assert_true(krb_pair_open(&t->p));
    assert_int_equal(sec_pair_step(t->p.client, &t->p.client_args, bytes_of(NULL, 0), &t->sent),
                     SEC_I_CONTINUE_NEEDED);
}

static void
test_take_tgt_rep__sends_a_ticket_under_the_tgts_session_key(void **state)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct ticket tgt;
    struct talk t;

    begin_user_to_user(&t, UTF16("bob@EXAMPLE.TEST"));
    get_tgt(&t, &tgt);
    krb_peer_put_tgt_rep(&w, tgt.der);
    assert_int_equal(talk_take(&t, wire_written(&w)), SEC_I_CONTINUE_NEEDED);
    assert_true(krb_peer_open(&t.request, wire_written(&t.last), &tgt.key));
    assert_bytes_equal(t.request.token.oid, gss_krb5_u2u_oid);
    assert_int_equal(t.request.ap_req.options, KRB_AP_USE_SESSION_KEY | KRB_AP_MUTUAL_REQUIRED);
    t.reply = krb_peer_reply_to(&t.request);
    t.reply.oid = &gss_krb5_u2u_oid;
    assert_int_equal(talk_reply(&t), SEC_E_OK);
    assert_int_equal(t.p.client_args.granted,
                     SEC_CONNECTION | SEC_MUTUAL_AUTH | SEC_USE_SESSION_KEY);
    ticket_clear(&tgt);
    talk_clear(&t);
}

static void
test_take_tgt_rep__somebody_elses_tgt_refused(void **state)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct ticket tgt;
    struct talk t;

    begin_user_to_user(&t, UTF16("alice@EXAMPLE.TEST"));
    get_tgt(&t, &tgt);
    krb_peer_put_tgt_rep(&w, tgt.der);
    assert_int_equal(talk_take(&t, wire_written(&w)), SEC_E_TARGET_UNKNOWN);
    assert_dead(&t);
    ticket_clear(&tgt);
    talk_clear(&t);
}

static void
test_take_tgt_rep__what_is_none_refused(void **state)
{
    struct krb_error e = error_of(KRB_AP_ERR_NOT_US);
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct talk t;

    begin_user_to_user(&t, UTF16("bob"));
    assert_int_equal(talk_take(&t, wire_written(&t.sent)), SEC_E_NO_TGT_REPLY);
    assert_dead(&t);
    talk_clear(&t);

    begin_user_to_user(&t, UTF16("bob"));
    assert_int_equal(talk_take(&t, bytes_of(NULL, 0)), SEC_E_NO_TGT_REPLY);
    assert_dead(&t);
    talk_clear(&t);

    begin_user_to_user(&t, UTF16("bob"));
    assert_int_equal(talk_error(&t, &e, false), SEC_E_WRONG_PRINCIPAL);
    assert_dead(&t);
    talk_clear(&t);

    begin_user_to_user(&t, UTF16("bob"));
    gss_krb_token_put(&w, gss_krb5_u2u_oid, GSS_KRB_TGT_REP, 2);
    wire_put(&w, "\x30\x00", 2);
    assert_int_equal(talk_take(&t, wire_written(&w)), SEC_E_INVALID_TOKEN);
    assert_dead(&t);
    talk_clear(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_take_ap_rep__establishes_with_the_acceptors_subkey_or_ours),
        cmocka_unit_test(test_take_ap_rep__wrong_ones_refused),
        cmocka_unit_test(test_take_ap_rep__subkey_of_a_type_that_is_not_permitted_refused),
        cmocka_unit_test(test_take_ap_rep__every_prefix_and_every_changed_byte_refused),
        cmocka_unit_test(test_take_ap_rep__dce_style_answers_with_the_acceptors_sequence),
        cmocka_unit_test(test_take_ap_rep__framed_in_dce_style_refused),
        cmocka_unit_test(test_take_tgt_rep__sends_a_ticket_under_the_tgts_session_key),
        cmocka_unit_test(test_take_tgt_rep__somebody_elses_tgt_refused),
        cmocka_unit_test(test_take_tgt_rep__what_is_none_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
