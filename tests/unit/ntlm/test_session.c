/* SPDX-License-Identifier: Apache-2.0 */
/* Signing and sealing: [MS-NLMP] 4.2.2.4, 4.2.3.4, 4.2.4.4, and what tampering comes to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/ntlm_msg.h"
#include "crypto/ntlm_key.h"
#include "ntlm/session.h"
#include "tests/support/hex.h"

enum {
    FLAGS_422 = (int)0xe2028233, /* neither extended session security nor LM_KEY */
    FLAGS_423 = (int)0x820a8233, /* extended, 56 bits, no key exchange */
    FLAGS_424 = (int)0xe28a8233,
};

#define PLAINTEXT     "50006c00610069006e007400650078007400" /* "Plaintext" */
#define RANDOM_KEY    "55555555555555555555555555555555"
#define KXKEY_423     "eb93429a8bd952f8b89c55b87f475edc"
#define MECH_LIST     "300c060a2b06010401823702020a"
#define SEALED_424    "54e50165bf1936dc996020c1811b0f06fb5f"
#define SIGNATURE_424 "010000007fb38ec5c55d497600000000"

static struct ntlm_session
session(bool acceptor, uint32_t flags, struct bytes key)
{
    struct ntlm_session s;
    struct secret16 k;

    bytes_copy(k.b, key.p, 16);
    ntlm_session_begin(&s, &k, flags, acceptor);
    return s;
}

/* One message of one segment, sealed or signed in place. */
struct message {
    uint8_t text[256], token[16];
    struct sec_segment segment;
    struct sec_msg msg;
};

static struct sec_msg *
message(struct message *m, struct bytes text, struct bytes token)
{
    *m = (struct message){ 0 };
    assert_true(text.n <= sizeof(m->text) && token.n <= sizeof(m->token));
    bytes_copy(m->text, text.p, text.n);
    bytes_copy(m->token, token.p, token.n);
    m->segment = (struct sec_segment){ .p = m->text, .n = text.n };
    m->msg = (struct sec_msg){
        .segments = &m->segment, .n_segments = 1, .token = m->token, .token_n = sizeof(m->token)
    };
    return &m->msg;
}

static struct bytes
text_of(const struct message *m)
{
    return bytes_of(m->text, m->segment.n);
}

static struct bytes
token_of(const struct message *m)
{
    return bytes_of(m->token, m->msg.token_n);
}

static void
assert_seals(struct ntlm_session *s, struct bytes plain, struct bytes sealed, struct bytes token)
{
    struct message m;

    assert_int_equal(ntlm_session_seal(s, message(&m, plain, (struct bytes){ 0 })), SEC_E_OK);
    assert_bytes_equal(text_of(&m), sealed);
    assert_bytes_equal(token_of(&m), token);
}

static void
assert_unseals(struct ntlm_session *s, struct bytes sealed, struct bytes token, struct bytes plain)
{
    struct message m;

    assert_int_equal(ntlm_session_unseal(s, message(&m, sealed, token)), SEC_E_OK);
    assert_bytes_equal(text_of(&m), plain);
}

/* --- the specification's examples ---------------------------------------------------------- */

static void
test_ntlm_session_seal__4_2_2_4_without_extended_security(void **state)
{
    struct ntlm_session client = session(false, (uint32_t)FLAGS_422, HEX(RANDOM_KEY));
    struct ntlm_session server = session(true, (uint32_t)FLAGS_422, HEX(RANDOM_KEY));
    struct bytes sealed = HEX("56fe04d861f9319af0d7238a2e3b4d457fb8");

    assert_true(ntlm_session_is_half_duplex(&client));
    assert_seals(&client, HEX(PLAINTEXT), sealed, HEX("010000000000000009dcd1df2e459d36"));
    assert_unseals(&server, sealed, HEX("010000000000000009dcd1df2e459d36"), HEX(PLAINTEXT));
}

/* As the specification prints it; receivers ignore the pad. */
static void
test_ntlm_session_unseal__4_2_2_4_with_the_pad_as_printed(void **state)
{
    struct ntlm_session server = session(true, (uint32_t)FLAGS_422, HEX(RANDOM_KEY));

    assert_unseals(&server, HEX("56fe04d861f9319af0d7238a2e3b4d457fb8"),
                   HEX("0100000045c844e509dcd1df2e459d36"), HEX(PLAINTEXT));
}

static void
test_ntlm_session_seal__4_2_3_4_without_key_exchange_56_bits(void **state)
{
    struct ntlm_session client = session(false, (uint32_t)FLAGS_423, HEX(KXKEY_423));
    struct ntlm_session server = session(true, (uint32_t)FLAGS_423, HEX(KXKEY_423));
    struct bytes sealed = HEX("a02372f6530273f3aa1eb90190ce5200c99d");

    assert_int_equal(ntlm_session_key_bits(FLAGS_423), 56);
    assert_seals(&client, HEX(PLAINTEXT), sealed, HEX("01000000ff2aeb52f681793a00000000"));
    assert_unseals(&server, sealed, HEX("01000000ff2aeb52f681793a00000000"), HEX(PLAINTEXT));
}

static void
test_ntlm_session_seal__4_2_4_4_and_the_message_after_it(void **state)
{
    struct ntlm_session client = session(false, (uint32_t)FLAGS_424, HEX(RANDOM_KEY));
    struct ntlm_session server = session(true, (uint32_t)FLAGS_424, HEX(RANDOM_KEY));

    assert_seals(&client, HEX(PLAINTEXT), HEX(SEALED_424), HEX(SIGNATURE_424));
    assert_seals(&client, HEX(PLAINTEXT), HEX("64c308e09ea236e7f4232553c94a01e700fa"),
                 HEX("01000000255405955d31d8c401000000"));
    assert_unseals(&server, HEX(SEALED_424), HEX(SIGNATURE_424), HEX(PLAINTEXT));
    assert_unseals(&server, HEX("64c308e09ea236e7f4232553c94a01e700fa"),
                   HEX("01000000255405955d31d8c401000000"), HEX(PLAINTEXT));
}

static void
test_ntlm_session_sign__4_2_4_keys(void **state)
{
    struct ntlm_session client = session(false, (uint32_t)FLAGS_424, HEX(RANDOM_KEY));
    struct ntlm_session server = session(true, (uint32_t)FLAGS_424, HEX(RANDOM_KEY));
    struct message m;

    assert_int_equal(ntlm_session_sign(&client, message(&m, HEX(PLAINTEXT), (struct bytes){ 0 })),
                     SEC_E_OK);
    assert_bytes_equal(text_of(&m), HEX(PLAINTEXT));
    assert_bytes_equal(token_of(&m), HEX("0100000074d045342c4f1cd500000000"));
    assert_int_equal(ntlm_session_verify(&server, &m.msg), SEC_E_OK);
}

/* The server's keys ([MS-NLMP] 4.2.4's constants with "server" in them) through a plain RC4. */
static void
test_ntlm_session_seal__server_to_client_uses_the_servers_keys(void **state)
{
    struct ntlm_session server = session(true, (uint32_t)FLAGS_424, HEX(RANDOM_KEY));
    struct ntlm_session client = session(false, (uint32_t)FLAGS_424, HEX(RANDOM_KEY));
    const struct bytes parts[] = { HEX("00000000"), HEX(PLAINTEXT) };
    uint8_t sealed[18], digest[16], expected[16] = { 1 };
    struct cipher_rc4 rc4;

    cipher_rc4_init(&rc4, HEX("9355f3a957c1583d25c4c2f11e40390e").p, 16);
    cipher_rc4_crypt(&rc4, sizeof(sealed), sealed, HEX(PLAINTEXT).p);
    digest_hmac_md5(HEX("d04d6f10741041d1d246d64188d7a8ad").p, parts, 2, digest);
    cipher_rc4_crypt(&rc4, 8, expected + 4, digest);
    assert_seals(&server, HEX(PLAINTEXT), bytes_of(sealed, 18), bytes_of(expected, 16));
    assert_unseals(&client, bytes_of(sealed, 18), bytes_of(expected, 16), HEX(PLAINTEXT));
}

/* --- SPNEGO's MIC -------------------------------------------------------------------------- */

static void
assert_mic(struct ntlm_session *from, struct ntlm_session *to, struct bytes expected)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);

    assert_int_equal(ntlm_session_make_mic(from, HEX(MECH_LIST), &w), SEC_E_OK);
    assert_bytes_equal(wire_written(&w), expected);
    assert_int_equal(ntlm_session_check_mic(to, HEX(MECH_LIST), wire_written(&w)), SEC_E_OK);
}

static void
test_ntlm_session_make_mic__derived_vectors_with_the_stream_rewound(void **state)
{
    struct ntlm_session client = session(false, (uint32_t)FLAGS_424, HEX(RANDOM_KEY));
    struct ntlm_session server = session(true, (uint32_t)FLAGS_424, HEX(RANDOM_KEY));

    assert_mic(&client, &server, HEX("0100000022a3984fefbb9c3200000000"));
    assert_mic(&server, &client, HEX("010000007dd6da05648a73ae00000000"));
    assert_seals(&client, HEX(PLAINTEXT), HEX(SEALED_424), HEX("010000001deafbcced2a4ea901000000"));
    assert_unseals(&server, HEX(SEALED_424), HEX("010000001deafbcced2a4ea901000000"),
                   HEX(PLAINTEXT));
}

static void
test_ntlm_session_check_mic__altered_or_of_another_length_refused(void **state)
{
    struct ntlm_session server = session(true, (uint32_t)FLAGS_424, HEX(RANDOM_KEY));
    uint8_t mic[17];

    for (size_t n = 0; n <= 17; n++) {
        bytes_copy(mic, HEX("0100000022a3984fefbb9c320000000000").p, 17);
        assert_int_equal(ntlm_session_check_mic(&server, HEX("300c"), bytes_of(mic, n)),
                         n == 16 ? SEC_E_MESSAGE_ALTERED : SEC_E_INVALID_TOKEN);
    }
    for (size_t at = 0; at < 16; at++) {
        mic[at] ^= 1;
        assert_true(sec_failed(ntlm_session_check_mic(&server, HEX(MECH_LIST), bytes_of(mic, 16))));
        mic[at] ^= 1;
    }
    assert_int_equal(ntlm_session_check_mic(&server, HEX(MECH_LIST), bytes_of(mic, 16)), SEC_E_OK);
    /* It counted: the same one again is a replay. */
    assert_int_equal(ntlm_session_check_mic(&server, HEX(MECH_LIST), bytes_of(mic, 16)),
                     SEC_E_OUT_OF_SEQUENCE);
}

/* --- short keys without extended session security ------------------------------------------ */

static void
test_ntlm_session_seal__lm_key_without_extended_security_is_40_or_56_bits(void **state)
{
    static const struct {
        uint32_t flags;
        unsigned bits;
        uint8_t key[8];
    } cases[] = {
        { 0xe2028233 | NTLMSSP_NEGOTIATE_LM_KEY, 56, { 1, 2, 3, 4, 5, 6, 7, 0xA0 } },
        { 0x62028233 | NTLMSSP_NEGOTIATE_LM_KEY, 40, { 1, 2, 3, 4, 5, 0xE5, 0x38, 0xB0 } },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        struct ntlm_session s =
            session(false, cases[i].flags, HEX("0102030405060708090a0b0c0d0e0f10"));
        struct cipher_rc4 rc4;
        struct message m;
        uint8_t sealed[18];

        cipher_rc4_init(&rc4, cases[i].key, 8);
        cipher_rc4_crypt(&rc4, sizeof(sealed), sealed, HEX(PLAINTEXT).p);
        assert_int_equal(ntlm_session_seal(&s, message(&m, HEX(PLAINTEXT), (struct bytes){ 0 })),
                         SEC_E_OK);
        assert_bytes_equal(text_of(&m), bytes_of(sealed, 18));
        assert_int_equal(ntlm_session_key_bits(cases[i].flags), cases[i].bits);
    }
}

static void
test_ntlm_session_key_bits__by_flags(void **state)
{
    static const struct {
        uint32_t flags;
        unsigned bits;
    } cases[] = {
        { NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY | NTLMSSP_NEGOTIATE_128, 128 },
        { NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY | NTLMSSP_NEGOTIATE_128 | NTLMSSP_NEGOTIATE_56,
          128 },
        { NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY | NTLMSSP_NEGOTIATE_56, 56 },
        { NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY, 40 },
        { NTLMSSP_NEGOTIATE_128, 128 },
        { NTLMSSP_NEGOTIATE_128 | NTLMSSP_NEGOTIATE_DATAGRAM, 40 },
        { NTLMSSP_NEGOTIATE_128 | NTLMSSP_NEGOTIATE_DATAGRAM | NTLMSSP_NEGOTIATE_56, 56 },
        { NTLMSSP_NEGOTIATE_128 | NTLMSSP_NEGOTIATE_LM_KEY | NTLMSSP_NEGOTIATE_56, 56 },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        assert_int_equal(ntlm_session_key_bits(cases[i].flags), cases[i].bits);
    }
}

/* --- both directions ----------------------------------------------------------------------- */

static const uint32_t modes[] = {
    0xe2028233,                              /* no extended session security */
    0xe2028233 | NTLMSSP_NEGOTIATE_LM_KEY,   /* with short keys */
    0x820a8233,                              /* extended, 56 bits, no key exchange */
    0x020a8233,                              /* 40 bits */
    0xe28a8233,                              /* what is usual */
    0xe28a8233 | NTLMSSP_NEGOTIATE_DATAGRAM, /* connectionless */
    0xe2028233 | NTLMSSP_NEGOTIATE_DATAGRAM, /* without extended session security */
    0xe28a8223,                              /* SEAL without SIGN */
};

static void
fill(uint8_t *to, size_t n, unsigned seed)
{
    for (size_t i = 0; i < n; i++) {
        to[i] = (uint8_t)(i * 131 + seed);
    }
}

/* One message over in segments, one of them for the checksum alone. */
static void
send_message(struct ntlm_session *from, struct ntlm_session *to, size_t n, bool sealed,
             uint32_t seq)
{
    uint8_t *text = malloc(n + 1), *copy = malloc(n + 1), token[16];
    size_t a = n / 3, b = n / 2;
    struct sec_segment segments[] = { { .p = text, .n = a },
                                      { .p = text + a, .n = b - a, .checksum_only = true },
                                      { .p = text + b, .n = n - b } };
    struct sec_msg m = {
        .segments = segments, .n_segments = 3, .token = token, .token_n = 16, .seq = seq
    };

    fill(text, n, seq);
    bytes_copy(copy, text, n);
    assert_int_equal(sealed ? ntlm_session_seal(from, &m) : ntlm_session_sign(from, &m), SEC_E_OK);
    assert_memory_equal(text + a, copy + a, b - a);
    if (sealed && a >= 8) {
        assert_memory_not_equal(text, copy, a);
    } else if (!sealed) {
        assert_memory_equal(text, copy, n);
    }
    assert_int_equal(sealed ? ntlm_session_unseal(to, &m) : ntlm_session_verify(to, &m), SEC_E_OK);
    assert_memory_equal(text, copy, n);
    free(text);
    free(copy);
}

static void
test_ntlm_session_unseal__sealed_by_the_other_side_in_each_mode_and_size(void **state)
{
    static const size_t sizes[] = { 0, 1, 17, 64, 1000, 8191, 8192, 8193, 16384, 70000 };

    for (size_t i = 0; i < SEC_ARRAY_LEN(modes); i++) {
        struct ntlm_session client = session(false, modes[i], HEX(RANDOM_KEY));
        struct ntlm_session server = session(true, modes[i], HEX(RANDOM_KEY));

        for (size_t k = 0; k < SEC_ARRAY_LEN(sizes); k++) {
            uint32_t seq = (uint32_t)(100 - k); /* only connectionless contexts look at it */

            send_message(&client, &server, sizes[k], true, seq);
            send_message(&server, &client, sizes[k], true, seq);
            send_message(&server, &client, sizes[k], false, seq + 1000);
            send_message(&client, &server, sizes[k], false, seq + 1000);
        }
    }
}

static void
test_ntlm_session_unseal__datagrams_in_any_order(void **state)
{
    struct ntlm_session client =
        session(false, 0xe28a8233 | NTLMSSP_NEGOTIATE_DATAGRAM, HEX(RANDOM_KEY));
    struct ntlm_session server =
        session(true, 0xe28a8233 | NTLMSSP_NEGOTIATE_DATAGRAM, HEX(RANDOM_KEY));
    struct message m[3];

    for (uint32_t i = 0; i < 3; i++) {
        message(&m[i], HEX(PLAINTEXT), (struct bytes){ 0 });
        m[i].msg.seq = i;
        assert_int_equal(ntlm_session_seal(&client, &m[i].msg), SEC_E_OK);
    }
    assert_memory_not_equal(m[0].text, m[1].text, 18);
    for (uint32_t i = 3; i-- > 0;) {
        m[i].msg.seq = i ^ 1;
        assert_int_equal(ntlm_session_unseal(&server, &m[i].msg), SEC_E_OUT_OF_SEQUENCE);
        m[i].msg.seq = i;
        assert_int_equal(ntlm_session_unseal(&server, &m[i].msg), SEC_E_OK);
        assert_bytes_equal(text_of(&m[i]), HEX(PLAINTEXT));
    }
}

/* [MS-NLMP] 3.4: SealingKey' = MD5(SealingKey, SeqNum), for each message anew. */
static void
test_ntlm_session_seal__datagram_key_of_each_message(void **state)
{
    struct ntlm_session client =
        session(false, 0xe28a8233 | NTLMSSP_NEGOTIATE_DATAGRAM, HEX(RANDOM_KEY));
    const struct bytes parts[] = { HEX("59f600973cc4960a25480a7c196e4c58"), HEX("07000000") };
    uint8_t key[16], sealed[18];
    struct cipher_rc4 rc4;
    struct message m;

    digest_md5(parts, 2, key);
    cipher_rc4_init(&rc4, key, 16);
    cipher_rc4_crypt(&rc4, sizeof(sealed), sealed, HEX(PLAINTEXT).p);
    message(&m, HEX(PLAINTEXT), (struct bytes){ 0 })->seq = 7;
    assert_int_equal(ntlm_session_seal(&client, &m.msg), SEC_E_OK);
    assert_bytes_equal(text_of(&m), bytes_of(sealed, 18));
    assert_int_equal(wire_load_le32(m.token + 12), 7);
}

/* --- tampering ----------------------------------------------------------------------------- */

/* Each byte of token and text changed in turn: refused, and the right one is still taken. */
static void
tamper(uint32_t flags, bool sealed)
{
    struct ntlm_session client = session(false, flags, HEX(RANDOM_KEY));
    struct ntlm_session server = session(true, flags, HEX(RANDOM_KEY));
    bool extended = flags & NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY;
    struct message good, m;

    message(&good, HEX(PLAINTEXT), (struct bytes){ 0 });
    assert_int_equal(sealed ? ntlm_session_seal(&client, &good.msg)
                            : ntlm_session_sign(&client, &good.msg),
                     SEC_E_OK);
    for (size_t at = 0; at < 16 + 18; at++) {
        sec_status status;

        message(&m, text_of(&good), token_of(&good));
        *(at < 16 ? &m.token[at] : &m.text[at - 16]) ^= 0x20;
        if (!extended && at >= 4 && at < 8) {
            continue; /* the pad, which receivers ignore */
        }
        status =
            sealed ? ntlm_session_unseal(&server, &m.msg) : ntlm_session_verify(&server, &m.msg);
        assert_int_equal(status, extended && at >= 12 && at < 16 ? SEC_E_OUT_OF_SEQUENCE
                                                                 : SEC_E_MESSAGE_ALTERED);
        if (sealed && status == SEC_E_MESSAGE_ALTERED && at >= 4) {
            static const uint8_t zeros[18];

            assert_memory_equal(m.text, zeros, 18); /* nothing left that is not proven */
        }
    }
    assert_int_equal(sealed ? ntlm_session_unseal(&server, &good.msg)
                            : ntlm_session_verify(&server, &good.msg),
                     SEC_E_OK);
    assert_bytes_equal(text_of(&good), HEX(PLAINTEXT));
}

static void
test_ntlm_session_unseal__each_byte_altered_refused_in_each_mode(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(modes); i++) {
        tamper(modes[i], true);
        tamper(modes[i], false);
    }
}

static void
test_ntlm_session_unseal__replayed_reordered_or_reflected_refused(void **state)
{
    struct ntlm_session client = session(false, (uint32_t)FLAGS_424, HEX(RANDOM_KEY));
    struct ntlm_session server = session(true, (uint32_t)FLAGS_424, HEX(RANDOM_KEY));
    struct message one, two, m;

    assert_int_equal(ntlm_session_seal(&client, message(&one, HEX("aa"), (struct bytes){ 0 })),
                     SEC_E_OK);
    assert_int_equal(ntlm_session_seal(&client, message(&two, HEX("bb"), (struct bytes){ 0 })),
                     SEC_E_OK);
    assert_int_equal(ntlm_session_unseal(&server, message(&m, text_of(&two), token_of(&two))),
                     SEC_E_OUT_OF_SEQUENCE);
    assert_unseals(&server, text_of(&one), token_of(&one), HEX("aa"));
    assert_int_equal(ntlm_session_unseal(&server, message(&m, text_of(&one), token_of(&one))),
                     SEC_E_OUT_OF_SEQUENCE);
    /* Sent back to who sealed it: the other direction has other keys. */
    assert_int_equal(ntlm_session_unseal(&client, message(&m, text_of(&one), token_of(&one))),
                     SEC_E_MESSAGE_ALTERED);
    assert_unseals(&server, text_of(&two), token_of(&two), HEX("bb"));
}

/* A sealed message is no signed one, and a signed one no sealed one. */
static void
test_ntlm_session_unseal__signed_only_refused_unless_the_caller_says_so(void **state)
{
    struct ntlm_session client = session(false, (uint32_t)FLAGS_424, HEX(RANDOM_KEY));
    struct ntlm_session server = session(true, (uint32_t)FLAGS_424, HEX(RANDOM_KEY));
    struct message signed_only, m;

    message(&signed_only, HEX(PLAINTEXT), (struct bytes){ 0 })->no_encrypt = true;
    assert_int_equal(ntlm_session_seal(&client, &signed_only.msg), SEC_E_OK);
    assert_bytes_equal(text_of(&signed_only), HEX(PLAINTEXT));
    assert_int_equal(
        ntlm_session_unseal(&server, message(&m, text_of(&signed_only), token_of(&signed_only))),
        SEC_E_MESSAGE_ALTERED);
    message(&m, text_of(&signed_only), token_of(&signed_only))->no_encrypt = true;
    assert_int_equal(ntlm_session_unseal(&server, &m.msg), SEC_E_OK);
}

/* --- buffers ------------------------------------------------------------------------------- */

static void
test_ntlm_session_sign__token_buffers_of_each_size(void **state)
{
    for (size_t n = 0; n <= 17; n++) {
        struct ntlm_session client = session(false, (uint32_t)FLAGS_424, HEX(RANDOM_KEY));
        uint8_t *token = malloc(n ? n : 1), text[18];
        struct sec_segment segment = { .p = text, .n = sizeof(text) };
        struct sec_msg m = { .segments = &segment, .n_segments = 1, .token = token, .token_n = n };

        bytes_copy(text, HEX(PLAINTEXT).p, 18);
        assert_int_equal(ntlm_session_seal(&client, &m),
                         n < 16 ? SEC_E_BUFFER_TOO_SMALL : SEC_E_OK);
        if (n < 16) {
            /* Nothing has happened: the caller may come back with room. */
            assert_memory_equal(text, HEX(PLAINTEXT).p, 18);
            assert_seals(&client, HEX(PLAINTEXT), HEX(SEALED_424), HEX(SIGNATURE_424));
        } else {
            assert_int_equal(m.token_n, 16);
        }
        free(token);
    }
}

static void
test_ntlm_session_verify__short_token_refused(void **state)
{
    for (size_t n = 0; n < 16; n++) {
        struct ntlm_session server = session(true, (uint32_t)FLAGS_424, HEX(RANDOM_KEY));
        uint8_t *token = malloc(n ? n : 1), text[18];
        struct sec_segment segment = { .p = text, .n = sizeof(text) };
        struct sec_msg m = { .segments = &segment, .n_segments = 1, .token = token, .token_n = n };

        bytes_copy(token, HEX(SIGNATURE_424).p, n);
        bytes_copy(text, HEX(SEALED_424).p, 18);
        assert_int_equal(ntlm_session_unseal(&server, &m), SEC_E_INVALID_TOKEN);
        assert_int_equal(ntlm_session_verify(&server, &m), SEC_E_INVALID_TOKEN);
        free(token);
    }
}

static void
test_ntlm_session_sign__no_segments_at_all(void **state)
{
    struct ntlm_session client = session(false, (uint32_t)FLAGS_424, HEX(RANDOM_KEY));
    struct ntlm_session server = session(true, (uint32_t)FLAGS_424, HEX(RANDOM_KEY));
    uint8_t token[16];
    struct sec_msg m = { .token = token, .token_n = sizeof(token) };

    assert_int_equal(ntlm_session_sign(&client, &m), SEC_E_OK);
    assert_int_equal(ntlm_session_verify(&server, &m), SEC_E_OK);
}

/* --- contexts that protect nothing --------------------------------------------------------- */

static void
test_ntlm_session_sign__not_negotiated_gives_the_dummy_signature(void **state)
{
    uint32_t flags = 0xe28a8203; /* ALWAYS_SIGN alone */
    struct ntlm_session client = session(false, flags, HEX(RANDOM_KEY));
    struct ntlm_session server = session(true, flags, HEX(RANDOM_KEY));
    struct message m;

    assert_false(ntlm_session_protects(&client));
    assert_int_equal(ntlm_session_sign(&client, message(&m, HEX(PLAINTEXT), (struct bytes){ 0 })),
                     SEC_E_OK);
    assert_bytes_equal(token_of(&m), HEX("01000000000000000000000000000000"));
    assert_int_equal(ntlm_session_verify(&server, &m.msg), SEC_E_OK);
    m.token[15] = 1;
    assert_int_equal(ntlm_session_verify(&server, &m.msg), SEC_E_MESSAGE_ALTERED);
    m.msg.token_n = 15;
    assert_int_equal(ntlm_session_verify(&server, &m.msg), SEC_E_INVALID_TOKEN);
    assert_int_equal(ntlm_session_sign(&client, &m.msg), SEC_E_BUFFER_TOO_SMALL);
}

/* The dummy is no signature where there is a key. */
static void
test_ntlm_session_verify__dummy_signature_refused_where_signing_is_on(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(modes); i++) {
        struct ntlm_session server = session(true, modes[i], HEX(RANDOM_KEY));
        struct message m;

        message(&m, HEX(PLAINTEXT), HEX("01000000000000000000000000000000"));
        assert_int_equal(ntlm_session_verify(&server, &m.msg), SEC_E_MESSAGE_ALTERED);
    }
}

static void
test_ntlm_session_seal__confidentiality_not_negotiated_refused(void **state)
{
    static const uint32_t flags[] = { 0xe28a8203, 0xe28a8213 }; /* nothing; SIGN alone */

    for (size_t i = 0; i < SEC_ARRAY_LEN(flags); i++) {
        struct ntlm_session s = session(false, flags[i], HEX(RANDOM_KEY));
        struct message m;

        message(&m, HEX(PLAINTEXT), (struct bytes){ 0 });
        assert_int_equal(ntlm_session_seal(&s, &m.msg), SEC_E_UNSUPPORTED_FUNCTION);
        assert_int_equal(ntlm_session_unseal(&s, &m.msg), SEC_E_UNSUPPORTED_FUNCTION);
        assert_bytes_equal(text_of(&m), HEX(PLAINTEXT));
    }
}

static void
test_ntlm_session_begin__without_a_key_protects_nothing(void **state)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct ntlm_session s;
    struct message m;

    ntlm_session_begin(&s, NULL, (uint32_t)FLAGS_424, true);
    assert_false(ntlm_session_protects(&s));
    message(&m, HEX(PLAINTEXT), HEX(SIGNATURE_424));
    assert_int_equal(ntlm_session_unseal(&s, &m.msg), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(ntlm_session_make_mic(&s, HEX(MECH_LIST), &w), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(ntlm_session_check_mic(&s, HEX(MECH_LIST), HEX(SIGNATURE_424)),
                     SEC_E_UNSUPPORTED_FUNCTION);
}

static void
test_ntlm_session_clear__leaves_no_key_behind(void **state)
{
    struct ntlm_session s = session(false, (uint32_t)FLAGS_424, HEX(RANDOM_KEY));
    struct ntlm_session zero;
    struct message m;

    assert_int_equal(ntlm_session_seal(&s, message(&m, HEX(PLAINTEXT), (struct bytes){ 0 })),
                     SEC_E_OK);
    ntlm_session_clear(&s);
    memset(&zero, 0, sizeof(zero));
    assert_memory_equal(&s, &zero, sizeof(s));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ntlm_session_seal__4_2_2_4_without_extended_security),
        cmocka_unit_test(test_ntlm_session_unseal__4_2_2_4_with_the_pad_as_printed),
        cmocka_unit_test(test_ntlm_session_seal__4_2_3_4_without_key_exchange_56_bits),
        cmocka_unit_test(test_ntlm_session_seal__4_2_4_4_and_the_message_after_it),
        cmocka_unit_test(test_ntlm_session_sign__4_2_4_keys),
        cmocka_unit_test(test_ntlm_session_seal__server_to_client_uses_the_servers_keys),
        cmocka_unit_test(test_ntlm_session_make_mic__derived_vectors_with_the_stream_rewound),
        cmocka_unit_test(test_ntlm_session_check_mic__altered_or_of_another_length_refused),
        cmocka_unit_test(test_ntlm_session_seal__lm_key_without_extended_security_is_40_or_56_bits),
        cmocka_unit_test(test_ntlm_session_key_bits__by_flags),
        cmocka_unit_test(test_ntlm_session_unseal__sealed_by_the_other_side_in_each_mode_and_size),
        cmocka_unit_test(test_ntlm_session_unseal__datagrams_in_any_order),
        cmocka_unit_test(test_ntlm_session_seal__datagram_key_of_each_message),
        cmocka_unit_test(test_ntlm_session_unseal__each_byte_altered_refused_in_each_mode),
        cmocka_unit_test(test_ntlm_session_unseal__replayed_reordered_or_reflected_refused),
        cmocka_unit_test(test_ntlm_session_unseal__signed_only_refused_unless_the_caller_says_so),
        cmocka_unit_test(test_ntlm_session_sign__token_buffers_of_each_size),
        cmocka_unit_test(test_ntlm_session_verify__short_token_refused),
        cmocka_unit_test(test_ntlm_session_sign__no_segments_at_all),
        cmocka_unit_test(test_ntlm_session_sign__not_negotiated_gives_the_dummy_signature),
        cmocka_unit_test(test_ntlm_session_verify__dummy_signature_refused_where_signing_is_on),
        cmocka_unit_test(test_ntlm_session_seal__confidentiality_not_negotiated_refused),
        cmocka_unit_test(test_ntlm_session_begin__without_a_key_protects_nothing),
        cmocka_unit_test(test_ntlm_session_clear__leaves_no_key_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
