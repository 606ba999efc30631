/* SPDX-License-Identifier: Apache-2.0 */
/* Acceptors that refuse: each check by itself, what the operator is told, what the peer is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kerberos/context.h"
#include "tests/support/hex.h"
#include "tests/unit/kerberos/forged.h"

#define SECOND_100NS UINT64_C(10000000)
#define MINUTE_100NS (60 * SECOND_100NS)

#define LOGON_FAILURE         UINT32_C(0xC000006D)
#define TIME_DIFFERENCE_AT_DC UINT32_C(0xC0000133)

/* --- one fault each ------------------------------------------------------------------------ */

static void
no_keytab(void)
{
    a.tickets.no_keytab = true;
    a.host.settings.kerberos.keytab = "FILE:/absent"; /* configured: each accept says so */
}

static void
unknown_service(void)
{
    f.clear.sname = fake_ticket_name("HTTP/elsewhere.example.test", KRB_NT_SRV_INST);
    f.clear.enc.kvno = 99;
}

static void
newer_kvno(void)
{
    f.clear.enc.kvno = 4;
}

static void
missing_enctype(void)
{
    a.tickets.keytab_enctypes[0] = KRB_AES128_SHA1;
    a.tickets.n_keytab_enctypes = 1;
}

static void
other_password(void)
{
    f.ticket_key.b[0] ^= 1;
}

static void
ticket_rc4_not_permitted(void)
{
    a.host.settings.kerberos.enctypes[0] = KRB_AES256_SHA1;
    a.host.settings.kerberos.n_enctypes = 1;
    f.clear.enc.enctype = KRB_RC4_HMAC;
    fake_ticket_key(KRB_FORGE_SERVICE, KRB_RC4_HMAC, 3, &f.ticket_key);
}

static void
ticket_of_des3(void)
{
    f.clear.enc.enctype = 16;
}

static void
session_rc4_not_permitted(void)
{
    a.host.settings.kerberos.enctypes[0] = KRB_AES256_SHA1;
    a.host.settings.kerberos.n_enctypes = 1;
    krb_forge_enctype(&f, KRB_RC4_HMAC);
    f.subkey.n = 0;
}

static void
subkey_rc4_not_permitted(void)
{
    a.host.settings.kerberos.enctypes[0] = KRB_AES256_SHA1;
    a.host.settings.kerberos.n_enctypes = 1;
    f.subkey = (struct krb_key){ .enctype = KRB_RC4_HMAC, .n = 16 };
}

static void
session_key_of_wrong_size(void)
{
    f.ticket.key.value.n--;
}

static void
subkey_of_wrong_size(void)
{
    f.subkey.n = 31;
}

static void
invalid(void)
{
    f.ticket.flags |= KRB_TICKET_INVALID;
}

static void
anonymous(void)
{
    f.ticket.flags |= KRB_TICKET_ANONYMOUS;
}

static void
expired(void)
{
    f.ticket.endtime_100ns =
        FAKE_HOST_NOW_100NS - UINT64_C(3600) * SECOND_100NS - 723 * SECOND_100NS;
}

static void
just_expired(void)
{
    f.ticket.endtime_100ns = FAKE_HOST_NOW_100NS - 301 * SECOND_100NS;
}

static void
not_yet_valid(void)
{
    f.ticket.starttime_100ns = FAKE_HOST_NOW_100NS + 1200 * SECOND_100NS;
}

static void
authtime_in_the_future(void)
{
    f.ticket.starttime_100ns = 0;
    f.ticket.authtime_100ns = FAKE_HOST_NOW_100NS + 301 * SECOND_100NS;
}

static void
thief(void)
{
    f.authenticator_key = f.session_key;
    f.authenticator_key.b[5] ^= 1;
}

static void
authenticator_of_another_type(void)
{
    f.authenticator_enctype = KRB_AES128_SHA1;
}

static void
another_client(void)
{
    f.authenticator.cname = fake_ticket_name("bob", KRB_NT_PRINCIPAL);
}

static void
client_with_a_part_more(void)
{
    f.authenticator.cname = fake_ticket_name("alice/admin", KRB_NT_PRINCIPAL);
}

static void
another_realm(void)
{
    f.authenticator.crealm = bytes_of_string("example.test");
}

static void
clock_behind(void)
{
    f.authenticator.ctime_100ns = FAKE_HOST_NOW_100NS - 612 * SECOND_100NS;
}

static void
clock_ahead(void)
{
    f.authenticator.ctime_100ns = FAKE_HOST_NOW_100NS + 301 * SECOND_100NS;
}

static void
replayed(void)
{
    f.authenticator.ctime_100ns = FAKE_HOST_NOW_100NS - 3 * SECOND_100NS;
    a.tickets.replay_verdict = TICKET_REPLAYED;
}

static void
before_start(void)
{
    a.tickets.replay_verdict = TICKET_BEFORE_START;
}

static void
replay_full(void)
{
    a.tickets.replay_verdict = TICKET_REPLAY_FULL;
}

static void
replay_broken(void)
{
    a.tickets.replay_verdict = TICKET_REPLAY_BROKEN;
}

static void
without_checksum(void)
{
    f.without_checksum = true;
}

/* As Samba's old clients send it: HMAC-SHA1 over nothing. */
static void
ordinary_checksum(void)
{
    static const uint8_t some[12];

    f.authenticator.checksum_type = 16;
    f.authenticator.checksum = bytes_of(some, sizeof(some));
}

static void
checksum_cut(void)
{
    static const uint8_t short_one[23] = { 16 };

    f.authenticator.checksum = bytes_of(short_one, sizeof(short_one));
}

static void
bare_without_dce_style(void)
{
    f.oid = bytes_of(NULL, 0);
}

static void
options_of_wrong_size(void)
{
    static const struct krb_ad_element ad = { KRB_AD_AP_OPTIONS, { (const uint8_t *)"\0@\0", 3 } };

    f.ad = &ad;
    f.n_ad = 1;
}

static void
target_of_half_a_unit(void)
{
    static const struct krb_ad_element ad = { KRB_AD_CLIENT_TARGET, { (const uint8_t *)"H", 1 } };

    f.ad = &ad;
    f.n_ad = 1;
}

static void
target_too_long(void)
{
    static uint8_t longer[2050];
    static const struct krb_ad_element ad = { KRB_AD_CLIENT_TARGET, { longer, sizeof(longer) } };

    f.ad = &ad;
    f.n_ad = 1;
}

/* In its last field: what stands before was read. */
static void
authenticator_that_ends_badly(void)
{
    static const uint8_t bad[] = { 0x30, 0x02, 0x05, 0x00 };

    f.authenticator.authorization_data = bytes_of(bad, sizeof(bad));
}

static void
name_that_is_no_text(void)
{
    f.ticket.cname = f.authenticator.cname = fake_ticket_name("al\xFFice", KRB_NT_PRINCIPAL);
}

static void
no_random(void)
{
    a.host.random_limit = 0;
}

enum claims { SERVICE_ALONE, CLIENT_TOO, NOTHING };

static const struct row {
    void (*set)(void);
    sec_status status;
    int32_t code; /* of the KRB-ERROR; 0: none is sent but as GENERIC */
    uint32_t sub_status;
    enum claims claims;
    unsigned replay_checks;
    const char *reason; /* a part of it */
} rows[] = {
    { no_keytab, SEC_E_NO_CREDENTIALS, KRB_AP_ERR_NOKEY, 0, SERVICE_ALONE, 0, "" },
    { unknown_service, SEC_E_WRONG_PRINCIPAL, KRB_AP_ERR_NOT_US, 0, SERVICE_ALONE, 0, "" },
    { newer_kvno, SEC_E_LOGON_DENIED, KRB_AP_ERR_BADKEYVER, LOGON_FAILURE, SERVICE_ALONE, 0, "" },
    { missing_enctype, SEC_E_LOGON_DENIED, KRB_AP_ERR_BADKEYVER, LOGON_FAILURE, SERVICE_ALONE, 0,
      "" },
    { other_password, SEC_E_LOGON_DENIED, KRB_AP_ERR_MODIFIED, LOGON_FAILURE, SERVICE_ALONE, 0,
      "ticket for HTTP/web.example.test@EXAMPLE.TEST (kvno 3, aes256-cts-hmac-sha1-96) opens with "
      "none of 2 keys in the keytab" },
    { ticket_rc4_not_permitted, SEC_E_KDC_UNKNOWN_ETYPE, KRB_KDC_ERR_ETYPE_NOSUPP, 0, SERVICE_ALONE,
      0, "HTTP/web.example.test@EXAMPLE.TEST is rc4-hmac, not in permitted_enctypes" },
    { ticket_of_des3, SEC_E_KDC_UNKNOWN_ETYPE, KRB_KDC_ERR_ETYPE_NOSUPP, 0, SERVICE_ALONE, 0,
      "of type 16" },
    { session_rc4_not_permitted, SEC_E_KDC_UNKNOWN_ETYPE, KRB_KDC_ERR_ETYPE_NOSUPP, 0, CLIENT_TOO,
      0, "session key of the ticket" },
    { subkey_rc4_not_permitted, SEC_E_KDC_UNKNOWN_ETYPE, KRB_KDC_ERR_ETYPE_NOSUPP, 0, CLIENT_TOO, 0,
      "subkey of the ticket" },
    { session_key_of_wrong_size, SEC_E_INVALID_TOKEN, 0, 0, CLIENT_TOO, 0, "keyvalue" },
    { subkey_of_wrong_size, SEC_E_INVALID_TOKEN, 0, 0, CLIENT_TOO, 0, "subkey" },
    { invalid, SEC_E_LOGON_DENIED, KRB_AP_ERR_TKT_NYV, LOGON_FAILURE, CLIENT_TOO, 0,
      "flagged invalid" },
    { anonymous, SEC_E_LOGON_DENIED, KRB_ERR_GENERIC, LOGON_FAILURE, CLIENT_TOO, 0, "anonymous" },
    { expired, SEC_E_LOGON_DENIED, KRB_AP_ERR_TKT_EXPIRED, LOGON_FAILURE, CLIENT_TOO, 0,
      "ticket of alice@EXAMPLE.TEST for HTTP/web.example.test@EXAMPLE.TEST ran out 01:12:03 ago" },
    { just_expired, SEC_E_LOGON_DENIED, KRB_AP_ERR_TKT_EXPIRED, LOGON_FAILURE, CLIENT_TOO, 0,
      "00:05:01" },
    { not_yet_valid, SEC_E_TIME_SKEW, KRB_AP_ERR_TKT_NYV, TIME_DIFFERENCE_AT_DC, CLIENT_TOO, 0,
      "not valid for another 00:20:00: this machine's clock is behind the KDC's" },
    { authtime_in_the_future, SEC_E_TIME_SKEW, KRB_AP_ERR_TKT_NYV, TIME_DIFFERENCE_AT_DC,
      CLIENT_TOO, 0, "00:05:01" },
    { thief, SEC_E_LOGON_DENIED, KRB_AP_ERR_MODIFIED, LOGON_FAILURE, CLIENT_TOO, 0,
      "authenticator of alice@EXAMPLE.TEST for HTTP/web.example.test@EXAMPLE.TEST was not made" },
    { authenticator_of_another_type, SEC_E_LOGON_DENIED, KRB_AP_ERR_MODIFIED, LOGON_FAILURE,
      CLIENT_TOO, 0, "was not made" },
    { another_client, SEC_E_LOGON_DENIED, KRB_AP_ERR_BADMATCH, LOGON_FAILURE, CLIENT_TOO, 0,
      "names another client" },
    { client_with_a_part_more, SEC_E_LOGON_DENIED, KRB_AP_ERR_BADMATCH, LOGON_FAILURE, CLIENT_TOO,
      0, "names another client" },
    { another_realm, SEC_E_LOGON_DENIED, KRB_AP_ERR_BADMATCH, LOGON_FAILURE, CLIENT_TOO, 0,
      "names another client" },
    { clock_behind, SEC_E_TIME_SKEW, KRB_AP_ERR_SKEW, TIME_DIFFERENCE_AT_DC, CLIENT_TOO, 0,
      "authenticator of alice@EXAMPLE.TEST is 612 s behind this machine's clock; clock_skew allows "
      "300" },
    { clock_ahead, SEC_E_TIME_SKEW, KRB_AP_ERR_SKEW, TIME_DIFFERENCE_AT_DC, CLIENT_TOO, 0,
      "301 s ahead of this machine's clock" },
    { replayed, SEC_E_LOGON_DENIED, KRB_AP_ERR_REPEAT, LOGON_FAILURE, CLIENT_TOO, 1,
      "replay of an authenticator of alice@EXAMPLE.TEST for HTTP/web.example.test@EXAMPLE.TEST, "
      "made 3 s ago: is the request retried or mirrored?" },
    { before_start, SEC_E_TIME_SKEW, KRB_AP_ERR_SKEW, TIME_DIFFERENCE_AT_DC, CLIENT_TOO, 1, "" },
    { replay_full, SEC_E_NO_AUTHENTICATING_AUTHORITY, KRB_ERR_GENERIC, 0, CLIENT_TOO, 1, "" },
    { replay_broken, SEC_E_NO_AUTHENTICATING_AUTHORITY, KRB_ERR_GENERIC, 0, CLIENT_TOO, 1, "" },
    { without_checksum, SEC_E_INVALID_TOKEN, KRB_AP_ERR_INAPP_CKSUM, 0, CLIENT_TOO, 0,
      "alice@EXAMPLE.TEST has no checksum" },
    { ordinary_checksum, SEC_E_INVALID_TOKEN, KRB_AP_ERR_INAPP_CKSUM, 0, CLIENT_TOO, 0,
      "another type than 0x8003" },
    { checksum_cut, SEC_E_INVALID_TOKEN, KRB_AP_ERR_INAPP_CKSUM, 0, CLIENT_TOO, 0,
      "checksum 0x8003" },
    { bare_without_dce_style, SEC_E_INVALID_TOKEN, KRB_AP_ERR_MSG_TYPE, 0, CLIENT_TOO, 0,
      "DCE style" },
    { options_of_wrong_size, SEC_E_INVALID_TOKEN, 0, 0, CLIENT_TOO, 1, "AD-AUTH-DATA-AP-OPTIONS" },
    { target_of_half_a_unit, SEC_E_INVALID_TOKEN, 0, 0, CLIENT_TOO, 1,
      "KERB_AUTH_DATA_CLIENT_TARGET" },
    { target_too_long, SEC_E_INVALID_TOKEN, 0, 0, CLIENT_TOO, 1, "KERB_AUTH_DATA_CLIENT_TARGET" },
    { authenticator_that_ends_badly, SEC_E_INVALID_TOKEN, 0, 0, CLIENT_TOO, 0, "Authenticator" },
    { name_that_is_no_text, SEC_E_INVALID_TOKEN, 0, 0, NOTHING, 1, "cname or sname" },
    { no_random, SEC_E_INTERNAL_ERROR, 0, 0, CLIENT_TOO, 1, "no random" },
};

static void
assert_refused(const struct row *row)
{
    struct sec_facts facts = krb_forge_facts(&a);

    assert_int_equal(facts.phase, SEC_PHASE_FAILED);
    assert_int_equal(facts.flags, 0);
    assert_int_equal(facts.user.n, 0);
    assert_int_equal(facts.session_key.n, 0);
    assert_null(krb_context_of(a.ctx)->identity);
    assert_false(facts.bindings_verified || facts.kerberos.pac_verified);
    assert_int_equal(facts.sub_status, row->sub_status);
    assert_int_equal(a.args.granted, 0);
    assert_int_equal(a.tickets.replay_checks, row->replay_checks);
    assert_int_equal(a.tickets.held_keys, 0);
    if (row->claims != NOTHING) {
        assert_true(facts.kerberos.service.n);
    }
    assert_int_equal(facts.kerberos.client.n != 0, row->claims == CLIENT_TOO);
    assert_int_equal(facts.claimed_user.n != 0, row->claims == CLIENT_TOO);
    assert_int_equal(facts.claimed_domain.n != 0, row->claims == CLIENT_TOO);
}

static void
assert_reason(const struct row *row)
{
    assert_int_equal(strncmp(a.reason, row->reason[0] ? "kerberos: " : "fake ticket: ", 10), 0);
    if (!strstr(a.reason, row->reason)) {
        fail_msg("%s, not %s", a.reason, row->reason);
    }
    assert_true(strlen(a.reason) < SEC_REASON_BYTES - 1); /* not cut */
}

/* Nobody asked for more: no token. */
static void
test_accept__each_fault_by_itself_is_refused_and_told(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];

        setup(NULL);
        row->set();
        if (krb_forge_try(&a, &f) != row->status) {
            fail_msg("row %zu: 0x%08x %s", i, (unsigned)a.status, a.reason);
        }
        assert_refused(row);
        assert_reason(row);
        assert_int_equal(krb_forge_facts(&a).kerberos.error_code, row->code);
        assert_int_equal(a.out.len, 0);
        assert_int_equal(krb_forge_try(&a, &f), SEC_E_OUT_OF_SEQUENCE);
        assert_int_equal(teardown(NULL), 0);
    }
    setup(NULL);
}

/* --- the error token ----------------------------------------------------------------------- */

static void
assert_error(const struct row *row)
{
    struct gss_krb_token token;
    struct krb_error m;
    bool proven = row->claims != SERVICE_ALONE && row->set != session_rc4_not_permitted &&
                  row->set != session_key_of_wrong_size && row->set != invalid &&
                  row->set != anonymous && row->set != expired && row->set != just_expired &&
                  row->set != not_yet_valid && row->set != authtime_in_the_future &&
                  row->set != thief && row->set != authenticator_of_another_type &&
                  row->set != authenticator_that_ends_badly;

    assert_int_equal(gss_krb_token_decode(&token, wire_written(&a.out)), WIRE_OK);
    assert_int_equal(token.id, GSS_KRB_ERROR);
    assert_int_equal(token.bare, f.oid.n == 0);
    assert_int_equal(krb_error_decode(&m, token.body), WIRE_OK);
    assert_int_equal(m.code, row->code ? row->code : KRB_ERR_GENERIC);
    assert_int_equal(m.stime_100ns, FAKE_HOST_NOW_100NS);
    assert_true(krb_name_equal(&m.sname, &f.clear.sname));
    assert_true(bytes_equal(m.realm, f.clear.realm));
    assert_int_equal(m.ctime_100ns, proven ? f.authenticator.ctime_100ns : 0);
    /* Nothing else. */
    assert_int_equal(m.crealm.n, 0);
    assert_int_equal(m.cname.n, 0);
    assert_int_equal(m.text.n, 0);
    assert_int_equal(m.data.n, 0);
    assert_int_equal(krb_forge_facts(&a).kerberos.error_code, m.code);
}

static void
test_accept__extended_error_of_the_caller_has_each_fault_in_a_krb_error(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        setup(NULL);
        rows[i].set();
        a.args.wanted = SEC_EXTENDED_ERROR;
        assert_int_equal(krb_forge_try(&a, &f), rows[i].status);
        assert_error(&rows[i]);
        assert_reason(&rows[i]);
        assert_int_equal(teardown(NULL), 0);
    }
    setup(NULL);
}

/* Who asks in his checksum is heard from when that could be read. */
static void
test_accept__extended_error_of_the_client_is_heard_once_it_is_proven(void **state)
{
    static void (*const heard[])(void) = { clock_behind, replayed, replay_full };
    static void (*const unheard[])(void) = { other_password, expired, thief };

    for (size_t i = 0; i < SEC_ARRAY_LEN(heard) + SEC_ARRAY_LEN(unheard); i++) {
        bool is_heard = i < SEC_ARRAY_LEN(heard);

        setup(NULL);
        f.checksum.flags |= GSS_KRB_EXTENDED_ERROR;
        (is_heard ? heard[i] : unheard[i - SEC_ARRAY_LEN(heard)])();
        assert_true(sec_failed(krb_forge_try(&a, &f)));
        assert_int_equal(a.out.len != 0, is_heard);
        assert_int_equal(teardown(NULL), 0);
    }
    setup(NULL);
}

static void
test_accept__a_bare_request_gets_a_bare_error(void **state)
{
    f.oid = bytes_of(NULL, 0);
    f.checksum.flags |= GSS_KRB_DCE_STYLE | GSS_KRB_EXTENDED_ERROR;
    clock_behind();
    assert_int_equal(krb_forge_try(&a, &f), SEC_E_TIME_SKEW);
    assert_error(&(const struct row){ .code = KRB_AP_ERR_SKEW, .claims = CLIENT_TOO });
}

/* [MS-KILE] 3.4.5: what is not well-formed is not answered. */
static void
test_accept__nonsense_is_not_answered(void **state)
{
    const struct bytes tokens[] = {
        HEX("60"),
        HEX("6e00"),
        HEX("7e00"),
        HEX("600d06092a864886f71201020201006e00"),
        bytes_of_string("NTLMSSP"),
        bytes_of(NULL, 0),
    };

    a.args.wanted = SEC_EXTENDED_ERROR;
    for (size_t i = 0; i < SEC_ARRAY_LEN(tokens); i++) {
        assert_int_equal(krb_forge_accept(&a, tokens[i]), SEC_E_INVALID_TOKEN);
        assert_int_equal(a.out.len, 0);
        assert_int_equal(krb_forge_facts(&a).kerberos.error_code, 0);
        krb_forge_acceptor_restart(&a);
    }
}

/* --- reasons and claims -------------------------------------------------------------------- */

/* Names as long as a peer likes: the reason says what is wrong all the same. */
static void
test_accept__long_names_do_not_push_the_cause_out_of_the_reason(void **state)
{
    static const struct {
        void (*set)(void);
        const char *part;
    } long_rows[] = {
        { other_password, "export it again for the account of that name" },
        { ticket_rc4_not_permitted, "new keytab)" },
        { expired, "clock is ahead of the KDC's" },
        { not_yet_valid, "synchronize it" },
        { thief, "the ticket is stolen" },
        { replayed, "retried or mirrored?" },
        { clock_behind, "synchronize both with the KDC" },
        { invalid, "validated by the KDC" },
        { another_client, "names another client" },
        { without_checksum, "not made for GSS-API" },
    };
    char longer[300];

    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = 0;
    for (size_t i = 0; i < SEC_ARRAY_LEN(long_rows); i++) {
        setup(NULL);
        f.ticket.cname = f.authenticator.cname = fake_ticket_name(longer, KRB_NT_PRINCIPAL);
        long_rows[i].set();
        f.clear.sname = fake_ticket_name(longer, KRB_NT_PRINCIPAL);
        /* The key is another name's then, and the keytab has none of this one to explain it by. */
        if (long_rows[i].set == other_password) {
            a.host.settings.kerberos.principal = KRB_FORGE_SERVICE;
        }
        assert_true(sec_failed(krb_forge_try(&a, &f)));
        if (!strstr(a.reason, long_rows[i].part)) {
            fail_msg("row %zu: %s", i, a.reason);
        }
        assert_int_equal(teardown(NULL), 0);
    }
    setup(NULL);
}

static void
test_accept__claims_too_long_to_be_kept_are_left_out(void **state)
{
    char longer[2000];

    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = 0;
    f.ticket.cname = f.authenticator.cname = fake_ticket_name(longer, KRB_NT_PRINCIPAL);
    clock_behind();
    assert_int_equal(krb_forge_try(&a, &f), SEC_E_TIME_SKEW);
    assert_int_equal(krb_forge_facts(&a).claimed_user.n, 0);
    assert_true(bytes_equal(krb_forge_facts(&a).claimed_domain, UTF16("EXAMPLE.TEST")));
}

/* --- replays ------------------------------------------------------------------------------- */

static void
test_accept__the_same_token_twice_is_a_replay(void **state)
{
    struct wire_writer token = wire_writer_growing(NULL, 0);

    krb_forge_put(&f, &token);
    assert_int_equal(krb_forge_accept(&a, wire_written(&token)), SEC_E_OK);
    krb_forge_acceptor_restart(&a);
    assert_int_equal(krb_forge_accept(&a, wire_written(&token)), SEC_E_LOGON_DENIED);
    assert_int_equal(krb_forge_facts(&a).kerberos.error_code, KRB_AP_ERR_REPEAT);
    wire_writer_clear(&token);
}

/* What stands in the clear around an authenticator makes no other authenticator of it. */
static void
test_accept__the_same_authenticator_in_another_message_is_a_replay(void **state)
{
    struct wire_writer token = wire_writer_growing(NULL, 0);
    struct gss_krb_token outer;
    struct krb_ap_req m;
    struct wire_writer body = wire_writer_growing(NULL, 0), again = wire_writer_growing(NULL, 0);

    krb_forge_put(&f, &token);
    assert_int_equal(krb_forge_accept(&a, wire_written(&token)), SEC_E_OK);
    krb_forge_acceptor_restart(&a);
    assert_int_equal(gss_krb_token_decode(&outer, wire_written(&token)), WIRE_OK);
    assert_int_equal(krb_ap_req_decode(&m, outer.body), WIRE_OK);
    m.options = 0;
    m.authenticator.has_kvno = true;
    krb_ap_req_encode(&body, &m);
    gss_krb_token_put(&again, gss_ms_krb5_oid, GSS_KRB_AP_REQ, body.len);
    wire_put_bytes(&again, wire_written(&body));
    assert_int_equal(krb_forge_accept(&a, wire_written(&again)), SEC_E_LOGON_DENIED);
    assert_int_equal(krb_forge_facts(&a).kerberos.error_code, KRB_AP_ERR_REPEAT);
    wire_writer_clear(&token);
    wire_writer_clear(&body);
    wire_writer_clear(&again);
}

/* A ticket is used many times; each time with another authenticator. */
static void
test_accept__another_authenticator_to_the_same_ticket_is_none(void **state)
{
    struct wire_writer first = wire_writer_growing(NULL, 0), second = wire_writer_growing(NULL, 0);
    struct wire_writer body = wire_writer_growing(NULL, 0), token = wire_writer_growing(NULL, 0);
    struct gss_krb_token outer[2];
    struct krb_ap_req m[2];

    krb_forge_put(&f, &first);
    krb_forge_put(&f, &second);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(gss_krb_token_decode(&outer[i], wire_written(i ? &second : &first)),
                         WIRE_OK);
        assert_int_equal(krb_ap_req_decode(&m[i], outer[i].body), WIRE_OK);
    }
    assert_int_equal(krb_forge_accept(&a, wire_written(&first)), SEC_E_OK);
    krb_forge_acceptor_restart(&a);
    m[1].ticket = m[0].ticket;
    krb_ap_req_encode(&body, &m[1]);
    gss_krb_token_put(&token, gss_krb5_oid, GSS_KRB_AP_REQ, body.len);
    wire_put_bytes(&token, wire_written(&body));
    assert_int_equal(krb_forge_accept(&a, wire_written(&token)), SEC_E_OK);
    wire_writer_clear(&first);
    wire_writer_clear(&second);
    wire_writer_clear(&body);
    wire_writer_clear(&token);
}

/* Refused for what it was used for, and used up: nobody tries it again where policy differs. */
static void
test_accept__an_authenticator_that_policy_refused_is_used_up(void **state)
{
    struct wire_writer token = wire_writer_growing(NULL, 0);

    krb_forge_put(&f, &token);
    a.args.bindings.given = true;
    assert_int_equal(krb_forge_accept(&a, wire_written(&token)), SEC_E_BAD_BINDINGS);
    krb_forge_acceptor_restart(&a);
    a.args.bindings.given = false;
    assert_int_equal(krb_forge_accept(&a, wire_written(&token)), SEC_E_LOGON_DENIED);
    wire_writer_clear(&token);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_accept__each_fault_by_itself_is_refused_and_told),
        TEST(test_accept__extended_error_of_the_caller_has_each_fault_in_a_krb_error),
        TEST(test_accept__extended_error_of_the_client_is_heard_once_it_is_proven),
        TEST(test_accept__a_bare_request_gets_a_bare_error),
        TEST(test_accept__nonsense_is_not_answered),
        TEST(test_accept__long_names_do_not_push_the_cause_out_of_the_reason),
        TEST(test_accept__claims_too_long_to_be_kept_are_left_out),
        TEST(test_accept__the_same_token_twice_is_a_replay),
        TEST(test_accept__the_same_authenticator_in_another_message_is_a_replay),
        TEST(test_accept__another_authenticator_to_the_same_ticket_is_none),
        TEST(test_accept__an_authenticator_that_policy_refused_is_used_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
