/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4757. Everything is little-endian here but the sequence numbers of GSS-API. */
#include "base/secret.h"
#include "base/wire.h"
#include "crypto/cipher.h"
#include "crypto/krb_rc4.h"

enum { KEY_BYTES = 16, GSS_CHECKSUM_BYTES = 8, SEQUENCE_BYTES = 8 };

struct number {
    uint8_t b[4];
};

static struct number
le32(uint32_t value)
{
    struct number n;
    struct wire_writer w = wire_writer_fixed(n.b, sizeof(n.b));

    wire_put_le32(&w, value);
    return n;
}

static struct number
be32(uint32_t value)
{
    struct number n;
    struct wire_writer w = wire_writer_fixed(n.b, sizeof(n.b));

    wire_put_be32(&w, value);
    return n;
}

static void
hmac(const uint8_t key[static KEY_BYTES], const void *data, size_t n, uint8_t out[static MD5_BYTES])
{
    struct bytes part = bytes_of(data, n);

    digest_hmac_md5(key, &part, 1, out);
}

/* RC4 over what is not mac_only, as one stream. */
static void
crypt_pieces(const uint8_t key[static KEY_BYTES], const struct krb_piece *pieces, size_t n)
{
    struct cipher_rc4 rc4;

    cipher_rc4_init(&rc4, key, KEY_BYTES);
    for (size_t i = 0; i < n; i++) {
        if (!pieces[i].mac_only) {
            cipher_rc4_crypt(&rc4, pieces[i].n, pieces[i].p, pieces[i].p);
        }
    }
    secret_wipe(&rc4, sizeof(rc4));
}

/* --- messages ------------------------------------------------------------------------------ */

/* RFC 4757 3 numbers the parts of messages as Windows had them. 9 stays as it is: the RFC has 8
 * there, what Windows and MIT make is 9. 23 is how MIT spells the checksum of a Wrap token. */
uint32_t
krb_rc4_usage(uint32_t usage)
{
    switch (usage) {
    case 3: return 8;
    case 23: return KRB_RC4_USAGE_WRAP;
    default: return usage;
    }
}

void
krb_rc4_usage_key(struct hmac_md5_key *out, const uint8_t key[static KEY_BYTES], uint32_t usage)
{
    struct number number = le32(krb_rc4_usage(usage));
    uint8_t derived[MD5_BYTES];

    hmac(key, number.b, sizeof(number.b), derived);
    hmac_md5_key_init(out, bytes_of(derived, sizeof(derived)));
    secret_wipe(derived, sizeof(derived));
}

static void
mac_of(const struct hmac_md5_key *usage_key, const struct krb_piece *pieces, size_t n,
       uint8_t out[static MD5_BYTES])
{
    struct hmac_md5 h;

    digest_hmac_md5_begin(&h, usage_key);
    for (size_t i = 0; i < n; i++) {
        digest_hmac_md5_add(&h, bytes_of(pieces[i].p, pieces[i].n));
    }
    digest_hmac_md5_end(&h, out);
}

/* Under K3, the key that the MAC makes. */
static void
crypt_under_mac(const struct hmac_md5_key *usage_key, const struct krb_piece *pieces, size_t n,
                const uint8_t mac[static MD5_BYTES])
{
    struct hmac_md5 h;
    uint8_t key[MD5_BYTES];

    digest_hmac_md5_begin(&h, usage_key);
    digest_hmac_md5_add(&h, bytes_of(mac, MD5_BYTES));
    digest_hmac_md5_end(&h, key);
    crypt_pieces(key, pieces, n);
    secret_wipe(key, sizeof(key));
}

void
krb_rc4_encrypt_pieces(const struct hmac_md5_key *usage_key, const struct krb_piece *pieces,
                       size_t n, uint8_t mac[static MD5_BYTES])
{
    mac_of(usage_key, pieces, n, mac);
    crypt_under_mac(usage_key, pieces, n, mac);
}

bool
krb_rc4_decrypt_pieces(const struct hmac_md5_key *usage_key, const struct krb_piece *pieces,
                       size_t n, const uint8_t mac[static MD5_BYTES])
{
    uint8_t expected[MD5_BYTES];
    bool good;

    crypt_under_mac(usage_key, pieces, n, mac);
    mac_of(usage_key, pieces, n, expected);
    good = secret_equal(expected, mac, sizeof(expected));
    secret_wipe(expected, sizeof(expected));
    return good;
}

/* --- checksums ----------------------------------------------------------------------------- */

void
krb_rc4_checksum_key(struct hmac_md5_key *out, const uint8_t key[static KEY_BYTES])
{
    static const char label[] = "signaturekey"; /* with its NUL */
    uint8_t derived[MD5_BYTES];

    hmac(key, label, sizeof(label), derived);
    hmac_md5_key_init(out, bytes_of(derived, sizeof(derived)));
    secret_wipe(derived, sizeof(derived));
}

void
krb_rc4_checksum(const struct hmac_md5_key *checksum_key, uint32_t usage, const struct bytes *parts,
                 size_t n, uint8_t out[static MD5_BYTES])
{
    struct number number = le32(usage);
    uint8_t digest[MD5_BYTES];
    struct hmac_md5 h;
    struct md5_ctx md5;

    md5_init(&md5);
    md5_update(&md5, sizeof(number.b), number.b);
    for (size_t i = 0; i < n; i++) {
        md5_update(&md5, parts[i].n, parts[i].p);
    }
    md5_digest(&md5, sizeof(digest), digest);
    digest_hmac_md5_begin(&h, checksum_key);
    digest_hmac_md5_add(&h, bytes_of(digest, sizeof(digest)));
    digest_hmac_md5_end(&h, out);
    secret_wipe(&md5, sizeof(md5));
    secret_wipe(digest, sizeof(digest));
}

/* --- GSS-API ------------------------------------------------------------------------------- */

void
krb_rc4_gss_init(struct krb_rc4_gss *g, const struct krb_key *key)
{
    bytes_copy(g->key, key->b, sizeof(g->key));
}

void
krb_rc4_gss_checksum(const struct krb_rc4_gss *g, uint32_t usage, const struct bytes *parts,
                     size_t n, uint8_t out[static GSS_CHECKSUM_BYTES])
{
    struct hmac_md5_key key;
    uint8_t whole[MD5_BYTES];

    krb_rc4_checksum_key(&key, g->key);
    krb_rc4_checksum(&key, usage, parts, n, whole);
    bytes_copy(out, whole, GSS_CHECKSUM_BYTES);
    secret_wipe(whole, sizeof(whole));
    secret_wipe(&key, sizeof(key));
}

/* 7.2 and 7.3: the key of a key stream hangs on zero and then on what is there to tell messages
 * apart. */
static void
stream_key(const uint8_t key[static KEY_BYTES], const void *apart, size_t n,
           uint8_t out[static MD5_BYTES])
{
    static const uint8_t zero[4];
    uint8_t derived[MD5_BYTES];

    hmac(key, zero, sizeof(zero), derived);
    hmac(derived, apart, n, out);
    secret_wipe(derived, sizeof(derived));
}

void
krb_rc4_gss_sequence(const struct krb_rc4_gss *g, const uint8_t checksum[static GSS_CHECKSUM_BYTES],
                     uint8_t sequence[static SEQUENCE_BYTES])
{
    struct krb_piece piece = { sequence, SEQUENCE_BYTES, false };
    uint8_t key[MD5_BYTES];

    stream_key(g->key, checksum, GSS_CHECKSUM_BYTES, key);
    crypt_pieces(key, &piece, 1);
    secret_wipe(key, sizeof(key));
}

void
krb_rc4_gss_crypt(const struct krb_rc4_gss *g, uint32_t sequence, const struct krb_piece *pieces,
                  size_t n)
{
    struct number number = be32(sequence);
    uint8_t local[KEY_BYTES], key[MD5_BYTES];

    for (size_t i = 0; i < sizeof(local); i++) {
        local[i] = g->key[i] ^ 0xF0;
    }
    stream_key(local, number.b, sizeof(number.b), key);
    crypt_pieces(key, pieces, n);
    secret_wipe(local, sizeof(local));
    secret_wipe(key, sizeof(key));
}
