/* SPDX-License-Identifier: Apache-2.0 */
/* The server's side of NTLM. [MS-NLMP] 3.2.5.1.1, 3.2.5.1.2, 3.2.5.2. Nothing that a client says
 * is believed or counted on before the account authority has answered for it; what is kept until then is
 * for the event log. */
#include "base/mem.h"
#include "base/utf16.h"
#include "crypto/ntlm_key.h"
#include "ntlm/context.h"
#include "ntlm/policy.h"

enum {
    TARGET_INFO_ROOM = 512,
    USER_MAX_BYTES = 512, /* 256 units; longer names are nobody's */
    DOMAIN_MAX_BYTES = 512,
    NAME_MAX_BYTES = 2048, /* of workstation and target: kept for the event log */
};

/* What the AUTHENTICATE says, decoded. */
struct claim {
    struct ntlm_authenticate m;
    bool is_v2;
    struct ntlm_v2_response v2;
    struct account_claim proof;
    uint8_t room[USER_MAX_BYTES + DOMAIN_MAX_BYTES + NAME_MAX_BYTES];
};

/* --- the CHALLENGE ------------------------------------------------------------------------- */

static void
put_target_info(const struct sec_settings *s, uint64_t now_100ns, struct wire_writer *w)
{
    ntlm_av_put(w, NTLM_AV_NB_DOMAIN_NAME, s->domain);
    ntlm_av_put(w, NTLM_AV_NB_COMPUTER_NAME, s->computer);
    if (s->dns_domain.n) {
        ntlm_av_put(w, NTLM_AV_DNS_DOMAIN_NAME, s->dns_domain);
    }
    if (s->dns_computer.n) {
        ntlm_av_put(w, NTLM_AV_DNS_COMPUTER_NAME, s->dns_computer);
    }
    ntlm_av_put_le64(w, NTLM_AV_TIMESTAMP, now_100ns);
    ntlm_av_put(w, NTLM_AV_EOL, (struct bytes){ 0 });
}

/* 3.2.5.1.1: what the client offers and this server can do. */
static sec_status
challenge_flags(const struct sec_settings *s, uint32_t offered, uint32_t *out)
{
    uint32_t flags =
        NTLMSSP_NEGOTIATE_NTLM | NTLMSSP_NEGOTIATE_TARGET_INFO | NTLMSSP_NEGOTIATE_VERSION;

    if (offered & NTLMSSP_NEGOTIATE_UNICODE) {
        flags |= NTLMSSP_NEGOTIATE_UNICODE;
    } else if (offered & NTLMSSP_NEGOTIATE_OEM) {
        flags |= NTLMSSP_NEGOTIATE_OEM;
    } else {
        return sec_fail(SEC_E_INVALID_TOKEN, "ntlm: NEGOTIATE flags 0x%08x name no character set",
                        offered);
    }
    if (offered & NTLMSSP_REQUEST_TARGET) {
        flags |= NTLMSSP_REQUEST_TARGET | NTLMSSP_TARGET_TYPE_SERVER;
    }
    flags |=
        offered & (NTLMSSP_NEGOTIATE_SIGN | NTLMSSP_NEGOTIATE_SEAL | NTLMSSP_NEGOTIATE_ALWAYS_SIGN |
                   NTLMSSP_NEGOTIATE_KEY_EXCH | NTLMSSP_NEGOTIATE_IDENTIFY |
                   NTLMSSP_NEGOTIATE_DATAGRAM | NTLMSSP_NEGOTIATE_128 | NTLMSSP_NEGOTIATE_56);
    if (offered & NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY) {
        flags |= NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY;
    } else if (s->lm_level_server < NTLM_LEVEL_REFUSE_LM && !s->require_128bit) {
        flags |= offered & NTLMSSP_NEGOTIATE_LM_KEY;
    }
    *out = flags;
    return SEC_E_OK;
}

/* Connectionless, nobody has offered anything yet: all that a server can do. */
static uint32_t
datagram_offer(void)
{
    return NTLMSSP_NEGOTIATE_UNICODE | NTLMSSP_NEGOTIATE_OEM | NTLMSSP_REQUEST_TARGET |
           NTLMSSP_NEGOTIATE_SIGN | NTLMSSP_NEGOTIATE_SEAL | NTLMSSP_NEGOTIATE_ALWAYS_SIGN |
           NTLMSSP_NEGOTIATE_KEY_EXCH | NTLMSSP_NEGOTIATE_IDENTIFY | NTLMSSP_NEGOTIATE_DATAGRAM |
           NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY | NTLMSSP_NEGOTIATE_128 |
           NTLMSSP_NEGOTIATE_56;
}

static sec_status
take_negotiate(struct ntlm_context *c, const struct sec_step_args *args, uint32_t *offered)
{
    struct ntlm_negotiate m;
    uint32_t at = 0;
    enum wire_err err;

    if (!args->token.n) {
        *offered = datagram_offer();
        return SEC_E_OK;
    }
    /* It is kept until the client has proven itself; a flood of them must not fill memory. */
    if (args->token.n > NTLM_MAX_TOKEN_BYTES) {
        return sec_fail(SEC_E_INVALID_TOKEN, "ntlm: a NEGOTIATE of %zu bytes", args->token.n);
    }
    err = ntlm_negotiate_decode(&m, args->token, &at);
    if (err != WIRE_OK) {
        return ntlm_refuse(err, "NEGOTIATE", at);
    }
    *offered = m.flags & ~NTLMSSP_NEGOTIATE_DATAGRAM;
    wire_put_bytes(&c->handshake->messages, args->token);
    return SEC_E_OK;
}

static sec_status
put_challenge(struct ntlm_context *c, uint32_t flags, struct wire_writer *out)
{
    uint8_t room[TARGET_INFO_ROOM], oem[256];
    SEC_AUTO(wire_writer) info = wire_writer_growing(room, sizeof(room));
    struct wire_writer name = wire_writer_fixed(oem, sizeof(oem));
    const struct sec_host *host = ntlm_host(c);
    struct ntlm_handshake *h = c->handshake;
    struct ntlm_challenge m = { .flags = flags };
    size_t start = out->len;

    if (!host->random(host, h->server_challenge, sizeof(h->server_challenge))) {
        return sec_fail(SEC_E_INTERNAL_ERROR, "ntlm: no random");
    }
    bytes_copy(m.server_challenge, h->server_challenge, sizeof(m.server_challenge));
    h->timestamp_100ns = host->now_100ns(host);
    put_target_info(host->settings, h->timestamp_100ns, &info);
    m.target_info = wire_written(&info);
    if (flags & NTLMSSP_REQUEST_TARGET) {
        m.target_name = host->settings->computer;
        if (!(flags & NTLMSSP_NEGOTIATE_UNICODE)) {
            utf8_put_utf16(&name, m.target_name);
            m.target_name = wire_written(&name);
        }
    }
    ntlm_challenge_encode(out, &m);
    if (wire_writer_status(&info) != WIRE_OK || wire_writer_status(out) != WIRE_OK) {
        return ntlm_refuse(WIRE_NO_MEMORY, "CHALLENGE", 0);
    }
    wire_put(&h->messages, out->p + start, out->len - start);
    if (wire_writer_status(&h->messages) != WIRE_OK) {
        return ntlm_refuse(WIRE_NO_MEMORY, "CHALLENGE", 0);
    }
    h->offered = flags;
    return SEC_I_CONTINUE_NEEDED;
}

sec_status
ntlm_send_challenge(struct ntlm_context *c, struct sec_step_args *args, struct wire_writer *out)
{
    uint32_t offered = 0, flags = 0;
    sec_status status = take_negotiate(c, args, &offered);

    c->handshake->wanted = args->wanted;
    if (status == SEC_E_OK) {
        status = challenge_flags(ntlm_host(c)->settings, offered, &flags);
    }
    return status == SEC_E_OK ? put_challenge(c, flags, out) : status;
}

/* --- the AUTHENTICATE: what it claims ------------------------------------------------------ */

/* A name in UTF-16LE: as sent, or from OEM, of which only ASCII means the same everywhere. */
static sec_status
take_name(struct wire_writer *room, uint32_t flags, const char *field, size_t max,
          struct bytes *name)
{
    size_t start = room->len;

    if (flags & NTLMSSP_NEGOTIATE_UNICODE) {
        if (name->n > max || name->n % 2) {
            return sec_fail(SEC_E_INVALID_TOKEN, "ntlm: %s of %zu bytes", field, name->n);
        }
        return SEC_E_OK;
    }
    if (name->n > max / 2) {
        return sec_fail(SEC_E_INVALID_TOKEN, "ntlm: %s of %zu bytes", field, name->n);
    }
    for (size_t i = 0; i < name->n; i++) {
        if (name->p[i] == 0 || name->p[i] >= 0x80) {
            return sec_fail(SEC_E_INVALID_TOKEN, "ntlm: %s in OEM is not ASCII at byte %zu", field,
                            i);
        }
        wire_put_le16(room, name->p[i]);
    }
    *name = bytes_of(room->p + start, room->len - start);
    return SEC_E_OK;
}

static sec_status
take_names(struct claim *k)
{
    struct wire_writer room = wire_writer_fixed(k->room, sizeof(k->room));
    struct ntlm_authenticate *m = &k->m;
    sec_status status;

    status = take_name(&room, m->flags, "UserName", USER_MAX_BYTES, &m->user);
    if (status == SEC_E_OK) {
        status = take_name(&room, m->flags, "DomainName", DOMAIN_MAX_BYTES, &m->domain);
    }
    if (status == SEC_E_OK) {
        status = take_name(&room, m->flags, "Workstation", NAME_MAX_BYTES, &m->workstation);
    }
    return status;
}

/* 3.2.5.1.2: flags in AUTHENTICATE are final, but a client chooses only from what was offered. */
static sec_status
take_flags(struct ntlm_context *c, struct claim *k)
{
    uint32_t flags = k->m.flags & (c->handshake->offered | NTLMSSP_ANONYMOUS);

    if (!(flags & NTLMSSP_NEGOTIATE_UNICODE) && !(flags & NTLMSSP_NEGOTIATE_OEM)) {
        return sec_fail(SEC_E_INVALID_TOKEN,
                        "ntlm: AUTHENTICATE flags 0x%08x name no character "
                        "set that was offered",
                        k->m.flags);
    }
    if ((flags ^ c->handshake->offered) & NTLMSSP_NEGOTIATE_DATAGRAM) {
        return sec_fail(SEC_E_INVALID_TOKEN,
                        "ntlm: AUTHENTICATE flags 0x%08x are not those of a "
                        "connectionless client",
                        k->m.flags);
    }
    if (ntlm_context_key_is_short(c, flags)) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION,
                        "ntlm: AUTHENTICATE flags 0x%08x lack 128-bit keys", k->m.flags);
    }
    k->m.flags = flags;
    return SEC_E_OK;
}

static sec_status
decode_claim(struct ntlm_context *c, struct bytes token, struct claim *k)
{
    uint32_t at = 0;
    enum wire_err err = ntlm_authenticate_decode(&k->m, token, &at);
    sec_status status;

    if (err != WIRE_OK) {
        return ntlm_refuse(err, "AUTHENTICATE", at);
    }
    status = take_flags(c, k);
    if (status == SEC_E_OK) {
        status = take_names(k);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    k->is_v2 = ntlm_v2_response_is(k->m.nt_response);
    if (k->is_v2) {
        err = ntlm_v2_response_decode(&k->v2, k->m.nt_response);
        if (err != WIRE_OK) {
            return ntlm_refuse(err, "NtChallengeResponse", 0);
        }
        if (k->v2.av.target_name.n > NAME_MAX_BYTES) {
            return sec_fail(SEC_E_INVALID_TOKEN, "ntlm: a target name of %zu bytes",
                            k->v2.av.target_name.n);
        }
    } else if (k->m.nt_response.n && k->m.nt_response.n != NTLM_RESPONSE_BYTES) {
        return sec_fail(SEC_E_INVALID_TOKEN, "ntlm: NtChallengeResponse of %zu bytes",
                        k->m.nt_response.n);
    }
    return SEC_E_OK;
}

/* What the event log says of a client, refused or not. */
static sec_status
keep_claim(struct ntlm_context *c, const struct claim *k)
{
    const struct bytes names[NTLM_NAMES] = {
        [NTLM_USER] = k->m.user,
        [NTLM_DOMAIN] = k->m.domain,
        [NTLM_WORKSTATION] = k->m.workstation,
        [NTLM_TARGET] = k->v2.av.target_name,
    };

    c->target_sent = ntlm_av_has(&k->v2.av, NTLM_AV_TARGET_NAME);
    return ntlm_context_keep_names(c, names);
}

/* --- the AUTHENTICATE: its proof ----------------------------------------------------------- */

/* 3.4.5.1 */
static sec_status
exchange_key(const struct ntlm_context *c, const struct claim *k, const struct account_proof *proof,
             struct secret16 *out)
{
    uint32_t flags = k->m.flags;

    *out = proof->session_base_key;
    switch (k->proof.kind) {
    case ACCOUNT_NTLM_V1_ESS:
        ntlm_key_exchange_ess(&proof->session_base_key, c->handshake->server_challenge,
                              k->m.lm_response.p, out);
        return SEC_E_OK;
    case ACCOUNT_NTLM_V1:
    case ACCOUNT_LM_V1: break;
    default: return SEC_E_OK;
    }
    if (!(flags & NTLMSSP_NEGOTIATE_LM_KEY)) {
        return SEC_E_OK;
    }
    if (!proof->has_lm_session_key || k->m.lm_response.n < 8) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "ntlm: a key from the LM hash was negotiated, "
                                                    "and the account has none");
    }
    ntlm_key_exchange_lm(&proof->lm_session_key, k->m.lm_response.p, out);
    return SEC_E_OK;
}

/* 3.2.5.1.2: the key that the client has chosen, in place of the exchange key. The specification
 * has it only where messages are protected; clients that offer ALWAYS_SIGN alone send one as well
 * and make their MIC with it. */
static sec_status
take_exported_key(const struct claim *k, struct secret16 *key)
{
    bool protects = k->m.flags & (NTLMSSP_NEGOTIATE_SIGN | NTLMSSP_NEGOTIATE_SEAL);

    if (!(k->m.flags & NTLMSSP_NEGOTIATE_KEY_EXCH) || (!k->m.session_key.n && !protects)) {
        return SEC_E_OK;
    }
    if (k->m.session_key.n != NTLM_SESSION_KEY_BYTES) {
        return sec_fail(SEC_E_INVALID_TOKEN, "ntlm: EncryptedRandomSessionKey of %zu bytes",
                        k->m.session_key.n);
    }
    cipher_rc4_once(key->b, key->b, k->m.session_key.p);
    return SEC_E_OK;
}

static sec_status
begin_session(struct ntlm_context *c, const struct claim *k, const struct account_proof *proof)
{
    struct secret16 key = { 0 };
    sec_status status = exchange_key(c, k, proof, &key);

    if (status == SEC_E_OK) {
        status = take_exported_key(k, &key);
    }
    if (status == SEC_E_OK) {
        ntlm_session_begin(&c->session, &key, k->m.flags, true);
    }
    secret_wipe(&key, sizeof(key));
    return status;
}

/* Without a MIC. A client that saw our time stamp says so in the pairs that its proof covers; one
 * that saw none has had it taken away, so that it would send no MIC. */
static sec_status
check_time_stamp_returned(const struct ntlm_context *c, const struct claim *k)
{
    uint64_t sent = c->handshake->timestamp_100ns;

    if (sent && (!ntlm_av_has(&k->v2.av, NTLM_AV_TIMESTAMP) || k->v2.av.timestamp_100ns != sent)) {
        return sec_fail(SEC_E_MESSAGE_ALTERED, "ntlm: the response does not repeat the CHALLENGE's "
                                               "time stamp: it was altered on its way");
    }
    return SEC_E_OK;
}

/* 3.2.5.1.2: "If the AUTHENTICATE_MESSAGE indicates the presence of a MIC field", it must verify.
 * The flag itself is under the proof: who strips it breaks the proof. */
static sec_status
check_mic(struct ntlm_context *c, const struct claim *k, struct bytes token)
{
    uint8_t mic[NTLM_MIC_BYTES];

    if (!k->is_v2) {
        return SEC_E_OK; /* ntlm_policy_choose_proof has refused it where policy requires one */
    }
    if (!(k->v2.av.flags & NTLM_AV_FLAG_MIC)) {
        return check_time_stamp_returned(c, k);
    }
    if (!k->m.has_mic) {
        return sec_fail(SEC_E_INVALID_TOKEN, "ntlm: AUTHENTICATE says that it has a MIC, and has "
                                             "no room for one");
    }
    ntlm_compute_mic(c, token, mic);
    if (!secret_equal(mic, k->m.mic.p, sizeof(mic))) {
        return sec_fail(SEC_E_MESSAGE_ALTERED, "ntlm: the MIC over the three messages does not "
                                               "verify");
    }
    c->mic_used = true;
    return SEC_E_OK;
}

static sec_status
prove(struct ntlm_context *c, struct claim *k, struct bytes token)
{
    const struct sec_host *host = ntlm_host(c);
    struct account_proof proof = { 0 };
    sec_status status;

    if (!host->accounts) {
        return sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY, "ntlm: no account store is configured");
    }
    k->proof.user = k->m.user;
    k->proof.domain = k->m.domain;
    k->proof.nt_response = k->m.nt_response;
    k->proof.lm_response = k->m.lm_response;
    k->proof.now_100ns = host->now_100ns(host);
    bytes_copy(k->proof.server_challenge, c->handshake->server_challenge,
               sizeof(k->proof.server_challenge));
    status = account_prove(host->accounts, &k->proof, &proof);
    c->sub_status = proof.sub_status;
    c->locked_out_now = proof.locked_out_now;
    if (proof.sid[0]) {
        c->refused_sid = mem_dup(proof.sid, strlen(proof.sid)); /* an event can do without it */
    }
    if (status == SEC_E_OK) {
        status = begin_session(c, k, &proof);
    }
    if (status == SEC_E_OK) {
        status = check_mic(c, k, token);
    }
    if (status == SEC_E_OK) {
        c->identity = sec_steal(&proof.identity);
    }
    account_proof_clear(&proof);
    return status;
}

/* 3.2.5.1.2: no user, no NT response, and an LM response of nothing or one zero byte. */
static bool
is_anonymous(const struct claim *k)
{
    return k->m.user.n == 0 && k->m.nt_response.n == 0 &&
           (k->m.lm_response.n == 0 || (k->m.lm_response.n == 1 && k->m.lm_response.p[0] == 0));
}

static sec_status
accept_anonymous(struct ntlm_context *c, const struct claim *k, struct sec_step_args *args)
{
    sec_status status = ntlm_policy_allow_anonymous(c, args->wanted);

    if (status != SEC_E_OK) {
        return status;
    }
    c->anonymous = true;
    ntlm_session_begin(&c->session, NULL, k->m.flags | NTLMSSP_ANONYMOUS, true);
    ntlm_context_grant(c, args);
    return SEC_E_OK;
}

sec_status
ntlm_check_authenticate(struct ntlm_context *c, struct sec_step_args *args, struct wire_writer *out)
{
    struct claim k = { 0 };
    sec_status status = decode_claim(c, args->token, &k);

    if (status == SEC_E_OK) {
        status = keep_claim(c, &k);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    if (is_anonymous(&k)) {
        return accept_anonymous(c, &k, args);
    }
    status = ntlm_policy_choose_proof(c, &k.m, k.is_v2 ? &k.v2 : NULL, &k.proof.kind);
    if (status == SEC_E_OK) {
        status = prove(c, &k, args->token);
    }
    if (status == SEC_E_OK && k.is_v2) {
        status = ntlm_policy_check_pairs(c, args, &k.v2);
    } else if (status == SEC_E_OK) {
        status = ntlm_policy_check_pairs(c, args, NULL);
    }
    if (status == SEC_E_OK) {
        ntlm_context_grant(c, args);
    }
    return status;
}
