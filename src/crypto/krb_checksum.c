/* SPDX-License-Identifier: Apache-2.0 */
/* Keyed checksums: RFC 3961 5.4 with Kc of RFC 3962 and RFC 8009, RFC 4757 4. */
#include "base/secret.h"
#include "crypto/krb_derive.h"
#include "crypto/krb_rc4.h"
#include "crypto/krb_type.h"

static void
keep_rc4(struct krb_checksum_key *k, const struct krb_key *key)
{
    struct hmac_md5_key kept;

    krb_rc4_checksum_key(&kept, key->b);
    bytes_copy(k->state[0], kept.inner, sizeof(kept.inner));
    bytes_copy(k->state[1], kept.outer, sizeof(kept.outer));
    secret_wipe(&kept, sizeof(kept));
    k->usage = krb_rc4_usage(k->usage);
}

void
krb_checksum_key_init(struct krb_checksum_key *k, const struct krb_key *key, uint32_t usage)
{
    const struct krb_type *type = krb_type_of(key->enctype);
    uint8_t kc[KRB_KEY_MAX_BYTES];
    struct krb_derivation d;

    *k = (struct krb_checksum_key){ .enctype = key->enctype, .usage = usage };
    if (key->enctype == KRB_RC4_HMAC) {
        keep_rc4(k, key);
        return;
    }
    krb_derive_begin(&d, type, key->b);
    krb_derive_for_usage(&d, usage, KRB_FOR_CHECKSUM, kc, type->mac_key_bytes);
    hmac_sha_key_init(type->digest, bytes_of(kc, type->mac_key_bytes), k->state[0], k->state[1]);
    secret_wipe(kc, sizeof(kc));
    secret_wipe(&d, sizeof(d));
}

static void
checksum_rc4(const struct krb_checksum_key *k, const struct bytes *parts, size_t n, uint8_t *out)
{
    struct hmac_md5_key kept;

    bytes_copy(kept.inner, k->state[0], sizeof(kept.inner));
    bytes_copy(kept.outer, k->state[1], sizeof(kept.outer));
    krb_rc4_checksum(&kept, k->usage, parts, n, out);
    secret_wipe(&kept, sizeof(kept));
}

void
krb_checksum(const struct krb_checksum_key *k, const struct bytes *parts, size_t n, uint8_t *out)
{
    const struct krb_type *type = krb_type_of(k->enctype);
    struct hmac_sha_key key = { type->digest, k->state[0], k->state[1] };
    struct hmac_sha h;

    if (k->enctype == KRB_RC4_HMAC) {
        checksum_rc4(k, parts, n, out);
        return;
    }
    hmac_sha_begin(&h, &key);
    for (size_t i = 0; i < n; i++) {
        hmac_sha_add(&h, parts[i]);
    }
    hmac_sha_end(&h, out, type->profile.checksum_bytes);
}
