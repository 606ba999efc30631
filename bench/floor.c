/* SPDX-License-Identifier: Apache-2.0 */
/* The crypto floor. */
#include "bench/floor.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <nettle/arcfour.h>
#include <nettle/hmac.h>
#include <nettle/md5.h>

#include "bench/harness.h"

enum {
    KEY = 16,
    NAMES = 22,     /* user and domain, UTF-16LE */
    BLOB = 288,     /* NTLMv2 blob and the challenge in front of it */
    MESSAGES = 700, /* the three messages */
    MECH_LIST = 14,
    MAX_MESSAGE = 65536,
};

static volatile uint8_t sink;

static void
hmac(const uint8_t *key, const uint8_t *data, size_t n, uint8_t out[static KEY])
{
    struct hmac_md5_ctx c;

    hmac_md5_set_key(&c, KEY, key);
    hmac_md5_update(&c, n, data);
    hmac_md5_digest(&c, KEY, out);
}

static void
derive(const uint8_t *key, unsigned which, uint8_t out[static KEY])
{
    static const char magic[4][59] = {
        "session key to client-to-server signing key magic constant",
        "session key to server-to-client signing key magic constant",
        "session key to client-to-server sealing key magic constant",
        "session key to server-to-client sealing key magic constant",
    };
    struct md5_ctx c;

    md5_init(&c);
    md5_update(&c, KEY, key);
    md5_update(&c, sizeof(magic[which]), (const uint8_t *)magic[which]);
    md5_digest(&c, KEY, out);
}

static void
mic(const uint8_t *key, struct arcfour_ctx rc4)
{
    uint8_t data[4 + MECH_LIST] = { 0 }, out[KEY];

    hmac(key, data, sizeof(data), out);
    arcfour_crypt(&rc4, 8, out, out);
    sink = (uint8_t)(sink + out[0]);
}

static void
short_message(const uint8_t *key, struct arcfour_ctx *rc4)
{
    uint8_t data[4 + 16] = { 0 }, out[KEY];

    arcfour_crypt(rc4, 16, data + 4, data + 4);
    hmac(key, data, sizeof(data), out);
    arcfour_crypt(rc4, 8, out, out);
    sink = (uint8_t)(sink + out[0]);
}

/* What the keys of a handshake are then used for. */
enum use { NOTHING, MICS, MESSAGES_EACH_WAY };

static void
one_side(const uint8_t *random, enum use use)
{
    static const uint8_t data[MESSAGES];
    uint8_t v2[KEY], proof[KEY], base[KEY], key[KEY], out[KEY], keys[4][KEY];
    struct arcfour_ctx exchange, seal[2];

    hmac(random, data, NAMES, v2);
    hmac(v2, data, BLOB, proof);
    hmac(v2, proof, KEY, base);
    arcfour_set_key(&exchange, KEY, base);
    arcfour_crypt(&exchange, KEY, key, random);
    hmac(key, data, MESSAGES, out);
    for (unsigned i = 0; i < 4; i++) {
        derive(key, i, keys[i]);
    }
    arcfour_set_key(&seal[0], KEY, keys[2]);
    arcfour_set_key(&seal[1], KEY, keys[3]);
    for (unsigned i = 0; i < 2 && use != NOTHING; i++) {
        if (use == MICS) {
            mic(keys[i], seal[i]);
        } else {
            short_message(keys[i], &seal[i]);
        }
    }
    sink = (uint8_t)(sink + out[0] + seal[0].S[3] + seal[1].S[3]);
}

static double
handshakes(long n, enum use use)
{
    double start = harness_now();

    for (long i = 0; i < n; i++) {
        uint8_t client[24], server[8];

        if (getrandom(client, sizeof(client), 0) != sizeof(client) ||
            getrandom(server, sizeof(server), 0) != sizeof(server)) {
            abort();
        }
        one_side(client, use);
        one_side(client, use);
    }
    return harness_now() - start;
}

double
floor_handshake(void *with_mics, long n)
{
    return handshakes(n, with_mics ? MICS : NOTHING);
}

double
floor_used_handshake(void *unused, long n)
{
    return handshakes(n, MESSAGES_EACH_WAY);
}

static double
message(size_t size, long n, int sealed)
{
    static _Thread_local uint8_t in[MAX_MESSAGE], to[MAX_MESSAGE];
    static const uint8_t key[KEY] = "0123456789abcde";
    struct hmac_md5_ctx mac;
    struct arcfour_ctx rc4;
    double start;

    hmac_md5_set_key(&mac, KEY, key);
    arcfour_set_key(&rc4, KEY, key);
    start = harness_now();
    for (long i = 0; i < n; i++) {
        uint8_t digest[8];
        uint32_t seq = (uint32_t)i;

        if (sealed) {
            arcfour_crypt(&rc4, size, to, in);
        }
        hmac_md5_update(&mac, sizeof(seq), (const uint8_t *)&seq);
        hmac_md5_update(&mac, size, in);
        hmac_md5_digest(&mac, sizeof(digest), digest);
        arcfour_crypt(&rc4, sizeof(digest), digest, digest);
        sink = (uint8_t)(sink + digest[0]);
    }
    return harness_now() - start;
}

double
floor_seal(void *size, long n)
{
    return message(*(size_t *)size, n, 1);
}

double
floor_sign(void *size, long n)
{
    return message(*(size_t *)size, n, 0);
}
