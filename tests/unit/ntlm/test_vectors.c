/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of [MS-NLMP] 4.2.4.3 and the derived ones, through the client's and the server's
 * steps: what our client writes and what our server makes of what another wrote. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/digest.h"
#include "ntlm/context.h"
#include "tests/support/hex.h"
#include "tests/support/ntlm_pair.h"
#include "tests/support/ntlm_vectors.h"

#define CLIENT_CHALLENGE "aaaaaaaaaaaaaaaa"
#define RANDOM_KEY       "55555555555555555555555555555555"
#define V1_RESPONSE      "67c43011f30298a2ad35ece64f16331c44bdbed927841f94"
#define LM_RESPONSE      "98def7b87f88aa5dafe2df779688a172def11c7d5ccdef13"
#define STAMP            UINT64_C(0x01d4f54cf65a0000)

enum { FLAGS_AT = 60 };

static void
init(struct ntlm_pair *p)
{
    ntlm_pair_init(p);
    p->client_host.settings.computer = UTF16("COMPUTER");
    p->client_host.random_script = HEX(CLIENT_CHALLENGE RANDOM_KEY);
    p->client_args.wanted = SEC_INTEGRITY | SEC_CONFIDENTIALITY;
}

/* Our client, given a CHALLENGE of another server. */
static void
run_client(struct ntlm_pair *p, struct bytes challenge)
{
    struct wire_writer *out = p->messages;

    assert_true(ntlm_pair_open(p));
    assert_int_equal(sec_pair_step(p->client, &p->client_args, (struct bytes){ 0 }, &out[0]),
                     SEC_I_CONTINUE_NEEDED);
    assert_int_equal(sec_pair_step(p->client, &p->client_args, challenge, &out[2]), SEC_E_OK);
}

static void
init_writers(struct ntlm_pair *p)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(p->messages); i++) {
        p->messages[i] = wire_writer_growing(NULL, 0);
    }
}

/* Compares all but MIC and those of the flags that say what the CHALLENGE's target is, which
 * belong into no AUTHENTICATE; and checks the MIC over what was really sent. */
static void
test_ntlm_step__client_writes_the_derived_authenticate(void **state)
{
    static const uint8_t zeros[16];
    struct bytes sent, expected = HEX(NTLM_MIC_AUTHENTICATE);
    uint8_t mic[16], copy[512];
    struct ntlm_pair p;

    init(&p);
    init_writers(&p);
    p.client_args.target = UTF16(NTLM_MIC_TARGET);
    p.client_args.bindings.given = true;
    bytes_copy(p.client_args.bindings.md5, HEX(NTLM_MIC_BINDINGS).p, 16);
    run_client(&p, HEX(NTLM_MIC_CHALLENGE));
    assert_bytes_equal(wire_written(&p.messages[0]), HEX(NTLM_MIC_NEGOTIATE));

    sent = wire_written(&p.messages[2]);
    assert_int_equal(sent.n, expected.n);
    bytes_copy(copy, expected.p, expected.n);
    wire_store_le32(copy + FLAGS_AT, 0xe2888235);
    bytes_copy(copy + NTLM_MIC_OFFSET, sent.p + NTLM_MIC_OFFSET, 16);
    assert_bytes_equal(sent, bytes_of(copy, sent.n));

    {
        const struct bytes parts[] = { HEX(NTLM_MIC_NEGOTIATE), HEX(NTLM_MIC_CHALLENGE),
                                       bytes_of(sent.p, NTLM_MIC_OFFSET), bytes_of(zeros, 16),
                                       bytes_of(sent.p + NTLM_MIC_END, sent.n - NTLM_MIC_END) };

        digest_hmac_md5(HEX(RANDOM_KEY).p, parts, SEC_ARRAY_LEN(parts), mic);
    }
    assert_memory_equal(sent.p + NTLM_MIC_OFFSET, mic, 16);
    assert_bytes_equal(sec_pair_facts(p.client).session_key, HEX(RANDOM_KEY));
    assert_true(sec_pair_facts(p.client).ntlm_version == SEC_NTLM_V2);
    ntlm_pair_clear(&p);
}

/* No time stamp from the server: no MIC, an LMv2 response, and the client's own time, which the
 * example has at 0. Our client sends more pairs than the example's, so its proof differs. */
static void
test_ntlm_step__client_answers_4_2_4_3_without_mic_and_with_lmv2(void **state)
{
    struct ntlm_authenticate m;
    struct ntlm_v2_response v2;
    struct ntlm_pair p;

    init(&p);
    init_writers(&p);
    p.client_host.now_100ns = 0;
    run_client(&p, HEX(NLMP_424_CHALLENGE));
    assert_int_equal(ntlm_authenticate_decode(&m, wire_written(&p.messages[2]), NULL), WIRE_OK);
    assert_false(m.has_mic);
    assert_int_equal(m.flags, 0xe2888231);
    assert_bytes_equal(m.lm_response, HEX(NLMP_424_LMV2_RESPONSE));
    assert_int_equal(ntlm_v2_response_decode(&v2, m.nt_response), WIRE_OK);
    assert_true(v2.timestamp_100ns == 0);
    assert_false(ntlm_av_has(&v2.av, NTLM_AV_FLAGS));
    assert_true(ntlm_av_has(&v2.av, NTLM_AV_TARGET_NAME));
    assert_bytes_equal(v2.av.channel_bindings, HEX("00000000000000000000000000000000"));
    ntlm_pair_clear(&p);
}

/* The keys and responses of [MS-NLMP] 4.2.2 and 4.2.3. */
static void
test_ntlm_step__client_answers_4_2_2_and_4_2_3_with_ntlmv1(void **state)
{
    const struct {
        uint32_t challenge_flags;
        struct bytes random, nt, lm, sealed_key, session_key;
    } cases[] = {
        { 0xe2028233, HEX(RANDOM_KEY), HEX(V1_RESPONSE), HEX(LM_RESPONSE),
          HEX("518822b1b3f350c8958682ecbb3e3cb7"), HEX(RANDOM_KEY) },
        { 0xe2028233 | NTLMSSP_REQUEST_NON_NT_SESSION_KEY, HEX(RANDOM_KEY), HEX(V1_RESPONSE),
          HEX(LM_RESPONSE), HEX("7452ca55c225a1ca04b48fae32cf56fc"), HEX(RANDOM_KEY) },
        { 0xe2028233 | NTLMSSP_NEGOTIATE_LM_KEY, HEX(RANDOM_KEY), HEX(V1_RESPONSE),
          HEX(LM_RESPONSE), HEX("4cd7bb57d697ef9b549f02b8f9b37864"), HEX(RANDOM_KEY) },
        { 0x820a8233, HEX(CLIENT_CHALLENGE),
          HEX("7537f803ae367128ca458204bde7caf81e97ed2683267232"),
          HEX("aaaaaaaaaaaaaaaa00000000000000000000000000000000"), HEX(""),
          HEX("eb93429a8bd952f8b89c55b87f475edc") },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        uint8_t challenge[128];
        struct bytes vector = HEX(NLMP_424_CHALLENGE);
        struct ntlm_authenticate m;
        struct ntlm_pair p;

        init(&p);
        init_writers(&p);
        p.client_host.settings.lm_level_client = 1;
        p.client_host.settings.require_128bit = false;
        p.client_host.random_script = cases[i].random;
        bytes_copy(challenge, vector.p, vector.n);
        wire_store_le32(challenge + 20, cases[i].challenge_flags);
        run_client(&p, bytes_of(challenge, vector.n));
        assert_int_equal(ntlm_authenticate_decode(&m, wire_written(&p.messages[2]), NULL), WIRE_OK);
        assert_bytes_equal(m.nt_response, cases[i].nt);
        assert_bytes_equal(m.lm_response, cases[i].lm);
        assert_bytes_equal(m.session_key, cases[i].sealed_key);
        assert_bytes_equal(sec_pair_facts(p.client).session_key, cases[i].session_key);
        ntlm_pair_clear(&p);
    }
}

/* A server that has sent another's CHALLENGE. */
static void
pretend_sent(struct ntlm_pair *p, struct bytes negotiate, struct bytes challenge)
{
    struct ntlm_context *c;

    assert_true(ntlm_pair_open(p));
    assert_int_equal(
        sec_pair_step(p->server, &p->server_args, HEX(NTLM_MIC_NEGOTIATE), &p->messages[1]),
        SEC_I_CONTINUE_NEEDED);
    c = ntlm_context_of(p->server);
    bytes_copy(c->handshake->server_challenge, HEX("0123456789abcdef").p, 8);
    c->handshake->timestamp_100ns = 0;
    wire_writer_clear(&c->handshake->messages);
    c->handshake->messages = wire_writer_growing(NULL, 0);
    wire_put_bytes(&c->handshake->messages, negotiate);
    wire_put_bytes(&c->handshake->messages, challenge);
}

static void
assert_established_as_user(struct ntlm_pair *p, bool mic)
{
    struct sec_facts facts = sec_pair_facts(p->server);

    assert_int_equal(facts.phase, SEC_PHASE_ESTABLISHED);
    assert_bytes_equal(facts.user, UTF16("User"));
    assert_bytes_equal(facts.domain, UTF16("Domain"));
    assert_bytes_equal(facts.claimed_workstation, UTF16("COMPUTER"));
    assert_bytes_equal(facts.session_key, HEX(RANDOM_KEY));
    assert_int_equal(facts.mic_verified, mic);
    assert_true(facts.ntlm_version == SEC_NTLM_V2);
    assert_int_equal(facts.key_bits, 128);
}

static void
test_ntlm_step__server_accepts_the_derived_authenticate_with_its_mic(void **state)
{
    struct ntlm_pair p;

    init(&p);
    init_writers(&p);
    p.server_host.now_100ns = STAMP;
    p.server_args.bindings.given = true;
    bytes_copy(p.server_args.bindings.md5, HEX(NTLM_MIC_BINDINGS).p, 16);
    pretend_sent(&p, HEX(NTLM_MIC_NEGOTIATE), HEX(NTLM_MIC_CHALLENGE));
    assert_int_equal(
        sec_pair_step(p.server, &p.server_args, HEX(NTLM_MIC_AUTHENTICATE), &p.messages[2]),
        SEC_E_OK);
    assert_int_equal(p.messages[2].len, 0);
    assert_established_as_user(&p, true);
    assert_true(sec_pair_facts(p.server).bindings_verified);
    assert_bytes_equal(sec_pair_facts(p.server).target, UTF16(NTLM_MIC_TARGET));
    ntlm_pair_clear(&p);
    assert_int_equal(p.accounts.identities, 0);
}

static void
test_ntlm_step__server_accepts_4_2_4_3_authenticate(void **state)
{
    struct ntlm_pair p;

    init(&p);
    init_writers(&p);
    p.server_host.now_100ns = 0;
    pretend_sent(&p, (struct bytes){ 0 }, HEX(NLMP_424_CHALLENGE));
    assert_int_equal(
        sec_pair_step(p.server, &p.server_args, HEX(NLMP_424_AUTHENTICATE), &p.messages[2]),
        SEC_E_OK);
    assert_established_as_user(&p, false);
    ntlm_pair_clear(&p);
}

/* The same bytes, to a server that asked something else. */
static void
test_ntlm_step__authenticate_for_another_challenge_refused(void **state)
{
    struct ntlm_pair p;

    init(&p);
    init_writers(&p);
    p.server_host.now_100ns = 0;
    pretend_sent(&p, (struct bytes){ 0 }, HEX(NLMP_424_CHALLENGE));
    ntlm_context_of(p.server)->handshake->server_challenge[7] ^= 1;
    assert_int_equal(
        sec_pair_step(p.server, &p.server_args, HEX(NLMP_424_AUTHENTICATE), &p.messages[2]),
        SEC_E_LOGON_DENIED);
    assert_int_equal(sec_pair_facts(p.server).phase, SEC_PHASE_FAILED);
    ntlm_pair_clear(&p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ntlm_step__client_writes_the_derived_authenticate),
        cmocka_unit_test(test_ntlm_step__client_answers_4_2_4_3_without_mic_and_with_lmv2),
        cmocka_unit_test(test_ntlm_step__client_answers_4_2_2_and_4_2_3_with_ntlmv1),
        cmocka_unit_test(test_ntlm_step__server_accepts_the_derived_authenticate_with_its_mic),
        cmocka_unit_test(test_ntlm_step__server_accepts_4_2_4_3_authenticate),
        cmocka_unit_test(test_ntlm_step__authenticate_for_another_challenge_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
