/* SPDX-License-Identifier: Apache-2.0 */
/* Server policy. [MS-NLMP] 3.2.5.1.2; Microsoft's LmCompatibilityLevel and extended protection. */
#include "ntlm/policy.h"

#include "base/spn.h"
#include "crypto/ntlm_key.h"

/* NTSTATUS values, for the event log. */
#define STATUS_NTLM_BLOCKED          UINT32_C(0xC0000418)
#define STATUS_TIME_DIFFERENCE_AT_DC UINT32_C(0xC0000133)
#define STATUS_BAD_BINDINGS          UINT32_C(0xC000035B)

static sec_status
blocked(struct ntlm_context *c, const char *what)
{
    c->sub_status = STATUS_NTLM_BLOCKED;
    return sec_fail(SEC_E_LOGON_DENIED,
                    "ntlm: %s, which policy refuses "
                    "(lm_compatibility_level = %u, require_mic = %s)",
                    what, ntlm_host(c)->settings->lm_level_server,
                    ntlm_host(c)->settings->require_mic ? "yes" : "no");
}

/* 2.2.2.4: with extended session security the LM field is the client's challenge and zeros. */
static bool
is_ess_response(const struct ntlm_authenticate *m)
{
    static const uint8_t zeros[NTLM_RESPONSE_BYTES - NTLM_CHALLENGE_BYTES];

    return (m->flags & NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY) &&
           m->lm_response.n == NTLM_RESPONSE_BYTES &&
           bytes_equal(bytes_of(m->lm_response.p + NTLM_CHALLENGE_BYTES, sizeof(zeros)),
                       bytes_of(zeros, sizeof(zeros)));
}

static sec_status
choose_old_proof(struct ntlm_context *c, const struct ntlm_authenticate *m,
                 enum account_proof_kind *out)
{
    unsigned level = ntlm_host(c)->settings->lm_level_server;

    if (m->nt_response.n == NTLM_RESPONSE_BYTES) {
        bool ess = is_ess_response(m);

        *out = ess ? ACCOUNT_NTLM_V1_ESS : ACCOUNT_NTLM_V1;
        c->version = ess ? SEC_NTLM_V1_ESS : SEC_NTLM_V1;
        return level >= NTLM_LEVEL_REFUSE_V1 ? blocked(c, "an NTLMv1 response") : SEC_E_OK;
    }
    if (m->lm_response.n != NTLM_RESPONSE_BYTES) {
        return sec_fail(SEC_E_INVALID_TOKEN,
                        "ntlm: LmChallengeResponse of %zu bytes and no NtChallengeResponse",
                        m->lm_response.n);
    }
    c->version = SEC_NTLM_LM;
    if (level >= NTLM_LEVEL_REFUSE_V1) {
        return blocked(c, "an LM response alone");
    }
    /* Nothing tells LM from LMv2; where LM is refused, only the latter can be meant. */
    *out = level >= NTLM_LEVEL_REFUSE_LM ? ACCOUNT_LM_V2 : ACCOUNT_LM_V1;
    return SEC_E_OK;
}

sec_status
ntlm_policy_choose_proof(struct ntlm_context *c, const struct ntlm_authenticate *m,
                         const struct ntlm_v2_response *v2, enum account_proof_kind *out)
{
    bool mic = v2 && (v2->av.flags & NTLM_AV_FLAG_MIC);

    if (v2) {
        *out = ACCOUNT_NTLM_V2;
        c->version = SEC_NTLM_V2;
    } else {
        sec_status status = choose_old_proof(c, m, out);

        if (status != SEC_E_OK) {
            return status;
        }
    }
    if (!mic && ntlm_host(c)->settings->require_mic) {
        return blocked(c, "no MIC");
    }
    return SEC_E_OK;
}

sec_status
ntlm_policy_allow_anonymous(struct ntlm_context *c, uint32_t wanted)
{
    if (ntlm_host(c)->settings->allow_anonymous || (wanted & SEC_NULL_SESSION)) {
        return SEC_E_OK;
    }
    return blocked(c, "an anonymous client");
}

/* --- the pairs ----------------------------------------------------------------------------- */

static sec_status
check_age(struct ntlm_context *c, const struct ntlm_v2_response *v2)
{
    const struct sec_host *host = ntlm_host(c);
    uint64_t now = host->now_100ns(host);
    uint64_t sent = v2->timestamp_100ns;
    uint64_t away = sent > now ? sent - now : now - sent;

    if (away > host->settings->max_response_age_100ns) {
        c->sub_status = STATUS_TIME_DIFFERENCE_AT_DC;
        return sec_fail(SEC_E_LOGON_DENIED, "ntlm: the response's time stamp is %llu s off",
                        (unsigned long long)(away / UINT64_C(10000000)));
    }
    return SEC_E_OK;
}

/* The level in force: what is configured, or what the flags of the call mean on Windows, where
 * bindings that are given must be matched unless ALLOW_MISSING says otherwise. */
static enum sec_bindings_policy
bindings_level(const struct ntlm_context *c, const struct sec_step_args *args)
{
    enum sec_bindings_policy level = ntlm_host(c)->settings->channel_bindings;

    if (level != SEC_BINDINGS_BY_CALLER) {
        return level;
    }
    if (args->wanted & SEC_ALLOW_MISSING_BINDINGS) {
        return SEC_BINDINGS_ALLOW_MISSING;
    }
    return args->bindings.given ? SEC_BINDINGS_REQUIRED : SEC_BINDINGS_OFF;
}

static sec_status
bad_bindings(struct ntlm_context *c, const char *why)
{
    c->sub_status = STATUS_BAD_BINDINGS;
    return sec_fail(SEC_E_BAD_BINDINGS, "ntlm: %s", why);
}

/* A pair that is absent comes from a client that knows nothing of bindings; one of zeros from a
 * client that does and whose application has no channel: only the first may be allowed to miss. */
static sec_status
check_bindings(struct ntlm_context *c, const struct sec_step_args *args,
               const struct ntlm_v2_response *v2)
{
    static const uint8_t zeros[NTLM_BINDINGS_BYTES];
    enum sec_bindings_policy level = bindings_level(c, args);
    bool aware = v2 && ntlm_av_has(&v2->av, NTLM_AV_CHANNEL_BINDINGS);
    bool bound = aware && !secret_equal(v2->av.channel_bindings.p, zeros, sizeof(zeros));

    c->bindings_verified =
        bound && args->bindings.given &&
        secret_equal(v2->av.channel_bindings.p, args->bindings.md5, sizeof(zeros));
    if (c->bindings_verified || ntlm_host(c)->settings->channel_bindings == SEC_BINDINGS_OFF) {
        return SEC_E_OK;
    }
    if (bound && args->bindings.given) {
        return bad_bindings(c, "the client is bound to another channel");
    }
    if (args->wanted & SEC_PROXY_BINDINGS) {
        return bound ? SEC_E_OK : bad_bindings(c, "the client is bound to no channel");
    }
    if (level == SEC_BINDINGS_REQUIRED) {
        return bad_bindings(c, args->bindings.given ? "the client sent no channel bindings"
                                                    : "this server was given none to check");
    }
    if (level == SEC_BINDINGS_ALLOW_MISSING && aware && args->bindings.given) {
        return bad_bindings(c, "the client knows of channel bindings and sent empty ones");
    }
    return SEC_E_OK;
}

/* An empty name says as much as none: of a client whose application named no target. Only where
 * one is required is that too little. */
static sec_status
check_target(struct ntlm_context *c, const struct ntlm_v2_response *v2)
{
    const struct sec_settings *s = ntlm_host(c)->settings;
    struct bytes name = v2 ? v2->av.target_name : bytes_of(NULL, 0);

    if (!name.n) {
        return s->service_binding == SEC_BINDINGS_REQUIRED
                   ? sec_fail(SEC_E_WRONG_PRINCIPAL, "ntlm: the client sent no target name")
                   : SEC_E_OK;
    }
    if (s->service_binding == SEC_BINDINGS_REQUIRED &&
        (v2->av.flags & NTLM_AV_FLAG_UNVERIFIED_TARGET)) {
        return sec_fail(SEC_E_WRONG_PRINCIPAL,
                        "ntlm: the client's target name is from an untrusted source");
    }
    for (size_t i = 0; i < s->n_spns; i++) {
        if (spn_matches(s->spns[i], name)) {
            return SEC_E_OK;
        }
    }
    if (s->n_spns || s->service_binding == SEC_BINDINGS_REQUIRED) {
        return sec_fail(SEC_E_WRONG_PRINCIPAL,
                        "ntlm: the client's target name is none of this service's (spn)");
    }
    return SEC_E_OK;
}

sec_status
ntlm_policy_check_pairs(struct ntlm_context *c, const struct sec_step_args *args,
                        const struct ntlm_v2_response *v2)
{
    sec_status status = v2 ? check_age(c, v2) : SEC_E_OK;

    if (status == SEC_E_OK) {
        status = check_bindings(c, args, v2);
    }
    return status == SEC_E_OK ? check_target(c, v2) : status;
}
