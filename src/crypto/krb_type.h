/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the Kerberos cryptography know of an encryption type beyond its profile. */
#ifndef CRYPTO_KRB_TYPE_H
#define CRYPTO_KRB_TYPE_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/hmac_sha.h"
#include "crypto/krb_crypt.h"

struct krb_type {
    struct krb_profile profile;
    enum hmac_sha_digest digest; /* AES types */
    uint8_t mac_key_bytes;       /* of Ki and Kc */
    bool sha2;                   /* RFC 8009: keys by KDF-HMAC-SHA2, the MAC over the ciphertext */
};

/* NULL: not an encryption type of ours. */
const struct krb_type *krb_type_of(int32_t enctype);

#endif
