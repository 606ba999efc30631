/* SPDX-License-Identifier: Apache-2.0 */
/* The encryption types. */
#include "crypto/krb_type.h"

/* RFC 3962 7, RFC 8009 5 and 6, RFC 4757 4 and 5. */
static const struct krb_type types[] = {
    { { KRB_AES256_SHA1, "aes256-cts-hmac-sha1-96", 32, 16, 12, false, 16, 12 },
      HMAC_SHA1,
      32,
      false },
    { { KRB_AES128_SHA1, "aes128-cts-hmac-sha1-96", 16, 16, 12, false, 15, 12 },
      HMAC_SHA1,
      16,
      false },
    { { KRB_AES256_SHA384, "aes256-cts-hmac-sha384-192", 32, 16, 24, false, 20, 24 },
      HMAC_SHA384,
      24,
      true },
    { { KRB_AES128_SHA256, "aes128-cts-hmac-sha256-128", 16, 16, 16, false, 19, 16 },
      HMAC_SHA256,
      16,
      true },
    { .profile = { KRB_RC4_HMAC, "rc4-hmac", 16, 8, 16, true, -138, 16 } },
};

const struct krb_type *
krb_type_of(int32_t enctype)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(types); i++) {
        if (types[i].profile.enctype == enctype) {
            return &types[i];
        }
    }
    return NULL;
}

const struct krb_profile *
krb_profile_of(int32_t enctype)
{
    const struct krb_type *type = krb_type_of(enctype);

    return type ? &type->profile : NULL;
}

bool
krb_key_set(struct krb_key *key, int32_t enctype, struct bytes from)
{
    const struct krb_type *type = krb_type_of(enctype);

    *key = (struct krb_key){ 0 };
    if (!type || from.n != type->profile.key_bytes) {
        return false;
    }
    key->enctype = enctype;
    key->n = type->profile.key_bytes;
    bytes_copy(key->b, from.p, from.n);
    return true;
}
