/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of response. */
#include "account/proof.h"
#include "account/proof_ppp.h"
#include "crypto/ntlm_key.h"

bool
proof_take(struct bytes response, uint8_t *to, size_t n)
{
    size_t have = response.n < n ? response.n : n;

    for (size_t i = have; i < n; i++) {
        to[i] = 0;
    }
    bytes_copy(to, response.p, have);
    return have == n;
}

static struct bytes
after(struct bytes response, size_t n)
{
    if (response.n <= n) {
        return (struct bytes){ 0 };
    }
    return bytes_of(response.p + n, response.n - n);
}

/* [MS-NLMP] 3.3.2, over one form of the domain: HMAC-MD5 three times, the key of the last two
 * prepared once. */
static bool
check_v2(const struct account_record *r, const struct account_claim *claim, struct bytes response,
         const struct bytes user_and_domain[static 2], struct secret16 *session)
{
    struct bytes server_challenge =
        bytes_of(claim->server_challenge, sizeof(claim->server_challenge));
    uint8_t sent[NTLM_PROOF_BYTES], wanted[NTLM_PROOF_BYTES];
    bool whole = proof_take(response, sent, sizeof(sent));
    struct secret16 v2;
    struct hmac_md5_key key;
    struct hmac_md5 h;
    bool equal;

    ntlm_key_v2_prepared(&r->nt_key, user_and_domain[0], user_and_domain[1], &v2);
    hmac_md5_key_init(&key, bytes_of(v2.b, sizeof(v2.b)));
    digest_hmac_md5_begin(&h, &key);
    digest_hmac_md5_add(&h, server_challenge);
    digest_hmac_md5_add(&h, after(response, sizeof(sent)));
    digest_hmac_md5_end(&h, wanted);
    digest_hmac_md5_begin(&h, &key);
    digest_hmac_md5_add(&h, bytes_of(wanted, sizeof(wanted)));
    digest_hmac_md5_end(&h, session->b);
    equal = secret_equal(sent, wanted, sizeof(sent));
    secret_wipe(&key, sizeof(key));
    secret_wipe(&v2, sizeof(v2));
    secret_wipe(wanted, sizeof(wanted));
    return equal && whole;
}

/* [MS-NLMP] 3.2.5.1.2: where the response over the domain as sent is wrong, one over an empty domain
 * is tried. A right one is spared the second round, unless it is to take as long as a wrong one. */
static bool
check_v2_domains(const struct account_record *r, const struct account_claim *claim,
                 struct bytes user_upper, bool even, struct secret16 *session)
{
    const struct bytes as_sent[2] = { user_upper, claim->domain };
    const struct bytes without[2] = { user_upper };
    struct bytes response =
        claim->kind == ACCOUNT_NTLM_V2 ? claim->nt_response : claim->lm_response;
    bool right = check_v2(r, claim, response, as_sent, session);
    struct secret16 unused;

    if (!claim->domain.n || (right && !even)) {
        return right;
    }
    if (right) {
        (void)check_v2(r, claim, response, without, &unused);
        secret_wipe(&unused, sizeof(unused));
        return true;
    }
    return check_v2(r, claim, response, without, session);
}

static bool
check_nt_v2(const struct account_record *r, const struct account_claim *claim,
            struct bytes user_upper, bool even, struct account_proof *out)
{
    return check_v2_domains(r, claim, user_upper, even, &out->session_base_key);
}

/* 3.3.2: LMv2 is the same proof over the client challenge alone. */
static bool
check_lm_v2(const struct account_record *r, const struct account_claim *claim,
            struct bytes user_upper, bool even, struct account_proof *out)
{
    bool proven = check_v2_domains(r, claim, user_upper, even, &out->session_base_key);

    return proven && claim->lm_response.n == NTLM_RESPONSE_BYTES;
}

/* 3.3.1: what comes of a version 1 response that was right. */
static bool
finish_v1(const struct account_record *r, const uint8_t wanted[static NTLM_RESPONSE_BYTES],
          struct bytes response, struct account_proof *out)
{
    uint8_t sent[NTLM_RESPONSE_BYTES];
    bool whole = proof_take(response, sent, sizeof(sent)) && response.n == sizeof(sent);

    ntlm_key_v1_session(&r->nt_hash, &out->session_base_key);
    out->has_lm_session_key = r->has_lm_hash;
    bytes_copy(out->lm_session_key.b, r->lm_hash.b, 8);
    return secret_equal(sent, wanted, sizeof(sent)) && whole;
}

static bool
check_nt_v1(const struct account_record *r, const struct account_claim *claim,
            struct bytes user_upper, bool even, struct account_proof *out)
{
    uint8_t wanted[NTLM_RESPONSE_BYTES];

    ntlm_key_v1_response(&r->nt_hash, claim->server_challenge, wanted);
    return finish_v1(r, wanted, claim->nt_response, out);
}

static bool
check_nt_v1_ess(const struct account_record *r, const struct account_claim *claim,
                struct bytes user_upper, bool even, struct account_proof *out)
{
    uint8_t wanted[NTLM_RESPONSE_BYTES], client_challenge[NTLM_CHALLENGE_BYTES];
    bool whole = proof_take(claim->lm_response, client_challenge, sizeof(client_challenge));

    ntlm_key_v1_ess_response(&r->nt_hash, claim->server_challenge, client_challenge, wanted);
    return finish_v1(r, wanted, claim->nt_response, out) && whole;
}

/* An account without an LM hash is checked against zeroes, and refused. */
static bool
check_lm_v1(const struct account_record *r, const struct account_claim *claim,
            struct bytes user_upper, bool even, struct account_proof *out)
{
    uint8_t wanted[NTLM_RESPONSE_BYTES];

    ntlm_key_v1_response(&r->lm_hash, claim->server_challenge, wanted);
    return finish_v1(r, wanted, claim->lm_response, out) && r->has_lm_hash;
}

bool
proof_check(const struct account_record *r, const struct account_claim *claim,
            struct bytes user_upper, bool even, struct account_proof *out)
{
    static bool (*const checks[])(const struct account_record *, const struct account_claim *,
                                  struct bytes, bool, struct account_proof *) = {
        [ACCOUNT_NTLM_V2] = check_nt_v2,
        [ACCOUNT_LM_V2] = check_lm_v2,
        [ACCOUNT_NTLM_V1] = check_nt_v1,
        [ACCOUNT_NTLM_V1_ESS] = check_nt_v1_ess,
        [ACCOUNT_LM_V1] = check_lm_v1,
        [ACCOUNT_PASSWORD] = proof_ppp_password,
        [ACCOUNT_CHAP_MD5] = proof_ppp_chap_md5,
        [ACCOUNT_MSCHAP] = proof_ppp_mschap,
        [ACCOUNT_MSCHAP_V2] = proof_ppp_mschap_v2,
    };
    bool proven;

    proven = (size_t)claim->kind < SEC_ARRAY_LEN(checks) &&
             checks[claim->kind](r, claim, user_upper, even, out);
    if (!proven) {
        secret_wipe(&out->session_base_key, sizeof(out->session_base_key));
        secret_wipe(&out->lm_session_key, sizeof(out->lm_session_key));
        secret_wipe(&out->mppe_send, sizeof(out->mppe_send));
        secret_wipe(&out->mppe_receive, sizeof(out->mppe_receive));
        secret_wipe(out->authenticator, sizeof(out->authenticator));
        out->has_lm_session_key = false;
    }
    return proven;
}
