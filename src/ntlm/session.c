/* SPDX-License-Identifier: Apache-2.0 */
/* Signing and sealing. [MS-NLMP] 3.4.2, 3.4.3, 3.4.4.1, 3.4.4.2, 3.4.5.2, 3.4.5.3; 3.4.1 for
 * connectionless contexts. */
#include "ntlm/session.h"

#include "codec/ntlm_msg.h"
#include "crypto/ntlm_key.h"

enum {
    SIGNATURE_VERSION = 1,
    CHECKSUM_BYTES = 8,
    /* What is hashed and ciphered at a time: twice this stays in the first-level cache. */
    CHUNK_BYTES = 8192,
};

/* [MS-NLMP] 2.2.2.9.1, 2.2.2.9.2: 32 bits of version, 64 of checksum (or pad and CRC), 32 of
 * sequence number. */
struct signature {
    uint8_t checksum[CHECKSUM_BYTES];
    uint32_t seq;
};

static bool
has(const struct ntlm_session *s, uint32_t flag)
{
    return (s->flags & flag) != 0;
}

static bool
extended(const struct ntlm_session *s)
{
    return has(s, NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY);
}

void
ntlm_session_begin(struct ntlm_session *s, const struct secret16 *key, uint32_t flags,
                   bool acceptor)
{
    *s = (struct ntlm_session){ .flags = flags, .acceptor = acceptor };
    if (key) {
        s->key = *key;
    } else {
        s->flags &= ~(NTLMSSP_NEGOTIATE_SIGN | NTLMSSP_NEGOTIATE_SEAL);
    }
}

void
ntlm_session_clear(struct ntlm_session *s)
{
    secret_wipe(s, sizeof(*s));
}

bool
ntlm_session_is_half_duplex(const struct ntlm_session *s)
{
    return !extended(s) && !has(s, NTLMSSP_NEGOTIATE_DATAGRAM);
}

bool
ntlm_session_protects(const struct ntlm_session *s)
{
    return has(s, NTLMSSP_NEGOTIATE_SIGN | NTLMSSP_NEGOTIATE_SEAL);
}

unsigned
ntlm_session_key_bits(uint32_t flags)
{
    unsigned shortened = flags & NTLMSSP_NEGOTIATE_56 ? 56 : 40;

    if (flags & NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY) {
        return flags & NTLMSSP_NEGOTIATE_128 ? 128 : shortened;
    }
    return flags & (NTLMSSP_NEGOTIATE_LM_KEY | NTLMSSP_NEGOTIATE_DATAGRAM) ? shortened : 128;
}

/* 3.4.5.3 SEALKEY without extended session security: how many bytes of the key, 8 or 16. */
static size_t
short_seal_key(const struct ntlm_session *s, struct secret16 *out)
{
    *out = s->key;
    if (ntlm_session_key_bits(s->flags) == 128) {
        return 16;
    }
    if (has(s, NTLMSSP_NEGOTIATE_56)) {
        out->b[7] = 0xA0;
    } else {
        out->b[5] = 0xE5;
        out->b[6] = 0x38;
        out->b[7] = 0xB0;
    }
    secret_wipe(out->b + 8, 8);
    return 8;
}

static void
make_ready(const struct ntlm_session *s, struct ntlm_stream *t, enum ntlm_direction direction)
{
    struct secret16 seal, sign;
    size_t n = sizeof(seal.b);

    if (extended(s)) {
        ntlm_key_seal(&s->key, direction, ntlm_session_key_bits(s->flags), &seal);
        ntlm_key_sign(&s->key, direction, &sign);
        hmac_md5_key_init(&t->mac, bytes_of(sign.b, sizeof(sign.b)));
        secret_wipe(&sign, sizeof(sign));
    } else {
        n = short_seal_key(s, &seal);
    }
    if (has(s, NTLMSSP_NEGOTIATE_DATAGRAM)) {
        t->datagram_key = seal;
    } else {
        cipher_rc4_init(&t->rc4, seal.b, n);
    }
    secret_wipe(&seal, sizeof(seal));
    t->ready = true;
}

static struct ntlm_stream *
stream_of(struct ntlm_session *s, bool sending)
{
    enum ntlm_direction direction =
        sending != s->acceptor ? NTLM_CLIENT_TO_SERVER : NTLM_SERVER_TO_CLIENT;
    struct ntlm_stream *t = sending || ntlm_session_is_half_duplex(s) ? &s->send : &s->receive;

    if (!t->ready) {
        make_ready(s, t, direction);
    }
    return t;
}

/* --- exported and imported ------------------------------------------------------------------ */

/* The keys are derived anew; a datagram's stream begins anew with each message. */
static void
save_stream(const struct ntlm_session *s, const struct ntlm_stream *t, struct wire_writer *out)
{
    wire_put_u8(out, t->ready);
    wire_put_le32(out, t->seq);
    if (t->ready && !has(s, NTLMSSP_NEGOTIATE_DATAGRAM)) {
        uint8_t *to = wire_reserve(out, CIPHER_RC4_STATE_BYTES);

        if (to) {
            cipher_rc4_save(&t->rc4, to);
        }
    }
}

void
ntlm_session_save(const struct ntlm_session *s, struct wire_writer *out)
{
    save_stream(s, &s->send, out);
    save_stream(s, &s->receive, out);
}

static void
load_stream(struct ntlm_session *s, bool sending, struct wire_reader *in)
{
    bool ready = wire_u8(in) != 0;
    uint32_t seq = wire_le32(in);
    struct ntlm_stream *t = sending ? &s->send : &s->receive;

    if (ready && wire_status(in) == WIRE_OK) {
        t = stream_of(s, sending);
        if (!has(s, NTLMSSP_NEGOTIATE_DATAGRAM)) {
            struct bytes state = wire_take(in, CIPHER_RC4_STATE_BYTES);

            if (state.n) {
                cipher_rc4_load(&t->rc4, state.p);
            }
        }
    }
    t->seq = seq;
}

void
ntlm_session_load(struct ntlm_session *s, struct wire_reader *in)
{
    load_stream(s, true, in);
    if (ntlm_session_is_half_duplex(s)) {
        wire_skip(in, 5); /* of receive, which is send's */
    } else {
        load_stream(s, false, in);
    }
}

/* One message under way: a copy of the key stream, so that a message that fails to verify leaves
 * the context's own where it was. */
struct pass {
    struct ntlm_session *s;
    struct ntlm_stream *t;
    struct cipher_rc4 rc4;
    struct hmac_md5 mac;
    uint32_t crc;
    uint32_t seq;
};

/* 3.4.1: connectionless, the key stream of each message begins with MD5(SealingKey, SeqNum). */
static void
begin_datagram_stream(struct pass *p)
{
    uint8_t seq[4], key[MD5_BYTES];
    const struct bytes parts[] = { { p->t->datagram_key.b, 16 }, { seq, sizeof(seq) } };

    wire_store_le32(seq, p->seq);
    digest_md5(parts, 2, key);
    cipher_rc4_init(&p->rc4, key, sizeof(key));
    secret_wipe(key, sizeof(key));
}

static void
pass_begin(struct pass *p, struct ntlm_session *s, bool sending, const struct sec_msg *m)
{
    p->s = s;
    p->t = stream_of(s, sending);
    p->crc = 0;
    if (has(s, NTLMSSP_NEGOTIATE_DATAGRAM)) {
        p->seq = m->seq;
        begin_datagram_stream(p);
    } else {
        p->seq = p->t->seq;
        p->rc4 = p->t->rc4;
    }
    if (extended(s)) {
        uint8_t seq[4];

        wire_store_le32(seq, p->seq);
        digest_hmac_md5_begin(&p->mac, &p->t->mac);
        digest_hmac_md5_add(&p->mac, bytes_of(seq, sizeof(seq)));
    }
}

static void
pass_hash(struct pass *p, struct bytes data)
{
    if (extended(p->s)) {
        digest_hmac_md5_add(&p->mac, data);
    } else {
        p->crc = digest_crc32(p->crc, data);
    }
}

/* Hashes the plain text and ciphers in place, a chunk at a time. */
static void
pass_segment(struct pass *p, const struct sec_segment *g, bool sealed, bool opening)
{
    for (size_t done = 0; done < g->n;) {
        size_t n = g->n - done < CHUNK_BYTES ? g->n - done : CHUNK_BYTES;
        uint8_t *at = g->p + done;

        if (sealed && opening) {
            cipher_rc4_crypt(&p->rc4, n, at, at);
        }
        pass_hash(p, bytes_of(at, n));
        if (sealed && !opening) {
            cipher_rc4_crypt(&p->rc4, n, at, at);
        }
        done += n;
    }
}

static void
pass_message(struct pass *p, const struct sec_msg *m, bool sealed, bool opening)
{
    for (size_t i = 0; i < m->n_segments; i++) {
        pass_segment(p, &m->segments[i], sealed && !m->segments[i].checksum_only, opening);
    }
}

/* 3.4.4.2 with and 3.4.4.1 without extended session security. */
static void
pass_finish(struct pass *p, struct signature *out)
{
    uint8_t digest[MD5_BYTES], zero[4] = { 0 };

    if (extended(p->s)) {
        digest_hmac_md5_end(&p->mac, digest);
        if (has(p->s, NTLMSSP_NEGOTIATE_KEY_EXCH)) {
            cipher_rc4_crypt(&p->rc4, CHECKSUM_BYTES, out->checksum, digest);
        } else {
            bytes_copy(out->checksum, digest, CHECKSUM_BYTES);
        }
        out->seq = p->seq;
        return;
    }
    /* The pad goes through the stream and is then sent as 0; receivers do not look at it. */
    wire_store_le32(out->checksum, 0);
    cipher_rc4_crypt(&p->rc4, 4, out->checksum, out->checksum);
    wire_store_le32(out->checksum, 0);
    wire_store_le32(out->checksum + 4, p->crc);
    cipher_rc4_crypt(&p->rc4, 4, out->checksum + 4, out->checksum + 4);
    cipher_rc4_crypt(&p->rc4, 4, zero, zero);
    out->seq = wire_load_le32(zero) ^ p->seq;
}

/* The message is good: the stream moves on, unless the caller rewinds it. */
static void
pass_commit(struct pass *p, bool rewind)
{
    if (!has(p->s, NTLMSSP_NEGOTIATE_DATAGRAM)) {
        p->t->seq = p->seq + 1;
        if (!rewind) {
            p->t->rc4 = p->rc4;
        }
    }
}

static void
pass_clear(struct pass *p)
{
    secret_wipe(&p->rc4, sizeof(p->rc4));
    secret_wipe(&p->mac, sizeof(p->mac));
}

static void
put_signature(uint8_t *to, const struct signature *g)
{
    wire_store_le32(to, SIGNATURE_VERSION);
    bytes_copy(to + 4, g->checksum, CHECKSUM_BYTES);
    wire_store_le32(to + 12, g->seq);
}

static sec_status
protect(struct ntlm_session *s, struct sec_msg *m, bool sealed, bool rewind)
{
    struct signature g;
    struct pass p;

    if (m->token_n < NTLM_SIGNATURE_BYTES) {
        return sec_fail(SEC_E_BUFFER_TOO_SMALL, "ntlm: token buffer of %zu bytes for a signature",
                        m->token_n);
    }
    pass_begin(&p, s, true, m);
    pass_message(&p, m, sealed, false);
    pass_finish(&p, &g);
    pass_commit(&p, rewind);
    pass_clear(&p);
    put_signature(m->token, &g);
    m->token_n = NTLM_SIGNATURE_BYTES;
    return SEC_E_OK;
}

/* What a message that did not verify decrypted to is not left for anyone to use. */
static void
wipe_opened(const struct sec_msg *m)
{
    for (size_t i = 0; i < m->n_segments; i++) {
        if (!m->segments[i].checksum_only) {
            secret_wipe(m->segments[i].p, m->segments[i].n);
        }
    }
}

/* The sequence number is in the clear with extended session security: a message out of order is
 * told from an altered one before anything is deciphered. */
static sec_status
check_header(const struct ntlm_session *s, struct ntlm_stream *t, const struct sec_msg *m)
{
    uint32_t seq;

    if (m->token_n < NTLM_SIGNATURE_BYTES) {
        return sec_fail(SEC_E_INVALID_TOKEN, "ntlm: signature of %zu bytes", m->token_n);
    }
    if (wire_load_le32(m->token) != SIGNATURE_VERSION) {
        return sec_fail(SEC_E_MESSAGE_ALTERED, "ntlm: signature version %u",
                        wire_load_le32(m->token));
    }
    if (!extended(s)) {
        return SEC_E_OK;
    }
    seq = has(s, NTLMSSP_NEGOTIATE_DATAGRAM) ? m->seq : t->seq;
    if (wire_load_le32(m->token + 12) != seq) {
        return sec_fail(SEC_E_OUT_OF_SEQUENCE, "ntlm: message %u where %u is due",
                        wire_load_le32(m->token + 12), seq);
    }
    return SEC_E_OK;
}

static bool
signature_matches(const struct ntlm_session *s, const uint8_t *have, const struct signature *want)
{
    uint8_t expected[NTLM_SIGNATURE_BYTES];
    /* Without extended session security the pad, bytes 4 to 7, says nothing. */
    size_t from = extended(s) ? 4 : 8;

    put_signature(expected, want);
    return secret_equal(have + from, expected + from, sizeof(expected) - from);
}

static sec_status
open_message(struct ntlm_session *s, struct sec_msg *m, bool sealed, bool rewind)
{
    struct signature want;
    sec_status status;
    struct pass p;

    status = check_header(s, stream_of(s, false), m);
    if (status != SEC_E_OK) {
        return status;
    }
    pass_begin(&p, s, false, m);
    pass_message(&p, m, sealed, true);
    pass_finish(&p, &want);
    if (signature_matches(s, m->token, &want)) {
        pass_commit(&p, rewind);
    } else {
        status =
            sec_fail(SEC_E_MESSAGE_ALTERED, "ntlm: signature of message %u does not verify", p.seq);
        if (sealed) {
            wipe_opened(m);
        }
    }
    pass_clear(&p);
    return status;
}

/* 3.4.2: where signing was not negotiated, the signature is this. It proves nothing, and who asked
 * for proof and did not look at what was granted must not take it for some. */
static sec_status
allow_dummy(const struct ntlm_session *s)
{
    if (s->no_dummy) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION,
                        "ntlm: integrity was asked for, and the peer did not negotiate it");
    }
    return SEC_E_OK;
}

static const uint8_t dummy_signature[NTLM_SIGNATURE_BYTES] = { SIGNATURE_VERSION };

sec_status
ntlm_session_sign(struct ntlm_session *s, struct sec_msg *m)
{
    sec_status status;

    if (ntlm_session_protects(s)) {
        return protect(s, m, false, false);
    }
    status = allow_dummy(s);
    if (status != SEC_E_OK) {
        return status;
    }
    if (m->token_n < NTLM_SIGNATURE_BYTES) {
        return sec_fail(SEC_E_BUFFER_TOO_SMALL, "ntlm: token buffer of %zu bytes for a signature",
                        m->token_n);
    }
    bytes_copy(m->token, dummy_signature, sizeof(dummy_signature));
    m->token_n = sizeof(dummy_signature);
    return SEC_E_OK;
}

sec_status
ntlm_session_verify(struct ntlm_session *s, struct sec_msg *m)
{
    sec_status status;

    if (ntlm_session_protects(s)) {
        return open_message(s, m, false, false);
    }
    status = allow_dummy(s);
    if (status != SEC_E_OK) {
        return status;
    }
    if (m->token_n < NTLM_SIGNATURE_BYTES) {
        return sec_fail(SEC_E_INVALID_TOKEN, "ntlm: signature of %zu bytes", m->token_n);
    }
    if (!secret_equal(m->token, dummy_signature, sizeof(dummy_signature))) {
        return sec_fail(SEC_E_MESSAGE_ALTERED, "ntlm: not the dummy signature of a context that "
                                               "signs nothing");
    }
    return SEC_E_OK;
}

/* In SASL's layer of integrity, Windows and who talks to it seal messages although only SIGN was
 * negotiated (Samba's "LDAP style", gss-ntlmssp pull request 78). */
static bool
seals_anyway(const struct ntlm_session *s, const struct sec_msg *m)
{
    return m->sasl && ntlm_session_protects(s);
}

static sec_status
require_sealing(const struct ntlm_session *s)
{
    if (!has(s, NTLMSSP_NEGOTIATE_SEAL)) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "ntlm: confidentiality was not negotiated");
    }
    return SEC_E_OK;
}

sec_status
ntlm_session_seal(struct ntlm_session *s, struct sec_msg *m)
{
    sec_status status;

    if (seals_anyway(s, m)) {
        return protect(s, m, true, false);
    }
    if (m->no_encrypt) {
        return ntlm_session_sign(s, m);
    }
    status = require_sealing(s);
    return status == SEC_E_OK ? protect(s, m, true, false) : status;
}

/* A message that came whole: the signature, then what is sealed. */
static sec_status
unseal_stream(struct ntlm_session *s, struct sec_msg *m)
{
    struct sec_segment sealed = { 0 };
    struct sec_msg split = *m;
    sec_status status;

    if (m->token_n < NTLM_SIGNATURE_BYTES) {
        return sec_fail(SEC_E_INVALID_TOKEN, "ntlm: message of %zu bytes", m->token_n);
    }
    sealed.p = m->token + NTLM_SIGNATURE_BYTES;
    sealed.n = m->token_n - NTLM_SIGNATURE_BYTES;
    split.segments = &sealed;
    split.n_segments = 1;
    split.token_n = NTLM_SIGNATURE_BYTES;
    split.stream = false;
    status = ntlm_session_unseal(s, &split);
    m->no_encrypt = split.no_encrypt;
    m->opened = sealed;
    return status;
}

/* NTLM's messages do not say whether they are sealed: no_encrypt is the caller's to know. */
sec_status
ntlm_session_unseal(struct ntlm_session *s, struct sec_msg *m)
{
    sec_status status;

    if (m->stream) {
        return unseal_stream(s, m);
    }
    if (seals_anyway(s, m)) {
        m->no_encrypt = false;
        return open_message(s, m, true, false);
    }
    if (m->no_encrypt) {
        return ntlm_session_verify(s, m);
    }
    status = require_sealing(s);
    return status == SEC_E_OK ? open_message(s, m, true, false) : status;
}

static sec_status
require_signing(const struct ntlm_session *s)
{
    if (!ntlm_session_protects(s)) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "ntlm: integrity was not negotiated");
    }
    return SEC_E_OK;
}

sec_status
ntlm_session_make_mic(struct ntlm_session *s, struct bytes data, struct wire_writer *out)
{
    struct sec_segment segment = { (uint8_t *)(uintptr_t)data.p, data.n, .checksum_only = true };
    uint8_t mic[NTLM_SIGNATURE_BYTES];
    struct sec_msg m = {
        .segments = &segment, .n_segments = 1, .token = mic, .token_n = sizeof(mic)
    };
    sec_status status = require_signing(s);

    if (status == SEC_E_OK) {
        status = protect(s, &m, false, true);
    }
    if (status == SEC_E_OK) {
        wire_put(out, mic, sizeof(mic));
    }
    return status;
}

sec_status
ntlm_session_check_mic(struct ntlm_session *s, struct bytes data, struct bytes mic)
{
    struct sec_segment segment = { (uint8_t *)(uintptr_t)data.p, data.n, .checksum_only = true };
    struct sec_msg m = { .segments = &segment,
                         .n_segments = 1,
                         .token = (uint8_t *)(uintptr_t)mic.p,
                         .token_n = mic.n };
    sec_status status = require_signing(s);

    if (status == SEC_E_OK && mic.n != NTLM_SIGNATURE_BYTES) {
        status = sec_fail(SEC_E_INVALID_TOKEN, "ntlm: MIC of %zu bytes", mic.n);
    }
    return status == SEC_E_OK ? open_message(s, &m, false, true) : status;
}
