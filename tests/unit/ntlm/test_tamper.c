/* SPDX-License-Identifier: Apache-2.0 */
/* Who stands between client and server and changes the three messages, a byte at a time. With a
 * MIC there is not one byte that may change; without, this lists which, and why each is harmless. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ntlm/context.h"
#include "tests/support/hex.h"
#include "tests/support/ntlm_pair.h"

enum {
    LM_AT = 12,
    NT_AT = 20,
    DOMAIN_AT = 28,
    USER_AT = 36,
    WORKSTATION_AT = 44,
    KEY_AT = 52,
    FLAGS_AT = 60,
    VERSION_AT = 64,
    MIC_AT = 72,
    PAYLOAD_AT = 88,
};

#define PROTECTED (SEC_INTEGRITY | SEC_CONFIDENTIALITY)

struct change {
    enum ntlm_pair_message which;
    size_t at;
    uint8_t by;
    bool without_mic; /* the client sends none, as curl does */
};

/* Each bit alone, and some of them together. */
static const uint8_t changes[] = { 1, 2, 4, 8, 16, 32, 64, 128, 0xFF, 0x7F, 0x55 };

/* A client that makes no MIC: MsvAvFlags says 0, and the field is what was there before. */
static void
take_mic_away(struct ntlm_pair *p, struct wire_writer *w)
{
    struct ntlm_authenticate m;
    struct ntlm_v2_response v2;
    struct wire_reader r;

    assert_int_equal(ntlm_authenticate_decode(&m, wire_written(w), NULL), WIRE_OK);
    assert_int_equal(ntlm_v2_response_decode(&v2, m.nt_response), WIRE_OK);
    if (!ntlm_av_has(&v2.av, NTLM_AV_FLAGS)) {
        return; /* a changed CHALLENGE has talked it out of one */
    }
    r = wire_reader_of(bytes_of(v2.blob.p + 28, v2.blob.n - 28));
    while (wire_le16(&r) != NTLM_AV_FLAGS) {
        wire_skip(&r, wire_le16(&r));
        assert_int_equal(wire_status(&r), WIRE_OK);
    }
    wire_store_le32(w->p + (r.cur + 2 - w->p), 0);
    assert_true(ntlm_pair_prove_again(p));
    secret_wipe(w->p + MIC_AT, 16);
}

static void
change(struct ntlm_pair *p, enum ntlm_pair_message which, struct wire_writer *w)
{
    const struct change *k = p->tamper_user;

    if (which == NTLM_PAIR_AUTHENTICATE && k->without_mic) {
        take_mic_away(p, w);
    }
    if (which == k->which && k->by) {
        w->p[k->at] ^= k->by;
    }
}

/* True: the server is established in spite of the change. */
static bool
passes(const struct change *k, uint32_t wanted, struct ntlm_pair *p)
{
    ntlm_pair_init(p);
    p->client_args.wanted = wanted;
    p->server_args.wanted = wanted & SEC_DATAGRAM;
    p->client_args.target = UTF16("HTTP/server");
    p->tamper = change;
    p->tamper_user = (void *)(uintptr_t)k;
    return ntlm_pair_run(p);
}

static size_t
length_of(enum ntlm_pair_message which, uint32_t wanted)
{
    const struct change nothing = { NTLM_PAIR_NEGOTIATE, 0, 0, false };
    struct ntlm_pair p;
    size_t n;

    assert_true(passes(&nothing, wanted, &p));
    n = p.messages[which].len;
    ntlm_pair_clear(&p);
    return n;
}

/* --- with a MIC ---------------------------------------------------------------------------- */

static void
test_ntlm_step__each_byte_of_each_message_changed_with_a_mic_refused(void **state)
{
    static const uint32_t wanted[] = { PROTECTED, 0, PROTECTED | SEC_DATAGRAM };

    for (size_t mode = 0; mode < SEC_ARRAY_LEN(wanted); mode++) {
        for (unsigned which = 0; which < 3; which++) {
            size_t n = length_of((enum ntlm_pair_message)which, wanted[mode]);

            for (size_t i = 0; i < n * sizeof(changes); i++) {
                const struct change k = { (enum ntlm_pair_message)which, i / sizeof(changes),
                                          changes[i % sizeof(changes)], false };
                struct ntlm_pair p;

                if (passes(&k, wanted[mode], &p)) {
                    fail_msg("mode %zu, message %u, byte %zu ^ %02x", mode, which, k.at, k.by);
                }
                assert_true(!p.server || sec_pair_facts(p.server).phase != SEC_PHASE_ESTABLISHED);
                ntlm_pair_clear(&p);
                assert_int_equal(p.accounts.identities, 0);
            }
        }
    }
}

static void
append(struct ntlm_pair *p, enum ntlm_pair_message which, struct wire_writer *w)
{
    if (which == *(const enum ntlm_pair_message *)p->tamper_user) {
        wire_put_zero(w, 1);
    }
}

static void
test_ntlm_step__byte_behind_a_message_with_a_mic_refused(void **state)
{
    for (unsigned which = 0; which < 3; which++) {
        enum ntlm_pair_message message = (enum ntlm_pair_message)which;
        struct ntlm_pair p;

        ntlm_pair_init(&p);
        p.tamper = append;
        p.tamper_user = &message;
        assert_false(ntlm_pair_run(&p));
        assert_int_equal(p.server_status, SEC_E_MESSAGE_ALTERED);
        ntlm_pair_clear(&p);
    }
}

/* --- without one --------------------------------------------------------------------------- */

/* What of a field's descriptor may change where nothing depends on the field. */
static bool
in_descriptor(size_t at, size_t descriptor)
{
    return at >= descriptor && at < descriptor + 8;
}

static bool
in_max_len(size_t at)
{
    return at >= LM_AT && at < FLAGS_AT && (at - LM_AT) % 8 >= 2 && (at - LM_AT) % 8 < 4;
}

static bool
in_field(size_t at, const uint8_t *message, size_t descriptor)
{
    size_t n = wire_load_le16(message + descriptor);
    size_t offset = wire_load_le32(message + descriptor + 4);

    return at >= offset && at < offset + n;
}

/* The bytes of an AUTHENTICATE without a MIC that may change, each with its reason:
 * - MaxLen: the specification has receivers ignore it.
 * - Version: "for debugging purposes only"; the MIC's place, which is none here.
 * - the LM response: not looked at beside an NTLMv2 one.
 * - the workstation: for the log, where it stands as claimed.
 * - the session key: sealed with a key that only client and server have; another one is a key
 *   that nobody knows, and no message passes (checked below).
 * - flags: what the context grants then; the callers see it (checked below). Without a MIC there
 *   is nothing to tell it from a client's own choice: that is what require_mic is for.
 * - the case of the user's name: it is hashed in upper case, and the account's own is what counts. */
static bool
may_change(size_t at, uint8_t by, const uint8_t *message)
{
    return in_max_len(at) || (at >= VERSION_AT && at < PAYLOAD_AT) || in_descriptor(at, LM_AT) ||
           in_field(at, message, LM_AT) || in_descriptor(at, WORKSTATION_AT) ||
           in_field(at, message, WORKSTATION_AT) || in_descriptor(at, KEY_AT) ||
           in_field(at, message, KEY_AT) || (at >= FLAGS_AT && at < FLAGS_AT + 4) ||
           (by == 0x20 && in_field(at, message, USER_AT));
}

static void
assert_harmless(const struct change *k, struct ntlm_pair *p)
{
    struct sec_facts facts = sec_pair_facts(p->server);
    const uint8_t *message = p->messages[NTLM_PAIR_AUTHENTICATE].p;
    uint32_t flags = wire_load_le32(message + FLAGS_AT);

    assert_true(may_change(k->at, k->by, message));
    assert_bytes_equal(facts.user, UTF16("User"));
    assert_bytes_equal(facts.domain, UTF16("Domain"));
    assert_false(facts.mic_verified);
    assert_false(facts.anonymous);
    assert_int_equal((facts.flags & SEC_INTEGRITY) != 0, (flags & NTLMSSP_NEGOTIATE_SIGN) != 0);
    assert_int_equal((facts.flags & SEC_CONFIDENTIALITY) != 0,
                     (flags & NTLMSSP_NEGOTIATE_SEAL) != 0);
    if (in_field(k->at, message, KEY_AT) || in_descriptor(k->at, KEY_AT)) {
        assert_int_equal(ntlm_pair_messages_pass(p, true), in_max_len(k->at));
    }
}

static void
test_ntlm_step__each_byte_of_authenticate_changed_without_a_mic(void **state)
{
    size_t n = length_of(NTLM_PAIR_AUTHENTICATE, PROTECTED), passed = 0;

    for (size_t i = 0; i < n * sizeof(changes); i++) {
        const struct change k = { NTLM_PAIR_AUTHENTICATE, i / sizeof(changes),
                                  changes[i % sizeof(changes)], true };
        struct ntlm_pair p;

        if (passes(&k, PROTECTED, &p)) {
            assert_harmless(&k, &p);
            passed++;
        }
        ntlm_pair_clear(&p);
    }
    assert_true(passed > 0);
}

/* What the client answers to is what its proof covers, and of that the server looks at its own
 * challenge and its own time stamp. Flags and names in the first two messages say what each side
 * can do and how the server is called: what the client asked for cannot be taken away without its
 * noticing, and NTLM proves no server's name. */
static void
assert_no_harm_before_the_proof(const struct change *k, struct ntlm_pair *p)
{
    enum { CHALLENGE_AT = 24, RESERVED_AT = 32 };
    struct sec_facts facts = sec_pair_facts(p->server);
    uint32_t flags = wire_load_le32(p->messages[NTLM_PAIR_AUTHENTICATE].p + FLAGS_AT);
    size_t n = p->messages[NTLM_PAIR_CHALLENGE].len;

    if (k->which == NTLM_PAIR_CHALLENGE) {
        assert_true(k->at >= 12 && (k->at < CHALLENGE_AT || k->at >= RESERVED_AT));
        assert_true(k->at < n - 4 - 12 || k->at >= n - 4);
    } else {
        assert_true(k->at >= 12);
    }
    assert_bytes_equal(facts.user, UTF16("User"));
    assert_false(facts.mic_verified);
    assert_int_equal(facts.flags & PROTECTED, PROTECTED);
    assert_int_equal(sec_pair_facts(p->client).flags & PROTECTED, PROTECTED);
    assert_int_equal(facts.key_bits, 128);
    /* Without KEY_EXCH the key comes with the proof, which take_mic_away has made anew. */
    if (flags & NTLMSSP_NEGOTIATE_KEY_EXCH) {
        assert_true(ntlm_pair_messages_pass(p, true));
    }
}

static void
test_ntlm_step__each_byte_of_negotiate_and_challenge_changed_without_a_mic(void **state)
{
    for (unsigned which = NTLM_PAIR_NEGOTIATE; which <= NTLM_PAIR_CHALLENGE; which++) {
        size_t n = length_of((enum ntlm_pair_message)which, PROTECTED);

        for (size_t i = 0; i < n * sizeof(changes); i++) {
            const struct change k = { (enum ntlm_pair_message)which, i / sizeof(changes),
                                      changes[i % sizeof(changes)], true };
            struct ntlm_pair p;

            if (passes(&k, PROTECTED, &p)) {
                assert_no_harm_before_the_proof(&k, &p);
            }
            ntlm_pair_clear(&p);
        }
    }
}

static void
hide_time_stamp(struct ntlm_pair *p, enum ntlm_pair_message which, struct wire_writer *w)
{
    const unsigned *how = p->tamper_user;

    if (which == NTLM_PAIR_CHALLENGE) {
        size_t pair = w->len - 4 - 12; /* the last before the end */

        assert_int_equal(wire_load_le16(w->p + pair), NTLM_AV_TIMESTAMP);
        switch (*how) {
        case 0: wire_store_le16(w->p + pair, 0x0107); break; /* an unknown pair */
        case 1: wire_store_le16(w->p + pair, 0); break;      /* a bad end */
        case 2: wire_store_le32(w->p + pair, 0); break;      /* the end */
        case 3: w->p[pair + 4] ^= 1; break;                  /* another time */
        default: break;
        }
    }
}

/* Without the server's time stamp a client sends no MIC: who takes it away could then change the
 * AUTHENTICATE. But the client's pairs, which its proof covers, show that it never saw it. */
static void
test_ntlm_step__time_stamp_taken_from_the_challenge_refused(void **state)
{
    for (unsigned how = 0; how < 4; how++) {
        struct ntlm_pair p;

        ntlm_pair_init(&p);
        p.tamper = hide_time_stamp;
        p.tamper_user = &how;
        assert_false(ntlm_pair_run(&p));
        assert_true(sec_failed(p.client_status) || p.server_status == SEC_E_MESSAGE_ALTERED);
        ntlm_pair_clear(&p);
    }
}

/* --- the MIC itself ------------------------------------------------------------------------ */

enum mic_case { MIC_AS_IS, MIC_FLAG_AWAY, MIC_ZERO, MIC_NO_ROOM, MIC_NONE };

static void
change_mic(struct ntlm_pair *p, enum ntlm_pair_message which, struct wire_writer *w)
{
    struct ntlm_authenticate m;
    struct wire_writer again = wire_writer_growing(NULL, 0);

    if (which != NTLM_PAIR_AUTHENTICATE) {
        return;
    }
    switch (*(const enum mic_case *)p->tamper_user) {
    case MIC_ZERO: secret_wipe(w->p + MIC_AT, 16); break;
    case MIC_FLAG_AWAY: /* without the password: the proof is for other pairs */
        take_mic_away(p, w);
        w->p[wire_load_le32(w->p + NT_AT + 4)] ^= 1;
        break;
    case MIC_NO_ROOM: /* the flag, and a payload where the MIC would be */
        assert_int_equal(ntlm_authenticate_decode(&m, wire_written(w), NULL), WIRE_OK);
        m.has_mic = false;
        ntlm_authenticate_encode(&again, &m);
        wire_writer_clear(w);
        *w = again;
        break;
    case MIC_NONE: take_mic_away(p, w); break;
    default: break;
    }
}

static void
test_ntlm_step__mic_missing_or_wrong_by_policy(void **state)
{
    static const struct {
        enum mic_case how;
        bool require;
        sec_status expected;
    } cases[] = {
        { MIC_AS_IS, false, SEC_E_OK },
        { MIC_AS_IS, true, SEC_E_OK },
        { MIC_ZERO, false, SEC_E_MESSAGE_ALTERED },
        { MIC_ZERO, true, SEC_E_MESSAGE_ALTERED },
        { MIC_FLAG_AWAY, false, SEC_E_LOGON_DENIED },
        { MIC_FLAG_AWAY, true, SEC_E_LOGON_DENIED },
        { MIC_NO_ROOM, false, SEC_E_INVALID_TOKEN },
        { MIC_NO_ROOM, true, SEC_E_INVALID_TOKEN },
        { MIC_NONE, false, SEC_E_OK },
        { MIC_NONE, true, SEC_E_LOGON_DENIED },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        enum mic_case how = cases[i].how;
        struct ntlm_pair p;

        ntlm_pair_init(&p);
        p.server_host.settings.require_mic = cases[i].require;
        p.client_args.wanted = PROTECTED;
        p.tamper = change_mic;
        p.tamper_user = &how;
        (void)ntlm_pair_run(&p);
        assert_int_equal(p.server_status, cases[i].expected);
        assert_int_equal(sec_pair_facts(p.server).mic_verified, how == MIC_AS_IS);
        if (how == MIC_NONE && cases[i].require) {
            assert_int_equal(p.accounts.calls, 0); /* no guess at a password is worth a try */
        }
        ntlm_pair_clear(&p);
    }
}

/* An NTLMv1 client has no MIC at all. */
static void
test_ntlm_step__ntlmv1_refused_where_a_mic_is_required(void **state)
{
    for (unsigned require = 0; require < 2; require++) {
        struct ntlm_pair p;

        ntlm_pair_init(&p);
        p.client_host.settings.lm_level_client = 1;
        p.server_host.settings.lm_level_server = 0;
        p.server_host.settings.require_mic = require;
        assert_int_equal(ntlm_pair_run(&p), !require);
        ntlm_pair_clear(&p);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ntlm_step__each_byte_of_each_message_changed_with_a_mic_refused),
        cmocka_unit_test(test_ntlm_step__byte_behind_a_message_with_a_mic_refused),
        cmocka_unit_test(test_ntlm_step__each_byte_of_authenticate_changed_without_a_mic),
        cmocka_unit_test(
            test_ntlm_step__each_byte_of_negotiate_and_challenge_changed_without_a_mic),
        cmocka_unit_test(test_ntlm_step__time_stamp_taken_from_the_challenge_refused),
        cmocka_unit_test(test_ntlm_step__mic_missing_or_wrong_by_policy),
        cmocka_unit_test(test_ntlm_step__ntlmv1_refused_where_a_mic_is_required),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
