/* SPDX-License-Identifier: Apache-2.0 */
/* Encryption: RFC 3961 5.3 with RFC 3962, RFC 8009 5, RFC 4757 5. */
#include "base/secret.h"
#include "crypto/krb_cts.h"
#include "crypto/krb_derive.h"
#include "crypto/krb_rc4.h"
#include "crypto/krb_type.h"

/* What of the union is in use hangs on the type, and no more memory than that is there: the
 * schedule of one direction, and Ki as what the HMAC's two blocks hash to. */
struct krb_cipher {
    const struct krb_type *type;
    union {
        struct {
            uint8_t mac[2][HMAC_SHA1_STATE_BYTES];
            struct aes256_ctx aes;
        } aes256_sha1;
        struct {
            uint8_t mac[2][HMAC_SHA1_STATE_BYTES];
            struct aes128_ctx aes;
        } aes128_sha1;
        struct {
            uint8_t mac[2][HMAC_SHA384_STATE_BYTES];
            struct aes256_ctx aes;
        } aes256_sha384;
        struct {
            uint8_t mac[2][HMAC_SHA256_STATE_BYTES];
            struct aes128_ctx aes;
        } aes128_sha256;
        struct hmac_md5_key rc4;
    } key;
};

_Static_assert(sizeof(struct krb_cipher) <= KRB_CIPHER_MAX_BYTES, "room for any");

#define BYTES_WITH(member) \
    (offsetof(struct krb_cipher, key) + sizeof(((struct krb_cipher *)NULL)->key.member))

size_t
krb_cipher_bytes(int32_t enctype)
{
    switch (enctype) {
    case KRB_AES256_SHA1: return BYTES_WITH(aes256_sha1);
    case KRB_AES128_SHA1: return BYTES_WITH(aes128_sha1);
    case KRB_AES256_SHA384: return BYTES_WITH(aes256_sha384);
    case KRB_AES128_SHA256: return BYTES_WITH(aes128_sha256);
    case KRB_RC4_HMAC: return BYTES_WITH(rc4);
    default: return 0;
    }
}

/* --- the parts of an AES type's key -------------------------------------------------------- */

struct parts {
    struct krb_cts cts;
    struct hmac_sha_key mac;
};

static struct parts
parts_of(const struct krb_cipher *c)
{
    struct parts p = { .mac.digest = c->type->digest };

    switch (c->type->profile.enctype) {
    case KRB_AES256_SHA1:
        p.cts.aes256 = &c->key.aes256_sha1.aes;
        p.mac.inner = c->key.aes256_sha1.mac[0];
        p.mac.outer = c->key.aes256_sha1.mac[1];
        break;
    case KRB_AES128_SHA1:
        p.cts.aes128 = &c->key.aes128_sha1.aes;
        p.mac.inner = c->key.aes128_sha1.mac[0];
        p.mac.outer = c->key.aes128_sha1.mac[1];
        break;
    case KRB_AES256_SHA384:
        p.cts.aes256 = &c->key.aes256_sha384.aes;
        p.mac.inner = c->key.aes256_sha384.mac[0];
        p.mac.outer = c->key.aes256_sha384.mac[1];
        break;
    default:
        p.cts.aes128 = &c->key.aes128_sha256.aes;
        p.mac.inner = c->key.aes128_sha256.mac[0];
        p.mac.outer = c->key.aes128_sha256.mac[1];
        break;
    }
    return p;
}

static void
set_aes128(struct aes128_ctx *aes, const uint8_t *key, enum krb_direction direction)
{
    if (direction == KRB_ENCRYPT) {
        aes128_set_encrypt_key(aes, key);
    } else {
        aes128_set_decrypt_key(aes, key);
    }
}

static void
set_aes256(struct aes256_ctx *aes, const uint8_t *key, enum krb_direction direction)
{
    if (direction == KRB_ENCRYPT) {
        aes256_set_encrypt_key(aes, key);
    } else {
        aes256_set_decrypt_key(aes, key);
    }
}

static void
set_parts(struct krb_cipher *c, const uint8_t *ke, struct bytes ki, enum krb_direction direction)
{
    uint8_t *inner, *outer;

    switch (c->type->profile.enctype) {
    case KRB_AES256_SHA1:
        set_aes256(&c->key.aes256_sha1.aes, ke, direction);
        inner = c->key.aes256_sha1.mac[0];
        outer = c->key.aes256_sha1.mac[1];
        break;
    case KRB_AES128_SHA1:
        set_aes128(&c->key.aes128_sha1.aes, ke, direction);
        inner = c->key.aes128_sha1.mac[0];
        outer = c->key.aes128_sha1.mac[1];
        break;
    case KRB_AES256_SHA384:
        set_aes256(&c->key.aes256_sha384.aes, ke, direction);
        inner = c->key.aes256_sha384.mac[0];
        outer = c->key.aes256_sha384.mac[1];
        break;
    default:
        set_aes128(&c->key.aes128_sha256.aes, ke, direction);
        inner = c->key.aes128_sha256.mac[0];
        outer = c->key.aes128_sha256.mac[1];
        break;
    }
    hmac_sha_key_init(c->type->digest, ki, inner, outer);
}

struct krb_cipher *
krb_cipher_init(void *room, const struct krb_key *key, uint32_t usage, enum krb_direction direction)
{
    struct krb_cipher *c = room;
    uint8_t ke[KRB_KEY_MAX_BYTES], ki[KRB_KEY_MAX_BYTES];
    struct krb_derivation d;

    c->type = krb_type_of(key->enctype);
    if (key->enctype == KRB_RC4_HMAC) {
        krb_rc4_usage_key(&c->key.rc4, key->b, usage);
        return c;
    }
    krb_derive_begin(&d, c->type, key->b);
    krb_derive_for_usage(&d, usage, KRB_FOR_ENCRYPTION, ke, c->type->profile.key_bytes);
    krb_derive_for_usage(&d, usage, KRB_FOR_INTEGRITY, ki, c->type->mac_key_bytes);
    set_parts(c, ke, bytes_of(ki, c->type->mac_key_bytes), direction);
    secret_wipe(ke, sizeof(ke));
    secret_wipe(ki, sizeof(ki));
    secret_wipe(&d, sizeof(d));
    return c;
}

/* --- messages in pieces -------------------------------------------------------------------- */

static void
wipe_pieces(const struct krb_piece *pieces, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!pieces[i].mac_only) {
            secret_wipe(pieces[i].p, pieces[i].n);
        }
    }
}

/* RFC 8009 5: with SHA-2 the MAC is over the vector, which is zero, and the ciphertext. */
static void
begin_mac(struct hmac_sha *h, const struct parts *p, bool sha2)
{
    static const uint8_t zero_vector[AES_BLOCK_SIZE];

    hmac_sha_begin(h, &p->mac);
    if (sha2) {
        hmac_sha_add(h, bytes_of(zero_vector, sizeof(zero_vector)));
    }
}

static void
encrypt(const struct krb_cipher *c, const struct krb_piece *pieces, size_t n, uint8_t *mac)
{
    const struct krb_type *type = c->type;
    struct hmac_sha h;
    struct parts p;

    if (type->profile.enctype == KRB_RC4_HMAC) {
        krb_rc4_encrypt_pieces(&c->key.rc4, pieces, n, mac);
        return;
    }
    p = parts_of(c);
    p.cts.mac = &h;
    p.cts.mac_of_result = type->sha2;
    begin_mac(&h, &p, type->sha2);
    krb_cts_encrypt(&p.cts, pieces, n);
    hmac_sha_end(&h, mac, type->profile.mac_bytes);
}

static bool
verifies(struct hmac_sha *h, const uint8_t *mac, size_t n)
{
    uint8_t expected[KRB_MAC_MAX_BYTES];
    bool good;

    hmac_sha_end(h, expected, n);
    good = secret_equal(expected, mac, n);
    secret_wipe(expected, sizeof(expected));
    return good;
}

/* false: it does not verify; the pieces hold what is not for anybody to see, or with SHA-2, where
 * nothing is decrypted before, what they held. */
static bool
decrypt(const struct krb_cipher *c, const struct krb_piece *pieces, size_t n, const uint8_t *mac)
{
    const struct krb_type *type = c->type;
    struct hmac_sha h;
    struct parts p;

    if (type->profile.enctype == KRB_RC4_HMAC) {
        return krb_rc4_decrypt_pieces(&c->key.rc4, pieces, n, mac);
    }
    p = parts_of(c);
    begin_mac(&h, &p, type->sha2);
    if (!type->sha2) {
        p.cts.mac = &h;
        p.cts.mac_of_result = true;
        krb_cts_decrypt(&p.cts, pieces, n);
        return verifies(&h, mac, type->profile.mac_bytes);
    }
    for (size_t i = 0; i < n; i++) {
        hmac_sha_add(&h, bytes_of(pieces[i].p, pieces[i].n));
    }
    if (!verifies(&h, mac, type->profile.mac_bytes)) {
        return false;
    }
    krb_cts_decrypt(&p.cts, pieces, n);
    return true;
}

void
krb_encrypt_pieces(const struct krb_cipher *c, const struct krb_piece *pieces, size_t n,
                   uint8_t *mac)
{
    if (krb_cts_bytes(pieces, n) < c->type->profile.confounder_bytes) {
        /* No message of anything: what goes out says nothing and does not verify. */
        wipe_pieces(pieces, n);
        secret_wipe(mac, c->type->profile.mac_bytes);
        return;
    }
    encrypt(c, pieces, n, mac);
}

bool
krb_decrypt_pieces(const struct krb_cipher *c, const struct krb_piece *pieces, size_t n,
                   const uint8_t *mac)
{
    bool good =
        krb_cts_bytes(pieces, n) >= c->type->profile.confounder_bytes && decrypt(c, pieces, n, mac);

    if (!good && !c->type->sha2) {
        wipe_pieces(pieces, n);
    }
    return good;
}

/* --- whole messages ------------------------------------------------------------------------ */

/* Where the MAC and the rest begin in a message of n bytes and the MAC. */
static size_t
mac_at(const struct krb_profile *profile, size_t n)
{
    return profile->mac_first ? 0 : n;
}

static size_t
body_at(const struct krb_profile *profile)
{
    return profile->mac_first ? profile->mac_bytes : 0;
}

size_t
krb_encrypt(const struct krb_cipher *c, const uint8_t *confounder, struct bytes plain, uint8_t *out)
{
    const struct krb_profile *profile = &c->type->profile;
    struct krb_piece body = { out + body_at(profile), profile->confounder_bytes + plain.n, false };

    bytes_move(body.p + profile->confounder_bytes, plain.p, plain.n);
    bytes_copy(body.p, confounder, profile->confounder_bytes);
    krb_encrypt_pieces(c, &body, 1, out + mac_at(profile, body.n));
    return profile->mac_bytes + body.n;
}

bool
krb_decrypt(const struct krb_cipher *c, struct bytes cipher, uint8_t *out, struct bytes *plain)
{
    const struct krb_profile *profile = &c->type->profile;
    uint8_t mac[KRB_MAC_MAX_BYTES];
    struct krb_piece body = { out, 0, false };

    *plain = bytes_of(NULL, 0);
    if (cipher.n < (size_t)profile->mac_bytes + profile->confounder_bytes) {
        secret_wipe(out, cipher.n);
        return false;
    }
    body.n = cipher.n - profile->mac_bytes;
    bytes_copy(mac, cipher.p + mac_at(profile, body.n), profile->mac_bytes);
    bytes_move(body.p, cipher.p + body_at(profile), body.n);
    if (!krb_decrypt_pieces(c, &body, 1, mac)) {
        secret_wipe(out, cipher.n);
        return false;
    }
    *plain = bytes_of(body.p + profile->confounder_bytes, body.n - profile->confounder_bytes);
    return true;
}
