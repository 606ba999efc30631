/* SPDX-License-Identifier: Apache-2.0 */
/* src/crypto/krb_crypt.h beside its floor: the cryptography of an AP exchange at the acceptor, and
 * of messages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/floor.h"
#include "bench/harness.h"
#include "crypto/krb_crypt.h"
#include "crypto/random.h"

enum {
    HEADER = 16, /* of a token */
    TICKET = 1200,
    PAC = 700,
    AUTHENTICATOR = 240,
    REPLY = 112,
    MAX_MESSAGE = 65536,
    BATCH_BYTES = 1 << 18, /* stays in the cache, as a message that has just come does */
};

static void
check(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "bench_krb_crypt: %s\n", what);
        exit(1);
    }
}

static struct krb_key
key_of(enum floor_kerberos_type type, uint8_t seed)
{
    uint8_t bytes[KRB_KEY_MAX_BYTES] = { seed, 1, 2, 3 };
    struct krb_key key;

    check(krb_key_set(&key, type == FLOOR_AES256_SHA1 ? KRB_AES256_SHA1 : KRB_AES256_SHA384,
                      bytes_of(bytes, sizeof(bytes))),
          "a key");
    return key;
}

/* --- the acceptor's side of an AP exchange ------------------------------------------------- */

/* A ticket and authenticators under each of 256 session keys, made beforehand. */
struct exchange {
    union krb_cipher_room room;
    const struct krb_cipher *service;
    struct krb_checksum_key pac;
    uint8_t ticket[TICKET], authenticators[256][AUTHENTICATOR];
    size_t overhead;
};

static void
encrypted(const struct krb_key *key, uint32_t usage, size_t n, uint8_t *out)
{
    static const uint8_t plain[TICKET], confounder[KRB_CONFOUNDER_MAX_BYTES];
    const struct krb_profile *profile = krb_profile_of(key->enctype);
    union krb_cipher_room room;
    const struct krb_cipher *c = krb_cipher_init(&room, key, usage, KRB_ENCRYPT);

    n -= (size_t)profile->confounder_bytes + profile->mac_bytes;
    (void)krb_encrypt(c, confounder, bytes_of(plain, n), out);
}

static void
exchange_make(struct exchange *e, enum floor_kerberos_type type)
{
    struct krb_key key = key_of(type, 0);
    const struct krb_profile *profile = krb_profile_of(key.enctype);

    e->overhead = (size_t)profile->confounder_bytes + profile->mac_bytes;
    e->service = krb_cipher_init(&e->room, &key, 2, KRB_DECRYPT);
    krb_checksum_key_init(&e->pac, &key, 17);
    encrypted(&key, 2, TICKET, e->ticket);
    for (unsigned i = 0; i < 256; i++) {
        key = key_of(type, (uint8_t)i);
        encrypted(&key, 11, AUTHENTICATOR, e->authenticators[i]);
    }
}

static void
accept_one(const struct exchange *e, enum floor_kerberos_type type, uint8_t which)
{
    uint8_t out[TICKET + KRB_OVERHEAD_MAX_BYTES], fresh[16 + 4 + 32];
    uint8_t checksum[KRB_CHECKSUM_MAX_BYTES];
    struct krb_key session = key_of(type, which);
    const struct krb_cipher *c;
    union krb_cipher_room room;
    struct bytes plain;

    check(krb_decrypt(e->service, bytes_of(e->ticket, TICKET), out, &plain), "the ticket");
    krb_checksum(&e->pac, &(struct bytes){ plain.p, PAC }, 1, checksum);
    c = krb_cipher_init(&room, &session, 11, KRB_DECRYPT);
    check(krb_decrypt(c, bytes_of(e->authenticators[which], AUTHENTICATOR), out, &plain),
          "the authenticator");
    c = krb_cipher_init(&room, &session, 12, KRB_ENCRYPT);
    check(random_bytes(fresh, sizeof(fresh)), "random");
    (void)krb_encrypt(c, fresh, bytes_of(plain.p, REPLY - e->overhead), out);
}

static double
accept_sha1(void *state, long n)
{
    double start = harness_now();

    for (long i = 0; i < n; i++) {
        accept_one(state, FLOOR_AES256_SHA1, (uint8_t)i);
    }
    return harness_now() - start;
}

static double
accept_sha384(void *state, long n)
{
    double start = harness_now();

    for (long i = 0; i < n; i++) {
        accept_one(state, FLOOR_AES256_SHA384, (uint8_t)i);
    }
    return harness_now() - start;
}

/* --- messages ------------------------------------------------------------------------------ */

struct stream {
    struct floor_kerberos_message shape;
    union krb_cipher_room rooms[2];
    const struct krb_cipher *enc, *dec;
    struct krb_checksum_key mic;
    uint8_t *batch;
    size_t each;
    long batch_n;
};

static struct stream *
stream_new(enum floor_kerberos_type type, size_t size)
{
    struct stream *s = calloc(1, sizeof(*s));
    struct krb_key key = key_of(type, 9);

    check(s != NULL, "memory");
    s->shape = (struct floor_kerberos_message){ type, size };
    s->enc = krb_cipher_init(&s->rooms[0], &key, 22, KRB_ENCRYPT);
    s->dec = krb_cipher_init(&s->rooms[1], &key, 22, KRB_DECRYPT);
    krb_checksum_key_init(&s->mic, &key, 23);
    s->each = size + 2 * HEADER + KRB_OVERHEAD_MAX_BYTES;
    s->batch_n = (long)(BATCH_BYTES / s->each) + 1;
    s->batch = calloc((size_t)s->batch_n, s->each);
    check(s->batch != NULL, "memory");
    return s;
}

/* As a caller of EncryptMessage has it: the token before the data, and its header's copy and the
 * MAC behind. Answers where the MAC is. */
static uint8_t *
pieces_at(const struct stream *s, uint8_t *at, struct krb_piece pieces[static 3])
{
    pieces[0] = (struct krb_piece){ at, 16, false };
    pieces[1] = (struct krb_piece){ at + 2 * HEADER + KRB_MAC_MAX_BYTES, s->shape.size, false };
    pieces[2] = (struct krb_piece){ at + 16, HEADER, false };
    return at + 2 * HEADER;
}

static double
seal(void *state, long n)
{
    struct stream *s = state;
    double start = harness_now();

    for (long i = 0; i < n; i++) {
        struct krb_piece pieces[3];
        uint8_t *mac = pieces_at(s, s->batch, pieces);

        krb_encrypt_pieces(s->enc, pieces, 3, mac);
    }
    return harness_now() - start;
}

/* Messages to open have to be made first, in batches that are not timed. */
static double
open_all(void *state, long n)
{
    struct stream *s = state;
    double total = 0;

    while (n > 0) {
        long now = n < s->batch_n ? n : s->batch_n;
        struct krb_piece pieces[3];
        double start;

        for (long i = 0; i < now; i++) {
            uint8_t *mac = pieces_at(s, s->batch + (size_t)i * s->each, pieces);

            krb_encrypt_pieces(s->enc, pieces, 3, mac);
        }
        start = harness_now();
        for (long i = 0; i < now; i++) {
            uint8_t *mac = pieces_at(s, s->batch + (size_t)i * s->each, pieces);

            check(krb_decrypt_pieces(s->dec, pieces, 3, mac), "opening");
        }
        total += harness_now() - start;
        n -= now;
    }
    return total;
}

static double
sign(void *state, long n)
{
    struct stream *s = state;
    double start = harness_now();

    for (long i = 0; i < n; i++) {
        struct bytes parts[2] = { { s->batch + HEADER, s->shape.size }, { s->batch, HEADER } };
        uint8_t out[KRB_CHECKSUM_MAX_BYTES];

        krb_checksum(&s->mic, parts, 2, out);
        s->batch[0] = out[0];
    }
    return harness_now() - start;
}

/* --- groups -------------------------------------------------------------------------------- */

static void
accept_group(void)
{
    static struct exchange exchanges[2];
    static enum floor_kerberos_type types[2] = { FLOOR_AES256_SHA1, FLOOR_AES256_SHA384 };

    exchange_make(&exchanges[0], types[0]);
    exchange_make(&exchanges[1], types[1]);
    const struct harness_job jobs[] = {
        { "floor: AP exchange, acceptor, aes256-sha1", floor_kerberos_accept, &types[0], NULL, 1,
          "1/s", NULL },
        { "cryptography of it, aes256-sha1", accept_sha1, &exchanges[0], NULL, 1, "1/s",
          "floor: AP exchange, acceptor, aes256-sha1" },
        { "floor: AP exchange, acceptor, aes256-sha384", floor_kerberos_accept, &types[1], NULL, 1,
          "1/s", NULL },
        { "cryptography of it, aes256-sha384", accept_sha384, &exchanges[1], NULL, 1, "1/s",
          "floor: AP exchange, acceptor, aes256-sha384" },
    };

    harness_group(jobs, sizeof(jobs) / sizeof(jobs[0]));
}

static void
message_group(enum floor_kerberos_type type, size_t size)
{
    static const char *const forms[] = {
        "floor: seal %zu B, %s",        "floor: open %zu B, %s",        "floor: sign %zu B, %s",
        "krb_encrypt_pieces %zu B, %s", "krb_decrypt_pieces %zu B, %s", "krb_checksum %zu B, %s"
    };
    char names[6][64];
    double mb = (double)size / 1e6;
    struct stream *s = stream_new(type, size);

    for (size_t i = 0; i < 6; i++) {
        (void)snprintf(names[i], sizeof(names[i]), forms[i], size,
                       type == FLOOR_AES256_SHA1 ? "aes256-sha1" : "aes256-sha384");
    }
    const struct harness_job jobs[] = {
        { names[0], floor_kerberos_seal, &s->shape, NULL, mb, "MB/s", NULL },
        { names[1], floor_kerberos_open, &s->shape, NULL, mb, "MB/s", NULL },
        { names[2], floor_kerberos_sign, &s->shape, NULL, mb, "MB/s", NULL },
        { names[3], seal, s, NULL, mb, "MB/s", names[0] },
        { names[4], open_all, s, NULL, mb, "MB/s", names[1] },
        { names[5], sign, s, NULL, mb, "MB/s", names[2] },
    };

    harness_group(jobs, sizeof(jobs) / sizeof(jobs[0]));
    free(s->batch);
    free(s);
}

int
main(void)
{
    static const size_t sizes[] = { 64, 1024, 16384, MAX_MESSAGE };

    accept_group();
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        message_group(FLOOR_AES256_SHA1, sizes[i]);
    }
    message_group(FLOOR_AES256_SHA384, 1024);
    harness_row("memory of a key, aes256-sha1", (double)krb_cipher_bytes(KRB_AES256_SHA1), "B", 0,
                NULL);
    return 0;
}
