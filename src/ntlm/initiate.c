/* SPDX-License-Identifier: Apache-2.0 */
/* The client's side of NTLM. [MS-NLMP] 3.1.5.1.1, 3.1.5.1.2, 3.1.5.2; 3.3 for the responses. */
#include "base/utf16.h"
#include "crypto/ntlm_key.h"
#include "ntlm/context.h"

enum {
    RESPONSE_ROOM = 1024, /* of an NTLMv2 response on the stack; longer ones go to the heap */
};

/* What a response consists of, and the key that comes with it. */
struct response {
    uint8_t lm[NTLM_RESPONSE_BYTES];
    size_t lm_n;
    struct wire_writer nt;
    struct secret16 exchange_key;
    bool mic;
};

static bool
acts_as_nobody(const struct ntlm_context *c)
{
    return c->cred->anonymous || (c->handshake->wanted & SEC_NULL_SESSION);
}

static uint32_t
wanted_flags(uint32_t wanted)
{
    uint32_t flags = ntlm_context_protection(wanted);

    if (wanted & SEC_IDENTIFY) {
        flags |= NTLMSSP_NEGOTIATE_IDENTIFY;
    }
    if (wanted & SEC_DATAGRAM) {
        flags |= NTLMSSP_NEGOTIATE_DATAGRAM;
    }
    return flags;
}

/* 3.1.5.1.2: "If (NTLMSSP_NEGOTIATE_KEY_EXCH bit is set AND (NTLMSSP_NEGOTIATE_SIGN OR
 * NTLMSSP_NEGOTIATE_SEAL are set))"; 3.2.5.2.1: connectionless, always. */
static bool
exchanges_key(uint32_t flags)
{
    return flags & (NTLMSSP_NEGOTIATE_SIGN | NTLMSSP_NEGOTIATE_SEAL | NTLMSSP_NEGOTIATE_DATAGRAM);
}

/* 3.1.5.1.1: what a client can do and wants. */
static uint32_t
client_offer(const struct ntlm_context *c, uint32_t wanted)
{
    uint32_t flags = NTLMSSP_NEGOTIATE_UNICODE | NTLMSSP_NEGOTIATE_OEM | NTLMSSP_REQUEST_TARGET |
                     NTLMSSP_NEGOTIATE_NTLM | NTLMSSP_NEGOTIATE_ALWAYS_SIGN |
                     NTLMSSP_NEGOTIATE_VERSION | NTLMSSP_NEGOTIATE_128 | NTLMSSP_NEGOTIATE_56 |
                     wanted_flags(wanted);
    const struct sec_settings *s = ntlm_host(c)->settings;

    if (exchanges_key(flags)) {
        flags |= NTLMSSP_NEGOTIATE_KEY_EXCH;
    }
    if (s->lm_level_client >= NTLM_LEVEL_SEND_ESS) {
        flags |= NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY;
    }
    if (s->lm_level_client < NTLM_LEVEL_SEND_NTLM && c->cred->has_lm_hash && !s->require_128bit) {
        flags |= NTLMSSP_NEGOTIATE_LM_KEY;
    }
    return flags;
}

sec_status
ntlm_send_negotiate(struct ntlm_context *c, struct sec_step_args *args, struct wire_writer *out)
{
    struct ntlm_handshake *h = c->handshake;
    size_t start = out->len;
    struct ntlm_negotiate m = { 0 };
    struct bytes sent;

    h->wanted = args->wanted;
    h->offered = m.flags = client_offer(c, args->wanted);
    ntlm_negotiate_encode(out, &m);
    if (wire_writer_status(out) != WIRE_OK) {
        return ntlm_refuse(wire_writer_status(out), "NEGOTIATE", 0);
    }
    sent = wire_written(out);
    wire_put(&h->messages, sent.p + start, sent.n - start);
    if (wire_writer_status(&h->messages) != WIRE_OK) {
        return ntlm_refuse(wire_writer_status(&h->messages), "NEGOTIATE", 0);
    }
    return SEC_I_CONTINUE_NEEDED;
}

/* Connectionless: nothing to send until the server's CHALLENGE comes. */
sec_status
ntlm_await_challenge(struct ntlm_context *c, struct sec_step_args *args, struct wire_writer *out)
{
    c->handshake->wanted = args->wanted;
    c->handshake->offered = client_offer(c, args->wanted);
    return SEC_I_CONTINUE_NEEDED;
}

/* --- the CHALLENGE ------------------------------------------------------------------------- */

/* What both sides can do of what the client wants. */
static sec_status
settle_flags(struct ntlm_context *c, uint32_t challenge_flags, uint32_t *out)
{
    const struct ntlm_handshake *h = c->handshake;
    uint32_t protection = h->offered & (NTLMSSP_NEGOTIATE_SIGN | NTLMSSP_NEGOTIATE_SEAL);
    uint32_t flags = challenge_flags & h->offered;

    if (!(challenge_flags & (NTLMSSP_NEGOTIATE_UNICODE | NTLMSSP_NEGOTIATE_OEM))) {
        return sec_fail(SEC_E_INVALID_TOKEN, "ntlm: CHALLENGE flags 0x%08x name no character set",
                        challenge_flags);
    }
    flags |= challenge_flags & NTLMSSP_NEGOTIATE_TARGET_INFO;
    if (!ntlm_host(c)->settings->require_128bit) { /* its key has 64 */
        flags |= challenge_flags & NTLMSSP_REQUEST_NON_NT_SESSION_KEY;
    }
    if (flags & NTLMSSP_NEGOTIATE_UNICODE) {
        flags &= ~NTLMSSP_NEGOTIATE_OEM;
    }
    if (flags & NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY) {
        flags &= ~NTLMSSP_NEGOTIATE_LM_KEY;
    }
    if ((flags ^ h->offered) & NTLMSSP_NEGOTIATE_DATAGRAM) {
        return sec_fail(SEC_E_INVALID_TOKEN,
                        "ntlm: CHALLENGE flags 0x%08x are not those of a "
                        "connectionless server",
                        challenge_flags);
    }
    /* 3.1.5.1.2: messages are to be protected, and the server cannot. */
    if ((flags & protection) != protection) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION,
                        "ntlm: CHALLENGE flags 0x%08x lack protection that the caller asked for",
                        challenge_flags);
    }
    if (ntlm_context_key_is_short(c, flags)) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION,
                        "ntlm: CHALLENGE flags 0x%08x lack 128-bit keys", challenge_flags);
    }
    *out = flags;
    return SEC_E_OK;
}

static sec_status
respond_v1(struct ntlm_context *c, const struct ntlm_challenge *m, uint32_t flags,
           struct response *r)
{
    const struct ntlm_credential *cred = c->cred;
    unsigned level = ntlm_host(c)->settings->lm_level_client;
    bool lm = cred->has_lm_hash && level < NTLM_LEVEL_SEND_NTLM;
    uint8_t *nt = wire_reserve(&r->nt, NTLM_RESPONSE_BYTES);
    uint8_t challenge[8];

    if (!nt) {
        return ntlm_refuse(wire_writer_status(&r->nt), "NtChallengeResponse", 0);
    }
    r->lm_n = NTLM_RESPONSE_BYTES;
    ntlm_key_v1_session(&cred->nt_hash, &r->exchange_key);
    if (flags & NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY) {
        if (!ntlm_host(c)->random(ntlm_host(c), challenge, sizeof(challenge))) {
            return sec_fail(SEC_E_INTERNAL_ERROR, "ntlm: no random");
        }
        ntlm_key_v1_ess_response(&cred->nt_hash, m->server_challenge, challenge, nt);
        bytes_copy(r->lm, challenge, sizeof(challenge));
        ntlm_key_exchange_ess(&r->exchange_key, m->server_challenge, challenge, &r->exchange_key);
        return SEC_E_OK;
    }
    ntlm_key_v1_response(&cred->nt_hash, m->server_challenge, nt);
    if (lm) {
        ntlm_key_v1_response(&cred->lm_hash, m->server_challenge, r->lm);
    } else {
        bytes_copy(r->lm, nt, NTLM_RESPONSE_BYTES); /* NoLMResponseNTLMv1 */
    }
    if (lm && flags & NTLMSSP_NEGOTIATE_LM_KEY) {
        ntlm_key_exchange_lm(&cred->lm_hash, r->lm, &r->exchange_key);
    } else if (cred->has_lm_hash && flags & NTLMSSP_REQUEST_NON_NT_SESSION_KEY) {
        ntlm_key_exchange_non_nt(&cred->lm_hash, &r->exchange_key);
    }
    return SEC_E_OK;
}

/* The client's pairs: MIC and target flags, channel bindings, the name of the target. */
static sec_status
answer_target_info(struct ntlm_context *c, const struct sec_step_args *args,
                   const struct ntlm_challenge *m, bool mic, struct wire_writer *pairs)
{
    static const uint8_t no_bindings[NTLM_BINDINGS_BYTES];
    struct ntlm_av_answer answer = {
        .channel_bindings = args->bindings.given ? args->bindings.md5 : no_bindings,
        .has_target_name = true,
        .target_name = args->target,
    };
    enum wire_err err;

    if (mic) {
        answer.set_flags |= NTLM_AV_FLAG_MIC;
    }
    if (c->handshake->wanted & SEC_UNVERIFIED_TARGET) {
        answer.set_flags |= NTLM_AV_FLAG_UNVERIFIED_TARGET;
    }
    err = ntlm_av_pairs_answer(pairs, m->target_info, &answer);
    return err == WIRE_OK ? SEC_E_OK : ntlm_refuse(err, "TargetInfo", 0);
}

/* 3.1.5.1.2: a server that does not say who it is gets no protected messages. */
static sec_status
require_server_names(const struct ntlm_context *c, const struct ntlm_av_pairs *av)
{
    if (!(c->handshake->offered & (NTLMSSP_NEGOTIATE_SIGN | NTLMSSP_NEGOTIATE_SEAL))) {
        return SEC_E_OK;
    }
    if (!ntlm_av_has(av, NTLM_AV_NB_COMPUTER_NAME) || !ntlm_av_has(av, NTLM_AV_NB_DOMAIN_NAME)) {
        return sec_fail(SEC_E_LOGON_DENIED, "ntlm: TargetInfo lacks the server's NetBIOS names");
    }
    return SEC_E_OK;
}

/* 3.3.2. With the server's time stamp comes a MIC and no LMv2 response (3.1.5.1.2). */
static sec_status
respond_v2(struct ntlm_context *c, const struct sec_step_args *args, const struct ntlm_challenge *m,
           struct response *r)
{
    uint8_t room[RESPONSE_ROOM], challenge[8];
    SEC_AUTO(wire_writer) pairs = wire_writer_growing(room, sizeof(room));
    const struct secret16 *v2 = &c->cred->v2_key;
    const struct sec_host *host = ntlm_host(c);
    bool datagram = c->handshake->wanted & SEC_DATAGRAM;
    struct ntlm_av_pairs av = { 0 };
    enum wire_err err = WIRE_OK;
    struct bytes blob;
    sec_status status;
    uint8_t *proof;

    if (m->target_info.n) {
        err = ntlm_av_pairs_decode(&av, m->target_info, NULL);
        if (err != WIRE_OK) {
            return ntlm_refuse(err, "TargetInfo", 0);
        }
    }
    status = require_server_names(c, &av);
    if (status != SEC_E_OK) {
        return status;
    }
    if (m->target_info.n) {
        r->mic = ntlm_av_has(&av, NTLM_AV_TIMESTAMP);
        status = answer_target_info(c, args, m, r->mic, &pairs);
        if (status != SEC_E_OK) {
            return status;
        }
    } else {
        ntlm_av_put(&pairs, NTLM_AV_EOL, (struct bytes){ 0 });
    }
    if (!host->random(host, challenge, sizeof(challenge))) {
        return sec_fail(SEC_E_INTERNAL_ERROR, "ntlm: no random");
    }
    wire_put_zero(&r->nt, NTLM_PROOF_BYTES);
    ntlm_v2_blob_encode(&r->nt, r->mic ? av.timestamp_100ns : host->now_100ns(host), challenge,
                        wire_written(&pairs));
    if (wire_writer_status(&r->nt) != WIRE_OK) {
        return ntlm_refuse(wire_writer_status(&r->nt), "NtChallengeResponse", 0);
    }
    proof = r->nt.p;
    blob = wire_written(&r->nt);
    ntlm_key_v2_proof(v2, m->server_challenge,
                      bytes_of(blob.p + NTLM_PROOF_BYTES, blob.n - NTLM_PROOF_BYTES), proof);
    ntlm_key_v2_session(v2, proof, &r->exchange_key);
    /* 3.1.5.2.1: connectionless, "the client SHOULD NOT send the LmChallengeResponse field". */
    r->lm_n = datagram && m->target_info.n ? 0 : NTLM_RESPONSE_BYTES;
    if (!r->mic) {
        ntlm_key_v2_proof(v2, m->server_challenge, bytes_of(challenge, sizeof(challenge)), r->lm);
        bytes_copy(r->lm + NTLM_PROOF_BYTES, challenge, sizeof(challenge));
    }
    return SEC_E_OK;
}

static sec_status
respond(struct ntlm_context *c, const struct sec_step_args *args, const struct ntlm_challenge *m,
        uint32_t flags, struct response *r)
{
    if (acts_as_nobody(c)) {
        r->lm_n = 1; /* 3.2.5.1.2: Z(1) */
        return SEC_E_OK;
    }
    if (!c->cred->has_identity) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "ntlm: no user and password to answer with%s%s",
                        c->cred->no_identity ? ": " : "",
                        c->cred->no_identity ? c->cred->no_identity : "");
    }
    if (ntlm_host(c)->settings->lm_level_client >= NTLM_LEVEL_SEND_V2) {
        c->version = SEC_NTLM_V2;
        return respond_v2(c, args, m, r);
    }
    c->version = flags & NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY ? SEC_NTLM_V1_ESS : SEC_NTLM_V1;
    return respond_v1(c, m, flags, r);
}

/* --- the AUTHENTICATE ---------------------------------------------------------------------- */

static uint32_t
authenticate_flags(const struct ntlm_context *c, uint32_t flags)
{
    flags &= ~(NTLMSSP_TARGET_TYPE_SERVER | NTLMSSP_TARGET_TYPE_DOMAIN);
    if (!exchanges_key(flags)) {
        flags &= ~NTLMSSP_NEGOTIATE_KEY_EXCH;
    }
    if (acts_as_nobody(c)) {
        flags = (flags | NTLMSSP_ANONYMOUS) &
                ~(NTLMSSP_NEGOTIATE_SIGN | NTLMSSP_NEGOTIATE_SEAL | NTLMSSP_NEGOTIATE_KEY_EXCH);
    }
    return flags | NTLMSSP_NEGOTIATE_VERSION;
}

/* 3.1.5.1.2: the exported key, sent under the exchange key where one is exchanged. */
static sec_status
make_session_key(struct ntlm_context *c, uint32_t flags, const struct response *r,
                 uint8_t sealed_key[static NTLM_SESSION_KEY_BYTES])
{
    const struct sec_host *host = ntlm_host(c);
    struct secret16 key = { 0 };

    if (!(flags & NTLMSSP_NEGOTIATE_KEY_EXCH)) {
        ntlm_session_begin(&c->session, acts_as_nobody(c) ? NULL : &r->exchange_key, flags, false);
        return SEC_E_OK;
    }
    if (!host->random(host, key.b, sizeof(key.b))) {
        return sec_fail(SEC_E_INTERNAL_ERROR, "ntlm: no random");
    }
    cipher_rc4_once(r->exchange_key.b, sealed_key, key.b);
    ntlm_session_begin(&c->session, &key, flags, false);
    secret_wipe(&key, sizeof(key));
    return SEC_E_OK;
}

/* Names in the character set that was agreed. OEM: what a name outside ASCII would be is
 * anybody's guess, so it is refused. */
static sec_status
put_name(struct wire_writer *w, uint32_t flags, struct bytes utf16, struct bytes *out)
{
    size_t start = w->len;

    if (flags & NTLMSSP_NEGOTIATE_UNICODE) {
        *out = utf16;
        return SEC_E_OK;
    }
    for (size_t i = 0; i + 1 < utf16.n; i += 2) {
        uint16_t c = wire_load_le16(utf16.p + i);

        if (c >= 0x80) {
            return sec_fail(SEC_E_INVALID_TOKEN, "ntlm: a name outside ASCII, and the peer has no "
                                                 "Unicode");
        }
        wire_put_u8(w, (uint8_t)c);
    }
    *out = bytes_of(w->p + start, w->len - start);
    return SEC_E_OK;
}

static sec_status
put_authenticate(struct ntlm_context *c, uint32_t flags, const struct response *r,
                 struct wire_writer *out)
{
    uint8_t sealed_key[NTLM_SESSION_KEY_BYTES], room[RESPONSE_ROOM];
    struct wire_writer oem = wire_writer_fixed(room, sizeof(room));
    struct bytes none = { 0 };
    bool nobody = acts_as_nobody(c);
    struct ntlm_authenticate m = {
        .flags = flags,
        .lm_response = bytes_of(r->lm, r->lm_n),
        .nt_response = wire_written(&r->nt),
        .has_mic = r->mic,
    };
    size_t start = out->len;
    sec_status status;

    status = put_name(&oem, flags, nobody ? none : c->cred->user, &m.user);
    if (status == SEC_E_OK) {
        status = put_name(&oem, flags, nobody ? none : c->cred->domain, &m.domain);
    }
    if (status == SEC_E_OK) {
        status = put_name(&oem, flags, ntlm_host(c)->settings->computer, &m.workstation);
    }
    if (status == SEC_E_OK) {
        status = make_session_key(c, flags, r, sealed_key);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    if (flags & NTLMSSP_NEGOTIATE_KEY_EXCH) {
        m.session_key = bytes_of(sealed_key, sizeof(sealed_key));
    }
    ntlm_authenticate_encode(out, &m);
    if (wire_writer_status(out) != WIRE_OK) {
        return ntlm_refuse(wire_writer_status(out), "AUTHENTICATE", 0);
    }
    if (r->mic) {
        struct bytes message = bytes_of(out->p + start, out->len - start);

        ntlm_compute_mic(c, message, out->p + start + NTLM_MIC_OFFSET);
        c->mic_used = true;
    }
    return SEC_E_OK;
}

static sec_status
finish_initiator(struct ntlm_context *c, struct sec_step_args *args, const struct ntlm_challenge *m)
{
    const struct bytes names[NTLM_NAMES] = {
        [NTLM_TARGET] = args->target,
        [NTLM_TARGET_INFO] = m->target_info,
    };

    c->anonymous = acts_as_nobody(c);
    c->target_sent = true;
    ntlm_context_grant(c, args);
    return ntlm_context_keep_names(c, names);
}

sec_status
ntlm_answer_challenge(struct ntlm_context *c, struct sec_step_args *args, struct wire_writer *out)
{
    uint8_t room[RESPONSE_ROOM];
    struct response r = { .nt = wire_writer_growing(room, sizeof(room)) };
    struct ntlm_handshake *h = c->handshake;
    struct ntlm_challenge m;
    uint32_t at = 0, flags = 0;
    enum wire_err err = ntlm_challenge_decode(&m, args->token, &at);
    sec_status status;

    if (err != WIRE_OK) {
        return ntlm_refuse(err, "CHALLENGE", at);
    }
    if (!h->offered) { /* connectionless, and the CHALLENGE came with the first call */
        h->wanted = args->wanted;
        h->offered = client_offer(c, args->wanted);
    }
    wire_put_bytes(&h->messages, args->token);
    if (wire_writer_status(&h->messages) != WIRE_OK) {
        return ntlm_refuse(wire_writer_status(&h->messages), "CHALLENGE", 0);
    }
    status = settle_flags(c, m.flags, &flags);
    if (status == SEC_E_OK) {
        status = respond(c, args, &m, flags, &r);
    }
    if (status == SEC_E_OK) {
        status = put_authenticate(c, authenticate_flags(c, flags), &r, out);
    }
    if (status == SEC_E_OK) {
        status = finish_initiator(c, args, &m);
    }
    wire_writer_clear(&r.nt);
    secret_wipe(&r.exchange_key, sizeof(r.exchange_key));
    return status;
}
