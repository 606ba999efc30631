/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kerberos encryption and checksums: RFC 3961 and 3962 (AES with SHA-1), RFC 8009 (AES with SHA-2),
 * RFC 4757 (RC4). Keys are derived once for a usage and then used many times. Everything lives in
 * the caller's memory; nothing is allocated. All structures here are secrets: wipe them.
 */
#ifndef CRYPTO_KRB_CRYPT_H
#define CRYPTO_KRB_CRYPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "crypto/krb_key.h"

enum krb_enctype {
    KRB_AES128_SHA1 = 17,
    KRB_AES256_SHA1 = 18,
    KRB_AES128_SHA256 = 19,
    KRB_AES256_SHA384 = 20,
    KRB_RC4_HMAC = 23,
};

enum {
    KRB_CONFOUNDER_MAX_BYTES = 16,
    KRB_MAC_MAX_BYTES = 24,      /* of an encryption: aes256-cts-hmac-sha384-192 */
    KRB_CHECKSUM_MAX_BYTES = 24, /* of a checksum by itself */
    KRB_OVERHEAD_MAX_BYTES = KRB_CONFOUNDER_MAX_BYTES + KRB_MAC_MAX_BYTES,
};

/* What is public of an encryption type. */
struct krb_profile {
    int32_t enctype;
    const char *name; /* "aes256-cts-hmac-sha1-96" */
    uint8_t key_bytes;
    uint8_t confounder_bytes; /* 16; RC4: 8 */
    uint8_t mac_bytes;        /* 12, 16, 24; RC4: 16 */
    bool mac_first;           /* RC4: before what it covers, where the others have it behind */
    int32_t checksum_type;    /* the mandatory one: 15, 16, 19, 20; RC4: -138 */
    uint8_t checksum_bytes;   /* 12, 16, 24; RC4: 16 */
};

/* NULL: not an encryption type of ours. */
const struct krb_profile *krb_profile_of(int32_t enctype);

struct krb_key {
    int32_t enctype;
    uint8_t n; /* bytes of b in use; 0: no key */
    uint8_t b[KRB_KEY_MAX_BYTES];
};

/* false: not an encryption type of ours, or not the size of its keys; *key is empty. */
SEC_NODISCARD bool krb_key_set(struct krb_key *key, int32_t enctype, struct bytes from);

/* --- encryption ---------------------------------------------------------------------------- */

enum krb_direction { KRB_ENCRYPT, KRB_DECRYPT };

/* A key made ready for one usage and one direction. Its size depends on the encryption type:
 * krb_cipher_bytes of the caller's memory, aligned as by malloc. Once made it is only read: any
 * number of threads may use it at once. */
struct krb_cipher;

enum { KRB_CIPHER_MAX_BYTES = 512 };
/* Room for any. */
union krb_cipher_room {
    uint8_t b[KRB_CIPHER_MAX_BYTES];
    max_align_t align;
};

/* 0: not an encryption type of ours. */
size_t krb_cipher_bytes(int32_t enctype);
/* key: one that krb_key_set has set; so for all that take one. */
struct krb_cipher *krb_cipher_init(void *room, const struct krb_key *key, uint32_t usage,
                                   enum krb_direction direction);

/* Whole messages: tickets, authenticators, EncAPRepPart. out has room for plain.n and the
 * overhead of the type (confounder and MAC); the result's size is returned. confounder: fresh
 * random of confounder_bytes. */
size_t krb_encrypt(const struct krb_cipher *, const uint8_t *confounder, struct bytes plain,
                   uint8_t *out);
/* The plain bytes are written to out, which has room for cipher.n and may be where cipher is; *plain
 * is a view of it. false: too short, or it does not verify; out is wiped. */
SEC_NODISCARD bool krb_decrypt(const struct krb_cipher *, struct bytes cipher, uint8_t *out,
                               struct bytes *plain);

/* Messages in pieces, in place: the concatenation of the pieces is one plaintext, whose first
 * confounder_bytes are the confounder. A piece with mac_only is covered by the MAC at its place
 * and neither read nor written by the cipher. */
struct krb_piece {
    uint8_t *p;
    size_t n;
    bool mac_only;
};

/* Without as much as a confounder there is no message: pieces and mac are wiped. */
void krb_encrypt_pieces(const struct krb_cipher *, const struct krb_piece *, size_t n,
                        uint8_t *mac);
/* false: it does not verify. Nothing is decrypted where the MAC is over the ciphertext (SHA-2);
 * else the pieces are wiped. */
SEC_NODISCARD bool krb_decrypt_pieces(const struct krb_cipher *, const struct krb_piece *, size_t n,
                                      const uint8_t *mac);

/* --- checksums ----------------------------------------------------------------------------- */

/* The keyed checksum of the key's own type, made ready for one usage (Kc; RC4: HMAC-MD5 of RFC 4757
 * 4, where usage 3 counts as 8 and 23 as 13). Only read once made. */
struct krb_checksum_key {
    int32_t enctype;
    uint32_t usage;
    uint8_t state[2][64]; /* inner and outer digest states, as far as the type has them */
};

void krb_checksum_key_init(struct krb_checksum_key *, const struct krb_key *key, uint32_t usage);
/* Over the concatenation of the parts; checksum_bytes of the type are written. */
void krb_checksum(const struct krb_checksum_key *, const struct bytes *parts, size_t n,
                  uint8_t *out);

/* --- RC4 messages of GSS-API (RFC 4757 7) --------------------------------------------------- */

enum { KRB_RC4_USAGE_WRAP = 13, KRB_RC4_USAGE_MIC = 15 };

struct krb_rc4_gss {
    uint8_t key[16];
};

void krb_rc4_gss_init(struct krb_rc4_gss *, const struct krb_key *key);
/* SGN_CKSUM over the concatenation of the parts. */
void krb_rc4_gss_checksum(const struct krb_rc4_gss *, uint32_t usage, const struct bytes *parts,
                          size_t n, uint8_t out[static 8]);
/* SND_SEQ, encrypted or decrypted in place: RC4 is its own inverse. */
void krb_rc4_gss_sequence(const struct krb_rc4_gss *, const uint8_t checksum[static 8],
                          uint8_t sequence[static 8]);
/* Confounder and data in place, as one stream. */
void krb_rc4_gss_crypt(const struct krb_rc4_gss *, uint32_t sequence, const struct krb_piece *,
                       size_t n);

#endif
