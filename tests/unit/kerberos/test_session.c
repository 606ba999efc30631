/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of Kerberos contexts, between two ends of ours; test_session_vectors.c has others'. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "session_pair.h"
#include "tests/support/hex.h"

static const size_t sizes[] = { 0, 1, 7, 8, 15, 16, 17, 31, 32, 33, 64, 82, 83, 255, 256, 4000 };

typedef void (*pair_test)(struct session_pair *, int32_t enctype, bool dce);

/* For each type in each style. */
static void
for_each(pair_test test)
{
    for (unsigned i = 0; i < 2 * N_ENCTYPES; i++) {
        struct session_pair p;

        session_pair_init(&p);
        p.args.dce_style = i & 1;
        session_pair_begin(&p, enctypes[i / 2]);
        test(&p, enctypes[i / 2], i & 1);
        session_pair_clear(&p);
    }
}

/* --- sizes --------------------------------------------------------------------------------- */

static void
test_session_sizes_of__each_type__is_what_windows_has(void **state)
{
    static const struct {
        int32_t enctype;
        uint32_t signature, trailer, dce_trailer, block;
    } wanted[] = {
        { KRB_AES256_SHA1, 28, 60, 76, 1 },   { KRB_AES128_SHA1, 28, 60, 76, 1 },
        { KRB_AES256_SHA384, 40, 72, 88, 1 }, { KRB_AES128_SHA256, 32, 64, 80, 1 },
        { KRB_RC4_HMAC, 37, 49, 45, 1 },      { 99, 0, 0, 0, 0 },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(wanted); i++) {
        struct krb_session_sizes plain = krb_session_sizes_of(wanted[i].enctype, false);
        struct krb_session_sizes dce = krb_session_sizes_of(wanted[i].enctype, true);

        assert_int_equal(plain.signature, wanted[i].signature);
        assert_int_equal(dce.signature, wanted[i].signature);
        assert_int_equal(plain.trailer, wanted[i].trailer);
        assert_int_equal(dce.trailer, wanted[i].dce_trailer);
        assert_int_equal(plain.block, wanted[i].block);
        assert_int_equal(dce.block, wanted[i].block);
    }
}

/* --- secrets ------------------------------------------------------------------------------- */

enum { STACK_BYTES = 32768 };

/* What lies where the functions that were called before this one had their variables. */
static bool __attribute__((noinline)) is_on_the_stack(const uint8_t *wanted, size_t n)
{
    uint8_t stack[STACK_BYTES];

    __asm__ volatile("" : "=m"(stack));
    for (size_t i = 0; i + n <= sizeof(stack); i++) {
        if (bytes_equal(bytes_of(stack + i, n), bytes_of(wanted, n))) {
            return true;
        }
    }
    return false;
}

static void __attribute__((noinline)) clear_stack(void)
{
    uint8_t stack[STACK_BYTES] = { 0 };

    __asm__ volatile("" : "+m"(stack));
}

static void
test_session__the_key_is_nowhere_but_in_the_session(void **state)
{
    enum { PART = 12 }; /* of a key, which a compiler may copy in pieces */

    for (size_t i = 0; i < N_ENCTYPES; i++) {
        const struct krb_key key = session_pair_key(enctypes[i]);
        const uint8_t *tail = key.b + key.n - PART;
        struct krb_session_args args;
        struct session_pair p;
        struct message m;

        session_pair_init(&p);
        session_pair_begin(&p, enctypes[i]);
        args = p.args;
        args.key = &key;
        args.host = &p.initiator_host.host;
        message_init(&m, 20);
        clear_stack();
        krb_session_begin(&p.initiator, &args);
        assert_false(is_on_the_stack(key.b, PART) || is_on_the_stack(tail, PART));
        assert_int_equal(krb_session_seal(&p.initiator, &m.msg), SEC_E_OK);
        assert_int_equal(krb_session_unseal(&p.acceptor, &m.msg), SEC_E_OK);
        assert_false(is_on_the_stack(key.b, PART) || is_on_the_stack(tail, PART));
        session_pair_clear(&p);
    }
}

/* --- messages that come through ------------------------------------------------------------ */

static void
pass_sealed(struct krb_session *from, struct krb_session *to, size_t n, bool clear)
{
    struct krb_session_sizes s = krb_session_sizes_of(from->key.enctype, from->dce_style);
    struct message m;

    message_init(&m, n);
    m.msg.token_n = s.trailer;
    m.msg.no_encrypt = clear;
    assert_int_equal(krb_session_seal(from, &m.msg), SEC_E_OK);
    assert_true(m.msg.token_n <= s.trailer);
    assert_int_equal(m.msg.padding_n, 0);
    if (n > 7) {
        assert_int_equal(message_is_intact(m.data, n), clear);
    }
    m.msg.no_encrypt = !clear;
    assert_int_equal(krb_session_unseal(to, &m.msg), SEC_E_OK);
    assert_true(message_is_intact(m.data, n));
    assert_int_equal(m.msg.no_encrypt, clear);
}

static void
pass_signed(struct krb_session *from, struct krb_session *to, size_t n)
{
    struct message m;

    message_init(&m, n);
    m.msg.token_n = krb_session_sizes_of(from->key.enctype, false).signature;
    assert_int_equal(krb_session_sign(from, &m.msg), SEC_E_OK);
    assert_int_equal(m.msg.token_n, krb_session_sizes_of(from->key.enctype, false).signature);
    assert_int_equal(krb_session_verify(to, &m.msg), SEC_E_OK);
    assert_true(message_is_intact(m.data, n));
}

static void
come_through(struct session_pair *p, int32_t enctype, bool dce)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(sizes); i++) {
        pass_sealed(&p->initiator, &p->acceptor, sizes[i], false);
        pass_sealed(&p->acceptor, &p->initiator, sizes[i], false);
        pass_sealed(&p->initiator, &p->acceptor, sizes[i], true);
        pass_signed(&p->acceptor, &p->initiator, sizes[i]);
        pass_signed(&p->initiator, &p->acceptor, sizes[i]);
    }
}

/* In order, past where the initiator's numbers have 32 bits. */
static void
test_session__messages_both_ways__come_through(void **state)
{
    for_each(come_through);
}

static void
through_a_stream(struct session_pair *p, int32_t enctype, bool dce)
{
    for (size_t i = 0; i < 2 * SEC_ARRAY_LEN(sizes); i++) {
        size_t n = sizes[i / 2];
        uint8_t whole[TOKEN_ROOM + MESSAGE_ROOM];
        struct message m;
        struct sec_msg stream;

        message_init(&m, n);
        m.msg.no_encrypt = i & 1;
        m.msg.padding = (struct sec_segment){ .p = m.padding, .n = 1 };
        assert_int_equal(krb_session_seal(&p->initiator, &m.msg), SEC_E_OK);
        assert_int_equal(m.msg.padding_n, enctype == KRB_RC4_HMAC && !dce ? 1 : 0);
        stream = message_stream(&m, whole);
        assert_int_equal(krb_session_unseal(&p->acceptor, &stream), SEC_E_OK);
        assert_int_equal(stream.opened.n, n);
        assert_true(n == 0 || stream.opened.p == whole + m.msg.token_n);
        assert_true(message_is_intact(stream.opened.p, n));
        assert_int_equal(stream.no_encrypt, i & 1);
    }
}

static void
test_session_unseal__of_a_stream__says_where_the_data_lies(void **state)
{
    for_each(through_a_stream);
}

/* What is covered is not touched, at whichever place; what is sealed may come in any parts. */
static void
in_segments(struct session_pair *p, int32_t enctype, bool dce)
{
    for (unsigned i = 0; i < 16; i++) {
        uint8_t token[TOKEN_ROOM], text[64], header[8] = "header", footer[4] = "end";
        struct sec_segment g[5] = {
            { header, sizeof(header), true },
            { text, i, false },
            { NULL, 0, false },
            { text + i, 40 - i, false },
            { footer, sizeof(footer), true },
        };
        struct sec_msg m = {
            .segments = g, .n_segments = 5, .token = token, .token_n = sizeof(token)
        };

        memset(text, 0x77, sizeof(text));
        assert_int_equal(krb_session_seal(&p->initiator, &m), SEC_E_OK);
        assert_string_equal((char *)header, "header");
        assert_string_equal((char *)footer, "end");
        assert_int_not_equal(text[0] == 0x77 && text[20] == 0x77 && text[39] == 0x77, true);
        assert_int_equal(text[40], 0x77);
        /* Other cuts: the pieces are one plain text. */
        g[1].n = 30;
        g[3] = (struct sec_segment){ text + 30, 10, false };
        assert_int_equal(krb_session_unseal(&p->acceptor, &m), SEC_E_OK);
        for (unsigned k = 0; k < sizeof(text); k++) {
            assert_int_equal(text[k], 0x77);
        }
        assert_int_equal(krb_session_sign(&p->initiator, &m), SEC_E_OK);
        footer[1] ^= 1;
        assert_int_equal(krb_session_verify(&p->acceptor, &m), SEC_E_MESSAGE_ALTERED);
        footer[1] ^= 1;
        assert_int_equal(krb_session_verify(&p->acceptor, &m), SEC_E_OK);
        m.token_n = sizeof(token);
        assert_int_equal(krb_session_seal(&p->initiator, &m), SEC_E_OK);
        header[0] ^= 1;
        assert_int_equal(krb_session_unseal(&p->acceptor, &m), SEC_E_MESSAGE_ALTERED);
        /* It moved nothing: a new one under the same number, as it were. */
        header[0] ^= 1;
        p->initiator.send_sequence--;
    }
}

static void
test_session__in_segments__are_one_message(void **state)
{
    for_each(in_segments);
}

static void
too_many_segments(struct session_pair *p, int32_t enctype, bool dce)
{
    static struct sec_segment g[SEC_SEGMENTS_MAX + 1];
    uint8_t token[TOKEN_ROOM];
    struct sec_msg m = {
        .segments = g, .n_segments = SEC_SEGMENTS_MAX + 1, .token = token, .token_n = sizeof(token)
    };

    assert_int_equal(krb_session_seal(&p->initiator, &m), SEC_E_INVALID_TOKEN);
    assert_int_equal(krb_session_unseal(&p->initiator, &m), SEC_E_INVALID_TOKEN);
    m.n_segments--;
    assert_int_equal(krb_session_seal(&p->initiator, &m), SEC_E_OK);
    assert_int_equal(krb_session_unseal(&p->acceptor, &m), SEC_E_OK);
}

static void
test_session__of_too_many_segments__is_refused(void **state)
{
    for_each(too_many_segments);
}

static void
pass_mics(struct session_pair *p, int32_t enctype, bool dce)
{
    uint8_t room[KRB_SIGNATURE_MAX_BYTES];

    for (unsigned i = 0; i < 3; i++) {
        struct wire_writer w = wire_writer_fixed(room, sizeof(room));
        struct bytes data = bytes_of("mechanisms", 10), other = bytes_of("mechanismz", 10);

        assert_int_equal(krb_session_make_mic(&p->acceptor, data, &w), SEC_E_OK);
        assert_int_equal(w.len, krb_session_sizes_of(enctype, dce).signature);
        assert_int_equal(krb_session_check_mic(&p->initiator, other, wire_written(&w)),
                         SEC_E_MESSAGE_ALTERED);
        assert_int_equal(krb_session_check_mic(&p->initiator, data, wire_written(&w)), SEC_E_OK);
        assert_int_equal(krb_session_check_mic(&p->initiator, data, wire_written(&w)),
                         SEC_E_OUT_OF_SEQUENCE);
        assert_int_equal(krb_session_check_mic(&p->initiator, data, bytes_of(NULL, 0)),
                         SEC_E_INVALID_TOKEN);
        /* They count: what follows has the next number. */
        pass_sealed(&p->acceptor, &p->initiator, 20, false);
    }
}

static void
test_session_make_mic__each_type__counts_and_verifies(void **state)
{
    for_each(pass_mics);
}

/* --- what a header says -------------------------------------------------------------------- */

static void
test_session_seal__aes__has_the_fields_that_windows_writes(void **state)
{
    static const struct {
        int32_t enctype;
        bool dce, clear;
        uint8_t flags, ec, rrc;
    } wanted[] = {
        { KRB_AES256_SHA1, false, false, 6, 0, 28 },
        { KRB_AES256_SHA1, true, false, 6, 16, 28 },
        { KRB_AES256_SHA1, false, true, 4, 12, 12 },
        { KRB_AES256_SHA1, true, true, 4, 12, 12 },
        { KRB_AES128_SHA256, false, false, 6, 0, 32 },
        { KRB_AES256_SHA384, true, false, 6, 16, 40 },
        { KRB_AES256_SHA384, false, true, 4, 24, 24 },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(wanted); i++) {
        uint8_t header[16] = { 5,
                               4,
                               wanted[i].flags,
                               0xFF,
                               0,
                               wanted[i].ec,
                               0,
                               wanted[i].rrc,
                               0,
                               0,
                               0,
                               0,
                               0xFF,
                               0xFF,
                               0xFF,
                               0xFD };
        struct session_pair p;
        struct message m;

        session_pair_init(&p);
        p.args.dce_style = wanted[i].dce;
        session_pair_begin(&p, wanted[i].enctype);
        message_init(&m, 20);
        m.msg.no_encrypt = wanted[i].clear;
        assert_int_equal(krb_session_seal(&p.initiator, &m.msg), SEC_E_OK);
        assert_memory_equal(m.token, header, sizeof(header));
        session_pair_clear(&p);
    }
}

/* [MS-KILE] 3.4.5.4.1: in DCE style the frame counts no data, else it counts padding too. */
static void
test_session_seal__rc4__has_a_frame_for_its_style(void **state)
{
    for (unsigned i = 0; i < 4; i++) {
        bool dce = i & 1, padding = i & 2;
        struct session_pair p;
        struct message m;

        session_pair_init(&p);
        p.args.dce_style = dce;
        session_pair_begin(&p, KRB_RC4_HMAC);
        message_init(&m, 1000);
        m.msg.padding = (struct sec_segment){ .p = m.padding, .n = padding };
        assert_int_equal(krb_session_seal(&p.initiator, &m.msg), SEC_E_OK);
        assert_int_equal(m.msg.token_n, dce ? 45 : 47);
        assert_int_equal(m.token[0], 0x60);
        assert_int_equal(m.token[1], dce ? 43 : 0x82);
        if (!dce) {
            assert_int_equal(m.token[2] << 8 | m.token[3], 43 + 1000 + padding);
        }
        session_pair_clear(&p);
    }
}

/* --- refused ------------------------------------------------------------------------------- */

static void
no_room(struct session_pair *p, int32_t enctype, bool dce)
{
    struct krb_session_sizes s = krb_session_sizes_of(enctype, dce);
    struct message m;

    for (size_t n = 0; n < s.signature; n++) {
        message_init(&m, 20);
        m.msg.token_n = n;
        assert_int_equal(krb_session_sign(&p->initiator, &m.msg), SEC_E_BUFFER_TOO_SMALL);
        assert_int_equal(krb_session_seal(&p->initiator, &m.msg), SEC_E_BUFFER_TOO_SMALL);
        assert_true(message_is_intact(m.data, 20));
    }
    message_init(&m, 20);
    m.msg.token_n = enctype == KRB_RC4_HMAC ? 44 : s.trailer - 1;
    assert_int_equal(krb_session_seal(&p->initiator, &m.msg), SEC_E_BUFFER_TOO_SMALL);
    assert_true(message_is_intact(m.data, 20));
    /* None of that counted. */
    pass_sealed(&p->initiator, &p->acceptor, 20, false);
}

static void
test_session__token_buffer_too_small__says_so_and_does_nothing(void **state)
{
    for_each(no_room);
}

static void
no_random(struct session_pair *p, int32_t enctype, bool dce)
{
    struct message m;

    p->initiator_host.random_limit = 0;
    message_init(&m, 20);
    assert_int_equal(krb_session_seal(&p->initiator, &m.msg), SEC_E_INTERNAL_ERROR);
    assert_true(message_is_intact(m.data, 20));
    p->initiator_host.random_limit = SIZE_MAX;
    pass_sealed(&p->initiator, &p->acceptor, 20, false);
}

static void
test_session_seal__no_random__fails(void **state)
{
    for_each(no_random);
}

/* A message comes back to who sent it, and one of another key arrives. */
static void
of_somebody_else(struct session_pair *p, int32_t enctype, bool dce)
{
    struct session_pair other;
    struct message m, kept;

    session_pair_init(&other);
    other.args.dce_style = dce;
    other.args.send_sequence = other.args.receive_sequence = 77;
    other.args.sequence_detect = other.args.replay_detect = false;
    session_pair_begin(&other, enctype);
    for (unsigned i = 0; i < 3; i++) {
        message_init(&m, 20);
        m.msg.no_encrypt = i == 1;
        assert_int_equal(i == 2 ? krb_session_sign(&other.initiator, &m.msg)
                                : krb_session_seal(&other.initiator, &m.msg),
                         SEC_E_OK);
        kept = m;
        kept.msg.token = kept.token;
        kept.segment.p = kept.data;
        kept.msg.segments = &kept.segment;
        assert_int_equal(i == 2 ? krb_session_verify(&other.initiator, &m.msg)
                                : krb_session_unseal(&other.initiator, &m.msg),
                         SEC_E_MESSAGE_ALTERED);
        other.acceptor.key.b[3] ^= 1;
        assert_int_equal(i == 2 ? krb_session_verify(&other.acceptor, &kept.msg)
                                : krb_session_unseal(&other.acceptor, &kept.msg),
                         SEC_E_MESSAGE_ALTERED);
        other.acceptor.key.b[3] ^= 1;
    }
    session_pair_clear(&other);
}

static void
test_session__reflected_or_of_another_key__is_altered(void **state)
{
    for_each(of_somebody_else);
}

static void
test_session__whose_subkey_flag_is_not_ours__is_altered(void **state)
{
    for (unsigned i = 0; i < 6; i++) {
        struct session_pair p;
        struct message m;

        session_pair_init(&p);
        p.args.acceptor_subkey = i & 1;
        session_pair_begin(&p, KRB_AES256_SHA1);
        p.acceptor.acceptor_subkey = !(i & 1);
        message_init(&m, 20);
        m.msg.no_encrypt = i / 2 == 1;
        assert_int_equal(i / 2 == 2 ? krb_session_sign(&p.initiator, &m.msg)
                                    : krb_session_seal(&p.initiator, &m.msg),
                         SEC_E_OK);
        assert_int_equal(i / 2 == 2 ? krb_session_verify(&p.acceptor, &m.msg)
                                    : krb_session_unseal(&p.acceptor, &m.msg),
                         SEC_E_MESSAGE_ALTERED);
        session_pair_clear(&p);
    }
}

/* A signature is no message, and the other way round. */
static void
of_the_other_kind(struct session_pair *p, int32_t enctype, bool dce)
{
    struct message m;

    message_init(&m, 20);
    assert_int_equal(krb_session_sign(&p->initiator, &m.msg), SEC_E_OK);
    assert_int_equal(krb_session_unseal(&p->acceptor, &m.msg), SEC_E_INVALID_TOKEN);
    assert_int_equal(krb_session_verify(&p->acceptor, &m.msg), SEC_E_OK);
    message_init(&m, 20);
    m.msg.no_encrypt = true;
    assert_int_equal(krb_session_seal(&p->initiator, &m.msg), SEC_E_OK);
    assert_int_equal(krb_session_verify(&p->acceptor, &m.msg), SEC_E_INVALID_TOKEN);
    assert_int_equal(krb_session_unseal(&p->acceptor, &m.msg), SEC_E_OK);
}

static void
test_session__a_token_of_the_other_kind__is_invalid(void **state)
{
    for_each(of_the_other_kind);
}

static void
test_session__never_begun__protects_nothing_and_is_cleared(void **state)
{
    struct krb_session s = { 0 };
    struct message m;

    message_init(&m, 20);
    assert_int_equal(krb_session_seal(&s, &m.msg), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(krb_session_verify(&s, &m.msg), SEC_E_UNSUPPORTED_FUNCTION);
    krb_session_clear(&s);
    krb_session_clear(&s);
}

/* --- order --------------------------------------------------------------------------------- */

enum { IN_FLIGHT = 4 };

/* Four messages of each kind, then the answers to them as they come: number, status. */
static void
in_this_order(struct session_pair *p, const struct message sent[IN_FLIGHT], unsigned which,
              bool sealed, sec_status wanted)
{
    struct message m = sent[which];

    m.msg.token = m.token;
    m.segment.p = m.data;
    m.msg.segments = &m.segment;
    assert_int_equal(sealed ? krb_session_unseal(&p->acceptor, &m.msg)
                            : krb_session_verify(&p->acceptor, &m.msg),
                     wanted);
    if (sealed) {
        assert_int_equal(message_is_intact(m.data, 20), wanted == SEC_E_OK);
    }
}

static void
send_four(struct session_pair *p, struct message sent[IN_FLIGHT], bool sealed)
{
    for (unsigned i = 0; i < IN_FLIGHT; i++) {
        message_init(&sent[i], 20);
        assert_int_equal(sealed ? krb_session_seal(&p->initiator, &sent[i].msg)
                                : krb_session_sign(&p->initiator, &sent[i].msg),
                         SEC_E_OK);
    }
}

static void
test_session__out_of_order__is_refused_where_it_was_asked_for(void **state)
{
    for (unsigned i = 0; i < 12 * N_ENCTYPES; i++) {
        unsigned detect = i / 2 % 3;
        bool sealed = i & 1;
        struct message sent[IN_FLIGHT];
        struct session_pair p;
        sec_status in_order = detect == 2 ? SEC_E_OUT_OF_SEQUENCE : SEC_E_OK;
        sec_status once = detect ? SEC_E_OUT_OF_SEQUENCE : SEC_E_OK;

        session_pair_init(&p);
        p.args.dce_style = i / 6 & 1;
        p.args.replay_detect = detect > 0;
        p.args.sequence_detect = detect > 1;
        session_pair_begin(&p, enctypes[i / 12]);
        send_four(&p, sent, sealed);
        in_this_order(&p, sent, 1, sealed, in_order); /* a gap */
        in_this_order(&p, sent, 0, sealed, SEC_E_OK);
        in_this_order(&p, sent, 0, sealed, once); /* again */
        in_this_order(&p, sent, 1, sealed, detect == 1 ? SEC_E_OUT_OF_SEQUENCE : SEC_E_OK);
        in_this_order(&p, sent, 3, sealed, in_order);
        in_this_order(&p, sent, 2, sealed, SEC_E_OK);
        in_this_order(&p, sent, 3, sealed, detect == 1 ? SEC_E_OUT_OF_SEQUENCE : SEC_E_OK);
        in_this_order(&p, sent, 1, sealed, once);
        session_pair_clear(&p);
    }
}

/* --- RC4's padding (docs/decisions/0014) --------------------------------------------------- */

static void
seal_rc4(struct session_pair *p, struct message *m, size_t n, bool padded)
{
    session_pair_init(p);
    p->args.sequence_detect = p->args.replay_detect = false;
    session_pair_begin(p, KRB_RC4_HMAC);
    message_init(m, n);
    m->msg.padding = (struct sec_segment){ .p = m->padding, .n = padded };
    assert_int_equal(krb_session_seal(&p->initiator, &m->msg), SEC_E_OK);
}

static void
test_session_unseal__rc4_stream_without_padding__is_refused(void **state)
{
    for (size_t n = 0; n < 20; n++) {
        uint8_t whole[TOKEN_ROOM + MESSAGE_ROOM];
        struct session_pair p;
        struct message m;
        struct sec_msg stream;

        seal_rc4(&p, &m, n, false);
        stream = message_stream(&m, whole);
        assert_int_equal(krb_session_unseal(&p.acceptor, &stream), SEC_E_INVALID_TOKEN);
        for (size_t i = 0; i < stream.token_n; i++) {
            assert_int_equal(whole[i], 0);
        }
        session_pair_clear(&p);
    }
}

static void
test_session_unseal__rc4_with_a_padding_buffer__takes_it_for_the_last_byte(void **state)
{
    struct session_pair p;
    struct message m;

    seal_rc4(&p, &m, 20, true);
    assert_int_equal(m.msg.padding_n, 1);
    assert_int_equal(krb_session_unseal(&p.acceptor, &m.msg), SEC_E_OK);
    assert_true(message_is_intact(m.data, 20));
    assert_int_equal(m.padding[0], 1);
    session_pair_clear(&p);

    /* As part of the data: there it is. */
    seal_rc4(&p, &m, 20, true);
    m.data[20] = m.padding[0];
    m.segment.n = 21;
    m.msg.padding.n = 0;
    assert_int_equal(krb_session_unseal(&p.acceptor, &m.msg), SEC_E_OK);
    assert_int_equal(m.data[20], 1);
    session_pair_clear(&p);

    /* What is sealed ends otherwise. */
    seal_rc4(&p, &m, 20, false);
    m.segment.n = 19;
    m.padding[0] = m.data[19];
    m.msg.padding.n = 1;
    assert_int_equal(krb_session_unseal(&p.acceptor, &m.msg), SEC_E_INVALID_TOKEN);
    session_pair_clear(&p);
}

static void
test_session_unseal__rc4_frame_of_another_length__is_refused(void **state)
{
    uint8_t whole[TOKEN_ROOM + MESSAGE_ROOM];
    struct session_pair p;
    struct message m;
    struct sec_msg stream;

    seal_rc4(&p, &m, 20, true);
    stream = message_stream(&m, whole);
    stream.token_n--;
    assert_int_equal(krb_session_unseal(&p.acceptor, &stream), SEC_E_INCOMPLETE_MESSAGE);
    stream.token_n += 2;
    assert_int_equal(krb_session_unseal(&p.acceptor, &stream), SEC_E_INVALID_TOKEN);
    stream.token_n--;
    assert_int_equal(krb_session_unseal(&p.acceptor, &stream), SEC_E_OK);
    session_pair_clear(&p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session_sizes_of__each_type__is_what_windows_has),
        cmocka_unit_test(test_session__the_key_is_nowhere_but_in_the_session),
        cmocka_unit_test(test_session__messages_both_ways__come_through),
        cmocka_unit_test(test_session_unseal__of_a_stream__says_where_the_data_lies),
        cmocka_unit_test(test_session__in_segments__are_one_message),
        cmocka_unit_test(test_session__of_too_many_segments__is_refused),
        cmocka_unit_test(test_session_make_mic__each_type__counts_and_verifies),
        cmocka_unit_test(test_session_seal__aes__has_the_fields_that_windows_writes),
        cmocka_unit_test(test_session_seal__rc4__has_a_frame_for_its_style),
        cmocka_unit_test(test_session__token_buffer_too_small__says_so_and_does_nothing),
        cmocka_unit_test(test_session_seal__no_random__fails),
        cmocka_unit_test(test_session__reflected_or_of_another_key__is_altered),
        cmocka_unit_test(test_session__whose_subkey_flag_is_not_ours__is_altered),
        cmocka_unit_test(test_session__a_token_of_the_other_kind__is_invalid),
        cmocka_unit_test(test_session__never_begun__protects_nothing_and_is_cleared),
        cmocka_unit_test(test_session__out_of_order__is_refused_where_it_was_asked_for),
        cmocka_unit_test(test_session_unseal__rc4_stream_without_padding__is_refused),
        cmocka_unit_test(
            test_session_unseal__rc4_with_a_padding_buffer__takes_it_for_the_last_byte),
        cmocka_unit_test(test_session_unseal__rc4_frame_of_another_length__is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
