/* SPDX-License-Identifier: Apache-2.0 */
/* Both of our sides: what they agree on, and that each byte of what they say counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kerberos/kerberos.h"
#include "tests/support/hex.h"
#include "tests/support/krb_pair.h"
#include "tests/support/krb_peer.h"

#define MINUTE_100NS (UINT64_C(60) * 10000000)

static void
assert_established(struct krb_pair *p)
{
    struct sec_facts client = sec_pair_facts(p->client), server = sec_pair_facts(p->server);

    if (p->client_status != SEC_E_OK || p->server_status != SEC_E_OK) {
        fail_msg("client %08x %s, server %08x %s", (unsigned)p->client_status, p->client_reason,
                 (unsigned)p->server_status, p->server_reason);
    }
    assert_int_equal(client.phase, SEC_PHASE_ESTABLISHED);
    assert_int_equal(server.phase, SEC_PHASE_ESTABLISHED);
    assert_bytes_equal(client.session_key, server.session_key);
    assert_int_equal(client.max_signature, server.max_signature);
    assert_int_equal(client.security_trailer, server.security_trailer);
    assert_true(krb_pair_messages_pass(p, true));
    assert_true(krb_pair_messages_pass(p, false));
}

static void
close_pair(struct krb_pair *p)
{
    krb_pair_clear(p);
    assert_true(krb_pair_is_clean(p));
}

/* --- flags --------------------------------------------------------------------------------- */

static const uint32_t each_wish[] = {
    SEC_MUTUAL_AUTH,  SEC_REPLAY_DETECT, SEC_SEQUENCE_DETECT, SEC_CONFIDENTIALITY, SEC_INTEGRITY,
    SEC_NO_INTEGRITY, SEC_IDENTIFY,      SEC_EXTENDED_ERROR,  SEC_DCE_STYLE,       SEC_DELEGATE,
};

/* What the acceptor's side of the interface has. */
enum {
    COMMON = SEC_MUTUAL_AUTH | SEC_REPLAY_DETECT | SEC_SEQUENCE_DETECT | SEC_CONFIDENTIALITY |
             SEC_INTEGRITY | SEC_IDENTIFY | SEC_DCE_STYLE | SEC_DELEGATE,
};

static void
test_exchange__both_sides_are_granted_the_same(void **state)
{
    for (uint32_t which = 0; which < 1u << SEC_ARRAY_LEN(each_wish); which++) {
        struct krb_pair p;

        krb_pair_init(&p);
        for (size_t i = 0; i < SEC_ARRAY_LEN(each_wish); i++) {
            p.client_args.wanted |= which & 1u << i ? each_wish[i] : 0;
        }
        (void)krb_pair_run(&p);
        assert_established(&p);
        assert_int_equal(p.client_args.granted & COMMON, p.server_args.granted & COMMON);
        assert_int_equal(sec_pair_facts(p.server).kerberos.delegated_cache != NULL,
                         (p.client_args.granted & SEC_DELEGATE) != 0);
        assert_int_equal(p.n_tokens, p.client_args.wanted & SEC_DCE_STYLE      ? 4
                                     : p.client_args.granted & SEC_MUTUAL_AUTH ? 3
                                                                               : 2);
        close_pair(&p);
    }
}

static void
test_exchange__every_pair_of_encryption_types(void **state)
{
    static const int32_t types[] = { KRB_AES256_SHA1, KRB_AES128_SHA1, KRB_AES256_SHA384,
                                     KRB_AES128_SHA256, KRB_RC4_HMAC };
    static const uint32_t styles[] = { 0, SEC_MUTUAL_AUTH, SEC_DCE_STYLE };
    const size_t n = SEC_ARRAY_LEN(types);

    for (size_t i = 0; i < n * n * SEC_ARRAY_LEN(styles); i++) {
        struct krb_pair p;

        krb_pair_init(&p);
        p.client_args.wanted = styles[i / (n * n)] | SEC_CONFIDENTIALITY | SEC_SEQUENCE_DETECT;
        p.client_tickets.ticket_enctype = types[i % n];
        p.client_tickets.session_enctype = types[i / n % n];
        (void)krb_pair_run(&p);
        assert_established(&p);
        assert_int_equal(sec_pair_facts(p.server).kerberos.ticket_enctype, types[i % n]);
        close_pair(&p);
    }
}

/* RFC 4537: an old session key is no reason for old messages. */
static void
test_exchange__a_better_subkey_than_the_session_key_is_agreed_on(void **state)
{
    struct krb_pair p;

    krb_pair_init(&p);
    p.client_args.wanted = SEC_MUTUAL_AUTH | SEC_CONFIDENTIALITY;
    p.client_host.settings.kerberos.enctypes[0] = KRB_AES256_SHA1;
    p.client_host.settings.kerberos.enctypes[1] = KRB_RC4_HMAC;
    p.client_host.settings.kerberos.n_enctypes = 2;
    p.server_host.settings.kerberos = p.client_host.settings.kerberos;
    p.client_tickets.session_enctype = KRB_RC4_HMAC;
    (void)krb_pair_run(&p);
    assert_established(&p);
    assert_int_equal(sec_pair_facts(p.client).kerberos.session_enctype, KRB_AES256_SHA1);
    assert_int_equal(sec_pair_facts(p.server).kerberos.session_enctype, KRB_AES256_SHA1);
    close_pair(&p);
}

/* --- what each knows ----------------------------------------------------------------------- */

static void
test_exchange__names_and_times_are_the_same_on_both_sides(void **state)
{
    struct sec_facts client, server;
    struct krb_pair p;

    krb_pair_init(&p);
    p.explicit_identity = true;
    p.client_args.wanted = SEC_MUTUAL_AUTH | SEC_DELEGATE;
    (void)krb_pair_run(&p);
    assert_established(&p);
    client = sec_pair_facts(p.client);
    server = sec_pair_facts(p.server);
    assert_bytes_equal(client.native_client, server.native_client);
    assert_bytes_equal(client.native_server, server.native_server);
    assert_bytes_equal(client.target, server.target);
    assert_bytes_equal(server.user, UTF16("alice"));
    assert_int_equal(client.expires_100ns, server.expires_100ns);
    assert_int_equal(client.start_100ns, server.start_100ns);
    assert_non_null(server.kerberos.delegated_cache);
    close_pair(&p);
}

static void
test_exchange__replays_byte_for_byte(void **state)
{
    struct krb_pair p[2];

    for (unsigned i = 0; i < 2; i++) {
        krb_pair_init(&p[i]);
        p[i].client_args.wanted = SEC_DCE_STYLE | SEC_DELEGATE | SEC_CONFIDENTIALITY;
        assert_true(krb_pair_run(&p[i]));
    }
    assert_int_equal(p[0].n_tokens, p[1].n_tokens);
    for (unsigned i = 0; i < p[0].n_tokens; i++) {
        assert_bytes_equal(wire_written(&p[0].tokens[i]), wire_written(&p[1].tokens[i]));
    }
    close_pair(&p[0]);
    close_pair(&p[1]);
}

/* --- user-to-user -------------------------------------------------------------------------- */

static void
test_exchange__user_to_user(void **state)
{
    for (unsigned mutual = 0; mutual < 2; mutual++) {
        struct krb_pair p;

        krb_pair_init(&p);
        p.client_args.wanted = SEC_USE_SESSION_KEY | (mutual ? SEC_MUTUAL_AUTH : 0u);
        p.client_args.target = UTF16("bob@EXAMPLE.TEST");
        (void)krb_pair_run(&p);
        assert_established(&p);
        assert_true(p.client_args.granted & SEC_USE_SESSION_KEY);
        assert_bytes_equal(sec_pair_facts(p.client).native_server, UTF16("bob@EXAMPLE.TEST"));
        assert_bytes_equal(sec_pair_facts(p.server).native_client, UTF16("alice@EXAMPLE.TEST"));
        close_pair(&p);
    }
}

/* --- refusals that reach the client -------------------------------------------------------- */

static void
test_exchange__the_acceptors_error_is_the_initiators_status(void **state)
{
    static const struct {
        sec_status client, server;
        const char *reason;
    } expected[] = {
        { SEC_E_WRONG_PRINCIPAL, SEC_E_NO_KERB_KEY, "KRB_AP_ERR_BADKEYVER" },
        { SEC_E_WRONG_PRINCIPAL, SEC_E_NO_KERB_KEY, "KRB_AP_ERR_NOT_US" },
    };

    for (unsigned i = 0; i < SEC_ARRAY_LEN(expected); i++) {
        struct krb_pair p;

        krb_pair_init(&p);
        p.client_args.wanted = SEC_MUTUAL_AUTH;
        p.server_args.wanted = SEC_EXTENDED_ERROR;
        if (i == 0) {
            p.server_tickets.keytab_kvno = 2;
        } else {
            p.client_args.target = UTF16("cifs/elsewhere.example.test");
            p.server_tickets.keytab_enctypes[0] = KRB_RC4_HMAC;
            p.server_tickets.n_keytab_enctypes = 1;
        }
        assert_false(krb_pair_run(&p));
        assert_true(sec_failed(p.server_status));
        assert_int_equal(p.client_status, expected[i].client);
        if (!strstr(p.client_reason, expected[i].reason)) {
            fail_msg("%s", p.client_reason);
        }
        assert_int_equal(sec_pair_facts(p.client).kerberos.error_code,
                         sec_pair_facts(p.server).kerberos.error_code);
        close_pair(&p);
    }
}

/* --- tampering ----------------------------------------------------------------------------- */

struct change {
    unsigned token;
    size_t at;
    uint8_t by;
};

static void
change(struct krb_pair *p, unsigned token, struct wire_writer *w)
{
    const struct change *c = p->tamper_user;

    if (token == c->token && c->at < w->len) {
        w->p[c->at] ^= c->by;
    }
}

/* Names of a ticket in the clear, the frame's spelling of the mechanism and options that count for
 * nothing may be changed without harm: then both sides are established with one key. Else neither
 * believes the other. */
static void
test_exchange__a_changed_byte_never_leaves_two_keys(void **state)
{
    static const uint32_t styles[] = { SEC_MUTUAL_AUTH, SEC_DCE_STYLE };

    for (size_t s = 0; s < SEC_ARRAY_LEN(styles); s++) {
        for (unsigned token = 0; token < (styles[s] & SEC_DCE_STYLE ? 3u : 2u); token++) {
            size_t n = 1;

            for (size_t at = 0; at < n; at++) {
                struct change c = { token, at, (uint8_t)(1u << at % 8) };
                struct krb_pair p;

                krb_pair_init(&p);
                p.client_args.wanted = styles[s];
                p.tamper = change;
                p.tamper_user = &c;
                if (krb_pair_run(&p)) {
                    assert_int_equal(token, 0);
                    assert_established(&p);
                } else if (!(styles[s] & SEC_DCE_STYLE && token == 2)) {
                    assert_int_not_equal(sec_pair_facts(p.client).phase, SEC_PHASE_ESTABLISHED);
                }
                n = p.n_tokens > token ? p.tokens[token].len : n;
                close_pair(&p);
            }
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exchange__both_sides_are_granted_the_same),
        cmocka_unit_test(test_exchange__every_pair_of_encryption_types),
        cmocka_unit_test(test_exchange__a_better_subkey_than_the_session_key_is_agreed_on),
        cmocka_unit_test(test_exchange__names_and_times_are_the_same_on_both_sides),
        cmocka_unit_test(test_exchange__replays_byte_for_byte),
        cmocka_unit_test(test_exchange__user_to_user),
        cmocka_unit_test(test_exchange__the_acceptors_error_is_the_initiators_status),
        cmocka_unit_test(test_exchange__a_changed_byte_never_leaves_two_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
