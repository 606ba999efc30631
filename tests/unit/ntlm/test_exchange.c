/* SPDX-License-Identifier: Apache-2.0 */
/* Whole exchanges: each level of LmCompatibilityLevel against each, each mode of protection,
 * anonymous and connectionless ones, and what each side says it has granted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ntlm/context.h"
#include "tests/support/hex.h"
#include "tests/support/ntlm_pair.h"

enum { NEGOTIATE_FLAGS_AT = 12, CHALLENGE_FLAGS_AT = 20, AUTHENTICATE_FLAGS_AT = 60 };

#define PROTECTED (SEC_INTEGRITY | SEC_CONFIDENTIALITY)

static uint32_t
sent_flags(const struct ntlm_pair *p, enum ntlm_pair_message which)
{
    static const size_t at[] = { NEGOTIATE_FLAGS_AT, CHALLENGE_FLAGS_AT, AUTHENTICATE_FLAGS_AT };

    return wire_load_le32(p->messages[which].p + at[which]);
}

/* --- levels -------------------------------------------------------------------------------- */

static void
test_ntlm_step__lm_compatibility_level_of_each_side(void **state)
{
    static const enum sec_ntlm_version versions[] = { SEC_NTLM_V1, SEC_NTLM_V1_ESS, SEC_NTLM_V1_ESS,
                                                      SEC_NTLM_V2, SEC_NTLM_V2,     SEC_NTLM_V2 };

    for (unsigned client = 0; client <= 5; client++) {
        for (unsigned server = 0; server <= 5; server++) {
            bool admitted = client >= 3 || server < 5;
            struct ntlm_pair p;

            ntlm_pair_init(&p);
            p.client_host.settings.lm_level_client = client;
            p.server_host.settings.lm_level_server = server;
            p.client_args.wanted = PROTECTED;
            assert_int_equal(ntlm_pair_run(&p), admitted);
            assert_int_equal(p.server_status, admitted ? SEC_E_OK : SEC_E_LOGON_DENIED);
            assert_int_equal(p.accounts.calls, admitted);
            assert_true(sec_pair_facts(p.server).ntlm_version == versions[client]);
            if (admitted) {
                assert_true(ntlm_pair_messages_pass(&p, true));
                assert_true(ntlm_pair_messages_pass(&p, false));
                assert_int_equal(sec_pair_facts(p.server).mic_verified, client >= 3);
            } else {
                assert_int_equal(sec_pair_facts(p.server).sub_status, 0xC0000418);
            }
            ntlm_pair_clear(&p);
        }
    }
}

/* LM_KEY is offered below 128 bits only, and then the account must have an LM hash. */
static void
test_ntlm_step__lm_key_only_where_policy_and_account_have_it(void **state)
{
    static const struct {
        bool require_128bit, lm_hashes;
        unsigned server_level;
        bool offered;
        sec_status expected;
    } cases[] = {
        { true, true, 0, false, SEC_E_OK },  { true, false, 0, false, SEC_E_OK },
        { false, true, 0, true, SEC_E_OK },  { false, true, 3, true, SEC_E_OK },
        { false, true, 4, false, SEC_E_OK }, { false, false, 0, true, SEC_E_UNSUPPORTED_FUNCTION },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        struct ntlm_pair p;

        ntlm_pair_init(&p);
        p.client_host.settings.lm_level_client = 0;
        p.server_host.settings.lm_level_server = cases[i].server_level;
        p.client_host.settings.require_128bit = cases[i].require_128bit;
        p.server_host.settings.require_128bit = cases[i].require_128bit;
        p.accounts.keeps_lm_hashes = cases[i].lm_hashes;
        p.client_args.wanted = PROTECTED;
        (void)ntlm_pair_run(&p);
        assert_int_equal(p.server_status, cases[i].expected);
        assert_int_equal((sent_flags(&p, NTLM_PAIR_CHALLENGE) & NTLMSSP_NEGOTIATE_LM_KEY) != 0,
                         cases[i].offered);
        if (cases[i].expected == SEC_E_OK) {
            assert_true(ntlm_pair_messages_pass(&p, true));
            assert_int_equal(sec_pair_facts(p.server).key_bits, cases[i].offered ? 56 : 128);
        }
        ntlm_pair_clear(&p);
    }
}

/* Clients so old that they send the LM response alone; who could send LMv2 saw no time stamp. */
static void
send_lm_alone(struct ntlm_pair *p, enum ntlm_pair_message which, struct wire_writer *w)
{
    if (which == NTLM_PAIR_CHALLENGE) {
        wire_store_le16(w->p + w->len - 4 - 12, 0x0107); /* a pair that nobody knows */
    } else if (which == NTLM_PAIR_AUTHENTICATE) {
        wire_store_le16(w->p + 20, 0);
    }
}

static void
test_ntlm_step__lm_response_alone_by_level(void **state)
{
    static const struct {
        unsigned client, server;
        bool lm_hashes, require_bindings;
        sec_status expected;
    } cases[] = {
        { 0, 3, true, false, SEC_E_OK },
        { 0, 3, false, false, SEC_E_LOGON_DENIED },
        { 0, 4, true, false, SEC_E_LOGON_DENIED }, /* only LMv2 can be meant there */
        { 3, 4, false, false, SEC_E_OK },
        { 3, 3, true, false, SEC_E_LOGON_DENIED },
        { 3, 5, true, false, SEC_E_LOGON_DENIED },
        { 3, 4, false, true, SEC_E_BAD_BINDINGS }, /* it has no pairs to bind with */
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        struct ntlm_pair p;

        ntlm_pair_init(&p);
        p.client_host.settings.lm_level_client = cases[i].client;
        p.server_host.settings.lm_level_server = cases[i].server;
        p.server_args.bindings.given = cases[i].require_bindings;
        p.server_host.settings.channel_bindings =
            cases[i].require_bindings ? SEC_BINDINGS_REQUIRED : SEC_BINDINGS_OFF;
        p.accounts.keeps_lm_hashes = cases[i].lm_hashes;
        p.tamper = send_lm_alone;
        (void)ntlm_pair_run(&p);
        assert_int_equal(p.server_status, cases[i].expected);
        assert_true(sec_pair_facts(p.server).ntlm_version == SEC_NTLM_LM);
        ntlm_pair_clear(&p);
    }
}

/* --- flags of the negotiation -------------------------------------------------------------- */

static void
test_ntlm_step__what_is_wanted_what_is_sent_and_what_is_granted(void **state)
{
    const uint32_t sign = NTLMSSP_NEGOTIATE_SIGN, seal = NTLMSSP_NEGOTIATE_SEAL;
    const uint32_t both = SEC_INTEGRITY | SEC_REPLAY_DETECT | SEC_SEQUENCE_DETECT;
    const struct {
        uint32_t wanted, sent, granted;
    } cases[] = {
        { 0, 0, 0 },
        { SEC_INTEGRITY, sign, both },
        { SEC_REPLAY_DETECT, sign, both },
        { SEC_SEQUENCE_DETECT, sign, both },
        { SEC_CONFIDENTIALITY, seal, SEC_CONFIDENTIALITY },
        { PROTECTED, sign | seal, both | SEC_CONFIDENTIALITY },
        { SEC_INTEGRITY | SEC_NO_INTEGRITY, 0, 0 },
        { SEC_IDENTIFY, NTLMSSP_NEGOTIATE_IDENTIFY, SEC_IDENTIFY },
        /* What NTLM cannot do is not granted, and asking for it is no error. */
        { SEC_MUTUAL_AUTH | SEC_DELEGATE | SEC_STREAM | SEC_EXTENDED_ERROR, 0, 0 },
        { SEC_CONNECTION, 0, 0 },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        struct ntlm_pair p;

        ntlm_pair_init(&p);
        p.client_args.wanted = cases[i].wanted;
        assert_true(ntlm_pair_run(&p));
        assert_int_equal(sent_flags(&p, NTLM_PAIR_NEGOTIATE) &
                             (sign | seal | NTLMSSP_NEGOTIATE_IDENTIFY),
                         cases[i].sent);
        assert_int_equal(p.client_args.granted, cases[i].granted | SEC_CONNECTION);
        assert_int_equal(p.server_args.granted, cases[i].granted | SEC_CONNECTION);
        assert_int_equal(sec_pair_facts(p.client).flags, p.client_args.granted);
        assert_int_equal(sec_pair_facts(p.server).flags, p.server_args.granted);
        assert_int_equal(p.client->half_duplex, false);
        ntlm_pair_clear(&p);
    }
}

/* A key is exchanged where there is something to protect with it. */
static void
test_ntlm_step__key_exchange_only_with_protection_or_connectionless(void **state)
{
    static const struct {
        uint32_t wanted;
        bool exchanged;
    } cases[] = {
        { 0, false }, { SEC_INTEGRITY, true }, { SEC_CONFIDENTIALITY, true }, { SEC_DATAGRAM, true }
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        struct ntlm_pair p;

        ntlm_pair_init(&p);
        p.client_args.wanted = p.server_args.wanted = cases[i].wanted;
        assert_true(ntlm_pair_run(&p));
        assert_int_equal((sent_flags(&p, NTLM_PAIR_AUTHENTICATE) & NTLMSSP_NEGOTIATE_KEY_EXCH) != 0,
                         cases[i].exchanged);
        assert_memory_equal(sec_pair_facts(p.client).session_key.p,
                            sec_pair_facts(p.server).session_key.p, 16);
        assert_true(sec_pair_facts(p.server).mic_verified);
        ntlm_pair_clear(&p);
    }
}

/* Before the last leg nothing is granted. */
static void
test_ntlm_step__nothing_granted_before_the_last_leg(void **state)
{
    struct ntlm_pair p;

    ntlm_pair_init(&p);
    p.client_args.wanted = PROTECTED;
    p.server_args.wanted = PROTECTED;
    p.identity.password = UTF16("wrong");
    p.client_args.granted = p.server_args.granted = UINT32_MAX;
    assert_false(ntlm_pair_run(&p));
    assert_int_equal(p.server_args.granted, 0);
    assert_int_equal(sec_pair_facts(p.server).flags, 0);
    ntlm_pair_clear(&p);
}

static void
clear_challenge_flag(struct ntlm_pair *p, enum ntlm_pair_message which, struct wire_writer *w)
{
    if (which == NTLM_PAIR_CHALLENGE) {
        wire_store_le32(w->p + CHALLENGE_FLAGS_AT, wire_load_le32(w->p + CHALLENGE_FLAGS_AT) &
                                                       ~*(const uint32_t *)p->tamper_user);
    }
}

/* A server, or who stands in front of it, that takes away what the client asked for. */
static void
test_ntlm_step__challenge_without_what_was_asked_for_refused_by_the_client(void **state)
{
    static const struct {
        uint32_t wanted, taken;
        sec_status expected;
    } cases[] = {
        { SEC_INTEGRITY, NTLMSSP_NEGOTIATE_SIGN, SEC_E_UNSUPPORTED_FUNCTION },
        { SEC_REPLAY_DETECT, NTLMSSP_NEGOTIATE_SIGN, SEC_E_UNSUPPORTED_FUNCTION },
        { SEC_CONFIDENTIALITY, NTLMSSP_NEGOTIATE_SEAL, SEC_E_UNSUPPORTED_FUNCTION },
        { PROTECTED, NTLMSSP_NEGOTIATE_SEAL, SEC_E_UNSUPPORTED_FUNCTION },
        { SEC_INTEGRITY, NTLMSSP_NEGOTIATE_128, SEC_E_UNSUPPORTED_FUNCTION },
        { 0, NTLMSSP_NEGOTIATE_128, SEC_E_OK },
        { 0, NTLMSSP_NEGOTIATE_UNICODE | NTLMSSP_NEGOTIATE_OEM, SEC_E_INVALID_TOKEN },
        { SEC_DATAGRAM, NTLMSSP_NEGOTIATE_DATAGRAM, SEC_E_INVALID_TOKEN },
        { SEC_INTEGRITY, NTLMSSP_NEGOTIATE_TARGET_INFO, SEC_E_LOGON_DENIED },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        struct ntlm_pair p;

        ntlm_pair_init(&p);
        p.client_args.wanted = p.server_args.wanted = cases[i].wanted;
        p.tamper = clear_challenge_flag;
        p.tamper_user = (void *)(uintptr_t)&cases[i].taken;
        (void)ntlm_pair_run(&p);
        assert_int_equal(p.client_status, cases[i].expected);
        ntlm_pair_clear(&p);
    }
}

/* Of what the client offers the server takes what it knows, and nothing that was not offered. */
static void
test_ntlm_step__challenge_flags_echo_the_offer(void **state)
{
    static const struct {
        uint32_t offered, answered;
    } cases[] = {
        { 0x00000001, 0x02800201 },
        { 0x00000002, 0x02800202 },
        { 0x00000003, 0x02800201 },
        { 0xe2088297, 0xe28a8215 },
        { 0xe2088237, 0xe28a8235 },
        { 0x00000005, 0x02820205 },
        { 0x40008081 | 0x00004000, 0x42808201 }, /* LM_KEY and LOCAL_CALL do not come back */
        { 0x00080081, 0x02880201 },              /* extended session security beats LM_KEY */
        { 0x00000041, 0x02800201 },              /* connection-oriented all the same */
        { 0xffffffff, 0xe29a8235 },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        SEC_AUTO(wire_writer) out = wire_writer_growing(NULL, 0);
        uint8_t negotiate[16];
        struct ntlm_pair p;

        bytes_copy(negotiate, "NTLMSSP\0\1\0\0\0", 12);
        wire_store_le32(negotiate + NEGOTIATE_FLAGS_AT, cases[i].offered);
        ntlm_pair_init(&p);
        assert_true(ntlm_pair_open(&p));
        assert_int_equal(sec_pair_step(p.server, &p.server_args, bytes_of(negotiate, 16), &out),
                         SEC_I_CONTINUE_NEEDED);
        assert_int_equal(wire_load_le32(out.p + CHALLENGE_FLAGS_AT), cases[i].answered);
        ntlm_pair_clear(&p);
    }
}

static void
test_ntlm_step__negotiate_without_character_set_refused(void **state)
{
    SEC_AUTO(wire_writer) out = wire_writer_growing(NULL, 0);
    struct ntlm_pair p;

    ntlm_pair_init(&p);
    assert_true(ntlm_pair_open(&p));
    assert_int_equal(
        sec_pair_step(p.server, &p.server_args, HEX("4e544c4d53535000 01000000 34820ae2"), &out),
        SEC_E_INVALID_TOKEN);
    ntlm_pair_clear(&p);
}

/* --- what an AUTHENTICATE may choose ------------------------------------------------------- */

static void
set_authenticate_flags(struct ntlm_pair *p, enum ntlm_pair_message which, struct wire_writer *w)
{
    const uint32_t *clear_and_set = p->tamper_user;

    if (which == NTLM_PAIR_AUTHENTICATE) {
        uint32_t flags = wire_load_le32(w->p + AUTHENTICATE_FLAGS_AT);

        wire_store_le32(w->p + AUTHENTICATE_FLAGS_AT,
                        (flags & ~clear_and_set[0]) | clear_and_set[1]);
        assert_true(ntlm_pair_prove_again(p));
    }
}

static void
test_ntlm_step__authenticate_flags_final_but_from_the_offer(void **state)
{
    static const struct {
        uint32_t wanted, clear_and_set[2];
        sec_status expected;
        uint32_t granted;
    } cases[] = {
        { SEC_INTEGRITY,
          { 0, 0 },
          SEC_E_OK,
          SEC_INTEGRITY | SEC_REPLAY_DETECT | SEC_SEQUENCE_DETECT },
        /* Less than offered is the client's right. */
        { SEC_INTEGRITY, { NTLMSSP_NEGOTIATE_SIGN, 0 }, SEC_E_OK, 0 },
        { PROTECTED, { NTLMSSP_NEGOTIATE_SIGN, 0 }, SEC_E_OK, SEC_CONFIDENTIALITY },
        /* More than offered is not. */
        { 0, { 0, NTLMSSP_NEGOTIATE_SIGN | NTLMSSP_NEGOTIATE_SEAL }, SEC_E_OK, 0 },
        { 0, { 0, NTLMSSP_NEGOTIATE_DATAGRAM }, SEC_E_OK, 0 },
        { 0, { NTLMSSP_NEGOTIATE_UNICODE, 0 }, SEC_E_INVALID_TOKEN, 0 },
        { 0, { NTLMSSP_NEGOTIATE_UNICODE, NTLMSSP_NEGOTIATE_OEM }, SEC_E_INVALID_TOKEN, 0 },
        { SEC_INTEGRITY, { NTLMSSP_NEGOTIATE_128, 0 }, SEC_E_UNSUPPORTED_FUNCTION, 0 },
        { 0, { NTLMSSP_NEGOTIATE_128, 0 }, SEC_E_OK, 0 },
        { SEC_DATAGRAM, { NTLMSSP_NEGOTIATE_DATAGRAM, 0 }, SEC_E_INVALID_TOKEN, 0 },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        struct ntlm_pair p;

        ntlm_pair_init(&p);
        p.client_args.wanted = p.server_args.wanted = cases[i].wanted;
        p.tamper = set_authenticate_flags;
        p.tamper_user = (void *)(uintptr_t)cases[i].clear_and_set;
        (void)ntlm_pair_run(&p);
        assert_int_equal(p.server_status, cases[i].expected);
        assert_int_equal(p.server_args.granted & ~(uint32_t)SEC_CONNECTION, cases[i].granted);
        ntlm_pair_clear(&p);
    }
}

/* ALWAYS_SIGN and KEY_EXCH without SIGN, and a key all the same: what some clients send, with a
 * MIC that is made with that key. */
static void
add_key_without_sign(struct ntlm_pair *p, enum ntlm_pair_message which, struct wire_writer *w)
{
    if (which == NTLM_PAIR_NEGOTIATE) {
        struct wire_writer *own = &ntlm_context_of(p->client)->handshake->messages;
        uint32_t flags = wire_load_le32(w->p + NEGOTIATE_FLAGS_AT) | NTLMSSP_NEGOTIATE_KEY_EXCH;

        wire_store_le32(w->p + NEGOTIATE_FLAGS_AT, flags);
        wire_store_le32(own->p + NEGOTIATE_FLAGS_AT, flags);
    } else if (which == NTLM_PAIR_AUTHENTICATE) {
        size_t key_at = w->len;
        uint8_t *key = wire_reserve(w, *(const size_t *)p->tamper_user);

        assert_non_null(key);
        wire_store_le16(w->p + 52, (uint16_t)(w->len - key_at));
        wire_store_le32(w->p + 56, (uint32_t)key_at);
        wire_store_le32(w->p + AUTHENTICATE_FLAGS_AT,
                        wire_load_le32(w->p + AUTHENTICATE_FLAGS_AT) | NTLMSSP_NEGOTIATE_KEY_EXCH);
        assert_true(ntlm_pair_prove_again(p));
    }
}

static void
test_ntlm_step__key_exchanged_without_sign_taken(void **state)
{
    static const size_t sizes[] = { 0, 15, 16, 17 };

    for (size_t i = 0; i < SEC_ARRAY_LEN(sizes); i++) {
        struct ntlm_pair p;

        ntlm_pair_init(&p);
        p.tamper = add_key_without_sign;
        p.tamper_user = (void *)(uintptr_t)&sizes[i];
        assert_int_equal(ntlm_pair_run(&p), sizes[i] == 0 || sizes[i] == 16);
        assert_int_equal(p.server_status,
                         sizes[i] == 0 || sizes[i] == 16 ? SEC_E_OK : SEC_E_INVALID_TOKEN);
        assert_int_equal(sec_pair_facts(p.server).mic_verified, p.server_status == SEC_E_OK);
        ntlm_pair_clear(&p);
    }
}

/* --- anonymous ----------------------------------------------------------------------------- */

static void
test_ntlm_step__anonymous_refused_unless_policy_or_the_call_allows(void **state)
{
    static const struct {
        bool setting;
        uint32_t server_wanted;
        bool empty_identity;
        uint32_t client_wanted;
        bool admitted;
    } cases[] = {
        { false, 0, true, 0, false },
        { false, 0, false, SEC_NULL_SESSION, false },
        { true, 0, true, 0, true },
        { true, 0, false, SEC_NULL_SESSION, true },
        { false, SEC_NULL_SESSION, true, 0, true },
        { false, SEC_NULL_SESSION, false, SEC_NULL_SESSION | PROTECTED, true },
        { true, SEC_NULL_SESSION, true, SEC_DATAGRAM, true },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        struct sec_facts facts;
        struct ntlm_pair p;

        ntlm_pair_init(&p);
        p.server_host.settings.allow_anonymous = cases[i].setting;
        p.client_args.wanted = cases[i].client_wanted;
        p.server_args.wanted = cases[i].server_wanted | (cases[i].client_wanted & SEC_DATAGRAM);
        if (cases[i].empty_identity) {
            p.identity = (struct sec_identity){ 0 };
        }
        assert_int_equal(ntlm_pair_run(&p), cases[i].admitted);
        assert_int_equal(p.server_status, cases[i].admitted ? SEC_E_OK : SEC_E_LOGON_DENIED);
        assert_int_equal(p.accounts.calls, 0);
        facts = sec_pair_facts(p.server);
        assert_int_equal(facts.anonymous, cases[i].admitted);
        assert_int_equal(facts.user.n + facts.domain.n + facts.session_key.n, 0);
        assert_null(facts.identity);
        if (cases[i].admitted) {
            assert_int_equal(p.server_args.granted & ~(uint32_t)(SEC_CONNECTION | SEC_DATAGRAM),
                             SEC_NULL_SESSION);
            facts = sec_pair_facts(p.client);
            assert_true(facts.anonymous);
            assert_int_equal(facts.user.n + facts.domain.n + facts.session_key.n, 0);
            assert_int_equal(facts.native_client.n, 0);
            assert_false(ntlm_pair_messages_pass(&p, true));
        }
        ntlm_pair_clear(&p);
    }
}

static void
name_nobody(struct ntlm_pair *p, enum ntlm_pair_message which, struct wire_writer *w)
{
    if (which == NTLM_PAIR_AUTHENTICATE) {
        const unsigned *keep = p->tamper_user; /* bits: LM, NT, user */

        for (unsigned i = 0; i < 2; i++) {
            if (!(*keep & 1u << i)) {
                wire_store_le16(w->p + 12 + 8 * i, 0);
            }
        }
        if (!(*keep & 4)) {
            wire_store_le16(w->p + 36, 0);
        }
        wire_store_le32(w->p + AUTHENTICATE_FLAGS_AT,
                        wire_load_le32(w->p + AUTHENTICATE_FLAGS_AT) | NTLMSSP_ANONYMOUS);
    }
}

/* Anonymous is who names nobody and proves nothing, not who sets a flag. */
static void
test_ntlm_step__half_anonymous_clients_are_not_anonymous(void **state)
{
    for (unsigned keep = 0; keep < 8; keep++) {
        struct ntlm_pair p;

        ntlm_pair_init(&p);
        p.server_host.settings.allow_anonymous = true;
        p.tamper = name_nobody;
        p.tamper_user = &keep;
        assert_int_equal(ntlm_pair_run(&p), keep == 0);
        assert_int_equal(sec_pair_facts(p.server).anonymous, keep == 0);
        assert_true(keep == 0 || sec_failed(p.server_status));
        ntlm_pair_clear(&p);
    }
}

/* --- connectionless ------------------------------------------------------------------------ */

static void
test_ntlm_step__connectionless_in_each_protection(void **state)
{
    static const uint32_t wanted[] = { 0, SEC_INTEGRITY, SEC_CONFIDENTIALITY, PROTECTED };

    for (size_t i = 0; i < SEC_ARRAY_LEN(wanted); i++) {
        struct ntlm_authenticate m;
        struct ntlm_pair p;

        ntlm_pair_init(&p);
        p.client_args.wanted = wanted[i] | SEC_DATAGRAM;
        p.server_args.wanted = SEC_DATAGRAM;
        assert_true(ntlm_pair_run(&p));
        assert_int_equal(p.messages[NTLM_PAIR_NEGOTIATE].len, 0);
        assert_int_equal(ntlm_authenticate_decode(&m, wire_written(&p.messages[2]), NULL), WIRE_OK);
        assert_int_equal(m.lm_response.n, 0);
        assert_true(sec_pair_facts(p.server).mic_verified);
        /* Order and replays are the application's there: what is not done is not granted. */
        assert_int_equal(p.server_args.granted, wanted[i] | SEC_DATAGRAM);
        assert_int_equal(p.client_args.granted, wanted[i] | SEC_DATAGRAM);
        assert_int_equal(ntlm_pair_messages_pass(&p, true), (wanted[i] & SEC_CONFIDENTIALITY) != 0);
        assert_true(ntlm_pair_messages_pass(&p, false));
        ntlm_pair_clear(&p);
    }
}

/* The CHALLENGE may come with the client's very first call. */
static void
test_ntlm_step__connectionless_challenge_with_the_first_call(void **state)
{
    struct wire_writer challenge = wire_writer_growing(NULL, 0);
    struct wire_writer authenticate = wire_writer_growing(NULL, 0);
    struct wire_writer none = wire_writer_growing(NULL, 0);
    struct ntlm_pair p;

    ntlm_pair_init(&p);
    p.client_args.wanted = PROTECTED | SEC_DATAGRAM;
    p.server_args.wanted = SEC_DATAGRAM;
    assert_true(ntlm_pair_open(&p));
    assert_int_equal(sec_pair_step(p.server, &p.server_args, (struct bytes){ 0 }, &challenge),
                     SEC_I_CONTINUE_NEEDED);
    assert_int_equal(
        sec_pair_step(p.client, &p.client_args, wire_written(&challenge), &authenticate), SEC_E_OK);
    assert_int_equal(sec_pair_step(p.server, &p.server_args, wire_written(&authenticate), &none),
                     SEC_E_OK);
    assert_true(ntlm_pair_messages_pass(&p, true));
    wire_writer_clear(&challenge);
    wire_writer_clear(&authenticate);
    ntlm_pair_clear(&p);
}

/* Without extended session security their keys have 56 bits at most. */
static void
test_ntlm_step__connectionless_without_extended_security_needs_leave(void **state)
{
    for (unsigned require = 0; require < 2; require++) {
        struct ntlm_pair p;

        ntlm_pair_init(&p);
        p.client_args.wanted = PROTECTED | SEC_DATAGRAM;
        p.server_args.wanted = SEC_DATAGRAM;
        p.client_host.settings.lm_level_client = 0;
        p.server_host.settings.lm_level_server = 4;
        p.client_host.settings.require_128bit = require;
        p.server_host.settings.require_128bit = require;
        assert_int_equal(ntlm_pair_run(&p), !require);
        assert_int_equal(p.client_status, require ? SEC_E_UNSUPPORTED_FUNCTION : SEC_E_OK);
        if (!require) {
            assert_int_equal(sec_pair_facts(p.server).key_bits, 56);
            assert_true(ntlm_pair_messages_pass(&p, true));
        }
        ntlm_pair_clear(&p);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ntlm_step__lm_compatibility_level_of_each_side),
        cmocka_unit_test(test_ntlm_step__lm_key_only_where_policy_and_account_have_it),
        cmocka_unit_test(test_ntlm_step__lm_response_alone_by_level),
        cmocka_unit_test(test_ntlm_step__what_is_wanted_what_is_sent_and_what_is_granted),
        cmocka_unit_test(test_ntlm_step__key_exchange_only_with_protection_or_connectionless),
        cmocka_unit_test(test_ntlm_step__nothing_granted_before_the_last_leg),
        cmocka_unit_test(
            test_ntlm_step__challenge_without_what_was_asked_for_refused_by_the_client),
        cmocka_unit_test(test_ntlm_step__challenge_flags_echo_the_offer),
        cmocka_unit_test(test_ntlm_step__negotiate_without_character_set_refused),
        cmocka_unit_test(test_ntlm_step__authenticate_flags_final_but_from_the_offer),
        cmocka_unit_test(test_ntlm_step__key_exchanged_without_sign_taken),
        cmocka_unit_test(test_ntlm_step__anonymous_refused_unless_policy_or_the_call_allows),
        cmocka_unit_test(test_ntlm_step__half_anonymous_clients_are_not_anonymous),
        cmocka_unit_test(test_ntlm_step__connectionless_in_each_protection),
        cmocka_unit_test(test_ntlm_step__connectionless_challenge_with_the_first_call),
        cmocka_unit_test(test_ntlm_step__connectionless_without_extended_security_needs_leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
