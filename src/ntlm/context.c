/* SPDX-License-Identifier: Apache-2.0 */
/* NTLM contexts: their life, their names, their MIC, and what is known of them. */
#include "ntlm/context.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/name_block.h"
#include "ntlm/ntlm.h"
#include "ntlm/step.h"

/* [MS-PAC] 2.5, UserFlags. */
#define LOGON_USED_LM_PASSWORD UINT32_C(0x00000008)
#define LOGON_NTLMV2_ENABLED   UINT32_C(0x00000100)

static void
handshake_free(struct ntlm_handshake *h)
{
    if (h) {
        wire_writer_clear(&h->messages);
        mem_free_wiped(h, sizeof(*h));
    }
}

void
ntlm_context_end_handshake(struct ntlm_context *c)
{
    handshake_free(c->handshake);
    c->handshake = NULL;
}

sec_status
ntlm_context_open(const struct sec_cred *cred, enum sec_role role, struct sec_ctx **out)
{
    struct ntlm_context *c;
    struct ntlm_handshake *h;
    sec_status status = ntlm_credential_check_policy(cred);

    if (status != SEC_E_OK) {
        return status;
    }
    c = mem_new(sizeof(*c));
    h = mem_new(sizeof(*h));
    if (!c || !h) {
        mem_free(c);
        mem_free(h);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    h->messages = wire_writer_growing(h->room, sizeof(h->room));
    c->base.package = &ntlm_package;
    c->cred = (const struct ntlm_credential *)cred;
    c->handshake = h;
    c->role = (uint8_t)role;
    c->state = NTLM_START;
    *out = &c->base;
    return SEC_E_OK;
}

void
ntlm_context_free(struct sec_ctx *ctx)
{
    struct ntlm_context *c = ntlm_context_of(ctx);

    if (!c) {
        return;
    }
    handshake_free(c->handshake);
    account_identity_unref(c->identity);
    mem_free(c->names);
    mem_free(c->refused_sid);
    mem_free_wiped(c, sizeof(*c));
}

struct bytes
ntlm_context_name(const struct ntlm_context *c, enum ntlm_name which)
{
    return name_block_get(c->names, c->name_bytes, which);
}

sec_status
ntlm_context_keep_names(struct ntlm_context *c, const struct bytes names[NTLM_NAMES])
{
    return name_block_put(&c->names, c->name_bytes, names, NTLM_NAMES, "ntlm");
}

bool
ntlm_context_key_is_short(const struct ntlm_context *c, uint32_t flags)
{
    return ntlm_host(c)->settings->require_128bit &&
           (flags & (NTLMSSP_NEGOTIATE_SIGN | NTLMSSP_NEGOTIATE_SEAL)) &&
           (!(flags & NTLMSSP_NEGOTIATE_128) || ntlm_session_key_bits(flags) < 128);
}

/* SIGN for integrity, replay or sequence detection; SEAL for confidentiality alone. */
uint32_t
ntlm_context_protection(uint32_t wanted)
{
    bool integrity = wanted & SEC_INTEGRITY && !(wanted & SEC_NO_INTEGRITY);
    uint32_t flags = 0;

    if (integrity || (wanted & (SEC_REPLAY_DETECT | SEC_SEQUENCE_DETECT))) {
        flags |= NTLMSSP_NEGOTIATE_SIGN;
    }
    if (wanted & SEC_CONFIDENTIALITY) {
        flags |= NTLMSSP_NEGOTIATE_SEAL;
    }
    return flags;
}

static uint32_t
granted_by(uint32_t flags)
{
    uint32_t granted = flags & NTLMSSP_NEGOTIATE_DATAGRAM ? SEC_DATAGRAM : SEC_CONNECTION;

    if (flags & NTLMSSP_NEGOTIATE_SIGN) {
        granted |= SEC_INTEGRITY;
        /* A connectionless context takes its sequence numbers from the caller. */
        if (!(flags & NTLMSSP_NEGOTIATE_DATAGRAM)) {
            granted |= SEC_REPLAY_DETECT | SEC_SEQUENCE_DETECT;
        }
    }
    if (flags & NTLMSSP_NEGOTIATE_SEAL) {
        granted |= SEC_CONFIDENTIALITY;
    }
    if (flags & NTLMSSP_NEGOTIATE_IDENTIFY) {
        granted |= SEC_IDENTIFY;
    }
    return granted;
}

void
ntlm_context_grant(struct ntlm_context *c, struct sec_step_args *args)
{
    c->granted = granted_by(c->session.flags) | (c->anonymous ? SEC_NULL_SESSION : 0u);
    c->session.no_dummy = ntlm_context_protection(c->handshake->wanted | args->wanted) != 0;
    c->base.half_duplex = ntlm_session_is_half_duplex(&c->session);
    c->start_100ns = ntlm_host(c)->now_100ns(ntlm_host(c));
    args->granted = c->granted;
}

sec_status
ntlm_refuse(enum wire_err err, const char *field, uint32_t at)
{
    switch (err) {
    case WIRE_NO_MEMORY: return sec_fail(SEC_E_INSUFFICIENT_MEMORY, "ntlm: %s: no memory", field);
    case WIRE_NO_SPACE: return sec_fail(SEC_E_BUFFER_TOO_SMALL, "ntlm: %s does not fit", field);
    default:
        return sec_fail(SEC_E_INVALID_TOKEN, "ntlm: %s at offset %u %s", field, at,
                        wire_err_text(err));
    }
}

void
ntlm_compute_mic(const struct ntlm_context *c, struct bytes authenticate,
                 uint8_t mic[static NTLM_MIC_BYTES])
{
    static const uint8_t zeros[NTLM_MIC_BYTES];
    const struct bytes parts[] = {
        wire_written(&c->handshake->messages),
        bytes_of(authenticate.p, NTLM_MIC_OFFSET),
        bytes_of(zeros, sizeof(zeros)),
        bytes_of(authenticate.p + NTLM_MIC_END, authenticate.n - NTLM_MIC_END),
    };

    digest_hmac_md5(c->session.key.b, parts, SEC_ARRAY_LEN(parts), mic);
}

static void
describe_message_protection(const struct ntlm_context *c, struct sec_facts *out)
{
    bool extended = c->session.flags & NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY;

    out->sign_algorithm = extended ? "HMAC-MD5" : "RSADSI RC4-CRC32";
    out->sign_algorithm_id = extended ? UINT32_C(0xFFFFFF76) : UINT32_C(0xFFFFFF7C);
    out->seal_algorithm = "RSADSI RC4";
    out->seal_algorithm_id = 0x6801; /* CALG_RC4 */
    out->key_bits = ntlm_session_key_bits(c->session.flags);
    if (!c->anonymous) {
        out->session_key = bytes_of(c->session.key.b, sizeof(c->session.key.b));
    }
}

static void
describe_established(const struct ntlm_context *c, struct sec_facts *out)
{
    out->flags = c->granted;
    if (c->role == SEC_INITIATOR && !c->anonymous) {
        /* An imported context's credential is nobody's: it has its names with it. */
        bool own = c->cred->has_identity;

        out->user = own ? c->cred->user : ntlm_context_name(c, NTLM_USER);
        out->domain = own ? c->cred->domain : ntlm_context_name(c, NTLM_DOMAIN);
        out->native_client = out->user;
        out->native_client_domain = out->domain;
    } else if (c->identity) {
        out->user = c->identity->user;
        out->domain = c->identity->domain;
        out->identity = c->identity;
        out->native_client = ntlm_context_name(c, NTLM_USER);
        out->native_client_domain = ntlm_context_name(c, NTLM_DOMAIN);
        out->logon_known = true;
        out->password_expires_100ns = c->identity->password_expires_100ns;
        out->logoff_100ns = CLOCK_NEVER_100NS; /* the store has no hours of logon */
        out->user_flags =
            LOGON_NTLMV2_ENABLED | (c->version == SEC_NTLM_LM ? LOGON_USED_LM_PASSWORD : 0);
    }
    out->native_server = out->target;
    out->anonymous = c->anonymous;
    describe_message_protection(c, out);
}

/* Which of its responses: of a client who gave none (anonymous), none. */
static void
describe_protocol(const struct ntlm_context *c, struct sec_facts *out)
{
    out->ntlm_version = (enum sec_ntlm_version)c->version;
    if (c->version != SEC_NTLM_NONE) {
        out->protocol = "NTLM";
        out->protocol_major = c->version == SEC_NTLM_V2 ? 2 : 1;
    }
}

static enum sec_phase
phase_of(const struct ntlm_context *c)
{
    switch ((enum ntlm_state)c->state) {
    case NTLM_ESTABLISHED: return SEC_PHASE_ESTABLISHED;
    case NTLM_FAILED: return SEC_PHASE_FAILED;
    default: return SEC_PHASE_HALF_OPEN;
    }
}

void
ntlm_context_describe(const struct sec_ctx *ctx, struct sec_facts *out)
{
    const struct ntlm_context *c = ntlm_context_of(ctx);

    *out = (struct sec_facts){
        .phase = phase_of(c),
        .mechanism = &ntlm_package,
        .max_token = NTLM_MAX_TOKEN_BYTES,
        .max_signature = NTLM_SIGNATURE_BYTES,
        .security_trailer = NTLM_SIGNATURE_BYTES,
        .start_100ns = c->start_100ns,
        .expires_100ns = CLOCK_NEVER_100NS,
        .password_expires_100ns = CLOCK_NEVER_100NS,
        .target = ntlm_context_name(c, NTLM_TARGET),
        .target_known = c->target_sent,
        .target_info = ntlm_context_name(c, NTLM_TARGET_INFO),
        .mic_verified = c->role == SEC_ACCEPTOR && c->mic_used,
        .bindings_verified = c->bindings_verified,
        .locked_out_now = c->locked_out_now,
        .sub_status = c->sub_status,
        .refused_sid = c->refused_sid,
    };
    describe_protocol(c, out);
    if (c->role == SEC_ACCEPTOR) {
        out->claimed_user = ntlm_context_name(c, NTLM_USER);
        out->claimed_domain = ntlm_context_name(c, NTLM_DOMAIN);
        out->claimed_workstation = ntlm_context_name(c, NTLM_WORKSTATION);
    }
    if (c->state == NTLM_ESTABLISHED) {
        describe_established(c, out);
    }
}
