/* SPDX-License-Identifier: Apache-2.0 */
/* What both sides of an exchange do alike: names, random, AP-REP, refusals, facts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kerberos/context.h"
#include "kerberos/kerberos.h"
#include "tests/support/hex.h"
#include "tests/support/krb_pair.h"

static const int32_t types[] = { KRB_AES256_SHA1, KRB_AES128_SHA1, KRB_AES256_SHA384,
                                 KRB_AES128_SHA256, KRB_RC4_HMAC };

static void
open_pair(struct krb_pair *p)
{
    krb_pair_init(p);
    assert_true(krb_pair_open(p));
}

static void
close_pair(struct krb_pair *p)
{
    krb_pair_clear(p);
    assert_true(krb_pair_is_clean(p));
}

/* --- names --------------------------------------------------------------------------------- */

static void
test_keep_names__each_in_its_place_and_replaced(void **state)
{
    struct bytes names[KRB_NAMES] = { [KRB_CLIENT] = UTF16("alice@EXAMPLE.TEST"),
                                      [KRB_TARGET] = UTF16("HTTP/web"),
                                      [KRB_LOGON_SERVER] = UTF16("DC1") };
    struct krb_pair p;
    struct krb_context *c;

    open_pair(&p);
    c = krb_context_of(p.client);
    assert_int_equal(krb_context_keep_names(c, names), SEC_E_OK);
    assert_bytes_equal(krb_context_name(c, KRB_CLIENT), names[KRB_CLIENT]);
    assert_bytes_equal(krb_context_name(c, KRB_TARGET), names[KRB_TARGET]);
    assert_bytes_equal(krb_context_name(c, KRB_LOGON_SERVER), names[KRB_LOGON_SERVER]);
    assert_int_equal(krb_context_name(c, KRB_USER).n, 0);
    assert_null(krb_context_name(c, KRB_USER).p);
    /* From the context's own block: what is kept on the way to another keeps its text. */
    for (unsigned i = 0; i < KRB_NAMES; i++) {
        names[i] = krb_context_name(c, (enum krb_context_name)i);
    }
    names[KRB_USER] = UTF16("alice");
    assert_int_equal(krb_context_keep_names(c, names), SEC_E_OK);
    assert_bytes_equal(krb_context_name(c, KRB_USER), UTF16("alice"));
    assert_bytes_equal(krb_context_name(c, KRB_TARGET), UTF16("HTTP/web"));
    close_pair(&p);
}

static void
test_keep_names__one_that_is_too_long_changes_nothing(void **state)
{
    static uint8_t text[UINT16_MAX + 1];
    struct bytes names[KRB_NAMES] = { [KRB_USER] = UTF16("alice") };
    struct krb_pair p;
    struct krb_context *c;

    open_pair(&p);
    c = krb_context_of(p.client);
    assert_int_equal(krb_context_keep_names(c, names), SEC_E_OK);
    names[KRB_USER] = bytes_of(text, sizeof(text));
    assert_int_equal(krb_context_keep_names(c, names), SEC_E_INVALID_TOKEN);
    assert_bytes_equal(krb_context_name(c, KRB_USER), UTF16("alice"));
    close_pair(&p);
}

/* --- refusals, random, types --------------------------------------------------------------- */

static void
test_krb_refuse__status_and_reason_by_error(void **state)
{
    static const struct {
        enum wire_err err;
        sec_status status;
        const char *reason;
    } cases[] = {
        { WIRE_NO_MEMORY, SEC_E_INSUFFICIENT_MEMORY, "kerberos: AP-REQ: no memory" },
        { WIRE_NO_SPACE, SEC_E_BUFFER_TOO_SMALL, "kerberos: AP-REQ does not fit" },
        { WIRE_SHORT, SEC_E_INVALID_TOKEN, "kerberos: AP-REQ: ticket at offset 12 ends early" },
        { WIRE_TRAILING, SEC_E_INVALID_TOKEN, NULL },
        { WIRE_BAD_VALUE, SEC_E_INVALID_TOKEN, NULL },
        { WIRE_LIMIT, SEC_E_INVALID_TOKEN, NULL },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        assert_int_equal(krb_refuse(cases[i].err, "AP-REQ", "ticket", 12), cases[i].status);
        if (cases[i].reason) {
            assert_string_equal(sec_reason(), cases[i].reason);
        }
    }
    /* A decoder that did not say which field. */
    assert_int_equal(krb_refuse(WIRE_SHORT, "AP-REQ", NULL, 0), SEC_E_INVALID_TOKEN);
}

static void
test_new_sequence__below_two_to_the_thirtieth(void **state)
{
    uint32_t seen = 0;
    struct krb_pair p;

    open_pair(&p);
    for (unsigned i = 0; i < 1000; i++) {
        uint32_t sequence = UINT32_MAX;

        assert_int_equal(krb_context_new_sequence(krb_context_of(p.client), &sequence), SEC_E_OK);
        assert_true(sequence < UINT32_C(1) << 30);
        seen |= sequence;
    }
    assert_int_equal(seen, (UINT32_C(1) << 30) - 1);
    close_pair(&p);
}

static void
test_new_subkey__of_the_type_and_size_or_none(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(types); i++) {
        struct krb_key like, key;
        struct krb_pair p;

        open_pair(&p);
        fake_ticket_key("somebody", types[i], 1, &like);
        assert_int_equal(krb_context_new_subkey(krb_context_of(p.client), &like, &key), SEC_E_OK);
        assert_int_equal(key.enctype, types[i]);
        assert_int_equal(key.n, like.n);
        assert_memory_not_equal(key.b, like.b, key.n);
        p.client_host.random_limit = p.client_host.random_taken;
        assert_int_equal(krb_context_new_subkey(krb_context_of(p.client), &like, &key),
                         SEC_E_INTERNAL_ERROR);
        assert_int_equal(key.n, 0);
        close_pair(&p);
    }
}

static void
test_permits__what_is_listed_and_ours(void **state)
{
    struct sec_kerberos_settings *s;
    struct krb_pair p;

    open_pair(&p);
    s = &p.client_host.settings.kerberos;
    for (size_t i = 0; i < SEC_ARRAY_LEN(types); i++) {
        assert_true(krb_context_permits(krb_context_of(p.client), types[i]));
    }
    assert_false(krb_context_permits(krb_context_of(p.client), 3));
    assert_false(krb_context_permits(krb_context_of(p.client), 0));
    s->enctypes[0] = KRB_AES128_SHA256;
    s->enctypes[1] = 3;
    s->n_enctypes = 2;
    assert_true(krb_context_permits(krb_context_of(p.client), KRB_AES128_SHA256));
    assert_false(krb_context_permits(krb_context_of(p.client), KRB_AES256_SHA1));
    assert_false(krb_context_permits(krb_context_of(p.client), 3));
    close_pair(&p);
}

/* --- AP-REP -------------------------------------------------------------------------------- */

static void
test_ap_rep__what_one_puts_the_other_opens(void **state)
{
    for (size_t i = 0; i < 4 * SEC_ARRAY_LEN(types); i++) {
        SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
        uint8_t room[KRB_AP_REP_ROOM];
        const uint32_t sequence = UINT32_MAX;
        bool has_subkey = i & 1, has_sequence = i & 2;
        struct krb_key subkey;
        struct krb_enc_ap_rep part;
        struct krb_context *c[2];
        struct krb_pair p;

        open_pair(&p);
        c[0] = krb_context_of(p.server);
        c[1] = krb_context_of(p.client);
        fake_ticket_key("subkey", types[i / 4], 2, &subkey);
        for (unsigned k = 0; k < 2; k++) {
            fake_ticket_key("session", types[i / 4], 1, &c[k]->handshake->session_key);
            c[k]->handshake->ctime_100ns = FAKE_HOST_NOW_100NS + 12340;
        }
        assert_int_equal(krb_context_put_ap_rep(c[0], has_subkey ? &subkey : NULL,
                                                has_sequence ? &sequence : NULL, true, &w),
                         SEC_E_OK);
        assert_int_equal(krb_context_open_ap_rep(c[1], wire_written(&w), room, &part), SEC_E_OK);
        assert_int_equal(part.has_sequence, has_sequence);
        assert_int_equal(part.sequence, has_sequence ? sequence : 0);
        assert_bytes_equal(part.subkey.value,
                           has_subkey ? bytes_of(subkey.b, subkey.n) : bytes_of(NULL, 0));
        /* Another exchange's. */
        c[1]->handshake->ctime_100ns += 10;
        assert_int_equal(krb_context_open_ap_rep(c[1], wire_written(&w), room, &part),
                         SEC_E_WRONG_PRINCIPAL);
        fake_ticket_key("other", types[i / 4], 1, &c[0]->handshake->session_key);
        assert_int_equal(krb_context_open_ap_rep(c[0], wire_written(&w), room, &part),
                         SEC_E_LOGON_DENIED);
        close_pair(&p);
    }
}

static void
test_ap_rep__one_that_is_too_long_is_refused(void **state)
{
    static uint8_t cipher[KRB_AP_REP_ROOM + 1];
    struct krb_ap_rep m = { .enc = { .enctype = KRB_AES256_SHA1,
                                     .cipher = { cipher, sizeof(cipher) } } };
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    uint8_t room[KRB_AP_REP_ROOM];
    struct krb_enc_ap_rep part;
    struct krb_context *c;
    struct krb_pair p;

    open_pair(&p);
    c = krb_context_of(p.client);
    fake_ticket_key("session", KRB_AES256_SHA1, 1, &c->handshake->session_key);
    krb_ap_rep_encode(&w, &m);
    assert_int_equal(krb_context_open_ap_rep(c, wire_written(&w), room, &part),
                     SEC_E_INVALID_TOKEN);
    close_pair(&p);
}

/* --- the end ------------------------------------------------------------------------------- */

static void
test_establish__without_any_key_is_refused(void **state)
{
    struct sec_step_args args = { 0 };
    struct krb_pair p;

    open_pair(&p);
    assert_int_equal(krb_context_establish(krb_context_of(p.client), SEC_MUTUAL_AUTH, &args),
                     SEC_E_INTERNAL_ERROR);
    assert_int_equal(args.granted, 0);
    close_pair(&p);
}

/* The acceptor's subkey, else the initiator's, else the ticket's. */
static void
test_establish__takes_the_last_key_that_was_agreed_on(void **state)
{
    for (unsigned which = 0; which < 3; which++) {
        struct sec_step_args args = { 0 };
        const struct krb_key *want;
        struct krb_handshake *h;
        struct krb_pair p;

        open_pair(&p);
        h = krb_context_of(p.client)->handshake;
        fake_ticket_key("session", KRB_AES256_SHA1, 1, &h->session_key);
        if (which > 0) {
            fake_ticket_key("initiator", KRB_AES256_SHA1, 1, &h->initiator_subkey);
        }
        if (which > 1) {
            fake_ticket_key("acceptor", KRB_AES128_SHA1, 1, &h->acceptor_subkey);
        }
        want = which == 0   ? &h->session_key
               : which == 1 ? &h->initiator_subkey
                            : &h->acceptor_subkey;
        assert_int_equal(krb_context_establish(krb_context_of(p.client), SEC_INTEGRITY, &args),
                         SEC_E_OK);
        assert_int_equal(args.granted, SEC_INTEGRITY);
        assert_int_equal(krb_context_of(p.client)->session.key.enctype, want->enctype);
        assert_memory_equal(krb_context_of(p.client)->session.key.b, want->b, want->n);
        assert_int_equal(krb_context_of(p.client)->session.acceptor_subkey, which == 2);
        close_pair(&p);
    }
}

/* --- facts --------------------------------------------------------------------------------- */

static void
test_describe__sizes_and_names_of_each_type(void **state)
{
    static const struct {
        int32_t enctype;
        const char *seal, *sign;
        uint32_t bits, sign_id, signature, trailer, dce_trailer;
    } cases[] = {
        { KRB_AES256_SHA1, "AES256-CTS-HMAC-SHA1-96", "HMAC-SHA1-96", 256, 16, 28, 60, 76 },
        { KRB_AES128_SHA1, "AES128-CTS-HMAC-SHA1-96", "HMAC-SHA1-96", 128, 15, 28, 60, 76 },
        { KRB_AES256_SHA384, "AES256-CTS-HMAC-SHA384-192", "HMAC-SHA384-192", 256, 20, 40, 72, 88 },
        { KRB_AES128_SHA256, "AES128-CTS-HMAC-SHA256-128", "HMAC-SHA256-128", 128, 19, 32, 64, 80 },
        { KRB_RC4_HMAC, "RSADSI RC4-HMAC", "HMAC-MD5", 128, (uint32_t)-138, 37, 49, 45 },
    };

    for (size_t i = 0; i < 2 * SEC_ARRAY_LEN(cases); i++) {
        bool dce = i % 2;
        struct sec_facts f;
        struct krb_pair p;

        krb_pair_init(&p);
        p.client_tickets.session_enctype = cases[i / 2].enctype;
        p.client_args.wanted = dce ? SEC_DCE_STYLE : SEC_MUTUAL_AUTH;
        assert_true(krb_pair_run(&p));
        for (unsigned side = 0; side < 2; side++) {
            f = sec_pair_facts(side ? p.server : p.client);
            assert_string_equal(f.seal_algorithm, cases[i / 2].seal);
            assert_string_equal(f.sign_algorithm, cases[i / 2].sign);
            assert_int_equal(f.key_bits, cases[i / 2].bits);
            assert_int_equal(f.seal_algorithm_id, cases[i / 2].enctype);
            assert_int_equal(f.sign_algorithm_id, cases[i / 2].sign_id);
            assert_int_equal(f.max_signature, cases[i / 2].signature);
            assert_int_equal(f.security_trailer,
                             dce ? cases[i / 2].dce_trailer : cases[i / 2].trailer);
        }
        close_pair(&p);
    }
}

/* Before the end there is nothing to tell but what was asked for. */
static void
test_describe__half_open_and_failed(void **state)
{
    SEC_AUTO(wire_writer) out = wire_writer_growing(NULL, 0);
    struct krb_pair p;
    struct sec_facts f;

    open_pair(&p);
    p.client_args.wanted = SEC_MUTUAL_AUTH;
    assert_int_equal(sec_pair_step(p.client, &p.client_args, bytes_of(NULL, 0), &out),
                     SEC_I_CONTINUE_NEEDED);
    f = sec_pair_facts(p.client);
    assert_int_equal(f.phase, SEC_PHASE_HALF_OPEN);
    assert_bytes_equal(f.target, UTF16("HTTP/web.example.test"));
    assert_bytes_equal(f.kerberos.service, UTF16("HTTP/web.example.test@EXAMPLE.TEST"));
    assert_int_equal(f.user.n + f.native_client.n + f.session_key.n + f.flags, 0);
    assert_null(f.seal_algorithm);
    assert_true(sec_failed(sec_pair_step(p.client, &p.client_args, HEX("00"), &out)));
    f = sec_pair_facts(p.client);
    assert_int_equal(f.phase, SEC_PHASE_FAILED);
    assert_bytes_equal(f.target, UTF16("HTTP/web.example.test"));
    assert_int_equal(f.user.n + f.native_client.n + f.session_key.n + f.flags, 0);
    close_pair(&p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keep_names__each_in_its_place_and_replaced),
        cmocka_unit_test(test_keep_names__one_that_is_too_long_changes_nothing),
        cmocka_unit_test(test_krb_refuse__status_and_reason_by_error),
        cmocka_unit_test(test_new_sequence__below_two_to_the_thirtieth),
        cmocka_unit_test(test_new_subkey__of_the_type_and_size_or_none),
        cmocka_unit_test(test_permits__what_is_listed_and_ours),
        cmocka_unit_test(test_ap_rep__what_one_puts_the_other_opens),
        cmocka_unit_test(test_ap_rep__one_that_is_too_long_is_refused),
        cmocka_unit_test(test_establish__without_any_key_is_refused),
        cmocka_unit_test(test_establish__takes_the_last_key_that_was_agreed_on),
        cmocka_unit_test(test_describe__sizes_and_names_of_each_type),
        cmocka_unit_test(test_describe__half_open_and_failed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
