/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4757: the RC4-HMAC encryption type, as far as its messages and checksums differ from those
 * of the AES types. */
#ifndef CRYPTO_KRB_RC4_H
#define CRYPTO_KRB_RC4_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/digest.h"
#include "crypto/krb_crypt.h"

/* The key of a usage (K1 and K2 of section 5), kept hashed. */
void krb_rc4_usage_key(struct hmac_md5_key *out, const uint8_t key[static 16], uint32_t usage);
void krb_rc4_encrypt_pieces(const struct hmac_md5_key *usage_key, const struct krb_piece *pieces,
                            size_t n, uint8_t mac[static MD5_BYTES]);
/* false: it does not verify; the pieces are as they were decrypted. */
SEC_NODISCARD bool krb_rc4_decrypt_pieces(const struct hmac_md5_key *usage_key,
                                          const struct krb_piece *pieces, size_t n,
                                          const uint8_t mac[static MD5_BYTES]);

/* Section 4: the key of checksums is the same for every usage, which goes into the digest. */
void krb_rc4_checksum_key(struct hmac_md5_key *out, const uint8_t key[static 16]);
void krb_rc4_checksum(const struct hmac_md5_key *checksum_key, uint32_t usage,
                      const struct bytes *parts, size_t n, uint8_t out[static MD5_BYTES]);

/* The number that stands for a usage of RFC 4120 in this type (section 3). */
uint32_t krb_rc4_usage(uint32_t usage);

#endif
