/* SPDX-License-Identifier: Apache-2.0 */
/* The initiator against what acceptors answer: AP-REP, KRB-ERROR, TGT-REP, and none of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/der.h"
#include "kerberos/context.h"
#include "kerberos/kerberos.h"
#include "tests/support/hex.h"
#include "tests/support/krb_pair.h"
#include "tests/support/krb_peer.h"
#include "tests/support/mutate.h"

#define MINUTE_100NS (UINT64_C(60) * 10000000)

/* An initiator that has sent its first token, and an acceptor of the test's. */
struct talk {
    struct krb_pair p;
    struct krb_peer_request request;
    struct krb_peer_reply reply; /* as it should be, to be changed */
    struct wire_writer sent, answer, last;
    char reason[SEC_REASON_BYTES];
};

static void
talk_init(struct talk *t, uint32_t wanted)
{
    krb_pair_init(&t->p);
    t->p.client_args.wanted = wanted;
    t->sent = t->answer = t->last = wire_writer_growing(NULL, 0);
}

static void
talk_begin(struct talk *t)
{
    assert_true(krb_pair_open(&t->p));
    assert_int_equal(sec_pair_step(t->p.client, &t->p.client_args, bytes_of(NULL, 0), &t->sent),
                     SEC_I_CONTINUE_NEEDED);
    assert_true(krb_peer_open(&t->request, wire_written(&t->sent), NULL));
    t->reply = krb_peer_reply_to(&t->request);
}

static sec_status
talk_take(struct talk *t, struct bytes token)
{
    sec_status status;

    wire_writer_clear(&t->last);
    t->last = wire_writer_growing(NULL, 0);
    sec_reason_clear();
    status = sec_pair_step(t->p.client, &t->p.client_args, token, &t->last);
    (void)snprintf(t->reason, sizeof(t->reason), "%s", sec_reason());
    return status;
}

static sec_status
talk_reply(struct talk *t)
{
    wire_writer_clear(&t->answer);
    t->answer = wire_writer_growing(NULL, 0);
    krb_peer_put_ap_rep(&t->answer, &t->reply);
    return talk_take(t, wire_written(&t->answer));
}

static sec_status
talk_error(struct talk *t, const struct krb_error *e, bool bare)
{
    wire_writer_clear(&t->answer);
    t->answer = wire_writer_growing(NULL, 0);
    krb_peer_put_error(&t->answer, e, bare);
    return talk_take(t, wire_written(&t->answer));
}

static void
talk_clear(struct talk *t)
{
    wire_writer_clear(&t->sent);
    wire_writer_clear(&t->answer);
    wire_writer_clear(&t->last);
    krb_pair_clear(&t->p);
    assert_true(krb_pair_is_clean(&t->p));
}

/* A refusal leaves nothing behind: no key, no name proven, no token. */
static void
assert_dead(struct talk *t)
{
    struct sec_facts f = sec_pair_facts(t->p.client);

    assert_int_equal(f.phase, SEC_PHASE_FAILED);
    assert_int_equal(f.session_key.n, 0);
    assert_int_equal(f.flags, 0);
    assert_int_equal(f.user.n, 0);
    assert_int_equal(t->p.client_args.granted, 0);
    assert_int_equal(t->last.len, 0);
    assert_int_not_equal(t->reason[0], 0);
}

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

/* --- KRB-ERROR ----------------------------------------------------------------------------- */

static struct krb_error
error_of(int32_t code)
{
    return (struct krb_error){
        .stime_100ns = FAKE_HOST_NOW_100NS,
        .code = code,
        .realm = bytes_of_string(FAKE_REALM),
        .sname = fake_ticket_name("HTTP/web.example.test", KRB_NT_SRV_INST),
    };
}

static const struct {
    int32_t code;
    sec_status status;
} errors[] = {
    { KRB_KDC_ERR_C_PRINCIPAL_UNKNOWN, SEC_E_LOGON_DENIED },
    { KRB_KDC_ERR_S_PRINCIPAL_UNKNOWN, SEC_E_TARGET_UNKNOWN },
    { KRB_KDC_ERR_ETYPE_NOSUPP, SEC_E_KDC_UNKNOWN_ETYPE },
    { KRB_AP_ERR_BAD_INTEGRITY, SEC_E_WRONG_PRINCIPAL },
    { KRB_AP_ERR_TKT_EXPIRED, SEC_E_CONTEXT_EXPIRED },
    { KRB_AP_ERR_TKT_NYV, SEC_E_TIME_SKEW },
    { KRB_AP_ERR_NOT_US, SEC_E_WRONG_PRINCIPAL },
    { KRB_AP_ERR_BADMATCH, SEC_E_LOGON_DENIED },
    { KRB_AP_ERR_SKEW, SEC_E_TIME_SKEW },
    { KRB_AP_ERR_BADADDR, SEC_E_LOGON_DENIED },
    { KRB_AP_ERR_BADVERSION, SEC_E_INVALID_TOKEN },
    { KRB_AP_ERR_MSG_TYPE, SEC_E_INVALID_TOKEN },
    { KRB_AP_ERR_MODIFIED, SEC_E_WRONG_PRINCIPAL },
    { KRB_AP_ERR_BADORDER, SEC_E_OUT_OF_SEQUENCE },
    { KRB_AP_ERR_BADKEYVER, SEC_E_WRONG_PRINCIPAL },
    { KRB_AP_ERR_NOKEY, SEC_E_WRONG_PRINCIPAL },
    { KRB_AP_ERR_MUT_FAIL, SEC_E_MUTUAL_AUTH_FAILED },
    { KRB_AP_ERR_METHOD, SEC_E_UNSUPPORTED_FUNCTION },
    { KRB_AP_ERR_INAPP_CKSUM, SEC_E_MESSAGE_ALTERED },
    { KRB_ERR_GENERIC, SEC_E_LOGON_DENIED },
    { KRB_AP_ERR_USER_TO_USER_REQUIRED, SEC_E_UNSUPPORTED_FUNCTION },
    { 0, SEC_E_LOGON_DENIED },
    { 4711, SEC_E_LOGON_DENIED },
    { -1, SEC_E_LOGON_DENIED },
};

static void
test_take_error__each_code_ends_the_exchange_by_its_name(void **state)
{
    for (unsigned i = 0; i < 2 * SEC_ARRAY_LEN(errors); i++) {
        struct krb_error e = error_of(errors[i / 2].code);
        char code[32];
        struct talk t;

        talk_init(&t, SEC_MUTUAL_AUTH);
        talk_begin(&t);
        e.text = bytes_of_string("as it were");
        assert_int_equal(talk_error(&t, &e, i % 2), errors[i / 2].status);
        assert_dead(&t);
        (void)snprintf(code, sizeof(code), " (%d)", e.code);
        assert_non_null(strstr(t.reason, krb_error_name(e.code)));
        assert_non_null(strstr(t.reason, code));
        assert_non_null(strstr(t.reason, "as it were"));
        assert_int_equal(sec_pair_facts(t.p.client).kerberos.error_code, e.code);
        talk_clear(&t);
    }
}

/* DCE style has its three legs: no fourth. */
static void
test_take_error__dce_style_never_tries_again(void **state)
{
    static const int32_t codes[] = { KRB_AP_ERR_SKEW, KRB_AP_ERR_REPEAT, KRB_AP_ERR_BADKEYVER,
                                     KRB_AP_ERR_TKT_EXPIRED };

    for (size_t i = 0; i < SEC_ARRAY_LEN(codes); i++) {
        struct krb_error e = error_of(codes[i]);
        struct talk t;

        talk_init(&t, SEC_DCE_STYLE);
        t.p.client_tickets.cached_kvno = 2;
        talk_begin(&t);
        e.data = HEX("3005a103020102");
        assert_true(sec_failed(talk_error(&t, &e, true)));
        assert_dead(&t);
        assert_int_equal(t.p.client_tickets.fresh_gets, 0);
        talk_clear(&t);
    }
}

/* SPNEGO's reject: the error is read for what it says. */
static void
test_take_error__no_second_try_with_a_peer_that_gave_up(void **state)
{
    struct krb_error e = error_of(KRB_AP_ERR_REPEAT);
    struct talk t;

    talk_init(&t, SEC_MUTUAL_AUTH);
    talk_begin(&t);
    t.p.client_args.peer_gave_up = true;
    assert_int_equal(talk_error(&t, &e, false), SEC_E_LOGON_DENIED);
    assert_dead(&t);
    assert_non_null(strstr(t.reason, "KRB_AP_ERR_REPEAT"));
    talk_clear(&t);
}

/* The second AP-REQ, which t->last holds. */
static void
open_second(struct talk *t, struct krb_peer_request *out)
{
    assert_true(krb_peer_open(out, wire_written(&t->last), NULL));
    assert_memory_not_equal(out->subkey.b, t->request.subkey.b, out->subkey.n);
    assert_int_equal(sec_pair_facts(t->p.client).phase, SEC_PHASE_HALF_OPEN);
}

/* [MS-KILE] 3.2.5.8: "the client retries the AP-REQ using the time in the KRB-ERROR message" where
 * KERB-ERROR-DATA says that it may; once. */
static void
test_take_error__skew_recovery_uses_the_servers_time_once(void **state)
{
    struct krb_error e = error_of(KRB_AP_ERR_SKEW);
    struct krb_peer_request second;
    struct talk t;

    talk_init(&t, SEC_MUTUAL_AUTH);
    talk_begin(&t);
    e.stime_100ns += 30 * MINUTE_100NS;
    e.data = HEX("3005a103020102");
    assert_int_equal(talk_error(&t, &e, false), SEC_I_CONTINUE_NEEDED);
    open_second(&t, &second);
    assert_int_equal(second.authenticator.ctime_100ns,
                     t.request.authenticator.ctime_100ns + 30 * MINUTE_100NS);
    assert_bytes_equal(second.ap_req.ticket.whole, t.request.ap_req.ticket.whole);
    t.reply = krb_peer_reply_to(&second);
    assert_int_equal(talk_reply(&t), SEC_E_OK);
    assert_int_equal(sec_pair_facts(t.p.client).kerberos.error_code, 0);
    talk_clear(&t);

    talk_init(&t, SEC_MUTUAL_AUTH);
    talk_begin(&t);
    assert_int_equal(talk_error(&t, &e, false), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(talk_error(&t, &e, false), SEC_E_TIME_SKEW);
    assert_dead(&t);
    assert_non_null(strstr(t.reason, "its clock is 1800 s ahead of ours"));
    talk_clear(&t);
}

/* No KERB-ERROR-DATA: nobody waits. And nobody proved the time: none outside the ticket's life. */
static void
test_take_error__skew_without_recovery_refused(void **state)
{
    static const struct {
        const char *data;
        int64_t minutes;
    } cases[] = {
        { "", 30 },
        { "3005a103020103", 30 },      /* KERB_ERR_TYPE_EXTENDED */
        { "3005a103020102", 10 * 60 }, /* past the ticket's end */
        { "3005a103020102", -2 * 60 }, /* before its start */
        { "3005a10302", 30 },
        { "3006a10402020002", 30 },
        { "020102", 30 },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        struct krb_error e = error_of(KRB_AP_ERR_SKEW);
        uint8_t data[32];
        struct talk t;

        talk_init(&t, SEC_MUTUAL_AUTH);
        talk_begin(&t);
        e.stime_100ns += (uint64_t)cases[i].minutes * MINUTE_100NS;
        e.data = hex_into(data, sizeof(data), cases[i].data);
        assert_int_equal(talk_error(&t, &e, false), SEC_E_TIME_SKEW);
        assert_dead(&t);
        talk_clear(&t);
    }
}

static void
test_take_error__repeat_has_a_new_authenticator_once(void **state)
{
    struct krb_error e = error_of(KRB_AP_ERR_REPEAT);
    struct krb_peer_request second;
    struct talk t;

    talk_init(&t, SEC_MUTUAL_AUTH);
    talk_begin(&t);
    assert_int_equal(talk_error(&t, &e, false), SEC_I_CONTINUE_NEEDED);
    open_second(&t, &second);
    assert_int_equal(talk_error(&t, &e, false), SEC_E_LOGON_DENIED);
    assert_dead(&t);
    talk_clear(&t);
}

/* A ticket under another key is worth another try, one under the same is not. */
static void
test_take_error__fresh_ticket_where_the_services_key_has_changed(void **state)
{
    static const int32_t codes[] = { KRB_AP_ERR_BADKEYVER, KRB_AP_ERR_MODIFIED };

    for (unsigned i = 0; i < 2 * SEC_ARRAY_LEN(codes); i++) {
        struct krb_error e = error_of(codes[i / 2]);
        bool changed = i % 2;
        struct krb_peer_request second;
        struct talk t;

        talk_init(&t, SEC_MUTUAL_AUTH | SEC_DELEGATE);
        t.p.client_tickets.cached_kvno = changed ? 2 : 0;
        talk_begin(&t);
        assert_int_equal(t.request.ap_req.ticket.enc.kvno, changed ? 2 : 3);
        assert_int_equal(talk_error(&t, &e, false),
                         changed ? SEC_I_CONTINUE_NEEDED : SEC_E_WRONG_PRINCIPAL);
        assert_int_equal(t.p.client_tickets.fresh_gets, 1);
        if (changed) {
            open_second(&t, &second);
            assert_int_equal(second.ap_req.ticket.enc.kvno, 3);
            assert_int_equal(second.checksum.flags, GSS_KRB_MUTUAL | GSS_KRB_DELEG);
            t.reply = krb_peer_reply_to(&second);
            assert_int_equal(talk_reply(&t), SEC_E_OK);
            assert_int_equal(sec_pair_facts(t.p.client).kerberos.kvno, 3);
        } else {
            assert_dead(&t);
        }
        talk_clear(&t);
    }
}

/* The reason stays the server's where no ticket comes. */
static void
test_take_error__no_fresh_ticket_is_the_servers_refusal(void **state)
{
    struct krb_error e = error_of(KRB_AP_ERR_BADKEYVER);
    struct talk t;

    talk_init(&t, SEC_MUTUAL_AUTH);
    talk_begin(&t);
    t.p.client_tickets.get_fails = SEC_E_NO_AUTHENTICATING_AUTHORITY;
    assert_int_equal(talk_error(&t, &e, false), SEC_E_WRONG_PRINCIPAL);
    assert_dead(&t);
    assert_non_null(strstr(t.reason, "KRB_AP_ERR_BADKEYVER"));
    assert_int_equal(sec_pair_facts(t.p.client).kerberos.error_code, KRB_AP_ERR_BADKEYVER);
    talk_clear(&t);
}

static void
test_take_error__expired_ticket_is_replaced_by_one_that_lives_longer(void **state)
{
    for (unsigned longer = 0; longer < 2; longer++) {
        struct krb_error e = error_of(KRB_AP_ERR_TKT_EXPIRED);
        struct talk t;

        talk_init(&t, SEC_MUTUAL_AUTH);
        talk_begin(&t);
        t.p.client_tickets.end_100ns += longer ? 60 * MINUTE_100NS : 0;
        assert_int_equal(talk_error(&t, &e, false),
                         longer ? SEC_I_CONTINUE_NEEDED : SEC_E_CONTEXT_EXPIRED);
        talk_clear(&t);
    }
}

static void
try_error(struct bytes in, size_t at, void *user)
{
    struct talk t;
    sec_status status;

    talk_init(&t, SEC_MUTUAL_AUTH);
    talk_begin(&t);
    status = at ? talk_take(&t, in) : SEC_E_INVALID_TOKEN;
    /* Another try it may cause, never a context. */
    assert_true(sec_failed(status) || status == SEC_I_CONTINUE_NEEDED);
    assert_int_not_equal(sec_pair_facts(t.p.client).phase, SEC_PHASE_ESTABLISHED);
    talk_clear(&t);
}

static void
test_take_error__no_prefix_and_no_changed_byte_establishes(void **state)
{
    struct krb_error e = error_of(KRB_AP_ERR_SKEW);
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);

    e.data = HEX("3005a103020102");
    krb_peer_put_error(&w, &e, false);
    mutate_prefixes(wire_written(&w), try_error, NULL);
    for (size_t at = 0; at < w.len; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            uint8_t *copy = mutate_copy(wire_written(&w), w.len);

            copy[at] = (uint8_t)(copy[at] ^ 1u << bit);
            try_error(bytes_of(copy, w.len), 1, NULL);
            free(copy);
        }
    }
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
        cmocka_unit_test(test_take_error__each_code_ends_the_exchange_by_its_name),
        cmocka_unit_test(test_take_error__dce_style_never_tries_again),
        cmocka_unit_test(test_take_error__no_second_try_with_a_peer_that_gave_up),
        cmocka_unit_test(test_take_error__skew_recovery_uses_the_servers_time_once),
        cmocka_unit_test(test_take_error__skew_without_recovery_refused),
        cmocka_unit_test(test_take_error__repeat_has_a_new_authenticator_once),
        cmocka_unit_test(test_take_error__fresh_ticket_where_the_services_key_has_changed),
        cmocka_unit_test(test_take_error__no_fresh_ticket_is_the_servers_refusal),
        cmocka_unit_test(test_take_error__expired_ticket_is_replaced_by_one_that_lives_longer),
        cmocka_unit_test(test_take_error__no_prefix_and_no_changed_byte_establishes),
        cmocka_unit_test(test_take_tgt_rep__sends_a_ticket_under_the_tgts_session_key),
        cmocka_unit_test(test_take_tgt_rep__somebody_elses_tgt_refused),
        cmocka_unit_test(test_take_tgt_rep__what_is_none_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
