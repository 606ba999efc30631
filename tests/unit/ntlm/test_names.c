/* SPDX-License-Identifier: Apache-2.0 */
/* Whole exchanges: names in OEM, of unusual length, and the server's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ntlm/context.h"
#include "tests/support/hex.h"
#include "tests/support/ntlm_pair.h"

enum { NEGOTIATE_FLAGS_AT = 12 };

#define PROTECTED (SEC_INTEGRITY | SEC_CONFIDENTIALITY)

/* --- OEM ----------------------------------------------------------------------------------- */

/* A client that knows no Unicode: what it offers and what it keeps for its MIC are changed alike. */
static void
offer_oem_alone(struct ntlm_pair *p, enum ntlm_pair_message which, struct wire_writer *w)
{
    struct ntlm_handshake *h = ntlm_context_of(p->client)->handshake;

    if (which == NTLM_PAIR_NEGOTIATE) {
        h->offered &= ~NTLMSSP_NEGOTIATE_UNICODE;
        wire_store_le32(w->p + NEGOTIATE_FLAGS_AT, h->offered);
        wire_store_le32(h->messages.p + NEGOTIATE_FLAGS_AT, h->offered);
    }
}

static void
test_ntlm_step__oem_names_are_ascii(void **state)
{
    struct ntlm_authenticate m;
    struct ntlm_pair p;

    ntlm_pair_init(&p);
    p.tamper = offer_oem_alone;
    p.client_args.wanted = PROTECTED;
    assert_true(ntlm_pair_run(&p));
    assert_int_equal(ntlm_authenticate_decode(&m, wire_written(&p.messages[2]), NULL), WIRE_OK);
    assert_bytes_equal(m.user, bytes_of_string("User"));
    assert_bytes_equal(m.domain, bytes_of_string("Domain"));
    assert_bytes_equal(sec_pair_facts(p.server).claimed_user, UTF16("User"));
    assert_bytes_equal(sec_pair_facts(p.server).user, UTF16("User"));
    assert_true(sec_pair_facts(p.server).mic_verified);
    assert_true(ntlm_pair_messages_pass(&p, true));
    ntlm_pair_clear(&p);

    ntlm_pair_init(&p);
    p.tamper = offer_oem_alone;
    p.identity.user = HEX("5500e900");
    assert_false(ntlm_pair_run(&p));
    assert_int_equal(p.client_status, SEC_E_INVALID_TOKEN);
    assert_int_equal(p.messages[NTLM_PAIR_AUTHENTICATE].len, 0);
    ntlm_pair_clear(&p);
}

static void
change_user_name(struct ntlm_pair *p, enum ntlm_pair_message which, struct wire_writer *w)
{
    const uint8_t *value = p->tamper_user;

    offer_oem_alone(p, which, w);
    if (which == NTLM_PAIR_AUTHENTICATE) {
        w->p[wire_load_le32(w->p + 40) + 1] = *value;
    }
}

/* A name that cannot be converted must leave no half of it behind (CVE-2023-25564). */
static void
test_ntlm_step__oem_name_that_does_not_convert_refused_cve_2023_25564(void **state)
{
    static const uint8_t values[] = { 0x00, 0x80, 0xE9, 0xFF };

    for (size_t i = 0; i < sizeof(values); i++) {
        struct sec_facts facts;
        struct ntlm_pair p;

        ntlm_pair_init(&p);
        p.tamper = change_user_name;
        p.tamper_user = (void *)(uintptr_t)&values[i];
        assert_false(ntlm_pair_run(&p));
        assert_int_equal(p.server_status, SEC_E_INVALID_TOKEN);
        assert_int_equal(p.accounts.calls, 0);
        facts = sec_pair_facts(p.server);
        assert_int_equal(facts.claimed_user.n + facts.claimed_domain.n, 0);
        ntlm_pair_clear(&p);
    }
}

/* --- names of unusual length --------------------------------------------------------------- */

struct long_field {
    size_t descriptor_at, n;
};

static void
lengthen_field(struct ntlm_pair *p, enum ntlm_pair_message which, struct wire_writer *w)
{
    const struct long_field *f = p->tamper_user;

    if (which == NTLM_PAIR_AUTHENTICATE) {
        size_t at = w->len;
        uint8_t *name = wire_reserve(w, f->n);

        for (size_t i = 0; i < f->n; i++) {
            name[i] = i % 2 ? 0 : 'a';
        }
        wire_store_le16(w->p + f->descriptor_at, (uint16_t)f->n);
        wire_store_le32(w->p + f->descriptor_at + 4, (uint32_t)at);
        assert_true(ntlm_pair_prove_again(p));
    }
}

static void
test_ntlm_step__names_too_long_or_of_half_units_refused(void **state)
{
    enum { DOMAIN_AT = 28, USER_AT = 36, WORKSTATION_AT = 44 };
    static const struct {
        struct long_field field;
        sec_status expected;
    } cases[] = {
        { { USER_AT, 512 }, SEC_E_LOGON_DENIED }, /* nobody's name */
        { { USER_AT, 514 }, SEC_E_INVALID_TOKEN },
        { { USER_AT, 9 }, SEC_E_INVALID_TOKEN },
        { { USER_AT, 60000 }, SEC_E_INVALID_TOKEN },
        { { DOMAIN_AT, 512 }, SEC_E_LOGON_DENIED },
        { { DOMAIN_AT, 514 }, SEC_E_INVALID_TOKEN },
        { { DOMAIN_AT, 7 }, SEC_E_INVALID_TOKEN },
        { { WORKSTATION_AT, 2048 }, SEC_E_OK },
        { { WORKSTATION_AT, 2050 }, SEC_E_INVALID_TOKEN },
        { { WORKSTATION_AT, 3 }, SEC_E_INVALID_TOKEN },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        struct ntlm_pair p;

        ntlm_pair_init(&p);
        p.tamper = lengthen_field;
        p.tamper_user = (void *)(uintptr_t)&cases[i].field;
        (void)ntlm_pair_run(&p);
        assert_int_equal(p.server_status, cases[i].expected);
        ntlm_pair_clear(&p);
    }
}

/* --- names of the server ------------------------------------------------------------------- */

static void
test_ntlm_step__challenge_names_the_server_and_the_client_keeps_it(void **state)
{
    struct ntlm_challenge m;
    struct ntlm_av_pairs av;
    struct ntlm_pair p;

    ntlm_pair_init(&p);
    p.server_host.settings.dns_computer = UTF16("server.example.test");
    p.server_host.settings.dns_domain = UTF16("example.test");
    p.client_args.target = UTF16("HTTP/server.example.test");
    assert_true(ntlm_pair_run(&p));
    assert_int_equal(ntlm_challenge_decode(&m, wire_written(&p.messages[1]), NULL), WIRE_OK);
    assert_bytes_equal(m.target_name, UTF16("Server"));
    assert_int_equal(ntlm_av_pairs_decode(&av, m.target_info, NULL), WIRE_OK);
    assert_bytes_equal(av.nb_computer, UTF16("Server"));
    assert_bytes_equal(av.nb_domain, UTF16("Domain"));
    assert_bytes_equal(av.dns_computer, UTF16("server.example.test"));
    assert_bytes_equal(av.dns_domain, UTF16("example.test"));
    assert_true(av.timestamp_100ns == FAKE_HOST_NOW_100NS);
    assert_bytes_equal(sec_pair_facts(p.client).target_info, m.target_info);
    assert_bytes_equal(sec_pair_facts(p.server).target, UTF16("HTTP/server.example.test"));
    assert_true(sec_pair_facts(p.server).target_known);
    ntlm_pair_clear(&p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ntlm_step__oem_names_are_ascii),
        cmocka_unit_test(test_ntlm_step__oem_name_that_does_not_convert_refused_cve_2023_25564),
        cmocka_unit_test(test_ntlm_step__names_too_long_or_of_half_units_refused),
        cmocka_unit_test(test_ntlm_step__challenge_names_the_server_and_the_client_keeps_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
