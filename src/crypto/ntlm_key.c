/* SPDX-License-Identifier: Apache-2.0 */
/* NTLM's keys. [MS-NLMP] 3.3.1, 3.3.2, 3.4.5.1, 3.4.5.2, 3.4.5.3. */
#include <string.h>

#include "base/wire.h"
#include "crypto/cipher.h"
#include "crypto/ntlm_key.h"

enum { LM_PASSWORD_MAX = 14 };

void
ntlm_key_nt_hash(struct bytes password_utf16, struct secret16 *out)
{
    digest_md4(password_utf16, out->b);
}

bool
ntlm_key_lm_hash(struct bytes password_utf16, struct secret16 *out)
{
    static const uint8_t magic[8] = { 'K', 'G', 'S', '!', '@', '#', '$', '%' };
    uint8_t padded[LM_PASSWORD_MAX] = { 0 };
    size_t n = password_utf16.n / 2;
    bool fits = n <= LM_PASSWORD_MAX;

    for (size_t i = 0; fits && i < n; i++) {
        uint16_t c = wire_load_le16(password_utf16.p + 2 * i);

        fits = c < 0x80;
        padded[i] = (uint8_t)(c >= 'a' && c <= 'z' ? c - 0x20 : c);
    }
    if (fits) {
        cipher_des7(padded, out->b, magic);
        cipher_des7(padded + 7, out->b + 8, magic);
    }
    secret_wipe(padded, sizeof(padded));
    return fits;
}

void
ntlm_key_v2_prepared(const struct hmac_md5_key *nt_hash, struct bytes user_upper,
                     struct bytes domain, struct secret16 *out)
{
    struct hmac_md5 h;

    digest_hmac_md5_begin(&h, nt_hash);
    digest_hmac_md5_add(&h, user_upper);
    digest_hmac_md5_add(&h, domain);
    digest_hmac_md5_end(&h, out->b);
}

void
ntlm_key_v2(const struct secret16 *nt_hash, struct bytes user_upper, struct bytes domain,
            struct secret16 *out)
{
    const struct bytes parts[] = { user_upper, domain };

    digest_hmac_md5(nt_hash->b, parts, 2, out->b);
}

void
ntlm_key_v2_proof(const struct secret16 *v2, const uint8_t server_challenge[static 8],
                  struct bytes rest, uint8_t proof[static NTLM_PROOF_BYTES])
{
    const struct bytes parts[] = { { server_challenge, NTLM_CHALLENGE_BYTES }, rest };

    digest_hmac_md5(v2->b, parts, 2, proof);
}

void
ntlm_key_v2_session(const struct secret16 *v2, const uint8_t proof[static NTLM_PROOF_BYTES],
                    struct secret16 *out)
{
    const struct bytes part = { proof, NTLM_PROOF_BYTES };

    digest_hmac_md5(v2->b, &part, 1, out->b);
}

void
ntlm_key_v1_response(const struct secret16 *hash, const uint8_t server_challenge[static 8],
                     uint8_t out[static NTLM_RESPONSE_BYTES])
{
    cipher_desl(hash->b, out, server_challenge);
}

void
ntlm_key_v1_ess_response(const struct secret16 *nt_hash, const uint8_t server_challenge[static 8],
                         const uint8_t client_challenge[static 8],
                         uint8_t out[static NTLM_RESPONSE_BYTES])
{
    const struct bytes parts[] = { { server_challenge, NTLM_CHALLENGE_BYTES },
                                   { client_challenge, NTLM_CHALLENGE_BYTES } };
    uint8_t both[MD5_BYTES];

    digest_md5(parts, 2, both);
    cipher_desl(nt_hash->b, out, both);
}

void
ntlm_key_v1_session(const struct secret16 *nt_hash, struct secret16 *out)
{
    digest_md4(bytes_of(nt_hash->b, sizeof(nt_hash->b)), out->b);
}

void
ntlm_key_exchange_ess(const struct secret16 *session_base, const uint8_t server_challenge[static 8],
                      const uint8_t client_challenge[static 8], struct secret16 *out)
{
    const struct bytes parts[] = { { server_challenge, NTLM_CHALLENGE_BYTES },
                                   { client_challenge, NTLM_CHALLENGE_BYTES } };

    digest_hmac_md5(session_base->b, parts, 2, out->b);
}

void
ntlm_key_exchange_lm(const struct secret16 *lm_session_key, const uint8_t lm_response[static 8],
                     struct secret16 *out)
{
    uint8_t second[7] = { lm_session_key->b[7], 0xBD, 0xBD, 0xBD, 0xBD, 0xBD, 0xBD };

    cipher_des7(lm_session_key->b, out->b, lm_response);
    cipher_des7(second, out->b + 8, lm_response);
    secret_wipe(second, sizeof(second));
}

void
ntlm_key_exchange_non_nt(const struct secret16 *lm_session_key, struct secret16 *out)
{
    *out = (struct secret16){ 0 };
    bytes_copy(out->b, lm_session_key->b, 8);
}

/* The constants are hashed with their NUL. */
static const char sign_magic[2][59] = {
    "session key to client-to-server signing key magic constant",
    "session key to server-to-client signing key magic constant",
};
static const char seal_magic[2][59] = {
    "session key to client-to-server sealing key magic constant",
    "session key to server-to-client sealing key magic constant",
};

void
ntlm_key_sign(const struct secret16 *exported, enum ntlm_direction direction, struct secret16 *out)
{
    const struct bytes parts[] = {
        { exported->b, sizeof(exported->b) },
        bytes_of(sign_magic[direction], sizeof(sign_magic[0])),
    };

    digest_md5(parts, 2, out->b);
}

void
ntlm_key_seal(const struct secret16 *exported, enum ntlm_direction direction,
              unsigned strength_bits, struct secret16 *out)
{
    const struct bytes parts[] = {
        { exported->b, strength_bits >= 128  ? 16
                       : strength_bits == 56 ? 7
                                             : 5 },
        bytes_of(seal_magic[direction], sizeof(seal_magic[0])),
    };

    digest_md5(parts, 2, out->b);
}
