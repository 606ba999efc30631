/* SPDX-License-Identifier: Apache-2.0 */
/* Keys from keys, for the AES types: RFC 3961 5.1 (n-fold, DK) and RFC 8009 3 (KDF-HMAC-SHA2). */
#ifndef CRYPTO_KRB_DERIVE_H
#define CRYPTO_KRB_DERIVE_H

#include <stddef.h>
#include <stdint.h>

#include <nettle/aes.h>

#include "base/bytes.h"
#include "crypto/hmac_sha.h"
#include "crypto/krb_type.h"

/* The last byte of a derivation's constant, behind the usage (RFC 3961 5.3). */
enum krb_purpose {
    KRB_FOR_CHECKSUM = 0x99,   /* Kc */
    KRB_FOR_ENCRYPTION = 0xAA, /* Ke */
    KRB_FOR_INTEGRITY = 0x55,  /* Ki */
};

/* A base key, made ready for any number of derivations. A secret: wipe it. */
struct krb_derivation {
    const struct krb_type *type;
    union {
        struct aes128_ctx aes128;
        struct aes256_ctx aes256;
        struct {
            uint8_t inner[HMAC_SHA_STATE_MAX_BYTES], outer[HMAC_SHA_STATE_MAX_BYTES];
        } hmac;
    } base;
};

/* key has the type's key_bytes. */
void krb_derive_begin(struct krb_derivation *d, const struct krb_type *type, const uint8_t *key);
/* n bytes of the key for a label; n <= KRB_KEY_MAX_BYTES. */
void krb_derive_key(const struct krb_derivation *d, struct bytes label, uint8_t *out, size_t n);
/* The same, the label being usage and purpose. */
void krb_derive_for_usage(const struct krb_derivation *d, uint32_t usage, enum krb_purpose purpose,
                          uint8_t *out, size_t n);

/* RFC 3961 5.1: in, stretched or shrunk to n bytes. Neither is empty. */
void krb_derive_nfold(struct bytes in, uint8_t *out, size_t n);

#endif
