/* SPDX-License-Identifier: Apache-2.0 */
/* The initiator against KRB-ERRORs: what each ends, and which another try may mend. */
#include "tests/unit/kerberos/initiate_talk.h"

#define MINUTE_100NS (UINT64_C(60) * 10000000)

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
