/* SPDX-License-Identifier: Apache-2.0 */
/* MS-CHAP's hashes (RFC 2433, RFC 2759) and the keys of MPPE that come of them (RFC 3079), as pure
 * functions. The response itself is NTLM's: ntlm_key_v1_response. */
#ifndef CRYPTO_MSCHAP_KEY_H
#define CRYPTO_MSCHAP_KEY_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/secret.h"

enum {
    MSCHAP_V2_CHALLENGE_BYTES = 16,
    MSCHAP_AUTHENTICATOR_BYTES = 20, /* of "S=", in binary */
};

/* RFC 2759 8.2 ChallengeHash: user is as the peer sent it, without a domain before it. */
void mschap_key_challenge(const uint8_t peer_challenge[static MSCHAP_V2_CHALLENGE_BYTES],
                          const uint8_t challenge[static MSCHAP_V2_CHALLENGE_BYTES],
                          struct bytes user, uint8_t out[static 8]);

/* RFC 2759 8.7 GenerateAuthenticatorResponse, from the MD4 of the NT hash and 8.2's hash. */
void mschap_key_authenticator(const struct secret16 *hash_of_hash,
                              const uint8_t nt_response[static 24],
                              const uint8_t challenge_hash[static 8],
                              uint8_t out[static MSCHAP_AUTHENTICATOR_BYTES]);

/* RFC 3079 3.4: the start keys of 128 bits as the authenticator uses them; the peer swaps them. */
void mschap_key_mppe_v2(const struct secret16 *hash_of_hash, const uint8_t nt_response[static 24],
                        struct secret16 *send, struct secret16 *receive);
/* RFC 3079 2.4: MS-CHAP has one of 128 bits for both directions. */
void mschap_key_mppe_v1(const struct secret16 *hash_of_hash, const uint8_t challenge[static 8],
                        struct secret16 *out);

#endif
