/* SPDX-License-Identifier: Apache-2.0 */
/* PAP, CHAP with MD5, MS-CHAP and MS-CHAPv2 from the authenticator's side. */
#include "account/proof.h"
#include "account/proof_ppp.h"
#include "base/utf16.h"
#include "crypto/mschap_key.h"
#include "crypto/ntlm_key.h"

enum { PASSWORD_UNITS_MAX = 256 }; /* as account/password.c sets them */

bool
proof_ppp_password(const struct account_record *r, const struct account_claim *claim,
                   struct bytes user_upper, bool even, struct account_proof *out)
{
    uint8_t held[2 * PASSWORD_UNITS_MAX];
    struct wire_writer w = wire_writer_fixed(held, sizeof(held));
    struct secret16 hash;
    bool good, equal;

    utf16_put_utf8(&w, claim->password);
    good = wire_writer_status(&w) == WIRE_OK && claim->password.n;
    ntlm_key_nt_hash(good ? wire_written(&w) : (struct bytes){ 0 }, &hash);
    equal = secret_equal(hash.b, r->nt_hash.b, sizeof(hash.b));
    ntlm_key_v1_session(&r->nt_hash, &out->session_base_key);
    secret_wipe(held, sizeof(held));
    secret_wipe(&hash, sizeof(hash));
    return equal && good;
}

bool
proof_ppp_chap_md5(const struct account_record *r, const struct account_claim *claim,
                   struct bytes user_upper, bool even, struct account_proof *out)
{
    const struct bytes parts[] = {
        { &claim->chap_id, 1 },
        r->clear_text ? bytes_of(r->clear_text->b, r->clear_text->n) : (struct bytes){ 0 },
        claim->challenge,
    };
    uint8_t sent[MD5_BYTES], wanted[MD5_BYTES];
    bool whole = proof_take(claim->chap_response, sent, sizeof(sent)) &&
                 claim->chap_response.n == sizeof(sent);
    bool equal;

    digest_md5(parts, 3, wanted);
    equal = secret_equal(sent, wanted, sizeof(sent));
    secret_wipe(wanted, sizeof(wanted));
    return equal && whole && r->clear_text && claim->challenge.n;
}

/* The response over one challenge, as both versions have it, and the MD4 of the hash. */
static bool
check_response(const struct account_record *r, const struct account_claim *claim,
               const uint8_t challenge[static 8], uint8_t sent[static NTLM_RESPONSE_BYTES],
               struct account_proof *out)
{
    uint8_t wanted[NTLM_RESPONSE_BYTES];
    bool whole = proof_take(claim->nt_response, sent, NTLM_RESPONSE_BYTES) &&
                 claim->nt_response.n == NTLM_RESPONSE_BYTES;
    bool equal;

    ntlm_key_v1_response(&r->nt_hash, challenge, wanted);
    ntlm_key_v1_session(&r->nt_hash, &out->session_base_key);
    equal = secret_equal(sent, wanted, sizeof(wanted));
    secret_wipe(wanted, sizeof(wanted));
    return equal && whole;
}

bool
proof_ppp_mschap(const struct account_record *r, const struct account_claim *claim,
                 struct bytes user_upper, bool even, struct account_proof *out)
{
    uint8_t sent[NTLM_RESPONSE_BYTES];
    bool right = check_response(r, claim, claim->server_challenge, sent, out);

    mschap_key_mppe_v1(&out->session_base_key, claim->server_challenge, &out->mppe_send);
    out->mppe_receive = out->mppe_send;
    return right;
}

bool
proof_ppp_mschap_v2(const struct account_record *r, const struct account_claim *claim,
                    struct bytes user_upper, bool even, struct account_proof *out)
{
    uint8_t own[MSCHAP_V2_CHALLENGE_BYTES], peers[MSCHAP_V2_CHALLENGE_BYTES];
    uint8_t hash[NTLM_CHALLENGE_BYTES], sent[NTLM_RESPONSE_BYTES];
    bool own_whole =
        proof_take(claim->challenge, own, sizeof(own)) && claim->challenge.n == sizeof(own);
    bool peers_whole = proof_take(claim->peer_challenge, peers, sizeof(peers)) &&
                       claim->peer_challenge.n == sizeof(peers);
    bool right;

    mschap_key_challenge(peers, own, claim->peer_name, hash);
    right = check_response(r, claim, hash, sent, out);
    mschap_key_authenticator(&out->session_base_key, sent, hash, out->authenticator);
    mschap_key_mppe_v2(&out->session_base_key, sent, &out->mppe_send, &out->mppe_receive);
    return right && own_whole && peers_whole;
}
