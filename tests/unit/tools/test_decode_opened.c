/* SPDX-License-Identifier: Apache-2.0 */
/* An AP-REQ that is opened: what its ticket and authenticator tell, that no key is told, and what
 * is said where one does not open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/gss_krb.h"
#include "crypto/krb_crypt.h"
#include "tests/support/hex.h"
#include "tests/support/krb_vectors.h"
#include "tools/decode.h"
#include "tools/decode_crypt.h"

/* A keytab of one key; or, without one, what it answers. */
struct keytab {
    struct bytes key;
    int32_t code;
    const char *why;
};

static int32_t
open_ticket(void *user, const struct krb_ticket *ticket, struct wire_writer *plain, char *why,
            size_t why_n)
{
    const struct keytab *k = user;
    const struct krb_keyblock block = { ticket->enc.enctype, k->key };

    if (k->code) {
        (void)snprintf(why, why_n, "%s", k->why);
        return k->code;
    }
    return decode_crypt_open_with(NULL, &block, KRB_USAGE_TICKET, ticket->enc.cipher, plain)
               ? 0
               : KRB_AP_ERR_MODIFIED;
}

static bool
print(struct wire_writer *w, struct bytes token, struct keytab *keytab)
{
    const struct decode_keys keys = { keytab, open_ticket, decode_crypt_open_with };
    bool good = decode_token(w, token, &keys);

    assert_int_equal(wire_writer_status(w), WIRE_OK);
    return good;
}

static bool
has(const struct wire_writer *w, const char *what)
{
    return memmem(w->p, w->len, what, strlen(what)) != NULL;
}

static void
test_decode_token__a_ticket_opened_with_the_service_s_key(void **state)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct keytab keytab = { .key = HEX(KRB_MIT_SERVICE_KEY) };
    static const char *const lines[] = {
        "the ticket, opened\n",
        "forwardable transited-policy-checked enc-pa-rep\n",
        "session key              18 (aes256-cts-hmac-sha1-96), not shown\n",
        "client                   \"alice@EXAMPLE.ORG\"\n",
        "authtime                 2026-11-21 08:31:16.000000 UTC\n",
        "endtime                  2026-11-22 08:31:16.000000 UTC\n",
        "ad-type                  1 (AD-IF-RELEVANT)",
        "ad-type                  128 (AD-WIN2K-PAC: the PAC), 192 bytes\n",
        "PAC                      192 bytes, not verified\n",
        "client                   \"alice\"\n",
        "signatures               server yes, KDC yes, ticket yes, full no\n",
        "the authenticator, opened\n",
        "cksum                    0x8003 (GSS-API), 24 bytes\n",
        "Bnd                      none\n",
        "MUTUAL SEQUENCE CONF INTEG TRANS\n",
        "ctime                    2026-11-21 08:32:04.546024 UTC\n",
        "subkey                   18 (aes256-cts-hmac-sha1-96), not shown\n",
        "seq-number               825533326\n",
    };

    (void)state;
    assert_true(print(&w, HEX(KRB_MIT_AP_REQ_TOKEN), &keytab));
    for (size_t i = 0; i < SEC_ARRAY_LEN(lines); i++) {
        if (!has(&w, lines[i])) {
            fail_msg("no \"%s\" in\n%.*s", lines[i], (int)w.len, (const char *)w.p);
        }
    }
}

static void
test_decode_token__no_key_is_told(void **state)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct keytab keytab = { .key = HEX(KRB_MIT_SERVICE_KEY) };

    (void)state;
    assert_true(print(&w, HEX(KRB_MIT_AP_REQ_TOKEN), &keytab));
    for (size_t at = 0; at + 8 <= 64; at += 8) { /* no part of them, in hexadecimal */
        char part[9] = "";

        memcpy(part, &KRB_MIT_SERVICE_KEY[at], 8);
        assert_false(has(&w, part));
        memcpy(part, &KRB_MIT_SESSION_KEY[at], 8);
        assert_false(has(&w, part));
    }
}

static void
test_decode_token__a_ticket_that_does_not_open(void **state)
{
    static const struct {
        int32_t code;
        const char *why, *said, *note;
    } cases[] = {
        { KRB_AP_ERR_NOT_US, "no entry for HTTP/localhost",
          "broken: the ticket does not open (KRB_AP_ERR_NOT_US): no entry for HTTP/localhost\n",
          "note: the keytab has no key of the service" },
        { KRB_AP_ERR_BADKEYVER, "kvno 2 alone",
          "broken: the ticket does not open (KRB_AP_ERR_BADKEYVER): kvno 2 alone\n",
          "note: the keytab has no key of the ticket's version" },
        { KRB_AP_ERR_NOKEY, "HTTP/\x1b[2J",
          "broken: the ticket does not open (KRB_AP_ERR_NOKEY): HTTP/\\x1b[2J\n",
          "note: the service has no key at all" },
        { 0, "", "broken: the ticket does not open (KRB_AP_ERR_MODIFIED)",
          "note: the ticket did not open: the key that the service has is not" },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
        struct keytab keytab = { HEX(KRB_MIT_SESSION_KEY), cases[i].code, cases[i].why };

        assert_false(print(&w, HEX(KRB_MIT_AP_REQ_TOKEN), &keytab));
        if (!has(&w, cases[i].said) || !has(&w, cases[i].note)) {
            fail_msg("no \"%s\" in\n%.*s", cases[i].said, (int)w.len, (const char *)w.p);
        }
        assert_true(has(&w, "sname                    \"HTTP/localhost\""));
    }
}

/* An authenticator that was made with another key than the ticket holds. */
static void
test_decode_token__an_authenticator_of_another_session(void **state)
{
    SEC_AUTO(wire_writer) token = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct keytab keytab = { .key = HEX(KRB_MIT_SERVICE_KEY) };
    struct gss_krb_token frame;
    struct krb_ap_req req;
    uint8_t other[192] = { 0 };

    (void)state;
    assert_int_equal(gss_krb_token_decode(&frame, HEX(KRB_MIT_AP_REQ_TOKEN)), WIRE_OK);
    assert_int_equal(krb_ap_req_decode(&req, frame.body), WIRE_OK);
    req.authenticator.cipher = bytes_of(other, sizeof(other));
    krb_ap_req_encode(&token, &req);
    assert_false(print(&w, wire_written(&token), &keytab));
    assert_true(has(&w, "the ticket, opened"));
    assert_true(has(&w, "broken: the authenticator does not open with the ticket's session key"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode_token__a_ticket_opened_with_the_service_s_key),
        cmocka_unit_test(test_decode_token__no_key_is_told),
        cmocka_unit_test(test_decode_token__a_ticket_that_does_not_open),
        cmocka_unit_test(test_decode_token__an_authenticator_of_another_session),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
