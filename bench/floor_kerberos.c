/* SPDX-License-Identifier: Apache-2.0 */
/* The crypto floor of Kerberos with AES-256: bare nettle, each key schedule and each HMAC key made
 * where it must be and nowhere else, the constants of derivations folded beforehand. */
#include "bench/floor.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <nettle/aes.h>
#include <nettle/cbc.h>
#include <nettle/hmac.h>
#include <nettle/memxor.h>

#include "bench/harness.h"

enum {
    BLOCK = AES_BLOCK_SIZE,
    KEY = 32,
    TOKEN = 32,    /* a confounder and a token's header are encrypted with a message */
    TICKET = 1200, /* with a PAC of a few groups */
    PAC = 700,     /* what the server's checksum is over */
    AUTHENTICATOR = 240,
    REPLY = 112,          /* EncAPRepPart, with a subkey */
    FRESH = 16 + 4 + KEY, /* confounder, sequence number, subkey */
    MAC_MAX = 24,
    MAX_MESSAGE = 65536,
};

static volatile uint8_t sink;

/* --- AES-CTS and HMAC ---------------------------------------------------------------------- */

struct keys {
    enum floor_kerberos_type type;
    struct aes256_ctx aes; /* of one direction */
    struct hmac_sha1_ctx sha1;
    struct hmac_sha384_ctx sha384;
};

/* n > BLOCK; to and from are apart. */
static void
cts_encrypt(const struct aes256_ctx *aes, size_t n, uint8_t *to, const uint8_t *from)
{
    uint8_t iv[BLOCK] = { 0 }, last[BLOCK] = { 0 }, stolen[BLOCK];
    size_t rest = (n - 1) % BLOCK + 1, whole = n - rest;

    cbc_aes256_encrypt(aes, iv, whole, to, from);
    memcpy(stolen, to + whole - BLOCK, BLOCK);
    memcpy(last, from + whole, rest);
    memxor(last, stolen, BLOCK);
    aes256_encrypt(aes, BLOCK, to + whole - BLOCK, last);
    memcpy(to + whole, stolen, rest);
}

static void
cts_decrypt(const struct aes256_ctx *aes, size_t n, uint8_t *to, const uint8_t *from)
{
    uint8_t iv[BLOCK] = { 0 }, last[BLOCK], before[BLOCK];
    size_t rest = (n - 1) % BLOCK + 1, whole = n - rest;

    if (whole > BLOCK) {
        cbc_decrypt(aes, (nettle_cipher_func *)aes256_decrypt, BLOCK, iv, whole - BLOCK, to, from);
    }
    aes256_decrypt(aes, BLOCK, last, from + whole - BLOCK);
    memcpy(before, from + whole, rest);
    memcpy(before + rest, last + rest, BLOCK - rest);
    memxor(last, before, BLOCK);
    memcpy(to + whole, last, rest);
    aes256_decrypt(aes, BLOCK, to + whole - BLOCK, before);
    memxor(to + whole - BLOCK, iv, BLOCK);
}

static void
mac(struct keys *k, size_t n, const uint8_t *data, uint8_t out[static MAC_MAX])
{
    if (k->type == FLOOR_AES256_SHA1) {
        hmac_sha1_update(&k->sha1, n, data);
        hmac_sha1_digest(&k->sha1, 12, out);
    } else {
        hmac_sha384_update(&k->sha384, n, data);
        hmac_sha384_digest(&k->sha384, 24, out);
    }
}

static void
encrypt(struct keys *k, size_t n, uint8_t *to, const uint8_t *from)
{
    cts_encrypt(&k->aes, n, to, from);
    mac(k, n, k->type == FLOOR_AES256_SHA1 ? from : to, to + n);
}

static void
decrypt(struct keys *k, size_t n, uint8_t *to, const uint8_t *from)
{
    uint8_t expected[MAC_MAX];

    cts_decrypt(&k->aes, n, to, from);
    mac(k, n, k->type == FLOOR_AES256_SHA1 ? to : from, expected);
    sink = (uint8_t)(sink + expected[0]);
}

/* --- keys ---------------------------------------------------------------------------------- */

enum direction { ENCRYPT, DECRYPT };

static void
set_keys(struct keys *k, const uint8_t *ke, const uint8_t *ki, enum direction direction)
{
    if (direction == ENCRYPT) {
        aes256_set_encrypt_key(&k->aes, ke);
    } else {
        aes256_set_decrypt_key(&k->aes, ke);
    }
    if (k->type == FLOOR_AES256_SHA1) {
        hmac_sha1_set_key(&k->sha1, KEY, ki);
    } else {
        hmac_sha384_set_key(&k->sha384, 24, ki);
    }
}

/* A base key, made ready once for all its usages. */
union base {
    struct aes256_ctx aes;
    struct hmac_sha384_ctx sha384;
};

static void
set_base(union base *base, enum floor_kerberos_type type, const uint8_t key[static KEY])
{
    if (type == FLOOR_AES256_SHA1) {
        aes256_set_encrypt_key(&base->aes, key);
    } else {
        hmac_sha384_set_key(&base->sha384, KEY, key);
    }
}

static void
derive_one(union base *base, enum floor_kerberos_type type, unsigned usage, uint8_t out[static KEY])
{
    uint8_t constant[BLOCK] = { (uint8_t)usage };

    if (type == FLOOR_AES256_SHA1) {
        aes256_encrypt(&base->aes, BLOCK, out, constant);
        aes256_encrypt(&base->aes, BLOCK, out + BLOCK, out);
    } else {
        hmac_sha384_update(&base->sha384, 14, constant);
        hmac_sha384_digest(&base->sha384, KEY, out);
    }
}

static void
derive(union base *base, struct keys *k, unsigned usage, enum direction direction)
{
    uint8_t ke[KEY], ki[KEY];

    derive_one(base, k->type, usage, ke);
    derive_one(base, k->type, usage + 0x80, ki);
    set_keys(k, ke, ki, direction);
}

/* --- what is measured ---------------------------------------------------------------------- */

static const uint8_t some_key[KEY] = "0123456789abcdef0123456789abcde";

double
floor_kerberos_accept(void *type, long n)
{
    static _Thread_local uint8_t in[TICKET], out[TICKET + MAC_MAX];
    struct keys service = { .type = *(enum floor_kerberos_type *)type }, pac = service,
                session = service;
    double start;

    set_keys(&service, some_key, some_key, DECRYPT);
    set_keys(&pac, some_key, some_key, ENCRYPT);
    start = harness_now();
    for (long i = 0; i < n; i++) {
        uint8_t key[KEY] = { (uint8_t)i, (uint8_t)(i >> 8) }, fresh[FRESH], checksum[MAC_MAX];
        union base base;

        decrypt(&service, TICKET, out, in);
        mac(&pac, PAC, out, checksum);
        set_base(&base, service.type, key);
        derive(&base, &session, 11, DECRYPT);
        decrypt(&session, AUTHENTICATOR, out, in);
        derive(&base, &session, 12, ENCRYPT);
        if (getrandom(fresh, sizeof(fresh), 0) != sizeof(fresh)) {
            abort();
        }
        memcpy(in, fresh, sizeof(fresh));
        encrypt(&session, REPLY, out, in);
        sink = (uint8_t)(sink + checksum[0] + out[0]);
    }
    return harness_now() - start;
}

static double
messages(const struct floor_kerberos_message *m, enum direction direction, long n)
{
    static _Thread_local uint8_t in[MAX_MESSAGE + TOKEN], out[MAX_MESSAGE + TOKEN + MAC_MAX];
    struct keys k = { .type = m->type };
    double start;

    set_keys(&k, some_key, some_key, direction);
    start = harness_now();
    for (long i = 0; i < n; i++) {
        if (direction == ENCRYPT) {
            encrypt(&k, m->size + TOKEN, out, in);
        } else {
            decrypt(&k, m->size + TOKEN, out, in);
        }
    }
    return harness_now() - start;
}

double
floor_kerberos_seal(void *message, long n)
{
    return messages(message, ENCRYPT, n);
}

double
floor_kerberos_open(void *message, long n)
{
    return messages(message, DECRYPT, n);
}

double
floor_kerberos_sign(void *message, long n)
{
    static _Thread_local uint8_t in[MAX_MESSAGE + TOKEN];
    const struct floor_kerberos_message *m = message;
    struct keys k = { .type = m->type };
    double start;

    set_keys(&k, some_key, some_key, ENCRYPT);
    start = harness_now();
    for (long i = 0; i < n; i++) {
        uint8_t out[MAC_MAX];

        mac(&k, m->size + BLOCK, in, out);
        sink = (uint8_t)(sink + out[0]);
    }
    return harness_now() - start;
}
