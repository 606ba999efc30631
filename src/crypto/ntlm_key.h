/* SPDX-License-Identifier: Apache-2.0 */
/* NTLM's one-way functions, responses and keys ([MS-NLMP] 3.3 and 3.4.5) as pure functions: the
 * client's side and the account authority compute the same. */
#ifndef CRYPTO_NTLM_KEY_H
#define CRYPTO_NTLM_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/secret.h"
#include "crypto/digest.h"

enum { NTLM_PROOF_BYTES = 16, NTLM_RESPONSE_BYTES = 24, NTLM_CHALLENGE_BYTES = 8 };

/* 3.3.1 NTOWFv1: MD4 of the password in UTF-16LE. */
void ntlm_key_nt_hash(struct bytes password_utf16, struct secret16 *out);
/* 3.3.1 LMOWFv1. false: a password of more than 14 characters or with others than ASCII has none. */
SEC_NODISCARD bool ntlm_key_lm_hash(struct bytes password_utf16, struct secret16 *out);

/* 3.3.2 NTOWFv2 = LMOWFv2. user_upper has been through utf16_put_upper; domain is as sent. */
void ntlm_key_v2(const struct secret16 *nt_hash, struct bytes user_upper, struct bytes domain,
                 struct secret16 *out);
/* The same from a hash whose HMAC key is prepared. */
void ntlm_key_v2_prepared(const struct hmac_md5_key *nt_hash, struct bytes user_upper,
                          struct bytes domain, struct secret16 *out);

/* 3.3.2: the proof over a challenge and what follows it (the blob, or LMv2's client challenge),
 * and the session base key that goes with the NTLMv2 proof. */
void ntlm_key_v2_proof(const struct secret16 *v2, const uint8_t server_challenge[static 8],
                       struct bytes rest, uint8_t proof[static NTLM_PROOF_BYTES]);
void ntlm_key_v2_session(const struct secret16 *v2, const uint8_t proof[static NTLM_PROOF_BYTES],
                         struct secret16 *out);

/* 3.3.1: a response of 24 bytes; with extended session security over both challenges. */
void ntlm_key_v1_response(const struct secret16 *hash, const uint8_t server_challenge[static 8],
                          uint8_t out[static NTLM_RESPONSE_BYTES]);
void ntlm_key_v1_ess_response(const struct secret16 *nt_hash,
                              const uint8_t server_challenge[static 8],
                              const uint8_t client_challenge[static 8],
                              uint8_t out[static NTLM_RESPONSE_BYTES]);
/* 3.3.1: MD4 of the NT hash. */
void ntlm_key_v1_session(const struct secret16 *nt_hash, struct secret16 *out);

/* 3.4.5.1 KXKEY for NTLMv1. lm_session_key holds LMOWFv1's first 8 bytes. */
void ntlm_key_exchange_ess(const struct secret16 *session_base,
                           const uint8_t server_challenge[static 8],
                           const uint8_t client_challenge[static 8], struct secret16 *out);
void ntlm_key_exchange_lm(const struct secret16 *lm_session_key,
                          const uint8_t lm_response[static 8], struct secret16 *out);
void ntlm_key_exchange_non_nt(const struct secret16 *lm_session_key, struct secret16 *out);

/* 3.4.5.2 SIGNKEY and 3.4.5.3 SEALKEY with extended session security. */
enum ntlm_direction { NTLM_CLIENT_TO_SERVER, NTLM_SERVER_TO_CLIENT };
void ntlm_key_sign(const struct secret16 *exported, enum ntlm_direction, struct secret16 *out);
/* strength_bits: 128, 56 or 40. */
void ntlm_key_seal(const struct secret16 *exported, enum ntlm_direction, unsigned strength_bits,
                   struct secret16 *out);

#endif
